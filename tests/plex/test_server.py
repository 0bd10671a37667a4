"""One Plex Media Server as a client sees it."""

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
    ServerIdentity,
    UpdateStatus,
)
from custom_components.plex_monitor.plex.server import PlexServer, fetch_identity
from custom_components.plex_monitor.plex.transport import ClientIdentity
from tests import simulator
from tests.simulator import Fault, World

from .common import REQUESTS, open_and_close, paths
from .raw_server import RawServer

# What a server says


async def test_identity_needs_no_token(
    world: World,
    home: simulator.PlexServer,
    session: aiohttp.ClientSession,
    identity: ClientIdentity,
) -> None:
    """Anybody may ask who it is."""
    assert await fetch_identity(session, home.url, identity) == ServerIdentity(
        machine_identifier=home.machine_identifier, version=home.version, claimed=True
    )
    home.claimed = False
    assert (await fetch_identity(session, home.url, identity)).claimed is False
    assert paths(world) == ["/identity", "/identity"]


async def test_info(home: simulator.PlexServer, server: PlexServer) -> None:
    """The server tells about itself."""
    info = await server.info()
    assert info.machine_identifier == home.machine_identifier == server.machine_identifier
    assert info.friendly_name == "Home"
    assert info.version == home.version
    assert info.plex_pass is True
    assert info.sign_in_state == "ok"


async def test_the_updater(home: simulator.PlexServer, server: PlexServer) -> None:
    """It looks for a new version, tells of it and installs it."""
    assert (await server.update_status()).version is None
    home.updater.offer("1.99.0.1-abc", checked=False, added="New.", fixed="Old.")
    await server.check_for_update()
    status = await server.update_status()
    assert status == UpdateStatus(
        can_install=True,
        version="1.99.0.1-abc",
        state="available",
        release_notes="New.\n\nOld.",
    )
    await server.install_update()
    assert home.updater.installs == ["1.99.0.1-abc"]


async def test_checking_downloads_nothing_and_installing_does(
    world: World, home: simulator.PlexServer, server: PlexServer
) -> None:
    """Only what is downloaded can be applied."""
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


async def test_an_installation_that_cannot_update_itself(
    home: simulator.PlexServer, server: PlexServer
) -> None:
    """A container says no."""
    home.updater.offer("1.99.0.1-abc")
    home.updater.can_install = False
    assert (await server.update_status()).can_install is False
    with pytest.raises(PlexResponseError):
        await server.install_update()


async def test_remote_access(home: simulator.PlexServer, server: PlexServer) -> None:
    """The server is reached from outside, or says why not."""
    access = await server.remote_access()
    assert (access.reachable, access.error) == (True, None)
    await home.remote_access.become("failed", error="unreachable")
    access = await server.remote_access()
    assert (access.reachable, access.error) == (False, "unreachable")


async def test_remote_access_is_for_the_owner(
    world: World, home: simulator.PlexServer, server: PlexServer
) -> None:
    """Others are refused."""
    server.use_token(home.share_with(world.plex_tv.add_account("friend")))
    with pytest.raises(PlexForbiddenError):
        await server.remote_access()


@pytest.mark.parametrize("answer", [{}, {"MediaContainer": {}}, {"MyPlex": []}, []])
async def test_an_answer_about_remote_access_that_is_none(
    home: simulator.PlexServer, server: PlexServer, answer: object
) -> None:
    """It has a wrapper of its own."""
    home.faults.set(Fault.json(answer, code=200), paths="/myplex/account")
    with pytest.raises(PlexResponseError):
        await server.remote_access()


# Whether a token counts


async def test_a_token_is_refused(world: World, server: PlexServer, token: str) -> None:
    """A revoked token is refused by everything that needs one."""
    world.plex_tv.revoke(token)
    for request in REQUESTS.values():
        with pytest.raises(PlexUnauthorizedError):
            await request(server)


async def test_a_server_that_insists_on_a_token(server: PlexServer, world: World) -> None:
    """Without one it refuses."""
    assert await server.accepts_without_token() is False
    assert paths(world) == ["/"]


async def test_a_server_that_insists_on_nothing(
    home: simulator.PlexServer, server: PlexServer
) -> None:
    """In an allowed network a success says nothing about the token."""
    home.allowed_without_auth = True
    assert await server.accepts_without_token() is True


async def test_no_token_at_all(home: simulator.PlexServer, server: PlexServer) -> None:
    """A server that wants none works without one."""
    home.allowed_without_auth = True
    server.use_token(None)
    assert server.token is None
    assert (await server.info()).friendly_name == "Home"


@pytest.mark.parametrize("code", [403, 404, 500, 503, 302])
async def test_whether_a_token_counts_can_be_unknown(
    home: simulator.PlexServer, server: PlexServer, code: int
) -> None:
    """Another answer is no answer to this question."""
    home.faults.set(Fault.status(code))
    with pytest.raises(PlexError) as failed:
        await server.accepts_without_token()
    assert not isinstance(failed.value, PlexUnauthorizedError)


@pytest.mark.parametrize("code", [401, 403])
async def test_refusal_to_say_who_answers_is_no_word_on_the_token(
    home: simulator.PlexServer, server: PlexServer, code: int
) -> None:
    """The server itself tells that to everybody, so it is something in front of it."""
    home.faults.set(Fault.status(code, text="401 Unauthorized"), paths="^/identity$")
    with pytest.raises(PlexResponseError):
        await server.info()


async def test_a_proxy_in_front_wants_a_login(
    raw: RawServer, session: aiohttp.ClientSession, identity: ClientIdentity
) -> None:
    """Its 401 is not the server's."""
    raw.respond(
        "<h1>401 Unauthorized</h1>",
        status="401 Unauthorized",
        headers=('WWW-Authenticate: Basic realm="Home"',),
    )
    server = PlexServer(session, raw.url, identity, machine_identifier="a")
    with pytest.raises(PlexResponseError):
        await server.accepts_without_token()


# What goes wrong


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
async def test_a_server_in_trouble(
    home: simulator.PlexServer,
    server: PlexServer,
    token: str,
    name: str,
    fault: Fault,
    expected: type[PlexError],
) -> None:
    """Trouble is never a verdict on the token, and does not come near it."""
    home.faults.set(fault)
    with pytest.raises(expected) as failed:
        await REQUESTS[name](server)
    assert token not in f"{failed.value!r}"
    home.faults.clear()
    home.updater.offer("1.99.0.1-abc")
    await REQUESTS[name](server)


async def test_a_server_that_is_down(home: simulator.PlexServer, server: PlexServer) -> None:
    """Nobody answers, until it is back."""
    await home.stop()
    with pytest.raises(PlexConnectionError):
        await server.info()
    await home.start()
    assert (await server.info()).friendly_name == "Home"


@pytest.mark.allowed_logs("Error on transport creation for incoming connection")
async def test_a_certificate_that_nobody_knows(
    world: World, session: aiohttp.ClientSession, identity: ClientIdentity
) -> None:
    """The token stays at home until the authority is known."""
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
        await open_and_close(server)
    assert paths(world) == []

    context = ssl.create_default_context(cafile=str(world.ca_file))
    context.check_hostname = False
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=context)) as trusting:
        server.move_to(url, trusting)
        assert (await server.info()).friendly_name == "Safe"
        await open_and_close(server)
