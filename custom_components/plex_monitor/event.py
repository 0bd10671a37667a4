"""Events of Plex Monitor."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import override

from homeassistant.components.event import EventEntity, EventEntityDescription
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .entity import PlexMonitorAlwaysAvailableEntity, async_add_server_entities
from .events.data import event_data
from .events.models import (
    LibraryEvent,
    LibraryEventType,
    PlaybackEvent,
    PlaybackEventType,
    PlexEvent,
    ServerEvent,
    ServerEventType,
    TokenEvent,
    TokenEventType,
)
from .media.links import LINKS
from .runtime import PlexMonitorConfigEntry
from .server.coordinator import PlexMonitorData

PARALLEL_UPDATES = 0


@dataclass(frozen=True, kw_only=True)
class PlexMonitorEventEntityDescription(EventEntityDescription):
    """Describe an event entity of a server."""

    event_class: type[PlexEvent]
    visible_fn: Callable[[PlexMonitorData], bool] = lambda _: True


EVENTS = (
    PlexMonitorEventEntityDescription(
        key="library",
        translation_key="library",
        event_types=[kind.value for kind in LibraryEventType],
        event_class=LibraryEvent,
    ),
    PlexMonitorEventEntityDescription(
        key="server",
        translation_key="server",
        event_types=[kind.value for kind in ServerEventType],
        event_class=ServerEvent,
    ),
    PlexMonitorEventEntityDescription(
        key="token",
        translation_key="token",
        entity_category=EntityCategory.DIAGNOSTIC,
        event_types=[kind.value for kind in TokenEventType],
        event_class=TokenEvent,
    ),
)
# Added once the account may see the data that the events are derived from.
GRANTED_EVENTS = (
    PlexMonitorEventEntityDescription(
        key="playback",
        translation_key="playback",
        event_types=[kind.value for kind in PlaybackEventType],
        event_class=PlaybackEvent,
        visible_fn=lambda data: data.sessions is not None,
    ),
)


async def async_setup_entry(
    hass: HomeAssistant,  # noqa: ARG001 - Home Assistant's signature
    entry: PlexMonitorConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Set up the event entities of a server."""
    coordinator = entry.runtime_data.server
    async_add_entities(PlexMonitorEvent(coordinator, description) for description in EVENTS)
    async_add_server_entities(
        entry,
        async_add_entities,
        GRANTED_EVENTS,
        lambda description: PlexMonitorEvent(coordinator, description),
    )


class PlexMonitorEvent(PlexMonitorAlwaysAvailableEntity, EventEntity):
    """The last event of a Plex server, which stays available while the server is offline."""

    entity_description: PlexMonitorEventEntityDescription
    _unrecorded_attributes = frozenset({"rating_keys", "titles"}) | LINKS

    @property
    @override
    def available(self) -> bool:
        """Return whether the account may see the events, or this is unknown."""
        data = self.coordinator.data
        return data is None or self.entity_description.visible_fn(data)

    @override
    async def async_added_to_hass(self) -> None:
        """Subscribe to the events of the server."""
        await super().async_added_to_hass()
        self.async_on_remove(self.coordinator.async_add_event_listener(self._handle_event))

    @callback
    def _handle_event(self, event: PlexEvent) -> None:
        """Fire an event of this entity's class."""
        if isinstance(event, self.entity_description.event_class):
            links = self.coordinator.config_entry.runtime_data.links
            self._trigger_event(
                event.event_type.value, {**event_data(event), **links.of_event(event)}
            )
            self._handle_coordinator_update()
