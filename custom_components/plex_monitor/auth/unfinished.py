"""What is still to be done at plex.tv for tokens that no entry has any more.

It is stored until it is done, so that a restart of Home Assistant leaves no device behind at Plex.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Self
from uuid import uuid4

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.storage import Store
from homeassistant.util import dt as dt_util

from ..const import DOMAIN

STORAGE_KEY: Final = f"{DOMAIN}.unfinished"
STORAGE_VERSION: Final = 1
SIGN_OUTS: Final = "sign_outs"
MAX_SIGN_OUTS: Final = 20


@dataclass(frozen=True, kw_only=True)
class SignOut:
    """Token of our own that is still to be signed out, and the name of its device at plex.tv."""

    client_identifier: str
    token: str = field(repr=False)
    device: str
    requested_at: datetime = field(default_factory=dt_util.utcnow)
    # Distinguishes its repair: neither the token nor the client identifier belongs in there.
    key: str = field(default_factory=lambda: uuid4().hex)

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> Self:
        """Create a sign-out from what is stored of it."""
        return cls(
            client_identifier=stored["client_identifier"],
            token=stored["token"],
            device=stored["device"],
            requested_at=datetime.fromisoformat(stored["requested_at"]),
            key=stored["key"],
        )

    def as_json(self) -> dict[str, Any]:
        """Return what is stored of the sign-out."""
        return {
            "client_identifier": self.client_identifier,
            "token": self.token,
            "device": self.device,
            "requested_at": self.requested_at.isoformat(),
            "key": self.key,
        }


class UnfinishedStore:
    """Private store of what is unfinished at plex.tv; the file exists while there is something."""

    def __init__(self, hass: HomeAssistant) -> None:
        """Initialize without reading the file."""
        self._store: Store[dict[str, list[dict[str, Any]]]] = Store(
            hass, STORAGE_VERSION, STORAGE_KEY, private=True
        )
        self._sign_outs: dict[str, SignOut] = {}

    def __iter__(self) -> Iterator[SignOut]:
        """Iterate over the sign-outs, oldest first."""
        return iter(list(self._sign_outs.values()))

    def __contains__(self, sign_out: SignOut) -> bool:
        """Return whether the sign-out is unfinished."""
        return sign_out.key in self._sign_outs

    async def async_load(self) -> list[SignOut]:
        """Read what an earlier run of Home Assistant left unfinished, and return it.

        What this run has added in the meantime is newer.
        """
        stored = await self._store.async_load()
        earlier = [] if stored is None else [SignOut.from_json(one) for one in stored[SIGN_OUTS]]
        self._sign_outs = {one.key: one for one in earlier} | self._sign_outs
        return earlier

    @callback
    def async_add(self, sign_out: SignOut) -> None:
        """Add a sign-out, which is stored with the next save."""
        self._sign_outs[sign_out.key] = sign_out

    @callback
    def async_remove(self, sign_out: SignOut) -> None:
        """Remove a sign-out that is finished, or given up, with the next save."""
        self._sign_outs.pop(sign_out.key, None)

    async def async_save(self) -> None:
        """Write the file, or delete it if nothing is unfinished."""
        if self._sign_outs:
            await self._store.async_save(
                {SIGN_OUTS: [one.as_json() for one in self._sign_outs.values()]}
            )
        else:
            await self._store.async_remove()
