"""Position of a stream, which changes only where the clock does not account for it."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from ..plex.models import PlaybackState, Session
from ..plex.notifications import PlayingNotification

# A stream that is reported further than this from its expected position was moved, in milliseconds.
SEEK_THRESHOLD = 10_000
# The list of sessions has the position that the player last reported, up to this long ago.
MAX_LIST_DELAY = 10_000


@dataclass(frozen=True, kw_only=True)
class Position:
    """Position of a stream at a moment, in milliseconds."""

    offset: int
    at: datetime

    def expected(self, now: datetime, state: PlaybackState) -> int:
        """Return the position now: it advances by itself while the stream is playing."""
        if state is not PlaybackState.PLAYING:
            return self.offset
        return self.offset + (now - self.at) // timedelta(milliseconds=1)


class Playhead:
    """Keep the position of what a player plays.

    It changes at the start, a seek, a pause and the end of a pause. The server reports many more
    positions, for which no state is written.
    """

    def __init__(self) -> None:
        """Initialize without a session."""
        self.position: Position | None = None
        self._session: Session | None = None

    def update_session(self, session: Session | None, now: datetime) -> None:
        """Update from the session as it is listed now, `None` for none."""
        self.position = None if session is None else self._listed_position(session, now)
        self._session = session

    def update_position(self, notification: PlayingNotification, now: datetime) -> None:
        """Update from a notification, if it is about the listed session."""
        session, offset = self._session, notification.view_offset
        if session is None or offset is None or notification.item.is_same(session.item) is False:
            return
        position = self.position
        if position is None or abs(offset - position.expected(now, session.state)) > SEEK_THRESHOLD:
            self.position = Position(offset=offset, at=now)

    def _listed_position(self, session: Session, now: datetime) -> Position | None:
        previous, position, offset = self._session, self.position, session.view_offset
        if previous is None or position is None or not _is_same(previous, session):
            return None if offset is None else Position(offset=offset, at=now)
        expected = position.expected(now, previous.state)
        if offset is None or offset == previous.view_offset:
            # The player has not reported another position since.
            offset = expected
        if session.state is not previous.state:
            return Position(offset=offset, at=now)
        if -(SEEK_THRESHOLD + MAX_LIST_DELAY) <= offset - expected <= SEEK_THRESHOLD:
            return position
        return Position(offset=offset, at=now)


def _is_same(one: Session, other: Session) -> bool:
    return (one.session_key, one.item) == (other.session_key, other.item)
