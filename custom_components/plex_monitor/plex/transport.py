"""One request to Plex: headers, time limits, status to error, JSON to Python.

A token goes into a header and nowhere else. Redirects are never followed, since that would carry
the token to wherever they point. The errors of aiohttp hold the headers of the request, so none of
them is let out, not even as the cause of another error.
"""

from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
import json
import ssl
from typing import Any, Self

import aiohttp
from aiohttp import hdrs
from aiohttp.client_middlewares import ClientHandlerType
from aiohttp.http_exceptions import HttpProcessingError
from yarl import URL

from .errors import (
    PlexCertificateError,
    PlexConnectionError,
    PlexError,
    PlexForbiddenError,
    PlexNotFoundError,
    PlexResponseError,
    PlexUnauthorizedError,
    PlexUnavailableError,
)
from .parsing import number

DEFAULT_TIMEOUT = 10.0
CONNECT_TIMEOUT = 5.0
MAX_BODY = 16 * 1024 * 1024
MAX_ERROR_BODY = 64 * 1024
MAX_FRAME = 4 * 1024 * 1024
MAX_RETRY_AFTER = 24 * 60 * 60.0
PING_AFTER = 30.0
PONG_WITHIN = 15.0
CLOSE_TIMEOUT = 2.0
CHUNK = 64 * 1024

_FAILURES = (aiohttp.ClientError, HttpProcessingError, OSError, ValueError)

type RefusalTest = Callable[[Mapping[str, str], bytes], bool]
"""Tells from the headers and the body of a 401 whether Plex wrote it."""


@dataclass(frozen=True, kw_only=True)
class ClientIdentity:
    """How this client introduces itself to Plex.

    Plex keeps one token per account and client identifier (reported), and lists the rest under
    "Authorized devices" (official API 1.2.2).
    """

    client_identifier: str
    product: str
    version: str
    platform: str
    platform_version: str
    device: str
    device_name: str

    def headers(self) -> dict[str, str]:
        """Return the identity as headers; Plex reads them as UTF-8 (official API 1.2.2)."""
        values = {
            "X-Plex-Client-Identifier": self.client_identifier,
            "X-Plex-Product": self.product,
            "X-Plex-Version": self.version,
            "X-Plex-Platform": self.platform,
            "X-Plex-Platform-Version": self.platform_version,
            "X-Plex-Device": self.device,
            "X-Plex-Device-Name": self.device_name,
        }
        headers = {name: header_value(value) for name, value in values.items()}
        return {name: value for name, value in headers.items() if value}


def header_value(value: str) -> str:
    """Return a text as one line that HTTP can carry."""
    printable = (character if character.isprintable() else " " for character in value)
    return " ".join("".join(printable).split())


