"""Adding a server: sign in with Plex, choose, see what was found, store it."""

from collections.abc import AsyncGenerator
from functools import partial
from http import HTTPStatus
import logging
import socket
import ssl
from typing import override
from unittest.mock import AsyncMock, patch

from aiohttp import ClientSession, TCPConnector, ThreadedResolver
from aiohttp.abc import ResolveResult
from homeassistant.config_entries import SOURCE_IGNORE
from homeassistant.const import CONF_URL, CONF_VERIFY_SSL
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import (
    EVENT_DATA_ENTRY_FLOW_PROGRESSED,
    FlowResultType,
)
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_capture_events
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.plex_monitor.const import (
    CONF_ACCOUNT_TOKEN,
    CONF_CLIENT_IDENTIFIER,
    CONF_SERVER_TOKEN,
    CONF_TOKEN_SOURCE,
    DOMAIN,
    TokenSource,
)
from custom_components.plex_monitor.flow_models import EXAMPLE_URL

from .flows import (
    address,
    approve,
    at,
    begin,
    begin_with,
    choose,
    close,
    error_of,
    filled_in,
    look_again,
    options_of,
    sign_in,
    submit,
    suggestions_of,
    tokens_sent_to,
)
from .helpers import eventually
from .simulator import Account, Connection, Fault, PlexServer, World

pytestmark = pytest.mark.usefixtures("mock_setup_entry", "quick_polling")


@pytest.fixture
def friend(world: World) -> Account:
    """Return somebody else."""
    return world.plex_tv.add_account("friend")


async def test_sign_in_adds_the_only_server(
    hass: HomeAssistant,
    world: World,
    owner: Account,
    home: PlexServer,
    mock_setup_entry: AsyncMock,
) -> None:
    """The dialog goes on by itself, and says what it found before anything is stored."""
    result = await begin_with(hass, "sign_in")
    assert result["type"] is FlowResultType.SHOW_PROGRESS
    assert result["progress_action"] == "wait_for_approval"
    pin = world.plex_tv.waiting_pins()[0]
    assert filled_in(result) == {
        "code": pin.code,
        "link": f"{world.plex_tv.url}/link/?pin={pin.code}",
        "qr_url": f"{world.plex_tv.url}/api/v2/pins/qr/{pin.code}",
    }
    assert not pin.strong

    result = await approve(hass, world, result, owner)
    assert at(result) == "verify"
    assert dict(filled_in(result)) == {
        "account": "owner",
        "example_url": EXAMPLE_URL,
        "server": "Home",
        "url": home.url,
        "version": home.version,
    }
    assert hass.config_entries.async_entries(DOMAIN) == []

    result = await submit(hass, result)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    entry = result["result"]
    device = world.plex_tv.devices_of(owner)[0]
    assert entry.title == "Home"
    assert entry.unique_id == home.machine_identifier
    assert entry.data == {
        CONF_URL: home.url,
        CONF_VERIFY_SSL: True,
        CONF_CLIENT_IDENTIFIER: device.client_identifier,
        CONF_ACCOUNT_TOKEN: device.token,
        CONF_SERVER_TOKEN: device.token,
        CONF_TOKEN_SOURCE: TokenSource.SIGN_IN,
    }
    assert device.product == "Home Assistant"
    assert device.name == "Home Assistant (test home)"
    mock_setup_entry.assert_awaited_once()

    # What is in use is not signed out when the dialog has done its work.
    await hass.async_block_till_done(wait_background_tasks=True)
    assert world.plex_tv.is_valid(device.token)


