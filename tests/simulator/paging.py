"""Filters and pages of the lists of a server."""

from collections.abc import Callable, Mapping, Sequence
import operator

from aiohttp import web

from .error_pages import PROTOCOL_HEADERS
from .rendering import Node, Scalar, Shape, answer

START, SIZE = "X-Plex-Container-Start", "X-Plex-Container-Size"
# Plex writes "greater or equal" as >=, of which the name of an argument keeps the first half.
OPERATORS = {
    "": operator.eq,
    ">": operator.ge,
    "<": operator.le,
    ">>": operator.gt,
    "<<": operator.lt,
}


def page_of(request: web.Request, total: int) -> tuple[int, int]:
    """Return the start and the maximum length of the requested page."""
    return _number(request, START, 0), _number(request, SIZE, total)


def _number(request: web.Request, name: str, default: int) -> int:
    text = request.headers.get(name) or request.query.get(name)
    return int(text) if text and text.isdigit() else default


def compared[T](
    request: web.Request, name: str, rows: list[T], value: Callable[[T], int]
) -> list[T]:
    """Return the rows that pass the filters on a field; a malformed filter is ignored."""
    for sign, compare in OPERATORS.items():
        wanted = request.query.get(name + sign, "")
        if wanted.isdigit():
            rows = [row for row in rows if compare(value(row), int(wanted))]
    return rows


def paged[T](
    request: web.Request,
    rows: Sequence[T],
    node_of: Callable[[T], Node],
    **attributes: Scalar,
) -> web.Response:
    """Return a list, or the requested page of it."""
    start, size = page_of(request, len(rows))
    nodes = [node_of(row) for row in rows[start : start + size]]
    return listed(request, nodes, attributes, start=start, total=len(rows))


def listed(
    request: web.Request,
    nodes: Sequence[Node],
    attributes: Mapping[str, Scalar],
    *,
    start: int,
    total: int,
    meta: Node | None = None,
) -> web.Response:
    """Return one page of a list with this total size."""
    node = Node(
        tag="MediaContainer",
        attributes={"size": len(nodes), "totalSize": total, "offset": start, **attributes},
        children=(*([meta] if meta else []), *nodes),
        shape=Shape.OBJECT,
    )
    headers = PROTOCOL_HEADERS | {START: str(start), "X-Plex-Container-Total-Size": str(total)}
    return answer(request, node, headers=headers)
