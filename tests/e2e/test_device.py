"""The pages of the devices of a server."""

import pytest

from tests.real.client import Json
from tests.simulator import Account, PlexServer

from .conftest import DOWN, Shot
from .frontend import Frontend
from .instance import HomeAssistant, wait_until


@pytest.mark.allowed_logs(*DOWN)
async def test_device_page(
    home_assistant: HomeAssistant,
    home: PlexServer,
    owner: Account,
    entry: Json,
    frontend: Frontend,
    shot: Shot,
) -> None:
    """The page of a server's device shows and follows its state."""
    await home_assistant.state_is("sensor.home_movies_items", "3")
    await frontend.open_device(await home_assistant.device_id())
    await frontend.says(f"Version {home.version}")
    await frontend.shows("Server", "Connected")
    await frontend.shows("Token problem", "OK")
    await frontend.shows("Token status", "Valid")
    await frontend.shows("Streams", "0")
    await shot("idle")

    stream = await home.start_stream(user=owner, title="Winter Light", player="Living room TV")
    await frontend.shows("Streams", "1")
    await frontend.shows("Users watching", "1")
    await shot("streaming")
    await stream.stop()
    await frontend.shows("Streams", "0")

    await frontend.press("Scan all libraries")

    await wait_until(lambda: home.scanner.requests, "a scan is requested")

    await home.stop()
    await frontend.shows("Server", "Disconnected")
    await frontend.shows("Streams", "Unavailable")
    await shot("down")
    await home.start()


async def test_library_page(
    home_assistant: HomeAssistant,
    home: PlexServer,
    entry: Json,
    frontend: Frontend,
    shot: Shot,
) -> None:
    """The page of a library's device shows and follows the number of its items."""
    await home_assistant.state_is("sensor.home_movies_items", "3")
    await frontend.open_device(await home_assistant.device_id("Movies"))
    await frontend.shows("Items", "3")
    await home.add_media("Salt and Paper", year=1998)
    await frontend.shows("Items", "4")
    await shot("movies")
