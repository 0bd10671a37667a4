"""Which libraries exist, of which a single incomplete list removes none."""

from collections.abc import Collection
from time import monotonic

# A library is removed if a list lacks it, and so does another that is this many seconds later.
REMOVE_AFTER = 60.0


class LibraryPresence:
    """Keep the keys of the libraries until they are certainly removed.

    A server that starts, or whose database is busy, can report for a moment that it has none.
    """

    def __init__(self) -> None:
        """Initialize without libraries."""
        # Since when each has been missing from the lists, `None` if it was in the last.
        self._missing_since: dict[str, float | None] = {}

    @property
    def keys(self) -> frozenset[str]:
        """Return the keys of the libraries that exist."""
        return frozenset(self._missing_since)

    @property
    def has_missing(self) -> bool:
        """Return whether the last list lacked a library that is not removed yet."""
        return any(since is not None for since in self._missing_since.values())

    def expect(self, keys: Collection[str]) -> None:
        """Add libraries that exist until lists say otherwise."""
        for key in keys:
            self._missing_since.setdefault(key, None)

    def update(self, keys: Collection[str]) -> None:
        """Update the libraries from a list of the server."""
        now = monotonic()
        for key in self.keys.difference(keys):
            since = self._missing_since[key]
            if since is None:
                self._missing_since[key] = now
            elif now - since >= REMOVE_AFTER:
                del self._missing_since[key]
        self._missing_since.update(dict.fromkeys(keys))
