"""What happened between two looks at the streams is told once, and nothing else is."""

from collections import Counter
from collections.abc import Mapping

from hypothesis import given, strategies as st

from custom_components.plex_monitor.events.models import (
    PlaybackEventType as Happened,
    playback_events,
)
from custom_components.plex_monitor.plex.models import PlaybackState, Session, StreamDecision

SECOND = 1000


def session(
    key: str = "1",
    *,
    rating_key: str = "100",
    player_id: str = "tv",
    user_id: str = "1",
    state: PlaybackState = PlaybackState.PLAYING,
    view_offset: int | None = 0,
    decision: StreamDecision = StreamDecision.DIRECT_PLAY,
) -> Session:
    """Return a stream of a medium of 100 s."""
    return Session(
        session_key=key,
        rating_key=rating_key,
        media_type="movie",
        title="Film",
        user="owner",
        user_id=user_id,
        player="TV",
        player_id=player_id,
        state=state,
        view_offset=view_offset,
        duration=100 * SECOND,
        decision=decision,
    )


def happened(before: Session | None, after: Session | None) -> list[Happened]:
    """Return what happened to the one stream there is."""
    looks = [{} if each is None else {each.session_key: each} for each in (before, after)]
    return [event.event_type for event in playback_events(*looks)]


def test_a_stream_starts_and_stops() -> None:
    """The one that is new, and the one that is gone."""
    assert happened(None, session()) == [Happened.STARTED]
    assert happened(session(), None) == [Happened.STOPPED]


def test_a_stream_is_finished_where_plex_would_mark_it_as_watched() -> None:
    """That is at 90 %; it is stopped as well."""
    assert happened(session(view_offset=90 * SECOND), None) == [
        Happened.FINISHED,
        Happened.STOPPED,
    ]
    assert happened(session(view_offset=90 * SECOND - 1), None) == [Happened.STOPPED]
    assert happened(session(view_offset=None), None) == [Happened.STOPPED]


def test_a_stream_pauses_and_goes_on() -> None:
    """A player that buffers plays, as far as anybody cares."""
    playing, paused, buffering = (session(state=state) for state in PlaybackState)
    assert happened(playing, paused) == [Happened.PAUSED]
    assert happened(paused, playing) == [Happened.RESUMED]
    assert happened(paused, buffering) == [Happened.RESUMED]
    assert happened(buffering, paused) == [Happened.PAUSED]
    assert happened(playing, buffering) == []
    assert happened(buffering, playing) == []


def test_a_stream_changes_how_it_is_delivered() -> None:
    """Told beside a pause where both happen."""
    assert happened(session(), session(decision=StreamDecision.TRANSCODE)) == [
        Happened.DECISION_CHANGED
    ]
    transcoded = session(decision=StreamDecision.TRANSCODE, state=PlaybackState.PAUSED)
    assert happened(session(), transcoded) == [Happened.PAUSED, Happened.DECISION_CHANGED]


def test_another_stream_under_the_same_key_is_another() -> None:
    """The next episode; or another player, as keys begin anew when the server does."""
    nearly_done = session(view_offset=95 * SECOND)
    for other in (session(rating_key="101"), session(player_id="phone"), session(user_id="2")):
        assert happened(nearly_done, other) == [
            Happened.FINISHED,
            Happened.STOPPED,
            Happened.STARTED,
        ]


KEYS = st.sampled_from("12345")
LOOKS = st.dictionaries(
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


def keyed(look: Mapping[str, Session]) -> dict[str, Session]:
    """Return a look at the streams, in which each says its own key."""
    return {
        key: session(
            key,
            rating_key=each.rating_key or "",
            player_id=each.player_id or "",
            state=each.state,
            view_offset=each.view_offset,
            decision=each.decision,
        )
        for key, each in look.items()
    }


@given(before=LOOKS.map(keyed), after=LOOKS.map(keyed))
def test_starts_and_stops_add_up(before: dict[str, Session], after: dict[str, Session]) -> None:
    """So that whoever counts them knows how many streams there are."""
    counts = Counter(event.event_type for event in playback_events(before, after))
    assert len(before) + counts[Happened.STARTED] - counts[Happened.STOPPED] == len(after)
    assert counts[Happened.FINISHED] <= counts[Happened.STOPPED]


@given(before=LOOKS.map(keyed), after=LOOKS.map(keyed))
def test_each_thing_is_told_once(before: dict[str, Session], after: dict[str, Session]) -> None:
    """And of the stream as it is after it, or was before its end."""
    events = list(playback_events(before, after))
    assert len({(each.session.session_key, each.event_type) for each in events}) == len(events)
    for event in events:
        ended = event.event_type in {Happened.STOPPED, Happened.FINISHED}
        look = before if ended else after
        assert event.session is look[event.session.session_key]


@given(look=LOOKS.map(keyed))
def test_nothing_happens_while_nothing_changes(look: dict[str, Session]) -> None:
    """Two looks at the same."""
    assert list(playback_events(look, dict(look))) == []
