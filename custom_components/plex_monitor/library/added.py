"""Dates and groups of the items that were added to a library."""

from collections.abc import Collection, Iterable, Iterator
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

    def order(item: MediaItem) -> tuple[bool, datetime]:
        return not is_future(item), added_at(item)

    return max(items, key=order, default=None)


def is_future(item: MediaItem) -> bool:
    """Return whether an item is dated in the future, which Plex reads from files."""
    return added_at(item) >= dt_util.utcnow() + CLOCK_TOLERANCE


def latest_date(items: Iterable[MediaItem], now: datetime, default: datetime) -> datetime:
    """Return the latest date of items, without those in the future, which Plex reads from files."""
    return max((at for at in map(added_at, items) if at <= now), default=default)


def noticed_at(
    items: Iterable[MediaItem], added: Iterable[MediaItem], since: datetime, now: datetime
) -> datetime:
    """Return when items were added, some of all that were `added` since a time.

    An item with an old date was added with the others, or just now if all dates are old. One with a
    date in the future counts as the oldest.
    """
    dates = [added_at(item) for item in items if not is_future(item)]
    if not dates:
        return EPOCH
    others = [added_at(item) for item in added if not is_future(item)]
    return next((latest for latest in (max(dates), max(others)) if latest >= since), now)


def added_events(
    section: Section, added: Collection[MediaItem], since: datetime, now: datetime
) -> Iterator[LibraryEvent]:
    """Return one event for each season, album or single item that was added, the latest last."""

    def group_key(item: MediaItem) -> str:
        return item.parent_rating_key or item.rating_key

    groups = [list(group) for _, group in groupby(sorted(added, key=group_key), group_key)]
    for group in sorted(groups, key=lambda group: max(map(added_at, group))):
        items = tuple(
            sorted(group, key=lambda item: (item.season or 0, item.episode or 0, item.title))
        )
        first = items[0]
        yield LibraryEvent(
            event_type=LibraryEventType.ADDED,
            section=section,
            title=first.grandparent_title or first.parent_title or first.title,
            items=items,
            added_at=noticed_at(items, added, since, now),
        )
