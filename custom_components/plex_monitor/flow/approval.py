"""A PIN at plex.tv that waits for approval."""

import asyncio
from dataclasses import dataclass
from typing import Final

from ..plex.errors import PlexError, PlexNotFoundError, PlexUnavailableError
from ..plex.models import Pin
from ..plex.plex_tv import PlexTv

# Plex asks for "once per second" (official API 1.2.2) at most.
POLL_INTERVAL: Final = 2.0
# (after seconds, interval): a user who takes this long has probably left, and a page that was
# reloaded leaves its flow behind.
POLL_LATER: Final = ((300.0, 10.0), (120.0, 5.0))


@dataclass(frozen=True, kw_only=True)
class PendingPin:
    """A PIN, its client identifier, and when it was created and ends, in times of the loop."""

    pin: Pin
    client_identifier: str
    created_at: float
    ends_at: float

    @classmethod
    def created_now(cls, pin: Pin, client_identifier: str) -> PendingPin:
        """Return a PIN that plex.tv has just created."""
        now = asyncio.get_running_loop().time()
        return cls(
            pin=pin,
            client_identifier=client_identifier,
            created_at=now,
            ends_at=now + pin.expires_in,
        )

    async def async_token(self, plex_tv: PlexTv) -> str | None:
        """Wait for the approval while the dialog is open; return None if the PIN has expired.

        An approval outlasts a short failure of plex.tv, so failures end nothing. The last one is
        raised where plex.tv fails until the end.
        """
        loop = asyncio.get_running_loop()
        failure: PlexError | None = None
        retry_after = 0.0
        while (remaining := self.ends_at - (now := loop.time())) > 0:
            interval = self._interval(now - self.created_at)
            await asyncio.sleep(min(max(interval, retry_after), remaining))
            retry_after = 0.0
            try:
                token = (await plex_tv.pin(self.pin.id)).token
            except PlexNotFoundError:
                return None
            except PlexError as err:
                failure = err
                if isinstance(err, PlexUnavailableError):
                    retry_after = err.retry_after or 0.0
                continue
            failure = None
            if token is not None:
                return token
        if failure is not None:
            raise failure
        return None

    @staticmethod
    def _interval(waited: float) -> float:
        """Return the poll interval for a PIN that has waited this long."""
        return next((interval for since, interval in POLL_LATER if waited >= since), POLL_INTERVAL)
