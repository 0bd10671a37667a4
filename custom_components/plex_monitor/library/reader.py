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
    PlexUnauthorizedError,
    PlexWrongServerError,
)
from ..plex.models import MediaItem, MediaType, Section
from ..server.coordinator import PlexMonitorCoordinator
from .added import EPOCH, added_at, added_events, latest_added, latest_date
from .models import library_unique_id

MAX_CONCURRENT_READS = 4
# Newest items that are requested with a count: enough to see an item that was added alone.
NEWEST_LIMIT = 3
# Items of one addition that are reported at most.
ADDED_LIMIT = 2000

# Counts whose sensors are disabled by default, with the key of the sensor. Each costs a request of
# its own, which is made only if the sensor is enabled. Enabling it reloads the entry.
OPTIONAL_COUNTS = {MediaType.SEASON: "seasons", MediaType.ALBUM: "albums"}
# Items that are added one by one.
_LEAVES = {MediaType.MOVIE, MediaType.EPISODE, MediaType.TRACK, MediaType.PHOTO}


@dataclass(frozen=True, kw_only=True)
class LibraryContent:
    """Contents of a library; `last_added` is the newest item in it."""

    counts: Mapping[MediaType, int]
    last_added: MediaItem | None


class LibraryReader:
    """Read the contents of libraries, and dispatch events for what was added between reads."""

    def __init__(self, hass: HomeAssistant, server: PlexMonitorCoordinator) -> None:
        """Initialize the reader of a server."""
        self._hass = hass
        self._server = server
        self._semaphore = asyncio.Semaphore(MAX_CONCURRENT_READS)
        # Keys of the libraries whose last read failed.
        self.failing: set[str] = set()
        # Per library, the date up to which its items are known, and the known items that are dated
        # then or later.
        self._known_until: dict[str, tuple[datetime, frozenset[str]]] = {}

    @callback
    def async_retain(self, keys: Collection[str]) -> None:
        """Forget all libraries but these."""
        for removed in self._known_until.keys() - set(keys):
            del self._known_until[removed]
        self.failing.intersection_update(keys)

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

    async def _async_read_section(self, section: Section) -> LibraryContent:
        """Return the contents of a library, and dispatch events for what was added."""
        counts: dict[MediaType, int] = {}
        last_added = None
        for media_type in section.media_types:
            if media_type in _LEAVES:
                counts[media_type], last_added = await self._async_read_leaves(section, media_type)
            elif self._is_count_enabled(section, media_type):
                library = self._server.server.library
                counts[media_type] = await library.count(section.key, media_type)
        return LibraryContent(counts=MappingProxyType(counts), last_added=last_added)

    def _is_count_enabled(self, section: Section, media_type: MediaType) -> bool:
        """Return whether a count has an enabled sensor."""
        if (key := OPTIONAL_COUNTS.get(media_type)) is None:
            return True
        registry = er.async_get(self._hass)
        unique_id = library_unique_id(self._server.server.machine_identifier, section.key, key)
        entity_id = registry.async_get_entity_id(Platform.SENSOR, DOMAIN, unique_id)
        entry = None if entity_id is None else registry.async_get(entity_id)
        return entry is not None and not entry.disabled

    async def _async_read_leaves(
        self, section: Section, leaf: MediaType
    ) -> tuple[int, MediaItem | None]:
        """Return the number of items and the newest, and dispatch events for what was added."""
        library = self._server.server.library
        count, items = await library.newest(section.key, leaf, limit=NEWEST_LIMIT)
        since, known = self._known_until.get(section.key, (None, frozenset()))
        dated = [item for item in items if item.added_at is not None]
        if not dated:
            # An empty library: everything that is added from now on is new.
            self._known_until.setdefault(section.key, (EPOCH, known))
            return count, None
        # On the first read, other items of the newest second are not new either.
        now = dt_util.utcnow().replace(microsecond=0)
        start = latest_date(dated, now, default=now) if since is None else since
        if len(dated) == len(items) < count and added_at(dated[-1]) >= start:
            more = await library.added_since(section.key, leaf, start, limit=ADDED_LIMIT)
            dated = list(more) or dated
        until = max(latest_date(dated, now, default=start), start)
        recent = {item.rating_key for item in dated if added_at(item) >= until}
        still_known = known if until == since else frozenset()
        self._known_until[section.key] = until, still_known | recent
        if since is not None:
            added = [
                item for item in dated if added_at(item) >= since and item.rating_key not in known
            ]
            self._server.async_dispatch(*added_events(section, added))
        return count, latest_added(dated)
