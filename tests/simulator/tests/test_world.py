"""The request log, the clock and the special ports of a world."""

import asyncio

import aiohttp
import pytest

from tests.simulator import Account, Fault, PlexServer, World
from tests.simulator.http_client import status


async def test_log_distinguishes_header_from_url(
    client: aiohttp.ClientSession, world: World, owner: Account, home: PlexServer
) -> None:
    """The log has the host, path and token of each request, and where the token was sent."""
    token = world.plex_tv.sign_in(owner)
    await status(client, world.plex_tv.url + "/api/v2/ping", token)
    await status(client, f"{home.url}/?X-Plex-Token={token}")
    await status(client, home.url + "/accounts")

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


async def test_idle_waits_for_open_requests(
    client: aiohttp.ClientSession, world: World, home: PlexServer
) -> None:
    """`idle` returns once every request has a response."""
    home.faults.set(Fault.slow(0.05))
    answers = asyncio.gather(*(status(client, home.url + "/identity") for _ in range(20)))

    await world.idle(quiet=0.5)

    assert [record.status for record in world.requests] == [200] * 20
    assert await answers == [200] * 20


async def test_own_clock(verify_cleanup: None, socket_enabled: None) -> None:
    """A world can have any clock, which all its timestamps follow."""
    async with World(clock=lambda: 1_800_000_000.0) as world:
        world.plex_tv.sign_in(world.plex_tv.add_account("owner"))

        assert [device.created_at for device in world.plex_tv.book.devices] == [1_800_000_000]


async def test_dead_addresses(client: aiohttp.ClientSession, world: World) -> None:
    """One kind of dead address refuses connections, the other never responds."""
    with pytest.raises(aiohttp.ClientConnectorError):
        await client.get(f"http://127.0.0.1:{world.refusing_port()}/")
    with pytest.raises(TimeoutError):
        await client.get(
            f"http://127.0.0.1:{world.hanging_port()}/", timeout=aiohttp.ClientTimeout(total=0.1)
        )
