"""Config flow, third layer: which server is meant, and where it is."""

from collections import Counter
from typing import TYPE_CHECKING, Any, Final, override

from homeassistant.config_entries import ConfigFlowResult
from homeassistant.const import CONF_URL, CONF_VERIFY_SSL
from homeassistant.helpers.selector import SelectOptionDict, SelectSelector, SelectSelectorConfig
import voluptuous as vol
from yarl import URL

from ..plex.connection import find_connection, ranked_connections
from ..plex.models import Connection, Resource, ServerIdentity
from .models import ADDRESS_SCHEMA, Address, Server, StepError, address_from
from .verify import VerifyFlow

CONF_SERVER: Final = "server"


def server_form(names: dict[str, str]) -> vol.Schema:
    """Return a form that asks for one of the servers, given by machine identifier."""
    options = [SelectOptionDict(value=value, label=label) for value, label in names.items()]
    return vol.Schema(
        {vol.Required(CONF_SERVER): SelectSelector(SelectSelectorConfig(options=options))}
    )


class ServerFlow(VerifyFlow):
    """Choose a server, and find it."""

    @override
    async def _async_find_server(
        self, machine_identifier: str | None = None, address: Address | None = None
    ) -> ConfigFlowResult:
        """Go on to the server that is known to be meant, or let the user choose."""
        self._server = None
        self._info = None
        if self._known:
            machine_identifier = self._known.machine_identifier
        if machine_identifier is None:
            return await self._async_choose()
        resource = self._access.resource(machine_identifier)
        if resource is None:
            if not self._known and address:
                name = URL(address.url).host or ""
                self._server = Server(machine_identifier=machine_identifier, name=name)
            return await self.async_step_wrong_account()
        return await self._async_use_resource(resource, address)

    async def _async_choose(self) -> ConfigFlowResult:
        """Take the only server that there is to choose, or ask."""
        if not self._access.resources:
            return await self.async_step_no_server()
        match self._choices:
            case []:
                return await self.async_step_all_configured()
            case [resource]:
                return await self._async_use_resource(resource)
            case _:
                return await self.async_step_choose_server()

    @property
    def _choices(self) -> list[Resource]:
        """Return the servers that are not set up yet, the account's own ones first."""
        configured = self._async_current_ids(include_ignore=False)
        left = [one for one in self._access.resources if one.machine_identifier not in configured]
        return sorted(left, key=lambda one: not one.owned)

    async def async_step_choose_server(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask which of several servers is meant."""
        if user_input is not None:
            resource = self._access.resource(user_input[CONF_SERVER])
            if TYPE_CHECKING:
                assert resource is not None
            return await self._async_use_resource(resource)
        labels = {
            one.machine_identifier: f"{one.name} ({one.owner_name or self._access.account_name})"
            for one in self._choices
        }
        times = Counter(labels.values())
        names = {
            value: label if times[label] == 1 else f"{label} {value[:8]}"
            for value, label in labels.items()
        }
        return self._show_form("choose_server", server_form(names))

    async def async_step_no_server(
        self, _user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Say that the account has no server at all."""
        self._async_reject_access()
        return self._show_menu("no_server", ["sign_in"])

    async def async_step_all_configured(
        self, _user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Say that there is nothing left to set up."""
        self._async_reject_access()
        return self._show_menu("all_configured", ["sign_in"])

    async def async_step_wrong_account(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Say that the account has no access to the server that is meant."""
        if user_input is not None:
            return await self.async_step_sign_in()
        self._async_reject_access()
        return self._show_form("wrong_account", error=StepError("wrong_account"))

    async def _async_use_resource(
        self, resource: Resource, address: Address | None = None
    ) -> ConfigFlowResult:
        """Go on with a server of the account, at an address that is known to answer if any is."""
        self._server = Server(
            machine_identifier=resource.machine_identifier,
            name=resource.name,
            token=resource.access_token or self._access.token,
        )
        self._info = None
        if self._entry:
            if TYPE_CHECKING:
                assert self._known is not None
            return await self._async_verify(self._known.address)
        address = address or await self._async_connect(resource)
        if address is None and self._known:
            address = self._known.address
        if address is None:
            ranked = ranked_connections(resource)
            self._address = Address(url=ranked[0].url) if ranked else None
            self._address_error = StepError("no_connection")
            return await self.async_step_address()
        return await self._async_verify(address)

    async def _async_connect(self, resource: Resource) -> Address | None:
        """Return the best address at which the server answers."""

        async def answers(connection: Connection) -> bool:
            try:
                await self._async_identify(Address(url=connection.url), resource.machine_identifier)
            except StepError:
                return False
            return True

        connection = await find_connection(ranked_connections(resource), answers)
        return Address(url=connection.url) if connection else None

    @override
    async def async_step_address(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask where a server is that is known otherwise."""
        return await self._async_ask_address("address", user_input)

    async def async_step_server_address(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask where the server is that a token is for."""
        return await self._async_ask_address("server_address", user_input)

    async def _async_ask_address(
        self, step_id: str, user_input: dict[str, Any] | None
    ) -> ConfigFlowResult:
        """Ask for an address until one is good."""
        if user_input is not None:
            try:
                address = address_from(user_input[CONF_URL], verify_ssl=user_input[CONF_VERIFY_SSL])
                await self._async_meet(address)
            except StepError as err:
                self._address_error = err
            else:
                return await self._async_verify(address)
        return self._show_address_form(step_id, self._address_error, user_input)

    async def _async_meet(self, address: Address) -> None:
        """Make sure that the server answers at the address, or learn which one does."""
        if self._server is not None:
            await self._async_identify(address, self._server.machine_identifier)
            return
        self._server = self._server_at(address, await self._async_identify(address))

    def _server_at(self, address: Address, identity: ServerIdentity) -> Server:
        """Return the server that answers at an address, named after that until it says more."""
        return Server(
            machine_identifier=identity.machine_identifier,
            name=URL(address.url).host or "",
            token=self._access.token,
        )

    def _show_address_form(
        self, step_id: str, error: StepError | None, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Show a form for an address, filled in as far as one is known."""
        suggested = user_input
        if suggested is None and self._address:
            suggested = {
                CONF_URL: self._address.url,
                CONF_VERIFY_SSL: self._address.verify_ssl,
            }
        schema = self.add_suggested_values_to_schema(ADDRESS_SCHEMA, suggested)
        return self._show_form(step_id, schema, error)
