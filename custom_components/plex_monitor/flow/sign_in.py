"""Sign-in at plex.tv with a PIN that is approved on any device."""

import asyncio
from dataclasses import dataclass

from homeassistant.core import HomeAssistant, callback

from ..auth.pins import async_forget_pin, async_hold_pin, async_release_pin, async_use_pin
from ..clients import link_url
from ..const import DOMAIN, TokenSource
from ..plex.errors import PlexError
from .access import AccessHolder
from .account import async_get_client_identifier, plex_tv_of
from .approval import PendingPin
from .errors import StepError, plex_tv_error
from .models import Access, FlowState, Step


@dataclass(frozen=True, kw_only=True)
class Approval:
    """PIN that is shown, and the task that waits for its approval and returns the next step."""

    pending: PendingPin
    task: asyncio.Task[Step]

    @property
    def progress_action(self) -> str:
        """Return the translation key of the text that shows the PIN."""
        return "wait_for_approval" if self.pending.pin.qr_url else "wait_for_approval_without_qr"

    @property
    def placeholders(self) -> dict[str, str]:
        """Return the placeholders of that text."""
        pin = self.pending.pin
        placeholders = {"code": pin.code, "link": link_url(pin.code)}
        if pin.qr_url:
            placeholders["qr_url"] = pin.qr_url
        return placeholders


class SignIn:
    """Sign-in of a flow, which sets its access when the PIN is approved."""

    def __init__(
        self, hass: HomeAssistant, flow_id: str, state: FlowState, access: AccessHolder
    ) -> None:
        """Initialize without a PIN."""
        self._hass = hass
        self._flow_id = flow_id
        self._state = state
        self._access = access
        self.approval: Approval | None = None
        self.error = StepError("plex_tv_unreachable")

    async def async_start(self) -> Approval:
        """Create a PIN, and wait for its approval in the background."""
        self._access.async_drop()
        client_identifier = await async_get_client_identifier(self._hass, self._state)
        try:
            pin = await plex_tv_of(self._hass, self._state, client_identifier).create_pin()
        except PlexError as err:
            self.error = plex_tv_error(err)
            raise self.error from None
        self._access.raise_if_closed()
        if self.approval is not None:
            # The menu entry was selected twice, so the first PIN is not shown.
            self.approval.task.cancel()
            async_forget_pin(self._hass, self.approval.pending.pin)
        async_hold_pin(self._hass, client_identifier, pin, server_name=self._state.target_name)
        pending = PendingPin.created_now(pin, client_identifier)
        task = self._hass.async_create_background_task(
            self._async_wait_for_approval(pending), f"{DOMAIN} sign-in {self._flow_id}"
        )
        self.approval = Approval(pending=pending, task=task)
        return self.approval

    async def _async_wait_for_approval(self, pending: PendingPin) -> Step:
        """Wait until the PIN is approved or expires; return the next step."""
        try:
            token = await pending.async_token(
                plex_tv_of(self._hass, self._state, pending.client_identifier)
            )
        except PlexError as err:
            self.error = plex_tv_error(err)
            async_release_pin(self._hass, pending.pin)
            return Step.SIGN_IN_FAILED
        if token is None:
            async_release_pin(self._hass, pending.pin)
            return Step.PIN_EXPIRED
        async_use_pin(self._hass, pending.pin, token)
        self._access.async_set(
            Access(
                client_identifier=pending.client_identifier, source=TokenSource.SIGN_IN, token=token
            )
        )
        return Step.SIGNED_IN

    @callback
    def async_close(self) -> None:
        """Handle that the dialog was closed: the PIN that it showed can still be approved."""
        if self.approval is not None and not self.approval.task.done():
            async_release_pin(self._hass, self.approval.pending.pin)
