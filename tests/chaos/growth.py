"""No resource leaks: measured after each recovery, each restart, and after an unload.

After a recovery each entry has exactly one push channel and one task for it, and the integration
has no more objects than after the first recovery, except for those that represent something that
the server has more of now. Their content must not grow either: the items in all lists, sets and
dictionaries that are reachable from an entry are counted. After an unload none of its objects is
left, nor a task, an open connection, or a timer.

While a server sends more than any server has, no more than `MOST_HELD` of it is kept.

Where Home Assistant is stopped and another one is started in its place, nothing at all is left, and
the stopped one is itself released.
"""

import asyncio
from collections import Counter, deque
from collections.abc import Iterator
from enum import Enum
import gc
from heapq import heapify
from importlib import import_module
from pkgutil import walk_packages
from types import MappingProxyType
from typing import Any, override
from weakref import ref

from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.entity import EntityDescription
from homeassistant.util.async_ import get_scheduled_timer_handles

from custom_components import plex_monitor
from custom_components.plex_monitor.const import DOMAIN

from .environment import Environment
from .faults import CROWD, rules_of
from .invariant import GROWTH, Invariant, Violation

PACKAGE = f"custom_components.{DOMAIN}"
# Connections kept alive for the next request, as many as were once needed at the same time.
CONNECTIONS_OF_AN_ENTRY = 8
# Home Assistant's own event listeners and timers vary a little.
SLACK = 6
# The content of an entry varies with notifications that no request has followed yet.
HELD_SLACK = 24
# A thousand activities, and what push has reported meanwhile, are the most of it.
MOST_HELD = 4500

# These represent what is on the server.
_OF_THE_SERVER = {
    "Activity",
    "KnownItems",
    "Library",
    "MediaItem",
    "RemoteAccess",
    "Section",
    "SectionStorage",
    "Session",
    "TranscodeStatus",
    "UpdateStatus",
    "Release",
    "ReleaseNotes",
    "Connection",
    "Resource",
    "Pin",
    "PlexAccount",
    "_Report",
    "PlayedItem",
}
# The last reported events and the state of the token are kept across a reload. What is still to be
# signed out, and what serves pictures, belongs to no entry.
_LASTING = (
    "LastReported",
    "TokenMemory",
    "TokenHealth",
    "SignOuts",
    "SignOut",
    "OpenPins",
    "OpenPin",
    "UnfinishedStore",
    "PictureView",
    "Signer",
    "SigningKey",
)
# What is to be signed out, of which there are a few at most, until plex.tv has confirmed it.
_UNFINISHED = {"SignOut"}
# These count each new kind of answer once, up to limits of their own.
_COUNTERS = {"Observations", "Tally", "_Place"}
# Each of these belongs to a library.
_OF_A_LIBRARY = {"KnownItems"}


def import_everything() -> None:
    """Import all modules of the integration, so that their content is not taken for growth."""
    for module in walk_packages(plex_monitor.__path__, f"{PACKAGE}."):
        import_module(module.name)


def ignore_existing_objects() -> None:
    """Exclude all existing objects from the count, which also makes it much quicker."""
    gc.unfreeze()
    gc.collect()
    gc.freeze()


def objects_of_ours() -> Iterator[object]:
    """Return the objects of the integration that were created since and are still alive."""
    _drop_cancelled_timers()
    gc.collect()
    for each in gc.get_objects():
        kind = type(each)
        if str(getattr(kind, "__module__", "")).startswith(PACKAGE) and not isinstance(
            each, type | Enum | EntityDescription
        ):
            yield each


def _count_objects() -> Counter[str]:
    return Counter(type(each).__name__ for each in objects_of_ours())


def _drop_cancelled_timers() -> None:
    """Drop the cancelled timers that the loop would keep until they are due."""
    loop: Any = asyncio.get_running_loop()
    scheduled: list[Any] = get_scheduled_timer_handles(loop)
    for handle in scheduled:
        handle._scheduled = not handle.cancelled()  # noqa: SLF001 - As the loop does it.
    scheduled[:] = [handle for handle in scheduled if not handle.cancelled()]
    heapify(scheduled)
    # The loop counts the cancelled timers to decide when to drop them.
    loop._timer_cancelled_count = 0  # noqa: SLF001 - As the loop does it.


def count_items(roots: list[object]) -> int:
    """Count the items in all containers reachable through objects of the integration."""
    seen: set[int] = set()
    count = 0
    queue = deque(roots)
    while queue:
        each = queue.popleft()
        if id(each) in seen:
            continue
        seen.add(id(each))
        if isinstance(each, dict | MappingProxyType):
            count += len(each)
            queue.extend(each.keys())
            queue.extend(each.values())
        elif isinstance(each, list | tuple | set | frozenset | deque):
            count += len(each)
            queue.extend(each)
        elif type(each).__name__ in _COUNTERS:
            continue
        elif str(type(each).__module__).startswith(PACKAGE) and not isinstance(each, type | Enum):
            queue.extend(_attributes(each))
    return count


def _attributes(each: object) -> Iterator[Any]:
    yield from getattr(each, "__dict__", {}).values()
    for kind in type(each).__mro__:
        for name in getattr(kind, "__slots__", ()):
            if hasattr(each, name):
                yield getattr(each, name)


