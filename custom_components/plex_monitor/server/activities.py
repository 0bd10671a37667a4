"""The activities of one server: reported by push, and read now and then."""

from collections.abc import Mapping
from time import monotonic
from types import MappingProxyType

from ..const import LOGGER
from ..plex.errors import PlexError
from ..plex.models import Activity
from ..plex.notifications import ActivityEvent, ActivityNotification
from ..plex.server import PlexServer
from .failures import Failures

# How often the activities are read while push reports them: the end of one may be lost, and less
# often the start of one.
RUNNING_INTERVAL = 300.0
IDLE_INTERVAL = 1800.0
# Activities that are kept: the end of each may be lost until they are read again.
MAX_ACTIVITIES = 200


class Activities:
    """What a server is working on, by uuid; `running` is `None` while that is unknown."""

    def __init__(self, server: str) -> None:
        """Initialize without any activity; the name of the server is for the log."""
        self._server = server
        self.running: Mapping[str, Activity] | None = MappingProxyType({})
        self._failures = Failures()
        self._read_at = 0.0
        # Whether push has reported every change since they were read.
        self._is_current = False
        # What push reports during a read, `None` for an activity that has ended.
        self._during_read: dict[str, Activity | None] | None = None

    def invalidate(self) -> None:
        """Read the activities with the next poll."""
        self._is_current = False

    def handle(self, notification: ActivityNotification) -> None:
        """Update the activities with a notification."""
        activity = notification.activity
        reported = None if notification.event is ActivityEvent.ENDED else activity
        if self._during_read is not None:
            _report(self._during_read, activity.uuid, reported)
        running: dict[str, Activity | None] = {**(self.running or {})}
        _report(running, activity.uuid, reported)
        self.running = _without_ended(running)

    async def async_read(
        self, server: PlexServer, *, push_connected: bool
    ) -> Mapping[str, Activity] | None:
        """Read the activities with each poll, and less often while push is connected."""
        now = monotonic()
        interval = RUNNING_INTERVAL if self.running else IDLE_INTERVAL
        if push_connected and self._is_current and now - self._read_at < interval:
            return self.running
        self._read_at = now
        # The response may be older than what push reports from now on, or than its loss.
        self._is_current = push_connected
        self._during_read = {}
        try:
            listed = {one.uuid: one for one in await server.maintenance.activities()}
        except PlexError as err:
            LOGGER.debug("%s: could not read its activities: %s", self._server, err)
            self._is_current = False
            if self._failures.add() and not push_connected:
                self.running = None
        else:
            self._failures.clear()
            self.running = _without_ended({**listed, **self._during_read})
        self._during_read = None
        return self.running


def _report(activities: dict[str, Activity | None], uuid: str, reported: Activity | None) -> None:
    """Add what is reported of an activity, and forget the first of more than a server can have."""
    activities[uuid] = reported
    if len(activities) > MAX_ACTIVITIES:
        del activities[next(iter(activities))]


def _without_ended(activities: Mapping[str, Activity | None]) -> Mapping[str, Activity]:
    """Return the activities that have not ended."""
    return MappingProxyType({uuid: one for uuid, one in activities.items() if one is not None})
