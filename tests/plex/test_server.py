"""One Plex Media Server as a client sees it."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
import ssl

import aiohttp
import pytest

from custom_components.plex_monitor.plex import server as module
from custom_components.plex_monitor.plex.errors import (
    PlexCertificateError,
    PlexConnectionError,
    PlexError,
    PlexForbiddenError,
    PlexNotFoundError,
    PlexResponseError,
    PlexUnauthorizedError,
    PlexUnavailableError,
    PlexWrongServerError,
)
from custom_components.plex_monitor.plex.models import PlaybackState, ServerIdentity, UpdateStatus
from custom_components.plex_monitor.plex.notifications import (
    PlayingNotification,
    UpdateStateNotification,
)
from custom_components.plex_monitor.plex.server import PlexServer, fetch_identity, is_refusal
from custom_components.plex_monitor.plex.transport import ClientIdentity
from tests import simulator
from tests.simulator import Fault, World

from .raw_server import RawServer


async def open_and_close(server: PlexServer) -> None:
    """Open the push channel and close it again."""
    async with server.notifications():
        pass


REQUESTS: dict[str, Callable[[PlexServer], Awaitable[object]]] = {
    "info": PlexServer.info,
    "sessions": PlexServer.sessions,
    "update_status": PlexServer.update_status,
    "check_for_update": PlexServer.check_for_update,
    "install_update": PlexServer.install_update,
    "notifications": open_and_close,
}


class Clock:
    """The clock of the identity rule."""

    def __init__(self) -> None:
        """Start anywhere."""
        self.now = 1000.0

    def __call__(self) -> float:
        """Return the time."""
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Take over the clock of the identity rule."""
    clock = Clock()
    monkeypatch.setattr(module, "monotonic", clock)
    return clock


@pytest.fixture
async def home(world: World) -> simulator.PlexServer:
    """Return a simulated server."""
    owner = world.plex_tv.add_account("owner", plex_pass=True)
    return await world.add_server("Home", owner=owner)


@pytest.fixture
def token(world: World, home: simulator.PlexServer) -> str:
    """Return a token of the owner."""
    return world.plex_tv.sign_in(
        home.owner, client_identifier="plex-monitor-test", product="Home Assistant"
    )


@pytest.fixture
def server(
    home: simulator.PlexServer,
    token: str,
    session: aiohttp.ClientSession,
    identity: ClientIdentity,
) -> PlexServer:
    """Return a client of the simulated server."""
    return PlexServer(
        session, home.url, identity, machine_identifier=home.machine_identifier, token=token
    )


def paths(world: World, host: str | None = None) -> list[str]:
    """Return the paths asked for so far, marked where a token was sent."""
    records = world.requests if host is None else world.requests.to(host=host)
    return [record.path + (" with token" if record.token_sent else "") for record in records]


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


async def test_sessions(home: simulator.PlexServer, server: PlexServer) -> None:
    """Streams come and go."""
    assert await server.sessions() == ()
    stream = await home.start_stream(
        user=home.owner, title="Test Feature", player="Living room TV", transcode=True
    )
    (session,) = await server.sessions()
    assert session.session_key == str(stream.session_key)
    assert session.title == "Test Feature"
    assert session.media_type == "movie"
    assert session.user == home.owner.title
    assert session.player == "Living room TV"
    assert session.state is PlaybackState.PLAYING
    await stream.pause()
    assert [each.state for each in await server.sessions()] == [PlaybackState.PAUSED]
    await stream.stop()
    assert await server.sessions() == ()


async def test_a_bad_session_costs_that_session(
    home: simulator.PlexServer, server: PlexServer
) -> None:
    """The others are still there."""
    entries = [None, {"title": "No key"}, {"sessionKey": 5, "Player": 5, "User": []}]
    home.faults.set(
        Fault.json({"MediaContainer": {"size": 3, "Metadata": entries}}, code=200),
        paths="/status/sessions",
    )
    assert [session.session_key for session in await server.sessions()] == ["5"]


@pytest.mark.parametrize(
    ("old", "expected"), [(False, PlexForbiddenError), (True, PlexUnauthorizedError)]
)
async def test_streams_are_for_the_owner(
    world: World,
    home: simulator.PlexServer,
    server: PlexServer,
    *,
    old: bool,
    expected: type[PlexError],
) -> None:
    """A friend may ask for the server, and not for its streams."""
    home.refuses_with_401 = old
    friend = world.plex_tv.add_account("friend")
    server.use_token(home.share_with(friend))
    assert (await server.info()).friendly_name == "Home"
    with pytest.raises(expected):
        await server.sessions()


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


