"""Coordinator of the libraries of a server.

They are read when they change, and seldom otherwise, so that disks can sleep.
"""

import asyncio
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from datetime import timedelta
from itertools import batched
from types import MappingProxyType
from typing import NamedTuple, override

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.debounce import Debouncer
from homeassistant.helpers.dispatcher import async_dispatcher_send
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator, UpdateFailed
from homeassistant.util.signal_type import SignalType

from ..const import DOMAIN, LOGGER, PROGRESS_INTERVAL
from ..events.models import LibraryEvent, LibraryEventType
from ..plex.errors import PlexError, PlexUnauthorizedError
from ..plex.models import MediaType, Section
from ..plex.notifications import (
    ActivityEvent,
    ActivityNotification,
    Notification,
    TimelineNotification,
    TimelineState,
)
from ..runtime import PlexMonitorConfigEntry
from ..server.coordinator import PlexMonitorCoordinator
from ..server.failures import Failures
from .changes import RETRY_DELAY, SETTLE_DELAY, UNFINISHED_DELAY, LibraryChanges
from .models import Libraries, Library, devices_of, is_last_added_removed
from .presence import LibraryPresence
from .reader import LibraryContent, LibraryReader
from .scans import ScanTracker, may_miss_scan_end, scanned_section_key
from .storage import LibraryStorage
from .watch import LibraryWatch

UPDATE_INTERVAL = timedelta(hours=6)
# The first read adds the libraries in batches of this size: Home Assistant creates the entities of
# a batch at once, and can do nothing else meanwhile.
BATCH_SIZE = 20
SCAN_ACTIVITY = "library.update.section"

# Removals that are reported. The parts of these are removed with them.
_REPORTED_REMOVALS = {MediaType.MOVIE, MediaType.SHOW, MediaType.EPISODE, MediaType.ALBUM}

# States of an item that is complete, or gone. Without an agent, as in libraries of photos and of
# other videos, an item stays in progress.
_FINAL_STATES = {TimelineState.PROGRESS, TimelineState.PROCESSED, TimelineState.DELETED}


class _ServerState(NamedTuple):
    """The part of the server's state that decides when to read its libraries."""

    available: bool
    push_connected: bool
    is_owner: bool


