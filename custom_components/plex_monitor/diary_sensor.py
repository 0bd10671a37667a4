"""Sensors whose state is the last entry of the diary of one kind."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import override

from homeassistant.components.sensor import RestoreSensor, SensorEntityDescription
from homeassistant.const import MAX_LENGTH_STATE_STATE
from homeassistant.core import callback

from .entity import PlexMonitorAlwaysAvailableEntity
from .events.diary import diary_entry, sentence
from .events.models import (
    LibraryEvent,
    LibraryEventType,
    PlaybackEvent,
    PlaybackEventType,
    PlexEvent,
)
from .server.coordinator import PlexMonitorData


@dataclass(frozen=True, kw_only=True)
class PlexMonitorDiarySensorEntityDescription(SensorEntityDescription):
    """Describe a sensor of the diary; `matches_fn` returns whether an event is shown."""

    matches_fn: Callable[[PlexEvent], bool]
    visible_fn: Callable[[PlexMonitorData], bool] = lambda _: True


DIARY_SENSORS = (
    PlexMonitorDiarySensorEntityDescription(
        key="last_added",
        translation_key="last_added",
        matches_fn=lambda event: (
            isinstance(event, LibraryEvent)
            and event.event_type is LibraryEventType.ADDED
            and not event.section.hidden
        ),
    ),
    PlexMonitorDiarySensorEntityDescription(
        key="last_played",
        translation_key="last_played",
        matches_fn=lambda event: (
            isinstance(event, PlaybackEvent) and event.event_type is PlaybackEventType.STARTED
        ),
        visible_fn=lambda data: data.sessions is not None,
    ),
)


class PlexMonitorDiarySensor(PlexMonitorAlwaysAvailableEntity, RestoreSensor):
    """The last entry of one kind, which stays while the server is offline."""

    entity_description: PlexMonitorDiarySensorEntityDescription

    @property
    @override
    def available(self) -> bool:
        """Return whether the account may see the events, or this is unknown."""
        data = self.coordinator.data
        return data is None or self.entity_description.visible_fn(data)

    @override
    async def async_added_to_hass(self) -> None:
        """Restore the entry, and subscribe to the events of the server."""
        await super().async_added_to_hass()
        if (before := await self.async_get_last_sensor_data()) is not None:
            self._attr_native_value = before.native_value
        self.async_on_remove(self.coordinator.async_add_event_listener(self._handle_event))

    @callback
    def _handle_event(self, event: PlexEvent) -> None:
        """Show the entry for an event."""
        server = self.coordinator.config_entry.title
        if self.entity_description.matches_fn(event) and (
            (entry := diary_entry(server, event)) is not None
        ):
            text = f"{entry.name} {sentence(self.hass, entry.data)}"
            self._attr_native_value = _shortened(text)
            self.async_write_ha_state()


def _shortened(text: str) -> str:
    """Return a text as long as a state can be."""
    limit = MAX_LENGTH_STATE_STATE
    return text if len(text) <= limit else f"{text[: limit - 1]}…"
