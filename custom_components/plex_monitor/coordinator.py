"""The coordinator of one Plex server: polling is the truth, push makes it fast."""

from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from time import monotonic
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, assert_never, override

from homeassistant.config_entries import ConfigEntry, ConfigEntryState
from homeassistant.const import CONF_URL, CONF_VERIFY_SSL
from homeassistant.core import CALLBACK_TYPE, HassJob, HomeAssistant, callback
from homeassistant.exceptions import ConfigEntryAuthFailed, ConfigEntryNotReady
from homeassistant.helpers.debounce import Debouncer
from homeassistant.helpers.event import async_call_later
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator, UpdateFailed

from .address import CONNECTION_FAILURES, AddressFinder
from .clients import plex_server_client, plex_tv_client
from .const import (
    CONF_ACCOUNT_TOKEN,
    CONF_CLIENT_IDENTIFIER,
    CONF_SERVER_TOKEN,
    DOMAIN,
    LOGGER,
)
from .events import (
    PlaybackEvent,
    PlaybackEventType,
    PlexEvent,
    ServerEvent,
    ServerEventType,
    Sessions,
    TokenEvent,
    TokenEventType,
)
from .plex.errors import (
    PlexCertificateError,
    PlexConnectionError,
    PlexError,
    PlexForbiddenError,
    PlexResponseError,
    PlexUnauthorizedError,
    PlexUnavailableError,
    PlexWrongServerError,
)
from .plex.models import Activity, RemoteAccess, ServerIdentity, ServerInfo, Session, UpdateStatus
from .plex.notifications import (
    ActivityEvent,
    ActivityNotification,
    Notification,
    PlayingNotification,
    ReachabilityNotification,
    StatusNotification,
    TimelineNotification,
    TranscodeNotification,
    UpdateStateNotification,
)
from .plex.plex_tv import PlexTv
from .plex.server import PlexServer
from .plex.token_health import PROBE_INTERVAL
from .push import PushChannel
from .streams import StreamTracker
from .token_guard import TokenGuard
from .told import async_last_told

POLL_WITH_PUSH = timedelta(seconds=60)
POLL_WITHOUT_PUSH = timedelta(seconds=15)
# A server that does not answer is asked less and less, down to this.
POLL_UNAVAILABLE = timedelta(seconds=120)
# A server may say when to come back, within reason.
RETRY_AFTER_MOST = 3600.0
INFO_INTERVAL = 600.0
UPDATE_STATUS_INTERVAL = 3600.0
# An account without the right to see the sessions may be given it.
SESSIONS_DENIED_INTERVALS = (15.0, 60.0, 600.0)
# With a dead token, whether the server is up is looked at this often.
LOOK_INTERVAL = 120.0
SESSIONS_COOLDOWN = 1.0

REMOTE_ACCESS_INTERVAL = 3600.0


@dataclass(frozen=True, kw_only=True)
class PlexMonitorData:
    """What the server says.

    `sessions` are by their key, `None` where the account may not see them, as are `update` and
    `remote_access`. `activities` are what the server is busy with, by their uuid.
    """

    info: ServerInfo
    sessions: Sessions | None
    update: UpdateStatus | None
    remote_access: RemoteAccess | None = None
    activities: Mapping[str, Activity] = MappingProxyType({})


