"""Polling keeps it true, push makes it fast, and both are polite."""

from freezegun.api import FrozenDateTimeFactory
from homeassistant.const import EVENT_STATE_CHANGED, STATE_OFF, STATE_ON, STATE_UNAVAILABLE
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_capture_events

from tests.simulator import Account, Fault, PlexServer, World
from tests.support.entries import DOWN, set_up, state_of
from tests.support.helpers import advance, settle

STREAMS = "sensor.home_streams"
ACTIVITIES = "sensor.home_activities"
SERVER = "binary_sensor.home_server"

MINUTE = 60


async def test_stream_is_followed_by_push(
    hass: HomeAssistant, home: PlexServer, owner: Account, entry: MockConfigEntry
) -> None:
    """No time has to pass."""
    await set_up(hass, entry)
    stream = await home.start_stream(user=owner, title="Film")
    await settle(hass)
    assert state_of(hass, STREAMS) == "1"
    await stream.pause()
    await settle(hass)
    assert state_of(hass, STREAMS) == "1"
    await stream.stop()
    await settle(hass)
    assert state_of(hass, STREAMS) == "0"


async def test_push_of_a_known_stream_costs_no_request(
    hass: HomeAssistant, world: World, home: PlexServer, owner: Account, entry: MockConfigEntry
) -> None:
    """A new stream costs one, and its end, its pauses and its progress none."""
    await set_up(hass, entry)
    stream = await home.start_stream(user=owner, title="Film")
    await settle(hass)
    world.requests.clear()
    for position in range(0, 100_000, 1000):
        await stream.seek(position)
    await stream.pause()
    await stream.resume()
    await stream.stop()
    await settle(hass)
    assert state_of(hass, STREAMS) == "0"
    assert len(world.requests) == 0


async def test_ended_stream_that_the_server_still_lists_does_not_come_back(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    home: PlexServer,
    owner: Account,
    entry: MockConfigEntry,
) -> None:
    """Push said that it ended, and a server is reported to list a ghost for half an hour."""
    await set_up(hass, entry)
    stream = await home.start_stream(user=owner, title="Film")
    await settle(hass)
    await home.notifier.notify(
        "playing",
        "PlaySessionStateNotification",
        {"sessionKey": stream.session_key, "state": "stopped", "ratingKey": "1"},
    )
    await settle(hass)
    assert state_of(hass, STREAMS) == "0"
    await advance(hass, freezer, 5 * MINUTE)
    assert state_of(hass, STREAMS) == "0"

    await stream.resume()
    await settle(hass)
    assert state_of(hass, STREAMS) == "1"


async def test_with_push_one_authenticated_request_a_minute_keeps_it_true(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, world: World, entry: MockConfigEntry
) -> None:
    """The library, which lets disks sleep, is never touched by it."""
    await set_up(hass, entry)
    await advance(hass, freezer, MINUTE)
    world.requests.clear()
    await advance(hass, freezer, 60 * MINUTE)
    sent = [r for r in world.requests.to(host="Home") if r.token_sent]
    assert 55 <= len(sent) <= 72
    assert [r for r in world.requests if r.path.startswith("/library")] == []
    assert world.requests.to(host="plex.tv") == []


async def test_without_push_it_polls_more_often(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    world: World,
    home: PlexServer,
    owner: Account,
    entry: MockConfigEntry,
) -> None:
    """A stream is seen within 15 s then."""
    home.refuses_websockets = 404
    await set_up(hass, entry)
    await home.start_stream(user=owner, title="Film")
    await advance(hass, freezer, 16, step=8)
    assert state_of(hass, STREAMS) == "1"

    world.requests.clear()
    await advance(hass, freezer, 60 * MINUTE)
    tries = world.requests.to(host="Home", path="/:/websockets/notifications")
    assert 10 <= len(tries) <= 30


@pytest.mark.allowed_logs(DOWN)
async def test_server_that_is_down_is_told_and_its_state_is_not_shown(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    home: PlexServer,
    owner: Account,
    entry: MockConfigEntry,
) -> None:
    """And all is back soon after it is."""
    await set_up(hass, entry)
    await home.start_stream(user=owner, title="Film")
    await settle(hass)
    await home.stop()
    await settle(hass)
    assert state_of(hass, SERVER) == STATE_OFF
    assert state_of(hass, STREAMS) == STATE_UNAVAILABLE
    assert state_of(hass, "sensor.home_version") == STATE_UNAVAILABLE

    await advance(hass, freezer, 60 * MINUTE)
    await home.start()
    await advance(hass, freezer, 3 * MINUTE)
    assert state_of(hass, SERVER) == STATE_ON
    assert state_of(hass, STREAMS) != STATE_UNAVAILABLE


