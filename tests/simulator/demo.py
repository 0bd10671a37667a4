"""A simulated world with activity: four servers with random streams and new media.

Tower     the owner's, with Plex Pass: streams of all kinds, scans, tasks, new media
Cinema    a friend's, who shares it with the owner, but not all of its libraries
Cabin     of an account without Plex Pass
Attic     never claimed, and requires no token
"""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
import random

from .accounts import Account
from .items import SD, UHD, Find, Kind, Quality
from .scanner import ScanRequest
from .server import PlexServer
from .streams import Delivery, Player, State, StreamOptions
from .world import World

PLAYERS = (
    Player(title="Living room TV"),
    Player(title="Bedroom TV", product="Plex for Apple TV", platform="tvOS", device="Apple TV"),
    Player(title="Kitchen tablet", product="Plex for iOS", platform="iOS", device="iPad"),
    Player(title="Browser", product="Plex Web", platform="Chrome", device="Linux"),
    Player(
        title="Phone",
        product="Plex for Android (Mobile)",
        device="Phone",
        address="203.0.113.77",
        local=False,
    ),
)
MOST_STREAMS = 3
PLAYING_INTERVAL = 10.0
JOB_SECONDS = 20.0
# Seconds between two events on a server.
SHORTEST_LULL, LONGEST_LULL = 8.0, 25.0
# One in this many events is new media, or a task of the butler.
NEW_MEDIA_EVERY, TASK_EVERY = 6, 8
MOST_ITEMS = 200

FILMS: tuple[tuple[str, int, Quality | None], ...] = (
    ("Above the Tree Line", 2024, UHD),
    ("Night Ferry", 2019, None),
    ("The Cartographer", 2023, UHD),
    ("Salt and Paper", 1998, SD),
    ("The Orchard Keeper's Clock", 2021, None),
)
SHOWS = (("Harbour Street", 2, 6), ("Small Hours", 1, 8))
ALBUMS = (("The Quiet Band", "Morning", 8), ("Low Tide", "Lanterns", 10))
PHOTOS = ("Breakfast outside", "The boat", "Rain at last", "Everybody")
FIRST = ("Silent", "Northern", "Paper", "Golden", "Last", "Hidden", "Winter", "Electric")
SECOND = ("River", "Garden", "Letters", "Signal", "Harvest", "Orchestra", "Window", "Crossing")
TASKS = ("BackupDatabase", "ButlerTaskGenerateCreditsMarkers", "OptimizeDatabase")


def furnish(server: PlexServer) -> None:
    """Add the initial media to the libraries."""
    library = server.library
    library.add_section("Photos", Kind.PHOTO)
    for title, year, quality in FILMS:
        library.add(title, year=year, quality=quality, credits_at=5_100_000)
    for show, seasons, episodes in SHOWS:
        for season in range(1, seasons + 1):
            for number in range(1, episodes + 1):
                library.add(
                    f"Episode {number}",
                    kind=Kind.EPISODE,
                    show=show,
                    season=season,
                    duration=2_640_000,
                )
    for artist, album, tracks in ALBUMS:
        for number in range(1, tracks + 1):
            library.add(
                f"{album}, part {number}",
                kind=Kind.TRACK,
                show=artist,
                album=album,
                duration=214_000,
            )
    for title in PHOTOS:
        library.add(title, kind=Kind.PHOTO, album="Summer")


