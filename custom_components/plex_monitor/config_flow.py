"""Config flow of the Plex Monitor integration: every step, from top to bottom.

A step shows a form or a menu, or says which step follows. What it has to find out for that is done
by the modules in `flow`, which complete the `FlowState`, return the next `Step` or raise the
`StepError` that a form shows.
"""

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, override

from homeassistant.config_entries import ConfigEntryState, ConfigFlowResult
from homeassistant.const import CONF_URL
from homeassistant.core import callback
from homeassistant.helpers.service_info.zeroconf import ZeroconfServiceInfo

from .auth.issues import Issue, async_delete_issues, async_is_issue_active
from .auth.pins import async_continue_pins
from .auth.sign_out import async_continue_sign_outs, async_sign_out
from .const import (
    CONF_ACCOUNT_TOKEN,
    CONF_CLIENT_IDENTIFIER,
    CONF_SERVER_TOKEN,
    CONF_TOKEN_SOURCE,
    DOMAIN,
    TokenSource,
)
from .flow.account import async_update_account
from .flow.base import BaseFlow, UserInput
from .flow.discovery import async_get_moved_entry, async_identify_discovered, discovered_name
from .flow.errors import INSECURE_ADDRESS, StepError
from .flow.forms import (
    CONF_ADDRESS_OR_TOKEN,
    CONF_SERVER,
    PASTE_SCHEMA,
    parse_address,
    server_schema,
)
from .flow.models import Address
from .flow.options import PlexMonitorOptionsFlow
from .flow.plex_integration import async_get_borrowed_servers
from .flow.server import (
    async_identify,
    async_is_unclaimed,
    async_require_allowed,
    async_select_server,
    async_use_address,
    async_use_open_server,
    async_use_resource,
    selectable_server_names,
)
from .flow.verify import (
    TokenRefusedError,
    async_require_private,
    async_verify,
    entry_data,
    result_step,
)
from .runtime import PlexMonitorConfigEntry

# Steps that explain why Home Assistant needs another token, for reasons other than a revoked one.
REAUTH_STEPS = {
    Issue.ACCESS_REMOVED: "reauth_access_removed",
    Issue.TOKEN_WANTED: "reauth_token_wanted",
}


