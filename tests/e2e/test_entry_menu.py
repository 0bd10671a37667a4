"""An added server is changed or removed in the frontend."""

from tests.real.client import Json
from tests.simulator import Account, PlexServer, World

from .conftest import Shot
from .frontend import Frontend
from .instance import HomeAssistant, wait_until


async def test_change_the_address(
    home_assistant: HomeAssistant,
    home: PlexServer,
    entry: Json,
    frontend: Frontend,
    shot: Shot,
) -> None:
    """Another address is accepted if the same server responds there."""
    await frontend.open_integration()
    await frontend.use_menu("Home", "Reconfigure")
    dialog = frontend.dialog
    await dialog.says("What do you want to change")
    await shot("menu")
    await dialog.choose("Change the address")
    await dialog.says("Enter the address at which Home Assistant can reach")
    await dialog.fill("http://127.0.0.1:9")
    await dialog.submit()
    await dialog.says("No server responds at this address")
    await shot("nothing-answers")

    await dialog.fill(f"http://localhost:{home.port}")
    await dialog.submit()
    await dialog.says("Reconfiguration was successful")
    await shot("success")
    await dialog.close()
    await home_assistant.wait_for_store(f"http://localhost:{home.port}")
    await home_assistant.entry("Home")
    await home_assistant.state_is("binary_sensor.home_server", "on")


async def test_sign_in_again(
    home_assistant: HomeAssistant,
    world: World,
    owner: Account,
    entry: Json,
    frontend: Frontend,
) -> None:
    """A new token replaces a valid one, which is signed out."""
    (before,) = world.plex_tv.devices_of(owner)
    await frontend.open_integration()
    await frontend.use_menu("Home", "Reconfigure")
    dialog = frontend.dialog
    await dialog.choose("Sign in with Plex again")
    await dialog.approve_at_plex(account="owner")
    await dialog.says("Reconfiguration was successful")
    await dialog.close()

    await home_assistant.entry("Home")
    await home_assistant.state_is("sensor.home_token_status", "valid")

    await wait_until(
        lambda: not world.plex_tv.is_valid(before.token), "the old token is signed out"
    )
    (after,) = world.plex_tv.devices_of(owner)
    await home_assistant.wait_for_store(after.token)
    await wait_until(
        lambda: not home_assistant.process.files_with([before.token]), "the old token is in no file"
    )


async def test_remove(
    home_assistant: HomeAssistant,
    world: World,
    owner: Account,
    home: PlexServer,
    entry: Json,
    frontend: Frontend,
    shot: Shot,
) -> None:
    """Nothing is left of a removed server, not even at Plex."""
    await home_assistant.wait_for_store(home.machine_identifier)
    (device,) = world.plex_tv.devices_of(owner)
    entities = (await home_assistant.states_of(entry["entry_id"])).keys()
    assert "binary_sensor.home_server" in entities
    await frontend.open_integration()
    await frontend.use_menu("Home", "Delete")
    await frontend.says("Delete Home?")
    await shot("confirm")
    await frontend.confirm("Delete")
    await frontend.says("No entries")
    await shot("removed")

    assert await home_assistant.entries() == []
    assert await home_assistant.registered(entry["entry_id"]) == {}
    assert not entities & (await home_assistant.client.states()).keys()
    await wait_until(lambda: not world.plex_tv.devices_of(owner), "no device is left at Plex")
    assert not world.plex_tv.is_valid(device.token)

    await wait_until(
        lambda: not home_assistant.process.files_with([device.token]), "the token is in no file"
    )
