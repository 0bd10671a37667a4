"""Check whether a server refuses requests without a token.

Otherwise a response to a request with a token proves nothing about the token.
"""

from time import monotonic

from ..const import LOGGER
from ..plex.errors import PlexError
from ..plex.server import PlexServer
from .guard import TokenGuard

# The owner of the server may change the setting, but hardly ever does.
CHECK_INTERVAL = 6 * 3600.0
# The back-off where the check fails: it doubles each time, between these two.
RETRY_MIN = 60.0
RETRY_MAX = 3600.0


class EnforcementCheck:
    """Periodic check of whether a server needs a token, sooner where that may have changed."""

    def __init__(self, name: str, guard: TokenGuard) -> None:
        """Initialize the check, which reports its result to the guard."""
        self._name = name
        self._guard = guard
        self._due = 0.0
        self._retry_delay = RETRY_MIN

    def request_check(self) -> None:
        """Check with the next poll: the server has moved, or has refused the token."""
        self._due = 0.0
        self._retry_delay = RETRY_MIN

    async def async_check_if_due(self, server: PlexServer) -> None:
        """Check the server, if that is due."""
        if monotonic() < self._due or not self._guard.has_token:
            return
        try:
            accepts = await server.accepts_without_token()
        except PlexError as err:
            LOGGER.debug("%s: unknown whether the server needs a token: %s", self._name, err)
            self._due = monotonic() + self._retry_delay
            self._retry_delay = min(2 * self._retry_delay, RETRY_MAX)
            return
        self._due = monotonic() + CHECK_INTERVAL
        self._retry_delay = RETRY_MIN
        await self._guard.async_handle_enforcement(enforced=not accepts)
