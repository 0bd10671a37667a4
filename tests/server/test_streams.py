"""The tracker keeps to what the server lists, and is ahead of it by what the server tells."""

from dataclasses import replace

from hypothesis import given, strategies as st
import pytest

from custom_components.plex_monitor.events.models import PlaybackEvent, PlaybackEventType
from custom_components.plex_monitor.plex.models import (
    PlaybackState,
    Session,
    StreamDecision,
    TranscodeStatus,
)
from custom_components.plex_monitor.plex.notifications import PlayingNotification
from custom_components.plex_monitor.server.streams import StreamTracker

PLAYING, PAUSED, BUFFERING = PlaybackState.PLAYING, PlaybackState.PAUSED, PlaybackState.BUFFERING
HOUR = 3_600_000


def a_session(key: str = "1", *, rating_key: str = "100", **details: object) -> Session:
    """Return a session of an hour's film."""
    session = Session(
        session_key=key,
        rating_key=rating_key,
        media_type="movie",
        title="Film",
        user="owner",
        player="TV",
        state=PLAYING,
        view_offset=0,
        duration=HOUR,
    )
    return replace(session, **details)  # type: ignore[arg-type]  # The names are the caller's.


def a_transcode(video: str = "transcode", *, hardware: bool = False) -> TranscodeStatus:
    """Return the work of a transcoder."""
    return TranscodeStatus(
        key="t1",
        throttled=False,
        hardware=hardware,
        video_decision=video,
        audio_decision="copy",
    )


def told(
    state: PlaybackState | None,
    offset: int | None = None,
    *,
    key: str = "1",
    rating_key: str | None = "100",
    transcode: str | None = None,
) -> PlayingNotification:
    """Return what the server tells of a stream."""
    return PlayingNotification(
        session_key=key,
        rating_key=rating_key,
        state=state,
        view_offset=offset,
        transcode_session=transcode,
    )


def listed(tracker: StreamTracker, *sessions: Session) -> list[PlaybackEvent]:
    """Let the tracker look."""
    return tracker.handle_sessions(tracker.begin_read(), sessions)


def kinds(events: list[PlaybackEvent]) -> list[str]:
    """Return what happened."""
    return [event.event_type.value for event in events]


def playing(*sessions: Session) -> StreamTracker:
    """Return a tracker that has seen nothing played, and then these."""
    tracker = StreamTracker()
    listed(tracker)
    listed(tracker, *sessions)
    return tracker


def test_what_runs_at_the_first_look_has_not_just_started() -> None:
    """Home Assistant may have been restarted."""
    tracker = StreamTracker()
    assert listed(tracker, a_session()) == []
    assert kinds(listed(tracker, a_session(), a_session("2"))) == ["started"]


def test_stream_that_is_not_known_is_asked_for_once() -> None:
    """However often the server tells of it, and again when it has become another."""
    tracker = playing()
    assert tracker.handle_playing(told(PLAYING)) == ([], True)
    assert tracker.handle_playing(told(PLAYING, 10_000)) == ([], False)
    assert tracker.handle_playing(told(PLAYING, rating_key="101")) == ([], True)
    assert kinds(listed(tracker, a_session(rating_key="101"))) == ["started"]
    assert tracker.handle_playing(told(PLAYING, rating_key="101")) == ([], False)


def test_stream_that_is_again_what_it_was_before_is_asked_for_again() -> None:
    """Somebody has gone back to the episode before."""
    tracker = playing()
    for rating_key in ("100", "101", "100"):
        assert tracker.handle_playing(told(PLAYING, rating_key=rating_key)) == ([], True)
        listed(tracker, a_session(rating_key=rating_key))


def test_stream_that_was_asked_for_is_missing_until_it_is_listed_as_it_was_told() -> None:
    """Or until it ends, or the server restarts; and one that is not asked for is not missing."""
    tracker = playing()
    film, transcoded = told(PLAYING), told(PLAYING, transcode="t1")
    assert not tracker.is_missing(film)
    tracker.handle_playing(film)
    assert tracker.is_missing(film)
    listed(tracker, a_session())
    assert not tracker.is_missing(film)
    tracker.handle_playing(transcoded)
    listed(tracker, a_session())
    assert tracker.is_missing(transcoded)
    tracker.handle_denied()
    assert not tracker.is_missing(transcoded)
    listed(tracker, a_session())
    tracker.handle_playing(told(None))
    assert not tracker.is_missing(transcoded)
    tracker.handle_playing(film)
    tracker.handle_restart()
    assert not tracker.is_missing(film)


