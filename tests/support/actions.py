"""Actions performed the way automations do."""

from typing import Any

from homeassistant.const import ATTR_CONFIG_ENTRY_ID
from homeassistant.core import HomeAssistant
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.plex_monitor.const import DOMAIN
from tests.simulator import PlexServer
from tests.simulator.items import Item

from .helpers import settle


async def perform(hass: HomeAssistant, entry: MockConfigEntry, action: str, **data: Any) -> Any:
    """Perform an action on the server of an entry, and return its response data."""
    has_response = hass.services.supports_response(DOMAIN, action) != "none"
    try:
        return await hass.services.async_call(
            DOMAIN,
            action,
            {ATTR_CONFIG_ENTRY_ID: entry.entry_id, **data},
            blocking=True,
            return_response=has_response,
        )
    finally:
        await settle(hass)


def item_of(server: PlexServer, title: str) -> Item:
    """Return the item with a title."""
    item = server.library.titled(title)
    assert item is not None, f"{server.name} has no item {title}"
    return item


def rating_key_of(server: PlexServer, title: str) -> str:
    """Return the rating key of an item, as automations have it."""
    return str(item_of(server, title).rating_key)
