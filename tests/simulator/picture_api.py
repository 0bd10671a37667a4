"""The HTTP endpoints of a server for pictures."""

import re
from typing import TYPE_CHECKING

from aiohttp import web

from .access import Access
from .error_pages import PROTOCOL_HEADERS, server_error
from .guards import Guards
from .pictures import draw, shape_of, size_within

if TYPE_CHECKING:
    from .server import PlexServer

PICTURE = re.compile(r"/library/metadata/(\d+)/(thumb|art|composite)/-?\d+")
FORMATS = {"jpg": "JPEG", "jpeg": "JPEG", "png": "PNG"}
OWN_WIDTH, OWN_HEIGHT = 600, 900


class PictureApi:
    """The pictures themselves, and the transcoder that resizes them."""

    def __init__(self, server: PlexServer) -> None:
        """Initialize for this server."""
        self.server = server

    def routes(self, guards: Guards) -> list[web.RouteDef]:
        """Return the endpoints; a guest sees the pictures of the shared libraries."""
        return [
            web.get("/photo/:/transcode", guards.anyone(self.transcode)),
            web.get(
                "/library/metadata/{key:\\d+}/{picture:thumb|art|composite}/{stamp:-?\\d+}",
                guards.anyone(self.picture),
            ),
        ]

    async def picture(self, request: web.Request, access: Access) -> web.StreamResponse:
        """Return a picture in its original size."""
        return self._picture(request.path, access, (OWN_WIDTH, OWN_HEIGHT), "JPEG", outside=False)

    async def transcode(self, request: web.Request, access: Access) -> web.StreamResponse:
        """Return a picture of this server in another size or format.

        It fits into the requested size, or with `minSize` covers it.
        """
        query = request.query
        width, height = query.get("width", ""), query.get("height", "")
        format_name = FORMATS.get(query.get("format", "jpg"))
        if not (query.get("url") and width.isdigit() and height.isdigit() and format_name):
            return server_error(400)
        if not (int(width) and int(height)):
            return server_error(400)
        return self._picture(
            query["url"],
            access,
            (int(width), int(height)),
            format_name,
            outside=query.get("minSize") == "1",
        )

    def _picture(
        self, path: str, access: Access, size: tuple[int, int], format_name: str, *, outside: bool
    ) -> web.Response:
        match = PICTURE.fullmatch(path)
        item = self.server.library.item(int(match[1])) if match else None
        if match is None or item is None or not access.sees(item.section.id):
            return server_error(404)
        fitting = size_within(shape_of(item, match[2]), *size, outside=outside)
        return web.Response(
            body=draw(item.title, fitting, format_name),
            content_type=f"image/{format_name.lower()}",
            headers=PROTOCOL_HEADERS,
        )
