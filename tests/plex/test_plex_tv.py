"""Requests to plex.tv."""

from functools import partial
import json

import aiohttp
from hypothesis import given, strategies as st
import pytest

from custom_components.plex_monitor.plex import plex_tv as module
from custom_components.plex_monitor.plex.errors import (
    PlexConnectionError,
    PlexError,
    PlexForbiddenError,
    PlexNotFoundError,
    PlexResponseError,
    PlexUnauthorizedError,
    PlexUnavailableError,
)
from custom_components.plex_monitor.plex.models import PlexAccount
from custom_components.plex_monitor.plex.plex_tv import PlexTv, has_error_body
from custom_components.plex_monitor.plex.transport import ClientIdentity
from tests.simulator import Account, Fault, World

from .strategies import objects_with

CLIENT = "plex-monitor-test"


@pytest.fixture
def plex_tv(world: World, session: aiohttp.ClientSession, identity: ClientIdentity) -> PlexTv:
    """Return a client of the simulated plex.tv."""
    return PlexTv(session, identity, url=world.plex_tv.url)


@pytest.fixture
def owner(world: World) -> Account:
    """Return an account with Plex Pass."""
    return world.plex_tv.add_account("owner", plex_pass=True)


@pytest.fixture
def account_token(world: World, owner: Account) -> str:
    """Return a token of the account for this client."""
    return world.plex_tv.sign_in(owner, client_identifier=CLIENT, product="Home Assistant")


@pytest.fixture
def foreign_token(world: World, owner: Account) -> str:
    """Return a token of the account for another client."""
    return world.plex_tv.sign_in(owner, client_identifier="browser", product="Plex Web")


async def test_sign_in(world: World, plex_tv: PlexTv, owner: Account) -> None:
    """A PIN is created, linked elsewhere, and read with a token of this client."""
    pin = await plex_tv.create_pin()
    assert len(pin.code) == 4
    assert pin.token is None
    assert pin.qr_url == f"{world.plex_tv.url}/api/v2/pins/qr/{pin.code}"
    assert 890 < pin.expires_in <= 900
    assert (await plex_tv.pin(pin.id)).token is None

    world.plex_tv.approve_pin(pin.code, owner)

    linked = await plex_tv.pin(pin.id)
    assert linked.token is not None
    assert await plex_tv.account(linked.token) == PlexAccount(
        username=owner.username,
        title=owner.title,
    )
    (device,) = world.plex_tv.devices_of(owner)
    assert (device.client_identifier, device.product) == (CLIENT, "Home Assistant")


async def test_expired_pin(world: World, plex_tv: PlexTv) -> None:
    """plex.tv sends 404."""
    pin = await plex_tv.create_pin()
    world.plex_tv.expire_pin(pin.code)
    with pytest.raises(PlexNotFoundError):
        await plex_tv.pin(pin.id)


async def test_link_pin(world: World, plex_tv: PlexTv, foreign_token: str) -> None:
    """The PIN gets a token of its own for the account."""
    pin = await plex_tv.create_pin()
    await plex_tv.link_pin(pin.code, token=foreign_token)
    linked = await plex_tv.pin(pin.id)
    assert linked.token not in {None, foreign_token}
    (record,) = world.requests.to(path="/api/v2/pins/link")
    assert record.method == "PUT"
    assert record.headers["X-Plex-Product"] == "Plex SSO"
    with pytest.raises(PlexNotFoundError):
        await plex_tv.link_pin("XXXX", token=foreign_token)


async def test_revoked_token(
    world: World, plex_tv: PlexTv, account_token: str, owner: Account
) -> None:
    """plex.tv sends a 401 with its own error body."""
    assert (await plex_tv.account(account_token)).username == owner.username
    world.plex_tv.revoke(account_token)
    pin = await plex_tv.create_pin()
    exchange = partial(plex_tv.exchange_token, pin=pin)
    for request in (plex_tv.account, plex_tv.resources, plex_tv.sign_out, exchange):
        with pytest.raises(PlexUnauthorizedError):
            await request(account_token)


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (Fault.status(401), PlexResponseError),
        (Fault.body("", code=401), PlexResponseError),
        (Fault.json({"error": "Invalid token"}, code=422), PlexResponseError),
        (Fault.status(403), PlexForbiddenError),
        (Fault.status(404), PlexResponseError),
        (Fault.status(408), PlexUnavailableError),
        (Fault.status(429), PlexUnavailableError),
        (Fault.status(498, text=""), PlexResponseError),
        (Fault.status(502), PlexUnavailableError),
        (Fault.redirect("http://127.0.0.1:1/login"), PlexResponseError),
        (Fault.body("<html>Welcome to our hotel</html>", content_type="text/html"), PlexError),
        (Fault.GARBLED, PlexResponseError),
        (Fault.MISTYPED, PlexResponseError),
        (Fault.OVERSIZED, PlexResponseError),
        (Fault.TRUNCATED, PlexResponseError),
        (Fault.RESET, PlexConnectionError),
        (Fault.json([]), PlexResponseError),
        (Fault.json({}), PlexResponseError),
    ],
)
async def test_other_failures_than_a_revoked_token(
    world: World, plex_tv: PlexTv, fault: Fault, expected: type[PlexError], account_token: str
) -> None:
    """None of them is a `PlexUnauthorizedError`."""
    world.plex_tv.faults.set(fault)
    with pytest.raises(expected) as failed:
        await plex_tv.account(account_token)
    assert not isinstance(failed.value, PlexUnauthorizedError)
    assert account_token not in f"{failed.value!r}"


