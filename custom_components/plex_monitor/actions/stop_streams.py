"""How streams are stopped, for an action and for a media player."""

from collections.abc import Iterable

from ..plex.errors import PlexNotFoundError
from ..plex.models import Session
from ..server.coordinator import PlexMonitorCoordinator
from .errors import invalid_request


async def async_stop_streams(
    coordinator: PlexMonitorCoordinator, sessions: Iterable[Session], *, message: str | None = None
) -> list[Session]:
    """Stop streams, of which there is one at least, and return those that ran until now."""
    found = list(sessions)
    stoppable = {session.session_id: session for session in found if session.session_id}
    if not stoppable:
        raise invalid_request(coordinator, "stream_cannot_be_stopped", title=found[0].title)
    stopped: list[Session] = []
    for session_id, session in stoppable.items():
        try:
            await coordinator.server.terminate(session_id, reason=message)
        except PlexNotFoundError:
            # It ended by itself just now.
            continue
        stopped.append(session)
    return stopped
