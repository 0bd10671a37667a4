"""The base of all entities of Plex Monitor."""

from typing import TYPE_CHECKING, override

from homeassistant.helpers.device_registry import DeviceEntryType, DeviceInfo
from homeassistant.helpers.entity import EntityDescription
from homeassistant.helpers.update_coordinator import CoordinatorEntity

from .const import DOMAIN, MANUFACTURER, MODEL
from .coordinator import PlexMonitorCoordinator, PlexMonitorData


class PlexMonitorEntity(CoordinatorEntity[PlexMonitorCoordinator]):
    """Something a Plex server tells."""

    _attr_has_entity_name = True

    def __init__(self, coordinator: PlexMonitorCoordinator, description: EntityDescription) -> None:
        """Belong to the device of the server."""
        super().__init__(coordinator)
        self.entity_description = description
        machine_identifier = coordinator.server.machine_identifier
        self._attr_unique_id = f"{machine_identifier}_{description.key}"
        info = None if coordinator.data is None else coordinator.data.info
        self._attr_device_info = DeviceInfo(
            configuration_url=f"{coordinator.server.url}/web",
            entry_type=DeviceEntryType.SERVICE,
            identifiers={(DOMAIN, machine_identifier)},
            manufacturer=MANUFACTURER,
            model=MODEL,
            name=coordinator.config_entry.title,
            sw_version=None if info is None else info.version,
        )


class PlexMonitorDataEntity(PlexMonitorEntity):
    """Something that was read from the server, and is gone while it cannot be read."""

    @property
    @override
    def available(self) -> bool:
        """Say whether the server could be read."""
        return super().available and self.coordinator.data is not None

    @property
    def data(self) -> PlexMonitorData:
        """Return what was read; only an entity that is available has it."""
        if TYPE_CHECKING:
            assert self.coordinator.data is not None
        return self.coordinator.data


class PlexMonitorStandingEntity(PlexMonitorEntity):
    """Something that stays available, because it says what is wrong while the rest is gone."""

    @property
    @override
    def available(self) -> bool:
        """Stay available."""
        return True
