"""Players and helpers for tests of players."""

from datetime import datetime

from homeassistant.core import HomeAssistant
from pytest_homeassistant_custom_component.common import MockConfigEntry

from tests.simulator import Player, PlexServer, Stream

from .entities import attributes_of
from .entries import set_up
from .helpers import settle

TV = Player(title="Bedroom TV", product="Plex for Apple TV", platform="tvOS", device="Apple TV")
PHONE = Player(title="Phone", product="Plex for iOS", platform="iOS", device="iPhone")

BEDROOM = "media_player.bedroom_tv"
DELIVERY = "sensor.bedroom_tv_delivery"
PICTURE = "image.bedroom_tv_picture"


async def playing_in_the_bedroom(
    hass: HomeAssistant, home: PlexServer, bedroom_entry: MockConfigEntry
) -> Stream:
    """Set up an entry with the player in the bedroom, and return the film that plays there."""
    await set_up(hass, bedroom_entry)
    stream = await home.start_stream(user=home.owner, title="Winter Light", player=TV)
    await settle(hass)
    return stream


def position_of(hass: HomeAssistant) -> tuple[int, datetime]:
    """Return the media position in the bedroom, and when it was updated."""
    attributes = attributes_of(hass, BEDROOM)
    return attributes["media_position"], attributes["media_position_updated_at"]
