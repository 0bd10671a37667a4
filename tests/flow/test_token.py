"""Adding a server with a token from elsewhere, or without one."""

from homeassistant.const import CONF_URL, CONF_VERIFY_SSL
from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.plex_monitor.const import (
    CONF_ACCOUNT_TOKEN,
    CONF_CLIENT_IDENTIFIER,
    CONF_SERVER_TOKEN,
    CONF_TOKEN_SOURCE,
    DOMAIN,
    TokenSource,
)
from tests.simulator import Account, Fault, PlexServer, World
from tests.support.flows import (
    LINK,
    RESOURCES,
    address_input,
    addresses_are_public,
    approve,
    close,
    close_during,
    connection_to,
    created_data,
    dead_url,
    error_of,
    expect_wrong_account,
    fail_plex_tv,
    options_of,
    paste,
    placeholders_of,
    reopen,
    select,
    sign_in,
    start_flow,
    step_of,
    submit,
    suggested_values,
    tokens_sent_to,
)
from tests.support.helpers import eventually

pytestmark = pytest.mark.usefixtures("mock_setup_entry", "quick_polling")

UNKNOWN = "nobody-knows-this-20"


@pytest.fixture
def browser(world: World, owner: Account) -> str:
    """Return the token of the owner's browser."""
    return world.plex_tv.sign_in(owner, client_identifier="browser", product="Plex Web")


def view_xml(url: str, token: str) -> str:
    """Return the address of a View XML page."""
    return f"{url}/library/metadata/42?checkFiles=1&X-Plex-Token={token}&X-Plex-Language=en"


# Paste


async def test_pasted_token_is_exchanged_for_one_of_our_own(
    hass: HomeAssistant, world: World, owner: Account, home: PlexServer, browser: str
) -> None:
    """The browser stays signed in, and ours can be revoked alone."""
    result = await paste(hass, await start_flow(hass, "paste"), view_xml(home.url, browser))
    assert step_of(result) == "verify"
    assert placeholders_of(result)["account"] == "owner"

    data = created_data(await submit(hass, result))
    ours = next(one for one in world.plex_tv.devices_of(owner) if one.product == "Home Assistant")
    assert ours.name == "Home Assistant (test home, Home)"
    assert data == {
        CONF_URL: home.url,
        CONF_VERIFY_SSL: True,
        CONF_CLIENT_IDENTIFIER: ours.client_identifier,
        CONF_ACCOUNT_TOKEN: ours.token,
        CONF_SERVER_TOKEN: ours.token,
        CONF_TOKEN_SOURCE: TokenSource.LINKED,
    }
    assert world.plex_tv.is_valid(browser)
    assert tokens_sent_to(world, home) == {ours.token}


async def test_token_is_not_sent_unencrypted_out_of_the_private_network(
    hass: HomeAssistant, world: World, home: PlexServer, browser: str
) -> None:
    """The form asks for another address, and continues with it."""
    result = await start_flow(hass, "paste")
    with addresses_are_public():
        result = await paste(hass, result, view_xml(home.url, browser))
    assert step_of(result) == "address"
    assert error_of(result) == "insecure_address"
    assert tokens_sent_to(world, home) == set()
    result = await submit(hass, result, **address_input(home.url))
    assert step_of(result) == "verify"
    await close(hass, result)


async def test_pasted_token_of_an_account_without_an_address(
    hass: HomeAssistant, world: World, owner: Account, home: PlexServer, browser: str
) -> None:
    """plex.tv lists the servers and their addresses."""
    attic = await world.add_server("Attic", owner=owner)
    result = await paste(hass, await start_flow(hass, "paste"), browser)
    assert step_of(result) == "choose_server"
    assert set(options_of(result, "server")) == {home.machine_identifier, attic.machine_identifier}
    result = await submit(hass, result, server=attic.machine_identifier)
    data = created_data(await submit(hass, result))
    assert data[CONF_URL] == attic.url
    assert data[CONF_TOKEN_SOURCE] == TokenSource.LINKED


