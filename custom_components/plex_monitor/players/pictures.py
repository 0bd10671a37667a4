"""Pictures of a server, which Home Assistant fetches so that nothing else needs the token."""

from ..const import LOGGER
from ..plex.errors import PlexError
from ..plex.models import Image
from ..server.coordinator import PlexMonitorCoordinator

# The picture fits into this size: that of a poster, which wide pictures fit into as well.
WIDTH = 600
HEIGHT = 900


class PictureCache:
    """Fetch pictures of a server, and keep the last one."""

    def __init__(self, coordinator: PlexMonitorCoordinator) -> None:
        """Initialize the cache without a picture."""
        self._coordinator = coordinator
        self._cached: tuple[str, Image] | None = None

    async def async_fetch(self, thumb: str | None) -> Image | None:
        """Return the picture at a path of the server, or `None` if it cannot be fetched."""
        if thumb is None:
            return None
        if self._cached is not None and self._cached[0] == thumb:
            return self._cached[1]
        coordinator = self._coordinator
        try:
            image = await coordinator.server.library.image(thumb, width=WIDTH, height=HEIGHT)
        except PlexError as err:
            LOGGER.debug("%s: could not fetch a picture: %s", coordinator.name, err)
            return None
        self._cached = thumb, image
        return image
