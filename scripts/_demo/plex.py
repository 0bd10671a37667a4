"""The simulated Plex of the demo: its accounts, servers, and activity."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
import random

from tests.simulator import Account, Player, PlexServer, World
from tests.simulator.demo import PLAYERS, Life, demo_world


@dataclass(frozen=True, kw_only=True)
class DemoPlex:
    """A plex.tv, an owner with a server, and a friend who shares another one.

    A third server belongs to an account without Plex Pass, and a fourth is not claimed.
    """

    world: World
    owner: Account
    friend: Account
    tower: PlexServer
    attic: PlexServer
    bedroom: Player

    @asynccontextmanager
    async def life_on(self, server: PlexServer) -> AsyncGenerator[None]:
        """Simulate random streams and new media on a server."""
        dice = random.Random()  # noqa: S311 - not used for security
        people = {server.owner, *(share.account for share in server.shares)}
        task = asyncio.create_task(Life(server, [*people], dice).go_on())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


@asynccontextmanager
async def simulated_plex() -> AsyncGenerator[DemoPlex]:
    """Run the simulated Plex: one stream on Tower, and random activity on the other servers."""
    async with demo_world(lively=False) as world, AsyncExitStack() as stack:
        tower, cinema = world.server("Tower"), world.server("Cinema")
        plex = DemoPlex(
            world=world,
            owner=tower.owner,
            friend=cinema.owner,
            tower=tower,
            attic=world.server("Attic"),
            bedroom=next(player for player in PLAYERS if player.title == "Bedroom TV"),
        )
        await tower.start_stream(user=plex.friend, player=plex.bedroom)
        for name in ("Cinema", "Cabin", "Attic"):
            await stack.enter_async_context(plex.life_on(world.server(name)))
        yield plex
