"""The behaviour of a simulated server."""

import ssl
from typing import Any
from xml.etree.ElementTree import fromstring

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from freezegun.api import FrozenDateTimeFactory
import pytest

from tests.simulator import Account, Kind, PlexServer, World
from tests.simulator.http_client import body, status

from .conftest import JSON


async def test_xml_is_the_default_and_says_the_same(world: World, home: PlexServer) -> None:
    """Without a wish the answer is XML, with the same names and values as the JSON."""
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
    """A restart ends streams and sockets, and comes up with 503 for a while, as a new version."""
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
    identity = (await body(client, home.url + "/identity"))["MediaContainer"]
    assert identity["version"] == "1.44.0.11000-0badc0ffe"
    assert (await home.start_stream()).session_key == "1"


async def test_down_and_up_again(client: aiohttp.ClientSession, home: PlexServer) -> None:
    """A stopped host refuses connections, and returns on the same port."""
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
    """Another machine can answer where the server was."""
    home.identifies_as = "another-machine"

    identity = await body(client, home.url + "/identity")

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
    """A test need not wait for the end of a start."""
    await home.restart(maintenance=3600)
    assert await status(client, home.url + "/identity") == 503

    home.end_maintenance()

    assert await status(client, home.url + "/identity") == 200


async def test_move(client: aiohttp.ClientSession, home: PlexServer) -> None:
    """A host can come up at another address, and nobody is at the one before."""
    old = home.url

    await home.move()

    assert home.url != old
    assert await status(client, home.url + "/identity") == 200
    with pytest.raises(aiohttp.ClientConnectorError):
        await status(client, old)


async def test_position_follows_the_clock(
    client: aiohttp.ClientSession,
    world: World,
    owner: Account,
    home: PlexServer,
    freezer: FrozenDateTimeFactory,
) -> None:
    """A stream goes on while it plays, stands while it is paused, and is gone when stopped."""
    token = world.plex_tv.sign_in(owner)
    stream = await home.start_stream(title="Winter Light", player="Kitchen")

    async def session_now() -> dict[str, Any]:
        answer = await body(client, home.url + "/status/sessions", token)
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
    assert await body(client, home.url + "/status/sessions", token) == {
        "MediaContainer": {"size": 0}
    }


async def test_owner_is_number_one_in_sessions(
    client: aiohttp.ClientSession,
    world: World,
    owner: Account,
    friend: Account,
    home: PlexServer,
) -> None:
    """In sessions the owner is number 1, and a guest has the number that plex.tv gave."""
    await home.start_stream(user=owner)
    await home.start_stream(user=friend)

    answer = await body(client, home.url + "/status/sessions", world.plex_tv.sign_in(owner))

    users = [entry["User"] for entry in answer["MediaContainer"]["Metadata"]]
    assert [(user["id"], user["title"]) for user in users] == [
        ("1", "owner"),
        (str(friend.id), "friend"),
    ]


async def test_updater(
    client: aiohttp.ClientSession, world: World, owner: Account, home: PlexServer
) -> None:
    """A newer version shows after a check, and is installed where the server can."""
    headers = {"X-Plex-Token": world.plex_tv.sign_in(owner)}

    async def put(path: str) -> int:
        async with client.put(home.url + path, headers=headers) as response:
            assert response.content_type == "text/html"
            return response.status

    async def release() -> str | None:
        answer = await body(client, home.url + "/updater/status", headers["X-Plex-Token"])
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
    client: aiohttp.ClientSession,
    world: World,
    owner: Account,
    home: PlexServer,
    freezer: FrozenDateTimeFactory,
) -> None:
    """What is added is counted, and comes first among what is new."""
    token = world.plex_tv.sign_in(owner)
    count = home.url + "/library/sections/2/all?type=4&X-Plex-Container-Size=0"
    assert (await body(client, count, token))["MediaContainer"]["totalSize"] == 2
    freezer.tick(60)

    await home.add_media("Third Time Lucky", kind=Kind.EPISODE, show="Harbour Street", season=2)

    container = (await body(client, count, token))["MediaContainer"]
    assert (container["size"], container["totalSize"]) == (0, 3)
    assert "Metadata" not in container
    recent = await body(client, home.url + "/library/recentlyAdded", token)
    newest = recent["MediaContainer"]["Metadata"][0]
    assert (newest["type"], newest["title"]) == ("season", "Season 2")


async def test_scan_on_demand(
    client: aiohttp.ClientSession,
    world: World,
    owner: Account,
    friend: Account,
    home: PlexServer,
    freezer: FrozenDateTimeFactory,
) -> None:
    """The owner can have a library scanned, a guest cannot, and an unknown one is not found."""
    token, guest = world.plex_tv.sign_in(owner), home.share_with(friend)
    freezer.tick(60)

    assert await status(client, home.url + "/library/sections/1/refresh", guest) == 403
    assert await status(client, home.url + "/library/sections/9/refresh", token) == 404
    assert await status(client, home.url + "/library/sections/1/refresh", token) == 200

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
    client: aiohttp.ClientSession, world: World, owner: Account, home: PlexServer, path: str
) -> None:
    """What a server does not have is not found."""
    assert await status(client, home.url + path, world.plex_tv.sign_in(owner)) == 404
