"""Libraries of a server: content, search, scans, watched state and ratings."""

from collections.abc import Collection, Mapping
from datetime import datetime
from itertools import batched
from typing import Any

from aiohttp import hdrs

from .errors import PlexNotFoundError, PlexResponseError
from .limits import MAX_IMAGE, MAX_LIBRARIES, PAGE, SEARCH
from .models import LIBRARY, Image, MediaItem, MediaType, Section, SectionStorage
from .parsing import (
    container,
    identifier,
    listed_items,
    mapping,
    parsed_items,
    required_items,
    required_key,
    server_path,
    text,
)
from .verified_requests import VerifiedRequests, is_path_segment, path_segment

# Items that are read by their keys at once: they come with all that is known of them, such as each
# actor.
KEYS_SIZE = 100
# Raster formats only: an SVG could run a script in a browser.
IMAGE_TYPES = {"image/jpeg", "image/png", "image/webp", "image/gif"}


class Library:
    """Libraries that the account of the token has access to.

    Unknown or malformed keys raise `PlexNotFoundError`. Only the owner may change a library
    (official API 1.2.2): other users get `PlexForbiddenError`, before server 1.41.7
    `PlexUnauthorizedError` (reported). Watched state and ratings belong to each user.
    """

    def __init__(self, requests: VerifiedRequests) -> None:
        """Initialize with the requests of a server."""
        self._requests = requests

    async def sections(self) -> tuple[Section, ...]:
        """Return the libraries."""
        response = container(await self._requests.get("/library/sections", limit=PAGE))
        return listed_items(response, "Directory", Section.from_json, limit=MAX_LIBRARIES)

    async def count(self, section_key: str, media_type: MediaType) -> int:
        """Return the number of items of a type in a library, without reading the items."""
        count, _ = await self.newest(section_key, media_type, limit=0)
        return count

    async def newest(
        self, section_key: str, media_type: MediaType, *, limit: int
    ) -> tuple[int, tuple[MediaItem, ...]]:
        """Return the number of items of a type in a library, and the newest of them, newest first.

        Both are read with one request (official API 1.2.2).
        """
        page = await self._requests.get_page(
            f"/library/sections/{path_segment(section_key)}/all",
            MediaItem.from_json,
            size=limit,
            params={
                "type": str(int(media_type)),
                **({"sort": "addedAt:desc"} if limit else {}),
            },
        )
        if page.total is None:
            raise PlexResponseError("Plex left out totalSize")
        return page.total, page.items[:limit]

    async def last_created(
        self, section_key: str, media_type: MediaType, *, limit: int
    ) -> tuple[MediaItem, ...]:
        """Return the items with the highest rating keys, highest first (PlexAPI sorts by "id")."""
        return await self._requests.get_items(
            f"/library/sections/{path_segment(section_key)}/all",
            MediaItem.from_json,
            limit=limit,
            params={"type": str(int(media_type)), "sort": "id:desc"},
        )

    async def storage(self) -> tuple[SectionStorage, ...]:
        """Return the size of each library; empty for other users than the owner (PlexAPI)."""
        directories = await self._content_directories({"includeStorage": "1"})
        return required_items(directories, "Directory", SectionStorage.from_json)

    async def titles(self) -> dict[str, str]:
        """Return the titles of the libraries by section key: `GET /media/providers`.

        Plex apps send this request first (captured). Its path is not below `/library`.
        """
        directories = await self._content_directories({})
        titles = ((identifier(each.get("id")), text(each.get("title"))) for each in directories)
        return {key: title or "" for key, title in titles if key is not None}

    async def recently_added(
        self, section_key: str | None = None, *, limit: int
    ) -> tuple[MediaItem, ...]:
        """Return recently added items of one library or of all, newest first.

        Episodes and tracks that were added together are grouped as their season or album (official
        API 1.2.2).
        """
        section = "" if section_key is None else f"/sections/{path_segment(section_key)}"
        return await self._requests.get_items(
            f"/library{section}/recentlyAdded", MediaItem.from_json, limit=limit
        )

    async def added_since(
        self, section_key: str, media_type: MediaType, since: datetime, *, limit: int
    ) -> tuple[MediaItem, ...]:
        """Return the items of a type added to a library at or after a time, newest first."""
        # Plex stores whole seconds, and ">>" means later than (official API 1.2.2). Filters that a
        # server does not support are ignored (reported), so the items are filtered here as well.
        second = since.replace(microsecond=0)
        items = await self._requests.get_items(
            f"/library/sections/{path_segment(section_key)}/all",
            MediaItem.from_json,
            limit=limit,
            params={
                "type": str(int(media_type)),
                "sort": "addedAt:desc",
                "addedAt>>": str(int(second.timestamp()) - 1),
            },
        )
        return tuple(item for item in items if item.added_at and item.added_at >= second)

    async def on_deck(self, *, limit: int) -> tuple[MediaItem, ...]:
        """Return the items on deck: in progress, or next to watch."""
        return await self._requests.get_items("/library/onDeck", MediaItem.from_json, limit=limit)

    async def search(self, query: str, *, limit: int) -> tuple[MediaItem, ...]:
        """Return the items that match a query, best first, up to `limit` of each type.

        Other results, such as people and genres, are left out.
        """
        params = {"query": query, "limit": str(limit)}
        try:
            response = container(await self._requests.get("/hubs/search", params, limit=SEARCH))
        except PlexNotFoundError:
            # A server without anything to search sends 404 (official API 1.2.2).
            return ()
        found: dict[str, MediaItem] = {}
        for hub in required_items(response.get("Hub"), "Hub", _object):
            for element in ("Metadata", "Directory"):
                for item in parsed_items(hub.get(element), MediaItem.from_json):
                    found.setdefault(item.rating_key, item)
        return tuple(found.values())

    async def items(self, rating_keys: Collection[str]) -> tuple[MediaItem, ...]:
        """Return items with their markers, many with one request; missing items are left out.

        The keys are sent as a list with commas (official API 1.2.2). Malformed keys are left out.
        """
        found: list[MediaItem] = []
        for keys in batched(filter(is_path_segment, rating_keys), KEYS_SIZE, strict=False):
            try:
                found += await self._requests.get_items(
                    f"/library/metadata/{','.join(keys)}",
                    MediaItem.from_json,
                    limit=len(keys),
                    params={"includeMarkers": "1"},
                )
            except PlexNotFoundError:
                # None of these items exists.
                continue
        return tuple(found)

    async def image(self, path: str, *, width: int, height: int) -> Image:
        """Return an image of the server, scaled to fit a size in pixels (official API 1.2.2).

        `path` is a `thumb`. A URL raises `PlexNotFoundError`, because the server would fetch it.
        """
        if (url := server_path(path)) is None:
            raise PlexNotFoundError("Not an image of the server")
        content, content_type = await self._requests.download(
            "/photo/:/transcode",
            {"url": url, "width": str(width), "height": str(height)},
            accept="image/*",
            limit=MAX_IMAGE,
        )
        if content_type not in IMAGE_TYPES:
            raise PlexResponseError("Not an image")
        return Image(content=content, content_type=content_type)

    async def scan(self, section_key: str | None = None, *, path: str | None = None) -> None:
        """Scan one library or all for new files; found items are reported by notifications.

        `path` limits the scan to a folder of the library on the server. `PlexUnavailableError` 503:
        the server cannot scan now (official API 1.2.2).
        """
        section = "all" if section_key is None else path_segment(section_key)
        params = {"path": path} if path is not None else {}
        await self._requests.send_command(
            hdrs.METH_GET, f"/library/sections/{section}/refresh", params
        )

    async def cancel_scan(self, section_key: str | None = None) -> None:
        """Cancel the scan of one library or of all."""
        section = "all" if section_key is None else path_segment(section_key)
        await self._requests.send_command(hdrs.METH_DELETE, f"/library/sections/{section}/refresh")

    async def empty_trash(self, section_key: str) -> None:
        """Delete items whose files are missing from a library for good."""
        await self._requests.send_command(
            hdrs.METH_PUT, f"/library/sections/{path_segment(section_key)}/emptyTrash"
        )

    async def refresh_metadata(self, rating_key: str) -> None:
        """Refresh the metadata of an item."""
        await self._requests.send_command(
            hdrs.METH_PUT, f"/library/metadata/{path_segment(rating_key)}/refresh"
        )

    async def mark_watched(self, rating_key: str) -> None:
        """Mark an item, and everything in it, as watched by the user of the token."""
        await self._mark("/:/scrobble", rating_key)

    async def mark_unwatched(self, rating_key: str) -> None:
        """Mark an item, and everything in it, as unwatched by the user of the token."""
        await self._mark("/:/unscrobble", rating_key)

    async def rate(self, rating_key: str, rating: float | None) -> None:
        """Set the user's rating of an item, from 0 to 10; `None` removes it (PlexAPI)."""
        value = -1 if rating is None else rating
        await self._requests.send_command(
            hdrs.METH_PUT,
            "/:/rate",
            {"identifier": LIBRARY, "key": rating_key, "rating": f"{value:g}"},
        )

    async def _content_directories(self, params: dict[str, str]) -> list[Mapping[str, Any]]:
        """Return the `Directory` elements of the libraries in `GET /media/providers`."""
        response = container(await self._requests.get("/media/providers", params, limit=PAGE))
        return [
            directory
            for provider in listed_items(response, "MediaProvider", _provider)
            if provider.get("identifier") == LIBRARY
            for feature in required_items(provider.get("Feature"), "Feature", _object)
            if feature.get("type") == "content"
            for directory in required_items(feature.get("Directory"), "Directory", _object)
        ]

    async def _mark(self, path: str, rating_key: str) -> None:
        """Set the watched state of an item; every client does this by GET (PlexAPI)."""
        await self._requests.send_command(
            hdrs.METH_GET, path, {"identifier": LIBRARY, "key": rating_key}
        )


def _object(data: Any) -> Mapping[str, Any]:
    """Return an item that is an object."""
    return mapping(data, "an item")


def _provider(data: Any) -> Mapping[str, Any]:
    """Return a media provider, which has an identifier."""
    required_key(_object(data), "identifier")
    return _object(data)
