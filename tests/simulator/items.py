"""Sections (Plex's term for libraries) and the items in them."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import IntEnum
from typing import TypedDict
import uuid

DEFAULT_DURATION = 5_400_000
DEFAULT_RATING = 7.4
OWNER_ID = 1
CLIPS_ID, LIVE_ID = -2, -1


class Kind(IntEnum):
    """The kinds of items, with Plex's numbers."""

    MOVIE = 1
    SHOW = 2
    SEASON = 3
    EPISODE = 4
    ARTIST = 8
    ALBUM = 9
    TRACK = 10
    CLIP = 12
    PHOTO = 13
    PHOTO_ALBUM = 14

    @property
    def word(self) -> str:
        """Return Plex's name of the kind; an album of photos is a photo too."""
        return "photo" if self is Kind.PHOTO_ALBUM else self.name.lower()

    @property
    def tag(self) -> str:
        """Return the name of its element in XML."""
        match self:
            case Kind.MOVIE | Kind.EPISODE | Kind.CLIP:
                return "Video"
            case Kind.TRACK:
                return "Track"
            case Kind.PHOTO:
                return "Photo"
            case _:
                return "Directory"

    @property
    def top(self) -> Kind:
        """Return the kind of the libraries that hold this kind."""
        return self.parent.top if self.parent else self

    @property
    def parent(self) -> Kind | None:
        """Return the kind of the parent of this kind."""
        return PARENTS.get(self)


PARENTS = {
    Kind.SEASON: Kind.SHOW,
    Kind.EPISODE: Kind.SEASON,
    Kind.ALBUM: Kind.ARTIST,
    Kind.TRACK: Kind.ALBUM,
    Kind.PHOTO: Kind.PHOTO_ALBUM,
}
PLAYABLE = frozenset({Kind.MOVIE, Kind.EPISODE, Kind.TRACK, Kind.CLIP, Kind.PHOTO})


@dataclass(frozen=True, kw_only=True)
class Quality:
    """The format of a file. The bit rate is in kbit/s."""

    resolution: str = "1080"
    width: int = 1920
    height: int = 1080
    video_codec: str | None = "hevc"
    video_profile: str = "main 10"
    audio_codec: str | None = "eac3"
    audio_channels: int = 6
    bitrate: int = 4000
    container: str = "mkv"

    @property
    def display_title(self) -> str:
        """Return the server's display title of the video."""
        size = {"4k": "4K", "sd": "SD"}.get(self.resolution, f"{self.resolution}p")
        codec = {"hevc": "HEVC Main 10", "h264": "H.264"}.get(str(self.video_codec), "Unknown")
        return f"{size} ({codec})"


HD = Quality()
SD = Quality(
    resolution="480",
    width=720,
    height=480,
    video_codec="h264",
    video_profile="high",
    audio_codec="aac",
    audio_channels=2,
    bitrate=1500,
)
UHD = Quality(
    resolution="4k",
    width=3840,
    height=2160,
    audio_codec="truehd",
    audio_channels=8,
    bitrate=58_000,
)
MUSIC = Quality(
    video_codec=None, audio_codec="flac", audio_channels=2, bitrate=1000, container="flac"
)
PICTURE = Quality(video_codec=None, audio_codec=None, bitrate=0, container="jpeg")


@dataclass(eq=False, kw_only=True)
class Section:
    """A library.

    `claims` makes it report this many items of a kind, which are only created when they are read.
    """

    id: int
    kind: Kind
    title: str
    agent: str
    scanner: str
    paths: tuple[str, ...]
    created_at: int
    language: str = "en-US"
    hidden: int = 0
    claims: dict[Kind, int] = field(default_factory=dict)
    uuid: str = field(default_factory=lambda: str(uuid.uuid4()))
    refreshing: bool = False
    scanned_at: int = 0
    changes: int = 1

    @property
    def path_of_picture(self) -> str:
        """Return the part of the path that the section's stock pictures have."""
        return self.kind.word


@dataclass(eq=False, kw_only=True)
class Viewing:
    """The watched state and the rating of one account for an item."""

    count: int = 0
    offset: int = 0
    last_at: int | None = None
    rating: float | None = None