async def test_pasted_token_that_cannot_be_exchanged(
    hass: HomeAssistant, world: World, home: PlexServer, browser: str
) -> None:
    """It is stored as it is, with its source."""
    world.plex_tv.faults.set(Fault.status(403), paths=LINK)
    result = await paste(hass, await start_flow(hass, "paste"), browser)
    data = created_data(await submit(hass, result))
    assert data[CONF_TOKEN_SOURCE] == TokenSource.PASTED
    assert data[CONF_ACCOUNT_TOKEN] == data[CONF_SERVER_TOKEN] == browser
    assert data[CONF_URL] == home.url


async def test_pasted_address_that_only_the_browser_reaches(
    hass: HomeAssistant, world: World, owner: Account, home: PlexServer, browser: str
) -> None:
    """plex.tv says which server that is, and lists another address."""
    await world.add_server("Attic", owner=owner)
    elsewhere = connection_to(dead_url(world))
    home.connections = [elsewhere, home.own_connection()]
    result = await paste(hass, await start_flow(hass, "paste"), view_xml(elsewhere.uri, browser))
    assert step_of(result) == "verify"
    assert placeholders_of(result)["server"] == "Home"
    assert placeholders_of(result)["url"] == home.url


async def test_pasted_address_that_plex_tv_does_not_list(
    hass: HomeAssistant, world: World, home: PlexServer, browser: str
) -> None:
    """The only server of the account is selected."""
    text = view_xml(dead_url(world), browser)
    result = await paste(hass, await start_flow(hass, "paste"), text)
    assert step_of(result) == "verify"
    assert placeholders_of(result)["url"] == home.url


async def test_pasted_token_of_a_shared_server(
    hass: HomeAssistant, world: World, home: PlexServer, friend: Account
) -> None:
    """The browser of a guest has a token that is valid at this server only."""
    token = home.share_with(friend)
    result = await paste(hass, await start_flow(hass, "paste"), view_xml(home.url, token))
    assert step_of(result) == "verify_token_limited"
    assert placeholders_of(result)["server"] == "Home"

    data = created_data(await select(hass, result, "finish"))
    assert data[CONF_TOKEN_SOURCE] == TokenSource.PASTED
    assert data[CONF_SERVER_TOKEN] == token
    assert CONF_ACCOUNT_TOKEN not in data
    assert world.plex_tv.devices_of(friend) == []


async def test_pasted_server_token_without_an_address(
    hass: HomeAssistant, world: World, owner: Account, home: PlexServer
) -> None:
    """plex.tv does not know it, so the form asks for the address."""
    token = home.regenerate_token(owner)
    result = await paste(hass, await start_flow(hass, "paste"), token)
    assert step_of(result) == "server_address"
    assert error_of(result) == "token_unknown"
    assert suggested_values(result) == {}

    result = await submit(hass, result, **address_input(dead_url(world)))
    assert step_of(result) == "server_address"
    assert error_of(result) == "cannot_connect"

    result = await submit(hass, result, **address_input(home.url))
    assert step_of(result) == "verify_token"
    assert created_data(await select(hass, result, "finish"))[CONF_SERVER_TOKEN] == token


async def test_pasted_server_token_with_an_address_that_does_not_answer(
    hass: HomeAssistant, world: World, owner: Account, home: PlexServer
) -> None:
    """The form suggests the pasted address, without the token."""
    token = home.regenerate_token(owner)
    dead = dead_url(world)
    result = await paste(hass, await start_flow(hass, "paste"), view_xml(dead, token))
    assert step_of(result) == "server_address"
    assert error_of(result) == "cannot_connect"
    assert suggested_values(result) == address_input(dead)
    result = await submit(hass, result, **address_input(home.url))
    assert step_of(result) == "verify_token"


