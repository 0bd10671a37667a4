"""The cost and the speed of a contender, in real time, on an idle machine."""

import asyncio
from dataclasses import dataclass
import random
from statistics import median, quantiles

from tests.real.client import until

from .contenders import Contender, Entry, Json
from .home import Home, StateChanges, home_with
from .plex import Server

STREAMS = 5
# A process is idle if it used no more than this fraction of a core for this many seconds.
IDLE_CPU, IDLE_FOR, IDLE_WITHIN = 0.05, 2.0, 120.0
# Both contenders read the sessions at most once a second.
BETWEEN_STARTS = 2.5
WITHIN = 30.0
# The recorder commits changes within this many seconds.
COMMITTED = 6.0


@dataclass(frozen=True, kw_only=True)
class Amounts:
    """The amounts of one run."""

    setups: int = 3
    pushes: int = 1000
    pushes_per_second: float = 200.0
    # With more changes the recorder's cost grows disproportionately, for each contender.
    changes: int = 300
    changes_per_second: float = 40.0
    toggles: int = 100
    starts: int = 6
    idle: float = 10.0
    # Plex Monitor reads a library when nothing was added for twenty seconds.
    after_scan: float = 25.0


FULL = Amounts()
QUICK = Amounts(setups=1, pushes=200, changes=80, toggles=30, starts=2, idle=2.0, after_scan=2.0)


@dataclass(frozen=True, kw_only=True)
class Reading:
    """The CPU seconds and executor jobs of a process until some moment."""

    cpu: float
    at: float
    jobs: int


async def read(home: Home) -> Reading:
    """Read the CPU seconds and executor jobs of the process."""
    return Reading(**await home.probe("read"))


async def wait_until_idle(home: Home) -> None:
    """Wait until the process has finished the work after a start, a setup or a change."""

    async def is_idle() -> bool:
        before = await read(home)
        await asyncio.sleep(IDLE_FOR)
        after = await read(home)
        return (after.cpu - before.cpu) / (after.at - before.at) <= IDLE_CPU

    await until(is_idle, what=f"{home.contender.name} is idle", timeout=IDLE_WITHIN)


async def measure_speed(contender: Contender, amounts: Amounts) -> dict[str, float]:
    """Return the figures of one run in a fresh process."""
    figures: dict[str, float] = {}
    async with home_with(contender) as home:
        server = await home.plex.add_server("Home")
        await wait_until_idle(home)
        before = await home.probe("memory")
        await home.use_simulated_plex_tv()
        entry = await home.add(server)
        titles = await home.plex.do("start_streams", server=server.name, number=STREAMS)
        for title in titles:
            await home.shows(entry, title)
        await home.plex.do("idle")
        await wait_until_idle(home)
        after = await home.probe("memory")
        figures |= {f"memory_{kind}": after[kind] - before[kind] for kind in ("pss", "rss")}
        figures |= await _work(home, server, amounts)
        figures |= await _lateness(home, server, amounts)
        async with home.watched() as changes:
            figures |= await _set_up(home, changes, server, entry, titles[0], amounts)
            figures |= await _latency(home, changes, server, titles[0], amounts)
    return figures


async def _set_up(
    home: Home,
    changes: StateChanges,
    server: Server,
    entry: Entry,
    title: str,
    amounts: Amounts,
) -> dict[str, float]:
    """Set the entry up several times, with and without delay to the server."""
    figures: dict[str, float] = {}
    for milliseconds in (0, 20):
        await home.plex.do("delay", server=server.name, round_trip=milliseconds / 1000)
        loaded, shown, late, jobs, requests = [], [], [], [], []
        for _ in range(amounts.setups):
            before, sent = await read(home), await _requests(home)
            await home.probe("lateness/start")
            first = asyncio.create_task(
                changes.first(
                    lambda state: home.contender.stream_state(state, title) is not None,
                    within=WITHIN,
                )
            )
            setup = await home.reload(entry)
            loaded.append(setup.seconds)
            shown.append(await first - setup.started)
            await home.plex.do("idle")
            late.append(max(await home.probe("lateness/stop")))
            jobs.append((await read(home)).jobs - before.jobs)
            requests.append(await _requests(home) - sent)
        figures |= {
            f"setup_loaded_{milliseconds}": median(loaded),
            f"setup_shown_{milliseconds}": median(shown),
            f"setup_longest_block_{milliseconds}": median(late),
            f"setup_jobs_{milliseconds}": median(jobs),
            f"setup_requests_{milliseconds}": median(requests),
        }
    await home.plex.do("delay", server=server.name, round_trip=0)
    return figures


