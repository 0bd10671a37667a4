"""Discovery of a server in the network."""

from unittest.mock import patch

from homeassistant.config_entries import SOURCE_IGNORE, SOURCE_ZEROCONF, ConfigFlowResult
from homeassistant.const import CONF_URL
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers.service_info.zeroconf import ZeroconfServiceInfo
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.plex_monitor.const import (
    CONF_ACCOUNT_TOKEN,
    CONF_TOKEN_SOURCE,
    DOMAIN,
    TokenSource,
)
from custom_components.plex_monitor.plex.models import ServerIdentity
from tests.simulator import Account, PlexServer, World
from tests.support.entries import entry_of, signed_in_entry
from tests.support.flows import (
    address_input,
    addresses_are_public,
    announcement,
    approve,
    dead_url,
    error_of,
    expect_wrong_account,
    paste,
    placeholders_of,
    plex_integration_entry,
    reopen,
    second_address,
    select,
    sign_in,
    start_flow,
    step_of,
    submit,
    suggested_values,
    tokens_sent_to,
)

pytestmark = pytest.mark.usefixtures("mock_setup_entry", "quick_polling")


async def discover(hass: HomeAssistant, info: ZeroconfServiceInfo) -> ConfigFlowResult:
    """Let Home Assistant receive an announcement."""
    return await hass.config_entries.flow.async_init(
        DOMAIN, context={"source": SOURCE_ZEROCONF}, data=info
    )


async def test_sign_in_for_the_discovered_server(
    hass: HomeAssistant, world: World, owner: Account, home: PlexServer
) -> None:
    """The account's other servers are not offered."""
    await world.add_server("Attic", owner=owner)
    result = await discover(hass, announcement(home))
    assert step_of(result) == "discovery_confirm"
    assert result["menu_options"] == ["sign_in", "paste", "no_token"]
    assert placeholders_of(result)["server"] == "Home"
    assert placeholders_of(result)["url"] == home.url
    assert step_of(await reopen(hass, result)) == "discovery_confirm"
    flow = hass.config_entries.flow.async_progress()[0]
    assert flow["context"]["title_placeholders"] == {"name": "Home"}
    assert flow["context"]["unique_id"] == home.machine_identifier

    result = await sign_in(hass, world, result, owner)
    assert step_of(result) == "verify"
    result = await submit(hass, result)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert result["result"].unique_id == home.machine_identifier


async def test_account_without_the_discovered_server(
    hass: HomeAssistant, world: World, owner: Account, home: PlexServer
) -> None:
    """No other server of the account is used instead."""
    stranger = world.plex_tv.add_account("stranger")
    await world.add_server("Elsewhere", owner=stranger)
    result = await sign_in(hass, world, await discover(hass, announcement(home)), stranger)
    expect_wrong_account(result, account="stranger", server="Home")

    result = await approve(hass, world, await submit(hass, result), owner)
    assert step_of(result) == "verify"


async def test_discovered_address_is_suggested_where_plex_tv_lists_none(
    hass: HomeAssistant, world: World, owner: Account, home: PlexServer
) -> None:
    """Anybody can announce a server, so it gets no token before the user confirms the address."""
    home.connections = []
    result = await sign_in(hass, world, await discover(hass, announcement(home)), owner)
    assert step_of(result) == "address"
    assert error_of(result) == "no_connection"
    assert suggested_values(result) == address_input(home.url)
    assert tokens_sent_to(world, home) == set()
    result = await submit(hass, result, **address_input(home.url))
    assert step_of(result) == "verify"
    assert placeholders_of(result)["url"] == home.url


async def impostor_of(world: World, home: PlexServer) -> PlexServer:
    """Return a stranger's server that calls itself by the identifier of another one."""
    impostor = await world.add_server("Impostor", owner=world.plex_tv.add_account("stranger"))
    impostor.identifies_as = home.machine_identifier
    return impostor


