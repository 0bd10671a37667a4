"""The streams of a server, followed by what it tells by itself and by what it lists."""

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from ..events.models import PlaybackEvent, PlaybackEventType, Sessions, playback_events
from ..plex.models import Session, StreamDecision, TranscodeStatus
from ..plex.notifications import PlayingNotification
from ..plex.parsing import integer

# Session, item and transcode, as a notification names them.
type _AsTold = tuple[str, str | None, str | None]


class StreamTracker:
    """Keep the sessions, and tell what happened to them.

    `sessions` are by their key, `None` where the account may not see them. Where a stream is told
    to be is kept apart from them: it changes all the time, and nothing is to be written for that.
    """

    def __init__(self) -> None:
        """Know of no session yet."""
        self.sessions: Sessions | None = None
        # The sessions as they were seen last, `None` before they were seen at all.
        self._known: Sessions | None = None
        # Sessions that ended by push and that the server still lists.
        self._ended: set[str] = set()
        # Streams that were told by push, were asked for, and are not listed (yet).
        self._asked_for: set[_AsTold] = set()
        # Keys of transcodes that have ended, of streams that may go on without.
        self._transcodes_ended: set[str] = set()
        self._positions: dict[str, int] = {}
        # Where the credits of a stream begin, as long as they are not reached.
        self._credits: dict[str, int] = {}
        self._reads_begun = 0
        self._last_read = 0

    def begin_read(self) -> int:
        """Return a number for a look at the sessions, which orders it among others."""
        self._reads_begun += 1
        return self._reads_begun

    def listed(self, read: int, sessions: tuple[Session, ...]) -> list[PlaybackEvent]:
        """Take in what the server lists, unless a look that was begun later was answered sooner."""
        if read < self._last_read:
            return []
        self._last_read = read
        by_key = {session.session_key: session for session in sessions}
        self._ended &= by_key.keys()
        self._asked_for -= {_as_told(session) for session in sessions}
        events = self._set({k: s for k, s in by_key.items() if k not in self._ended})
        self._positions |= {
            key: session.view_offset
            for key, session in (self.sessions or {}).items()
            if session.view_offset is not None
        }
        return events

    def denied(self) -> None:
        """Take in that the account may not see the sessions."""
        self.sessions = None

    def restarted(self) -> None:
        """Forget what was told before: the server counts its sessions from one again."""
        self._ended.clear()
        self._asked_for.clear()

    def told(self, playing: PlayingNotification) -> tuple[list[PlaybackEvent], bool]:
        """Take in what the server tells, and say whether the sessions have to be asked for."""
        if self.sessions is None:
            return [], False
        key = playing.session_key
        known = self.sessions.get(key)
        # Where the next thing on a player is says nothing of how far the one before it was played.
        same = known is not None and playing.rating_key in {None, known.rating_key}
        if same and playing.view_offset is not None:
            self._positions[key] = playing.view_offset
        if playing.state is None:
            self._ended.add(key)
            self._asked_for = {asked for asked in self._asked_for if asked[0] != key}
            return self._set({k: s for k, s in self.sessions.items() if k != key}), False
        self._ended.discard(key)
        if known is None or self._differs(playing, known):
            # A stream that the server tells of and does not list like that is asked for now, not
            # every time that it says where it is.
            asked = _told(playing)
            ask = asked not in self._asked_for
            self._asked_for.add(asked)
            return [], ask
        if playing.state is known.state:
            # It only says where it is, as each stream does again and again.
            return self._credits_reached(known), False
        known = self._placed(replace(known, state=playing.state))
        return [*self._set({**self.sessions, key: known}), *self._credits_reached(known)], False

    def is_missing(self, playing: PlayingNotification) -> bool:
        """Say whether a stream that was told, and asked for, is still not listed like that."""
        if self.sessions is None or _told(playing) not in self._asked_for:
            return False
        known = self.sessions.get(playing.session_key)
        return known is None or self._differs(playing, known)

    def transcoded(self, status: TranscodeStatus) -> list[PlaybackEvent]:
        """Take in how a stream is transcoded, where that changes how it is delivered."""
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
                return self._set({**sessions, key: changed})
        return []

    def transcode_ended(self, status: TranscodeStatus) -> None:
        """Take in that a transcode has ended: the stream that goes on is delivered otherwise."""
        self._transcodes_ended.add(status.key)

    def expect_credits(self, session_key: str, offset: int) -> None:
        """Watch for the moment when the credits of a stream begin."""
        if offset > self._positions.get(session_key, 0):
            self._credits[session_key] = offset

    def _differs(self, playing: PlayingNotification, known: Session) -> bool:
        """Say whether a stream is told to be another, or to be delivered in another way."""
        _, rating_key, transcode = _as_told(known)
        if playing.rating_key not in {None, rating_key}:
            return True
        if playing.transcode_session is None:
            return transcode in self._transcodes_ended
        return playing.transcode_session != transcode

    def _credits_reached(self, session: Session) -> list[PlaybackEvent]:
        key = session.session_key
        offset = self._credits.get(key)
        if offset is None or self._positions.get(key, 0) < offset:
            return []
        del self._credits[key]
        return [
            PlaybackEvent(
                event_type=PlaybackEventType.CREDITS_REACHED, session=self._placed(session)
            )
        ]

    def _placed(self, session: Session) -> Session:
        """Return a session with the position that was told last."""
        position = self._positions.get(session.session_key, session.view_offset)
        return replace(session, view_offset=position)

    def _set(self, sessions: Mapping[str, Session]) -> list[PlaybackEvent]:
        """Know these sessions from now on, and return what happened to them."""
        if self._known is None:
            # What runs when Home Assistant starts did not start just then.
            events = []
        else:
            before = {
                key: session if sessions.get(key) is session else self._placed(session)
                for key, session in self._known.items()
            }
            events = list(playback_events(before, sessions))
        for event in events:
            if event.event_type in {PlaybackEventType.STARTED, PlaybackEventType.STOPPED}:
                self._positions.pop(event.session.session_key, None)
                self._credits.pop(event.session.session_key, None)
        transcodes = (session.transcode for session in sessions.values())
        self._transcodes_ended &= {each.key for each in transcodes if each is not None}
        self.sessions = self._known = MappingProxyType(dict(sessions))
        return events


def session_number(session: Session) -> int:
    """Return the place of a stream in the order in which they began: the server counts them."""
    return integer(session.session_key) or 0


def _told(playing: PlayingNotification) -> _AsTold:
    """Return which stream a notification is about."""
    return playing.session_key, playing.rating_key, playing.transcode_session


def _as_told(session: Session) -> _AsTold:
    """Return what a notification would say of a session that is listed."""
    transcode = None if session.transcode is None else session.transcode.key
    return session.session_key, session.rating_key, transcode
