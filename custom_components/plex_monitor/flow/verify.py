"""Verification of a token at the selected server, and what an entry stores of it."""

from typing import TYPE_CHECKING, Any

from homeassistant.core import HomeAssistant

from ..clients import plex_server_client
from ..const import (
    CONF_ACCOUNT_TOKEN,
    CONF_CLIENT_IDENTIFIER,
    CONF_SERVER_TOKEN,
    CONF_TOKEN_SOURCE,
    LOGGER,
    TokenSource,
)
from ..plex.addresses import is_private_or_encrypted
from ..plex.errors import (
    PlexError,
    PlexForbiddenError,
    PlexNotFoundError,
    PlexResponseError,
    PlexUnauthorizedError,
)
from ..plex.models import ServerInfo
from ..plex.server import PlexServer
from .errors import INSECURE_ADDRESS, StepError, verification_error
from .models import Access, Address, FlowState, Step


class TokenRefusedError(Exception):
    """The server refuses the token."""


async def async_verify(hass: HomeAssistant, state: FlowState) -> bool:
    """Try the token at the server; return whether it has full permissions."""
    if TYPE_CHECKING:
        assert state.server is not None
        assert state.address is not None
    if state.server.token is not None:
        await async_require_private(state.address)
    server = plex_server_client(
        hass,
        url=state.address.url,
        verify_ssl=state.address.verify_ssl,
        client_identifier=state.access.client_identifier,
        machine_identifier=state.server.machine_identifier,
        token=state.server.token,
    )
    try:
        state.identity = await server.check_identity()
        state.info = await _async_get_info(server)
        return await has_full_permissions(server)
    except PlexUnauthorizedError:
        raise TokenRefusedError from None
    except PlexError as err:
        raise verification_error(err) from None


async def _async_get_info(server: PlexServer) -> ServerInfo | None:
    """Return what the server says about itself, None if only that is blocked."""
    try:
        return await server.info()
    except (PlexForbiddenError, PlexNotFoundError, PlexResponseError) as err:
        LOGGER.debug("The server does not return information about itself: %s", err)
    await server.check_token()
    return None


async def async_require_private(address: Address) -> None:
    """Raise where a token for this address would leave the private network unencrypted."""
    if not await is_private_or_encrypted(address.url):
        raise StepError(INSECURE_ADDRESS)


async def has_full_permissions(server: PlexServer) -> bool:
    """Return whether the token is the owner's, who alone may see all streams."""
    try:
        await server.sessions()
    except PlexForbiddenError, PlexUnauthorizedError:
        return False
    return True


def result_step(access: Access, *, is_full: bool) -> Step:
    """Return the step that shows the verified server, and what its token does not permit."""
    if access.source is TokenSource.NONE:
        return Step.VERIFY_NO_TOKEN
    if access.account:
        return Step.VERIFY if is_full else Step.VERIFY_LIMITED
    return Step.VERIFY_TOKEN if is_full else Step.VERIFY_TOKEN_LIMITED


def entry_data(state: FlowState) -> dict[str, Any]:
    """Return the data of the new entry, or those of the changed one with another token."""
    if TYPE_CHECKING:
        assert state.server is not None
        assert state.address is not None
    token = {
        CONF_ACCOUNT_TOKEN: state.access.account_token,
        CONF_CLIENT_IDENTIFIER: state.access.client_identifier,
        CONF_SERVER_TOKEN: state.server.token,
        CONF_TOKEN_SOURCE: state.access.source,
    }
    other = (
        {key: value for key, value in state.entry.data.items() if key not in token}
        if state.entry
        else state.address.as_data
    )
    return other | {key: value for key, value in token.items() if value is not None}
