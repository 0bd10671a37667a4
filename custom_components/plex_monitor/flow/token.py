"""Config flow, fourth layer: the ways to a token other than a sign-in, and the way without one."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from homeassistant.config_entries import ConfigFlowResult
from homeassistant.const import CONF_TOKEN, CONF_URL, CONF_VERIFY_SSL
from homeassistant.helpers.selector import TextSelector, TextSelectorConfig, TextSelectorType
from probatio import Secret
import voluptuous as vol

from ..clients import plex_server_client, plex_tv_client
from ..const import LOGGER, TokenSource
from ..plex.errors import PlexError, PlexUnauthorizedError
from ..plex.models import ServerIdentity
from ..plex.plex_tv import PlexTv
from ..plex.token_input import TokenInputError, parse_token_input
from .models import (
    Access,
    Address,
    KnownServer,
    Server,
    StepError,
    address_from,
    plex_tv_error,
    server_error,
)
from .server import CONF_SERVER, ServerFlow, server_form

CONF_ADDRESS_OR_TOKEN: Final = "address_or_token"  # noqa: S105 - the name of a field

# Hidden like a password: dialogs end up in screenshots. The field has a button that shows its text.
PASTE_SCHEMA: Final = vol.Schema(
    {
        vol.Required(Secret(CONF_ADDRESS_OR_TOKEN)): TextSelector(
            TextSelectorConfig(type=TextSelectorType.PASSWORD, autocomplete="off")
        )
    }
)

# What Home Assistant's own integration is called and keeps in its entries. Its constants cannot be
# imported where its requirements are not installed.
PLEX_DOMAIN: Final = "plex"
PLEX_SERVER: Final = "server"
PLEX_SERVER_CONFIG: Final = "server_config"
PLEX_SERVER_IDENTIFIER: Final = "server_id"


class TokenFlow(ServerFlow):
    """Take a token from somewhere else, and make one of our own of it where that is possible."""

    async def async_step_paste(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for an address with a token in it, or a token."""
        error: StepError | None = None
        if user_input is not None:
            try:
                given = parse_token_input(user_input[CONF_ADDRESS_OR_TOKEN])
                return await self._async_use_token(
                    given.token,
                    TokenSource.PASTED,
                    Address(url=given.server_url) if given.server_url else None,
                    self._known,
                )
            except TokenInputError as err:
                error = StepError(f"token_{err.problem}", field=CONF_ADDRESS_OR_TOKEN)
            except StepError as err:
                error = err
        return self._show_form("paste", PASTE_SCHEMA, error)

    async def async_step_plex_integration(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Take the token of Home Assistant's own Plex integration."""
        entries = self._plex_integration_servers
        if user_input is None and len(entries) == 1:
            user_input = {CONF_SERVER: next(iter(entries))}
        error: StepError | None = None
        if user_input is not None:
            data = entries[user_input[CONF_SERVER]]
            config = data[PLEX_SERVER_CONFIG]
            address = Address(
                url=config[CONF_URL].rstrip("/"), verify_ssl=config.get(CONF_VERIFY_SSL, True)
            )
            meant = KnownServer(
                machine_identifier=data[PLEX_SERVER_IDENTIFIER],
                name=data[PLEX_SERVER],
                address=address,
            )
            self._server = Server(machine_identifier=meant.machine_identifier, name=meant.name)
            try:
                return await self._async_use_token(
                    config[CONF_TOKEN], TokenSource.BORROWED, address, meant
                )
            except StepError as err:
                error = err
        names = {identifier: data[PLEX_SERVER] for identifier, data in entries.items()}
        return self._show_form("plex_integration", server_form(names), error)

    @property
    def _plex_integration_servers(self) -> dict[str, Mapping[str, Any]]:
        """Return the data of the entries whose account can be used, by machine identifier."""
        configured = self._async_current_ids(include_ignore=False)
        servers = {
            entry.data[PLEX_SERVER_IDENTIFIER]: entry.data
            for entry in self.hass.config_entries.async_entries(PLEX_DOMAIN, include_ignore=False)
            if CONF_TOKEN in entry.data[PLEX_SERVER_CONFIG]
        }
        return {
            identifier: data
            for identifier, data in servers.items()
            if identifier not in configured
            and (self._known is None or self._known.machine_identifier == identifier)
        }

    async def async_step_no_token(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask for the address of a server that wants no token."""
        error: StepError | None = None
        if user_input is not None:
            try:
                address = address_from(user_input[CONF_URL], verify_ssl=user_input[CONF_VERIFY_SSL])
                self._server = await self._async_open_server(address)
            except StepError as err:
                error = err
            else:
                return await self._async_verify(address)
        elif self._known:
            self._address = self._known.address
        return self._show_address_form("no_token", error, user_input)

    async def _async_open_server(self, address: Address) -> Server:
        """Return the server at an address, if it answers without a token."""
        machine_identifier = self._known.machine_identifier if self._known else None
        identity = await self._async_identify(address, machine_identifier)
        server = plex_server_client(
            self.hass,
            url=address.url,
            verify_ssl=address.verify_ssl,
            client_identifier=self._fresh_client_identifier,
            machine_identifier=identity.machine_identifier,
            token=None,
        )
        try:
            accepts = await server.accepts_without_token()
        except PlexError as err:
            raise server_error(err) from None
        if not accepts:
            raise StepError("wants_token")
        return self._server_at(address, identity)

    async def _async_use_token(
        self, token: str, source: TokenSource, address: Address | None, meant: KnownServer | None
    ) -> ConfigFlowResult:
        """Go on with somebody else's token, or with one of our own that is made with it.

        `address` is one that came with the token, `meant` the server that it has to be good for.
        """
        identity = await self._async_try_address(address, meant)
        await self._async_drop_access()
        client_identifier = await self._async_client_identifier()
        plex_tv = self._plex_tv(client_identifier)
        self._async_keep(Access(client_identifier=client_identifier, source=source, token=token))
        try:
            await plex_tv.account(token)
        except PlexUnauthorizedError:
            return await self._async_use_server_token(meant, identity)
        except PlexError as err:
            if address is None and meant is None:
                raise plex_tv_error(err) from None
            # A network without internet has to do without plex.tv from the beginning.
            return await self._async_use_server_token(meant, identity)
        name = meant.name if meant else await self._async_name(plex_tv, token, identity, address)
        await self._async_exchange(plex_tv_client(self.hass, client_identifier, name), token)
        try:
            await self._async_ask_plex_tv()
        except PlexError as err:
            raise plex_tv_error(err) from None
        if identity:
            return await self._async_find_server(identity.machine_identifier, address)
        return await self._async_find_server(
            meant.machine_identifier if meant else self._machine_identifier_at(address)
        )

    async def _async_name(
        self,
        plex_tv: PlexTv,
        token: str,
        identity: ServerIdentity | None,
        address: Address | None,
    ) -> str | None:
        """Return the name of the server that is likely meant, None if it is not known yet."""
        try:
            resources = await plex_tv.resources(token)
        except PlexError as err:
            LOGGER.debug("plex.tv does not tell the name of the server: %s", err)
            return None
        self._access = replace(self._access, resources=resources)
        machine_identifier = (
            identity.machine_identifier if identity else self._machine_identifier_at(address)
        )
        if machine_identifier is None and len(resources) == 1:
            return resources[0].name
        resource = self._access.resource(machine_identifier) if machine_identifier else None
        return resource.name if resource else None

    async def _async_try_address(
        self, address: Address | None, meant: KnownServer | None
    ) -> ServerIdentity | None:
        """Return who answers at an address, None if nobody does seen from Home Assistant.

        It worked from a browser, which may be on another network.
        """
        self._address = address
        self._address_error = StepError("token_unknown")
        if address is None:
            return None
        try:
            return await self._async_identify(address, meant.machine_identifier if meant else None)
        except StepError as err:
            if err.key == "wrong_server":
                raise
            self._address_error = err
            return None

    async def _async_exchange(self, plex_tv: PlexTv, token: str) -> None:
        """Get a lasting token of our own, and keep the given one where that fails."""
        try:
            own = await plex_tv.exchange_token(token)
        except PlexError as err:
            LOGGER.debug("No token of our own could be made with the given one: %s", err)
            return
        self._async_keep(replace(self._access, source=TokenSource.LINKED, token=own))

    async def _async_use_server_token(
        self, meant: KnownServer | None, identity: ServerIdentity | None
    ) -> ConfigFlowResult:
        """Go on with a token that only a server can tell something about."""
        if meant:
            self._server = Server(
                machine_identifier=meant.machine_identifier,
                name=meant.name,
                token=self._access.token,
            )
            if self._entry or identity is None or self._address is None:
                return await self._async_verify(meant.address)
            return await self._async_verify(self._address)
        if identity is None or self._address is None:
            self._server = None
            return await self.async_step_server_address()
        self._server = self._server_at(self._address, identity)
        return await self._async_verify(self._address)

    def _machine_identifier_at(self, address: Address | None) -> str | None:
        """Return the server that plex.tv lists with this address."""
        return next(
            (
                resource.machine_identifier
                for resource in self._access.resources
                for connection in resource.connections
                if address and connection.url == address.url
            ),
            None,
        )
