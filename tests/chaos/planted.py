"""Bugs on purpose: one or more for each invariant, each a small patch, and who has to find it.

`scripts/chaos --planted` plants one after another, and runs seeds until it is found.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
import math
from typing import Any
from unittest.mock import patch

from homeassistant.config_entries import ConfigEntry

from custom_components.plex_monitor.auth.guard import TokenGuard
from custom_components.plex_monitor.const import LOGGER
from custom_components.plex_monitor.entity import PlexMonitorDataEntity
from custom_components.plex_monitor.plex import server as plex_server, token_health
from custom_components.plex_monitor.plex.notifications import parse_notifications
from custom_components.plex_monitor.plex.server_requests import ServerAddress, ServerRequests
from custom_components.plex_monitor.plex.token_health import Evidence, TokenHealth
from custom_components.plex_monitor.server import push
from custom_components.plex_monitor.server.coordinator import PlexMonitorCoordinator
from custom_components.plex_monitor.server.push import PushChannel
from custom_components.plex_monitor.server.streams import StreamTracker

from .invariant import (
    FALSE_ALARM,
    FRESH,
    GROWTH,
    MISSED_ALARM,
    ONE_ROW,
    QUIET_LOG,
    RECOVERY,
    SECRET,
    STORM,
)


@dataclass(frozen=True, kw_only=True)
class Bug:
    """A bug, and the invariant that has to find it; `also` is one that may be quicker."""

    name: str
    invariant: str
    also: str | None = None
    plant: Callable[[], AbstractContextManager[Any]]

    @property
    def finders(self) -> tuple[str | None, ...]:
        """Return the invariants that may find it."""
        return (self.invariant, self.also) if self.also else (self.invariant,)


_LISTED = StreamTracker.listed


def _numbers(module: Any, **values: float) -> Callable[[], AbstractContextManager[Any]]:
    """Return what sets some of a module's numbers."""
    new: dict[str, Any] = dict(values)
    return lambda: patch.multiple(module, **new)


def _method(owner: type, name: str, new: Any) -> Callable[[], AbstractContextManager[Any]]:
    """Return what puts something in the place of a method or a property."""
    return lambda: patch.object(owner, name, new)


def _around(
    owner: type, name: str, before: Callable[..., None]
) -> Callable[[], AbstractContextManager[Any]]:
    """Return what does something more at the beginning of a method."""
    whole = getattr(owner, name)

    def more(self: Any, *args: Any, **kwargs: Any) -> Any:
        before(self, *args, **kwargs)
        return whole(self, *args, **kwargs)

    return _method(owner, name, more)


async def _nothing(*_args: Any, **_kwargs: Any) -> None:
    """Do nothing."""


async def _refusal_whatever_it_was(guard: TokenGuard, _err: Exception) -> None:
    await guard._async_see(Evidence.PLEX_TV_REFUSES)


def _no_hurry(health: TokenHealth, _now: float, _distance: float) -> float:
    return health.account_due


def _only_online(coordinator: PlexMonitorCoordinator, *, online: bool, **_: Any) -> None:
    coordinator.online = coordinator.online or online


def _given_up(channel: PushChannel, *_: Any, **__: Any) -> None:
    channel._retry_at = math.inf


def _remembered(tracker: StreamTracker, playing: Any) -> None:
    tracker._positions[f"{playing.session_key} {len(tracker._positions)}"] = 0


def _listed_once(tracker: StreamTracker, read: int, sessions: Any) -> Any:
    return _LISTED(tracker, read, sessions) if tracker.sessions is None else []


async def _with_token_in_the_address(
    requests: ServerRequests, path: str, params: Any = None
) -> Any:
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
    """Keep each in a list until its entry is unloaded, which a stop does not do."""
    kept: list[PlexMonitorCoordinator] = []

    def keep(self: PlexMonitorCoordinator, _hass: Any, entry: ConfigEntry[Any]) -> None:
        kept.append(self)
        entry.async_on_unload(lambda: kept.remove(self))

    with _around(PlexMonitorCoordinator, "__init__", keep)():
        yield


