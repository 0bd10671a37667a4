"""The behaviour of a simulated server."""

import ssl
from typing import Any
from xml.etree.ElementTree import fromstring

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from freezegun.api import FrozenDateTimeFactory
import pytest

from tests.simulator import Account, Kind, PlexServer, World
from tests.simulator.http_client import container, status

from .conftest import JSON


async def test_xml_is_the_default_and_has_the_same_content(world: World, home: PlexServer) -> None:
    """Without an Accept header the response is XML, with the same attributes as the JSON."""
    async with aiohttp.ClientSession() as client:
        async with client.get(home.url + "/identity") as response:
            assert response.content_type == "text/xml"
            xml = fromstring(await response.text())  # noqa: S314 - Our own.
        async with client.get(home.url + "/identity", headers=JSON) as response:
            as_json = (await response.json())["MediaContainer"]

    assert xml.tag == "MediaContainer"
    assert xml.attrib["claimed"] == "1"
    assert as_json["claimed"] is True
    assert {*xml.attrib} == {*as_json}


async def test_restart(
    client: aiohttp.ClientSession,
    world: World,
    owner: Account,
    home: PlexServer,
    freezer: FrozenDateTimeFactory,
) -> None:
    """A restart ends streams and websockets; the new version responds with 503 at first."""
    token = world.plex_tv.sign_in(owner)
    url = home.url
    await home.start_stream()
    stream = await home.start_stream()
    assert stream.session_key == "2"
    socket = await client.ws_connect(
        home.url + "/:/websockets/notifications", headers={"X-Plex-Token": token}
    )

    await home.restart(version="1.44.0.11000-0badc0ffe", maintenance=60)

    assert (await socket.receive(timeout=5)).type in {
        aiohttp.WSMsgType.CLOSED,
        aiohttp.WSMsgType.ERROR,
    }
    assert home.url == url
    async with client.get(home.url + "/identity") as response:
        assert response.status == 503
        assert (await response.json())["title"] == "Maintenance"
    freezer.tick(60)
    identity = await container(client, home.url + "/identity")
    assert identity["version"] == "1.44.0.11000-0badc0ffe"
    assert (await home.start_stream()).session_key == "1"


async def test_stop_and_start(client: aiohttp.ClientSession, home: PlexServer) -> None:
    """A stopped host refuses connections, and starts again on the same port."""
    url = home.url + "/identity"
    assert await status(client, url) == 200

    await home.stop()
    with pytest.raises(aiohttp.ClientConnectorError):
        await status(client, url)

    await home.start()
    assert await status(client, url) == 200


async def test_another_machine_at_the_address(
    client: aiohttp.ClientSession, home: PlexServer
) -> None:
    """Another machine can respond at the server's address."""
    home.identifies_as = "another-machine"

    identity = await container(client, home.url + "/identity")

    assert identity["machineIdentifier"] == "another-machine"


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
    """With TLS a server has a plex.direct name and a certificate of the world's authority."""
    home = await world.add_server("Home", owner=owner, tls=True)
    assert home.url.startswith("https://127-0-0-1.")
    assert ".plex.direct:" in home.url
    trusting = ssl.create_default_context(cafile=world.ca_file)

    async def identity(url: str, context: ssl.SSLContext | None = None) -> int:
        connector = aiohttp.TCPConnector(resolver=PlexDirectResolver())
        async with (
            aiohttp.ClientSession(connector=connector) as client,
            client.get(url + "/identity", ssl=context or True) as response,
        ):
            return response.status

    assert await identity(home.url, trusting) == 200
    with pytest.raises(aiohttp.ClientConnectorCertificateError):
        await identity(home.url)

    async with aiohttp.ClientSession() as client:
        plain = f"http://127.0.0.1:{home.port}/identity"
        with pytest.raises(aiohttp.ClientConnectionError):
            await client.get(plain)
        home.https_required = False
        assert await status(client, plain) == 200

    old = home.url
    home.renew_certificate()
    await home.restart()
    with pytest.raises(aiohttp.ClientConnectorCertificateError, match="Hostname mismatch"):
        await identity(old, trusting)
    assert await identity(home.url, trusting) == 200
    assert [connection.uri for connection in home.connections] == [home.url]


