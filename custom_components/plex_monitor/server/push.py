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
# A connection that lasted this long was stable, and is opened again at once. The closer one came to
# that, the shorter is the longest wait: a proxy may close it every 50 seconds.
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
            lasted = 0.0 if opened_at is None else monotonic() - opened_at
            self._handle_lost(err, instability=max(0.0, 1.0 - lasted / STABLE_AFTER))
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

    def _handle_lost(self, err: PlexError, *, instability: float) -> None:
        """Schedule the next attempt; the instability is 0 for a connection that was stable."""
        wait = min(self._back_off, instability * BACK_OFF_LAST)
        self._back_off = min(2 * self._back_off, BACK_OFF_LAST) if instability else BACK_OFF_FIRST
        # Jitter, so that many Home Assistants do not reconnect to a restarted server at once.
        self._retry_at = monotonic() + wait * random.uniform(0.5, 1.5)  # noqa: S311 - no secret
        if not self._lost:
            LOGGER.info("%s: lost the push channel, polling instead: %s", self.entry.title, err)
        self._lost = True
