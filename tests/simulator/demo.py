"""A world that lives: two servers on which people start, pause and end streams."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
import random

from .accounts import Account
from .library import Kind
from .server import PlexServer
from .streams import Delivery, Player, State
from .world import World

PLAYERS = (
    Player(title="Living room TV"),
    Player(title="Kitchen tablet", product="Plex for iOS", platform="iOS", device="iPad"),
    Player(title="Browser", product="Plex Web", platform="Chrome", device="Linux"),
)
MOST_STREAMS = 3
PLAYING_INTERVAL = 10.0
# Seconds between two things that happen on a server.
SHORTEST_LULL, LONGEST_LULL = 8.0, 25.0


class Life:
    """What people do on one server."""

    def __init__(self, server: PlexServer, people: list[Account], dice: random.Random) -> None:
        """Take the people who may do something there."""
        self._server = server
        self._people = people
        self._dice = dice

    async def go_on(self) -> None:
        """Let something happen now and then, until cancelled."""
        while True:
            await asyncio.sleep(self._dice.uniform(SHORTEST_LULL, LONGEST_LULL))
            if self._server.running:
                await self.happen()

    async def happen(self) -> None:
        """Let one thing happen: a stream starts, ends, pauses or goes on."""
        dice, server = self._dice, self._server
        streams = server.streams
        if len(streams) < MOST_STREAMS and dice.random() < 1 / (len(streams) + 1):
            item = dice.choice([item for item in server.library.items if item.playable])
            await server.start_stream(
                user=dice.choice(self._people),
                title=item.title,
                kind=item.kind,
                player=dice.choice(PLAYERS),
                delivery=(
                    Delivery.DIRECT_PLAY if item.kind is Kind.TRACK else dice.choice(list(Delivery))
                ),
            )
            return
        stream = dice.choice(streams)
        if stream.state is State.PAUSED:
            await stream.resume()
        elif dice.random() < 1 / 2:
            await stream.pause()
        else:
            await stream.stop()


@asynccontextmanager
async def demo_world(
    *,
    plex_tv_port: int = 0,
    control_port: int = 0,
    home_port: int = 0,
    friends_port: int = 0,
    lively: bool = True,
    dice: random.Random | None = None,
) -> AsyncGenerator[World]:
    """Run a plex.tv and two servers: Home is the owner's, Friends is shared with the owner."""
    async with World(plex_tv_port=plex_tv_port, control_port=control_port) as world:
        owner = world.plex_tv.add_account("owner", plex_pass=True)
        friend = world.plex_tv.add_account("friend")
        home = await world.add_server("Home", owner=owner, port=home_port)
        friends = await world.add_server("Friends", owner=friend, port=friends_port)
        home.share_with(friend)
        friends.share_with(owner)
        home.updater.offer("1.43.4.10903-e5521bd8c", added="A new thing.", fixed="An old fault.")
        people = [owner, friend]
        dice = dice or random.Random()  # noqa: S311 - Nobody must not guess who plays what.
        lives = [Life(server, people, dice) for server in world.servers] if lively else []
        for server in world.servers:
            server.playing_interval = PLAYING_INTERVAL
        tasks = [asyncio.create_task(life.go_on()) for life in lives]
        try:
            yield world
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
