"""What happens at a server, as against how it is: told once, to whoever listens."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum, auto

from ..plex.models import MediaItem, PlaybackState, Section, Session

# Plex marks what was played this far as watched.
FINISHED_AT = 90.0


class PlaybackEventType(StrEnum):
    """What can happen to a stream."""

    STARTED = auto()
    PAUSED = auto()
    RESUMED = auto()
    STOPPED = auto()
    FINISHED = auto()
    """Stopped near its end; told beside `STOPPED`, and before it."""
    CREDITS_REACHED = auto()
    DECISION_CHANGED = auto()
    """It began or ceased to be transcoded while it was played."""


ENDINGS = frozenset({PlaybackEventType.STOPPED, PlaybackEventType.FINISHED})


class LibraryEventType(StrEnum):
    """What can happen to a library."""

    ADDED = auto()
    REMOVED = auto()
    SCAN_STARTED = auto()
    SCAN_FINISHED = auto()


class ServerEventType(StrEnum):
    """What can happen to the server itself."""

    CAME_BACK = auto()
    WENT_DOWN = auto()
    UPDATED = auto()


class TokenEventType(StrEnum):
    """What can happen to the token."""

    BECAME_INVALID = auto()
    REPLACED = auto()


@dataclass(frozen=True, kw_only=True)
class PlaybackEvent:
    """Something happened to a stream."""

    event_type: PlaybackEventType
    session: Session


@dataclass(frozen=True, kw_only=True)
class LibraryEvent:
    """Something happened to a library.

    For `ADDED`, `items` are all that belong together: one film, or the episodes of one season.
    `title` names them as a whole. For `REMOVED` it is the one thing that was removed.
    """

    event_type: LibraryEventType
    section: Section
    title: str | None = None
    items: tuple[MediaItem, ...] = ()


@dataclass(frozen=True, kw_only=True)
class ServerEvent:
    """Something happened to the server."""

    event_type: ServerEventType
    version: str | None


@dataclass(frozen=True, kw_only=True)
class TokenEvent:
    """Something happened to the token."""

    event_type: TokenEventType


type PlexEvent = PlaybackEvent | LibraryEvent | ServerEvent | TokenEvent
type Sessions = Mapping[str, Session]


def playback_events(before: Sessions, after: Sessions) -> Iterator[PlaybackEvent]:
    """Return what happened to the streams between two looks at them, endings first."""
    for key, old in before.items():
        new = after.get(key)
        if new is None or not _is_same(old, new):
            yield from _ended(old)
    for key, new in after.items():
        was = before.get(key)
        if was is new:
            continue
        if was is None or not _is_same(was, new):
            yield PlaybackEvent(event_type=PlaybackEventType.STARTED, session=new)
        else:
            yield from _changed(was, new)


def _is_same(old: Session, new: Session) -> bool:
    """Say whether two sessions of one key are one stream: the keys begin anew with the server."""
    return (old.rating_key, old.player_id, old.user_id) == (
        new.rating_key,
        new.player_id,
        new.user_id,
    )


def _ended(session: Session) -> Iterator[PlaybackEvent]:
    if session.progress is not None and session.progress >= FINISHED_AT:
        yield PlaybackEvent(event_type=PlaybackEventType.FINISHED, session=session)
    yield PlaybackEvent(event_type=PlaybackEventType.STOPPED, session=session)


def _changed(old: Session, new: Session) -> Iterator[PlaybackEvent]:
    """Return what happened to a stream that goes on; a player that buffers is still playing."""
    paused = PlaybackState.PAUSED
    if old.state is not paused and new.state is paused:
        yield PlaybackEvent(event_type=PlaybackEventType.PAUSED, session=new)
    elif old.state is paused and new.state is not paused:
        yield PlaybackEvent(event_type=PlaybackEventType.RESUMED, session=new)
    if old.decision is not new.decision:
        yield PlaybackEvent(event_type=PlaybackEventType.DECISION_CHANGED, session=new)
