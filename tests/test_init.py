"""Setup, unload and removal of a config entry."""

from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import (
    ATTR_RESTORED,
    CONF_URL,
    STATE_OFF,
    STATE_ON,
    STATE_UNAVAILABLE,
    STATE_UNKNOWN,
)
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
from .support.entities import attributes_of
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
    """The push channel is open until the unload."""
    await set_up(hass, entry)
    assert setup_state(entry) is ConfigEntryState.LOADED
    assert len(home.notifier.listeners) == 1

    await hass.config_entries.async_unload(entry.entry_id)
    await settle(hass)
    assert setup_state(entry) is ConfigEntryState.NOT_LOADED
    assert len(home.notifier.listeners) == 0
    assert state_of(hass, "sensor.home_streams") == STATE_UNAVAILABLE


@pytest.mark.allowed_logs(UNREADABLE)
@pytest.mark.parametrize("revoked", [False, True], ids=["valid token", "invalid token"])
async def test_no_request_is_sent_after_the_unload(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    world: World,
    home: PlexServer,
    owner: Account,
    entry: MockConfigEntry,
    *,
    revoked: bool,
) -> None:
    """All timers and listeners of the entry have ended."""
    await set_up(hass, entry)
    await home.start_stream(user=owner, title="Film", with_session=False)
    await home.discover(Find(title="Another film"))
    if revoked:
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
    """The device has the version and the address of the server."""
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


async def test_text_that_is_not_utf_8_costs_a_character(
    hass: HomeAssistant, home: PlexServer, owner: Account, entry: MockConfigEntry
) -> None:
    """All else is read, in every response of the server."""
    stream = await home.start_stream(user=owner, title="Film")
    rule = home.faults.set(Fault.MISENCODED)
    await set_up(hass, entry)
    assert rule.hits > 0
    assert state_of(hass, "binary_sensor.home_server") == STATE_ON
    assert state_of(hass, "sensor.home_movies_items") != STATE_UNAVAILABLE
    [shown] = attributes_of(hass, "sensor.home_streams")["streams"]
    assert shown["title"] == f"\ufffd{stream.item.title}"


@pytest.mark.allowed_logs(UNREADABLE)
@pytest.mark.parametrize(
    "fault",
    [
        Fault.status(503),
        Fault.MAINTENANCE,
        Fault.status(404),
        Fault.RESET,
        Fault.GARBLED,
        Fault.MISTYPED,
    ],
    ids=lambda fault: f"{fault.kind} {fault.code}",
)
async def test_entry_is_loaded_whatever_the_server_does(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    home: PlexServer,
    entry: MockConfigEntry,
    fault: Fault,
) -> None:
    """Server is off, nothing is a repair, and all is there once the server responds."""
    home.faults.set(fault)
    await set_up(hass, entry)
    assert setup_state(entry) is ConfigEntryState.LOADED
    await advance(hass, freezer, 30, step=5)
    assert state_of(hass, "binary_sensor.home_server") == STATE_OFF
    assert state_of(hass, "binary_sensor.home_token_problem") == STATE_OFF
    assert state_of(hass, "sensor.home_token_status") == "unknown"
    assert issues_of(hass) == []
    assert reauths_of(hass) == []

    home.faults.clear()
    await advance(hass, freezer, 60)
    assert setup_state(entry) is ConfigEntryState.LOADED
    assert state_of(hass, "binary_sensor.home_server") == STATE_ON
    assert state_of(hass, "sensor.home_streams") == "0"
    assert state_of(hass, "sensor.home_movies_items") == "3"


