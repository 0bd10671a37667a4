"""Signing in again when the token of an entry is no longer good."""

from homeassistant.config_entries import ConfigFlowResult
from homeassistant.const import CONF_URL, CONF_VERIFY_SSL
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType, UnknownFlow
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.plex_monitor.auth.issues import Issue, async_delete_issues, async_show_issue
from custom_components.plex_monitor.const import (
    CONF_ACCOUNT_TOKEN,
    CONF_CLIENT_IDENTIFIER,
    CONF_SERVER_TOKEN,
    CONF_TOKEN_SOURCE,
    DOMAIN,
    TokenSource,
)
from tests.simulator import Account, Connection, Fault, PlexServer, World
from tests.support.entries import entry_of
from tests.support.flows import (
    SIGN_OUT,
    approve,
    at,
    choose,
    close,
    error_of,
    filled_in,
    look_again,
    lose_plex_tv,
    second_address,
    sign_in,
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


async def begin_reauth(hass: HomeAssistant, entry: MockConfigEntry) -> ConfigFlowResult:
    """Open the prompt to sign in again."""
    result = await entry.start_reauth_flow(hass)
    assert result["type"] is FlowResultType.MENU
    assert result["menu_options"] == ["sign_in", "paste"]
    assert filled_in(result)["server"] == "Home"
    return result


async def succeeded(hass: HomeAssistant, result: ConfigFlowResult) -> None:
    """Expect the prompt to be done."""
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "reauth_successful"
    await hass.async_block_till_done(wait_background_tasks=True)
    assert hass.config_entries.flow.async_progress() == []
    assert len(hass.config_entries.async_entries(DOMAIN)) == 1


async def test_dead_token_is_replaced_under_the_same_identifier(
    hass: HomeAssistant, world: World, owner: Account, home: PlexServer, dead: MockConfigEntry
) -> None:
    """Server, address and all else stay; Plex lists the same device as before."""
    before = dict(dead.data)
    result = await begin_reauth(hass, dead)
    assert at(result) == "reauth_confirm"
    assert at(await look_again(hass, result)) == "reauth_confirm"
    await succeeded(hass, await sign_in(hass, world, result, owner))

    token = world.plex_tv.tokens_of(owner)[0]
    assert dead.data == before | {CONF_ACCOUNT_TOKEN: token, CONF_SERVER_TOKEN: token}
    assert world.plex_tv.is_valid(token)
    assert home.access(token)
    assert world.requests.to("plex.tv", SIGN_OUT) == []


async def test_text_says_when_it_is_the_access_that_was_removed(
    hass: HomeAssistant, dead: MockConfigEntry
) -> None:
    """It follows what is wrong while it is open."""
    async_show_issue(hass, dead, Issue.ACCESS_REMOVED)
    result = await begin_reauth(hass, dead)
    assert at(result) == "reauth_access_removed"
    result = await look_again(hass, result)
    assert at(result) == "reauth_access_removed"
    async_delete_issues(hass, dead.entry_id)
    assert at(await look_again(hass, result)) == "reauth_confirm"


async def test_account_without_the_server_is_an_error_on_the_form(
    hass: HomeAssistant,
    world: World,
    owner: Account,
    friend: Account,
    dead: MockConfigEntry,
) -> None:
    """The prompt stays, nothing is overwritten, and that account keeps no device of ours."""
    await world.add_server("Cinema", owner=friend)
    before = dict(dead.data)
    result = await sign_in(hass, world, await begin_reauth(hass, dead), friend)
    assert result["type"] is FlowResultType.FORM
    assert at(result) == "wrong_account"
    assert error_of(result) == "wrong_account"
    assert filled_in(result)["account"] == "friend"
    assert filled_in(result)["server"] == "Home"
    assert dead.data == before
    assert error_of(await look_again(hass, result)) == "wrong_account"
    await eventually(hass, lambda: not world.plex_tv.devices_of(friend))

    result = await approve(hass, world, await submit(hass, result), owner)
    await succeeded(hass, result)
    assert dead.data[CONF_CLIENT_IDENTIFIER] == before[CONF_CLIENT_IDENTIFIER]
    assert dead.data[CONF_ACCOUNT_TOKEN] == world.plex_tv.tokens_of(owner)[0]


async def test_token_that_is_still_good_is_not_put_at_risk(
    hass: HomeAssistant, world: World, owner: Account, home: PlexServer, entry: MockConfigEntry
) -> None:
    """It gets signed out when the new one is stored, and not if nothing comes of it."""
    entry.add_to_hass(hass)
    before = dict(entry.data)
    result = await sign_in(hass, world, await begin_reauth(hass, entry), owner)
    await succeeded(hass, result)
    assert entry.data[CONF_CLIENT_IDENTIFIER] != before[CONF_CLIENT_IDENTIFIER]
    assert world.plex_tv.tokens_of(owner) == [entry.data[CONF_ACCOUNT_TOKEN]]

    home.rejects_tokens = True
    before = dict(entry.data)
    result = await sign_in(hass, world, await begin_reauth(hass, entry), owner)
    assert at(result) == "token_refused"
    await close(hass, result)
    assert entry.data == before
    assert world.plex_tv.tokens_of(owner) == [before[CONF_ACCOUNT_TOKEN]]


async def test_plex_tv_cannot_say_whether_the_old_token_is_dead(
    hass: HomeAssistant, world: World, owner: Account, dead: MockConfigEntry
) -> None:
    """Then it counts as alive."""
    before = dict(dead.data)
    world.plex_tv.faults.set(Fault.status(503), paths="/api/v2/user$", times=1)
    await succeeded(hass, await sign_in(hass, world, await begin_reauth(hass, dead), owner))
    assert dead.data[CONF_CLIENT_IDENTIFIER] != before[CONF_CLIENT_IDENTIFIER]


async def test_server_is_down_while_its_owner_signs_in(
    hass: HomeAssistant, world: World, owner: Account, home: PlexServer, dead: MockConfigEntry
) -> None:
    """plex.tv lists it, so the new token is taken; its address is not changed."""
    url = home.url
    home.connections = [Connection(uri="http://192.0.2.1:32400", address="192.0.2.1", port=32400)]
    await home.stop()
    await succeeded(hass, await sign_in(hass, world, await begin_reauth(hass, dead), owner))
    assert dead.data[CONF_ACCOUNT_TOKEN] == world.plex_tv.tokens_of(owner)[0]
    assert dead.data[CONF_URL] == url


async def test_another_server_at_the_address_is_shown_no_token(
    hass: HomeAssistant, world: World, owner: Account, home: PlexServer, dead: MockConfigEntry
) -> None:
    """The token is taken, as where the server is now is another question."""
    home.identifies_as = "somebody-else"
    await succeeded(hass, await sign_in(hass, world, await begin_reauth(hass, dead), owner))
    assert tokens_sent_to(world, home) == set()


async def test_server_refuses_the_new_token_too(
    hass: HomeAssistant, world: World, owner: Account, home: PlexServer, dead: MockConfigEntry
) -> None:
    """Nothing is stored until it takes it."""
    before = dict(dead.data)
    home.rejects_tokens = True
    result = await sign_in(hass, world, await begin_reauth(hass, dead), owner)
    assert at(result) == "token_refused"
    assert dead.data == before
    home.rejects_tokens = False
    await succeeded(hass, await choose(hass, result, "retry_verify"))
    assert dead.data[CONF_ACCOUNT_TOKEN] == world.plex_tv.tokens_of(owner)[0]


async def test_account_with_less_permissions(
    hass: HomeAssistant, world: World, home: PlexServer, friend: Account, dead: MockConfigEntry
) -> None:
    """What will be missing is said before anything is stored."""
    before = dict(dead.data)
    home.share_with(friend)
    result = await sign_in(hass, world, await begin_reauth(hass, dead), friend)
    assert at(result) == "verify_limited"
    assert dead.data == before
    await succeeded(hass, await choose(hass, result, "finish"))
    assert dead.data[CONF_SERVER_TOKEN] == home.access_token_for(friend)


async def test_pasted_address(
    hass: HomeAssistant, world: World, owner: Account, home: PlexServer, dead: MockConfigEntry
) -> None:
    """It is exchanged as it is when a server is added; the address of the entry stays."""
    browser = world.plex_tv.sign_in(owner)
    text = f"http://127.0.0.1:{world.refusing_port()}/library?X-Plex-Token={browser}"
    result = await choose(hass, await begin_reauth(hass, dead), "paste")
    await succeeded(hass, await submit(hass, result, address_or_token=text))
    assert dead.data[CONF_TOKEN_SOURCE] == TokenSource.LINKED
    assert world.plex_tv.tokens_of(owner) == [browser, dead.data[CONF_ACCOUNT_TOKEN]]
    assert dead.data[CONF_URL] == home.url


async def test_pasted_token_of_the_server_alone(
    hass: HomeAssistant, owner: Account, home: PlexServer, dead: MockConfigEntry
) -> None:
    """No token of an account is left in the entry then."""
    token = home.regenerate_token(owner)
    result = await choose(hass, await begin_reauth(hass, dead), "paste")
    await succeeded(hass, await submit(hass, result, address_or_token=token))
    assert dead.data[CONF_TOKEN_SOURCE] == TokenSource.PASTED
    assert dead.data[CONF_SERVER_TOKEN] == token
    assert CONF_ACCOUNT_TOKEN not in dead.data


async def test_pasted_token_cannot_be_tried_while_the_server_is_down(
    hass: HomeAssistant, world: World, owner: Account, home: PlexServer, dead: MockConfigEntry
) -> None:
    """Nobody else can vouch for it, so it is not stored unseen."""
    before = dict(dead.data)
    token = home.regenerate_token(owner)
    await home.stop()
    result = await choose(hass, await begin_reauth(hass, dead), "paste")
    result = await submit(hass, result, address_or_token=token)
    assert at(result) == "verify_failed"
    assert error_of(result) == "cannot_connect"
    assert error_of(await look_again(hass, result)) == "cannot_connect"
    result = await submit(hass, result)
    assert at(result) == "verify_failed"
    assert dead.data == before

    await home.start()
    await succeeded(hass, await submit(hass, result))
    assert dead.data[CONF_SERVER_TOKEN] == token


async def test_pasted_address_does_not_stand_in_for_that_of_the_entry(
    hass: HomeAssistant, world: World, owner: Account, home: PlexServer, dead: MockConfigEntry
) -> None:
    """A token is tried where it is going to be used."""
    token = home.regenerate_token(owner)
    url = await second_address(world, home, owner)
    await home.stop()
    result = await choose(hass, await begin_reauth(hass, dead), "paste")
    result = await submit(hass, result, address_or_token=f"{url}/library?X-Plex-Token={token}")
    assert at(result) == "verify_failed"
    assert filled_in(result)["url"] == home.url


async def test_pasted_token_of_a_guest(
    hass: HomeAssistant, home: PlexServer, friend: Account, dead: MockConfigEntry
) -> None:
    """What will be missing is said for it as well."""
    token = home.share_with(friend)
    result = await choose(hass, await begin_reauth(hass, dead), "paste")
    result = await submit(hass, result, address_or_token=token)
    assert at(result) == "verify_token_limited"
    await succeeded(hass, await choose(hass, result, "finish"))


@pytest.mark.parametrize("known", [True, False])
async def test_pasted_token_of_somebody_else(
    hass: HomeAssistant, world: World, friend: Account, dead: MockConfigEntry, *, known: bool
) -> None:
    """It is refused, by plex.tv's list or by the server."""
    before = dict(dead.data)
    cinema = await world.add_server("Cinema", owner=friend)
    token = world.plex_tv.sign_in(friend) if known else cinema.regenerate_token(friend)
    result = await choose(hass, await begin_reauth(hass, dead), "paste")
    result = await submit(hass, result, address_or_token=token)
    assert at(result) == ("wrong_account" if known else "token_refused")
    assert dead.data == before


async def test_entry_whose_token_was_never_our_own(
    hass: HomeAssistant, world: World, owner: Account, home: PlexServer
) -> None:
    """Its identifier was used for nothing yet; what was pasted is nobody's to sign out."""
    browser = world.plex_tv.sign_in(owner)
    entry = entry_of(home, server_token=browser, account_token=browser, source=TokenSource.PASTED)
    entry.add_to_hass(hass)
    before = dict(entry.data)
    await succeeded(hass, await sign_in(hass, world, await begin_reauth(hass, entry), owner))
    assert entry.data[CONF_CLIENT_IDENTIFIER] == before[CONF_CLIENT_IDENTIFIER]
    assert entry.data[CONF_TOKEN_SOURCE] == TokenSource.SIGN_IN
    assert world.plex_tv.is_valid(browser)


async def test_entry_without_a_token(
    hass: HomeAssistant, world: World, owner: Account, home: PlexServer
) -> None:
    """Its server has begun to ask for one."""
    entry = entry_of(home, source=TokenSource.NONE)
    entry.add_to_hass(hass)
    await succeeded(hass, await sign_in(hass, world, await begin_reauth(hass, entry), owner))
    assert entry.data[CONF_SERVER_TOKEN] == world.plex_tv.tokens_of(owner)[0]
    assert entry.data[CONF_VERIFY_SSL] is True


async def test_sign_in_fails_and_is_tried_again(
    hass: HomeAssistant, world: World, owner: Account, dead: MockConfigEntry
) -> None:
    """The prompt outlives a plex.tv that is away."""
    result = await begin_reauth(hass, dead)
    lose_plex_tv(world)
    result = await choose(hass, result, "sign_in")
    assert at(result) == "sign_in_failed"
    world.plex_tv.faults.clear()
    await succeeded(hass, await approve(hass, world, await submit(hass, result), owner))


async def test_dialog_closed_without_a_word(
    hass: HomeAssistant, world: World, owner: Account, dead: MockConfigEntry
) -> None:
    """The entry is as it was, and no device is left at plex.tv."""
    before = dict(dead.data)
    result = await choose(hass, await begin_reauth(hass, dead), "sign_in")
    await close(hass, result)
    assert dead.data == before
    assert world.plex_tv.devices_of(owner) == []


async def test_prompt_taken_back_while_the_new_token_is_tried(
    hass: HomeAssistant, world: World, owner: Account, home: PlexServer, dead: MockConfigEntry
) -> None:
    """A token that is signed out already must not be stored."""
    before = dict(dead.data)
    home.revocation_grace = 60
    result = await choose(hass, await begin_reauth(hass, dead), "sign_in")
    rule = home.faults.set(Fault.slow(0.05), paths="/status/sessions")
    approving = hass.async_create_task(approve(hass, world, result, owner))
    await eventually(hass, lambda: rule.hits)
    await close(hass, result)
    with pytest.raises(UnknownFlow):
        await approving
    assert dead.data == before
    assert world.plex_tv.devices_of(owner) == []
