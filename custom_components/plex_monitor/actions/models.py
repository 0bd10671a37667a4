"""The description of an action, and the fields that several actions share."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Final

from homeassistant.core import ServiceCall, ServiceResponse, SupportsResponse
import voluptuous as vol

from ..automation.numbers import number_of
from ..plex.server import PlexServer
from ..runtime import PlexMonitorConfigEntry

ATTR_LIMIT: Final = "limit"

LIMIT_DEFAULT: Final = 20
LIMIT_MAX: Final = 500

type Handler = Callable[[PlexMonitorConfigEntry, ServiceCall], Awaitable[ServiceResponse]]
type Fields = dict[vol.Marker, Any]

LIMIT_FIELD: Final[Fields] = {
    vol.Optional(ATTR_LIMIT, default=LIMIT_DEFAULT): number_of(int, least=1, most=LIMIT_MAX)
}


@dataclass(frozen=True, kw_only=True)
class Action:
    """Describe an action.

    `not_found` and `forbidden` are the translation keys of the errors for a 404, and for a server
    that refuses its owner.
    """

    handler: Handler
    fields: Fields = field(default_factory=dict)
    response: SupportsResponse = SupportsResponse.NONE
    not_found: str | None = None
    forbidden: str = "not_allowed"
    admin_only: bool = False


def request_handler(request: Callable[[PlexServer, ServiceCall], Awaitable[None]]) -> Handler:
    """Return the handler of an action that sends one request and has no response data."""

    async def _async_handle(entry: PlexMonitorConfigEntry, call: ServiceCall) -> ServiceResponse:
        await request(entry.runtime_data.server.server, call)
        return None

    return _async_handle