async def test_retry_after(world: World, plex_tv: PlexTv) -> None:
    """Its value is passed on."""
    world.plex_tv.faults.set(Fault.status(429, retry_after=7))
    with pytest.raises(PlexUnavailableError) as failed:
        await plex_tv.create_pin()
    assert (failed.value.status, failed.value.retry_after) == (429, 7.0)


async def test_plex_tv_is_down(world: World, plex_tv: PlexTv) -> None:
    """The connection is refused."""
    await world.plex_tv.stop()
    with pytest.raises(PlexConnectionError):
        await plex_tv.account("any-token-at-all")


async def test_resources(world: World, plex_tv: PlexTv, account_token: str, owner: Account) -> None:
    """Owned and shared servers, each with its token."""
    friend = world.plex_tv.add_account("friend")
    home = await world.add_server("Home", owner=owner)
    cabin = await world.add_server("Cabin", owner=friend)
    shared_token = cabin.share_with(owner)

    servers = {server.name: server for server in await plex_tv.resources(account_token)}

    assert set(servers) == {"Home", "Cabin"}
    assert servers["Home"].machine_identifier == home.machine_identifier
    assert (servers["Home"].owned, servers["Home"].owner_name) == (True, None)
    assert servers["Home"].access_token == account_token
    assert (servers["Cabin"].owned, servers["Cabin"].owner_name) == (False, friend.title)
    assert servers["Cabin"].access_token == shared_token
    assert home.url in {connection.url for connection in servers["Home"].connections}
    (record,) = world.requests.to(path="/api/v2/resources")
    assert record.query == {"includeHttps": "1", "includeRelay": "1", "includeIPv6": "1"}


async def test_invalid_resources_are_left_out(world: World, plex_tv: PlexTv) -> None:
    """So are players."""
    good = {"name": "Home", "clientIdentifier": "a", "provides": "server", "connections": None}
    entries = [None, {}, good | {"provides": "player"}, good | {"clientIdentifier": None}, good]
    world.plex_tv.faults.set(Fault.json(entries))
    (server,) = await plex_tv.resources("any-token-at-all")
    assert (server.name, server.connections) == ("Home", ())


@pytest.mark.parametrize("response", [{}, None, "text"])
async def test_resources_that_are_not_a_list(
    world: World, plex_tv: PlexTv, response: object
) -> None:
    """It is an error, not an empty list."""
    world.plex_tv.faults.set(Fault.json(response))
    with pytest.raises(PlexResponseError):
        await plex_tv.resources("any-token-at-all")


async def test_sign_out(world: World, plex_tv: PlexTv, account_token: str) -> None:
    """The token is revoked."""
    await plex_tv.sign_out(account_token)
    assert not world.plex_tv.is_valid(account_token)


async def test_exchange_token(
    world: World, plex_tv: PlexTv, foreign_token: str, owner: Account
) -> None:
    """The new token belongs to this client, and the other stays valid."""
    own = await plex_tv.exchange_token(foreign_token, await plex_tv.create_pin())
    assert own != foreign_token
    assert world.plex_tv.is_valid(foreign_token)
    assert world.plex_tv.is_valid(own)
    products = {device.client_identifier: device for device in world.plex_tv.devices_of(owner)}
    assert products[CLIENT].token == own
    assert products[CLIENT].product == "Home Assistant"
    world.plex_tv.remove_device("browser")
    assert (await plex_tv.account(own)).username == owner.username


async def test_exchange_token_of_one_server(world: World, plex_tv: PlexTv, owner: Account) -> None:
    """plex.tv does not know it, and no token is created."""
    friend = world.plex_tv.add_account("friend")
    home = await world.add_server("Home", owner=owner)
    with pytest.raises(PlexUnauthorizedError):
        await plex_tv.exchange_token(home.share_with(friend), await plex_tv.create_pin())
    assert world.plex_tv.tokens_of(friend) == []


@pytest.mark.parametrize(
    "fault",
    [
        Fault.json({"id": 1, "code": "AB12", "expiresIn": 899, "authToken": None}),
        Fault.status(403),
        Fault.status(404, text=""),
        Fault.status(429),
        Fault.status(503),
        Fault.UNAUTHORIZED,
        Fault.GARBLED,
        Fault.RESET,
    ],
)
async def test_exchange_token_with_a_delay(
    world: World, plex_tv: PlexTv, monkeypatch: pytest.MonkeyPatch, fault: Fault, foreign_token: str
) -> None:
    """The PIN is read again until it has a token."""
    monkeypatch.setattr(module, "LINK_INTERVAL", 0)
    rule = world.plex_tv.faults.set(fault, paths=r"/pins/\d+$", times=2)
    pin = await plex_tv.create_pin()
    assert world.plex_tv.is_valid(await plex_tv.exchange_token(foreign_token, pin))
    assert rule.hits == 2


