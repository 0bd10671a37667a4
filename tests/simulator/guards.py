"""The access control of a server's endpoints, and the responses of a server."""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from aiohttp import web

from .access import Access
from .error_pages import PROTOCOL_HEADERS, server_error
from .plex_tv_api import token_of
from .rendering import Node, answer

if TYPE_CHECKING:
    from .activity import Activity
    from .server import PlexServer

type Admitted = Callable[[web.Request, Access], Awaitable[web.StreamResponse]]
type Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def server_answer(request: web.Request, node: Node) -> web.Response:
    """Return a tree with the headers of a media server."""
    return answer(request, node, headers=PROTOCOL_HEADERS)


def done(activity: Activity | None = None, *, status: int = 200) -> web.Response:
    """Return the response of a media server to an action: empty, with the type HTML.

    An activity that the action has started is named in a header.
    """
    headers = dict(PROTOCOL_HEADERS)
    if activity:
        headers["X-Plex-Activity"] = activity.uuid
    return web.Response(status=status, content_type="text/html", headers=headers)


class Guards:
    """The access control of one server."""

    def __init__(self, server: PlexServer) -> None:
        """Initialize for this server."""
        self._server = server

    def anyone(self, handler: Admitted) -> Handler:
        """Admit every account that has access to the server."""

        async def guarded(request: web.Request) -> web.StreamResponse:
            access = self._server.access(token_of(request))
            if access is None:
                return self._server.unauthorized(request)
            return await handler(request, access)

        return guarded

    def owner(self, handler: Admitted) -> Handler:
        """Admit the owner only."""

        async def guarded(request: web.Request, access: Access) -> web.StreamResponse:
            if not access.owner:
                return server_error(401 if self._server.refuses_with_401 else 403)
            return await handler(request, access)

        return self.anyone(guarded)

    def plex_pass(self, handler: Admitted) -> Handler:
        """Admit the owner only, and respond with 404 without a Plex Pass."""

        async def guarded(request: web.Request, access: Access) -> web.StreamResponse:
            if not self._server.plex_pass:
                return server_error(404)
            return await handler(request, access)

        return self.owner(guarded)