class PlexTransport:
    """Requests to one base address, all with the same identity.

    What can go wrong, for every request: `PlexConnectionError` when no answer came,
    `PlexCertificateError` when TLS failed, `PlexUnauthorizedError` for a 401 that Plex wrote,
    `PlexForbiddenError` for 403, `PlexNotFoundError` for 404, `PlexUnavailableError` for 408, 429
    and 5xx, and `PlexResponseError` for everything else that is not what Plex answers, redirects
    and the 401 of a proxy among them. Messages are made of the method, the host, the path and the
    status.
    """

    def __init__(
        self,
        session: aiohttp.ClientSession,
        base_url: str,
        identity: ClientIdentity,
        *,
        is_refusal: RefusalTest,
    ) -> None:
        """Keep what all requests share."""
        self._session = session
        self._base_url = base_url.rstrip("/")
        self._identity = identity
        self._is_refusal = is_refusal

    @property
    def host(self) -> str:
        """Return scheme, host and port, without a user name."""
        try:
            url = URL(self._base_url)
        except ValueError:
            return "(unusable address)"
        return f"{url.scheme}://{url.host}:{url.port}"

    async def get_json(
        self,
        path: str,
        *,
        token: str | None = None,
        params: Mapping[str, str] | None = None,
        timeout: float = DEFAULT_TIMEOUT,  # noqa: ASYNC109 - it bounds the connection as well.
    ) -> Any:
        """Return what a GET answers; an answer that is not JSON raises `PlexResponseError`."""
        where, body = await self._request(
            hdrs.METH_GET, path, token=token, params=params, data=None, timeout=timeout
        )
        return _decode(body, where)

    async def send(
        self,
        method: str,
        path: str,
        *,
        token: str | None = None,
        params: Mapping[str, str] | None = None,
        data: Mapping[str, str] | None = None,
        timeout: float = DEFAULT_TIMEOUT,  # noqa: ASYNC109 - it bounds the connection as well.
    ) -> Any | None:
        """Ask for something to be done; `data` goes as a form.

        Returns the JSON that came back, `None` for the empty body that a server sends when it has
        nothing to say (captured).
        """
        where, body = await self._request(
            method, path, token=token, params=params, data=data, timeout=timeout
        )
        return _decode(body, where) if body.strip() else None

    @asynccontextmanager
    async def websocket(
        self,
        path: str,
        *,
        token: str | None = None,
        timeout: float = DEFAULT_TIMEOUT,  # noqa: ASYNC109 - it bounds the handshake alone.
    ) -> AsyncGenerator[TextFrames]:
        """Open a websocket and close it at the end; a refused handshake is like any refusal."""
        where = self._where(hdrs.METH_GET, path)
        if (connector := self._session.connector) is None:
            raise PlexConnectionError(f"{where}: the session is closed")

        async def only_upgrade(
            request: aiohttp.ClientRequest, handler: ClientHandlerType
        ) -> aiohttp.ClientResponse:
            """Stop a handshake that is answered by anything else, a redirect above all."""
            response = await handler(request)
            if response.status == 101:  # noqa: PLR2004 - Switching Protocols.
                return response
            try:
                await self._check_status(response, where)
            finally:
                response.close()
            raise PlexResponseError(f"{where}: no websocket")

        # The caller's session would follow redirects here, and aiohttp has no switch for it.
        async with aiohttp.ClientSession(
            connector=connector,
            connector_owner=False,
            cookie_jar=aiohttp.DummyCookieJar(),
            headers=self._session.headers,
            timeout=aiohttp.ClientTimeout(total=timeout, connect=CONNECT_TIMEOUT),
            middlewares=(only_upgrade,),
        ) as session:
            try:
                websocket = await session.ws_connect(
                    self._url(path),
                    headers=self._headers(token),
                    autoping=False,
                    max_msg_size=MAX_FRAME,
                    timeout=aiohttp.ClientWSTimeout(ws_close=CLOSE_TIMEOUT),
                )
            except _FAILURES as err:
                failure = _translated(err, where)
            else:
                try:
                    yield TextFrames(websocket, where)
                finally:
                    await websocket.close()
                return
            raise failure

    def _url(self, path: str) -> URL:
        """Return the whole address; an unusable one raises `ValueError`."""
        return URL(self._base_url + path)

    def _where(self, method: str, path: str) -> str:
        """Name a request in an error: no user name, no query, no token."""
        return f"{method} {self.host}{path}"

    def _headers(self, token: str | None) -> dict[str, str]:
        """Return the headers of a request."""
        headers = {"Accept": "application/json", **self._identity.headers()}
        if token is not None:
            headers["X-Plex-Token"] = header_value(token)
        return headers

    async def _request(
        self,
        method: str,
        path: str,
        *,
        token: str | None,
        params: Mapping[str, str] | None,
        data: Mapping[str, str] | None,
        timeout: float,  # noqa: ASYNC109 - it bounds the connection as well.
    ) -> tuple[str, bytes]:
        """Return the name of a request, for errors, and the body of its 2xx answer."""
        where = self._where(method, path)
        try:
            async with self._session.request(
                method,
                self._url(path),
                params=params,
                data=data,
                headers=self._headers(token),
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(total=timeout, connect=CONNECT_TIMEOUT),
            ) as response:
                await self._check_status(response, where)
                return where, await _read(response, MAX_BODY, where)
        except _FAILURES as err:
            failure = _translated(err, where)
        raise failure

    async def _check_status(self, response: aiohttp.ClientResponse, where: str) -> None:
        """Raise what a status other than 2xx means."""
        status = response.status
        where = f"{where}: {status}"
        match status:
            case _ if 200 <= status < 300:  # noqa: PLR2004 - success.
                return
            case 401:
                body = await _read(response, MAX_ERROR_BODY, where)
                if not self._is_refusal(response.headers, body):
                    raise PlexResponseError(f"{where}, but not from Plex")
                raise PlexUnauthorizedError(where)
            case 403:
                raise PlexForbiddenError(where)
            case 404:
                raise PlexNotFoundError(where)
            case _ if status in {408, 429} or 500 <= status < 600:  # noqa: PLR2004 - server errors.
                raise PlexUnavailableError(
                    where,
                    status=status,
                    retry_after=_retry_after(response.headers.get(hdrs.RETRY_AFTER)),
                )
            case _:
                raise PlexResponseError(where)


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
        except _FAILURES as err:
            failure = _translated(err, self._where)
        raise failure

    async def _receive(self) -> aiohttp.WSMessage:
        """Return the next message of any kind; silence in spite of a ping raises `TimeoutError`."""
        try:
            return await self._websocket.receive(PING_AFTER)
        except TimeoutError:
            await self._websocket.ping()
        return await self._websocket.receive(PONG_WITHIN)


async def _read(response: aiohttp.ClientResponse, limit: int, where: str) -> bytes:
    """Return a body of a bounded length, counted after decompression."""
    body = bytearray()
    async for chunk in response.content.iter_chunked(CHUNK):
        body += chunk
        if len(body) > limit:
            raise PlexResponseError(f"{where}: longer than {limit} bytes")
    return bytes(body)


def _decode(body: bytes, where: str) -> Any:
    """Return the JSON of a body."""
    try:
        return json.loads(body.decode("utf-8"))
    except ValueError, RecursionError:
        failure = PlexResponseError(f"{where}: not JSON")
    raise failure


def _retry_after(value: str | None) -> float | None:
    """Return the seconds of a Retry-After, which is a number or a date; a day at most."""
    if (seconds := number(value)) is None:
        try:
            when = parsedate_to_datetime(value or "")
            seconds = (when.replace(tzinfo=when.tzinfo or UTC) - datetime.now(UTC)).total_seconds()
        except ValueError, OverflowError:
            return None
    return min(max(0.0, seconds), MAX_RETRY_AFTER)


def _translated(error: Exception, where: str) -> PlexError:
    """Return our error for one of aiohttp's."""
    match error:
        case ssl.SSLError():
            cause = getattr(error, "certificate_error", error)
            reason = getattr(cause, "verify_message", "") or type(error).__name__
            return PlexCertificateError(f"{where}: {reason}")
        case TimeoutError():
            return PlexConnectionError(f"{where}: timed out")
        case aiohttp.ClientResponseError() | aiohttp.ClientPayloadError() | HttpProcessingError():
            return PlexResponseError(f"{where}: {type(error).__name__}")
        case _:
            return PlexConnectionError(f"{where}: {type(error).__name__}")
