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

from .entity import (
    PlexMonitorAlwaysAvailableEntity,
    PlexMonitorDataEntity,
    PlexMonitorDataEntityDescription,
    PlexMonitorLibraryEntity,
    async_add_library_entities,
    async_add_server_entities,
)
from .library.models import Library
from .runtime import PlexMonitorConfigEntry
from .server.coordinator import PlexMonitorCoordinator, PlexMonitorData

PARALLEL_UPDATES = 0


@dataclass(frozen=True, kw_only=True)
class PlexMonitorAlwaysAvailableBinarySensorEntityDescription(BinarySensorEntityDescription):
    """Describe a binary sensor that is always available."""

    value_fn: Callable[[PlexMonitorCoordinator], bool | None]
    attributes_fn: Callable[[PlexMonitorCoordinator], Mapping[str, Any] | None] = lambda _: None


@dataclass(frozen=True, kw_only=True)
class PlexMonitorBinarySensorEntityDescription(
    PlexMonitorDataEntityDescription, BinarySensorEntityDescription
):
    """Describe a binary sensor of a server."""

    value_fn: Callable[[PlexMonitorData], bool | None]
    attributes_fn: Callable[[PlexMonitorData], Mapping[str, Any] | None] = lambda _: None


@dataclass(frozen=True, kw_only=True)
class PlexMonitorLibraryBinarySensorEntityDescription(BinarySensorEntityDescription):
    """Describe a binary sensor of a library."""

    value_fn: Callable[[Library], bool]
    exists_fn: Callable[[Library], bool] = lambda _: True
    attributes_fn: Callable[[Library], Mapping[str, Any]]


ALWAYS_AVAILABLE_BINARY_SENSORS = (
    PlexMonitorAlwaysAvailableBinarySensorEntityDescription(
        key="server",
        translation_key="server",
        device_class=BinarySensorDeviceClass.CONNECTIVITY,
        value_fn=lambda coordinator: coordinator.online,
    ),
    PlexMonitorAlwaysAvailableBinarySensorEntityDescription(
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
BINARY_SENSORS = (
    PlexMonitorBinarySensorEntityDescription(
        key="remote_access",
        translation_key="remote_access",
        device_class=BinarySensorDeviceClass.CONNECTIVITY,
        value_fn=lambda data: None if data.remote_access is None else data.remote_access.reachable,
        visible_fn=lambda data: data.remote_access is not None,
        attributes_fn=lambda data: (
            None
            if data.remote_access is None
            else {
                "mapping_state": data.remote_access.state,
                "mapping_error": data.remote_access.error,
            }
        ),
    ),
    PlexMonitorBinarySensorEntityDescription(
        key="signed_in",
        translation_key="signed_in",
        entity_category=EntityCategory.DIAGNOSTIC,
        value_fn=lambda data: data.info is not None and data.info.sign_in_state == "ok",
        visible_fn=lambda data: data.info is not None and data.info.sign_in_state is not None,
    ),
    PlexMonitorBinarySensorEntityDescription(
        key="plex_pass",
        translation_key="plex_pass",
        entity_category=EntityCategory.DIAGNOSTIC,
        value_fn=lambda data: data.info is not None and data.info.plex_pass,
        visible_fn=lambda data: data.info is not None,
    ),
)
LIBRARY_BINARY_SENSORS = (
    PlexMonitorLibraryBinarySensorEntityDescription(
        key="scanning",
        translation_key="library_scanning",
        device_class=BinarySensorDeviceClass.RUNNING,
        value_fn=lambda library: library.scan is not None or library.section.scanning,
        attributes_fn=lambda library: {
            "progress": None if library.scan is None else library.scan.progress
        },
    ),
)


async def async_setup_entry(
    hass: HomeAssistant,
    entry: PlexMonitorConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Set up the binary sensors of a server and of its libraries."""
    coordinator = entry.runtime_data.server
    async_add_entities(
        PlexMonitorAlwaysAvailableBinarySensor(coordinator, description)
        for description in ALWAYS_AVAILABLE_BINARY_SENSORS
    )
    async_add_server_entities(
        entry,
        async_add_entities,
        BINARY_SENSORS,
        lambda description: PlexMonitorBinarySensor(coordinator, description),
    )
    async_add_library_entities(
        hass, entry, async_add_entities, LIBRARY_BINARY_SENSORS, PlexMonitorLibraryBinarySensor
    )


class PlexMonitorAlwaysAvailableBinarySensor(PlexMonitorAlwaysAvailableEntity, BinarySensorEntity):
    """A binary sensor of a Plex server that is always available, to report what is wrong."""

    entity_description: PlexMonitorAlwaysAvailableBinarySensorEntityDescription
    # It changes more often than the state.
    _unrecorded_attributes = frozenset({"last_checked"})

    @property
    @override
    def is_on(self) -> bool | None:
        """Return the state of the binary sensor."""
        return self.entity_description.value_fn(self.coordinator)

    @property
    @override
    def extra_state_attributes(self) -> Mapping[str, Any] | None:
        """Return the attributes that explain the state."""
        return self.entity_description.attributes_fn(self.coordinator)


class PlexMonitorBinarySensor(PlexMonitorDataEntity, BinarySensorEntity):
    """A binary sensor of a Plex server."""

    entity_description: PlexMonitorBinarySensorEntityDescription

    @property
    @override
    def is_on(self) -> bool | None:
        """Return the state of the binary sensor."""
        return self.entity_description.value_fn(self.data)

    @property
    @override
    def extra_state_attributes(self) -> Mapping[str, Any] | None:
        """Return the attributes that explain the state."""
        return self.entity_description.attributes_fn(self.data)


class PlexMonitorLibraryBinarySensor(PlexMonitorLibraryEntity, BinarySensorEntity):
    """A binary sensor of a library."""

    entity_description: PlexMonitorLibraryBinarySensorEntityDescription
    _unrecorded_attributes = frozenset({"progress"})

    @property
    @override
    def is_on(self) -> bool:
        """Return the state of the binary sensor."""
        return self.entity_description.value_fn(self.library)

    @property
    @override
    def extra_state_attributes(self) -> Mapping[str, Any]:
        """Return the progress."""
        return self.entity_description.attributes_fn(self.library)
