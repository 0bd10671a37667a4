"""Events of Plex Monitor."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import override

from homeassistant.components.event import EventEntity, EventEntityDescription
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .entity import PlexMonitorAlwaysAvailableEntity
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
from .runtime import PlexMonitorConfigEntry
from .server.coordinator import PlexMonitorData

PARALLEL_UPDATES = 0


@dataclass(frozen=True, kw_only=True)
class PlexMonitorEventEntityDescription(EventEntityDescription):
    """Describe what is told; that of what the account may not see does not exist for it."""

    event_class: type[PlexEvent]
    visible_fn: Callable[[PlexMonitorData | None], bool] = lambda _: True


EVENTS = (
    PlexMonitorEventEntityDescription(
        key="playback",
        translation_key="playback",
        event_types=[kind.value for kind in PlaybackEventType],
        event_class=PlaybackEvent,
        visible_fn=lambda data: data is not None and data.sessions is not None,
    ),
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


async def async_setup_entry(
    hass: HomeAssistant,  # noqa: ARG001 - Home Assistant's signature
    entry: PlexMonitorConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Set up the events of a server, and those that are granted later."""
    coordinator = entry.runtime_data.server
    missing = list(EVENTS)

    @callback
    def _async_add_visible() -> None:
        visible = [each for each in missing if each.visible_fn(coordinator.data)]
        for description in visible:
            missing.remove(description)
        if visible:
            async_add_entities(PlexMonitorEvent(coordinator, each) for each in visible)

    _async_add_visible()
    entry.async_on_unload(coordinator.async_add_listener(_async_add_visible))


class PlexMonitorEvent(PlexMonitorAlwaysAvailableEntity, EventEntity):
    """What happened last at a Plex server, and stays true while the server is away."""

    entity_description: PlexMonitorEventEntityDescription
    _unrecorded_attributes = frozenset({"rating_keys", "titles"})

    @property
    @override
    def available(self) -> bool:
        """Say whether the account may see it, as far as is known."""
        data = self.coordinator.data
        return data is None or self.entity_description.visible_fn(data)

    @override
    async def async_added_to_hass(self) -> None:
        """Listen to what happens."""
        await super().async_added_to_hass()
        self.async_on_remove(self.coordinator.async_add_event_listener(self._async_told))

    @callback
    def _async_told(self, event: PlexEvent) -> None:
        """Show what happened."""
        if isinstance(event, self.entity_description.event_class):
            self._trigger_event(event.event_type.value, event_data(event))
            self._handle_coordinator_update()
