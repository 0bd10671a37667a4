"""The simulator's servers behave as Plex's do."""

import asyncio
from collections.abc import AsyncGenerator
import ssl
from typing import Any
from xml.etree.ElementTree import fromstring

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from freezegun.api import FrozenDateTimeFactory
import pytest

from tests.simulator import Account, Fault, Kind, PlexServer, World
from tests.simulator.asking import body, status

JSON = {"Accept": "application/json"}


@pytest.fixture
async def session(world: World) -> AsyncGenerator[aiohttp.ClientSession]:
    """Return a client."""
    async with aiohttp.ClientSession(
        headers=JSON | {"X-Plex-Client-Identifier": "client-1", "X-Plex-Product": "Client"}
    ) as session:
        yield session


@pytest.fixture
def friend(world: World) -> Account:
    """Return somebody without one."""
    return world.plex_tv.add_account("friend")


async def test_xml_is_the_default_and_says_the_same(world: World, home: PlexServer) -> None:
    """Without a wish the answer is XML, with the same names and values as the JSON."""
    async with aiohttp.ClientSession() as session:
        async with session.get(home.url + "/identity") as response:
            assert response.content_type == "text/xml"
            xml = fromstring(await response.text())  # noqa: S314 - Our own.
        async with session.get(home.url + "/identity", headers=JSON) as response:
            as_json = (await response.json())["MediaContainer"]

    assert xml.tag == "MediaContainer"
    assert xml.attrib["claimed"] == "1"
    assert as_json["claimed"] is True
    assert {*xml.attrib} == {*as_json}


async def test_rights(
    session: aiohttp.ClientSession,
    world: World,
    owner: Account,
    friend: Account,
    home: PlexServer,
) -> None:
    """The owner may everything, a guest may use, nobody else gets in."""
    guest = home.share_with(friend)
    tokens = (
        world.plex_tv.sign_in(owner),
        guest,
        world.plex_tv.sign_in(friend),
        "no-such-token-at-all",
        None,
    )

    async def answers(path: str) -> list[int]:
        return [await status(session, home.url + path, token) for token in tokens]

    assert await answers("/") == [200, 200, 401, 401, 401]
    assert await answers("/library/sections") == [200, 200, 401, 401, 401]
    for path in ("/status/sessions", "/accounts", "/updater/status", "/library"):
        assert await answers(path) == [200, 403, 401, 401, 401]
    assert await answers("/identity") == [200] * 5
    assert await answers("/no/such/path") == [404, 404, 401, 401, 401]

    home.refuses_with_401 = True
    assert await answers("/status/sessions") == [200, 401, 401, 401, 401]


async def test_root_refuses_browsers_to_the_web_app(
    session: aiohttp.ClientSession, home: PlexServer
) -> None:
    """The page of a refusal at the root has a redirect for browsers."""
    async with session.get(home.url + "/") as response:
        assert response.status == 401
        page = await response.text()

    assert page.startswith("<html><head><script>window.location")
    assert "<h1>401 Unauthorized</h1>" in page


async def test_open_doors(
    session: aiohttp.ClientSession, world: World, owner: Account, home: PlexServer
) -> None:
    """An unclaimed server and an allowed network need no token, and a lost sign-in refuses all."""
    token = world.plex_tv.sign_in(owner)

    async def answers() -> list[int]:
        return [
            await status(session, home.url + "/status/sessions", sent)
            for sent in (token, "anything", None)
        ]

    assert await answers() == [200, 401, 401]
    home.allowed_without_auth = True
    assert await answers() == [200, 200, 200]
    home.allowed_without_auth = False
    home.rejects_tokens = True
    assert await answers() == [401, 401, 401]
    home.rejects_tokens = False
    home.claimed = False
    assert await answers() == [200, 200, 200]
    assert (await body(session, home.url + "/identity"))["MediaContainer"]["claimed"] is False
    home.unclaimed_refuses = True
    assert await answers() == [401, 401, 401]


