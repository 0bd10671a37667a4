"""The push channel of a server: what it tells by itself, for as long as it lasts."""

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

# Each connection that fails, or is lost at once, doubles the wait for the next.
BACK_OFF_FIRST = 5.0
BACK_OFF_LAST = 300.0
# A connection that lasted this long was a good one.
GOOD_AFTER = 60.0


class PushChannel:
    """Keep a websocket to the server open whenever a poll has shown that the server is well.

    It has no timer of its own: the poll, which tightens while there is no push, reconnects it. So
    nothing is sent to a server that is down or refuses the token.
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
        """Tell `on_change` when the channel opens and when it is lost."""
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
        """Open the channel where it is not, and its time has come."""
        if self._running or monotonic() < self._retry_at:
            return
        self._running = True
        self._task = self.entry.async_create_background_task(
            self.hass, self._async_listen(), f"plex_monitor push {self.entry.entry_id}"
        )

    async def async_use(self, server: PlexServer) -> None:
        """Close the channel, and open the next one with another client."""
        self.server = server
        self._retry_at = 0.0
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])

    async def _async_listen(self) -> None:
        """Listen until the channel is lost."""
        opened_at: float | None = None
        try:
            async with self.server.notifications() as notifications:
                opened_at = monotonic()
                self._opened()
                async for notification in notifications:
                    self._on_notification(notification)
        except PlexError as err:
            self._closed(err, good=opened_at is not None and monotonic() - opened_at >= GOOD_AFTER)
        finally:
            self._running = False
            self.connected = False
        self._on_change()

    def _opened(self) -> None:
        self.connected = True
        LOGGER.log(
            logging.INFO if self._lost else logging.DEBUG,
            "%s: the push channel is open",
            self.entry.title,
        )
        self._lost = False
        self._on_change()

    def _closed(self, err: PlexError, *, good: bool) -> None:
        wait = 0.0 if good else self._back_off
        self._back_off = BACK_OFF_FIRST if good else min(2 * self._back_off, BACK_OFF_LAST)
        # Spread, so that many Home Assistants do not come back to a restarted server as one.
        self._retry_at = monotonic() + wait * random.uniform(0.5, 1.5)  # noqa: S311 - no secret
        if not self._lost:
            LOGGER.info("%s: lost the push channel, polling instead: %s", self.entry.title, err)
        self._lost = True
