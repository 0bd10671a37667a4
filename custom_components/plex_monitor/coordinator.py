"""The coordinator of one Plex server: polling is the truth, push makes it fast."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from time import monotonic
from types import MappingProxyType
from typing import TYPE_CHECKING, assert_never, override

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import CONF_URL, CONF_VERIFY_SSL
from homeassistant.core import CALLBACK_TYPE, HassJob, HomeAssistant, callback
from homeassistant.exceptions import ConfigEntryAuthFailed, ConfigEntryNotReady
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.debounce import Debouncer
from homeassistant.helpers.event import async_call_later
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator, UpdateFailed

from .address import CONNECTION_FAILURES, AddressFinder
from .clients import plex_server_client, plex_tv_client
from .const import CONF_CLIENT_IDENTIFIER, CONF_SERVER_TOKEN, DOMAIN, LOGGER
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
from .plex.models import ServerIdentity, ServerInfo, Session, UpdateStatus
from .plex.notifications import (
    ActivityNotification,
    Notification,
    PlayingNotification,
    ReachabilityNotification,
    StatusNotification,
    TimelineNotification,
    TranscodeNotification,
    UpdateStateNotification,
)
from .plex.token_health import PROBE_INTERVAL
from .push import PushChannel
from .token_guard import TokenGuard

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

type PlexMonitorConfigEntry = ConfigEntry[PlexMonitorCoordinator]
type Sessions = Mapping[str, Session]


@dataclass(frozen=True, kw_only=True)
class PlexMonitorData:
    """What the server says.

    `sessions` are by their key, `None` where the account may not see them; `update` is `None`
    where it may not see that, or nothing is known.
    """

    info: ServerInfo
    sessions: Sessions | None
    update: UpdateStatus | None


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
        plex_tv = plex_tv_client(hass, entry.data[CONF_CLIENT_IDENTIFIER])
        self.guard = TokenGuard(
            hass,
            entry,
            self.server,
            plex_tv,
            on_change=self.async_update_listeners,
            on_news=self.async_refresh,
        )
        self.online = False
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
        self._failures = 0
        self._enforcement_known = False
        self._info_due = 0.0
        # The token that may not see the sessions, and until when that is taken for granted.
        self._sessions_denied: tuple[str | None, float] | None = None
        self._sessions_denials = 0
        self._update_status_due = 0.0
        # Sessions that ended by push and that the server still lists.
        self._ended: set[str] = set()
        # Streams that were told by push, were asked for, and are not listed (yet).
        self._asked_for: set[tuple[str, str | None]] = set()
        self._reads_begun = 0
        self._last_read = 0
        self._probe: CALLBACK_TYPE | None = None
        self._probe_due = 0.0

    @property
    def push_connected(self) -> bool:
        """Say whether the server tells by itself what happens."""
        return self._push.connected

    async def async_start(self) -> None:
        """Read the server for the first time, and begin to guard the token.

        A server that refuses the token is loaded all the same: it can be said then what is wrong,
        and be seen when it is right again.
        """
        self.config_entry.async_on_unload(self.guard.async_stop)
        try:
            await self.async_config_entry_first_refresh()
        except ConfigEntryNotReady, ConfigEntryAuthFailed:
            if not self.online:
                raise
            # The first failure is logged by Home Assistant only where it makes the setup fail.
            LOGGER.error("Error fetching %s data: %s", self.name, self.last_exception)
        self.guard.async_start()

    @override
    async def async_shutdown(self) -> None:
        """Stop reading."""
        self._cancel_probe()
        self._sessions_debouncer.async_shutdown()
        await super().async_shutdown()

    @override
    async def _async_update_data(self) -> PlexMonitorData:
        """Poll the server."""
        before, read = self.data, self._reads_begun + 1
        try:
            data = await self._async_poll_wherever_it_is()
        except PlexError as err:
            self._failures += 1
            raise await self._async_failed(err) from err
        self._failures = 0
        self._set_online(online=True)
        self._cancel_probe()
        self._set_interval()
        self._push.async_ensure_open()
        if self.data is not before:
            # Push has told something of the streams meanwhile, which is newer than the poll.
            if self.data is not None and self._last_read > read:
                data = replace(data, sessions=self.data.sessions)
            if data.sessions is not None:
                streams = {k: s for k, s in data.sessions.items() if k not in self._ended}
                data = replace(data, sessions=MappingProxyType(streams))
            # The entities are told only what differs from before the poll, and this may not.
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
        sessions = await self._async_read_sessions()
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
                self._ended.clear()
                self._asked_for.clear()
                self._update_status_due = 0.0
                self._show_version(info.version)
        else:
            info = last.info
        update = None if sessions is None else await self._async_read_update_status()
        return PlexMonitorData(info=info, sessions=sessions, update=update)

    def _show_version(self, version: str) -> None:
        """Let the device show the version of a server that was updated."""
        devices = dr.async_get(self.hass)
        device = devices.async_get_device_by_identifier(
            (DOMAIN, self.server.machine_identifier), self.config_entry.entry_id
        )
        if device is not None:
            devices.async_update_device(device.id, sw_version=version)

    async def _async_read_sessions(self) -> Sessions | None:
        """Return the sessions, `None` where the account may not see them."""
        token = self.server.token
        if self._sessions_denied is not None:
            denied_token, until = self._sessions_denied
            if denied_token == token and monotonic() < until:
                return None
        self._reads_begun += 1
        read = self._reads_begun
        try:
            sessions = await self.server.sessions()
        except PlexForbiddenError, PlexUnauthorizedError:
            # A server refuses its owner for a moment while it starts.
            had = self.data is not None and self.data.sessions is not None
            if not had:
                last = len(SESSIONS_DENIED_INTERVALS) - 1
                wait = SESSIONS_DENIED_INTERVALS[min(self._sessions_denials, last)]
                self._sessions_denials += 1
                self._sessions_denied = token, monotonic() + wait
            return None
        self._sessions_denials = 0
        if read < self._last_read and self.data is not None:
            # Another read, begun later, was answered sooner.
            return self.data.sessions
        self._last_read = read
        listed = {session.session_key: session for session in sessions}
        self._ended &= listed.keys()
        self._asked_for -= {(key, session.rating_key) for key, session in listed.items()}
        return MappingProxyType(
            {key: session for key, session in listed.items() if key not in self._ended}
        )

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
            translation_key=_failure_key(err),
            translation_placeholders={**placeholders, "error": str(err)},
            retry_after=_retry_after(err),
        )

    def _set_online(self, *, online: bool) -> None:
        """Tell the entities that stay available; the rest is told by the coordinator itself."""
        if online is not self.online:
            self.online = online
            self.async_update_listeners()

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
    def _async_push_changed(self) -> None:
        """Read the server, as it tells nothing on connect and much may be missed after a loss."""
        self._set_interval()
        self.config_entry.async_create_background_task(
            self.hass, self.async_refresh(), f"plex_monitor refresh {self.config_entry.entry_id}"
        )

    @callback
    def _async_notified(self, notification: Notification) -> None:
        """Take in what the server tells by itself."""
        match notification:
            case PlayingNotification():
                self._async_playing(notification)
            case UpdateStateNotification():
                self._update_status_due = 0.0
                self.config_entry.async_create_background_task(
                    self.hass,
                    self.async_request_refresh(),
                    f"plex_monitor refresh {self.config_entry.entry_id}",
                )
            case (
                TimelineNotification()
                | ActivityNotification()
                | StatusNotification()
                | ReachabilityNotification()
                | TranscodeNotification()
            ):
                return
            case _:
                assert_never(notification)

    @callback
    def _async_playing(self, playing: PlayingNotification) -> None:
        """Follow a stream, with a request only when it is a new one."""
        if self.data is None or self.data.sessions is None:
            return
        key = playing.session_key
        known = self.data.sessions.get(key)
        if playing.state is None:
            self._ended.add(key)
            self._asked_for = {asked for asked in self._asked_for if asked[0] != key}
            self._set_sessions({k: s for k, s in self.data.sessions.items() if k != key})
            return
        self._ended.discard(key)
        if known is None or playing.rating_key not in {None, known.rating_key}:
            # A stream that the server tells of and does not list is asked for once, not every
            # time that it says where it is; the poll will find it.
            if (asked := (key, playing.rating_key)) not in self._asked_for:
                self._asked_for.add(asked)
                self._sessions_debouncer.async_schedule_call()
        else:
            self._set_sessions({**self.data.sessions, key: replace(known, state=playing.state)})

    @callback
    def _set_sessions(self, sessions: Sessions | None) -> None:
        """Tell the entities, and leave the timer of the poll alone: push must not starve it."""
        if self.data is not None and sessions != self.data.sessions:
            self.data = replace(
                self.data,
                sessions=None if sessions is None else MappingProxyType(dict(sessions)),
            )
            self.async_update_listeners()

    async def _async_refresh_sessions(self) -> None:
        """Read the sessions alone; what goes wrong with it the next poll will see."""
        try:
            sessions = await self._async_read_sessions()
        except PlexError as err:
            LOGGER.debug("%s: could not read the sessions: %s", self.name, err)
            return
        if sessions is None and self.data is not None and self.data.sessions is not None:
            # Whether it is the token that is refused, only the poll can tell.
            await self.async_refresh()
            return
        self._set_sessions(sessions)


def _failure_key(err: PlexError) -> str:
    """Return the translation key of what a poll failed with."""
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