async def test_grace_for_dead_tokens(
    session: aiohttp.ClientSession,
    world: World,
    owner: Account,
    friend: Account,
    home: PlexServer,
    freezer: FrozenDateTimeFactory,
) -> None:
    """A server can go on honouring a token for a while after its death."""
    home.revocation_grace = 300
    token, guest = world.plex_tv.sign_in(owner), home.share_with(friend)

    world.plex_tv.revoke(token)
    home.unshare(friend)

    assert await status(session, world.plex_tv.url + "/api/v2/user", token) == 401
    assert await status(session, home.url + "/", token) == 200
    assert await status(session, home.url + "/", guest) == 200
    freezer.tick(300)
    assert await status(session, home.url + "/", token) == 401
    assert await status(session, home.url + "/", guest) == 401


@pytest.mark.parametrize("who", ["owner", "friend"])
async def test_regenerated_server_token(
    session: aiohttp.ClientSession, world: World, home: PlexServer, friend: Account, who: str
) -> None:
    """After a new server token the old one is refused, and plex.tv lists the new one."""
    home.share_with(friend)
    account = world.plex_tv.account(who)
    account_token = world.plex_tv.sign_in(account)
    resources = world.plex_tv.url + "/api/v2/resources"
    [before] = await body(session, resources, account_token)

    new = home.regenerate_token(account)

    [after] = await body(session, resources, account_token)
    assert after["accessToken"] == new != before["accessToken"]
    assert await status(session, home.url + "/", before["accessToken"]) == 401
    assert await status(session, home.url + "/", new) == 200
    assert await status(session, world.plex_tv.url + "/api/v2/user", account_token) == 200
    assert await status(session, world.plex_tv.url + "/api/v2/user", new) == 401


async def test_restart(
    session: aiohttp.ClientSession,
    world: World,
    owner: Account,
    home: PlexServer,
    freezer: FrozenDateTimeFactory,
) -> None:
    """A restart ends streams and sockets, and comes up with 503 for a while, as a new version."""
    token = world.plex_tv.sign_in(owner)
    url = home.url
    await home.start_stream()
    stream = await home.start_stream()
    assert stream.session_key == "2"
    socket = await session.ws_connect(
        home.url + "/:/websockets/notifications", headers={"X-Plex-Token": token}
    )

    await home.restart(version="1.44.0.11000-0badc0ffe", maintenance=60)

    assert (await socket.receive(timeout=5)).type in {
        aiohttp.WSMsgType.CLOSED,
        aiohttp.WSMsgType.ERROR,
    }
    assert home.url == url
    async with session.get(home.url + "/identity") as response:
        assert response.status == 503
        assert (await response.json())["title"] == "Maintenance"
    freezer.tick(60)
    identity = (await body(session, home.url + "/identity"))["MediaContainer"]
    assert identity["version"] == "1.44.0.11000-0badc0ffe"
    assert (await home.start_stream()).session_key == "1"


async def test_down_and_up_again(session: aiohttp.ClientSession, home: PlexServer) -> None:
    """A stopped host refuses connections, and returns on the same port."""
    url = home.url + "/identity"
    assert await status(session, url) == 200

    await home.stop()
    with pytest.raises(aiohttp.ClientConnectorError):
        await status(session, url)

    await home.start()
    assert await status(session, url) == 200


async def test_another_machine_at_the_address(
    session: aiohttp.ClientSession, home: PlexServer
) -> None:
    """Another machine can answer where the server was."""
    home.identifies_as = "another-machine"

    identity = await body(session, home.url + "/identity")

    assert identity["MediaContainer"]["machineIdentifier"] == "another-machine"


class PlexDirectResolver(AbstractResolver):
    """Resolves every name to loopback, as the DNS of plex.direct does for such names."""

    async def resolve(self, host: str, port: int = 0, family: int = 0) -> list[ResolveResult]:
        """Return loopback."""
        return [
            ResolveResult(
                hostname=host, host="127.0.0.1", port=port, family=family, proto=0, flags=0
            )
        ]

    async def close(self) -> None:
        """Do nothing."""