async def _requests(home: Home) -> int:
    traffic: dict[str, Json] = await home.plex.do("traffic")
    return sum(host["requests"] for host in traffic.values())


async def _work(home: Home, server: Server, amounts: Amounts) -> dict[str, float]:
    """Return the CPU seconds and the executor jobs per thousand notifications."""
    figures: dict[str, float] = {}
    await wait_until_idle(home)
    start = await read(home)
    await asyncio.sleep(amounts.idle)
    end = await read(home)
    passed = end.at - start.at
    idle_cpu, idle_jobs = (end.cpu - start.cpu) / passed, (end.jobs - start.jobs) / passed
    for what, number, per_second, after in (
        ("positions", amounts.pushes, amounts.pushes_per_second, 1.0),
        ("changes", amounts.changes, amounts.changes_per_second, COMMITTED),
        ("scan", amounts.pushes, amounts.pushes_per_second, amounts.after_scan),
    ):
        start = await read(home)
        pushed = await home.plex.do(
            "push", server=server.name, what=what, number=number, per_second=per_second
        )
        await asyncio.sleep(after)
        end = await read(home)
        passed, per_thousand = end.at - start.at, 1000 / pushed["frames"]
        # The background work varies, and can be more than that of the notifications.
        cpu = max(0.0, end.cpu - start.cpu - idle_cpu * passed)
        jobs = max(0.0, end.jobs - start.jobs - idle_jobs * passed)
        figures |= {f"cpu_{what}": cpu * per_thousand, f"jobs_{what}": jobs * per_thousand}
    return figures


async def _lateness(home: Home, server: Server, amounts: Amounts) -> dict[str, float]:
    """Return how late the event loop was while streams paused and resumed."""
    await home.probe("lateness/start")
    await home.plex.do(
        "push",
        server=server.name,
        what="changes",
        number=amounts.changes,
        per_second=amounts.changes_per_second,
    )
    late: list[float] = await home.probe("lateness/stop")
    return {"block_longest": max(late), "block_p99": percentile(late, 99)}


async def _latency(
    home: Home, changes: StateChanges, server: Server, title: str, amounts: Amounts
) -> dict[str, float]:
    """Return the seconds from a notification to the new state on Home Assistant's websocket."""
    changed = [
        await _until_shown(
            home,
            changes,
            title,
            "paused" if count % 2 == 0 else "playing",
            {"do": "pause", "server": server.name, "paused": count % 2 == 0},
        )
        for count in range(amounts.toggles // 2 * 2)
    ]
    started = []
    for count in range(amounts.starts):
        await asyncio.sleep(BETWEEN_STARTS)
        new = f"Latecomer {count}"
        started.append(
            await _until_shown(
                home, changes, new, "playing", {"do": "start_stream", "server": server.name}
            )
        )
    return {
        "latency_change_p50": percentile(changed, 50),
        "latency_change_p99": percentile(changed, 99),
        "latency_start_p50": percentile(started, 50),
        "latency_start_longest": max(started),
    }


async def _until_shown(
    home: Home, changes: StateChanges, title: str, state: str, command: Json
) -> float:
    """Send a notification of a stream, and return the seconds until its state is shown."""
    shown = asyncio.create_task(
        changes.first(lambda new: home.contender.stream_state(new, title) == state, within=WITHIN)
    )
    # At random, so as not to be in step with the timers of the contenders.
    await asyncio.sleep(random.uniform(0.01, 0.03))  # noqa: S311 - no secret
    at: float = await home.plex.do(command.pop("do"), title=title, **command)
    return await shown - at


def percentile(values: list[float], percent: int) -> float:
    """Return a percentile of the values."""
    if len(values) == 1:
        return values[0]
    return quantiles(values, n=100, method="inclusive")[percent - 1]
