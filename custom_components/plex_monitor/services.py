"""Actions of Plex Monitor."""

from collections.abc import Mapping
from functools import partial
from typing import Final

from homeassistant.const import ATTR_CONFIG_ENTRY_ID
from homeassistant.core import HomeAssistant, ServiceCall, ServiceResponse, callback
from homeassistant.helpers import config_validation as cv, service
import voluptuous as vol

from .actions import items, library, maintenance, queries, replace_token, streams
from .actions.errors import translated_errors
from .actions.models import Action
from .const import DOMAIN
from .runtime import PlexMonitorConfigEntry

ACTIONS: Final[Mapping[str, Action]] = {
    **items.ACTIONS,
    **library.ACTIONS,
    **maintenance.ACTIONS,
    **queries.ACTIONS,
    **replace_token.ACTIONS,
    **streams.ACTIONS,
}


@callback
def async_setup_services(hass: HomeAssistant) -> None:
    """Register the actions, which exist whether or not an entry is loaded."""
    for name, action in ACTIONS.items():
        handler = partial(_async_handle, action)
        schema = vol.Schema({vol.Required(ATTR_CONFIG_ENTRY_ID): cv.string, **action.fields})
        if action.admin_only:
            service.async_register_admin_service(hass, DOMAIN, name, handler, schema=schema)
        else:
            hass.services.async_register(
                DOMAIN, name, handler, schema=schema, supports_response=action.response
            )


async def _async_handle(action: Action, call: ServiceCall) -> ServiceResponse:
    """Run an action for the server whose entry the call names."""
    entry: PlexMonitorConfigEntry = service.async_get_config_entry(
        call.hass, DOMAIN, call.data[ATTR_CONFIG_ENTRY_ID]
    )
    with translated_errors(
        entry.runtime_data.server, not_found=action.not_found, forbidden=action.forbidden
    ):
        return await action.handler(entry, call)
