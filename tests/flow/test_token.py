"""Adding a server with a token from somewhere else, or without any."""

from unittest.mock import AsyncMock, patch

from homeassistant.config_entries import ConfigFlowResult
from homeassistant.const import CONF_URL, CONF_VERIFY_SSL
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import UnknownFlow
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
from tests.simulator import Account, Connection, Fault, PlexServer, World
from tests.support.flows import (
    RESOURCES,
    address,
    approve,
    at,
    begin_with,
    choose,
    close,
    error_of,
    filled_in,
    look_again,
    lose_plex_tv,
    options_of,
    sign_in,
    stored,
    submit,
    suggestions_of,
    tokens_sent_to,
)
from tests.support.helpers import eventually

pytestmark = pytest.mark.usefixtures("mock_setup_entry", "quick_polling")

LINK = "/api/v2/pins/link"
USER = "/api/v2/user$"
UNKNOWN = "nobody-knows-this-20"


@pytest.fixture
def browser(world: World, owner: Account) -> str:
    """Return the token of the owner's browser."""
    return world.plex_tv.sign_in(owner, client_identifier="browser", product="Plex Web")


def view_xml(url: str, token: str) -> str:
    """Return the address of a View XML page."""
    return f"{url}/library/metadata/42?checkFiles=1&X-Plex-Token={token}&X-Plex-Language=en"


async def paste(hass: HomeAssistant, result: ConfigFlowResult, text: str) -> ConfigFlowResult:
    """Send the paste form."""
    assert at(result) == "paste"
    return await submit(hass, result, address_or_token=text)


# Paste


async def test_pasted_address_is_exchanged_for_a_token_of_our_own(
    hass: HomeAssistant, world: World, owner: Account, home: PlexServer, browser: str
) -> None:
    """The browser stays signed in, and what is stored can be revoked alone."""
    result = await paste(hass, await begin_with(hass, "paste"), view_xml(home.url, browser))
    assert at(result) == "verify"
    assert filled_in(result)["account"] == "owner"

    data = stored(await submit(hass, result))
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


async def test_token_does_not_leave_the_network_unencrypted(
    hass: HomeAssistant, world: World, home: PlexServer, browser: str
) -> None:
    """An address that a browser used over the internet is not good enough, and another one is."""
    result = await begin_with(hass, "paste")
    with patch(
        "custom_components.plex_monitor.flow.verify.is_private_or_encrypted",
        AsyncMock(return_value=False),
    ):
        result = await submit(
            hass, result, address_or_token=f"{home.url}/library?X-Plex-Token={browser}"
        )
    assert at(result) == "address"
    assert error_of(result) == "insecure_address"
    assert tokens_sent_to(world, home) == set()
    result = await submit(hass, result, **address(home.url))
    assert at(result) == "verify"
    await close(hass, result)


async def test_pasted_token_of_an_account_needs_no_address(
    hass: HomeAssistant, world: World, owner: Account, home: PlexServer, browser: str
) -> None:
    """plex.tv says where the servers are."""
    attic = await world.add_server("Attic", owner=owner)
    result = await paste(hass, await begin_with(hass, "paste"), browser)
    assert at(result) == "choose_server"
    assert set(options_of(result, "server")) == {home.machine_identifier, attic.machine_identifier}
    result = await submit(hass, result, server=attic.machine_identifier)
    data = stored(await submit(hass, result))
    assert data[CONF_URL] == attic.url
    assert data[CONF_TOKEN_SOURCE] == TokenSource.LINKED


async def test_pasted_token_is_kept_where_it_cannot_be_exchanged(
    hass: HomeAssistant, world: World, home: PlexServer, browser: str
) -> None:
    """Its kind is remembered."""
    world.plex_tv.faults.set(Fault.status(403), paths=LINK)
    result = await paste(hass, await begin_with(hass, "paste"), browser)
    data = stored(await submit(hass, result))
    assert data[CONF_TOKEN_SOURCE] == TokenSource.PASTED
    assert data[CONF_ACCOUNT_TOKEN] == data[CONF_SERVER_TOKEN] == browser
    assert data[CONF_URL] == home.url


async def test_pasted_address_that_only_the_browser_reaches(
    hass: HomeAssistant, world: World, owner: Account, home: PlexServer, browser: str
) -> None:
    """plex.tv knows whose address it is, and a better one."""
    await world.add_server("Attic", owner=owner)
    port = world.refusing_port()
    elsewhere = Connection(uri=f"http://127.0.0.1:{port}", address="127.0.0.1", port=port)
    home.connections = [elsewhere, home.own_connection()]
    result = await paste(hass, await begin_with(hass, "paste"), view_xml(elsewhere.uri, browser))
    assert at(result) == "verify"
    assert filled_in(result)["server"] == "Home"
    assert filled_in(result)["url"] == home.url


