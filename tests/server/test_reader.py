"""Each part of the state is read when it is due, and survives a read that fails."""

from unittest.mock import patch

from freezegun.api import FrozenDateTimeFactory
from homeassistant.const import (
    EVENT_STATE_CHANGED,
    STATE_OFF,
    STATE_ON,
    STATE_UNAVAILABLE,
    STATE_UNKNOWN,
)
from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_capture_events

from tests.simulator import Account, Fault, PlexServer, World
from tests.support.entities import attributes_of
from tests.support.entries import DOWN, set_up, state_of
from tests.support.helpers import advance, settle

STREAMS = "sensor.home_streams"
ACTIVITIES = "sensor.home_activities"
REMOTE_ACCESS = "binary_sensor.home_remote_access"
UPDATE = "update.home_server_update"
NEW = "1.99.0.1-abc"
SCAN_ALL = "button.home_scan_all_libraries"
SONG = "Opening"
MINUTE = 60
HOUR = 60 * MINUTE


def activity_titles(hass: HomeAssistant) -> list[str]:
    """Return the titles of the activities that the sensor lists."""
    return [activity["title"] for activity in attributes_of(hass, ACTIVITIES)["activities"]]


async def test_owner_entities_are_back_after_the_sessions_were_denied_for_a_moment(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, home: PlexServer, entry: MockConfigEntry
) -> None:
    """What is read once an hour is not lost, and notifications are not missed meanwhile."""
    home.updater.offer(NEW, checked=True)
    await set_up(hass, entry)
    rule = home.faults.set(Fault.status(403), paths="^/status/sessions")
    await advance(hass, freezer, 70)
    assert state_of(hass, STREAMS) == STATE_UNAVAILABLE
    await home.activities.start("media.generate.credits", "Detecting credits")
    await settle(hass)
    home.faults.clear(rule)
    await advance(hass, freezer, 70)
    assert state_of(hass, STREAMS) == "0"
    assert state_of(hass, UPDATE) == STATE_ON
    assert state_of(hass, REMOTE_ACCESS) == STATE_ON
    assert state_of(hass, ACTIVITIES) == "1"


@pytest.mark.parametrize(
    "fault",
    [
        Fault.status(503),
        Fault.status(500),
        Fault.status(403),
        Fault.RESET,
        Fault.UNAUTHORIZED,
        Fault.json({"MyPlex": {}}),
    ],
)
@pytest.mark.usefixtures("init_integration")
async def test_remote_access_is_unknown_once_it_cannot_be_read_for_a_second_time(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, home: PlexServer, fault: Fault
) -> None:
    """Its last state stays until then, and it is back within a minute."""
    rule = home.faults.set(fault, paths="^/myplex/account")
    await home.remote_access.become("unmapped")
    await advance(hass, freezer, 3, step=1)
    assert rule.hits > 0
    assert state_of(hass, REMOTE_ACCESS) == STATE_ON
    await advance(hass, freezer, 7, step=1)
    assert state_of(hass, REMOTE_ACCESS) == STATE_UNAVAILABLE
    assert state_of(hass, UPDATE) == STATE_OFF
    await advance(hass, freezer, HOUR)
    home.faults.clear(rule)
    await advance(hass, freezer, MINUTE + 5, step=5)
    assert state_of(hass, REMOTE_ACCESS) == STATE_OFF


@pytest.mark.parametrize(
    ("path", "entity_id"), [("^/myplex/account", REMOTE_ACCESS), ("^/updater/status", UPDATE)]
)
@pytest.mark.parametrize("fault", [Fault.status(500), Fault.status(404), Fault.GARBLED])
@pytest.mark.usefixtures("init_integration")
async def test_one_failed_read_changes_no_state(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    world: World,
    home: PlexServer,
    path: str,
    entity_id: str,
    fault: Fault,
) -> None:
    """It is repeated within a few seconds, and the server is polled as before afterwards."""
    before = state_of(hass, entity_id)
    changes = async_capture_events(hass, EVENT_STATE_CHANGED)
    rule = home.faults.set(fault, paths=path, times=1)
    await advance(hass, freezer, HOUR + 2 * MINUTE)
    assert rule.spent
    assert state_of(hass, entity_id) == before
    assert [change for change in changes if change.data["entity_id"] == entity_id] == []
    world.requests.clear()
    await advance(hass, freezer, HOUR / 2)
    assert len(world.requests.to(host="Home", path="/identity")) <= 31