@pytest.mark.allowed_logs("^aiohttp_fast_zlib: ")
@pytest.mark.usefixtures("home")
async def test_sign_in_as_the_frontend_does_it(
    hass: HomeAssistant,
    hass_client: ClientSessionGenerator,
    world: World,
    owner: Account,
) -> None:
    """Every step can be sent to a browser, and the progress step ends with an event and a GET."""
    assert await async_setup_component(hass, "config", {})
    client = await hass_client()
    flows = "/api/config/config_entries/flow"

    async def step(path: str = "", body: object = None) -> dict[str, object]:
        response = await (
            client.get(flows + path) if body is None else client.post(flows + path, json=body)
        )
        assert response.status == HTTPStatus.OK
        result: dict[str, object] = await response.json()
        return result

    events = async_capture_events(hass, EVENT_DATA_ENTRY_FLOW_PROGRESSED)
    result = await step(body={"handler": DOMAIN})
    flow = f"/{result['flow_id']}"
    assert result["menu_options"] == ["sign_in", "paste", "no_token"]
    result = await step(flow, {"next_step_id": "sign_in"})
    assert result["type"] == "progress"
    assert (await step(flow))["type"] == "progress"
    world.plex_tv.approve_pin(world.plex_tv.waiting_pins()[0].code, owner)
    await eventually(hass, lambda: events)
    result = await step(flow)
    assert (result["type"], result["step_id"]) == ("form", "verify")
    result = await step(flow, {})
    assert result["type"] == "create_entry"

    result = await step(body={"handler": DOMAIN})
    flow = f"/{result['flow_id']}"
    result = await step(flow, {"next_step_id": "paste"})
    assert result["data_schema"] == [
        {
            "name": "address_or_token",
            "required": True,
            "secret": True,
            "selector": {
                "text": {
                    "autocomplete": "off",
                    "multiline": False,
                    "multiple": False,
                    "type": "password",
                }
            },
        }
    ]


async def test_choose_among_several_servers(
    hass: HomeAssistant, world: World, owner: Account, home: PlexServer, friend: Account
) -> None:
    """Own and shared ones are told apart, those of the same name too, known ones are left out."""
    attic = await world.add_server("Attic", owner=owner)
    twin = await world.add_server("Attic", owner=owner)
    cinema = await world.add_server("Cinema", owner=friend)
    cinema.share_with(owner)
    MockConfigEntry(domain=DOMAIN, unique_id=home.machine_identifier).add_to_hass(hass)
    ignored = await world.add_server("Ignored", owner=owner)
    MockConfigEntry(
        domain=DOMAIN, unique_id=ignored.machine_identifier, source=SOURCE_IGNORE
    ).add_to_hass(hass)

    result = await sign_in(hass, world, await begin(hass), owner)
    assert at(result) == "choose_server"
    assert options_of(result, "server") == {
        attic.machine_identifier: f"Attic (owner) {attic.machine_identifier[:8]}",
        twin.machine_identifier: f"Attic (owner) {twin.machine_identifier[:8]}",
        cinema.machine_identifier: "Cinema (friend)",
        ignored.machine_identifier: "Ignored (owner)",
    }
    assert at(await look_again(hass, result)) == "choose_server"

    result = await submit(hass, result, server=twin.machine_identifier)
    assert at(result) == "verify"
    result = await submit(hass, result)
    assert result["result"].unique_id == twin.machine_identifier
    assert not world.requests.to(attic.name, "/status/sessions")[1:]


async def test_two_servers_side_by_side(
    hass: HomeAssistant, world: World, owner: Account, home: PlexServer
) -> None:
    """The second one gets a token of its own, so that each can be revoked alone."""
    attic = await world.add_server("Attic", owner=owner)
    result = await sign_in(hass, world, await begin(hass), owner)
    result = await submit(hass, result, server=home.machine_identifier)
    first = (await submit(hass, result))["result"]

    result = await sign_in(hass, world, await begin(hass), owner)
    assert filled_in(result)["server"] == "Attic"
    second = (await submit(hass, result))["result"]

    assert (first.unique_id, second.unique_id) == (
        home.machine_identifier,
        attic.machine_identifier,
    )
    assert first.data[CONF_CLIENT_IDENTIFIER] != second.data[CONF_CLIENT_IDENTIFIER]
    tokens = {first.data[CONF_ACCOUNT_TOKEN], second.data[CONF_ACCOUNT_TOKEN]}
    assert len(tokens) == 2
    assert all(world.plex_tv.is_valid(token) for token in tokens)


async def test_shared_server_says_what_will_be_missing(
    hass: HomeAssistant, world: World, home: PlexServer, friend: Account
) -> None:
    """Only the server's own token goes to a shared server, never that of the account."""
    home.share_with(friend)
    result = await sign_in(hass, world, await begin(hass), friend)
    assert at(result) == "verify_limited"
    assert result["menu_options"] == ["finish", "sign_in"]
    assert filled_in(result)["account"] == "friend"

    result = await choose(hass, result, "finish")
    assert result["type"] is FlowResultType.CREATE_ENTRY
    data = result["result"].data
    assert data[CONF_SERVER_TOKEN] == home.access_token_for(friend)
    assert data[CONF_ACCOUNT_TOKEN] == world.plex_tv.tokens_of(friend)[0]
    assert tokens_sent_to(world, home) == {data[CONF_SERVER_TOKEN]}


