"""PlexAPI, which blocks, in the tests of the simulator."""

import asyncio
from collections.abc import Callable

from plexapi.server import PlexServer as PlexApiServer

from tests.simulator import Account, PlexServer, World


async def in_thread[T](work: Callable[[], T]) -> T:
    """Run a blocking function in a thread."""
    return await asyncio.to_thread(work)


async def connect(world: World, server: PlexServer, account: Account) -> PlexApiServer:
    """Return PlexAPI's server, signed in with a new token of an account."""
    token = world.plex_tv.sign_in(account)
    return await in_thread(lambda: PlexApiServer(server.url, token))
