"""Failures of a part of a server, of which one alone changes nothing."""

from time import monotonic

# A failure confirms another only after this many seconds: two that follow each other immediately
# have the same cause, which may be over in a moment.
CONFIRM_AFTER = 3.0


class Failures:
    """The failures of one part in a row; the part is unknown once they are confirmed."""

    def __init__(self, *, confirm_after: float = CONFIRM_AFTER) -> None:
        """Initialize without a failure."""
        self._confirm_after = confirm_after
        self._since: float | None = None
        self.is_confirmed = False

    @property
    def is_failing(self) -> bool:
        """Return whether the last attempt failed."""
        return self._since is not None

    @property
    def is_unconfirmed(self) -> bool:
        """Return whether the next attempt decides whether the part is unknown."""
        return self.is_failing and not self.is_confirmed

    def add(self, *, is_certain: bool = False) -> bool:
        """Add a failure, and return whether it confirms the first one, or needs no other."""
        now = monotonic()
        if self._since is None:
            self._since = now
        if is_certain or now - self._since >= self._confirm_after:
            self.is_confirmed = True
        return self.is_confirmed

    def clear(self) -> None:
        """Forget the failures: the part could be read."""
        self._since = None
        self.is_confirmed = False