async def test_pasted_address_that_nobody_knows(
    hass: HomeAssistant, world: World, home: PlexServer, browser: str
) -> None:
    """The account is enough then."""
    text = view_xml(f"http://127.0.0.1:{world.refusing_port()}", browser)
    result = await paste(hass, await begin_with(hass, "paste"), text)
    assert at(result) == "verify"
    assert filled_in(result)["url"] == home.url


async def test_pasted_token_of_a_shared_server(
    hass: HomeAssistant, world: World, home: PlexServer, friend: Account
) -> None:
    """A guest's browser shows a token that is good at this server only."""
    token = home.share_with(friend)
    result = await paste(hass, await begin_with(hass, "paste"), view_xml(home.url, token))
    assert at(result) == "verify_token_limited"
    assert filled_in(result)["server"] == "Home"

    data = stored(await choose(hass, result, "finish"))
    assert data[CONF_TOKEN_SOURCE] == TokenSource.PASTED
    assert data[CONF_SERVER_TOKEN] == token
    assert CONF_ACCOUNT_TOKEN not in data
    assert world.plex_tv.devices_of(friend) == []


async def test_pasted_token_of_a_server_alone_asks_for_its_address(
    hass: HomeAssistant, world: World, owner: Account, home: PlexServer
) -> None:
    """Somebody who has it need not paste an address."""
    token = home.regenerate_token(owner)
    result = await paste(hass, await begin_with(hass, "paste"), token)
    assert at(result) == "server_address"
    assert error_of(result) == "token_unknown"
    assert suggestions_of(result) == {}

    result = await submit(hass, result, **address(f"http://127.0.0.1:{world.refusing_port()}"))
    assert at(result) == "server_address"
    assert error_of(result) == "cannot_connect"

    result = await submit(hass, result, **address(home.url))
    assert at(result) == "verify_token"
    assert stored(await choose(hass, result, "finish"))[CONF_SERVER_TOKEN] == token


async def test_pasted_address_of_a_server_alone_that_does_not_answer(
    hass: HomeAssistant, world: World, owner: Account, home: PlexServer
) -> None:
    """The form comes with what was pasted, except the token."""
    token = home.regenerate_token(owner)
    dead = f"http://127.0.0.1:{world.refusing_port()}"
    result = await paste(hass, await begin_with(hass, "paste"), view_xml(dead, token))
    assert at(result) == "server_address"
    assert error_of(result) == "cannot_connect"
    assert suggestions_of(result) == address(dead)
    result = await submit(hass, result, **address(home.url))
    assert at(result) == "verify_token"


async def test_sign_in_instead_of_a_pasted_token(
    hass: HomeAssistant, world: World, owner: Account, home: PlexServer
) -> None:
    """The better way is one click away."""
    token = home.regenerate_token(owner)
    result = await paste(hass, await begin_with(hass, "paste"), view_xml(home.url, token))
    assert at(result) == "verify_token"
    result = await sign_in(hass, world, result, owner)
    assert at(result) == "verify"
    assert stored(await submit(hass, result))[CONF_TOKEN_SOURCE] == TokenSource.SIGN_IN


async def test_network_without_internet(
    hass: HomeAssistant, world: World, home: PlexServer, browser: str
) -> None:
    """An address with a token does without plex.tv from the beginning."""
    await world.plex_tv.stop()
    result = await paste(hass, await begin_with(hass, "paste"), view_xml(home.url, browser))
    assert at(result) == "verify_token"
    data = stored(await choose(hass, result, "finish"))
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
async def test_what_is_no_lasting_token_is_refused_with_its_reason(
    hass: HomeAssistant, world: World, home: PlexServer, browser: str, text: str, error: str
) -> None:
    """Nobody is asked about it, and a good one goes on from there."""
    result = await paste(hass, await begin_with(hass, "paste"), text)
    assert result["errors"] == {"address_or_token": error}
    assert suggestions_of(result) == {}
    assert len(world.requests) == 0
    assert error_of(await look_again(hass, result)) is None

    result = await paste(hass, result, view_xml(home.url, browser))
    assert at(result) == "verify"


@pytest.mark.usefixtures("home")
async def test_plex_tv_is_away_for_a_bare_token(
    hass: HomeAssistant, world: World, browser: str
) -> None:
    """Without it nothing can be said, so it is tried again."""
    world.plex_tv.faults.set(Fault.status(429, retry_after=90))
    result = await paste(hass, await begin_with(hass, "paste"), browser)
    assert at(result) == "paste"
    assert error_of(result) == "rate_limited"
    assert filled_in(result)["minutes"] == "2"

    world.plex_tv.faults.clear()
    assert at(await paste(hass, result, browser)) == "verify"


