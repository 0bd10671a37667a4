"""What goes on: people play something, libraries grow, servers are busy."""

from dataclasses import dataclass
from typing import override

from tests.chaos.cast import Resident
from tests.chaos.stage import Stage
from tests.simulator import Account, Delivery, Find, Item, Kind, PlexServer, State

from .base import OfRole

MOST_STREAMS = 4
BURST = 40


@dataclass(frozen=True, kw_only=True)
class Stream(OfRole):
    """Somebody plays something."""

    what: str
    dice: int = 0

    @override
    async def happen(self, stage: Stage, resident: Resident) -> None:
        server = resident.server
        if not server.running:
            return
        stage.told(resident.role, BURST if self.what == "burst" else 2)
        streams = server.streams
        match self.what:
            case "start" if len(streams) < MOST_STREAMS:
                await self._start(stage, server)
            case "burst":
                for turn in range(BURST):
                    stream = await server.start_stream(title=f"Film {turn % 5}")
                    await stream.pause()
                    await stream.stop()
            case "crash" if streams:
                stream = streams[self.dice % len(streams)]
                await stream.crash()
                await stream.stop()
            case _ if streams:
                stream = streams[self.dice % len(streams)]
                match self.what:
                    case "pause":
                        await stream.pause()
                    case "resume" if stream.state is not State.PLAYING:
                        await stream.resume()
                    case "seek":
                        await stream.seek(self.dice * 60_000 % stream.item.duration)
                    case "deliver":
                        await stream.deliver(list(Delivery)[self.dice % len(Delivery)])
                    case "stop":
                        await stream.stop()

    async def _start(self, stage: Stage, server: PlexServer) -> None:
        people: list[Account] = [stage.owner, stage.friend]
        await server.start_stream(
            user=people[self.dice % 2],
            title=f"Film {self.dice % 5}",
            player=f"Player {self.dice % 3}",
            delivery=list(Delivery)[self.dice % len(Delivery)],
            video="copy" if self.dice % 4 == 0 else None,
        )


@dataclass(frozen=True, kw_only=True)
class Media(OfRole):
    """The libraries of a server grow or shrink."""

    what: str
    dice: int = 0

    @override
    async def happen(self, stage: Stage, resident: Resident) -> None:
        server, library = resident.server, resident.server.library
        if not server.running:
            return
        stage.told(resident.role, 3)
        kinds = {section.kind for section in library.sections}
        match self.what:
            case "film" if Kind.MOVIE in kinds:
                await server.add_media(f"Found {self.dice}")
            case "season" if Kind.SHOW in kinds:
                await server.add_season("Small Hours", 1 + self.dice % 4, episodes=6)
            case "album" if Kind.ARTIST in kinds:
                await server.add_album("Low Tide", f"Album {self.dice % 4}", tracks=5)
            case "removal":
                playable = [item for item in library.items if item.playable]
                idle = [item for item in playable if item not in _played(server)]
                if len(idle) > len(kinds):
                    await server.remove_media(idle[self.dice % len(idle)])
            case "new library" if len(library.sections) < 6:
                section = library.add_section(f"Films {self.dice}", Kind.MOVIE)
                await server.discover(Find(title=f"First of {self.dice}", section=section))
            case "library gone" if len(library.sections) > 3:
                section = library.sections[-1]
                if not any(item.section is section for item in _played(server)):
                    library.remove_section(section)
            case "scan":
                section = library.sections[self.dice % len(library.sections)]
                await server.jobs.finish()
                await server.scan(section)


def _played(server: PlexServer) -> list[Item]:
    return [stream.item for stream in server.streams]


@dataclass(frozen=True, kw_only=True)
class Work(OfRole):
    """A server is busy with something, or its state changes."""

    what: str
    dice: int = 0

    @override
    async def happen(self, stage: Stage, resident: Resident) -> None:
        server = resident.server
        if not server.running:
            return
        stage.told(resident.role, 2)
        match self.what:
            case "begin" if len(server.activities.running) < MOST_STREAMS:
                activity = await server.activities.start("media.generate", f"Work {self.dice}")
                await activity.update(self.dice % 100)
            case "end" if server.activities.running:
                await server.jobs.finish()
                for activity in list(server.activities.running):
                    await activity.end()
            case "task":
                await server.butler.start("BackupDatabase")
            case "remote access lost":
                await server.remote_access.become("failed", "unreachable")
            case "remote access back":
                await server.remote_access.become()
            case "update offered":
                server.updater.offer(f"1.99.{self.dice}.1-abc")
