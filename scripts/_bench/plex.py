"""The process with the simulated Plex, as the benchmark controls it."""

import asyncio
from dataclasses import dataclass
import json
from pathlib import Path
import sys
from typing import Any, Self

ROOT = Path(__file__).parents[2]
LINE_LIMIT = 2**24


class PlexError(Exception):
    """A command of the simulated Plex failed."""


@dataclass(frozen=True, kw_only=True)
class Server:
    """A simulated server with its address."""

    name: str
    url: str
    machine_identifier: str


class Plex:
    """A process with the simulated Plex. Use it with `async with`."""

    plex_tv: str
    ca_file: str

    def __init__(self) -> None:
        """Initialize without starting the process."""
        self._turn = asyncio.Lock()
        self._process: asyncio.subprocess.Process

    async def __aenter__(self) -> Self:
        """Start it."""
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "scripts._bench.world",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            cwd=ROOT,
            limit=LINE_LIMIT,
            start_new_session=True,
        )
        addresses = await self.do("addresses")
        self.plex_tv, self.ca_file = addresses["plex_tv"], addresses["ca_file"]
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stop it."""
        if self._process.stdin:
            self._process.stdin.close()
        try:
            async with asyncio.timeout(10):
                await self._process.wait()
        except TimeoutError:
            self._process.kill()
            await self._process.wait()

    async def do(self, what: str, /, **arguments: Any) -> Any:
        """Run a command of the module world, and return its result."""
        to, back = self._process.stdin, self._process.stdout
        if to is None or back is None:
            raise PlexError(f"{what}: the simulated Plex was not started")
        async with self._turn:
            to.write(json.dumps({"do": what, **arguments}).encode() + b"\n")
            line = await back.readline()
        if not line:
            raise PlexError(f"{what}: the simulated Plex has ended")
        answer = json.loads(line)
        if "error" in answer:
            raise PlexError(f"{what}: {answer['error']}")
        return answer["result"]

    async def add_server(self, name: str, *, tls: bool = False) -> Server:
        """Add a server of the owner's."""
        return Server(**await self.do("add_server", server=name, tls=tls))