@pytest.mark.allowed_logs(DOWN)
async def test_server_that_was_down_is_polled_as_before(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    world: World,
    home: PlexServer,
    entry: MockConfigEntry,
) -> None:
    """It is not asked more often for the rest of its life."""
    await set_up(hass, entry)
    home.faults.set(Fault.status(503))
    await advance(hass, freezer, 10 * MINUTE)
    home.faults.clear()
    await advance(hass, freezer, 10 * MINUTE)
    assert state_of(hass, SERVER) == STATE_ON
    world.requests.clear()
    await advance(hass, freezer, 60 * MINUTE)
    assert 55 <= len(world.requests.to(host="Home", path="/status/sessions")) <= 62


@pytest.mark.allowed_logs(DOWN)
async def test_server_that_is_down_is_looked_for_twice_a_minute(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    world: World,
    home: PlexServer,
    entry: MockConfigEntry,
) -> None:
    """It is soon seen when it is back, and one that only starts up is not kept from it."""
    await set_up(hass, entry)
    home.faults.set(Fault.status(503))
    await advance(hass, freezer, 10 * MINUTE)
    world.requests.clear()
    await advance(hass, freezer, 60 * MINUTE)
    assert 110 <= len(world.requests.to(host="Home")) <= 124
    assert len(world.requests.to(host="plex.tv")) == 0


@pytest.mark.allowed_logs(DOWN)
async def test_server_is_left_alone_for_as_long_as_it_wishes(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    world: World,
    home: PlexServer,
    entry: MockConfigEntry,
) -> None:
    """Retry-After is honoured, within reason: until then nobody sees that it is back."""
    await set_up(hass, entry)
    trouble = home.faults.set(Fault.status(503, retry_after=3600))
    await advance(hass, freezer, 2 * MINUTE)
    world.requests.clear()
    await advance(hass, freezer, 2 * MINUTE)
    assert len(world.requests.to(host="Home")) == 0
    home.faults.clear(trouble)
    await advance(hass, freezer, 5 * MINUTE)
    assert state_of(hass, SERVER) == STATE_ON


@pytest.mark.allowed_logs(DOWN)
async def test_restarted_server_is_read_anew(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    home: PlexServer,
    owner: Account,
    entry: MockConfigEntry,
) -> None:
    """Its version may be another, and its sessions are counted from one again."""
    await set_up(hass, entry)
    await home.start_stream(user=owner, title="Film")
    await settle(hass)
    await home.restart(version="1.99.0.1-abc")
    await advance(hass, freezer, 3 * MINUTE)
    assert state_of(hass, "sensor.home_version") == "1.99.0.1-abc"
    (device,) = dr.async_entries_for_config_entry(dr.async_get(hass), entry.entry_id)
    assert device.sw_version == "1.99.0.1-abc"
    assert state_of(hass, STREAMS) == "0"
    await home.start_stream(user=owner, title="Film")
    await settle(hass)
    assert state_of(hass, STREAMS) == "1"


@pytest.mark.parametrize("old", [False, True], ids=["403", "401 of an old server"])
async def test_shared_server_tells_what_a_guest_may_see(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    world: World,
    home: PlexServer,
    *,
    old: bool,
    guest: MockConfigEntry,
) -> None:
    """The parts of the owner do not exist, and nothing is wrong with that."""
    home.refuses_with_401 = old
    await set_up(hass, guest)
    assert hass.states.get(STREAMS) is None
    assert hass.states.get("update.home_server_update") is None
    assert state_of(hass, "sensor.home_version") == home.version
    assert state_of(hass, "sensor.home_token_status") == "valid"

    world.requests.clear()
    await advance(hass, freezer, 60 * MINUTE)
    assert len(world.requests.to(host="Home", path="/status/sessions")) <= 7


async def test_what_is_granted_later_appears(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, home: PlexServer, entry: MockConfigEntry
) -> None:
    """A server may refuse its owner the sessions for a while after its start."""
    rule = home.faults.set(Fault.status(403), paths="^/status/sessions")
    await set_up(hass, entry)
    assert hass.states.get(STREAMS) is None
    home.faults.clear(rule)
    await advance(hass, freezer, 11 * MINUTE)
    assert state_of(hass, STREAMS) == "0"


async def test_sessions_that_are_refused_for_a_moment_come_back_with_the_next_poll(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, home: PlexServer, entry: MockConfigEntry
) -> None:
    """The rest stays."""
    await set_up(hass, entry)
    rule = home.faults.set(Fault.status(403), paths="^/status/sessions")
    await advance(hass, freezer, 70)
    assert state_of(hass, STREAMS) == STATE_UNAVAILABLE
    assert state_of(hass, "sensor.home_version") == home.version
    home.faults.clear(rule)
    await advance(hass, freezer, 70)
    assert state_of(hass, STREAMS) == "0"


async def test_notification_that_cannot_be_followed_up_is_made_good_by_the_poll(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    home: PlexServer,
    owner: Account,
    entry: MockConfigEntry,
) -> None:
    """The sessions could not be read at that moment."""
    await set_up(hass, entry)
    rule = home.faults.set(Fault.status(500), paths="^/status/sessions")
    await home.start_stream(user=owner, title="Film")
    await settle(hass)
    assert state_of(hass, STREAMS) == "0"
    home.faults.clear(rule)
    await advance(hass, freezer, 70)
    assert state_of(hass, STREAMS) == "1"


