"""The sessions of one server: read with each poll, and kept up to date by push in between."""

from collections.abc import Callable, Coroutine, Sequence
from functools import partial
from typing import Any

from homeassistant.core import HomeAssistant, callback

from ..const import LOGGER
from ..events.models import PlaybackEvent, PlaybackEventType
from ..plex.errors import PlexError
from ..plex.models import Session
from ..plex.notifications import PlayingNotification, TranscodeNotification
from ..runtime import PlexMonitorConfigEntry
from .reader import ServerReader
from .session_refresh import SessionRefresh
from .streams import StreamTracker


class SessionUpdater:
    """Update the streams of a server, by reads and by notifications."""

    def __init__(
        self,
        hass: HomeAssistant,
        entry: PlexMonitorConfigEntry,
        streams: StreamTracker,
        reader: ServerReader,
        *,
        on_update: Callable[[Sequence[PlaybackEvent]], None],
        refresh_server: Callable[[], Coroutine[Any, Any, None]],
    ) -> None:
        """Initialize the updater.

        `on_update` is called with what has happened to the streams. `refresh_server` is awaited
        when the sessions suddenly cannot be read: only a poll can find out whether the server is
        offline or refuses the token.
        """
        self._hass = hass
        self._entry = entry
        self._streams = streams
        self._reader = reader
        self._on_update = on_update
        self._refresh_server = refresh_server
        self._refresh = SessionRefresh(hass, self._async_refresh)

    @callback
    def async_shutdown(self) -> None:
        """Stop reading the sessions between polls."""
        self._refresh.async_shutdown()

    async def async_read(self) -> None:
        """Read the sessions, and report what has happened to them."""
        is_first = self._streams.sessions is None
        events = await self._reader.async_read_sessions()
        if events is None:
            self._on_update(())
            return
        self._async_report(events)
        if is_first and self._streams.sessions:
            # There is no event for the start of these, and their credits are to be noticed as well.
            self._async_read_credits(*self._streams.sessions.values())

    @callback
    def async_handle_playing(self, notification: PlayingNotification) -> None:
        """Handle a notification about a stream; read the sessions if the stream is not known."""
        events, read_needed = self._streams.handle_playing(notification)
        self._async_report(events)
        if read_needed:
            self._refresh.async_request(
                notification.session_key, partial(self._streams.is_missing, notification)
            )

    @callback
    def async_handle_transcode(self, notification: TranscodeNotification) -> None:
        """Handle a notification about the transcode of a stream."""
        if notification.ended:
            self._streams.handle_transcode_ended(notification.transcode)
        else:
            self._async_report(self._streams.handle_transcode(notification.transcode))

    @callback
    def _async_report(self, events: Sequence[PlaybackEvent]) -> None:
        """Report an update, and read the credits of streams that have started."""
        self._on_update(events)
        started = [
            event.session for event in events if event.event_type is PlaybackEventType.STARTED
        ]
        if started:
            self._async_read_credits(*started)

    @callback
    def _async_read_credits(self, *sessions: Session) -> None:
        """Read in the background where the credits of streams begin."""
        self._entry.async_create_background_task(
            self._hass,
            self._reader.async_read_credits(*sessions),
            f"plex_monitor credits {self._entry.entry_id}",
        )

    async def _async_refresh(self) -> None:
        """Read the sessions between two polls; an error is left to the next poll."""
        try:
            await self.async_read()
        except PlexError as err:
            LOGGER.debug("%s: could not read the sessions: %s", self._entry.title, err)
            return
        if self._reader.is_confirming:
            await self._refresh_server()
