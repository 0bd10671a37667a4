"""The options: which players get a device."""

from homeassistant.config_entries import ConfigEntryState, ConfigFlowResult
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType, InvalidData
from homeassistant.helpers import device_registry as dr, entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.plex_monitor.const import CONF_CLIENT_IDENTIFIER, CONF_PLAYERS
from tests.simulator import Account, Fault, Player, PlexServer, World
from tests.support.entries import option_of, set_up, setup_state, signed_in_entry, state_of
from tests.support.flows import filled_in, options_of, suggestions_of
from tests.support.helpers import settle
from tests.support.players import PHONE, TV

DEVICES = "^/devices$"


async def configure(hass: HomeAssistant, entry: MockConfigEntry) -> ConfigFlowResult:
    """Select Configure on the page of the integration."""
    return await hass.config_entries.options.async_init(entry.entry_id)


async def submit(
    hass: HomeAssistant, result: ConfigFlowResult, *players: Player
) -> ConfigFlowResult:
    """Choose players in the form, and let what follows happen."""
    assert result["type"] is FlowResultType.FORM
    chosen = [player.machine_identifier for player in players]
    result = await hass.config_entries.options.async_configure(
        result["flow_id"], {CONF_PLAYERS: chosen}
    )
    assert result["type"] is FlowResultType.CREATE_ENTRY
    await settle(hass)
    return result


def offered(result: ConfigFlowResult) -> list[str]:
    """Return the names that are offered, in their order."""
    assert result["type"] is FlowResultType.FORM
    return list(options_of(result, CONF_PLAYERS).values())


def chosen_in(result: ConfigFlowResult) -> list[str]:
    """Return what is chosen when the form opens."""
    labels = options_of(result, CONF_PLAYERS)
    return [labels[player_id] for player_id in suggestions_of(result)[CONF_PLAYERS]]


def player_devices(hass: HomeAssistant, entry: MockConfigEntry) -> list[str]:
    """Return the names of the devices beside that of the server."""
    devices = dr.async_entries_for_config_entry(dr.async_get(hass), entry.entry_id)
    return [str(device.name) for device in devices if device.via_device_id is not None]


async def was_seen(home: PlexServer, *players: Player) -> None:
    """Let something have been played on these."""
    for player in players:
        await (await home.start_stream(player=player)).stop()


async def test_player_is_chosen_and_gets_a_device(
    hass: HomeAssistant, home: PlexServer, entry: MockConfigEntry
) -> None:
    """None is chosen at first; what is chosen is there without a restart."""
    await was_seen(home, TV, PHONE)
    await set_up(hass, entry)
    assert player_devices(hass, entry) == []

    result = await configure(hass, entry)
    assert offered(result) == ["Bedroom TV (tvOS)", "Phone (iOS)"]
    assert chosen_in(result) == []
    assert filled_in(result) == {"server": "Home"}

    await submit(hass, result, TV)
    assert entry.options == {CONF_PLAYERS: [option_of(TV)]}
    assert player_devices(hass, entry) == ["Bedroom TV"]
    assert state_of(hass, "media_player.bedroom_tv") == "idle"
    assert chosen_in(await configure(hass, entry)) == ["Bedroom TV (tvOS)"]


async def test_player_that_is_chosen_no_more_leaves_nothing_behind(
    hass: HomeAssistant, world: World, home: PlexServer, owner: Account
) -> None:
    """Neither a device nor an entity, and the others stay."""
    entry = signed_in_entry(world, home, owner, players=[TV, PHONE])
    await was_seen(home, TV, PHONE)
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


async def test_same_choice_changes_nothing(
    hass: HomeAssistant, world: World, home: PlexServer, owner: Account
) -> None:
    """The server is not even asked anew."""
    entry = signed_in_entry(world, home, owner, players=[TV])
    await was_seen(home, TV)
    await set_up(hass, entry)
    result = await configure(hass, entry)
    world.requests.clear()
    await submit(hass, result, TV)
    assert len(world.requests) == 0


async def test_player_that_the_server_has_forgotten_stays_chosen(
    hass: HomeAssistant, world: World, home: PlexServer, owner: Account
) -> None:
    """A server that was set up anew knows none of them."""
    entry = signed_in_entry(world, home, owner, players=[TV])
    await was_seen(home, PHONE)
    await set_up(hass, entry)
    result = await configure(hass, entry)
    assert offered(result) == ["Bedroom TV (tvOS)", "Phone (iOS)"]
    assert chosen_in(result) == ["Bedroom TV (tvOS)"]


