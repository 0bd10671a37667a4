"""Event entities say what happened last, and each thing once."""

from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import CONF_URL, EVENT_STATE_CHANGED, STATE_UNAVAILABLE, STATE_UNKNOWN
from homeassistant.core import Event, HomeAssistant, State
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_capture_events

from custom_components.plex_monitor.const import (
    CONF_ACCOUNT_TOKEN,
    CONF_SERVER_TOKEN,
    DOMAIN,
    TokenSource,
)

from .simulator import Account, Delivery, Fault, Find, Kind, PlexServer, World
from .support.entries import UNREADABLE, entry_of, set_up, setup_state, signed_in_entry, state_of
from .support.helpers import advance, settle

PLAYBACK = "event.home_playback"
LIBRARY = "event.home_library"
SERVER = "event.home_server"
TOKEN = "event.home_token"

MINUTE = 60


class Told:
    """What event entities told since this was made."""

    def __init__(self, hass: HomeAssistant) -> None:
        """Begin to listen."""
        self._events = async_capture_events(hass, EVENT_STATE_CHANGED)

    def states(self, entity_id: str) -> list[State]:
        """Return each state that tells of an event, and none twice."""
        found: dict[str, State] = {}
        for event in self._events:
            state = _new_state(event)
            if state is not None and state.entity_id == entity_id:
                found[state.state] = state
        for nothing in (STATE_UNAVAILABLE, STATE_UNKNOWN):
            found.pop(nothing, None)
        return list(found.values())

    def kinds(self, entity_id: str) -> list[str]:
        """Return what happened."""
        return [state.attributes["event_type"] for state in self.states(entity_id)]

    def last(self, entity_id: str) -> dict[str, Any]:
        """Return what was told with the last of it."""
        return dict(self.states(entity_id)[-1].attributes)


def _new_state(event: Event[Any]) -> State | None:
    state: State | None = event.data["new_state"]
    return state


async def test_nothing_has_happened_yet(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """A start of Home Assistant is no news of the server."""
    await set_up(hass, entry)
    for entity_id in (PLAYBACK, LIBRARY, SERVER, TOKEN):
        assert state_of(hass, entity_id) == STATE_UNKNOWN


async def test_playback_from_start_to_end(
    hass: HomeAssistant, home: PlexServer, owner: Account, entry: MockConfigEntry
) -> None:
    """With what is played, by whom and where."""
    await home.add_media("Pilot", kind=Kind.EPISODE, show="Show", season=2, duration=100_000)
    await set_up(hass, entry)
    told = Told(hass)
    stream = await home.start_stream(user=owner, title="Pilot", player="TV", kind=Kind.EPISODE)
    await settle(hass)
    assert told.kinds(PLAYBACK) == ["started"]
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
    }.items() <= told.last(PLAYBACK).items()

    await stream.pause()
    await stream.resume()
    await stream.seek(50_000)
    await stream.stop()
    await settle(hass)
    assert told.kinds(PLAYBACK) == ["started", "paused", "resumed", "stopped"]
    assert told.last(PLAYBACK)["progress"] == 50


async def test_what_was_played_to_its_end_is_finished(
    hass: HomeAssistant, home: PlexServer, owner: Account, entry: MockConfigEntry
) -> None:
    """And stopped, which are two events even where they happen at once."""
    await home.add_media("Film", duration=100_000)
    await set_up(hass, entry)
    stream = await home.start_stream(user=owner, title="Film")
    await settle(hass)
    told = Told(hass)
    await stream.seek(95_000)
    await stream.stop()
    await settle(hass)
    assert told.kinds(PLAYBACK) == ["finished", "stopped"]


async def test_credits_are_reached_once(
    hass: HomeAssistant, home: PlexServer, owner: Account, entry: MockConfigEntry
) -> None:
    """Where Plex knows where they begin."""
    await home.add_media("Film", duration=100_000, credits_at=80_000)
    await set_up(hass, entry)
    stream = await home.start_stream(user=owner, title="Film")
    await settle(hass)
    told = Told(hass)
    for position in (79_000, 81_000, 82_000):
        await stream.seek(position)
    await settle(hass)
    assert told.kinds(PLAYBACK) == ["credits_reached"]


