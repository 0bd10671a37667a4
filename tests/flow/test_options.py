"""Options: the players that get a device."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import ConfigEntryState, ConfigFlowResult
from homeassistant.const import EVENT_STATE_CHANGED, STATE_UNAVAILABLE
from homeassistant.core import Event, EventStateChangedData, HomeAssistant, callback
from homeassistant.data_entry_flow import FlowResultType, InvalidData
from homeassistant.helpers import device_registry as dr, entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.plex_monitor.const import CONF_CLIENT_IDENTIFIER, CONF_PLAYERS
from tests.simulator import Account, Fault, Player, PlexServer, World
from tests.support.entries import DOWN, option_of, set_up, setup_state, signed_in_entry, state_of
from tests.support.flows import options_of, placeholders_of, suggested_values
from tests.support.helpers import advance, eventually, settle
from tests.support.players import PHONE, TV

DEVICES = "^/devices$"


async def configure(hass: HomeAssistant, entry: MockConfigEntry) -> ConfigFlowResult:
    """Select Configure on the page of the integration."""
    return await hass.config_entries.options.async_init(entry.entry_id)


async def submit(
    hass: HomeAssistant, result: ConfigFlowResult, *players: Player
) -> ConfigFlowResult:
    """Select players in the form, and wait for what that causes."""
    assert result["type"] is FlowResultType.FORM
    selected = [player.machine_identifier for player in players]
    result = await hass.config_entries.options.async_configure(
        result["flow_id"], {CONF_PLAYERS: selected}
    )
    assert result["type"] is FlowResultType.CREATE_ENTRY
    await settle(hass)
    return result


def offered(result: ConfigFlowResult) -> list[str]:
    """Return the names that are offered, in their order."""
    assert result["type"] is FlowResultType.FORM
    return list(options_of(result, CONF_PLAYERS).values())


def selected_in(result: ConfigFlowResult) -> list[str]:
    """Return the names that are selected when the form opens."""
    labels = options_of(result, CONF_PLAYERS)
    return [labels[player_id] for player_id in suggested_values(result)[CONF_PLAYERS]]


def abort_reason(result: ConfigFlowResult) -> str:
    """Return why the flow was aborted."""
    assert result["type"] is FlowResultType.ABORT
    return result["reason"]


def list_devices(home: PlexServer, devices: Sequence[Mapping[str, object]]) -> None:
    """Let the server list these devices."""
    listed = {"MediaContainer": {"size": len(devices), "Device": devices}}
    home.faults.set(Fault.json(listed, code=200), paths=DEVICES)


def player_devices(hass: HomeAssistant, entry: MockConfigEntry) -> list[str]:
    """Return the names of the devices except that of the server."""
    devices = dr.async_entries_for_config_entry(dr.async_get(hass), entry.entry_id)
    return [str(device.name) for device in devices if device.via_device_id is not None]


async def play_on(home: PlexServer, *players: Player) -> None:
    """Let the server see these players once."""
    for player in players:
        await (await home.start_stream(player=player)).stop()


async def test_selected_player_gets_a_device(
    hass: HomeAssistant, home: PlexServer, entry: MockConfigEntry
) -> None:
    """None is selected at first; a selected one is there without a restart."""
    await play_on(home, TV, PHONE)
    await set_up(hass, entry)
    assert player_devices(hass, entry) == []

    result = await configure(hass, entry)
    assert offered(result) == ["Bedroom TV (tvOS)", "Phone (iOS)"]
    assert selected_in(result) == []
    assert placeholders_of(result) == {"server": "Home"}

    await submit(hass, result, TV)
    assert entry.options == {CONF_PLAYERS: [option_of(TV)]}
    assert player_devices(hass, entry) == ["Bedroom TV"]
    assert state_of(hass, "media_player.bedroom_tv") == "idle"
    assert selected_in(await configure(hass, entry)) == ["Bedroom TV (tvOS)"]


async def test_deselected_player_loses_its_device(
    hass: HomeAssistant, world: World, home: PlexServer, owner: Account
) -> None:
    """Its device and entities are removed, and the others stay."""
    entry = signed_in_entry(world, home, owner, players=[TV, PHONE])
    await play_on(home, TV, PHONE)
    await set_up(hass, entry)
    registry = er.async_get(hass)
    before = len(er.async_entries_for_config_entry(registry, entry.entry_id))
    children = dr.async_child_entries_for_config_entry(dr.async_get(hass), entry.entry_id)

    await submit(hass, await configure(hass, entry), PHONE)
    assert player_devices(hass, entry) == ["Phone"]
    assert hass.states.get("media_player.bedroom_tv") is None
    left = er.async_entries_for_config_entry(registry, entry.entry_id)
    assert len(left) == before - 3
    assert [entity.entity_id for entity in left if "bedroom" in entity.entity_id] == []
    assert dr.async_child_entries_for_config_entry(dr.async_get(hass), entry.entry_id) == children

    await submit(hass, await configure(hass, entry))
    assert player_devices(hass, entry) == []
    assert entry.options == {CONF_PLAYERS: []}


async def test_same_selection_changes_nothing(
    hass: HomeAssistant, world: World, home: PlexServer, bedroom_entry: MockConfigEntry
) -> None:
    """The entry is not reloaded, and no request is sent."""
    await play_on(home, TV)
    await set_up(hass, bedroom_entry)
    result = await configure(hass, bedroom_entry)
    world.requests.clear()
    await submit(hass, result, TV)
    assert len(world.requests) == 0


async def test_player_that_the_server_has_forgotten_stays_selected(
    hass: HomeAssistant, home: PlexServer, bedroom_entry: MockConfigEntry
) -> None:
    """A server that was set up again knows none of them."""
    await play_on(home, PHONE)
    await set_up(hass, bedroom_entry)
    result = await configure(hass, bedroom_entry)
    assert offered(result) == ["Bedroom TV (tvOS)", "Phone (iOS)"]
    assert selected_in(result) == ["Bedroom TV (tvOS)"]


async def test_players_with_the_same_name_are_distinguished(
    hass: HomeAssistant, home: PlexServer, entry: MockConfigEntry
) -> None:
    """By the day on which the server first saw them, or else by their identifier."""
    await hass.config.async_set_time_zone("Pacific/Auckland")
    days = {"first": 1_700_000_000, "second": 1_750_000_000, "a1b2c3d4": 0, "e5f6a7b8": 0}
    devices = [
        {"id": n, "name": "Chrome", "platform": "Linux", "clientIdentifier": key, "createdAt": day}
        for n, (key, day) in enumerate(days.items())
    ]
    list_devices(home, devices)
    await set_up(hass, entry)
    assert offered(await configure(hass, entry)) == [
        "Chrome (Linux), 2023-11-15",
        "Chrome (Linux), 2025-06-16",
        "Chrome (Linux), a1b2c3",
        "Chrome (Linux), e5f6a7",
    ]


async def test_players_are_sorted_by_name(
    hass: HomeAssistant, home: PlexServer, entry: MockConfigEntry
) -> None:
    """Upper and lower case do not matter."""
    await play_on(home, PHONE, Player(title="attic TV", platform="tvOS"), TV)
    await set_up(hass, entry)
    assert offered(await configure(hass, entry)) == [
        "attic TV (tvOS)",
        "Bedroom TV (tvOS)",
        "Phone (iOS)",
    ]


async def test_playing_players_come_first(
    hass: HomeAssistant, home: PlexServer, entry: MockConfigEntry
) -> None:
    """A user can find a player by playing something on it."""
    await play_on(home, TV, PHONE)
    await set_up(hass, entry)
    await home.start_stream(player=PHONE)
    await settle(hass)
    assert offered(await configure(hass, entry)) == ["▶ Phone (iOS)", "Bedroom TV (tvOS)"]


async def test_player_has_the_name_of_its_stream(
    hass: HomeAssistant, home: PlexServer, bedroom_entry: MockConfigEntry
) -> None:
    """It was renamed in Plex; a new selection stores the new name."""
    await play_on(home, TV)
    renamed = Player(
        title="Guest room TV", platform="tvOS", machine_identifier=TV.machine_identifier
    )
    await set_up(hass, bedroom_entry)
    await home.start_stream(player=renamed)
    await settle(hass)
    result = await configure(hass, bedroom_entry)
    assert offered(result) == ["▶ Guest room TV (tvOS)"]
    await submit(hass, result, renamed)
    assert player_devices(hass, bedroom_entry) == ["Guest room TV"]
    # The entity is the same as before.
    assert state_of(hass, "media_player.bedroom_tv") == "playing"


async def test_home_assistant_itself_is_not_offered(
    hass: HomeAssistant, home: PlexServer, entry: MockConfigEntry
) -> None:
    """A server lists every client that has sent a request, some without a platform."""
    devices = [
        {"id": 1, "name": "Home", "clientIdentifier": entry.data[CONF_CLIENT_IDENTIFIER]},
        {"id": 2, "name": "Old phone", "platform": "", "clientIdentifier": "old"},
    ]
    list_devices(home, devices)
    await set_up(hass, entry)
    assert offered(await configure(hass, entry)) == ["Old phone"]


async def test_only_offered_players_can_be_selected(
    hass: HomeAssistant, home: PlexServer, entry: MockConfigEntry
) -> None:
    """The form stays open for another selection."""
    await play_on(home, TV)
    await set_up(hass, entry)
    result = await configure(hass, entry)
    with pytest.raises(InvalidData):
        await hass.config_entries.options.async_configure(
            result["flow_id"], {CONF_PLAYERS: ["nobody"]}
        )
    await submit(hass, result, TV)
    assert player_devices(hass, entry) == ["Bedroom TV"]


async def test_server_without_players(
    hass: HomeAssistant, home: PlexServer, entry: MockConfigEntry
) -> None:
    """The flow says what to do, and offers the player after that."""
    await set_up(hass, entry)
    result = await configure(hass, entry)
    assert abort_reason(result) == "no_players"
    await home.start_stream(player=TV)
    await settle(hass)
    assert offered(await configure(hass, entry)) == ["▶ Bedroom TV (tvOS)"]


async def test_server_without_a_list_of_devices(
    hass: HomeAssistant, home: PlexServer, entry: MockConfigEntry
) -> None:
    """A player can be selected while it is playing."""
    home.faults.set(Fault.status(404), paths=DEVICES)
    await play_on(home, PHONE)
    await set_up(hass, entry)
    result = await configure(hass, entry)
    assert abort_reason(result) == "no_players"
    await home.start_stream(player=TV)
    await settle(hass)
    assert offered(await configure(hass, entry)) == ["▶ Bedroom TV (tvOS)"]


@pytest.mark.parametrize("fault", [Fault.RESET, Fault.status(503), Fault.GARBLED])
async def test_server_fails_to_list_its_players(
    hass: HomeAssistant, home: PlexServer, bedroom_entry: MockConfigEntry, fault: Fault
) -> None:
    """The selection stays, and the next attempt succeeds."""
    await play_on(home, TV)
    await set_up(hass, bedroom_entry)
    rule = home.faults.set(fault, paths=DEVICES)
    result = await configure(hass, bedroom_entry)
    assert abort_reason(result) == "not_told"
    assert placeholders_of(result)["error"]
    assert bedroom_entry.options == {CONF_PLAYERS: [option_of(TV)]}
    assert player_devices(hass, bedroom_entry) == ["Bedroom TV"]

    home.faults.clear(rule)
    assert selected_in(await configure(hass, bedroom_entry)) == ["Bedroom TV (tvOS)"]


@pytest.mark.allowed_logs(DOWN)
async def test_server_that_is_down_from_the_start(
    hass: HomeAssistant, home: PlexServer, bedroom_entry: MockConfigEntry
) -> None:
    """No player can be read."""
    await home.stop()
    await set_up(hass, bedroom_entry)
    result = await configure(hass, bedroom_entry)
    assert abort_reason(result) == "not_told"
    assert bedroom_entry.options == {CONF_PLAYERS: [option_of(TV)]}

    await home.start()
    assert selected_in(await configure(hass, bedroom_entry)) == ["Bedroom TV (tvOS)"]


@pytest.mark.allowed_logs(DOWN)
async def test_selection_is_stored_while_the_server_is_down(
    hass: HomeAssistant, home: PlexServer, entry: MockConfigEntry
) -> None:
    """It went down while the form was open; the devices come with the server."""
    await play_on(home, TV)
    await set_up(hass, entry)
    result = await configure(hass, entry)
    await home.stop()
    await submit(hass, result, TV)
    assert entry.options == {CONF_PLAYERS: [option_of(TV)]}
    await home.start()
    await hass.config_entries.async_reload(entry.entry_id)
    await settle(hass)
    assert player_devices(hass, entry) == ["Bedroom TV"]


@pytest.mark.parametrize("refuses_with_401", [False, True], ids=["403", "401"])
async def test_guest_is_not_offered_players(
    hass: HomeAssistant, home: PlexServer, guest: MockConfigEntry, *, refuses_with_401: bool
) -> None:
    """The server lists its players to its owner only, and the flow says so."""
    home.refuses_with_401 = refuses_with_401
    await play_on(home, TV)
    await set_up(hass, guest)
    result = await configure(hass, guest)
    assert abort_reason(result) == "not_allowed"


async def test_guest_can_deselect_a_player(
    hass: HomeAssistant, world: World, home: PlexServer, friend: Account
) -> None:
    """The owner's token was replaced by that of a guest."""
    home.share_with(friend)
    await play_on(home, TV, PHONE)
    entry = signed_in_entry(world, home, friend, players=[TV])
    await set_up(hass, entry)
    result = await configure(hass, entry)
    assert offered(result) == selected_in(result) == ["Bedroom TV (tvOS)"]
    await submit(hass, result)
    assert player_devices(hass, entry) == []


