"""The state of a server is polled, and updated by push, with few requests."""

from freezegun.api import FrozenDateTimeFactory
from homeassistant.const import EVENT_STATE_CHANGED, STATE_OFF, STATE_ON, STATE_UNAVAILABLE
from homeassistant.core import Event, EventStateChangedData, HomeAssistant
from homeassistant.helpers import device_registry as dr
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_capture_events

from tests.simulator import Account, Fault, PlexServer, Stream, World
from tests.support.entries import DOWN, set_up, state_of
from tests.support.helpers import advance, settle
from tests.support.requests import push_attempts, session_reads

STREAMS = "sensor.home_streams"
ACTIVITIES = "sensor.home_activities"
SERVER = "binary_sensor.home_server"

MINUTE = 60


def changed_entities(changes: list[Event[EventStateChangedData]]) -> list[str]:
    """Return the entity of each change of a state; the attributes follow the progress."""
    return [
        change.data["entity_id"]
        for change in changes
        if (old := change.data["old_state"]) is None
        or (new := change.data["new_state"]) is None
        or old.state != new.state
    ]


async def test_stream_is_followed_by_push(hass: HomeAssistant, stream: Stream) -> None:
    """No time has to pass."""
    assert state_of(hass, STREAMS) == "1"
    await stream.pause()
    await settle(hass)
    assert state_of(hass, STREAMS) == "1"
    await stream.stop()
    await settle(hass)
    assert state_of(hass, STREAMS) == "0"


async def test_notifications_of_a_known_stream_cost_no_request(
    hass: HomeAssistant, world: World, stream: Stream
) -> None:
    """A new stream costs one, and its end, its pauses and its progress none."""
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
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, home: PlexServer, stream: Stream
) -> None:
    """Push reported its end; users have seen servers list such a stream for half an hour."""
    await stream.pause()
    await home.notifier.notify(
        "playing",
        "PlaySessionStateNotification",
        {
            "sessionKey": stream.session_key,
            "state": "stopped",
            "ratingKey": str(stream.item.rating_key),
        },
    )
    await settle(hass)
    assert state_of(hass, STREAMS) == "0"
    await advance(hass, freezer, 5 * MINUTE)
    assert state_of(hass, STREAMS) == "0"

    await stream.resume()
    await settle(hass)
    assert state_of(hass, STREAMS) == "1"


@pytest.mark.usefixtures("init_integration")
async def test_with_push_polling_takes_one_authenticated_request_a_minute(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, world: World
) -> None:
    """The library is never read for it, so that disks can sleep."""
    await advance(hass, freezer, MINUTE)
    world.requests.clear()
    await advance(hass, freezer, 60 * MINUTE)
    sent = [r for r in world.requests.to(host="Home") if r.token_sent]
    assert 55 <= len(sent) <= 72
    assert [r for r in world.requests if r.path.startswith("/library")] == []
    assert world.requests.to(host="plex.tv") == []


async def test_without_push_the_server_is_polled_more_often(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    world: World,
    home: PlexServer,
    owner: Account,
    entry: MockConfigEntry,
) -> None:
    """A stream is noticed within 15 s, and push is tried again with a growing interval."""
    home.refuses_websockets = 404
    await set_up(hass, entry)
    await home.start_stream(user=owner, title="Film")
    await advance(hass, freezer, 16, step=8)
    assert state_of(hass, STREAMS) == "1"

    world.requests.clear()
    await advance(hass, freezer, 60 * MINUTE)
    assert 10 <= len(push_attempts(world)) <= 30


@pytest.mark.allowed_logs(DOWN)
@pytest.mark.usefixtures("stream")
async def test_entities_of_a_server_that_is_down_are_unavailable(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, home: PlexServer
) -> None:
    """Server is off, and all of them are back soon after the server is."""
    await home.stop()
    await advance(hass, freezer, 30)
    assert state_of(hass, SERVER) == STATE_OFF
    assert state_of(hass, STREAMS) == STATE_UNAVAILABLE
    assert state_of(hass, "sensor.home_version") == STATE_UNAVAILABLE

    await advance(hass, freezer, 60 * MINUTE)
    await home.start()
    await advance(hass, freezer, 3 * MINUTE)
    assert state_of(hass, SERVER) == STATE_ON
    assert state_of(hass, STREAMS) != STATE_UNAVAILABLE


@pytest.mark.allowed_logs(DOWN)
@pytest.mark.usefixtures("init_integration")
async def test_server_that_was_down_is_polled_as_before(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, world: World, home: PlexServer
) -> None:
    """The shorter interval ends with the outage."""
    home.faults.set(Fault.status(503))
    await advance(hass, freezer, 10 * MINUTE)
    home.faults.clear()
    await advance(hass, freezer, 10 * MINUTE)
    assert state_of(hass, SERVER) == STATE_ON
    world.requests.clear()
    await advance(hass, freezer, 60 * MINUTE)
    assert 55 <= len(session_reads(world)) <= 62


