"""A server that responds with the bytes given by a test, valid or not."""

import asyncio
import base64
import contextlib
import hashlib
from typing import Self

SOON = 0.02


class RawServer:
    """Server on 127.0.0.1 that responds to every request with the same bytes."""

    def __init__(self) -> None:
        """Initialize with an empty response."""
        self.response = b""
        self.pause_after_bytes: float | None = None
        """Seconds between single bytes of the response."""
        self.pause_after_head = 0.0
        """Seconds between the head and the body of the response."""
        self.hang = False
        """Whether the connection stays open after the response."""
        self.unasked = b""
        """The bytes that follow the response soon, as if something else had been requested."""
        self.listens = True
        """Whether the request is read before the response is sent."""
        self.frames: bytes | None = None
        """The bytes to send after the handshake of a websocket."""
        self.requests: list[str] = []
        self._server: asyncio.Server | None = None
        self._handlers: set[asyncio.Task[None]] = set()

    @property
    def url(self) -> str:
        """Return the URL."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def port(self) -> int:
        """Return the port."""
        assert self._server is not None
        return int(self._server.sockets[0].getsockname()[1])

    def respond(
        self, body: bytes | str, *, status: str = "200 OK", headers: tuple[str, ...] = ()
    ) -> None:
        """Set a valid response."""
        content = body.encode() if isinstance(body, str) else body
        lines = (
            f"HTTP/1.1 {status}",
            f"Content-Length: {len(content)}",
            "Connection: close",
            *headers,
            "",
            "",
        )
        self.response = "\r\n".join(lines).encode() + content

    def accept_websocket(self, frames: bytes) -> None:
        """Accept a websocket and send these bytes."""
        self.frames = frames

    async def __aenter__(self) -> Self:
        """Start the server."""
        self._server = await asyncio.start_server(self._handle, "127.0.0.1", 0)
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stop the server and close its connections."""
        assert self._server is not None
        self._server.close()
        for handler in self._handlers:
            handler.cancel()
        await asyncio.gather(*self._handlers, return_exceptions=True)
        await self._server.wait_closed()

    async def _handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Read one request and send the response."""
        task = asyncio.current_task()
        assert task is not None
        self._handlers.add(task)
        try:
            if self.listens:
                head = await reader.readuntil(b"\r\n\r\n")
                self.requests.append(head.decode())
                if self.frames is not None:
                    self.response = _handshake(head.decode()) + self.frames
            if self.pause_after_bytes is None:
                response_head, end, body = self.response.partition(b"\r\n\r\n")
                writer.write(response_head + end)
                await asyncio.sleep(self.pause_after_head)
                writer.write(body)
            else:
                for byte in self.response:
                    writer.write(bytes([byte]))
                    await asyncio.sleep(self.pause_after_bytes)
            await writer.drain()
            if self.unasked:
                await asyncio.sleep(SOON)
                writer.write(self.unasked)
            if self.hang:
                await asyncio.Event().wait()
        except asyncio.IncompleteReadError, ConnectionError:
            pass
        finally:
            self._handlers.discard(task)
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()


def _handshake(request: str) -> bytes:
    """Return the response that opens a websocket (RFC 6455)."""
    (key,) = (
        line.partition(": ")[2]
        for line in request.splitlines()
        if line.lower().startswith("sec-websocket-key")
    )
    digest = hashlib.sha1(f"{key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11".encode())  # noqa: S324 - required by the RFC.
    lines = (
        "HTTP/1.1 101 Switching Protocols",
        "Upgrade: websocket",
        "Connection: Upgrade",
        f"Sec-WebSocket-Accept: {base64.b64encode(digest.digest()).decode()}",
        "",
        "",
    )
    return "\r\n".join(lines).encode()
