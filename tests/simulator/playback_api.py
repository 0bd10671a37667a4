"""The HTTP endpoints of a server for sessions, history, watched state and ratings."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from aiohttp import web

from .access import Access
from .error_pages import server_error
from .guards import Guards, done, server_answer
from .items import Item, Viewing
from .paging import compared, paged
from .playback import Play
from .rendering import Node, Shape, container, present
from .scanner import LIBRARY
from .sessions import stream_node, transcode_node
from .streams import Delivery, State

if TYPE_CHECKING:
    from .server import PlexServer

TERMINATED = 2006


class PlaybackApi:
    """The endpoints for sessions, history, watched state and ratings."""

    def __init__(self, server: PlexServer) -> None:
        """Initialize for this server."""
        self.server = server

    def routes(self, guards: Guards) -> list[web.RouteDef]:
        """Return the endpoints. Sessions are the owner's; the rest is separate for each account."""
        anyone, owner = guards.anyone, guards.owner
        terminate = owner(self.terminate)
        timeline = anyone(self.timeline)
        return [
            web.get("/status/sessions", owner(self.sessions)),
            web.get("/status/sessions/terminate", terminate),
            web.post("/status/sessions/terminate", terminate),
            web.get("/status/sessions/history/all", anyone(self.history)),
            web.get("/transcode/sessions", owner(self.transcode_sessions)),
            web.get("/:/timeline", timeline),
            web.post("/:/timeline", timeline),
            *(
                route(path, anyone(handler))
                for path, handler in (
                    ("/:/scrobble", self.scrobble),
                    ("/:/unscrobble", self.unscrobble),
                    ("/:/rate", self.rate),
                    ("/:/progress", self.progress),
                )
                for route in (web.get, web.put)
            ),
        ]

    async def sessions(self, request: web.Request, _: Access) -> web.StreamResponse:
        """List the streams."""
        begun_by = self.server.traffic.clock() - self.server.lists_streams_after
        listed = [stream for stream in self.server.streams if stream.begun_at <= begun_by]
        return server_answer(request, container(*map(stream_node, listed)))

    async def transcode_sessions(self, request: web.Request, _: Access) -> web.StreamResponse:
        """List the transcode sessions."""
        nodes = []
        for stream in self.server.streams:
            if stream.delivery is not Delivery.DIRECT_PLAY:
                node = transcode_node(stream, key=stream.transcode_id)
                node.shape = Shape.ITEM
                nodes.append(node)
        return server_answer(request, container(*nodes))

    async def terminate(self, request: web.Request, _: Access) -> web.StreamResponse:
        """End a stream with a message to its player, which needs a Plex Pass."""
        if not self.server.plex_pass:
            return server_error(401)
        wanted = request.query.get("sessionId")
        if not wanted:
            return server_error(403)
        for stream in self.server.streams:
            if stream.with_session and stream.session_id == wanted:
                stop = self.server.stops_streams_at_once
                await self.server.playback.terminate(
                    stream, request.query.get("reason", ""), stop=stop
                )
                return done()
        return server_error(404)

    async def timeline(self, request: web.Request, _: Access) -> web.StreamResponse:
        """Handle the report of a player, and respond whether it has been stopped."""
        player = request.headers.get("X-Plex-Client-Identifier", "")
        playback = self.server.playback
        for stream in (*playback.ended, *playback.streams):
            if stream.termination and stream.player.machine_identifier == player:
                text, stream.termination = stream.termination, None
                if not stream.gone:
                    await stream.stop()
                return server_answer(
                    request, container(terminationCode=TERMINATED, terminationText=text)
                )
        for stream in list(playback.streams):
            if stream.player.machine_identifier == player:
                time = request.query.get("time", "")
                if time.isdigit():
                    stream.place_at(int(time))
                await stream.become(State(request.query.get("state", "playing")))
        return server_answer(request, container())

    # The history

    async def history(self, request: web.Request, access: Access) -> web.StreamResponse:
        """List the history: of all accounts to the owner, and only its own to a guest."""
        rows = [
            row
            for row in self.server.playback.history
            if access.owner or row.account_id == access.account_id
        ]
        fields: dict[str, Callable[[Play], int]] = {
            "accountID": lambda row: row.account_id,
            "viewedAt": lambda row: row.viewed_at,
            "librarySectionID": lambda row: row.item.section.id,
        }
        for name, value in fields.items():
            rows = compared(request, name, rows, value)
        if (wanted := request.query.get("metadataItemID", "")).isdigit():
            rows = [row for row in rows if int(wanted) in _keys_of(row.item)]
        rows.sort(key=lambda row: (row.viewed_at, row.id))
        if request.query.get("sort") == "viewedAt:desc":
            rows.reverse()
        return paged(request, rows, self._play_node)

    def _play_node(self, row: Play) -> Node:
        item = row.item
        parent = item.parent
        top = parent.parent if parent else None
        there = self.server.library.item(item.rating_key) is not None
        attributes = present(
            historyKey=f"/status/sessions/history/{row.id}",
            key=item.key if there else None,
            ratingKey=str(item.rating_key) if there else None,
            librarySectionID=str(item.section.id),
            parentKey=parent.key if parent else None,
            grandparentKey=top.key if top else None,
            title=item.title,
            grandparentTitle=top.title if top else None,
            type=item.kind.word,
            thumb=f"{item.key}/thumb/{item.updated_at}",
            parentThumb=f"{parent.key}/thumb/{parent.updated_at}" if parent else None,
            grandparentThumb=f"{top.key}/thumb/{top.updated_at}" if top else None,
            index=item.index if parent else None,
            parentIndex=parent.index if parent else None,
            originallyAvailableAt=f"{item.year}-01-01",
            viewedAt=row.viewed_at,
            accountID=row.account_id,
            deviceID=row.device_id,
        )
        return Node(tag=item.kind.tag, key="Metadata", attributes=attributes)

    # Watched state and ratings

    def _item(self, request: web.Request, access: Access) -> Item | web.Response:
        if request.query.get("identifier") is None or "key" not in request.query:
            return server_error(400)
        key = request.query["key"]
        if not key.isdigit():
            return server_error(400)
        item = self.server.library.item(int(key))
        known = request.query["identifier"] == LIBRARY
        if item is None or not known or not access.sees(item.section.id):
            return server_error(404)
        return item

    async def _mark(
        self, request: web.Request, access: Access, mark: Callable[[Viewing], None]
    ) -> web.StreamResponse:
        item = self._item(request, access)
        if isinstance(item, web.Response):
            return item
        for leaf in (item,) if item.playable else item.leaves():
            mark(leaf.view(access.account_id))
        return done()

    async def scrobble(self, request: web.Request, access: Access) -> web.StreamResponse:
        """Mark an item, or everything in it, as watched."""
        now = int(self.server.traffic.clock())

        def watched(viewing: Viewing) -> None:
            viewing.count += 1
            viewing.offset = 0
            viewing.last_at = now

        return await self._mark(request, access, watched)

    async def unscrobble(self, request: web.Request, access: Access) -> web.StreamResponse:
        """Mark an item, or everything in it, as unwatched."""

        def unwatched(viewing: Viewing) -> None:
            viewing.count = viewing.offset = 0
            viewing.last_at = None

        return await self._mark(request, access, unwatched)

    async def progress(self, request: web.Request, access: Access) -> web.StreamResponse:
        """Remember how far an item was played, without a stream."""
        item = self._item(request, access)
        if isinstance(item, web.Response):
            return item
        time = request.query.get("time", "")
        if not time.isdecimal() or not item.playable:
            return server_error(400)
        viewing = item.view(access.account_id)
        viewing.offset = int(time)
        viewing.last_at = int(self.server.traffic.clock())
        return done()

    async def rate(self, request: web.Request, access: Access) -> web.StreamResponse:
        """Rate an item from 0 to 10, or remove the rating with -1."""
        item = self._item(request, access)
        if isinstance(item, web.Response):
            return item
        try:
            rating = float(request.query.get("rating", ""))
        except ValueError:
            return server_error(400)
        if not -1 <= rating <= 10:
            return server_error(400)
        item.view(access.account_id).rating = None if rating < 0 else rating
        return done()


def _keys_of(item: Item) -> set[int]:
    return {item.rating_key, *(ancestor.rating_key for ancestor in item.ancestors)}
