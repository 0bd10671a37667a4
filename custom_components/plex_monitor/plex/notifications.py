"""What a server pushes over its websocket, made into typed notifications."""

from collections.abc import Callable
from dataclasses import dataclass
import json
from typing import Any, Self

from .errors import PlexResponseError
from .models import PlaybackState
from .parsing import integer, mapping, parsed_items, required_text, text


@dataclass(frozen=True, kw_only=True)
class PlayingNotification:
    """A stream started, changed or stopped (captured, PMS 1.43).

    Sent on every change, and every 1 to 10 s while a stream plays (reported). `state` is `None`
    for a stream that is over, `view_offset` is in milliseconds.
    """

    session_key: str
    rating_key: str | None
    state: PlaybackState | None
    view_offset: int | None

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
        )


@dataclass(frozen=True, kw_only=True)
class UpdateStateNotification:
    """The updater found, loads or installs a version (captured).

    `state` is one of those of a `Release`; `version` can be missing.
    """

    version: str | None
    state: str

    @classmethod
    def from_json(cls, data: Any) -> Self:
        """Read one `AutoUpdateNotification`."""
        data = mapping(data, "a notification")
        return cls(version=text(data.get("version")), state=required_text(data, "state"))


type Notification = PlayingNotification | UpdateStateNotification

_KINDS: dict[str, tuple[str, Callable[[Any], Notification]]] = {
    "playing": ("PlaySessionStateNotification", PlayingNotification.from_json),
    "update.statechange": ("AutoUpdateNotification", UpdateStateNotification.from_json),
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