async def test_maintenance_can_end_early(client: aiohttp.ClientSession, home: PlexServer) -> None:
    """A test can end the maintenance of a start."""
    await home.restart(maintenance=3600)
    assert await status(client, home.url + "/identity") == 503

    home.end_maintenance()

    assert await status(client, home.url + "/identity") == 200


async def test_move(client: aiohttp.ClientSession, home: PlexServer) -> None:
    """A host can move to another port, and then refuses connections at the old one."""
    old = home.url

    await home.move()

    assert home.url != old
    assert await status(client, home.url + "/identity") == 200
    with pytest.raises(aiohttp.ClientConnectorError):
        await status(client, old)


async def test_position_follows_the_clock(
    session: aiohttp.ClientSession, home: PlexServer, freezer: FrozenDateTimeFactory
) -> None:
    """The position advances while a stream plays; a stopped stream is not listed."""
    stream = await home.start_stream(title="Winter Light", player="Kitchen")

    async def session_now() -> dict[str, Any]:
        [entry] = (await container(session, home.url + "/status/sessions"))["Metadata"]
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
    assert await container(session, home.url + "/status/sessions") == {"size": 0}


async def test_owner_is_number_one_in_sessions(
    session: aiohttp.ClientSession,
    owner: Account,
    friend: Account,
    home: PlexServer,
) -> None:
    """In sessions the owner is number 1, and a guest has the number of its account."""
    await home.start_stream(user=owner)
    await home.start_stream(user=friend)

    content = await container(session, home.url + "/status/sessions")

    users = [entry["User"] for entry in content["Metadata"]]
    assert [(user["id"], user["title"]) for user in users] == [
        ("1", "owner"),
        (str(friend.id), "friend"),
    ]


async def test_updater(session: aiohttp.ClientSession, home: PlexServer) -> None:
    """A newer version is listed after a check, and installed if the server can do so."""

    async def put(path: str) -> int:
        async with session.put(home.url + path) as response:
            assert response.content_type == "text/html"
            return response.status

    async def release() -> str | None:
        releases = (await container(session, home.url + "/updater/status")).get("Release")
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
    session: aiohttp.ClientSession, home: PlexServer, freezer: FrozenDateTimeFactory
) -> None:
    """An added item is counted, and is the first of the recently added ones."""
    count = home.url + "/library/sections/2/all?type=4&X-Plex-Container-Size=0"
    assert (await container(session, count))["totalSize"] == 2
    freezer.tick(60)

    await home.add_media("Third Time Lucky", kind=Kind.EPISODE, show="Harbour Street", season=2)

    counted = await container(session, count)
    assert (counted["size"], counted["totalSize"]) == (0, 3)
    assert "Metadata" not in counted
    newest = (await container(session, home.url + "/library/recentlyAdded"))["Metadata"][0]
    assert (newest["type"], newest["title"]) == ("season", "Season 2")


async def test_scan_on_demand(
    session: aiohttp.ClientSession,
    friend: Account,
    home: PlexServer,
    freezer: FrozenDateTimeFactory,
) -> None:
    """The owner can scan a library, a guest cannot, and an unknown library is not found."""
    guest = home.share_with(friend)
    freezer.tick(60)

    assert await status(session, home.url + "/library/sections/1/refresh", guest) == 403
    assert await status(session, home.url + "/library/sections/9/refresh") == 404
    assert await status(session, home.url + "/library/sections/1/refresh") == 200

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
async def test_unknown_paths(session: aiohttp.ClientSession, home: PlexServer, path: str) -> None:
    """A server responds with 404 for what it does not have."""
    assert await status(session, home.url + path) == 404
