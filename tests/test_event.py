"""Event entities show the last event, and report each event once."""

from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.const import (
    CONF_URL,
    EVENT_HOMEASSISTANT_STARTED,
    EVENT_STATE_CHANGED,
    STATE_OFF,
    STATE_UNAVAILABLE,
    STATE_UNKNOWN,
)
from homeassistant.core import CoreState, Event, HomeAssistant, State
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_capture_events

from custom_components.plex_monitor.const import (
    CONF_ACCOUNT_TOKEN,
    CONF_SERVER_TOKEN,
    DOMAIN,
    TokenSource,
)

from .simulator import Account, Delivery, Fault, Find, Kind, PlexServer, Stream, World
from .support.entries import UNREADABLE, entry_of, set_up, signed_in_entry, state_of
from .support.helpers import advance, settle

PLAYBACK = "event.home_playback"
LIBRARY = "event.home_library"
SERVER = "event.home_server"
TOKEN = "event.home_token"

MINUTE = 60


class EventRecorder:
    """The events that event entities have reported since the recorder was created."""

    def __init__(self, hass: HomeAssistant) -> None:
        """Start recording."""
        self._changes = async_capture_events(hass, EVENT_STATE_CHANGED)

    def states(self, entity_id: str) -> list[State]:
        """Return one state for each event of an entity."""
        found: dict[str, State] = {}
        for change in self._changes:
            state = _new_state(change)
            if state is not None and state.entity_id == entity_id:
                found[state.state] = state
        for without_event in (STATE_UNAVAILABLE, STATE_UNKNOWN):
            found.pop(without_event, None)
        return list(found.values())

    def types(self, entity_id: str) -> list[str]:
        """Return the types of the events."""
        return [state.attributes["event_type"] for state in self.states(entity_id)]

    def last(self, entity_id: str) -> dict[str, Any]:
        """Return the attributes of the last event."""
        return dict(self.states(entity_id)[-1].attributes)


def _new_state(change: Event[Any]) -> State | None:
    state: State | None = change.data["new_state"]
    return state


@pytest.fixture
def events(hass: HomeAssistant, init_integration: MockConfigEntry) -> EventRecorder:
    """Record the events from the end of the setup on."""
    return EventRecorder(hass)


@pytest.mark.usefixtures("init_integration")
async def test_no_event_after_setup(hass: HomeAssistant) -> None:
    """The start of Home Assistant is not an event of the server."""
    for entity_id in (PLAYBACK, LIBRARY, SERVER, TOKEN):
        assert state_of(hass, entity_id) == STATE_UNKNOWN


async def test_playback_from_start_to_end(
    hass: HomeAssistant, home: PlexServer, owner: Account, entry: MockConfigEntry
) -> None:
    """The attributes name the item, the user and the player."""
    await home.add_media("Pilot", kind=Kind.EPISODE, show="Show", season=2, duration=100_000)
    await set_up(hass, entry)
    events = EventRecorder(hass)
    stream = await home.start_stream(user=owner, title="Pilot", player="TV", kind=Kind.EPISODE)
    await settle(hass)
    assert events.types(PLAYBACK) == ["started"]
    assert {
        "show": "Show",
        "season": 2,
        "title": "Pilot",
        "artist": None,
        "user": "owner",
        "player": "TV",
        "media_type": "episode",
        "library": "TV Shows",
        "decision": "direct_play",
        "progress": 0,
    }.items() <= events.last(PLAYBACK).items()

    await stream.pause()
    await stream.resume()
    await stream.seek(50_000)
    await stream.stop()
    await settle(hass)
    assert events.types(PLAYBACK) == ["started", "paused", "resumed", "stopped"]
    assert events.last(PLAYBACK)["progress"] == 50


