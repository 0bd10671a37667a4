"""Pictures of a server, fetched by Home Assistant, so that nobody else needs the token."""

from ..const import LOGGER
from ..plex.errors import PlexError
from ..plex.models import Image
from ..server.coordinator import PlexMonitorCoordinator

# Posters are upright; what is wide fits into it as well.
WIDTH = 600
HEIGHT = 900


class Picture:
    """The picture of one thing after another, of which the last one is kept."""

    def __init__(self, coordinator: PlexMonitorCoordinator) -> None:
        """Have none yet."""
        self._coordinator = coordinator
        self._kept: tuple[str, Image] | None = None

    async def async_fetch(self, thumb: str | None) -> Image | None:
        """Return the picture at a path of the server; `None` where it is not to be had."""
        if thumb is None:
            return None
        if self._kept is not None and self._kept[0] == thumb:
            return self._kept[1]
        coordinator = self._coordinator
        try:
            image = await coordinator.server.library.image(thumb, width=WIDTH, height=HEIGHT)
        except PlexError as err:
            LOGGER.debug("%s: does not show a picture: %s", coordinator.name, err)
            return None
        self._kept = thumb, image
        return image
