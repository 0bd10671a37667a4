"""Which libraries there are: one answer that lacks some takes none away."""

from collections.abc import Collection
from time import monotonic

# A library is gone when a list of all lacks it, and so does one that is this many seconds later.
LACKING_FOR = 60.0


class LibraryPresence:
    """Keep the libraries by their key until they are surely gone.

    A server that starts, or whose database is busy, can say for a moment that it has none.
    """

    def __init__(self) -> None:
        """Know of no library yet."""
        # Since when each has been lacking from what was listed, `None` where it was not.
        self._lacking_since: dict[str, float | None] = {}

    @property
    def keys(self) -> frozenset[str]:
        """Return which there are."""
        return frozenset(self._lacking_since)

    @property
    def in_doubt(self) -> bool:
        """Say whether a library was lacking that may come back."""
        return any(since is not None for since in self._lacking_since.values())

    def expect(self, keys: Collection[str]) -> None:
        """Take for granted, until they are listed, that there are these."""
        for key in keys:
            self._lacking_since.setdefault(key, None)

    def listed(self, keys: Collection[str]) -> None:
        """Take in which the server says that there are."""
        now = monotonic()
        for key in self.keys.difference(keys):
            since = self._lacking_since[key]
            if since is None:
                self._lacking_since[key] = now
            elif now - since >= LACKING_FOR:
                del self._lacking_since[key]
        self._lacking_since.update(dict.fromkeys(keys))
