"""Each difference between two reads of the sessions is one event, and there are no others."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from hypothesis import given, strategies as st

from custom_components.plex_monitor.events.models import PlaybackEventType, playback_events
from custom_components.plex_monitor.plex.models import PlaybackState, Session, StreamDecision
from tests.support.sessions import a_session

SECOND = 1000


def session(key: str = "1", **details: Any) -> Session:
    """Return a session of an item of 100 s."""
    defaults = {"user_id": "1", "player_id": "tv", "duration": 100 * SECOND}
    return a_session(key, **defaults | details)


def types_of_events(before: Session | None, after: Session | None) -> list[PlaybackEventType]:
    """Return the types of the events of a single stream."""
    reads = [{} if each is None else {each.session_key: each} for each in (before, after)]
    return [event.event_type for event in playback_events(*reads)]


def test_new_stream_starts_and_missing_stream_stops() -> None:
    """The stream is in only one of the two reads."""
    assert types_of_events(None, session()) == [PlaybackEventType.STARTED]
    assert types_of_events(session(), None) == [PlaybackEventType.STOPPED]


def test_stream_is_finished_where_plex_marks_the_item_as_watched() -> None:
    """At 90 %; it is stopped as well."""
    assert types_of_events(session(view_offset=90 * SECOND), None) == [
        PlaybackEventType.FINISHED,
        PlaybackEventType.STOPPED,
    ]
    assert types_of_events(session(view_offset=90 * SECOND - 1), None) == [
        PlaybackEventType.STOPPED
    ]
    assert types_of_events(session(view_offset=None), None) == [PlaybackEventType.STOPPED]


def test_stream_pauses_and_resumes() -> None:
    """A player that buffers is playing."""
    playing, paused, buffering = (session(state=state) for state in PlaybackState)
    assert types_of_events(playing, paused) == [PlaybackEventType.PAUSED]
    assert types_of_events(paused, playing) == [PlaybackEventType.RESUMED]
    assert types_of_events(paused, buffering) == [PlaybackEventType.RESUMED]
    assert types_of_events(buffering, paused) == [PlaybackEventType.PAUSED]
    assert types_of_events(playing, buffering) == []
    assert types_of_events(buffering, playing) == []


def test_delivery_of_a_stream_changes() -> None:
    """In addition to a pause, where both happen."""
    assert types_of_events(session(), session(decision=StreamDecision.TRANSCODE)) == [
        PlaybackEventType.DECISION_CHANGED
    ]
    transcoded = session(decision=StreamDecision.TRANSCODE, state=PlaybackState.PAUSED)
    assert types_of_events(session(), transcoded) == [
        PlaybackEventType.PAUSED,
        PlaybackEventType.DECISION_CHANGED,
    ]


def test_another_item_player_or_user_in_a_session_is_another_stream() -> None:
    """The next episode, or another player: a restarted server reuses the keys."""
    nearly_done = session(view_offset=95 * SECOND)
    for other in (session(rating_key="101"), session(player_id="phone"), session(user_id="2")):
        assert types_of_events(nearly_done, other) == [
            PlaybackEventType.FINISHED,
            PlaybackEventType.STOPPED,
            PlaybackEventType.STARTED,
        ]


KEYS = st.sampled_from("12345")
READS = st.dictionaries(
    KEYS,
    st.builds(
        session,
        rating_key=st.sampled_from(["100", "101"]),
        player_id=st.sampled_from(["tv", "phone"]),
        state=st.sampled_from(PlaybackState),
        view_offset=st.none() | st.integers(0, 100 * SECOND),
        decision=st.sampled_from(StreamDecision),
    ),
)


def keyed(read: Mapping[str, Session]) -> dict[str, Session]:
    """Return a read of the sessions, in which each has its own key."""
    return {key: replace(each, session_key=key) for key, each in read.items()}


@given(before=READS.map(keyed), after=READS.map(keyed))
def test_starts_and_stops_add_up(before: dict[str, Session], after: dict[str, Session]) -> None:
    """Counting them gives the number of streams."""
    counts = Counter(event.event_type for event in playback_events(before, after))
    assert len(before) + counts[PlaybackEventType.STARTED] - counts[
        PlaybackEventType.STOPPED
    ] == len(after)
    assert counts[PlaybackEventType.FINISHED] <= counts[PlaybackEventType.STOPPED]


@given(before=READS.map(keyed), after=READS.map(keyed))
def test_each_event_is_reported_once(before: dict[str, Session], after: dict[str, Session]) -> None:
    """With the stream as it is after the event, or was before its end."""
    events = list(playback_events(before, after))
    assert len({(each.session.session_key, each.event_type) for each in events}) == len(events)
    for event in events:
        ended = event.event_type in {PlaybackEventType.STOPPED, PlaybackEventType.FINISHED}
        read = before if ended else after
        assert event.session is read[event.session.session_key]


@given(read=READS.map(keyed))
def test_no_event_without_a_change(read: dict[str, Session]) -> None:
    """Two equal reads."""
    assert list(playback_events(read, dict(read))) == []
