"""Requests to a server."""

import ssl

import aiohttp
import pytest

from custom_components.plex_monitor.plex.errors import (
    PlexCertificateError,
    PlexConnectionError,
    PlexError,
    PlexForbiddenError,
    PlexNotFoundError,
    PlexResponseError,
    PlexUnauthorizedError,
    PlexUnavailableError,
)
from custom_components.plex_monitor.plex.models import (
    ReleaseNotes,
    ServerIdentity,
    UpdateStatus,
)
from custom_components.plex_monitor.plex.server import PlexServer, fetch_identity
from custom_components.plex_monitor.plex.transport import ClientIdentity
from tests import simulator
from tests.simulator import Fault, World

from .common import OWNER_REQUESTS, REQUESTS, open_notifications, requested_paths
from .raw_server import RawServer

# Responses


async def test_identity_needs_no_token(
    world: World,
    home: simulator.PlexServer,
    session: aiohttp.ClientSession,
    identity: ClientIdentity,
) -> None:
    """It is requested without one."""
    assert await fetch_identity(session, home.url, identity) == ServerIdentity(
        machine_identifier=home.machine_identifier, version=home.version, claimed=True
    )
    home.claimed = False
    assert (await fetch_identity(session, home.url, identity)).claimed is False
    assert requested_paths(world) == ["/identity", "/identity"]


async def test_info(home: simulator.PlexServer, server: PlexServer) -> None:
    """The attributes of the server are returned."""
    info = await server.info()
    assert info.machine_identifier == home.machine_identifier == server.machine_identifier
    assert info.friendly_name == "Home"
    assert info.version == home.version
    assert info.plex_pass is True
    assert info.sign_in_state == "ok"


async def test_update(home: simulator.PlexServer, server: PlexServer) -> None:
    """A new version is found and installed."""
    assert (await server.update_status()).version is None
    home.updater.offer("1.99.0.1-abc", checked=False, added="New.", fixed="Old.")
    await server.check_for_update()
    status = await server.update_status()
    assert status == UpdateStatus(
        can_install=True,
        version="1.99.0.1-abc",
        state="available",
        notes=ReleaseNotes(added=("New.",), fixed=("Old.",)),
    )
    await server.install_update()
    assert home.updater.installs == ["1.99.0.1-abc"]


async def test_only_installing_downloads_the_update(
    world: World, home: simulator.PlexServer, server: PlexServer
) -> None:
    """A version has to be downloaded before it is applied."""
    home.updater.offer("1.99.0.1-abc")
    await server.check_for_update()
    await server.install_update()
    assert [
        (record.method, record.path, dict(record.query))
        for record in world.requests.to(method="PUT")
    ] == [
        ("PUT", "/updater/check", {"download": "0"}),
        ("PUT", "/updater/check", {"download": "1"}),
        ("PUT", "/updater/apply", {}),
    ]


async def test_server_that_cannot_update_itself(
    home: simulator.PlexServer, server: PlexServer
) -> None:
    """A container sends 400."""
    home.updater.offer("1.99.0.1-abc")
    home.updater.can_install = False
    assert (await server.update_status()).can_install is False
    with pytest.raises(PlexResponseError):
        await server.install_update()


async def test_remote_access(home: simulator.PlexServer, server: PlexServer) -> None:
    """The server is reachable, or reports an error."""
    access = await server.remote_access()
    assert (access.reachable, access.error) == (True, None)
    await home.remote_access.become("failed", error="unreachable")
    access = await server.remote_access()
    assert (access.reachable, access.error) == (False, "unreachable")


@pytest.mark.parametrize("response", [{}, {"MediaContainer": {}}, {"MyPlex": []}, []])
async def test_remote_access_in_another_container(
    home: simulator.PlexServer, server: PlexServer, response: object
) -> None:
    """The response has a container of its own."""
    home.faults.set(Fault.json(response, code=200), paths="/myplex/account")
    with pytest.raises(PlexResponseError):
        await server.remote_access()


# Tokens


async def test_revoked_token(world: World, server: PlexServer, token: str) -> None:
    """Every request with it raises `PlexUnauthorizedError`."""
    world.plex_tv.revoke(token)
    for request in REQUESTS.values():
        with pytest.raises(PlexUnauthorizedError):
            await request(server)


async def test_server_that_requires_a_token(server: PlexServer, world: World) -> None:
    """It rejects a request without one."""
    assert await server.accepts_without_token() is False
    assert requested_paths(world) == ["/"]


async def test_server_that_requires_no_token(
    home: simulator.PlexServer, server: PlexServer
) -> None:
    """The server allows this network without auth."""
    home.allowed_without_auth = True
    assert await server.accepts_without_token() is True


async def test_requests_without_a_token(home: simulator.PlexServer, server: PlexServer) -> None:
    """They succeed if the server requires none."""
    home.allowed_without_auth = True
    server.use_token(None)
    assert server.token is None
    assert (await server.info()).friendly_name == "Home"


@pytest.mark.parametrize("code", [403, 404])
@pytest.mark.parametrize("path", ["^/$", ""])
async def test_server_that_hides_from_strangers(
    home: simulator.PlexServer, server: PlexServer, code: int, path: str
) -> None:
    """One path or all of them do not say that a token is missing."""
    home.faults.set(Fault.status(code), paths=path, with_token=False)
    assert await server.accepts_without_token() is False


