"""The token that a config flow obtained; it is signed out unless an entry stores it."""

from dataclasses import replace
from datetime import datetime
from typing import Final

from homeassistant.core import CALLBACK_TYPE, HassJob, HomeAssistant, callback
from homeassistant.data_entry_flow import UnknownFlow
from homeassistant.helpers.event import async_call_later

from ..auth.sign_out import async_release_token, async_sign_out
from ..const import CONF_ACCOUNT_TOKEN, DOMAIN, TokenSource
from .models import Access, FlowState

# A token that is not used for this long is signed out again. A page that is reloaded leaves its
# flow behind, and Home Assistant keeps that.
ABANDONED_AFTER: Final = 3600.0


class AccessHolder:
    """Hold the access of a flow, and sign out each token of our own that no entry comes to use."""

    def __init__(self, hass: HomeAssistant, flow_id: str, state: FlowState) -> None:
        """Initialize for a flow and its state."""
        self._hass = hass
        self._flow_id = flow_id
        self._state = state
        self._cancel_abandonment: CALLBACK_TYPE | None = None
        self._is_closed = False

    def raise_if_closed(self) -> None:
        """Stop a step during which the dialog was closed."""
        if self._is_closed:
            raise UnknownFlow

    @callback
    def async_set(self, access: Access) -> None:
        """Continue with this access; sign it out if the dialog was closed in the meantime."""
        self._state.access = access
        if self._is_closed:
            self._async_sign_out_if_unused()
        elif access.our_token is not None:
            self._async_cancel_abandonment()
            self._cancel_abandonment = async_call_later(
                self._hass, ABANDONED_AFTER, HassJob(self._async_abandon, cancel_on_shutdown=True)
            )

    @callback
    def async_drop(self) -> None:
        """Start over without access, and sign out a token of our own."""
        access = self._state.access
        if access.our_token is not None:
            self._async_sign_out(access.client_identifier, access.our_token)
            self._state.start_over()
        self._state.access = self._state.no_access

    @callback
    def async_reject(self) -> None:
        """Sign out a token of the wrong account; keep the account for the text of the error."""
        self._async_sign_out_if_unused()
        self._state.access = replace(self._state.access, source=TokenSource.NONE, token=None)

    @callback
    def async_close(self) -> None:
        """Sign the token out if the flow has ended without an entry that uses it."""
        self._is_closed = True
        self._async_cancel_abandonment()
        self._async_sign_out_if_unused()

    @callback
    def _async_abandon(self, _now: datetime) -> None:
        """Abort a flow that nobody continues."""
        self._cancel_abandonment = None
        self._hass.config_entries.flow.async_abort(self._flow_id)

    @callback
    def _async_cancel_abandonment(self) -> None:
        if self._cancel_abandonment is not None:
            self._cancel_abandonment()
            self._cancel_abandonment = None

    @callback
    def _async_sign_out_if_unused(self) -> None:
        """Sign out a token of our own that no entry uses; it was held until now."""
        access = self._state.access
        if access.our_token is None:
            return
        in_use = {
            entry.data.get(CONF_ACCOUNT_TOKEN)
            for entry in self._hass.config_entries.async_entries(DOMAIN)
        }
        if access.our_token in in_use:
            async_release_token(self._hass, access.our_token)
        else:
            self._async_sign_out(access.client_identifier, access.our_token)

    @callback
    def _async_sign_out(self, client_identifier: str, token: str) -> None:
        async_sign_out(self._hass, client_identifier, token, server_name=self._state.target_name)
