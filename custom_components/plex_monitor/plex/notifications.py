"""Typed notifications of the websocket of a server."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import Any, Self

from .errors import PlexResponseError
from .limits import FRAME
from .models import LIBRARY, Activity, PlaybackState, TranscodeStatus
from .models.session import PlayedItem, live_session
from .observations import notified
from .parsing import (
    identifier,
    integer,
    library_key,
    mapping,
    missing,
    parsed_items,
    required_integer,
    required_key,
    required_text,
    text,
)
from .responses import parse_json


@dataclass(frozen=True, kw_only=True)
class PlayingNotification:
    """A session started, changed or stopped (captured, PMS 1.43).

    Sent on every change, and every 1 to 10 s during playback (reported). `state` is `None` for a
    session that has ended, `view_offset` is in milliseconds. `transcode_session` is the key of a
    `TranscodeStatus`.

    `failed` is set where the player reports an error (documented). No capture shows whether the
    session has ended then, so only the list of sessions can say.
    """

    session_key: str
    rating_key: str | None
    live_session: str | None = None
    state: PlaybackState | None
    view_offset: int | None
    transcode_session: str | None = None
    failed: bool = False

    @classmethod
    def from_json(cls, data: Any) -> Self:
        """Parse a `PlaySessionStateNotification`; old servers omit the key (captured)."""
        data = mapping(data, "a notification")
        state = data.get("state")
        return cls(
            session_key=required_key(data, "sessionKey"),
            rating_key=identifier(data.get("ratingKey")),
            live_session=live_session(data),
            state=None if state in ("stopped", "error") else PlaybackState.from_text(state),
            view_offset=integer(data.get("viewOffset")),
            transcode_session=identifier(data.get("transcodeSession")),
            failed=state == "error",
        )

    @property
    def item(self) -> PlayedItem:
        """Return what the item that the session plays is called."""
        return PlayedItem(rating_key=self.rating_key, live_session=self.live_session)


@dataclass(frozen=True, kw_only=True)
class UpdateStateNotification:
    """The state of the updater changed (captured); read `UpdateStatus` for the new state."""

    @classmethod
    def from_json(cls, data: Any) -> Self:
        """Parse an `AutoUpdateNotification`."""
        required_text(mapping(data, "a notification"), "state")
        return cls()


class TimelineState(IntEnum):
    """Processing state of a library item (captured)."""

    CREATED = 0
    PROGRESS = 1
    MATCHING = 2
    DOWNLOADING = 3
    LOADING = 4
    PROCESSED = 5
    ANALYZING = 6
    DELETED = 9


@dataclass(frozen=True, kw_only=True)
class TimelineNotification:
    """A library item was added, changed or deleted (captured, PMS 1.41).

    `media_type` is a `MediaType` or another number of Plex, `state` a `TimelineState` or another
    number. `title` is empty at first. `created` is true for the first notification of a new item.
    """

    section_id: str | None
    item_id: str | None
    media_type: int | None
    title: str
    state: TimelineState | int
    created: bool

    @classmethod
    def from_json(cls, data: Any) -> Self:
        """Parse a `TimelineEntry`; those of TV guides look alike (captured) and are rejected."""
        data = mapping(data, "a notification")
        if identifier(data.get("identifier")) not in {None, LIBRARY}:
            raise PlexResponseError("Not a library item")
        state = required_integer(data, "state")
        return cls(
            section_id=library_key(data.get("sectionID")),
            item_id=identifier(data.get("itemID")),
            media_type=integer(data.get("type")),
            title=text(data.get("title")) or "",
            state=TimelineState(state) if state in list(TimelineState) else state,
            created=data.get("metadataState") == "created",
        )


class ActivityEvent(StrEnum):
    """Event of an activity."""

    STARTED = "started"
    UPDATED = "updated"
    ENDED = "ended"


@dataclass(frozen=True, kw_only=True)
class ActivityNotification:
    """An activity of the server started, made progress or ended (captured)."""

    event: ActivityEvent
    activity: Activity

    @classmethod
    def from_json(cls, data: Any) -> Self:
        """Parse an `ActivityNotification`."""
        data = mapping(data, "a notification")
        if (event := data.get("event")) not in list(ActivityEvent):
            raise missing(data, "event")
        return cls(event=ActivityEvent(event), activity=Activity.from_json(data.get("Activity")))


@dataclass(frozen=True, kw_only=True)
class ReachabilityNotification:
    """The server checked its remote access; sent repeatedly (captured).

    Read `RemoteAccess` for the result and the reason.
    """

    @classmethod
    def from_json(cls, data: Any) -> Self:
        """Parse a `ReachabilityNotification`."""
        if "reachability" not in mapping(data, "a notification"):
            raise missing(data, "reachability")
        return cls()


@dataclass(frozen=True, kw_only=True)
class TranscodeNotification:
    """A transcode session started, made progress or ended (captured).

    The key of `transcode` is the `transcode_session` of a `PlayingNotification`.
    """

    ended: bool
    transcode: TranscodeStatus

    @classmethod
    def from_json(cls, data: Any) -> Self:
        """Parse the `TranscodeSession` of a transcode that started or made progress."""
        return cls(ended=False, transcode=TranscodeStatus.from_json(data))

    @classmethod
    def from_ended_json(cls, data: Any) -> Self:
        """Parse the `TranscodeSession` of a transcode that ended."""
        return cls(ended=True, transcode=TranscodeStatus.from_json(data))


type Notification = (
    PlayingNotification
    | UpdateStateNotification
    | TimelineNotification
    | ActivityNotification
    | ReachabilityNotification
    | TranscodeNotification
)

_KINDS: dict[str, tuple[str, Callable[[Any], Notification]]] = {
    "playing": ("PlaySessionStateNotification", PlayingNotification.from_json),
    "update.statechange": ("AutoUpdateNotification", UpdateStateNotification.from_json),
    "timeline": ("TimelineEntry", TimelineNotification.from_json),
    "activity": ("ActivityNotification", ActivityNotification.from_json),
    "reachability": ("ReachabilityNotification", ReachabilityNotification.from_json),
    "transcodeSession.start": ("TranscodeSession", TranscodeNotification.from_json),
    "transcodeSession.update": ("TranscodeSession", TranscodeNotification.from_json),
    "transcodeSession.end": ("TranscodeSession", TranscodeNotification.from_ended_json),
}


def parse_notifications(frame: str) -> tuple[Notification, ...]:
    """Return the notifications in a text frame; unknown types and invalid items are dropped."""
    if not FRAME.allows(frame):
        return ()
    try:
        data = mapping(parse_json(frame), "a frame")
        data = mapping(data.get("NotificationContainer"), "NotificationContainer")
        kind = required_text(data, "type")
    except PlexResponseError, ValueError, RecursionError:
        notified(None)
        return ()
    data = notified(kind, data)
    if kind not in _KINDS:
        return ()
    element, parse = _KINDS[kind]
    return parsed_items(data.get(element), parse)