async def test_stream_that_ends_near_its_end_is_finished(
    hass: HomeAssistant, stream: Stream, events: EventRecorder
) -> None:
    """It is stopped as well: two events at the same moment."""
    await stream.seek(stream.item.duration * 95 // 100)
    await stream.stop()
    await settle(hass)
    assert events.types(PLAYBACK) == ["finished", "stopped"]


async def test_credits_are_reached_once(
    hass: HomeAssistant, home: PlexServer, owner: Account, entry: MockConfigEntry
) -> None:
    """Plex knows where they begin."""
    await home.add_media("Film", duration=100_000, credits_at=80_000)
    await set_up(hass, entry)
    stream = await home.start_stream(user=owner, title="Film")
    await settle(hass)
    events = EventRecorder(hass)
    for position in (79_000, 81_000, 82_000):
        await stream.seek(position)
    await settle(hass)
    assert events.types(PLAYBACK) == ["credits_reached"]


async def test_credits_of_streams_that_run_during_setup_are_reached(
    hass: HomeAssistant, home: PlexServer, owner: Account, entry: MockConfigEntry
) -> None:
    """A reload in the middle of a film does not lose them; credits that are over are no event."""
    await home.add_media("Film", duration=100_000, credits_at=80_000)
    stream = await home.start_stream(user=owner, title="Film")
    late = await home.start_stream(user=owner, title="Film")
    await late.seek(90_000)
    await set_up(hass, entry)
    await hass.config_entries.async_reload(entry.entry_id)
    await settle(hass)
    events = EventRecorder(hass)
    for position in (79_000, 81_000, 82_000):
        await stream.seek(position)
    await late.seek(91_000)
    await settle(hass)
    assert events.types(PLAYBACK) == ["credits_reached"]


async def test_start_of_transcoding_is_a_change_of_the_decision(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, stream: Stream, events: EventRecorder
) -> None:
    """The stream goes on, and is delivered differently."""
    await stream.deliver(Delivery.TRANSCODE)
    await advance(hass, freezer, 2, step=1)
    assert events.types(PLAYBACK) == ["decision_changed"]
    assert events.last(PLAYBACK)["decision"] == "transcode"


async def test_progress_is_no_event(
    hass: HomeAssistant, stream: Stream, events: EventRecorder
) -> None:
    """The position of a stream is reported every ten seconds, without a state change."""
    for position in range(0, 50_000, 1000):
        await stream.seek(position)
    await settle(hass)
    assert events.states(PLAYBACK) == []


async def test_stream_that_runs_during_setup_has_not_started(
    hass: HomeAssistant, home: PlexServer, owner: Account, entry: MockConfigEntry
) -> None:
    """Neither at the first setup nor at a reload."""
    await home.start_stream(user=owner, title="Film")
    events = EventRecorder(hass)
    await set_up(hass, entry)
    await hass.config_entries.async_reload(entry.entry_id)
    await settle(hass)
    assert events.states(PLAYBACK) == []


async def test_guest_has_no_playback_event(hass: HomeAssistant, guest: MockConfigEntry) -> None:
    """The entity is not created while the account may not see the sessions."""
    await set_up(hass, guest)
    assert hass.states.get(PLAYBACK) is None
    assert state_of(hass, LIBRARY) == STATE_UNKNOWN


async def test_items_that_are_added_together_are_one_event(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, home: PlexServer, events: EventRecorder
) -> None:
    """A season of 30 episodes, of which 20 are named."""
    await home.add_season("Show", 3, episodes=30)
    await settle(hass)
    await advance(hass, freezer, 2 * MINUTE)
    assert sorted(events.types(LIBRARY)) == ["added", "scan_finished", "scan_started"]
    [added] = [s for s in events.states(LIBRARY) if s.attributes["event_type"] == "added"]
    assert {
        "library": "TV Shows",
        "media_type": "episode",
        "title": "Show",
        "season": 3,
        "episode": None,
        "count": 30,
    }.items() <= added.attributes.items()
    assert len(added.attributes["titles"]) == len(added.attributes["rating_keys"]) == 20


async def test_removed_item_is_named(
    hass: HomeAssistant, home: PlexServer, entry: MockConfigEntry
) -> None:
    """A film, by its title."""
    film = await home.add_media("Film")
    await set_up(hass, entry)
    events = EventRecorder(hass)
    await home.remove_media(film)
    await settle(hass)
    assert events.types(LIBRARY) == ["removed"]
    assert events.last(LIBRARY)["title"] == "Film"
    assert events.last(LIBRARY)["library"] == "Movies"


@pytest.mark.allowed_logs(UNREADABLE)
async def test_server_goes_down_comes_back_and_was_updated(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, home: PlexServer, events: EventRecorder
) -> None:
    """Once each, with the version of the server at that moment."""
    before = home.version
    await home.stop()
    await advance(hass, freezer, 10 * MINUTE)
    assert events.types(SERVER) == ["went_down"]
    assert events.last(SERVER)["version"] == before

    home.version = "1.99.0.1-abc"
    await home.start()
    await advance(hass, freezer, 10 * MINUTE)
    assert events.types(SERVER) == ["went_down", "came_back", "updated"]
    assert [s.attributes["version"] for s in events.states(SERVER)][1:] == ["1.99.0.1-abc"] * 2


async def test_version_that_was_not_known_before_is_no_update(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    home: PlexServer,
    entry: MockConfigEntry,
) -> None:
    """The server did not say its version in the first answers."""
    home.faults.set(Fault.status(502), paths="^/$")
    nameless = {"machineIdentifier": home.machine_identifier, "claimed": True}
    home.faults.set(Fault.json({"MediaContainer": nameless}), paths="^/identity$")
    events = EventRecorder(hass)
    await set_up(hass, entry)
    await advance(hass, freezer, MINUTE, step=15)
    home.faults.clear()
    await advance(hass, freezer, 2 * MINUTE, step=15)
    assert state_of(hass, "sensor.home_version") == home.version
    assert events.states(SERVER) == []


@pytest.mark.allowed_logs(UNREADABLE)
async def test_events_of_a_flapping_server_alternate(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, home: PlexServer, events: EventRecorder
) -> None:
    """The same event never comes twice in a row."""
    for _ in range(3):
        await home.stop()
        await advance(hass, freezer, 5 * MINUTE)
        await home.start()
        await advance(hass, freezer, 5 * MINUTE)
    assert events.types(SERVER) == ["went_down", "came_back"] * 3


async def test_reload_is_no_event(
    hass: HomeAssistant, init_integration: MockConfigEntry, events: EventRecorder
) -> None:
    """The server was online before, and is."""
    await hass.config_entries.async_reload(init_integration.entry_id)
    await settle(hass)
    assert events.states(SERVER) == []
    assert events.states(TOKEN) == []


@pytest.mark.allowed_logs(UNREADABLE)
async def test_server_that_went_down_comes_back_after_a_reload(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    home: PlexServer,
    init_integration: MockConfigEntry,
    events: EventRecorder,
) -> None:
    """An automation that was triggered by the one event waits for the other."""
    await home.stop()
    await advance(hass, freezer, 5 * MINUTE)
    await hass.config_entries.async_reload(init_integration.entry_id)
    await settle(hass)
    assert events.types(SERVER) == ["went_down"]
    await home.start()
    await advance(hass, freezer, 10 * MINUTE)
    assert events.types(SERVER) == ["went_down", "came_back"]


@pytest.mark.allowed_logs(UNREADABLE)
async def test_server_that_is_down_when_home_assistant_starts_went_down(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, home: PlexServer, entry: MockConfigEntry
) -> None:
    """Once, as one that goes down later: a reload while it is down does not report it again."""
    await home.stop()
    events = EventRecorder(hass)
    await set_up(hass, entry)
    assert events.states(SERVER) == []
    await advance(hass, freezer, MINUTE)
    assert events.types(SERVER) == ["went_down"]
    for _ in range(2):
        await hass.config_entries.async_reload(entry.entry_id)
        await advance(hass, freezer, 5 * MINUTE)
    assert events.types(SERVER) == ["went_down"]

    await home.start()
    await advance(hass, freezer, MINUTE)
    assert events.types(SERVER) == ["went_down", "came_back"]


@pytest.mark.allowed_logs(UNREADABLE)
async def test_server_that_goes_down_just_before_a_reload_went_down(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    home: PlexServer,
    init_integration: MockConfigEntry,
    events: EventRecorder,
) -> None:
    """It was not reported before the reload."""
    await home.stop()
    await hass.config_entries.async_reload(init_integration.entry_id)
    await advance(hass, freezer, MINUTE)
    assert events.types(SERVER) == ["went_down"]


@pytest.mark.allowed_logs(UNREADABLE)
async def test_events_wait_for_home_assistant_to_start(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, home: PlexServer, entry: MockConfigEntry
) -> None:
    """No automation is triggered before."""
    hass.set_state(CoreState.starting)
    await home.stop()
    events = EventRecorder(hass)
    await set_up(hass, entry)
    await advance(hass, freezer, 5 * MINUTE)
    assert state_of(hass, "binary_sensor.home_server") == STATE_OFF
    assert events.states(SERVER) == []

    hass.set_state(CoreState.running)
    hass.bus.async_fire(EVENT_HOMEASSISTANT_STARTED)
    await settle(hass)
    assert events.types(SERVER) == ["went_down"]


@pytest.mark.allowed_logs(UNREADABLE)
async def test_token_becomes_invalid_once(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    world: World,
    init_integration: MockConfigEntry,
    events: EventRecorder,
) -> None:
    """A reload does not report it again."""
    world.plex_tv.revoke(init_integration.data[CONF_ACCOUNT_TOKEN])
    await advance(hass, freezer, 15 * MINUTE)
    assert events.types(TOKEN) == ["became_invalid"]
    await hass.config_entries.async_reload(init_integration.entry_id)
    await advance(hass, freezer, 15 * MINUTE)
    assert events.types(TOKEN) == ["became_invalid"]


@pytest.mark.allowed_logs(UNREADABLE)
async def test_token_that_was_valid_in_between_becomes_invalid_again(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    home: PlexServer,
    guest: MockConfigEntry,
    friend: Account,
) -> None:
    """One event each time."""
    await set_up(hass, guest)
    events = EventRecorder(hass)
    for _ in range(2):
        home.unshare(friend)
        await advance(hass, freezer, 5 * MINUTE)
        home.share_with(friend)
        await advance(hass, freezer, 30 * MINUTE)
    assert events.types(TOKEN).count("became_invalid") == 2


@pytest.mark.allowed_logs(UNREADABLE)
async def test_token_that_is_invalid_during_setup_is_reported(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, world: World, entry: MockConfigEntry
) -> None:
    """It became invalid while Home Assistant was not running."""
    world.plex_tv.revoke(entry.data[CONF_ACCOUNT_TOKEN])
    events = EventRecorder(hass)
    await set_up(hass, entry)
    await advance(hass, freezer, 15 * MINUTE)
    assert events.types(TOKEN) == ["became_invalid"]


@pytest.mark.allowed_logs(UNREADABLE)
async def test_token_that_is_invalid_when_home_assistant_starts_is_reported_without_the_server(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    world: World,
    home: PlexServer,
    entry: MockConfigEntry,
) -> None:
    """plex.tv refuses it, and it is reported once, also when the server is back."""
    await home.stop()
    world.plex_tv.revoke(entry.data[CONF_ACCOUNT_TOKEN])
    events = EventRecorder(hass)
    await set_up(hass, entry)
    await advance(hass, freezer, MINUTE)
    assert events.types(TOKEN) == ["became_invalid"]
    await home.start()
    await advance(hass, freezer, 15 * MINUTE)
    assert events.types(TOKEN) == ["became_invalid"]


@pytest.mark.allowed_logs(UNREADABLE)
async def test_token_is_replaced_when_another_one_has_worked(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    world: World,
    owner: Account,
    home: PlexServer,
    init_integration: MockConfigEntry,
    events: EventRecorder,
) -> None:
    """Not when it is stored: a sign-in stores it, and reloads the entry."""
    entry = init_integration
    token = world.plex_tv.sign_in(
        owner, client_identifier="home-assistant-2", product="Home Assistant"
    )
    url = entry.data[CONF_URL]
    hass.config_entries.async_update_entry(
        entry,
        data={**entry.data, CONF_ACCOUNT_TOKEN: token, CONF_SERVER_TOKEN: token},
    )
    home.faults.set(Fault.status(503))
    await hass.config_entries.async_reload(entry.entry_id)
    await settle(hass)
    assert events.states(TOKEN) == []

    home.faults.clear()
    await advance(hass, freezer, 5 * MINUTE)
    assert entry.data[CONF_URL] == url
    assert events.types(TOKEN) == ["replaced"]
    await advance(hass, freezer, 60 * MINUTE)
    assert events.types(TOKEN) == ["replaced"]


async def test_first_token_of_a_server_that_needed_none_replaces_nothing(
    hass: HomeAssistant, world: World, home: PlexServer, owner: Account
) -> None:
    """The entry had no token before."""
    home.allowed_without_auth = True
    entry = entry_of(home, source=TokenSource.NONE)
    await set_up(hass, entry)
    events = EventRecorder(hass)
    hass.config_entries.async_update_entry(
        entry, data=dict(signed_in_entry(world, home, owner).data)
    )
    await hass.config_entries.async_reload(entry.entry_id)
    await settle(hass)
    assert events.types(TOKEN) == []


async def test_token_is_replaced_by_the_action(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    init_integration: MockConfigEntry,
    events: EventRecorder,
) -> None:
    """Reported once, without a reload."""
    await hass.services.async_call(
        DOMAIN, "replace_token", {"config_entry_id": init_integration.entry_id}, blocking=True
    )
    await advance(hass, freezer, 5 * MINUTE)
    assert events.types(TOKEN) == ["replaced"]


@pytest.mark.allowed_logs(UNREADABLE)
async def test_server_token_that_plex_tv_lists_replaces_ours(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    home: PlexServer,
    guest: MockConfigEntry,
    friend: Account,
) -> None:
    """Without a reload."""
    await set_up(hass, guest)
    events = EventRecorder(hass)
    home.regenerate_token(friend)
    await advance(hass, freezer, 15 * MINUTE)
    assert events.types(TOKEN) == ["replaced"]


@pytest.mark.usefixtures("init_integration")
async def test_playback_is_unavailable_once_the_account_may_not_see_the_sessions(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, home: PlexServer
) -> None:
    """The other event entities stay available."""
    assert state_of(hass, PLAYBACK) == STATE_UNKNOWN
    home.faults.set(Fault.status(403), paths="^/status/sessions$")
    await advance(hass, freezer, 2 * MINUTE)
    assert state_of(hass, PLAYBACK) == STATE_UNAVAILABLE
    assert state_of(hass, SERVER) == STATE_UNKNOWN


async def test_no_event_after_the_entry_is_unloaded(
    hass: HomeAssistant, home: PlexServer, owner: Account, init_integration: MockConfigEntry
) -> None:
    """The entities are unavailable."""
    await hass.config_entries.async_unload(init_integration.entry_id)
    await settle(hass)
    events = EventRecorder(hass)
    await home.start_stream(user=owner, title="Film")
    await home.discover(Find(title="Another film"))
    await settle(hass)
    assert events.states(PLAYBACK) == []
    assert events.states(LIBRARY) == []
    assert state_of(hass, PLAYBACK) == STATE_UNAVAILABLE
