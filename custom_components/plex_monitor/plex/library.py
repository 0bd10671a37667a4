"""The libraries of a server: what is in them, and what they can be told."""

from collections.abc import Collection, Mapping
from datetime import datetime
from itertools import batched
from typing import Any

from aiohttp import hdrs

from .errors import PlexNotFoundError, PlexResponseError
from .models import LIBRARY, Image, MediaItem, MediaType, Section, SectionStorage
from .parsing import container, objects, parsed_items, server_path, text
from .trusted import PAGE_SIZE, TrustedRequests, is_segment, segment

MAX_IMAGE = 8 * 1024 * 1024
# Pictures made of pixels; one of SVG could run a script in a browser.
IMAGE_TYPES = {"image/jpeg", "image/png", "image/webp", "image/gif"}


class Library:
    """The libraries that the user of the token may see.

    Keys that no server has raise `PlexNotFoundError`. What changes a library is for the owner
    (official API 1.2.2): others get `PlexForbiddenError`, on servers before 1.41.7
    `PlexUnauthorizedError` (reported). Watched marks and ratings are each user's own.
    """

    def __init__(self, requests: TrustedRequests) -> None:
        """Ask through these requests."""
        self._requests = requests

    async def sections(self) -> tuple[Section, ...]:
        """Return the libraries."""
        answer = container(await self._requests.get("/library/sections"))
        return parsed_items(answer.get("Directory"), Section.from_json)

    async def count(self, section_key: str, media_type: MediaType) -> int:
        """Return how many items of a type a library has, without reading them."""
        count, _ = await self.newest(section_key, media_type, limit=0)
        return count

    async def newest(
        self, section_key: str, media_type: MediaType, *, limit: int
    ) -> tuple[int, tuple[MediaItem, ...]]:
        """Return how many items of a type a library has, and some of them, the newest first.

        Both come in one answer (official API 1.2.2).
        """
        page = await self._requests.get_page(
            f"/library/sections/{segment(section_key)}/all",
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

    async def storage(self) -> tuple[SectionStorage, ...]:
        """Return how much the libraries hold; others than the owner are told nothing (PlexAPI)."""
        content = await self._content({"includeStorage": "1"})
        return parsed_items(content, SectionStorage.from_json)

    async def titles(self) -> dict[str, str]:
        """Return the titles of the libraries by their key, as the server shows them to its apps.

        Apps ask this first of all (captured), and it is not below `/library`.
        """
        content = await self._content({})
        named = ((text(one.get("id")), text(one.get("title"))) for one in content)
        return {key: title or "" for key, title in named if key is not None}

    async def recently_added(
        self, section_key: str | None = None, *, limit: int
    ) -> tuple[MediaItem, ...]:
        """Return what is new, the newest first, in one library or in all.

        Episodes and tracks that came together show as their season or album (official API 1.2.2).
        """
        section = "" if section_key is None else f"/sections/{segment(section_key)}"
        return await self._requests.get_items(
            f"/library{section}/recentlyAdded", MediaItem.from_json, limit=limit
        )

    async def added_since(
        self, section_key: str, media_type: MediaType, since: datetime, *, limit: int
    ) -> tuple[MediaItem, ...]:
        """Return every item of a type that a library was given since a moment, the newest first."""
        # Plex keeps whole seconds, and ">>" means later than (official API 1.2.2). A filter that a
        # server does not understand is ignored (reported), so the answers are looked at again.
        second = since.replace(microsecond=0)
        items = await self._requests.get_items(
            f"/library/sections/{segment(section_key)}/all",
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
        """Return what the user would watch next."""
        return await self._requests.get_items("/library/onDeck", MediaItem.from_json, limit=limit)

    async def search(self, query: str, *, limit: int) -> tuple[MediaItem, ...]:
        """Return the items that match a text, the best first, `limit` of each kind at most.

        What Plex finds beside items, people and genres for instance, is left out.
        """
        params = {"query": query, "limit": str(limit)}
        try:
            answer = container(await self._requests.get("/hubs/search", params))
        except PlexNotFoundError:
            # This is how a server says that there is nothing to be searched (official API 1.2.2).
            return ()
        found: dict[str, MediaItem] = {}
        for hub in objects(answer.get("Hub")):
            for element in ("Metadata", "Directory"):
                for item in parsed_items(hub.get(element), MediaItem.from_json):
                    found.setdefault(item.rating_key, item)
        return tuple(found.values())

    async def items(self, rating_keys: Collection[str]) -> tuple[MediaItem, ...]:
        """Return items with their markers, many in one request; those that are gone are left out.

        The keys are a list with commas (official API 1.2.2). What cannot be a key is gone as well.
        """
        found: list[MediaItem] = []
        for keys in batched(filter(is_segment, rating_keys), PAGE_SIZE, strict=False):
            try:
                found += await self._requests.get_items(
                    f"/library/metadata/{','.join(keys)}",
                    MediaItem.from_json,
                    limit=len(keys),
                    params={"includeMarkers": "1"},
                )
            except PlexNotFoundError:
                # Not one of them is there any more.
                continue
        return tuple(found)

    async def image(self, path: str, *, width: int, height: int) -> Image:
        """Return a picture of the server, made to fit into a size in pixels (official API 1.2.2).

        `path` is a `thumb`. `PlexNotFoundError` for what is no path on the server: it would fetch
        any other address.
        """
        if (url := server_path(path)) is None:
            raise PlexNotFoundError("Not a picture of the server")
        content, content_type = await self._requests.download(
            "/photo/:/transcode",
            {"url": url, "width": str(width), "height": str(height)},
            accept="image/*",
            limit=MAX_IMAGE,
        )
        if content_type not in IMAGE_TYPES:
            raise PlexResponseError("Not a picture")
        return Image(content=content, content_type=content_type)

    async def scan(self, section_key: str | None = None, *, path: str | None = None) -> None:
        """Look for new files, in one library or in all; what is found is told by push.

        `path` is a folder of the library on the server, to look there alone.
        `PlexUnavailableError` 503: the server cannot do it now (official API 1.2.2).
        """
        section = "all" if section_key is None else segment(section_key)
        params = {"path": path} if path is not None else {}
        await self._requests.act(hdrs.METH_GET, f"/library/sections/{section}/refresh", params)

    async def cancel_scan(self, section_key: str | None = None) -> None:
        """Stop looking for new files, in one library or in all."""
        section = "all" if section_key is None else segment(section_key)
        await self._requests.act(hdrs.METH_DELETE, f"/library/sections/{section}/refresh")

    async def empty_trash(self, section_key: str) -> None:
        """Forget for good what has no file any more."""
        await self._requests.act(
            hdrs.METH_PUT, f"/library/sections/{segment(section_key)}/emptyTrash"
        )

    async def refresh_metadata(self, rating_key: str) -> None:
        """Fetch the metadata of an item anew."""
        await self._requests.act(hdrs.METH_PUT, f"/library/metadata/{segment(rating_key)}/refresh")

    async def mark_watched(self, rating_key: str) -> None:
        """Mark an item, and all that is in it, as watched by the user of the token."""
        await self._mark("/:/scrobble", rating_key)

    async def mark_unwatched(self, rating_key: str) -> None:
        """Take the mark away again."""
        await self._mark("/:/unscrobble", rating_key)

    async def rate(self, rating_key: str, rating: float | None) -> None:
        """Give an item the user's rating, from 0 to 10; `None` takes it away (PlexAPI)."""
        value = -1 if rating is None else rating
        await self._requests.act(
            hdrs.METH_PUT,
            "/:/rate",
            {"identifier": LIBRARY, "key": rating_key, "rating": f"{value:g}"},
        )

    async def _content(self, params: dict[str, str]) -> list[Mapping[str, Any]]:
        """Return what `GET /media/providers` lists of the libraries."""
        answer = container(await self._requests.get("/media/providers", params))
        return [
            directory
            for provider in objects(answer.get("MediaProvider"))
            if provider.get("identifier") == LIBRARY
            for feature in objects(provider.get("Feature"))
            if feature.get("type") == "content"
            for directory in objects(feature.get("Directory"))
        ]

    async def _mark(self, path: str, rating_key: str) -> None:
        """Set or take a mark; every client does this by GET (PlexAPI)."""
        await self._requests.act(hdrs.METH_GET, path, {"identifier": LIBRARY, "key": rating_key})
