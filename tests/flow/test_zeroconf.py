"""A server is found in the network."""

from ipaddress import ip_address
from unittest.mock import AsyncMock, patch

from homeassistant.config_entries import SOURCE_IGNORE, SOURCE_ZEROCONF, ConfigFlowResult
from homeassistant.const import CONF_TOKEN, CONF_URL
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers.service_info.zeroconf import ZeroconfServiceInfo
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.plex_monitor.const import CONF_TOKEN_SOURCE, DOMAIN, TokenSource
from custom_components.plex_monitor.plex.models import ServerIdentity
from tests.simulator import Account, PlexServer, World
from tests.support.entries import entry_of
from tests.support.flows import (
    address,
    approve,
    at,
    begin,
    choose,
    error_of,
    filled_in,
    look_again,
    second_address,
    sign_in,
    submit,
    suggestions_of,
    tokens_sent_to,
)

pytestmark = pytest.mark.usefixtures("mock_setup_entry", "quick_polling")

TYPE = "_plexmediasvr._tcp.local."


def announcement(
    server: PlexServer, *, host: str = "127.0.0.1", port: int | None = None
) -> ZeroconfServiceInfo:
    """Return what a server says of itself in the network."""
    return ZeroconfServiceInfo(
        ip_address=ip_address(host),
        ip_addresses=[ip_address(host)],
        port=server.port if port is None else port,
        hostname="plex.local.",
        type=TYPE,
        name=f"{server.name}.{TYPE}",
        properties={},
    )


async def discover(hass: HomeAssistant, info: ZeroconfServiceInfo) -> ConfigFlowResult:
    """Let Home Assistant hear an announcement."""
    return await hass.config_entries.flow.async_init(
        DOMAIN, context={"source": SOURCE_ZEROCONF}, data=info
    )


async def test_sign_in_leads_to_the_server_that_was_found(
    hass: HomeAssistant, world: World, owner: Account, home: PlexServer
) -> None:
    """The account's other servers are not offered."""
    await world.add_server("Attic", owner=owner)
    result = await discover(hass, announcement(home))
    assert at(result) == "discovery_confirm"
    assert result["menu_options"] == ["sign_in", "paste", "no_token"]
    assert filled_in(result)["server"] == "Home"
    assert filled_in(result)["url"] == home.url
    assert at(await look_again(hass, result)) == "discovery_confirm"
    flow = hass.config_entries.flow.async_progress()[0]
    assert flow["context"]["title_placeholders"] == {"name": "Home"}
    assert flow["context"]["unique_id"] == home.machine_identifier

    result = await sign_in(hass, world, result, owner)
    assert at(result) == "verify"
    result = await submit(hass, result)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert result["result"].unique_id == home.machine_identifier


async def test_account_without_the_server_that_was_found(
    hass: HomeAssistant, world: World, owner: Account, home: PlexServer
) -> None:
    """Another account's server is not slipped in."""
    stranger = world.plex_tv.add_account("stranger")
    await world.add_server("Elsewhere", owner=stranger)
    result = await sign_in(hass, world, await discover(hass, announcement(home)), stranger)
    assert at(result) == "wrong_account"
    assert error_of(result) == "wrong_account"
    assert filled_in(result)["account"] == "stranger"
    assert filled_in(result)["server"] == "Home"

    result = await approve(hass, world, await submit(hass, result), owner)
    assert at(result) == "verify"


async def test_address_that_was_found_serves_where_plex_tv_knows_none(
    hass: HomeAssistant, world: World, owner: Account, home: PlexServer
) -> None:
    """It has just answered."""
    home.connections = []
    result = await sign_in(hass, world, await discover(hass, announcement(home)), owner)
    assert at(result) == "verify"
    assert filled_in(result)["url"] == home.url


