"""The push channel of one server: a websocket on which the server sends notifications."""

import asyncio
from collections.abc import Callable
import logging
import random
from time import monotonic

from homeassistant.core import HomeAssistant, callback

from ..const import LOGGER
from ..plex.errors import PlexError
from ..plex.notifications import Notification
from ..plex.server import PlexServer
from ..runtime import PlexMonitorConfigEntry

# Each connection that fails, or is lost soon after it opened, doubles the wait for the next.
BACK_OFF_FIRST = 5.0
BACK_OFF_LAST = 300.0
# A connection that lasted this long was stable.
STABLE_AFTER = 60.0


class PushChannel:
    """Keep a websocket to the server open whenever a poll has shown that the server is well.

    It has no timer of its own: the poll, which is more frequent while there is no push, reconnects
    it. So nothing is sent to a server that is down or refuses the token.
    """

    def __init__(
        self,
        hass: HomeAssistant,
        entry: PlexMonitorConfigEntry,
        server: PlexServer,
        *,
        on_change: Callable[[], None],
        on_notification: Callable[[Notification], None],
    ) -> None:
        """Initialize the channel; `on_change` is called when it opens and when it is lost."""
        self.hass = hass
        self.entry = entry
        self.server = server
        self.connected = False
        self._on_change = on_change
        self._on_notification = on_notification
        self._running = False
        self._task: asyncio.Task[None] | None = None
        self._back_off = BACK_OFF_FIRST
        self._retry_at = 0.0
        self._lost = False

    @callback
    def async_ensure_open(self) -> None:
        """Open the channel if it is closed and the back-off is over."""
        if self._running or monotonic() < self._retry_at:
            return
        self._running = True
        self._task = self.entry.async_create_background_task(
            self.hass, self._async_listen(), f"plex_monitor push {self.entry.entry_id}"
        )

    async def async_use_server(self, server: PlexServer) -> None:
        """Close the channel, and open the next one with another client."""
        self.server = server
        self._retry_at = 0.0
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])

    async def _async_listen(self) -> None:
        """Receive notifications until the channel is lost."""
        opened_at: float | None = None
        try:
            async with self.server.notifications() as notifications:
                opened_at = monotonic()
                self._handle_opened()
                async for notification in notifications:
                    self._on_notification(notification)
        except PlexError as err:
            was_stable = opened_at is not None and monotonic() - opened_at >= STABLE_AFTER
            self._handle_lost(err, was_stable=was_stable)
        finally:
            self._running = False
            self.connected = False
        if opened_at is not None:
            self._on_change()

    def _handle_opened(self) -> None:
        self.connected = True
        LOGGER.log(
            logging.INFO if self._lost else logging.DEBUG,
            "%s: the push channel is open",
            self.entry.title,
        )
        self._lost = False
        self._on_change()

    def _handle_lost(self, err: PlexError, *, was_stable: bool) -> None:
        wait = 0.0 if was_stable else self._back_off
        self._back_off = BACK_OFF_FIRST if was_stable else min(2 * self._back_off, BACK_OFF_LAST)
        # Jitter, so that many Home Assistants do not reconnect to a restarted server at once.
        self._retry_at = monotonic() + wait * random.uniform(0.5, 1.5)  # noqa: S311 - no secret
        if not self._lost:
            LOGGER.info("%s: lost the push channel, polling instead: %s", self.entry.title, err)
        self._lost = True
