"""The footing: each version of Home Assistant starts, and its frontend offers the integration."""

from tests.real.client import Json

from .conftest import Shot
from .frontend import Frontend
from .instance import HomeAssistant


async def test_frontend_offers_the_integration(
    home_assistant: HomeAssistant, frontend: Frontend, shot: Shot, version: str
) -> None:
    """The version is the one that was wanted, and the integration's first dialog opens."""
    dialog = await frontend.begin_to_add()
    await dialog.says("How should Home Assistant get access to your Plex server?")
    await shot("menu")
    assert (await frontend.version()).startswith(f"{version}.")
    assert await home_assistant.entries() == []


async def test_entry_survives_a_restart(home_assistant: HomeAssistant, entry: Json) -> None:
    """What is added is loaded, tells what it knows, and does so after a restart."""
    await home_assistant.state_is("binary_sensor.home_server", "on")
    await home_assistant.restart()
    assert (await home_assistant.entry())["entry_id"] == entry["entry_id"]
    await home_assistant.state_is("binary_sensor.home_server", "on")
    await home_assistant.state_is("sensor.home_token_status", "valid")
