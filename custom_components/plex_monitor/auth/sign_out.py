"""Sign tokens of our own out at plex.tv, so that Plex lists no device that is not used.

Nothing waits for plex.tv: a token is signed out in the background, and again until that succeeds.
A token that a flow has obtained is stored at once, so that it is signed out after a restart too.
"""

from datetime import datetime, timedelta
from typing import Final

from homeassistant.const import EVENT_HOMEASSISTANT_STOP
from homeassistant.core import Event, HassJob, HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.event import async_call_later
from homeassistant.util import dt as dt_util
from homeassistant.util.hass_dict import HassKey

from ..clients import device_name, plex_tv_client
from ..const import CONF_ACCOUNT_TOKEN, DOCUMENTATION_URL, DOMAIN, LOGGER
from ..plex.errors import PlexError, PlexUnauthorizedError
from ..plex.token_health import CONFIRM_WHILE_ACCEPTED_AFTER
from .unfinished import MAX_SIGN_OUTS, SignOut, async_unfinished_store

# The back-off between two attempts, in seconds: it grows fourfold each time, up to the maximum.
RETRY_MIN: Final = 60.0
RETRY_MAX: Final = 6 * 3600.0
# A refused token is signed out when plex.tv refuses it again after this long: one that refuses
# all tokens for an hour has signed none of them out.
CONFIRM_REFUSAL_AFTER: Final = timedelta(seconds=CONFIRM_WHILE_ACCEPTED_AFTER)
# The user is asked to remove the device by hand when the attempts have failed for this long.
REPORTED_AFTER: Final = timedelta(days=1)
# The attempts end after this long; until then they also notice that the user removed the device.
GIVEN_UP_AFTER: Final = timedelta(days=30)

ISSUE: Final = "device_left"


class SignOuts:
    """Sign out tokens in the background until plex.tv has confirmed each."""

    def __init__(self, hass: HomeAssistant) -> None:
        """Initialize with nothing to sign out."""
        self.hass = hass
        self._store = async_unfinished_store(hass)
        self._is_started = False
        # When plex.tv first refused each token, by the key of its sign-out.
        self._refused_at: dict[str, datetime] = {}
        hass.bus.async_listen_once(EVENT_HOMEASSISTANT_STOP, self._handle_stop)

    @callback
    def async_start(self) -> None:
        """Continue in the background with what an earlier run of Home Assistant left."""
        if not self._is_started:
            self._is_started = True
            self.hass.async_create_background_task(self._async_continue(), f"{DOMAIN} sign-outs")

    @callback
    def async_hold(self, sign_out: SignOut) -> None:
        """Store a token that is signed out after a restart, or else once it is added."""
        self.async_start()
        self._async_remove_token(sign_out.token)
        self._store.sign_outs[sign_out.key] = sign_out
        self._store.async_save_in_background()

    @callback
    def async_add(self, sign_out: SignOut) -> None:
        """Sign a token out, as soon as plex.tv responds."""
        self.async_start()
        self._async_remove_token(sign_out.token)
        self._store.sign_outs[sign_out.key] = sign_out
        self._async_attempt_in_background(sign_out, RETRY_MIN)

    @callback
    def async_release(self, token: str) -> None:
        """Keep a token that was held: an entry uses it."""
        if self._async_remove_token(token):
            self._store.async_save_in_background()

    @callback
    def _async_remove_token(self, token: str) -> bool:
        """Remove a token, and return whether it was in the store."""
        keys = [key for key, one in self._store.sign_outs.items() if one.token == token]
        for key in keys:
            del self._store.sign_outs[key]
        return bool(keys)

    async def _async_continue(self) -> None:
        """Continue with what an earlier run of Home Assistant left."""
        await self._store.async_load()
        while self._store.earlier_sign_outs:
            self._async_attempt_in_background(self._store.earlier_sign_outs.pop(0), RETRY_MIN)

    @callback
    def _async_attempt_in_background(self, sign_out: SignOut, delay: float) -> None:
        """Attempt to sign a token out; Home Assistant cancels that when it stops."""
        self.hass.async_create_background_task(
            self._async_attempt(sign_out, delay), f"{DOMAIN} sign-out {sign_out.key}"
        )

    async def _async_attempt(self, sign_out: SignOut, delay: float) -> None:
        """Attempt to sign a token out, and again after the delay if that fails."""
        if delay == RETRY_MIN:
            # A crash from here on loses nothing.
            await self._store.async_load()
            self._async_limit()
            await self._store.async_save()
        if sign_out.key not in self._store.sign_outs:
            return
        if await self._async_is_done(sign_out):
            ir.async_delete_issue(self.hass, DOMAIN, _issue_id(sign_out))
            await self._async_remove(sign_out)
            return
        age = dt_util.utcnow() - sign_out.requested_at
        if age >= REPORTED_AFTER:
            _async_create_issue(self.hass, sign_out)
        if age >= GIVEN_UP_AFTER:
            await self._async_remove(sign_out)
            return

        @callback
        def attempt_again(_now: datetime) -> None:
            self._async_attempt_in_background(sign_out, min(4 * delay, RETRY_MAX))

        is_refused = sign_out.key in self._refused_at
        wait = CONFIRM_REFUSAL_AFTER if is_refused else timedelta(seconds=delay)
        async_call_later(self.hass, wait, HassJob(attempt_again, cancel_on_shutdown=True))

    async def _async_remove(self, sign_out: SignOut) -> None:
        """Remove a sign-out that is finished, or given up."""
        self._store.sign_outs.pop(sign_out.key, None)
        self._refused_at.pop(sign_out.key, None)
        await self._store.async_save()

    async def _async_is_done(self, sign_out: SignOut) -> bool:
        """Sign a token out, and return whether plex.tv has confirmed that it is not valid."""
        if any(
            entry.data.get(CONF_ACCOUNT_TOKEN) == sign_out.token
            for entry in self.hass.config_entries.async_entries(DOMAIN)
        ):
            # An entry that was restored from a backup uses it again.
            return True
        try:
            await plex_tv_client(self.hass, sign_out.client_identifier).sign_out(sign_out.token)
        except PlexUnauthorizedError:
            LOGGER.debug("plex.tv refuses a token that is to be signed out")
            now = dt_util.utcnow()
            refused_at = self._refused_at.setdefault(sign_out.key, now)
            return now - refused_at >= CONFIRM_REFUSAL_AFTER
        except PlexError as err:
            LOGGER.debug("A token could not be signed out of plex.tv yet: %s", err)
            return False
        return True

    @callback
    def _async_limit(self) -> None:
        """Give the oldest up where there are too many, and ask the user to remove their devices."""
        for sign_out in list(self._store.sign_outs.values())[:-MAX_SIGN_OUTS]:
            _async_create_issue(self.hass, sign_out)
            del self._store.sign_outs[sign_out.key]

    @callback
    def _handle_stop(self, _event: Event) -> None:
        """Report what is left where Home Assistant will not load this integration again.

        It does not do so without an entry, and so there is no further attempt after the restart.
        """
        if not self.hass.config_entries.async_entries(DOMAIN):
            for sign_out in self._store.sign_outs.values():
                _async_create_issue(self.hass, sign_out)