async def test_part_that_failed_before_the_rights_were_lost_costs_no_polls(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    world: World,
    home: PlexServer,
    entry: MockConfigEntry,
) -> None:
    """It is not read any more."""
    await set_up(hass, entry)
    await advance(hass, freezer, MINUTE)
    home.faults.set(Fault.status(403), paths="^/(updater/status|status/sessions|myplex/account)")
    await home.remote_access.become("unmapped")
    await advance(hass, freezer, 20 * MINUTE)
    world.requests.clear()
    await advance(hass, freezer, HOUR / 2)
    assert len(world.requests.to(host="Home", path="/identity")) <= 31


@pytest.mark.parametrize("fault", [Fault.status(403), Fault.status(404)])
async def test_parts_that_are_denied_are_back_within_a_minute(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    home: PlexServer,
    entry: MockConfigEntry,
    fault: Fault,
) -> None:
    """Their last states are not kept meanwhile, and all else is available."""
    await set_up(hass, entry)
    home.faults.set(fault, paths="^/(myplex/account|updater/status)$")
    await advance(hass, freezer, HOUR + 2 * MINUTE)
    for entity_id in (REMOTE_ACCESS, UPDATE):
        assert state_of(hass, entity_id) in {STATE_UNAVAILABLE, STATE_UNKNOWN}
    assert state_of(hass, STREAMS) == "0"
    home.faults.clear()
    await advance(hass, freezer, MINUTE + 5, step=5)
    assert state_of(hass, REMOTE_ACCESS) == STATE_ON
    assert state_of(hass, UPDATE) == STATE_OFF


@pytest.mark.parametrize("fault", [Fault.status(403), Fault.UNAUTHORIZED])
@pytest.mark.parametrize("minutes", [1, 5, 60])
async def test_sessions_that_were_denied_are_back_within_a_minute(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    home: PlexServer,
    entry: MockConfigEntry,
    fault: Fault,
    minutes: int,
) -> None:
    """However long the server denied them to its owner."""
    await set_up(hass, entry)
    home.faults.set(fault, paths="^/status/sessions$")
    await advance(hass, freezer, minutes * MINUTE + 10)
    assert state_of(hass, STREAMS) == STATE_UNAVAILABLE
    home.faults.clear()
    await advance(hass, freezer, MINUTE + 5, step=5)
    assert state_of(hass, STREAMS) == "0"


async def test_owner_who_was_denied_everything_is_back_within_a_minute(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, home: PlexServer, entry: MockConfigEntry
) -> None:
    """A server that starts denies its owner all rights for a while."""
    await set_up(hass, entry)
    home.faults.set(Fault.status(403), paths="^/(status/sessions|myplex/account)$")
    await advance(hass, freezer, 5 * MINUTE)
    assert state_of(hass, STREAMS) == STATE_UNAVAILABLE
    home.faults.clear()
    await advance(hass, freezer, MINUTE + 5, step=5)
    assert state_of(hass, STREAMS) == "0"
    assert state_of(hass, REMOTE_ACCESS) == STATE_ON


async def test_guest_who_becomes_the_owner_is_noticed_when_push_is_back(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, home: PlexServer, entry: MockConfigEntry
) -> None:
    """The server may have been restarted, and have denied its owner everything before."""
    home.faults.set(Fault.status(403), paths="^/(status/sessions|myplex/account)$")
    await set_up(hass, entry)
    await advance(hass, freezer, 15 * MINUTE)
    home.faults.clear()
    await home.notifier.drop()
    await advance(hass, freezer, MINUTE + 5, step=5)
    assert state_of(hass, STREAMS) == "0"


@pytest.mark.parametrize("fault", [Fault.status(403), Fault.UNAUTHORIZED])
async def test_sessions_that_are_denied_cost_the_owner_nothing_else(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    home: PlexServer,
    entry: MockConfigEntry,
    fault: Fault,
) -> None:
    """The server answers the rest of what only its owner may read."""
    await set_up(hass, entry)
    home.faults.set(fault, paths="^/status/sessions$")
    for _ in range(3):
        await advance(hass, freezer, 5 * MINUTE)
        assert state_of(hass, STREAMS) == STATE_UNAVAILABLE
        assert state_of(hass, UPDATE) == STATE_OFF
        assert state_of(hass, REMOTE_ACCESS) == STATE_ON
        assert state_of(hass, ACTIVITIES) == "0"
        assert state_of(hass, SCAN_ALL) == STATE_UNKNOWN


