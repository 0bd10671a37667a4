"""Which libraries have changed, and when it is time to look at them."""

from collections.abc import Callable, Collection, Coroutine
from datetime import datetime
from time import monotonic
from typing import Any

from homeassistant.core import CALLBACK_TYPE, HassJob, HomeAssistant, callback
from homeassistant.helpers.event import async_call_later

from ..runtime import PlexMonitorConfigEntry

# What comes in together is told together: after this long without more of it, and not later than
# the other.
SETTLE_AFTER = 20.0
SETTLE_AT_MOST = 300.0
# What could not be read is tried again after this long, as long as the server is there at all.
RETRY_AFTER = 120.0
# Where one library alone cannot be counted, with twice the pause each time, up to this.
RETRY_LAST = 1800.0


class LibraryChanges:
    """Collect the keys of what has changed, and have it looked at with restraint."""

    def __init__(
        self,
        hass: HomeAssistant,
        entry: PlexMonitorConfigEntry,
        look: Callable[[], Coroutine[Any, Any, None]],
    ) -> None:
        """Have `look` run in the background when it is time."""
        self._hass = hass
        self._entry = entry
        self._look = look
        self._changed: set[str] = set()
        self._since = 0.0
        self._pause = RETRY_AFTER
        self._timer: CALLBACK_TYPE | None = None

    @callback
    def async_mark(self, key: str) -> None:
        """Look at a library when nothing more has come in for a while."""
        now = monotonic()
        if not self._changed:
            self._since = now
        self._changed.add(key)
        self._look_in(min(SETTLE_AFTER, max(0.0, self._since + SETTLE_AT_MOST - now)))

    @callback
    def async_take(self) -> set[str]:
        """Return what has changed; it is looked at now."""
        taken, self._changed = self._changed, set()
        return taken

    @callback
    def async_give_back(self, keys: Collection[str]) -> None:
        """Take back what could not be read: it waits from now on, as if it had just changed."""
        self._changed.update(keys)
        self._since = monotonic()

    @callback
    def async_look_again(self, wait: float = RETRY_AFTER) -> None:
        """Look after a while, if not before for another reason."""
        if self._timer is None:
            self._look_in(wait)

    @callback
    def async_failed(self, keys: Collection[str]) -> None:
        """Have those counted again that could not be, the less often the longer that lasts."""
        if not keys:
            self._pause = RETRY_AFTER
            return
        self.async_give_back(keys)
        self.async_look_again(self._pause)
        self._pause = min(2 * self._pause, RETRY_LAST)

    @callback
    def async_stop(self) -> None:
        """Look no more."""
        if self._timer is not None:
            self._timer()
            self._timer = None

    @callback
    def _look_in(self, wait: float) -> None:
        self.async_stop()
        self._timer = async_call_later(
            self._hass, wait, HassJob(self._async_settled, cancel_on_shutdown=True)
        )

    @callback
    def _async_settled(self, _now: datetime) -> None:
        self._timer = None
        self._entry.async_create_background_task(
            self._hass, self._look(), f"plex_monitor libraries {self._entry.entry_id}"
        )