class Growth(Invariant):
    """Compares each measurement with the first one."""

    def __init__(self, env: Environment) -> None:
        """Initialize without a measurement. Home Assistant does not run yet."""
        import_everything()
        ignore_existing_objects()
        self._env = env
        self._home_assistant: ref[HomeAssistant] | None = None
        self._first: dict[str, int] | None = None
        self._first_objects: Counter[str] = Counter()

    @override
    def check(self) -> None:
        """Expect little to be held of an answer that is as large as a server can make it."""
        for site in self._env.sites.values():
            entry = self._env.entry(site)
            if self._env.is_loaded(site) and any(r.fault is CROWD for r in rules_of(site.server)):
                count = count_items([entry.runtime_data])
                if count > MOST_HELD:
                    raise Violation(GROWTH, f"{site.role}: {count} items are held")

    def measure(self) -> None:
        """Compare with the first recovery, or keep this measurement as the first."""
        self._count_tasks()
        self._count_connections()
        self._drop_exceptions()
        objects = _count_objects()
        entities = self._entities()
        libraries = self._libraries()
        measures = {
            "listeners on the bus": sum(self._env.hass.bus.async_listeners().values()),
            "timers": len(_timers()),
            "containers": self._count_items(),
        }
        if self._first is None:
            self._first = {**measures, "entities": entities, "libraries": libraries}
            self._first_objects = objects
            return
        more = max(0, entities - self._first["entities"])
        for name, count in measures.items():
            slack = HELD_SLACK + 12 * more if name == "containers" else SLACK + more
            if count > self._first[name] + slack:
                raise Violation(GROWTH, f"{name}: {self._first[name]} at first, {count} now")
        for name, count in objects.items():
            if name in _OF_THE_SERVER | _COUNTERS | _UNFINISHED:
                continue
            slack = 0
            if name.startswith("PlexMonitor"):
                slack = more
            elif name in _OF_A_LIBRARY:
                slack = max(0, libraries - self._first["libraries"])
            elif name.endswith("Notification"):
                # Each push channel still refers to its last notification, of whatever kind.
                slack = len(self._env.sites)
            if count > self._first_objects[name] + slack:
                raise Violation(
                    GROWTH, f"objects of {name}: {self._first_objects[name]} at first, {count} now"
                )

    @override
    def home_assistant_started(self) -> None:
        """Expect nothing to be left of the stopped one; no entry is set up yet."""
        if self._home_assistant is not None:
            self._expect_released(self._home_assistant)
        self._home_assistant = ref(self._env.hass)

    def _expect_released(self, stopped: ref[HomeAssistant]) -> None:
        self._expect_at_rest("after the stop")
        if objects := _count_objects():
            raise Violation(GROWTH, f"objects are left after the stop: {dict(objects)}")
        if stopped() is not None:
            raise Violation(GROWTH, "a stopped Home Assistant is not released")

    def expect_nothing(self) -> None:
        """Expect nothing to be left of the entries."""
        self._expect_at_rest("after the unload")
        if left_objects := self._left():
            raise Violation(GROWTH, f"objects are left after the unload: {dict(left_objects)}")

    def _expect_at_rest(self, when: str) -> None:
        tasks = [task.get_name() for task in asyncio.all_tasks() if _is_ours(task.get_name())]
        if tasks:
            raise Violation(GROWTH, f"tasks are left {when}: {tasks}")
        timers = [timer for handle in _timers() if _is_ours(timer := _of(handle))]
        if timers:
            raise Violation(GROWTH, f"timers are left {when}: {timers}")
        for site in self._env.sites.values():
            if left := site.server.open_connections:
                raise Violation(GROWTH, f"{left} connections to {site.role} are open {when}")

    def _left(self) -> Counter[str]:
        left = _count_objects()
        for lasting in _LASTING:
            left.pop(lasting, None)
        return left

    def _count_tasks(self) -> None:
        tasks = Counter(name for task in asyncio.all_tasks() if _is_ours(name := task.get_name()))
        expected = Counter(f"{DOMAIN} push {site.entry_id}" for site in self._env.sites.values())
        if tasks != expected:
            raise Violation(GROWTH, f"tasks after the recovery: {dict(tasks)}")

    def _drop_exceptions(self) -> None:
        """Drop the last exception that each coordinator keeps, and the frames that it refers to."""
        for site in self._env.sites.values():
            data = self._env.entry(site).runtime_data
            for coordinator in (data.server, data.libraries, data.statistics):
                coordinator.last_exception = None

    def _count_connections(self) -> None:
        for site in self._env.sites.values():
            listening = len(site.server.notifier.listeners)
            if listening != 1:
                raise Violation(GROWTH, f"{site.role}: {listening} push channels are open")
            count = site.server.open_connections
            if count > CONNECTIONS_OF_AN_ENTRY:
                raise Violation(GROWTH, f"{site.role}: {count} connections are open")

    def _entities(self) -> int:
        entities = er.async_get(self._env.hass).entities.values()
        return sum(entity.platform == DOMAIN for entity in entities)

    def _libraries(self) -> int:
        env = self._env
        return sum(len(env.entry(site).runtime_data.libraries.data) for site in env.sites.values())

    def _count_items(self) -> int:
        env = self._env
        return count_items([env.entry(site).runtime_data for site in env.sites.values()])


def _timers() -> list[asyncio.TimerHandle]:
    loop = asyncio.get_running_loop()
    return [handle for handle in get_scheduled_timer_handles(loop) if not handle.cancelled()]


def _of(handle: asyncio.TimerHandle) -> str:
    return repr((handle._callback, handle._args))  # type: ignore[attr-defined]  # noqa: SLF001 - Typeshed lacks them; no public API.


def _is_ours(name: str) -> bool:
    return DOMAIN in name
