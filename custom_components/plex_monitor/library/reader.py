"""What is in a library: found out with as few questions as will do, and with what is new in it."""

import asyncio
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import groupby
from types import MappingProxyType

from homeassistant.const import Platform
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import entity_registry as er
from homeassistant.util import dt as dt_util

from ..const import DOMAIN, LOGGER
from ..events.models import LibraryEvent, LibraryEventType
from ..plex.errors import (
    PlexConnectionError,
    PlexError,
    PlexUnauthorizedError,
    PlexWrongServerError,
)
from ..plex.models import MediaItem, MediaType, Section
from ..server.coordinator import PlexMonitorCoordinator

# How many libraries are counted at a time.
AT_A_TIME = 4
# So many of the newest come along with a count. That is enough to see what was added alone.
COME_ALONG = 3
# What is dated later than this from now has a date to come, whatever the server's clock says.
CLOCKS_DIFFER = timedelta(days=1)
# More than this at once is told in part.
ADDED_AT_MOST = 2000

# Counts that hardly anybody wants, and the keys of their sensors: each costs a question, which is
# asked only where the sensor is enabled. To enable one reloads the entry.
SELDOM_WANTED = {MediaType.SEASON: "seasons", MediaType.ALBUM: "albums"}
# What is added one by one.
_LEAVES = {MediaType.MOVIE, MediaType.EPISODE, MediaType.TRACK, MediaType.PHOTO}
_EPOCH = datetime.fromtimestamp(0, UTC)


def library_unique_id(machine_identifier: str, section_key: str, key: str) -> str:
    """Return the unique id of an entity of a library."""
    return f"{machine_identifier}_{section_key}_{key}"


@dataclass(frozen=True, kw_only=True)
class Content:
    """What is in a library; `last_added` is the newest thing in it."""

    counts: Mapping[MediaType, int]
    last_added: MediaItem | None


class LibraryReader:
    """Look into libraries, and tell what was added to one since the look before."""

    def __init__(self, hass: HomeAssistant, server: PlexMonitorCoordinator) -> None:
        """Know nothing of what is in them yet."""
        self._hass = hass
        self._server = server
        self._at_a_time = asyncio.Semaphore(AT_A_TIME)
        # Those that could not be read when they were to be last.
        self.failing: set[str] = set()
        # What of a library is known to be there: up to when, and what is dated then or later.
        self._newest: dict[str, tuple[datetime, frozenset[str]]] = {}

    @callback
    def async_forget_all_but(self, keys: Collection[str]) -> None:
        """Forget the libraries that are gone."""
        for gone in self._newest.keys() - set(keys):
            del self._newest[gone]
        self.failing.intersection_update(keys)

    async def async_read_all(self, sections: Iterable[Section]) -> dict[str, Content]:
        """Return what is in libraries now, but for those of which that cannot be read alone.

        What concerns the server as a whole is raised, and none of the others is read any further.
        """
        try:
            async with asyncio.TaskGroup() as group:
                tasks = {each.key: group.create_task(self._async_try(each)) for each in sections}
        except* PlexError as errors:
            failures = errors
        else:
            contents = {key: task.result() for key, task in tasks.items()}
            return {key: content for key, content in contents.items() if content is not None}
        raise failures.exceptions[0]

    async def _async_try(self, section: Section) -> Content | None:
        """Return what is in a library now, or nothing where that fails for it alone."""
        try:
            async with self._at_a_time:
                content = await self._async_read(section)
        except PlexUnauthorizedError, PlexWrongServerError:
            raise
        except PlexError as err:
            if isinstance(err, PlexConnectionError):
                await self._server.server.check_identity()
            if section.key not in self.failing:
                self.failing.add(section.key)
                LOGGER.info("%s: could not count %s: %s", self._server.name, section.title, err)
            return None
        self.failing.discard(section.key)
        return content

    async def _async_read(self, section: Section) -> Content:
        """Return what is in a library now, and tell what is new."""
        counts: dict[MediaType, int] = {}
        last_added = None
        for media_type in section.media_types:
            if media_type in _LEAVES:
                counts[media_type], last_added = await self._async_read_leaves(section, media_type)
            elif self._is_wanted(section, media_type):
                library = self._server.server.library
                counts[media_type] = await library.count(section.key, media_type)
        return Content(counts=MappingProxyType(counts), last_added=last_added)

    def _is_wanted(self, section: Section, media_type: MediaType) -> bool:
        """Say whether a count is shown anywhere."""
        if (key := SELDOM_WANTED.get(media_type)) is None:
            return True
        registry = er.async_get(self._hass)
        unique_id = library_unique_id(self._server.server.machine_identifier, section.key, key)
        entity_id = registry.async_get_entity_id(Platform.SENSOR, DOMAIN, unique_id)
        entry = None if entity_id is None else registry.async_get(entity_id)
        return entry is not None and not entry.disabled

    async def _async_read_leaves(
        self, section: Section, leaf: MediaType
    ) -> tuple[int, MediaItem | None]:
        """Return how many items a library has, and the newest; tell what was added."""
        library = self._server.server.library
        count, items = await library.newest(section.key, leaf, limit=COME_ALONG)
        since, there = self._newest.get(section.key, (None, frozenset()))
        dated = [item for item in items if item.added_at is not None]
        if not dated:
            # An empty library: all that comes from now on is new.
            self._newest.setdefault(section.key, (_EPOCH, there))
            return count, None
        # At first, whatever else came in the newest second is not new either.
        now = dt_util.utcnow().replace(microsecond=0)
        back_to = _newest(dated, now) if since is None else since
        if len(dated) == len(items) < count and added_at(dated[-1]) >= back_to:
            more = await library.added_since(section.key, leaf, back_to, limit=ADDED_AT_MOST)
            dated = list(more) or dated
        newest = max(_newest(dated, now, default=back_to), back_to)
        not_before = {item.rating_key for item in dated if added_at(item) >= newest}
        known = there if newest == since else frozenset()
        self._newest[section.key] = newest, known | not_before
        if since is not None:
            added = [
                item for item in dated if added_at(item) >= since and item.rating_key not in there
            ]
            self._server.async_dispatch(*_grouped(section, added))
        return count, latest(dated)


def added_at(item: MediaItem) -> datetime:
    """Return when an item was added, long ago where that is not known."""
    return item.added_at or _EPOCH


def latest(items: Iterable[MediaItem]) -> MediaItem | None:
    """Return what was added last; what is dated to come only where there is nothing else.

    The first of several that came together.
    """
    soon = dt_util.utcnow() + CLOCKS_DIFFER

    def order(item: MediaItem) -> tuple[bool, datetime]:
        at = added_at(item)
        return at < soon, at

    return max(items, key=order, default=None)


def _newest(items: Iterable[MediaItem], now: datetime, default: datetime | None = None) -> datetime:
    """Return when the newest was added; a date to come, which Plex takes from files, is none."""
    return max((at for at in map(added_at, items) if at <= now), default=default or now)


def _grouped(section: Section, added: list[MediaItem]) -> Iterator[LibraryEvent]:
    """Return what was added as people speak of it: a season, an album, a film."""

    def whole(item: MediaItem) -> str:
        return item.parent_rating_key or item.rating_key

    for _, group in groupby(sorted(added, key=whole), whole):
        items = tuple(
            sorted(group, key=lambda item: (item.season or 0, item.episode or 0, item.title))
        )
        first = items[0]
        yield LibraryEvent(
            event_type=LibraryEventType.ADDED,
            section=section,
            title=first.grandparent_title or first.parent_title or first.title,
            items=items,
        )
