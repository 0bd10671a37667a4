"""Streams are what runs, whatever the list and the notifications call them."""

import pytest

from custom_components.plex_monitor.plex.models import PlaybackState
from custom_components.plex_monitor.plex.notifications import PlayingNotification
from custom_components.plex_monitor.server.unlisted_streams import (
    FORGET_AFTER_READS,
    MAX_REMEMBERED,
)
from tests.support.sessions import a_session

from .test_streams import (
    PAUSED,
    PLAYING,
    a_notification,
    a_transcode,
    a_transcoded_session,
    read,
    tracking,
    types,
)

LIVE = a_session(rating_key=None, live_session="aa11", title="Channel 4")
OTHER_CHANNEL = a_session(rating_key=None, live_session="bb22", title="Channel 5")
NEXT = a_session(rating_key="101")


@pytest.mark.parametrize("rating_key", ["133276", "com.gracenote.onconnect://episode/EP1", None])
def test_live_tv_needs_no_read(rating_key: str | None) -> None:
    """It is known by its live session, whatever rating key is reported."""
    tracker = tracking(LIVE)
    for state, expected in ((PLAYING, []), (PAUSED, ["paused"]), (PLAYING, ["resumed"])):
        events, read_needed = tracker.handle_playing(
            a_notification(state, rating_key=rating_key, live_session="aa11")
        )
        assert (types(events), read_needed) == (expected, False)


def test_another_channel_is_another_stream() -> None:
    """It is reported under the same session key."""
    tracker = tracking(LIVE)
    zapped = a_notification(PLAYING, rating_key="133280", live_session="bb22")
    assert tracker.handle_playing(zapped) == ([], True)
    events = read(tracker, OTHER_CHANNEL)
    assert [(event.event_type.value, event.session.title) for event in events] == [
        ("stopped", "Channel 4"),
        ("started", "Channel 5"),
    ]


def test_stream_without_a_name_in_common_is_followed() -> None:
    """One read is requested for each name, in case it is that of another channel."""
    tracker = tracking(LIVE)
    for rating_key in ("133276", "133280"):
        playing, paused = (
            a_notification(state, rating_key=rating_key) for state in (PLAYING, PAUSED)
        )
        assert tracker.handle_playing(playing) == ([], True)
        for _ in range(3):
            events, read_needed = tracker.handle_playing(paused)
            assert (types(events), read_needed) == (["paused"], False)
            events, read_needed = tracker.handle_playing(playing)
            assert (types(events), read_needed) == (["resumed"], False)
    assert types(tracker.handle_playing(a_notification(None, rating_key="133280"))[0]) == [
        "stopped"
    ]


def test_each_change_of_a_stream_that_is_listed_with_another_name_causes_a_read() -> None:
    """The list shows the change: it is of that stream, or of the next one."""
    tracker = tracking(a_session())
    playing, paused = (a_notification(state, rating_key="101") for state in (PLAYING, PAUSED))
    for notification in (playing, paused, playing):
        assert tracker.handle_playing(notification) == ([], True)
        assert tracker.is_missing(notification)
        assert tracker.handle_playing(notification) == ([], False)
    assert types(read(tracker, a_session(state=PAUSED))) == ["paused"]


@pytest.mark.parametrize("listed", [a_session(), a_transcoded_session(transcode="t9")])
def test_transcode_that_is_not_listed_as_reported_is_followed(listed: object) -> None:
    """Its state changes at once, and one read is requested for its delivery."""
    tracker = tracking(listed)  # type: ignore[arg-type]
    playing = a_notification(PLAYING, transcode="t1")
    assert tracker.handle_playing(playing) == ([], True)
    for state, expected in ((PAUSED, ["paused"]), (PLAYING, ["resumed"])) * 10:
        events, read_needed = tracker.handle_playing(a_notification(state, transcode="t1"))
        assert (types(events), read_needed) == (expected, False)
    assert types(tracker.handle_playing(a_notification(None, transcode="t1"))[0]) == ["stopped"]


def test_transcode_that_is_only_listed_is_followed() -> None:
    """Notifications do not name it."""
    tracker = tracking(a_transcoded_session())
    events, read_needed = tracker.handle_playing(a_notification(PAUSED))
    assert (types(events), read_needed) == (["paused"], False)


def test_late_end_of_the_item_before_hides_nothing() -> None:
    """The next item has begun under the same key. One read is requested, in case it has ended."""
    tracker = tracking(a_session())
    tracker.handle_playing(a_notification(PAUSED, rating_key="101"))
    assert types(read(tracker, NEXT)) == ["stopped", "started"]
    assert tracker.handle_playing(a_notification(None)) == ([], True)
    assert tracker.handle_playing(a_notification(None)) == ([], False)
    for _ in range(10):
        assert read(tracker, NEXT) == []
        assert tracker.handle_playing(a_notification(None))[0] == []
    assert tracker.sessions == {"1": NEXT}


def test_end_of_the_item_before_does_not_hide_the_next_one() -> None:
    """The next item is reported, and listed only after the end of the one before."""
    tracker = tracking(a_session())
    upcoming = a_notification(PAUSED, rating_key="101")
    tracker.handle_playing(upcoming)
    assert types(tracker.handle_playing(a_notification(None))[0]) == ["stopped"]
    assert tracker.is_missing(upcoming)
    assert read(tracker, a_session()) == []
    assert types(read(tracker, NEXT)) == ["started"]


