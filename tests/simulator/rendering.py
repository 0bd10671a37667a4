"""Serialize one tree of data as Plex does: as XML by default, as JSON on request."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
import json
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from aiohttp import web

type Scalar = str | int | float | bool | None

JSON_TYPE = "application/json"
XML_TYPE = "text/xml"


class Shape(Enum):
    """The JSON form of an XML element."""

    ITEM = auto()
    """One item of a list under its key, even if it is the only one."""
    OBJECT = auto()
    """The object under its key."""
    ARRAY = auto()
    """The list of its children under its key."""
    TEXT = auto()
    """A plain value: the text of the element."""
    ID = auto()
    """A plain value: the `id` of the element."""


@dataclass(kw_only=True)
class Node:
    """One element with its attributes and children."""

    tag: str
    attributes: Mapping[str, Scalar] = field(default_factory=dict)
    children: tuple[Node, ...] = ()
    key: str | None = None
    shape: Shape = Shape.ITEM
    text: str | None = None

    @property
    def json_key(self) -> str:
        """Return the key of the element in JSON."""
        return self.key or self.tag


def container(*children: Node, **attributes: Scalar) -> Node:
    """Return the container that a media server puts around every response."""
    return Node(
        tag="MediaContainer",
        attributes={"size": len(children), **attributes},
        children=children,
        shape=Shape.OBJECT,
    )


def present(**attributes: Scalar) -> dict[str, Scalar]:
    """Return the attributes that have a value; a media server leaves out the others."""
    return {name: value for name, value in attributes.items() if value is not None}


def to_json(node: Node, *, wrapped: bool) -> Any:
    """Return the tree as JSON; that of plex.tv has no wrapper."""
    value = _value(node)
    return {node.json_key: value} if wrapped else value


def _value(node: Node) -> Any:
    if node.shape is Shape.TEXT:
        return node.text
    if node.shape is Shape.ID:
        return node.attributes["id"]
    if node.shape is Shape.ARRAY:
        return [_value(child) for child in node.children]
    value: dict[str, Any] = dict(node.attributes)
    for child in node.children:
        if child.shape in {Shape.ITEM, Shape.ID}:
            value.setdefault(child.json_key, []).append(_value(child))
        else:
            value[child.json_key] = _value(child)
    return value


def _xml_scalar(value: Scalar) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "1" if value else "0"
    return str(value)


def to_xml(node: Node) -> str:
    """Return the tree as an XML document."""
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{_element(node)}\n'


def _element(node: Node) -> str:
    attributes = "".join(
        f" {name}={quoteattr(_xml_scalar(value))}" for name, value in node.attributes.items()
    )
    content = escape(node.text or "") + "".join(_element(child) for child in node.children)
    if not content:
        return f"<{node.tag}{attributes}/>"
    return f"<{node.tag}{attributes}>{content}</{node.tag}>"


def wants_json(request: web.Request) -> bool:
    """Return whether the client accepts JSON."""
    return JSON_TYPE in request.headers.get("Accept", "") or request.path.endswith(".json")


def answer(
    request: web.Request,
    node: Node,
    *,
    wrapped: bool = True,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
) -> web.Response:
    """Return the tree in the format that the client accepts."""
    as_json = wants_json(request)
    text = json.dumps(to_json(node, wrapped=wrapped)) if as_json else to_xml(node)
    return web.Response(
        status=status,
        text=text,
        content_type=JSON_TYPE if as_json else XML_TYPE,
        headers=headers,
    )
