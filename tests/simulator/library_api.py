"""What a simulated server answers over HTTP about its libraries."""

from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING

from aiohttp import web

from .access import Access
from .library import Item, Kind, Section
from .media import item_node, section_node
from .meta import meta_node, sort_nodes
from .pages import PROTOCOL_HEADERS, server_error
from .rendering import Node, Scalar, Shape, answer, container

if TYPE_CHECKING:
    from .server import PlexServer

type Admitted = Callable[[web.Request, Access], Awaitable[web.StreamResponse]]
type Guard = Callable[[Admitted], Callable[[web.Request], Awaitable[web.StreamResponse]]]

LIBRARY = "com.plexapp.plugins.library"


def _number(request: web.Request, name: str, default: int) -> int:
    text = request.headers.get(name) or request.query.get(name)
    return int(text) if text and text.isdigit() else default


class LibraryApi:
    """The endpoints under /library and what belongs to them."""

    def __init__(self, server: PlexServer) -> None:
        """Answer for this server."""
        self.server = server

    def routes(self, anyone: Guard, owner: Guard) -> list[web.RouteDef]:
        """Return the endpoints; the guards let in whoever may use the server, or its owner."""
        return [
            web.get("/library", owner(self.library)),
            web.get("/library/", owner(self.library)),
            web.get("/library/sections", anyone(self.sections)),
            web.get("/library/sections/", anyone(self.sections)),
            web.get("/library/sections/all", anyone(self.sections)),
            web.get("/library/sections/{id:\\d+}", anyone(self.section)),
            web.get("/library/sections/{id:\\d+}/all", anyone(self.items)),
            web.get("/library/sections/{id:\\d+}/recentlyAdded", anyone(self.recently_added)),
            web.get("/library/sections/{id:\\d+}/onDeck", anyone(self.on_deck)),
            web.get("/library/sections/{id:\\d+}/sorts", anyone(self.sorts)),
            web.get("/library/sections/{id:\\d+}/collections", anyone(self.none)),
            web.get("/library/sections/{id:\\d+}/refresh", owner(self.refresh)),
            web.get("/library/recentlyAdded", anyone(self.recently_added)),
            web.get("/library/onDeck", anyone(self.on_deck)),
            web.get("/library/metadata/{keys:[\\d,]+}", anyone(self.metadata)),
            web.get("/library/metadata/{key:\\d+}/children", anyone(self.children)),
            web.get("/library/metadata/{key:\\d+}/allLeaves", anyone(self.leaves)),
            web.get("/hubs/search", anyone(self.search)),
            web.get("/playlists", anyone(self.none)),
        ]

    def _list(
        self,
        request: web.Request,
        items: Sequence[Node],
        *,
        meta: Node | None = None,
        **attributes: Scalar,
    ) -> web.Response:
        """Return a list, or the page of it that was asked for."""
        start = _number(request, "X-Plex-Container-Start", 0)
        size = _number(request, "X-Plex-Container-Size", len(items))
        page = items[start : start + size]
        node = Node(
            tag="MediaContainer",
            attributes={
                "size": len(page),
                "totalSize": len(items),
                "offset": start,
                "allowSync": True,
                "identifier": LIBRARY,
                "mediaTagPrefix": "/system/bundle/media/flags/",
                "mediaTagVersion": 1_700_000_000,
                **attributes,
            },
            children=(*([meta] if meta else []), *page),
            shape=Shape.OBJECT,
        )
        headers = PROTOCOL_HEADERS | {
            "X-Plex-Container-Start": str(start),
            "X-Plex-Container-Total-Size": str(len(items)),
        }
        return answer(request, node, headers=headers)

    def _section(self, request: web.Request) -> Section | None:
        return self.server.library.section(int(request.match_info["id"]))

    async def none(self, request: web.Request, _: Access) -> web.StreamResponse:
        """List nothing."""
        return answer(request, container(), headers=PROTOCOL_HEADERS)

    async def library(self, request: web.Request, _: Access) -> web.StreamResponse:
        """Say what /library has, to the owner."""
        nodes = tuple(
            Node(tag="Directory", attributes={"key": key, "title": title})
            for key, title in (
                ("sections", "Library Sections"),
                ("recentlyAdded", "Recently Added Content"),
                ("onDeck", "On Deck Content"),
            )
        )
        node = container(
            *nodes, allowSync=False, art="/:/resources/library-art.png", title1="Plex Library"
        )
        return answer(request, node, headers=PROTOCOL_HEADERS)

    async def sections(self, request: web.Request, _: Access) -> web.StreamResponse:
        """List the libraries."""
        nodes = map(section_node, self.server.library.sections)
        node = container(*nodes, allowSync=False, title1="Plex Library")
        return answer(request, node, headers=PROTOCOL_HEADERS)

    async def section(self, request: web.Request, _: Access) -> web.StreamResponse:
        """Say what one library has."""
        section = self._section(request)
        if section is None:
            return server_error(404)
        nodes = tuple(
            Node(tag="Directory", attributes={"key": key, "title": title})
            for key, title in (("all", f"All {section.title}"), ("recentlyAdded", "Recently Added"))
        )
        node = container(
            *nodes,
            allowSync=False,
            content="secondary",
            identifier=LIBRARY,
            librarySectionID=section.id,
            title1=section.title,
        )
        return answer(request, node, headers=PROTOCOL_HEADERS)

    async def items(self, request: web.Request, _: Access) -> web.StreamResponse:
        """List what one library holds, of one kind, perhaps sorted and filtered by title."""
        section = self._section(request)
        if section is None:
            return server_error(404)
        try:
            kind = Kind(int(request.query.get("type", section.kind)))
        except ValueError:
            return self._list(request, [])
        found = self.server.library.of(section, kind)
        if title := request.query.get("title"):
            found = [item for item in found if title.lower() in item.title.lower()]
        if request.query.get("sort", "").startswith("addedAt"):
            found.sort(key=lambda item: (item.added_at, item.rating_key))
            if request.query["sort"].endswith(":desc"):
                found.reverse()
        nodes = [item_node(item) for item in found]
        attributes: dict[str, Scalar] = {
            "art": f"/:/resources/{section.path_of_picture}-fanart.jpg",
            "librarySectionID": section.id,
            "librarySectionTitle": section.title,
            "librarySectionUUID": section.uuid,
            "thumb": f"/:/resources/{section.path_of_picture}.png",
            "title1": section.title,
            "title2": f"All {section.title}",
            "viewGroup": section.kind.word,
        }
        meta = meta_node(section) if request.query.get("includeMeta") == "1" else None
        return self._list(request, nodes, meta=meta, **attributes)

    async def sorts(self, request: web.Request, _: Access) -> web.StreamResponse:
        """List the orders in which a library can be shown."""
        nodes = tuple(Node(tag="Directory", attributes=node.attributes) for node in sort_nodes())
        return answer(request, container(*nodes), headers=PROTOCOL_HEADERS)

    async def recently_added(self, request: web.Request, _: Access) -> web.StreamResponse:
        """List what is new, everywhere or in one library."""
        section = self._section(request) if "id" in request.match_info else None
        found = self.server.library.recently_added(section)
        return self._list(request, [item_node(item) for item in found], mixedParents=True)

    async def on_deck(self, request: web.Request, _: Access) -> web.StreamResponse:
        """List what was begun."""
        found = self.server.library.on_deck()
        return self._list(request, [item_node(item) for item in found])

    async def metadata(self, request: web.Request, _: Access) -> web.StreamResponse:
        """Show items by their keys."""
        keys = [int(key) for key in request.match_info["keys"].split(",") if key]
        found = [item for key in keys if (item := self.server.library.item(key))]
        if not found:
            return server_error(404)
        section = found[0].section
        return self._list(
            request,
            [item_node(item) for item in found],
            librarySectionID=section.id,
            librarySectionTitle=section.title,
            librarySectionUUID=section.uuid,
        )

    def _item(self, request: web.Request) -> Item | None:
        return self.server.library.item(int(request.match_info["key"]))

    async def children(self, request: web.Request, _: Access) -> web.StreamResponse:
        """List what is directly in an item."""
        item = self._item(request)
        if item is None:
            return server_error(404)
        return self._list(request, [item_node(child) for child in item.children])

    async def leaves(self, request: web.Request, _: Access) -> web.StreamResponse:
        """List what can be played in an item."""
        item = self._item(request)
        if item is None:
            return server_error(404)
        return self._list(request, [item_node(leaf) for leaf in item.leaves()])

    async def search(self, request: web.Request, _: Access) -> web.StreamResponse:
        """Look for a text in all titles, by kind."""
        text = request.query.get("query")
        if not text:
            return server_error(400)
        found = self.server.library.search(text)
        hubs = []
        for kind in Kind:
            nodes = tuple(item_node(item) for item in found if item.kind is kind)
            if nodes:
                hubs.append(
                    Node(
                        tag="Hub",
                        attributes={
                            "title": f"{kind.word.title()}s",
                            "type": kind.word,
                            "hubIdentifier": kind.word,
                            "context": "hub.search",
                            "size": len(nodes),
                            "more": False,
                            "style": "shelf",
                        },
                        children=nodes,
                    )
                )
        return answer(request, container(*hubs), headers=PROTOCOL_HEADERS)

    async def refresh(self, request: web.Request, _: Access) -> web.StreamResponse:
        """Scan a library, which finds nothing new."""
        section = self._section(request)
        if section is None:
            return server_error(404)
        await self.server.scan(section)
        return web.Response(content_type="text/html", headers=PROTOCOL_HEADERS)
