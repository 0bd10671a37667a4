"""A Plex world: one plex.tv and any number of servers, over real HTTP on loopback."""

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import ExitStack
from pathlib import Path
import time
from types import TracebackType
from typing import Any, Self

from .accounts import Account
from .control import ControlPanel
from .host import Traffic, bind
from .plex_tv import PlexTv
from .request_log import RequestLog
from .server import DEFAULT_VERSION, PlexServer
from .tls import Authority

QUIET = 0.03


def wall_clock() -> float:
    """Return the time of day, which a test may have frozen."""
    return time.time()


class World:
    """Everything that a client of Plex connects to. Use it with `async with`."""

    def __init__(
        self,
        *,
        clock: Callable[[], float] = wall_clock,
        plex_tv_port: int = 0,
        control_port: int = 0,
    ) -> None:
        """Initialize with plex.tv; nothing listens before the world is entered."""
        self._traffic = Traffic(clock)
        self._tasks: set[asyncio.Task[None]] = set()
        self._authority: Authority | None = None
        self._dead_ends: list[Any] = []
        self.servers: list[PlexServer] = []
        self.plex_tv = PlexTv(self._traffic, self.servers, port=plex_tv_port)
        self._control = ControlPanel(self, port=control_port)

    @property
    def requests(self) -> RequestLog:
        """Return the log of all requests to plex.tv and the servers."""
        return self._traffic.log

    @property
    def control_url(self) -> str:
        """Return the address of the control panel."""
        return self._control.url

    @property
    def ca_file(self) -> Path:
        """Return the certificate that a client must trust to connect to servers with TLS."""
        return self.authority.ca_file

    @property
    def authority(self) -> Authority:
        """Return the certificate authority of the servers with TLS."""
        if self._authority is None:
            self._authority = Authority()
        return self._authority

    async def __aenter__(self) -> Self:
        """Start plex.tv and the control panel."""
        await self.plex_tv.start()
        await self._control.start()
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop everything."""
        await self._control.close()
        for server in self.servers:
            await server.close()
        await self.plex_tv.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for socket in self._dead_ends:
            socket.close()
        if self._authority:
            self._authority.close()

    async def add_server(
        self,
        name: str,
        *,
        owner: Account,
        version: str = DEFAULT_VERSION,
        port: int = 0,
        tls: bool = False,
    ) -> PlexServer:
        """Add and start a server."""
        server = PlexServer(
            name,
            traffic=self._traffic,
            plex_tv=self.plex_tv,
            owner=owner,
            spawn=self.spawn,
            version=version,
            port=port,
            authority=self.authority if tls else None,
        )
        self.servers.append(server)
        await server.start()
        return server

    def server(self, name: str) -> PlexServer:
        """Return the server with this name."""
        for server in self.servers:
            if server.name == name:
                return server
        raise LookupError(f"There is no server {name}.")

    def refusing_port(self) -> int:
        """Return a port on which connections are refused."""
        socket = bind()
        self._dead_ends.append(socket)
        port: int = socket.getsockname()[1]
        return port

    def hanging_port(self) -> int:
        """Return a port that accepts connections and never responds."""
        socket = bind()
        socket.listen(16)
        self._dead_ends.append(socket)
        port: int = socket.getsockname()[1]
        return port

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Run a coroutine in the background; `idle` waits for it."""
        busy = ExitStack()
        busy.enter_context(self._traffic.busy())
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)

        def over(_: asyncio.Task[None]) -> None:
            self._tasks.discard(task)
            busy.close()

        task.add_done_callback(over)

    @property
    def turns(self) -> int:
        """Return a number that increases with every event."""
        return self._traffic.turns

    async def idle(self, quiet: float = QUIET) -> None:
        """Wait until no request is open and nothing has been busy for this many real seconds.

        Open websockets and requests that hang because of a fault do not count.
        """
        await self._traffic.idle(quiet)
