"""A proxy between a Home Assistant and a simulated host that counts bytes and adds delay."""

import asyncio
from contextlib import suppress

CHUNK = 65536


class Proxy:
    """A port that forwards to another one, with a delay that can be set.

    `round_trip` is in seconds. A new connection waits for a whole one, as its handshake would, and
    each direction takes half of it. `bytes` are those of both directions.
    """

    def __init__(self, target: int) -> None:
        """Initialize with the target port on loopback."""
        self.round_trip = 0.0
        self.bytes = 0
        self.port = 0
        self._target = target
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Task[None]] = set()

    async def open(self) -> None:
        """Listen, on the same port as before."""
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def cut(self) -> None:
        """Refuse new connections, and cut the open ones."""
        if self._server:
            self._server.close()
        for task in list(self._connections):
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.ensure_future(self._forward_both(reader, writer))
        self._connections.add(task)
        task.add_done_callback(self._connections.discard)
        await asyncio.wait([task])

    async def _forward_both(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        try:
            await asyncio.sleep(self.round_trip)
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._target)
            try:
                async with asyncio.TaskGroup() as both:
                    both.create_task(self._forward(reader, far_writer))
                    both.create_task(self._forward(far_reader, writer))
            finally:
                far_writer.close()
        except* OSError, asyncio.CancelledError:
            pass
        finally:
            writer.close()

    async def _forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Forward all data half a round trip later, in the order of its arrival."""
        queue: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()
        sender = asyncio.create_task(self._send(queue, writer))
        try:
            while data := await reader.read(CHUNK):
                self.bytes += len(data)
                queue.put_nowait((asyncio.get_running_loop().time() + self.round_trip / 2, data))
            queue.put_nowait((0.0, b""))
            await sender
        finally:
            sender.cancel()
            with suppress(OSError):
                writer.close()

    @staticmethod
    async def _send(
        queue: asyncio.Queue[tuple[float, bytes]], writer: asyncio.StreamWriter
    ) -> None:
        loop = asyncio.get_running_loop()
        while True:
            due, data = await queue.get()
            if not data:
                return
            if (wait := due - loop.time()) > 0:
                await asyncio.sleep(wait)
            writer.write(data)
            await writer.drain()
