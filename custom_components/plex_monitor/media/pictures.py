"""Pictures of a server, which Home Assistant fetches so that nothing else needs the token."""

import asyncio
from collections import OrderedDict
from typing import Final

from ..const import LOGGER
from ..plex.errors import PlexError
from ..plex.limits import MAX_IMAGE
from ..plex.models import Image
from ..server.coordinator import PlexMonitorCoordinator
from .addresses import PictureSize

# Requests to the server at once, which has to scale each picture, and how many may wait for them.
AT_ONCE: Final = 4
MAX_WAITING: Final = 64
# What is kept, for a picture that is shown in several places.
MAX_KEPT: Final = 16
MAX_KEPT_BYTES: Final = MAX_IMAGE


class TooManyPicturesError(Exception):
    """Too many pictures are waiting to be fetched."""


class Pictures:
    """Fetch the pictures of a server, a few at once, and keep the latest."""

    def __init__(self, coordinator: PlexMonitorCoordinator) -> None:
        """Initialize without a picture."""
        self._coordinator = coordinator
        self._at_once = asyncio.Semaphore(AT_ONCE)
        self._waiting = 0
        # The path of a picture has its time stamp. The latest is last.
        self._kept: OrderedDict[tuple[str, PictureSize], Image] = OrderedDict()

    async def async_get(self, path: str, size: PictureSize) -> Image:
        """Return the picture at a path of the server.

        Raises `PlexError` if the server does not send one, and `TooManyPicturesError`.
        """
        if (kept := self._kept.get((path, size))) is not None:
            return kept
        if self._waiting >= MAX_WAITING:
            raise TooManyPicturesError
        self._waiting += 1
        try:
            async with self._at_once:
                # Another request may have fetched it meanwhile.
                if (kept := self._kept.get((path, size))) is not None:
                    return kept
                image = await self._coordinator.server.library.image(
                    path, width=size.width, height=size.height
                )
        finally:
            self._waiting -= 1
        self._keep((path, size), image)
        return image

    async def async_fetch(self, path: str | None) -> Image | None:
        """Return the large picture at a path, or `None` if it cannot be fetched."""
        if path is None:
            return None
        try:
            return await self.async_get(path, PictureSize.LARGE)
        except (PlexError, TooManyPicturesError) as err:
            LOGGER.debug("%s: could not fetch a picture: %r", self._coordinator.name, err)
            return None

    def _keep(self, key: tuple[str, PictureSize], image: Image) -> None:
        """Keep a picture instead of the oldest ones."""
        self._kept[key] = image
        while (
            len(self._kept) > MAX_KEPT
            or sum(len(each.content) for each in self._kept.values()) > MAX_KEPT_BYTES
        ):
            self._kept.popitem(last=False)