class Life:
    """Random events on one server."""

    def __init__(self, server: PlexServer, people: Sequence[Account], dice: random.Random) -> None:
        """Initialize with the accounts that use the server."""
        self._server = server
        self._people = people
        self._dice = dice

    async def go_on(self) -> None:
        """Cause a random event now and then, until canceled."""
        while True:
            await asyncio.sleep(self._dice.uniform(SHORTEST_LULL, LONGEST_LULL))
            if not self._server.running:
                continue
            if not self._dice.randrange(NEW_MEDIA_EVERY):
                await self.grow()
            elif not self._dice.randrange(TASK_EVERY):
                await self._server.butler.start(self._dice.choice(TASKS))
            else:
                await self.happen()

    async def happen(self) -> None:
        """Start, stop, pause, or resume a stream."""
        dice, server = self._dice, self._server
        streams = server.streams
        if len(streams) < MOST_STREAMS and dice.random() < 1 / (len(streams) + 1):
            await server.start_stream(**self._something_to_play())
            return
        stream = dice.choice(streams)
        if stream.state is State.PAUSED:
            await stream.resume()
        elif dice.random() < 1 / 2:
            await stream.pause()
        else:
            await stream.stop()

    def _something_to_play(self) -> StreamOptions:
        dice = self._dice
        item = dice.choice([item for item in self._server.library.items if item.playable])
        options = StreamOptions(
            user=dice.choice(self._people),
            title=item.title,
            kind=item.kind,
            player=dice.choice(PLAYERS),
        )
        if item.kind in {Kind.MOVIE, Kind.EPISODE}:
            options["delivery"] = dice.choice(list(Delivery))
            options["hardware"] = dice.random() < 1 / 2
            # Often only the audio is not supported by a player.
            options["video"] = dice.choice((None, "copy"))
        return options

    async def grow(self) -> None:
        """Add new media with a scan, and remove the oldest if there is too much."""
        server = self._server
        while len(server.library.items) > MOST_ITEMS:
            await server.remove_media(server.library.items[0])
        server.scanner.on_disk += self._new_files()
        section = server.library.section_for(server.scanner.on_disk[-1].kind)
        await server.scanner.start(ScanRequest(section_id=section.id))

    def _new_files(self) -> list[Find]:
        dice = self._dice
        name = f"{dice.choice(FIRST)} {dice.choice(SECOND)}"
        many = range(1, dice.randint(2, 10))
        match dice.choice((Kind.MOVIE, Kind.EPISODE, Kind.TRACK, Kind.PHOTO)):
            case Kind.EPISODE:
                return [
                    Find(title=f"Episode {number}", kind=Kind.EPISODE, show=name) for number in many
                ]
            case Kind.TRACK:
                return [
                    Find(title=f"{name}, part {number}", kind=Kind.TRACK, show=name, album=name)
                    for number in many
                ]
            case Kind.PHOTO:
                return [
                    Find(title=f"{name} {number}", kind=Kind.PHOTO, album=name) for number in many
                ]
            case _:
                quality = dice.choice((None, SD, UHD))
                return [Find(title=name, year=dice.randint(1960, 2026), quality=quality)]


@asynccontextmanager
async def demo_world(
    *,
    plex_tv_port: int = 0,
    control_port: int = 0,
    tower_port: int = 0,
    cinema_port: int = 0,
    cabin_port: int = 0,
    attic_port: int = 0,
    lively: bool = True,
    dice: random.Random | None = None,
) -> AsyncGenerator[World]:
    """Run a plex.tv and the four servers; `lively` causes random events on them."""
    async with World(plex_tv_port=plex_tv_port, control_port=control_port) as world:
        owner = world.plex_tv.add_account("owner", plex_pass=True)
        friend = world.plex_tv.add_account("friend", plex_pass=True)
        visitor = world.plex_tv.add_account("visitor")
        tower = await world.add_server("Tower", owner=owner, port=tower_port)
        cinema = await world.add_server("Cinema", owner=friend, port=cinema_port)
        cabin = await world.add_server("Cabin", owner=visitor, port=cabin_port)
        attic = await world.add_server("Attic", owner=owner, port=attic_port)
        attic.claimed = False
        tower.share_with(friend)
        tower.share_with(visitor)
        cinema.share_with(owner, sections=cinema.library.sections[:2])
        await cabin.remote_access.become("failed", "unreachable")
        tower.updater.offer("1.43.4.10903-e5521bd8c", added="A new thing.", fixed="An old fault.")
        people = {
            "Tower": [owner, friend, visitor],
            "Cinema": [owner, friend],
            "Cabin": [visitor],
            "Attic": [owner],
        }
        dice = dice or random.Random()  # noqa: S311 - not used for security
        for server in world.servers:
            furnish(server)
            server.playing_interval = PLAYING_INTERVAL
            server.job_seconds = JOB_SECONDS
        lives = [Life(server, people[server.name], dice) for server in world.servers]
        tasks = [asyncio.create_task(life.go_on()) for life in lives] if lively else []
        try:
            yield world
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