@dataclass(eq=False, kw_only=True)
class Item:
    """An item of a library. Times are epoch seconds, durations and offsets milliseconds."""

    rating_key: int
    kind: Kind
    title: str
    section: Section
    parent: Item | None = None
    index: int = 1
    year: int = 2020
    duration: int = DEFAULT_DURATION
    summary: str = ""
    quality: Quality = HD
    credits_at: int | None = None
    early_credits_at: int | None = None
    intro_at: int | None = None
    rating: float | None = DEFAULT_RATING
    has_picture: bool = True
    added_at: int
    updated_at: int
    children: list[Item] = field(default_factory=list, repr=False)
    viewings: dict[int, Viewing] = field(default_factory=dict, repr=False)
    missing: bool = False

    @property
    def key(self) -> str:
        """Return the path of the item."""
        return f"/library/metadata/{self.rating_key}"

    @property
    def playable(self) -> bool:
        """Return whether the item is a file, and not a group of items."""
        return self.kind in PLAYABLE

    @property
    def guid(self) -> str:
        """Return the identifier of the item's metadata."""
        if self.kind is Kind.CLIP:
            return f"analyzed.prerolls://{self.rating_key}"
        return f"plex://{self.kind.word}/{self.rating_key:024x}"

    @property
    def external_guids(self) -> tuple[str, ...]:
        """Return the identifiers that other catalogues have for the item."""
        match self.kind:
            case Kind.MOVIE:
                return f"imdb://tt{self.rating_key:07}", f"tmdb://{self.rating_key}"
            case Kind.SHOW | Kind.SEASON | Kind.EPISODE:
                return (f"tvdb://{self.rating_key}",)
            case Kind.ARTIST | Kind.ALBUM | Kind.TRACK:
                return (f"mbid://{uuid.UUID(int=self.rating_key)}",)
            case _:
                return ()

    @property
    def size(self) -> int:
        """Return the size of the file in bytes."""
        return self.duration * self.quality.bitrate // 8 if self.playable else 0

    @property
    def ancestors(self) -> Iterable[Item]:
        """Return the ancestors of the item, nearest first."""
        parent = self.parent
        while parent:
            yield parent
            parent = parent.parent

    def leaves(self) -> Iterable[Item]:
        """Return the playable items of the group."""
        for child in self.children:
            if child.playable:
                yield child
            yield from child.leaves()

    def viewing(self, account_id: int = OWNER_ID) -> Viewing:
        """Return the watched state and the rating of this account."""
        return self.viewings.get(account_id) or Viewing()

    def view(self, account_id: int) -> Viewing:
        """Return the watched state and the rating of this account, to be modified."""
        return self.viewings.setdefault(account_id, Viewing())


class Details(TypedDict, total=False):
    """The options of a new item; see Find."""

    kind: Kind
    show: str | None
    season: int
    album: str | None
    duration: int
    year: int
    section: Section | None
    quality: Quality | None
    summary: str
    credits_at: int | None
    early_credits_at: int | None
    intro_at: int | None
    rating: float | None
    has_picture: bool


@dataclass(frozen=True, kw_only=True)
class Find:
    """A file that a scan finds.

    `show` is also the artist of a track, `album` also the album of a photo. Without a `section` it
    is in the first one that holds its kind. The critics' `rating` and the picture may be missing,
    as for an item that no agent has found. A scene follows the credits at `early_credits_at`.
    """

    title: str
    kind: Kind = Kind.MOVIE
    show: str | None = None
    season: int = 1
    album: str | None = None
    duration: int = DEFAULT_DURATION
    year: int = 2020
    section: Section | None = None
    quality: Quality | None = None
    summary: str = ""
    credits_at: int | None = None
    early_credits_at: int | None = None
    intro_at: int | None = None
    rating: float | None = DEFAULT_RATING
    has_picture: bool = True

    @property
    def file_quality(self) -> Quality:
        """Return the format of the file, by default that of its kind."""
        return self.quality or {Kind.TRACK: MUSIC, Kind.PHOTO: PICTURE}.get(self.kind, HD)
