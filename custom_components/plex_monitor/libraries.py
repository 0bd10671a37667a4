"""The libraries of a server: counted when they change, and seldom else, so that disks can sleep."""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import groupby
from time import monotonic
from types import MappingProxyType
from typing import Any, override

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import CALLBACK_TYPE, HassJob, HomeAssistant, callback
from homeassistant.helpers.event import async_call_later
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator, UpdateFailed

from .const import DOMAIN, LOGGER
from .coordinator import PlexMonitorCoordinator
from .events import LibraryEvent, LibraryEventType
from .library_watch import LibraryWatch
from .plex.errors import PlexError, PlexUnauthorizedError
from .plex.models import Activity, MediaItem, MediaType, Section, SectionStorage
from .plex.notifications import (
    ActivityEvent,
    ActivityNotification,
    Notification,
    TimelineNotification,
    TimelineState,
)

UPDATE_INTERVAL = timedelta(hours=6)
# What could not be read is tried again after this long, as long as the server is there at all.
RETRY_INTERVAL = timedelta(minutes=2)
# What comes in together is told together: after this long without more of it, and not later than
# the other.
SETTLE_AFTER = 20.0
SETTLE_AT_MOST = 300.0
# How many libraries are counted at a time.
AT_A_TIME = 4
# More than this at once is told in part.
ADDED_AT_MOST = 2000
SCAN = "library.update.section"

# What is added one by one, and is counted last among the types of a library.
_LEAVES = {
    "movie": MediaType.MOVIE,
    "show": MediaType.EPISODE,
    "artist": MediaType.TRACK,
    "photo": MediaType.PHOTO,
}
# Removals that are worth telling: not each part of what was removed as a whole.
_TOLD_WHEN_REMOVED = {MediaType.MOVIE, MediaType.SHOW, MediaType.EPISODE, MediaType.ALBUM}
_EPOCH = datetime.fromtimestamp(0, UTC)


@dataclass(frozen=True, kw_only=True)
class Library:
    """A library, what is in it and what is being done to it.

    `scan` is the server's activity of scanning it, `last_added` the newest thing in it.
    """

    section: Section
    counts: Mapping[MediaType, int]
    storage: SectionStorage | None
    last_added: MediaItem | None
    scan: Activity | None = None


type Libraries = Mapping[str, Library]


