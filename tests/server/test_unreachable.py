"""Servers that were away when they were set up are soon found again."""

from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import ConfigEntryDisabler, ConfigEntryState
from homeassistant.const import CONF_URL, CONF_VERIFY_SSL, STATE_ON
from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.plex_monitor.const import CONF_ACCOUNT_TOKEN
from tests.simulator import Account, Fault, PlexServer, World
from tests.support.entries import (
    UNREADABLE,
    healthy,
    reauths_of,
    set_up,
    setup_state,
    signed_in_entry,
    state_of,
)
from tests.support.helpers import advance, settle

MINUTE = 60
HOUR = 3600


async def start_without(hass: HomeAssistant, home: PlexServer, entry: MockConfigEntry) -> None:
    """Set an entry up when its server is away, as after a power cut."""
    await set_up(hass, entry)
    await home.stop()
    await hass.config_entries.async_reload(entry.entry_id)
    await settle(hass)
    assert setup_state(entry) is ConfigEntryState.SETUP_RETRY


async def test_server_that_is_back_is_set_up_soon(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, home: PlexServer, entry: MockConfigEntry
) -> None:
    """However long it was away: Home Assistant alone would wait for up to ten."""
    await start_without(hass, home, entry)
    await advance(hass, freezer, 3 * HOUR)
    assert setup_state(entry) is ConfigEntryState.SETUP_RETRY

    await home.start()
    await advance(hass, freezer, MINUTE, step=5)
    assert setup_state(entry) is ConfigEntryState.LOADED
    assert state_of(hass, "binary_sensor.home_server") == STATE_ON
    healthy(hass)


async def test_server_whose_certificate_is_not_checked_is_found_as_well(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, world: World, owner: Account
) -> None:
    """As whoever set it up has wished."""
    safe = await world.add_server("Safe", owner=owner, tls=True)
    entry = signed_in_entry(world, safe, owner)
    entry.add_to_hass(hass)
    data = {CONF_URL: f"https://127.0.0.1:{safe.port}", CONF_VERIFY_SSL: False}
    hass.config_entries.async_update_entry(entry, data={**entry.data, **data})
    await hass.config_entries.async_setup(entry.entry_id)
    await settle(hass)
    await safe.stop()
    await hass.config_entries.async_reload(entry.entry_id)
    await advance(hass, freezer, HOUR)
    assert setup_state(entry) is ConfigEntryState.SETUP_RETRY
    await safe.start()
    await advance(hass, freezer, MINUTE, step=5)
    assert setup_state(entry) is ConfigEntryState.LOADED


async def test_looking_sends_no_token(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    world: World,
    home: PlexServer,
    entry: MockConfigEntry,
) -> None:
    """Whoever has got the address of a server that is away is asked who it is, and no more."""
    home.identifies_as = "f" * 40
    await set_up(hass, entry)
    await advance(hass, freezer, 3 * HOUR)
    assert setup_state(entry) is ConfigEntryState.SETUP_RETRY
    asked = world.requests.to(host="Home")
    assert len(asked) >= 3 * HOUR / MINUTE
    assert {(request.path, request.token_sent) for request in asked} == {("/identity", None)}


async def test_server_that_answers_and_is_not_ready_is_left_to_home_assistant(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    world: World,
    home: PlexServer,
    entry: MockConfigEntry,
) -> None:
    """It is not set up with each look for as long as that lasts."""
    home.faults.set(Fault.status(503), paths="^/$")
    await set_up(hass, entry)
    await advance(hass, freezer, 3 * HOUR)
    assert setup_state(entry) is ConfigEntryState.SETUP_RETRY
    # It is tried after 5, 10, 20, … and then every 600 seconds.
    assert len(world.requests.to(host="Home", path="/")) <= 30


@pytest.mark.allowed_logs(UNREADABLE)
async def test_sign_in_prompt_is_not_closed_in_front_of_its_user(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    world: World,
    home: PlexServer,
    entry: MockConfigEntry,
) -> None:
    """A setup that is begun anew would take back the prompt, and opens it again where needed."""
    await start_without(hass, home, entry)
    world.plex_tv.revoke(entry.data[CONF_ACCOUNT_TOKEN])
    await advance(hass, freezer, 6 * HOUR)
    [prompt] = hass.config_entries.flow.async_progress()
    await home.start()
    await advance(hass, freezer, 5 * MINUTE)
    assert reauths_of(hass) == ["reauth_confirm"]
    assert hass.config_entries.flow.async_get(prompt["flow_id"])["step_id"] == "reauth_confirm"


@pytest.mark.parametrize("how", ["disabled", "removed"])
async def test_entry_that_is_gone_is_not_looked_for(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    world: World,
    home: PlexServer,
    entry: MockConfigEntry,
    how: str,
) -> None:
    """Its server is left alone, and nothing is set up when it is back."""
    await start_without(hass, home, entry)
    await advance(hass, freezer, 5 * MINUTE)
    if how == "disabled":
        await hass.config_entries.async_set_disabled_by(entry.entry_id, ConfigEntryDisabler.USER)
    else:
        await hass.config_entries.async_remove(entry.entry_id)
    await home.start()
    await settle(hass)
    before = len(world.requests.to(host="Home"))
    await advance(hass, freezer, HOUR)
    assert len(world.requests.to(host="Home")) == before
    assert setup_state(entry) is ConfigEntryState.NOT_LOADED


@pytest.mark.allowed_logs(UNREADABLE)
async def test_loaded_server_is_not_looked_for_twice(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    world: World,
    home: PlexServer,
    entry: MockConfigEntry,
) -> None:
    """Its polling looks for it already, and it comes back without being set up anew."""
    await set_up(hass, entry)
    runtime = entry.runtime_data
    await home.stop()
    await advance(hass, freezer, 10 * MINUTE)
    await home.start()
    await advance(hass, freezer, 2 * MINUTE)
    assert entry.runtime_data is runtime
    assert state_of(hass, "binary_sensor.home_server") == STATE_ON
