"""Exchange a pasted or borrowed token for one of our own, or use it as it is."""

from dataclasses import replace

from homeassistant.core import HomeAssistant

from ..auth.pins import async_exchange_token
from ..const import LOGGER, TokenSource
from ..plex.errors import PlexError, PlexUnauthorizedError
from ..plex.models import ServerIdentity
from ..plex.plex_tv import PlexTv
from ..plex.token_input import TokenInputError, parse_token_input
from .access import AccessHolder
from .account import async_get_client_identifier, async_update_account, plex_tv_of
from .errors import WRONG_SERVER, StepError, plex_tv_error
from .forms import CONF_ADDRESS_OR_TOKEN
from .models import Access, Address, FlowState, Server, Step, TargetServer
from .server import async_identify, async_select_server, server_at


class TokenExchange:
    """Set the access of a flow from a pasted or borrowed token."""

    def __init__(self, hass: HomeAssistant, state: FlowState, access: AccessHolder) -> None:
        """Initialize for a flow."""
        self._hass = hass
        self._state = state
        self._access = access

    async def async_use_pasted(self, text: str) -> Step:
        """Use a pasted address with a token in it, or a pasted token; return the next step."""
        try:
            pasted = parse_token_input(text)
        except TokenInputError as err:
            raise StepError(f"token_{err.problem}", field=CONF_ADDRESS_OR_TOKEN) from None
        address = Address(url=pasted.server_url) if pasted.server_url else None
        return await self._async_use(pasted.token, TokenSource.PASTED, address, self._state.target)

    async def async_use_borrowed(self, token: str, target: TargetServer) -> Step:
        """Use a token that another integration has for a server; return the next step."""
        self._state.server = Server(machine_identifier=target.machine_identifier, name=target.name)
        return await self._async_use(token, TokenSource.BORROWED, target.address, target)

    async def _async_use(
        self, token: str, source: TokenSource, address: Address | None, target: TargetServer | None
    ) -> Step:
        """Use a token, or one of our own that it is exchanged for; return the next step.

        `address` is one that came with the token, `target` the server that it has to be valid for.
        """
        identity = await self._async_identify(address, target)
        self._access.async_drop()
        client_identifier = await async_get_client_identifier(self._hass, self._state)
        plex_tv = plex_tv_of(self._hass, self._state, client_identifier)
        self._access.async_set(
            Access(client_identifier=client_identifier, source=source, token=token)
        )
        try:
            await plex_tv.account(token)
        except PlexUnauthorizedError:
            return self._use_at_server(target, identity)
        except PlexError as err:
            if address is None and target is None:
                raise plex_tv_error(err) from None
            # A network without internet has to do without plex.tv from the beginning.
            return self._use_at_server(target, identity)
        name = (
            target.name
            if target
            else await self._async_get_server_name(plex_tv, token, identity, address)
        )
        await self._async_exchange(client_identifier, token, name)
        await async_update_account(self._hass, self._state)
        if identity:
            return await async_select_server(
                self._hass, self._state, identity.machine_identifier, address
            )
        return await async_select_server(
            self._hass,
            self._state,
            target.machine_identifier if target else self._machine_identifier_at(address),
        )

    async def _async_identify(
        self, address: Address | None, target: TargetServer | None
    ) -> ServerIdentity | None:
        """Return which server answers at an address, None if none does.

        The address worked in a browser, which may be on another network than Home Assistant.
        """
        self._state.address = address
        self._state.address_error = StepError("token_unknown")
        if address is None:
            return None
        try:
            return await async_identify(
                self._hass, self._state, address, target.machine_identifier if target else None
            )
        except StepError as err:
            if err.key == WRONG_SERVER:
                raise
            self._state.address_error = err
            return None

    async def _async_get_server_name(
        self,
        plex_tv: PlexTv,
        token: str,
        identity: ServerIdentity | None,
        address: Address | None,
    ) -> str | None:
        """Return the name of the server that the token is probably for, None if it is not clear."""
        try:
            resources = await plex_tv.resources(token)
        except PlexError as err:
            LOGGER.debug("plex.tv does not say the name of the server: %s", err)
            return None
        self._state.access = replace(self._state.access, resources=resources)
        machine_identifier = (
            identity.machine_identifier if identity else self._machine_identifier_at(address)
        )
        if machine_identifier is None and len(resources) == 1:
            return resources[0].name
        resource = self._state.access.resource(machine_identifier) if machine_identifier else None
        return resource.name if resource else None

    async def _async_exchange(self, client_identifier: str, token: str, name: str | None) -> None:
        """Exchange the token for a lasting one of our own; keep it where that fails."""
        try:
            own = await async_exchange_token(self._hass, client_identifier, token, server_name=name)
        except PlexError as err:
            LOGGER.debug("The token could not be exchanged for one of our own: %s", err)
            return
        self._access.async_set(replace(self._state.access, source=TokenSource.LINKED, token=own))

    def _use_at_server(self, target: TargetServer | None, identity: ServerIdentity | None) -> Step:
        """Use a token that plex.tv does not know, or cannot be asked about, at a server."""
        state = self._state
        if target:
            state.server = Server(
                machine_identifier=target.machine_identifier,
                name=target.name,
                token=state.access.token,
            )
            if state.entry or identity is None or state.address is None:
                state.address = target.address
            return Step.RETRY_VERIFY
        if identity is None or state.address is None:
            state.server = None
            return Step.SERVER_ADDRESS
        state.server = server_at(state.address, identity.machine_identifier, state.access.token)
        return Step.RETRY_VERIFY

    def _machine_identifier_at(self, address: Address | None) -> str | None:
        """Return the server that plex.tv lists with this address."""
        return next(
            (
                resource.machine_identifier
                for resource in self._state.access.resources
                for connection in resource.connections
                if address and connection.url == address.url
            ),
            None,
        )