async def test_paste_a_token_for_the_server_that_was_found(
    hass: HomeAssistant, world: World, owner: Account, home: PlexServer
) -> None:
    """The address is known, so a token is enough; one of another server is refused."""
    other = await world.add_server("Other", owner=owner)
    token = home.regenerate_token(owner)
    result = await choose(hass, await discover(hass, announcement(home)), "paste")
    result = await submit(
        hass, result, address_or_token=f"{other.url}/library?X-Plex-Token={token}"
    )
    assert at(result) == "paste"
    assert error_of(result) == "wrong_server"
    assert filled_in(result)["server"] == "Home"
    assert tokens_sent_to(world, other) == set()

    result = await submit(hass, result, address_or_token=token)
    assert at(result) == "verify_token"
    assert filled_in(result)["url"] == home.url


async def test_pasted_address_of_the_server_that_was_found(
    hass: HomeAssistant, world: World, owner: Account, home: PlexServer
) -> None:
    """It is taken, as it is the better one to whoever pastes it."""
    token = home.regenerate_token(owner)
    url = await second_address(world, home, owner)
    result = await choose(hass, await discover(hass, announcement(home)), "paste")
    result = await submit(hass, result, address_or_token=f"{url}/library?X-Plex-Token={token}")
    assert at(result) == "verify_token"
    assert filled_in(result)["url"] == url


async def test_no_token_for_the_server_that_was_found(
    hass: HomeAssistant, world: World, owner: Account, home: PlexServer
) -> None:
    """The form comes with its address, and takes that server only."""
    home.claimed = False
    other = await world.add_server("Other", owner=owner)
    other.claimed = False
    result = await choose(hass, await discover(hass, announcement(home)), "no_token")
    assert suggestions_of(result) == address(home.url)
    result = await submit(hass, result, **address(other.url))
    assert error_of(result) == "wrong_server"
    result = await submit(hass, result, **address(home.url))
    assert at(result) == "verify_no_token"
    result = await submit(hass, result)
    assert result["result"].data[CONF_TOKEN_SOURCE] == TokenSource.NONE


async def test_account_of_the_plex_integration_for_the_server_that_was_found(
    hass: HomeAssistant, world: World, owner: Account, home: PlexServer
) -> None:
    """It is offered where that integration has this very server."""
    attic = await world.add_server("Attic", owner=owner)
    for server in (home, attic):
        MockConfigEntry(
            domain="plex",
            data={
                "server": server.name,
                "server_id": server.machine_identifier,
                "server_config": {
                    CONF_URL: server.url,
                    CONF_TOKEN: world.plex_tv.sign_in(owner),
                },
            },
        ).add_to_hass(hass)
    result = await discover(hass, announcement(home))
    assert "plex_integration" in result["menu_options"]
    result = await choose(hass, result, "plex_integration")
    assert at(result) == "verify"
    assert filled_in(result)["server"] == "Home"


async def test_one_card_for_one_server(hass: HomeAssistant, home: PlexServer) -> None:
    """It is announced again and again, on several addresses."""
    await discover(hass, announcement(home))
    result = await discover(hass, announcement(home))
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "already_in_progress"
    assert len(hass.config_entries.flow.async_progress()) == 1


async def test_adding_the_server_by_hand_takes_the_card_away(
    hass: HomeAssistant, world: World, owner: Account, home: PlexServer
) -> None:
    """The card does not stand in the way of it either."""
    await discover(hass, announcement(home))
    result = await sign_in(hass, world, await begin(hass), owner)
    assert (await submit(hass, result))["type"] is FlowResultType.CREATE_ENTRY
    assert hass.config_entries.flow.async_progress() == []


async def test_ignored_server_stays_ignored(hass: HomeAssistant, home: PlexServer) -> None:
    """Nobody is asked twice."""
    MockConfigEntry(
        domain=DOMAIN, unique_id=home.machine_identifier, source=SOURCE_IGNORE
    ).add_to_hass(hass)
    assert (await discover(hass, announcement(home)))["reason"] == "already_configured"


async def test_server_that_insists_on_encryption(
    hass: HomeAssistant, world: World, owner: Account
) -> None:
    """Its name is learnt whatever the certificate; the certificate counts where a token is sent."""
    # A loop in debug mode reports the handshake that fails at the server, which is in this process.
    hass.loop.set_debug(enabled=False)
    home = await world.add_server("Home", owner=owner, tls=True)
    home.connections = []
    result = await discover(hass, announcement(home))
    assert at(result) == "discovery_confirm"
    assert filled_in(result)["url"] == f"https://127.0.0.1:{home.port}"
    result = await sign_in(hass, world, result, owner)
    assert at(result) == "address"
    assert error_of(result) == "certificate"
    assert tokens_sent_to(world, home) == set()


