"""Streams follow the sessions that the server lists, and notifications until the next read."""

from dataclasses import replace

from hypothesis import given, strategies as st
import pytest

from custom_components.plex_monitor.events.models import PlaybackEvent, PlaybackEventType
from custom_components.plex_monitor.plex.models import (
    PlaybackState,
    PlayedItem,
    Session,
    StreamDecision,
    TranscodeStatus,
)
from custom_components.plex_monitor.plex.notifications import PlayingNotification
from custom_components.plex_monitor.server.streams import StreamTracker
from tests.support.sessions import HOUR, a_session

PLAYING, PAUSED, BUFFERING = PlaybackState.PLAYING, PlaybackState.PAUSED, PlaybackState.BUFFERING
MINUTE = 60_000
CREDITS = 50 * MINUTE


def a_transcode(
    video: str = "transcode", *, key: str = "t1", hardware: bool = False
) -> TranscodeStatus:
    """Return the status of a transcode."""
    return TranscodeStatus(
        key=key,
        throttled=False,
        hardware=hardware,
        video_decision=video,
        audio_decision="copy",
    )


def a_transcoded_session(key: str = "1", *, transcode: str = "t1") -> Session:
    """Return a session that is transcoded."""
    return a_session(key, decision=StreamDecision.TRANSCODE, transcode=a_transcode(key=transcode))


def a_notification(
    state: PlaybackState | None,
    offset: int | None = None,
    *,
    key: str = "1",
    rating_key: str | None = "100",
    transcode: str | None = None,
    live_session: str | None = None,
    failed: bool = False,
) -> PlayingNotification:
    """Return a notification about a stream; without a state, the stream has ended."""
    return PlayingNotification(
        session_key=key,
        rating_key=rating_key,
        state=state,
        view_offset=offset,
        transcode_session=transcode,
        live_session=live_session,
        failed=failed,
    )


def read(tracker: StreamTracker, *sessions: Session) -> list[PlaybackEvent]:
    """Let the tracker handle a read in which the server lists these sessions."""
    return tracker.handle_sessions(tracker.begin_read(), sessions)


def types(events: list[PlaybackEvent]) -> list[str]:
    """Return the types of events."""
    return [event.event_type.value for event in events]


def tracking(*sessions: Session) -> StreamTracker:
    """Return a tracker for which these sessions have started after the first read."""
    tracker = StreamTracker()
    read(tracker)
    read(tracker, *sessions)
    return tracker


def test_stream_of_the_first_read_has_not_started() -> None:
    """Home Assistant may have been restarted."""
    tracker = StreamTracker()
    assert read(tracker, a_session()) == []
    assert types(read(tracker, a_session(), a_session("2"))) == ["started"]


def test_read_is_requested_once_for_an_unknown_stream() -> None:
    """However often it is reported, and again when the item is another one."""
    tracker = tracking()
    assert tracker.handle_playing(a_notification(PLAYING)) == ([], True)
    assert tracker.handle_playing(a_notification(PLAYING, 10_000)) == ([], False)
    assert tracker.handle_playing(a_notification(PLAYING, rating_key="101")) == ([], True)
    assert types(read(tracker, a_session(rating_key="101"))) == ["started"]
    assert tracker.handle_playing(a_notification(PLAYING, rating_key="101")) == ([], False)


def test_read_is_requested_again_for_an_item_that_was_played_before() -> None:
    """The user has gone back to the episode before."""
    tracker = tracking()
    for rating_key in ("100", "101", "100"):
        assert tracker.handle_playing(a_notification(PLAYING, rating_key=rating_key)) == ([], True)
        read(tracker, a_session(rating_key=rating_key))


