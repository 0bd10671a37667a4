"""The reader of one server: sends the requests that are due, with the token."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from time import monotonic

from ..const import LOGGER
from ..events.models import PlaybackEvent, Sessions
from ..plex.errors import (
    PlexConnectionError,
    PlexError,
    PlexForbiddenError,
    PlexUnauthorizedError,
    PlexWrongServerError,
)
from ..plex.models import Activity, RemoteAccess, ServerIdentity, ServerInfo, Session, UpdateStatus
from ..plex.notifications import ActivityNotification
from ..plex.server import PlexServer
from .activities import Activities
from .failures import Failures
from .part import Part
from .push import PushChannel
from .streams import StreamTracker

INFO_INTERVAL = 600.0
UPDATE_STATUS_INTERVAL = 3600.0
# How long a server may take to check for an update before it reports the result.
UPDATE_CHECK_DURATION = 150.0
REMOTE_ACCESS_WITH_PUSH = 3600.0
REMOTE_ACCESS_WITHOUT_PUSH = 600.0
# How long to wait before the sessions are requested again after the first denial and after each
# further one: a server that starts denies them to its owner for a while.
SESSIONS_DENIED_INTERVALS = (15.0, 45.0)
# A guest, who may be given the right one day, waits longer after this many denials.
GUEST_DENIALS = 10
GUEST_INTERVAL = 600.0

# The media types that may have credits.
_WITH_CREDITS = {"movie", "episode"}


@dataclass(frozen=True, kw_only=True)
class PlexMonitorData:
    """The state of a server.

    `info` is `None` while it cannot be read. `sessions` are by their key; they are `None` while
    they cannot be read, and where the account may not see them, as are `update`, `remote_access`
    and `activities`, which are what the server is working on, by their uuid. `has_owner_rights` and
    `has_plex_pass` are `None` until the server has said so, and stay while it cannot be asked.
    """

    version: str
    info: ServerInfo | None
    has_owner_rights: bool | None
    has_plex_pass: bool | None = None
    sessions: Sessions | None = None
    update: UpdateStatus | None = None
    remote_access: RemoteAccess | None = None
    activities: Mapping[str, Activity] | None = None

    @property
    def is_owner(self) -> bool:
        """Return whether the account has the rights of the owner, as far as is known."""
        return self.has_owner_rights is not False


class ServerReader:
    """Read what is due, and return earlier responses for the rest."""

    def __init__(
        self, name: str, server: PlexServer, streams: StreamTracker, push: PushChannel
    ) -> None:
        """Initialize without any response; the sessions are kept in `streams`."""
        self.name = name
        self.server = server
        self._streams = streams
        self._push = push
        self.version = ""
        self._info: ServerInfo | None = None
        self._has_plex_pass: bool | None = None
        self._info_due = 0.0
        self._info_failures = Failures()
        # Whether the server has accepted the token where its information cannot be read.
        self._is_token_accepted = False
        self._update = Part[UpdateStatus](name, "update status")
        self._update_expected_until = 0.0
        self._remote_access = Part[RemoteAccess](name, "remote access")
        self._activities = Activities(name)
        # The token that may not see the sessions, and until when that is assumed.
        self._sessions_denied: tuple[str | None, float] | None = None
        self._sessions_denials = 0
        # Whether the account has the rights of the owner, `None` until the server has said so, and
        # whether the server is to be asked: it has denied the sessions, maybe for a moment only.
        self._has_owner_rights: bool | None = None
        self._rights_due = False
        self._sessions_failures = Failures()

    @property
    def is_confirming(self) -> bool:
        """Return whether a part failed that could be read before, and is to be read again soon."""
        return (
            (self._sessions_failures.is_failing and self._streams.sessions is not None)
            or (self._info_failures.is_failing and self._info is not None)
            or self._update.is_confirming
            or self._remote_access.is_confirming
        )

    @property
    def activities(self) -> Mapping[str, Activity] | None:
        """Return what the server is working on, `None` while that is unknown."""
        return None if self._has_owner_rights is False else self._activities.running

    @property
    def is_token_accepted(self) -> bool:
        """Return whether the server accepted the token when that was last verified."""
        return not self._info_failures.is_failing or self._is_token_accepted

    def use_server(self, server: PlexServer) -> None:
        """Read with another client from now on."""
        self.server = server
        self.retry_sessions()
        self._activities.invalidate()

    def retry_sessions(self) -> None:
        """Read the sessions with the next poll, even where they have just been denied."""
        self._sessions_denied = None

    def handle_push_change(self) -> None:
        """Read with the next poll what push may not have reported: it was lost, or is back."""
        # The server may have been restarted.
        self._sessions_denials = 0
        self.retry_sessions()
        self._activities.invalidate()
        self.invalidate_update_status()
        self.invalidate_remote_access()

    def invalidate_update_status(self) -> None:
        """Read the update status with the next poll."""
        self._update.invalidate()

    def expect_update_status(self) -> None:
        """Read the update status with every poll for a while: the server checks for an update."""
        self._update_expected_until = monotonic() + UPDATE_CHECK_DURATION
        self._update.invalidate()

    def invalidate_remote_access(self) -> None:
        """Read the remote access with the next poll."""
        self._remote_access.invalidate()

    def handle_activity(self, notification: ActivityNotification) -> None:
        """Update the activities with a notification."""
        self._activities.handle(notification)

    async def async_read_sessions(self) -> Sequence[PlaybackEvent] | None:
        """Read the sessions, and return what has happened to them; `None` if that failed.

        A single failure is no reason to forget them.
        """
        token = self.server.token
        if self._sessions_denied is not None:
            denied_token, until = self._sessions_denied
            if denied_token == token and monotonic() < until:
                return None
        read = self._streams.begin_read()
        try:
            sessions = await self.server.sessions()
        except PlexWrongServerError:
            raise
        except PlexError as err:
            LOGGER.debug("%s: could not read its sessions: %s", self.name, err)
            denied = isinstance(err, PlexForbiddenError | PlexUnauthorizedError)
            self._handle_sessions_failure(denied=denied)
            return None
        self._sessions_denials = 0
        self._sessions_failures.clear()
        self._has_owner_rights = True
        return self._streams.handle_sessions(read, sessions)

    def _handle_sessions_failure(self, *, denied: bool) -> None:
        """Forget the sessions where they cannot be read for a second time after a while."""
        is_confirmed = self._sessions_failures.add()
        if self._streams.sessions is not None:
            if not is_confirmed:
                return
        elif denied:
            until = monotonic() + self._sessions_denied_interval
            self._sessions_denied = self.server.token, until
            self._sessions_denials += 1
        self._rights_due = denied
        self._streams.handle_denied()

    @property
    def _sessions_denied_interval(self) -> float:
        """Return after how many seconds the sessions are requested again."""
        if self._has_owner_rights is False and self._sessions_denials >= GUEST_DENIALS:
            return GUEST_INTERVAL
        return SESSIONS_DENIED_INTERVALS[min(self._sessions_denials, 1)]

    async def async_read(self, identity: ServerIdentity, *, verify_token: bool) -> PlexMonitorData:
        """Read what is due; the sessions have to be read before.

        `verify_token` requests at least one resource for which the server needs the token.
        """
        sessions = self._streams.sessions
        failing = sessions is None or self._sessions_failures.is_failing
        info = await self._async_read_info(identity, force=verify_token or failing)
        version = self._handle_version(identity, info)
        if self._rights_due:
            await self._async_check_rights()
        if self._has_owner_rights is False:
            self._activities.invalidate()
            self._update.skip()
            self._remote_access.skip()
            return PlexMonitorData(version=version, info=info, has_owner_rights=False)
        update, remote_access, activities = await asyncio.gather(
            self._async_read_update_status(),
            self._async_read_remote_access(),
            self._async_read_activities(),
        )
        return PlexMonitorData(
            version=version,
            info=info,
            has_owner_rights=self._has_owner_rights,
            has_plex_pass=self._has_plex_pass,
            sessions=sessions,
            update=update,
            remote_access=remote_access,
            activities=activities,
        )

    async def _async_check_rights(self) -> None:
        """Find out whether the account lacks the rights of the owner, or only the sessions.

        Two resources tell an owner from a guest: the sessions and the server's account.
        """
        self._rights_due = False
        self.invalidate_remote_access()
        try:
            remote_access = await self.server.remote_access()
        except PlexForbiddenError, PlexUnauthorizedError:
            self._has_owner_rights = False
        except PlexError as err:
            LOGGER.debug("%s: could not read its account: %s", self.name, err)
        else:
            self._has_owner_rights = True
            self._remote_access.set(remote_access, interval=self._remote_access_interval)

    async def async_read_credits(self, *sessions: Session) -> None:
        """Read where the credits of streams begin, with one request for all of them."""
        playing = {
            session.session_key: session.rating_key
            for session in sessions
            if session.rating_key is not None and session.media_type in _WITH_CREDITS
        }
        try:
            items = await self.server.library.items(set(playing.values()))
        except PlexError as err:
            LOGGER.debug("%s: could not read where the credits begin: %s", self.name, err)
            return
        offsets = {item.rating_key: item.credits_offset for item in items}
        for session_key, rating_key in playing.items():
            if (offset := offsets.get(rating_key)) is not None:
                self._streams.expect_credits(session_key, offset)

    async def _async_read_info(self, identity: ServerIdentity, *, force: bool) -> ServerInfo | None:
        """Return the server's information about itself; `None` if it cannot be read twice.

        It decides on the token, as the sessions are for the owner alone, so a refusal is raised.
        """
        is_current = self._info is not None and identity.version in {"", self._info.version}
        if is_current and not force and monotonic() < self._info_due:
            return self._info
        try:
            self._info = await self.server.info()
            self._has_plex_pass = self._info.plex_pass
        except PlexUnauthorizedError, PlexWrongServerError:
            raise
        except PlexError as err:
            LOGGER.debug("%s: could not read its information: %s", self.name, err)
            if self._info_failures.add():
                self._info = None
            self._info_due = 0.0
            self._is_token_accepted = await self._async_check_token(err)
        else:
            self._info_failures.clear()
            self._info_due = monotonic() + INFO_INTERVAL
        return self._info

    async def _async_check_token(self, err: PlexError) -> bool:
        """Return whether the server accepts the token although it does not return information.

        Something in front of the server may block that path, or it is hidden from strangers.
        """
        if isinstance(err, PlexConnectionError):
            return False
        try:
            await self.server.check_token()
        except PlexUnauthorizedError, PlexWrongServerError:
            raise
        except PlexError as failure:
            LOGGER.debug("%s: could not verify the token: %s", self.name, failure)
            return False
        return True

    def _handle_version(self, identity: ServerIdentity, info: ServerInfo | None) -> str:
        """Return the version; what a restarted server has reported before is not up to date."""
        before = self.version
        self.version = identity.version or (before if info is None else info.version)
        if before not in {"", self.version}:
            self._streams.handle_restart()
            self.invalidate_update_status()
            self.invalidate_remote_access()
        return self.version

    async def _async_read_update_status(self) -> UpdateStatus | None:
        """Return the status of the server's own updates."""
        is_expected = monotonic() < self._update_expected_until
        interval = 0.0 if is_expected else UPDATE_STATUS_INTERVAL
        return await self._update.async_read(self.server.update_status, interval=interval)

    async def _async_read_remote_access(self) -> RemoteAccess | None:
        """Return whether the server can be reached from outside."""
        return await self._remote_access.async_read(
            self.server.remote_access, interval=self._remote_access_interval
        )

    @property
    def _remote_access_interval(self) -> float:
        """Return after how many seconds the remote access is read again."""
        return REMOTE_ACCESS_WITH_PUSH if self._push.connected else REMOTE_ACCESS_WITHOUT_PUSH

    async def _async_read_activities(self) -> Mapping[str, Activity] | None:
        """Return what the server is working on."""
        return await self._activities.async_read(self.server, push_connected=self._push.connected)
