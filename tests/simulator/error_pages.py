"""The error responses of a media server and of plex.tv."""

from collections.abc import Mapping
from http import HTTPStatus

from aiohttp import web

from .rendering import Node, Shape, answer

PROTOCOL_HEADERS = {"X-Plex-Protocol": "1.0", "Cache-Control": "no-cache"}
ROOT_REDIRECT = (
    "<script>window.location = window.location.href.match(/(^.+\\/)[^\\/]*$/)[1]"
    " + 'web/index.html';</script>"
)


def error_page(code: int, *, root: bool = False) -> str:
    """Return the page of a media server; at the root it redirects browsers to the web app."""
    title = HTTPStatus(code).phrase if code in HTTPStatus else "Error"
    script = ROOT_REDIRECT if root else ""
    return (
        f"<html><head>{script}<title>{title}</title></head>"
        f"<body><h1>{code} {title}</h1></body></html>"
    )


def server_error(code: int, *, root: bool = False) -> web.Response:
    """Return an error of a media server, which is HTML whatever the client accepts."""
    return web.Response(
        status=code,
        text=error_page(code, root=root),
        content_type="text/html",
        headers=PROTOCOL_HEADERS,
    )


def maintenance(request: web.Request) -> web.Response:
    """Return the response of a media server to all requests while it starts."""
    node = Node(
        tag="Response",
        attributes={
            "code": 503,
            "title": "Maintenance",
            "status": "Plex Media Server is currently running startup maintenance tasks.",
        },
        shape=Shape.OBJECT,
    )
    return answer(request, node, wrapped=False, status=503, headers=PROTOCOL_HEADERS)


def plex_tv_error(
    request: web.Request,
    status: int,
    code: int,
    message: str,
    *,
    headers: Mapping[str, str] | None = None,
) -> web.Response:
    """Return an error of plex.tv's API v2 with plex.tv's own code."""
    error = Node(
        tag="error",
        attributes={"code": code, "message": message, "status": status},
    )
    node = Node(tag="errors", children=(error,), shape=Shape.ARRAY)
    wrapper = Node(tag="root", children=(node,), shape=Shape.OBJECT)
    if "application/json" in request.headers.get("Accept", ""):
        return answer(request, wrapper, wrapped=False, status=status, headers=headers)
    return answer(request, node, status=status, headers=headers)


def invalid_token_v1(request: web.Request) -> web.Response:
    """Return the response of plex.tv's old endpoints to an invalid token."""
    if request.path.endswith(".json") or "application/json" in request.headers.get("Accept", ""):
        return web.json_response({"error": "Invalid token"}, status=422)
    return web.Response(
        status=422,
        text='<?xml version="1.0" encoding="UTF-8"?>\n'
        "<errors>\n  <error>Invalid token</error>\n</errors>\n",
        content_type="application/xml",
    )
