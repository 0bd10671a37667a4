"""The reader of one server: sends the requests that are due, with the token."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from time import monotonic
from types import MappingProxyType

from ..const import LOGGER
from ..events.models import PlaybackEvent, Sessions
from ..plex.errors import (
    PlexConnectionError,
    PlexError,
    PlexForbiddenError,
    PlexResponseError,
    PlexUnauthorizedError,
    PlexUnavailableError,
    PlexWrongServerError,
)
from ..plex.models import Activity, RemoteAccess, ServerIdentity, ServerInfo, Session, UpdateStatus
from ..plex.notifications import ActivityEvent, ActivityNotification
from ..plex.server import PlexServer
from .push import PushChannel
from .streams import StreamTracker

INFO_INTERVAL = 600.0
UPDATE_STATUS_INTERVAL = 3600.0
# How long a server may take to check for an update before it reports the result.
UPDATE_CHECK_DURATION = 150.0
REMOTE_ACCESS_WITH_PUSH = 3600.0
REMOTE_ACCESS_WITHOUT_PUSH = 600.0
# How often the activities are read while push reports them: the end of one may be lost.
ACTIVITIES_INTERVAL = 300.0
# Activities that are kept: the end of each may be lost until they are read again.
MAX_ACTIVITIES = 200
# A part that could be read before is unknown when it fails again after this long.
CONFIRM_AFTER = 3.0
# How long to wait before the sessions are requested again after the first denial and after each
# further one: a server that starts denies them to its owner for a while.
SESSIONS_DENIED_INTERVALS = (15.0, 45.0)
# A guest, who may be given the right one day, waits longer after this many denials.
GUEST_DENIALS = 10
GUEST_INTERVAL = 600.0

# The media types that may have credits.
_WITH_CREDITS = {"movie", "episode"}
# Errors that say nothing about the right to read something: what was read before stays until the
# next poll, which also finds out whether it is the token that is refused.
_TRANSIENT_ERRORS = (
    PlexConnectionError,
    PlexResponseError,
    PlexUnauthorizedError,
    PlexUnavailableError,
)


@dataclass(frozen=True, kw_only=True)
class PlexMonitorData:
    """The state of a server.

    `info` is `None` while it cannot be read. `sessions` are by their key; they are `None` while
    they cannot be read, and where the account may not see them, as are `update` and
    `remote_access`. `has_owner_rights` is `None` until the server has said so. `activities` are
    what the server is working on, by their uuid.
    """

    version: str
    info: ServerInfo | None
    has_owner_rights: bool | None
    sessions: Sessions | None = None
    update: UpdateStatus | None = None
    remote_access: RemoteAccess | None = None
    activities: Mapping[str, Activity] = MappingProxyType({})

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
        self.activities: Mapping[str, Activity] = MappingProxyType({})
        self._streams = streams
        self._push = push
        self.version = ""
        self._info: ServerInfo | None = None
        self._info_due = 0.0
        self._info_failing = False
        # Whether the server has accepted the token where its information cannot be read.
        self._is_token_accepted = False
        self._update: UpdateStatus | None = None
        self._update_due = 0.0
        self._update_expected_until = 0.0
        self._remote_access: RemoteAccess | None = None
        self._remote_access_due = 0.0
        # Whether push has reported every change of the activities since they were read, and when
        # those that are shown are read again.
        self._activities_valid = False
        self._activities_due = 0.0
        # The activities that push reports during a read of them, `None` for one that has ended.
        self._activities_during_read: dict[str, Activity | None] | None = None
        # The token that may not see the sessions, and until when that is assumed.
        self._sessions_denied: tuple[str | None, float] | None = None
        self._sessions_denials = 0
        # Whether the account has the rights of the owner, `None` until the server has said so, and
        # whether the server is to be asked: it has denied the sessions, maybe for a moment only.
        self._has_owner_rights: bool | None = None
        self._rights_due = False
        # Since when the sessions cannot be read.
        self._sessions_failing_since: float | None = None

    @property
    def is_confirming(self) -> bool:
        """Return whether a part failed that could be read before, and is to be read again soon."""
        sessions_failing = self._sessions_failing_since is not None
        return (sessions_failing and self._streams.sessions is not None) or (
            self._info_failing and self._info is not None
        )

    @property
    def is_token_accepted(self) -> bool:
        """Return whether the server accepted the token when that was last verified."""
        return not self._info_failing or self._is_token_accepted

    def use_server(self, server: PlexServer) -> None:
        """Read with another client from now on."""
        self.server = server
        self.retry_sessions()
        self._activities_valid = False

    def retry_sessions(self) -> None:
        """Read the sessions with the next poll, even where they have just been denied."""
        self._sessions_denied = None

    def handle_push_change(self) -> None:
        """Read with the next poll what push may not have reported: it was lost, or is back."""
        # The server may have been restarted.
        self._sessions_denials = 0
        self._activities_valid = False
        self.invalidate_update_status()
        self.invalidate_remote_access()

    def invalidate_update_status(self) -> None:
        """Read the update status with the next poll."""
        self._update_due = 0.0

    def expect_update_status(self) -> None:
        """Read the update status with every poll for a while: the server checks for an update."""
        self._update_expected_until = monotonic() + UPDATE_CHECK_DURATION
        self._update_due = 0.0

    def invalidate_remote_access(self) -> None:
        """Read the remote access with the next poll."""
        self._remote_access_due = 0.0

    def handle_activity(self, notification: ActivityNotification) -> None:
        """Update the activities with a notification."""
        activity = notification.activity
        has_ended = notification.event is ActivityEvent.ENDED
        reported = None if has_ended else activity
        if self._activities_during_read is not None:
            _report(self._activities_during_read, activity.uuid, reported)
        activities: dict[str, Activity | None] = {**self.activities}
        _report(activities, activity.uuid, reported)
        self.activities = _without_ended(activities)

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
        self._sessions_failing_since = None
        self._has_owner_rights = True
        return self._streams.handle_sessions(read, sessions)

    def _handle_sessions_failure(self, *, denied: bool) -> None:
        """Forget the sessions where they cannot be read for a second time after a while."""
        now = monotonic()
        if self._sessions_failing_since is None:
            self._sessions_failing_since = now
        if self._streams.sessions is not None:
            if now - self._sessions_failing_since < CONFIRM_AFTER:
                return
        elif denied:
            self._sessions_denied = self.server.token, now + self._sessions_denied_interval
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
        failing = sessions is None or self._sessions_failing_since is not None
        info = await self._async_read_info(identity, force=verify_token or failing)
        version = self._handle_version(identity, info)
        if self._rights_due:
            await self._async_check_rights()
        if self._has_owner_rights is False:
            self._activities_valid = False
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
            self._remote_access = await self.server.remote_access()
        except PlexForbiddenError, PlexUnauthorizedError:
            self._has_owner_rights = False
        except PlexError as err:
            LOGGER.debug("%s: could not read its account: %s", self.name, err)
        else:
            self._has_owner_rights = True
            self._set_remote_access_due()

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
        except PlexUnauthorizedError, PlexWrongServerError:
            raise
        except PlexError as err:
            LOGGER.debug("%s: could not read its information: %s", self.name, err)
            if self._info_failing:
                self._info = None
            self._info_failing = True
            self._info_due = 0.0
            self._is_token_accepted = await self._async_check_token(err)
        else:
            self._info_failing = False
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
        now = monotonic()
        if now < self._update_due:
            return self._update
        # A notification during the read makes it due again.
        is_expected = now < self._update_expected_until
        self._update_due = now if is_expected else now + UPDATE_STATUS_INTERVAL
        try:
            self._update = await self.server.update_status()
        except PlexError as err:
            LOGGER.debug("%s: could not read its update status: %s", self.name, err)
            self.invalidate_update_status()
            if not isinstance(err, _TRANSIENT_ERRORS):
                self._update = None
        return self._update

    async def _async_read_remote_access(self) -> RemoteAccess | None:
        """Return whether the server can be reached from outside."""
        if monotonic() < self._remote_access_due:
            return self._remote_access
        # A notification during the read makes it due again.
        self._set_remote_access_due()
        try:
            self._remote_access = await self.server.remote_access()
        except PlexError as err:
            LOGGER.debug("%s: could not read its remote access: %s", self.name, err)
            self.invalidate_remote_access()
            if not isinstance(err, _TRANSIENT_ERRORS):
                self._remote_access = None
        return self._remote_access

    def _set_remote_access_due(self) -> None:
        interval = REMOTE_ACCESS_WITH_PUSH if self._push.connected else REMOTE_ACCESS_WITHOUT_PUSH
        self._remote_access_due = monotonic() + interval

    async def _async_read_activities(self) -> Mapping[str, Activity]:
        """Return the activities; while push is connected, only those that last are read again."""
        now = monotonic()
        is_due = bool(self.activities) and now >= self._activities_due
        if self._push.connected and self._activities_valid and not is_due:
            return self.activities
        # The response may be older than what push reports from now on, or than its loss.
        was_valid = self._activities_valid
        self._activities_valid = self._push.connected
        self._activities_due = now + ACTIVITIES_INTERVAL
        self._activities_during_read = {}
        listed: Mapping[str, Activity] = MappingProxyType({})
        try:
            listed = {one.uuid: one for one in await self.server.maintenance.activities()}
        except PlexError as err:
            LOGGER.debug("%s: could not read its activities: %s", self.name, err)
            if was_valid and self._activities_valid:
                # Push has reported them until now, and still does.
                listed = self.activities
            self._activities_valid = False
        reported, self._activities_during_read = self._activities_during_read, None
        self.activities = _without_ended({**listed, **reported})
        return self.activities


def _report(activities: dict[str, Activity | None], uuid: str, reported: Activity | None) -> None:
    """Add what is reported of an activity, and forget the first of more than a server can have."""
    activities[uuid] = reported
    if len(activities) > MAX_ACTIVITIES:
        del activities[next(iter(activities))]


def _without_ended(activities: Mapping[str, Activity | None]) -> Mapping[str, Activity]:
    """Return the activities that have not ended."""
    return MappingProxyType({uuid: one for uuid, one in activities.items() if one is not None})