@pytest.mark.parametrize("fault", [Fault.status(403), Fault.status(404), Fault.status(502)])
@pytest.mark.parametrize("is_linked", [True, False])
async def test_exchange_token_with_a_failure_of_the_link(
    world: World,
    plex_tv: PlexTv,
    monkeypatch: pytest.MonkeyPatch,
    fault: Fault,
    foreign_token: str,
    *,
    is_linked: bool,
) -> None:
    """It is sent again, and plex.tv may have linked the PIN although its response was lost."""
    monkeypatch.setattr(module, "LINK_INTERVAL", 0)
    pin = await plex_tv.create_pin()
    if is_linked:
        await plex_tv.link_pin(pin.code, token=foreign_token)
    rule = world.plex_tv.faults.set(fault, paths="/pins/link$", times=1)
    assert world.plex_tv.is_valid(await plex_tv.exchange_token(foreign_token, pin))
    assert rule.hits == 1


@pytest.mark.parametrize("is_linked", [True, False])
async def test_exchange_token_with_a_code_that_plex_tv_knows_no_longer(
    world: World,
    plex_tv: PlexTv,
    monkeypatch: pytest.MonkeyPatch,
    foreign_token: str,
    *,
    is_linked: bool,
) -> None:
    """The PIN says whether it was linked, by an attempt whose response was lost."""
    monkeypatch.setattr(module, "LINK_INTERVAL", 0)
    pin = await plex_tv.create_pin()
    if is_linked:
        await plex_tv.link_pin(pin.code, token=foreign_token)
    error = {"errors": [{"code": 1020, "message": "Code not found or expired"}]}
    world.plex_tv.faults.set(Fault.json(error, code=404), paths="/pins/link$")
    if is_linked:
        assert world.plex_tv.is_valid(await plex_tv.exchange_token(foreign_token, pin))
        return
    with pytest.raises(PlexNotFoundError):
        await plex_tv.exchange_token(foreign_token, pin)


async def test_exchange_token_with_a_pin_that_has_expired(
    world: World, plex_tv: PlexTv, monkeypatch: pytest.MonkeyPatch, foreign_token: str
) -> None:
    """No attempt gets a token."""
    monkeypatch.setattr(module, "LINK_INTERVAL", 0)
    pin = await plex_tv.create_pin()
    world.plex_tv.expire_pin(pin.code)
    with pytest.raises(PlexNotFoundError):
        await plex_tv.exchange_token(foreign_token, pin)


async def test_exchange_token_without_result(
    world: World, plex_tv: PlexTv, monkeypatch: pytest.MonkeyPatch, foreign_token: str
) -> None:
    """The number of attempts is limited."""
    monkeypatch.setattr(module, "LINK_INTERVAL", 0)
    unlinked = Fault.json({"id": 1, "code": "AB12", "expiresIn": 899, "authToken": None})
    rule = world.plex_tv.faults.set(unlinked, paths=r"/pins/\d+$")
    with pytest.raises(PlexResponseError):
        await plex_tv.exchange_token(foreign_token, await plex_tv.create_pin())
    assert rule.hits == module.LINK_ATTEMPTS


async def test_no_token_in_a_url(world: World, plex_tv: PlexTv, foreign_token: str) -> None:
    """URLs are logged."""
    own = await plex_tv.exchange_token(foreign_token, await plex_tv.create_pin())
    await plex_tv.account(own)
    await plex_tv.resources(own)
    await plex_tv.sign_out(own)
    assert len(world.requests) == 6
    for record in world.requests:
        assert not record.token_in_query
        assert record.headers["X-Plex-Client-Identifier"] == CLIENT
        assert record.headers["Accept"] == "application/json"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ('{"errors":[{"code":1001,"message":"User could not be authenticated"}]}', True),
        ('{"errors":[{"code":"1001"}]}', True),
        ('{"errors":[null,{"code":1001}]}', True),
        ('{"errors":[{"message":"No"}]}', False),
        ('{"errors":[]}', False),
        ('{"errors":"No"}', False),
        ('{"error":"Invalid token"}', False),
        ("[]", False),
        ("", False),
        ("<html><body><h1>401 Unauthorized</h1></body></html>", False),
        ("[" * 100_000, False),
    ],
)
def test_has_error_body(body: str, *, expected: bool) -> None:
    """Only the body counts."""
    assert has_error_body({}, body.encode()) is expected
    assert has_error_body({"WWW-Authenticate": "Basic"}, body.encode()) is expected


@given(st.binary() | objects_with("errors", "code").map(lambda data: json.dumps(data).encode()))
def test_has_error_body_of_any_body(body: bytes) -> None:
    """No body raises an error."""
    assert isinstance(has_error_body({}, body), bool)
