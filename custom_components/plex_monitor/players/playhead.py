"""How far a stream is, told anew only where the clock does not tell it."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from ..plex.models import PlaybackState, Session
from ..plex.notifications import PlayingNotification

# A stream that is told to be further than this from where it should be was moved, in milliseconds.
MOVED = 10_000
# What the server lists is where the player was when it last said so, this long ago at most.
LISTED_LATE = 10_000


@dataclass(frozen=True, kw_only=True)
class Position:
    """How far a stream was at a moment, in milliseconds."""

    offset: int
    at: datetime

    def expected(self, now: datetime, state: PlaybackState) -> int:
        """Return how far it has come by now: it goes on by itself while it plays."""
        if state is not PlaybackState.PLAYING:
            return self.offset
        return self.offset + (now - self.at) // timedelta(milliseconds=1)


class Playhead:
    """Keep the position of what a player plays.

    It is one of the start, of a jump, of a pause or of its end: the server tells many more, and
    nothing is to be written for those.
    """

    def __init__(self) -> None:
        """Play nothing yet."""
        self.position: Position | None = None
        self._session: Session | None = None

    def listed(self, session: Session | None, now: datetime) -> None:
        """Take in what is played now, as it was looked at; `None` for nothing."""
        self.position = None if session is None else self._position_of(session, now)
        self._session = session

    def told(self, playing: PlayingNotification, now: datetime) -> None:
        """Take in what the server tells of the stream."""
        session, offset = self._session, playing.view_offset
        if (
            session is None
            or offset is None
            or playing.rating_key not in {None, session.rating_key}
        ):
            return
        known = self.position
        if known is None or abs(offset - known.expected(now, session.state)) > MOVED:
            self.position = Position(offset=offset, at=now)

    def _position_of(self, session: Session, now: datetime) -> Position | None:
        before, known, offset = self._session, self.position, session.view_offset
        if before is None or known is None or not _is_same(before, session):
            return None if offset is None else Position(offset=offset, at=now)
        expected = known.expected(now, before.state)
        if offset is None or offset == before.view_offset:
            # It was not told anew.
            offset = expected
        if session.state is not before.state:
            return Position(offset=offset, at=now)
        if -(MOVED + LISTED_LATE) <= offset - expected <= MOVED:
            return known
        return Position(offset=offset, at=now)


def _is_same(one: Session, other: Session) -> bool:
    return (one.session_key, one.rating_key) == (other.session_key, other.rating_key)
