"""The address of the picture of an item, and the links that open the item in Plex."""

from typing import Final
from urllib.parse import quote

from ..events.models import LibraryEvent, PlaybackEvent, PlexEvent
from ..plex.models import HistoryItem, MediaItem, Session
from .addresses import Picture, PictureAddress, PictureSize, expires_at
from .signing import Signer

ATTR_APP_URL: Final = "app_url"
ATTR_PICTURE: Final = "picture"
ATTR_PLEX_URL: Final = "plex_url"
LINKS: Final = frozenset({ATTR_APP_URL, ATTR_PICTURE, ATTR_PLEX_URL})

# What the Plex app can play. Of anything else, such as a show, it opens the page.
_PLAYABLE: Final = {"clip", "episode", "movie", "track"}

type Media = HistoryItem | MediaItem | Session


class MediaLinks:
    """Links to the items of one server. They contain no token."""

    def __init__(self, signer: Signer, *, entry_id: str, machine_identifier: str) -> None:
        """Initialize with the signer of addresses, and the server."""
        self._signer = signer
        self._entry_id = entry_id
        self._machine_identifier = quote(machine_identifier, safe="")

    def picture(self, path: str | None, size: PictureSize = PictureSize.LARGE) -> str | None:
        """Return the address of the picture at a path of the server, if it is that of an item."""
        if (picture := Picture.from_path(path)) is None:
            return None
        address = PictureAddress(
            entry_id=self._entry_id, picture=picture, size=size, expires_at=expires_at()
        )
        return f"{address.unsigned}/{self._signer.sign(address.unsigned)}.jpg"

    def of(self, media: Media) -> dict[str, str | None]:
        """Return the links of an item. What is in no library, such as live TV, has none."""
        is_live = isinstance(media, Session) and media.live
        return self._links(None if is_live else media.rating_key, media.media_type, media.thumb)

    def of_event(self, event: PlexEvent) -> dict[str, str | None]:
        """Return the links of the item that an event is about.

        Items that were added together have those of their season or album.
        """
        match event:
            case PlaybackEvent():
                return self.of(event.session)
            case LibraryEvent(items=(item,)):
                return self.of(item)
            case LibraryEvent(items=(first, *_)):
                return self._links(first.parent_rating_key, None, first.parent_thumb or first.thumb)
            case _:
                return {}

    def _links(
        self, rating_key: str | None, media_type: str | None, thumb: str | None
    ) -> dict[str, str | None]:
        plex_url = app_url = None
        # Online content has other keys.
        if rating_key is not None and rating_key.isascii() and rating_key.isdecimal():
            key = quote(f"/library/metadata/{rating_key}", safe="")
            server = self._machine_identifier
            plex_url = f"https://app.plex.tv/desktop/#!/server/{server}/details?key={key}"
            page = "play" if media_type in _PLAYABLE else "preplay"
            app_url = f"plex://{page}/?metadataKey={key}&server={server}"
        return {
            ATTR_PICTURE: self.picture(thumb),
            ATTR_PLEX_URL: plex_url,
            ATTR_APP_URL: app_url,
        }
