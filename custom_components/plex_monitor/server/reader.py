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
REMOTE_ACCESS_INTERVAL = 3600.0
# How long to wait before the sessions are requested again after each denial in a row: an account
# without the right to see them may be given it.
SESSIONS_DENIED_INTERVALS = (15.0, 60.0, 600.0)

# The media types that may have credits.
_WITH_CREDITS = {"movie", "episode"}
# Errors that say nothing about the right to read something: it is requested again with the next
# poll, which also finds out whether it is the token that is refused.
_TRANSIENT_ERRORS = (
    PlexConnectionError,
    PlexResponseError,
    PlexUnauthorizedError,
    PlexUnavailableError,
)


@dataclass(frozen=True, kw_only=True)
class PlexMonitorData:
    """The state of a server.

    `sessions` are by their key. They are `None` where the account may not see them, as are `update`
    and `remote_access`. `activities` are what the server is working on, by their uuid.
    """

    info: ServerInfo
    sessions: Sessions | None
    update: UpdateStatus | None
    remote_access: RemoteAccess | None = None
    activities: Mapping[str, Activity] = MappingProxyType({})


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
        self._info: ServerInfo | None = None
        self._info_due = 0.0
        self._update: UpdateStatus | None = None
        self._update_due = 0.0
        self._update_expected_until = 0.0
        self._remote_access: RemoteAccess | None = None
        self._remote_access_due = 0.0
        # Whether push has reported every change of the activities since they were read.
        self._activities_valid = False
        # The activities that push reports during a read of them, `None` for one that has ended.
        self._activities_during_read: dict[str, Activity | None] | None = None
        # The token that may not see the sessions, and until when that is assumed.
        self._sessions_denied: tuple[str | None, float] | None = None
        self._sessions_denials = 0

    def use_server(self, server: PlexServer) -> None:
        """Read with another client from now on."""
        self.server = server
        self.retry_sessions()
        self.invalidate_activities()

    def retry_sessions(self) -> None:
        """Read the sessions with the next poll, even where they have just been denied."""
        self._sessions_denied = None

    def invalidate_activities(self) -> None:
        """Read the activities with the next poll: push may have missed some."""
        self._activities_valid = False

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
        reported = {activity.uuid: None if has_ended else activity}
        if self._activities_during_read is not None:
            self._activities_during_read |= reported
        self.activities = _without_ended({**self.activities, **reported})

    async def async_read_sessions(self) -> Sequence[PlaybackEvent] | None:
        """Read the sessions, and return what has happened to them; `None` if they are denied."""
        token = self.server.token
        if self._sessions_denied is not None:
            denied_token, until = self._sessions_denied
            if denied_token == token and monotonic() < until:
                return None
        read = self._streams.begin_read()
        try:
            sessions = await self.server.sessions()
        except PlexForbiddenError, PlexUnauthorizedError:
            # A server refuses its owner for a moment while it starts.
            if self._streams.sessions is None:
                last = len(SESSIONS_DENIED_INTERVALS) - 1
                wait = SESSIONS_DENIED_INTERVALS[min(self._sessions_denials, last)]
                self._sessions_denials += 1
                self._sessions_denied = token, monotonic() + wait
            self._streams.handle_denied()
            return None
        self._sessions_denials = 0
        return self._streams.handle_sessions(read, sessions)

    async def async_read(self, identity: ServerIdentity, *, verify_token: bool) -> PlexMonitorData:
        """Read what is due; the sessions have to be read before.

        `verify_token` requests at least one resource for which the server needs the token.
        """
        sessions = self._streams.sessions
        info = await self._async_read_info(identity, force=verify_token or sessions is None)
        if sessions is None:
            self.invalidate_activities()
            return PlexMonitorData(info=info, sessions=None, update=None)
        update, remote_access, activities = await asyncio.gather(
            self._async_read_update_status(),
            self._async_read_remote_access(),
            self._async_read_activities(),
        )
        return PlexMonitorData(
            info=info,
            sessions=sessions,
            update=update,
            remote_access=remote_access,
            activities=activities,
        )

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

    async def _async_read_info(self, identity: ServerIdentity, *, force: bool) -> ServerInfo:
        """Return the server's information about itself.

        Only this request decides on the token: the sessions are for the owner alone.
        """
        last = self._info
        if (
            last is not None
            and not force
            and last.version == identity.version
            and monotonic() < self._info_due
        ):
            return last
        info = self._info = await self.server.info()
        self._info_due = monotonic() + INFO_INTERVAL
        if last is not None and last.version != info.version:
            self._streams.handle_restart()
            self.invalidate_update_status()
        return info

    async def _async_read_update_status(self) -> UpdateStatus | None:
        """Return the status of the server's own updates."""
        if monotonic() < self._update_due:
            return self._update
        try:
            self._update = await self.server.update_status()
        except _TRANSIENT_ERRORS:
            return self._update
        except PlexError:
            self._update = None
        now = monotonic()
        is_expected = now < self._update_expected_until
        self._update_due = now if is_expected else now + UPDATE_STATUS_INTERVAL
        return self._update

    async def _async_read_remote_access(self) -> RemoteAccess | None:
        """Return whether the server can be reached from outside."""
        if monotonic() < self._remote_access_due:
            return self._remote_access
        try:
            self._remote_access = await self.server.remote_access()
        except _TRANSIENT_ERRORS:
            return self._remote_access
        except PlexError:
            self._remote_access = None
        self._remote_access_due = monotonic() + REMOTE_ACCESS_INTERVAL
        return self._remote_access

    async def _async_read_activities(self) -> Mapping[str, Activity]:
        """Return the activities; while push is connected, they are read only once."""
        if self._push.connected and self._activities_valid:
            return self.activities
        # The response may be older than what push reports from now on, or than its loss.
        self._activities_valid = self._push.connected
        self._activities_during_read = {}
        listed: tuple[Activity, ...] = ()
        try:
            listed = await self.server.maintenance.activities()
        except PlexError as err:
            LOGGER.debug("%s: could not read its activities: %s", self.name, err)
            self._activities_valid = False
        reported, self._activities_during_read = self._activities_during_read, None
        self.activities = _without_ended({**{one.uuid: one for one in listed}, **reported})
        return self.activities


def _without_ended(activities: Mapping[str, Activity | None]) -> Mapping[str, Activity]:
    """Return the activities that have not ended."""
    return MappingProxyType({uuid: one for uuid, one in activities.items() if one is not None})