@pytest.mark.allowed_logs(DOWN)
@pytest.mark.usefixtures("init_integration")
async def test_server_that_is_down_is_polled_twice_a_minute(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, world: World, home: PlexServer
) -> None:
    """Its return is noticed soon, and a server that is starting up is not kept from that."""
    home.faults.set(Fault.status(503))
    await advance(hass, freezer, 10 * MINUTE)
    world.requests.clear()
    await advance(hass, freezer, 60 * MINUTE)
    assert 110 <= len(world.requests.to(host="Home")) <= 124
    assert len(world.requests.to(host="plex.tv")) == 0


@pytest.mark.allowed_logs(DOWN)
@pytest.mark.usefixtures("init_integration")
async def test_retry_after_is_honored_within_limits(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, world: World, home: PlexServer
) -> None:
    """The server is not polled until then, so its return is not noticed either."""
    rule = home.faults.set(Fault.status(503, retry_after=3600))
    await advance(hass, freezer, 2 * MINUTE)
    world.requests.clear()
    await advance(hass, freezer, 2 * MINUTE)
    assert len(world.requests.to(host="Home")) == 0
    home.faults.clear(rule)
    await advance(hass, freezer, 5 * MINUTE)
    assert state_of(hass, SERVER) == STATE_ON


@pytest.mark.allowed_logs(DOWN)
@pytest.mark.usefixtures("stream")
async def test_restarted_server_is_read_again(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    home: PlexServer,
    owner: Account,
    entry: MockConfigEntry,
) -> None:
    """Its version may have changed, and its sessions are counted from one again."""
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
async def test_guest_has_only_what_the_account_may_see(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    world: World,
    home: PlexServer,
    *,
    old: bool,
    guest: MockConfigEntry,
) -> None:
    """The entities of the owner are not created, and that is no error."""
    home.refuses_with_401 = old
    await set_up(hass, guest)
    assert hass.states.get(STREAMS) is None
    assert hass.states.get("update.home_server_update") is None
    assert state_of(hass, "sensor.home_version") == home.version
    assert state_of(hass, "sensor.home_token_status") == "valid"

    world.requests.clear()
    await advance(hass, freezer, 60 * MINUTE)
    assert len(session_reads(world)) <= 16


async def test_entities_are_added_once_the_account_may_see_the_sessions(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, home: PlexServer, entry: MockConfigEntry
) -> None:
    """A server may refuse its owner all that is the owner's for a while after its start."""
    home.faults.set(Fault.status(403), paths="^/(status|updater|myplex|activities)")
    await set_up(hass, entry)
    assert hass.states.get(STREAMS) is None
    await advance(hass, freezer, 5 * MINUTE)
    assert hass.states.get(STREAMS) is None
    home.faults.clear()
    await advance(hass, freezer, MINUTE + 5, step=5)
    assert state_of(hass, STREAMS) == "0"


@pytest.mark.usefixtures("init_integration")
async def test_sessions_that_are_refused_for_a_moment_are_back_with_the_next_poll(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, home: PlexServer
) -> None:
    """Everything else stays available."""
    rule = home.faults.set(Fault.status(403), paths="^/status/sessions")
    await advance(hass, freezer, 70)
    assert state_of(hass, STREAMS) == STATE_UNAVAILABLE
    assert state_of(hass, "sensor.home_version") == home.version
    home.faults.clear(rule)
    await advance(hass, freezer, 70)
    assert state_of(hass, STREAMS) == "0"


@pytest.mark.parametrize("fault", [Fault.status(403), Fault.UNAUTHORIZED, Fault.status(502)])
@pytest.mark.usefixtures("stream")
async def test_single_failed_read_of_the_sessions_changes_nothing(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, home: PlexServer, fault: Fault
) -> None:
    """They are read again within seconds."""
    await advance(hass, freezer, MINUTE)
    changes = async_capture_events(hass, EVENT_STATE_CHANGED)
    rule = home.faults.set(fault, paths="^/status/sessions", times=1)
    await advance(hass, freezer, 70, step=1)
    assert rule.hits == 1
    assert changed_entities(changes) == []
    assert state_of(hass, STREAMS) == "1"