async def test_tls(world: World, owner: Account) -> None:
    """With TLS a server has a plex.direct name, good for who trusts the world's authority."""
    home = await world.add_server("Home", owner=owner, tls=True)
    assert home.url.startswith("https://127-0-0-1.")
    assert ".plex.direct:" in home.url
    trusting = ssl.create_default_context(cafile=world.ca_file)

    async def identity(url: str, context: ssl.SSLContext | None = None) -> int:
        connector = aiohttp.TCPConnector(resolver=PlexDirectResolver())
        async with (
            aiohttp.ClientSession(connector=connector) as session,
            session.get(url + "/identity", ssl=context or True) as response,
        ):
            return response.status

    assert await identity(home.url, trusting) == 200
    with pytest.raises(aiohttp.ClientConnectorCertificateError):
        await identity(home.url)

    async with aiohttp.ClientSession() as session:
        plain = f"http://127.0.0.1:{home.port}/identity"
        with pytest.raises(aiohttp.ClientConnectionError):
            await session.get(plain)
        home.https_required = False
        assert await status(session, plain) == 200

    old = home.url
    home.renew_certificate()
    await home.restart()
    with pytest.raises(aiohttp.ClientConnectorCertificateError, match="Hostname mismatch"):
        await identity(old, trusting)
    assert await identity(home.url, trusting) == 200
    assert [connection.uri for connection in home.connections] == [home.url]


async def test_maintenance_can_end_early(session: aiohttp.ClientSession, home: PlexServer) -> None:
    """A test need not wait for the end of a start."""
    await home.restart(maintenance=3600)
    assert await status(session, home.url + "/identity") == 503

    home.end_maintenance()

    assert await status(session, home.url + "/identity") == 200


async def test_move(session: aiohttp.ClientSession, home: PlexServer) -> None:
    """A host can come up at another address, and nobody is at the one before."""
    old = home.url

    await home.move()

    assert home.url != old
    assert await status(session, home.url + "/identity") == 200
    with pytest.raises(aiohttp.ClientConnectorError):
        await status(session, old)


async def test_position_follows_the_clock(
    session: aiohttp.ClientSession,
    world: World,
    owner: Account,
    home: PlexServer,
    freezer: FrozenDateTimeFactory,
) -> None:
    """A stream goes on while it plays, stands while it is paused, and is gone when stopped."""
    token = world.plex_tv.sign_in(owner)
    stream = await home.start_stream(title="Winter Light", player="Kitchen")

    async def session_now() -> dict[str, Any]:
        answer = await body(session, home.url + "/status/sessions", token)
        [entry] = answer["MediaContainer"]["Metadata"]
        return {"offset": entry["viewOffset"], "state": entry["Player"]["state"]}

    freezer.tick(10)
    assert await session_now() == {"offset": 10_000, "state": "playing"}
    await stream.pause()
    freezer.tick(10)
    assert await session_now() == {"offset": 10_000, "state": "paused"}
    await stream.seek(60_000)
    await stream.resume()
    freezer.tick(1)
    assert await session_now() == {"offset": 61_000, "state": "playing"}
    await stream.buffer()
    assert (await session_now())["state"] == "buffering"
    await stream.stop()
    assert await body(session, home.url + "/status/sessions", token) == {
        "MediaContainer": {"size": 0}
    }


async def test_owner_is_number_one_in_sessions(
    session: aiohttp.ClientSession,
    world: World,
    owner: Account,
    friend: Account,
    home: PlexServer,
) -> None:
    """In sessions the owner is number 1, and a guest has the number that plex.tv gave."""
    await home.start_stream(user=owner)
    await home.start_stream(user=friend)

    answer = await body(session, home.url + "/status/sessions", world.plex_tv.sign_in(owner))

    users = [entry["User"] for entry in answer["MediaContainer"]["Metadata"]]
    assert [(user["id"], user["title"]) for user in users] == [
        ("1", "owner"),
        (str(friend.id), "friend"),
    ]


async def test_updater(
    session: aiohttp.ClientSession, world: World, owner: Account, home: PlexServer
) -> None:
    """A newer version shows after a check, and is installed where the server can."""
    headers = {"X-Plex-Token": world.plex_tv.sign_in(owner)}

    async def put(path: str) -> int:
        async with session.put(home.url + path, headers=headers) as response:
            assert response.content_type == "text/html"
            return response.status

    async def release() -> str | None:
        answer = await body(session, home.url + "/updater/status", headers["X-Plex-Token"])
        releases = answer["MediaContainer"].get("Release")
        return releases[0]["version"] if releases else None

    assert await put("/updater/apply") == 400
    home.updater.offer("1.44.0.11000-0badc0ffe", checked=False)
    assert await release() is None
    assert await put("/updater/check") == 200
    assert await release() == "1.44.0.11000-0badc0ffe"
    home.updater.can_install = False
    assert await put("/updater/apply") == 400
    home.updater.can_install = True
    assert await put("/updater/apply?skip=1") == 200
    assert home.updater.installs == []
    assert await put("/updater/apply") == 200
    assert home.updater.installs == ["1.44.0.11000-0badc0ffe"]


