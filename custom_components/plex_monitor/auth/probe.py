"""Probe a server whose token is invalid, because the coordinator does not poll any more then."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from time import monotonic

from homeassistant.core import CALLBACK_TYPE, HassJob, HomeAssistant, callback
from homeassistant.helpers.event import async_call_later

from ..plex.token_health import PROBE_INTERVAL
from ..runtime import PlexMonitorConfigEntry

# How often to check whether the server is up.
ONLINE_CHECK_INTERVAL = 120.0
# The same after one check that found no server.
CONFIRM_INTERVAL = 10.0


class Probe:
    """Check whether the server is up, and less often whether it accepts the token again."""

    def __init__(
        self,
        hass: HomeAssistant,
        entry: PlexMonitorConfigEntry,
        *,
        check_online: Callable[[], Awaitable[bool]],
        refresh: Callable[[], Awaitable[None]],
    ) -> None:
        """Initialize the probe; `check_online` sends no token, `refresh` polls with it.

        `check_online` returns whether its result is certain.
        """
        self.hass = hass
        self.entry = entry
        self._check_online = check_online
        self._refresh = refresh
        self._refresh_due = 0.0
        self._timer: CALLBACK_TYPE | None = None
        self._is_shut_down = False

    @callback
    def async_start(self) -> None:
        """Start after a refusal of the token."""
        self._refresh_due = monotonic() + PROBE_INTERVAL
        self._schedule(ONLINE_CHECK_INTERVAL)

    @callback
    def async_pause(self) -> None:
        """Stop until the next start, because the coordinator polls again."""
        if self._timer is not None:
            self._timer()
            self._timer = None

    @callback
    def async_shutdown(self) -> None:
        """Stop for good."""
        self._is_shut_down = True
        self.async_pause()

    def _schedule(self, wait: float) -> None:
        self.async_pause()
        if self._is_shut_down:
            return
        self._timer = async_call_later(
            self.hass, wait, HassJob(self._async_timer, cancel_on_shutdown=True)
        )

    @callback
    def _async_timer(self, _now: datetime) -> None:
        """Check in the background, so that the check is cancelled with the entry."""
        self._timer = None
        self.entry.async_create_background_task(
            self.hass, self._async_probe(), f"plex_monitor probe {self.entry.entry_id}"
        )

    async def _async_probe(self) -> None:
        if monotonic() >= self._refresh_due:
            # The coordinator starts the probe again if the token is still refused.
            await self._refresh()
            return
        is_certain = await self._check_online()
        self._schedule(ONLINE_CHECK_INTERVAL if is_certain else CONFIRM_INTERVAL)
