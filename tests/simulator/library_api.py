"""The HTTP endpoints of a server for the content of its libraries."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from aiohttp import web

from .access import Access
from .error_pages import server_error
from .guards import Guards, server_answer
from .items import Item, Kind, Section
from .library_filters import filtered, narrowed
from .library_meta import meta_node, sort_nodes
from .media import Extras, item_node, section_node
from .paging import listed, page_of, paged
from .rendering import Node, Scalar, container
from .scanner import LIBRARY

if TYPE_CHECKING:
    from .server import PlexServer

SECTION = "/library/sections/{id:\\d+}"
# A server may return fewer items than requested; this many claimed ones are created at a time.
MOST_CLAIMED = 1000

ABOUT_LISTS: dict[str, Scalar] = {
    "allowSync": True,
    "identifier": LIBRARY,
    "mediaTagPrefix": "/system/bundle/media/flags/",
    "mediaTagVersion": 1_700_000_000,
}


class LibraryApi:
    """The endpoints that read libraries: those under /library, and the searches."""

    def __init__(self, server: PlexServer) -> None:
        """Initialize for this server."""
        self.server = server

    def routes(self, guards: Guards) -> list[web.RouteDef]:
        """Return the endpoints; a guest sees the shared libraries."""
        anyone, owner = guards.anyone, guards.owner
        return [
            web.get("/library", owner(self.library)),
            web.get("/library/", owner(self.library)),
            web.get("/library/all", anyone(self.everything)),
            web.get("/library/sections", anyone(self.sections)),
            web.get("/library/sections/", anyone(self.sections)),
            web.get("/library/sections/all", anyone(self.sections)),
            web.get(SECTION, anyone(self.section)),
            web.get(SECTION + "/all", anyone(self.items)),
            web.get(SECTION + "/albums", anyone(self.albums)),
            web.get(SECTION + "/recentlyAdded", anyone(self.recently_added)),
            web.get(SECTION + "/onDeck", anyone(self.on_deck)),
            web.get(SECTION + "/sorts", anyone(self.sorts)),
            web.get(SECTION + "/timeline", anyone(self.timeline)),
            web.get(SECTION + "/collections", anyone(self.none)),
            web.get("/library/recentlyAdded", anyone(self.recently_added)),
            web.get("/library/onDeck", anyone(self.on_deck)),
            web.get("/hubs/continueWatching/items", anyone(self.on_deck)),
            web.get("/hubs/sections/{id:\\d+}/continueWatching/items", anyone(self.on_deck)),
            web.get("/library/metadata/{keys:[\\d,]+}", anyone(self.metadata)),
            web.get("/library/metadata/{key:\\d+}/children", anyone(self.children)),
            web.get("/library/metadata/{key:\\d+}/allLeaves", anyone(self.leaves)),
            web.get("/hubs/search", anyone(self.search)),
            web.get("/playlists", anyone(self.none)),
        ]

    # Access

    def _visible(self, access: Access) -> list[Section]:
        return [section for section in self.server.library.sections if access.sees(section.id)]

    def _section(self, request: web.Request, access: Access) -> Section | None:
        number = int(request.match_info["id"])
        return self.server.library.section(number) if access.sees(number) else None

    def _sections(self, request: web.Request, access: Access) -> list[Section]:
        """Return the requested library, or all if none was requested."""
        if "id" not in request.match_info:
            return self._visible(access)
        section = self._section(request, access)
        return [section] if section else []

    def _item(self, key: str, access: Access) -> Item | None:
        item = self.server.library.item(int(key))
        return item if item and access.sees(item.section.id) else None

    def _list(
        self, request: web.Request, access: Access, items: Sequence[Item], **attributes: Scalar
    ) -> web.Response:
        return paged(
            request,
            items,
            lambda item: item_node(item, viewer=access.account_id, extras=_extras(request)),
            **ABOUT_LISTS,
            **attributes,
        )

    # Libraries

    async def none(self, request: web.Request, _: Access) -> web.StreamResponse:
        """List nothing."""
        return server_answer(request, container())

    async def library(self, request: web.Request, _: Access) -> web.StreamResponse:
        """Return /library, which only the owner may read."""
        nodes = tuple(
            Node(tag="Directory", attributes={"key": key, "title": title})
            for key, title in (
                ("sections", "Library Sections"),
                ("recentlyAdded", "Recently Added Content"),
                ("onDeck", "On Deck Content"),
            )
        )
        art = "/:/resources/library-art.png"
        return server_answer(
            request, container(*nodes, allowSync=False, art=art, title1="Plex Library")
        )

    async def sections(self, request: web.Request, access: Access) -> web.StreamResponse:
        """List the libraries."""
        nodes = map(section_node, self._visible(access))
        return server_answer(request, container(*nodes, allowSync=False, title1="Plex Library"))

    async def section(self, request: web.Request, access: Access) -> web.StreamResponse:
        """Return the ways to list one library."""
        section = self._section(request, access)
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
        return server_answer(request, node)

    async def sorts(self, request: web.Request, _: Access) -> web.StreamResponse:
        """List the sort orders of a library."""
        nodes = tuple(Node(tag="Directory", attributes=node.attributes) for node in sort_nodes())
        return server_answer(request, container(*nodes))

    async def timeline(self, request: web.Request, access: Access) -> web.StreamResponse:
        """Return when a library changed last, and how many of its items are being processed."""
        section = self._section(request, access)
        if section is None:
            return server_error(404)
        newest = self.server.library.recently_added([section])
        node = container(
            **ABOUT_LISTS
            | {
                "allowSync": False,
                "content": "secondary",
                "art": f"/:/resources/{section.path_of_picture}-fanart.jpg",
                "latestEntryTime": newest[0].added_at if newest else section.created_at,
                "thumb": f"/:/resources/{section.path_of_picture}.png",
                "title1": section.title,
                "updateQueueSize": 0,
                "viewGroup": "secondary",
            }
        )
        node.attributes = {**node.attributes, "size": 1}
        return server_answer(request, node)

    # Items

    async def items(self, request: web.Request, access: Access) -> web.StreamResponse:
        """List the items of one kind in a library, optionally sorted and filtered."""
        section = self._section(request, access)
        if section is None:
            return server_error(404)
        try:
            kind = Kind(int(request.query.get("type", section.kind)))
        except ValueError:
            return self._list(request, access, [])
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
        wanted = filtered(request, self.server.library.of(section, kind))
        claimed = 0 if narrowed(request) else section.claims.get(kind, 0)
        total = len(wanted) + claimed
        start, size = page_of(request, total)
        page = wanted[start : start + size]
        if (left := size - len(page)) and claimed:
            first = max(0, start - len(wanted))
            last = first + min(left, MOST_CLAIMED)
            page += self.server.library.claimed(section, kind, first, last)
        return listed(
            request,
            [
                item_node(item, viewer=access.account_id, in_library=True, extras=_extras(request))
                for item in page
            ],
            ABOUT_LISTS | attributes,
            start=start,
            total=total,
            meta=meta_node(section) if request.query.get("includeMeta") == "1" else None,
        )

    async def everything(self, request: web.Request, access: Access) -> web.StreamResponse:
        """List the items of one kind in all libraries, by default of the kind of each library."""
        try:
            wanted = Kind(int(request.query["type"])) if "type" in request.query else None
        except ValueError:
            return server_error(400)
        found = [
            item
            for section in self._visible(access)
            for item in self.server.library.of(section, wanted or section.kind)
        ]
        return self._list(request, access, filtered(request, found))

    async def albums(self, request: web.Request, access: Access) -> web.StreamResponse:
        """List the albums of a music library."""
        found = [
            album
            for section in self._sections(request, access)
            for album in self.server.library.of(section, Kind.ALBUM)
        ]
        return self._list(request, access, found, mixedParents=True)

    async def recently_added(self, request: web.Request, access: Access) -> web.StreamResponse:
        """List the recently added items, of all libraries or of one."""
        found = self.server.library.recently_added(self._sections(request, access))
        return self._list(request, access, found, mixedParents=True)

    async def on_deck(self, request: web.Request, access: Access) -> web.StreamResponse:
        """List the items that the account started."""
        sections = self._sections(request, access)
        return self._list(request, access, self.server.library.on_deck(sections, access.account_id))

    async def metadata(self, request: web.Request, access: Access) -> web.StreamResponse:
        """Return items by their keys."""
        keys = [key for key in request.match_info["keys"].split(",") if key]
        found = [item for key in keys if (item := self._item(key, access))]
        if not found:
            return server_error(404)
        section = found[0].section
        extras = _extras(request, whole=True)
        return paged(
            request,
            found,
            lambda item: item_node(item, viewer=access.account_id, extras=extras),
            **ABOUT_LISTS,
            librarySectionID=section.id,
            librarySectionTitle=section.title,
            librarySectionUUID=section.uuid,
        )

    async def children(self, request: web.Request, access: Access) -> web.StreamResponse:
        """List the children of an item."""
        item = self._item(request.match_info["key"], access)
        if item is None:
            return server_error(404)
        section = item.section
        return paged(
            request,
            item.children,
            lambda child: item_node(
                child, viewer=access.account_id, in_library=True, extras=_extras(request)
            ),
            **ABOUT_LISTS,
            key=str(item.rating_key),
            librarySectionID=section.id,
            librarySectionTitle=section.title,
            librarySectionUUID=section.uuid,
        )

    async def leaves(self, request: web.Request, access: Access) -> web.StreamResponse:
        """List the playable items in an item."""
        item = self._item(request.match_info["key"], access)
        if item is None:
            return server_error(404)
        return self._list(request, access, [*item.leaves()])

    async def search(self, request: web.Request, access: Access) -> web.StreamResponse:
        """Search the titles of all libraries or of one, with the results grouped by kind."""
        text = request.query.get("query")
        if not text:
            return server_error(400)
        sections = self._visible(access)
        if wanted := request.query.get("sectionId"):
            sections = [section for section in sections if str(section.id) == wanted]
        found = self.server.library.search(text, sections)
        limit = request.query.get("limit", "")
        most = int(limit) if limit.isdigit() else len(found)
        hubs = [
            _hub(kind, of_kind[:most], more=len(of_kind) > most, viewer=access.account_id)
            for kind in Kind
            if (of_kind := [item for item in found if item.kind is kind])
        ]
        return server_answer(request, container(*hubs))


def _extras(request: web.Request, *, whole: bool = False) -> Extras:
    """Return what a request includes; the markers are for single items only."""
    included = {name for name, value in request.query.items() if value == "1"}
    return Extras(
        whole=whole,
        guids="includeGuids" in included,
        markers=whole and "includeMarkers" in included,
        checked=whole and "checkFiles" in included,
    )


def _hub(kind: Kind, items: Sequence[Item], *, more: bool, viewer: int) -> Node:
    return Node(
        tag="Hub",
        attributes={
            "title": f"{kind.word.title()}s",
            "type": kind.word,
            "hubIdentifier": kind.word,
            "context": "hub.search",
            "size": len(items),
            "more": more,
            "style": "shelf",
        },
        children=tuple(item_node(item, viewer=viewer) for item in items),
    )
