"""A PIN at plex.tv that waits for somebody's approval."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from ..plex.errors import PlexError, PlexNotFoundError, PlexUnavailableError
from ..plex.models import Pin
from ..plex.plex_tv import PlexTv

# Plex asks for "once per second" (official API 1.2.2) at most.
POLL_INTERVAL: Final = 2.0
# Nobody stands in front of a dialog that long, and a page that was reloaded leaves its flow behind.
POLL_LATER: Final = ((300.0, 10.0), (120.0, 5.0))
# Whoever closed the dialog may still approve what it showed.
POLL_CLOSED: Final = 60.0
LAST_LOOK_BEFORE_END: Final = 5.0


@dataclass(frozen=True, kw_only=True)
class PendingPin:
    """A PIN, the client identifier that it is for, and when it was made and ends.

    The times are those of the event loop.
    """

    pin: Pin
    client_identifier: str
    made_at: float
    ends_at: float

    @classmethod
    def made_now(cls, pin: Pin, client_identifier: str) -> PendingPin:
        """Return a PIN that plex.tv has just made."""
        now = asyncio.get_running_loop().time()
        return cls(
            pin=pin,
            client_identifier=client_identifier,
            made_at=now,
            ends_at=now + pin.expires_in,
        )

    async def async_token(self, plex_tv: PlexTv) -> str | None:
        """Wait in front of a dialog until there is a token; `None`: the PIN has expired."""
        return await self._async_wait(plex_tv, self.ends_at, self._pace)

    async def async_late_token(self, plex_tv: PlexTv) -> str | None:
        """Wait for a token that nobody wants any more; `None`: there has come none."""
        return await self._async_wait(
            plex_tv, self.ends_at - LAST_LOOK_BEFORE_END, lambda _: POLL_CLOSED
        )

    @staticmethod
    def _pace(waited: float) -> float:
        """Return the pause before the next question."""
        return next((pause for since, pause in POLL_LATER if waited >= since), POLL_INTERVAL)

    async def _async_wait(
        self, plex_tv: PlexTv, ends_at: float, pace: Callable[[float], float]
    ) -> str | None:
        """Ask for the token until there is one or it is too late.

        An approval outlasts a plex.tv that is in trouble for a moment, so trouble ends nothing. It
        is raised where it lasted until the end.
        """
        loop = asyncio.get_running_loop()
        trouble: PlexError | None = None
        least = 0.0
        while (remaining := ends_at - (now := loop.time())) > 0:
            await asyncio.sleep(min(max(pace(now - self.made_at), least), remaining))
            least = 0.0
            try:
                token = (await plex_tv.pin(self.pin.id)).token
            except PlexNotFoundError:
                return None
            except PlexError as err:
                trouble = err
                if isinstance(err, PlexUnavailableError):
                    least = err.retry_after or 0.0
                continue
            trouble = None
            if token is not None:
                return token
        if trouble is not None:
            raise trouble
        return None
