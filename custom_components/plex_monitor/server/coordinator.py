"""The coordinator of one Plex server: polling is the truth, push makes it fast."""

from collections.abc import Callable, Coroutine, Sequence
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, assert_never, override

from homeassistant.const import CONF_URL, CONF_VERIFY_SSL
from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.exceptions import ConfigEntryAuthFailed, ConfigEntryNotReady
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator

from ..auth.enforcement import EnforcementCheck
from ..auth.guard import TokenGuard
from ..auth.probe import Probe
from ..clients import plex_server_client, plex_tv_client
from ..const import CONF_CLIENT_IDENTIFIER, CONF_SERVER_TOKEN, LOGGER
from ..events.dispatcher import EventDispatcher
from ..events.listeners import Listeners
from ..events.models import PlaybackEvent, PlaybackEventType, PlexEvent
from ..events.throttle import Throttle
from ..plex.errors import PlexError, PlexUnauthorizedError, PlexWrongServerError
from ..plex.models import Session
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
from .push import PushChannel
from .reader import PlexMonitorData, ServerReader
from .session_refresh import SessionRefresh
from .streams import StreamTracker
from .update_failed import read_failure, token_failure

# Whoever uses the coordinator uses its data, and has both from here.
__all__ = ["PlexMonitorCoordinator", "PlexMonitorData"]

POLL_WITH_PUSH = timedelta(seconds=60)
POLL_WITHOUT_PUSH = timedelta(seconds=15)
# A server that did not answer twice.
POLL_UNAVAILABLE = timedelta(seconds=30)