@pytest.mark.parametrize(
    ("headers", "body", "expected"),
    [
        ({"X-Plex-Protocol": "1.0"}, "<h1>401 Unauthorized</h1>", True),
        ({"X-Plex-Protocol": "1.0"}, "", True),
        ({}, "<html><body><h1>401 Unauthorized</h1></body></html>", True),
        ({}, "", False),
        ({}, "<h1>401 Authorization Required</h1>", False),
        ({}, '{"errors":[{"code":1001}]}', False),
        ({"WWW-Authenticate": "Basic"}, "<h1>401 Unauthorized</h1>", False),
        ({"WWW-Authenticate": "Basic", "X-Plex-Protocol": "1.0"}, "", False),
    ],
)
def test_how_a_server_refuses(headers: Mapping[str, str], body: str, *, expected: bool) -> None:
    """By its header or its page, and never with a request for a login."""
    assert is_refusal(headers, body.encode()) is expected


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


# The identity rule


@pytest.mark.parametrize("name", REQUESTS)
async def test_no_token_before_the_server_named_itself(
    world: World, home: simulator.PlexServer, server: PlexServer, name: str
) -> None:
    """The first request of any kind asks who answers."""
    home.updater.offer("1.99.0.1-abc")
    await REQUESTS[name](server)
    asked = paths(world)
    assert asked[0] == "/identity"
    assert all(path.endswith(" with token") for path in asked[1:])


@pytest.mark.parametrize("name", REQUESTS)
async def test_no_token_for_another_server(
    world: World, home: simulator.PlexServer, server: PlexServer, name: str
) -> None:
    """Another machine at the address sees no token, however often it is asked."""
    home.identifies_as = "b" * 40
    for _ in range(2):
        with pytest.raises(PlexWrongServerError):
            await REQUESTS[name](server)
    assert paths(world) == ["/identity", "/identity"]


async def test_the_identity_holds_for_a_minute(
    world: World, server: PlexServer, clock: Clock
) -> None:
    """It is not asked before every request."""
    await server.info()
    clock.now += 59.9
    await server.sessions()
    assert paths(world) == ["/identity", "/ with token", "/status/sessions with token"]
    clock.now += 0.1
    await server.sessions()
    assert paths(world)[3:] == ["/identity", "/status/sessions with token"]


async def test_checking_the_identity_counts(
    world: World, home: simulator.PlexServer, server: PlexServer, clock: Clock
) -> None:
    """Who has just been asked is not asked again."""
    await server.info()
    clock.now += 50
    assert (await server.check_identity()).version == home.version
    clock.now += 50
    await server.info()
    assert paths(world) == ["/identity", "/ with token", "/identity", "/ with token"]
    home.identifies_as = "b" * 40
    with pytest.raises(PlexWrongServerError):
        await server.check_identity()
    with pytest.raises(PlexWrongServerError):
        await server.info()
    assert paths(world)[4:] == ["/identity", "/identity"]


async def test_a_failed_check_ends_the_trust(
    world: World, home: simulator.PlexServer, server: PlexServer
) -> None:
    """What answered a minute ago may be gone."""
    await server.info()
    rule = home.faults.set(Fault.MAINTENANCE)
    with pytest.raises(PlexUnavailableError):
        await server.check_identity()
    home.faults.clear(rule)
    await server.info()
    assert paths(world)[2:] == ["/identity", "/identity", "/ with token"]


@pytest.mark.parametrize(
    "fault",
    [Fault.RESET, Fault.MAINTENANCE, Fault.GARBLED, Fault.TRUNCATED, Fault.UNAUTHORIZED],
)
async def test_trouble_ends_the_trust(
    world: World, home: simulator.PlexServer, server: PlexServer, fault: Fault
) -> None:
    """After trouble of any kind the server has to name itself again."""
    await server.info()
    rule = home.faults.set(fault, paths="^/$")
    with pytest.raises(PlexError):
        await server.info()
    home.faults.clear(rule)
    await world.idle()
    world.requests.clear()
    await server.info()
    assert paths(world) == ["/identity", "/ with token"]


@pytest.mark.parametrize("code", [403, 404])
async def test_a_missing_right_does_not_end_the_trust(
    world: World, home: simulator.PlexServer, server: PlexServer, code: int
) -> None:
    """It is the same server that says so."""
    await server.info()
    home.faults.set(Fault.status(code), paths="/status/sessions", times=1)
    with pytest.raises(PlexForbiddenError if code == 403 else PlexNotFoundError):
        await server.sessions()
    world.requests.clear()
    await server.sessions()
    assert paths(world) == ["/status/sessions with token"]


