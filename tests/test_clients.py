"""Identity of this Home Assistant at Plex."""

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
async def test_device_name_contains_home_and_server(
    hass: HomeAssistant, location: str, server: str | None, name: str
) -> None:
    """Either can be unknown."""
    hass.config.location_name = location
    identity = client_identity(hass, "home-assistant-1", server)
    assert identity.device_name == name
    assert identity.product == "Home Assistant"


async def test_requests_of_an_entry_to_plex_tv_name_its_server(
    hass: HomeAssistant, world: World, home: PlexServer, entry: MockConfigEntry
) -> None:
    """At the sign-in the server may not have been known."""
    hass.config.location_name = "Größe"
    await set_up(hass, entry)
    assert {record.headers["X-Plex-Device-Name"] for record in world.requests.to("plex.tv")} == {
        "Home Assistant (Größe, Home)"
    }
