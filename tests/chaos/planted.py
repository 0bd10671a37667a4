"""Deliberate bugs: at least one for each invariant, each a small patch.

`scripts/chaos --planted` plants each of them, and runs seeds until its invariant finds it.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import timedelta
import math
from typing import Any
from unittest.mock import patch

from homeassistant.config_entries import ConfigEntry
from homeassistant.exceptions import ConfigEntryNotReady

from custom_components.plex_monitor.auth.guard import TokenGuard
from custom_components.plex_monitor.const import LOGGER
from custom_components.plex_monitor.entity import PlexMonitorDataEntity
from custom_components.plex_monitor.plex import server as plex_server, token_health
from custom_components.plex_monitor.plex.notifications import parse_notifications
from custom_components.plex_monitor.plex.token_health import Evidence, TokenHealth
from custom_components.plex_monitor.plex.verified_requests import VerifiedAddress, VerifiedRequests
from custom_components.plex_monitor.server import coordinator as server_coordinator, push
from custom_components.plex_monitor.server.coordinator import PlexMonitorCoordinator
from custom_components.plex_monitor.server.online import OnlineState
from custom_components.plex_monitor.server.push import PushChannel
from custom_components.plex_monitor.server.reader import ServerReader
from custom_components.plex_monitor.server.streams import StreamTracker

from .invariant import (
    CLEAN_LOG,
    FALSE_ALARM,
    FRESH,
    GROWTH,
    LOST_ANSWER,
    MISSED_ALARM,
    ONE_REPAIR,
    PART,
    PRESENT,
    RECOVERY,
    SECRET,
    STORM,
)


@dataclass(frozen=True, kw_only=True)
class Bug:
    """A bug, and the invariant that has to find it; `also` is one that may find it earlier."""

    name: str
    invariant: str
    also: str | None = None
    plant: Callable[[], AbstractContextManager[Any]]

    @property
    def finders(self) -> tuple[str | None, ...]:
        """Return the invariants that may find it."""
        return (self.invariant, self.also) if self.also else (self.invariant,)


_LISTED = StreamTracker.handle_sessions


def _numbers(module: Any, **values: float) -> Callable[[], AbstractContextManager[Any]]:
    """Return a patch that sets constants of a module."""
    new: dict[str, Any] = dict(values)
    return lambda: patch.multiple(module, **new)


def _method(owner: type, name: str, new: Any) -> Callable[[], AbstractContextManager[Any]]:
    """Return a patch that replaces a method or a property."""
    return lambda: patch.object(owner, name, new)


def _around(
    owner: type, name: str, before: Callable[..., None]
) -> Callable[[], AbstractContextManager[Any]]:
    """Return a patch that runs a function before a method."""
    whole = getattr(owner, name)

    def more(self: Any, *args: Any, **kwargs: Any) -> Any:
        before(self, *args, **kwargs)
        return whole(self, *args, **kwargs)

    return _method(owner, name, more)


_start = PlexMonitorCoordinator.async_start


async def _fail_without_server(coordinator: PlexMonitorCoordinator) -> None:
    await _start(coordinator)
    if coordinator.data is None:
        raise ConfigEntryNotReady


async def _nothing(*_args: Any, **_kwargs: Any) -> None:
    """Do nothing."""


def _certain_at_once(state: OnlineState, **_: Any) -> None:
    state._misses.add(is_certain=True)


async def _sessions_or_error(reader: ServerReader) -> Any:
    return reader._streams.handle_sessions(
        reader._streams.begin_read(), await reader.server.sessions()
    )


async def _any_error_is_refusal(guard: TokenGuard, _err: Exception) -> None:
    await guard._async_add_evidence(Evidence.PLEX_TV_REFUSES)


def _not_sooner(health: TokenHealth, _now: float, _distance: float) -> float:
    return health.account_due


def _never_retry(channel: PushChannel, *_: Any, **__: Any) -> None:
    channel._retry_at = math.inf


def _never_forgotten(tracker: StreamTracker, playing: Any) -> None:
    tracker._positions[f"{playing.session_key} {len(tracker._positions)}"] = 0


def _listed_once(tracker: StreamTracker, read: int, sessions: Any) -> Any:
    return _LISTED(tracker, read, sessions) if tracker.sessions is None else []


async def _with_token_in_url(requests: VerifiedRequests, path: str, params: Any = None) -> Any:
    async with requests.verified_address() as address:
        token = {"X-Plex-Token": requests.token or ""}
        return await address.transport.get_json(path, params={**(params or {}), **token})


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

    with _around(PlexMonitorCoordinator, "__init__", keep)():
        yield


PLANTED = (
    Bug(
        name="an error of plex.tv counts as a refused token",
        invariant=FALSE_ALARM,
        plant=_method(TokenGuard, "_async_handle_plex_tv_error", _any_error_is_refusal),
    ),
    Bug(
        name="refusals of the server alone are believed too early",
        invariant=FALSE_ALARM,
        plant=_numbers(token_health, SERVER_ALONE_REFUSALS=2, SERVER_ALONE_SPAN=30.0),
    ),
    Bug(
        name="plex.tv is not asked to confirm a refusal",
        invariant=MISSED_ALARM,
        plant=_method(TokenHealth, "_next_account_check", _not_sooner),
    ),
    Bug(
        name="plex.tv is asked about the token once a day",
        invariant=MISSED_ALARM,
        plant=_numbers(token_health, ROUTINE_INTERVAL=24 * 3600.0),
    ),
    Bug(
        name="the guard opens no sign-in prompt",
        invariant=ONE_REPAIR,
        also=MISSED_ALARM,
        plant=_method(TokenGuard, "async_prompt_sign_in", _nothing),
    ),
    Bug(
        name="the positions of ended streams are kept",
        invariant=GROWTH,
        plant=_around(StreamTracker, "handle_playing", _never_forgotten),
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
        plant=_method(TokenGuard, "async_stop", lambda _: None),
    ),
    Bug(
        name="each poll opens another push channel",
        invariant=GROWTH,
        also=STORM,
        plant=_around(
            PushChannel, "async_ensure_open", lambda self: setattr(self, "_running", False)
        ),
    ),
    Bug(
        name="plex.tv is asked every second while it fails",
        invariant=STORM,
        plant=_numbers(token_health, RETRY_MIN=1.0, RETRY_MAX=1.0),
    ),
    Bug(
        name="the push channel reconnects without a delay",
        invariant=STORM,
        plant=_numbers(push, BACK_OFF_FIRST=0.0, BACK_OFF_LAST=0.0),
    ),
    Bug(
        name="the token is logged",
        invariant=SECRET,
        plant=_around(
            TokenGuard,
            "async_handle_identity",
            lambda self, _: LOGGER.debug("requests with %s", self.server.token),
        ),
    ),
    Bug(
        name="the token is sent in the URL",
        invariant=SECRET,
        plant=_method(VerifiedRequests, "get", _with_token_in_url),
    ),
    Bug(
        name="the identity of the server is not checked",
        invariant=SECRET,
        plant=_method(VerifiedAddress, "check_machine", lambda *_: None),
    ),
    Bug(
        name="Server never turns off",
        invariant=FRESH,
        plant=_method(OnlineState, "async_confirm", lambda _state: None),
    ),
    Bug(
        name="Server turns off without a second look",
        invariant=LOST_ANSWER,
        plant=_method(OnlineState, "async_handle_miss", _certain_at_once),
    ),
    Bug(
        name="streams that cannot be read turn Server off",
        invariant=PART,
        also=LOST_ANSWER,
        plant=_method(ServerReader, "async_read_sessions", _sessions_or_error),
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
        plant=_method(PlexMonitorCoordinator, "async_start", _fail_without_server),
    ),
    Bug(
        name="entities stay available when a poll fails",
        invariant=FRESH,
        plant=_method(
            PlexMonitorDataEntity,
            "available",
            property(lambda self: self.coordinator.data is not None),
        ),
    ),
    Bug(
        name="a poll does not correct the streams of push",
        invariant=FRESH,
        also=GROWTH,  # Streams that are never listed again are kept.
        plant=_method(StreamTracker, "handle_sessions", _listed_once),
    ),
    Bug(
        name="the push channel is never reopened",
        invariant=RECOVERY,
        also=STORM,
        plant=_method(PushChannel, "_handle_lost", _never_retry),
    ),
    Bug(
        name="repairs are not removed when the token is valid",
        invariant=RECOVERY,
        plant=_method(TokenGuard, "_clear_problem", lambda _: None),
    ),
    Bug(name="malformed notifications are not handled", invariant=CLEAN_LOG, plant=_strict_parser),
)
