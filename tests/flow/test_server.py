"""Where the server is, and whether it takes the token: seen before anything is stored."""

from collections.abc import AsyncGenerator
from functools import partial
import socket
import ssl
from typing import override
from unittest.mock import patch

from aiohttp import ClientSession, TCPConnector, ThreadedResolver
from aiohttp.abc import ResolveResult
from homeassistant.const import CONF_URL, CONF_VERIFY_SSL
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import (
    FlowResultType,
)
import pytest

from tests.simulator import Account, Connection, Fault, PlexServer, World
from tests.support.flows import (
    address,
    at,
    begin,
    choose,
    error_of,
    filled_in,
    look_again,
    sign_in,
    submit,
    suggestions_of,
    tokens_sent_to,
)

pytestmark = pytest.mark.usefixtures("mock_setup_entry", "quick_polling")


# Where the server is


async def test_dead_addresses_cost_no_waiting(
    hass: HomeAssistant, world: World, owner: Account, home: PlexServer
) -> None:
    """All are tried at once, and the best that answers is kept."""
    refusing, hanging = world.refusing_port(), world.hanging_port()
    home.connections = [
        Connection(uri=f"http://127.0.0.1:{hanging}", address="127.0.0.1", port=hanging),
        Connection(uri=f"http://127.0.0.1:{refusing}", address="127.0.0.1", port=refusing),
        home.own_connection(),
    ]
    with patch("custom_components.plex_monitor.plex.connection.DEFAULT_GRACE", 0.05):
        result = await sign_in(hass, world, await begin(hass), owner)
    assert at(result) == "verify"
    assert filled_in(result)["url"] == home.url


@pytest.fixture
async def trusting_session(hass: HomeAssistant, world: World) -> AsyncGenerator[ClientSession]:
    """Return a session to which the world's certificates and plex.direct names are real ones."""

    class EveryNameIsHere(ThreadedResolver):
        """Resolve every name to this machine."""

        @override
        async def resolve(
            self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
        ) -> list[ResolveResult]:
            return await super().resolve("127.0.0.1", port, family)

    context = await hass.async_add_executor_job(
        partial(ssl.create_default_context, cafile=world.ca_file)
    )
    connector = TCPConnector(ssl=context, resolver=EveryNameIsHere())
    async with ClientSession(connector=connector) as session:
        yield session


async def test_encrypted_address_is_better_than_a_plain_one(
    hass: HomeAssistant, world: World, owner: Account, trusting_session: ClientSession
) -> None:
    """Both answer, and the one with the certificate of plex.direct is kept."""
    home = await world.add_server("Home", owner=owner, tls=True)
    home.https_required = False
    base = "custom_components.plex_monitor"
    with (
        patch(f"{base}.flow.server.async_get_clientsession", return_value=trusting_session),
        patch(f"{base}.clients.async_get_clientsession", return_value=trusting_session),
    ):
        result = await sign_in(hass, world, await begin(hass), owner)
    assert at(result) == "verify"
    assert filled_in(result)["url"] == home.url
    assert home.url.endswith(f".plex.direct:{home.port}")


async def test_plain_address_where_plex_direct_cannot_be_used(
    hass: HomeAssistant, world: World, owner: Account
) -> None:
    """A router that refuses its names is no reason to ask the user."""
    # A loop in debug mode reports the handshake that fails at the server, which is in this process.
    hass.loop.set_debug(enabled=False)
    home = await world.add_server("Home", owner=owner, tls=True)
    home.https_required = False
    home.connections = [
        Connection(uri=f"https://127.0.0.1:{home.port}", address="127.0.0.1", port=home.port)
    ]
    result = await sign_in(hass, world, await begin(hass), owner)
    assert at(result) == "verify"
    assert filled_in(result)["url"] == f"http://127.0.0.1:{home.port}"


async def test_another_server_at_a_listed_address_is_not_taken(
    hass: HomeAssistant, world: World, owner: Account, home: PlexServer, friend: Account
) -> None:
    """Who answers is compared before a token is shown."""
    stranger = await world.add_server("Stranger", owner=friend)
    home.connections = [stranger.own_connection(), home.own_connection()]
    result = await sign_in(hass, world, await begin(hass), owner)
    assert filled_in(result)["url"] == home.url
    assert tokens_sent_to(world, stranger) == set()