async def test_players_of_one_name_are_told_apart(
    hass: HomeAssistant, home: PlexServer, entry: MockConfigEntry
) -> None:
    """By the day on which the server saw them first, and if that is one, by their identifier."""
    await hass.config.async_set_time_zone("Pacific/Auckland")
    days = {"first": 1_700_000_000, "second": 1_750_000_000, "a1b2c3d4": 0, "e5f6a7b8": 0}
    devices = [
        {"id": n, "name": "Chrome", "platform": "Linux", "clientIdentifier": key, "createdAt": day}
        for n, (key, day) in enumerate(days.items())
    ]
    home.faults.set(
        Fault.json({"MediaContainer": {"size": 4, "Device": devices}}, code=200), paths=DEVICES
    )
    await set_up(hass, entry)
    assert offered(await configure(hass, entry)) == [
        "Chrome (Linux), 2023-11-15",
        "Chrome (Linux), 2025-06-16",
        "Chrome (Linux), a1b2c3",
        "Chrome (Linux), e5f6a7",
    ]


async def test_players_are_in_the_order_of_their_names(
    hass: HomeAssistant, home: PlexServer, entry: MockConfigEntry
) -> None:
    """Whether they begin with a capital or not."""
    await was_seen(home, PHONE, Player(title="attic TV", platform="tvOS"), TV)
    await set_up(hass, entry)
    assert offered(await configure(hass, entry)) == [
        "attic TV (tvOS)",
        "Bedroom TV (tvOS)",
        "Phone (iOS)",
    ]


async def test_what_plays_now_comes_first(
    hass: HomeAssistant, home: PlexServer, entry: MockConfigEntry
) -> None:
    """Whoever does not know which it is can play something on it and look."""
    await was_seen(home, TV, PHONE)
    await set_up(hass, entry)
    await home.start_stream(player=PHONE)
    await settle(hass)
    assert offered(await configure(hass, entry)) == ["▶ Phone (iOS)", "Bedroom TV (tvOS)"]


async def test_player_has_the_name_that_its_stream_has(
    hass: HomeAssistant, world: World, home: PlexServer, owner: Account
) -> None:
    """It was renamed in Plex; a new choice takes the new name over."""
    await was_seen(home, TV)
    renamed = Player(
        title="Guest room TV", platform="tvOS", machine_identifier=TV.machine_identifier
    )
    entry = signed_in_entry(world, home, owner, players=[TV])
    await set_up(hass, entry)
    await home.start_stream(player=renamed)
    await settle(hass)
    result = await configure(hass, entry)
    assert offered(result) == ["▶ Guest room TV (tvOS)"]
    await submit(hass, result, renamed)
    assert player_devices(hass, entry) == ["Guest room TV"]
    # The entity is the same as before.
    assert state_of(hass, "media_player.bedroom_tv") == "playing"


async def test_home_assistant_itself_is_no_player(
    hass: HomeAssistant, home: PlexServer, entry: MockConfigEntry
) -> None:
    """A server can list whoever has talked to it, and what has no name for its platform."""
    devices = [
        {"id": 1, "name": "Home", "clientIdentifier": entry.data[CONF_CLIENT_IDENTIFIER]},
        {"id": 2, "name": "Old phone", "platform": "", "clientIdentifier": "old"},
    ]
    home.faults.set(
        Fault.json({"MediaContainer": {"size": 2, "Device": devices}}, code=200), paths=DEVICES
    )
    await set_up(hass, entry)
    assert offered(await configure(hass, entry)) == ["Old phone"]


async def test_what_is_not_offered_cannot_be_chosen(
    hass: HomeAssistant, home: PlexServer, entry: MockConfigEntry
) -> None:
    """The form is still there for a better choice."""
    await was_seen(home, TV)
    await set_up(hass, entry)
    result = await configure(hass, entry)
    with pytest.raises(InvalidData):
        await hass.config_entries.options.async_configure(
            result["flow_id"], {CONF_PLAYERS: ["nobody"]}
        )
    await submit(hass, result, TV)
    assert player_devices(hass, entry) == ["Bedroom TV"]


async def test_nothing_has_ever_been_played(
    hass: HomeAssistant, home: PlexServer, entry: MockConfigEntry
) -> None:
    """It says what to do, and then there is something to choose."""
    await set_up(hass, entry)
    result = await configure(hass, entry)
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "no_players")
    await home.start_stream(player=TV)
    await settle(hass)
    assert offered(await configure(hass, entry)) == ["▶ Bedroom TV (tvOS)"]