@pytest.mark.allowed_logs(r"^custom_components\.plex_monitor: Error fetching Home data")
async def test_token_that_is_refused_from_the_start(
    hass: HomeAssistant, home: PlexServer, bedroom_entry: MockConfigEntry
) -> None:
    """Nothing has been read yet; the selected players are offered."""
    home.rejects_tokens = True
    await set_up(hass, bedroom_entry)
    assert setup_state(bedroom_entry) is ConfigEntryState.LOADED
    assert offered(await configure(hass, bedroom_entry)) == ["Bedroom TV (tvOS)"]
    assert state_of(hass, "media_player.bedroom_tv") == "unavailable"


async def test_new_selection_changes_nothing_else(
    hass: HomeAssistant, world: World, home: PlexServer, owner: Account
) -> None:
    """Only the entities of the players that were selected or deselected change their state."""
    entry = signed_in_entry(world, home, owner, players=[TV, PHONE])
    tablet = Player(title="Tablet", platform="Android")
    await play_on(home, TV, PHONE, tablet)
    await set_up(hass, entry)
    await home.start_stream(player=PHONE, title="Film")
    await settle(hass)
    result = await configure(hass, entry)
    changes: list[tuple[str, str | None]] = []

    @callback
    def collect(event: Event[EventStateChangedData]) -> None:
        new = event.data["new_state"]
        changes.append((event.data["entity_id"], None if new is None else new.state))

    hass.bus.async_listen(EVENT_STATE_CHANGED, collect)
    world.requests.clear()
    await submit(hass, result, PHONE, tablet)
    assert {entity_id for entity_id, state in changes if state is None} == {
        "image.bedroom_tv_picture",
        "media_player.bedroom_tv",
        "sensor.bedroom_tv_delivery",
    }
    assert {entity_id for entity_id, state in changes if state is not None} == {
        "image.tablet_picture",
        "media_player.tablet",
        "sensor.tablet_delivery",
    }
    assert state_of(hass, "media_player.phone") == "playing"
    assert state_of(hass, "media_player.tablet") == "idle"
    assert len(world.requests) == 0

    changes.clear()
    await submit(hass, await configure(hass, entry), TV, PHONE)
    assert state_of(hass, "media_player.bedroom_tv") == "idle"
    assert [change for change in changes if "phone" in change[0] or "home" in change[0]] == []
    await home.start_stream(player=TV)
    await eventually(hass, lambda: state_of(hass, "media_player.bedroom_tv") == "playing")


