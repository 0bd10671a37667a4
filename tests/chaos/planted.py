"""Deliberate bugs: at least one for each invariant and each kind of fault, each a small patch.

`scripts/chaos --planted` plants each of them, and runs seeds until its invariant finds it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
import math
from time import monotonic
from typing import Any
from unittest.mock import patch

from homeassistant.config_entries import ConfigEntry
from homeassistant.exceptions import ConfigEntryNotReady

from custom_components.plex_monitor.auth.guard import TokenGuard
from custom_components.plex_monitor.entity import PlexMonitorDataEntity
from custom_components.plex_monitor.plex import (
    server as plex_server,
)
from custom_components.plex_monitor.plex.notifications import parse_notifications
from custom_components.plex_monitor.server import coordinator as server_coordinator, push
from custom_components.plex_monitor.server.coordinator import PlexMonitorCoordinator
from custom_components.plex_monitor.server.online import OnlineState
from custom_components.plex_monitor.server.part import Part
from custom_components.plex_monitor.server.push import PushChannel
from custom_components.plex_monitor.server.reader import ServerReader
from custom_components.plex_monitor.server.streams import StreamTracker

from .bug import Bug, around, method, numbers
from .invariant import (
    CLEAN_LOG,
    FRESH,
    GROWTH,
    LOST_ANSWER,
    PART,
    PRESENT,
    RECOVERY,
    STORM,
)
from .planted_tokens import PLANTED_IN_TOKENS

_LISTED = StreamTracker.handle_sessions
_read_part = Part.async_read
_start = PlexMonitorCoordinator.async_start


async def _fail_without_server(coordinator: PlexMonitorCoordinator) -> None:
    await _start(coordinator)
    if coordinator.data is None:
        raise ConfigEntryNotReady


async def _read_part_when_due(
    part: Part[Any], request: Any, *, interval: float, **options: Any
) -> Any:
    if monotonic() >= part._due:
        await _read_part(part, request, interval=interval, **options)
        part._due = monotonic() + interval
    return part.value


def _certain_at_once(state: OnlineState, **_: Any) -> None:
    state._misses.add(is_certain=True)


async def _sessions_or_error(reader: ServerReader) -> Any:
    return reader._streams.handle_sessions(
        reader._streams.begin_read(), await reader.server.sessions()
    )


def _never_retry(channel: PushChannel, *_: Any, **__: Any) -> None:
    channel._retry_at = math.inf


def _never_forgotten(tracker: StreamTracker, playing: Any) -> None:
    tracker._positions[f"{playing.session_key} {len(tracker._positions)}"] = 0


def _listed_once(tracker: StreamTracker, read: int, sessions: Any) -> Any:
    return _LISTED(tracker, read, sessions) if tracker.sessions is None else []


@contextmanager
def _strict_parser() -> Iterator[None]:
    def strictly(frame: str) -> Any:
        if not frame.startswith('{"NotificationContainer"'):
            raise KeyError(frame[:20])
        return parse_notifications(frame)

    with patch.object(plex_server, "parse_notifications", strictly):
        yield


@contextmanager
def _coordinators_are_kept() -> Iterator[None]:
    """Keep each coordinator until its entry is unloaded, which does not happen at a stop."""
    kept: list[PlexMonitorCoordinator] = []

    def keep(self: PlexMonitorCoordinator, _hass: Any, entry: ConfigEntry[Any]) -> None:
        kept.append(self)
        entry.async_on_unload(lambda: kept.remove(self))

    with around(PlexMonitorCoordinator, "__init__", keep)():
        yield


PLANTED = (
    *PLANTED_IN_TOKENS,
    Bug(
        name="the positions of ended streams are kept",
        invariant=GROWTH,
        plant=around(StreamTracker, "handle_playing", _never_forgotten),
    ),
    Bug(
        name="coordinators are kept when Home Assistant stops",
        invariant=GROWTH,
        plant=_coordinators_are_kept,
    ),
    Bug(
        name="the guard is not stopped on unload",
        invariant=GROWTH,
        also=STORM,
        plant=method(TokenGuard, "async_stop", lambda _: None),
    ),
    Bug(
        name="each poll opens another push channel",
        invariant=GROWTH,
        also=STORM,
        plant=around(
            PushChannel, "async_ensure_open", lambda self: setattr(self, "_running", False)
        ),
    ),
    Bug(
        name="the push channel reconnects without a delay",
        invariant=STORM,
        plant=numbers(push, BACK_OFF_FIRST=0.0, BACK_OFF_LAST=0.0),
    ),
    Bug(
        name="any number of streams is kept",
        invariant=GROWTH,
        plant=numbers(plex_server, MAX_SESSIONS=100_000),
    ),
    Bug(
        name="an update status that failed is read again after an hour",
        invariant=PART,
        plant=method(Part, "async_read", _read_part_when_due),
    ),
    Bug(
        name="Server never turns off",
        invariant=FRESH,
        plant=method(OnlineState, "async_confirm", lambda _state: None),
    ),
    Bug(
        name="Server turns off without a second look",
        invariant=LOST_ANSWER,
        plant=method(OnlineState, "async_handle_miss", _certain_at_once),
    ),
    Bug(
        name="streams that cannot be read turn Server off",
        invariant=PART,
        also=LOST_ANSWER,
        plant=method(ServerReader, "async_read_sessions", _sessions_or_error),
    ),
    Bug(
        name="a second look is taken late",
        invariant=FRESH,
        plant=lambda: patch.object(
            server_coordinator, "POLL_TO_CONFIRM_OFFLINE", timedelta(minutes=2)
        ),
    ),
    Bug(
        name="the setup fails without the server",
        invariant=PRESENT,
        plant=method(PlexMonitorCoordinator, "async_start", _fail_without_server),
    ),
    Bug(
        name="entities stay available when a poll fails",
        invariant=FRESH,
        plant=method(
            PlexMonitorDataEntity,
            "available",
            property(lambda self: self.coordinator.data is not None),
        ),
    ),
    Bug(
        name="a poll does not correct the streams of push",
        invariant=FRESH,
        also=GROWTH,  # Streams that are never listed again are kept.
        plant=method(StreamTracker, "handle_sessions", _listed_once),
    ),
    Bug(
        name="the push channel is never reopened",
        invariant=RECOVERY,
        also=STORM,
        plant=method(PushChannel, "_handle_lost", _never_retry),
    ),
    Bug(name="malformed notifications are not handled", invariant=CLEAN_LOG, plant=_strict_parser),
)
