"""Read the contents of libraries with few requests, and report what was added."""

import asyncio
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

from homeassistant.const import Platform
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import entity_registry as er
from homeassistant.util import dt as dt_util

from ..const import DOMAIN, LOGGER
from ..plex.errors import (
    PlexConnectionError,
    PlexError,
    PlexForbiddenError,
    PlexNotFoundError,
    PlexResponseError,
    PlexUnauthorizedError,
    PlexUnavailableError,
    PlexWrongServerError,
)
from ..plex.models import MediaItem, MediaType, Section
from ..plex.notifications import TimelineNotification
from ..server.coordinator import PlexMonitorCoordinator
from .added import EPOCH, added_at, added_events, latest_date
from .known import KnownItems
from .models import library_unique_id

MAX_CONCURRENT_READS = 4
# Newest items that are requested with a count: enough to see an item that was added alone.
NEWEST_LIMIT = 3
# Items of one addition that are reported at most.
ADDED_LIMIT = 2000
# Created items of all libraries that are noted at most until they are read.
CREATED_LIMIT = 10 * ADDED_LIMIT

# Counts whose sensors are disabled by default, with the key of the sensor. Each costs a request of
# its own, which is made only if the sensor is enabled. Enabling it reloads the entry.
OPTIONAL_COUNTS = {MediaType.SEASON: "seasons", MediaType.ALBUM: "albums"}
# Items that are added one by one.
_LEAVES = {MediaType.MOVIE, MediaType.EPISODE, MediaType.TRACK, MediaType.PHOTO}


@dataclass(frozen=True, kw_only=True)
class LibraryContent:
    """Contents of a library; `last_added` was added to it last, at `last_added_at`."""

    counts: Mapping[MediaType, int]
    last_added: MediaItem | None
    last_added_at: datetime