def test_stream_is_missing_until_it_is_listed_as_reported() -> None:
    """Or until it ends or the server restarts. Without a request, it is not missing."""
    tracker = tracking()
    film, transcoded = a_notification(PLAYING), a_notification(PLAYING, transcode="t1")
    assert not tracker.is_missing(film)
    tracker.handle_playing(film)
    assert tracker.is_missing(film)
    read(tracker, a_session())
    assert not tracker.is_missing(film)
    tracker.handle_playing(transcoded)
    read(tracker, a_session())
    assert tracker.is_missing(transcoded)
    tracker.handle_denied()
    assert not tracker.is_missing(transcoded)
    read(tracker, a_session())
    tracker.handle_playing(a_notification(None))
    assert not tracker.is_missing(transcoded)
    tracker.handle_playing(film)
    tracker.handle_restart()
    assert not tracker.is_missing(film)


def test_pause_and_resume_need_no_read() -> None:
    """Buffering is neither."""
    tracker = tracking(a_session())
    assert tracker.handle_playing(a_notification(BUFFERING, 1000)) == ([], False)
    events, read_needed = tracker.handle_playing(a_notification(PAUSED, 5000))
    assert (types(events), read_needed) == (["paused"], False)
    assert events[0].session.view_offset == 5000
    assert types(tracker.handle_playing(a_notification(PLAYING, 5000))[0]) == ["resumed"]


@given(st.lists(st.integers(min_value=0, max_value=HOUR)))
def test_position_does_not_change_the_sessions(offsets: list[int]) -> None:
    """It is reported every ten seconds for each stream, and must not cause a state change."""
    tracker = tracking(a_session())
    before = tracker.sessions
    for offset in offsets:
        assert tracker.handle_playing(a_notification(PLAYING, offset)) == ([], False)
    assert tracker.sessions is before


def test_change_of_one_stream_leaves_the_others_unchanged() -> None:
    """They are not even copied, however many there are."""
    many = [a_session(str(key)) for key in range(200)]
    tracker = tracking(*many)
    tracker.handle_playing(a_notification(PAUSED, 5000, key="7"))
    assert tracker.sessions is not None
    assert [key for key, one in tracker.sessions.items() if one is not many[int(key)]] == ["7"]


def test_stream_that_ends_near_its_end_is_finished() -> None:
    """The position that was reported last counts, not the one that was listed."""
    tracker = tracking(a_session())
    tracker.handle_playing(a_notification(PLAYING, int(HOUR * 0.95)))
    assert types(tracker.handle_playing(a_notification(None))[0]) == ["finished", "stopped"]


def test_stream_that_ends_earlier_is_only_stopped() -> None:
    """Whether a notification or a read shows its end."""
    tracker = tracking(a_session(), a_session("2", rating_key="200"))
    tracker.handle_playing(a_notification(PLAYING, int(HOUR * 0.5)))
    assert types(tracker.handle_playing(a_notification(None))[0]) == ["stopped"]
    assert types(read(tracker)) == ["stopped"]


def test_ended_stream_that_is_still_listed_does_not_come_back_until_it_plays() -> None:
    """A server can list a stream for half an hour after its end."""
    tracker = tracking(a_session())
    tracker.handle_playing(a_notification(None))
    assert read(tracker, a_session()) == []
    assert tracker.sessions == {}
    assert tracker.handle_playing(a_notification(PLAYING)) == ([], True)
    assert types(read(tracker, a_session())) == ["started"]


def test_ended_stream_is_listed_with_its_last_position_later() -> None:
    """The list may be brought up to date once after the end."""
    tracker = tracking(a_session())
    tracker.handle_playing(a_notification(None))
    for offset in (5 * MINUTE, 6 * MINUTE, 6 * MINUTE):
        assert read(tracker, a_session(view_offset=offset)) == []
    assert tracker.sessions == {}


@pytest.mark.parametrize(
    "listed",
    [
        [a_session(view_offset=offset * MINUTE) for offset in (1, 2, 3)],
        [a_session(state=state) for state in (PLAYING, PAUSED, PLAYING)],
    ],
    ids=["its position", "its state"],
)
def test_stream_that_goes_on_to_change_in_the_list_has_not_ended(listed: list[Session]) -> None:
    """The report of its end was wrong, or that of its next start was lost."""
    tracker = tracking(a_session())
    tracker.handle_playing(a_notification(None))
    assert [types(read(tracker, session)) for session in listed] == [[], [], ["started"]]
    assert tracker.sessions is not None
    assert list(tracker.sessions) == ["1"]