class PlexMonitorCoordinator(DataUpdateCoordinator[PlexMonitorData | None]):
    """Keep the state of one server; there is none yet when the token is dead from the start."""

    config_entry: PlexMonitorConfigEntry

    def __init__(self, hass: HomeAssistant, entry: PlexMonitorConfigEntry) -> None:
        """Make the clients and the guard of the entry."""
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
        plex_tv = plex_tv_client(hass, entry.data[CONF_CLIENT_IDENTIFIER], entry.title)
        self.guard = TokenGuard(
            hass,
            entry,
            self.server,
            plex_tv,
            on_change=self._async_verdict_changed,
            request_refresh=self.async_refresh,
        )
        self.online = False
        self.dispatcher = EventDispatcher(hass, entry)
        self.streams = StreamTracker()
        self._addresses = AddressFinder(hass, entry, self.server, plex_tv)
        self._push = PushChannel(
            hass,
            entry,
            self.server,
            on_change=self._async_push_changed,
            on_notification=self._async_notified,
        )
        self._session_refresh = SessionRefresh(hass, self._async_refresh_sessions)
        self._reader = ServerReader(entry.title, self.server, self.streams, self._push)
        self._probe = Probe(
            hass, entry, check_online=self._async_check_online, refresh=self.async_refresh
        )
        self._activity_throttle = Throttle(hass, self._async_tell_activities)
        self._notification_listeners: Listeners[Notification] = Listeners()
        self._failures = 0
        self._enforcement = EnforcementCheck(entry.title, self.guard)

    @property
    def push_connected(self) -> bool:
        """Say whether the server tells by itself what happens."""
        return self._push.connected

    @callback
    def async_add_event_listener(self, listener: Callable[[PlexEvent], None]) -> CALLBACK_TYPE:
        """Have a listener told what happens, and return how to end that."""
        return self.dispatcher.listeners.async_add(listener)

    @callback
    def async_add_notification_listener(
        self, listener: Callable[[Notification], None]
    ) -> CALLBACK_TYPE:
        """Have a listener told what the server tells, and return how to end that."""
        return self._notification_listeners.async_add(listener)

    @callback
    def async_dispatch(self, *events: PlexEvent) -> None:
        """Tell the listeners what happened, once the entry is set up."""
        self.dispatcher.async_dispatch(*events)

    async def async_use_new_token(self, server: PlexServer, plex_tv: PlexTv) -> None:
        """Go on with clients whose token the server and plex.tv have just accepted.

        Nothing becomes unavailable for it, and nothing is asked with the old token any more.
        """
        self.server = server
        self._addresses = AddressFinder(self.hass, self.config_entry, server, plex_tv)
        self._reader.use(server)
        await self.guard.async_replaced(server, plex_tv)
        await self._push.async_use(server)
        # Whoever follows the push channel has to know that something may have been missed.
        self.async_update_listeners()
        await self.async_refresh()

    async def async_start(self) -> None:
        """Read the server for the first time, and begin to guard the token.

        A server that refuses the token is loaded all the same: it can be said then what is wrong,
        and be seen when it is right again.
        """
        self.config_entry.async_on_unload(self.guard.async_stop)
        self.dispatcher.async_start()
        try:
            await self.async_config_entry_first_refresh()
        except ConfigEntryNotReady, ConfigEntryAuthFailed:
            if not self.online:
                # The setup is tried again until the server answers, which may take days. A token
                # that dies meanwhile is told by plex.tv alone.
                await self.guard.async_check_plex_tv()
                raise
            # The first failure is logged by Home Assistant only where it makes the setup fail.
            LOGGER.error("Error fetching %s data: %s", self.name, self.last_exception)
        # The verdict may be older than this setup, which is the first that can tell of it.
        self._async_verdict_changed()
        self.guard.async_start()

    @override
    async def async_shutdown(self) -> None:
        """Stop reading."""
        self._activity_throttle.async_stop()
        self._probe.async_stop()
        self._session_refresh.async_shutdown()
        await super().async_shutdown()

    @override
    async def _async_update_data(self) -> PlexMonitorData:
        """Poll the server."""
        before = self.data
        try:
            data = await self._async_poll_wherever_it_is()
        except PlexError as err:
            self._failures += 1
            raise await self._async_failed(err) from err
        self._failures = 0
        self._set_online(online=True, version=data.info.version)
        if before is not None and before.info.version != data.info.version:
            self.dispatcher.async_report_version(data.info.version)
        self.dispatcher.async_report_token_accepted()
        self._probe.async_end()
        self._set_interval()
        self._push.async_ensure_open()
        if self.data is not before:
            # Push has told something meanwhile, which is newer than the poll. The entities are told
            # only what differs from before the poll, and this may not.
            data = replace(data, sessions=self.streams.sessions, activities=self._reader.activities)
            self.data = data
            self.async_update_listeners()
        return data

    async def _async_poll_wherever_it_is(self) -> PlexMonitorData:
        """Ask the server, at its new address where it has moved."""
        try:
            return await self._async_poll()
        except PlexError as err:
            # At the start it is not known whether the server answered a moment ago.
            failures = CONNECTION_FAILURES if self.data is None else self._failures + 1
            if not await self._addresses.async_find(err, failures):
                raise
        self._enforcement.ask_again()
        return await self._async_poll()

    async def _async_poll(self) -> PlexMonitorData:
        """Ask the server what is due."""
        identity = await self.server.check_identity()
        await self.guard.async_identified(identity)
        await self._async_read_sessions()
        data = await self._reader.async_read(identity, doubtful=not self.last_update_success)
        await self._enforcement.async_learn(self.server)
        await self.guard.async_server_accepts()
        return data

    async def _async_read_sessions(self) -> None:
        """Read the sessions, and tell what happened to them."""
        first = self.streams.sessions is None
        events = await self._reader.async_read_sessions()
        if events is None:
            return
        self._async_tell_of_streams(events)
        if first and self.streams.sessions:
            # What runs already is not told as started, and its credits come all the same.
            self._async_look_for_credits(*self.streams.sessions.values())

    async def _async_failed(self, err: PlexError) -> Exception:
        """Return what a failed poll means, after the guard has heard of it."""
        self._set_interval()
        if isinstance(err, PlexUnauthorizedError):
            self._set_online(online=True)
            # It was the token that was refused, not the right to see the sessions.
            self._reader.sessions_may_be_seen()
            self._enforcement.ask_again()
            await self.guard.async_server_refuses()
            verdict = self.guard.verdict
            if verdict.needs_sign_in:
                self._probe.async_begin()
                # Home Assistant adds a row of its own when it finds no prompt.
                await self.guard.async_prompt()
            return token_failure(self.name, verdict, has_token=self.guard.has_token)
        self._set_online(online=False)
        if isinstance(err, PlexWrongServerError):
            await self.guard.async_wrong_server()
        else:
            await self.guard.async_server_silent()
        return read_failure(self.name, err)

    def _set_online(self, *, online: bool, version: str | None = None) -> None:
        """Tell the entities that stay available; the rest is told by the coordinator itself."""
        if online is self.online:
            return
        self.online = online
        if version is None and self.data is not None:
            version = self.data.info.version
        self.dispatcher.async_report_online(online=online, version=version)
        self.async_update_listeners()

    def _set_interval(self) -> None:
        """Poll as often as the push channel and the server make sensible."""
        if self._failures > 1:
            self.update_interval = POLL_UNAVAILABLE
        elif self._failures:
            self.update_interval = POLL_WITHOUT_PUSH
        else:
            self.update_interval = POLL_WITH_PUSH if self._push.connected else POLL_WITHOUT_PUSH

    async def _async_check_online(self) -> None:
        """See whether the server is up."""
        try:
            identity = await self.server.check_identity()
        except PlexError:
            self._set_online(online=False)
        else:
            await self.guard.async_identified(identity)
            self._set_online(online=True)

    @callback
    def _async_verdict_changed(self) -> None:
        """Tell the entities, and whoever waits for it, what is known of the token now."""
        self.dispatcher.async_report_verdict(
            is_problem=self.guard.verdict.is_problem, is_healthy=self.guard.is_healthy
        )
        self.async_update_listeners()

    @callback
    def _async_push_changed(self) -> None:
        """Read the server, as it tells nothing on connect and much may be missed after a loss."""
        self._reader.activities_missed()
        self._set_interval()
        self._async_refresh_soon(self.async_refresh())
        self.async_update_listeners()

    def _async_refresh_soon(self, refresh: Coroutine[Any, Any, None]) -> None:
        """Read the server in the background."""
        self.config_entry.async_create_background_task(
            self.hass, refresh, f"plex_monitor refresh {self.config_entry.entry_id}"
        )

    async def async_check_for_update(self) -> None:
        """Let the server look for an update, and tell soon what it has found."""
        await self.server.check_for_update()
        self._reader.update_is_checked()
        self._async_refresh_soon(self.async_request_refresh())

    @callback
    def _async_notified(self, notification: Notification) -> None:
        """Take in what the server tells by itself."""
        match notification:
            case PlayingNotification():
                events, ask = self.streams.told(notification)
                self._async_tell_of_streams(events)
                if ask:
                    self._session_refresh.async_ask(
                        notification.session_key, partial(self.streams.is_missing, notification)
                    )
            case TranscodeNotification():
                if notification.ended:
                    self.streams.transcode_ended(notification.transcode)
                else:
                    self._async_tell_of_streams(self.streams.transcoded(notification.transcode))
            case ActivityNotification():
                self._async_activity(notification)
            case UpdateStateNotification():
                self._reader.update_changed()
                self._async_refresh_soon(self.async_request_refresh())
            case ReachabilityNotification():
                self._reader.remote_access_changed()
                self._async_refresh_soon(self.async_request_refresh())
            case TimelineNotification():
                # It is about a library, and those listen for themselves.
                pass
            case _:
                assert_never(notification)
        self._notification_listeners.async_notify(notification)

    @callback
    def _async_activity(self, notification: ActivityNotification) -> None:
        """Follow what the server is busy with."""
        if self.data is None or self.data.sessions is None:
            return
        self._reader.activity_told(notification)
        self._activity_throttle.async_changed(
            at_once=notification.event is not ActivityEvent.UPDATED
        )

    @callback
    def _async_tell_activities(self) -> None:
        """Tell the entities what the server is busy with."""
        if self.data is None or self.data.sessions is None:
            return
        if self._reader.activities != self.data.activities:
            self.data = replace(self.data, activities=self._reader.activities)
            self.async_update_listeners()

    @callback
    def _async_tell_of_streams(self, events: Sequence[PlaybackEvent]) -> None:
        """Tell the entities and the listeners what happened to the streams.

        The timer of the poll is left alone: push must not starve it.
        """
        sessions = self.streams.sessions
        if self.data is not None and sessions != self.data.sessions:
            self.data = replace(self.data, sessions=sessions)
            self.async_update_listeners()
        self.async_dispatch(*events)
        started = [
            event.session for event in events if event.event_type is PlaybackEventType.STARTED
        ]
        if started:
            self._async_look_for_credits(*started)

    @callback
    def _async_look_for_credits(self, *sessions: Session) -> None:
        """Learn in the background where the credits of streams begin."""
        self.config_entry.async_create_background_task(
            self.hass,
            self._reader.async_read_credits(*sessions),
            f"plex_monitor credits {self.config_entry.entry_id}",
        )

    async def _async_refresh_sessions(self) -> None:
        """Read the sessions alone; what goes wrong with it the next poll will see."""
        had = self.streams.sessions is not None
        try:
            await self._async_read_sessions()
        except PlexError as err:
            LOGGER.debug("%s: could not read the sessions: %s", self.name, err)
            return
        if had and self.streams.sessions is None:
            # Whether it is the token that is refused, only the poll can tell.
            await self.async_refresh()