def test_pause_and_resume_are_told_without_a_look() -> None:
    """Buffering is neither."""
    tracker = playing(a_session())
    assert tracker.handle_playing(told(BUFFERING, 1000)) == ([], False)
    events, ask = tracker.handle_playing(told(PAUSED, 5000))
    assert (kinds(events), ask) == (["paused"], False)
    assert events[0].session.view_offset == 5000
    assert kinds(tracker.handle_playing(told(PLAYING, 5000))[0]) == ["resumed"]


@given(st.lists(st.integers(min_value=0, max_value=HOUR)))
def test_position_changes_nothing_that_is_shown(offsets: list[int]) -> None:
    """It is told every ten seconds for each stream, and nothing is to be written for that."""
    tracker = playing(a_session())
    before = tracker.sessions
    for offset in offsets:
        assert tracker.handle_playing(told(PLAYING, offset)) == ([], False)
    assert tracker.sessions is before


def test_change_of_one_stream_leaves_the_others_as_they_are() -> None:
    """Nothing is made anew for them, however many there are."""
    many = [a_session(str(key)) for key in range(200)]
    tracker = playing(*many)
    tracker.handle_playing(told(PAUSED, 5000, key="7"))
    assert tracker.sessions is not None
    assert [key for key, one in tracker.sessions.items() if one is not many[int(key)]] == ["7"]


def test_end_near_the_end_is_finished() -> None:
    """The position is the one that was told last, not the one that was listed."""
    tracker = playing(a_session())
    tracker.handle_playing(told(PLAYING, int(HOUR * 0.95)))
    assert kinds(tracker.handle_playing(told(None))[0]) == ["finished", "stopped"]


def test_end_before_that_is_only_stopped() -> None:
    """Whether it is told, or seen at a look."""
    tracker = playing(a_session(), a_session("2", rating_key="200"))
    tracker.handle_playing(told(PLAYING, int(HOUR * 0.5)))
    assert kinds(tracker.handle_playing(told(None))[0]) == ["stopped"]
    assert kinds(listed(tracker)) == ["stopped"]


def test_ghost_does_not_come_back_until_it_is_told_to_play() -> None:
    """A server can list a stream for half an hour after its end."""
    tracker = playing(a_session())
    tracker.handle_playing(told(None))
    assert listed(tracker, a_session()) == []
    assert tracker.sessions == {}
    assert tracker.handle_playing(told(PLAYING)) == ([], True)
    assert kinds(listed(tracker, a_session())) == ["started"]


def test_ghost_that_is_gone_is_forgotten() -> None:
    """The server counts on, but after a restart the same key is another stream."""
    tracker = playing(a_session())
    tracker.handle_playing(told(None))
    listed(tracker)
    assert kinds(listed(tracker, a_session())) == ["started"]


def test_restarted_server_counts_anew() -> None:
    """A stream with the key of one that had ended is not taken for its ghost."""
    tracker = playing(a_session())
    tracker.handle_playing(told(None))
    tracker.handle_restart()
    assert kinds(listed(tracker, a_session(rating_key="300"))) == ["started"]


def test_key_that_has_become_another_stream_is_an_end_and_a_start() -> None:
    """As when the next episode begins by itself."""
    tracker = playing(a_session())
    tracker.handle_playing(told(PLAYING, HOUR))
    events = listed(tracker, a_session(rating_key="101"))
    assert kinds(events) == ["finished", "stopped", "started"]


def test_late_answer_is_left_out() -> None:
    """What was asked later, and answered sooner, is newer."""
    tracker = playing()
    first, second = tracker.begin_read(), tracker.begin_read()
    tracker.handle_sessions(second, (a_session(),))
    assert tracker.handle_sessions(first, ()) == []
    assert tracker.sessions is not None
    assert list(tracker.sessions) == ["1"]


def test_decision_that_changes_is_told_by_the_transcoder() -> None:
    """And what the transcoder tells beside that changes nothing."""
    tracker = playing(a_session(decision=StreamDecision.TRANSCODE, transcode=a_transcode()))
    assert tracker.handle_transcode(replace(a_transcode(), throttled=True)) == []
    [event] = tracker.handle_transcode(a_transcode("copy"))
    assert event.event_type is PlaybackEventType.DECISION_CHANGED
    assert event.session.decision is StreamDecision.DIRECT_STREAM
    assert tracker.handle_transcode(replace(a_transcode("copy"), key="another")) == []


