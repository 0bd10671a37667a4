"""A revoked token is repaired in the frontend."""

import pytest

from tests.real.client import Json
from tests.simulator import Account, PlexServer, World

from .conftest import REFUSED, Shot
from .frontend import Frontend
from .instance import HomeAssistant, revoke_token


@pytest.mark.allowed_logs(*REFUSED)
async def test_repair_a_revoked_token(
    home_assistant: HomeAssistant,
    world: World,
    home: PlexServer,
    owner: Account,
    entry: Json,
    frontend: Frontend,
    shot: Shot,
) -> None:
    """One repair explains the problem, and leads to the sign-in and to a valid token."""
    before = await home_assistant.registered(entry["entry_id"])
    revoke_token(world, owner)
    await home.start_stream(user=owner, title="Winter Light", player="Living room TV")

    title = "Plex signed Home Assistant out of Home"
    await frontend.open_repairs()
    await frontend.says(title)
    await shot("repairs")
    await home_assistant.one_issue()
    assert len(await home_assistant.prompts()) == 1
    await home_assistant.state_is("binary_sensor.home_token_problem", "on", verdict="invalid")
    await home_assistant.state_is("binary_sensor.home_server", "on")
    await home_assistant.state_is("sensor.home_streams", "unavailable")
    await frontend.open_integration()
    await shot("integration")
    await frontend.open_device(await home_assistant.device_id())
    await frontend.shows("Token status", "Invalid")
    await shot("device")

    await frontend.open_repairs()
    dialog = await frontend.repair(title)
    await dialog.says("Your entities and automations are kept")
    await shot("repair")
    await dialog.submit()
    await dialog.says("Plex has signed Home Assistant out of")
    await shot("sign-in-again")
    await dialog.choose("Sign in with Plex")
    await dialog.approve_at_plex(account="owner")
    await dialog.says("Re-authentication was successful")
    await shot("success")
    await dialog.close()

    await frontend.says("There are currently no repairs")
    await shot("no-repairs")
    await home_assistant.no_issue()
    assert await home_assistant.prompts() == []
    await home_assistant.entry("Home")
    await home_assistant.state_is("binary_sensor.home_token_problem", "off")
    await home_assistant.state_is("sensor.home_token_status", "valid")
    await home_assistant.state_is("sensor.home_streams", "1")
    assert await home_assistant.registered(entry["entry_id"]) == before
