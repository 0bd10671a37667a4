"""The libraries of a server: counted when they change, and seldom else, so that disks can sleep."""

import asyncio
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import batched
from types import MappingProxyType
from typing import Any, override

from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator, UpdateFailed

from ..const import DOMAIN, LOGGER
from ..events.models import LibraryEvent, LibraryEventType
from ..events.throttle import Throttle
from ..plex.errors import PlexError, PlexUnauthorizedError
from ..plex.models import Activity, MediaItem, MediaType, Section, SectionStorage
from ..plex.notifications import (
    ActivityEvent,
    ActivityNotification,
    Notification,
    TimelineNotification,
    TimelineState,
)
from ..runtime import PlexMonitorConfigEntry
from ..server.coordinator import PlexMonitorCoordinator
from .changes import RETRY_AFTER, LibraryChanges
from .presence import LibraryPresence
from .reader import Content, LibraryReader, added_at
from .watch import LibraryWatch

UPDATE_INTERVAL = timedelta(hours=6)
RETRY_INTERVAL = timedelta(seconds=RETRY_AFTER)
# Of the first look so many libraries are told together: Home Assistant makes entities of them, and
# can do nothing else meanwhile.
TOLD_TOGETHER = 20
SCAN = "library.update.section"

# Removals that are worth telling: not each part of what was removed as a whole.
_TOLD_WHEN_REMOVED = {MediaType.MOVIE, MediaType.SHOW, MediaType.EPISODE, MediaType.ALBUM}


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

    config_entry: PlexMonitorConfigEntry

    def __init__(
        self,
        hass: HomeAssistant,
        entry: PlexMonitorConfigEntry,
        coordinator: PlexMonitorCoordinator,
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
        # By the key of a library; those that are told of all stand under none.
        self._listeners_of: dict[str | None, list[CALLBACK_TYPE]] = {}
        self._changes = LibraryChanges(hass, entry, self._async_read_changed)
        self._presence = LibraryPresence()
        # Libraries whose scan was told of since they were last looked at.
        self._scan_told: set[str] = set()
        self._scan_throttle = Throttle(hass, self._async_tell_of_scans)
        # Whether the account was the owner's when the storage was read.
        self._storage_granted = False
        self._reader = LibraryReader(hass, coordinator)
        self._one_look = asyncio.Lock()
        # Whether the server was there, with push, and with the owner's rights.
        self._seen = (False, False, False)

    @property
    def available(self) -> bool:
        """Say whether all libraries are known, and what is known of them holds now."""
        return self.known and self._holds

    @property
    def _holds(self) -> bool:
        return self.last_update_success and self.server.last_update_success

    def has(self, key: str) -> bool:
        """Say whether a library is there, and what is known of it holds now."""
        return key in self.data and self._holds

    def is_gone(self, key: str) -> bool:
        """Say whether a library is surely not there any more, once all are known."""
        return key not in self._presence.keys

    @callback
    def async_expect(self, keys: Collection[str]) -> None:
        """Take for granted, until they have been looked at, that there are these libraries."""
        self._presence.expect(keys)

    @property
    def _granted(self) -> bool:
        """Say whether the account is the owner's, as far as can be seen."""
        return self.server.data is not None and self.server.data.sessions is not None

    @callback
    def async_start(self) -> None:
        """Begin to follow the server."""
        entry = self.config_entry
        entry.async_on_unload(self._changes.async_stop)
        entry.async_on_unload(self._scan_throttle.async_stop)
        entry.async_on_unload(self.server.async_add_notification_listener(self._async_notified))
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
        self._listeners_of.setdefault(context, []).append(update_callback)

        @callback
        def remove_both() -> None:
            remove()
            self._listeners_of[context].remove(update_callback)

        return remove_both

    @callback
    def _async_tell_of(self, key: str | None) -> None:
        """Tell the listeners of one library, or those of all."""
        for listener in list(self._listeners_of.get(key, ())):
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
        if was_pushed and not pushed and self._may_miss_an_end(self.data):
            self._changes.async_look_again()
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
            changed = self._changes.async_take()
            try:
                libraries = await self._async_look(changed)
            except PlexError:
                self._changes.async_give_back(changed)
                raise
            self.known = True
            if self._presence.in_doubt or self._may_miss_an_end(libraries):
                self._changes.async_look_again()
            self._changes.async_failed(self._reader.failing)
            return libraries

    def _may_miss_an_end(self, libraries: Libraries) -> bool:
        """Say whether there is a scan of which it is not sure that its end will be told."""
        return any(
            library.section.scanning and (library.scan is None or not self.server.push_connected)
            for library in libraries.values()
        )

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
        counted: dict[str, Library] = {}
        for portion in batched(stale, TOLD_TOGETHER, strict=False):
            contents = await self._reader.async_read_all(portion)
            counted |= {
                section.key: self._counted(section, contents[section.key])
                for section in portion
                if section.key in contents
            }
            if not self.known:
                told = self._brought_together(portion, counted, storage)
                self.data = MappingProxyType({**self.data, **told})
                self._async_tell_of(None)
        self._presence.listed({section.key for section in sections})
        there = self._presence.keys
        self._reader.async_forget_all_but(there)
        kept = {key: library for key, library in self.data.items() if key in there}
        return MappingProxyType(kept | self._brought_together(sections, counted, storage))

    def _brought_together(
        self,
        sections: Iterable[Section],
        counted: Mapping[str, Library],
        storage: Mapping[str, SectionStorage] | None,
    ) -> dict[str, Library]:
        """Return libraries as they were read, with what was told of them meanwhile.

        One that could not be counted stays as it was, and is left out where nothing is known of it.
        """
        return {
            section.key: self._with_what_was_told(section, counted.get(section.key), storage)
            for section in sections
            if section.key in counted or section.key in self.data
        }

    def _with_what_was_told(
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

    def _counted(self, section: Section, content: Content) -> Library:
        """Return a library with what is in it now."""
        known = self.data.get(section.key)
        return Library(
            section=section,
            counts=content.counts,
            storage=None if known is None else known.storage,
            last_added=content.last_added,
        )

    @callback
    def _async_notified(self, notification: Notification) -> None:
        """Take in what the server tells about its libraries."""
        match notification:
            case TimelineNotification(section_id=str(key)):
                if notification.state is TimelineState.DELETED:
                    self._async_removed(key, notification)
                if notification.state in {TimelineState.PROCESSED, TimelineState.DELETED}:
                    self._changes.async_mark(key)
            case ActivityNotification() if notification.activity.activity_type == SCAN:
                self._async_scanned(notification)
            case _:
                return

    @callback
    def _async_removed(self, key: str, notification: TimelineNotification) -> None:
        """Tell that something was removed."""
        library = self.data.get(key)
        if library is not None and notification.media_type in _TOLD_WHEN_REMOVED:
            self.server.async_dispatch(
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
                self._changes.async_mark(activity.section_id)
            return
        library = self.data[key]
        scan = None if ended else activity
        self._scan_told.add(key)
        section = replace(library.section, scanning=not ended)
        self.data = MappingProxyType(
            {**self.data, key: replace(library, section=section, scan=scan)}
        )
        if ended:
            self._changes.async_mark(key)
        changed = (library.scan is None) is not ended
        if changed:
            kind = LibraryEventType.SCAN_FINISHED if ended else LibraryEventType.SCAN_STARTED
            self.server.async_dispatch(LibraryEvent(event_type=kind, section=library.section))
        if changed or ended:
            self._async_tell_of(key)
        else:
            self._scan_throttle.async_changed(at_once=False)

    @callback
    def _async_tell_of_scans(self) -> None:
        """Tell the listeners of the libraries that are being scanned."""
        for key in [key for key, library in self.data.items() if library.scan is not None]:
            self._async_tell_of(key)

    def _scanned_section(self, activity: Activity) -> str | None:
        """Return the key of the library that is scanned; older servers tell its title only."""
        if activity.section_id is not None:
            return activity.section_id if activity.section_id in self.data else None
        titled = [
            key
            for key, library in self.data.items()
            if activity.title.endswith(f" {library.section.title}")
        ]
        # One title can end like another.
        return max(titled, key=lambda key: len(self.data[key].section.title), default=None)

    async def _async_read_changed(self) -> None:
        """Read the libraries that have changed, and tell their listeners."""
        if not self.server.last_update_success:
            # They are looked at when it is back.
            return
        before, were_there = self.data, self._presence.keys
        try:
            self.data = await self._async_read()
        except PlexError as err:
            await self._async_doubt(err)
            self._changes.async_look_again()
            return
        if _titles(before) != _titles(self.data) or were_there != self._presence.keys:
            self.async_update_listeners()
            return
        changed = [key for key, library in self.data.items() if library != before[key]]
        for key in changed:
            self._async_tell_of(key)
        if any(_has_lost_its_newest(before[key], self.data[key]) for key in changed):
            self._async_tell_of(None)


def _titles(libraries: Libraries) -> Mapping[str, str]:
    """Return which libraries there are."""
    return {key: library.section.title for key, library in libraries.items()}


def _has_lost_its_newest(before: Library, now: Library) -> bool:
    """Say whether what was added last was removed: what is added is told as an event."""
    old, new = before.last_added, now.last_added
    if old is None or new is None:
        return old is not None
    return old.rating_key != new.rating_key and added_at(new) <= added_at(old)
