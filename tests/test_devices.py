"""The device of a player is connected via its server, and has the Plex app as its model."""

from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.plex_monitor.const import DOMAIN

from .simulator import Account, Player, PlexServer
from .support.entries import set_up, state_of
from .support.helpers import settle
from .support.players import BEDROOM, TV, position_of


def device_of(
    hass: HomeAssistant, home: PlexServer, entry: MockConfigEntry, player: Player
) -> dr.DeviceEntry:
    """Return the device of a player."""
    device = dr.async_get(hass).async_get_device_by_identifier(
        (DOMAIN, f"{home.machine_identifier}_player_{player.machine_identifier}"), entry.entry_id
    )
    assert isinstance(device, dr.DeviceEntry)
    return device


async def test_device_of_a_player(
    hass: HomeAssistant, home: PlexServer, owner: Account, bedroom_entry: MockConfigEntry
) -> None:
    """Its model is the platform, and the Plex app once it has played something."""
    await set_up(hass, bedroom_entry)
    device = device_of(hass, home, bedroom_entry, TV)
    server = dr.async_get(hass).async_get_device_by_identifier(
        (DOMAIN, home.machine_identifier), bedroom_entry.entry_id
    )
    assert server is not None
    assert (device.name, device.model) == ("Bedroom TV", "tvOS")
    assert device.via_device_id == server.id

    stream = await home.start_stream(user=owner, title="Winter Light", player=TV)
    await settle(hass)
    assert device_of(hass, home, bedroom_entry, TV).model == "Plex for Apple TV"
    await stream.stop()
    await hass.config_entries.async_reload(bedroom_entry.entry_id)
    await settle(hass)
    assert device_of(hass, home, bedroom_entry, TV).model == "Plex for Apple TV"


async def test_player_that_plays_at_setup(
    hass: HomeAssistant, home: PlexServer, owner: Account, bedroom_entry: MockConfigEntry
) -> None:
    """Home Assistant was restarted while a film plays."""
    stream = await home.start_stream(user=owner, title="Winter Light", player=TV)
    await stream.seek(600_000)
    await set_up(hass, bedroom_entry)
    assert device_of(hass, home, bedroom_entry, TV).model == "Plex for Apple TV"
    assert (state_of(hass, BEDROOM), position_of(hass)[0]) == ("playing", 600)
