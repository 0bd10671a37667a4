"""Steps of normal use: streams, changes of the libraries, activities of a server."""

from dataclasses import dataclass
from typing import override

from tests.chaos.environment import Environment
from tests.simulator import Account, Delivery, Find, Item, Kind, PlexServer, State

from .base import ServerStep

MOST_STREAMS = 4
BURST = 40


@dataclass(frozen=True, kw_only=True)
class Stream(ServerStep):
    """A stream starts, changes or ends."""

    @override
    @property
    def notifications(self) -> int:
        return BURST if self.what == "burst" else 2

    @override
    async def act(self, env: Environment, server: PlexServer) -> None:
        streams = server.streams
        match self.what:
            case "start" if len(streams) < MOST_STREAMS:
                await self._start(env, server)
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

    async def _start(self, env: Environment, server: PlexServer) -> None:
        people: list[Account] = [env.owner, env.friend]
        await server.start_stream(
            user=people[self.dice % 2],
            title=f"Film {self.dice % 5}",
            player=f"Player {self.dice % 3}",
            delivery=list(Delivery)[self.dice % len(Delivery)],
            video="copy" if self.dice % 4 == 0 else None,
        )


@dataclass(frozen=True, kw_only=True)
class Media(ServerStep):
    """Media or a library is added, removed or scanned."""

    @override
    @property
    def notifications(self) -> int:
        return 3

    @override
    async def act(self, env: Environment, server: PlexServer) -> None:
        library = server.library
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
class Work(ServerStep):
    """An activity of a server starts or ends, or its remote access or its update changes."""

    @override
    async def act(self, env: Environment, server: PlexServer) -> None:
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