async def test_server_without_such_a_list(
    hass: HomeAssistant, home: PlexServer, entry: MockConfigEntry
) -> None:
    """What plays can be chosen while it does."""
    home.faults.set(Fault.status(404), paths=DEVICES)
    await was_seen(home, PHONE)
    await set_up(hass, entry)
    result = await configure(hass, entry)
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "no_players")
    await home.start_stream(player=TV)
    await settle(hass)
    assert offered(await configure(hass, entry)) == ["▶ Bedroom TV (tvOS)"]


@pytest.mark.parametrize("fault", [Fault.RESET, Fault.status(503), Fault.GARBLED])
async def test_server_that_does_not_tell_its_players(
    hass: HomeAssistant, world: World, home: PlexServer, owner: Account, fault: Fault
) -> None:
    """What was chosen stays, and the next try succeeds."""
    entry = signed_in_entry(world, home, owner, players=[TV])
    await was_seen(home, TV)
    await set_up(hass, entry)
    rule = home.faults.set(fault, paths=DEVICES)
    result = await configure(hass, entry)
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "not_told")
    assert filled_in(result)["error"]
    assert entry.options == {CONF_PLAYERS: [option_of(TV)]}
    assert player_devices(hass, entry) == ["Bedroom TV"]

    home.faults.clear(rule)
    assert chosen_in(await configure(hass, entry)) == ["Bedroom TV (tvOS)"]


async def test_server_that_is_down_from_the_start(
    hass: HomeAssistant, world: World, home: PlexServer, owner: Account
) -> None:
    """The entry is not loaded, so there is nobody to ask."""
    entry = signed_in_entry(world, home, owner, players=[TV])
    await home.stop()
    await set_up(hass, entry)
    assert setup_state(entry) is ConfigEntryState.SETUP_RETRY
    result = await configure(hass, entry)
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "not_loaded")
    assert entry.options == {CONF_PLAYERS: [option_of(TV)]}

    await home.start()
    await hass.config_entries.async_reload(entry.entry_id)
    assert chosen_in(await configure(hass, entry)) == ["Bedroom TV (tvOS)"]


async def test_choice_is_stored_when_the_server_went_away_meanwhile(
    hass: HomeAssistant, home: PlexServer, entry: MockConfigEntry
) -> None:
    """The form was open for long; the devices come with the server."""
    await was_seen(home, TV)
    await set_up(hass, entry)
    result = await configure(hass, entry)
    await home.stop()
    await submit(hass, result, TV)
    assert entry.options == {CONF_PLAYERS: [option_of(TV)]}
    await home.start()
    await hass.config_entries.async_reload(entry.entry_id)
    await settle(hass)
    assert player_devices(hass, entry) == ["Bedroom TV"]


@pytest.mark.parametrize("old", [False, True], ids=["403", "401"])
async def test_guest_is_told_why_there_is_nothing_to_choose(
    hass: HomeAssistant, world: World, home: PlexServer, *, old: bool
) -> None:
    """The server tells its owner alone who plays."""
    home.refuses_with_401 = old
    friend = world.plex_tv.add_account("friend")
    home.share_with(friend)
    await was_seen(home, TV)
    entry = signed_in_entry(world, home, friend)
    await set_up(hass, entry)
    result = await configure(hass, entry)
    assert (result["type"], result["reason"]) == (FlowResultType.ABORT, "not_allowed")


async def test_guest_can_take_out_what_an_owner_chose(
    hass: HomeAssistant, world: World, home: PlexServer
) -> None:
    """Somebody has signed in as somebody else since."""
    friend = world.plex_tv.add_account("friend")
    home.share_with(friend)
    await was_seen(home, TV, PHONE)
    entry = signed_in_entry(world, home, friend, players=[TV])
    await set_up(hass, entry)
    result = await configure(hass, entry)
    assert offered(result) == chosen_in(result) == ["Bedroom TV (tvOS)"]
    await submit(hass, result)
    assert player_devices(hass, entry) == []


@pytest.mark.allowed_logs(r"^custom_components\.plex_monitor: Error fetching Home data")
async def test_token_that_is_refused_from_the_start(
    hass: HomeAssistant, world: World, home: PlexServer, owner: Account
) -> None:
    """Nothing has ever been read; what was chosen can still be seen."""
    entry = signed_in_entry(world, home, owner, players=[TV])
    home.rejects_tokens = True
    await set_up(hass, entry)
    assert setup_state(entry) is ConfigEntryState.LOADED
    assert offered(await configure(hass, entry)) == ["Bedroom TV (tvOS)"]
    assert state_of(hass, "media_player.bedroom_tv") == "unavailable"
