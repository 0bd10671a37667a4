"""Config flow, second layer: try a token at a server, show what was found, store it."""

from abc import abstractmethod
from typing import TYPE_CHECKING, Any, Final, override

from homeassistant.config_entries import SOURCE_REAUTH, ConfigFlowResult
from homeassistant.const import CONF_URL, CONF_VERIFY_SSL
from homeassistant.core import callback
from homeassistant.helpers.aiohttp_client import async_get_clientsession

from ..auth.issues import async_delete_issues
from ..clients import client_identity, plex_server_client
from ..const import (
    CONF_ACCOUNT_TOKEN,
    CONF_CLIENT_IDENTIFIER,
    CONF_SERVER_TOKEN,
    CONF_TOKEN_SOURCE,
    DOMAIN,
    TokenSource,
)
from ..plex.connection import is_private_or_encrypted
from ..plex.errors import PlexError, PlexForbiddenError, PlexUnauthorizedError
from ..plex.models import ServerIdentity, ServerInfo
from ..plex.server import PlexServer, fetch_identity
from ..runtime import PlexMonitorConfigEntry
from .models import EXAMPLE_URL, Address, KnownServer, Server, StepError, server_error
from .sign_in import SignInFlow, async_sign_out

# All that is replaced when a token is.
TOKEN_KEYS: Final = {
    CONF_ACCOUNT_TOKEN,
    CONF_CLIENT_IDENTIFIER,
    CONF_SERVER_TOKEN,
    CONF_TOKEN_SOURCE,
}


INSECURE_ADDRESS: Final = StepError("insecure_address")


async def has_full_permissions(server: PlexServer) -> bool:
    """Say whether the token is one of the owner's, who alone may see all streams."""
    try:
        await server.sessions()
    except PlexForbiddenError, PlexUnauthorizedError:
        return False
    return True


