"""When to ask for the sessions between two polls, because push tells of a stream."""

from collections.abc import Callable, Coroutine
from datetime import datetime
from typing import Any

from homeassistant.core import CALLBACK_TYPE, HassJob, HomeAssistant, callback
from homeassistant.helpers.debounce import Debouncer
from homeassistant.helpers.event import async_call_later

from ..const import LOGGER

COOLDOWN = 1.0
# A server tells of a stream a moment before it lists it. After the first time it is asked again
# after this many seconds more each, and then the poll will find it.
AGAIN_AFTER = (1.0, 2.0, 7.0)


class SessionRefresh:
    """Ask for the sessions at once, and a few times more as long as a stream is not listed.

    However many streams wait for it, it is asked once for all of them.
    """

    def __init__(
        self, hass: HomeAssistant, refresh: Callable[[], Coroutine[Any, Any, None]]
    ) -> None:
        """Ask with `refresh`."""
        self._hass = hass
        self._debouncer = Debouncer(
            hass, LOGGER, cooldown=COOLDOWN, immediate=True, function=refresh, background=True
        )
        # By the key of the session that is waited for.
        self._timers: dict[str, CALLBACK_TYPE] = {}

    @callback
    def async_ask(self, session_key: str, is_missing: Callable[[], bool]) -> None:
        """Ask for a session, until it is not missing any more."""
        self._debouncer.async_schedule_call()
        self._cancel(session_key)
        self._async_ask_again(session_key, is_missing, AGAIN_AFTER)

    @callback
    def async_shutdown(self) -> None:
        """Ask for nothing any more."""
        self._debouncer.async_shutdown()
        for session_key in list(self._timers):
            self._cancel(session_key)

    @callback
    def _async_ask_again(
        self, session_key: str, is_missing: Callable[[], bool], waits: tuple[float, ...]
    ) -> None:
        """Ask again after each of these waits."""

        @callback
        def waited(_now: datetime) -> None:
            del self._timers[session_key]
            if is_missing():
                self._debouncer.async_schedule_call()
                self._async_ask_again(session_key, is_missing, waits[1:])

        if waits:
            self._timers[session_key] = async_call_later(
                self._hass, waits[0], HassJob(waited, cancel_on_shutdown=True)
            )

    def _cancel(self, session_key: str) -> None:
        if (cancel := self._timers.pop(session_key, None)) is not None:
            cancel()