async def test_announcement_that_leads_nowhere(
    hass: HomeAssistant, world: World, home: PlexServer
) -> None:
    """It is not shown."""
    result = await discover(hass, announcement(home, port=world.refusing_port()))
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "cannot_connect"


async def test_announcement_of_an_ipv6_address(hass: HomeAssistant, home: PlexServer) -> None:
    """It is written as an address wants it."""
    identity = ServerIdentity(
        machine_identifier=home.machine_identifier, version=home.version, claimed=True
    )
    with patch("custom_components.plex_monitor.flow.server.fetch_identity", return_value=identity):
        result = await discover(hass, announcement(home, host="2001:db8::1"))
    assert filled_in(result)["url"] == f"http://[2001:db8::1]:{home.port}"


# A server that is set up already


def set_up_at(hass: HomeAssistant, server: PlexServer, url: str) -> MockConfigEntry:
    """Return the entry of a server that was at this address when it was set up."""
    entry = entry_of(server, source=TokenSource.NONE)
    entry.add_to_hass(hass)
    hass.config_entries.async_update_entry(entry, data={**entry.data, CONF_URL: url})
    return entry


async def test_server_that_has_moved_is_followed(
    hass: HomeAssistant, world: World, home: PlexServer
) -> None:
    """Its old address does not answer any more."""
    entry = set_up_at(hass, home, f"http://127.0.0.1:{world.refusing_port()}")
    assert (await discover(hass, announcement(home)))["reason"] == "already_configured"
    assert entry.data[CONF_URL] == home.url


async def test_token_does_not_follow_an_announcement_out_of_the_private_network(
    hass: HomeAssistant, world: World, home: PlexServer
) -> None:
    """Whatever stands there has learned to say what the server says."""
    url = f"http://127.0.0.1:{world.refusing_port()}"
    entry = set_up_at(hass, home, url)
    with patch(
        "custom_components.plex_monitor.flow.discovery.stays_private", AsyncMock(return_value=False)
    ):
        await discover(hass, announcement(home))
    assert entry.data[CONF_URL] == url
    await discover(hass, announcement(home))
    assert entry.data[CONF_URL] == home.url


async def test_address_that_another_server_has_now_is_given_up(
    hass: HomeAssistant, world: World, owner: Account, home: PlexServer
) -> None:
    """It was handed to somebody else by the router."""
    other = await world.add_server("Other", owner=owner)
    entry = set_up_at(hass, home, other.url)
    await discover(hass, announcement(home))
    assert entry.data[CONF_URL] == home.url


async def test_address_that_still_answers_stays(
    hass: HomeAssistant, world: World, owner: Account, home: PlexServer
) -> None:
    """An announcement proves nothing, and a server can have several addresses."""
    url = await second_address(world, home, owner)
    entry = set_up_at(hass, home, url)
    await discover(hass, announcement(home))
    assert entry.data[CONF_URL] == url


async def test_address_of_a_server_that_starts_stays(
    hass: HomeAssistant, world: World, owner: Account, home: PlexServer
) -> None:
    """Who says that it is busy is still there."""
    other = await world.add_server("Other", owner=owner)
    await other.restart(maintenance=1000)
    entry = set_up_at(hass, home, other.url)
    await discover(hass, announcement(home))
    assert entry.data[CONF_URL] == other.url


async def test_encrypted_address_is_never_given_up_for_a_plain_one(
    hass: HomeAssistant, world: World, home: PlexServer
) -> None:
    """Whoever announces a server could be anybody, and would be shown the token."""
    url = f"https://127.0.0.1:{world.refusing_port()}"
    entry = set_up_at(hass, home, url)
    await discover(hass, announcement(home))
    assert entry.data[CONF_URL] == url
    assert tokens_sent_to(world, home) == set()
