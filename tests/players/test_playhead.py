"""How far a stream is: near what was told last, and the same for as long as it can be."""

from dataclasses import replace
from datetime import timedelta

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
from hypothesis import given, strategies as st
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.plex_monitor.players.playhead import Playhead, Position
from custom_components.plex_monitor.plex.models import PlaybackState, Session
from custom_components.plex_monitor.plex.notifications import PlayingNotification
from tests.plex.common import NOON
from tests.simulator import Account, PlexServer
from tests.support.entries import set_up, state_of
from tests.support.helpers import advance, settle
from tests.support.players import BEDROOM, TV, playing_in_the_bedroom, position_of

PLAYING, PAUSED, BUFFERING = PlaybackState.PLAYING, PlaybackState.PAUSED, PlaybackState.BUFFERING
HOUR = 3_600_000
MINUTE = 60
# What is not told for itself, and how late what is listed can be, in milliseconds.
MOVED = 10_000
LISTED_LATE = 10_000
OFFSETS = st.integers(min_value=0, max_value=HOUR)
STATES = st.sampled_from([PLAYING, PAUSED, BUFFERING])
SECONDS = st.integers(min_value=0, max_value=600)


def a_session(
    offset: int | None = 0,
    state: PlaybackState = PLAYING,
    *,
    session_key: str = "1",
    rating_key: str = "100",
) -> Session:
    """Return a session of an hour's film."""
    return Session(
        session_key=session_key,
        rating_key=rating_key,
        media_type="movie",
        title="Film",
        user="owner",
        player="TV",
        state=state,
        view_offset=offset,
        duration=HOUR,
    )


def told(offset: int | None, *, rating_key: str | None = "100") -> PlayingNotification:
    """Return what the server tells of it."""
    return PlayingNotification(
        session_key="1",
        rating_key=rating_key,
        state=PLAYING,
        view_offset=offset,
        transcode_session=None,
    )


def playing(offset: int | None = 0) -> Playhead:
    """Return the playhead of a stream that began at noon."""
    playhead = Playhead()
    playhead.update_session(a_session(offset), NOON)
    return playhead


def test_start() -> None:
    """Where the server does not tell, it is not known until it does."""
    assert playing(5000).position == Position(offset=5000, at=NOON)
    playhead = playing(None)
    assert playhead.position is None
    playhead.update_position(told(7000), NOON)
    assert playhead.position == Position(offset=7000, at=NOON)


def test_end() -> None:
    """Nothing that comes late is taken for a position."""
    playhead = playing()
    playhead.update_session(None, NOON)
    playhead.update_position(told(7000), NOON)
    assert playhead.position is None


@given(
    st.lists(
        st.tuples(st.integers(0, 3600), st.integers(-MOVED, MOVED), st.booleans()), max_size=20
    )
)
def test_stream_that_just_goes_on_has_one_position(steps: list[tuple[int, int, bool]]) -> None:
    """However often, and however inexactly, it is told or listed."""
    playhead = playing()
    begun = playhead.position
    for seconds, error, listed in steps:
        now = NOON + timedelta(seconds=seconds)
        offset = seconds * 1000 + error
        if listed:
            playhead.update_session(a_session(offset), now)
        else:
            playhead.update_position(told(offset), now)
        assert playhead.position is begun


@given(st.lists(st.tuples(SECONDS, OFFSETS, STATES, st.booleans()), min_size=1, max_size=20))
def test_position_is_near_what_was_told_last(
    steps: list[tuple[int, int, PlaybackState, bool]],
) -> None:
    """Whatever comes before."""
    playhead, now, session = playing(), NOON, a_session()
    for seconds, offset, state, listed in steps:
        now += timedelta(seconds=seconds)
        if listed:
            anew = offset != session.view_offset
            session = replace(session, view_offset=offset, state=state)
            playhead.update_session(session, now)
        else:
            playhead.update_position(told(offset), now)
        assert playhead.position is not None
        error = offset - playhead.position.expected(now, session.state)
        if not listed:
            assert abs(error) <= MOVED
        elif anew:
            assert -(MOVED + LISTED_LATE) <= error <= MOVED


@pytest.mark.parametrize("state", [PAUSED, BUFFERING])
def test_stream_that_waits_stays_where_it_is(state: PlaybackState) -> None:
    """From where the clock says, if nothing else does."""
    playhead = playing()
    waits = NOON + timedelta(seconds=30)
    playhead.update_session(a_session(0, state), waits)
    assert playhead.position == Position(offset=30_000, at=waits)
    later = NOON + timedelta(hours=1)
    playhead.update_position(told(31_000), later)
    assert playhead.position == Position(offset=30_000, at=waits)
    playhead.update_session(a_session(0), later)
    assert playhead.position == Position(offset=30_000, at=later)


def test_what_is_played_next_has_its_own_position() -> None:
    """What is told of it before it is listed is not of what was played."""
    playhead = playing(900_000)
    playhead.update_position(told(0, rating_key="101"), NOON)
    assert playhead.position == Position(offset=900_000, at=NOON)
    playhead.update_session(a_session(2000, rating_key="101"), NOON)
    assert playhead.position == Position(offset=2000, at=NOON)


