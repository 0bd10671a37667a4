"""Streams that have ended by push, and that the server may go on to list."""

from collections.abc import Mapping
from dataclasses import dataclass

from ..plex.models import PlaybackState, PlayedItem, Session
from .unlisted_streams import remember

# The list of an ended stream may be brought up to date once more. One that goes on to move plays.
MOVES_OF_ENDED = 1


@dataclass(kw_only=True)
class _Ended:
    """The item that has ended, how the stream was listed last, and how often that has changed."""

    item: PlayedItem
    listed: tuple[PlaybackState, int | None] | None = None
    moves: int = 0


class EndedStreams:
    """The streams that have ended by push, by their session key.

    A server can list a stream for half an hour after its end. The report of the end may also have
    been wrong, or the one of the start after it lost: a stream whose state or position goes on to
    change in the list has not ended.
    """

    def __init__(self) -> None:
        """Initialize without any stream."""
        self._ended: dict[str, _Ended] = {}

    def add(self, session_key: str, item: PlayedItem) -> None:
        """Add a stream that has ended, as the last one."""
        remember(self._ended, session_key, _Ended(item=item))

    def handle_playing(self, session_key: str, item: PlayedItem) -> None:
        """Forget the end of a stream that is reported to play."""
        ended = self._ended.get(session_key)
        if ended is not None and item.is_same(ended.item) is not False:
            del self._ended[session_key]

    def handle_read(self, listed: Mapping[str, Session]) -> None:
        """Forget what is not listed any more, is another stream, or plays on."""
        for key, ended in list(self._ended.items()):
            session = listed.get(key)
            if session is None or not self.has(session) or _plays_on(ended, session):
                del self._ended[key]

    def has(self, session: Session) -> bool:
        """Return whether a stream has ended, even if the server still lists it."""
        ended = self._ended.get(session.session_key)
        return ended is not None and ended.item.is_same(session.item) is not False

    def clear(self) -> None:
        """Forget all streams."""
        self._ended.clear()


def _plays_on(ended: _Ended, session: Session) -> bool:
    """Return whether a stream goes on to change in the list."""
    listed = session.state, session.view_offset
    if ended.listed is not None and listed != ended.listed:
        ended.moves += 1
    ended.listed = listed
    return ended.moves > MOVES_OF_ENDED
