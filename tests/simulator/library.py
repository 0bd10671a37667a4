"""What a server has to play: its libraries (Plex says sections) and their items."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import IntEnum
import itertools
import uuid

DEFAULT_DURATION = 5_400_000


class Kind(IntEnum):
    """The kinds of items, with Plex's numbers."""

    MOVIE = 1
    SHOW = 2
    SEASON = 3
    EPISODE = 4
    ARTIST = 8
    ALBUM = 9
    TRACK = 10
    PHOTO = 13

    @property
    def word(self) -> str:
        """Return Plex's word for the kind."""
        return self.name.lower()

    @property
    def tag(self) -> str:
        """Return the name of its element in XML."""
        match self:
            case Kind.MOVIE | Kind.EPISODE:
                return "Video"
            case Kind.TRACK:
                return "Track"
            case Kind.PHOTO:
                return "Photo"
            case _:
                return "Directory"


PARENTS = {
    Kind.SEASON: Kind.SHOW,
    Kind.EPISODE: Kind.SEASON,
    Kind.ALBUM: Kind.ARTIST,
    Kind.TRACK: Kind.ALBUM,
}


@dataclass(eq=False, kw_only=True)
class Section:
    """A library."""

    id: int
    kind: Kind
    title: str
    agent: str
    scanner: str
    path: str
    created_at: int
    uuid: str = field(default_factory=lambda: str(uuid.uuid4()))
    refreshing: bool = False
    scanned_at: int = 0
    changes: int = 1

    @property
    def path_of_picture(self) -> str:
        """Return the word of the section's stock pictures."""
        return {Kind.SHOW: "show"}.get(self.kind, self.kind.word)


@dataclass(eq=False, kw_only=True)
class Item:
    """Something in a library. Times are epoch seconds, the duration is in milliseconds."""

    rating_key: int
    kind: Kind
    title: str
    section: Section
    parent: Item | None = None
    index: int = 1
    year: int = 2020
    duration: int = DEFAULT_DURATION
    summary: str = ""
    added_at: int
    children: list[Item] = field(default_factory=list, repr=False)
    view_count: int = 0
    view_offset: int = 0

    @property
    def key(self) -> str:
        """Return the address of the item."""
        return f"/library/metadata/{self.rating_key}"

    @property
    def playable(self) -> bool:
        """Return whether the item is a file, and not a group of others."""
        return self.kind in {Kind.MOVIE, Kind.EPISODE, Kind.TRACK, Kind.PHOTO}

    @property
    def guid(self) -> str:
        """Return the identifier of the item's metadata."""
        return f"plex://{self.kind.word}/{self.rating_key:024x}"

    def leaves(self) -> Iterable[Item]:
        """Return the playable items of the group."""
        for child in self.children:
            if child.playable:
                yield child
            yield from child.leaves()


class Library:
    """All libraries of one server."""

    def __init__(self, clock: Callable[[], float]) -> None:
        """Start with the three usual libraries and a handful of items."""
        self._clock = clock
        self._keys = itertools.count(101)
        self.items: list[Item] = []
        now = int(clock())
        self.sections = [
            Section(
                id=number,
                kind=kind,
                title=title,
                agent=agent,
                scanner=scanner,
                path=path,
                created_at=now - 86_400,
                scanned_at=now,
            )
            for number, kind, title, agent, scanner, path in (
                (1, Kind.MOVIE, "Movies", "tv.plex.agents.movie", "Plex Movie", "/data/Movies"),
                (2, Kind.SHOW, "TV Shows", "tv.plex.agents.series", "Plex TV Series", "/data/TV"),
                (3, Kind.ARTIST, "Music", "tv.plex.agents.music", "Plex Music", "/data/Music"),
            )
        ]
        for title in ("A Day at the Lake", "The Long Road", "Winter Light"):
            self.add(title, kind=Kind.MOVIE)
        for title in ("First Steps", "Second Thoughts"):
            self.add(title, kind=Kind.EPISODE, show="Harbour Street", season=1)
        for title in ("Opening", "Intermezzo"):
            self.add(title, kind=Kind.TRACK, show="The Quiet Band", album="Evening")

    def section_for(self, kind: Kind) -> Section:
        """Return the first library that holds this kind."""
        while parent := PARENTS.get(kind):
            kind = parent
        return next(section for section in self.sections if section.kind is kind)

    def section(self, section_id: int) -> Section | None:
        """Return the library with this id."""
        return next((section for section in self.sections if section.id == section_id), None)

    def item(self, rating_key: int) -> Item | None:
        """Return the item with this key."""
        return next((item for item in self.items if item.rating_key == rating_key), None)

    def titled(self, title: str) -> Item | None:
        """Return the playable item with this title."""
        return next((item for item in self.items if item.playable and item.title == title), None)

    def of(self, section: Section, kind: Kind) -> list[Item]:
        """Return the library's items of this kind, by title."""
        found = [item for item in self.items if item.section is section and item.kind is kind]
        return sorted(found, key=lambda item: (item.title, item.rating_key))

    def recently_added(self, section: Section | None = None) -> list[Item]:
        """Return what was added, newest first; seasons and albums stand for what is in them."""
        shown = {Kind.MOVIE, Kind.SEASON, Kind.ALBUM, Kind.PHOTO}
        found = [
            item for item in self.items if item.kind in shown and section in {None, item.section}
        ]
        return sorted(found, key=lambda item: (-item.added_at, -item.rating_key))

    def on_deck(self) -> list[Item]:
        """Return what was begun and not finished."""
        return [item for item in self.items if item.view_offset]

    def search(self, text: str) -> list[Item]:
        """Return the items whose title holds the text."""
        return [item for item in self.items if text.lower() in item.title.lower()]

    def add(
        self,
        title: str,
        *,
        kind: Kind = Kind.MOVIE,
        show: str | None = None,
        season: int = 1,
        album: str | None = None,
        duration: int = DEFAULT_DURATION,
        year: int = 2020,
    ) -> Item:
        """Add an item; an episode brings its show and season, a track its artist and album."""
        match kind:
            case Kind.EPISODE:
                top = self._group(show or "Untitled", Kind.SHOW, None)
                parent = self._group(f"Season {season}", Kind.SEASON, top, season)
            case Kind.TRACK:
                top = self._group(show or "Unknown Artist", Kind.ARTIST, None)
                parent = self._group(album or "Unknown Album", Kind.ALBUM, top)
            case _:
                return self._new(title, kind, None, duration=duration, year=year)
        return self._new(title, kind, parent, duration=duration, year=year)

    def _group(self, title: str, kind: Kind, parent: Item | None, index: int = 1) -> Item:
        for item in self.items:
            if item.kind is kind and item.title == title and item.parent is parent:
                return item
        return self._new(title, kind, parent, index=index)

    def _new(
        self,
        title: str,
        kind: Kind,
        parent: Item | None,
        *,
        index: int | None = None,
        duration: int = DEFAULT_DURATION,
        year: int = 2020,
    ) -> Item:
        section = self.section_for(kind)
        section.changes += 1
        item = Item(
            rating_key=next(self._keys),
            kind=kind,
            title=title,
            section=section,
            parent=parent,
            index=index or (len(parent.children) + 1 if parent else 1),
            duration=duration,
            year=year,
            added_at=int(self._clock()),
        )
        if parent:
            parent.children.append(item)
        self.items.append(item)
        return item