async def test_the_root_names_the_machine_as_well(
    world: World, home: simulator.PlexServer, server: PlexServer
) -> None:
    """Another machine that shows there ends the trust too."""
    await server.info()
    other = {"MediaContainer": {"machineIdentifier": "b" * 40, "friendlyName": "Other"}}
    rule = home.faults.set(Fault.json(other), paths="^/$")
    with pytest.raises(PlexWrongServerError):
        await server.info()
    with pytest.raises(PlexWrongServerError):
        await server.accepts_without_token()
    home.faults.clear(rule)
    world.requests.clear()
    await server.info()
    assert paths(world) == ["/identity", "/ with token"]


async def test_a_new_address_has_to_prove_itself(
    world: World, home: simulator.PlexServer, server: PlexServer
) -> None:
    """The token goes where the right machine is, and nowhere else."""
    other = await world.add_server("Other", owner=home.owner)
    await server.info()
    server.move_to(other.url)
    assert server.url == other.url
    with pytest.raises(PlexWrongServerError):
        await server.info()
    assert paths(world, "Other") == ["/identity"]
    server.move_to(home.url)
    await server.info()
    assert paths(world, "Home")[2:] == ["/identity", "/ with token"]


async def test_a_request_under_way_stays_at_its_address(
    world: World, home: simulator.PlexServer, server: PlexServer
) -> None:
    """Moving in the middle of a request takes no token along."""
    other = await world.add_server("Other", owner=home.owner)
    home.faults.set(Fault.slow(0.1), paths="/identity", times=1)
    asking = asyncio.create_task(server.info())
    await asyncio.sleep(0.03)
    server.move_to(other.url)
    assert (await asking).friendly_name == "Home"
    assert paths(world, "Other") == []


async def test_another_token(world: World, home: simulator.PlexServer, server: PlexServer) -> None:
    """The next request uses it."""
    friend = world.plex_tv.add_account("friend")
    shared = home.share_with(friend)
    await server.info()
    server.use_token(shared)
    assert server.token == shared
    await server.info()
    assert [record.token_sent for record in world.requests.to(path="/")][-1] == shared


async def test_a_token_is_never_in_an_address(
    world: World, home: simulator.PlexServer, server: PlexServer
) -> None:
    """Addresses end up in logs."""
    home.updater.offer("1.99.0.1-abc")
    for request in REQUESTS.values():
        await request(server)
    assert len(world.requests) > len(REQUESTS)
    for record in world.requests:
        assert not record.token_in_query
        assert record.headers["X-Plex-Client-Identifier"] == "plex-monitor-test"


# The push channel


async def test_notifications(home: simulator.PlexServer, server: PlexServer) -> None:
    """What happens is told at once; what is of no use is left out."""
    async with server.notifications() as notifications:
        iterator = aiter(notifications)
        await home.notifier.send_text("rubbish")
        await home.add_media("Something new")
        stream = await home.start_stream(user=home.owner, title="Film")
        first = await anext(iterator)
        assert isinstance(first, PlayingNotification)
        assert first.session_key == str(stream.session_key)
        assert first.state is PlaybackState.PLAYING
        await home.notifier.notify(
            "update.statechange",
            "AutoUpdateNotification",
            {"version": "1.99", "state": "downloading"},
            {"version": "1.99", "state": "downloaded"},
        )
        assert [await anext(iterator), await anext(iterator)] == [
            UpdateStateNotification(version="1.99", state="downloading"),
            UpdateStateNotification(version="1.99", state="downloaded"),
        ]
        await stream.stop()
        last = await anext(iterator)
        assert isinstance(last, PlayingNotification)
        assert last.state is None


@pytest.mark.parametrize("abruptly", [False, True])
async def test_a_lost_channel_ends_the_trust(
    world: World, home: simulator.PlexServer, server: PlexServer, *, abruptly: bool
) -> None:
    """A restart may be behind it."""

    async def listen() -> None:
        async with server.notifications() as notifications:
            await home.notifier.drop(abruptly=abruptly)
            await anext(aiter(notifications))

    with pytest.raises(PlexConnectionError):
        await listen()
    world.requests.clear()
    await server.info()
    assert paths(world) == ["/identity", "/ with token"]


async def test_leaving_closes_the_channel(
    world: World, home: simulator.PlexServer, server: PlexServer
) -> None:
    """Nobody listens afterwards."""
    async with server.notifications():
        assert len(home.notifier.listeners) == 1
    await world.idle()
    assert not home.notifier.listeners


@pytest.mark.parametrize(
    ("code", "expected"),
    [(401, PlexUnauthorizedError), (403, PlexForbiddenError), (503, PlexUnavailableError)],
)
async def test_a_channel_that_is_refused(
    home: simulator.PlexServer, server: PlexServer, code: int, expected: type[PlexError]
) -> None:
    """It means what it means for a request."""
    home.refuses_websockets = code
    with pytest.raises(expected):
        await open_and_close(server)
