"""The streams of one server, kept up to date by notifications and by reads of its sessions."""

from collections.abc import Container, Mapping
from dataclasses import replace
from types import MappingProxyType

from ..events.models import PlaybackEvent, PlaybackEventType, Sessions, playback_events
from ..plex.models import PlayedItem, Session, StreamDecision, TranscodeStatus
from ..plex.notifications import PlayingNotification
from ..plex.parsing import integer
from .ended_streams import EndedStreams
from .unlisted_streams import UnlistedStreams

# Some notifications do not name the item.
NO_ITEM = PlayedItem(rating_key=None)


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
        self._ended = EndedStreams()
        self._unlisted = UnlistedStreams()
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
        self._ended.handle_read(by_key)
        self._unlisted.handle_read(read, by_key)
        events = self._update({k: s for k, s in by_key.items() if not self._ended.has(s)})
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
        self._unlisted.clear()

    def handle_playing(self, playing: PlayingNotification) -> tuple[list[PlaybackEvent], bool]:
        """Handle a notification about a stream.

        Return the events, and whether the sessions have to be read to know the stream.
        """
        if self.sessions is None:
            return [], False
        key = playing.session_key
        session = self.sessions.get(key)
        if playing.failed:
            # Only a list shows whether the session has ended.
            return [], self._request_read(playing)
        if playing.state is None:
            return self._handle_ended(playing, session)
        self._unlisted.forget_end(key)
        self._ended.handle_playing(key, playing.item)
        if session is None or playing.item.is_same(session.item) is False:
            # The state of the next item on a player is not that of the item before it, nor is its
            # position. A list that goes on to call the stream otherwise also shows each change.
            return [], self._request_read(playing, each_state=True)
        read_needed = not _is_listed_as(playing, session, self._ended_transcodes) and (
            self._request_read(playing)
        )
        if playing.view_offset is not None:
            self._positions[key] = playing.view_offset
        if playing.state is session.state:
            # Only the position is reported, as for each stream every few seconds.
            return self._credits_events(session), read_needed
        session = self._with_position(replace(session, state=playing.state))
        events = self._update({**self.sessions, key: session})
        return [*events, *self._credits_events(session)], read_needed

    def has_ended(self, session: Session) -> bool:
        """Return whether a stream has ended by push, even if the server still lists it."""
        return self._ended.has(session)

    def is_missing(self, playing: PlayingNotification) -> bool:
        """Return whether a stream for which a read was requested is still not listed like that."""
        if self.sessions is None or not self._unlisted.has(playing):
            return False
        session = self.sessions.get(playing.session_key)
        if playing.state is None:
            # A stream whose player has reported an error may end a moment later.
            return playing.failed and session is not None
        return session is None or not _is_listed_as(playing, session, self._ended_transcodes)

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
        transcodes = (session.transcode for session in (self.sessions or {}).values())
        if any(each is not None and each.key == status.key for each in transcodes):
            self._ended_transcodes.add(status.key)

    def expect_credits(self, session_key: str, offset: int) -> None:
        """Expect the credits of a stream at an offset, if they are still ahead."""
        if session_key in (self.sessions or {}) and offset > self._positions.get(session_key, 0):
            self._credits_offsets[session_key] = offset

    def _handle_ended(
        self, playing: PlayingNotification, session: Session | None
    ) -> tuple[list[PlaybackEvent], bool]:
        """Handle the end of a stream, which need not be the one that is listed.

        The end of the item or of the transcode before may arrive after the next has begun.
        """
        key, item = playing.session_key, playing.item
        same_item = None if session is None else item.is_same(session.item)
        if same_item is None and self._unlisted.plays_other(key, item):
            # The item before has ended, and the list may not name the one that plays now.
            return [], False
        if session is not None and same_item is not False:
            current = self._unlisted.transcode_of(key, item) or _transcode_key(session)
            if None not in {current, playing.transcode_session} and (
                playing.transcode_session != current
            ):
                return [], self._request_read(playing)
            self._ended.add(key, session.item)
            sessions = self.sessions or {}
            return self._update({k: s for k, s in sessions.items() if k != key}), False
        self._ended.add(key, item)
        if self._unlisted.pop_playing(key, item) and session is None:
            # It has ended before it was listed.
            return [], False
        # It may be listed with another key or as another item, or have ended long ago.
        return [], self._request_read(playing)

    def _request_read(self, playing: PlayingNotification, *, each_state: bool = False) -> bool:
        """Return whether the sessions have to be read: the report of the stream is new."""
        return self._unlisted.add(playing, self._reads_started, each_state=each_state)

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
            if event.event_type is PlaybackEventType.STOPPED:
                self._unlisted.pop_playing(event.session.session_key, event.session.item)
        transcodes = (session.transcode for session in sessions.values())
        self._ended_transcodes &= {each.key for each in transcodes if each is not None}
        self.sessions = self._previous = MappingProxyType(dict(sessions))
        return events


def session_number(session: Session) -> int:
    """Return the session key as a number: the server counts its sessions as they start."""
    return integer(session.session_key) or 0


def _transcode_key(session: Session) -> str | None:
    return None if session.transcode is None else session.transcode.key


def _is_listed_as(
    playing: PlayingNotification, session: Session, ended_transcodes: Container[str | None]
) -> bool:
    """Return whether a session is listed with the item and the transcode that are reported."""
    if playing.item != NO_ITEM and not playing.item.is_same(session.item):
        return False
    transcode = _transcode_key(session)
    if playing.transcode_session is None:
        return transcode not in ended_transcodes
    return playing.transcode_session == transcode
