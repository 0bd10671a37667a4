"""Home Assistant is restarted."""

from http import HTTPStatus

import aiohttp
import pytest

from tests.real.client import Json
from tests.simulator import Account, PlexServer, World

from .automations import Automations, report
from .conftest import DOWN, REFUSED, Shot
from .frontend import Frontend
from .instance import HomeAssistant, revoke_token


async def test_restart_without_problems(
    home_assistant: HomeAssistant,
    home: PlexServer,
    owner: Account,
    entry: Json,
    frontend: Frontend,
    shot: Shot,
) -> None:
    """The entry, its devices, its entities and their states are the same as before."""
    await home.start_stream(user=owner, title="Winter Light", player="Living room TV")
    await home_assistant.state_is("sensor.home_streams", "1")
    await home_assistant.state_is("sensor.home_movies_items", "3")
    registered = await home_assistant.registered(entry["entry_id"])
    states = await home_assistant.states_of(entry["entry_id"])
    streams = (await home_assistant.client.states())["sensor.home_streams"]["attributes"]["streams"]

    await home_assistant.restart()

    assert (await home_assistant.entry("Home"))["entry_id"] == entry["entry_id"]
    await home_assistant.state_is("sensor.home_streams", "1")
    await home_assistant.state_is("sensor.home_movies_items", "3")
    assert await home_assistant.registered(entry["entry_id"]) == registered
    # A picture that was shown before, as in a notification, is still shown.
    async with (
        aiohttp.ClientSession(home_assistant.url) as session,
        session.get(streams[0]["picture"]) as response,
    ):
        assert (response.status, response.content_type) == (HTTPStatus.OK, "image/jpeg")
    # The state of a picture is the time when it was first loaded.
    again = await home_assistant.states_of(entry["entry_id"])
    picture = "image.home_now_playing"
    assert again | {picture: states[picture]} == states
    assert await home_assistant.issues() == []
    assert await home_assistant.prompts() == []
    await frontend.open_device(await home_assistant.device_id())
    await frontend.shows("Streams", "1")
    await shot("device")


@pytest.mark.allowed_logs(*REFUSED)
async def test_restart_with_an_open_repair(
    home_assistant: HomeAssistant,
    world: World,
    home: PlexServer,
    owner: Account,
    entry: Json,
    frontend: Frontend,
    shot: Shot,
) -> None:
    """The repair and the prompt are shown again, once, and still lead to a valid token."""
    registered = await home_assistant.registered(entry["entry_id"])
    revoke_token(world, owner)
    await home.start_stream(user=owner, title="Winter Light", player="Living room TV")
    before = await home_assistant.one_issue()
    await home_assistant.state_is("binary_sensor.home_token_problem", "on", verdict="invalid")

    await home_assistant.restart()

    after = await home_assistant.one_issue()
    assert after["issue_id"] == before["issue_id"]
    await home_assistant.one_prompt()
    await home_assistant.state_is("binary_sensor.home_token_problem", "on", verdict="invalid")
    await home_assistant.state_is("binary_sensor.home_server", "on")
    await home_assistant.state_is("sensor.home_streams", "unavailable")
    assert await home_assistant.registered(entry["entry_id"]) == registered
    await frontend.open_repairs()
    dialog = await frontend.repair("Plex signed Home Assistant out of Home")
    await shot("repair")
    await dialog.submit()
    await dialog.choose("Sign in with Plex")
    await dialog.approve_at_plex(account="owner")
    await dialog.says("Re-authentication was successful")
    await dialog.close()

    await home_assistant.no_issue()
    assert await home_assistant.prompts() == []
    await home_assistant.state_is("sensor.home_token_status", "valid")
    await home_assistant.state_is("sensor.home_streams", "1")
    assert await home_assistant.registered(entry["entry_id"]) == registered


@pytest.mark.allowed_logs(*DOWN)
async def test_restart_while_the_server_is_down(
    home_assistant: HomeAssistant,
    home: PlexServer,
    entry: Json,
    frontend: Frontend,
    shot: Shot,
) -> None:
    """All that was known is there, and automations run as for a server that goes down later."""
    await home_assistant.state_is("sensor.home_movies_items", "3")
    registered = await home_assistant.registered(entry["entry_id"])
    automations = Automations(home_assistant)
    await home_assistant.restart()
    await automations.add(
        "down",
        triggers=[{"trigger": "plex_monitor.server_went_down"}],
        actions=[report("down", "{{ trigger.description }}")],
    )
    await home_assistant.stop()
    await home.stop()

    await home_assistant.start()

    await home_assistant.entry("Home")
    await home_assistant.state_is("binary_sensor.home_server", "off")
    await automations.notification("down")
    assert await home_assistant.registered(entry["entry_id"]) == registered
    states = await home_assistant.client.states()
    provided = await home_assistant.states_of(entry["entry_id"])
    assert [one for one in provided if states[one]["attributes"].get("restored")] == []
    assert provided["sensor.home_movies_items"] == "unavailable"
    assert provided["sensor.home_token_status"] == "unknown"
    assert await home_assistant.issues() == []
    assert await home_assistant.prompts() == []
    await frontend.open_device(await home_assistant.device_id())
    await frontend.shows("Streams", "Unavailable")
    await shot("device")

    await home.start()
    await home_assistant.state_is("binary_sensor.home_server", "on")
    await home_assistant.state_is("sensor.home_token_status", "valid")
    await home_assistant.state_is("sensor.home_movies_items", "3")
    assert await home_assistant.registered(entry["entry_id"]) == registered
    assert await home_assistant.issues() == []
    assert (await automations.counts())["down"] == 1
