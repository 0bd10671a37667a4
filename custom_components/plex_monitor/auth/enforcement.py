"""Whether a server refuses whoever has no token: else an answer with one proves nothing of it."""

from time import monotonic

from ..const import LOGGER
from ..plex.errors import PlexError
from ..plex.server import PlexServer
from .guard import TokenGuard

# Whoever owns the server may change it, and hardly ever does.
ASK_EVERY = 6 * 3600.0
# A server that does not tell is asked again with twice the pause each time, between these two.
RETRY_FIRST = 60.0
RETRY_LAST = 3600.0


class EnforcementCheck:
    """Ask a server without the token, seldom, and at once where the answer may have changed."""

    def __init__(self, name: str, guard: TokenGuard) -> None:
        """Know nothing yet; the guard is told what becomes known."""
        self._name = name
        self._guard = guard
        self._due = 0.0
        self._pause = RETRY_FIRST

    def ask_again(self) -> None:
        """Ask with the next poll: the server is at another address, or refused the token."""
        self._due = 0.0
        self._pause = RETRY_FIRST

    async def async_learn(self, server: PlexServer) -> None:
        """Ask if it is due."""
        if monotonic() < self._due or not self._guard.has_token:
            return
        try:
            accepts = await server.accepts_without_token()
        except PlexError as err:
            LOGGER.debug("%s: does not tell whether it wants a token: %s", self._name, err)
            self._due = monotonic() + self._pause
            self._pause = min(2 * self._pause, RETRY_LAST)
            return
        self._due = monotonic() + ASK_EVERY
        self._pause = RETRY_FIRST
        await self._guard.async_enforcement(enforced=not accepts)