async def test_credits_of_what_ran_before_are_reached_as_well(
    hass: HomeAssistant, home: PlexServer, owner: Account, entry: MockConfigEntry
) -> None:
    """A reload in the middle of a film does not lose them."""
    await home.add_media("Film", duration=100_000, credits_at=80_000)
    stream = await home.start_stream(user=owner, title="Film")
    late = await home.start_stream(user=owner, title="Film")
    await late.seek(90_000)
    await set_up(hass, entry)
    await hass.config_entries.async_reload(entry.entry_id)
    await settle(hass)
    told = Told(hass)
    for position in (79_000, 81_000, 82_000):
        await stream.seek(position)
    await late.seek(91_000)
    await settle(hass)
    assert told.kinds(PLAYBACK) == ["credits_reached"]


async def test_a_change_of_how_a_stream_is_delivered(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    home: PlexServer,
    owner: Account,
    entry: MockConfigEntry,
) -> None:
    """It began to be transcoded."""
    await set_up(hass, entry)
    stream = await home.start_stream(user=owner, title="Film")
    await settle(hass)
    told = Told(hass)
    await stream.deliver(Delivery.TRANSCODE)
    await advance(hass, freezer, 2, step=1)
    assert told.kinds(PLAYBACK) == ["decision_changed"]
    assert told.last(PLAYBACK)["decision"] == "transcode"


async def test_progress_is_no_event(
    hass: HomeAssistant, home: PlexServer, owner: Account, entry: MockConfigEntry
) -> None:
    """A stream says where it is every ten seconds, and nothing is written for it."""
    await set_up(hass, entry)
    stream = await home.start_stream(user=owner, title="Film")
    await settle(hass)
    told = Told(hass)
    for position in range(0, 50_000, 1000):
        await stream.seek(position)
    await settle(hass)
    assert told.states(PLAYBACK) == []


async def test_what_ran_before_did_not_just_start(
    hass: HomeAssistant, home: PlexServer, owner: Account, entry: MockConfigEntry
) -> None:
    """Neither at the start nor at a reload."""
    await home.start_stream(user=owner, title="Film")
    told = Told(hass)
    await set_up(hass, entry)
    await hass.config_entries.async_reload(entry.entry_id)
    await settle(hass)
    assert told.states(PLAYBACK) == []


async def test_guest_has_no_playback_event(hass: HomeAssistant, guest: MockConfigEntry) -> None:
    """Until the sessions may be seen there is nothing to tell of."""
    await set_up(hass, guest)
    assert hass.states.get(PLAYBACK) is None
    assert state_of(hass, LIBRARY) == STATE_UNKNOWN


async def test_what_comes_in_together_is_one_event(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, home: PlexServer, entry: MockConfigEntry
) -> None:
    """A season of 30 episodes, of which 20 are named."""
    await set_up(hass, entry)
    told = Told(hass)
    await home.add_season("Show", 3, episodes=30)
    await settle(hass)
    await advance(hass, freezer, 2 * MINUTE)
    assert sorted(told.kinds(LIBRARY)) == ["added", "scan_finished", "scan_started"]
    [added] = [s for s in told.states(LIBRARY) if s.attributes["event_type"] == "added"]
    assert {
        "library": "TV Shows",
        "media_type": "episode",
        "title": "Show",
        "season": 3,
        "episode": None,
        "count": 30,
    }.items() <= added.attributes.items()
    assert len(added.attributes["titles"]) == len(added.attributes["rating_keys"]) == 20


async def test_what_is_removed(
    hass: HomeAssistant, home: PlexServer, entry: MockConfigEntry
) -> None:
    """A film, by its title."""
    film = await home.add_media("Film")
    await set_up(hass, entry)
    told = Told(hass)
    await home.remove_media(film)
    await settle(hass)
    assert told.kinds(LIBRARY) == ["removed"]
    assert told.last(LIBRARY)["title"] == "Film"
    assert told.last(LIBRARY)["library"] == "Movies"


@pytest.mark.allowed_logs(UNREADABLE)
async def test_server_goes_down_comes_back_and_was_updated(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, home: PlexServer, entry: MockConfigEntry
) -> None:
    """Once each, and with the version that it has then."""
    await set_up(hass, entry)
    told = Told(hass)
    before = home.version
    await home.stop()
    await advance(hass, freezer, 10 * MINUTE)
    assert told.kinds(SERVER) == ["went_down"]
    assert told.last(SERVER)["version"] == before

    home.version = "1.99.0.1-abc"
    await home.start()
    await advance(hass, freezer, 10 * MINUTE)
    assert told.kinds(SERVER) == ["went_down", "came_back", "updated"]
    assert [s.attributes["version"] for s in told.states(SERVER)][1:] == ["1.99.0.1-abc"] * 2