async def test_sign_in_as_someone_else_instead(
    hass: HomeAssistant, world: World, owner: Account, home: PlexServer, friend: Account
) -> None:
    """Whoever does not go on leaves no device behind at plex.tv."""
    home.refuses_with_401 = True
    home.share_with(friend)
    result = await sign_in(hass, world, await begin(hass), friend)
    assert at(result) == "verify_limited"
    result = await sign_in(hass, world, result, owner)
    assert world.plex_tv.devices_of(friend) == []
    assert at(result) == "verify"
    assert filled_in(result)["account"] == "owner"
    result = await submit(hass, result)
    assert result["result"].data[CONF_ACCOUNT_TOKEN] == world.plex_tv.tokens_of(owner)[0]


async def test_account_without_any_server(
    hass: HomeAssistant, world: World, owner: Account, home: PlexServer, friend: Account
) -> None:
    """It is said in words, and somebody else can sign in."""
    result = await sign_in(hass, world, await begin(hass), friend)
    assert at(result) == "no_server"
    assert filled_in(result)["account"] == "friend"
    await eventually(hass, lambda: not world.plex_tv.devices_of(friend))

    result = await sign_in(hass, world, result, owner)
    assert filled_in(result)["server"] == home.name


async def test_account_whose_servers_are_all_set_up(
    hass: HomeAssistant, world: World, owner: Account, home: PlexServer, friend: Account
) -> None:
    """It is said in words, and somebody else can sign in."""
    MockConfigEntry(domain=DOMAIN, unique_id=home.machine_identifier).add_to_hass(hass)
    result = await sign_in(hass, world, await begin(hass), owner)
    assert at(result) == "all_configured"
    await eventually(hass, lambda: not world.plex_tv.devices_of(owner))

    await world.add_server("Cinema", owner=friend)
    result = await sign_in(hass, world, result, friend)
    assert filled_in(result)["server"] == "Cinema"


async def test_server_set_up_while_the_dialog_was_open(
    hass: HomeAssistant, world: World, owner: Account, home: PlexServer
) -> None:
    """The one that is there stays, and the token that came too late is given back."""
    await world.add_server("Attic", owner=owner)
    result = await sign_in(hass, world, await begin(hass), owner)
    MockConfigEntry(domain=DOMAIN, unique_id=home.machine_identifier).add_to_hass(hass)
    result = await submit(hass, result, server=home.machine_identifier)
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "already_configured"
    await eventually(hass, lambda: not world.plex_tv.devices_of(owner))


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
        patch(f"{base}.flow_verify.async_get_clientsession", return_value=trusting_session),
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
    with patch("custom_components.plex_monitor.flow_models.DEFAULT_PORT", int(port)):
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


# The token


async def test_token_is_shown_to_nobody(
    hass: HomeAssistant,
    world: World,
    owner: Account,
    home: PlexServer,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """It stands in no dialog, no log and no address; only in the entry that is stored."""
    caplog.set_level(logging.DEBUG)
    browser = world.plex_tv.sign_in(owner)
    await world.add_server("Attic", owner=owner)
    seen = []
    result = await sign_in(hass, world, await begin(hass), owner)
    seen.append(result)
    result = await submit(hass, result, server=home.machine_identifier)
    seen.append(result)
    tokens = [*world.plex_tv.tokens_of(owner)]
    await close(hass, result)

    result = await begin_with(hass, "paste")
    for text in (f"claim-{browser}", f"{home.url}/?X-Plex-Token={browser}"):
        result = await submit(hass, result, address_or_token=text)
        seen.append(result)
    tokens += world.plex_tv.tokens_of(owner)
    home.rejects_tokens = True
    await close(hass, result)
    result = await begin_with(hass, "paste")
    result = await submit(hass, result, address_or_token=f"{home.url}/?X-Plex-Token={browser}")
    seen.append(result)
    tokens += world.plex_tv.tokens_of(owner)
    await close(hass, result)

    assert len(set(tokens)) == 4
    shown = repr(seen) + caplog.text
    assert not [token for token in tokens if token in shown]
    assert not any(record.token_in_query for record in world.requests)
