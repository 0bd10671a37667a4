"""What a part that fails costs, and how long a start waits for hosts that say nothing."""

import asyncio
from dataclasses import dataclass

from .contenders import Contender
from .home import Home, home_with
from .plex import Server
from .speed import STREAMS, Reading, read, wait_until_idle

MINUTE = 60.0
SESSIONS = "^/status/sessions$"


@dataclass(frozen=True, kw_only=True)
class Minutes:
    """The seconds that are measured, and the speed of the clock."""

    speed: float = 30.0
    watched: float = 10 * MINUTE
    settle: float = 5 * MINUTE


FULL = Minutes()
QUICK = Minutes(watched=MINUTE, settle=MINUTE)


async def measure_failures(contender: Contender, scope: Minutes) -> list[dict[str, float]]:
    """Return the figures of a fresh process."""
    figures: dict[str, float] = {}
    async with home_with(contender) as home:
        server = await home.plex.add_server("Home")
        await home.use_simulated_plex_tv()
        entry = await home.add(server)
        await wait_until_idle(home)
        # In real time: setup is done when Home Assistant's start no longer waits for it.
        await home.plex.do("silence", hosts=[server.name, "plex.tv"])
        figures["setup_silent"] = (await home.reload(entry)).seconds
        await home.plex.do("end_silence", hosts=[server.name, "plex.tv"])
        await home.reload(entry)
        await home.plex.do("start_streams", server=server.name, number=STREAMS)
        await home.run_clocks(scope.speed)
        figures |= await _cost(home, server, scope, "well")
        await home.plex.do("fail_path", server=server.name, paths=SESSIONS, status=500)
        figures |= await _cost(home, server, scope, "failing")
    return [figures]


async def _cost(home: Home, server: Server, scope: Minutes, state: str) -> dict[str, float]:
    """Return the requests and the CPU seconds of a simulated minute."""
    await asyncio.sleep(scope.settle / scope.speed)
    before, sent = await _reading(home, server)
    await asyncio.sleep(scope.watched / scope.speed)
    after, sent_after = await _reading(home, server)
    passed = scope.watched / MINUTE
    return {
        f"requests_{state}": (sent_after - sent) / passed,
        f"cpu_{state}": (after.cpu - before.cpu) / passed,
    }


async def _reading(home: Home, server: Server) -> tuple[Reading, int]:
    traffic = await home.plex.do("traffic")
    return await read(home), traffic[server.name]["requests"]
