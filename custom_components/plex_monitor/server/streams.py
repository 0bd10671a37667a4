"""The streams of one server, kept up to date by notifications and by reads of its sessions."""

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from ..events.models import PlaybackEvent, PlaybackEventType, Sessions, playback_events
from ..plex.models import Session, StreamDecision, TranscodeStatus
from ..plex.notifications import PlayingNotification
from ..plex.parsing import integer

# What identifies a stream in a notification: session key, rating key and transcode key.
type _StreamId = tuple[str, str | None, str | None]


class StreamTracker:
    """Track the sessions of a server, and derive playback events from their changes.

    `sessions` are by their key, `None` where the account may not see them. The position that was
    reported last is kept apart from them: it changes all the time, and causes no state change.
    """

    def __init__(self) -> None:
        """Initialize without any session."""
        self.sessions: Sessions | None = None
        # The sessions as last read or reported, `None` until they are read for the first time. They
        # outlast a time in which the account may not see the sessions.
        self._previous: Sessions | None = None
        # Sessions that have ended by push, and that the server still lists.
        self._ended: set[str] = set()
        # Streams for which a read was requested, and that are not listed (yet).
        self._requested: set[_StreamId] = set()
        # Keys of transcodes that have ended, of streams that may go on without.
        self._ended_transcodes: set[str] = set()
        self._positions: dict[str, int] = {}
        # Where the credits of a stream begin, until they are reached.
        self._credits_offsets: dict[str, int] = {}
        self._reads_started = 0
        self._last_read = 0

    def begin_read(self) -> int:
        """Return a number for a read of the sessions, which orders it among others."""
        self._reads_started += 1
        return self._reads_started

    def handle_sessions(self, read: int, sessions: tuple[Session, ...]) -> list[PlaybackEvent]:
        """Update the streams with the response to a read, unless a later read has overtaken it."""
        if read < self._last_read:
            return []
        self._last_read = read
        by_key = {session.session_key: session for session in sessions}
        self._ended &= by_key.keys()
        self._requested -= {_id_of_session(session) for session in sessions}
        events = self._update({k: s for k, s in by_key.items() if k not in self._ended})
        self._positions |= {
            key: session.view_offset
            for key, session in (self.sessions or {}).items()
            if session.view_offset is not None
        }
        return events

    def handle_denied(self) -> None:
        """Handle that the account may not see the sessions."""
        self.sessions = None

    def handle_restart(self) -> None:
        """Forget earlier notifications: a restarted server counts its sessions from one again."""
        self._ended.clear()
        self._requested.clear()

    def handle_playing(self, playing: PlayingNotification) -> tuple[list[PlaybackEvent], bool]:
        """Handle a notification about a stream.

        Return the events, and whether the sessions have to be read to know the stream.
        """
        if self.sessions is None:
            return [], False
        key = playing.session_key
        session = self.sessions.get(key)
        # The position of the next item on a player is not that of the item before it.
        same_item = session is not None and playing.rating_key in {None, session.rating_key}
        if same_item and playing.view_offset is not None:
            self._positions[key] = playing.view_offset
        if playing.state is None:
            self._ended.add(key)
            self._requested = {stream for stream in self._requested if stream[0] != key}
            return self._update({k: s for k, s in self.sessions.items() if k != key}), False
        self._ended.discard(key)
        if session is None or self._differs(playing, session):
            # A read is requested once for a stream that is not listed like this, and not with each
            # report of its position.
            stream = _id_of_notification(playing)
            is_new = stream not in self._requested
            self._requested.add(stream)
            return [], is_new
        if playing.state is session.state:
            # Only the position is reported, as for each stream every few seconds.
            return self._credits_events(session), False
        session = self._with_position(replace(session, state=playing.state))
        events = self._update({**self.sessions, key: session})
        return [*events, *self._credits_events(session)], False

    def has_ended(self, session_key: str) -> bool:
        """Return whether a stream has ended by push, even if the server still lists it."""
        return session_key in self._ended

    def is_missing(self, playing: PlayingNotification) -> bool:
        """Return whether a stream for which a read was requested is still not listed like that."""
        if self.sessions is None or _id_of_notification(playing) not in self._requested:
            return False
        session = self.sessions.get(playing.session_key)
        return session is None or self._differs(playing, session)

    def handle_transcode(self, status: TranscodeStatus) -> list[PlaybackEvent]:
        """Update the stream of a transcode, where that changes how the stream is delivered."""
        sessions = self.sessions or {}
        for key, session in sessions.items():
            if session.transcode is None or session.transcode.key != status.key:
                continue
            decision = StreamDecision.of(status.video_decision, status.audio_decision)
            if (
                decision is not session.decision
                or status.hardware is not session.transcode.hardware
            ):
                changed = replace(session, decision=decision, transcode=status)
                return self._update({**sessions, key: changed})
        return []

    def handle_transcode_ended(self, status: TranscodeStatus) -> None:
        """Handle the end of a transcode: if its stream goes on, it is delivered differently."""
        self._ended_transcodes.add(status.key)

    def expect_credits(self, session_key: str, offset: int) -> None:
        """Expect the credits of a stream at an offset, if they are still ahead."""
        if offset > self._positions.get(session_key, 0):
            self._credits_offsets[session_key] = offset

    def _differs(self, playing: PlayingNotification, session: Session) -> bool:
        """Return whether a notification names another item or transcode than the session."""
        _, rating_key, transcode = _id_of_session(session)
        if playing.rating_key not in {None, rating_key}:
            return True
        if playing.transcode_session is None:
            return transcode in self._ended_transcodes
        return playing.transcode_session != transcode

    def _credits_events(self, session: Session) -> list[PlaybackEvent]:
        key = session.session_key
        offset = self._credits_offsets.get(key)
        if offset is None or self._positions.get(key, 0) < offset:
            return []
        del self._credits_offsets[key]
        return [
            PlaybackEvent(
                event_type=PlaybackEventType.CREDITS_REACHED, session=self._with_position(session)
            )
        ]

    def _with_position(self, session: Session) -> Session:
        """Return a session with the position that was reported last."""
        position = self._positions.get(session.session_key, session.view_offset)
        return replace(session, view_offset=position)

    def _update(self, sessions: Mapping[str, Session]) -> list[PlaybackEvent]:
        """Replace the sessions, and return what has happened to them."""
        if self._previous is None:
            # A stream that runs when Home Assistant starts did not start just then.
            events = []
        else:
            before = {
                key: session if sessions.get(key) is session else self._with_position(session)
                for key, session in self._previous.items()
            }
            events = list(playback_events(before, sessions))
        for event in events:
            if event.event_type in {PlaybackEventType.STARTED, PlaybackEventType.STOPPED}:
                self._positions.pop(event.session.session_key, None)
                self._credits_offsets.pop(event.session.session_key, None)
        transcodes = (session.transcode for session in sessions.values())
        self._ended_transcodes &= {each.key for each in transcodes if each is not None}
        self.sessions = self._previous = MappingProxyType(dict(sessions))
        return events


def session_number(session: Session) -> int:
    """Return the session key as a number: the server counts its sessions as they start."""
    return integer(session.session_key) or 0


def _id_of_notification(playing: PlayingNotification) -> _StreamId:
    """Return the stream that a notification is about."""
    return playing.session_key, playing.rating_key, playing.transcode_session


def _id_of_session(session: Session) -> _StreamId:
    """Return the stream as a notification about the session would name it."""
    transcode = None if session.transcode is None else session.transcode.key
    return session.session_key, session.rating_key, transcode