_SIGN_OUTS: HassKey[SignOuts] = HassKey(f"{DOMAIN}_sign_outs")


@callback
def _async_sign_outs(hass: HomeAssistant) -> SignOuts:
    """Return the sign-outs of this Home Assistant."""
    if (sign_outs := hass.data.get(_SIGN_OUTS)) is None:
        sign_outs = hass.data[_SIGN_OUTS] = SignOuts(hass)
    return sign_outs


@callback
def async_continue_sign_outs(hass: HomeAssistant) -> None:
    """Continue with the sign-outs that were unfinished when Home Assistant stopped."""
    _async_sign_outs(hass).async_start()


@callback
def async_sign_out(
    hass: HomeAssistant, client_identifier: str, token: str, *, server_name: str | None = None
) -> None:
    """Sign a token out in the background, with the name of the server that it was created for."""
    _async_sign_outs(hass).async_add(_sign_out(hass, client_identifier, token, server_name))


@callback
def async_hold_token(
    hass: HomeAssistant, client_identifier: str, token: str, *, server_name: str | None = None
) -> None:
    """Store a token that no entry has yet, so that it is signed out if none has after a restart.

    Either `async_sign_out` or `async_release_token` has to follow.
    """
    _async_sign_outs(hass).async_hold(_sign_out(hass, client_identifier, token, server_name))


@callback
def async_release_token(hass: HomeAssistant, token: str) -> None:
    """Handle that an entry uses a token that was held."""
    _async_sign_outs(hass).async_release(token)


def _sign_out(
    hass: HomeAssistant, client_identifier: str, token: str, server_name: str | None
) -> SignOut:
    return SignOut(
        client_identifier=client_identifier, token=token, device=device_name(hass, server_name)
    )


def _issue_id(sign_out: SignOut) -> str:
    return f"{ISSUE}_{sign_out.key}"


@callback
def _async_create_issue(hass: HomeAssistant, sign_out: SignOut) -> None:
    """Ask the user to remove a device; this outlives the entry and restarts of Home Assistant."""
    ir.async_create_issue(
        hass,
        DOMAIN,
        _issue_id(sign_out),
        is_fixable=False,
        is_persistent=True,
        learn_more_url=f"{DOCUMENTATION_URL}#revoke-a-token",
        severity=ir.IssueSeverity.WARNING,
        translation_key=ISSUE,
        translation_placeholders={"device": sign_out.device},
    )
