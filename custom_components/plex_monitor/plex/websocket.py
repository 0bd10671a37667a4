"""Text frames of a websocket, with keepalive."""

import asyncio
from time import monotonic
from typing import Any, Self

import aiohttp

from .errors import PlexConnectionError, PlexError
from .responses import TRANSPORT_ERRORS, decode_text, to_plex_error

PING_AFTER = 30.0
PONG_WITHIN = 15.0
CLOSE_WITHIN = 2.0
# The content of the last frame: the status code for a normal end (RFC 6455).
NORMAL_END = aiohttp.WSCloseCode.OK.to_bytes(2)
# However many frames arrive, they are read for this many seconds in a row at most before the event
# loop gets to its other work. A wait for a frame that took longer than `WAITED` was one.
BUSY = 0.02
WAITED = 0.001
# After this many seconds of reading with few waits, it rests as long as it reads: what it causes,
# such as writes to the database, has to be done at the same pace, or it fills the memory.
BURST = 0.5
SHARE = 0.5


class LoopShare:
    """The time of the event loop that is used for frames; `SHARE` of all time in the long run."""

    def __init__(self) -> None:
        """Initialize without time used."""
        self._busy_since = self._counted_at = monotonic()
        self._used = 0.0

    async def give_way(self) -> None:
        """Let the event loop run if frames have kept it busy, and rest if they did for long."""
        now = monotonic()
        if now - self._busy_since >= BUSY:
            self._count(now)
            await asyncio.sleep(max(0.0, self._used - BURST) / SHARE)
            self._busy_since = monotonic()

    def waited(self, since: float) -> None:
        """Note that there was nothing to read from a time until now."""
        now = monotonic()
        if now - since > WAITED:
            self._count(since)
            self._busy_since = now

    def _count(self, until: float) -> None:
        """Count the time since the last wait as used."""
        passed, self._counted_at = until - self._counted_at, until
        self._used = max(0.0, self._used - SHARE * passed) + until - self._busy_since


class TextFrames:
    """Iterator over the text frames of an open websocket; ends with `PlexConnectionError`.

    After `PING_AFTER` seconds without a frame, a ping is sent, which has to be answered within
    `PONG_WITHIN` seconds. Whatever is sent has to be taken within that time as well: a server that
    does not read stops the client otherwise. The heartbeat of aiohttp is not used, because it can
    leave a timer behind when the websocket is closed.
    """

    def __init__(
        self,
        websocket: aiohttp.ClientWebSocketResponse[bool],
        response: aiohttp.ClientResponse,
        where: str,
    ) -> None:
        """Initialize with an open websocket, and the response that opened it."""
        self._websocket = websocket
        self._response = response
        self._where = where
        self._share = LoopShare()

    def __aiter__(self) -> Self:
        """Return the iterator itself."""
        return self

    async def __anext__(self) -> str:
        """Return the next text frame; binary frames, which Plex does not send, are dropped."""
        try:
            while True:
                kind, data = await self._receive()
                match kind:
                    case aiohttp.WSMsgType.TEXT:
                        return decode_text(data)
                    case aiohttp.WSMsgType.PING:
                        async with asyncio.timeout(PONG_WITHIN):
                            await self._websocket.pong(data)
                    case aiohttp.WSMsgType.PONG | aiohttp.WSMsgType.BINARY:
                        continue
                    case _:
                        failure: PlexError = PlexConnectionError(f"{self._where}: closed")
                        break
        except TRANSPORT_ERRORS as err:
            failure = to_plex_error(err, self._where)
        raise failure

    async def close(self) -> None:
        """Close the websocket and its connection, without waiting for the server to close it."""
        # While aiohttp waits for that, it reads all frames that have arrived, and those that arrive
        # meanwhile, without letting the event loop do anything else.
        try:
            async with asyncio.timeout(CLOSE_WITHIN):
                await self._websocket.send_frame(NORMAL_END, aiohttp.WSMsgType.CLOSE)
        except TRANSPORT_ERRORS:
            # The server has closed the connection, or does not read.
            pass
        finally:
            self._response.close()

    async def share_loop(self) -> None:
        """Let the event loop run if what was received has kept it busy."""
        await self._share.give_way()

    async def _receive(self) -> tuple[aiohttp.WSMsgType, Any]:
        """Return the next message of any type; an unanswered ping raises `TimeoutError`."""
        await self.share_loop()
        started = monotonic()
        try:
            # The timeout of `receive` does not hold for what it sends when the server closes.
            async with asyncio.timeout(PING_AFTER):
                message = await self._websocket.receive()
        except TimeoutError:
            async with asyncio.timeout(PONG_WITHIN):
                await self._websocket.ping()
                message = await self._websocket.receive()
        self._share.waited(started)
        return message.type, message.data
