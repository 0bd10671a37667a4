"""Reads of the sessions between two polls, for streams that a notification reports."""

from collections.abc import Callable, Coroutine
from datetime import datetime
from typing import Any

from homeassistant.core import CALLBACK_TYPE, HassJob, HomeAssistant, callback
from homeassistant.helpers.debounce import Debouncer
from homeassistant.helpers.event import async_call_later

from ..const import LOGGER

COOLDOWN = 1.0
# A server notifies of a stream a moment before it lists it. After the first read, the sessions are
# read again after each of these waits in seconds; a stream that is still missing is left to the
# poll.
RETRY_WAITS = (1.0, 2.0, 7.0)
# Further sessions that are missing at the same time are found by the reads for these.
MAX_WAITING = 20


class SessionRefresh:
    """Read the sessions at once, and again a few times while a stream is not listed.

    Streams that are missing at the same time share their reads.
    """

    def __init__(
        self, hass: HomeAssistant, refresh: Callable[[], Coroutine[Any, Any, None]]
    ) -> None:
        """Initialize with the function that reads the sessions."""
        self._hass = hass
        self._debouncer = Debouncer(
            hass, LOGGER, cooldown=COOLDOWN, immediate=True, function=refresh, background=True
        )
        # By the key of the missing session.
        self._timers: dict[str, CALLBACK_TYPE] = {}

    @callback
    def async_request(self, session_key: str, is_missing: Callable[[], bool]) -> None:
        """Request a read for a session, to be repeated while the session is missing."""
        self._debouncer.async_schedule_call()
        self._cancel(session_key)
        self._async_schedule_retries(session_key, is_missing, RETRY_WAITS)

    @callback
    def async_shutdown(self) -> None:
        """Cancel all reads that are scheduled, and ignore new requests."""
        self._debouncer.async_shutdown()
        for session_key in list(self._timers):
            self._cancel(session_key)

    @callback
    def _async_schedule_retries(
        self, session_key: str, is_missing: Callable[[], bool], waits: tuple[float, ...]
    ) -> None:
        """Schedule a read after each of these waits."""

        @callback
        def retry(_now: datetime) -> None:
            del self._timers[session_key]
            if is_missing():
                self._debouncer.async_schedule_call()
                self._async_schedule_retries(session_key, is_missing, waits[1:])

        if waits and len(self._timers) < MAX_WAITING:
            self._timers[session_key] = async_call_later(
                self._hass, waits[0], HassJob(retry, cancel_on_shutdown=True)
            )

    def _cancel(self, session_key: str) -> None:
        if (cancel := self._timers.pop(session_key, None)) is not None:
            cancel()
