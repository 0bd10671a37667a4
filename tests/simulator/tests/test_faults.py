"""The faults of simulated hosts."""

import asyncio
from collections.abc import AsyncGenerator
import json

import aiohttp
import pytest

from tests.simulator import Account, Fault, PlexServer, World
from tests.simulator.faults import misencoded


@pytest.fixture
async def session(home: PlexServer) -> AsyncGenerator[aiohttp.ClientSession]:
    """Return a client that uses each connection once, and so repeats no request."""
    async with aiohttp.ClientSession(
        home.url,
        headers={"Accept": "application/json"},
        connector=aiohttp.TCPConnector(force_close=True),
    ) as session:
        yield session


async def status(session: aiohttp.ClientSession, path: str = "/identity") -> int:
    """Return the status of a response."""
    async with session.get(path, allow_redirects=False) as response:
        return response.status


@pytest.mark.parametrize("code", [400, 403, 404, 429, 498, 500, 502, 503, 504])
async def test_status(session: aiohttp.ClientSession, home: PlexServer, code: int) -> None:
    """A fault can be any status, with a page like those of Plex."""
    home.faults.set(Fault.status(code))

    async with session.get("/identity") as response:
        assert response.status == code
        assert response.content_type == "text/html"
        assert f"<h1>{code} " in await response.text()
        assert "Retry-After" not in response.headers


async def test_retry_after(session: aiohttp.ClientSession, home: PlexServer) -> None:
    """A fault can have a Retry-After."""
    home.faults.set(Fault.status(429, retry_after=5))

    async with session.get("/identity") as response:
        assert response.headers["Retry-After"] == "5"


async def test_times_paths_and_methods(session: aiohttp.ClientSession, home: PlexServer) -> None:
    """A fault applies to its paths and methods, as often as it was set to."""
    rule = home.faults.set(
        Fault.status(503), paths="^/(identity|clients)$", methods=["GET"], times=2
    )

    assert await status(session, "/accounts") == 401
    async with session.post("/identity") as response:
        assert response.status == 401
    assert [await status(session) for _ in range(3)] == [503, 503, 200]
    assert rule.hits == 2


async def test_newest_fault_applies(session: aiohttp.ClientSession, home: PlexServer) -> None:
    """Of several faults the newest applies, until it is cleared."""
    home.faults.set(Fault.status(500))
    newest = home.faults.set(Fault.status(502))
    assert await status(session) == 502

    home.faults.clear(newest)
    assert await status(session) == 500

    home.faults.clear()
    assert await status(session) == 200


async def test_hang(session: aiohttp.ClientSession, world: World, home: PlexServer) -> None:
    """A hanging request gets its response when the fault is cleared; `idle` ignores it."""
    home.faults.set(Fault.HANG)
    with pytest.raises(TimeoutError):
        await session.get("/identity", timeout=aiohttp.ClientTimeout(total=0.05))
    patient = asyncio.create_task(status(session))
    await world.idle()
    assert [record.status for record in world.requests] == [0, None]

    home.faults.clear()

    assert await patient == 200


async def test_slow(session: aiohttp.ClientSession, home: PlexServer) -> None:
    """A slow response is the right one."""
    home.faults.set(Fault.slow(0.01))

    assert await status(session) == 200


async def test_reset(session: aiohttp.ClientSession, world: World, home: PlexServer) -> None:
    """A connection can be cut instead of a response."""
    home.faults.set(Fault.RESET)

    with pytest.raises(aiohttp.ClientConnectionError):
        await status(session)

    assert world.requests[-1].status == 0


async def test_truncated(session: aiohttp.ClientSession, home: PlexServer) -> None:
    """A response can be cut in its middle."""
    home.faults.set(Fault.TRUNCATED)

    async with session.get("/identity") as response:
        assert response.status == 200
        with pytest.raises(aiohttp.ClientPayloadError):
            await response.read()


async def test_garbled(session: aiohttp.ClientSession, home: PlexServer) -> None:
    """A response with the type JSON can be something else."""
    home.faults.set(Fault.GARBLED)

    async with session.get("/identity") as response:
        assert response.content_type == "application/json"
        with pytest.raises(ValueError, match=r"Expecting|codec"):
            json.loads(await response.read())


async def test_misencoded(session: aiohttp.ClientSession, home: PlexServer) -> None:
    """A name in a response can have a byte that is not UTF-8."""
    home.faults.set(Fault.MISENCODED)

    async with session.get("/identity") as response:
        assert json.loads(await response.read())["MediaContainer"]["version"] == home.version
    assert misencoded(b'{"title": "Film"}') == b'{"title": "\xe9Film"}'


async def test_mistyped(session: aiohttp.ClientSession, home: PlexServer) -> None:
    """A response can have the right names and the wrong types."""
    home.faults.set(Fault.MISTYPED)

    async with session.get("/identity") as response:
        container = (await response.json())["MediaContainer"]

    assert container["claimed"] == ["True"]
    assert container["version"] == len(home.version)


async def test_oversized(session: aiohttp.ClientSession, home: PlexServer) -> None:
    """A response can be endless."""
    home.faults.set(Fault.OVERSIZED)

    async with session.get("/identity") as response:
        assert len(await response.content.readexactly(1_000_000)) == 1_000_000


async def test_redirect(session: aiohttp.ClientSession, home: PlexServer) -> None:
    """A host can redirect the client."""
    home.faults.set(Fault.redirect("http://elsewhere.invalid/"))

    async with session.get("/identity", allow_redirects=False) as response:
        assert response.status == 302
        assert response.headers["Location"] == "http://elsewhere.invalid/"


async def test_any_body(session: aiohttp.ClientSession, home: PlexServer) -> None:
    """A host can respond with any body."""
    home.faults.set(Fault.json([1, 2]), paths="^/identity")
    home.faults.set(
        Fault.body("<h1>Welcome to our hotel</h1>", content_type="text/html"), paths="^/$"
    )

    async with session.get("/identity") as response:
        assert await response.json() == [1, 2]
    async with session.get("/") as response:
        assert response.status == 200
        assert await response.text() == "<h1>Welcome to our hotel</h1>"


async def test_maintenance(session: aiohttp.ClientSession, home: PlexServer) -> None:
    """A server can respond as it does while it starts."""
    home.faults.set(Fault.MAINTENANCE)

    async with session.get("/identity") as response:
        assert response.status == 503
        assert (await response.json())["title"] == "Maintenance"


async def test_plex_tv_refuses_a_valid_token(world: World, owner: Account) -> None:
    """For some requests plex.tv can refuse a valid token, in its own form."""
    world.plex_tv.faults.set(Fault.UNAUTHORIZED, times=1)
    headers = {"Accept": "application/json", "X-Plex-Token": world.plex_tv.sign_in(owner)}

    async with aiohttp.ClientSession(headers=headers) as session:
        async with session.get(world.plex_tv.url + "/api/v2/user") as response:
            assert response.status == 401
            assert (await response.json())["errors"][0]["code"] == 1001
        async with session.get(world.plex_tv.url + "/api/v2/user") as response:
            assert response.status == 200


async def test_plex_tv_down(world: World) -> None:
    """All of plex.tv can be stopped."""
    await world.plex_tv.stop()
    async with aiohttp.ClientSession() as session:
        with pytest.raises(aiohttp.ClientConnectorError):
            await session.get(world.plex_tv.url)

        await world.plex_tv.start()

        async with session.get(world.plex_tv.url) as response:
            assert response.status == 404