@pytest.mark.parametrize(
    "following",
    [a_session(None, rating_key="101"), a_session(None, session_key="2")],
    ids=["another film", "the same anew"],
)
def test_what_is_played_next_is_not_where_the_one_before_it_was(following: Session) -> None:
    """Even where it is not told where that is."""
    playhead = playing(900_000)
    playhead.update_session(following, NOON)
    assert playhead.position is None


@pytest.mark.parametrize(
    ("listed", "moved"), [(-20_000, False), (-20_001, True), (10_000, False), (10_001, True)]
)
def test_what_is_listed_late_is_no_jump(listed: int, *, moved: bool) -> None:
    """The server lists where the player was up to ten seconds ago, and never where it will be."""
    playhead = playing(900_000)
    minute_later = NOON + timedelta(minutes=1)
    playhead.update_session(a_session(960_000 + listed), minute_later)
    assert playhead.position is not None
    assert playhead.position.at == (minute_later if moved else NOON)


@pytest.mark.parametrize(
    ("told_at", "moved"), [(-10_000, False), (-10_001, True), (10_000, False), (10_001, True)]
)
def test_jump_is_more_than_ten_seconds(told_at: int, *, moved: bool) -> None:
    """Players are not exact."""
    playhead = playing(900_000)
    minute_later = NOON + timedelta(minutes=1)
    playhead.update_position(told(960_000 + told_at), minute_later)
    assert playhead.position is not None
    assert playhead.position.at == (minute_later if moved else NOON)


def test_notification_without_a_position() -> None:
    """Or without saying of what: it is of the stream."""
    playhead = playing()
    playhead.update_position(told(None), NOON)
    assert playhead.position == Position(offset=0, at=NOON)
    playhead.update_position(told(60_000, rating_key=None), NOON)
    assert playhead.position == Position(offset=60_000, at=NOON)


# As a media player tells it


async def test_position_is_told_when_it_is_not_to_be_expected(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    home: PlexServer,
    bedroom_entry: MockConfigEntry,
) -> None:
    """At the start, at a jump, at a pause and at its end: the rest is the clock's."""
    stream = await playing_in_the_bedroom(hass, home, bedroom_entry)
    started = dt_util.utcnow()
    assert position_of(hass) == (0, started)

    freezer.tick(300)
    await stream.seek(305_000)
    await settle(hass)
    assert position_of(hass) == (0, started)

    await stream.seek(1_200_000)
    await settle(hass)
    jumped = dt_util.utcnow()
    assert position_of(hass) == (1200, jumped)

    freezer.tick(60)
    await stream.seek(1_260_000)
    await stream.pause()
    await settle(hass)
    paused = dt_util.utcnow()
    assert position_of(hass) == (1260, paused)

    freezer.tick(600)
    await stream.seek(1_260_000)
    await settle(hass)
    assert position_of(hass) == (1260, paused)
    await stream.seek(90_000)
    await settle(hass)
    assert position_of(hass) == (90, dt_util.utcnow())

    freezer.tick(60)
    await stream.resume()
    await settle(hass)
    assert position_of(hass) == (90, dt_util.utcnow())


async def test_position_without_push(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    home: PlexServer,
    owner: Account,
    bedroom_entry: MockConfigEntry,
) -> None:
    """The list can be a little behind, which is no jump; a jump is seen with the next look."""
    home.refuses_websockets = 404
    await set_up(hass, bedroom_entry)
    stream = await home.start_stream(user=owner, title="Winter Light", player=TV)
    await advance(hass, freezer, 16, step=8)
    first = position_of(hass)
    stream.place_at(stream.view_offset - 9000)
    await advance(hass, freezer, 3 * MINUTE, step=8)
    assert position_of(hass) == first

    stream.place_at(1_200_000)
    await advance(hass, freezer, 16, step=8)
    jumped = position_of(hass)
    assert 1200 <= jumped[0] <= 1216
    await advance(hass, freezer, MINUTE, step=8)
    assert position_of(hass) == jumped

    await stream.pause()
    stream.place_at(610_000)
    await advance(hass, freezer, 16, step=8)
    assert position_of(hass)[0] == 610
    assert state_of(hass, BEDROOM) == "paused"


async def test_pause_that_tells_no_position(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    home: PlexServer,
    bedroom_entry: MockConfigEntry,
) -> None:
    """It is where the clock says."""
    stream = await playing_in_the_bedroom(hass, home, bedroom_entry)
    freezer.tick(30)
    await home.notifier.notify(
        "playing",
        "PlaySessionStateNotification",
        {
            "sessionKey": stream.session_key,
            "ratingKey": str(stream.item.rating_key),
            "state": "paused",
        },
    )
    await settle(hass)
    assert state_of(hass, BEDROOM) == "paused"
    assert position_of(hass)[0] == 30
