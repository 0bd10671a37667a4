"""The streams that were stopped, which a server goes on to list for some seconds."""

from collections.abc import Callable

from ..plex.models import Session

# A player is notified with its next report, which it sends every ten seconds. One that plays on
# for longer than this did not stop, and its stream can be stopped again.
MAX_DELAY = 30.0


class StoppedStreams:
    """Remember the streams that were stopped until the server has had the time to end them."""

    def __init__(self, get_time: Callable[[], float]) -> None:
        """Initialize with a monotonic clock."""
        self._get_time = get_time
        # When they were stopped. A player may use one session id for several streams in a row, and
        # a server that restarts counts its session keys from one again.
        self._stopped_at: dict[tuple[str, str | None], float] = {}

    def add(self, session: Session) -> None:
        """Remember that a stream was stopped."""
        self._forget_old()
        self._stopped_at[session.session_key, session.session_id] = self._get_time()

    def __contains__(self, session: Session) -> bool:
        """Return whether a stream was stopped a moment ago."""
        self._forget_old()
        return (session.session_key, session.session_id) in self._stopped_at

    def _forget_old(self) -> None:
        since = self._get_time() - MAX_DELAY
        self._stopped_at = {key: at for key, at in self._stopped_at.items() if at > since}
