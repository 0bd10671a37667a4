"""Dates and groups of the items that were added to a library."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import groupby

from homeassistant.util import dt as dt_util

from ..events.models import LibraryEvent, LibraryEventType
from ..plex.models import MediaItem, Section

# An item dated further ahead than this lies in the future, however wrong the server's clock is.
CLOCK_TOLERANCE = timedelta(days=1)

EPOCH = datetime.fromtimestamp(0, UTC)


def added_at(item: MediaItem) -> datetime:
    """Return when an item was added, or the epoch if that is unknown."""
    return item.added_at or EPOCH


def latest_added(items: Iterable[MediaItem]) -> MediaItem | None:
    """Return the item that was added last, the first of several with the same date.

    An item with a date in the future is returned only if there is no other.
    """
    limit = dt_util.utcnow() + CLOCK_TOLERANCE

    def order(item: MediaItem) -> tuple[bool, datetime]:
        at = added_at(item)
        return at < limit, at

    return max(items, key=order, default=None)


def latest_date(items: Iterable[MediaItem], now: datetime, default: datetime) -> datetime:
    """Return the latest date of items, without those in the future, which Plex reads from files."""
    return max((at for at in map(added_at, items) if at <= now), default=default)


def added_events(section: Section, added: Iterable[MediaItem]) -> Iterator[LibraryEvent]:
    """Return one event for each season, album or single item that was added."""

    def group_key(item: MediaItem) -> str:
        return item.parent_rating_key or item.rating_key

    for _, group in groupby(sorted(added, key=group_key), group_key):
        items = tuple(
            sorted(group, key=lambda item: (item.season or 0, item.episode or 0, item.title))
        )
        first = items[0]
        yield LibraryEvent(
            event_type=LibraryEventType.ADDED,
            section=section,
            title=first.grandparent_title or first.parent_title or first.title,
            items=items,
        )
