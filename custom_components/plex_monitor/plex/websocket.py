"""Text frames of a websocket, with keepalive."""

import asyncio
from time import monotonic
from typing import Any, Self

import aiohttp

from .errors import PlexConnectionError, PlexError
from .responses import TRANSPORT_ERRORS, decode_text, to_plex_error

PING_AFTER = 30.0
PONG_WITHIN = 15.0
# However many frames arrive, they are read for this many seconds in a row at most before the event
# loop gets to its other work. A wait for a frame that took longer than `WAITED` was one.
BUSY = 0.02
WAITED = 0.001


class TextFrames:
    """Iterator over the text frames of an open websocket; ends with `PlexConnectionError`.

    After `PING_AFTER` seconds without a frame, a ping is sent, which has to be answered within
    `PONG_WITHIN` seconds. The heartbeat of aiohttp is not used, because it can leave a timer behind
    when the websocket is closed.
    """

    def __init__(self, websocket: aiohttp.ClientWebSocketResponse[bool], where: str) -> None:
        """Initialize with a websocket, which the caller closes."""
        self._websocket = websocket
        self._where = where
        self._busy_since = monotonic()

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
                        await self._websocket.pong(data)
                    case aiohttp.WSMsgType.PONG | aiohttp.WSMsgType.BINARY:
                        continue
                    case _:
                        failure: PlexError = PlexConnectionError(f"{self._where}: closed")
                        break
        except TRANSPORT_ERRORS as err:
            failure = to_plex_error(err, self._where)
        raise failure

    async def share_loop(self) -> None:
        """Let the event loop run if what was received has kept it busy."""
        if monotonic() - self._busy_since >= BUSY:
            await asyncio.sleep(0)
            self._busy_since = monotonic()

    async def _receive(self) -> tuple[aiohttp.WSMsgType, Any]:
        """Return the next message of any type; an unanswered ping raises `TimeoutError`."""
        await self.share_loop()
        started = monotonic()
        try:
            message = await self._websocket.receive(PING_AFTER)
        except TimeoutError:
            await self._websocket.ping()
            message = await self._websocket.receive(PONG_WITHIN)
        now = monotonic()
        if now - started > WAITED:
            self._busy_since = now
        return message.type, message.data