@pytest.mark.allowed_logs(UNREADABLE)
async def test_server_that_flaps_is_told_of_in_turn(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, home: PlexServer, entry: MockConfigEntry
) -> None:
    """Never twice the same."""
    await set_up(hass, entry)
    told = Told(hass)
    for _ in range(3):
        await home.stop()
        await advance(hass, freezer, 5 * MINUTE)
        await home.start()
        await advance(hass, freezer, 5 * MINUTE)
    assert told.kinds(SERVER) == ["went_down", "came_back"] * 3


async def test_reload_is_no_news_of_the_server(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """It was up, and is."""
    await set_up(hass, entry)
    told = Told(hass)
    await hass.config_entries.async_reload(entry.entry_id)
    await settle(hass)
    assert told.states(SERVER) == []
    assert told.states(TOKEN) == []


@pytest.mark.allowed_logs(UNREADABLE)
async def test_server_that_went_down_comes_back_after_a_reload_as_well(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, home: PlexServer, entry: MockConfigEntry
) -> None:
    """Whoever was told the one waits for the other."""
    await set_up(hass, entry)
    told = Told(hass)
    await home.stop()
    await advance(hass, freezer, 5 * MINUTE)
    await hass.config_entries.async_reload(entry.entry_id)
    await settle(hass)
    assert told.kinds(SERVER) == ["went_down"]
    await home.start()
    await advance(hass, freezer, 10 * MINUTE)
    assert told.kinds(SERVER) == ["went_down", "came_back"]


async def test_server_that_was_down_when_home_assistant_started_did_not_come_back(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, home: PlexServer, entry: MockConfigEntry
) -> None:
    """Nobody was told that it was down."""
    await home.stop()
    await set_up(hass, entry)
    told = Told(hass)
    await home.start()
    await advance(hass, freezer, 10 * MINUTE)
    assert state_of(hass, "binary_sensor.home_server") == "on"
    assert told.states(SERVER) == []


@pytest.mark.allowed_logs(UNREADABLE)
async def test_token_becomes_invalid_once(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    world: World,
    entry: MockConfigEntry,
) -> None:
    """A reload does not tell it again."""
    await set_up(hass, entry)
    told = Told(hass)
    world.plex_tv.revoke(entry.data[CONF_ACCOUNT_TOKEN])
    await advance(hass, freezer, 15 * MINUTE)
    assert told.kinds(TOKEN) == ["became_invalid"]
    await hass.config_entries.async_reload(entry.entry_id)
    await advance(hass, freezer, 15 * MINUTE)
    assert told.kinds(TOKEN) == ["became_invalid"]


@pytest.mark.allowed_logs(UNREADABLE)
async def test_token_that_becomes_invalid_again_is_told_again(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    home: PlexServer,
    guest: MockConfigEntry,
    friend: Account,
) -> None:
    """It was well in between."""
    await set_up(hass, guest)
    told = Told(hass)
    for _ in range(2):
        home.unshare(friend)
        await advance(hass, freezer, 5 * MINUTE)
        home.share_with(friend)
        await advance(hass, freezer, 30 * MINUTE)
    assert told.kinds(TOKEN).count("became_invalid") == 2


@pytest.mark.allowed_logs(UNREADABLE)
async def test_token_that_is_dead_at_the_start_is_told_of(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, world: World, entry: MockConfigEntry
) -> None:
    """It became so while nobody looked."""
    world.plex_tv.revoke(entry.data[CONF_ACCOUNT_TOKEN])
    told = Told(hass)
    await set_up(hass, entry)
    await advance(hass, freezer, 15 * MINUTE)
    assert told.kinds(TOKEN) == ["became_invalid"]


@pytest.mark.allowed_logs(UNREADABLE)
async def test_what_becomes_known_before_the_server_answers_is_told_when_it_does(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    world: World,
    home: PlexServer,
    entry: MockConfigEntry,
) -> None:
    """There is nobody to tell it to while the setup is tried again and again."""
    await home.stop()
    world.plex_tv.revoke(entry.data[CONF_ACCOUNT_TOKEN])
    told = Told(hass)
    await set_up(hass, entry)
    # That it is dead was checked a moment ago, and so nothing new is known when the server is back.
    # With the prompt closed, Home Assistant does not wait for long to see that.
    await advance(hass, freezer, 22 * MINUTE)
    for flow in hass.config_entries.flow.async_progress():
        hass.config_entries.flow.async_abort(flow["flow_id"])
    await advance(hass, freezer, MINUTE)
    assert told.kinds(TOKEN) == []
    await home.start()
    while setup_state(entry) is not ConfigEntryState.LOADED:
        await advance(hass, freezer, 5)
    assert told.kinds(TOKEN) == ["became_invalid"]


@pytest.mark.allowed_logs(UNREADABLE)
async def test_token_is_replaced_when_another_one_has_worked(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    world: World,
    owner: Account,
    entry: MockConfigEntry,
) -> None:
    """Not when it is stored: a sign-in stores it, and reloads the entry."""
    await set_up(hass, entry)
    told = Told(hass)
    token = world.plex_tv.sign_in(
        owner, client_identifier="home-assistant-2", product="Home Assistant"
    )
    url = entry.data[CONF_URL]
    hass.config_entries.async_update_entry(
        entry,
        data={**entry.data, CONF_ACCOUNT_TOKEN: token, CONF_SERVER_TOKEN: token},
    )
    world.server("Home").faults.set(Fault.status(503))
    await hass.config_entries.async_reload(entry.entry_id)
    await settle(hass)
    assert told.states(TOKEN) == []

    world.server("Home").faults.clear()
    await advance(hass, freezer, 5 * MINUTE)
    assert entry.data[CONF_URL] == url
    assert told.kinds(TOKEN) == ["replaced"]
    await advance(hass, freezer, 60 * MINUTE)
    assert told.kinds(TOKEN) == ["replaced"]


async def test_first_token_of_a_server_that_wanted_none_replaces_nothing(
    hass: HomeAssistant, world: World, home: PlexServer, owner: Account
) -> None:
    """There was none before."""
    home.allowed_without_auth = True
    entry = entry_of(home, source=TokenSource.NONE)
    await set_up(hass, entry)
    told = Told(hass)
    hass.config_entries.async_update_entry(
        entry, data=dict(signed_in_entry(world, home, owner).data)
    )
    await hass.config_entries.async_reload(entry.entry_id)
    await settle(hass)
    assert told.kinds(TOKEN) == []


async def test_token_is_replaced_by_the_action(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, entry: MockConfigEntry
) -> None:
    """Told once, without any reload."""
    await set_up(hass, entry)
    told = Told(hass)
    await hass.services.async_call(
        DOMAIN, "replace_token", {"config_entry_id": entry.entry_id}, blocking=True
    )
    await advance(hass, freezer, 5 * MINUTE)
    assert told.kinds(TOKEN) == ["replaced"]


@pytest.mark.allowed_logs(UNREADABLE)
async def test_server_token_that_plex_lists_replaces_ours(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    home: PlexServer,
    guest: MockConfigEntry,
    friend: Account,
) -> None:
    """Without any reload."""
    await set_up(hass, guest)
    told = Told(hass)
    home.regenerate_token(friend)
    await advance(hass, freezer, 15 * MINUTE)
    assert told.kinds(TOKEN) == ["replaced"]


async def test_what_the_account_may_see_no_more_is_not_told_any_more(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, home: PlexServer, entry: MockConfigEntry
) -> None:
    """What is not of the streams goes on."""
    await set_up(hass, entry)
    assert state_of(hass, PLAYBACK) == STATE_UNKNOWN
    home.faults.set(Fault.status(403), paths="^/status/sessions$")
    await advance(hass, freezer, 2 * MINUTE)
    assert state_of(hass, PLAYBACK) == STATE_UNAVAILABLE
    assert state_of(hass, SERVER) == STATE_UNKNOWN


async def test_nothing_is_told_once_the_entry_is_unloaded(
    hass: HomeAssistant, home: PlexServer, owner: Account, entry: MockConfigEntry
) -> None:
    """The entity is gone with it."""
    await set_up(hass, entry)
    await hass.config_entries.async_unload(entry.entry_id)
    await settle(hass)
    told = Told(hass)
    await home.start_stream(user=owner, title="Film")
    await home.discover(Find(title="Another film"))
    await settle(hass)
    assert told.states(PLAYBACK) == []
    assert told.states(LIBRARY) == []
    assert state_of(hass, PLAYBACK) == STATE_UNAVAILABLE