def test_late_end_of_the_transcode_before_hides_nothing() -> None:
    """Another quality has been selected, whether or not it is listed yet."""
    tracker = tracking(a_transcoded_session(transcode="t1"))
    tracker.handle_playing(a_notification(PLAYING, transcode="t2"))
    late = a_notification(None, transcode="t1")
    assert tracker.handle_playing(late) == ([], True)
    read(tracker, a_transcoded_session(transcode="t2"))
    assert tracker.handle_playing(late)[0] == []
    assert list(tracker.sessions or {}) == ["1"]
    assert types(tracker.handle_playing(a_notification(None, transcode="t2"))[0]) == ["stopped"]


def test_end_of_an_unknown_stream_causes_one_read() -> None:
    """A stream may have another key in the list."""
    tracker = tracking(a_session())
    ended = a_notification(None, key="90")
    assert tracker.handle_playing(ended) == ([], True)
    assert not tracker.is_missing(ended)
    for _ in range(5):
        assert tracker.handle_playing(ended) == ([], False)
        read(tracker, a_session())


def test_end_of_a_stream_that_was_not_listed_yet_needs_no_read() -> None:
    """The read for its start is under way, and does not bring it back."""
    tracker = tracking()
    tracker.handle_playing(a_notification(PLAYING))
    assert tracker.handle_playing(a_notification(None)) == ([], False)
    assert read(tracker, a_session()) == []


def test_error_is_left_to_the_list() -> None:
    """The stream may go on, or have ended. Each error causes one read until it plays again."""
    tracker = tracking(a_session(state=PAUSED))
    error = a_notification(None, failed=True)
    assert tracker.handle_playing(error) == ([], True)
    assert tracker.handle_playing(error) == ([], False)
    assert tracker.is_missing(error)
    assert read(tracker, a_session(state=PAUSED)) == []
    assert tracker.handle_playing(error) == ([], False)
    assert types(tracker.handle_playing(a_notification(PLAYING))[0]) == ["resumed"]
    assert tracker.handle_playing(error) == ([], True)
    assert types(read(tracker)) == ["stopped"]
    assert not tracker.is_missing(error)


def remembered(notifications: list[PlayingNotification]) -> list[int]:
    """Return how much a tracker keeps after these notifications, and after some lists."""
    tracker = tracking(a_session("0"))
    sizes = []
    for notification in notifications:
        tracker.handle_playing(notification)
        tracker.handle_transcode_ended(a_transcode(key=f"t{notification.session_key}"))
        tracker.expect_credits(notification.session_key, 1000)
    for _ in range(FORGET_AFTER_READS + 1):
        kept = (value for value in vars(tracker).values() if isinstance(value, dict | set))
        sizes.append(sum(map(len, kept)))
        read(tracker, a_session("0"))
    kept = (value for value in vars(tracker).values() if isinstance(value, dict | set))
    return [sizes[0], sum(map(len, kept))]


@pytest.mark.parametrize("state", [PLAYING, None])
@pytest.mark.parametrize("failed", [False, True])
def test_unknown_streams_leave_nothing_behind(
    state: PlaybackState | None,
    failed: bool,  # noqa: FBT001 - a parameter of the test
) -> None:
    """However many are reported."""
    flood = [
        a_notification(None if failed else state, key=str(key), failed=failed)
        for key in range(1, 10_001)
    ]
    at_once, later = remembered(flood)
    assert at_once <= 2 * MAX_REMEMBERED + 1
    # The position of the stream that is listed.
    assert later == 1


def test_late_end_of_the_program_before_hides_nothing() -> None:
    """The list names no program, so that only the notifications tell one from the next."""
    tracker = tracking(a_session(rating_key=None, title="Channel 4"))
    before, after = ("133276", "133280")
    tracker.handle_playing(a_notification(PLAYING, rating_key=before))
    tracker.handle_playing(a_notification(PLAYING, rating_key=after))
    assert tracker.handle_playing(a_notification(None, rating_key=before)) == ([], False)
    assert types(tracker.handle_playing(a_notification(None, rating_key=after))[0]) == ["stopped"]


def test_late_end_of_the_item_before_an_unlisted_one_hides_nothing() -> None:
    """The server is about to list the next item."""
    tracker = tracking()
    tracker.handle_playing(a_notification(PLAYING, rating_key="101"))
    assert tracker.handle_playing(a_notification(None)) == ([], False)
    assert types(read(tracker, a_session(rating_key="101"))) == ["started"]


def test_next_item_has_not_ended_with_the_one_before() -> None:
    """Its session key is the same."""
    tracker = tracking(a_session())
    tracker.handle_playing(a_notification(None))
    assert tracker.has_ended(a_session())
    assert not tracker.has_ended(a_session(rating_key="101"))


def test_change_of_a_stream_with_another_key_causes_a_read() -> None:
    """It is listed with a key of its own, and has the state of the list."""
    tracker = tracking(a_session())
    for state, expected in ((PLAYING, []), (PAUSED, ["paused"]), (PLAYING, ["resumed"])):
        reported = a_notification(state, key="90")
        assert tracker.handle_playing(reported) == ([], True)
        assert tracker.handle_playing(reported) == ([], False)
        assert types(read(tracker, a_session(state=state))) == expected