@pytest.mark.parametrize("fault", [Fault.status(403), Fault.UNAUTHORIZED])
async def test_sessions_that_were_denied_at_the_start_are_there_within_a_minute(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    home: PlexServer,
    entry: MockConfigEntry,
    fault: Fault,
) -> None:
    """However long they were denied, and all else is there at once."""
    home.faults.set(fault, paths="^/status/sessions$")
    await set_up(hass, entry)
    assert state_of(hass, UPDATE) == STATE_OFF
    assert state_of(hass, ACTIVITIES) == "0"
    await advance(hass, freezer, HOUR)
    home.faults.clear()
    await advance(hass, freezer, MINUTE + 5, step=5)
    assert state_of(hass, STREAMS) == "0"


async def test_activities_are_reported_by_push_where_they_cannot_be_read(
    hass: HomeAssistant, home: PlexServer, entry: MockConfigEntry
) -> None:
    """Everything else is read as usual."""
    home.faults.set(Fault.status(404), paths="^/activities")
    await set_up(hass, entry)
    assert state_of(hass, ACTIVITIES) == "0"
    assert state_of(hass, STREAMS) == "0"
    await home.activities.start("media.generate.credits", "Detecting credits")
    await settle(hass)
    assert state_of(hass, ACTIVITIES) == "1"


@pytest.mark.usefixtures("init_integration")
async def test_activities_that_cannot_be_read_when_push_is_lost_are_read_when_it_is_back(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, home: PlexServer
) -> None:
    """Push does not report again the activities that started before."""
    await home.activities.start("media.generate.credits", "Detecting credits")
    await advance(hass, freezer, 10 * MINUTE)
    assert state_of(hass, ACTIVITIES) == "1"
    rule = home.faults.set(Fault.status(500), paths="^/activities")
    await home.notifier.drop(abruptly=True)
    await settle(hass)
    assert rule.hits > 0
    home.faults.clear(rule)
    await advance(hass, freezer, 2 * MINUTE)
    assert state_of(hass, ACTIVITIES) == "1"


@pytest.mark.usefixtures("init_integration")
async def test_activity_whose_end_is_not_reported_is_not_shown_for_ever(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, home: PlexServer
) -> None:
    """Those that are shown are read now and then."""
    await home.notifier.send_text(
        '{"NotificationContainer": {"type": "activity", "ActivityNotification": [{"event":'
        ' "started", "uuid": "1", "Activity": {"uuid": "1", "type": "x", "title": "Work"}}]}}'
    )
    await settle(hass)
    assert state_of(hass, ACTIVITIES) == "1"
    await advance(hass, freezer, 7 * MINUTE)
    assert state_of(hass, ACTIVITIES) == "0"


@pytest.mark.usefixtures("init_integration")
async def test_activity_whose_start_is_not_reported_is_shown_some_time(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, world: World, home: PlexServer
) -> None:
    """They are read twice an hour where none is known."""
    await advance(hass, freezer, MINUTE)
    with patch.object(home.notifier, "listeners", []):
        await home.activities.start("media.generate.credits", "Detecting credits")
    await advance(hass, freezer, 33 * MINUTE)
    assert activity_titles(hass) == ["Detecting credits"]
    home.activities.running.clear()
    await advance(hass, freezer, 7 * MINUTE)
    assert state_of(hass, ACTIVITIES) == "0"
    world.requests.clear()
    await advance(hass, freezer, 6 * HOUR)
    assert len(world.requests.to(host="Home", path="/activities")) <= 12


@pytest.mark.usefixtures("init_integration")
async def test_activities_are_unknown_where_neither_push_nor_a_read_reports_them(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, home: PlexServer
) -> None:
    """Not after one failed read, and they are back within a minute."""
    await home.activities.start("media.generate.credits", "Detecting credits")
    await advance(hass, freezer, 2 * MINUTE)
    home.faults.set(Fault.status(500), paths="^/activities")
    home.refuses_websockets = 503
    await home.notifier.drop(abruptly=True)
    await advance(hass, freezer, 2, step=1)
    assert state_of(hass, ACTIVITIES) == "1"
    await advance(hass, freezer, MINUTE)
    assert state_of(hass, ACTIVITIES) == STATE_UNAVAILABLE
    assert state_of(hass, STREAMS) == "0"
    home.faults.clear()
    await advance(hass, freezer, MINUTE)
    assert state_of(hass, ACTIVITIES) == "1"


async def test_activities_that_push_has_reported_stay_where_they_cannot_be_read(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, home: PlexServer, entry: MockConfigEntry
) -> None:
    """Reads that fail do not undo what push reports."""
    home.faults.set(Fault.status(404), paths="^/activities")
    await set_up(hass, entry)
    activity = await home.activities.start("media.generate.credits", "Detecting credits")
    await advance(hass, freezer, 10 * MINUTE)
    assert state_of(hass, ACTIVITIES) == "1"
    await activity.end()
    await settle(hass)
    assert state_of(hass, ACTIVITIES) == "0"


