"""Reconfigure: changing the address of a server, and signing in to it again."""

from functools import partial

from homeassistant.config_entries import ConfigFlowResult
from homeassistant.const import CONF_URL, CONF_VERIFY_SSL
from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.plex_monitor.const import (
    CONF_ACCOUNT_TOKEN,
    CONF_CLIENT_IDENTIFIER,
    CONF_SERVER_TOKEN,
    CONF_TOKEN_SOURCE,
    TokenSource,
)
from tests.simulator import Account, Fault, PlexServer, World
from tests.support.entries import entry_of
from tests.support.flows import (
    SIGN_OUT,
    address_input,
    addresses_are_public,
    approve,
    close,
    close_during,
    connection_to,
    dead_url,
    error_of,
    expect_changed,
    expect_wrong_account,
    fail_plex_tv,
    placeholders_of,
    reopen,
    second_address,
    select,
    sign_in,
    step_of,
    submit,
    suggested_values,
    tokens_sent_to,
)
from tests.support.helpers import eventually

pytestmark = pytest.mark.usefixtures("mock_setup_entry", "quick_polling")


@pytest.fixture(autouse=True)
def added(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Add the owner's entry."""
    entry.add_to_hass(hass)


async def start_reconfigure(hass: HomeAssistant, entry: MockConfigEntry) -> ConfigFlowResult:
    """Select Reconfigure from the entry's menu."""
    result = await entry.start_reconfigure_flow(hass)
    assert step_of(result) == "reconfigure"
    assert result["menu_options"] == ["reconfigure_address", "sign_in"]
    assert placeholders_of(result)["server"] == "Home"
    return result


expect_success = partial(expect_changed, reason="reconfigure_successful")


# The address


async def test_address_of_the_same_server_only(
    hass: HomeAssistant, world: World, owner: Account, home: PlexServer, entry: MockConfigEntry
) -> None:
    """The form shows what is wrong with the others, and no token is sent to any."""
    before = dict(entry.data)
    stranger = await world.add_server("Stranger", owner=owner)
    result = await select(hass, await start_reconfigure(hass, entry), "reconfigure_address")
    assert step_of(result) == "reconfigure_address"
    assert suggested_values(result) == address_input(home.url)
    assert step_of(await reopen(hass, result)) == "reconfigure_address"
    for typed, error in (
        ("", "invalid_url"),
        (dead_url(world), "cannot_connect"),
        (world.plex_tv.url, "not_plex"),
        (stranger.url, "wrong_server"),
    ):
        result = await submit(hass, result, **address_input(typed))
        assert step_of(result) == "reconfigure_address"
        assert error_of(result) == error
        assert suggested_values(result)[CONF_VERIFY_SSL] is True
        assert entry.data == before

    result = await submit(hass, result, **address_input(f"{home.url}/web", verify_ssl=False))
    await expect_success(hass, result)
    assert entry.data == before | {CONF_URL: home.url, CONF_VERIFY_SSL: False}
    assert {record.host for record in world.requests if record.token_sent} == {"plex.tv"}


async def test_address_of_a_server_that_requires_https(
    hass: HomeAssistant, world: World, home: PlexServer, entry: MockConfigEntry
) -> None:
    """plex.tv says so; without it the address is accepted."""
    home.https_required = True
    result = await select(hass, await start_reconfigure(hass, entry), "reconfigure_address")
    result = await submit(hass, result, **address_input(home.url))
    assert error_of(result) == "https_required"
    home.https_required = False
    world.plex_tv.faults.set(Fault.status(503))
    await expect_success(hass, await submit(hass, result, **address_input(home.url)))


async def test_dialog_closed_while_the_address_is_tried(
    hass: HomeAssistant, home: PlexServer, entry: MockConfigEntry
) -> None:
    """The entry is unchanged."""
    before = dict(entry.data)
    result = await select(hass, await start_reconfigure(hass, entry), "reconfigure_address")
    step = submit(hass, result, **address_input(home.url, verify_ssl=False))
    await close_during(hass, result, home.faults, "/identity", step)
    assert entry.data == before


async def test_token_is_not_sent_unencrypted_out_of_the_private_network(
    hass: HomeAssistant, home: PlexServer, entry: MockConfigEntry
) -> None:
    """The form refuses the address, and accepts another one."""
    result = await select(hass, await start_reconfigure(hass, entry), "reconfigure_address")
    with addresses_are_public():
        result = await submit(hass, result, **address_input(home.url))
    assert error_of(result) == "insecure_address"
    await expect_success(hass, await submit(hass, result, **address_input(home.url)))


async def test_address_of_an_entry_without_a_token(
    hass: HomeAssistant, home: PlexServer, entry: MockConfigEntry
) -> None:
    """An address outside the private network is accepted, as no token is sent there."""
    tokenless = entry_of(home, source=TokenSource.NONE)
    hass.config_entries.async_update_entry(entry, data=dict(tokenless.data))
    result = await select(hass, await start_reconfigure(hass, entry), "reconfigure_address")
    with addresses_are_public():
        result = await submit(hass, result, **address_input(home.url, verify_ssl=False))
    await expect_success(hass, result)
    assert entry.data == tokenless.data | {CONF_VERIFY_SSL: False}


# The token


async def test_sign_in_again(
    hass: HomeAssistant, world: World, owner: Account, home: PlexServer, entry: MockConfigEntry
) -> None:
    """The new token is tried before it is stored, and only then the old one is signed out."""
    before = dict(entry.data)
    await expect_success(
        hass, await sign_in(hass, world, await start_reconfigure(hass, entry), owner)
    )
    token = world.plex_tv.tokens_of(owner)
    assert token == [entry.data[CONF_ACCOUNT_TOKEN]]
    assert world.plex_tv.devices_of(owner)[0].name == "Home Assistant (test home, Home)"
    assert entry.data == before | {
        CONF_ACCOUNT_TOKEN: token[0],
        CONF_SERVER_TOKEN: token[0],
        CONF_CLIENT_IDENTIFIER: world.plex_tv.devices_of(owner)[0].client_identifier,
    }
    assert entry.data[CONF_CLIENT_IDENTIFIER] != before[CONF_CLIENT_IDENTIFIER]

    sign_out = world.requests.to("plex.tv", SIGN_OUT)
    assert [record.token_sent for record in sign_out] == [before[CONF_ACCOUNT_TOKEN]]
    assert sign_out[0].headers["X-Plex-Client-Identifier"] == before[CONF_CLIENT_IDENTIFIER]
    tried = world.requests.to("Home", "/")
    assert tried[0].token_sent == token[0]
    assert tried[0].at <= sign_out[0].at


async def test_old_token_that_cannot_be_signed_out(
    hass: HomeAssistant, world: World, owner: Account, entry: MockConfigEntry
) -> None:
    """It is replaced all the same."""
    before = dict(entry.data)
    fail_plex_tv(world, SIGN_OUT)
    await expect_success(
        hass, await sign_in(hass, world, await start_reconfigure(hass, entry), owner)
    )
    assert entry.data[CONF_ACCOUNT_TOKEN] != before[CONF_ACCOUNT_TOKEN]


async def test_pasted_token_is_replaced_but_not_signed_out(
    hass: HomeAssistant, world: World, owner: Account, home: PlexServer, entry: MockConfigEntry
) -> None:
    """It is the one of the browser."""
    browser = world.plex_tv.sign_in(owner)
    pasted = entry_of(home, account_token=browser, server_token=browser, source=TokenSource.PASTED)
    hass.config_entries.async_update_entry(entry, data=dict(pasted.data))
    await expect_success(
        hass, await sign_in(hass, world, await start_reconfigure(hass, entry), owner)
    )
    assert entry.data[CONF_TOKEN_SOURCE] == TokenSource.SIGN_IN
    assert world.plex_tv.is_valid(browser)


async def test_server_is_down_during_the_sign_in(
    hass: HomeAssistant, world: World, owner: Account, home: PlexServer, entry: MockConfigEntry
) -> None:
    """The token in use may be valid; it is not replaced by one that was not tried."""
    before = dict(entry.data)
    # It answers elsewhere, where the token is not going to be used.
    double = await second_address(world, home, owner)
    home.connections = [connection_to(double)]
    await home.stop()
    result = await sign_in(hass, world, await start_reconfigure(hass, entry), owner)
    assert step_of(result) == "verify_failed"
    assert error_of(result) == "cannot_connect"
    assert entry.data == before

    await home.start()
    await expect_success(hass, await submit(hass, result))
    assert entry.data[CONF_ACCOUNT_TOKEN] != before[CONF_ACCOUNT_TOKEN]


async def test_server_refuses_the_new_token(
    hass: HomeAssistant, world: World, owner: Account, home: PlexServer, entry: MockConfigEntry
) -> None:
    """The old one stays, and the new one is signed out."""
    before = dict(entry.data)
    home.rejects_tokens = True
    result = await sign_in(hass, world, await start_reconfigure(hass, entry), owner)
    assert step_of(result) == "token_refused"
    await close(hass, result)
    assert entry.data == before
    assert world.plex_tv.tokens_of(owner) == [before[CONF_ACCOUNT_TOKEN]]


async def test_account_without_the_server(
    hass: HomeAssistant,
    world: World,
    owner: Account,
    friend: Account,
    home: PlexServer,
    entry: MockConfigEntry,
) -> None:
    """The form says so, and the entry is unchanged."""
    before = dict(entry.data)
    result = await sign_in(hass, world, await start_reconfigure(hass, entry), friend)
    expect_wrong_account(result, account="friend", server="Home")
    assert entry.data == before
    assert tokens_sent_to(world, home) == set()
    await eventually(hass, lambda: not world.plex_tv.devices_of(friend))
    await expect_success(hass, await approve(hass, world, await submit(hass, result), owner))


async def test_account_with_fewer_permissions(
    hass: HomeAssistant,
    world: World,
    owner: Account,
    friend: Account,
    home: PlexServer,
    entry: MockConfigEntry,
) -> None:
    """The form says what will be missing; the old token goes when the new one is stored."""
    before = dict(entry.data)
    home.share_with(friend)
    result = await sign_in(hass, world, await start_reconfigure(hass, entry), friend)
    assert step_of(result) == "verify_limited"
    assert entry.data == before
    await expect_success(hass, await select(hass, result, "finish"))
    assert entry.data[CONF_SERVER_TOKEN] == home.access_token_for(friend)
    assert world.plex_tv.devices_of(owner) == []