async def test_library_grows(
    session: aiohttp.ClientSession,
    world: World,
    owner: Account,
    home: PlexServer,
    freezer: FrozenDateTimeFactory,
) -> None:
    """What is added is counted, and comes first among what is new."""
    token = world.plex_tv.sign_in(owner)
    count = home.url + "/library/sections/2/all?type=4&X-Plex-Container-Size=0"
    assert (await body(session, count, token))["MediaContainer"]["totalSize"] == 2
    freezer.tick(60)

    await home.add_media("Third Time Lucky", kind=Kind.EPISODE, show="Harbour Street", season=2)

    container = (await body(session, count, token))["MediaContainer"]
    assert (container["size"], container["totalSize"]) == (0, 3)
    assert "Metadata" not in container
    recent = await body(session, home.url + "/library/recentlyAdded", token)
    newest = recent["MediaContainer"]["Metadata"][0]
    assert (newest["type"], newest["title"]) == ("season", "Season 2")


async def test_scan_on_demand(
    session: aiohttp.ClientSession,
    world: World,
    owner: Account,
    friend: Account,
    home: PlexServer,
    freezer: FrozenDateTimeFactory,
) -> None:
    """The owner can have a library scanned, a guest cannot, and an unknown one is not found."""
    token, guest = world.plex_tv.sign_in(owner), home.share_with(friend)
    freezer.tick(60)

    assert await status(session, home.url + "/library/sections/1/refresh", guest) == 403
    assert await status(session, home.url + "/library/sections/9/refresh", token) == 404
    assert await status(session, home.url + "/library/sections/1/refresh", token) == 200

    first, *others = [section.scanned_at for section in home.library.sections]
    assert [first - other for other in others] == [60, 60]


@pytest.mark.parametrize(
    "path",
    [
        "/library/sections/9",
        "/library/sections/9/all",
        "/library/metadata/9",
        "/library/metadata/9/children",
        "/library/metadata/9/allLeaves",
        "/:/prefs/get?id=NoSuchSetting",
    ],
)
async def test_what_is_not_there(
    session: aiohttp.ClientSession, world: World, owner: Account, home: PlexServer, path: str
) -> None:
    """What a server does not have is not found."""
    assert await status(session, home.url + path, world.plex_tv.sign_in(owner)) == 404


async def test_log_tells_header_from_address(
    session: aiohttp.ClientSession, world: World, owner: Account, home: PlexServer
) -> None:
    """The log shows who was asked what with which token, and where the token stood."""
    token = world.plex_tv.sign_in(owner)
    await status(session, world.plex_tv.url + "/api/v2/ping", token)
    await status(session, f"{home.url}/?X-Plex-Token={token}")
    await status(session, home.url + "/accounts")

    ping, root, accounts = world.requests
    assert (ping.host, ping.path, ping.status, ping.token_sent) == (
        "plex.tv",
        "/api/v2/ping",
        200,
        token,
    )
    assert not ping.token_in_query
    assert (root.host, root.status, root.token_sent, root.token_in_query) == (
        "Home",
        200,
        token,
        True,
    )
    assert (accounts.status, accounts.token_sent) == (401, None)
    assert world.requests.to(host="Home", path="/") == [root]
    assert token not in repr(root)
    world.requests.clear()
    assert len(world.requests) == 0


async def test_idle_waits_for_what_goes_on(
    session: aiohttp.ClientSession, world: World, home: PlexServer
) -> None:
    """`idle` returns once everything is answered."""
    home.faults.set(Fault.slow(0.05))
    answers = asyncio.gather(*(status(session, home.url + "/identity") for _ in range(20)))

    await world.idle(quiet=0.5)

    assert [record.status for record in world.requests] == [200] * 20
    assert await answers == [200] * 20


async def test_own_clock(verify_cleanup: None, socket_enabled: None) -> None:
    """A world can have any clock; by it everything is dated."""
    async with World(clock=lambda: 1_800_000_000.0) as world:
        world.plex_tv.sign_in(world.plex_tv.add_account("somebody"))

        assert [device.created_at for device in world.plex_tv.book.devices] == [1_800_000_000]