@pytest.mark.allowed_logs(DOWN)
@pytest.mark.parametrize("restarts", [False, True])
@pytest.mark.usefixtures("init_integration")
async def test_remote_access_is_read_again_when_push_is_back(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, home: PlexServer, *, restarts: bool
) -> None:
    """Its notification was lost with the channel."""
    await advance(hass, freezer, 2 * MINUTE)
    if restarts:
        await home.restart()
    else:
        await home.notifier.drop(abruptly=True)
    home.remote_access.state = "failed"
    home.updater.offer(NEW, checked=True)
    await advance(hass, freezer, 5 * MINUTE)
    assert len(home.notifier.listeners) == 1
    assert state_of(hass, REMOTE_ACCESS) == STATE_OFF
    assert state_of(hass, UPDATE) == STATE_ON


async def test_credits_of_many_streams_are_read_with_one_request(
    hass: HomeAssistant, world: World, home: PlexServer, owner: Account, entry: MockConfigEntry
) -> None:
    """A start of Home Assistant on a busy evening costs no more than another."""
    films = [
        await home.add_media(f"Film {number}", duration=100_000, credits_at=80_000)
        for number in range(20)
    ]
    streams = [await home.start_stream(user=owner, title=film.title) for film in films]
    await home.start_stream(user=owner, title=SONG)
    await set_up(hass, entry)
    [path] = [one.path for one in world.requests.to(host="Home") if "/metadata/" in one.path]
    keys = path.rpartition("/")[2].split(",")
    assert sorted(keys) == sorted(str(film.rating_key) for film in films)
    changes = async_capture_events(hass, EVENT_STATE_CHANGED)
    for stream in streams:
        await stream.seek(81_000)
    await settle(hass)
    states = [change.data["new_state"] for change in changes]
    reached = [
        state.attributes["title"]
        for state in states
        if state is not None and state.entity_id == "event.home_playback"
    ]
    assert reached == [film.title for film in films]


async def test_stream_is_followed_where_its_credits_cannot_be_read(
    hass: HomeAssistant, home: PlexServer, owner: Account, entry: MockConfigEntry
) -> None:
    """There is no event for its credits."""
    await home.add_media("Film", duration=100_000, credits_at=80_000)
    await set_up(hass, entry)
    rule = home.faults.set(Fault.status(500), paths="^/library/metadata/")
    stream = await home.start_stream(user=owner, title="Film")
    await settle(hass)
    assert rule.hits == 1
    await stream.seek(81_000)
    await settle(hass)
    assert state_of(hass, STREAMS) == "1"
    event = hass.states.get("event.home_playback")
    assert event is not None
    assert event.attributes["event_type"] == "started"


@pytest.mark.usefixtures("init_integration")
async def test_activity_that_ends_during_another_request_does_not_come_back(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, home: PlexServer
) -> None:
    """The poll that waits for the response began before the end."""
    activity = await home.activities.start("media.generate.credits", "Detecting credits")
    await advance(hass, freezer, MINUTE)
    slow = home.faults.set(Fault.slow(5), paths="^/myplex/account")
    await home.remote_access.become("unmapped")
    await settle(hass)
    assert slow.hits == 1
    await activity.end()
    await advance(hass, freezer, 6, step=6)
    assert state_of(hass, REMOTE_ACCESS) == STATE_OFF
    assert state_of(hass, ACTIVITIES) == "0"


@pytest.mark.usefixtures("init_integration")
async def test_notifications_of_activities_during_a_read_of_them_are_kept(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, home: PlexServer
) -> None:
    """The response is older than they are, and is not read again while push lasts."""
    ended = await home.activities.start("media.generate.credits", "Detecting credits")
    await advance(hass, freezer, 2 * MINUTE)
    slow = home.faults.set(Fault.slow(5), paths="^/activities")
    await home.notifier.drop()
    # They are read once because push is lost, and again because it is back.
    await advance(hass, freezer, 6, step=6)
    assert slow.hits == 2
    await home.activities.start("media.generate.intros", "Detecting intros")
    await ended.end()
    await settle(hass)
    assert activity_titles(hass) == ["Detecting intros"]
    await advance(hass, freezer, 3 * MINUTE, step=6)
    assert activity_titles(hass) == ["Detecting intros"]