def test_hardware_that_takes_part_is_taken_in_without_an_event() -> None:
    """It shows in the attributes only."""
    tracker = playing(a_session(decision=StreamDecision.TRANSCODE, transcode=a_transcode()))
    assert tracker.handle_transcode(a_transcode(hardware=True)) == []
    assert tracker.sessions is not None
    transcode = tracker.sessions["1"].transcode
    assert transcode is not None
    assert transcode.hardware


def test_transcoder_tells_of_its_own_stream_alone() -> None:
    """Another one that is transcoded goes on as it was."""
    film, song = (
        a_session(
            key,
            decision=StreamDecision.TRANSCODE,
            transcode=replace(a_transcode(), key=transcode),
        )
        for key, transcode in (("1", "t1"), ("2", "t2"))
    )
    tracker = playing(film, song)
    [event] = tracker.handle_transcode(replace(a_transcode("copy"), key="t2"))
    assert event.session.session_key == "2"
    assert tracker.sessions is not None
    assert tracker.sessions["1"] is film


def test_new_transcode_of_a_known_stream_is_asked_for() -> None:
    """Somebody has chosen another quality."""
    tracker = playing(a_session())
    assert tracker.handle_playing(told(PLAYING, transcode="t1")) == ([], True)
    assert tracker.handle_playing(told(PLAYING, transcode="t1")) == ([], False)
    events = listed(tracker, a_session(decision=StreamDecision.TRANSCODE, transcode=a_transcode()))
    assert kinds(events) == ["decision_changed"]


def test_stream_that_goes_on_without_its_transcode_is_asked_for() -> None:
    """Somebody has chosen the original quality. A stream that ends with it is not."""
    transcoded = a_session(decision=StreamDecision.TRANSCODE, transcode=a_transcode())
    tracker = playing(transcoded)
    assert tracker.handle_playing(told(PLAYING)) == ([], False)
    tracker.handle_transcode_ended(a_transcode())
    assert tracker.handle_playing(told(PLAYING)) == ([], True)
    assert tracker.handle_playing(told(PLAYING)) == ([], False)
    assert kinds(listed(tracker, a_session())) == ["decision_changed"]

    tracker = playing(transcoded)
    tracker.handle_transcode_ended(a_transcode())
    events, ask = tracker.handle_playing(told(None))
    assert (kinds(events), ask) == (["stopped"], False)


def test_transcode_that_is_taken_up_again_has_not_ended() -> None:
    """A player that goes back to the lower quality can name it as before."""
    transcoded = a_session(decision=StreamDecision.TRANSCODE, transcode=a_transcode())
    tracker = playing(transcoded)
    tracker.handle_transcode_ended(a_transcode())
    listed(tracker, a_session())
    listed(tracker, transcoded)
    assert tracker.handle_playing(told(PLAYING)) == ([], False)


def test_credits_are_reached_once() -> None:
    """The event has the position."""
    tracker = playing(a_session())
    tracker.expect_credits("1", 50 * 60_000)
    assert tracker.handle_playing(told(PLAYING, 49 * 60_000))[0] == []
    [event] = tracker.handle_playing(told(PLAYING, 51 * 60_000))[0]
    assert event.event_type is PlaybackEventType.CREDITS_REACHED
    assert event.session.view_offset == 51 * 60_000
    assert tracker.handle_playing(told(PLAYING, 52 * 60_000))[0] == []


def test_credits_are_reached_where_they_begin() -> None:
    """Not a moment later."""
    tracker = playing(a_session())
    tracker.expect_credits("1", 50 * 60_000)
    assert kinds(tracker.handle_playing(told(PLAYING, 50 * 60_000))[0]) == ["credits_reached"]


def test_credits_are_reached_by_whoever_goes_there_and_pauses() -> None:
    """Without waiting for it to go on."""
    tracker = playing(a_session())
    tracker.expect_credits("1", 50 * 60_000)
    events, _ = tracker.handle_playing(told(PAUSED, 51 * 60_000))
    assert kinds(events) == ["paused", "credits_reached"]