async def test_impostor_gets_no_token(
    hass: HomeAssistant, world: World, owner: Account, home: PlexServer
) -> None:
    """The server that it announces is away, and plex.tv lists another address for it."""
    impostor = await impostor_of(world, home)
    await home.stop()
    result = await sign_in(hass, world, await discover(hass, announcement(impostor)), owner)
    assert step_of(result) == "address"
    assert tokens_sent_to(world, impostor) == set()


async def test_server_that_requires_https_is_not_used_over_http(
    hass: HomeAssistant, world: World, owner: Account, home: PlexServer
) -> None:
    """Whoever answers there under its identifier is not the server."""
    home.https_required = True
    home.connections = []
    impostor = await impostor_of(world, home)
    result = await sign_in(hass, world, await discover(hass, announcement(impostor)), owner)
    assert step_of(result) == "address"
    assert suggested_values(result) == {}
    result = await submit(hass, result, **address_input(impostor.url))
    assert error_of(result) == "https_required"
    assert tokens_sent_to(world, impostor) == set()


async def test_paste_a_token_for_the_discovered_server(
    hass: HomeAssistant, world: World, owner: Account, home: PlexServer
) -> None:
    """A token without an address is enough; an address of another server is refused."""
    other = await world.add_server("Other", owner=owner)
    token = home.regenerate_token(owner)
    result = await discover(hass, announcement(home))
    result = await paste(hass, result, f"{other.url}/library?X-Plex-Token={token}")
    assert step_of(result) == "paste"
    assert error_of(result) == "wrong_server"
    assert placeholders_of(result)["server"] == "Home"
    assert tokens_sent_to(world, other) == set()

    result = await paste(hass, result, token)
    assert step_of(result) == "verify_token"
    assert placeholders_of(result)["url"] == home.url


async def test_paste_another_address_of_the_discovered_server(
    hass: HomeAssistant, world: World, owner: Account, home: PlexServer
) -> None:
    """It is used in place of the discovered one."""
    token = home.regenerate_token(owner)
    url = await second_address(world, home, owner)
    result = await discover(hass, announcement(home))
    result = await paste(hass, result, f"{url}/library?X-Plex-Token={token}")
    assert step_of(result) == "verify_token"
    assert placeholders_of(result)["url"] == url


async def test_no_token_for_the_discovered_server(
    hass: HomeAssistant, world: World, owner: Account, home: PlexServer
) -> None:
    """The form suggests its address, and accepts that server only."""
    home.claimed = False
    other = await world.add_server("Other", owner=owner)
    other.claimed = False
    result = await select(hass, await discover(hass, announcement(home)), "no_token")
    assert suggested_values(result) == address_input(home.url)
    result = await submit(hass, result, **address_input(other.url))
    assert error_of(result) == "wrong_server"
    result = await submit(hass, result, **address_input(home.url))
    assert step_of(result) == "verify_no_token"
    result = await submit(hass, result)
    assert result["result"].data[CONF_TOKEN_SOURCE] == TokenSource.NONE


async def test_account_of_the_plex_integration_for_the_discovered_server(
    hass: HomeAssistant, world: World, owner: Account, home: PlexServer
) -> None:
    """It is offered where that integration has the same server."""
    attic = await world.add_server("Attic", owner=owner)
    for server in (home, attic):
        plex_integration_entry(server, world.plex_tv.sign_in(owner)).add_to_hass(hass)
    result = await discover(hass, announcement(home))
    assert "plex_integration" in result["menu_options"]
    result = await select(hass, result, "plex_integration")
    assert step_of(result) == "verify"
    assert placeholders_of(result)["server"] == "Home"


async def test_server_is_discovered_once(hass: HomeAssistant, home: PlexServer) -> None:
    """It is announced again and again, on several addresses."""
    await discover(hass, announcement(home))
    result = await discover(hass, announcement(home))
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "already_in_progress"
    assert len(hass.config_entries.flow.async_progress()) == 1


