"""How the cost of a contender grows with the size of a server."""

import asyncio
from dataclasses import dataclass
import math
from typing import Any

from .contenders import Contender
from .home import Home, home_with
from .plex import Server
from .speed import COMMITTED, read, wait_until_idle

# The dimensions and their steps: about those of one, ten and a hundred usual servers. More than two
# hundred libraries are left out.
DIMENSIONS = {
    "streams": (2, 20, 200),
    "libraries": (2, 20, 200),
    "items": (10_000, 100_000, 1_000_000),
}
LIBRARIES_OF_ITEMS = 10
# Plex Monitor reads a library when nothing was added for twenty seconds.
AFTER_ADDITION, ADDITION_SPEED = 60.0, 20.0


@dataclass(frozen=True, kw_only=True)
class Steps:
    """The steps, and the number of notifications for each measurement."""

    dimensions: tuple[str, ...] = tuple(DIMENSIONS)
    number: int = 3
    pushes: int = 1000
    changes: int = 200
    idle: float = 5.0


FULL = Steps()
QUICK = Steps(dimensions=("streams",), number=2, pushes=200, changes=80, idle=2.0)


async def measure_scale(contender: Contender, steps: Steps) -> dict[str, list[dict[str, float]]]:
    """Return the figures of each step of each dimension, each in a fresh process."""
    return {
        dimension: [
            {"size": size, **await _step(contender, dimension, size, steps)}
            for size in DIMENSIONS[dimension][: steps.number]
        ]
        for dimension in steps.dimensions
    }


async def _step(contender: Contender, dimension: str, size: int, steps: Steps) -> dict[str, float]:
    async with home_with(contender) as home:
        server = await home.plex.add_server("Home")
        streams = size if dimension == "streams" else 2
        if dimension == "libraries":
            await home.plex.do("add_libraries", server=server.name, number=size)
        elif dimension == "items":
            await home.plex.do(
                "add_libraries",
                server=server.name,
                number=LIBRARIES_OF_ITEMS,
                items=size // LIBRARIES_OF_ITEMS,
            )
        titles = await home.plex.do("start_streams", server=server.name, number=streams)
        await wait_until_idle(home)
        memory = await home.probe("memory")
        await home.use_simulated_plex_tv()
        entry = await home.add(server)
        await home.shows(entry, titles[0])
        await home.plex.do("idle")
        await wait_until_idle(home)
        grown = await home.probe("memory")
        before = await _requests(home), await read(home)
        setup = await home.reload(entry)
        await home.plex.do("idle")
        after = await _requests(home), await read(home)
        figures = {
            "memory": grown["pss"] - memory["pss"],
            "setup_loaded": setup.seconds,
            "setup_cpu": after[1].cpu - before[1].cpu,
            "setup_requests": after[0] - before[0],
        }
        await wait_until_idle(home)
        figures |= await _pushes(home, server, steps)
        return figures | await _addition(home, server)


async def _addition(home: Home, server: Server) -> dict[str, float]:
    """Return the requests about libraries after one film was added."""
    await home.run_clocks(ADDITION_SPEED)
    before = await _library_requests(home)
    await home.plex.do("push", server=server.name, what="scan", number=10, per_second=1)
    await asyncio.sleep(AFTER_ADDITION / ADDITION_SPEED)
    return {"addition_requests": await _library_requests(home) - before}


async def _library_requests(home: Home) -> int:
    counts: dict[str, int] = await home.plex.do("request_counts")
    return sum(
        count
        for request, count in counts.items()
        if request.split()[-1].startswith(("/library", "/media"))
    )


async def _requests(home: Home) -> int:
    traffic: dict[str, Any] = await home.plex.do("traffic")
    return sum(int(host["requests"]) for host in traffic.values())


async def _pushes(home: Home, server: Server, steps: Steps) -> dict[str, float]:
    """Return the CPU seconds per thousand notifications of each kind."""
    start = await read(home)
    await asyncio.sleep(steps.idle)
    end = await read(home)
    idle = (end.cpu - start.cpu) / (end.at - start.at)
    figures: dict[str, float] = {}
    for what, number, per_second, after in (
        ("positions", steps.pushes, 200.0, 0.5),
        ("changes", steps.changes, 40.0, COMMITTED),
    ):
        start = await read(home)
        pushed = await home.plex.do(
            "push", server=server.name, what=what, number=number, per_second=per_second
        )
        await asyncio.sleep(after)
        end = await read(home)
        used = max(0.0, end.cpu - start.cpu - idle * (end.at - start.at))
        figures[f"cpu_{what}"] = used * 1000 / pushed["frames"]
    return figures


def exponent(steps: list[dict[str, float]], figure: str) -> float | None:
    """Return the slope of a figure against the size, both as logarithms: 1 is proportional."""
    points = [(math.log(one["size"]), math.log(one[figure])) for one in steps if one[figure] > 0]
    if len(points) < 2:  # noqa: PLR2004 - two points make a line.
        return None
    mean_x = sum(x for x, _ in points) / len(points)
    mean_y = sum(y for _, y in points) / len(points)
    return sum((x - mean_x) * (y - mean_y) for x, y in points) / sum(
        (x - mean_x) ** 2 for x, _ in points
    )
