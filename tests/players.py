"""Players that tests follow, and what is seen of them."""

from datetime import datetime

from homeassistant.core import HomeAssistant

from .entities import attributes_of
from .simulator import Player

TV = Player(title="Bedroom TV", product="Plex for Apple TV", platform="tvOS", device="Apple TV")
PHONE = Player(title="Phone", product="Plex for iOS", platform="iOS", device="iPhone")

BEDROOM = "media_player.bedroom_tv"
DELIVERY = "sensor.bedroom_tv_delivery"
PICTURE = "image.bedroom_tv_picture"


def position_of(hass: HomeAssistant) -> tuple[int, datetime]:
    """Return how far the stream in the bedroom was, and when."""
    attributes = attributes_of(hass, BEDROOM)
    return attributes["media_position"], attributes["media_position_updated_at"]
