"""Whether a server has other libraries than before: it does not tell that by itself."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.event import async_track_time_interval

from ..const import LOGGER
from ..plex.errors import PlexError
from ..runtime import PlexMonitorConfigEntry
from ..server.coordinator import PlexMonitorCoordinator

LOOK_INTERVAL = timedelta(minutes=30)


class LibraryWatch:
    """See now and then by one small question whether a library was made, renamed or removed."""

    def __init__(
        self,
        hass: HomeAssistant,
        entry: PlexMonitorConfigEntry,
        server: PlexMonitorCoordinator,
        on_change: Callable[[], Awaitable[None]],
    ) -> None:
        """Have `on_change` awaited when there are others than at the look before."""
        self._hass = hass
        self._entry = entry
        self._server = server
        self._on_change = on_change
        # By their key. What is shown to apps need not be all that is there, so it is compared with
        # nothing but itself.
        self._titles: Mapping[str, str] | None = None

    @callback
    def async_start(self) -> None:
        """Begin to look."""
        self._entry.async_on_unload(
            async_track_time_interval(
                self._hass,
                self._async_timer,
                LOOK_INTERVAL,
                name=f"plex_monitor library watch {self._entry.entry_id}",
                cancel_on_shutdown=True,
            )
        )
        self._async_begin_look()

    @callback
    def _async_timer(self, _now: datetime) -> None:
        self._async_begin_look()

    @callback
    def _async_begin_look(self) -> None:
        """Look in the background, so that it ends with the entry."""
        if self._server.last_update_success:
            self._entry.async_create_background_task(
                self._hass, self._async_look(), f"plex_monitor library watch {self._entry.entry_id}"
            )

    async def _async_look(self) -> None:
        try:
            titles = await self._server.server.library.titles()
        except PlexError as err:
            LOGGER.debug("%s: does not tell its libraries: %s", self._server.name, err)
            return
        before, self._titles = self._titles, titles
        if before is not None and before != titles:
            await self._on_change()
