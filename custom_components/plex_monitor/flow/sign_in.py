"""Config flow, first layer: sign in at plex.tv with a PIN, on whatever device."""

from abc import ABC, abstractmethod
import asyncio
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, override
from uuid import uuid4

from homeassistant.config_entries import (
    SOURCE_REAUTH,
    SOURCE_RECONFIGURE,
    ConfigFlow,
    ConfigFlowResult,
)
from homeassistant.core import CALLBACK_TYPE, HassJob, HomeAssistant, callback
from homeassistant.data_entry_flow import UnknownFlow
from homeassistant.helpers.event import async_call_later
import voluptuous as vol

from ..clients import link_url, plex_tv_client
from ..const import (
    CONF_ACCOUNT_TOKEN,
    CONF_CLIENT_IDENTIFIER,
    CONF_TOKEN_SOURCE,
    DOMAIN,
    LOGGER,
    TokenSource,
)
from ..plex.errors import PlexError, PlexUnauthorizedError
from ..plex.plex_tv import PlexTv
from ..runtime import PlexMonitorConfigEntry
from .approval import PendingPin
from .models import Access, StepError, plex_tv_error

# What was signed in and not used for this long is signed out again. A page that is reloaded leaves
# its flow behind, and Home Assistant keeps that.
ABANDONED_AFTER: Final = 3600.0

NOTHING_TO_FILL_IN: Final = vol.Schema({})


async def async_sign_out(hass: HomeAssistant, client_identifier: str, token: str) -> None:
    """Sign a token of our own out at plex.tv, if plex.tv can be reached."""
    try:
        await plex_tv_client(hass, client_identifier).sign_out(token)
    except PlexError as err:
        LOGGER.debug("A token could not be signed out at plex.tv: %s", err)


@dataclass(frozen=True, kw_only=True)
class _Approval:
    """A PIN that is shown, and the task that waits for it and ends with the next step."""

    pending: PendingPin
    task: asyncio.Task[str]


