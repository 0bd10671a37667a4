"""How long a hostile server holds the event loop, and how much memory that takes."""

from dataclasses import dataclass

from .contenders import Contender
from .home import Home, home_with
from .speed import STREAMS, wait_until_idle

# What is answered while the entry is reloaded, which reads everything, and what is pushed.
ANSWERS = ("nothing", "some_nothing", "text", "some_text", "levels", "streams", "libraries")
FLOODS = ("positions", "activities", "items", "frames")


@dataclass(frozen=True, kw_only=True)
class Kinds:
    """What is tried."""

    answers: tuple[str, ...] = ANSWERS
    floods: tuple[str, ...] = FLOODS


FULL = Kinds()
QUICK = Kinds(answers=("nothing", "levels"), floods=("frames",))


async def measure_hostile(contender: Contender, kinds: Kinds) -> dict[str, float]:
    """Return the figures of one run in a fresh process."""
    figures: dict[str, float] = {}
    async with home_with(contender) as home:
        server = await home.plex.add_server("Home")
        await home.use_simulated_plex_tv()
        entry = await home.add(server)
        await home.plex.do("start_streams", server=server.name, number=STREAMS)
        await wait_until_idle(home)
        await home.probe("peak/start")
        await home.reload(entry)
        figures |= await _peak(home, "usual")
        for kind in kinds.floods:
            await home.probe("peak/start")
            await home.plex.do("flood", server=server.name, kind=kind)
            figures |= await _peak(home, kind)
        for kind in kinds.answers:
            await home.plex.do("be_hostile", server=server.name, kind=kind, xml=contender.reads_xml)
            await home.probe("peak/start")
            await home.reload(entry)
            figures |= await _peak(home, kind)
            await home.plex.do("end_hostility", server=server.name)
            await home.reload(entry)
            await wait_until_idle(home)
    return figures


async def _peak(home: Home, kind: str) -> dict[str, float]:
    """Return the figures once all work is done."""
    await wait_until_idle(home)
    peak = await home.probe("peak/stop")
    return {f"held_{kind}": peak["held"], f"memory_{kind}": peak["memory"]}
