"""What Plex is told about this Home Assistant."""

from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.plex_monitor.clients import client_identity

from .simulator import PlexServer, World
from .support.entries import set_up


@pytest.mark.parametrize(
    ("location", "server", "name"),
    [
        ("Cottage", "Attic", "Home Assistant (Cottage, Attic)"),
        ("Cottage", None, "Home Assistant (Cottage)"),
        ("", "Attic", "Home Assistant (Attic)"),
        ("", None, "Home Assistant"),
    ],
)
async def test_device_is_told_from_others(
    hass: HomeAssistant, location: str, server: str | None, name: str
) -> None:
    """By the home and the server, as far as they are known."""
    hass.config.location_name = location
    identity = client_identity(hass, "home-assistant-1", server)
    assert identity.device_name == name
    assert identity.product == "Home Assistant"


async def test_entry_names_its_server_to_plex_tv(
    hass: HomeAssistant, world: World, home: PlexServer, entry: MockConfigEntry
) -> None:
    """It may have been signed in before it was known for which server."""
    hass.config.location_name = "Größe"
    await set_up(hass, entry)
    assert {record.headers["X-Plex-Device-Name"] for record in world.requests.to("plex.tv")} == {
        "Home Assistant (Größe, Home)"
    }
