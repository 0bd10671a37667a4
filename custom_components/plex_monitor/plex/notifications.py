"""What a server pushes over its websocket, made into typed notifications."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum, StrEnum
import json
from typing import Any, Self

from .errors import PlexResponseError
from .models import LIBRARY, Activity, PlaybackState, TranscodeStatus
from .parsing import integer, mapping, parsed_items, required_text, text


@dataclass(frozen=True, kw_only=True)
class PlayingNotification:
    """A stream started, changed or stopped (captured, PMS 1.43).

    Sent on every change, and every 1 to 10 s while a stream plays (reported). `state` is `None`
    for a stream that is over, `view_offset` is in milliseconds. `transcode_session` is the key of a
    `TranscodeStatus`.
    """

    session_key: str
    rating_key: str | None
    state: PlaybackState | None
    view_offset: int | None
    transcode_session: str | None = None

    @classmethod
    def from_json(cls, data: Any) -> Self:
        """Read one `PlaySessionStateNotification`; old servers left the key out (captured)."""
        data = mapping(data, "a notification")
        state = data.get("state")
        return cls(
            session_key=required_text(data, "sessionKey"),
            rating_key=text(data.get("ratingKey")),
            state=None if state in ("stopped", "error") else PlaybackState.from_text(state),
            view_offset=integer(data.get("viewOffset")),
            transcode_session=text(data.get("transcodeSession")),
        )


@dataclass(frozen=True, kw_only=True)
class UpdateStateNotification:
    """The updater found, loads or installs a version (captured); `UpdateStatus` tells which."""

    @classmethod
    def from_json(cls, data: Any) -> Self:
        """Read one `AutoUpdateNotification`."""
        required_text(mapping(data, "a notification"), "state")
        return cls()


class TimelineState(IntEnum):
    """What becomes of an item of the library (captured)."""

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
    """An item of the library is added, changed or removed (captured, PMS 1.41).

    `media_type` is one of `MediaType`, or another number of Plex's; so is `state`. `title` is
    empty at the beginning.
    """

    section_id: str | None
    media_type: int | None
    title: str
    state: TimelineState | int

    @classmethod
    def from_json(cls, data: Any) -> Self:
        """Read one `TimelineEntry`; those of TV guides look the same (captured) and are none."""
        data = mapping(data, "a notification")
        if text(data.get("identifier")) not in {None, LIBRARY}:
            raise PlexResponseError("Not an item of the library")
        if (state := integer(data.get("state"))) is None:
            raise PlexResponseError("Plex left out state")
        return cls(
            section_id=text(data.get("sectionID")),
            media_type=integer(data.get("type")),
            title=text(data.get("title")) or "",
            state=TimelineState(state) if state in list(TimelineState) else state,
        )


class ActivityEvent(StrEnum):
    """What becomes of an activity."""

    STARTED = "started"
    UPDATED = "updated"
    ENDED = "ended"


@dataclass(frozen=True, kw_only=True)
class ActivityNotification:
    """The server began, goes on with or ended something (captured)."""

    event: ActivityEvent
    activity: Activity

    @classmethod
    def from_json(cls, data: Any) -> Self:
        """Read one `ActivityNotification`."""
        data = mapping(data, "a notification")
        if (event := data.get("event")) not in list(ActivityEvent):
            raise PlexResponseError("Not an event of an activity")
        return cls(event=ActivityEvent(event), activity=Activity.from_json(data.get("Activity")))


@dataclass(frozen=True, kw_only=True)
class ReachabilityNotification:
    """Whether the server is reached from outside was looked at; sent again and again (captured).

    `RemoteAccess` tells what came of it, and why.
    """

    @classmethod
    def from_json(cls, data: Any) -> Self:
        """Read one `ReachabilityNotification`."""
        if "reachability" not in mapping(data, "a notification"):
            raise PlexResponseError("Plex left out reachability")
        return cls()


@dataclass(frozen=True, kw_only=True)
class TranscodeNotification:
    """The transcoder began, goes on with or ended a stream (captured).

    The key of the status is the `transcode_session` of a `PlayingNotification`.
    """

    ended: bool
    transcode: TranscodeStatus

    @classmethod
    def from_json(cls, data: Any) -> Self:
        """Read one `TranscodeSession` of a stream that is being transcoded."""
        return cls(ended=False, transcode=TranscodeStatus.from_json(data))

    @classmethod
    def from_last_json(cls, data: Any) -> Self:
        """Read one `TranscodeSession` of a stream that no longer is."""
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
    "transcodeSession.end": ("TranscodeSession", TranscodeNotification.from_last_json),
}


def parse_notifications(frame: str) -> tuple[Notification, ...]:
    """Return what a text frame of the websocket says; unknown kinds and bad items are dropped."""
    try:
        data = mapping(json.loads(frame), "a frame")
        data = mapping(data.get("NotificationContainer"), "NotificationContainer")
        kind = required_text(data, "type")
    except PlexResponseError, ValueError, RecursionError:
        return ()
    if kind not in _KINDS:
        return ()
    element, parse = _KINDS[kind]
    return parsed_items(data.get(element), parse)
