"""The filters and the order of the lists of a library."""

from collections.abc import Callable

from aiohttp import web

from .items import Item
from .paging import compared

ORDERS: dict[str, Callable[[Item], tuple[str | int, ...]]] = {
    "addedAt": lambda item: (item.added_at, item.rating_key),
    "duration": lambda item: (item.duration,),
    "guid": lambda item: (item.guid,),
    "id": lambda item: (item.rating_key,),
    "index": lambda item: (item.index,),
    "originallyAvailableAt": lambda item: (item.year,),
    "summary": lambda item: (item.summary,),
    "titleSort": lambda item: (item.title,),
    "updatedAt": lambda item: (item.updated_at,),
    "year": lambda item: (item.year,),
}


def narrowed(request: web.Request) -> bool:
    """Return whether the request has filters, which no claimed item passes."""
    return any(name in {"guid", "title"} or name.startswith("addedAt") for name in request.query)


def filtered(request: web.Request, items: list[Item]) -> list[Item]:
    """Return the items that pass the filters, in the requested order."""
    if title := request.query.get("title"):
        items = [item for item in items if title.lower() in item.title.lower()]
    if guid := request.query.get("guid"):
        items = [item for item in items if item.guid == guid]
    items = compared(request, "addedAt", items, lambda item: item.added_at)
    # Sorting is stable: the first field of the list is the last to be sorted by.
    for field in reversed(request.query.get("sort", "").split(",")):
        items = _sorted(items, field)
    return items


def _sorted(items: list[Item], field: str) -> list[Item]:
    """Return the items in the order of a field, such as addedAt:desc; others are ignored."""
    path, _, direction = field.partition(":")
    # The kind before a field may be that of an ancestor: show.titleSort for episodes.
    kind, _, name = path.rpartition(".")
    order = ORDERS.get(name)
    if order is None:
        return items
    return sorted(items, key=lambda item: order(_of_kind(item, kind)), reverse=direction == "desc")


def _of_kind(item: Item, kind: str) -> Item:
    """Return the item itself or its ancestor of a kind."""
    return next((ancestor for ancestor in item.ancestors if ancestor.kind.word == kind), item)