class PlexMonitorConfigFlow(BaseFlow, domain=DOMAIN):
    """Set up a Plex server, sign in to it again, or change its address."""

    _signed_in_task: asyncio.Task[ConfigFlowResult] | None = None

    @staticmethod
    @callback
    @override
    def async_get_options_flow(config_entry: PlexMonitorConfigEntry) -> PlexMonitorOptionsFlow:
        """Return the options flow."""
        return PlexMonitorOptionsFlow()

    # How a flow starts: by the user, a discovery, a dead token or a change of settings.

    @override
    async def async_step_user(self, user_input: UserInput = None) -> ConfigFlowResult:
        """Let the user select how to get access."""
        self._async_continue_unfinished()
        return self._show_menu("user", self._auth_methods)

    @callback
    def _async_continue_unfinished(self) -> None:
        """Continue with what earlier flows left: without an entry, nothing else has done so."""
        async_continue_sign_outs(self.hass)
        async_continue_pins(self.hass)

    @property
    def _auth_methods(self) -> list[str]:
        """Return the steps that get access, the best one first."""
        methods = ["sign_in", "paste", "plex_integration", "no_token"]
        if not async_get_borrowed_servers(self.hass, self._state):
            methods.remove("plex_integration")
        return methods

    @override
    async def async_step_zeroconf(self, discovery_info: ZeroconfServiceInfo) -> ConfigFlowResult:
        """Offer a server that was discovered, or follow one that has moved."""
        self._async_continue_unfinished()
        self.context["title_placeholders"] = {"name": discovered_name(discovery_info)}
        discovered = await async_identify_discovered(self.hass, self._state, discovery_info)
        if discovered is None:
            return self.async_abort(reason="cannot_connect")
        await self.async_set_unique_id(discovered.machine_identifier)
        moved = await async_get_moved_entry(self.hass, self._state, discovered)
        if moved is None or CONF_ACCOUNT_TOKEN in moved.data:
            if moved is not None and moved.state is ConfigEntryState.LOADED:
                # An announcement proves nothing: plex.tv says where the server is.
                moved.runtime_data.server.async_search_address()
            self._abort_if_unique_id_configured()
            self._state.target = discovered
            self._state.address = discovered.address
            return await self.async_step_discovery_confirm()
        # With the id of the server, Home Assistant would replace the entry if the flow is ignored.
        await self.async_set_unique_id(f"{discovered.machine_identifier}_moved")
        self._abort_if_unique_id_configured()
        self._state.change_entry(moved)
        self._state.address = discovered.address
        return await self.async_step_discovery_moved()

    async def async_step_discovery_moved(self, user_input: UserInput = None) -> ConfigFlowResult:
        """Let the owner confirm the new address of a server, which anybody can announce."""
        entry, address, target = self._state.entry, self._state.address, self._state.target
        if TYPE_CHECKING:
            assert entry is not None
            assert address is not None
            assert target is not None
        error: StepError | None = None
        if user_input is not None:
            try:
                await async_identify(self.hass, self._state, address, entry.unique_id)
                await async_require_private(address)
            except StepError as err:
                error = err
            else:
                # The entry may have been changed since the form was shown.
                if CONF_ACCOUNT_TOKEN in entry.data or entry.data[CONF_URL] != target.address.url:
                    return self.async_abort(reason="already_configured")
                return self.async_update_reload_and_abort(
                    entry, data_updates={CONF_URL: address.url}, reason="address_changed"
                )
        return self._show_form("discovery_moved", error=error)

    async def async_step_discovery_confirm(self, _user_input: UserInput = None) -> ConfigFlowResult:
        """Let the user select how to get access to a server that was discovered."""
        return self._show_menu("discovery_confirm", self._auth_methods)

    async def async_step_reauth(self, _entry_data: Mapping[str, Any]) -> ConfigFlowResult:
        """Start because the token of an entry is no longer valid."""
        self._state.change_entry(self._get_reauth_entry(), is_reauth=True)
        return await self.async_step_reauth_confirm()

    async def async_step_reauth_confirm(self, _user_input: UserInput = None) -> ConfigFlowResult:
        """Explain what is wrong with the token now, and let the user select how to get another."""
        entry = self._get_reauth_entry()
        shown = (
            step_id
            for issue, step_id in REAUTH_STEPS.items()
            if async_is_issue_active(self.hass, entry, issue)
        )
        return self._show_menu(next(shown, "reauth_confirm"), ["sign_in", "paste"])

    # The reason may have changed when the dialog is opened again.
    async_step_reauth_access_removed = async_step_reauth_confirm
    async_step_reauth_token_wanted = async_step_reauth_confirm

    async def async_step_reconfigure(self, _user_input: UserInput = None) -> ConfigFlowResult:
        """Let the user select what to change."""
        self._state.change_entry(self._get_reconfigure_entry())
        return self._show_menu("reconfigure", ["reconfigure_address", "sign_in"])

    async def async_step_reconfigure_address(
        self, user_input: UserInput = None
    ) -> ConfigFlowResult:
        """Change the address of the server."""
        entry = self._get_reconfigure_entry()
        error: StepError | None = None
        if user_input is not None:
            try:
                address = parse_address(user_input)
                await async_require_allowed(self.hass, self._state, entry, address)
                await async_identify(self.hass, self._state, address, entry.unique_id)
                if CONF_SERVER_TOKEN in entry.data:
                    await async_require_private(address)
            except StepError as err:
                error = err
            else:
                self._access.raise_if_closed()
                return self.async_update_reload_and_abort(entry, data_updates=address.as_data)
        self._state.address = Address.from_data(entry.data)
        return self._show_address_form("reconfigure_address", error, user_input)

    # Sign in at plex.tv with a PIN.

    async def async_step_sign_in(self, _user_input: UserInput = None) -> ConfigFlowResult:
        """Show a PIN, and wait until it is approved."""
        try:
            approval = self._sign_in.approval or await self._sign_in.async_start()
        except StepError:
            return await self.async_step_sign_in_failed()
        if approval.task.done():
            self._sign_in.approval = None
            return self.async_show_progress_done(next_step_id=approval.task.result())
        return self.async_show_progress(
            step_id="sign_in",
            progress_action=approval.progress_action,
            description_placeholders=approval.placeholders,
            progress_task=approval.task,
        )

    async def async_step_pin_expired(self, user_input: UserInput = None) -> ConfigFlowResult:
        """Offer a new PIN in the place of one that was not approved in time."""
        if user_input is not None:
            return await self.async_step_sign_in()
        return self._show_form("pin_expired")

    async def async_step_sign_in_failed(self, user_input: UserInput = None) -> ConfigFlowResult:
        """Show what is wrong with plex.tv, and offer to try again."""
        if user_input is not None:
            return await self.async_step_sign_in()
        return self._show_form("sign_in_failed", error=self._sign_in.error)

    async def async_step_signed_in(self, _user_input: UserInput = None) -> ConfigFlowResult:
        """Continue after the PIN was approved.

        At the end of a progress step Home Assistant and a browser can both continue the flow. They
        get one result, as the slower one would undo what the user has done since.
        """
        if self._signed_in_task is None:
            self._signed_in_task = self.hass.async_create_task(
                self._async_continue_signed_in(), f"{DOMAIN} signed in {self.flow_id}"
            )
            self._signed_in_task.add_done_callback(self._async_clear_signed_in_task)
        return await asyncio.shield(self._signed_in_task)

    @callback
    def _async_clear_signed_in_task(self, _task: asyncio.Task[ConfigFlowResult]) -> None:
        self._signed_in_task = None

    async def _async_continue_signed_in(self) -> ConfigFlowResult:
        """Read the account and its servers, and select one."""
        try:
            await async_update_account(self.hass, self._state)
        except StepError as err:
            return self._show_form("signed_in", error=err)
        return await self._async_go_to(await async_select_server(self.hass, self._state))

    # Get access without a sign-in.

    async def async_step_paste(self, user_input: UserInput = None) -> ConfigFlowResult:
        """Use a pasted address with a token in it, or a pasted token."""
        error: StepError | None = None
        if user_input is not None:
            try:
                step = await self._exchange.async_use_pasted(user_input[CONF_ADDRESS_OR_TOKEN])
            except StepError as err:
                error = err
            else:
                return await self._async_go_to(step)
        return self._show_form("paste", PASTE_SCHEMA, error)

    async def async_step_plex_integration(self, user_input: UserInput = None) -> ConfigFlowResult:
        """Use the token of Home Assistant's own Plex integration."""
        servers = async_get_borrowed_servers(self.hass, self._state)
        if user_input is None and len(servers) == 1:
            user_input = {CONF_SERVER: next(iter(servers))}
        error: StepError | None = None
        if user_input is not None:
            server = servers[user_input[CONF_SERVER]]
            try:
                step = await self._exchange.async_use_borrowed(server.token, server.target)
            except StepError as err:
                error = err
            else:
                return await self._async_go_to(step)
        names = {identifier: server.name for identifier, server in servers.items()}
        return self._show_form("plex_integration", server_schema(names), error)

    async def async_step_no_token(self, user_input: UserInput = None) -> ConfigFlowResult:
        """Use a server that answers without a token."""
        error: StepError | None = None
        if user_input is not None:
            try:
                await async_use_open_server(self.hass, self._state, parse_address(user_input))
            except StepError as err:
                error = err
            else:
                return await self.async_step_retry_verify()
        elif self._state.target:
            self._state.address = self._state.target.address
        return self._show_address_form("no_token", error, user_input)

    # Select a server of the account, and an address at which it answers.

    async def async_step_choose_server(self, user_input: UserInput = None) -> ConfigFlowResult:
        """Let the user select one of several servers."""
        if user_input is not None:
            resource = self._state.access.resource(user_input[CONF_SERVER])
            if TYPE_CHECKING:
                assert resource is not None
            return await self._async_go_to(
                await async_use_resource(self.hass, self._state, resource)
            )
        names = selectable_server_names(self.hass, self._state)
        return self._show_form("choose_server", server_schema(names))

    async def async_step_no_server(self, _user_input: UserInput = None) -> ConfigFlowResult:
        """Explain that the account has no server."""
        self._access.async_reject()
        return self._show_menu("no_server", ["sign_in"])

    async def async_step_all_configured(self, _user_input: UserInput = None) -> ConfigFlowResult:
        """Explain that all servers of the account are set up."""
        self._access.async_reject()
        return self._show_menu("all_configured", ["sign_in"])

    async def async_step_wrong_account(self, user_input: UserInput = None) -> ConfigFlowResult:
        """Explain that the account has no access to the target server."""
        if user_input is not None:
            return await self.async_step_sign_in()
        self._access.async_reject()
        if await async_is_unclaimed(self.hass, self._state):
            return self._show_form("unclaimed")
        return self._show_form("wrong_account", error=StepError("wrong_account"))

    async def async_step_unclaimed(self, user_input: UserInput = None) -> ConfigFlowResult:
        """Explain that the target server belongs to nobody, until it is claimed."""
        if user_input is not None:
            return await self.async_step_sign_in()
        return self._show_form("unclaimed")

    async def async_step_address(self, user_input: UserInput = None) -> ConfigFlowResult:
        """Ask for the address of the selected server."""
        return await self._async_handle_address("address", user_input)

    async def async_step_server_address(self, user_input: UserInput = None) -> ConfigFlowResult:
        """Ask for the address of the server that a token is for."""
        return await self._async_handle_address("server_address", user_input)

    async def _async_handle_address(self, step_id: str, user_input: UserInput) -> ConfigFlowResult:
        """Ask for an address until the server answers at one."""
        if user_input is not None:
            try:
                await async_use_address(self.hass, self._state, parse_address(user_input))
            except StepError as err:
                self._state.address_error = err
            else:
                return await self.async_step_retry_verify()
        return self._show_address_form(step_id, self._state.address_error, user_input)

    # Verify the token at the server, show what was found, and store it.

    async def async_step_retry_verify(self, _user_input: UserInput = None) -> ConfigFlowResult:
        """Try the token at the server; it is stored at once where it replaces another one."""
        state = self._state
        try:
            is_full = await async_verify(self.hass, state)
        except TokenRefusedError:
            return await self.async_step_token_refused()
        except StepError as err:
            return await self._async_handle_not_verified(err)
        if state.entry is None:
            if TYPE_CHECKING:
                assert state.server is not None
            await self.async_set_unique_id(state.server.machine_identifier, raise_on_progress=False)
            self._abort_if_unique_id_configured()
        elif is_full:
            return await self.async_step_finish()
        return await self._async_go_to(result_step(state.access, is_full=is_full))

    async def _async_handle_not_verified(self, error: StepError) -> ConfigFlowResult:
        """Show why the token could not be verified, or store it if plex.tv confirms it."""
        if self._state.is_reauth and self._state.access.account and error.key != INSECURE_ADDRESS:
            # plex.tv has just listed the server for this account; that it is down now is no reason
            # to keep a token that is dead.
            return await self.async_step_finish()
        self._state.address_error = error
        if self._state.entry:
            return await self.async_step_verify_failed()
        return await self.async_step_address()

    async def async_step_verify_failed(self, user_input: UserInput = None) -> ConfigFlowResult:
        """Show why a new token could not be tried at the server, and offer to try again."""
        if user_input is not None:
            return await self.async_step_retry_verify()
        return self._show_form("verify_failed", error=self._state.address_error)

    async def async_step_token_refused(self, _user_input: UserInput = None) -> ConfigFlowResult:
        """Explain that the server refuses the token."""
        return self._show_menu("token_refused", ["retry_verify", "sign_in", "paste"])

    async def async_step_verify(self, user_input: UserInput = None) -> ConfigFlowResult:
        """Show a server that the account owns."""
        if user_input is not None:
            return await self.async_step_finish()
        return self._show_form("verify")

    async def async_step_verify_no_token(self, user_input: UserInput = None) -> ConfigFlowResult:
        """Show a server that answers without a token."""
        if user_input is not None:
            return await self.async_step_finish()
        return self._show_form("verify_no_token")

    async def async_step_verify_limited(self, _user_input: UserInput = None) -> ConfigFlowResult:
        """Show a server that the account does not own."""
        return self._show_menu("verify_limited", ["finish", "sign_in"])

    async def async_step_verify_token(self, _user_input: UserInput = None) -> ConfigFlowResult:
        """Show a server with a token of its owner that plex.tv does not know."""
        return self._show_menu("verify_token", ["finish", "sign_in"])

    async def async_step_verify_token_limited(
        self, _user_input: UserInput = None
    ) -> ConfigFlowResult:
        """Show a server with a token of another user that plex.tv does not know."""
        return self._show_menu("verify_token_limited", ["finish", "sign_in"])

    async def async_step_finish(self, _user_input: UserInput = None) -> ConfigFlowResult:
        """Store the token: in a new entry, or in the one that is changed."""
        self._access.raise_if_closed()
        if self._state.entry:
            return self._async_replace_token(self._state.entry)
        return self.async_create_entry(
            title=self._state.placeholders["server"], data=entry_data(self._state)
        )

    @callback
    def _async_replace_token(self, entry: PlexMonitorConfigEntry) -> ConfigFlowResult:
        """Replace the token of an entry, and sign the old one out if it was our own."""
        old, new = entry.data, entry_data(self._state)
        # The server may be down just now, and what was wrong with the old token is wrong no more.
        async_delete_issues(self.hass, entry.entry_id)
        result = self.async_update_reload_and_abort(entry, data=new)
        if (
            TokenSource(old[CONF_TOKEN_SOURCE]).is_our_own
            and old[CONF_CLIENT_IDENTIFIER] != new[CONF_CLIENT_IDENTIFIER]
        ):
            async_sign_out(
                self.hass,
                old[CONF_CLIENT_IDENTIFIER],
                old[CONF_ACCOUNT_TOKEN],
                server_name=entry.title,
            )
        return result
