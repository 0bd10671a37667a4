"""Requests of the config flow to plex.tv, on behalf of an account."""

from dataclasses import replace
from typing import TYPE_CHECKING

from homeassistant.core import HomeAssistant

from ..clients import plex_tv_client
from ..const import (
    CONF_ACCOUNT_TOKEN,
    CONF_CLIENT_IDENTIFIER,
    CONF_TOKEN_SOURCE,
    LOGGER,
    TokenSource,
)
from ..plex.errors import PlexError, PlexUnauthorizedError
from ..plex.plex_tv import PlexTv
from .errors import plex_tv_error
from .models import FlowState


def plex_tv_of(hass: HomeAssistant, state: FlowState, client_identifier: str) -> PlexTv:
    """Return a plex.tv client whose device there is named after the target server."""
    return plex_tv_client(hass, client_identifier, state.target_name)


async def async_get_client_identifier(hass: HomeAssistant, state: FlowState) -> str:
    """Return the client identifier to get a token for.

    Plex is reported to keep one token per account and identifier. So the identifier of an entry
    is used again only where its token is dead: another sign-in under it would end a valid one,
    even if nothing came of this flow.
    """
    if not (state.entry and state.is_reauth) or state.is_started_over:
        return state.client_identifier
    data = state.entry.data
    client_identifier: str = data[CONF_CLIENT_IDENTIFIER]
    if not TokenSource(data[CONF_TOKEN_SOURCE]).is_our_own:
        return client_identifier
    try:
        await plex_tv_of(hass, state, client_identifier).account(data[CONF_ACCOUNT_TOKEN])
    except PlexUnauthorizedError:
        return client_identifier
    except PlexError as err:
        LOGGER.debug("plex.tv does not say whether the token in use is dead: %s", err)
    return state.client_identifier


async def async_update_account(hass: HomeAssistant, state: FlowState) -> None:
    """Update the access with its account and the servers of that."""
    access = state.access
    if TYPE_CHECKING:
        assert access.token is not None
    plex_tv = plex_tv_of(hass, state, access.client_identifier)
    try:
        account = await plex_tv.account(access.token)
        resources = await plex_tv.resources(access.token)
    except PlexError as err:
        raise plex_tv_error(err) from None
    state.access = replace(state.access, account=account, resources=resources)
