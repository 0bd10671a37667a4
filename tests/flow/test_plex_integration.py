"""The account of Home Assistant's own Plex integration as the way to a token."""

from typing import Any

from homeassistant.const import CONF_TOKEN, CONF_URL, CONF_VERIFY_SSL
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
    address,
    at,
    begin,
    begin_with,
    choose,
    close,
    error_of,
    filled_in,
    options_of,
    stored,
    submit,
    tokens_sent_to,
)

pytestmark = pytest.mark.usefixtures("mock_setup_entry", "quick_polling")

LINK = "/api/v2/pins/link"


def core_entry(
    server: PlexServer, token: str | None, *, url: str | None = None, **config: Any
) -> MockConfigEntry:
    """Return an entry of Home Assistant's own Plex integration."""
    if token:
        config[CONF_TOKEN] = token
    return MockConfigEntry(
        domain="plex",
        title=server.url,
        unique_id=server.machine_identifier,
        data={
            "server": server.name,
            "server_id": server.machine_identifier,
            "server_config": {CONF_URL: url or server.url, **config},
        },
    )


async def test_borrowed_account_is_exchanged(
    hass: HomeAssistant, world: World, owner: Account, home: PlexServer
) -> None:
    """The other integration stays signed in as it is."""
    theirs = world.plex_tv.sign_in(owner, client_identifier="core", product="Home Assistant")
    core_entry(home, theirs).add_to_hass(hass)
    result = await begin(hass)
    assert result["menu_options"] == ["sign_in", "paste", "plex_integration", "no_token"]
    result = await choose(hass, result, "plex_integration")
    assert at(result) == "verify"

    data = stored(await submit(hass, result))
    assert data[CONF_TOKEN_SOURCE] == TokenSource.LINKED
    assert world.plex_tv.tokens_of(owner) == [theirs, data[CONF_ACCOUNT_TOKEN]]
    assert tokens_sent_to(world, home) == {data[CONF_SERVER_TOKEN]}


async def test_borrowed_account_that_cannot_be_exchanged(
    hass: HomeAssistant, world: World, owner: Account, home: PlexServer
) -> None:
    """It is used as it is, and its kind is remembered."""
    theirs = world.plex_tv.sign_in(owner)
    core_entry(home, theirs, verify_ssl=False).add_to_hass(hass)
    world.plex_tv.faults.set(Fault.status(403), paths=LINK)
    data = stored(await submit(hass, await begin_with(hass, "plex_integration")))
    assert data[CONF_TOKEN_SOURCE] == TokenSource.BORROWED
    assert data[CONF_ACCOUNT_TOKEN] == theirs
    assert data[CONF_VERIFY_SSL] is False


async def test_borrowed_token_of_a_server_alone(
    hass: HomeAssistant, owner: Account, home: PlexServer
) -> None:
    """The other integration may have been given one by hand."""
    theirs = home.regenerate_token(owner)
    core_entry(home, theirs).add_to_hass(hass)
    result = await begin_with(hass, "plex_integration")
    assert at(result) == "verify_token"
    data = stored(await choose(hass, result, "finish"))
    assert data[CONF_TOKEN_SOURCE] == TokenSource.BORROWED
    assert data[CONF_SERVER_TOKEN] == theirs


async def test_choose_among_the_servers_of_the_plex_integration(
    hass: HomeAssistant, world: World, owner: Account, home: PlexServer
) -> None:
    """Those without a token and those that are set up here are left out."""
    theirs = world.plex_tv.sign_in(owner)
    attic = await world.add_server("Attic", owner=owner)
    known = await world.add_server("Known", owner=owner)
    bare = await world.add_server("Bare", owner=owner)
    for server in (home, attic, known):
        core_entry(server, theirs).add_to_hass(hass)
    core_entry(bare, None).add_to_hass(hass)
    MockConfigEntry(domain=DOMAIN, unique_id=known.machine_identifier).add_to_hass(hass)

    result = await begin_with(hass, "plex_integration")
    assert at(result) == "plex_integration"
    assert options_of(result, "server") == {
        home.machine_identifier: "Home",
        attic.machine_identifier: "Attic",
    }
    result = await submit(hass, result, server=attic.machine_identifier)
    assert filled_in(result)["server"] == "Attic"


async def test_plex_integration_is_set_up_for_an_address_that_has_changed_hands(
    hass: HomeAssistant, world: World, owner: Account, home: PlexServer
) -> None:
    """The token is not shown to whoever is there now."""
    theirs = world.plex_tv.sign_in(owner)
    core_entry(home, theirs).add_to_hass(hass)
    home.identifies_as = "somebody-else"
    result = await begin_with(hass, "plex_integration")
    assert at(result) == "plex_integration"
    assert error_of(result) == "wrong_server"
    assert filled_in(result)["server"] == "Home"
    assert tokens_sent_to(world, home) == set()

    home.identifies_as = None
    result = await submit(hass, result, server=home.machine_identifier)
    assert at(result) == "verify"


async def test_plex_integration_with_an_old_address(
    hass: HomeAssistant, world: World, owner: Account, home: PlexServer
) -> None:
    """plex.tv knows where the server is now, and the user does where plex.tv does not."""
    dead = f"http://127.0.0.1:{world.refusing_port()}"
    core_entry(home, world.plex_tv.sign_in(owner), url=dead).add_to_hass(hass)
    result = await begin_with(hass, "plex_integration")
    assert at(result) == "verify"
    assert filled_in(result)["url"] == home.url
    await close(hass, result)

    await world.plex_tv.stop()
    result = await begin_with(hass, "plex_integration")
    assert at(result) == "address"
    assert error_of(result) == "cannot_connect"
    assert filled_in(result)["server"] == "Home"
    result = await submit(hass, result, **address(home.url))
    assert at(result) == "verify_token"