class LibraryCoordinator(DataUpdateCoordinator[Libraries]):
    """Keep the libraries of a server by their key.

    A change of one library is dispatched to its own entities: its signal takes 0.02 ms, where all
    listeners of 200 libraries with 1,200 entities take 5 ms, and a scan of a whole server changes
    each library several times.
    """

    config_entry: PlexMonitorConfigEntry

    def __init__(
        self,
        hass: HomeAssistant,
        entry: PlexMonitorConfigEntry,
        coordinator: PlexMonitorCoordinator,
    ) -> None:
        """Initialize the coordinator beside that of the server."""
        super().__init__(
            hass,
            LOGGER,
            config_entry=entry,
            name=f"{entry.title} libraries",
            update_interval=UPDATE_INTERVAL,
        )
        self.data = MappingProxyType({})
        self.server = coordinator
        self._first_read_done = False
        self._changes = LibraryChanges(hass, entry, self._async_read_changed)
        self._presence = LibraryPresence()
        self._scans = ScanTracker()
        self._scan_debouncer = Debouncer(
            hass,
            LOGGER,
            cooldown=PROGRESS_INTERVAL,
            immediate=True,
            function=self._async_dispatch_scans,
        )
        self._reader = LibraryReader(hass, coordinator)
        self._read_lock = asyncio.Lock()
        self._failures = Failures()
        self._storage = LibraryStorage(hass, entry, coordinator, self._async_handle_storage)
        self._server_state = _ServerState(available=False, push_connected=False, is_owner=False)

    @property
    def available(self) -> bool:
        """Return whether all libraries have been read, and are up to date."""
        return self._first_read_done and self._is_current

    @property
    def _is_current(self) -> bool:
        return self.last_update_success and self.server.available

    def has(self, key: str) -> bool:
        """Return whether a library exists and is up to date."""
        return key in self.data and self._is_current

    def is_removed(self, key: str) -> bool:
        """Return whether a library is certainly removed, once all have been read."""
        return key not in self._presence.keys

    def signal(self, key: str) -> SignalType[()]:
        """Return the dispatcher signal for updates of one library."""
        return SignalType(f"{DOMAIN}_{self.config_entry.entry_id}_library_{key}")

    @callback
    def async_expect(self, keys: Collection[str]) -> None:
        """Expect these libraries to exist until they have been read."""
        self._presence.expect(keys)

    @property
    def _is_owner(self) -> bool:
        """Return whether the account is the owner's, as far as can be seen."""
        return self.server.data is not None and self.server.data.is_owner

    @callback
    def async_start(self) -> None:
        """Start to follow the server."""
        entry = self.config_entry
        entry.async_on_unload(self._changes.async_stop)
        entry.async_on_unload(self._storage.async_stop)
        entry.async_on_unload(self._scan_debouncer.async_shutdown)
        entry.async_on_unload(
            self.server.async_add_notification_listener(self._async_handle_notification)
        )
        entry.async_on_unload(self.server.async_add_listener(self._handle_server_update))
        LibraryWatch(self.hass, entry, self.server, self.async_request_refresh).async_start()
        self._handle_server_update()

    @callback
    def _handle_server_update(self) -> None:
        """Refresh when the server is back, and when the push channel opens.

        Changes until then were not reported. Listeners are notified when the server is gone or
        back, and not of its other updates.
        """
        before = self._server_state
        self._server_state = now = _ServerState(
            available=self.server.available,
            push_connected=self.server.push_connected,
            is_owner=self._is_owner,
        )
        if before.push_connected and not now.push_connected:
            self._async_retry_for_scan_end(self.data)
        missed = not before.available or (now.push_connected and not before.push_connected)
        if now.available and (missed or now.is_owner is not before.is_owner):
            self.config_entry.async_create_background_task(
                self.hass,
                self.async_request_refresh(),
                f"plex_monitor libraries {self.config_entry.entry_id}",
            )
        if now.available is not before.available:
            self.async_update_listeners()

    @override
    async def _async_update_data(self) -> Libraries:
        """Read the list of libraries, and the contents of those that have changed."""
        if not self.server.available:
            # The coordinator of the server reports that.
            return self.data
        return await self._async_try_read()

    async def _async_read_changed(self) -> None:
        """Read the libraries that have changed, and update their entities."""
        if not self.server.available:
            # They are read when it is back.
            return
        previous, previous_keys = self.data, self._presence.keys
        try:
            self.data = await self._async_try_read()
        except UpdateFailed as err:
            self.async_set_update_error(err)
            return
        if not self.last_update_success:
            self.async_set_updated_data(self.data)
            return
        if devices_of(previous) != devices_of(self.data) or previous_keys != self._presence.keys:
            self.async_update_listeners()
            return
        changed = [key for key, library in self.data.items() if library != previous[key]]
        if any(is_last_added_removed(previous[key], self.data[key]) for key in changed):
            self.async_update_listeners()
            return
        for key in changed:
            self._async_dispatch_update(key)

    async def _async_try_read(self) -> Libraries:
        """Return all libraries: those of before where a read fails once, and an error after."""
        try:
            libraries = await self._async_read()
        except PlexError as err:
            LOGGER.debug("%s: could not read its libraries: %s", self.server.name, err)
            self._changes.async_read_within(RETRY_DELAY)
            # The server may be down or refuse the token, which its poll finds out. That poll is not
            # put off after a refusal, which the server reports and not its libraries as well.
            if isinstance(err, PlexUnauthorizedError):
                await self.server.async_refresh()
            else:
                await self.server.async_request_refresh()
            if not self._failures.add() or not self.server.available:
                return self.data
            raise UpdateFailed(
                translation_domain=DOMAIN,
                translation_key="libraries_unavailable",
                translation_placeholders={"server": self.server.name, "error": str(err)},
            ) from err
        self._failures.clear()
        return libraries

    async def _async_read(self) -> Libraries:
        """Return all libraries, with the contents of those that have changed read again.

        Reads are serialized, because each reports what was added since the last.
        """
        async with self._read_lock:
            changed = self._changes.async_take()
            try:
                libraries = await self._async_read_libraries(changed)
            except PlexError:
                self._changes.async_put_back(changed)
                raise
            self._first_read_done = True
            if (delay := self._presence.retry_delay) is not None:
                self._changes.async_read_within(delay)
            self._async_retry_for_scan_end(libraries)
            self._changes.async_retry_failed(self._reader.failing)
            return libraries

    @callback
    def _async_retry_for_scan_end(self, libraries: Libraries) -> None:
        """Schedule another read if the end of a running scan may not be reported."""
        if may_miss_scan_end(libraries, push_connected=self.server.push_connected):
            self._changes.async_schedule_retry()

    async def _async_read_libraries(self, changed: set[str]) -> Libraries:
        library = self.server.server.library
        self._scans.start_read()
        sections = await library.sections()
        previous = self.data
        stale = [
            section
            for section in sections
            if section.key in changed
            or section.key not in previous
            or previous[section.key].section.content_changed_at != section.content_changed_at
        ]
        if sections:
            await self._storage.async_read(
                {section.key for section in sections},
                is_owner=self._is_owner,
                changed=bool(stale),
            )
        else:
            self._storage.async_skip()
        contents: dict[str, LibraryContent] = {}
        for batch in batched(stale, BATCH_SIZE, strict=False):
            contents |= await self._reader.async_read(batch)
            if not self._first_read_done:
                added = self._merge(batch, contents)
                self.data = MappingProxyType({**self.data, **added})
                self.async_update_listeners()
        self._presence.update({section.key for section in sections})
        present = self._presence.keys
        self._reader.async_retain(self._presence.remembered)
        kept = {key: library for key, library in self.data.items() if key in present}
        return MappingProxyType(kept | self._merge(sections, contents))

    def _merge(
        self,
        sections: Iterable[Section],
        contents: Mapping[str, LibraryContent],
    ) -> dict[str, Library]:
        """Return libraries as they were read, with the scans that were reported meanwhile.

        The contents of a library that was not counted are kept. One without any is left out.
        """
        libraries: dict[str, Library] = {}
        for listed in sections:
            previous = self.data.get(listed.key)
            content = contents.get(listed.key, previous)
            if content is None:
                continue
            section, scan = self._scans.merge(listed, previous)
            libraries[listed.key] = Library(
                section=section,
                counts=content.counts,
                storage=self._storage.sizes.get(listed.key),
                last_added=content.last_added,
                last_added_at=content.last_added_at,
                scan=scan,
            )
        return libraries

    @callback
    def _async_handle_notification(self, notification: Notification) -> None:
        """Handle a notification about a library."""
        match notification:
            case TimelineNotification(section_id=str(key)):
                self._async_handle_item(key, notification)
            case ActivityNotification() if notification.activity.activity_type == SCAN_ACTIVITY:
                self._async_handle_scan(notification)
            case _:
                return

    @callback
    def _async_handle_item(self, key: str, notification: TimelineNotification) -> None:
        """Read a library again once its new, changed or removed item is complete."""
        library = self.data.get(key)
        if notification.created and library is not None:
            self._reader.async_note_created(library.section, notification)
        if notification.state is TimelineState.DELETED:
            self._async_handle_removal(key, notification)
        if notification.state in _FINAL_STATES:
            self._changes.async_mark(key, SETTLE_DELAY)
        elif notification.created or self._reader.is_created(key, notification.item_id):
            self._changes.async_mark(key, UNFINISHED_DELAY)

    @callback
    def _async_handle_storage(self) -> None:
        """Update the sizes of the libraries, which could not be read with them at first."""
        sizes = self._storage.sizes
        self.data = MappingProxyType(
            {key: replace(library, storage=sizes.get(key)) for key, library in self.data.items()}
        )
        self.async_update_listeners()

    @callback
    def _async_handle_removal(self, key: str, notification: TimelineNotification) -> None:
        """Dispatch an event for an item that was removed."""
        library = self.data.get(key)
        if library is not None and notification.media_type in _REPORTED_REMOVALS:
            self.server.async_dispatch(
                LibraryEvent(
                    event_type=LibraryEventType.REMOVED,
                    section=library.section,
                    title=notification.title,
                )
            )

    @callback
    def _async_handle_scan(self, notification: ActivityNotification) -> None:
        """Update the scan of a library, and dispatch an event for its start and end."""
        activity = notification.activity
        ended = notification.event is ActivityEvent.ENDED
        key = scanned_section_key(activity, self.data)
        if key is None:
            if ended and activity.section_id is not None:
                # A new library is scanned first of all.
                self._changes.async_mark(activity.section_id)
            return
        library = self.data[key]
        self.data = MappingProxyType({**self.data, key: self._scans.update(library, notification)})
        if ended:
            self._changes.async_mark(key)
        started_or_finished = (library.scan is None) is not ended
        if started_or_finished:
            event_type = LibraryEventType.SCAN_FINISHED if ended else LibraryEventType.SCAN_STARTED
            self.server.async_dispatch(LibraryEvent(event_type=event_type, section=library.section))
        if started_or_finished or ended:
            self._async_dispatch_update(key)
        else:
            self._scan_debouncer.async_schedule_call()

    @callback
    def _async_dispatch_scans(self) -> None:
        """Update the entities of the libraries that are being scanned."""
        for key in [key for key, library in self.data.items() if library.scan is not None]:
            self._async_dispatch_update(key)

    @callback
    def _async_dispatch_update(self, key: str) -> None:
        """Update the entities of one library."""
        async_dispatcher_send(self.hass, self.signal(key))
