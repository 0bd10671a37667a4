"""What is known of the items in a library, from which follows what is new in it."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Self

from ..plex.models import MediaItem
from ..plex.parsing import integer
from .added import EPOCH, added_at, is_future, latest_added, latest_date, noticed_at

# Keys of reported items that are kept, so that none is reported twice.
REPORTED_LIMIT = 2000
# The same for items of the latest second, of which a server may go on to list others.
RECENT_LIMIT = 4000


@dataclass(frozen=True, kw_only=True)
class KnownItems:
    """What the reads of a library have shown until now.

    All items that are dated before `until` are known, and so are those in `recent`. `highest_key`
    is the highest rating key so far: Plex numbers items in the order in which it creates them.
    `last_added` was added last, at `last_added_at` as far as this can be seen.
    """

    until: datetime
    recent: frozenset[str]
    count: int
    highest_key: int
    reported: tuple[str, ...] = ()
    last_added: MediaItem | None = None
    last_added_at: datetime = EPOCH

    @classmethod
    def first(cls, count: int, items: Sequence[MediaItem], now: datetime) -> Self:
        """Return what the first read of a library shows, in which nothing is new."""
        dated = [item for item in items if item.added_at is not None]
        # Everything that is added to an empty library from now on is new.
        until = latest_date(dated, now, default=now) if dated else EPOCH
        newest = latest_added(dated)
        return cls(
            until=until,
            recent=frozenset(item.rating_key for item in dated if added_at(item) >= until),
            count=count,
            highest_key=highest_key(items),
            last_added=newest,
            last_added_at=_date(newest),
        )

    def has(self, item: MediaItem) -> bool:
        """Return whether an item with a current date is known already."""
        return item.rating_key in self.recent or item.rating_key in self.reported

    def dated_new(self, items: Iterable[MediaItem]) -> list[MediaItem]:
        """Return the items that are new according to their date."""
        return [
            item
            for item in items
            if item.added_at is not None and item.added_at >= self.until and not self.has(item)
        ]

    def numbered_new(self, items: Sequence[MediaItem]) -> list[MediaItem]:
        """Return the items that are new according to their rating key, if these are sorted.

        A server that does not know this order returns another one, which shows nothing.
        """
        keys = [_number(item) for item in items]
        if keys != sorted(keys, reverse=True):
            return []
        return [item for item in items if _number(item) > self.highest_key and not self.has(item)]

    def updated(
        self,
        count: int,
        items: Collection[MediaItem],
        added: Sequence[MediaItem],
        now: datetime,
    ) -> Self:
        """Return what is known after a read that shows these items, of which some were added."""
        dated = [item for item in items if item.added_at is not None]
        until = max(latest_date(dated, now, default=self.until), self.until)
        recent = frozenset(item.rating_key for item in dated if added_at(item) >= until)
        if until == self.until and len(self.recent) < RECENT_LIMIT:
            recent |= self.recent
        known = replace(
            self,
            until=until,
            recent=recent,
            count=count,
            highest_key=max(self.highest_key, highest_key(items)),
            reported=(*self.reported, *(item.rating_key for item in added))[-REPORTED_LIMIT:],
        )
        newest = latest_added(added)
        if newest is not None and not is_future(newest):
            return replace(
                known, last_added=newest, last_added_at=noticed_at([newest], added, self.until, now)
            )
        shown = {item.rating_key: item for item in items}
        if self.last_added is not None and self.last_added.rating_key in shown:
            return replace(known, last_added=shown[self.last_added.rating_key])
        # It was removed, or there was none.
        newest = latest_added(items)
        return replace(known, last_added=newest, last_added_at=_date(newest))


def highest_key(items: Iterable[MediaItem]) -> int:
    """Return the highest rating key of items."""
    return max(map(_number, items), default=0)


def _number(item: MediaItem) -> int:
    """Return the number in which Plex created an item."""
    return integer(item.rating_key) or 0


def _date(item: MediaItem | None) -> datetime:
    """Return the date by which an item is compared with those of other libraries."""
    return EPOCH if item is None or is_future(item) else added_at(item)
