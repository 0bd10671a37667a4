"""The probe of a server whose token is dead, as the polling has ended with the token."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from time import monotonic

from homeassistant.core import CALLBACK_TYPE, HassJob, HomeAssistant, callback
from homeassistant.helpers.event import async_call_later

from ..plex.token_health import PROBE_INTERVAL
from ..runtime import PlexMonitorConfigEntry

# Whether the server is up is looked at this often.
LOOK_INTERVAL = 120.0


class Probe:
    """See whether the server is up, and now and then whether it accepts the token again."""

    def __init__(
        self,
        hass: HomeAssistant,
        entry: PlexMonitorConfigEntry,
        *,
        check_online: Callable[[], Awaitable[None]],
        refresh: Callable[[], Awaitable[None]],
    ) -> None:
        """Look at the server with `check_online`, and try the token with `refresh`."""
        self.hass = hass
        self.entry = entry
        self._check_online = check_online
        self._refresh = refresh
        self._refresh_due = 0.0
        self._timer: CALLBACK_TYPE | None = None
        self._stopped = False

    @callback
    def async_begin(self) -> None:
        """Begin with a token that was refused just now."""
        self._refresh_due = monotonic() + PROBE_INTERVAL
        self._schedule()

    @callback
    def async_end(self) -> None:
        """Leave the server to the polling."""
        if self._timer is not None:
            self._timer()
            self._timer = None

    @callback
    def async_stop(self) -> None:
        """End, and never begin again."""
        self._stopped = True
        self.async_end()

    def _schedule(self) -> None:
        self.async_end()
        if self._stopped:
            return
        self._timer = async_call_later(
            self.hass, LOOK_INTERVAL, HassJob(self._async_timer, cancel_on_shutdown=True)
        )

    @callback
    def _async_timer(self, _now: datetime) -> None:
        """Look in the background, so that it ends with the entry."""
        self._timer = None
        self.entry.async_create_background_task(
            self.hass, self._async_probe(), f"plex_monitor probe {self.entry.entry_id}"
        )

    async def _async_probe(self) -> None:
        if monotonic() >= self._refresh_due:
            # It begins anew where the token is still refused.
            await self._refresh()
            return
        await self._check_online()
        self._schedule()
