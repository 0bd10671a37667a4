"""Signatures for addresses that are opened without a login.

Paths that Home Assistant signs end with its restart, and one that it refuses counts as a failed
login. The key of these signatures is stored.
"""

import asyncio
import hmac
from secrets import token_bytes
from typing import Any, Final

from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.storage import Store
from homeassistant.util.hass_dict import HassKey

from ..const import DOMAIN, LOGGER

STORAGE_KEY: Final = f"{DOMAIN}.signing_key"
STORAGE_VERSION: Final = 1
KEY: Final = "key"
# In bytes. A signature has two characters for each byte.
KEY_SIZE: Final = 32
SIGNATURE_SIZE: Final = 16


class Signer:
    """Sign text, and verify signatures."""

    def __init__(self, key: bytes) -> None:
        """Initialize with a key."""
        self._key = key

    def sign(self, text: str) -> str:
        """Return the signature of a text."""
        return hmac.digest(self._key, text.encode(), "sha256")[:SIGNATURE_SIZE].hex()

    def is_signature(self, signature: str, text: str) -> bool:
        """Return whether this is the signature of a text, in the same time for all of them."""
        return hmac.compare_digest(signature.encode(), self.sign(text).encode())


class SigningKey:
    """The key of this Home Assistant, in a private store; the file exists while an entry does."""

    def __init__(self, hass: HomeAssistant) -> None:
        """Initialize without reading the file."""
        self._store: Store[Any] = Store(hass, STORAGE_VERSION, STORAGE_KEY, private=True)
        self._lock = asyncio.Lock()
        # `None` until an entry needs it.
        self.signer: Signer | None = None

    async def async_load(self) -> Signer:
        """Return the signer with the stored key, or with a new one if there is none."""
        async with self._lock:
            if self.signer is None:
                key = await self._async_read()
                if key is None:
                    key = token_bytes(KEY_SIZE)
                    await self._store.async_save({KEY: key.hex()})
                self.signer = Signer(key)
            return self.signer

    async def async_remove(self) -> None:
        """Delete the key, so that nothing that it signed is valid any more."""
        async with self._lock:
            self.signer = None
            await self._store.async_remove()

    async def _async_read(self) -> bytes | None:
        """Return the stored key; `None` if it is missing or unusable."""
        try:
            stored = await self._store.async_load()
        except (HomeAssistantError, OSError) as err:
            LOGGER.warning("The key that signs addresses of pictures is replaced: %s", err)
            return None
        try:
            key = bytes.fromhex((stored or {})[KEY])
        except KeyError, TypeError, ValueError:
            return None
        return key if len(key) == KEY_SIZE else None


_SIGNING_KEY: HassKey[SigningKey] = HassKey(f"{DOMAIN}_signing_key")


@callback
def async_signing_key(hass: HomeAssistant) -> SigningKey:
    """Return the signing key of this Home Assistant."""
    if (key := hass.data.get(_SIGNING_KEY)) is None:
        key = hass.data[_SIGNING_KEY] = SigningKey(hass)
    return key
