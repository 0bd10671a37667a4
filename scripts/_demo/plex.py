"""The simulated Plex of the demo: whose servers there are, and what happens on them."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
import random

from tests.simulator import Account, PlexServer, World
from tests.simulator.demo import Life, demo_world


@dataclass(frozen=True, kw_only=True)
class DemoPlex:
    """A plex.tv, an owner with a server, and a friend who shares another one."""

    world: World
    owner: Account
    friend: Account
    home: PlexServer

    @asynccontextmanager
    async def life_on(self, server: PlexServer) -> AsyncGenerator[None]:
        """Let people watch what they like on a server."""
        dice = random.Random()  # noqa: S311 - nobody must not guess who watches what.
        task = asyncio.create_task(Life(server, [self.owner, self.friend], dice).go_on())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


@asynccontextmanager
async def simulated_plex() -> AsyncGenerator[DemoPlex]:
    """Run the simulated Plex: one film at Home, which the story counts on, and life at Friends."""
    async with demo_world(lively=False) as world:
        home, friends = world.server("Home"), world.server("Friends")
        plex = DemoPlex(world=world, owner=home.owner, friend=friends.owner, home=home)
        await home.start_stream(user=plex.friend, player="Bedroom TV")
        async with plex.life_on(friends):
            yield plex
