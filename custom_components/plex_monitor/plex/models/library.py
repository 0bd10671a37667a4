"""Libraries, which Plex calls sections, and what is in them."""

from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from typing import Any, Self

from ..errors import PlexResponseError
from ..parsing import (
    boolean,
    first_of,
    integer,
    mapping,
    moment,
    number,
    numbering,
    parsed_items,
    required_text,
    server_path,
    text,
)

LIBRARY = "com.plexapp.plugins.library"
"""How a server's own library calls itself among other providers of media (official API 1.2.2)."""


class MediaType(IntEnum):
    """Plex's numbers of what a library holds (official API 1.2.2)."""

    MOVIE = 1
    SHOW = 2
    SEASON = 3
    EPISODE = 4
    ARTIST = 8
    ALBUM = 9
    TRACK = 10
    PHOTO = 13
    PHOTO_ALBUM = 14


_MEDIA_TYPES = {
    "movie": (MediaType.MOVIE,),
    "show": (MediaType.SHOW, MediaType.SEASON, MediaType.EPISODE),
    "artist": (MediaType.ARTIST, MediaType.ALBUM, MediaType.TRACK),
    "photo": (MediaType.PHOTO_ALBUM, MediaType.PHOTO),
}


@dataclass(frozen=True, kw_only=True)
class Section:
    """A library: `GET /library/sections` (official API 1.2.2).

    `media_type` is movie, show, artist or photo. `scanned_at` is when it was last scanned.
    `content_changed_at` is a counter that grows with every change, not a time. `hidden` is 0 for
    one that shows everywhere, 1 for one that is left out of the home screen, 2 for one that is
    left out of the search as well.
    """

    key: str
    title: str
    media_type: str | None
    agent: str | None
    scanning: bool
    scanned_at: datetime | None
    content_changed_at: int | None
    hidden: int

    @classmethod
    def from_json(cls, data: Any) -> Self:
        """Read one `Directory` of `/library/sections`."""
        data = mapping(data, "a library")
        return cls(
            key=required_text(data, "key"),
            title=text(data.get("title")) or "",
            media_type=text(data.get("type")),
            agent=text(data.get("agent")),
            scanning=boolean(data.get("refreshing")),
            scanned_at=moment(data.get("scannedAt")),
            content_changed_at=integer(data.get("contentChangedAt")),
            # Plex writes a number or a bool (captured).
            hidden=integer(data.get("hidden")) or int(boolean(data.get("hidden"))),
        )

    @property
    def media_types(self) -> tuple[MediaType, ...]:
        """Return what can be counted in it, the whole before its parts."""
        return _MEDIA_TYPES.get(self.media_type or "", ())


@dataclass(frozen=True, kw_only=True)
class SectionStorage:
    """How much a library holds: `GET /media/providers?includeStorage=1` (PlexAPI).

    `size` is in bytes, `duration` in milliseconds.
    """

    section_id: str
    size: int
    duration: int | None

    @classmethod
    def from_json(cls, data: Any) -> Self:
        """Read one `Directory` of the library's content; one that is not told of is none."""
        data = mapping(data, "a library")
        if (size := integer(data.get("storageTotal"))) is None:
            raise PlexResponseError("Plex left out storageTotal")
        return cls(
            section_id=required_text(data, "id"),
            size=size,
            duration=integer(data.get("durationTotal")),
        )


@dataclass(frozen=True, kw_only=True)
class Marker:
    """A part of a medium: `GET /library/metadata/{id}` with `includeMarkers=1` (captured).

    `marker_type` is "intro", "credits" or "commercial" (PlexAPI), `start` is in milliseconds. The
    final credits are those after which nothing comes.
    """

    marker_type: str
    start: int
    final: bool

    @classmethod
    def from_json(cls, data: Any) -> Self:
        """Read one `Marker`."""
        data = mapping(data, "a marker")
        if (start := integer(data.get("startTimeOffset"))) is None:
            raise PlexResponseError("Plex left out startTimeOffset")
        return cls(
            marker_type=required_text(data, "type"),
            start=start,
            final=boolean(data.get("final")),
        )


@dataclass(frozen=True, kw_only=True)
class MediaItem:
    """Something in a library, playable or not: `Metadata` of `/library` (official API 1.2.2).

    `parent` and `grandparent` are season and show, or album and artist. `duration` is in
    milliseconds. `thumb` is a path on the server. `leaf_count` is how many playable items are in
    it. `rating` is that of the critics and `user_rating` the user's own, both from 0 to 10.
    `markers` are known where they were asked for.
    """

    rating_key: str
    media_type: str | None
    title: str
    parent_rating_key: str | None
    parent_title: str | None
    grandparent_title: str | None
    season: int | None
    episode: int | None
    year: int | None
    section_id: str | None
    section_title: str | None
    added_at: datetime | None
    duration: int | None
    thumb: str | None
    summary: str | None
    leaf_count: int | None
    view_count: int
    rating: float | None
    user_rating: float | None
    markers: tuple[Marker, ...]

    @classmethod
    def from_json(cls, data: Any) -> Self:
        """Read one `Metadata`."""
        data = mapping(data, "an item")
        season, episode = numbering(data)
        return cls(
            rating_key=required_text(data, "ratingKey"),
            media_type=text(data.get("type")),
            title=text(data.get("title")) or "",
            parent_rating_key=text(data.get("parentRatingKey")),
            parent_title=text(data.get("parentTitle")),
            grandparent_title=text(data.get("grandparentTitle")),
            season=season,
            episode=episode,
            year=integer(data.get("year")),
            section_id=text(data.get("librarySectionID")),
            section_title=text(data.get("librarySectionTitle")),
            added_at=moment(data.get("addedAt")),
            duration=integer(data.get("duration")),
            thumb=server_path(first_of(data, "thumb", "parentThumb", "grandparentThumb")),
            summary=text(data.get("summary")),
            leaf_count=integer(data.get("leafCount")),
            view_count=integer(data.get("viewCount")) or 0,
            rating=number(data.get("rating")),
            user_rating=number(data.get("userRating")),
            markers=parsed_items(data.get("Marker"), Marker.from_json),
        )

    @property
    def credits_offset(self) -> int | None:
        """Return where the final credits begin, in milliseconds; `None` where it is not known."""
        return next(
            (each.start for each in self.markers if each.marker_type == "credits" and each.final),
            None,
        )


@dataclass(frozen=True, kw_only=True)
class HistoryItem:
    """Something that was played: `GET /status/sessions/history/all` (official API 1.2.2).

    `rating_key` is missing when the item is gone (PlexAPI). `account_id` is that of a
    `LocalAccount`.
    """

    rating_key: str | None
    media_type: str | None
    title: str
    grandparent_title: str | None
    season: int | None
    episode: int | None
    section_id: str | None
    viewed_at: datetime | None
    account_id: str | None

    @classmethod
    def from_json(cls, data: Any) -> Self:
        """Read one `Metadata` of the history."""
        data = mapping(data, "a row of the history")
        season, episode = numbering(data)
        return cls(
            rating_key=text(data.get("ratingKey")),
            media_type=text(data.get("type")),
            title=text(data.get("title")) or "",
            grandparent_title=text(data.get("grandparentTitle")),
            season=season,
            episode=episode,
            section_id=text(data.get("librarySectionID")),
            viewed_at=moment(data.get("viewedAt")),
            account_id=text(data.get("accountID")),
        )


@dataclass(frozen=True, kw_only=True)
class Image:
    """A picture; `content_type` is one of those of pictures made of pixels."""

    content: bytes
    content_type: str
