"""The players with a device are selected in the options."""

from tests.real.client import Json, until
from tests.simulator import Account, PlexServer

from .conftest import Shot
from .frontend import Frontend
from .instance import PATIENCE, HomeAssistant


async def test_select_a_player(
    home_assistant: HomeAssistant,
    home: PlexServer,
    owner: Account,
    entry: Json,
    frontend: Frontend,
    shot: Shot,
) -> None:
    """A selected player has a device and a media player until it is removed again."""
    await home.start_stream(user=owner, title="Winter Light", player="Living room TV")
    await home_assistant.state_is("sensor.home_streams", "1")
    registered = await home_assistant.registered(entry["entry_id"])
    await frontend.open_integration()
    dialog = await frontend.configure("Home")
    await dialog.says("Select players for Home")
    await dialog.add("▶ Living room TV", to="Players")
    await shot("chosen")
    await dialog.submit()
    await dialog.says("Options successfully saved")
    await dialog.finish()

    player = "media_player.living_room_tv"
    await home_assistant.state_is(player, "playing", media_title="Winter Light")
    await frontend.open_device(await home_assistant.device_id("Living room TV"))
    await frontend.shows("Delivery", "Direct play")
    await shot("device")

    await home_assistant.restart()
    await home_assistant.state_is(player, "playing", media_title="Winter Light")

    await frontend.open_integration()
    dialog = await frontend.configure("Home")
    await dialog.take_out()
    await dialog.submit()
    await dialog.says("Options successfully saved")
    await dialog.finish()

    async def gone() -> bool:
        return await home_assistant.state(player) is None

    await until(gone, what="the media player is gone", timeout=PATIENCE)
    assert await home_assistant.registered(entry["entry_id"]) == registered
    await frontend.says_no_more("Living room TV")
    await shot("taken-out")
