"""Reauth: signing in again when the token of an entry is no longer valid."""

from functools import partial

from homeassistant.config_entries import ConfigFlowResult
from homeassistant.const import CONF_URL, CONF_VERIFY_SSL
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.plex_monitor.auth.issues import (
    Issue,
    async_create_issue,
    async_delete_issues,
)
from custom_components.plex_monitor.const import (
    CONF_ACCOUNT_TOKEN,
    CONF_CLIENT_IDENTIFIER,
    CONF_SERVER_TOKEN,
    CONF_TOKEN_SOURCE,
    TokenSource,
)
from tests.simulator import Account, Connection, Fault, PlexServer, World
from tests.support.entries import entry_of
from tests.support.flows import (
    SIGN_OUT,
    USER,
    approve,
    close,
    close_during,
    dead_url,
    error_of,
    expect_changed,
    expect_wrong_account,
    fail_plex_tv,
    paste,
    placeholders_of,
    reopen,
    second_address,
    select,
    sign_in,
    step_of,
    submit,
    tokens_sent_to,
)
from tests.support.helpers import eventually

pytestmark = pytest.mark.usefixtures("mock_setup_entry", "quick_polling")


@pytest.fixture
def dead(hass: HomeAssistant, world: World, entry: MockConfigEntry) -> MockConfigEntry:
    """Return the entry of an owner whose token was revoked."""
    world.plex_tv.revoke(entry.data[CONF_ACCOUNT_TOKEN])
    entry.add_to_hass(hass)
    return entry


async def start_reauth(hass: HomeAssistant, entry: MockConfigEntry) -> ConfigFlowResult:
    """Open the prompt to sign in again."""
    result = await entry.start_reauth_flow(hass)
    assert result["type"] is FlowResultType.MENU
    assert result["menu_options"] == ["sign_in", "paste"]
    assert placeholders_of(result)["server"] == "Home"
    return result


expect_success = partial(expect_changed, reason="reauth_successful")


async def test_dead_token_is_replaced_under_the_same_client_identifier(
    hass: HomeAssistant, world: World, owner: Account, home: PlexServer, dead: MockConfigEntry
) -> None:
    """Server and address stay, and plex.tv lists the same device as before."""
    before = dict(dead.data)
    result = await start_reauth(hass, dead)
    assert step_of(result) == "reauth_confirm"
    assert step_of(await reopen(hass, result)) == "reauth_confirm"
    await expect_success(hass, await sign_in(hass, world, result, owner))

    token = world.plex_tv.tokens_of(owner)[0]
    assert dead.data == before | {CONF_ACCOUNT_TOKEN: token, CONF_SERVER_TOKEN: token}
    assert world.plex_tv.is_valid(token)
    assert home.access(token)
    assert world.requests.to("plex.tv", SIGN_OUT) == []


async def test_prompt_explains_that_access_was_removed(
    hass: HomeAssistant, dead: MockConfigEntry
) -> None:
    """It follows the issues while it is open."""
    async_create_issue(hass, dead, Issue.ACCESS_REMOVED)
    result = await start_reauth(hass, dead)
    assert step_of(result) == "reauth_access_removed"
    result = await reopen(hass, result)
    assert step_of(result) == "reauth_access_removed"
    async_delete_issues(hass, dead.entry_id)
    assert step_of(await reopen(hass, result)) == "reauth_confirm"


async def test_account_without_the_server(
    hass: HomeAssistant,
    world: World,
    owner: Account,
    friend: Account,
    dead: MockConfigEntry,
) -> None:
    """The flow stays open, the entry is unchanged, and that account keeps no device of ours."""
    await world.add_server("Cinema", owner=friend)
    before = dict(dead.data)
    result = await sign_in(hass, world, await start_reauth(hass, dead), friend)
    expect_wrong_account(result, account="friend", server="Home")
    assert dead.data == before
    assert error_of(await reopen(hass, result)) == "wrong_account"
    await eventually(hass, lambda: not world.plex_tv.devices_of(friend))

    result = await approve(hass, world, await submit(hass, result), owner)
    await expect_success(hass, result)
    assert dead.data[CONF_CLIENT_IDENTIFIER] == before[CONF_CLIENT_IDENTIFIER]
    assert dead.data[CONF_ACCOUNT_TOKEN] == world.plex_tv.tokens_of(owner)[0]


async def test_token_that_is_still_valid_is_not_put_at_risk(
    hass: HomeAssistant, world: World, owner: Account, home: PlexServer, entry: MockConfigEntry
) -> None:
    """It is signed out when the new one is stored, and only then."""
    entry.add_to_hass(hass)
    before = dict(entry.data)
    result = await sign_in(hass, world, await start_reauth(hass, entry), owner)
    await expect_success(hass, result)
    assert entry.data[CONF_CLIENT_IDENTIFIER] != before[CONF_CLIENT_IDENTIFIER]
    assert world.plex_tv.tokens_of(owner) == [entry.data[CONF_ACCOUNT_TOKEN]]

    home.rejects_tokens = True
    before = dict(entry.data)
    result = await sign_in(hass, world, await start_reauth(hass, entry), owner)
    assert step_of(result) == "token_refused"
    await close(hass, result)
    assert entry.data == before
    assert world.plex_tv.tokens_of(owner) == [before[CONF_ACCOUNT_TOKEN]]


