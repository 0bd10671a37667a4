"""Scans of libraries, as notifications and reads report them."""

from dataclasses import replace

from ..plex.models import Activity, Section
from ..plex.notifications import ActivityEvent, ActivityNotification
from .models import Libraries, Library


def scanned_section_key(activity: Activity, libraries: Libraries) -> str | None:
    """Return the key of the library that is scanned; older servers report its title only."""
    if activity.section_id is not None:
        return activity.section_id if activity.section_id in libraries else None
    matches = [
        key
        for key, library in libraries.items()
        if activity.title.endswith(f" {library.section.title}")
    ]
    # One title can end like another.
    return max(matches, key=lambda key: len(libraries[key].section.title), default=None)


def may_miss_scan_end(libraries: Libraries, *, push_connected: bool) -> bool:
    """Return whether a scan is running whose end may not be reported."""
    return any(
        library.section.scanning and (library.scan is None or not push_connected)
        for library in libraries.values()
    )


class ScanTracker:
    """Merge the scans that notifications report with those that are read.

    A notification that arrives during a read is newer than the list of libraries in it.
    """

    def __init__(self) -> None:
        """Initialize without notifications."""
        # Keys of the libraries whose scan was reported since the last read began.
        self._reported: set[str] = set()

    def start_read(self) -> None:
        """Start a read, whose list is newer than all notifications until now."""
        self._reported.clear()

    def update(self, library: Library, notification: ActivityNotification) -> Library:
        """Return a library with the scan that a notification reports."""
        ended = notification.event is ActivityEvent.ENDED
        self._reported.add(library.section.key)
        return replace(
            library,
            section=replace(library.section, scanning=not ended),
            scan=None if ended else notification.activity,
        )

    def merge(self, section: Section, previous: Library | None) -> tuple[Section, Activity | None]:
        """Return a section that was read with its current state of scanning, and its scan."""
        scan = None if previous is None else previous.scan
        if previous is not None and section.key in self._reported:
            return replace(section, scanning=scan is not None), scan
        # If it is not scanning any more, the end of its scan was not reported.
        return section, scan if section.scanning else None
