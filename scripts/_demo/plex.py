"""The simulated Plex of the demo: whose servers there are, and what happens on them."""

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

    Somebody without a Plex Pass has a third one, and a fourth belongs to nobody.
    """

    world: World
    owner: Account
    friend: Account
    home: PlexServer
    attic: PlexServer
    bedroom: Player

    @asynccontextmanager
    async def life_on(self, server: PlexServer) -> AsyncGenerator[None]:
        """Let people watch what they like on a server, and let it get something new."""
        dice = random.Random()  # noqa: S311 - nobody must not guess who watches what.
        people = {server.owner, *(share.account for share in server.shares)}
        task = asyncio.create_task(Life(server, [*people], dice).go_on())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


@asynccontextmanager
async def simulated_plex() -> AsyncGenerator[DemoPlex]:
    """Run the simulated Plex: one film at Home, which the story counts on, and life elsewhere."""
    async with demo_world(lively=False) as world, AsyncExitStack() as stack:
        home, cinema = world.server("Home"), world.server("Cinema")
        plex = DemoPlex(
            world=world,
            owner=home.owner,
            friend=cinema.owner,
            home=home,
            attic=world.server("Attic"),
            bedroom=next(player for player in PLAYERS if player.title == "Bedroom TV"),
        )
        await home.start_stream(user=plex.friend, player=plex.bedroom)
        for name in ("Cinema", "Cabin", "Attic"):
            await stack.enter_async_context(plex.life_on(world.server(name)))
        yield plex
