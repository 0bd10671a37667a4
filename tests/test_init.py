"""Set up, unload, remove."""

from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import CONF_URL, STATE_ON, STATE_UNAVAILABLE
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr, entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.plex_monitor.const import (
    CONF_ACCOUNT_TOKEN,
    CONF_SERVER_TOKEN,
    DOMAIN,
    TokenSource,
)

from .simulator import Account, Fault, Find, PlexServer, World
from .support.entries import (
    UNREADABLE,
    entry_of,
    issues_of,
    reauths_of,
    set_up,
    setup_state,
    signed_in_entry,
    state_of,
)
from .support.helpers import advance, settle


async def test_set_up_and_unload(
    hass: HomeAssistant, world: World, home: PlexServer, entry: MockConfigEntry
) -> None:
    """After the unload nothing is asked and nobody listens any more."""
    await set_up(hass, entry)
    assert setup_state(entry) is ConfigEntryState.LOADED
    assert len(home.notifier.listeners) == 1

    await hass.config_entries.async_unload(entry.entry_id)
    await settle(hass)
    assert setup_state(entry) is ConfigEntryState.NOT_LOADED
    assert len(home.notifier.listeners) == 0
    assert state_of(hass, "sensor.home_streams") == STATE_UNAVAILABLE


@pytest.mark.allowed_logs(UNREADABLE)
@pytest.mark.parametrize("dead", [False, True], ids=["good token", "dead token"])
async def test_nothing_goes_on_after_the_unload(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    world: World,
    home: PlexServer,
    owner: Account,
    entry: MockConfigEntry,
    *,
    dead: bool,
) -> None:
    """No timer is left behind, whatever was waited for."""
    await set_up(hass, entry)
    await home.start_stream(user=owner, title="Film", with_session=False)
    await home.discover(Find(title="Another film"))
    if dead:
        world.plex_tv.revoke(entry.data[CONF_ACCOUNT_TOKEN])
        await advance(hass, freezer, 120)
    await settle(hass)
    await hass.config_entries.async_unload(entry.entry_id)
    await settle(hass)
    world.requests.clear()
    await advance(hass, freezer, 8 * 3600)
    assert list(world.requests) == []


async def test_server_is_a_service_device(
    hass: HomeAssistant, home: PlexServer, entry: MockConfigEntry
) -> None:
    """Its version and address are told."""
    await set_up(hass, entry)
    device = dr.async_get(hass).async_get_device_by_identifier(
        (DOMAIN, home.machine_identifier), entry.entry_id
    )
    assert device is not None
    assert device.name == "Home"
    assert device.manufacturer == "Plex"
    assert device.model == "Plex Media Server"
    assert device.sw_version == home.version
    assert device.entry_type is dr.DeviceEntryType.SERVICE
    assert device.configuration_url == f"{home.url}/web"


@pytest.mark.parametrize(
    "fault",
    [Fault.status(503), Fault.RESET, Fault.GARBLED, Fault.status(404)],
    ids=["starting", "cut off", "garbled", "not found"],
)
async def test_server_that_does_not_answer_is_tried_again(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    home: PlexServer,
    entry: MockConfigEntry,
    fault: Fault,
) -> None:
    """Nothing is known of it, so nothing is set up."""
    home.faults.set(fault)
    await set_up(hass, entry)
    assert setup_state(entry) is ConfigEntryState.SETUP_RETRY
    assert issues_of(hass) == []

    home.faults.clear()
    await advance(hass, freezer, 60)
    assert setup_state(entry) is ConfigEntryState.LOADED
    assert state_of(hass, "binary_sensor.home_server") == STATE_ON


@pytest.mark.allowed_logs("Error on transport creation for incoming connection")
async def test_certificate_that_is_not_trusted_is_told(
    hass: HomeAssistant, world: World, owner: Account
) -> None:
    """The token is not sent, and the entry says what to do."""
    safe = await world.add_server("Safe", owner=owner, tls=True)
    entry = signed_in_entry(world, safe, owner)
    entry.add_to_hass(hass)
    address = f"https://127.0.0.1:{safe.port}"
    hass.config_entries.async_update_entry(entry, data={**entry.data, CONF_URL: address})
    await hass.config_entries.async_setup(entry.entry_id)
    assert setup_state(entry) is ConfigEntryState.SETUP_RETRY
    assert entry.reason is not None
    assert "certificate of Safe is not trusted" in entry.reason
    assert [r for r in world.requests.to(host="Safe") if r.token_sent] == []