class VerifyFlow(SignInFlow):
    """Make sure that a token works at a server, and let the user see it first."""

    def __init__(self) -> None:
        """Start without a server."""
        super().__init__()
        self._known: KnownServer | None = None
        self._server: Server | None = None
        self._address: Address | None = None
        self._address_error: StepError | None = None
        self._info: ServerInfo | None = None

    @property
    @override
    def _known_name(self) -> str | None:
        return self._known.name if self._known else None

    @property
    @override
    def _placeholders(self) -> dict[str, str]:
        server = self._server or self._known
        name = self._info.friendly_name if self._info else server.name if server else ""
        return {
            "account": self._access.account_name,
            "example_url": EXAMPLE_URL,
            "server": name,
            "url": self._address.url if self._address else "",
            "version": self._info.version if self._info else "",
        }

    @abstractmethod
    async def async_step_address(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask where a server is that is known otherwise."""

    async def _async_identify(
        self, address: Address, machine_identifier: str | None = None
    ) -> ServerIdentity:
        """Return who answers at an address, without showing it a token."""
        try:
            identity = await fetch_identity(
                async_get_clientsession(self.hass, address.verify_ssl),
                address.url,
                client_identity(self.hass, self._fresh_client_identifier),
            )
        except PlexError as err:
            raise server_error(err) from None
        if machine_identifier not in {None, identity.machine_identifier}:
            raise StepError("wrong_server")
        return identity

    async def _async_verify(self, address: Address) -> ConfigFlowResult:
        """Try the token at the server, and show what came of it."""
        self._address = address
        return await self.async_step_retry_verify()

    async def async_step_retry_verify(
        self, _user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Try the token at the server once more."""
        if TYPE_CHECKING:
            assert self._server is not None
            assert self._address is not None
        if self._server.token is not None and not await is_private_or_encrypted(self._address.url):
            return await self._async_not_verified(INSECURE_ADDRESS)
        server = plex_server_client(
            self.hass,
            url=self._address.url,
            verify_ssl=self._address.verify_ssl,
            client_identifier=self._access.client_identifier,
            machine_identifier=self._server.machine_identifier,
            token=self._server.token,
        )
        try:
            await server.check_identity()
            self._info = await server.info()
            full = await has_full_permissions(server)
        except PlexUnauthorizedError:
            return await self.async_step_token_refused()
        except PlexError as err:
            return await self._async_not_verified(server_error(err))
        if self._entry is None:
            await self.async_set_unique_id(self._server.machine_identifier, raise_on_progress=False)
            self._abort_if_unique_id_configured()
        elif full:
            return await self.async_step_finish()
        return await self._async_show_found(full=full)

    async def _async_not_verified(self, error: StepError) -> ConfigFlowResult:
        """Say that the server could not be asked, and let the user do something about it."""
        listed = self._access.account and error is not INSECURE_ADDRESS
        if self.source == SOURCE_REAUTH and listed:
            # plex.tv has just listed the server for this account; that it is down now is no reason
            # to keep a token that is dead.
            return await self.async_step_finish()
        self._address_error = error
        if self._entry:
            return await self.async_step_verify_failed()
        return await self.async_step_address()

    async def async_step_verify_failed(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Say that a new token could not be tried at the server, and offer to try again."""
        if user_input is not None:
            return await self.async_step_retry_verify()
        if TYPE_CHECKING:
            assert self._address_error is not None
        return self._show_form("verify_failed", error=self._address_error)

    async def async_step_token_refused(
        self, _user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Say that the server refuses the token."""
        return self._show_menu("token_refused", ["retry_verify", "sign_in", "paste"])

    async def _async_show_found(self, *, full: bool) -> ConfigFlowResult:
        """Show what was found, and what will be missing."""
        if self._access.source is TokenSource.NONE:
            return await self.async_step_verify_no_token()
        if self._access.account:
            return await (self.async_step_verify() if full else self.async_step_verify_limited())
        return await (
            self.async_step_verify_token() if full else self.async_step_verify_token_limited()
        )

    async def async_step_verify(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Show a server that the account owns."""
        return await self._async_confirm("verify", user_input)

    async def async_step_verify_no_token(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Show a server that wants no token."""
        return await self._async_confirm("verify_no_token", user_input)

    async def _async_confirm(
        self, step_id: str, user_input: dict[str, Any] | None
    ) -> ConfigFlowResult:
        """Show what was found until it is confirmed."""
        if user_input is not None:
            return await self.async_step_finish()
        return self._show_form(step_id)

    async def async_step_verify_limited(
        self, _user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Show a server that the account does not own."""
        return self._show_menu("verify_limited", ["finish", "sign_in"])

    async def async_step_verify_token(
        self, _user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Show a server with a token of its owner that plex.tv does not know."""
        return self._show_menu("verify_token", ["finish", "sign_in"])

    async def async_step_verify_token_limited(
        self, _user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Show a server with a token of somebody else that plex.tv does not know."""
        return self._show_menu("verify_token_limited", ["finish", "sign_in"])

    async def async_step_finish(
        self, _user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Store what was found."""
        if TYPE_CHECKING:
            assert self._server is not None
            assert self._address is not None
        data = {
            CONF_ACCOUNT_TOKEN: self._access.account_token,
            CONF_CLIENT_IDENTIFIER: self._access.client_identifier,
            CONF_SERVER_TOKEN: self._server.token,
            CONF_TOKEN_SOURCE: self._access.source,
        }
        data = {key: value for key, value in data.items() if value is not None}
        self._raise_if_closed()
        if self._entry:
            return self._async_replace_token(self._entry, data)
        if TYPE_CHECKING:
            assert self._info is not None
        return self.async_create_entry(
            title=self._info.friendly_name,
            data=data | {CONF_URL: self._address.url, CONF_VERIFY_SSL: self._address.verify_ssl},
        )

    @callback
    def _async_replace_token(
        self, entry: PlexMonitorConfigEntry, data: dict[str, Any]
    ) -> ConfigFlowResult:
        """Store a token that has worked, and sign the old one out if it was ours."""
        old = entry.data
        # The server may be down just now, and what was wrong with the old token is wrong no more.
        async_delete_issues(self.hass, entry.entry_id)
        result = self.async_update_reload_and_abort(
            entry,
            data={key: value for key, value in old.items() if key not in TOKEN_KEYS} | data,
        )
        if (
            TokenSource(old[CONF_TOKEN_SOURCE]).is_our_own
            and old[CONF_CLIENT_IDENTIFIER] != data[CONF_CLIENT_IDENTIFIER]
        ):
            self.hass.async_create_background_task(
                async_sign_out(self.hass, old[CONF_CLIENT_IDENTIFIER], old[CONF_ACCOUNT_TOKEN]),
                f"{DOMAIN} sign-out {self.flow_id}",
            )
        return result