async def test_sign_in_instead_of_a_pasted_token(
    hass: HomeAssistant, world: World, owner: Account, home: PlexServer
) -> None:
    """The menu that shows the server offers it."""
    token = home.regenerate_token(owner)
    result = await paste(hass, await start_flow(hass, "paste"), view_xml(home.url, token))
    assert step_of(result) == "verify_token"
    result = await sign_in(hass, world, result, owner)
    assert step_of(result) == "verify"
    assert created_data(await submit(hass, result))[CONF_TOKEN_SOURCE] == TokenSource.SIGN_IN


async def test_network_without_internet(
    hass: HomeAssistant, world: World, home: PlexServer, browser: str
) -> None:
    """An address with a token does not need plex.tv."""
    await world.plex_tv.stop()
    result = await paste(hass, await start_flow(hass, "paste"), view_xml(home.url, browser))
    assert step_of(result) == "verify_token"
    data = created_data(await select(hass, result, "finish"))
    assert data[CONF_SERVER_TOKEN] == browser
    assert data[CONF_TOKEN_SOURCE] == TokenSource.PASTED


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("  ", "token_empty"),
        ("claim-AbCdEfGhIjKlMnOpQrSt", "token_claim"),
        ("transient-0123456789abcdef0123456789abcdef", "token_transient"),
        ("eyJhbGciOiJFZERTQSJ9.eyJpc3MiOiJwbGV4LnR2In0.c2lnbmF0dXJl", "token_jwt"),
        ("http://192.0.2.1:32400/library/sections", "token_no_token"),
        ("what is this", "token_malformed"),
    ],
)
async def test_pasted_text_without_a_lasting_token(
    hass: HomeAssistant, world: World, home: PlexServer, browser: str, text: str, error: str
) -> None:
    """The form shows the reason without any request, and accepts another text."""
    result = await paste(hass, await start_flow(hass, "paste"), text)
    assert result["errors"] == {"address_or_token": error}
    assert suggested_values(result) == {}
    assert len(world.requests) == 0
    assert error_of(await reopen(hass, result)) is None

    result = await paste(hass, result, view_xml(home.url, browser))
    assert step_of(result) == "verify"


@pytest.mark.usefixtures("home")
async def test_plex_tv_fails_for_a_token_without_an_address(
    hass: HomeAssistant, world: World, browser: str
) -> None:
    """The form shows the reason, and can be submitted again."""
    world.plex_tv.faults.set(Fault.status(429, retry_after=90))
    result = await paste(hass, await start_flow(hass, "paste"), browser)
    assert step_of(result) == "paste"
    assert error_of(result) == "rate_limited"
    assert placeholders_of(result)["minutes"] == "2"

    world.plex_tv.faults.clear()
    assert step_of(await paste(hass, result, browser)) == "verify"


@pytest.mark.usefixtures("home")
async def test_plex_tv_fails_after_the_exchange(
    hass: HomeAssistant, world: World, owner: Account, browser: str
) -> None:
    """A retry signs the first token of our own out."""
    fail_plex_tv(world, RESOURCES)
    result = await paste(hass, await start_flow(hass, "paste"), browser)
    assert error_of(result) == "plex_tv_unreachable"
    assert len(world.plex_tv.devices_of(owner)) == 2

    world.plex_tv.faults.clear()
    result = await paste(hass, result, browser)
    data = created_data(await submit(hass, result))
    assert world.plex_tv.tokens_of(owner) == [browser, data[CONF_ACCOUNT_TOKEN]]


async def test_closed_while_a_token_is_exchanged(
    hass: HomeAssistant, world: World, owner: Account, home: PlexServer, browser: str
) -> None:
    """The new token is signed out."""
    result = await start_flow(hass, "paste")
    step = paste(hass, result, view_xml(home.url, browser))
    await close_during(hass, result, world.plex_tv.faults, LINK, step)
    await eventually(hass, lambda: world.plex_tv.tokens_of(owner) == [browser])


