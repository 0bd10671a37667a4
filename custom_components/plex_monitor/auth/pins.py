"""PINs that can be approved at plex.tv after their flow has ended, which leaves a device there.

A PIN is stored while it can be approved. One that no flow waits for, in a dialog that was closed or
after a restart of Home Assistant, is polled until it ends, and its token is signed out.
"""

import asyncio
from datetime import timedelta
from typing import Final

from homeassistant.core import HomeAssistant, callback
from homeassistant.util import dt as dt_util
from homeassistant.util.hass_dict import HassKey

from ..clients import plex_tv_client
from ..const import DOMAIN, LOGGER
from ..plex.errors import PlexError, PlexNotFoundError, PlexUnauthorizedError
from ..plex.models import Pin
from ..plex.plex_tv import PlexTv
from .sign_out import async_hold_token, async_sign_out
from .unfinished import MAX_PINS, OpenPin, async_unfinished_store

POLL_INTERVAL: Final = 60.0
LAST_POLL_BEFORE_END: Final = 5.0
CREATE_ATTEMPTS: Final = 3
CREATE_INTERVAL: Final = 1.0
# plex.tv ends a short PIN after a quarter of an hour, whatever a response may say.
MAX_LIFETIME: Final = timedelta(hours=1)


class OpenPins:
    """Keep the PINs that can be approved, and poll those that no flow waits for."""

    def __init__(self, hass: HomeAssistant) -> None:
        """Initialize without any PIN."""
        self.hass = hass
        self._store = async_unfinished_store(hass)
        self._is_started = False

    @callback
    def async_start(self) -> None:
        """Continue in the background with what an earlier run of Home Assistant left."""
        if not self._is_started:
            self._is_started = True
            self.hass.async_create_background_task(self._async_continue(), f"{DOMAIN} open PINs")

    @callback
    def async_hold(self, pin: OpenPin) -> None:
        """Store a PIN that a flow waits for, and forget the oldest where there are too many."""
        self.async_start()
        self._store.pins[pin.pin_id] = pin
        for pin_id in list(self._store.pins)[:-MAX_PINS]:
            del self._store.pins[pin_id]
        self._store.async_save_in_background()

    @callback
    def async_release(self, pin_id: int) -> None:
        """Poll a PIN that no flow waits for any more."""
        if (pin := self._store.pins.get(pin_id)) is not None:
            self._async_poll_in_background(pin)

    @callback
    def async_remove(self, pin_id: int) -> OpenPin | None:
        """Remove a PIN that cannot be approved any more, and return it."""
        pin = self._store.pins.pop(pin_id, None)
        if pin is not None:
            self._store.async_save_in_background()
        return pin

    async def _async_continue(self) -> None:
        """Continue with what an earlier run of Home Assistant left."""
        await self._store.async_load()
        while self._store.earlier_pins:
            self._async_poll_in_background(self._store.earlier_pins.pop(0))

    @callback
    def _async_poll_in_background(self, pin: OpenPin) -> None:
        self.hass.async_create_background_task(
            self._async_poll(pin), f"{DOMAIN} late approval {pin.pin_id}"
        )

    async def _async_poll(self, pin: OpenPin) -> None:
        """Poll a PIN until it ends, and sign its token out.

        It is polled once even after its end: Home Assistant may not have been running.
        """
        plex_tv = plex_tv_client(self.hass, pin.client_identifier)
        last_poll = pin.ends_at - timedelta(seconds=LAST_POLL_BEFORE_END)
        while pin.pin_id in self._store.pins:
            polled_at = dt_util.utcnow()
            try:
                token = (await plex_tv.pin(pin.pin_id)).token
            except PlexNotFoundError:
                break
            except PlexError as err:
                LOGGER.debug("plex.tv does not say whether a PIN was approved: %s", err)
                token = None
            if token is not None:
                async_sign_out(self.hass, pin.client_identifier, token, server_name=pin.server_name)
                break
            if polled_at >= last_poll:
                break
            await asyncio.sleep(min(POLL_INTERVAL, (last_poll - polled_at).total_seconds()))
        self.async_remove(pin.pin_id)


_OPEN_PINS: HassKey[OpenPins] = HassKey(f"{DOMAIN}_open_pins")


@callback
def _async_open_pins(hass: HomeAssistant) -> OpenPins:
    """Return the PINs of this Home Assistant."""
    if (open_pins := hass.data.get(_OPEN_PINS)) is None:
        open_pins = hass.data[_OPEN_PINS] = OpenPins(hass)
    return open_pins


@callback
def async_continue_pins(hass: HomeAssistant) -> None:
    """Continue with the PINs that were open when Home Assistant stopped."""
    _async_open_pins(hass).async_start()


@callback
def async_hold_pin(
    hass: HomeAssistant, client_identifier: str, pin: Pin, *, server_name: str | None
) -> None:
    """Store a new PIN, whose token is signed out if it is approved after a restart.

    Either `async_use_pin`, once it has a token, or `async_release_pin` has to follow.
    """
    lifetime = min(timedelta(seconds=min(pin.expires_in, 1e6)), MAX_LIFETIME)
    _async_open_pins(hass).async_hold(
        OpenPin(
            client_identifier=client_identifier,
            pin_id=pin.id,
            server_name=server_name,
            ends_at=dt_util.utcnow() + lifetime,
        )
    )


@callback
def async_release_pin(hass: HomeAssistant, pin: Pin) -> None:
    """Handle that nothing waits for a PIN any more: a token that it gets is signed out."""
    _async_open_pins(hass).async_release(pin.id)


@callback
def async_use_pin(hass: HomeAssistant, pin: Pin, token: str) -> None:
    """Hold the token of a PIN in the place of the PIN."""
    if (held := _async_open_pins(hass).async_remove(pin.id)) is not None:
        async_hold_token(hass, held.client_identifier, token, server_name=held.server_name)


@callback
def async_forget_pin(hass: HomeAssistant, pin: Pin) -> None:
    """Handle that a PIN has ended without a token."""
    _async_open_pins(hass).async_remove(pin.id)


async def _async_create_pin(plex_tv: PlexTv) -> Pin:
    """Return a new PIN; a short failure of plex.tv is waited out, as it is by the exchange."""
    for _ in range(CREATE_ATTEMPTS - 1):
        try:
            return await plex_tv.create_pin()
        except PlexError as err:
            LOGGER.debug("plex.tv did not create a PIN: %s", err)
        await asyncio.sleep(CREATE_INTERVAL)
    return await plex_tv.create_pin()


async def async_exchange_token(
    hass: HomeAssistant, client_identifier: str, token: str, *, server_name: str | None
) -> str:
    """Return a token of our own, which is held, for the account of another token.

    Raises the errors of `PlexTv.exchange_token`.
    """
    plex_tv = plex_tv_client(hass, client_identifier, server_name)
    pin = await _async_create_pin(plex_tv)
    async_hold_pin(hass, client_identifier, pin, server_name=server_name)
    try:
        own = await plex_tv.exchange_token(token, pin)
    except PlexUnauthorizedError:
        async_forget_pin(hass, pin)
        raise
    except BaseException:
        async_release_pin(hass, pin)
        raise
    async_use_pin(hass, pin, own)
    return own
