"""Check for libraries that were created, renamed or removed, which the server does not report."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.event import async_track_time_interval

from ..const import LOGGER
from ..plex.errors import PlexError
from ..runtime import PlexMonitorConfigEntry
from ..server.coordinator import PlexMonitorCoordinator

CHECK_INTERVAL = timedelta(minutes=30)


class LibraryWatch:
    """Compare the titles of the libraries at an interval, which costs one small request."""

    def __init__(
        self,
        hass: HomeAssistant,
        entry: PlexMonitorConfigEntry,
        server: PlexMonitorCoordinator,
        on_change: Callable[[], Awaitable[None]],
    ) -> None:
        """Initialize the watch; `on_change` is awaited if the titles differ from the last check."""
        self._hass = hass
        self._entry = entry
        self._server = server
        self._on_change = on_change
        # By their key. Apps may be shown fewer libraries than exist, so these are compared with
        # nothing but the titles of the last check.
        self._titles: Mapping[str, str] | None = None

    @callback
    def async_start(self) -> None:
        """Start checking until the entry is unloaded."""
        self._entry.async_on_unload(
            async_track_time_interval(
                self._hass,
                self._async_handle_interval,
                CHECK_INTERVAL,
                name=f"plex_monitor library watch {self._entry.entry_id}",
                cancel_on_shutdown=True,
            )
        )
        self._async_start_check()

    @callback
    def _async_handle_interval(self, _now: datetime) -> None:
        self._async_start_check()

    @callback
    def _async_start_check(self) -> None:
        """Check in a background task, which is cancelled when the entry is unloaded."""
        if self._server.available:
            self._entry.async_create_background_task(
                self._hass,
                self._async_check(),
                f"plex_monitor library watch {self._entry.entry_id}",
            )

    async def _async_check(self) -> None:
        try:
            titles = await self._server.server.library.titles()
        except PlexError as err:
            LOGGER.debug("%s: could not list its libraries: %s", self._server.name, err)
            return
        previous, self._titles = self._titles, titles
        if previous is not None and previous != titles:
            await self._on_change()
