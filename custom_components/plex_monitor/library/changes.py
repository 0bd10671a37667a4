"""Which libraries have changed, and when to read them."""

from collections.abc import Callable, Collection, Coroutine
from datetime import datetime
from math import inf
from time import monotonic
from typing import Any

from homeassistant.core import CALLBACK_TYPE, HassJob, HomeAssistant, callback
from homeassistant.helpers.event import async_call_later

from ..plex.limits import MAX_ITEMS
from ..runtime import PlexMonitorConfigEntry

# Changes are read together once none has been reported for this long, and at the latest this long
# after the first.
SETTLE_DELAY = 20.0
# An item that was created gets its title and its picture later; it is read without them if the
# server reports nothing else about it for this long.
UNFINISHED_DELAY = 40.0
MAX_SETTLE_DELAY = 300.0
# Libraries that are marked: a server lists no more of them.
MAX_CHANGED = MAX_ITEMS
# Delay before another attempt after a failed read, while the server is available.
RETRY_DELAY = 60.0


class LibraryChanges:
    """Collect the keys of changed libraries, and schedule their reading."""

    def __init__(
        self,
        hass: HomeAssistant,
        entry: PlexMonitorConfigEntry,
        read: Callable[[], Coroutine[Any, Any, None]],
    ) -> None:
        """Initialize the schedule; `read` runs as a background task of the entry."""
        self._hass = hass
        self._entry = entry
        self._read = read
        self._changed: set[str] = set()
        self._since = 0.0
        # When the next read is due, whatever changes meanwhile.
        self._due = inf
        self._scheduled_at = inf
        self._cancel_timer: CALLBACK_TYPE | None = None

    @callback
    def async_mark(self, key: str, delay: float = SETTLE_DELAY) -> None:
        """Mark a library as changed, to be read once changes have settled for this delay."""
        now = monotonic()
        if not self._changed:
            self._since = now
        if len(self._changed) < MAX_CHANGED:
            self._changed.add(key)
        latest = min(self._since + MAX_SETTLE_DELAY, self._due)
        self._async_schedule(min(delay, max(0.0, latest - now)))

    @callback
    def async_take(self) -> set[str]:
        """Return the changed libraries, and forget them: they are read now."""
        taken, self._changed = self._changed, set()
        self._due = inf
        return taken

    @callback
    def async_put_back(self, keys: Collection[str]) -> None:
        """Put back libraries that could not be read, as if they had just changed."""
        self._changed.update(keys)
        self._since = monotonic()

    @callback
    def async_schedule_retry(self, delay: float = RETRY_DELAY) -> None:
        """Schedule another read, unless one is scheduled for sooner."""
        if monotonic() + delay < self._scheduled_at:
            self._async_schedule(delay)

    @callback
    def async_read_within(self, delay: float) -> None:
        """Schedule another read after this delay; changes meanwhile do not postpone it."""
        self._due = min(self._due, monotonic() + delay)
        self.async_schedule_retry(delay)

    @callback
    def async_retry_failed(self, keys: Collection[str]) -> None:
        """Schedule another attempt at libraries that could not be counted."""
        if keys:
            self.async_put_back(keys)
            self.async_read_within(RETRY_DELAY)

    @callback
    def async_stop(self) -> None:
        """Cancel the scheduled read."""
        if self._cancel_timer is not None:
            self._cancel_timer()
            self._cancel_timer = None
            self._scheduled_at = inf

    @callback
    def _async_schedule(self, delay: float) -> None:
        self.async_stop()
        self._scheduled_at = monotonic() + delay
        self._cancel_timer = async_call_later(
            self._hass, delay, HassJob(self._async_handle_timer, cancel_on_shutdown=True)
        )

    @callback
    def _async_handle_timer(self, _now: datetime) -> None:
        self._cancel_timer = None
        self._due = self._scheduled_at = inf
        self._entry.async_create_background_task(
            self._hass, self._read(), f"plex_monitor libraries {self._entry.entry_id}"
        )