async def test_server_that_requires_no_token_and_hides_its_root(
    home: simulator.PlexServer, server: PlexServer
) -> None:
    """Another path answers."""
    home.allowed_without_auth = True
    home.faults.set(Fault.status(404), paths="^/$")
    assert await server.accepts_without_token() is True


async def test_other_token(server: PlexServer, friend_token: str) -> None:
    """The token in use stays."""
    before = server.token
    assert await server.accepts_token(friend_token) is True
    assert await server.accepts_token("of-nobody") is False
    assert server.token == before


@pytest.mark.parametrize("code", [500, 503, 302])
async def test_failure_to_find_out_if_a_token_is_required(
    home: simulator.PlexServer, server: PlexServer, code: int
) -> None:
    """No other error is taken for a rejected request."""
    home.faults.set(Fault.status(code))
    with pytest.raises(PlexError) as failed:
        await server.accepts_without_token()
    assert not isinstance(failed.value, PlexUnauthorizedError)


@pytest.mark.parametrize("code", [401, 403])
async def test_identity_that_requires_a_login(
    home: simulator.PlexServer, server: PlexServer, code: int
) -> None:
    """It comes from something in front of the server, and says nothing about the token."""
    home.faults.set(Fault.status(code, text="401 Unauthorized"), paths="^/identity$")
    with pytest.raises(PlexResponseError):
        await server.info()


async def test_proxy_that_requires_a_login(
    raw: RawServer, session: aiohttp.ClientSession, identity: ClientIdentity
) -> None:
    """Its 401 is not that of the server."""
    raw.respond(
        "<h1>401 Unauthorized</h1>",
        status="401 Unauthorized",
        headers=('WWW-Authenticate: Basic realm="Home"',),
    )
    server = PlexServer(session, raw.url, identity, machine_identifier="a")
    with pytest.raises(PlexResponseError):
        await server.accepts_without_token()


@pytest.mark.parametrize("name", OWNER_REQUESTS)
@pytest.mark.parametrize(
    ("refuses_with_401", "expected"),
    [(False, PlexForbiddenError), (True, PlexUnauthorizedError)],
    ids=["current", "before 1.41.7"],
)
async def test_owner_requests_are_rejected_for_other_users(
    home: simulator.PlexServer,
    server: PlexServer,
    friend_token: str,
    name: str,
    expected: type[PlexError],
    *,
    refuses_with_401: bool,
) -> None:
    """They get 403, or 401 from a server before 1.41.7."""
    home.refuses_with_401 = refuses_with_401
    server.use_token(friend_token)
    assert (await server.info()).friendly_name == "Home"
    with pytest.raises(expected):
        await OWNER_REQUESTS[name](server)
    assert not home.scanner.requests


# Failures


@pytest.mark.parametrize("name", REQUESTS)
@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (Fault.MAINTENANCE, PlexUnavailableError),
        (Fault.GARBLED, PlexResponseError),
        (Fault.MISTYPED, PlexResponseError),
        (Fault.TRUNCATED, PlexResponseError),
        (Fault.RESET, PlexConnectionError),
        (Fault.status(404), PlexNotFoundError),
        (Fault.redirect("http://127.0.0.1:1/"), PlexResponseError),
        (Fault.json({"MediaContainer": 5}), PlexResponseError),
        (Fault.json({"MediaContainer": {}}), PlexResponseError),
    ],
)
async def test_failures(
    home: simulator.PlexServer,
    server: PlexServer,
    token: str,
    name: str,
    fault: Fault,
    expected: type[PlexError],
) -> None:
    """No failure is a `PlexUnauthorizedError` or holds the token."""
    home.faults.set(fault)
    with pytest.raises(expected) as failed:
        await REQUESTS[name](server)
    assert token not in f"{failed.value!r}"
    home.faults.clear()
    home.updater.offer("1.99.0.1-abc")
    await REQUESTS[name](server)


async def test_server_that_is_down(home: simulator.PlexServer, server: PlexServer) -> None:
    """Requests succeed once it is back."""
    await home.stop()
    with pytest.raises(PlexConnectionError):
        await server.info()
    await home.start()
    assert (await server.info()).friendly_name == "Home"


@pytest.mark.allowed_logs("Error on transport creation for incoming connection")
async def test_untrusted_certificate(
    world: World, session: aiohttp.ClientSession, identity: ClientIdentity
) -> None:
    """No token is sent until the authority is trusted."""
    owner = world.plex_tv.add_account("owner")
    safe = await world.add_server("Safe", owner=owner, tls=True)
    token = world.plex_tv.sign_in(owner, client_identifier="x", product="x")
    url = f"https://127.0.0.1:{safe.port}"
    server = PlexServer(
        session, url, identity, machine_identifier=safe.machine_identifier, token=token
    )
    with pytest.raises(PlexCertificateError, match="certificate") as failed:
        await server.info()
    assert failed.value.__cause__ is None
    assert failed.value.__context__ is None
    with pytest.raises(PlexCertificateError):
        await open_notifications(server)
    assert requested_paths(world) == []

    context = ssl.create_default_context(cafile=str(world.ca_file))
    context.check_hostname = False
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=context)) as trusting:
        server.move_to(url, trusting)
        assert (await server.info()).friendly_name == "Safe"
        await open_notifications(server)
