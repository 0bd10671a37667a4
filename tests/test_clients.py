"""Identity of this Home Assistant at Plex."""

import aiohttp
from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.plex_monitor.clients import client_identity, plex_session

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


async def test_no_cookie_is_kept(
    hass: HomeAssistant, world: World, home: PlexServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that Plex sets for an account would be sent along with the token of another one."""
    session = plex_session(hass)
    # Cookies are for names, and the test plugin resolves none.
    monkeypatch.setattr(session.connector, "_resolver", aiohttp.ThreadedResolver())
    for _ in range(2):
        async with session.get(f"http://localhost:{home.port}/identity") as response:
            assert response.cookies
    assert len(world.requests) == 2
    assert [request for request in world.requests if "Cookie" in request.headers] == []