class SignInFlow(ConfigFlow, ABC):
    """Get a token by a PIN, and give it back when nothing comes of it."""

    def __init__(self) -> None:
        """Start without access to anything."""
        self._fresh_client_identifier = str(uuid4())
        self._access = self._no_access
        self._approval: _Approval | None = None
        self._arrival: asyncio.Task[ConfigFlowResult] | None = None
        self._abandonment: CALLBACK_TYPE | None = None
        self._closed = False
        self._plex_tv_error = StepError("plex_tv_unreachable")

    @property
    def _no_access(self) -> Access:
        """Return what a flow begins with."""
        return Access(client_identifier=self._fresh_client_identifier, source=TokenSource.NONE)

    @property
    def _entry(self) -> PlexMonitorConfigEntry | None:
        """Return the entry that is to be changed, None where one is to be made."""
        if self.source == SOURCE_REAUTH:
            return self._get_reauth_entry()
        if self.source == SOURCE_RECONFIGURE:
            return self._get_reconfigure_entry()
        return None

    @abstractmethod
    async def _async_find_server(self) -> ConfigFlowResult:
        """Go on to the server that the account is wanted for."""

    @property
    @abstractmethod
    def _known_name(self) -> str | None:
        """Return the name of the server that is meant, where that is known from the beginning."""

    @property
    @abstractmethod
    def _placeholders(self) -> dict[str, str]:
        """Return what may be filled into any text."""

    async def async_step_sign_in(
        self, _user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Show a PIN, and wait until somebody approves it."""
        if self._approval is None:
            await self._async_drop_access()
            client_identifier = await self._async_client_identifier()
            try:
                pin = await self._plex_tv(client_identifier).create_pin()
            except PlexError as err:
                self._plex_tv_error = plex_tv_error(err)
                return await self.async_step_sign_in_failed()
            self._raise_if_closed()
            self._approval = self._async_await_approval(PendingPin.made_now(pin, client_identifier))
        pin, task = self._approval.pending.pin, self._approval.task
        if task.done():
            self._approval = None
            return self.async_show_progress_done(next_step_id=task.result())
        placeholders = {"code": pin.code, "link": link_url(pin.code)}
        action = "wait_for_approval_without_qr"
        if pin.qr_url:
            action = "wait_for_approval"
            placeholders["qr_url"] = pin.qr_url
        return self.async_show_progress(
            step_id="sign_in",
            progress_action=action,
            description_placeholders=placeholders,
            progress_task=task,
        )

    async def async_step_pin_expired(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Offer a new PIN in the place of one that was not used in time."""
        if user_input is not None:
            return await self.async_step_sign_in()
        return self._show_form("pin_expired")

    async def async_step_sign_in_failed(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Say what is wrong with plex.tv, and offer to try again."""
        if user_input is not None:
            return await self.async_step_sign_in()
        return self._show_form("sign_in_failed", error=self._plex_tv_error)

    async def async_step_signed_in(
        self, _user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask plex.tv whose token it is, and go on to the server.

        At the end of a progress step Home Assistant and a browser can both take the flow on. They
        are to get one answer, as the slower one would undo what the user has done since.
        """
        if self._arrival is None:
            self._arrival = self.hass.async_create_task(
                self._async_arrive(), f"{DOMAIN} signed in {self.flow_id}"
            )
            self._arrival.add_done_callback(self._async_arrived)
        return await asyncio.shield(self._arrival)

    @callback
    def _async_arrived(self, _task: asyncio.Task[ConfigFlowResult]) -> None:
        """Ask anew the next time."""
        self._arrival = None

    async def _async_arrive(self) -> ConfigFlowResult:
        """Return what there is to show after a sign-in."""
        try:
            await self._async_ask_plex_tv()
        except PlexError as err:
            return self._show_form("signed_in", error=plex_tv_error(err))
        return await self._async_find_server()

    def _show_form(
        self,
        step_id: str,
        schema: vol.Schema = NOTHING_TO_FILL_IN,
        error: StepError | None = None,
    ) -> ConfigFlowResult:
        """Show a form with what is wrong with its last input, which itself is not repeated."""
        return self.async_show_form(
            step_id=step_id,
            data_schema=schema,
            errors=error.errors if error else None,
            description_placeholders={
                **self._placeholders,
                **(error.placeholders if error else {}),
            },
        )

    def _show_menu(self, step_id: str, options: list[str]) -> ConfigFlowResult:
        """Show a menu with everything that its text may want to name."""
        return self.async_show_menu(
            step_id=step_id, menu_options=options, description_placeholders=self._placeholders
        )

    def _plex_tv(self, client_identifier: str) -> PlexTv:
        """Return a client of plex.tv whose device there tells which server it is for."""
        return plex_tv_client(self.hass, client_identifier, self._known_name)

    async def _async_ask_plex_tv(self) -> None:
        """Complete the access with its account and servers."""
        if TYPE_CHECKING:
            assert self._access.token is not None
        plex_tv = self._plex_tv(self._access.client_identifier)
        account = await plex_tv.account(self._access.token)
        resources = await plex_tv.resources(self._access.token)
        self._access = replace(self._access, account=account, resources=resources)

    async def _async_client_identifier(self) -> str:
        """Return the identifier to get a token for.

        Plex is reported to keep one token per account and identifier. So the identifier of an entry
        is used again only where its token is dead: another sign-in under it would end a good one,
        even if nothing came of this flow.
        """
        if self.source != SOURCE_REAUTH:
            return self._fresh_client_identifier
        data = self._get_reauth_entry().data
        client_identifier: str = data[CONF_CLIENT_IDENTIFIER]
        if not TokenSource(data[CONF_TOKEN_SOURCE]).is_our_own:
            return client_identifier
        try:
            await self._plex_tv(client_identifier).account(data[CONF_ACCOUNT_TOKEN])
        except PlexUnauthorizedError:
            return client_identifier
        except PlexError as err:
            LOGGER.debug("plex.tv does not tell whether the token in use is dead: %s", err)
        return self._fresh_client_identifier

    def _raise_if_closed(self) -> None:
        """Stop a step that took so long that nobody waits for it any more."""
        if self._closed:
            raise UnknownFlow

    @callback
    def _async_await_approval(self, pending: PendingPin) -> _Approval:
        """Wait for the PIN in the background."""
        if self._approval is not None:
            # The menu entry was selected twice.
            self._approval.task.cancel()
        task = self.hass.async_create_background_task(
            self._async_wait_for_approval(pending), f"{DOMAIN} sign-in {self.flow_id}"
        )
        return _Approval(pending=pending, task=task)

    async def _async_wait_for_approval(self, pending: PendingPin) -> str:
        """Wait until there is a token or the PIN expires; return the next step."""
        try:
            token = await pending.async_token(self._plex_tv(pending.client_identifier))
        except PlexError as err:
            self._plex_tv_error = plex_tv_error(err)
            return "sign_in_failed"
        if token is None:
            return "pin_expired"
        self._async_keep(self._access_with(pending, token))
        return "signed_in"

    async def _async_undo_late_approval(self, pending: PendingPin) -> None:
        """Sign out what is approved after the dialog was closed."""
        try:
            token = await pending.async_late_token(self._plex_tv(pending.client_identifier))
        except PlexError as err:
            LOGGER.debug("plex.tv does not tell whether a PIN was approved: %s", err)
            return
        if token is not None:
            self._async_keep(self._access_with(pending, token))

    @staticmethod
    def _access_with(pending: PendingPin, token: str) -> Access:
        return Access(
            client_identifier=pending.client_identifier, source=TokenSource.SIGN_IN, token=token
        )

    @callback
    def _async_keep(self, access: Access) -> None:
        """Go on with this access, unless the dialog was closed meanwhile."""
        self._access = access
        if self._closed:
            self._async_give_back()
        elif access.our_token is not None:
            self._cancel_abandonment()
            self._abandonment = async_call_later(
                self.hass, ABANDONED_AFTER, HassJob(self._async_abandon, cancel_on_shutdown=True)
            )

    @callback
    def _async_abandon(self, _now: datetime) -> None:
        """End a flow that nobody goes on with."""
        self._abandonment = None
        self.hass.config_entries.flow.async_abort(self.flow_id)

    def _cancel_abandonment(self) -> None:
        if self._abandonment is not None:
            self._abandonment()
            self._abandonment = None

    async def _async_drop_access(self) -> None:
        """Begin again; a token of our own that was got so far is not left behind."""
        access, self._access = self._access, self._no_access
        if access.our_token is not None:
            await async_sign_out(self.hass, access.client_identifier, access.our_token)

    @callback
    def _async_reject_access(self) -> None:
        """Give a token back that is good for nothing here, but remember whose it was."""
        self._async_give_back()
        self._access = replace(self._access, source=TokenSource.NONE, token=None)

    @callback
    @override
    def async_remove(self) -> None:
        """Leave nothing behind, whether the flow has reached its end or was closed."""
        self._closed = True
        self._cancel_abandonment()
        self._async_give_back()
        if self._approval is not None and not self._approval.task.done():
            self.hass.async_create_background_task(
                self._async_undo_late_approval(self._approval.pending),
                f"{DOMAIN} late approval {self.flow_id}",
            )

    @callback
    def _async_give_back(self) -> None:
        """Sign a token of our own out that no entry has come to use."""
        token = self._access.our_token
        in_use = {
            entry.data.get(CONF_ACCOUNT_TOKEN)
            for entry in self.hass.config_entries.async_entries(DOMAIN)
        }
        if token is not None and token not in in_use:
            self.hass.async_create_background_task(
                async_sign_out(self.hass, self._access.client_identifier, token),
                f"{DOMAIN} sign-out {self.flow_id}",
            )
