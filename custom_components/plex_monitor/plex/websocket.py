"""The frames of a websocket."""

from typing import Self

import aiohttp

from .answers import FAILURES, translated
from .errors import PlexConnectionError, PlexError

PING_AFTER = 30.0
PONG_WITHIN = 15.0


class TextFrames:
    """The text frames of an open websocket; `PlexConnectionError` tells that it was lost.

    A peer that was silent for `PING_AFTER` seconds is asked for a sign of life. This is done here
    because the heartbeat of aiohttp can leave a timer behind when a websocket is closed.
    """

    def __init__(self, websocket: aiohttp.ClientWebSocketResponse, where: str) -> None:
        """Read from a websocket that somebody else closes."""
        self._websocket = websocket
        self._where = where

    def __aiter__(self) -> Self:
        """Return the iterator itself."""
        return self

    async def __anext__(self) -> str:
        """Return the next text frame; binary ones are not Plex's and are dropped."""
        try:
            while True:
                message = await self._receive()
                match message.type:
                    case aiohttp.WSMsgType.TEXT:
                        return str(message.data)
                    case aiohttp.WSMsgType.PING:
                        await self._websocket.pong(message.data)
                    case aiohttp.WSMsgType.PONG | aiohttp.WSMsgType.BINARY:
                        continue
                    case _:
                        failure: PlexError = PlexConnectionError(f"{self._where}: closed")
                        break
        except FAILURES as err:
            failure = translated(err, self._where)
        raise failure

    async def _receive(self) -> aiohttp.WSMessage:
        """Return the next message of any kind; silence in spite of a ping raises `TimeoutError`."""
        try:
            return await self._websocket.receive(PING_AFTER)
        except TimeoutError:
            await self._websocket.ping()
        return await self._websocket.receive(PONG_WITHIN)