PLANTED = (
    Bug(
        name="trouble of plex.tv counts as its refusal",
        invariant=FALSE_ALARM,
        plant=_method(TokenGuard, "_async_plex_tv_error", _refusal_whatever_it_was),
    ),
    Bug(
        name="the only judge is believed at once",
        invariant=FALSE_ALARM,
        plant=_numbers(token_health, ONLY_JUDGE_REFUSALS=2, ONLY_JUDGE_SPAN=30.0),
    ),
    Bug(
        name="plex.tv is not asked about a refusal",
        invariant=MISSED_ALARM,
        plant=_method(TokenHealth, "_ask_soon", _no_hurry),
    ),
    Bug(
        name="plex.tv is asked once a day",
        invariant=MISSED_ALARM,
        plant=_numbers(token_health, ROUTINE_INTERVAL=24 * 3600.0),
    ),
    Bug(
        name="no prompt of our own",
        invariant=ONE_ROW,
        also=MISSED_ALARM,
        plant=_method(TokenGuard, "async_prompt", _nothing),
    ),
    Bug(
        name="what was told is kept",
        invariant=GROWTH,
        plant=_around(StreamTracker, "told", _remembered),
    ),
    Bug(
        name="what was set up is kept when Home Assistant stops",
        invariant=GROWTH,
        plant=_coordinators_are_kept,
    ),
    Bug(
        name="the guard is not stopped",
        invariant=GROWTH,
        also=STORM,
        plant=_method(TokenGuard, "async_stop", lambda _: None),
    ),
    Bug(
        name="a push channel with each poll",
        invariant=GROWTH,
        also=STORM,
        plant=_around(
            PushChannel, "async_ensure_open", lambda self: setattr(self, "_running", False)
        ),
    ),
    Bug(
        name="a plex.tv in trouble is asked every second",
        invariant=STORM,
        plant=_numbers(token_health, RETRY_FIRST=1.0, RETRY_LAST=1.0),
    ),
    Bug(
        name="push comes back at once, each time",
        invariant=STORM,
        plant=_numbers(push, BACK_OFF_FIRST=0.0, BACK_OFF_LAST=0.0),
    ),
    Bug(
        name="the token is logged",
        invariant=SECRET,
        plant=_around(
            TokenGuard,
            "async_identified",
            lambda self, _: LOGGER.debug("asks with %s", self.server.token),
        ),
    ),
    Bug(
        name="the token stands in the address",
        invariant=SECRET,
        plant=_method(ServerRequests, "get", _with_token_in_the_address),
    ),
    Bug(
        name="whoever answers is believed",
        invariant=SECRET,
        plant=_method(ServerAddress, "check_machine", lambda *_: None),
    ),
    Bug(
        name="Server is never off",
        invariant=FRESH,
        plant=_method(PlexMonitorCoordinator, "_set_online", _only_online),
    ),
    Bug(
        name="what was read stays available",
        invariant=FRESH,
        plant=_method(
            PlexMonitorDataEntity,
            "available",
            property(lambda self: self.coordinator.data is not None),
        ),
    ),
    Bug(
        name="a poll leaves the streams as they were told",
        invariant=FRESH,
        also=GROWTH,  # What is never listed again is kept.
        plant=_method(StreamTracker, "listed", _listed_once),
    ),
    Bug(
        name="the push channel is given up",
        invariant=RECOVERY,
        also=STORM,
        plant=_method(PushChannel, "_closed", _given_up),
    ),
    Bug(
        name="no repair is taken back",
        invariant=RECOVERY,
        plant=_method(TokenGuard, "_show_healthy", lambda _: None),
    ),
    Bug(name="rubbish is not expected", invariant=QUIET_LOG, plant=_strict_parser),
)
