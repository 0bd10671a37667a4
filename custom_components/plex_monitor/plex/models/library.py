"""Libraries (sections), their items and the play history."""

from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from typing import Any, Self

from ..limits import MAX_LONG_TEXT, MAX_PARTS, MAX_WORD
from ..parsing import (
    boolean,
    identifier,
    integer,
    mapping,
    number,
    other,
    parent_thumb_path,
    parsed_items,
    required_integer,
    required_key,
    required_text,
    season_and_episode,
    text,
    thumb_path,
    timestamp,
)

LIBRARY = "com.plexapp.plugins.library"
"""The identifier of the library among the media providers of a server (official API 1.2.2)."""


class MediaType(IntEnum):
    """Type of an item, as a number (official API 1.2.2)."""

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

    `media_type` is "movie", "show", "artist" or "photo". `scanned_at` is the time of the last scan.
    `content_changed_at` is a counter that increases with every change, not a time. `hidden` is 0
    for a library that is shown everywhere, 1 if it is excluded from the home screen, 2 if it is
    excluded from search as well.
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
        """Parse a `Directory` of `/library/sections`."""
        data = mapping(data, "a library")
        return cls(
            key=required_key(data, "key"),
            title=text(data.get("title")) or "",
            media_type=text(data.get("type"), limit=MAX_WORD),
            agent=text(data.get("agent")),
            scanning=boolean(data.get("refreshing")),
            scanned_at=timestamp(data.get("scannedAt")),
            content_changed_at=integer(data.get("contentChangedAt")),
            # Plex writes a number or a bool (captured).
            hidden=integer(data.get("hidden")) or int(boolean(data.get("hidden"))),
        )

    @property
    def media_types(self) -> tuple[MediaType, ...]:
        """Return the types of its items, parents before children."""
        return _MEDIA_TYPES.get(self.media_type or "", ())


@dataclass(frozen=True, kw_only=True)
class SectionStorage:
    """Size of a library: `GET /media/providers?includeStorage=1` (PlexAPI).

    `size` is in bytes, `duration` in milliseconds.
    """

    section_id: str
    size: int
    duration: int | None

    @classmethod
    def from_json(cls, data: Any) -> Self:
        """Parse a `Directory` of the content; one without a size is rejected."""
        data = mapping(data, "a library")
        for key in ("id", "storageTotal"):
            # The home screen is listed as well, and other users than the owner get no sizes.
            if data.get(key) is None:
                raise other(data, key)
        return cls(
            section_id=required_key(data, "id"),
            size=required_integer(data, "storageTotal"),
            duration=integer(data.get("durationTotal")),
        )


@dataclass(frozen=True, kw_only=True)
class Marker:
    """A marker in an item: `GET /library/metadata/{id}` with `includeMarkers=1` (captured).

    `marker_type` is "intro", "credits" or "commercial" (PlexAPI), `start` is in milliseconds.
    `final` is true for credits that are followed by no other scene.
    """

    marker_type: str
    start: int
    final: bool

    @classmethod
    def from_json(cls, data: Any) -> Self:
        """Parse a `Marker`."""
        data = mapping(data, "a marker")
        return cls(
            marker_type=required_text(data, "type"),
            start=required_integer(data, "startTimeOffset"),
            final=boolean(data.get("final")),
        )


@dataclass(frozen=True, kw_only=True)
class MediaItem:
    """An item of a library, playable or not: `Metadata` of `/library` (official API 1.2.2).

    Parent and grandparent are season and show, or album and artist. `duration` is in milliseconds.
    `thumb` is a path on the server, and `parent_thumb` that of its parent or grandparent.
    `leaf_count` is the number of playable items in it. `rating` is that of the critics and
    `user_rating` that of the user, both from 0 to 10. `markers` is empty unless markers were
    requested.
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
    parent_thumb: str | None
    summary: str | None
    leaf_count: int | None
    view_count: int
    rating: float | None
    user_rating: float | None
    markers: tuple[Marker, ...]

    @classmethod
    def from_json(cls, data: Any) -> Self:
        """Parse a `Metadata`."""
        data = mapping(data, "an item")
        season, episode = season_and_episode(data)
        return cls(
            rating_key=required_key(data, "ratingKey"),
            media_type=text(data.get("type"), limit=MAX_WORD),
            title=text(data.get("title")) or "",
            parent_rating_key=identifier(data.get("parentRatingKey")),
            parent_title=text(data.get("parentTitle")),
            grandparent_title=text(data.get("grandparentTitle")),
            season=season,
            episode=episode,
            year=integer(data.get("year")),
            section_id=identifier(data.get("librarySectionID")),
            section_title=text(data.get("librarySectionTitle")),
            added_at=timestamp(data.get("addedAt")),
            duration=integer(data.get("duration")),
            thumb=thumb_path(data),
            parent_thumb=parent_thumb_path(data),
            summary=text(data.get("summary"), limit=MAX_LONG_TEXT),
            leaf_count=integer(data.get("leafCount")),
            view_count=integer(data.get("viewCount")) or 0,
            rating=number(data.get("rating")),
            user_rating=number(data.get("userRating")),
            markers=parsed_items(data.get("Marker"), Marker.from_json, limit=MAX_PARTS),
        )

    @property
    def credits_offset(self) -> int | None:
        """Return the start of the final credits in milliseconds; `None` if unknown."""
        return next(
            (each.start for each in self.markers if each.marker_type == "credits" and each.final),
            None,
        )


@dataclass(frozen=True, kw_only=True)
class HistoryItem:
    """An entry of the play history: `GET /status/sessions/history/all` (official API 1.2.2).

    `rating_key` is missing if the item was deleted (PlexAPI). `thumb` is a path on the server.
    `account_id` refers to a `LocalAccount`.
    """

    rating_key: str | None
    media_type: str | None
    title: str
    grandparent_title: str | None
    season: int | None
    episode: int | None
    section_id: str | None
    thumb: str | None
    viewed_at: datetime | None
    account_id: str | None

    @classmethod
    def from_json(cls, data: Any) -> Self:
        """Parse a `Metadata` of the history."""
        data = mapping(data, "a history entry")
        season, episode = season_and_episode(data)
        return cls(
            rating_key=identifier(data.get("ratingKey")),
            media_type=text(data.get("type"), limit=MAX_WORD),
            title=text(data.get("title")) or "",
            grandparent_title=text(data.get("grandparentTitle")),
            season=season,
            episode=episode,
            section_id=identifier(data.get("librarySectionID")),
            thumb=thumb_path(data),
            viewed_at=timestamp(data.get("viewedAt")),
            account_id=identifier(data.get("accountID")),
        )


@dataclass(frozen=True, kw_only=True)
class Image:
    """An image in a raster format, given by `content_type`."""

    content: bytes
    content_type: str
