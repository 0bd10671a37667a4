"""Models of the libraries of a server."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from ..plex.models import Activity, MediaItem, MediaType, Section, SectionStorage


@dataclass(frozen=True, kw_only=True)
class Library:
    """A library with its contents and its running scan.

    `scan` is the activity with which the server scans it. `last_added` was added to it last, at
    `last_added_at`, which is later than its date if it is new and has an old date.
    """

    section: Section
    counts: Mapping[MediaType, int]
    storage: SectionStorage | None
    last_added: MediaItem | None
    last_added_at: datetime
    scan: Activity | None = None


type Libraries = Mapping[str, Library]
"""The libraries of a server by their key."""


def library_unique_id(machine_identifier: str, section_key: str, key: str) -> str:
    """Return the unique id of an entity of a library."""
    return f"{machine_identifier}_{section_key}_{key}"


def devices_of(libraries: Libraries) -> Mapping[str, tuple[str, bool]]:
    """Return what decides on the devices and entities: the titles, and which have a size."""
    return {
        key: (library.section.title, library.storage is not None)
        for key, library in libraries.items()
    }


def is_last_added_removed(previous: Library, current: Library) -> bool:
    """Return whether the newest item was removed; additions are dispatched as events."""
    old, new = previous.last_added, current.last_added
    if old is None or new is None:
        return old is not None
    return old.rating_key != new.rating_key and current.last_added_at <= previous.last_added_at
