"""The HTTP endpoints of a server for itself and its settings."""

from typing import TYPE_CHECKING

from aiohttp import web

from .access import Access
from .error_pages import server_error
from .guards import Guards, done, server_answer
from .library_api import LibraryApi
from .picture_api import PictureApi
from .playback_api import PlaybackApi
from .plex_tv_api import token_of
from .preferences import PreferencesApi
from .rendering import Node, Shape, container
from .server_nodes import account_node, provider_node, server_attributes
from .statistics_api import StatisticsApi, account_nodes, device_nodes
from .upkeep_api import UpkeepApi

if TYPE_CHECKING:
    from .server import PlexServer

API_VERSION = "1.2.2"


class ServerApi:
    """The endpoints of a server."""

    def __init__(self, server: PlexServer) -> None:
        """Initialize for this server."""
        self.server = server
        self._guards = Guards(server)
        self._parts = (
            LibraryApi(server),
            PictureApi(server),
            PlaybackApi(server),
            PreferencesApi(server),
            StatisticsApi(server),
            UpkeepApi(server),
        )

    def routes(self) -> list[web.RouteDef]:
        """Return all endpoints."""
        anyone, owner = self._guards.anyone, self._guards.owner
        return [
            web.get("/identity", self.identity),
            web.get("/", anyone(self.root)),
            web.get("/media/providers", anyone(self.providers)),
            web.get("/accounts", owner(self.accounts)),
            web.get("/devices", owner(self.devices)),
            web.get("/myplex/account", owner(self.myplex_account)),
            web.put("/myplex/refreshReachability", owner(self.refresh_reachability)),
            web.get("/clients", anyone(self.empty)),
            web.get("/security/token", anyone(self.security_token)),
            web.post("/security/token", anyone(self.security_token)),
            web.get("/:/websockets/notifications", anyone(self.notifications)),
            web.get("/:/websocket/notifications", anyone(self.notifications)),
            *(route for part in self._parts for route in part.routes(self._guards)),
            web.route("*", "/{anything:.*}", anyone(self.not_found)),
        ]

    async def not_found(self, _: web.Request, __: Access) -> web.StreamResponse:
        """Respond with 404 to any other path."""
        return server_error(404)

    async def empty(self, request: web.Request, _: Access) -> web.StreamResponse:
        """List nothing."""
        return server_answer(request, container())

    async def identity(self, request: web.Request) -> web.StreamResponse:
        """Return the identity of the server, without access control."""
        server = self.server
        return server_answer(
            request,
            Node(
                tag="MediaContainer",
                attributes={
                    "size": 0,
                    "apiVersion": API_VERSION,
                    "claimed": server.claimed,
                    "machineIdentifier": server.identifies_as or server.machine_identifier,
                    "version": server.version,
                },
                shape=Shape.OBJECT,
            ),
        )

    async def root(self, request: web.Request, _: Access) -> web.StreamResponse:
        """Return the attributes of the server."""
        directories = tuple(
            Node(tag="Directory", attributes={"count": 1, "key": key, "title": key})
            for key in ("library", "playlists", "status")
        )
        return server_answer(request, container(*directories, **server_attributes(self.server)))

    async def providers(self, request: web.Request, access: Access) -> web.StreamResponse:
        """List the media providers, which are the libraries, with their sizes to the owner."""
        storage = access.owner and request.query.get("includeStorage") == "1"
        visible = [section for section in self.server.library.sections if access.sees(section.id)]
        return server_answer(
            request,
            container(
                provider_node(self.server, visible, storage=storage),
                **server_attributes(self.server),
            ),
        )

    async def accounts(self, request: web.Request, _: Access) -> web.StreamResponse:
        """List the known accounts: a nameless one, the owner as 1, and the guests."""
        return server_answer(
            request,
            container(*account_nodes(self.server), identifier="com.plexapp.system.accounts"),
        )

    async def devices(self, request: web.Request, _: Access) -> web.StreamResponse:
        """List the players that the server knows."""
        return server_answer(
            request,
            container(*device_nodes(self.server), identifier="com.plexapp.system.devices"),
        )

    async def myplex_account(self, request: web.Request, _: Access) -> web.StreamResponse:
        """Return the account that the server is signed in with, and its remote access."""
        return server_answer(request, account_node(self.server, token_of(request) or ""))

    async def refresh_reachability(self, _: web.Request, __: Access) -> web.StreamResponse:
        """Check the remote access of the server."""
        await self.server.remote_access.check()
        return done()

    async def security_token(self, request: web.Request, access: Access) -> web.StreamResponse:
        """Return a token that is valid until the next start."""
        if request.query.get("type") != "delegation" or request.query.get("scope") != "all":
            return server_error(400)
        token = self.server.delegate(access)
        return server_answer(request, container(token=token))

    async def notifications(self, request: web.Request, access: Access) -> web.StreamResponse:
        """Open the push channel."""
        if self.server.refuses_websockets is not None:
            return server_error(self.server.refuses_websockets)
        if "Upgrade" not in request.headers:
            return server_error(400)
        return await self.server.notifier.listen(request, access)