@pytest.mark.parametrize(
    "fault", [Fault.status(404), Fault.status(500), Fault.GARBLED, Fault.RESET, Fault.HANG]
)
async def test_sessions_that_cannot_be_read_cost_only_what_depends_on_them(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    home: PlexServer,
    owner: Account,
    entry: MockConfigEntry,
    fault: Fault,
) -> None:
    """The server is up, and they are back within a minute."""
    await set_up(hass, entry)
    events = async_capture_events(hass, EVENT_STATE_CHANGED)
    rule = home.faults.set(fault, paths="^/status/sessions$")
    await advance(hass, freezer, 3 * MINUTE)
    for entity_id in (STREAMS, "event.home_playback"):
        assert state_of(hass, entity_id) == STATE_UNAVAILABLE
    for entity_id in ("sensor.home_version", ACTIVITIES, "sensor.home_movies_items"):
        assert state_of(hass, entity_id) != STATE_UNAVAILABLE
    await home.start_stream(user=owner, title="Film")
    home.faults.clear(rule)
    await advance(hass, freezer, MINUTE + 15)
    assert state_of(hass, STREAMS) == "1"
    assert SERVER not in {event.data["entity_id"] for event in events}


async def test_sessions_that_cannot_be_read_during_setup_cost_only_what_depends_on_them(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, home: PlexServer, entry: MockConfigEntry
) -> None:
    """Their entities are added once they can be read."""
    rule = home.faults.set(Fault.status(500), paths="^/status/sessions$")
    await set_up(hass, entry)
    assert state_of(hass, SERVER) == STATE_ON
    assert state_of(hass, "binary_sensor.home_remote_access") == STATE_ON
    assert hass.states.get(STREAMS) is None
    home.faults.clear(rule)
    await advance(hass, freezer, MINUTE + 15)
    assert state_of(hass, STREAMS) == "0"


@pytest.mark.parametrize("fault", [Fault.status(404), Fault.status(500), Fault.GARBLED])
@pytest.mark.usefixtures("stream")
async def test_information_that_cannot_be_read_costs_only_what_depends_on_it(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, home: PlexServer, fault: Fault
) -> None:
    """The version is known from the identity of the server."""
    await advance(hass, freezer, MINUTE)
    rule = home.faults.set(fault, paths="^/$")
    await advance(hass, freezer, 15 * MINUTE)
    assert state_of(hass, "binary_sensor.home_plex_pass") == STATE_UNAVAILABLE
    assert state_of(hass, SERVER) == STATE_ON
    assert state_of(hass, STREAMS) == "1"
    assert state_of(hass, "sensor.home_version") == home.version
    home.faults.clear(rule)
    await advance(hass, freezer, MINUTE + 15)
    assert state_of(hass, "binary_sensor.home_plex_pass") == STATE_ON


@pytest.mark.parametrize("fault", [Fault.status(502), Fault.RESET, Fault.GARBLED])
@pytest.mark.usefixtures("stream")
async def test_one_lost_response_is_no_outage(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, home: PlexServer, fault: Fault
) -> None:
    """No state changes, and there is no event."""
    await advance(hass, freezer, MINUTE)
    changes = async_capture_events(hass, EVENT_STATE_CHANGED)
    # aiohttp repeats a request whose connection was cut.
    rule = home.faults.set(fault, paths="^/identity$", times=2 if fault is Fault.RESET else 1)
    await advance(hass, freezer, 2 * MINUTE, step=1)
    assert rule.spent
    assert changed_entities(changes) == []


@pytest.mark.parametrize("fault", [Fault.status(502), Fault.RESET])
@pytest.mark.usefixtures("stream")
async def test_lost_responses_of_one_moment_are_no_outage(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, home: PlexServer, fault: Fault
) -> None:
    """The push channel is lost with them, so that the server is polled again at once."""
    await advance(hass, freezer, MINUTE)
    changes = async_capture_events(hass, EVENT_STATE_CHANGED)
    rule = home.faults.set(fault)
    while not rule.hits:
        await advance(hass, freezer, 1, step=1)
    hits = rule.hits
    await home.notifier.drop(abruptly=True)
    await advance(hass, freezer, 1, step=1)
    assert rule.hits > hits
    home.faults.clear()
    await advance(hass, freezer, 2 * MINUTE, step=1)
    assert changed_entities(changes) == []


@pytest.mark.allowed_logs(DOWN)
@pytest.mark.parametrize("fault", [Fault.status(502), Fault.RESET, Fault.HANG])
@pytest.mark.usefixtures("init_integration")
async def test_server_is_off_within_half_a_minute_however_often_it_is_polled(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    home: PlexServer,
    entry: MockConfigEntry,
    fault: Fault,
) -> None:
    """Polls that are requested meanwhile do not postpone it."""
    await advance(hass, freezer, MINUTE)
    rule = home.faults.set(fault)
    while not rule.hits:
        await advance(hass, freezer, 1, step=1)
    for _ in range(10):
        hass.async_create_background_task(entry.runtime_data.server.async_refresh(), "poll")
        await advance(hass, freezer, 3, step=1)
    assert state_of(hass, SERVER) == STATE_OFF
    home.faults.clear()