class PlexMonitorCoordinator(DataUpdateCoordinator[PlexMonitorData | None]):
    """Keep the state of one server; there is none yet when the token is dead from the start."""

    config_entry: ConfigEntry[Any]

    def __init__(self, hass: HomeAssistant, entry: ConfigEntry[Any]) -> None:
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
        plex_tv = plex_tv_client(hass, entry.data[CONF_CLIENT_IDENTIFIER])
        self.guard = TokenGuard(
            hass,
            entry,
            self.server,
            plex_tv,
            on_change=self._async_verdict_changed,
            on_news=self.async_refresh,
        )
        self.online = False
        self.streams = StreamTracker()
        self._addresses = AddressFinder(hass, entry, self.server, plex_tv)
        self._push = PushChannel(
            hass,
            entry,
            self.server,
            on_change=self._async_push_changed,
            on_notification=self._async_notified,
        )
        self._sessions_debouncer = Debouncer(
            hass,
            LOGGER,
            cooldown=SESSIONS_COOLDOWN,
            immediate=True,
            function=self._async_refresh_sessions,
            background=True,
        )
        self._event_listeners: list[Callable[[PlexEvent], None]] = []
        self._notification_listeners: list[Callable[[Notification], None]] = []
        self._failures = 0
        self._enforcement_known = False
        self._info_due = 0.0
        # The token that may not see the sessions, and until when that is taken for granted.
        self._sessions_denied: tuple[str | None, float] | None = None
        self._sessions_denials = 0
        self._update_status_due = 0.0
        self._remote_access_due = 0.0
        # Whether push has told of the activities ever since they were read.
        self._activities_known = False
        # What happens before whoever wants to know of it can listen.
        self._untold: list[PlexEvent] = []
        self._told = async_last_told(hass, entry.entry_id)
        self._probe: CALLBACK_TYPE | None = None
        self._probe_due = 0.0

    @property
    def push_connected(self) -> bool:
        """Say whether the server tells by itself what happens."""
        return self._push.connected

    @callback
    def async_listen(self, listener: Callable[[PlexEvent], None]) -> CALLBACK_TYPE:
        """Have a listener told what happens, and return how to end that."""
        return _subscribe(self._event_listeners, listener)

    @callback
    def async_listen_to_notifications(
        self, listener: Callable[[Notification], None]
    ) -> CALLBACK_TYPE:
        """Have a listener told what the server tells, and return how to end that."""
        return _subscribe(self._notification_listeners, listener)

    @callback
    def async_tell(self, *events: PlexEvent) -> None:
        """Tell the listeners what happened, once the entry is set up."""
        if self.config_entry.state is not ConfigEntryState.LOADED:
            self._untold.extend(events)
            return
        for event in events:
            for listener in list(self._event_listeners):
                listener(event)

    async def async_use_new_token(self, server: PlexServer, plex_tv: PlexTv) -> None:
        """Go on with clients whose token the server and plex.tv have just accepted.

        Nothing becomes unavailable for it, and nothing is asked with the old token any more.
        """
        self.server = server
        self._addresses = AddressFinder(self.hass, self.config_entry, server, plex_tv)
        self._sessions_denied = None
        self._activities_known = False
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
        self.config_entry.async_on_unload(
            self.config_entry.async_on_state_change(self._async_entry_changed)
        )
        try:
            await self.async_config_entry_first_refresh()
        except ConfigEntryNotReady, ConfigEntryAuthFailed:
            if not self.online:
                raise
            # The first failure is logged by Home Assistant only where it makes the setup fail.
            LOGGER.error("Error fetching %s data: %s", self.name, self.last_exception)
        self.guard.async_start()

    @callback
    def _async_entry_changed(self) -> None:
        """Tell what happened while the entry was set up."""
        if self.config_entry.state is ConfigEntryState.LOADED:
            untold, self._untold = self._untold, []
            self.async_tell(*untold)

    @override
    async def async_shutdown(self) -> None:
        """Stop reading."""
        self._cancel_probe()
        self._sessions_debouncer.async_shutdown()
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
            self.async_tell(
                ServerEvent(event_type=ServerEventType.UPDATED, version=data.info.version)
            )
        self._tell_of_new_token()
        self._cancel_probe()
        self._set_interval()
        self._push.async_ensure_open()
        if self.data is not before:
            # Push has told something of the streams meanwhile, which is newer than the poll. The
            # entities are told only what differs from before the poll, and this may not.
            data = replace(data, sessions=self.streams.sessions)
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
        self._enforcement_known = False
        return await self._async_poll()

    async def _async_poll(self) -> PlexMonitorData:
        """Ask the server what is due."""
        identity = await self.server.check_identity()
        await self.guard.async_identified(identity)
        data = await self._async_read(identity)
        await self._async_learn_enforcement()
        await self.guard.async_server_accepts()
        return data

    async def _async_read(self, identity: ServerIdentity) -> PlexMonitorData:
        """Ask with the token: for the sessions where they may be seen, else for the server."""
        last = self.data
        await self._async_read_sessions()
        sessions = self.streams.sessions
        if (
            last is None
            or not self.last_update_success
            or sessions is None
            or last.info.version != identity.version
            or monotonic() >= self._info_due
        ):
            # Only this question decides on the token: the one for sessions is of the owner alone.
            info = await self.server.info()
            self._info_due = monotonic() + INFO_INTERVAL
            if last is not None and last.info.version != info.version:
                self.streams.restarted()
                self._update_status_due = 0.0
        else:
            info = last.info
        if sessions is None:
            return PlexMonitorData(info=info, sessions=None, update=None)
        return PlexMonitorData(
            info=info,
            sessions=sessions,
            update=await self._async_read_update_status(),
            remote_access=await self._async_read_remote_access(),
            activities=await self._async_read_activities(),
        )

    async def _async_read_sessions(self) -> None:
        """Read the sessions, where the account may see them."""
        token = self.server.token
        if self._sessions_denied is not None:
            denied_token, until = self._sessions_denied
            if denied_token == token and monotonic() < until:
                return
        read = self.streams.begin_read()
        try:
            sessions = await self.server.sessions()
        except PlexForbiddenError, PlexUnauthorizedError:
            # A server refuses its owner for a moment while it starts.
            if self.streams.sessions is None:
                last = len(SESSIONS_DENIED_INTERVALS) - 1
                wait = SESSIONS_DENIED_INTERVALS[min(self._sessions_denials, last)]
                self._sessions_denials += 1
                self._sessions_denied = token, monotonic() + wait
            self.streams.denied()
            return
        self._sessions_denials = 0
        self._async_tell_of_streams(self.streams.listed(read, sessions))

    async def _async_read_remote_access(self) -> RemoteAccess | None:
        """Return whether the server can be reached from outside."""
        last = None if self.data is None else self.data.remote_access
        if monotonic() < self._remote_access_due:
            return last
        try:
            access = await self.server.remote_access()
        except PlexConnectionError, PlexUnavailableError, PlexResponseError:
            return last
        except PlexError:
            access = None
        self._remote_access_due = monotonic() + REMOTE_ACCESS_INTERVAL
        return access

    async def _async_read_activities(self) -> Mapping[str, Activity]:
        """Return what the server is busy with; push tells it while it is there."""
        if self._push.connected and self.data is not None and self._activities_known:
            return self.data.activities
        try:
            activities = await self.server.maintenance.activities()
        except PlexError as err:
            LOGGER.debug("%s: does not tell its activities: %s", self.name, err)
            return MappingProxyType({})
        self._activities_known = self._push.connected
        return MappingProxyType({activity.uuid: activity for activity in activities})

    async def _async_read_update_status(self) -> UpdateStatus | None:
        """Return what the server knows of its own updates."""
        last = None if self.data is None else self.data.update
        if monotonic() < self._update_status_due:
            return last
        try:
            status = await self.server.update_status()
        except (
            PlexConnectionError,
            PlexResponseError,
            PlexUnauthorizedError,
            PlexUnavailableError,
        ):
            return last
        except PlexError:
            status = None
        self._update_status_due = monotonic() + UPDATE_STATUS_INTERVAL
        return status

    async def _async_learn_enforcement(self) -> None:
        """Ask once without the token, to know whether an answer with it means anything."""
        if self._enforcement_known or not self.guard.has_token:
            return
        try:
            accepts = await self.server.accepts_without_token()
        except PlexError as err:
            LOGGER.debug("%s: does not tell whether it wants a token: %s", self.name, err)
            return
        self._enforcement_known = True
        await self.guard.async_enforcement(enforced=not accepts)

    async def _async_failed(self, err: PlexError) -> Exception:
        """Return what a failed poll means, after the guard has heard of it."""
        placeholders = {"server": self.name}
        self._set_interval()
        if isinstance(err, PlexUnauthorizedError):
            self._set_online(online=True)
            # It was the token that was refused, not the right to see the sessions.
            self._sessions_denied = None
            await self.guard.async_server_refuses()
            if self.guard.verdict.needs_sign_in:
                self._probe_due = monotonic() + PROBE_INTERVAL
                self._schedule_probe()
                # Home Assistant adds a row of its own when it finds no prompt.
                await self.guard.async_prompt()
                return ConfigEntryAuthFailed(
                    translation_domain=DOMAIN,
                    translation_key=self.guard.verdict.value,
                    translation_placeholders=placeholders,
                )
            return UpdateFailed(
                translation_domain=DOMAIN,
                translation_key="token_refused",
                translation_placeholders=placeholders,
            )
        self._set_online(online=False)
        if isinstance(err, PlexWrongServerError):
            await self.guard.async_wrong_server()
        else:
            await self.guard.async_server_silent()
        return UpdateFailed(
            translation_domain=DOMAIN,
            translation_key=failure_key(err),
            translation_placeholders={**placeholders, "error": str(err)},
            retry_after=_retry_after(err),
        )

    def _set_online(self, *, online: bool, version: str | None = None) -> None:
        """Tell the entities that stay available; the rest is told by the coordinator itself."""
        if online is self.online:
            return
        self.online = online
        if version is None and self.data is not None:
            version = self.data.info.version
        if self._told.online not in {None, online}:
            kind = ServerEventType.CAME_BACK if online else ServerEventType.WENT_DOWN
            self.async_tell(ServerEvent(event_type=kind, version=version))
        self._told.online = online
        self.async_update_listeners()

    def _tell_of_new_token(self) -> None:
        """Tell that another token than before has worked."""
        entry_data = self.config_entry.data
        tokens = entry_data.get(CONF_ACCOUNT_TOKEN), entry_data.get(CONF_SERVER_TOKEN)
        if self._told.tokens not in {None, (None, None), tokens}:
            self.async_tell(TokenEvent(event_type=TokenEventType.REPLACED))
        self._told.tokens = tokens

    def _set_interval(self) -> None:
        """Poll as often as the push channel and the server make sensible."""
        if self._failures:
            self.update_interval = min(
                POLL_WITHOUT_PUSH * 2 ** min(self._failures - 1, 10), POLL_UNAVAILABLE
            )
        else:
            self.update_interval = POLL_WITH_PUSH if self._push.connected else POLL_WITHOUT_PUSH

    @callback
    def _schedule_probe(self) -> None:
        """Look now and then at the server; the polling has ended with the token."""
        self._cancel_probe()
        if self._shutdown_requested:
            return
        self._probe = async_call_later(
            self.hass, LOOK_INTERVAL, HassJob(self._async_probe, cancel_on_shutdown=True)
        )

    def _cancel_probe(self) -> None:
        if self._probe is not None:
            self._probe()
            self._probe = None

    @callback
    def _async_probe(self, _now: datetime) -> None:
        """Look in the background, so that it ends with the entry."""
        self._probe = None
        self.config_entry.async_create_background_task(
            self.hass,
            self._async_look(),
            f"plex_monitor probe {self.config_entry.entry_id}",
        )

    async def _async_look(self) -> None:
        """See whether the server is up, and now and then whether it accepts the token again."""
        if monotonic() >= self._probe_due:
            await self.async_refresh()
            return
        try:
            identity = await self.server.check_identity()
        except PlexError:
            self._set_online(online=False)
        else:
            await self.guard.async_identified(identity)
            self._set_online(online=True)
        self._schedule_probe()

    @callback
    def _async_verdict_changed(self) -> None:
        """Tell the entities, and whoever waits for it, what is known of the token now."""
        if self.guard.verdict.is_problem and not self._told.token_is_bad:
            self._told.token_is_bad = True
            self.async_tell(TokenEvent(event_type=TokenEventType.BECAME_INVALID))
        elif self.guard.is_healthy:
            self._told.token_is_bad = False
        self.async_update_listeners()

    @callback
    def _async_push_changed(self) -> None:
        """Read the server, as it tells nothing on connect and much may be missed after a loss."""
        self._activities_known = False
        self._set_interval()
        self._async_refresh_soon(self.async_refresh())
        self.async_update_listeners()

    def _async_refresh_soon(self, refresh: Coroutine[Any, Any, None]) -> None:
        """Read the server in the background."""
        self.config_entry.async_create_background_task(
            self.hass, refresh, f"plex_monitor refresh {self.config_entry.entry_id}"
        )

    @callback
    def _async_notified(self, notification: Notification) -> None:
        """Take in what the server tells by itself."""
        match notification:
            case PlayingNotification():
                events, ask = self.streams.told(notification)
                self._async_tell_of_streams(events)
                if ask:
                    self._sessions_debouncer.async_schedule_call()
            case TranscodeNotification():
                if notification.ended:
                    self.streams.transcode_ended(notification.transcode)
                else:
                    self._async_tell_of_streams(self.streams.transcoded(notification.transcode))
            case ActivityNotification():
                self._async_activity(notification)
            case UpdateStateNotification():
                self._update_status_due = 0.0
                self._async_refresh_soon(self.async_request_refresh())
            case ReachabilityNotification():
                self._remote_access_due = 0.0
                self._async_refresh_soon(self.async_request_refresh())
            case TimelineNotification() | StatusNotification():
                # These are about the libraries, which listen for themselves.
                pass
            case _:
                assert_never(notification)
        for listener in list(self._notification_listeners):
            listener(notification)

    @callback
    def _async_activity(self, notification: ActivityNotification) -> None:
        """Follow what the server is busy with."""
        if self.data is None or self.data.sessions is None:
            return
        activities = dict(self.data.activities)
        if notification.event is ActivityEvent.ENDED:
            activities.pop(notification.activity.uuid, None)
        else:
            activities[notification.activity.uuid] = notification.activity
        if activities != self.data.activities:
            self.data = replace(self.data, activities=MappingProxyType(activities))
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
        self.async_tell(*events)
        for event in events:
            if event.event_type is PlaybackEventType.STARTED:
                self._async_look_for_credits(event.session)

    @callback
    def _async_look_for_credits(self, session: Session) -> None:
        """Learn in the background where the credits of a stream begin."""
        if session.rating_key is not None and session.media_type in {"movie", "episode"}:
            self.config_entry.async_create_background_task(
                self.hass,
                self._async_read_credits(session.session_key, session.rating_key),
                f"plex_monitor credits {self.config_entry.entry_id}",
            )

    async def _async_read_credits(self, session_key: str, rating_key: str) -> None:
        try:
            item = await self.server.library.metadata(rating_key)
        except PlexError as err:
            LOGGER.debug("%s: does not tell where the credits begin: %s", self.name, err)
            return
        if item.credits_offset is not None:
            self.streams.expect_credits(session_key, item.credits_offset)

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


def _subscribe[ListenerT](listeners: list[ListenerT], listener: ListenerT) -> CALLBACK_TYPE:
    """Add a listener, and return how to take it out."""
    listeners.append(listener)

    @callback
    def unsubscribe() -> None:
        listeners.remove(listener)

    return unsubscribe


def failure_key(err: PlexError) -> str:
    """Return the translation key of what went wrong between us and the server."""
    match err:
        case PlexWrongServerError():
            return "wrong_server"
        case PlexCertificateError():
            return "certificate"
        case PlexConnectionError():
            return "cannot_connect"
        case PlexUnavailableError():
            return "server_busy"
        case _:
            return "unexpected_answer"


def _retry_after(err: PlexError) -> float | None:
    """Return when a server wishes to be asked again."""
    if isinstance(err, PlexUnavailableError) and err.retry_after is not None:
        return min(err.retry_after, RETRY_AFTER_MOST)
    return None
