"""The address of the server, and whether it accepts the token, before anything is stored."""

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
from homeassistant.data_entry_flow import FlowResultType
import pytest

from tests.simulator import Account, Fault, PlexServer, World
from tests.support.flows import (
    address_input,
    connection_to,
    dead_url,
    error_of,
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

pytestmark = pytest.mark.usefixtures("mock_setup_entry", "quick_polling")


# Where the server is


async def test_dead_addresses_are_not_waited_for(
    hass: HomeAssistant, world: World, owner: Account, home: PlexServer
) -> None:
    """All addresses are tried at once, and the best that answers is used."""
    refusing, hanging = world.refusing_port(), world.hanging_port()
    home.connections = [
        connection_to(f"http://127.0.0.1:{hanging}"),
        connection_to(f"http://127.0.0.1:{refusing}"),
        home.own_connection(),
    ]
    with patch("custom_components.plex_monitor.plex.addresses.DEFAULT_GRACE", 0.05):
        result = await sign_in(hass, world, await start_flow(hass), owner)
    assert step_of(result) == "verify"
    assert placeholders_of(result)["url"] == home.url


@pytest.fixture
async def trusting_session(hass: HomeAssistant, world: World) -> AsyncGenerator[ClientSession]:
    """Return a session that trusts the world's certificates and resolves plex.direct names."""

    class EveryNameIsHere(ThreadedResolver):
        """Resolver of every name to this machine."""

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


async def test_encrypted_address_is_preferred(
    hass: HomeAssistant, world: World, owner: Account, trusting_session: ClientSession
) -> None:
    """Both answer, and the one with the certificate of plex.direct is used."""
    home = await world.add_server("Home", owner=owner, tls=True)
    home.https_required = False
    base = "custom_components.plex_monitor"
    with (
        patch(f"{base}.flow.server.plex_session", return_value=trusting_session),
        patch(f"{base}.clients.plex_session", return_value=trusting_session),
    ):
        result = await sign_in(hass, world, await start_flow(hass), owner)
    assert step_of(result) == "verify"
    assert placeholders_of(result)["url"] == home.url
    assert home.url.endswith(f".plex.direct:{home.port}")


@pytest.mark.usefixtures("failing_handshakes")
async def test_plain_address_where_plex_direct_cannot_be_used(
    hass: HomeAssistant, world: World, owner: Account
) -> None:
    """It is used without asking, as where a router refuses the names of plex.direct."""
    home = await world.add_server("Home", owner=owner, tls=True)
    home.https_required = False
    home.connections = [connection_to(f"https://127.0.0.1:{home.port}")]
    result = await sign_in(hass, world, await start_flow(hass), owner)
    assert step_of(result) == "verify"
    assert placeholders_of(result)["url"] == f"http://127.0.0.1:{home.port}"


async def test_another_server_at_a_listed_address_is_not_used(
    hass: HomeAssistant, world: World, owner: Account, home: PlexServer, friend: Account
) -> None:
    """The identity is compared before a token is sent."""
    stranger = await world.add_server("Stranger", owner=friend)
    home.connections = [stranger.own_connection(), home.own_connection()]
    result = await sign_in(hass, world, await start_flow(hass), owner)
    assert placeholders_of(result)["url"] == home.url
    assert tokens_sent_to(world, stranger) == set()


async def test_address_is_asked_for_when_none_answers(
    hass: HomeAssistant, world: World, owner: Account, home: PlexServer, friend: Account
) -> None:
    """The form names the server, keeps the input, and accepts only that server."""
    dead = dead_url(world)
    home.connections = [connection_to(dead)]
    stranger = await world.add_server("Stranger", owner=friend)
    result = await sign_in(hass, world, await start_flow(hass), owner)
    assert step_of(result) == "address"
    assert error_of(result) == "no_connection"
    assert placeholders_of(result)["server"] == "Home"
    assert suggested_values(result) == address_input(dead)
    assert error_of(await reopen(hass, result)) == "no_connection"

    for typed, error in (
        ("not an address", "invalid_url"),
        ("ftp://192.0.2.1", "invalid_url"),
        (dead, "cannot_connect"),
        (stranger.url, "wrong_server"),
        (world.plex_tv.url, "not_plex"),
    ):
        result = await submit(hass, result, **address_input(typed))
        assert step_of(result) == "address"
        assert error_of(result) == error
        assert suggested_values(result) == address_input(typed)
    assert tokens_sent_to(world, stranger) == set()

    home.faults.set(Fault.MAINTENANCE)
    result = await submit(hass, result, **address_input(home.url))
    assert error_of(result) == "server_starting"
    home.faults.clear()

    result = await submit(hass, result, **address_input(f"{home.url}/web/index.html#!/"))
    assert step_of(result) == "verify"
    result = await submit(hass, result)
    assert result["result"].data[CONF_URL] == home.url


async def test_server_without_any_address(
    hass: HomeAssistant, world: World, owner: Account, home: PlexServer
) -> None:
    """The form is empty, and a host without a port is enough."""
    home.connections = []
    result = await sign_in(hass, world, await start_flow(hass), owner)
    assert step_of(result) == "address"
    assert suggested_values(result) == {}
    # A host alone is enough; the port defaults to Plex's own.
    host, port = home.url.removeprefix("http://").split(":")
    with patch("custom_components.plex_monitor.flow.forms.DEFAULT_PORT", int(port)):
        result = await submit(hass, result, **address_input(f" {host} "))
    assert placeholders_of(result)["url"] == home.url


@pytest.mark.usefixtures("failing_handshakes")
async def test_self_signed_certificate(hass: HomeAssistant, world: World, owner: Account) -> None:
    """The form refuses it with the reason until its verification is turned off."""
    home = await world.add_server("Home", owner=owner, tls=True)
    home.connections = []
    typed = f"https://127.0.0.1:{home.port}"
    result = await sign_in(hass, world, await start_flow(hass), owner)
    result = await submit(hass, result, **address_input(typed))
    assert error_of(result) == "certificate"
    result = await submit(hass, result, **address_input(typed, verify_ssl=False))
    assert step_of(result) == "verify"
    data = (await submit(hass, result))["result"].data
    assert (data[CONF_URL], data[CONF_VERIFY_SSL]) == (typed, False)


# The token at the server


async def test_server_refuses_the_new_token(
    hass: HomeAssistant, world: World, owner: Account, home: PlexServer
) -> None:
    """A menu says so, and the token can be tried again without another sign-in."""
    home.rejects_tokens = True
    result = await sign_in(hass, world, await start_flow(hass), owner)
    assert step_of(result) == "token_refused"
    assert result["menu_options"] == ["retry_verify", "sign_in", "paste"]
    assert placeholders_of(result)["server"] == "Home"
    assert step_of(await reopen(hass, result)) == "token_refused"
    result = await select(hass, result, "retry_verify")
    assert step_of(result) == "token_refused"

    home.rejects_tokens = False
    result = await select(hass, result, "retry_verify")
    assert step_of(result) == "verify"


@pytest.mark.parametrize("fault", [Fault.status(403), Fault.status(404), Fault.GARBLED])
async def test_server_that_returns_no_information_about_itself(
    hass: HomeAssistant, world: World, owner: Account, home: PlexServer, fault: Fault
) -> None:
    """Another path shows whether it accepts the token; plex.tv has its name."""
    home.faults.set(fault, paths="^/$")
    home.rejects_tokens = True
    result = await sign_in(hass, world, await start_flow(hass), owner)
    assert step_of(result) == "token_refused"
    home.rejects_tokens = False
    result = await select(hass, result, "retry_verify")
    assert step_of(result) == "verify"
    assert placeholders_of(result)["version"] == home.version
    result = await submit(hass, result)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    assert result["title"] == "Home"


@pytest.mark.parametrize(
    ("path", "fault", "error"),
    [
        ("^/$", Fault.status(503), "server_starting"),
        ("^/(media/providers)?$", Fault.status(403), "denied"),
        ("^/(media/providers)?$", Fault.status(404), "unexpected_response"),
        ("^/(media/providers)?$", Fault.status(498), "unexpected_response"),
        ("^/(media/providers)?$", Fault.GARBLED, "unexpected_response"),
        ("^/status/sessions", Fault.status(500), "server_starting"),
        ("^/status/sessions", Fault.TRUNCATED, "unexpected_response"),
    ],
)
async def test_server_fails_while_the_token_is_tried(
    hass: HomeAssistant,
    world: World,
    owner: Account,
    home: PlexServer,
    path: str,
    fault: Fault,
    error: str,
) -> None:
    """Nothing is stored before it has worked; the address can be tried again or changed."""
    home.faults.set(fault, paths=path)
    result = await sign_in(hass, world, await start_flow(hass), owner)
    assert step_of(result) == "address"
    assert error_of(result) == error
    assert suggested_values(result) == address_input(home.url)

    home.faults.clear()
    result = await submit(hass, result, **address_input(home.url))
    assert step_of(result) == "verify"
    assert (await submit(hass, result))["type"] is FlowResultType.CREATE_ENTRY