async def test_late_answer_does_not_undo_what_was_asked_after_it(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    home: PlexServer,
    owner: Account,
    entry: MockConfigEntry,
) -> None:
    """The poll was under way when the stream began."""
    await set_up(hass, entry)
    home.faults.set(Fault.slow(5), paths="^/status/sessions", times=1)
    await advance(hass, freezer, 61, step=61)
    await home.start_stream(user=owner, title="Film")
    await settle(hass)
    assert state_of(hass, STREAMS) == "1"
    await advance(hass, freezer, 6, step=6)
    assert state_of(hass, STREAMS) == "1"


async def test_poll_does_not_bring_back_what_push_has_ended_meanwhile(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    home: PlexServer,
    owner: Account,
    entry: MockConfigEntry,
) -> None:
    """The sessions were read, and something else of the poll takes its time."""
    await set_up(hass, entry)
    stream = await home.start_stream(user=owner, title="Film")
    await settle(hass)
    await advance(hass, freezer, 9 * MINUTE + 50)
    home.faults.set(Fault.slow(5), paths="^/$")
    await advance(hass, freezer, MINUTE, step=MINUTE)
    await stream.stop()
    await settle(hass)
    assert state_of(hass, STREAMS) == "0"
    await advance(hass, freezer, 6, step=6)
    assert state_of(hass, STREAMS) == "0"


async def test_poll_does_not_take_back_an_activity_that_push_has_told_meanwhile(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, home: PlexServer, entry: MockConfigEntry
) -> None:
    """Something of the poll takes its time; that is not what the server is busy with."""
    await set_up(hass, entry)
    await advance(hass, freezer, 59 * MINUTE + 30)
    slow = home.faults.set(Fault.slow(5), paths="^/updater")
    await advance(hass, freezer, MINUTE, step=MINUTE)
    assert slow.hits == 1
    activity = await home.activities.start("media.generate.credits", "Detecting credits")
    await settle(hass)
    assert state_of(hass, ACTIVITIES) == "1"
    await advance(hass, freezer, 6, step=6)
    assert state_of(hass, ACTIVITIES) == "1"
    await activity.end()
    await settle(hass)
    assert state_of(hass, ACTIVITIES) == "0"


async def test_stream_that_is_told_and_not_listed_is_asked_for_a_few_times(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    world: World,
    home: PlexServer,
    entry: MockConfigEntry,
) -> None:
    """Not each time that it says where it is."""
    await set_up(hass, entry)
    world.requests.clear()
    for position in range(50):
        await home.notifier.notify(
            "playing",
            "PlaySessionStateNotification",
            {"sessionKey": "99", "state": "playing", "ratingKey": "1", "viewOffset": position},
        )
        await advance(hass, freezer, 1, step=1)
    assert len(world.requests.to(host="Home", path="/status/sessions")) == 4
    assert state_of(hass, STREAMS) == "0"


@pytest.mark.parametrize("late", [0.5, 2, 8])
async def test_stream_that_is_listed_after_it_is_told_does_not_wait_for_the_poll(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    world: World,
    home: PlexServer,
    owner: Account,
    entry: MockConfigEntry,
    late: float,
) -> None:
    """A server may need some seconds."""
    home.lists_streams_after = late
    await set_up(hass, entry)
    stream = await home.start_stream(user=owner, title="Film")
    await settle(hass)
    assert state_of(hass, STREAMS) == "0"
    await advance(hass, freezer, 10, step=1)
    assert state_of(hass, STREAMS) == "1"
    world.requests.clear()
    await stream.seek(1000)
    await advance(hass, freezer, 30, step=1)
    assert not world.requests.to(host="Home", path="/status/sessions")


async def test_guest_who_is_told_of_a_stream_is_not_led_to_ask_for_it(
    hass: HomeAssistant, world: World, home: PlexServer, guest: MockConfigEntry, friend: Account
) -> None:
    """The server would refuse."""
    await set_up(hass, guest)
    world.requests.clear()
    await home.start_stream(user=friend, title="Film")
    await settle(hass)
    assert len(world.requests) == 0


async def test_streams_are_told_once_each_time_they_change(
    hass: HomeAssistant, home: PlexServer, owner: Account, entry: MockConfigEntry
) -> None:
    """A stream that says where it is changes nothing."""
    await set_up(hass, entry)
    changes = async_capture_events(hass, EVENT_STATE_CHANGED)
    stream = await home.start_stream(user=owner, title="Film")
    await settle(hass)
    for position in range(0, 20_000, 1000):
        await stream.seek(position)
    await stream.pause()
    await stream.stop()
    await settle(hass)
    states = [change.data["new_state"] for change in changes]
    told = [
        [stream["state"] for stream in state.attributes["streams"]]
        for state in states
        if state is not None and state.entity_id == STREAMS
    ]
    assert told == [["playing"], ["paused"], []]
