"""What is still to be done at plex.tv for tokens that no entry has.

It is stored until it is done, so that a restart of Home Assistant leaves no device behind at Plex.
"""

import asyncio
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Self
from uuid import uuid4

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.storage import Store
from homeassistant.util import dt as dt_util
from homeassistant.util.hass_dict import HassKey

from ..const import DOMAIN

STORAGE_KEY: Final = f"{DOMAIN}.unfinished"
STORAGE_VERSION: Final = 1
SIGN_OUTS: Final = "sign_outs"
PINS: Final = "pins"
MAX_SIGN_OUTS: Final = 20
MAX_PINS: Final = 20


@dataclass(frozen=True, kw_only=True)
class SignOut:
    """Token of our own that is to be signed out, and the name of its device at plex.tv."""

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


@dataclass(frozen=True, kw_only=True)
class OpenPin:
    """PIN that can be approved until it ends, and the name of the server that it is for."""

    client_identifier: str
    pin_id: int
    server_name: str | None
    ends_at: datetime

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> Self:
        """Create a PIN from what is stored of it."""
        return cls(
            client_identifier=stored["client_identifier"],
            pin_id=stored["pin_id"],
            server_name=stored["server_name"],
            ends_at=datetime.fromisoformat(stored["ends_at"]),
        )

    def as_json(self) -> dict[str, Any]:
        """Return what is stored of the PIN."""
        return {
            "client_identifier": self.client_identifier,
            "pin_id": self.pin_id,
            "server_name": self.server_name,
            "ends_at": self.ends_at.isoformat(),
        }


class UnfinishedStore:
    """Private store of what is unfinished at plex.tv; the file exists while there is something."""

    def __init__(self, hass: HomeAssistant) -> None:
        """Initialize without reading the file."""
        self._hass = hass
        self._store: Store[dict[str, list[dict[str, Any]]]] = Store(
            hass, STORAGE_VERSION, STORAGE_KEY, private=True
        )
        self._lock = asyncio.Lock()
        self._is_loaded = False
        # Oldest first, by key and by PIN.
        self.sign_outs: dict[str, SignOut] = {}
        self.pins: dict[int, OpenPin] = {}
        # What an earlier run of Home Assistant left, once the file is read, until it is continued.
        self.earlier_sign_outs: list[SignOut] = []
        self.earlier_pins: list[OpenPin] = []

    async def async_load(self) -> None:
        """Read the file once; what this run has added in the meantime is newer."""
        async with self._lock:
            if self._is_loaded:
                return
            stored = await self._store.async_load() or {}
            self.earlier_sign_outs = [SignOut.from_json(one) for one in stored.get(SIGN_OUTS, [])]
            self.earlier_pins = [OpenPin.from_json(one) for one in stored.get(PINS, [])]
            self.sign_outs = {one.key: one for one in self.earlier_sign_outs} | self.sign_outs
            self.pins = {one.pin_id: one for one in self.earlier_pins} | self.pins
            self._is_loaded = True

    @callback
    def async_save_in_background(self) -> None:
        """Write the file soon."""
        self._hass.async_create_background_task(self.async_save(), f"{DOMAIN} unfinished")

    async def async_save(self) -> None:
        """Write the file, or delete it if nothing is unfinished."""
        await self.async_load()
        async with self._lock:
            if self.sign_outs or self.pins:
                await self._store.async_save(
                    {
                        SIGN_OUTS: [one.as_json() for one in self.sign_outs.values()],
                        PINS: [one.as_json() for one in self.pins.values()],
                    }
                )
            else:
                await self._store.async_remove()


_STORE: HassKey[UnfinishedStore] = HassKey(f"{DOMAIN}_unfinished")


@callback
def async_unfinished_store(hass: HomeAssistant) -> UnfinishedStore:
    """Return the store of this Home Assistant."""
    if (store := hass.data.get(_STORE)) is None:
        store = hass.data[_STORE] = UnfinishedStore(hass)
    return store
