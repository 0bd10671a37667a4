"""Binary sensors of Plex Monitor."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, override

from homeassistant.components.binary_sensor import (
    BinarySensorDeviceClass,
    BinarySensorEntity,
    BinarySensorEntityDescription,
)
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .coordinator import PlexMonitorConfigEntry, PlexMonitorCoordinator
from .entity import PlexMonitorStandingEntity

PARALLEL_UPDATES = 0


@dataclass(frozen=True, kw_only=True)
class PlexMonitorBinarySensorEntityDescription(BinarySensorEntityDescription):
    """Describe a binary sensor."""

    value_fn: Callable[[PlexMonitorCoordinator], bool]
    attributes_fn: Callable[[PlexMonitorCoordinator], Mapping[str, Any] | None] = lambda _: None


BINARY_SENSORS = (
    PlexMonitorBinarySensorEntityDescription(
        key="server",
        translation_key="server",
        device_class=BinarySensorDeviceClass.CONNECTIVITY,
        value_fn=lambda coordinator: coordinator.online,
    ),
    PlexMonitorBinarySensorEntityDescription(
        key="token_problem",
        translation_key="token_problem",
        device_class=BinarySensorDeviceClass.PROBLEM,
        entity_category=EntityCategory.DIAGNOSTIC,
        value_fn=lambda coordinator: coordinator.guard.verdict.is_problem,
        attributes_fn=lambda coordinator: {
            "verdict": coordinator.guard.verdict.value,
            "since": coordinator.guard.since,
            "last_checked": coordinator.guard.last_checked,
        },
    ),
)


async def async_setup_entry(
    hass: HomeAssistant,  # noqa: ARG001 - Home Assistant's signature
    entry: PlexMonitorConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Set up the binary sensors of a server."""
    async_add_entities(
        PlexMonitorBinarySensor(entry.runtime_data, description) for description in BINARY_SENSORS
    )


class PlexMonitorBinarySensor(PlexMonitorStandingEntity, BinarySensorEntity):
    """A binary sensor of a Plex server."""

    entity_description: PlexMonitorBinarySensorEntityDescription
    # It changes with every poll, and the state with hardly any.
    _unrecorded_attributes = frozenset({"last_checked"})

    @property
    @override
    def is_on(self) -> bool:
        """Return the state."""
        return self.entity_description.value_fn(self.coordinator)

    @property
    @override
    def extra_state_attributes(self) -> Mapping[str, Any] | None:
        """Return what explains the state."""
        return self.entity_description.attributes_fn(self.coordinator)
