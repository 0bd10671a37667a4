"""A server that answers with exactly the bytes of a test, right or wrong."""

import asyncio
import base64
import contextlib
import hashlib
from typing import Self


class RawServer:
    """Answers every request on 127.0.0.1 with the same bytes."""

    def __init__(self) -> None:
        """Answer with nothing until told."""
        self.answer = b""
        self.pause_after_bytes: float | None = None
        """Seconds between single bytes of the answer."""
        self.pause_after_head = 0.0
        """Seconds between the head and the body of the answer."""
        self.hang = False
        """Whether the connection stays open after the answer."""
        self.listens = True
        """Whether a request is awaited before the answer."""
        self.frames: bytes | None = None
        """What a websocket gets after the handshake."""
        self.requests: list[str] = []
        self._server: asyncio.Server | None = None
        self._handlers: set[asyncio.Task[None]] = set()

    @property
    def url(self) -> str:
        """Return the address."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def port(self) -> int:
        """Return the port."""
        assert self._server is not None
        return int(self._server.sockets[0].getsockname()[1])

    def respond(
        self, body: bytes | str, *, status: str = "200 OK", headers: tuple[str, ...] = ()
    ) -> None:
        """Answer with a well-formed response."""
        content = body.encode() if isinstance(body, str) else body
        lines = (
            f"HTTP/1.1 {status}",
            f"Content-Length: {len(content)}",
            "Connection: close",
            *headers,
            "",
            "",
        )
        self.answer = "\r\n".join(lines).encode() + content

    def accept_websocket(self, frames: bytes) -> None:
        """Shake hands as the server of a websocket and send these bytes."""
        self.frames = frames

    async def __aenter__(self) -> Self:
        """Listen."""
        self._server = await asyncio.start_server(self._handle, "127.0.0.1", 0)
        return self

    async def __aexit__(self, *_: object) -> None:
        """Cut everything off."""
        assert self._server is not None
        self._server.close()
        for handler in self._handlers:
            handler.cancel()
        await asyncio.gather(*self._handlers, return_exceptions=True)
        await self._server.wait_closed()

    async def _handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Read one request and answer it."""
        task = asyncio.current_task()
        assert task is not None
        self._handlers.add(task)
        try:
            if self.listens:
                head = await reader.readuntil(b"\r\n\r\n")
                self.requests.append(head.decode())
                if self.frames is not None:
                    self.answer = _handshake(head.decode()) + self.frames
            if self.pause_after_bytes is None:
                head_of_answer, end, body = self.answer.partition(b"\r\n\r\n")
                writer.write(head_of_answer + end)
                await asyncio.sleep(self.pause_after_head)
                writer.write(body)
            else:
                for byte in self.answer:
                    writer.write(bytes([byte]))
                    await asyncio.sleep(self.pause_after_bytes)
            await writer.drain()
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
    """Return the answer that opens a websocket (RFC 6455)."""
    (key,) = (
        line.partition(": ")[2]
        for line in request.splitlines()
        if line.lower().startswith("sec-websocket-key")
    )
    digest = hashlib.sha1(f"{key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11".encode())  # noqa: S324 - the RFC wants it.
    lines = (
        "HTTP/1.1 101 Switching Protocols",
        "Upgrade: websocket",
        "Connection: Upgrade",
        f"Sec-WebSocket-Accept: {base64.b64encode(digest.digest()).decode()}",
        "",
        "",
    )
    return "\r\n".join(lines).encode()
