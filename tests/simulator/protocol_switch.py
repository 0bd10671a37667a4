"""HTTP and HTTPS on the same port, as a media server has them."""

import asyncio
from asyncio.sslproto import SSLProtocol
from collections.abc import Callable
import socket
import ssl
from typing import override

TLS_HANDSHAKE = 0x16


class ProtocolSwitch:
    """Listens, and passes each connection on as HTTP or HTTPS, according to its first byte.

    Without a context HTTPS is not supported; with one, plain HTTP only if `plain` returns true.
    """

    def __init__(
        self,
        web_server: Callable[[], asyncio.Protocol],
        *,
        context: ssl.SSLContext | None,
        plain: Callable[[], bool],
    ) -> None:
        """Initialize with the factory of the protocol for each connection."""
        self.web_server = web_server
        self.context = context
        self.plain = plain
        self.transports: set[asyncio.Transport] = set()
        self._server: asyncio.Server | None = None

    async def listen(self, sock: socket.socket) -> None:
        """Listen on a socket."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: _FirstByte(self), sock=sock)

    def close(self) -> None:
        """Stop listening and cut all connections."""
        if self._server:
            self._server.close()
        for transport in list(self.transports):
            transport.abort()


class _FirstByte(asyncio.Protocol):
    """Waits for the first byte of a connection."""

    def __init__(self, front: ProtocolSwitch) -> None:
        self._front = front
        self._transport: asyncio.Transport | None = None

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        gone = {other for other in self._front.transports if other.is_closing()}
        self._front.transports -= gone
        self._front.transports.add(transport)

    @override
    def data_received(self, data: bytes) -> None:
        transport, front = self._transport, self._front
        assert transport is not None
        secure = data[0] == TLS_HANDSHAKE
        if secure and front.context:
            tls = SSLProtocol(
                asyncio.get_running_loop(),
                front.web_server(),
                front.context,
                None,  # type: ignore[arg-type]  # Nothing waits for the handshake.
                server_side=True,
            )
            transport.set_protocol(tls)
            tls.connection_made(transport)
            view = tls.get_buffer(len(data))
            view[: len(data)] = data
            tls.buffer_updated(len(data))
        elif not secure and front.plain():
            web = front.web_server()
            transport.set_protocol(web)
            web.connection_made(transport)
            web.data_received(data)
        else:
            transport.abort()
