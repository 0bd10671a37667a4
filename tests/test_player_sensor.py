"""The delivery sensor shows how the stream of a player is delivered."""

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
from pytest_homeassistant_custom_component.common import MockConfigEntry

from .simulator import Account, Delivery, PlexServer
from .support.entities import attributes_of
from .support.entries import set_up, state_of
from .support.helpers import advance, settle
from .support.players import DELIVERY, TV


def codecs(hass: HomeAssistant) -> tuple[str, ...]:
    """Return the codecs of video and audio, each as stored and as delivered."""
    attributes = attributes_of(hass, DELIVERY)
    names = ("source_video_codec", "video_codec", "source_audio_codec", "audio_codec")
    return tuple(attributes[name] for name in names)


async def test_delivery(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    home: PlexServer,
    owner: Account,
    bedroom_entry: MockConfigEntry,
) -> None:
    """It changes while the stream continues."""
    await set_up(hass, bedroom_entry)
    stream = await home.start_stream(user=owner, title="Winter Light", player=TV, bandwidth=4200)
    await settle(hass)
    assert state_of(hass, DELIVERY) == "direct_play"
    assert attributes_of(hass, DELIVERY)["bandwidth"] == 4200
    assert codecs(hass) == ("hevc", "hevc", "eac3", "eac3")
    await stream.deliver(Delivery.TRANSCODE)
    await advance(hass, freezer, 2, step=1)
    assert state_of(hass, DELIVERY) == "transcode"
    assert attributes_of(hass, DELIVERY)["resolution"] == "720p"
    assert codecs(hass) == ("hevc", "h264", "eac3", "aac")
    await stream.stop()
    await settle(hass)
    assert state_of(hass, DELIVERY) == "not_playing"


async def test_delivery_of_transcoded_live_tv(
    hass: HomeAssistant, home: PlexServer, owner: Account, bedroom_entry: MockConfigEntry
) -> None:
    """The server lists the format of the channel as its media."""
    await set_up(hass, bedroom_entry)
    await home.start_stream(user=owner, title="The news", live=True, transcode=True, player=TV)
    await settle(hass)
    assert codecs(hass) == ("hevc", "h264", "eac3", "aac")
    attributes = attributes_of(hass, DELIVERY)
    assert (attributes["source_resolution"], attributes["resolution"]) == ("1080p", "720p")