@pytest.mark.parametrize("resumed_at", [50 * 60_000, 55 * 60_000])
def test_credits_that_were_passed_before_are_not_waited_for(resumed_at: int) -> None:
    """Somebody resumed a film that they had nearly seen."""
    tracker = playing(a_session(view_offset=resumed_at))
    tracker.expect_credits("1", 50 * 60_000)
    assert tracker.handle_playing(told(PLAYING, 56 * 60_000))[0] == []


def test_guest_is_told_nothing_and_does_not_ask() -> None:
    """The account may not see the sessions."""
    tracker = playing(a_session())
    tracker.handle_denied()
    assert tracker.sessions is None
    assert tracker.handle_playing(told(PLAYING)) == ([], False)
    assert tracker.handle_transcode(a_transcode()) == []


def test_sessions_that_were_hidden_for_a_moment_have_not_started_anew() -> None:
    """A server refuses its owner while it starts."""
    tracker = playing(a_session())
    tracker.handle_denied()
    assert listed(tracker, a_session()) == []


def test_what_happened_while_the_sessions_were_hidden_is_told() -> None:
    """Whether or not anything was played before."""
    tracker = playing()
    tracker.handle_denied()
    assert kinds(listed(tracker, a_session())) == ["started"]
    tracker.handle_denied()
    assert kinds(listed(tracker, a_session("2"))) == ["stopped", "started"]


KEYS = st.sampled_from(["1", "2", "3"])
NOTIFICATIONS = st.builds(
    told,
    st.sampled_from([PLAYING, PAUSED, BUFFERING, None]),
    st.none() | st.integers(min_value=0, max_value=HOUR),
    key=KEYS,
    rating_key=st.sampled_from(["100", "101"]),
)
LISTS = st.lists(
    st.builds(a_session, KEYS, rating_key=st.sampled_from(["100", "101"])),
    unique_by=lambda session: session.session_key,
)


@given(st.lists(NOTIFICATIONS | LISTS))
def test_every_stream_starts_and_stops_in_turn(
    steps: list[PlayingNotification | list[Session]],
) -> None:
    """Whatever comes, those that have started and not stopped are those that are shown."""
    tracker = StreamTracker()
    listed(tracker)
    running: set[tuple[str, str | None]] = set()
    for step in steps:
        if isinstance(step, PlayingNotification):
            events, _ = tracker.handle_playing(step)
        else:
            events = listed(tracker, *step)
        for event in events:
            stream = (event.session.session_key, event.session.rating_key)
            if event.event_type is PlaybackEventType.STARTED:
                assert stream not in running
                running.add(stream)
            else:
                assert stream in running
            if event.event_type is PlaybackEventType.STOPPED:
                running.remove(stream)
        assert tracker.sessions is not None
        assert running == {(s.session_key, s.rating_key) for s in tracker.sessions.values()}


@given(st.lists(NOTIFICATIONS), LISTS)
def test_look_after_a_restart_shows_what_the_server_lists(
    notifications: list[PlayingNotification], sessions: list[Session]
) -> None:
    """What was told before does not keep anything from being shown then."""
    tracker = playing()
    for notification in notifications:
        tracker.handle_playing(notification)
    tracker.handle_restart()
    listed(tracker, *sessions)
    assert tracker.sessions == {session.session_key: session for session in sessions}


def test_what_is_played_next_on_a_player_does_not_take_the_place_of_what_was_finished() -> None:
    """An episode that was played to its end is finished, though the next one begins at 0."""
    tracker = playing(a_session())
    tracker.handle_playing(told(PLAYING, HOUR - 1000))
    _, ask = tracker.handle_playing(told(PLAYING, 0, rating_key="101"))
    assert ask
    events = listed(tracker, a_session(rating_key="101"))
    assert kinds(events) == ["finished", "stopped", "started"]


def test_what_is_played_next_is_not_where_the_one_before_it_was() -> None:
    """Even where the server does not list how far it is."""
    tracker = playing(a_session())
    tracker.handle_playing(told(PLAYING, HOUR - 1000))
    listed(tracker, a_session(rating_key="101", view_offset=None))
    assert kinds(tracker.handle_playing(told(None, rating_key="101"))[0]) == ["stopped"]


def test_credits_are_those_of_what_is_played() -> None:
    """They were not reached when the next thing was begun, so they never are."""
    tracker = playing(a_session())
    tracker.expect_credits("1", HOUR // 2)
    listed(tracker, a_session(rating_key="101"))
    events, _ = tracker.handle_playing(told(PLAYING, HOUR - 1000, rating_key="101"))
    assert events == []
