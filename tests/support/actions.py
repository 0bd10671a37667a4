"""Do what automations can have a server do."""

from typing import Any

from homeassistant.const import ATTR_CONFIG_ENTRY_ID
from homeassistant.core import HomeAssistant
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.plex_monitor.const import DOMAIN
from tests.simulator import PlexServer

from .helpers import settle


async def act(hass: HomeAssistant, entry: MockConfigEntry, action: str, **data: Any) -> Any:
    """Do an action at the server of an entry, and return what it answers."""
    answers = hass.services.supports_response(DOMAIN, action) != "none"
    response = await hass.services.async_call(
        DOMAIN,
        action,
        {ATTR_CONFIG_ENTRY_ID: entry.entry_id, **data},
        blocking=True,
        return_response=answers,
    )
    await settle(hass)
    return response


def key_of(server: PlexServer, title: str) -> str:
    """Return the rating key of an item, as automations have it."""
    item = server.library.titled(title)
    assert item is not None
    return str(item.rating_key)
