"""Sensors of Plex Monitor."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any, override

from homeassistant.components.sensor import (
    SensorDeviceClass,
    SensorEntity,
    SensorEntityDescription,
    SensorStateClass,
)
from homeassistant.const import EntityCategory, UnitOfDataRate
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.helpers.typing import StateType

from .diary_sensor import DIARY_SENSORS, PlexMonitorDiarySensor
from .entity import (
    PlexMonitorAlwaysAvailableEntity,
    PlexMonitorDataEntity,
    PlexMonitorDataEntityDescription,
    async_add_library_entities,
    async_add_player_entities,
    async_add_server_entities,
)
from .events.attributes import stream_attributes
from .library_sensor import LIBRARY_SENSORS, PlexMonitorLibrarySensor
from .media.links import MediaLinks
from .player_sensor import DELIVERY, PlexMonitorDelivery
from .plex.models import Activity, Session, StreamDecision
from .plex.token_health import Verdict
from .runtime import PlexMonitorConfigEntry
from .server.coordinator import PlexMonitorData
from .statistics_sensor import STATISTICS_SENSORS, PlexMonitorStatisticsSensor

PARALLEL_UPDATES = 0

# The limit of streams and activities in attributes.
LISTED_AT_MOST = 20

TOKEN_STATUS = SensorEntityDescription(
    key="token_status",
    translation_key="token_status",
    device_class=SensorDeviceClass.ENUM,
    entity_category=EntityCategory.DIAGNOSTIC,
    options=[verdict.value for verdict in Verdict],
)


@dataclass(frozen=True, kw_only=True)
class PlexMonitorSensorEntityDescription(PlexMonitorDataEntityDescription, SensorEntityDescription):
    """Describe a sensor of a server."""

    value_fn: Callable[[PlexMonitorData], StateType]
    attributes_fn: Callable[[PlexMonitorData, MediaLinks], Mapping[str, Any] | None] = (
        lambda _data, _links: None
    )


def _has_sessions(data: PlexMonitorData) -> bool:
    return data.sessions is not None


def _sessions(data: PlexMonitorData) -> Iterable[Session]:
    """Return the streams; none where the account may not see them."""
    return () if data.sessions is None else data.sessions.values()


def _count_of(decision: StreamDecision) -> Callable[[PlexMonitorData], int]:
    return lambda data: sum(session.decision is decision for session in _sessions(data))


def _bandwidth_to(*locations: str) -> Callable[[PlexMonitorData], int]:
    """Return a function for the bandwidth reserved for streams to locations, or to anywhere."""
    return lambda data: sum(
        session.bandwidth or 0
        for session in _sessions(data)
        if not locations or session.location in locations
    )


def _listed_streams(data: PlexMonitorData, links: MediaLinks) -> dict[str, Any]:
    listed = islice(_sessions(data), LISTED_AT_MOST)
    return {"streams": [{**stream_attributes(session), **links.of(session)} for session in listed]}


def _activities(data: PlexMonitorData) -> Iterable[Activity]:
    return () if data.activities is None else data.activities.values()


def _listed_activities(data: PlexMonitorData, _links: MediaLinks) -> dict[str, Any]:
    return {
        "activities": [
            {
                "title": activity.title,
                "subtitle": activity.subtitle,
                "progress": activity.progress,
            }
            for activity in islice(_activities(data), LISTED_AT_MOST)
        ]
    }


SENSORS = (
    PlexMonitorSensorEntityDescription(
        key="streams",
        translation_key="streams",
        state_class=SensorStateClass.MEASUREMENT,
        value_fn=lambda data: sum(1 for _ in _sessions(data)),
        visible_fn=_has_sessions,
        attributes_fn=_listed_streams,
    ),
    *(
        PlexMonitorSensorEntityDescription(
            key=key,
            translation_key=key,
            state_class=SensorStateClass.MEASUREMENT,
            value_fn=_count_of(decision),
            visible_fn=_has_sessions,
        )
        for key, decision in (
            ("transcoding", StreamDecision.TRANSCODE),
            ("direct_play", StreamDecision.DIRECT_PLAY),
            ("direct_stream", StreamDecision.DIRECT_STREAM),
        )
    ),
    *(
        PlexMonitorSensorEntityDescription(
            key=key,
            translation_key=key,
            device_class=SensorDeviceClass.DATA_RATE,
            state_class=SensorStateClass.MEASUREMENT,
            native_unit_of_measurement=UnitOfDataRate.KILOBITS_PER_SECOND,
            suggested_unit_of_measurement=UnitOfDataRate.MEGABITS_PER_SECOND,
            suggested_display_precision=1,
            value_fn=_bandwidth_to(*locations),
            visible_fn=_has_sessions,
        )
        for key, locations in (
            ("bandwidth", ()),
            ("bandwidth_lan", ("lan",)),
            ("bandwidth_wan", ("wan", "cellular")),
        )
    ),
    PlexMonitorSensorEntityDescription(
        key="users_watching",
        translation_key="users_watching",
        state_class=SensorStateClass.MEASUREMENT,
        value_fn=lambda data: len({session.user_id or session.user for session in _sessions(data)}),
        visible_fn=_has_sessions,
    ),
    PlexMonitorSensorEntityDescription(
        key="activities",
        translation_key="activities",
        state_class=SensorStateClass.MEASUREMENT,
        entity_category=EntityCategory.DIAGNOSTIC,
        value_fn=lambda data: sum(1 for _ in _activities(data)),
        visible_fn=lambda data: data.activities is not None,
        attributes_fn=_listed_activities,
    ),
    PlexMonitorSensorEntityDescription(
        key="version",
        translation_key="version",
        entity_category=EntityCategory.DIAGNOSTIC,
        value_fn=lambda data: data.version,
    ),
)


async def async_setup_entry(
    hass: HomeAssistant,
    entry: PlexMonitorConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Set up the sensors of a server, of its libraries and of its players."""
    data = entry.runtime_data
    async_add_entities([PlexMonitorTokenStatus(data.server, TOKEN_STATUS)])
    async_add_player_entities(
        entry, async_add_entities, lambda player: PlexMonitorDelivery(player, DELIVERY)
    )
    async_add_server_entities(
        entry,
        async_add_entities,
        SENSORS,
        lambda description: PlexMonitorSensor(data.server, description),
    )
    async_add_server_entities(
        entry,
        async_add_entities,
        DIARY_SENSORS,
        lambda description: PlexMonitorDiarySensor(data.server, description),
    )
    async_add_server_entities(
        entry,
        async_add_entities,
        STATISTICS_SENSORS,
        lambda description: PlexMonitorStatisticsSensor(data.statistics, description),
    )
    async_add_library_entities(
        hass, entry, async_add_entities, LIBRARY_SENSORS, PlexMonitorLibrarySensor
    )


class PlexMonitorSensor(PlexMonitorDataEntity, SensorEntity):
    """A sensor of a Plex server."""

    entity_description: PlexMonitorSensorEntityDescription
    _unrecorded_attributes = frozenset({"streams", "activities"})

    @property
    @override
    def native_value(self) -> StateType:
        """Return the value of the sensor."""
        return self.entity_description.value_fn(self.data)

    @property
    @override
    def extra_state_attributes(self) -> Mapping[str, Any] | None:
        """Return the attributes that explain the value."""
        links = self.coordinator.config_entry.runtime_data.links
        return self.entity_description.attributes_fn(self.data, links)


class PlexMonitorTokenStatus(PlexMonitorAlwaysAvailableEntity, SensorEntity):
    """The verdict on the token."""

    @property
    @override
    def native_value(self) -> str:
        """Return the verdict."""
        return self.coordinator.guard.verdict.value
