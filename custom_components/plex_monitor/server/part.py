"""A part of what a server reports, which is read now and then."""

from collections.abc import Awaitable, Callable
from time import monotonic

from ..const import LOGGER
from ..plex.errors import PlexError
from .failures import Failures


class Part[T]:
    """A part that is read when it is due, and unknown once it has failed for a second time."""

    def __init__(self, server: str, name: str) -> None:
        """Initialize without a value; the names are for the log."""
        self.value: T | None = None
        self._server = server
        self._name = name
        self._due = 0.0
        self._failures = Failures()

    @property
    def is_confirming(self) -> bool:
        """Return whether the next read decides whether the part is unknown."""
        return self.value is not None and self._failures.is_unconfirmed

    def invalidate(self) -> None:
        """Read the part with the next poll."""
        self._due = 0.0

    def set(self, value: T, *, interval: float) -> None:
        """Set what was read, and when to read it again."""
        self.value = value
        self._due = monotonic() + interval
        self._failures.clear()

    def skip(self) -> None:
        """Forget failures while the part is not read."""
        self._failures.clear()

    async def async_read(
        self,
        request: Callable[[], Awaitable[T]],
        *,
        interval: float,
        on_error: Callable[[PlexError], None] | None = None,
    ) -> T | None:
        """Read the part if it is due; after a failure it is due with the next poll."""
        now = monotonic()
        if now < self._due:
            return self.value
        # A notification during the read makes it due again.
        self._due = now + interval
        try:
            self.value = await request()
        except PlexError as err:
            LOGGER.debug("%s: could not read its %s: %s", self._server, self._name, err)
            if on_error is not None:
                on_error(err)
            self.invalidate()
            if self._failures.add():
                self.value = None
        else:
            self._failures.clear()
        return self.value