async def test_token_that_is_valid_nowhere(
    hass: HomeAssistant, world: World, owner: Account, home: PlexServer, browser: str
) -> None:
    """A menu says so, and another one can be pasted."""
    result = await paste(hass, await start_flow(hass, "paste"), view_xml(home.url, UNKNOWN))
    assert step_of(result) == "token_refused"
    result = await select(hass, result, "retry_verify")
    assert step_of(result) == "token_refused"
    result = await select(hass, result, "paste")
    result = await paste(hass, result, view_xml(home.url, browser))
    assert step_of(result) == "verify"
    assert len(world.plex_tv.devices_of(owner)) == 2


async def test_token_of_an_account_without_access_to_the_pasted_server(
    hass: HomeAssistant, world: World, home: PlexServer, owner: Account, friend: Account
) -> None:
    """It is not sent to the server, and another account can sign in."""
    token = world.plex_tv.sign_in(friend)
    result = await paste(hass, await start_flow(hass, "paste"), view_xml(home.url, token))
    expect_wrong_account(result, account="friend", server="127.0.0.1")
    assert tokens_sent_to(world, home) == set()

    result = await approve(hass, world, await submit(hass, result), owner)
    assert step_of(result) == "verify"
    assert world.plex_tv.tokens_of(friend) == [token]


async def test_pasted_server_that_is_set_up(
    hass: HomeAssistant, world: World, owner: Account, home: PlexServer, browser: str
) -> None:
    """The token that was created for it is signed out."""
    MockConfigEntry(domain=DOMAIN, unique_id=home.machine_identifier).add_to_hass(hass)
    result = await paste(hass, await start_flow(hass, "paste"), view_xml(home.url, browser))
    assert result["reason"] == "already_configured"
    await eventually(hass, lambda: world.plex_tv.tokens_of(owner) == [browser])


# No token


@pytest.mark.parametrize("reason", ["unclaimed", "allowed"])
async def test_server_that_answers_without_a_token(
    hass: HomeAssistant, world: World, home: PlexServer, reason: str
) -> None:
    """It is unclaimed, or allows this network."""
    home.claimed = reason != "unclaimed"
    home.allowed_without_auth = reason == "allowed"
    result = await start_flow(hass, "no_token")
    assert step_of(result) == "no_token"
    assert suggested_values(result) == {}
    result = await submit(hass, result, **address_input(home.url))
    assert step_of(result) == "verify_no_token"
    assert placeholders_of(result)["server"] == "Home"
    assert step_of(await reopen(hass, result)) == "verify_no_token"

    data = created_data(await submit(hass, result))
    assert set(data) == {CONF_URL, CONF_VERIFY_SSL, CONF_CLIENT_IDENTIFIER, CONF_TOKEN_SOURCE}
    assert data[CONF_TOKEN_SOURCE] == TokenSource.NONE
    assert world.requests.to("plex.tv") == []


async def test_server_that_does_not_answer_without_a_token(
    hass: HomeAssistant, world: World, home: PlexServer
) -> None:
    """Each form shows the reason, and accepts another address."""
    result = await start_flow(hass, "no_token")
    for typed, error in (
        ("http://", "invalid_url"),
        ("http://xn--", "invalid_url"),
        ("xn--\u00e9", "invalid_url"),
        (dead_url(world), "cannot_connect"),
        (home.url, "wants_token"),
    ):
        result = await submit(hass, result, **address_input(typed))
        assert step_of(result) == "no_token"
        assert error_of(result) == error
        assert suggested_values(result) == address_input(typed)

    home.faults.set(Fault.status(500), paths="^/$")
    result = await submit(hass, result, **address_input(home.url))
    assert error_of(result) == "server_starting"

    home.faults.clear()
    home.claimed = False
    result = await submit(hass, result, **address_input(home.url))
    assert step_of(result) == "verify_no_token"