def test_ended_stream_is_forgotten_once_it_is_not_listed() -> None:
    """After a restart of the server, the same key is another stream."""
    tracker = tracking(a_session())
    tracker.handle_playing(a_notification(None))
    read(tracker)
    assert types(read(tracker, a_session())) == ["started"]


def test_restarted_server_counts_from_one_again() -> None:
    """A stream with the key of an ended one is not mistaken for it."""
    tracker = tracking(a_session())
    tracker.handle_playing(a_notification(None))
    tracker.handle_restart()
    assert types(read(tracker, a_session(rating_key="300"))) == ["started"]


def test_another_item_in_a_session_is_an_end_and_a_start() -> None:
    """The next episode starts by itself."""
    tracker = tracking(a_session())
    tracker.handle_playing(a_notification(PLAYING, HOUR))
    events = read(tracker, a_session(rating_key="101"))
    assert types(events) == ["finished", "stopped", "started"]


def test_overtaken_read_is_ignored() -> None:
    """A read that began later and ended sooner is newer."""
    tracker = tracking()
    first, second = tracker.begin_read(), tracker.begin_read()
    tracker.handle_sessions(second, (a_session(),))
    assert tracker.handle_sessions(first, ()) == []
    assert tracker.sessions is not None
    assert list(tracker.sessions) == ["1"]


def test_transcode_changes_the_decision() -> None:
    """Its other details change nothing."""
    tracker = tracking(a_transcoded_session())
    assert tracker.handle_transcode(replace(a_transcode(), throttled=True)) == []
    [event] = tracker.handle_transcode(a_transcode("copy"))
    assert event.event_type is PlaybackEventType.DECISION_CHANGED
    assert event.session.decision is StreamDecision.DIRECT_STREAM
    assert tracker.handle_transcode(a_transcode("copy", key="another")) == []


def test_hardware_transcoding_is_no_event() -> None:
    """It is only an attribute."""
    tracker = tracking(a_transcoded_session())
    assert tracker.handle_transcode(a_transcode(hardware=True)) == []
    assert tracker.sessions is not None
    transcode = tracker.sessions["1"].transcode
    assert transcode is not None
    assert transcode.hardware


def test_transcode_changes_only_its_own_stream() -> None:
    """Another stream that is transcoded stays unchanged."""
    film, song = a_transcoded_session(), a_transcoded_session("2", transcode="t2")
    tracker = tracking(film, song)
    [event] = tracker.handle_transcode(a_transcode("copy", key="t2"))
    assert event.session.session_key == "2"
    assert tracker.sessions is not None
    assert tracker.sessions["1"] is film


def test_read_is_requested_for_a_new_transcode() -> None:
    """The user has selected another quality."""
    tracker = tracking(a_session())
    assert tracker.handle_playing(a_notification(PLAYING, transcode="t1")) == ([], True)
    assert tracker.handle_playing(a_notification(PLAYING, transcode="t1")) == ([], False)
    events = read(tracker, a_transcoded_session())
    assert types(events) == ["decision_changed"]


def test_read_is_requested_for_a_stream_that_goes_on_without_its_transcode() -> None:
    """The user has selected the original quality. No read is needed if the stream ends as well."""
    transcoded = a_transcoded_session()
    tracker = tracking(transcoded)
    assert tracker.handle_playing(a_notification(PLAYING)) == ([], False)
    tracker.handle_transcode_ended(a_transcode())
    assert tracker.handle_playing(a_notification(PLAYING)) == ([], True)
    assert tracker.handle_playing(a_notification(PLAYING)) == ([], False)
    assert types(read(tracker, a_session())) == ["decision_changed"]

    tracker = tracking(transcoded)
    tracker.handle_transcode_ended(a_transcode())
    events, read_needed = tracker.handle_playing(a_notification(None))
    assert (types(events), read_needed) == (["stopped"], False)


