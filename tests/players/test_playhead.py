"""The position of a stream is near the last report, and constant for as long as possible."""

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
from tests.simulator import Account, PlexServer, Stream
from tests.support.entries import set_up, state_of
from tests.support.helpers import advance, settle
from tests.support.players import BEDROOM, TV, position_of

PLAYING, PAUSED, BUFFERING = PlaybackState.PLAYING, PlaybackState.PAUSED, PlaybackState.BUFFERING
HOUR = 3_600_000
MINUTE = 60
# Differences up to which a position is kept, and the delay of the list, in milliseconds.
SEEK_THRESHOLD = 10_000
MAX_LIST_DELAY = 10_000
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


def report(offset: int | None, *, rating_key: str | None = "100") -> PlayingNotification:
    """Return a notification about it."""
    return PlayingNotification(
        session_key="1",
        rating_key=rating_key,
        state=PLAYING,
        view_offset=offset,
        transcode_session=None,
    )


def playing(offset: int | None = 0) -> Playhead:
    """Return the playhead of a stream that started at noon."""
    playhead = Playhead()
    playhead.update_session(a_session(offset), NOON)
    return playhead


def test_start() -> None:
    """Without a position in the list, it is unknown until the first report."""
    assert playing(5000).position == Position(offset=5000, at=NOON)
    playhead = playing(None)
    assert playhead.position is None
    playhead.update_position(report(7000), NOON)
    assert playhead.position == Position(offset=7000, at=NOON)


def test_end() -> None:
    """A report that arrives late is no position."""
    playhead = playing()
    playhead.update_session(None, NOON)
    playhead.update_position(report(7000), NOON)
    assert playhead.position is None


@given(
    st.lists(
        st.tuples(
            st.integers(0, 3600), st.integers(-SEEK_THRESHOLD, SEEK_THRESHOLD), st.booleans()
        ),
        max_size=20,
    )
)
def test_stream_that_just_plays_has_one_position(steps: list[tuple[int, int, bool]]) -> None:
    """It is reported and listed often, and not exactly."""
    playhead = playing()
    begun = playhead.position
    for seconds, error, listed in steps:
        now = NOON + timedelta(seconds=seconds)
        offset = seconds * 1000 + error
        if listed:
            playhead.update_session(a_session(offset), now)
        else:
            playhead.update_position(report(offset), now)
        assert playhead.position is begun


@given(st.lists(st.tuples(SECONDS, OFFSETS, STATES, st.booleans()), min_size=1, max_size=20))
def test_position_is_near_the_last_report(
    steps: list[tuple[int, int, PlaybackState, bool]],
) -> None:
    """Whatever was reported before."""
    playhead, now, session = playing(), NOON, a_session()
    for seconds, offset, state, listed in steps:
        now += timedelta(seconds=seconds)
        if listed:
            anew = offset != session.view_offset
            session = replace(session, view_offset=offset, state=state)
            playhead.update_session(session, now)
        else:
            playhead.update_position(report(offset), now)
        assert playhead.position is not None
        error = offset - playhead.position.expected(now, session.state)
        if not listed:
            assert abs(error) <= SEEK_THRESHOLD
        elif anew:
            assert -(SEEK_THRESHOLD + MAX_LIST_DELAY) <= error <= SEEK_THRESHOLD


@pytest.mark.parametrize("state", [PAUSED, BUFFERING])
def test_stream_that_waits_keeps_its_position(state: PlaybackState) -> None:
    """The clock gives the position at which it began to wait, if no report does."""
    playhead = playing()
    paused = NOON + timedelta(seconds=30)
    playhead.update_session(a_session(0, state), paused)
    assert playhead.position == Position(offset=30_000, at=paused)
    later = NOON + timedelta(hours=1)
    playhead.update_position(report(31_000), later)
    assert playhead.position == Position(offset=30_000, at=paused)
    playhead.update_session(a_session(0), later)
    assert playhead.position == Position(offset=30_000, at=later)


def test_next_item_has_its_own_position() -> None:
    """A report about it before it is listed is not about the previous item."""
    playhead = playing(900_000)
    playhead.update_position(report(0, rating_key="101"), NOON)
    assert playhead.position == Position(offset=900_000, at=NOON)
    playhead.update_session(a_session(2000, rating_key="101"), NOON)
    assert playhead.position == Position(offset=2000, at=NOON)


@pytest.mark.parametrize(
    "following",
    [a_session(None, rating_key="101"), a_session(None, session_key="2")],
    ids=["another film", "the same again"],
)
def test_next_item_does_not_take_over_the_position(following: Session) -> None:
    """Its own position is not listed yet."""
    playhead = playing(900_000)
    playhead.update_session(following, NOON)
    assert playhead.position is None


@pytest.mark.parametrize(
    ("listed", "moved"), [(-20_000, False), (-20_001, True), (10_000, False), (10_001, True)]
)
def test_position_that_is_listed_late_is_no_seek(listed: int, *, moved: bool) -> None:
    """The server lists the position of up to ten seconds ago, and never one ahead."""
    playhead = playing(900_000)
    minute_later = NOON + timedelta(minutes=1)
    playhead.update_session(a_session(960_000 + listed), minute_later)
    assert playhead.position is not None
    assert playhead.position.at == (minute_later if moved else NOON)


@pytest.mark.parametrize(
    ("error", "moved"), [(-10_000, False), (-10_001, True), (10_000, False), (10_001, True)]
)
def test_seek_is_more_than_ten_seconds(error: int, *, moved: bool) -> None:
    """Reports of players are not exact."""
    playhead = playing(900_000)
    minute_later = NOON + timedelta(minutes=1)
    playhead.update_position(report(960_000 + error), minute_later)
    assert playhead.position is not None
    assert playhead.position.at == (minute_later if moved else NOON)


def test_notification_without_a_position() -> None:
    """One without an item is about the stream."""
    playhead = playing()
    playhead.update_position(report(None), NOON)
    assert playhead.position == Position(offset=0, at=NOON)
    playhead.update_position(report(60_000, rating_key=None), NOON)
    assert playhead.position == Position(offset=60_000, at=NOON)


# The media player


async def test_position_changes_where_the_clock_does_not_account_for_it(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, stream: Stream
) -> None:
    """It changes at the start, a seek, a pause and the end of a pause."""
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
    """The list can be a little behind, which is no seek; a seek is found by the next poll."""
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


async def test_pause_without_a_position(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, home: PlexServer, stream: Stream
) -> None:
    """The clock gives it."""
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
