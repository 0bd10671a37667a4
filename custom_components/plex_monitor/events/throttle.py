"""How often something is told that keeps changing a little."""

from collections.abc import Callable
from datetime import datetime
from time import monotonic

from homeassistant.core import CALLBACK_TYPE, HassJob, HomeAssistant, callback
from homeassistant.helpers.event import async_call_later

# How far something is, is told this often at most, in seconds.
INTERVAL = 10.0


class Throttle:
    """Tell what matters at once and the rest now and then, the last of it included."""

    def __init__(self, hass: HomeAssistant, tell: Callable[[], None]) -> None:
        """Tell with `tell`."""
        self._hass = hass
        self._tell = tell
        self._due = 0.0
        self._timer: CALLBACK_TYPE | None = None

    @callback
    def async_changed(self, *, at_once: bool) -> None:
        """Tell now, or else when it is time."""
        wait = self._due - monotonic()
        if at_once or wait <= 0:
            self.async_stop()
            self._async_tell()
        elif self._timer is None:
            self._timer = async_call_later(
                self._hass, wait, HassJob(self._async_waited, cancel_on_shutdown=True)
            )

    @callback
    def async_stop(self) -> None:
        """Tell nothing any more of what has changed until now."""
        if self._timer is not None:
            self._timer()
            self._timer = None

    @callback
    def _async_waited(self, _now: datetime) -> None:
        self._timer = None
        self._async_tell()

    @callback
    def _async_tell(self) -> None:
        self._due = monotonic() + INTERVAL
        self._tell()
