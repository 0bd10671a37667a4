"""How a player gets what it plays."""

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
from pytest_homeassistant_custom_component.common import MockConfigEntry

from .entities import attributes_of
from .entries import set_up, state_of
from .helpers import advance, settle
from .players import DELIVERY, TV
from .simulator import Account, Delivery, PlexServer


async def test_delivery(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    home: PlexServer,
    owner: Account,
    bedroom_entry: MockConfigEntry,
) -> None:
    """As it changes while the stream goes on."""
    await set_up(hass, bedroom_entry)
    stream = await home.start_stream(user=owner, title="Winter Light", player=TV, bandwidth=4200)
    await settle(hass)
    assert state_of(hass, DELIVERY) == "direct_play"
    assert attributes_of(hass, DELIVERY)["bandwidth"] == 4200
    await stream.deliver(Delivery.TRANSCODE)
    await advance(hass, freezer, 2, step=1)
    assert state_of(hass, DELIVERY) == "transcode"
    assert attributes_of(hass, DELIVERY)["resolution"] == "720p"
    await stream.stop()
    await settle(hass)
    assert state_of(hass, DELIVERY) == "unknown"
