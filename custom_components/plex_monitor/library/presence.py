"""Which libraries exist, of which a single incomplete list removes none."""

from collections.abc import Collection
from time import monotonic

# A library is removed if a list lacks it, and so does another that is this many seconds later.
REMOVE_AFTER = 100.0
# A removed library is remembered for this many seconds, in case the lists were incomplete.
REMEMBER_FOR = 3600.0
# The last of them that are remembered.
MAX_REMOVED = 1000
# Seconds until the next list is read while one lacks libraries, and lately removed ones; while it
# lacks those that were removed longer ago; and while it has had none at all for longer than removed
# ones are remembered.
MISSING_DELAY = 60.0
REMOVED_DELAY = 300.0
NONE_DELAY = 1800.0
# A removed library may still come back for this many seconds, as from an incomplete list.
REMOVED_LATELY = 900.0


class LibraryPresence:
    """Keep the keys of the libraries until they are certainly removed.

    A server that starts, or whose database is busy, can report for a moment that it has none.
    """

    def __init__(self) -> None:
        """Initialize without libraries."""
        # Since when each has been missing from the lists, `None` if it was in the last.
        self._missing_since: dict[str, float | None] = {}
        # When those that are remembered were removed.
        self._removed_at: dict[str, float] = {}
        self._had_any = False

    @property
    def keys(self) -> frozenset[str]:
        """Return the keys of the libraries that exist."""
        return frozenset(self._missing_since)

    @property
    def remembered(self) -> frozenset[str]:
        """Return the keys of the libraries that exist, or were removed not long ago."""
        return self.keys.union(self._removed_at)

    @property
    def retry_delay(self) -> float | None:
        """Return the delay until the next list is read, `None` if the last was complete."""
        if any(since is not None for since in self._missing_since.values()):
            return MISSING_DELAY
        if self._removed_at:
            last = max(self._removed_at.values())
            return MISSING_DELAY if monotonic() - last < REMOVED_LATELY else REMOVED_DELAY
        return NONE_DELAY if self._had_any and not self._missing_since else None

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
                self._removed_at[key] = now
        self._missing_since.update(dict.fromkeys(keys))
        self._had_any = self._had_any or bool(self._missing_since)
        self._removed_at = {
            key: at
            for key, at in self._removed_at.items()
            if key not in self._missing_since and now - at < REMEMBER_FOR
        }
        for key in list(self._removed_at)[:-MAX_REMOVED]:
            del self._removed_at[key]
