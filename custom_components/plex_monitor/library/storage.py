"""Sizes of the libraries, without which everything else about them is shown as well."""

from collections.abc import Callable, Mapping
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
# A server that starts returns no sizes for a while. One that returned none this often has none.
MAX_EMPTY = 10


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
        self._failures = Failures()
        self._empty = 0
        # Whether the account was the owner's when the sizes were read, `None` if they were not.
        self._read_as_owner: bool | None = None
        self.sizes: Mapping[str, SectionStorage] = MappingProxyType({})

    async def async_read(self, *, is_owner: bool, changed: bool) -> None:
        """Read the sizes if libraries have changed, or if the account has got other rights."""
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
            self._read_as_owner = is_owner
            self._async_handle_failure()
            if isinstance(err, PlexUnauthorizedError):
                # Only the poll of the server may judge the token.
                await self._server.async_request_refresh()
            return
        self._read_as_owner = is_owner
        self._empty = 0 if storage else self._empty + 1
        if is_owner and 0 < self._empty <= MAX_EMPTY:
            LOGGER.debug("%s: returned no library sizes to its owner", self._server.name)
            self._async_handle_failure()
            return
        self.async_stop()
        self._failures.clear()
        self.sizes = MappingProxyType({each.section_id: each for each in storage})

    @callback
    def _async_handle_failure(self) -> None:
        """Schedule another read, and forget the sizes where they could not be read before."""
        if self._failures.add():
            self.sizes = MappingProxyType({})
        self._async_schedule_retry()

    @callback
    def _async_schedule_retry(self) -> None:
        if self._cancel_timer is None:
            self._cancel_timer = async_call_later(
                self._hass,
                RETRY_DELAY,
                HassJob(self._async_handle_timer, cancel_on_shutdown=True),
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
            self._async_schedule_retry()
            return
        before = self.sizes
        try:
            await self._async_read(is_owner=self._read_as_owner)
        except PlexWrongServerError:
            self._async_schedule_retry()
            await self._server.async_request_refresh()
            return
        if self.sizes != before:
            self._on_retry()
