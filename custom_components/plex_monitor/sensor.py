"""Sensors of Plex Monitor."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import override

from homeassistant.components.sensor import (
    SensorDeviceClass,
    SensorEntity,
    SensorEntityDescription,
    SensorStateClass,
)
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.helpers.typing import StateType

from .coordinator import PlexMonitorConfigEntry, PlexMonitorData
from .entity import PlexMonitorDataEntity, PlexMonitorStandingEntity
from .plex.token_health import Verdict

PARALLEL_UPDATES = 0

TOKEN_STATUS = SensorEntityDescription(
    key="token_status",
    translation_key="token_status",
    device_class=SensorDeviceClass.ENUM,
    entity_category=EntityCategory.DIAGNOSTIC,
    options=[verdict.value for verdict in Verdict],
)


@dataclass(frozen=True, kw_only=True)
class PlexMonitorSensorEntityDescription(SensorEntityDescription):
    """Describe a sensor; one whose value the account may not see does not exist for it."""

    value_fn: Callable[[PlexMonitorData], StateType]
    visible_fn: Callable[[PlexMonitorData], bool] = lambda _: True


SENSORS = (
    PlexMonitorSensorEntityDescription(
        key="streams",
        translation_key="streams",
        state_class=SensorStateClass.MEASUREMENT,
        value_fn=lambda data: None if data.sessions is None else len(data.sessions),
        visible_fn=lambda data: data.sessions is not None,
    ),
    PlexMonitorSensorEntityDescription(
        key="version",
        translation_key="version",
        entity_category=EntityCategory.DIAGNOSTIC,
        value_fn=lambda data: data.info.version,
    ),
)


async def async_setup_entry(
    hass: HomeAssistant,  # noqa: ARG001 - Home Assistant's signature
    entry: PlexMonitorConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Set up the sensors of a server, and those that are granted later."""
    coordinator = entry.runtime_data
    missing = list(SENSORS)

    @callback
    def _async_add_visible() -> None:
        if (data := coordinator.data) is None:
            return
        visible = [description for description in missing if description.visible_fn(data)]
        for description in visible:
            missing.remove(description)
        async_add_entities(PlexMonitorSensor(coordinator, description) for description in visible)

    async_add_entities([PlexMonitorTokenStatus(coordinator, TOKEN_STATUS)])
    _async_add_visible()
    entry.async_on_unload(coordinator.async_add_listener(_async_add_visible))


class PlexMonitorSensor(PlexMonitorDataEntity, SensorEntity):
    """A sensor of a Plex server."""

    entity_description: PlexMonitorSensorEntityDescription

    @property
    @override
    def available(self) -> bool:
        """Say whether the account may see the value now."""
        return super().available and self.entity_description.visible_fn(self.data)

    @property
    @override
    def native_value(self) -> StateType:
        """Return the value."""
        return self.entity_description.value_fn(self.data)


class PlexMonitorTokenStatus(PlexMonitorStandingEntity, SensorEntity):
    """What is known about the token."""

    @property
    @override
    def native_value(self) -> str:
        """Return the verdict."""
        return self.coordinator.guard.verdict.value
