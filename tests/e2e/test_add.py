"""Plex servers are added in the frontend."""

from tests.real.client import Json
from tests.simulator import Account, PlexServer, World

from .conftest import Shot
from .frontend import Frontend
from .instance import STORE, HomeAssistant


async def test_sign_in_with_plex(
    home_assistant: HomeAssistant,
    version: str,
    world: World,
    home: PlexServer,
    owner: Account,
    frontend: Frontend,
    shot: Shot,
) -> None:
    """The sign-in shows a link, a code and a QR code, and continues when it is approved."""
    dialog = await frontend.begin_to_add()
    await dialog.says("How should Home Assistant get access to your Plex server?")
    await shot("menu")
    assert (await frontend.version()).startswith(f"{version}.")

    await dialog.choose("Sign in with Plex")
    await dialog.says("This dialog continues automatically")
    (pin,) = world.plex_tv.waiting_pins()
    assert await dialog.code() == pin.code
    assert (await dialog.qr_code()).startswith(world.plex_tv.url)
    await shot("sign-in")
    opened = await dialog.approve_at_plex(account="owner")
    assert opened == f"{world.plex_tv.url}/link/?pin={pin.code}"

    await dialog.says("has full permissions on it")
    assert await home_assistant.entries() == []
    await shot("verify")
    await dialog.submit()
    await dialog.says("Device name")
    await shot("added")
    await dialog.finish()

    await home_assistant.entry("Home")
    await home_assistant.state_is("binary_sensor.home_server", "on")
    await home_assistant.state_is("sensor.home_token_status", "valid")
    (device,) = world.plex_tv.devices_of(owner)
    assert device.product == "Home Assistant"
    await frontend.open_integration()
    await frontend.says("TV Shows")
    await shot("integration")


async def test_paste_an_address(
    home_assistant: HomeAssistant,
    world: World,
    home: PlexServer,
    owner: Account,
    frontend: Frontend,
    shot: Shot,
) -> None:
    """The URL of a View XML page is enough, and its token is not stored."""
    pasted = world.plex_tv.sign_in(owner, client_identifier="browser", product="Plex Web")
    dialog = await frontend.begin_to_add()
    await dialog.choose("Paste a Plex address or token")
    await dialog.says("Copy the full address of the page that opens")
    await dialog.fill("claim-aaaaaaaaaaaaaaaaaaaa")
    await dialog.submit()
    await dialog.says("This is a claim code.")
    await shot("refused")

    await dialog.fill(f"{home.url}/library/metadata/1?checkFiles=1&X-Plex-Token={pasted}")
    await dialog.submit()
    await dialog.says("has full permissions on it")
    await shot("verify")
    await dialog.submit()
    await dialog.finish()

    await home_assistant.entry("Home")
    await home_assistant.state_is("sensor.home_token_status", "valid")
    await home_assistant.wait_for_store(home.machine_identifier)
    assert home_assistant.process.files_with([pasted]) == set()
    browser, own = world.plex_tv.devices_of(owner)
    assert browser.token == pasted
    assert own.product == "Home Assistant"
    assert home_assistant.process.files_with([own.token]) == {STORE}


async def test_add_a_second_server(
    home_assistant: HomeAssistant,
    world: World,
    entry: Json,
    owner: Account,
    frontend: Frontend,
    shot: Shot,
) -> None:
    """Another server is selected from those that are not added yet, and gets its own token."""
    await world.add_server("Attic", owner=owner)
    await world.add_server("Cellar", owner=owner)
    dialog = await frontend.add_another()
    await dialog.choose("Sign in with Plex")
    await dialog.approve_at_plex(account="owner")
    assert await dialog.choices() == ["Attic (owner)", "Cellar (owner)"]
    await shot("choose")
    await dialog.pick("Cellar (owner)")
    await dialog.submit()
    await dialog.says("has full permissions on it")
    await dialog.submit()
    await dialog.finish()

    await home_assistant.entry("Cellar")
    await home_assistant.state_is("binary_sensor.cellar_server", "on")
    await home_assistant.state_is("binary_sensor.home_server", "on")
    first, second = world.plex_tv.devices_of(owner)
    assert first.client_identifier != second.client_identifier
    await frontend.open_integration()
    await frontend.says("Cellar")
    await shot("both")
