"""The coordinator of one Plex server, which is polled, and sends notifications in between."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, assert_never, override

from homeassistant.const import CONF_URL, CONF_VERIFY_SSL
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers.debounce import Debouncer
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator

from ..auth.enforcement import EnforcementCheck
from ..auth.guard import TokenGuard
from ..auth.probe import Probe
from ..clients import plex_server_client, plex_tv_client
from ..const import CONF_CLIENT_IDENTIFIER, CONF_SERVER_TOKEN, LOGGER, PROGRESS_INTERVAL
from ..events.dispatcher import EventDispatcher
from ..events.listeners import Listeners
from ..events.models import PlaybackEvent, PlexEvent
from ..plex.errors import PlexError, PlexUnauthorizedError, PlexWrongServerError
from ..plex.models import ServerIdentity, Session
from ..plex.notifications import (
    ActivityEvent,
    ActivityNotification,
    Notification,
    PlayingNotification,
    ReachabilityNotification,
    TimelineNotification,
    TranscodeNotification,
    UpdateStateNotification,
)
from ..plex.plex_tv import PlexTv
from ..plex.server import PlexServer
from ..runtime import PlexMonitorConfigEntry
from .address import CONNECTION_FAILURES, AddressFinder
from .online import OnlineState
from .push import PushChannel
from .reader import PlexMonitorData, ServerReader
from .sessions import SessionUpdater
from .stopped_streams import StoppedStreams
from .streams import StreamTracker, session_number
from .update_failed import exception_for_error, exception_for_verdict

# The coordinator is used together with its data.
__all__ = ["PlexMonitorCoordinator", "PlexMonitorData"]

POLL_WITH_PUSH = timedelta(seconds=60)
POLL_WITHOUT_PUSH = timedelta(seconds=15)
# After a part of the server failed, to find out whether it fails again.
POLL_TO_CONFIRM = timedelta(seconds=5)
# After one poll that found no server: it is offline when the next one finds none either.
POLL_TO_CONFIRM_OFFLINE = timedelta(seconds=8)
# After two failed polls in a row.
POLL_UNAVAILABLE = timedelta(seconds=30)
# How long a server that may have moved is searched for before it counts as offline.
SEARCH_PATIENCE = 2.0
# How long the setup of an entry waits for the first poll, which goes on in the background.
FIRST_POLL_TIMEOUT = 4.0


class PlexMonitorCoordinator(DataUpdateCoordinator[PlexMonitorData | None]):
    """Keep the state of one server; `data` is `None` until a poll has succeeded."""

    config_entry: PlexMonitorConfigEntry

    def __init__(self, hass: HomeAssistant, entry: PlexMonitorConfigEntry) -> None:
        """Create the clients and the token guard of the entry."""
        super().__init__(
            hass,
            LOGGER,
            config_entry=entry,
            name=entry.title,
            update_interval=POLL_WITHOUT_PUSH,
            always_update=False,
        )
        if TYPE_CHECKING:
            assert entry.unique_id is not None
        self.server = plex_server_client(
            hass,
            url=entry.data[CONF_URL],
            verify_ssl=entry.data[CONF_VERIFY_SSL],
            client_identifier=entry.data[CONF_CLIENT_IDENTIFIER],
            machine_identifier=entry.unique_id,
            token=entry.data.get(CONF_SERVER_TOKEN),
        )
        plex_tv = plex_tv_client(
            hass,
            entry.data[CONF_CLIENT_IDENTIFIER],
            entry.title,
            observations=self.server.observations,
        )
        self.guard = TokenGuard(
            hass,
            entry,
            self.server,
            plex_tv,
            on_change=self._handle_verdict_change,
            request_refresh=self.async_refresh,
        )
        self.dispatcher = EventDispatcher(hass, entry)
        self._online_state = OnlineState(
            online=self.dispatcher.last_online, on_change=self._handle_online_change
        )
        self.stopped_streams = StoppedStreams(hass.loop.time)
        self._streams = StreamTracker()
        self._addresses = AddressFinder(
            hass,
            entry,
            self.server,
            plex_tv,
            on_refused=self.guard.async_handle_plex_tv_refusal,
        )
        self._push = PushChannel(
            hass,
            entry,
            self.server,
            on_change=self._handle_push_change,
            on_notification=self._handle_notification,
        )
        self._reader = ServerReader(entry.title, self.server, self._streams, self._push)
        self._sessions = SessionUpdater(
            hass,
            entry,
            self._streams,
            self._reader,
            on_update=self._handle_session_update,
            refresh_server=self.async_refresh,
        )
        self._probe = Probe(
            hass, entry, check_online=self._async_check_online, refresh=self.async_refresh
        )
        self._activity_debouncer = Debouncer(
            hass,
            LOGGER,
            cooldown=PROGRESS_INTERVAL,
            immediate=True,
            function=self._async_update_activities,
        )
        self._notification_listeners: Listeners[Notification] = Listeners()
        self._failures = 0
        self._enforcement = EnforcementCheck(entry.title, self.guard)

    @property
    def online(self) -> bool | None:
        """Return whether the server is online, `None` until that is known."""
        return self._online_state.online

    @property
    def available(self) -> bool:
        """Return whether the last poll has succeeded, so that the data are up to date."""
        return self.last_update_success and self.data is not None

    @property
    def push_connected(self) -> bool:
        """Return whether the push channel is open."""
        return self._push.connected

    @callback
    def async_add_event_listener(self, listener: Callable[[PlexEvent], None]) -> CALLBACK_TYPE:
        """Add a listener for events, and return a function that removes it."""
        return self.dispatcher.listeners.async_add(listener)

    @callback
    def async_add_notification_listener(
        self, listener: Callable[[Notification], None]
    ) -> CALLBACK_TYPE:
        """Add a listener for notifications, and return a function that removes it."""
        return self._notification_listeners.async_add(listener)

    async def async_read_streams(self) -> list[Session]:
        """Read the streams, the oldest first, without those that are listed but have ended."""
        sessions = await self.server.sessions()
        return sorted(
            (
                session
                for session in sessions
                if not self._streams.has_ended(session) and session not in self.stopped_streams
            ),
            key=session_number,
        )

    @callback
    def async_dispatch(self, *events: PlexEvent) -> None:
        """Dispatch events to the listeners, once the entry is loaded."""
        self.dispatcher.async_dispatch(*events)

    async def async_use_new_token(self, server: PlexServer, plex_tv: PlexTv) -> None:
        """Replace the clients by ones whose token the server and plex.tv have just accepted.

        No entity becomes unavailable, and the old token is not sent any more.
        """
        self.server = server
        self._addresses = AddressFinder(
            self.hass,
            self.config_entry,
            server,
            plex_tv,
            on_refused=self.guard.async_handle_plex_tv_refusal,
        )
        self._reader.use_server(server)
        await self.guard.async_use_new_token(server, plex_tv)
        await self._push.async_use_server(server)
        # Listeners have to see that push was interrupted: they may have missed notifications.
        self.async_update_listeners()
        await self.async_refresh()

    async def async_start(self) -> None:
        """Start the token guard, and read the server for the first time if it responds in time.

        Whatever the server does, the entry is loaded: its entities show what is wrong, and the
        recovery is noticed.
        """
        self.config_entry.async_on_unload(self.guard.async_stop)
        self.dispatcher.async_start()
        first_poll = self._async_refresh_in_background(self.async_refresh())
        await asyncio.wait((first_poll,), timeout=FIRST_POLL_TIMEOUT)
        # The verdict may be older than this setup, which is the first that can report it.
        self._handle_verdict_change()
        self.guard.async_start()

    @override
    async def async_shutdown(self) -> None:
        """Stop polling, and cancel what is scheduled."""
        self._activity_debouncer.async_shutdown()
        self._probe.async_shutdown()
        self._sessions.async_shutdown()
        await super().async_shutdown()

    @override
    async def _async_update_data(self) -> PlexMonitorData:
        """Poll the server."""
        before = self.data
        try:
            data = await self._async_poll_or_follow()
        except PlexError as err:
            failure = await self._async_handle_error(err)
            if (
                self._online_state.is_confirming
                and self.last_update_success
                and self.data is not None
            ):
                return self.data
            raise failure from err
        self._failures = 0
        if before is not None and before.version not in {"", data.version}:
            self.dispatcher.async_report_version(data.version)
        if self._reader.is_token_accepted:
            self.dispatcher.async_report_token_accepted()
        self._probe.async_pause()
        self._set_update_interval()
        self._push.async_ensure_open()
        if self.data is not before:
            # Push has updated the data during the poll, and is newer. Home Assistant notifies the
            # listeners only of what differs from before the poll, and this may not.
            data = replace(
                data, sessions=self._streams.sessions, activities=self._reader.activities
            )
            self.data = data
            self.async_update_listeners()
        return data

    async def _async_poll_or_follow(self) -> PlexMonitorData:
        """Poll the server; if it has moved, follow it and poll it at its new address."""
        try:
            return await self._async_poll()
        except PlexError as err:
            self._failures += 1
            # It may have moved long before the first poll.
            failures = CONNECTION_FAILURES if self.data is None else self._failures
            timer = self.hass.loop.call_later(SEARCH_PATIENCE, self._online_state.async_confirm)
            try:
                if not await self._addresses.async_find(err, failures):
                    raise
            finally:
                timer.cancel()
        self._enforcement.request_check()
        return await self._async_poll()

    async def _async_poll(self) -> PlexMonitorData:
        """Read from the server what is due."""
        identity = await self._async_check_identity()
        await self._sessions.async_read()
        data = await self._reader.async_read(identity, verify_token=not self.last_update_success)
        if not self._reader.is_token_accepted:
            await self.guard.async_handle_server_error()
            return data
        await self._enforcement.async_check_if_due(self.server)
        await self.guard.async_handle_token_accepted()
        return data

    async def _async_check_identity(self) -> ServerIdentity:
        """Return the identity of the server, which is online while it names itself."""
        try:
            identity = await self.server.check_identity()
        except PlexError as err:
            is_other_server = isinstance(err, PlexWrongServerError)
            self._online_state.async_handle_miss(is_certain=is_other_server)
            raise
        self._online_state.async_handle_found(identity.version)
        await self.guard.async_handle_identity(identity)
        return identity

    async def _async_handle_error(self, err: PlexError) -> Exception:
        """Report a failed poll to the token guard, and return the exception to raise."""
        if isinstance(err, PlexUnauthorizedError):
            self._set_update_interval()
            # The token was refused, and not the permission to see the sessions.
            self._reader.retry_sessions()
            self._enforcement.request_check()
            await self.guard.async_handle_token_refused()
            verdict = self.guard.verdict
            if verdict.needs_sign_in:
                self._probe.async_start()
                # Home Assistant would add a repair issue of its own if it found no prompt.
                await self.guard.async_prompt_sign_in()
            return exception_for_verdict(self.name, verdict, has_token=self.guard.has_token)
        self._online_state.async_confirm()
        if isinstance(err, PlexWrongServerError):
            await self.guard.async_handle_wrong_server()
        else:
            await self.guard.async_handle_server_error()
        self._set_update_interval()
        failure = exception_for_error(self.name, err)
        if self._online_state.is_confirming:
            # Whether it is down has to be known soon, whatever the server asks for.
            failure.retry_after = None
        return failure

    @callback
    def _handle_online_change(self, version: str) -> None:
        """Report that the server went down or came back, and notify entities."""
        if not version and self.data is not None:
            version = self.data.version
        self.dispatcher.async_report_online(online=self.online is True, version=version or None)
        self.async_update_listeners()

    def _set_update_interval(self) -> None:
        """Set the update interval by the state of the push channel and of the server."""
        if self._online_state.is_confirming:
            self.update_interval = POLL_TO_CONFIRM_OFFLINE
        elif self._failures > 1:
            self.update_interval = POLL_UNAVAILABLE
        elif self._failures:
            self.update_interval = POLL_WITHOUT_PUSH
        elif self._reader.is_confirming:
            self.update_interval = POLL_TO_CONFIRM
        else:
            self.update_interval = POLL_WITH_PUSH if self._push.connected else POLL_WITHOUT_PUSH

    async def _async_check_online(self) -> bool:
        """Check whether the server is online, and return whether that is certain."""
        try:
            await self._async_check_identity()
        except PlexError as err:
            LOGGER.debug("%s: does not respond: %s", self.name, err)
            self._online_state.async_confirm()
        return not self._online_state.is_confirming

    @callback
    def _handle_verdict_change(self) -> None:
        """Report a new verdict on the token, and notify listeners."""
        self.dispatcher.async_report_verdict(
            is_problem=self.guard.verdict.is_problem, is_healthy=self.guard.is_healthy
        )
        self.async_update_listeners()

    @callback
    def async_search_address(self) -> None:
        """Search for the server with the next polls if it does not respond at its address."""
        self._addresses.async_search_soon()
        self._async_refresh_in_background(self.async_request_refresh())

    @callback
    def _handle_push_change(self) -> None:
        """Poll the server: it sends no state on connect, and notifications are lost in a gap."""
        self._reader.handle_push_change()
        self._set_update_interval()
        self._async_refresh_in_background(self.async_refresh())
        self.async_update_listeners()

    def _async_refresh_in_background(
        self, refresh: Coroutine[Any, Any, None]
    ) -> asyncio.Task[None]:
        """Run a refresh in the background."""
        return self.config_entry.async_create_background_task(
            self.hass, refresh, f"plex_monitor refresh {self.config_entry.entry_id}"
        )

    @callback
    def async_refresh_soon(self) -> None:
        """Request a refresh in the background, which ends whatever happens to the caller."""
        self._async_refresh_in_background(self.async_request_refresh())

    async def async_check_for_update(self) -> None:
        """Request a check for updates from the server, and poll for its result."""
        await self.server.check_for_update()
        self._reader.expect_update_status()
        self._async_refresh_in_background(self.async_request_refresh())

    @callback
    def _handle_notification(self, notification: Notification) -> None:
        """Handle a notification from the server."""
        match notification:
            case PlayingNotification():
                self._sessions.async_handle_playing(notification)
            case TranscodeNotification():
                self._sessions.async_handle_transcode(notification)
            case ActivityNotification():
                self._handle_activity(notification)
            case UpdateStateNotification():
                self._reader.invalidate_update_status()
                self._async_refresh_in_background(self.async_request_refresh())
            case ReachabilityNotification():
                self._reader.invalidate_remote_access()
                self._async_refresh_in_background(self.async_request_refresh())
            case TimelineNotification():
                # It is about a library; the library coordinator listens for these itself.
                pass
            case _:
                assert_never(notification)
        self._notification_listeners.async_notify(notification)

    @callback
    def _handle_activity(self, notification: ActivityNotification) -> None:
        """Update the activities: at once for a start or an end, debounced for progress."""
        if self.data is None:
            return
        self._reader.handle_activity(notification)
        if notification.event is not ActivityEvent.UPDATED:
            self._activity_debouncer.async_cancel()
        self._activity_debouncer.async_schedule_call()

    @callback
    def _async_update_activities(self) -> None:
        """Update the data with the activities, and notify listeners of a change."""
        if self.data is None:
            return
        if self._reader.activities != self.data.activities:
            self.data = replace(self.data, activities=self._reader.activities)
            self.async_update_listeners()

    @callback
    def _handle_session_update(self, events: Sequence[PlaybackEvent]) -> None:
        """Update the data with the sessions, notify listeners of a change, and dispatch events.

        Not with `async_set_updated_data`, which restarts the timer of the poll: frequent
        notifications would postpone the poll for ever.
        """
        sessions = self._streams.sessions
        if self.data is not None and sessions != self.data.sessions:
            self.data = replace(self.data, sessions=sessions)
            self.async_update_listeners()
        self.async_dispatch(*events)
