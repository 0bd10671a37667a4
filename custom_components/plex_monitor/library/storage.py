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

# A read that failed is retried after this delay: no library itself is read for the sizes.
RETRY_DELAY = timedelta(minutes=1)


class LibraryStorage:
    """Keep the sizes of the libraries by their key."""

    def __init__(
        self,
        hass: HomeAssistant,
        entry: PlexMonitorConfigEntry,
        server: PlexMonitorCoordinator,
        on_retry: Callable[[], None],
    ) -> None:
        """Initialize without sizes; `on_retry` is called if a retry has read them."""
        self._hass = hass
        self._entry = entry
        self._server = server
        self._on_retry = on_retry
        self._cancel_timer: CALLBACK_TYPE | None = None
        # Whether the account was the owner's when the sizes were read.
        self._read_as_owner = False
        self.sizes: Mapping[str, SectionStorage] = MappingProxyType({})

    async def async_read(self, *, is_owner: bool, changed: bool) -> None:
        """Read the sizes if libraries have changed, or if the account has got other rights."""
        if changed or is_owner is not self._read_as_owner:
            await self._async_read(is_owner=is_owner)

    @callback
    def async_stop(self) -> None:
        """Cancel the scheduled retry."""
        if self._cancel_timer is not None:
            self._cancel_timer()
            self._cancel_timer = None

    async def _async_read(self, *, is_owner: bool) -> bool:
        """Return whether the sizes could be read; those of before are kept otherwise."""
        try:
            storage = await self._server.server.library.storage()
        except PlexWrongServerError:
            # It concerns the server as a whole.
            raise
        except PlexError as err:
            LOGGER.debug("%s: could not read library sizes: %s", self._server.name, err)
            self._read_as_owner = is_owner
            self._async_schedule_retry()
            if isinstance(err, PlexUnauthorizedError):
                # Only the poll of the server may judge the token.
                await self._server.async_request_refresh()
            return False
        self._read_as_owner = is_owner
        if is_owner and not storage:
            LOGGER.debug("%s: returned no library sizes to its owner", self._server.name)
            self._async_schedule_retry()
            return False
        self.async_stop()
        self.sizes = MappingProxyType({each.section_id: each for each in storage})
        return True

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
        if not self._server.available:
            self._async_schedule_retry()
            return
        try:
            read = await self._async_read(is_owner=self._read_as_owner)
        except PlexWrongServerError:
            self._async_schedule_retry()
            await self._server.async_request_refresh()
            return
        if read:
            self._on_retry()