async def test_adding_the_discovered_server_manually(
    hass: HomeAssistant, world: World, owner: Account, home: PlexServer
) -> None:
    """The discovery does not prevent it, and is gone after that."""
    await discover(hass, announcement(home))
    result = await sign_in(hass, world, await start_flow(hass), owner)
    assert (await submit(hass, result))["type"] is FlowResultType.CREATE_ENTRY
    assert hass.config_entries.flow.async_progress() == []


async def test_ignored_server_stays_ignored(hass: HomeAssistant, home: PlexServer) -> None:
    """It is not offered again."""
    MockConfigEntry(
        domain=DOMAIN, unique_id=home.machine_identifier, source=SOURCE_IGNORE
    ).add_to_hass(hass)
    assert (await discover(hass, announcement(home)))["reason"] == "already_configured"


@pytest.mark.usefixtures("failing_handshakes")
async def test_server_that_requires_encryption(
    hass: HomeAssistant, world: World, owner: Account
) -> None:
    """Its certificate does not matter for its identity, but does where a token is sent."""
    home = await world.add_server("Home", owner=owner, tls=True)
    home.connections = []
    result = await discover(hass, announcement(home))
    assert step_of(result) == "discovery_confirm"
    assert placeholders_of(result)["url"] == f"https://127.0.0.1:{home.port}"
    result = await sign_in(hass, world, result, owner)
    assert step_of(result) == "address"
    result = await submit(hass, result, **suggested_values(result))
    assert error_of(result) == "certificate"
    assert tokens_sent_to(world, home) == set()


async def test_announced_server_that_does_not_answer(
    hass: HomeAssistant, world: World, home: PlexServer
) -> None:
    """It is not offered."""
    result = await discover(hass, announcement(home, port=world.refusing_port()))
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "cannot_connect"


async def test_announcement_of_an_ipv6_address(hass: HomeAssistant, home: PlexServer) -> None:
    """The address is in brackets."""
    identity = ServerIdentity(
        machine_identifier=home.machine_identifier, version=home.version, claimed=True
    )
    with patch("custom_components.plex_monitor.flow.server.fetch_identity", return_value=identity):
        result = await discover(hass, announcement(home, host="2001:db8::1"))
    assert placeholders_of(result)["url"] == f"http://[2001:db8::1]:{home.port}"


# A server that is set up


def add_entry_at(hass: HomeAssistant, server: PlexServer, url: str) -> MockConfigEntry:
    """Return the entry of a server that had this address when it was set up."""
    entry = entry_of(server, source=TokenSource.NONE)
    entry.add_to_hass(hass)
    hass.config_entries.async_update_entry(entry, data={**entry.data, CONF_URL: url})
    return entry


async def test_new_address_of_a_server_is_confirmed(
    hass: HomeAssistant, world: World, home: PlexServer
) -> None:
    """Its old address does not answer any more. Without an account, only the owner can tell."""
    entry = add_entry_at(hass, home, dead_url(world))
    result = await discover(hass, announcement(home))
    assert step_of(result) == "discovery_moved"
    assert placeholders_of(result)["server"] == entry.title
    assert placeholders_of(result)["url"] == home.url
    assert entry.data[CONF_URL] != home.url

    await home.stop()
    result = await submit(hass, result)
    assert error_of(result) == "cannot_connect"
    await home.start()
    result = await submit(hass, result)
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "address_changed"
    assert entry.data[CONF_URL] == home.url


@pytest.mark.parametrize(
    "change", [{CONF_URL: "https://home.example:32400"}, {CONF_ACCOUNT_TOKEN: "Ab1-" * 5}]
)
async def test_old_dialog_does_not_undo_a_change(
    hass: HomeAssistant, world: World, home: PlexServer, change: dict[str, str]
) -> None:
    """The entry was changed after the new address was shown."""
    entry = add_entry_at(hass, home, dead_url(world))
    result = await discover(hass, announcement(home))
    changed = {**entry.data, **change}
    hass.config_entries.async_update_entry(entry, data=changed)
    result = await submit(hass, result)
    assert result["reason"] == "already_configured"
    assert entry.data == changed