def test_transcode_that_is_resumed_has_not_ended() -> None:
    """A player that goes back to the lower quality may use the same transcode again."""
    transcoded = a_transcoded_session()
    tracker = tracking(transcoded)
    tracker.handle_transcode_ended(a_transcode())
    read(tracker, a_session())
    read(tracker, transcoded)
    assert tracker.handle_playing(a_notification(PLAYING)) == ([], False)


def test_credits_are_reached_once() -> None:
    """The event has the position."""
    tracker = tracking(a_session())
    tracker.expect_credits("1", CREDITS)
    assert tracker.handle_playing(a_notification(PLAYING, 49 * MINUTE))[0] == []
    [event] = tracker.handle_playing(a_notification(PLAYING, 51 * MINUTE))[0]
    assert event.event_type is PlaybackEventType.CREDITS_REACHED
    assert event.session.view_offset == 51 * MINUTE
    assert tracker.handle_playing(a_notification(PLAYING, 52 * MINUTE))[0] == []


def test_credits_are_reached_at_their_start() -> None:
    """Not a moment later."""
    tracker = tracking(a_session())
    tracker.expect_credits("1", CREDITS)
    assert types(tracker.handle_playing(a_notification(PLAYING, CREDITS))[0]) == ["credits_reached"]


def test_credits_are_reached_by_a_seek_to_them_and_a_pause() -> None:
    """Without waiting for the stream to resume."""
    tracker = tracking(a_session())
    tracker.expect_credits("1", CREDITS)
    events, _ = tracker.handle_playing(a_notification(PAUSED, 51 * MINUTE))
    assert types(events) == ["paused", "credits_reached"]


@pytest.mark.parametrize("resumed_at", [CREDITS, 55 * MINUTE])
def test_credits_that_were_passed_before_are_not_reached(resumed_at: int) -> None:
    """The user resumed a film near its end."""
    tracker = tracking(a_session(view_offset=resumed_at))
    tracker.expect_credits("1", CREDITS)
    assert tracker.handle_playing(a_notification(PLAYING, 56 * MINUTE))[0] == []


def test_notifications_are_ignored_where_the_sessions_are_denied() -> None:
    """A guest may not see the sessions."""
    tracker = tracking(a_session())
    tracker.handle_denied()
    assert tracker.sessions is None
    assert tracker.handle_playing(a_notification(PLAYING)) == ([], False)
    assert tracker.handle_transcode(a_transcode()) == []


def test_sessions_that_were_denied_for_a_moment_have_not_started_again() -> None:
    """A server refuses its owner while it starts."""
    tracker = tracking(a_session())
    tracker.handle_denied()
    assert read(tracker, a_session()) == []


def test_changes_while_the_sessions_were_denied_are_events() -> None:
    """Whether or not there were streams before."""
    tracker = tracking()
    tracker.handle_denied()
    assert types(read(tracker, a_session())) == ["started"]
    tracker.handle_denied()
    assert types(read(tracker, a_session("2"))) == ["stopped", "started"]


KEYS = st.sampled_from(["1", "2", "3"])
LIVE_SESSIONS = st.sampled_from([None, None, "aa11", "bb22"])
NOTIFICATIONS = st.builds(
    a_notification,
    st.sampled_from([PLAYING, PAUSED, BUFFERING, None]),
    st.none() | st.integers(min_value=0, max_value=HOUR),
    key=KEYS,
    rating_key=st.sampled_from(["100", "101", None]),
    transcode=st.sampled_from(["t1", "t2", None]),
    live_session=LIVE_SESSIONS,
) | st.builds(a_notification, st.none(), key=KEYS, failed=st.just(value=True))
LISTS = st.lists(
    st.builds(
        a_session,
        KEYS,
        rating_key=st.sampled_from(["100", "101", None]),
        live_session=LIVE_SESSIONS,
        transcode=st.sampled_from([None, a_transcode(key="t1"), a_transcode(key="t2")]),
    ),
    unique_by=lambda session: session.session_key,
)