async def test_address_is_asked_for_when_none_answers(
    hass: HomeAssistant, world: World, owner: Account, home: PlexServer, friend: Account
) -> None:
    """The form names the server, keeps what was typed, and takes only that server."""
    dead = f"http://127.0.0.1:{world.refusing_port()}"
    home.connections = [Connection(uri=dead, address="127.0.0.1", port=int(dead[-5:]))]
    stranger = await world.add_server("Stranger", owner=friend)
    result = await sign_in(hass, world, await begin(hass), owner)
    assert at(result) == "address"
    assert error_of(result) == "no_connection"
    assert filled_in(result)["server"] == "Home"
    assert suggestions_of(result) == address(dead)
    assert error_of(await look_again(hass, result)) == "no_connection"

    for typed, error in (
        ("not an address", "invalid_url"),
        ("ftp://192.0.2.1", "invalid_url"),
        (dead, "cannot_connect"),
        (stranger.url, "wrong_server"),
        (world.plex_tv.url, "not_plex"),
    ):
        result = await submit(hass, result, **address(typed))
        assert at(result) == "address"
        assert error_of(result) == error
        assert suggestions_of(result) == address(typed)
    assert tokens_sent_to(world, stranger) == set()

    home.faults.set(Fault.MAINTENANCE)
    result = await submit(hass, result, **address(home.url))
    assert error_of(result) == "server_starting"
    home.faults.clear()

    result = await submit(hass, result, **address(f"{home.url}/web/index.html#!/"))
    assert at(result) == "verify"
    result = await submit(hass, result)
    assert result["result"].data[CONF_URL] == home.url


async def test_server_without_any_address(
    hass: HomeAssistant, world: World, owner: Account, home: PlexServer
) -> None:
    """The form is empty then."""
    home.connections = []
    result = await sign_in(hass, world, await begin(hass), owner)
    assert at(result) == "address"
    assert suggestions_of(result) == {}
    # A host alone is enough, and Plex's own port is taken then.
    host, port = home.url.removeprefix("http://").split(":")
    with patch("custom_components.plex_monitor.flow.forms.DEFAULT_PORT", int(port)):
        result = await submit(hass, result, **address(f" {host} "))
    assert filled_in(result)["url"] == home.url


async def test_certificate_of_ones_own(hass: HomeAssistant, world: World, owner: Account) -> None:
    """It is refused with its reason, until the check is turned off on purpose."""
    # A loop in debug mode reports the handshake that fails at the server, which is in this process.
    hass.loop.set_debug(enabled=False)
    home = await world.add_server("Home", owner=owner, tls=True)
    home.connections = []
    typed = f"https://127.0.0.1:{home.port}"
    result = await sign_in(hass, world, await begin(hass), owner)
    result = await submit(hass, result, **address(typed))
    assert error_of(result) == "certificate"
    result = await submit(hass, result, **address(typed, verify_ssl=False))
    assert at(result) == "verify"
    data = (await submit(hass, result))["result"].data
    assert (data[CONF_URL], data[CONF_VERIFY_SSL]) == (typed, False)


# The token at the server


async def test_server_refuses_a_token_that_plex_tv_has_just_given(
    hass: HomeAssistant, world: World, owner: Account, home: PlexServer
) -> None:
    """It is said in words, and can be tried again without another sign-in."""
    home.rejects_tokens = True
    result = await sign_in(hass, world, await begin(hass), owner)
    assert at(result) == "token_refused"
    assert result["menu_options"] == ["retry_verify", "sign_in", "paste"]
    assert filled_in(result)["server"] == "Home"
    assert at(await look_again(hass, result)) == "token_refused"
    result = await choose(hass, result, "retry_verify")
    assert at(result) == "token_refused"

    home.rejects_tokens = False
    result = await choose(hass, result, "retry_verify")
    assert at(result) == "verify"


@pytest.mark.parametrize(
    ("path", "fault", "error"),
    [
        ("^/$", Fault.status(503), "server_starting"),
        ("^/$", Fault.GARBLED, "not_plex"),
        ("^/status/sessions", Fault.status(500), "server_starting"),
        ("^/status/sessions", Fault.TRUNCATED, "not_plex"),
    ],
)
async def test_server_fails_while_it_is_tried(
    hass: HomeAssistant,
    world: World,
    owner: Account,
    home: PlexServer,
    path: str,
    fault: Fault,
    error: str,
) -> None:
    """Nothing is stored before it has worked, and the address can be tried again or changed."""
    home.faults.set(fault, paths=path)
    result = await sign_in(hass, world, await begin(hass), owner)
    assert at(result) == "address"
    assert error_of(result) == error
    assert suggestions_of(result) == address(home.url)

    home.faults.clear()
    result = await submit(hass, result, **address(home.url))
    assert at(result) == "verify"
    assert (await submit(hass, result))["type"] is FlowResultType.CREATE_ENTRY
