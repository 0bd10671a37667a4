"""Sensors of the CPU, memory and bandwidth that a server uses."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, override

from homeassistant.components.sensor import (
    SensorDeviceClass,
    SensorEntity,
    SensorEntityDescription,
    SensorStateClass,
)
from homeassistant.const import PERCENTAGE, EntityCategory, UnitOfDataRate

from .devices import server_device_info
from .entity import PlexMonitorCoordinatorEntity, server_unique_id
from .plex.models import BandwidthUsage, ResourceUsage
from .server.coordinator import PlexMonitorData
from .server.statistics import Measured, StatisticsCoordinator, Usage, has_statistics


@dataclass(frozen=True, kw_only=True)
class PlexMonitorStatisticsSensorEntityDescription(SensorEntityDescription):
    """Describe a sensor of the statistics of a server."""

    part_fn: Callable[[Usage], Measured[Any] | None]
    value_fn: Callable[[Any], float | None]
    visible_fn: Callable[[PlexMonitorData], bool] = has_statistics


def _resource(
    key: str, value_fn: Callable[[ResourceUsage], float | None]
) -> PlexMonitorStatisticsSensorEntityDescription:
    return PlexMonitorStatisticsSensorEntityDescription(
        key=key,
        translation_key=key,
        state_class=SensorStateClass.MEASUREMENT,
        native_unit_of_measurement=PERCENTAGE,
        suggested_display_precision=1,
        entity_category=EntityCategory.DIAGNOSTIC,
        entity_registry_enabled_default=False,
        part_fn=lambda usage: usage.resources,
        value_fn=value_fn,
    )


def _bandwidth(
    key: str, value_fn: Callable[[BandwidthUsage], float]
) -> PlexMonitorStatisticsSensorEntityDescription:
    return PlexMonitorStatisticsSensorEntityDescription(
        key=key,
        translation_key=key,
        device_class=SensorDeviceClass.DATA_RATE,
        state_class=SensorStateClass.MEASUREMENT,
        native_unit_of_measurement=UnitOfDataRate.BYTES_PER_SECOND,
        suggested_unit_of_measurement=UnitOfDataRate.MEGABITS_PER_SECOND,
        suggested_display_precision=1,
        entity_category=EntityCategory.DIAGNOSTIC,
        entity_registry_enabled_default=False,
        part_fn=lambda usage: usage.bandwidth,
        value_fn=value_fn,
    )


STATISTICS_SENSORS = (
    _resource("host_cpu", lambda resources: resources.host_cpu),
    _resource("server_cpu", lambda resources: resources.process_cpu),
    _resource("host_memory", lambda resources: resources.host_memory),
    _resource("server_memory", lambda resources: resources.process_memory),
    _bandwidth("measured_bandwidth_lan", lambda bandwidth: bandwidth.lan),
    _bandwidth("measured_bandwidth_wan", lambda bandwidth: bandwidth.wan),
)


class PlexMonitorStatisticsSensor(
    PlexMonitorCoordinatorEntity[StatisticsCoordinator], SensorEntity
):
    """A sensor of the statistics of a server, which are polled while one is enabled."""

    entity_description: PlexMonitorStatisticsSensorEntityDescription

    def __init__(
        self,
        coordinator: StatisticsCoordinator,
        description: PlexMonitorStatisticsSensorEntityDescription,
    ) -> None:
        """Initialize the sensor on the device of the server."""
        super().__init__(coordinator, context=description.key)
        self.entity_description = description
        server = coordinator.server
        self._attr_unique_id = server_unique_id(server.server.machine_identifier, description.key)
        self._attr_device_info = server_device_info(server)

    @override
    async def async_added_to_hass(self) -> None:
        """Subscribe to the server as well, which may go offline or withhold its statistics."""
        await super().async_added_to_hass()
        self.async_on_remove(
            self.coordinator.server.async_add_listener(self._handle_coordinator_update)
        )

    @property
    @override
    def available(self) -> bool:
        """Return whether the server reports this part of its statistics."""
        return super().available and self.coordinator.is_readable and self._part is not None

    @property
    @override
    def native_value(self) -> float | None:
        """Return the last measurement."""
        if self._part is None or self._part.value is None:
            return None
        return self.entity_description.value_fn(self._part.value)

    @property
    def _part(self) -> Measured[Any] | None:
        """Return the part of the statistics that the sensor is about, `None` if it is unknown."""
        return self.entity_description.part_fn(self.coordinator.data)
