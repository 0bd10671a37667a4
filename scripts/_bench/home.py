"""A Home Assistant process in which one contender is measured."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
import socket
import tempfile
import time
from typing import Any

from tests.real import HomeAssistantClient, HomeAssistantProcess
from tests.real.client import until

from .contenders import Contender, Entry, Json
from .plex import Plex, Server

PROBE = Path(__file__).with_name("probe")


@dataclass(frozen=True, kw_only=True)
class Setup:
    """The start of a setup, and its duration in seconds."""

    started: float
    seconds: float


class StateChanges:
    """Waits for events of changed states."""

    def __init__(self) -> None:
        """Initialize without states to wait for."""
        self._waiting: list[tuple[Callable[[Json], bool], asyncio.Future[float]]] = []

    def handle_event(self, event: Json) -> None:
        """Handle an event `state_changed` that has just arrived."""
        at = time.monotonic()
        state = event["data"]["new_state"]
        if state is None:
            return
        for predicate, future in self._waiting:
            if not future.done() and predicate(state):
                future.set_result(at)

    async def first(self, predicate: Callable[[Json], bool], *, within: float) -> float:
        """Return when a state for which the predicate holds first arrived."""
        future: asyncio.Future[float] = asyncio.get_running_loop().create_future()
        waiting = (predicate, future)
        self._waiting.append(waiting)
        try:
            async with asyncio.timeout(within):
                return await future
        finally:
            self._waiting.remove(waiting)


class Home:
    """An onboarded Home Assistant, whose contender talks to a simulated Plex."""

    def __init__(
        self,
        contender: Contender,
        plex: Plex,
        process: HomeAssistantProcess,
        client: HomeAssistantClient,
    ) -> None:
        """Initialize with the started processes."""
        self.contender = contender
        self.plex = plex
        self.process = process
        self.client = client

    @asynccontextmanager
    async def watched(self) -> AsyncGenerator[StateChanges]:
        """Listen to all states while entered, which has a cost of its own."""
        changes = StateChanges()
        async with self.client.listening("state_changed", changes.handle_event):
            yield changes

    async def probe(self, what: str) -> Any:
        """Return the result of a command of the probe in the process."""
        return await self.client.command(f"bench_probe/{what}")

    async def use_simulated_plex_tv(self) -> None:
        """Make the contender use the simulated plex.tv, which imports its integration."""
        await self.client.command(
            "bench_probe/plex_tv", domain=self.contender.domain, plex_tv=self.plex.plex_tv
        )

    async def run_clocks(self, speed: float) -> None:
        """Run the clocks of Home Assistant and of the simulated Plex this many times as fast."""
        await self.client.command("bench_probe/clock", speed=speed)
        await self.plex.do("run_clock", speed=speed)

    async def add(self, server: Server) -> Entry:
        """Add a server, and wait until it is loaded."""
        entry = await self.contender.add(self.client, self.plex, server)

        async def loaded() -> bool:
            return await self.entry_state(entry) == "loaded"

        await until(loaded, what=f"{self.contender.name} is loaded", interval=0.02)
        return entry

    async def entry_state(self, entry: Entry) -> str:
        """Return the state of an entry."""
        entries = await self.client.entries(self.contender.domain)
        return next(str(one["state"]) for one in entries if one["entry_id"] == entry.entry_id)

    async def reload(self, entry: Entry) -> Setup:
        """Reload an entry, and return how it was set up."""
        await self.client.request(
            "POST", f"/api/config/config_entries/entry/{entry.entry_id}/reload"
        )
        started, seconds = await self.client.command("bench_probe/setup", entry_id=entry.entry_id)
        return Setup(started=started, seconds=seconds)

    async def states_of(self, entry: Entry) -> dict[str, Json]:
        """Return the states of an entry's entities."""
        entities = {entity["entity_id"] for entity in await self.client.entities(entry.entry_id)}
        states = await self.client.states()
        return {name: state for name, state in states.items() if name in entities}

    async def shows(self, entry: Entry, title: str) -> None:
        """Wait until a stream is shown."""

        async def shown() -> bool:
            states = await self.states_of(entry)
            return any(self.contender.stream_state(one, title) for one in states.values())

        await until(shown, what=f"{self.contender.name} shows {title}", interval=0.05)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@asynccontextmanager
async def home_with(contender: Contender) -> AsyncGenerator[Home]:
    """Run a simulated Plex and a Home Assistant, each in a process of its own."""
    async with AsyncExitStack() as stack:
        plex = await stack.enter_async_context(Plex())
        folder = Path(
            stack.enter_context(tempfile.TemporaryDirectory(prefix="plex-monitor-bench-"))
        )
        process = HomeAssistantProcess(
            folder,
            port=_free_port(),
            components=("bench_probe",),
            own_clock=True,
            # Read by Home Assistant and by PlexAPI alike.
            environment={"REQUESTS_CA_BUNDLE": plex.ca_file},
        )
        process.prepare()
        (folder / "custom_components" / "bench_probe").symlink_to(PROBE, target_is_directory=True)
        stack.push_async_callback(process.stop)
        await process.start()
        client = await stack.enter_async_context(HomeAssistantClient(process.url))
        await client.onboard(name="Bench", username="bench", password="plex-monitor")  # noqa: S106 - a temporary installation on loopback.
        # The first request of the frontend: it imports what every Home Assistant has in memory.
        await client.command("get_services")
        yield Home(contender, plex, process, client)