class LibraryReader:
    """Read the contents of libraries, and dispatch events for what was added between reads."""

    def __init__(self, hass: HomeAssistant, server: PlexMonitorCoordinator) -> None:
        """Initialize the reader of a server."""
        self._hass = hass
        self._server = server
        self._semaphore = asyncio.Semaphore(MAX_CONCURRENT_READS)
        # Keys of the libraries whose last read failed.
        self.failing: set[str] = set()
        # What is known of the libraries that have been read.
        self._known: dict[str, KnownItems] = {}
        # Per library, the items that the server reported as created, until they have been read.
        self._created: dict[str, set[str]] = {}

    @callback
    def async_retain(self, keys: Collection[str]) -> None:
        """Forget all libraries but these."""
        for removed in self._known.keys() - set(keys):
            del self._known[removed]
            self._created.pop(removed, None)
        self.failing.intersection_update(keys)

    @callback
    def async_note_created(self, section: Section, item: TimelineNotification) -> None:
        """Note an item that the server reports as created, whatever date it has."""
        if section.key not in self._known or item.item_id is None:
            # Nothing is new in a library that is read for the first time.
            return
        created = self._created.setdefault(section.key, set())
        if item.media_type in _LEAVES.intersection(section.media_types) and (
            len(created) < ADDED_LIMIT and sum(map(len, self._created.values())) < CREATED_LIMIT
        ):
            created.add(item.item_id)

    def is_created(self, section_key: str, item_id: str | None) -> bool:
        """Return whether an item was reported as created, and has not been read yet."""
        return item_id in self._created.get(section_key, ())

    async def async_read(self, sections: Iterable[Section]) -> dict[str, LibraryContent]:
        """Return the contents of libraries by their key, without those that fail for themselves.

        An error that concerns the server as a whole is raised, and cancels the other reads.
        """
        try:
            async with asyncio.TaskGroup() as group:
                tasks = {
                    section.key: group.create_task(self._async_try_section(section))
                    for section in sections
                }
        except* PlexError as errors:
            failures = errors
        else:
            contents = {key: task.result() for key, task in tasks.items()}
            return {key: content for key, content in contents.items() if content is not None}
        raise failures.exceptions[0]

    async def _async_try_section(self, section: Section) -> LibraryContent | None:
        """Return the contents of a library, or `None` if reading fails for it alone."""
        try:
            async with self._semaphore:
                content = await self._async_read_section(section)
        except PlexWrongServerError:
            raise
        except PlexError as err:
            if isinstance(err, PlexConnectionError):
                await self._server.server.check_identity()
            if isinstance(err, PlexUnauthorizedError):
                # Only the poll of the server may judge the token. An error of another library
                # cancels this read, and not that poll.
                self._server.async_refresh_soon()
            if section.key not in self.failing:
                self.failing.add(section.key)
                LOGGER.info("%s: could not count %s: %s", self._server.name, section.title, err)
            return None
        self.failing.discard(section.key)
        return content

    async def _async_read_section(self, section: Section) -> LibraryContent:
        """Return the contents of a library, and dispatch events for what was added."""
        counts: dict[MediaType, int] = {}
        known = None
        for media_type in section.media_types:
            if media_type in _LEAVES:
                known = await self._async_read_leaves(section, media_type)
                counts[media_type] = known.count
            elif self._is_count_enabled(section, media_type):
                library = self._server.server.library
                counts[media_type] = await library.count(section.key, media_type)
        return LibraryContent(
            counts=MappingProxyType(counts),
            last_added=None if known is None else known.last_added,
            last_added_at=EPOCH if known is None else known.last_added_at,
        )

    def _is_count_enabled(self, section: Section, media_type: MediaType) -> bool:
        """Return whether a count has an enabled sensor."""
        if (key := OPTIONAL_COUNTS.get(media_type)) is None:
            return True
        registry = er.async_get(self._hass)
        unique_id = library_unique_id(self._server.server.machine_identifier, section.key, key)
        entity_id = registry.async_get_entity_id(Platform.SENSOR, DOMAIN, unique_id)
        entry = None if entity_id is None else registry.async_get(entity_id)
        return entry is not None and not entry.disabled

    async def _async_read_leaves(self, section: Section, leaf: MediaType) -> KnownItems:
        """Return what is known of the items now, and dispatch events for what was added."""
        library = self._server.server.library
        created = frozenset(self._created.get(section.key, ()))
        count, items = await library.newest(section.key, leaf, limit=NEWEST_LIMIT)
        dated = [item for item in items if item.added_at is not None]
        now = dt_util.utcnow().replace(microsecond=0)
        known = self._known.get(section.key)
        # On the first read, other items of the newest second are not new either.
        since = latest_date(dated, now, default=now) if known is None else known.until
        if dated and len(dated) == len(items) < count and added_at(dated[-1]) >= since:
            more = await library.added_since(section.key, leaf, since, limit=ADDED_LIMIT)
            dated = list(more) or dated
        if known is None:
            self._known[section.key] = known = KnownItems.first(count, [*items, *dated], now)
            return known
        seen = {item.rating_key: item for item in (*items, *dated)}
        seen |= await self._async_read_items(section, leaf, _unseen(known, created, seen))
        added = [item for key, item in seen.items() if key in created and not known.has(item)]
        growth = count - known.count
        if growth > len(added):
            # The date alone is not enough: a better file of an old item can have a new one.
            added += [item for item in known.dated_new(dated) if item.rating_key not in created]
        if len(added) < min(growth, ADDED_LIMIT):
            numbered = await self._async_read_numbered(section, leaf, growth)
            reported = {item.rating_key for item in added}
            added += [
                item for item in known.numbered_new(numbered) if item.rating_key not in reported
            ]
        seen |= {item.rating_key: item for item in added}
        self._known[section.key] = known.updated(count, seen.values(), added, now)
        self._created.get(section.key, set()).difference_update(created)
        self._server.async_dispatch(*added_events(section, added, since, now))
        return self._known[section.key]

    async def _async_read_items(
        self, section: Section, leaf: MediaType, keys: Collection[str]
    ) -> dict[str, MediaItem]:
        """Return those of these items that are of a type and in a library, by their key."""
        if not keys:
            return {}
        return {
            item.rating_key: item
            for item in await self._server.server.library.items(keys)
            if item.section_id in {None, section.key} and item.media_type == leaf.name.lower()
        }

    async def _async_read_numbered(
        self, section: Section, leaf: MediaType, count: int
    ) -> tuple[MediaItem, ...]:
        """Return the items with the highest rating keys, if the server knows this order."""
        library = self._server.server.library
        try:
            return await library.last_created(section.key, leaf, limit=min(count, ADDED_LIMIT))
        except (
            PlexForbiddenError,
            PlexNotFoundError,
            PlexResponseError,
            PlexUnavailableError,
        ) as err:
            LOGGER.debug("%s: could not sort %s: %s", self._server.name, section.title, err)
            return ()


def _unseen(known: KnownItems, created: Collection[str], seen: Collection[str]) -> list[str]:
    """Return the keys of items that are to be read by themselves.

    These are the created ones with an old date, and the one that was added last, which may have
    been removed.
    """
    last = () if known.last_added is None else (known.last_added.rating_key,)
    keys = set(created).difference(known.reported, known.recent).union(last)
    return sorted(keys.difference(seen))
