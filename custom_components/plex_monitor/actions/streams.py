"""Actions on streams, and how streams are stopped."""

from collections.abc import Iterable
from typing import Final

from homeassistant.core import ServiceCall, ServiceResponse, SupportsResponse
from homeassistant.helpers import config_validation as cv
import voluptuous as vol

from ..automation.filters import NAME, normalize_name
from ..events.data import STOPPED
from ..plex.errors import PlexNotFoundError
from ..plex.models import Session
from ..runtime import PlexMonitorConfigEntry
from ..server.coordinator import PlexMonitorCoordinator
from .errors import invalid_request
from .models import Action
from .responses import stream_response

ATTR_MESSAGE: Final = "message"
ATTR_PLAYER: Final = "player"
ATTR_SESSION_KEY: Final = "session_key"
ATTR_USER: Final = "user"


async def async_stop_streams(
    coordinator: PlexMonitorCoordinator, sessions: Iterable[Session], *, message: str | None = None
) -> list[Session]:
    """Stop streams, at least one, and return those that were still there to be stopped."""
    found = list(sessions)
    stoppable = {session.session_id: session for session in found if session.session_id}
    if not stoppable:
        raise invalid_request(coordinator, "stream_cannot_be_stopped", title=found[0].title)
    stopped: list[Session] = []
    for session_id, session in stoppable.items():
        try:
            await coordinator.server.terminate(session_id, reason=message)
        except PlexNotFoundError:
            pass  # It has ended by itself.
        else:
            stopped.append(session)
        for each in found:
            if each.session_id == session_id:
                coordinator.stopped_streams.add(each)
    return stopped


async def _async_list_streams(entry: PlexMonitorConfigEntry, _call: ServiceCall) -> ServiceResponse:
    """Return the streams."""
    sessions = await entry.runtime_data.server.async_read_streams()
    links = entry.runtime_data.links
    return {"streams": [stream_response(session, links) for session in sessions]}


async def _async_stop_stream(entry: PlexMonitorConfigEntry, call: ServiceCall) -> ServiceResponse:
    """Stop the streams that match all fields of the call, and return them."""
    coordinator = entry.runtime_data.server
    if not {ATTR_SESSION_KEY, ATTR_USER, ATTR_PLAYER} & call.data.keys():
        raise invalid_request(coordinator, "no_stream_named")
    found = [session for session in await coordinator.server.sessions() if _matches(session, call)]
    if not found:
        raise invalid_request(coordinator, "stream_not_found")
    stopped = await async_stop_streams(coordinator, found, message=call.data.get(ATTR_MESSAGE))
    links = entry.runtime_data.links
    return {"stopped": [stream_response(each, links) | {"state": STOPPED} for each in stopped]}


def _matches(session: Session, call: ServiceCall) -> bool:
    """Return whether a stream matches all fields of the call that name one."""
    values = {
        ATTR_SESSION_KEY: session.session_key,
        ATTR_USER: session.user,
        ATTR_PLAYER: session.player,
    }
    return all(
        normalize_name(value or "") == normalize_name(call.data[key])
        for key, value in values.items()
        if key in call.data
    )


ACTIONS: Final = {
    "list_streams": Action(handler=_async_list_streams, response=SupportsResponse.ONLY),
    "stop_stream": Action(
        handler=_async_stop_stream,
        fields={
            vol.Optional(ATTR_SESSION_KEY): NAME,
            vol.Optional(ATTR_USER): NAME,
            vol.Optional(ATTR_PLAYER): NAME,
            vol.Optional(ATTR_MESSAGE): cv.string,
        },
        response=SupportsResponse.OPTIONAL,
        forbidden="needs_plex_pass",
    ),
}
