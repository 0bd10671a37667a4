"""The entries of the diary as Home Assistant shows them under Activity."""

from collections.abc import Callable
from typing import Any

from homeassistant.components.logbook import (
    LOGBOOK_ENTRY_ICON,
    LOGBOOK_ENTRY_MESSAGE,
    LOGBOOK_ENTRY_NAME,
)
from homeassistant.core import Event, HomeAssistant, callback

from .const import DOMAIN
from .events.diary import ATTR_KIND, ATTR_NAME, EVENT_DIARY, sentence

ICONS = {
    "media_added": "mdi:movie-plus-outline",
    "media_removed": "mdi:movie-remove-outline",
    "playback_finished": "mdi:check-circle-outline",
    "playback_paused": "mdi:pause-circle-outline",
    "playback_resumed": "mdi:play-circle-outline",
    "playback_started": "mdi:play-circle-outline",
    "playback_stopped": "mdi:stop-circle-outline",
    "server_came_back": "mdi:server-network",
    "server_updated": "mdi:package-up",
    "server_went_down": "mdi:server-network-off",
    "token_became_invalid": "mdi:shield-alert",
    "token_replaced": "mdi:shield-key",
}


@callback
def async_describe_events(
    hass: HomeAssistant,
    async_describe_event: Callable[[str, str, Callable[[Event], dict[str, Any]]], None],
) -> None:
    """Describe the entries of the diary."""

    @callback
    def describe(event: Event) -> dict[str, Any]:
        """Return the sentence of an entry, which may have been written by another version."""
        data = event.data
        return {
            LOGBOOK_ENTRY_NAME: data.get(ATTR_NAME),
            LOGBOOK_ENTRY_MESSAGE: sentence(hass, data),
            LOGBOOK_ENTRY_ICON: ICONS.get(data.get(ATTR_KIND, "")),
        }

    async_describe_event(DOMAIN, EVENT_DIARY, describe)
