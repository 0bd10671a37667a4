"""The reader of one server: asks it for what is due, with the token."""

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
# How long a server may take to look for an update, before it knows what it has found.
UPDATE_CHECK_LASTS = 150.0
REMOTE_ACCESS_INTERVAL = 3600.0
# An account without the right to see the sessions may be given it.
SESSIONS_DENIED_INTERVALS = (15.0, 60.0, 600.0)

# Of what may have credits.
_WITH_CREDITS = {"movie", "episode"}
# What says nothing of the right to know something: it is asked for again with the next poll, which
# also finds out whether it is the token that is refused.
_PASSING = (
    PlexConnectionError,
    PlexResponseError,
    PlexUnauthorizedError,
    PlexUnavailableError,
)


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


class ServerReader:
    """Read what has to be read now, and know the rest from before."""

    def __init__(
        self, name: str, server: PlexServer, streams: StreamTracker, push: PushChannel
    ) -> None:
        """Know nothing yet; the sessions are known to `streams`."""
        self.name = name
        self.server = server
        self.activities: Mapping[str, Activity] = MappingProxyType({})
        self._streams = streams
        self._push = push
        self._info: ServerInfo | None = None
        self._info_due = 0.0
        self._update: UpdateStatus | None = None
        self._update_due = 0.0
        self._update_checked_until = 0.0
        self._remote_access: RemoteAccess | None = None
        self._remote_access_due = 0.0
        # Whether push has told of the activities ever since they were asked for.
        self._activities_known = False
        # What it has told while they are being asked for, `None` for one that has ended.
        self._activities_told: dict[str, Activity | None] | None = None
        # The token that may not see the sessions, and until when that is taken for granted.
        self._sessions_denied: tuple[str | None, float] | None = None
        self._sessions_denials = 0

    def use(self, server: PlexServer) -> None:
        """Read with another client from now on."""
        self.server = server
        self.sessions_may_be_seen()
        self.activities_missed()

    def sessions_may_be_seen(self) -> None:
        """Ask for the sessions again, even where they were denied a moment ago."""
        self._sessions_denied = None

    def activities_missed(self) -> None:
        """Ask for the activities again: push may not have told of them all."""
        self._activities_known = False

    def update_changed(self) -> None:
        """Ask for the update status again."""
        self._update_due = 0.0

    def update_is_checked(self) -> None:
        """Ask for the update status with every poll for a while, as the server looks for one."""
        self._update_checked_until = monotonic() + UPDATE_CHECK_LASTS
        self._update_due = 0.0

    def remote_access_changed(self) -> None:
        """Ask for the remote access again."""
        self._remote_access_due = 0.0

    def activity_told(self, notification: ActivityNotification) -> None:
        """Follow what the server is busy with."""
        activity = notification.activity
        told = {activity.uuid: None if notification.event is ActivityEvent.ENDED else activity}
        if self._activities_told is not None:
            self._activities_told |= told
        self.activities = _going_on({**self.activities, **told})

    async def async_read_sessions(self) -> Sequence[PlaybackEvent] | None:
        """Read the sessions, and return what happened to them; `None` where they are denied."""
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
            self._streams.denied()
            return None
        self._sessions_denials = 0
        return self._streams.listed(read, sessions)

    async def async_read(self, identity: ServerIdentity, *, doubtful: bool) -> PlexMonitorData:
        """Read what is due beside the sessions, which are to be read before.

        Where it is doubtful that the server accepts the token, it is asked for itself at least.
        """
        sessions = self._streams.sessions
        info = await self._async_read_info(identity, doubtful=doubtful or sessions is None)
        if sessions is None:
            self.activities_missed()
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
        """Learn where the credits of streams begin, of all that there are at once."""
        playing = {
            session.session_key: session.rating_key
            for session in sessions
            if session.rating_key is not None and session.media_type in _WITH_CREDITS
        }
        try:
            items = await self.server.library.items(set(playing.values()))
        except PlexError as err:
            LOGGER.debug("%s: does not tell where the credits begin: %s", self.name, err)
            return
        credits_of = {item.rating_key: item.credits_offset for item in items}
        for session_key, rating_key in playing.items():
            if (offset := credits_of.get(rating_key)) is not None:
                self._streams.expect_credits(session_key, offset)

    async def _async_read_info(self, identity: ServerIdentity, *, doubtful: bool) -> ServerInfo:
        """Return what the server says of itself.

        Only this question decides on the token: the one for sessions is of the owner alone.
        """
        last = self._info
        if (
            last is not None
            and not doubtful
            and last.version == identity.version
            and monotonic() < self._info_due
        ):
            return last
        info = self._info = await self.server.info()
        self._info_due = monotonic() + INFO_INTERVAL
        if last is not None and last.version != info.version:
            self._streams.restarted()
            self.update_changed()
        return info

    async def _async_read_update_status(self) -> UpdateStatus | None:
        """Return what the server knows of its own updates."""
        if monotonic() < self._update_due:
            return self._update
        try:
            self._update = await self.server.update_status()
        except _PASSING:
            return self._update
        except PlexError:
            self._update = None
        now = monotonic()
        self._update_due = now if now < self._update_checked_until else now + UPDATE_STATUS_INTERVAL
        return self._update

    async def _async_read_remote_access(self) -> RemoteAccess | None:
        """Return whether the server can be reached from outside."""
        if monotonic() < self._remote_access_due:
            return self._remote_access
        try:
            self._remote_access = await self.server.remote_access()
        except _PASSING:
            return self._remote_access
        except PlexError:
            self._remote_access = None
        self._remote_access_due = monotonic() + REMOTE_ACCESS_INTERVAL
        return self._remote_access

    async def _async_read_activities(self) -> Mapping[str, Activity]:
        """Return what the server is busy with; push tells it while it is there."""
        if self._push.connected and self._activities_known:
            return self.activities
        # The answer may be older than what push tells from now on, or than its loss.
        self._activities_known = self._push.connected
        self._activities_told = {}
        listed: tuple[Activity, ...] = ()
        try:
            listed = await self.server.maintenance.activities()
        except PlexError as err:
            LOGGER.debug("%s: does not tell its activities: %s", self.name, err)
            self._activities_known = False
        told, self._activities_told = self._activities_told, None
        self.activities = _going_on({**{one.uuid: one for one in listed}, **told})
        return self.activities


def _going_on(activities: Mapping[str, Activity | None]) -> Mapping[str, Activity]:
    """Return the activities that have not ended."""
    return MappingProxyType({uuid: one for uuid, one in activities.items() if one is not None})