class LibraryCoordinator(DataUpdateCoordinator[Libraries]):
    """Keep the libraries by their key.

    A listener with the key of a library as its context is told of that library alone, so that a
    change costs what changed.
    """

    config_entry: ConfigEntry[Any]

    def __init__(
        self, hass: HomeAssistant, entry: ConfigEntry[Any], coordinator: PlexMonitorCoordinator
    ) -> None:
        """Read from the server of a coordinator, when that tells of a change."""
        super().__init__(
            hass,
            LOGGER,
            config_entry=entry,
            name=f"{entry.title} libraries",
            update_interval=UPDATE_INTERVAL,
        )
        self.data = MappingProxyType({})
        self.server = coordinator
        self.known = False
        self._of_library: dict[Any, list[CALLBACK_TYPE]] = {}
        self._changed: set[str] = set()
        # Libraries whose scan was told of since they were last looked at.
        self._scan_told: set[str] = set()
        # Whether the account was the owner's when the storage was read.
        self._storage_granted = False
        self._first_change = 0.0
        self._settle: CALLBACK_TYPE | None = None
        # What of a library is known to be there: up to when, and what came in that second.
        self._newest: dict[str, tuple[datetime, frozenset[str]]] = {}
        self._at_a_time = asyncio.Semaphore(AT_A_TIME)
        self._one_look = asyncio.Lock()
        # Whether the server was there, with push, and with the owner's rights.
        self._seen = (False, False, False)

    @property
    def available(self) -> bool:
        """Say whether what is known of the libraries holds now."""
        return self.known and self.last_update_success and self.server.last_update_success

    @property
    def _granted(self) -> bool:
        """Say whether the account is the owner's, as far as can be seen."""
        return self.server.data is not None and self.server.data.sessions is not None

    @callback
    def async_start(self) -> None:
        """Begin to follow the server."""
        entry = self.config_entry
        entry.async_on_unload(self._cancel_settle)
        entry.async_on_unload(self.server.async_listen_to_notifications(self._async_notified))
        entry.async_on_unload(self.server.async_add_listener(self._async_server_changed))
        LibraryWatch(self.hass, entry, self.server, self.async_request_refresh).async_start()
        self._async_server_changed()

    @override
    @callback
    def async_add_listener(
        self, update_callback: CALLBACK_TYPE, context: Any = None
    ) -> Callable[[], None]:
        """Listen for updates, of one library where its key is the context."""
        remove = super().async_add_listener(update_callback, context)
        if context is None:
            return remove
        self._of_library.setdefault(context, []).append(update_callback)

        @callback
        def remove_both() -> None:
            remove()
            self._of_library[context].remove(update_callback)

        return remove_both

    @callback
    def _async_tell_of(self, key: str) -> None:
        """Tell the listeners of one library."""
        for listener in list(self._of_library.get(key, ())):
            listener()

    @callback
    def _async_server_changed(self) -> None:
        """Look at the libraries when the server is back, and when the push channel opens.

        Nothing was told until then. Listeners are told when the server is gone or back, and not
        each time that it tells something else.
        """
        was_up, was_pushed, was_granted = self._seen
        up, pushed = self.server.last_update_success, self.server.push_connected
        self._seen = up, pushed, self._granted
        missed = not was_up or (pushed and not was_pushed)
        if up and (missed or self._granted is not was_granted):
            self.config_entry.async_create_background_task(
                self.hass,
                self.async_request_refresh(),
                f"plex_monitor libraries {self.config_entry.entry_id}",
            )
        if up is not was_up:
            self.async_update_listeners()

    @override
    async def _async_update_data(self) -> Libraries:
        """Look at all libraries, and count those that have changed."""
        if not self.server.last_update_success:
            # That is told once, by the server itself.
            return self.data
        try:
            libraries = await self._async_read()
        except PlexError as err:
            await self._async_doubt(err)
            first = self.update_interval == UPDATE_INTERVAL
            self.update_interval = RETRY_INTERVAL
            if first:
                # Where it is the server as a whole, its own poll will have told before the next.
                return self.data
            raise UpdateFailed(
                translation_domain=DOMAIN,
                translation_key="libraries_unavailable",
                translation_placeholders={"server": self.server.name, "error": str(err)},
            ) from err
        self.update_interval = UPDATE_INTERVAL
        return libraries

    async def _async_doubt(self, err: PlexError) -> None:
        """Have the server itself looked at where it refuses the token."""
        LOGGER.debug("%s: could not read its libraries: %s", self.server.name, err)
        if isinstance(err, PlexUnauthorizedError):
            await self.server.async_request_refresh()

    async def _async_read(self) -> Libraries:
        """Look at all libraries, one look at a time: each tells what is new since the last."""
        async with self._one_look:
            changed, self._changed = self._changed, set()
            try:
                libraries = await self._async_look(changed)
            except PlexError:
                self._changed |= changed
                raise
            self.known = True
            return libraries

    async def _async_look(self, changed: set[str]) -> Libraries:
        """Return all libraries, with those counted anew that have changed."""
        library = self.server.server.library
        self._scan_told.clear()
        sections = await library.sections()
        known = self.data
        stale = [
            section
            for section in sections
            if section.key in changed
            or section.key not in known
            or known[section.key].section.content_changed_at != section.content_changed_at
        ]
        storage = None
        granted = self._granted
        if stale or granted is not self._storage_granted:
            storage = {one.section_id: one for one in await library.storage()}
            self._storage_granted = granted
        counted = await asyncio.gather(*(self._async_count(section) for section in stale))
        fresh = {one.section.key: one for one in counted}
        for gone in self._newest.keys() - {section.key for section in sections}:
            del self._newest[gone]
        return MappingProxyType(
            {
                section.key: self._brought_together(section, fresh.get(section.key), storage)
                for section in sections
            }
        )

    def _brought_together(
        self,
        section: Section,
        counted: Library | None,
        storage: Mapping[str, SectionStorage] | None,
    ) -> Library:
        """Return a library as it was read, with what was told of it meanwhile."""
        known = self.data.get(section.key)
        library = counted or self.data[section.key]
        scan = None if known is None else known.scan
        if known is not None and section.key in self._scan_told:
            section = replace(section, scanning=scan is not None)
        elif not section.scanning:
            # Its end was not told.
            scan = None
        if storage is not None:
            library = replace(library, storage=storage.get(section.key))
        return replace(library, section=section, scan=scan)

    async def _async_count(self, section: Section) -> Library:
        """Return a library with what is in it now, and tell what is new."""
        async with self._at_a_time:
            library = self.server.server.library
            counts = {
                media_type: await library.count(section.key, media_type)
                for media_type in section.media_types
            }
            last_added = await self._async_find_added(section)
            known = self.data.get(section.key)
            return Library(
                section=section,
                counts=MappingProxyType(counts),
                storage=None if known is None else known.storage,
                last_added=last_added or (None if known is None else known.last_added),
            )

    async def _async_find_added(self, section: Section) -> MediaItem | None:
        """Tell what was added to a library since the last look, and return the newest of it."""
        leaf = _LEAVES.get(section.media_type or "")
        if leaf is None:
            return None
        since, there = self._newest.get(section.key, (None, frozenset()))
        added_since = partial(self.server.server.library.added_since, section.key, leaf)
        if since is None:
            items = await added_since(_EPOCH, limit=2)
            seconds = {item.added_at for item in items}
            if len(items) > 1 and len(seconds) == 1 and (second := seconds.pop()) is not None:
                # Whatever else came in that second is not new either.
                items = await added_since(second, limit=ADDED_AT_MOST)
        else:
            items = await added_since(since, limit=ADDED_AT_MOST)
        if not items or items[0].added_at is None:
            # An empty library: all that comes from now on is new.
            self._newest.setdefault(section.key, (_EPOCH, frozenset()))
            return None
        newest = items[0].added_at
        self._newest[section.key] = (
            newest,
            frozenset(item.rating_key for item in items if item.added_at == newest)
            | (there if newest == since else frozenset()),
        )
        if since is not None:
            added = [item for item in items if item.rating_key not in there]
            self.server.async_tell(*_grouped(section, added))
        return items[0]

    @callback
    def _async_notified(self, notification: Notification) -> None:
        """Take in what the server tells about its libraries."""
        match notification:
            case TimelineNotification(section_id=str(key)):
                if notification.state is TimelineState.DELETED:
                    self._async_removed(key, notification)
                if notification.state in {TimelineState.PROCESSED, TimelineState.DELETED}:
                    self._async_mark(key)
            case ActivityNotification() if notification.activity.activity_type == SCAN:
                self._async_scanned(notification)
            case _:
                return

    @callback
    def _async_removed(self, key: str, notification: TimelineNotification) -> None:
        """Tell that something was removed."""
        library = self.data.get(key)
        if library is not None and notification.media_type in _TOLD_WHEN_REMOVED:
            self.server.async_tell(
                LibraryEvent(
                    event_type=LibraryEventType.REMOVED,
                    section=library.section,
                    title=notification.title,
                )
            )

    @callback
    def _async_scanned(self, notification: ActivityNotification) -> None:
        """Follow the scan of a library."""
        activity = notification.activity
        ended = notification.event is ActivityEvent.ENDED
        key = self._scanned_section(activity)
        if key is None:
            if ended and activity.section_id is not None:
                # A new library is scanned first of all.
                self._async_mark(activity.section_id)
            return
        library = self.data[key]
        scan = None if ended else activity
        self._scan_told.add(key)
        section = replace(library.section, scanning=not ended)
        self.data = MappingProxyType(
            {**self.data, key: replace(library, section=section, scan=scan)}
        )
        if ended:
            self._async_mark(key)
        if (library.scan is None) is not ended:
            kind = LibraryEventType.SCAN_FINISHED if ended else LibraryEventType.SCAN_STARTED
            self.server.async_tell(LibraryEvent(event_type=kind, section=library.section))
        self._async_tell_of(key)

    def _scanned_section(self, activity: Activity) -> str | None:
        """Return the key of the library that is scanned; older servers tell its title only."""
        if activity.section_id is not None:
            return activity.section_id if activity.section_id in self.data else None
        titled = (
            key
            for key, library in self.data.items()
            if activity.title.endswith(f" {library.section.title}")
        )
        return next(titled, None)

    @callback
    def _async_mark(self, key: str) -> None:
        """Look at a library when nothing more has come in for a while."""
        now = monotonic()
        if not self._changed:
            self._first_change = now
        self._changed.add(key)
        self._settle_in(min(SETTLE_AFTER, max(0.0, self._first_change + SETTLE_AT_MOST - now)))

    @callback
    def _settle_in(self, wait: float) -> None:
        self._cancel_settle()
        self._settle = async_call_later(
            self.hass, wait, HassJob(self._async_settled, cancel_on_shutdown=True)
        )

    def _cancel_settle(self) -> None:
        if self._settle is not None:
            self._settle()
            self._settle = None

    @callback
    def _async_settled(self, _now: datetime) -> None:
        self._settle = None
        self.config_entry.async_create_background_task(
            self.hass,
            self._async_read_changed(),
            f"plex_monitor libraries {self.config_entry.entry_id}",
        )

    async def _async_read_changed(self) -> None:
        """Read the libraries that have changed, and tell their listeners."""
        if not self.server.last_update_success:
            # They are looked at when it is back.
            return
        before = self.data
        try:
            self.data = await self._async_read()
        except PlexError as err:
            await self._async_doubt(err)
            self._settle_in(RETRY_INTERVAL.total_seconds())
            return
        if _titles(before) != _titles(self.data):
            self.async_update_listeners()
            return
        for key, library in self.data.items():
            if library != before[key]:
                self._async_tell_of(key)


def _titles(libraries: Libraries) -> Mapping[str, str]:
    """Return which libraries there are."""
    return {key: library.section.title for key, library in libraries.items()}


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
