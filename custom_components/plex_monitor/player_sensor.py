"""Sensor of a player."""

from collections.abc import Mapping
from typing import Any, override

from homeassistant.components.sensor import (
    SensorDeviceClass,
    SensorEntity,
    SensorEntityDescription,
)

from .entity import PlexMonitorPlayerEntity
from .events.attributes import delivery_attributes
from .plex.models import StreamDecision

NOT_PLAYING = "not_playing"

DELIVERY = SensorEntityDescription(
    key="delivery",
    translation_key="player_delivery",
    device_class=SensorDeviceClass.ENUM,
    options=[NOT_PLAYING, *(decision.value for decision in StreamDecision)],
)


class PlexMonitorDelivery(PlexMonitorPlayerEntity, SensorEntity):
    """How the stream of a player is delivered."""

    @property
    @override
    def native_value(self) -> str:
        """Return what the server does to the stream, or that nothing plays."""
        session = self.player.session
        return NOT_PLAYING if session is None else session.decision.value

    @property
    @override
    def extra_state_attributes(self) -> Mapping[str, Any] | None:
        """Return the details of the delivery."""
        session = self.player.session
        return None if session is None else delivery_attributes(session)
