"""The action that replaces the token of an entry by a new one of our own."""

from typing import Any, Final
from uuid import uuid4

from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import CONF_VERIFY_SSL
from homeassistant.core import HomeAssistant, ServiceCall, ServiceResponse
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError

from ..auth.pins import async_exchange_token
from ..auth.sign_out import async_release_token, async_sign_out
from ..clients import plex_server_client, plex_tv_client
from ..const import (
    CONF_ACCOUNT_TOKEN,
    CONF_CLIENT_IDENTIFIER,
    CONF_SERVER_TOKEN,
    CONF_TOKEN_SOURCE,
    DOMAIN,
    TokenSource,
)
from ..plex.errors import PlexError, PlexUnauthorizedError
from ..plex.plex_tv import PlexTv
from ..plex.server import PlexServer
from ..runtime import PlexMonitorConfigEntry
from ..server.coordinator import PlexMonitorCoordinator
from .errors import translated_errors
from .models import Action


async def async_replace_token(
    hass: HomeAssistant, entry: PlexMonitorConfigEntry, coordinator: PlexMonitorCoordinator
) -> None:
    """Create a new token, verify and store it, and sign the old one out if it was our own.

    The old token stays valid until the new one is stored.
    """
    old = dict(entry.data)
    if CONF_ACCOUNT_TOKEN not in old:
        raise ServiceValidationError(
            translation_domain=DOMAIN,
            translation_key="no_account_token",
            translation_placeholders={"server": entry.title},
        )
    client_identifier = str(uuid4())
    plex_tv = plex_tv_client(hass, client_identifier, entry.title)
    token = await _async_create_token(
        hass, entry, coordinator, client_identifier, old[CONF_ACCOUNT_TOKEN]
    )
    stored = False
    try:
        server = await _async_verify_token(
            hass, entry, coordinator, plex_tv, client_identifier, token
        )
        _raise_if_changed(entry, coordinator, old)
        if server.url != coordinator.server.url:
            server.move_to(coordinator.server.url)
        hass.config_entries.async_update_entry(
            entry,
            data={
                **entry.data,
                CONF_ACCOUNT_TOKEN: token,
                CONF_CLIENT_IDENTIFIER: client_identifier,
                CONF_SERVER_TOKEN: server.token,
                CONF_TOKEN_SOURCE: TokenSource.LINKED,
            },
        )
        stored = True
    finally:
        if stored:
            async_release_token(hass, token)
        else:
            async_sign_out(hass, client_identifier, token, server_name=entry.title)
    await coordinator.async_use_new_token(server, plex_tv)
    if TokenSource(old[CONF_TOKEN_SOURCE]).is_our_own:
        async_sign_out(
            hass,
            old[CONF_CLIENT_IDENTIFIER],
            old[CONF_ACCOUNT_TOKEN],
            server_name=entry.title,
        )


async def _async_create_token(
    hass: HomeAssistant,
    entry: PlexMonitorConfigEntry,
    coordinator: PlexMonitorCoordinator,
    client_identifier: str,
    account_token: str,
) -> str:
    """Create a token of our own for the account."""
    try:
        return await async_exchange_token(
            hass, client_identifier, account_token, server_name=entry.title
        )
    except PlexError as err:
        refused = isinstance(err, PlexUnauthorizedError)
        if refused:
            await coordinator.guard.async_handle_plex_tv_refusal(account_token)
        raise HomeAssistantError(
            translation_domain=DOMAIN,
            translation_key="invalid" if refused else "token_not_made",
            translation_placeholders={"server": entry.title, "error": str(err)},
        ) from err


async def _async_verify_token(
    hass: HomeAssistant,
    entry: PlexMonitorConfigEntry,
    coordinator: PlexMonitorCoordinator,
    plex_tv: PlexTv,
    client_identifier: str,
    token: str,
) -> PlexServer:
    """Return a client of the server with the new token, once the server has accepted it."""
    try:
        resources = await plex_tv.resources(token)
    except PlexError as err:
        raise HomeAssistantError(
            translation_domain=DOMAIN,
            translation_key="token_not_made",
            translation_placeholders={"server": entry.title, "error": str(err)},
        ) from err
    machine_identifier = coordinator.server.machine_identifier
    resource = next(
        (each for each in resources if each.machine_identifier == machine_identifier), None
    )
    if resource is None:
        raise HomeAssistantError(
            translation_domain=DOMAIN,
            translation_key="access_removed",
            translation_placeholders={"server": entry.title},
        )
    if not resource.allows(coordinator.server.url):
        raise HomeAssistantError(
            translation_domain=DOMAIN,
            translation_key="https_required",
            translation_placeholders={"server": entry.title},
        )
    server = plex_server_client(
        hass,
        url=coordinator.server.url,
        verify_ssl=entry.data[CONF_VERIFY_SSL],
        client_identifier=client_identifier,
        machine_identifier=machine_identifier,
        token=resource.access_token or token,
    )
    try:
        await server.info()
        if coordinator.data is not None and coordinator.data.is_owner:
            await server.sessions()
    except PlexUnauthorizedError as err:
        raise HomeAssistantError(
            translation_domain=DOMAIN,
            translation_key="new_token_refused",
            translation_placeholders={"server": entry.title},
        ) from err
    except PlexError:
        with translated_errors(coordinator, forbidden="new_token_refused"):
            raise
    return server


def _raise_if_changed(
    entry: PlexMonitorConfigEntry, coordinator: PlexMonitorCoordinator, old: dict[str, Any]
) -> None:
    """Raise if the entry was unloaded, or its sign-in changed, in the meantime."""
    if (
        entry.data.get(CONF_ACCOUNT_TOKEN) == old[CONF_ACCOUNT_TOKEN]
        and entry.state is ConfigEntryState.LOADED
        and entry.runtime_data.server is coordinator
    ):
        return
    raise HomeAssistantError(
        translation_domain=DOMAIN,
        translation_key="token_changed_meanwhile",
        translation_placeholders={"server": entry.title},
    )


async def _async_handle(entry: PlexMonitorConfigEntry, call: ServiceCall) -> ServiceResponse:
    """Replace the token of the entry."""
    await async_replace_token(call.hass, entry, entry.runtime_data.server)
    return None


# It changes what Home Assistant itself has stored, so it is for administrators.
ACTIONS: Final = {"replace_token": Action(handler=_async_handle, admin_only=True)}
