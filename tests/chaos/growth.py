"""Nothing is left growing: measured after each calm, each restart, and after an unload.

After a calm there are exactly one push channel and one task of it for each entry, and the objects
of the integration are as many as after the first calm, but for those that stand for something that
there is more of now. What they hold may not grow either: the items in all the lists, sets and
dictionaries that hang on an entry are counted. After an unload none of its objects is left, nor a
task, an open connection, or a timer but the one that looks for servers that are away.

Where Home Assistant is stopped and another one is started in its place, nothing at all is left, and
the one that has stopped is itself forgotten.
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

from .invariant import GROWTH, Invariant, Violation
from .stage import Stage

PACKAGE = f"custom_components.{DOMAIN}"
# Connections that are kept for the next request, of those that once were needed at the same time.
CONNECTIONS_OF_AN_ENTRY = 8
# There is one of it as long as Home Assistant runs, whatever entries there are.
LASTING_TIMER = f"{DOMAIN} servers away"
# An event listener or timer more or less is Home Assistant's own business.
SLACK = 6
# What an entry holds may differ by what was told and not asked for yet.
HELD_SLACK = 24

# These stand for what there is on the server.
_OF_THE_WORLD = {
    "Activity",
    "Library",
    "MediaItem",
    "RemoteAccess",
    "Section",
    "SectionStorage",
    "Session",
    "TranscodeStatus",
    "UpdateStatus",
    "Release",
    "Connection",
    "Resource",
    "Pin",
    "PlexAccount",
}
# These belong to an entity each, of which there may be more by now.
_OF_AN_ENTITY = {"Picture"}


def import_everything() -> None:
    """Have all modules of the integration, so that what they consist of is there."""
    for module in walk_packages(plex_monitor.__path__, f"{PACKAGE}."):
        import_module(module.name)


def look_past_what_is_there() -> None:
    """Have only what comes from now on looked at, which is also much quicker."""
    gc.unfreeze()
    gc.collect()
    gc.freeze()


def objects_of_ours() -> Iterator[object]:
    """Return the living objects of the integration that were made since."""
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
    """Let the loop forget now what it would forget when the timers had come."""
    loop: Any = asyncio.get_running_loop()
    scheduled: list[Any] = get_scheduled_timer_handles(loop)
    for handle in scheduled:
        handle._scheduled = not handle.cancelled()  # noqa: SLF001 - As the loop does it.
    scheduled[:] = [handle for handle in scheduled if not handle.cancelled()]
    heapify(scheduled)
    # The loop counts those that it holds, to know when to do the same.
    loop._timer_cancelled_count = 0  # noqa: SLF001 - As the loop does it.


def held_by(roots: list[object]) -> int:
    """Count the items in all containers that are reached through objects of the integration."""
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
    """Measures, and compares with the first measure."""

    def __init__(self, stage: Stage) -> None:
        """Know of no measure yet. There is no Home Assistant yet either."""
        import_everything()
        look_past_what_is_there()
        self._stage = stage
        self._home_assistant: ref[HomeAssistant] | None = None
        self._first: dict[str, int] | None = None
        self._first_objects: Counter[str] = Counter()

    def measure(self) -> None:
        """Compare with the first calm, or be it."""
        self._count_tasks()
        self._count_connections()
        self._forget_failures()
        objects = _count_objects()
        entities = self._entities()
        measures = {
            "listeners on the bus": sum(self._stage.hass.bus.async_listeners().values()),
            "timers": len(_timers()),
            "containers": self._held(),
        }
        if self._first is None:
            self._first = {**measures, "entities": entities}
            self._first_objects = objects
            return
        more = max(0, entities - self._first["entities"])
        for name, count in measures.items():
            slack = HELD_SLACK + 12 * more if name == "containers" else SLACK + more
            if count > self._first[name] + slack:
                raise Violation(GROWTH, f"{name}: {self._first[name]} at first, {count} now")
        for name, count in objects.items():
            if name in _OF_THE_WORLD:
                continue
            slack = 0
            if name.startswith("PlexMonitor") or name in _OF_AN_ENTITY:
                slack = more
            elif name.endswith("Notification"):
                # Each push channel has the last one at hand, of whatever kind that is.
                slack = len(self._stage.residents)
            if count > self._first_objects[name] + slack:
                raise Violation(
                    GROWTH, f"objects of {name}: {self._first_objects[name]} at first, {count} now"
                )

    @override
    def home_assistant_started(self) -> None:
        """Expect nothing to be left of the one that has stopped; nothing is set up yet."""
        if self._home_assistant is not None:
            self._expect_forgotten(self._home_assistant)
        self._home_assistant = ref(self._stage.hass)

    def _expect_forgotten(self, stopped: ref[HomeAssistant]) -> None:
        self._expect_at_rest("after the stop", lasting_timers=0)
        if objects := _count_objects():
            raise Violation(GROWTH, f"objects are left after the stop: {dict(objects)}")
        if stopped() is not None:
            raise Violation(GROWTH, "a Home Assistant that has stopped is kept")

    def expect_nothing(self) -> None:
        """Expect nothing to be left of the entries."""
        self._expect_at_rest("after the unload", lasting_timers=1)
        if left_objects := self._left():
            raise Violation(GROWTH, f"objects are left after the unload: {dict(left_objects)}")

    def _expect_at_rest(self, when: str, *, lasting_timers: int) -> None:
        tasks = [task.get_name() for task in asyncio.all_tasks() if _is_ours(task.get_name())]
        if tasks:
            raise Violation(GROWTH, f"tasks are left {when}: {tasks}")
        timers = [timer for handle in _timers() if _is_ours(timer := _of(handle))]
        lasting = [timer for timer in timers if LASTING_TIMER in timer]
        if len(timers) > len(lasting) or len(lasting) != lasting_timers:
            raise Violation(GROWTH, f"timers are left {when}: {timers}")
        for resident in self._stage.residents.values():
            if left := resident.server.open_connections:
                raise Violation(GROWTH, f"{left} connections to {resident.role} are open {when}")

    def _left(self) -> Counter[str]:
        left = _count_objects()
        # What was told and what is known of the token is remembered through a reload.
        for lasting in ("LastReported", "TokenMemory", "TokenHealth"):
            left.pop(lasting, None)
        return left

    def _count_tasks(self) -> None:
        tasks = Counter(name for task in asyncio.all_tasks() if _is_ours(name := task.get_name()))
        wanted = Counter(
            f"{DOMAIN} push {resident.entry_id}" for resident in self._stage.residents.values()
        )
        if tasks != wanted:
            raise Violation(GROWTH, f"tasks after the calm: {dict(tasks)}")

    def _forget_failures(self) -> None:
        """Drop what Home Assistant keeps: the last failure of each, with all its frames held."""
        for resident in self._stage.residents.values():
            data = self._stage.entry(resident).runtime_data
            for coordinator in (data.server, data.libraries, data.statistics):
                coordinator.last_exception = None

    def _count_connections(self) -> None:
        for resident in self._stage.residents.values():
            listening = len(resident.server.notifier.listeners)
            if listening != 1:
                raise Violation(GROWTH, f"{resident.role}: {listening} push channels are open")
            count = resident.server.open_connections
            if count > CONNECTIONS_OF_AN_ENTRY:
                raise Violation(GROWTH, f"{resident.role}: {count} connections are open")

    def _entities(self) -> int:
        entities = er.async_get(self._stage.hass).entities.values()
        return sum(entity.platform == DOMAIN for entity in entities)

    def _held(self) -> int:
        stage = self._stage
        return held_by(
            [stage.entry(resident).runtime_data for resident in stage.residents.values()]
        )


def _timers() -> list[asyncio.TimerHandle]:
    loop = asyncio.get_running_loop()
    return [handle for handle in get_scheduled_timer_handles(loop) if not handle.cancelled()]


def _of(handle: asyncio.TimerHandle) -> str:
    return repr((handle._callback, handle._args))  # type: ignore[attr-defined]  # noqa: SLF001 - Typeshed lacks them; nothing public tells.


def _is_ours(name: str) -> bool:
    return DOMAIN in name
