"""The libraries of a server, to which items can be added and removed."""

from collections.abc import Callable, Iterable
import itertools
from typing import Unpack

from .items import (
    CLIPS_ID,
    DEFAULT_DURATION,
    LIVE_ID,
    Details,
    Find,
    Item,
    Kind,
    Quality,
    Section,
)

# The agent of libraries without one, such as those of photos and of other videos.
NO_AGENT = "com.plexapp.agents.none"
AGENTS = {
    Kind.MOVIE: ("tv.plex.agents.movie", "Plex Movie", "/data/Movies"),
    Kind.SHOW: ("tv.plex.agents.series", "Plex TV Series", "/data/TV"),
    Kind.ARTIST: ("tv.plex.agents.music", "Plex Music", "/data/Music"),
    Kind.PHOTO_ALBUM: (NO_AGENT, "Plex Photo Scanner", "/data/Photos"),
}
# The first rating key of claimed items, and how many each library may have.
CLAIMED_KEYS, KEYS_OF_A_SECTION = 1_000_000_000, 100_000_000


class Library:
    """All libraries of one server."""

    def __init__(self, clock: Callable[[], float]) -> None:
        """Initialize with the three usual libraries and a few items."""
        self._clock = clock
        self._next_key = 101
        self._section_ids = itertools.count(1)
        self._by_key: dict[int, Item] = {}
        self._held: dict[Section, dict[int, Item]] = {}
        self.sections: list[Section] = []
        for kind, title in (
            (Kind.MOVIE, "Movies"),
            (Kind.SHOW, "TV Shows"),
            (Kind.ARTIST, "Music"),
        ):
            section = self.add_section(title, kind)
            section.paths = (AGENTS[kind][2],)
        for title in ("A Day at the Lake", "The Long Road", "Winter Light"):
            self.add(title, kind=Kind.MOVIE)
        for title in ("First Steps", "Second Thoughts"):
            self.add(title, kind=Kind.EPISODE, show="Harbour Street", season=1)
        for title in ("Opening", "Intermezzo"):
            self.add(title, kind=Kind.TRACK, show="The Quiet Band", album="Evening")

    @property
    def items(self) -> list[Item]:
        """Return all items in the order in which they were added."""
        return list(self._by_key.values())

    # Sections

    def add_section(
        self,
        title: str,
        kind: Kind,
        *,
        claims: dict[Kind, int] | None = None,
        hidden: int = 0,
        language: str = "en-US",
        agent: str | None = None,
    ) -> Section:
        """Add an empty library for a kind, such as MOVIE, SHOW or EPISODE, TRACK, PHOTO.

        With `claims` it reports this many items of each kind. `agent` replaces the usual agent.
        """
        usual_agent, scanner, _ = AGENTS[kind.top]
        now = int(self._clock())
        section = Section(
            id=next(self._section_ids),
            kind=kind.top,
            title=title,
            agent=agent or usual_agent,
            scanner=scanner,
            paths=(f"/data/{title}",),
            created_at=now - 86_400,
            scanned_at=now,
            claims=claims or {},
            hidden=hidden,
            language=language,
        )
        self.sections.append(section)
        self._held[section] = {}
        return section

    def remove_section(self, section: Section) -> None:
        """Remove a library with all its items."""
        self.sections.remove(section)
        for key in self._held.pop(section):
            del self._by_key[key]

    def section_for(self, kind: Kind) -> Section:
        """Return the first library that holds this kind."""
        return next(section for section in self.sections if section.kind is kind.top)

    def section(self, section_id: int) -> Section | None:
        """Return the library with this id."""
        return next((section for section in self.sections if section.id == section_id), None)

    # Items

    def item(self, rating_key: int) -> Item | None:
        """Return the item with this key; a claimed one is created each time."""
        if rating_key < CLAIMED_KEYS:
            return self._by_key.get(rating_key)
        section_id, rest = divmod(rating_key - CLAIMED_KEYS, KEYS_OF_A_SECTION)
        section = self.section(section_id)
        for kind, count in section.claims.items() if section else ():
            if rest < count and section:
                return self._claimed(section, kind, rest)
            rest -= count
        return None

    def titled(self, title: str) -> Item | None:
        """Return the playable item with this title."""
        return next((item for item in self.items if item.playable and item.title == title), None)

    def of(self, section: Section, kind: Kind) -> list[Item]:
        """Return the library's items of this kind, by title."""
        found = [item for item in self._held[section].values() if item.kind is kind]
        return sorted(found, key=lambda item: (item.title, item.rating_key))

    def claimed(self, section: Section, kind: Kind, start: int, stop: int) -> list[Item]:
        """Return some of the items that a library claims, which are created on demand.

        They were added a second apart, the first last.
        """
        before = 0
        for other, count in section.claims.items():
            if other is kind:
                last = min(stop, count)
                return [
                    self._claimed(section, kind, before + number) for number in range(start, last)
                ]
            before += count
        return []

    @staticmethod
    def _claimed(section: Section, kind: Kind, number: int) -> Item:
        return Item(
            rating_key=CLAIMED_KEYS + section.id * KEYS_OF_A_SECTION + number,
            kind=kind,
            title=f"{kind.word.title()} {number:07}",
            section=section,
            quality=Find(title="", kind=kind).file_quality,
            added_at=section.created_at - number,
            updated_at=section.created_at,
        )

    def storage(self, section: Section) -> tuple[int, int]:
        """Return the size in bytes and the duration in milliseconds of a library."""
        files = [item for item in self._held[section].values() if item.playable]
        size, duration = sum(item.size for item in files), sum(item.duration for item in files)
        for kind, count in section.claims.items():
            if count:
                [sample] = self.claimed(section, kind, 0, 1)
                size += count * sample.size
                duration += count * sample.duration if sample.playable else 0
        return size, duration

    def recently_added(self, sections: Iterable[Section]) -> list[Item]:
        """Return new items, newest first; seasons and albums instead of what they contain."""
        shown = {Kind.MOVIE, Kind.SEASON, Kind.ALBUM, Kind.PHOTO}
        found = [item for item in self._in(sections) if item.kind in shown]
        return sorted(found, key=lambda item: (-item.added_at, -item.rating_key))

    def on_deck(self, sections: Iterable[Section], account_id: int) -> list[Item]:
        """Return the items that this account started and did not finish, the last one first."""
        found = [
            (viewing, item)
            for item in self._in(sections)
            if (viewing := item.viewings.get(account_id)) and viewing.offset
        ]
        found.sort(key=lambda pair: -(pair[0].last_at or 0))
        return [item for _, item in found]

    def search(self, text: str, sections: Iterable[Section]) -> list[Item]:
        """Return the items whose title contains the text."""
        return [item for item in self._in(sections) if text.lower() in item.title.lower()]

    def _in(self, sections: Iterable[Section]) -> Iterable[Item]:
        for section in sections:
            yield from self._held[section].values()

    # Adding and removing

    def add(self, title: str, **details: Unpack[Details]) -> Item:
        """Add an item with its ancestors: an episode with its show and season, for example."""
        return self.add_found(Find(title=title, **details))[-1]

    def add_found(self, find: Find) -> list[Item]:
        """Add a found file, and return all new items: its ancestors first, itself last."""
        first = self._next_key
        section = find.section or self.section_for(find.kind)
        parent: Item | None = None
        match find.kind:
            case Kind.EPISODE:
                show = self._group(section, find.show or "Untitled", Kind.SHOW, None, find)
                parent = self._group(
                    section, f"Season {find.season}", Kind.SEASON, show, find, find.season
                )
            case Kind.TRACK:
                artist = self._group(
                    section, find.show or "Unknown Artist", Kind.ARTIST, None, find
                )
                parent = self._group(
                    section, find.album or "Unknown Album", Kind.ALBUM, artist, find
                )
            case Kind.PHOTO:
                parent = self._group(
                    section, find.album or "Snapshots", Kind.PHOTO_ALBUM, None, find
                )
        self._new(section, find.title, find.kind, parent, find)
        newest_first = reversed(self._by_key.values())
        fresh = [*itertools.takewhile(lambda item: item.rating_key >= first, newest_first)]
        return fresh[::-1]

    def outside(self, title: str, *, live: bool, kind: Kind) -> Item:
        """Return an item that is in no library: live television or a trailer."""
        section = Section(
            id=LIVE_ID if live else CLIPS_ID,
            kind=kind,
            title="",
            agent="",
            scanner="",
            paths=("",),
            created_at=0,
        )
        now = int(self._clock())
        return Item(
            rating_key=self._key(),
            kind=kind,
            title=title,
            section=section,
            duration=DEFAULT_DURATION if live else 90_000,
            quality=Quality(),
            added_at=now,
            updated_at=now,
        )

    def remove(self, item: Item) -> list[Item]:
        """Remove an item with its content and with emptied ancestors, and return all of them."""
        gone = [*_all_in(item), item]
        parent = item.parent
        while parent:
            parent.children.remove(item)
            if parent.children:
                break
            item, parent = parent, parent.parent
            gone.append(item)
        item.section.changes += 1
        for one in gone:
            del self._by_key[one.rating_key], self._held[one.section][one.rating_key]
        return gone

    def trash(self, section: Section) -> list[Item]:
        """Return the trash of a library: the items whose files are gone."""
        return [item for item in self._held[section].values() if item.missing]

    def _key(self) -> int:
        self._next_key += 1
        return self._next_key - 1

    def _group(
        self,
        section: Section,
        title: str,
        kind: Kind,
        parent: Item | None,
        find: Find,
        index: int | None = None,
    ) -> Item:
        for item in parent.children if parent else self._held[section].values():
            if item.kind is kind and item.title == title:
                return item
        return self._new(section, title, kind, parent, find, index)

    def _new(
        self,
        section: Section,
        title: str,
        kind: Kind,
        parent: Item | None,
        find: Find,
        index: int | None = None,
    ) -> Item:
        section.changes += 1
        now = int(self._clock())
        file = kind is find.kind
        if index is None:
            index = len(parent.children) + 1 if parent else 1
        item = Item(
            rating_key=self._key(),
            kind=kind,
            title=title,
            section=section,
            parent=parent,
            index=index,
            duration=find.duration,
            year=find.year,
            quality=find.file_quality,
            summary=find.summary if file else "",
            credits_at=find.credits_at if file else None,
            early_credits_at=find.early_credits_at if file else None,
            intro_at=find.intro_at if file else None,
            rating=find.rating,
            has_picture=find.has_picture,
            added_at=now,
            updated_at=now,
        )
        if parent:
            parent.children.append(item)
        self._by_key[item.rating_key] = self._held[section][item.rating_key] = item
        return item


def _all_in(item: Item) -> Iterable[Item]:
    for child in item.children:
        yield from _all_in(child)
        yield child