async def test_plex_tv_does_not_say_whether_the_old_token_is_dead(
    hass: HomeAssistant, world: World, owner: Account, dead: MockConfigEntry
) -> None:
    """The token counts as valid."""
    before = dict(dead.data)
    world.plex_tv.faults.set(Fault.status(503), paths=USER, times=1)
    await expect_success(hass, await sign_in(hass, world, await start_reauth(hass, dead), owner))
    assert dead.data[CONF_CLIENT_IDENTIFIER] != before[CONF_CLIENT_IDENTIFIER]


async def test_server_is_down_during_the_sign_in(
    hass: HomeAssistant, world: World, owner: Account, home: PlexServer, dead: MockConfigEntry
) -> None:
    """plex.tv lists it, so the new token is stored; the address stays."""
    url = home.url
    home.connections = [Connection(uri="http://192.0.2.1:32400", address="192.0.2.1", port=32400)]
    await home.stop()
    await expect_success(hass, await sign_in(hass, world, await start_reauth(hass, dead), owner))
    assert dead.data[CONF_ACCOUNT_TOKEN] == world.plex_tv.tokens_of(owner)[0]
    assert dead.data[CONF_URL] == url


async def test_another_server_at_the_address_is_sent_no_token(
    hass: HomeAssistant, world: World, owner: Account, home: PlexServer, dead: MockConfigEntry
) -> None:
    """The new token is stored, as the address is not what this flow changes."""
    home.identifies_as = "somebody-else"
    await expect_success(hass, await sign_in(hass, world, await start_reauth(hass, dead), owner))
    assert tokens_sent_to(world, home) == set()


async def test_server_refuses_the_new_token_too(
    hass: HomeAssistant, world: World, owner: Account, home: PlexServer, dead: MockConfigEntry
) -> None:
    """Nothing is stored until it accepts it."""
    before = dict(dead.data)
    home.rejects_tokens = True
    result = await sign_in(hass, world, await start_reauth(hass, dead), owner)
    assert step_of(result) == "token_refused"
    assert dead.data == before
    home.rejects_tokens = False
    await expect_success(hass, await select(hass, result, "retry_verify"))
    assert dead.data[CONF_ACCOUNT_TOKEN] == world.plex_tv.tokens_of(owner)[0]


async def test_account_with_fewer_permissions(
    hass: HomeAssistant, world: World, home: PlexServer, friend: Account, dead: MockConfigEntry
) -> None:
    """The form says what will be missing before anything is stored."""
    before = dict(dead.data)
    home.share_with(friend)
    result = await sign_in(hass, world, await start_reauth(hass, dead), friend)
    assert step_of(result) == "verify_limited"
    assert dead.data == before
    await expect_success(hass, await select(hass, result, "finish"))
    assert dead.data[CONF_SERVER_TOKEN] == home.access_token_for(friend)


async def test_pasted_address(
    hass: HomeAssistant, world: World, owner: Account, home: PlexServer, dead: MockConfigEntry
) -> None:
    """Its token is exchanged as for a new entry; the address of the entry stays."""
    browser = world.plex_tv.sign_in(owner)
    text = f"{dead_url(world)}/library?X-Plex-Token={browser}"
    result = await start_reauth(hass, dead)
    await expect_success(hass, await paste(hass, result, text))
    assert dead.data[CONF_TOKEN_SOURCE] == TokenSource.LINKED
    assert world.plex_tv.tokens_of(owner) == [browser, dead.data[CONF_ACCOUNT_TOKEN]]
    assert dead.data[CONF_URL] == home.url


async def test_pasted_server_token(
    hass: HomeAssistant, owner: Account, home: PlexServer, dead: MockConfigEntry
) -> None:
    """The entry keeps no token of an account."""
    token = home.regenerate_token(owner)
    result = await start_reauth(hass, dead)
    await expect_success(hass, await paste(hass, result, token))
    assert dead.data[CONF_TOKEN_SOURCE] == TokenSource.PASTED
    assert dead.data[CONF_SERVER_TOKEN] == token
    assert CONF_ACCOUNT_TOKEN not in dead.data