@pytest.mark.allowed_logs(DOWN)
@pytest.mark.parametrize("fault", [Fault.status(502), Fault.RESET])
@pytest.mark.usefixtures("stream")
async def test_server_is_off_within_half_a_minute_of_the_first_failed_check(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, home: PlexServer, fault: Fault
) -> None:
    """It goes off once."""
    await advance(hass, freezer, MINUTE)
    changes = async_capture_events(hass, EVENT_STATE_CHANGED)
    rule = home.faults.set(fault)
    while not rule.hits:
        await advance(hass, freezer, 1, step=1)
    await advance(hass, freezer, 30, step=5)
    assert state_of(hass, SERVER) == STATE_OFF
    await advance(hass, freezer, 10 * MINUTE)
    assert [change.data["entity_id"] for change in changes].count(SERVER) == 1


@pytest.mark.usefixtures("init_integration")
async def test_poll_finds_a_stream_whose_read_failed(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, home: PlexServer, owner: Account
) -> None:
    """The sessions could not be read when push reported the stream."""
    rule = home.faults.set(Fault.status(500), paths="^/status/sessions")
    await home.start_stream(user=owner, title="Film")
    await settle(hass)
    assert state_of(hass, STREAMS) == "0"
    home.faults.clear(rule)
    await advance(hass, freezer, 70)
    assert state_of(hass, STREAMS) == "1"


@pytest.mark.usefixtures("init_integration")
async def test_late_response_does_not_undo_a_later_read(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, home: PlexServer, owner: Account
) -> None:
    """The stream started during the poll."""
    home.faults.set(Fault.slow(5), paths="^/status/sessions", times=1)
    await advance(hass, freezer, 61, step=61)
    await home.start_stream(user=owner, title="Film")
    await settle(hass)
    assert state_of(hass, STREAMS) == "1"
    await advance(hass, freezer, 6, step=6)
    assert state_of(hass, STREAMS) == "1"


async def test_poll_does_not_bring_back_a_stream_that_push_has_ended_meanwhile(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, home: PlexServer, stream: Stream
) -> None:
    """The poll had read the sessions, and was waiting for another response."""
    await advance(hass, freezer, 9 * MINUTE + 50)
    home.faults.set(Fault.slow(5), paths="^/$")
    await advance(hass, freezer, MINUTE, step=MINUTE)
    await stream.stop()
    await settle(hass)
    assert state_of(hass, STREAMS) == "0"
    await advance(hass, freezer, 6, step=6)
    assert state_of(hass, STREAMS) == "0"


@pytest.mark.usefixtures("init_integration")
async def test_poll_does_not_undo_an_activity_that_push_has_reported_meanwhile(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, home: PlexServer
) -> None:
    """The poll was waiting for another response than that with the activities."""
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


@pytest.mark.usefixtures("init_integration")
async def test_sessions_are_read_a_few_times_for_a_stream_that_is_not_listed(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, world: World, home: PlexServer
) -> None:
    """Not with each notification of its position."""
    world.requests.clear()
    for position in range(50):
        await home.notifier.notify(
            "playing",
            "PlaySessionStateNotification",
            {"sessionKey": "99", "state": "playing", "ratingKey": "1", "viewOffset": position},
        )
        await advance(hass, freezer, 1, step=1)
    assert len(session_reads(world)) == 4
    assert state_of(hass, STREAMS) == "0"


@pytest.mark.parametrize("late", [0.5, 2, 8])
async def test_stream_that_is_listed_late_does_not_wait_for_the_poll(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    world: World,
    home: PlexServer,
    owner: Account,
    entry: MockConfigEntry,
    late: float,
) -> None:
    """A server may list a stream some seconds after its notification."""
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
    assert not session_reads(world)


async def test_notification_of_a_stream_causes_no_request_for_a_guest(
    hass: HomeAssistant, world: World, home: PlexServer, guest: MockConfigEntry, friend: Account
) -> None:
    """The server would refuse it."""
    await set_up(hass, guest)
    world.requests.clear()
    await home.start_stream(user=friend, title="Film")
    await settle(hass)
    assert len(world.requests) == 0


@pytest.mark.usefixtures("init_integration")
async def test_state_is_written_once_for_each_change_of_the_streams(
    hass: HomeAssistant, home: PlexServer, owner: Account
) -> None:
    """The position of a stream causes no state change."""
    changes = async_capture_events(hass, EVENT_STATE_CHANGED)
    stream = await home.start_stream(user=owner, title="Film")
    await settle(hass)
    for position in range(0, 20_000, 1000):
        await stream.seek(position)
    await stream.pause()
    await stream.stop()
    await settle(hass)
    states = [change.data["new_state"] for change in changes]
    written = [
        [stream["state"] for stream in state.attributes["streams"]]
        for state in states
        if state is not None and state.entity_id == STREAMS
    ]
    assert written == [["playing"], ["paused"], []]