@pytest.mark.allowed_logs(DOWN)
async def test_new_selection_applies_while_the_server_is_down(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    home: PlexServer,
    bedroom_entry: MockConfigEntry,
) -> None:
    """The devices change at once, and their state is known when the server is back."""
    await play_on(home, TV, PHONE)
    await set_up(hass, bedroom_entry)
    result = await configure(hass, bedroom_entry)
    await home.stop()
    await advance(hass, freezer, 60)
    await submit(hass, result, PHONE)
    assert player_devices(hass, bedroom_entry) == ["Phone"]
    assert hass.states.get("media_player.bedroom_tv") is None
    assert state_of(hass, "media_player.phone") == STATE_UNAVAILABLE
    assert setup_state(bedroom_entry) is ConfigEntryState.LOADED

    await home.start()
    await advance(hass, freezer, 60)
    assert state_of(hass, "media_player.phone") == "idle"


async def test_player_that_plays_under_another_name_is_renamed(
    hass: HomeAssistant, home: PlexServer, bedroom_entry: MockConfigEntry
) -> None:
    """Its entities stay, and are neither removed nor unavailable."""
    await set_up(hass, bedroom_entry)
    renamed = replace(TV, title="Guest room TV")
    stream = await home.start_stream(player=renamed)
    await settle(hass)
    await submit(hass, await configure(hass, bedroom_entry), renamed)
    assert player_devices(hass, bedroom_entry) == ["Guest room TV"]
    assert state_of(hass, "media_player.bedroom_tv") == "playing"
    await stream.stop()
