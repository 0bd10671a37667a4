"""The requests of a contender to the server and to plex.tv in an hour, on a faster clock."""

import asyncio
from dataclasses import dataclass

from .contenders import Contender
from .home import home_with
from .speed import STREAMS, read

HOUR = 3600.0


@dataclass(frozen=True, kw_only=True)
class Hours:
    """The measured part of an hour, and the speed of the clock."""

    speed: float = 30.0
    # Whole periods of all timers: 60, 600 and 3600 s of Plex Monitor, 600 and 900 s of plex.
    watched: float = HOUR
    settle: float = 300.0


FULL = Hours()
QUICK = Hours(watched=150.0, settle=60.0)


async def measure_traffic(contender: Contender, hours: Hours) -> list[dict[str, float]]:
    """Return the requests and bytes of an hour, idle and with streams, by host."""
    figures: dict[str, float] = {}
    async with home_with(contender) as home:
        server = await home.plex.add_server("Home")
        await home.use_simulated_plex_tv()
        await home.add(server)
        await home.run_clocks(hours.speed)
        for load, streams in (("idle", 0), ("streams", STREAMS)):
            await home.plex.do("start_streams", server=server.name, number=streams)
            await asyncio.sleep(hours.settle / hours.speed)
            before, jobs = await home.plex.do("traffic"), (await read(home)).jobs
            await asyncio.sleep(hours.watched / hours.speed)
            after = await home.plex.do("traffic")
            per_hour = HOUR / hours.watched
            for host, name in ((server.name, "server"), ("plex.tv", "plex_tv")):
                for what in ("requests", "bytes"):
                    figures[f"{what}_{load}_{name}"] = (
                        after[host][what] - before[host][what]
                    ) * per_hour
            figures[f"jobs_{load}"] = ((await read(home)).jobs - jobs) * per_hour
    return [figures]
