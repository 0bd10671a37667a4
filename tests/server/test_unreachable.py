"""Servers that were unreachable during setup are set up soon after they are back."""

from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import ConfigEntryDisabler, ConfigEntryState
from homeassistant.const import CONF_URL, CONF_VERIFY_SSL, STATE_ON
from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.plex_monitor.const import CONF_ACCOUNT_TOKEN
from tests.simulator import Account, PlexServer, World
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


@pytest.fixture
async def unreachable_entry(
    hass: HomeAssistant, home: PlexServer, init_integration: MockConfigEntry
) -> MockConfigEntry:
    """Return an entry whose setup is retried because its server is off, as after a power cut."""
    await home.stop()
    await hass.config_entries.async_reload(init_integration.entry_id)
    await settle(hass)
    assert setup_state(init_integration) is ConfigEntryState.SETUP_RETRY
    return init_integration


async def test_server_that_is_back_is_set_up_within_a_minute(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    home: PlexServer,
    unreachable_entry: MockConfigEntry,
) -> None:
    """However long it was off: Home Assistant alone would take up to ten minutes."""
    await advance(hass, freezer, 3 * HOUR)
    assert setup_state(unreachable_entry) is ConfigEntryState.SETUP_RETRY

    await home.start()
    await advance(hass, freezer, MINUTE, step=5)
    assert setup_state(unreachable_entry) is ConfigEntryState.LOADED
    assert state_of(hass, "binary_sensor.home_server") == STATE_ON
    healthy(hass)


async def test_certificate_is_not_verified_where_the_entry_says_so(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, world: World, owner: Account
) -> None:
    """The server has a self-signed certificate."""
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


async def test_checks_send_no_token(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    world: World,
    home: PlexServer,
    entry: MockConfigEntry,
) -> None:
    """Another machine at the address of the server only receives requests for its identity."""
    home.identifies_as = "f" * 40
    await set_up(hass, entry)
    await advance(hass, freezer, 3 * HOUR)
    assert setup_state(entry) is ConfigEntryState.SETUP_RETRY
    requests = world.requests.to(host="Home")
    assert len(requests) >= 3 * HOUR / MINUTE
    assert {(request.path, request.token_sent) for request in requests} == {("/identity", None)}


@pytest.mark.allowed_logs(UNREADABLE)
async def test_open_sign_in_prompt_is_not_closed(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    world: World,
    home: PlexServer,
    unreachable_entry: MockConfigEntry,
) -> None:
    """A new setup would close it, and open another one if needed."""
    world.plex_tv.revoke(unreachable_entry.data[CONF_ACCOUNT_TOKEN])
    await advance(hass, freezer, 6 * HOUR)
    [prompt] = hass.config_entries.flow.async_progress()
    await home.start()
    await advance(hass, freezer, 5 * MINUTE)
    assert reauths_of(hass) == ["reauth_confirm"]
    assert hass.config_entries.flow.async_get(prompt["flow_id"])["step_id"] == "reauth_confirm"


@pytest.mark.parametrize("action", ["disable", "remove"])
async def test_server_of_an_entry_that_is_disabled_or_removed_is_not_checked(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    world: World,
    home: PlexServer,
    unreachable_entry: MockConfigEntry,
    action: str,
) -> None:
    """Nothing is set up when it is back."""
    entry = unreachable_entry
    await advance(hass, freezer, 5 * MINUTE)
    if action == "disable":
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
async def test_loaded_entry_is_not_reloaded_when_its_server_is_back(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    home: PlexServer,
    init_integration: MockConfigEntry,
) -> None:
    """Its server is polled, and is noticed by that."""
    runtime = init_integration.runtime_data
    await home.stop()
    await advance(hass, freezer, 10 * MINUTE)
    await home.start()
    await advance(hass, freezer, 2 * MINUTE)
    assert init_integration.runtime_data is runtime
    assert state_of(hass, "binary_sensor.home_server") == STATE_ON