async def test_pasted_server_token_while_the_server_is_down(
    hass: HomeAssistant, world: World, owner: Account, home: PlexServer, dead: MockConfigEntry
) -> None:
    """plex.tv does not know it, so it is not stored before it was tried."""
    before = dict(dead.data)
    token = home.regenerate_token(owner)
    await home.stop()
    result = await start_reauth(hass, dead)
    result = await paste(hass, result, token)
    assert step_of(result) == "verify_failed"
    assert error_of(result) == "cannot_connect"
    assert error_of(await reopen(hass, result)) == "cannot_connect"
    result = await submit(hass, result)
    assert step_of(result) == "verify_failed"
    assert dead.data == before

    await home.start()
    await expect_success(hass, await submit(hass, result))
    assert dead.data[CONF_SERVER_TOKEN] == token


async def test_pasted_address_does_not_replace_that_of_the_entry(
    hass: HomeAssistant, world: World, owner: Account, home: PlexServer, dead: MockConfigEntry
) -> None:
    """The token is tried at the address where it is going to be used."""
    token = home.regenerate_token(owner)
    url = await second_address(world, home, owner)
    await home.stop()
    result = await start_reauth(hass, dead)
    result = await paste(hass, result, f"{url}/library?X-Plex-Token={token}")
    assert step_of(result) == "verify_failed"
    assert placeholders_of(result)["url"] == home.url


async def test_pasted_token_of_a_guest(
    hass: HomeAssistant, home: PlexServer, friend: Account, dead: MockConfigEntry
) -> None:
    """The form says what will be missing."""
    token = home.share_with(friend)
    result = await start_reauth(hass, dead)
    result = await paste(hass, result, token)
    assert step_of(result) == "verify_token_limited"
    await expect_success(hass, await select(hass, result, "finish"))


@pytest.mark.parametrize("known_to_plex_tv", [True, False])
async def test_pasted_token_of_another_account(
    hass: HomeAssistant,
    world: World,
    friend: Account,
    dead: MockConfigEntry,
    *,
    known_to_plex_tv: bool,
) -> None:
    """It is refused by plex.tv's list of servers or by the server."""
    before = dict(dead.data)
    cinema = await world.add_server("Cinema", owner=friend)
    token = world.plex_tv.sign_in(friend) if known_to_plex_tv else cinema.regenerate_token(friend)
    result = await start_reauth(hass, dead)
    result = await paste(hass, result, token)
    assert step_of(result) == ("wrong_account" if known_to_plex_tv else "token_refused")
    assert dead.data == before


async def test_entry_whose_token_is_not_our_own(
    hass: HomeAssistant, world: World, owner: Account, home: PlexServer
) -> None:
    """Its client identifier is used, and the pasted token is not signed out."""
    browser = world.plex_tv.sign_in(owner)
    entry = entry_of(home, server_token=browser, account_token=browser, source=TokenSource.PASTED)
    entry.add_to_hass(hass)
    before = dict(entry.data)
    await expect_success(hass, await sign_in(hass, world, await start_reauth(hass, entry), owner))
    assert entry.data[CONF_CLIENT_IDENTIFIER] == before[CONF_CLIENT_IDENTIFIER]
    assert entry.data[CONF_TOKEN_SOURCE] == TokenSource.SIGN_IN
    assert world.plex_tv.is_valid(browser)


async def test_entry_without_a_token(
    hass: HomeAssistant, world: World, owner: Account, home: PlexServer
) -> None:
    """Its server now requires one."""
    entry = entry_of(home, source=TokenSource.NONE)
    entry.add_to_hass(hass)
    await expect_success(hass, await sign_in(hass, world, await start_reauth(hass, entry), owner))
    assert entry.data[CONF_SERVER_TOKEN] == world.plex_tv.tokens_of(owner)[0]
    assert entry.data[CONF_VERIFY_SSL] is True


async def test_sign_in_fails_and_is_tried_again(
    hass: HomeAssistant, world: World, owner: Account, dead: MockConfigEntry
) -> None:
    """The prompt stays open while plex.tv fails."""
    result = await start_reauth(hass, dead)
    fail_plex_tv(world)
    result = await select(hass, result, "sign_in")
    assert step_of(result) == "sign_in_failed"
    world.plex_tv.faults.clear()
    await expect_success(hass, await approve(hass, world, await submit(hass, result), owner))


async def test_dialog_closed_before_the_approval(
    hass: HomeAssistant, world: World, owner: Account, dead: MockConfigEntry
) -> None:
    """The entry is unchanged, and plex.tv lists no new device."""
    before = dict(dead.data)
    result = await select(hass, await start_reauth(hass, dead), "sign_in")
    await close(hass, result)
    assert dead.data == before
    assert world.plex_tv.devices_of(owner) == []


async def test_prompt_closed_while_the_new_token_is_tried(
    hass: HomeAssistant, world: World, owner: Account, home: PlexServer, dead: MockConfigEntry
) -> None:
    """A token that is signed out already is not stored."""
    before = dict(dead.data)
    home.revocation_grace = 60
    result = await select(hass, await start_reauth(hass, dead), "sign_in")
    step = approve(hass, world, result, owner)
    await close_during(hass, result, home.faults, "/status/sessions", step)
    assert dead.data == before
    assert world.plex_tv.devices_of(owner) == []