@pytest.mark.allowed_logs(UNREADABLE)
async def test_setup_does_not_wait_for_a_server_and_a_plex_tv_that_say_nothing(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    world: World,
    home: PlexServer,
    entry: MockConfigEntry,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The first poll goes on in the background, and the rest follows by itself."""
    monkeypatch.setattr("custom_components.plex_monitor.server.coordinator.FIRST_POLL_TIMEOUT", 0.1)
    home.faults.set(Fault.HANG)
    world.plex_tv.faults.set(Fault.HANG)
    entry.add_to_hass(hass)
    assert await hass.config_entries.async_setup(entry.entry_id)
    assert setup_state(entry) is ConfigEntryState.LOADED
    assert state_of(hass, "binary_sensor.home_server") == STATE_UNKNOWN
    await advance(hass, freezer, 60, step=5)
    assert state_of(hass, "binary_sensor.home_server") == STATE_OFF

    home.faults.clear()
    world.plex_tv.faults.clear()
    await advance(hass, freezer, 60, step=5)
    assert state_of(hass, "binary_sensor.home_server") == STATE_ON
    assert state_of(hass, "sensor.home_streams") == "0"


@pytest.mark.allowed_logs(UNREADABLE)
async def test_all_that_was_there_before_is_there_while_the_server_is_down(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    home: PlexServer,
    init_integration: MockConfigEntry,
) -> None:
    """Otherwise Home Assistant would offer to delete the entities, and targets would be empty."""
    entities = _entities(hass)
    devices = _devices(hass, init_integration)
    assert {"Home", "Movies", "TV Shows", "Music"} <= {name for name, _ in devices}
    await home.stop()
    await hass.config_entries.async_reload(init_integration.entry_id)
    await settle(hass)
    assert _entities(hass) == entities
    assert _devices(hass, init_integration) == devices
    assert state_of(hass, "sensor.home_streams") == STATE_UNAVAILABLE
    assert state_of(hass, "sensor.home_movies_items") == STATE_UNAVAILABLE
    assert state_of(hass, "update.home_server_update") == STATE_UNAVAILABLE

    await home.start()
    await advance(hass, freezer, 60)
    assert _entities(hass) == entities
    assert state_of(hass, "sensor.home_streams") == "0"
    assert state_of(hass, "sensor.home_movies_items") == "3"


@pytest.mark.parametrize("path", ["^/status/sessions$", "^/media/providers$", "^/updater/status$"])
async def test_all_that_was_there_before_is_there_while_a_part_of_the_server_fails(
    hass: HomeAssistant, home: PlexServer, init_integration: MockConfigEntry, path: str
) -> None:
    """It may fail just when the entry is set up."""
    entities = _entities(hass)
    home.faults.set(Fault.status(500), paths=path)
    await hass.config_entries.async_reload(init_integration.entry_id)
    await settle(hass)
    assert _entities(hass) == entities
    assert state_of(hass, "binary_sensor.home_server") == STATE_ON


@pytest.mark.parametrize("fault", [Fault.status(404), Fault.status(500), Fault.RESET])
@pytest.mark.parametrize("reloaded", [False, True])
async def test_sessions_that_cannot_be_read_cost_the_streams_only(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    home: PlexServer,
    init_integration: MockConfigEntry,
    fault: Fault,
    *,
    reloaded: bool,
) -> None:
    """Also when the entry is set up: nothing says that the account is not the owner's."""
    home.faults.set(fault, paths="^/status/sessions$")
    if reloaded:
        await hass.config_entries.async_reload(init_integration.entry_id)
    await advance(hass, freezer, 180)
    lost = {
        entity_id for entity_id in _entities(hass) if state_of(hass, entity_id) == STATE_UNAVAILABLE
    }
    assert "sensor.home_streams" in lost
    assert (
        lost
        & {
            "button.home_scan_all_libraries",
            "sensor.home_activities",
            "binary_sensor.home_remote_access",
            "update.home_server_update",
            "sensor.home_movies_items",
        }
        == set()
    )
    home.faults.clear()
    await advance(hass, freezer, 60)
    assert state_of(hass, "sensor.home_streams") == "0"


async def test_library_that_refuses_the_token_costs_itself_only(
    hass: HomeAssistant, home: PlexServer, init_integration: MockConfigEntry
) -> None:
    """Also when the entry is set up."""
    home.faults.set(Fault.UNAUTHORIZED, paths="^/library/sections/1/all$")
    await hass.config_entries.async_reload(init_integration.entry_id)
    await settle(hass)
    assert state_of(hass, "sensor.home_movies_items") == STATE_UNAVAILABLE
    assert state_of(hass, "sensor.home_tv_shows_items") == "1"


async def test_library_that_was_removed_while_home_assistant_was_off_is_removed(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    home: PlexServer,
    init_integration: MockConfigEntry,
) -> None:
    """Once the server has listed its libraries without it for long enough."""
    await hass.config_entries.async_unload(init_integration.entry_id)
    home.library.sections = [one for one in home.library.sections if one.title != "Music"]
    await hass.config_entries.async_setup(init_integration.entry_id)
    await settle(hass)
    assert state_of(hass, "sensor.home_music_items") == STATE_UNAVAILABLE
    await advance(hass, freezer, 3600)
    assert hass.states.get("sensor.home_music_items") is None
    assert "Music" not in {name for name, _ in _devices(hass, init_integration)}


async def test_what_an_account_lost_the_right_to_see_may_be_deleted(
    hass: HomeAssistant,
    world: World,
    home: PlexServer,
    guest: MockConfigEntry,
    init_integration: MockConfigEntry,
) -> None:
    """The account of a guest was selected in place of the owner's."""
    owned = _entities(hass)
    hass.config_entries.async_update_entry(init_integration, data=guest.data)
    await hass.config_entries.async_reload(init_integration.entry_id)
    await settle(hass)
    assert "sensor.home_streams" in owned - _entities(hass)
    assert "sensor.home_version" in _entities(hass)


def _entities(hass: HomeAssistant) -> set[str]:
    """Return the entities that the integration provides."""
    registry = er.async_get(hass)
    return {
        state.entity_id
        for state in hass.states.async_all()
        if ATTR_RESTORED not in state.attributes
        and (registered := registry.async_get(state.entity_id)) is not None
        and registered.platform == DOMAIN
    }


def _devices(hass: HomeAssistant, entry: MockConfigEntry) -> set[tuple[str | None, str | None]]:
    """Return the names and versions of the server and its libraries."""
    registry = dr.async_get(hass)
    devices = dr.async_entries_for_config_entry(registry, entry.entry_id)
    libraries = dr.async_child_entries_for_config_entry(registry, entry.entry_id)
    return {(one.name, one.sw_version) for one in devices} | {(one.name, None) for one in libraries}


@pytest.mark.allowed_logs(
    "Error on transport creation for incoming connection", "certificate of Safe is not trusted"
)
async def test_token_is_not_sent_where_the_certificate_is_not_trusted(
    hass: HomeAssistant, world: World, owner: Account
) -> None:
    """The log says why the server cannot be read."""
    safe = await world.add_server("Safe", owner=owner, tls=True)
    entry = signed_in_entry(world, safe, owner)
    entry.add_to_hass(hass)
    address = f"https://127.0.0.1:{safe.port}"
    hass.config_entries.async_update_entry(entry, data={**entry.data, CONF_URL: address})
    await hass.config_entries.async_setup(entry.entry_id)
    await settle(hass)
    assert state_of(hass, "sensor.safe_token_status") == "unknown"
    assert [r for r in world.requests.to(host="Safe") if r.token_sent] == []


@pytest.mark.allowed_logs(UNREADABLE)
async def test_token_is_not_sent_to_another_server_at_the_address(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    world: World,
    home: PlexServer,
    entry: MockConfigEntry,
) -> None:
    """It only receives requests for its identity."""
    home.identifies_as = "f" * 40
    await set_up(hass, entry)
    await advance(hass, freezer, 3 * 3600)
    assert state_of(hass, "binary_sensor.home_server") == STATE_OFF
    assert state_of(hass, "sensor.home_token_status") == "wrong_server"
    requests = world.requests.to(host="Home")
    assert {(request.path, request.token_sent) for request in requests} == {("/identity", None)}


async def test_setup_needs_no_plex_tv(
    hass: HomeAssistant, world: World, home: PlexServer, entry: MockConfigEntry
) -> None:
    """An entry that exists works without internet access."""
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
    """Each has a token and a state of its own."""
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


@pytest.mark.parametrize(
    ("source", "client_identifier", "is_signed_out"),
    [
        (TokenSource.SIGN_IN, "home-assistant-1", True),
        (TokenSource.LINKED, "home-assistant-1", True),
        (TokenSource.PASTED, "browser", False),
        (TokenSource.BORROWED, "browser", False),
    ],
)
async def test_removal_signs_out_only_a_token_of_our_own(
    hass: HomeAssistant,
    world: World,
    home: PlexServer,
    owner: Account,
    source: TokenSource,
    client_identifier: str,
    *,
    is_signed_out: bool,
) -> None:
    """Plex then lists no unused device. A browser or another integration uses the other tokens."""
    token = world.plex_tv.sign_in(owner, client_identifier=client_identifier, product="x")
    entry = entry_of(home, account_token=token, server_token=token, source=source)
    await set_up(hass, entry)
    await hass.config_entries.async_remove(entry.entry_id)
    await settle(hass)
    assert world.plex_tv.is_valid(token) is not is_signed_out
    assert issues_of(hass) == []
    assert er.async_get(hass).entities.get_entries_for_config_entry_id(entry.entry_id) == []


async def test_removal_of_an_entry_with_a_revoked_token(
    hass: HomeAssistant, world: World, entry: MockConfigEntry
) -> None:
    """It causes no repair and no prompt."""
    await set_up(hass, entry)
    world.plex_tv.revoke(entry.data[CONF_ACCOUNT_TOKEN])
    await hass.config_entries.async_remove(entry.entry_id)
    await settle(hass)
    assert issues_of(hass) == []
    assert reauths_of(hass) == []


async def test_removal_does_not_wait_for_plex_tv(
    hass: HomeAssistant, world: World, entry: MockConfigEntry
) -> None:
    """The entry is gone while the request still has no response."""
    await set_up(hass, entry)
    rule = world.plex_tv.faults.set(Fault.HANG)
    world.requests.clear()
    await hass.config_entries.async_remove(entry.entry_id)
    assert hass.config_entries.async_get_entry(entry.entry_id) is None
    await settle(hass)
    assert rule.hits == 1
    assert world.plex_tv.is_valid(entry.data[CONF_ACCOUNT_TOKEN])
    assert issues_of(hass) == []