async def test_new_address_that_is_public_by_now(
    hass: HomeAssistant, world: World, home: PlexServer
) -> None:
    """The form says so, and the entry stays as it is."""
    url = dead_url(world)
    entry = add_entry_at(hass, home, url)
    result = await discover(hass, announcement(home))
    with addresses_are_public():
        result = await submit(hass, result)
    assert error_of(result) == "insecure_address"
    assert entry.data[CONF_URL] == url


async def test_ignored_move_leaves_the_entry(
    hass: HomeAssistant, world: World, home: PlexServer
) -> None:
    """Home Assistant replaces an entry where a flow with its id is ignored."""
    url = dead_url(world)
    entry = add_entry_at(hass, home, url)
    result = await discover(hass, announcement(home))
    flow = hass.config_entries.flow.async_get(result["flow_id"])
    await hass.config_entries.flow.async_init(
        DOMAIN,
        context={"source": SOURCE_IGNORE},
        data={"unique_id": flow["context"]["unique_id"], "title": "Home"},
    )
    assert hass.config_entries.async_get_entry(entry.entry_id) is entry
    assert entry.data[CONF_URL] == url
    assert (await discover(hass, announcement(home)))["reason"] == "already_configured"


async def test_move_of_a_server_of_an_account_is_left_to_plex_tv(
    hass: HomeAssistant, world: World, owner: Account, home: PlexServer
) -> None:
    """An announcement alone moves nothing."""
    url = dead_url(world)
    entry = signed_in_entry(world, home, owner)
    entry.add_to_hass(hass)
    hass.config_entries.async_update_entry(entry, data={**entry.data, CONF_URL: url})
    assert (await discover(hass, announcement(home)))["reason"] == "already_configured"
    assert entry.data[CONF_URL] == url
    assert hass.config_entries.flow.async_progress() == []


async def test_public_address_is_not_offered(
    hass: HomeAssistant, world: World, home: PlexServer
) -> None:
    """A token would be sent unencrypted out of the private network."""
    add_entry_at(hass, home, dead_url(world))
    with addresses_are_public():
        result = await discover(hass, announcement(home))
    assert result["reason"] == "already_configured"


async def test_address_that_another_server_has_now_may_be_replaced(
    hass: HomeAssistant, world: World, owner: Account, home: PlexServer
) -> None:
    """The router has given it to another device."""
    other = await world.add_server("Other", owner=owner)
    entry = add_entry_at(hass, home, other.url)
    result = await submit(hass, await discover(hass, announcement(home)))
    assert result["reason"] == "address_changed"
    assert entry.data[CONF_URL] == home.url


@pytest.mark.parametrize("starting", [False, True])
async def test_address_that_still_answers_stays(
    hass: HomeAssistant, world: World, owner: Account, home: PlexServer, *, starting: bool
) -> None:
    """A server can have several addresses, and one that answers that it starts is still there."""
    url = await second_address(world, home, owner)
    if starting:
        other = await world.add_server("Other", owner=owner)
        await other.restart(maintenance=1000)
        url = other.url
    entry = add_entry_at(hass, home, url)
    assert (await discover(hass, announcement(home)))["reason"] == "already_configured"
    assert entry.data[CONF_URL] == url


async def test_encrypted_address_is_never_replaced_by_a_plain_one(
    hass: HomeAssistant, world: World, home: PlexServer
) -> None:
    """Anybody could announce a server to receive its token."""
    url = f"https://127.0.0.1:{world.refusing_port()}"
    entry = add_entry_at(hass, home, url)
    assert (await discover(hass, announcement(home)))["reason"] == "already_configured"
    assert entry.data[CONF_URL] == url
    assert tokens_sent_to(world, home) == set()
