"""Adding a server with the account of Home Assistant's own Plex integration."""

from homeassistant.const import CONF_VERIFY_SSL
from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.plex_monitor.const import (
    CONF_ACCOUNT_TOKEN,
    CONF_SERVER_TOKEN,
    CONF_TOKEN_SOURCE,
    DOMAIN,
    TokenSource,
)
from tests.simulator import Account, Fault, PlexServer, World
from tests.support.flows import (
    LINK,
    address_input,
    close,
    created_data,
    dead_url,
    error_of,
    options_of,
    placeholders_of,
    plex_integration_entry,
    select,
    start_flow,
    step_of,
    submit,
    tokens_sent_to,
)

pytestmark = pytest.mark.usefixtures("mock_setup_entry", "quick_polling")


async def test_borrowed_token_is_exchanged(
    hass: HomeAssistant, world: World, owner: Account, home: PlexServer
) -> None:
    """The other integration stays signed in."""
    theirs = world.plex_tv.sign_in(owner, client_identifier="core", product="Home Assistant")
    plex_integration_entry(home, theirs).add_to_hass(hass)
    result = await start_flow(hass)
    assert result["menu_options"] == ["sign_in", "paste", "plex_integration", "no_token"]
    result = await select(hass, result, "plex_integration")
    assert step_of(result) == "verify"

    data = created_data(await submit(hass, result))
    assert data[CONF_TOKEN_SOURCE] == TokenSource.LINKED
    assert world.plex_tv.tokens_of(owner) == [theirs, data[CONF_ACCOUNT_TOKEN]]
    assert tokens_sent_to(world, home) == {data[CONF_SERVER_TOKEN]}


async def test_borrowed_token_that_cannot_be_exchanged(
    hass: HomeAssistant, world: World, owner: Account, home: PlexServer
) -> None:
    """It is stored as it is, with its source."""
    theirs = world.plex_tv.sign_in(owner)
    plex_integration_entry(home, theirs, verify_ssl=False).add_to_hass(hass)
    world.plex_tv.faults.set(Fault.status(403), paths=LINK)
    data = created_data(await submit(hass, await start_flow(hass, "plex_integration")))
    assert data[CONF_TOKEN_SOURCE] == TokenSource.BORROWED
    assert data[CONF_ACCOUNT_TOKEN] == theirs
    assert data[CONF_VERIFY_SSL] is False


async def test_borrowed_server_token(hass: HomeAssistant, owner: Account, home: PlexServer) -> None:
    """The other integration may have been set up with one manually."""
    theirs = home.regenerate_token(owner)
    plex_integration_entry(home, theirs).add_to_hass(hass)
    result = await start_flow(hass, "plex_integration")
    assert step_of(result) == "verify_token"
    data = created_data(await select(hass, result, "finish"))
    assert data[CONF_TOKEN_SOURCE] == TokenSource.BORROWED
    assert data[CONF_SERVER_TOKEN] == theirs


async def test_select_a_server_of_the_plex_integration(
    hass: HomeAssistant, world: World, owner: Account, home: PlexServer
) -> None:
    """Those without a token and those that are set up here are left out."""
    theirs = world.plex_tv.sign_in(owner)
    attic = await world.add_server("Attic", owner=owner)
    configured = await world.add_server("Configured", owner=owner)
    bare = await world.add_server("Bare", owner=owner)
    for server in (home, attic, configured):
        plex_integration_entry(server, theirs).add_to_hass(hass)
    plex_integration_entry(bare, None).add_to_hass(hass)
    MockConfigEntry(domain=DOMAIN, unique_id=configured.machine_identifier).add_to_hass(hass)

    result = await start_flow(hass, "plex_integration")
    assert step_of(result) == "plex_integration"
    assert options_of(result, "server") == {
        home.machine_identifier: "Home",
        attic.machine_identifier: "Attic",
    }
    result = await submit(hass, result, server=attic.machine_identifier)
    assert placeholders_of(result)["server"] == "Attic"


async def test_another_server_at_the_address_of_the_plex_integration(
    hass: HomeAssistant, world: World, owner: Account, home: PlexServer
) -> None:
    """It is sent no token."""
    theirs = world.plex_tv.sign_in(owner)
    plex_integration_entry(home, theirs).add_to_hass(hass)
    home.identifies_as = "somebody-else"
    result = await start_flow(hass, "plex_integration")
    assert step_of(result) == "plex_integration"
    assert error_of(result) == "wrong_server"
    assert placeholders_of(result)["server"] == "Home"
    assert tokens_sent_to(world, home) == set()

    home.identifies_as = None
    result = await submit(hass, result, server=home.machine_identifier)
    assert step_of(result) == "verify"


async def test_plex_integration_with_an_old_address(
    hass: HomeAssistant, world: World, owner: Account, home: PlexServer
) -> None:
    """plex.tv lists the present one; where plex.tv fails too, the form asks for it."""
    theirs = world.plex_tv.sign_in(owner)
    plex_integration_entry(home, theirs, url=dead_url(world)).add_to_hass(hass)
    result = await start_flow(hass, "plex_integration")
    assert step_of(result) == "verify"
    assert placeholders_of(result)["url"] == home.url
    await close(hass, result)

    await world.plex_tv.stop()
    result = await start_flow(hass, "plex_integration")
    assert step_of(result) == "address"
    assert error_of(result) == "cannot_connect"
    assert placeholders_of(result)["server"] == "Home"
    result = await submit(hass, result, **address_input(home.url))
    assert step_of(result) == "verify_token"
