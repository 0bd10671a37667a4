"""A transport that counts its requests and what came of them."""

from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from typing import Any, override

import aiohttp
from aiohttp import hdrs

from .errors import PlexError
from .observations import Observations, Tally
from .responses import SenderTest
from .transport import ClientIdentity, PlexTransport
from .websocket import TextFrames


class ObservedTransport(PlexTransport):
    """Requests like those of `PlexTransport`, counted by endpoint."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        base_url: str,
        identity: ClientIdentity,
        *,
        is_refusal: SenderTest,
        is_not_found: SenderTest | None = None,
        observations: Observations,
    ) -> None:
        """Initialize with what counts the requests."""
        super().__init__(
            session, base_url, identity, is_refusal=is_refusal, is_not_found=is_not_found
        )
        self._observations = observations

    @override
    async def get_json(self, path: str, **options: Any) -> Any:
        with self._counted(hdrs.METH_GET, path, options) as tally:
            response = await super().get_json(path, **options)
        return self._observations.read(tally, response)

    @override
    async def send(self, method: str, path: str, **options: Any) -> Any | None:
        with self._counted(method, path, options) as tally:
            response = await super().send(method, path, **options)
        return self._observations.read(tally, response)

    @override
    async def send_command(self, method: str, path: str, **options: Any) -> int:
        with self._counted(method, path, options) as tally:
            status = await super().send_command(method, path, **options)
        tally.answered += 1
        return status

    @override
    async def download(self, path: str, **options: Any) -> tuple[bytes, str]:
        with self._counted(hdrs.METH_GET, path, options) as tally:
            content = await super().download(path, **options)
        tally.answered += 1
        return content

    @override
    @asynccontextmanager
    async def websocket(self, path: str, **options: Any) -> AsyncGenerator[TextFrames]:
        with self._counted(hdrs.METH_GET, path, options) as tally:
            async with super().websocket(path, **options) as frames:
                tally.answered += 1
                self._observations.expect(tally)
                yield frames

    @contextmanager
    def _counted(self, method: str, path: str, options: dict[str, Any]) -> Generator[Tally]:
        """Count a request, and the error that it raises."""
        with_token = options.get("token") is not None
        tally = self._observations.ask(method, path, with_token=with_token)
        try:
            yield tally
        except PlexError as err:
            tally.count_failure(err)
            raise
