"""Sensors of a library."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, override

from homeassistant.components.sensor import (
    SensorDeviceClass,
    SensorEntity,
    SensorEntityDescription,
    SensorStateClass,
)
from homeassistant.const import EntityCategory, UnitOfInformation, UnitOfTime

from .entity import PlexMonitorLibraryEntity
from .events.attributes import media_attributes
from .library.models import Library
from .library.reader import OPTIONAL_COUNTS
from .media.links import LINKS, MediaLinks
from .plex.models import MediaType


@dataclass(frozen=True, kw_only=True)
class PlexMonitorLibrarySensorEntityDescription(SensorEntityDescription):
    """Describe a sensor of a library; `exists_fn` returns whether a library has its data."""

    value_fn: Callable[[Library], int | datetime | None]
    exists_fn: Callable[[Library], bool] = lambda _: True
    attributes_fn: Callable[[Library, MediaLinks], Mapping[str, Any] | None] = (
        lambda _library, _links: None
    )


def _count(
    media_type: MediaType, key: str, translation_key: str, *, enabled: bool
) -> PlexMonitorLibrarySensorEntityDescription:
    return PlexMonitorLibrarySensorEntityDescription(
        key=key,
        translation_key=translation_key,
        state_class=SensorStateClass.MEASUREMENT,
        entity_registry_enabled_default=enabled,
        value_fn=lambda library: library.counts.get(media_type),
        exists_fn=lambda library: media_type in library.section.media_types,
    )


LIBRARY_SENSORS = (
    _count(MediaType.MOVIE, "items", "library_movies", enabled=True),
    _count(MediaType.SHOW, "items", "library_shows", enabled=True),
    _count(MediaType.ARTIST, "items", "library_artists", enabled=True),
    _count(MediaType.PHOTO_ALBUM, "items", "library_photo_albums", enabled=True),
    _count(MediaType.SEASON, OPTIONAL_COUNTS[MediaType.SEASON], "library_seasons", enabled=False),
    _count(MediaType.EPISODE, "episodes", "library_episodes", enabled=True),
    _count(MediaType.ALBUM, OPTIONAL_COUNTS[MediaType.ALBUM], "library_albums", enabled=False),
    _count(MediaType.TRACK, "tracks", "library_tracks", enabled=False),
    _count(MediaType.PHOTO, "photos", "library_photos", enabled=False),
    PlexMonitorLibrarySensorEntityDescription(
        key="size",
        translation_key="library_size",
        device_class=SensorDeviceClass.DATA_SIZE,
        state_class=SensorStateClass.MEASUREMENT,
        native_unit_of_measurement=UnitOfInformation.BYTES,
        suggested_unit_of_measurement=UnitOfInformation.GIGABYTES,
        suggested_display_precision=1,
        value_fn=lambda library: None if library.storage is None else library.storage.size,
        exists_fn=lambda library: library.storage is not None,
    ),
    PlexMonitorLibrarySensorEntityDescription(
        key="duration",
        translation_key="library_duration",
        device_class=SensorDeviceClass.DURATION,
        state_class=SensorStateClass.MEASUREMENT,
        native_unit_of_measurement=UnitOfTime.MILLISECONDS,
        suggested_unit_of_measurement=UnitOfTime.HOURS,
        suggested_display_precision=0,
        entity_registry_enabled_default=False,
        value_fn=lambda library: None if library.storage is None else library.storage.duration,
        exists_fn=lambda library: (
            library.storage is not None and library.storage.duration is not None
        ),
    ),
    PlexMonitorLibrarySensorEntityDescription(
        key="last_added",
        translation_key="library_last_added",
        device_class=SensorDeviceClass.TIMESTAMP,
        value_fn=lambda library: (
            None if library.last_added is None else library.last_added.added_at
        ),
        exists_fn=lambda library: bool(library.counts),
        attributes_fn=lambda library, links: (
            None
            if library.last_added is None
            else {**media_attributes(library.last_added), **links.of(library.last_added)}
        ),
    ),
    PlexMonitorLibrarySensorEntityDescription(
        key="last_scan",
        translation_key="library_last_scan",
        device_class=SensorDeviceClass.TIMESTAMP,
        entity_category=EntityCategory.DIAGNOSTIC,
        value_fn=lambda library: library.section.scanned_at,
    ),
)


class PlexMonitorLibrarySensor(PlexMonitorLibraryEntity, SensorEntity):
    """Sensor of a library."""

    entity_description: PlexMonitorLibrarySensorEntityDescription
    _unrecorded_attributes = LINKS

    @property
    @override
    def available(self) -> bool:
        """Return whether the server reports the value to this account now."""
        return super().available and self.entity_description.exists_fn(self.library)

    @property
    @override
    def native_value(self) -> int | datetime | None:
        """Return the value."""
        return self.entity_description.value_fn(self.library)

    @property
    @override
    def extra_state_attributes(self) -> Mapping[str, Any] | None:
        """Return the attributes of the value."""
        links = self.coordinator.config_entry.runtime_data.links
        return self.entity_description.attributes_fn(self.library, links)
