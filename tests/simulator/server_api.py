"""What a simulated server answers over HTTP about itself, its streams and its upkeep."""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from aiohttp import web

from .access import Access
from .accounts import PLEX_PASS_FEATURES
from .library_api import LibraryApi
from .pages import PROTOCOL_HEADERS, server_error
from .plex_tv_api import token_of
from .rendering import Node, Scalar, Shape, answer, container
from .streams import Delivery, stream_node, transcode_node

if TYPE_CHECKING:
    from .server import PlexServer

type Admitted = Callable[[web.Request, Access], Awaitable[web.StreamResponse]]
type Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

BUTLER_TASKS = {
    "BackupDatabase": 3,
    "CleanOldBundles": 7,
    "OptimizeDatabase": 7,
    "RefreshLibraries": 1,
}
API_VERSION = "1.2.2"


def server_answer(request: web.Request, node: Node) -> web.Response:
    """Return a tree with the headers of a media server."""
    return answer(request, node, headers=PROTOCOL_HEADERS)


def done() -> web.Response:
    """Return what a media server answers to an action: nothing, and that as HTML."""
    return web.Response(status=200, content_type="text/html", headers=PROTOCOL_HEADERS)


class ServerApi:
    """The endpoints of a server."""

    def __init__(self, server: PlexServer) -> None:
        """Answer for this server."""
        self.server = server
        self._library = LibraryApi(server)

    def anyone(self, handler: Admitted) -> Handler:
        """Let in whoever may use the server."""

        async def guarded(request: web.Request) -> web.StreamResponse:
            access = self.server.access(token_of(request))
            if access is None:
                return self.server.unauthorized(request)
            return await handler(request, access)

        return guarded

    def owner(self, handler: Admitted) -> Handler:
        """Let in the owner only."""

        async def guarded(request: web.Request) -> web.StreamResponse:
            access = self.server.access(token_of(request))
            if access is None:
                return self.server.unauthorized(request)
            if not access.owner:
                return server_error(401 if self.server.refuses_with_401 else 403)
            return await handler(request, access)

        return guarded

    def routes(self) -> list[web.RouteDef]:
        """Return all endpoints."""
        anyone, owner = self.anyone, self.owner
        return [
            web.get("/identity", self.identity),
            web.get("/", anyone(self.root)),
            web.get("/status/sessions", owner(self.sessions)),
            web.get("/transcode/sessions", owner(self.transcode_sessions)),
            web.get("/accounts", owner(self.accounts)),
            web.get("/devices", owner(self.devices)),
            web.get("/myplex/account", owner(self.myplex_account)),
            web.get("/clients", anyone(self.empty)),
            web.get("/activities", anyone(self.activities)),
            web.get("/:/prefs", owner(self.preferences)),
            web.get("/:/prefs/get", owner(self.preference)),
            web.get("/butler", owner(self.butler)),
            web.get("/updater/status", owner(self.updater_status)),
            web.put("/updater/check", owner(self.updater_check)),
            web.put("/updater/apply", owner(self.updater_apply)),
            web.get("/security/token", anyone(self.security_token)),
            web.post("/security/token", anyone(self.security_token)),
            web.get("/:/websockets/notifications", anyone(self.notifications)),
            web.get("/:/websocket/notifications", anyone(self.notifications)),
            *self._library.routes(anyone, owner),
            web.route("*", "/{anything:.*}", anyone(self.not_found)),
        ]

    async def not_found(self, _: web.Request, __: Access) -> web.StreamResponse:
        """Answer what the server does not know."""
        return server_error(404)

    async def empty(self, request: web.Request, _: Access) -> web.StreamResponse:
        """List nothing."""
        return server_answer(request, container())

    async def activities(self, request: web.Request, access: Access) -> web.StreamResponse:
        """List what goes on in the background; guests see only their own, which is nothing."""
        nodes = self.server.activities.nodes() if access.owner else []
        return server_answer(request, container(*nodes))

    async def identity(self, request: web.Request) -> web.StreamResponse:
        """Say which machine this is, to everybody."""
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
        """Say what this server is and can."""
        server = self.server
        directories = tuple(
            Node(tag="Directory", attributes={"count": count, "key": key, "title": key})
            for key, count in (("library", 1), ("playlists", 1), ("status", 1))
        )
        transcodes = sum(stream.delivery is Delivery.TRANSCODE for stream in server.streams)
        signed_in: dict[str, Scalar] = (
            {
                "certificate": True,
                "myPlexMappingState": "mapped",
                "myPlexSigninState": "none" if server.rejects_tokens else "ok",
                "myPlexUsername": server.owner.email,
                "updatedAt": 1_700_000_000,
            }
            if server.claimed
            else {
                "myPlexMappingState": "unknown",
                "myPlexSigninState": "none",
                "updatedAt": -1,
            }
        )
        plex_pass = server.claimed and server.owner.plex_pass
        flags: dict[str, Scalar] = dict.fromkeys(
            (
                "allowCameraUpload",
                "allowChannelAccess",
                "allowMediaDeletion",
                "allowSharing",
                "allowSync",
                "allowTuners",
                "backgroundProcessing",
                "companionProxy",
                "eventStream",
                "hubSearch",
                "itemClusters",
                "mediaProviders",
                "multiuser",
                "myPlex",
                "pluginHost",
                "sync",
                "transcoderAudio",
                "transcoderLyrics",
                "transcoderPhoto",
                "transcoderSubtitles",
                "transcoderVideo",
                "updater",
                "voiceSearch",
            ),
            True,
        )
        return server_answer(
            request,
            container(
                *directories,
                **flags,
                **signed_in,
                countryCode="zzz",
                diagnostics="logs,databases,streaminglogs",
                friendlyName=server.name,
                livetv=7,
                machineIdentifier=server.identifies_as or server.machine_identifier,
                musicAnalysis=2,
                myPlexSubscription=plex_pass,
                offlineTranscode=1,
                ownerFeatures=",".join(PLEX_PASS_FEATURES if plex_pass else ()),
                platform=server.platform,
                platformVersion=server.platform_version,
                pushNotifications=False,
                readOnlyLibraries=False,
                streamingBrainABRVersion=3,
                streamingBrainVersion=2,
                transcoderActiveVideoSessions=transcodes,
                transcoderVideoBitrates="64,96,208,320,720,1500,2000,3000,4000,8000,10000",
                transcoderVideoQualities="0,1,2,3,4,5,6,7,8,9,10",
                transcoderVideoResolutions="128,128,160,240,320,480,768,720,720,1080,1080",
                version=server.version,
            ),
        )

    async def sessions(self, request: web.Request, _: Access) -> web.StreamResponse:
        """List what is being played."""
        return server_answer(request, container(*map(stream_node, self.server.streams)))

    async def transcode_sessions(self, request: web.Request, _: Access) -> web.StreamResponse:
        """List what the transcoder does."""
        nodes = []
        for stream in self.server.streams:
            if stream.delivery is not Delivery.DIRECT_PLAY:
                node = transcode_node(stream, key=stream.transcode_id)
                node.shape = Shape.ITEM
                nodes.append(node)
        return server_answer(request, container(*nodes))

    async def accounts(self, request: web.Request, _: Access) -> web.StreamResponse:
        """List the people the server knows: a nameless one, the owner as 1, and the guests."""
        server = self.server
        people = [(0, ""), (1, server.owner.title)]
        people += [(share.account.id, share.account.title) for share in server.shares]
        nodes = tuple(
            Node(
                tag="Account",
                attributes={
                    "id": number,
                    "key": f"/accounts/{number}",
                    "name": name,
                    "defaultAudioLanguage": "en",
                    "autoSelectAudio": True,
                    "defaultSubtitleLanguage": "en",
                    "subtitleMode": 0,
                    "thumb": "",
                },
            )
            for number, name in people
        )
        return server_answer(request, container(*nodes, identifier="com.plexapp.system.accounts"))

    async def myplex_account(self, request: web.Request, _: Access) -> web.StreamResponse:
        """Say with which account the server is signed in, and whether it can be reached."""
        server = self.server
        signed_in = server.claimed and not server.rejects_tokens
        node = Node(
            tag="MyPlex",
            attributes={
                "authToken": token_of(request) or "",
                "username": server.owner.email if signed_in else "",
                "mappingState": "mapped" if signed_in else "unknown",
                "mappingError": "",
                "signInState": "ok" if signed_in else "none",
                "publicAddress": "203.0.113.10",
                "publicPort": 32400,
                "privateAddress": "127.0.0.1",
                "privatePort": server.port,
                "subscriptionFeatures": ",".join(
                    PLEX_PASS_FEATURES if server.owner.plex_pass else ()
                ),
                "subscriptionActive": server.owner.plex_pass,
                "subscriptionState": "Active" if server.owner.plex_pass else "Unknown",
            },
            shape=Shape.OBJECT,
        )
        return server_answer(request, node)

    async def devices(self, request: web.Request, _: Access) -> web.StreamResponse:
        """List the players that the server has seen."""
        nodes = tuple(
            Node(
                tag="Device",
                attributes={
                    "id": number,
                    "name": stream.player.title,
                    "platform": stream.player.platform,
                    "clientIdentifier": stream.player.machine_identifier,
                    "createdAt": 1_700_000_000,
                },
            )
            for number, stream in enumerate(self.server.streams, start=1)
        )
        return server_answer(request, container(*nodes, identifier="com.plexapp.system.devices"))

    def _setting(self, name: str) -> Node:
        value = self.server.preferences[name]
        kind = {bool: "bool", int: "int", str: "text"}[type(value)]
        return Node(
            tag="Setting",
            attributes={
                "id": name,
                "label": name,
                "summary": "",
                "type": kind,
                "default": value,
                "value": value,
                "hidden": False,
                "advanced": False,
                "group": "general",
            },
        )

    async def preferences(self, request: web.Request, _: Access) -> web.StreamResponse:
        """List the settings."""
        return server_answer(request, container(*map(self._setting, self.server.preferences)))

    async def preference(self, request: web.Request, _: Access) -> web.StreamResponse:
        """Show one setting, whose name may be written in any case."""
        wanted = request.query.get("id", "").lower()
        for name in self.server.preferences:
            if name.lower() == wanted:
                return server_answer(request, container(self._setting(name)))
        return server_error(404)

    async def butler(self, request: web.Request, _: Access) -> web.StreamResponse:
        """List the scheduled tasks."""
        nodes = tuple(
            Node(
                tag="ButlerTask",
                attributes={
                    "name": name,
                    "interval": interval,
                    "scheduleRandomized": False,
                    "enabled": True,
                    "title": name,
                    "description": "",
                },
            )
            for name, interval in BUTLER_TASKS.items()
        )
        return server_answer(request, Node(tag="ButlerTasks", children=nodes, shape=Shape.OBJECT))

    async def updater_status(self, request: web.Request, _: Access) -> web.StreamResponse:
        """Show what the updater knows."""
        return server_answer(request, self.server.updater.node(token_of(request)))

    async def updater_check(self, _: web.Request, __: Access) -> web.StreamResponse:
        """Look for a newer version."""
        self.server.updater.check()
        return done()

    async def updater_apply(self, request: web.Request, _: Access) -> web.StreamResponse:
        """Install what was found, or skip it."""
        updater = self.server.updater
        if updater.release is None or not updater.can_install:
            return server_error(400)
        if request.query.get("skip") == "1":
            updater.release.state = "skipped"
            return done()
        updater.release.state = "installing"
        updater.installs.append(updater.release.version)
        await self.server.notifier.notify(
            "update.statechange",
            "AutoUpdateNotification",
            {
                "key": "https://plex.tv/updater/releases/5400",
                "version": updater.release.version,
                "state": "installing",
            },
        )
        return done()

    async def security_token(self, request: web.Request, access: Access) -> web.StreamResponse:
        """Hand out a token that lasts until the next start."""
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