@pytest.mark.usefixtures("home")
async def test_plex_tv_goes_away_after_the_exchange(
    hass: HomeAssistant, world: World, owner: Account, browser: str
) -> None:
    """The first token of our own is not left behind when it is tried again."""
    lose_plex_tv(world, RESOURCES)
    result = await paste(hass, await begin_with(hass, "paste"), browser)
    assert error_of(result) == "plex_tv_unreachable"
    assert len(world.plex_tv.devices_of(owner)) == 2

    world.plex_tv.faults.clear()
    result = await paste(hass, result, browser)
    data = stored(await submit(hass, result))
    assert world.plex_tv.tokens_of(owner) == [browser, data[CONF_ACCOUNT_TOKEN]]


async def test_closed_while_a_token_is_exchanged(
    hass: HomeAssistant, world: World, owner: Account, home: PlexServer, browser: str
) -> None:
    """What comes too late is given back."""
    result = await begin_with(hass, "paste")
    rule = world.plex_tv.faults.set(Fault.slow(0.05), paths=LINK)
    pasting = hass.async_create_task(paste(hass, result, view_xml(home.url, browser)))
    await eventually(hass, lambda: rule.hits)
    await close(hass, result)
    with pytest.raises(UnknownFlow):
        await pasting
    await eventually(hass, lambda: world.plex_tv.tokens_of(owner) == [browser])


async def test_token_that_nobody_takes(
    hass: HomeAssistant, world: World, owner: Account, home: PlexServer, browser: str
) -> None:
    """plex.tv does not know it and the server refuses it: another one can be pasted."""
    result = await paste(hass, await begin_with(hass, "paste"), view_xml(home.url, UNKNOWN))
    assert at(result) == "token_refused"
    result = await choose(hass, result, "retry_verify")
    assert at(result) == "token_refused"
    result = await choose(hass, result, "paste")
    result = await paste(hass, result, view_xml(home.url, browser))
    assert at(result) == "verify"
    assert len(world.plex_tv.devices_of(owner)) == 2


async def test_token_of_an_account_that_has_no_access_to_the_pasted_server(
    hass: HomeAssistant, world: World, home: PlexServer, owner: Account, friend: Account
) -> None:
    """The server is not shown that token, and somebody else can sign in."""
    token = world.plex_tv.sign_in(friend)
    result = await paste(hass, await begin_with(hass, "paste"), view_xml(home.url, token))
    assert at(result) == "wrong_account"
    assert error_of(result) == "wrong_account"
    assert filled_in(result)["account"] == "friend"
    assert filled_in(result)["server"] == "127.0.0.1"
    assert tokens_sent_to(world, home) == set()

    result = await approve(hass, world, await submit(hass, result), owner)
    assert at(result) == "verify"
    assert world.plex_tv.tokens_of(friend) == [token]


async def test_pasted_server_is_set_up_already(
    hass: HomeAssistant, world: World, owner: Account, home: PlexServer, browser: str
) -> None:
    """The token that was made for it is given back."""
    MockConfigEntry(domain=DOMAIN, unique_id=home.machine_identifier).add_to_hass(hass)
    result = await paste(hass, await begin_with(hass, "paste"), view_xml(home.url, browser))
    assert result["reason"] == "already_configured"
    await eventually(hass, lambda: world.plex_tv.tokens_of(owner) == [browser])


# No token


@pytest.mark.parametrize("why", ["unclaimed", "allowed"])
async def test_server_that_wants_no_token(
    hass: HomeAssistant, world: World, home: PlexServer, why: str
) -> None:
    """Nobody has claimed it, or it allows this network."""
    home.claimed = why != "unclaimed"
    home.allowed_without_auth = why == "allowed"
    result = await begin_with(hass, "no_token")
    assert at(result) == "no_token"
    assert suggestions_of(result) == {}
    result = await submit(hass, result, **address(home.url))
    assert at(result) == "verify_no_token"
    assert filled_in(result)["server"] == "Home"
    assert at(await look_again(hass, result)) == "verify_no_token"

    data = stored(await submit(hass, result))
    assert set(data) == {CONF_URL, CONF_VERIFY_SSL, CONF_CLIENT_IDENTIFIER, CONF_TOKEN_SOURCE}
    assert data[CONF_TOKEN_SOURCE] == TokenSource.NONE
    assert world.requests.to("plex.tv") == []


async def test_server_that_wants_a_token(
    hass: HomeAssistant, world: World, home: PlexServer
) -> None:
    """It is said, and the form can be used for another one."""
    result = await begin_with(hass, "no_token")
    for typed, error in (
        ("http://", "invalid_url"),
        (f"http://127.0.0.1:{world.refusing_port()}", "cannot_connect"),
        (home.url, "wants_token"),
    ):
        result = await submit(hass, result, **address(typed))
        assert at(result) == "no_token"
        assert error_of(result) == error
        assert suggestions_of(result) == address(typed)

    home.faults.set(Fault.status(500), paths="^/$")
    result = await submit(hass, result, **address(home.url))
    assert error_of(result) == "server_starting"

    home.faults.clear()
    home.claimed = False
    result = await submit(hass, result, **address(home.url))
    assert at(result) == "verify_no_token"