async def test_another_server_at_the_address_is_not_given_the_token(
    hass: HomeAssistant, world: World, home: PlexServer, entry: MockConfigEntry
) -> None:
    """Not even once."""
    home.identifies_as = "f" * 40
    await set_up(hass, entry)
    assert setup_state(entry) is ConfigEntryState.SETUP_RETRY
    assert [r for r in world.requests.to(host="Home") if r.token_sent] == []


async def test_works_without_plex_tv(
    hass: HomeAssistant, world: World, home: PlexServer, entry: MockConfigEntry
) -> None:
    """The internet is not needed once the entry is set up."""
    await world.plex_tv.stop()
    await set_up(hass, entry)
    assert setup_state(entry) is ConfigEntryState.LOADED
    assert state_of(hass, "sensor.home_streams") == "0"
    assert state_of(hass, "sensor.home_token_status") == "valid"


async def test_two_servers_side_by_side(
    hass: HomeAssistant,
    world: World,
    owner: Account,
    cabin: PlexServer,
    entry: MockConfigEntry,
    cabin_entry: MockConfigEntry,
) -> None:
    """Each has its own token, device and state."""
    await set_up(hass, entry)
    await set_up(hass, cabin_entry)
    await cabin.start_stream(user=owner, title="Film")
    await settle(hass)
    assert state_of(hass, "sensor.home_streams") == "0"
    assert state_of(hass, "sensor.cabin_streams") == "1"
    assert {r.token_sent for r in world.requests.to(host="Home")} <= {
        None,
        entry.data[CONF_SERVER_TOKEN],
    }


@pytest.mark.parametrize("source", [TokenSource.SIGN_IN, TokenSource.LINKED])
async def test_removal_signs_our_own_token_out(
    hass: HomeAssistant, world: World, home: PlexServer, owner: Account, source: TokenSource
) -> None:
    """Plex lists no device that nobody uses."""
    token = world.plex_tv.sign_in(owner, client_identifier="home-assistant-1", product="x")
    entry = entry_of(home, account_token=token, server_token=token, source=source)
    await set_up(hass, entry)
    await hass.config_entries.async_remove(entry.entry_id)
    assert not world.plex_tv.is_valid(token)
    assert er.async_get(hass).entities.get_entries_for_config_entry_id(entry.entry_id) == []


@pytest.mark.parametrize("source", [TokenSource.PASTED, TokenSource.BORROWED])
async def test_removal_leaves_a_token_of_somebody_else_alone(
    hass: HomeAssistant, world: World, home: PlexServer, owner: Account, source: TokenSource
) -> None:
    """It belongs to a browser, or to another integration."""
    token = world.plex_tv.sign_in(owner, client_identifier="browser", product="Plex Web")
    entry = entry_of(home, account_token=token, server_token=token, source=source)
    await set_up(hass, entry)
    await hass.config_entries.async_remove(entry.entry_id)
    assert world.plex_tv.is_valid(token)
    assert issues_of(hass) == []


async def test_removal_of_a_token_that_is_dead_already(
    hass: HomeAssistant, world: World, entry: MockConfigEntry
) -> None:
    """There is nothing to say about it."""
    await set_up(hass, entry)
    world.plex_tv.revoke(entry.data[CONF_ACCOUNT_TOKEN])
    await hass.config_entries.async_remove(entry.entry_id)
    assert issues_of(hass) == []
    assert reauths_of(hass) == []


@pytest.mark.allowed_logs(r"Home is removed, but could not be signed out of plex\.tv")
async def test_removal_without_plex_tv_says_what_is_left_to_do(
    hass: HomeAssistant,
    world: World,
    entry: MockConfigEntry,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The entry is removed all the same."""
    await set_up(hass, entry)
    await world.plex_tv.stop()
    await hass.config_entries.async_remove(entry.entry_id)
    assert "remove the device under authorized devices" in caplog.text
    assert entry.data[CONF_ACCOUNT_TOKEN] not in caplog.text
