"""The description of an action, and the fields that several actions share."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Final

from homeassistant.core import ServiceCall, ServiceResponse, SupportsResponse
import voluptuous as vol

from ..plex.server import PlexServer
from ..runtime import PlexMonitorConfigEntry

ATTR_LIMIT: Final = "limit"

LIMIT_DEFAULT: Final = 20
LIMIT_MAX: Final = 500

type Handler = Callable[[PlexMonitorConfigEntry, ServiceCall], Awaitable[ServiceResponse]]
type Fields = dict[vol.Marker, Any]

LIMIT_FIELD: Final[Fields] = {
    # The range comes first: no int is made of infinity, and no float of a thousand digits.
    vol.Optional(ATTR_LIMIT, default=LIMIT_DEFAULT): vol.All(
        vol.Any(vol.All(str, vol.Coerce(float)), vol.Any(int, float)),
        vol.Range(min=1, max=LIMIT_MAX),
        vol.Coerce(int),
    )
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
