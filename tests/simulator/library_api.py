"""What a simulated server answers over HTTP about the content of its libraries."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from aiohttp import web

from .access import Access
from .guards import Guards, server_answer
from .items import Item, Kind, Section
from .listings import compared, listed, page_of, paged
from .media import item_node, section_node
from .meta import meta_node, sort_nodes
from .pages import server_error
from .rendering import Node, Scalar, container
from .scanner import LIBRARY

if TYPE_CHECKING:
    from .server import PlexServer

SECTION = "/library/sections/{id:\\d+}"
# A server may give fewer than were asked for; this is how many it has time to make up.
MOST_CLAIMED = 1000

ABOUT_LISTS: dict[str, Scalar] = {
    "allowSync": True,
    "identifier": LIBRARY,
    "mediaTagPrefix": "/system/bundle/media/flags/",
    "mediaTagVersion": 1_700_000_000,
}


class LibraryApi:
    """The endpoints that read under /library, and what belongs to them."""

    def __init__(self, server: PlexServer) -> None:
        """Answer for this server."""
        self.server = server

    def routes(self, guards: Guards) -> list[web.RouteDef]:
        """Return the endpoints; a guest sees what was shared."""
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
            web.get(SECTION + "/recentlyAdded", anyone(self.recently_added)),
            web.get(SECTION + "/onDeck", anyone(self.on_deck)),
            web.get(SECTION + "/sorts", anyone(self.sorts)),
            web.get(SECTION + "/collections", anyone(self.none)),
            web.get("/library/recentlyAdded", anyone(self.recently_added)),
            web.get("/library/onDeck", anyone(self.on_deck)),
            web.get("/library/metadata/{keys:[\\d,]+}", anyone(self.metadata)),
            web.get("/library/metadata/{key:\\d+}/children", anyone(self.children)),
            web.get("/library/metadata/{key:\\d+}/allLeaves", anyone(self.leaves)),
            web.get("/hubs/search", anyone(self.search)),
            web.get("/playlists", anyone(self.none)),
        ]

    # What somebody may see

    def _visible(self, access: Access) -> list[Section]:
        return [section for section in self.server.library.sections if access.sees(section.id)]

    def _section(self, request: web.Request, access: Access) -> Section | None:
        number = int(request.match_info["id"])
        return self.server.library.section(number) if access.sees(number) else None

    def _sections(self, request: web.Request, access: Access) -> list[Section]:
        """Return the library that was asked for, or all where none was."""
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
            lambda item: item_node(item, viewer=access.account_id),
            **ABOUT_LISTS,
            **attributes,
        )

    # Libraries

    async def none(self, request: web.Request, _: Access) -> web.StreamResponse:
        """List nothing."""
        return server_answer(request, container())

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
        art = "/:/resources/library-art.png"
        return server_answer(
            request, container(*nodes, allowSync=False, art=art, title1="Plex Library")
        )

    async def sections(self, request: web.Request, access: Access) -> web.StreamResponse:
        """List the libraries."""
        nodes = map(section_node, self._visible(access))
        return server_answer(request, container(*nodes, allowSync=False, title1="Plex Library"))

    async def section(self, request: web.Request, access: Access) -> web.StreamResponse:
        """Say what one library has."""
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
        """List the orders in which a library can be shown."""
        nodes = tuple(Node(tag="Directory", attributes=node.attributes) for node in sort_nodes())
        return server_answer(request, container(*nodes))

    # Items

    async def items(self, request: web.Request, access: Access) -> web.StreamResponse:
        """List what one library holds, of one kind, perhaps sorted and filtered."""
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
        wanted = _filtered(request, self.server.library.of(section, kind))
        claimed = 0 if _narrowed(request) else section.claims.get(kind, 0)
        total = len(wanted) + claimed
        start, size = page_of(request, total)
        page = wanted[start : start + size]
        if (left := size - len(page)) and claimed:
            first = max(0, start - len(wanted))
            last = first + min(left, MOST_CLAIMED)
            page += self.server.library.claimed(section, kind, first, last)
        return listed(
            request,
            [item_node(item, viewer=access.account_id) for item in page],
            ABOUT_LISTS | attributes,
            start=start,
            total=total,
            meta=meta_node(section) if request.query.get("includeMeta") == "1" else None,
        )

    async def everything(self, request: web.Request, access: Access) -> web.StreamResponse:
        """List what all libraries hold, of one kind."""
        try:
            kind = Kind(int(request.query.get("type", "")))
        except ValueError:
            return server_error(400)
        found = [
            item
            for section in self._visible(access)
            for item in self.server.library.of(section, kind)
        ]
        return self._list(request, access, _filtered(request, found))

    async def recently_added(self, request: web.Request, access: Access) -> web.StreamResponse:
        """List what is new, everywhere or in one library."""
        found = self.server.library.recently_added(self._sections(request, access))
        return self._list(request, access, found, mixedParents=True)

    async def on_deck(self, request: web.Request, access: Access) -> web.StreamResponse:
        """List what the caller began."""
        sections = self._sections(request, access)
        return self._list(request, access, self.server.library.on_deck(sections, access.account_id))

    async def metadata(self, request: web.Request, access: Access) -> web.StreamResponse:
        """Show items by their keys."""
        keys = [key for key in request.match_info["keys"].split(",") if key]
        found = [item for key in keys if (item := self._item(key, access))]
        if not found:
            return server_error(404)
        section = found[0].section
        markers = request.query.get("includeMarkers") == "1"
        return paged(
            request,
            found,
            lambda item: item_node(item, viewer=access.account_id, markers=markers),
            **ABOUT_LISTS,
            librarySectionID=section.id,
            librarySectionTitle=section.title,
            librarySectionUUID=section.uuid,
        )

    async def children(self, request: web.Request, access: Access) -> web.StreamResponse:
        """List what is directly in an item."""
        item = self._item(request.match_info["key"], access)
        if item is None:
            return server_error(404)
        return self._list(request, access, item.children)

    async def leaves(self, request: web.Request, access: Access) -> web.StreamResponse:
        """List what can be played in an item."""
        item = self._item(request.match_info["key"], access)
        if item is None:
            return server_error(404)
        return self._list(request, access, [*item.leaves()])

    async def search(self, request: web.Request, access: Access) -> web.StreamResponse:
        """Look for a text in all titles, or in those of one library, by kind."""
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


def _narrowed(request: web.Request) -> bool:
    """Return whether the caller wants only some items, among which is nothing only claimed."""
    return any(name == "title" or name.startswith("addedAt") for name in request.query)


def _filtered(request: web.Request, items: list[Item]) -> list[Item]:
    """Return the items that the caller wants, in the order that the caller wants."""
    if title := request.query.get("title"):
        items = [item for item in items if title.lower() in item.title.lower()]
    items = compared(request, "addedAt", items, lambda item: item.added_at)
    field, _, direction = request.query.get("sort", "").partition(":")
    # A field may be written with its kind before it, as in movie.addedAt.
    if field.rpartition(".")[2] == "addedAt":
        items = sorted(items, key=lambda item: (item.added_at, item.rating_key))
        if direction == "desc":
            items.reverse()
    return items


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
