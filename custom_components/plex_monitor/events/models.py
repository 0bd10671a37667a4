"""The events of a server; its state is in the coordinators."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum, auto

from ..plex.models import MediaItem, PlaybackState, Section, Session

# Plex marks an item as watched once this percentage of it was played.
FINISHED_AT = 90.0


class PlaybackEventType(StrEnum):
    """The types of playback events."""

    STARTED = auto()
    PAUSED = auto()
    RESUMED = auto()
    STOPPED = auto()
    FINISHED = auto()
    """Stopped near the end of the item; reported in addition to `STOPPED`, and before it."""
    CREDITS_REACHED = auto()
    DECISION_CHANGED = auto()
    """The stream began or ceased to be transcoded during playback."""


ENDINGS = frozenset({PlaybackEventType.STOPPED, PlaybackEventType.FINISHED})


class LibraryEventType(StrEnum):
    """The types of library events."""

    ADDED = auto()
    REMOVED = auto()
    SCAN_STARTED = auto()
    SCAN_FINISHED = auto()


class ServerEventType(StrEnum):
    """The types of server events."""

    CAME_BACK = auto()
    WENT_DOWN = auto()
    UPDATED = auto()


class TokenEventType(StrEnum):
    """The types of token events."""

    BECAME_INVALID = auto()
    REPLACED = auto()


@dataclass(frozen=True, kw_only=True)
class PlaybackEvent:
    """An event of a stream."""

    event_type: PlaybackEventType
    session: Session


@dataclass(frozen=True, kw_only=True)
class LibraryEvent:
    """An event of a library.

    For `ADDED`, `items` are the items that belong together: one film, or the episodes of one
    season, and `title` names them as a whole. For `REMOVED`, it is the title of the removed item.
    `added_at` is when the items were added as far as can be seen, which is not an old date.
    """

    event_type: LibraryEventType
    section: Section
    title: str | None = None
    items: tuple[MediaItem, ...] = ()
    added_at: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class ServerEvent:
    """An event of the server itself; `downtime` in seconds is that of a server that came back."""

    event_type: ServerEventType
    version: str | None
    downtime: int | None = None


@dataclass(frozen=True, kw_only=True)
class TokenEvent:
    """An event of the token."""

    event_type: TokenEventType


type PlexEvent = PlaybackEvent | LibraryEvent | ServerEvent | TokenEvent
type Sessions = Mapping[str, Session]


def playback_events(before: Sessions, after: Sessions) -> Iterator[PlaybackEvent]:
    """Return the events that lead from one set of sessions to another, endings first."""
    for key, old in before.items():
        new = after.get(key)
        if new is None or not _is_same_stream(old, new):
            yield from _ending_events(old)
    for key, new in after.items():
        was = before.get(key)
        if was is new:
            continue
        if was is None or not _is_same_stream(was, new):
            yield PlaybackEvent(event_type=PlaybackEventType.STARTED, session=new)
        else:
            yield from _change_events(was, new)


def _is_same_stream(old: Session, new: Session) -> bool:
    """Return whether two sessions of one key are one stream: a restarted server reuses keys."""
    return (old.item, old.player_id, old.user_id) == (
        new.item,
        new.player_id,
        new.user_id,
    )


def _ending_events(session: Session) -> Iterator[PlaybackEvent]:
    if session.progress is not None and session.progress >= FINISHED_AT:
        yield PlaybackEvent(event_type=PlaybackEventType.FINISHED, session=session)
    yield PlaybackEvent(event_type=PlaybackEventType.STOPPED, session=session)


def _change_events(old: Session, new: Session) -> Iterator[PlaybackEvent]:
    """Return the events of a stream that goes on; a player that buffers is still playing."""
    paused = PlaybackState.PAUSED
    if old.state is not paused and new.state is paused:
        yield PlaybackEvent(event_type=PlaybackEventType.PAUSED, session=new)
    elif old.state is paused and new.state is not paused:
        yield PlaybackEvent(event_type=PlaybackEventType.RESUMED, session=new)
    if old.decision is not new.decision:
        yield PlaybackEvent(event_type=PlaybackEventType.DECISION_CHANGED, session=new)