@given(st.lists(NOTIFICATIONS | LISTS))
def test_each_stream_starts_and_stops_in_turn(
    steps: list[PlayingNotification | list[Session]],
) -> None:
    """Whatever the input, the sessions are the streams that have started and not stopped."""
    tracker = StreamTracker()
    read(tracker)
    running: set[tuple[str, PlayedItem]] = set()
    for step in steps:
        if isinstance(step, PlayingNotification):
            events, _ = tracker.handle_playing(step)
        else:
            events = read(tracker, *step)
        for event in events:
            stream = (event.session.session_key, event.session.item)
            if event.event_type is PlaybackEventType.STARTED:
                assert stream not in running
                running.add(stream)
            else:
                assert stream in running
            if event.event_type is PlaybackEventType.STOPPED:
                running.remove(stream)
        assert tracker.sessions is not None
        assert running == {(s.session_key, s.item) for s in tracker.sessions.values()}


@given(st.lists(NOTIFICATIONS), LISTS)
def test_list_that_stays_the_same_is_shown_once_its_streams_are_reported(
    notifications: list[PlayingNotification], sessions: list[Session]
) -> None:
    """Whatever was reported before, a stream that is listed and reported is not hidden."""
    tracker = tracking()
    for notification in notifications:
        tracker.handle_playing(notification)
    for session in sessions:
        tracker.handle_playing(
            PlayingNotification(
                session_key=session.session_key,
                rating_key=session.rating_key,
                live_session=session.live_session,
                state=PLAYING,
                view_offset=None,
            )
        )
    read(tracker, *sessions)
    assert tracker.sessions == {session.session_key: session for session in sessions}


@given(NOTIFICATIONS, LISTS)
def test_stream_that_is_reported_again_and_again_causes_one_read(
    notification: PlayingNotification, sessions: list[Session]
) -> None:
    """Whatever it is listed as, or if it is not listed at all."""
    tracker = tracking(*sessions)
    reads = 0
    for _ in range(100):
        reads += tracker.handle_playing(notification)[1]
        read(tracker, *sessions)
    assert reads <= 1


@given(st.lists(NOTIFICATIONS), LISTS)
def test_read_after_a_restart_has_what_the_server_lists(
    notifications: list[PlayingNotification], sessions: list[Session]
) -> None:
    """Notifications from before the restart hide nothing."""
    tracker = tracking()
    for notification in notifications:
        tracker.handle_playing(notification)
    tracker.handle_restart()
    read(tracker, *sessions)
    assert tracker.sessions == {session.session_key: session for session in sessions}


def test_position_of_the_next_item_does_not_prevent_finished() -> None:
    """An episode that was played to its end is finished, although the next one starts at 0."""
    tracker = tracking(a_session())
    tracker.handle_playing(a_notification(PLAYING, HOUR - 1000))
    _, read_needed = tracker.handle_playing(a_notification(PLAYING, 0, rating_key="101"))
    assert read_needed
    events = read(tracker, a_session(rating_key="101"))
    assert types(events) == ["finished", "stopped", "started"]


def test_next_item_does_not_inherit_the_position() -> None:
    """Even where the server lists no position."""
    tracker = tracking(a_session())
    tracker.handle_playing(a_notification(PLAYING, HOUR - 1000))
    read(tracker, a_session(rating_key="101", view_offset=None))
    assert types(tracker.handle_playing(a_notification(None, rating_key="101"))[0]) == ["stopped"]


def test_credits_of_the_item_before_are_not_reached() -> None:
    """The next item has started before they were reached."""
    tracker = tracking(a_session())
    tracker.expect_credits("1", HOUR // 2)
    read(tracker, a_session(rating_key="101"))
    events, _ = tracker.handle_playing(a_notification(PLAYING, HOUR - 1000, rating_key="101"))
    assert events == []
