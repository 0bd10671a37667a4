"""Sizes of the libraries, without which everything else about them is shown as well."""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import datetime, timedelta
from types import MappingProxyType

from homeassistant.core import CALLBACK_TYPE, HassJob, HomeAssistant, callback
from homeassistant.helpers.event import async_call_later

from ..const import LOGGER
from ..plex.errors import PlexError, PlexUnauthorizedError, PlexWrongServerError
from ..plex.models import SectionStorage
from ..runtime import PlexMonitorConfigEntry
from ..server.coordinator import PlexMonitorCoordinator
from ..server.failures import Failures

# A read that failed is retried after this delay: no library itself is read for the sizes.
RETRY_DELAY = timedelta(minutes=1)
# A server that starts returns no sizes for a while. A library that was without one this often is
# asked for with changes alone, and seldom otherwise if it had one before.
MAX_MISSING = 10
LONG_RETRY_DELAY = timedelta(minutes=30)


class LibraryStorage:
    """Keep the sizes of the libraries by their key."""

    def __init__(
        self,
        hass: HomeAssistant,
        entry: PlexMonitorConfigEntry,
        server: PlexMonitorCoordinator,
        on_retry: Callable[[], None],
    ) -> None:
        """Initialize without sizes; `on_retry` is called when a retry has changed them."""
        self._hass = hass
        self._entry = entry
        self._server = server
        self._on_retry = on_retry
        self._cancel_timer: CALLBACK_TYPE | None = None
        # Keys of the libraries that the server lists.
        self._keys: frozenset[str] = frozenset()
        # The last complete size of each.
        self._known: Mapping[str, SectionStorage] = {}
        # The failed reads of each that was missing in the last, and the responses without it.
        self._failures: Mapping[str, Failures] = {}
        self._missing: Counter[str] = Counter()
        # Whether the account was the owner's when the sizes were read, `None` if they were not.
        self._read_as_owner: bool | None = None
        self.sizes: Mapping[str, SectionStorage] = MappingProxyType({})

    async def async_read(self, keys: Iterable[str], *, is_owner: bool, changed: bool) -> None:
        """Read the sizes if libraries have changed, or if the account has got other rights."""
        self._keys = frozenset(keys)
        if changed or is_owner is not self._read_as_owner:
            await self._async_read(is_owner=is_owner)

    @callback
    def async_skip(self) -> None:
        """Read no sizes until the server has libraries again."""
        self.async_stop()
        self._read_as_owner = None

    @callback
    def async_stop(self) -> None:
        """Cancel the scheduled retry."""
        if self._cancel_timer is not None:
            self._cancel_timer()
            self._cancel_timer = None

    async def _async_read(self, *, is_owner: bool) -> None:
        """Read the sizes; those of before are kept where that fails once."""
        try:
            storage = await self._server.server.library.storage()
        except PlexWrongServerError:
            # It concerns the server as a whole.
            raise
        except PlexError as err:
            LOGGER.debug("%s: could not read library sizes: %s", self._server.name, err)
            self._async_update({}, missing=self._keys)
            self._async_schedule_retry(RETRY_DELAY)
            if isinstance(err, PlexUnauthorizedError):
                # Only the poll of the server may judge the token.
                self._server.async_refresh_soon()
        else:
            self._async_handle_response(storage, is_owner=is_owner)
        self._read_as_owner = is_owner

    @callback
    def _async_handle_response(self, storage: Iterable[SectionStorage], *, is_owner: bool) -> None:
        """Update the sizes, and schedule another read for those that are missing."""
        sizes = {each.section_id: each for each in storage}
        missing = {key for key in self._keys if is_owner and self._is_missing(key, sizes.get(key))}
        self._missing = Counter({key: self._missing[key] + 1 for key in missing})
        self._async_update(sizes, missing=missing)
        known = {**self._known, **{key: sizes[key] for key in sizes.keys() - missing}}
        self._known = {key: known[key] for key in self._keys & known.keys()}
        if not missing:
            self.async_stop()
            return
        LOGGER.debug("%s: returned no size of the libraries %s", self._server.name, missing)
        if min(self._missing.values()) <= MAX_MISSING:
            self._async_schedule_retry(RETRY_DELAY)
        elif missing & self._known.keys():
            self._async_schedule_retry(LONG_RETRY_DELAY)
        else:
            self.async_stop()

    def _is_missing(self, key: str, size: SectionStorage | None) -> bool:
        """Return whether the size of a library is missing, or its duration, which was there."""
        known = self._known.get(key)
        had_duration = known is not None and known.duration is not None
        return size is None or (size.duration is None and had_duration)

    @callback
    def _async_update(
        self, sizes: Mapping[str, SectionStorage], *, missing: Collection[str]
    ) -> None:
        """Update the sizes; those of missing libraries are kept where they are missing once."""
        self._failures = {key: self._failures.get(key, Failures()) for key in missing}
        kept = {key for key, failures in self._failures.items() if not failures.add()}
        before = {key: self.sizes[key] for key in kept & self.sizes.keys()}
        self.sizes = MappingProxyType({**sizes, **before})

    @callback
    def _async_schedule_retry(self, delay: timedelta) -> None:
        self.async_stop()
        self._cancel_timer = async_call_later(
            self._hass, delay, HassJob(self._async_handle_timer, cancel_on_shutdown=True)
        )

    @callback
    def _async_handle_timer(self, _now: datetime) -> None:
        self._cancel_timer = None
        self._entry.async_create_background_task(
            self._hass,
            self._async_retry(),
            f"plex_monitor library sizes {self._entry.entry_id}",
        )

    async def _async_retry(self) -> None:
        if self._read_as_owner is None:
            return
        if not self._server.available:
            self._async_schedule_retry(RETRY_DELAY)
            return
        before = self.sizes
        try:
            await self._async_read(is_owner=self._read_as_owner)
        except PlexWrongServerError:
            self._async_schedule_retry(RETRY_DELAY)
            self._server.async_refresh_soon()
            return
        if self.sizes != before:
            self._on_retry()
