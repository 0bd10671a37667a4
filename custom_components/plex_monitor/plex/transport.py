"""HTTP requests and websockets to Plex: headers, timeouts and errors.

Tokens are sent in a header only. Redirects are not followed, as they would send the token to
another host.
"""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp
from aiohttp import hdrs
from aiohttp.client_middlewares import ClientHandlerType
from yarl import URL

from .errors import PlexConnectionError, PlexResponseError
from .limits import ANSWER, FRAME, AnswerLimit
from .responses import (
    TRANSPORT_ERRORS,
    SenderTest,
    check_status,
    decode_json,
    read_body,
    to_plex_error,
)
from .websocket import TextFrames

DEFAULT_TIMEOUT = 10.0
CONNECT_TIMEOUT = 5.0
# The total of aiohttp does not hold for an answer that began before its request, as one that a
# server sends unasked: each request has a timeout of its own around it instead.
TIMEOUTS = aiohttp.ClientTimeout(total=None, connect=CONNECT_TIMEOUT)
# Bytes of a response that takes more than a millisecond to parse.
LARGE = 64 * 1024

JSON = "application/json"


@dataclass(frozen=True, kw_only=True)
class ClientIdentity:
    """Identity of this client, sent with every request.

    Plex keeps one token per account and client identifier (reported), and shows the other values
    under "Authorized devices" (official API 1.2.2).
    """

    client_identifier: str
    product: str
    version: str
    platform: str
    platform_version: str
    device: str
    device_name: str

    def headers(self) -> dict[str, str]:
        """Return the X-Plex headers; Plex decodes them as UTF-8 (official API 1.2.2)."""
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
    """Return a value as one line of printable characters."""
    printable = (character if character.isprintable() else " " for character in value)
    return " ".join("".join(printable).split())


class PlexTransport:
    """Requests to one base URL with one identity.

    Errors of every request: `PlexConnectionError` without a response, `PlexCertificateError` if TLS
    failed, `PlexUnauthorizedError` for a 401 sent by Plex, `PlexForbiddenError` for 403,
    `PlexNotFoundError` for 404, `PlexUnavailableError` for 408, 429 and 5xx, and
    `PlexResponseError` for any other unexpected response, such as a redirect or the 401 of a proxy.
    Messages consist of the method, the host, the path and the status.
    """

    def __init__(
        self,
        session: aiohttp.ClientSession,
        base_url: str,
        identity: ClientIdentity,
        *,
        is_refusal: SenderTest,
        is_not_found: SenderTest | None = None,
    ) -> None:
        """Initialize with the session, URL and identity of all requests.

        The tests say whether Plex sent a 401 or 404; without `is_not_found`, it sent every 404.
        """
        self._session = session
        self._base_url = base_url.rstrip("/")
        self._identity = identity
        self._is_refusal = is_refusal
        self._is_not_found = is_not_found

    @property
    def host(self) -> str:
        """Return scheme, host and port, without a user name."""
        try:
            url = URL(self._base_url)
        except ValueError:
            return "(invalid URL)"
        return f"{url.scheme}://{url.host}:{url.port}"

    async def get_json(
        self,
        path: str,
        *,
        token: str | None = None,
        params: Mapping[str, str] | None = None,
        limit: AnswerLimit = ANSWER,
        timeout: float = DEFAULT_TIMEOUT,  # noqa: ASYNC109 - it bounds the connection as well.
    ) -> Any:
        """Return the JSON response of a GET; `PlexResponseError` if it is not JSON, or too much."""
        response = await self._request(
            hdrs.METH_GET, path, token=token, params=params, limit=limit.size, timeout=timeout
        )
        document = decode_json(response.body, response.where, limit)
        if len(response.body) > LARGE:
            # Reading the document takes about as long as parsing it: others come first.
            await asyncio.sleep(0)
        return document

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
        """Send a request, with `data` as a form.

        Returns the JSON response, `None` for an empty body, which servers send when there is
        nothing to return (captured).
        """
        response = await self._request(
            method, path, token=token, params=params, data=data, timeout=timeout
        )
        if not response.body.strip():
            return None
        return decode_json(response.body, response.where)

    async def send_command(
        self,
        method: str,
        path: str,
        *,
        token: str | None = None,
        params: Mapping[str, str] | None = None,
        timeout: float = DEFAULT_TIMEOUT,  # noqa: ASYNC109 - it bounds the connection as well.
    ) -> int:
        """Send a command and return the status of the response, a 2xx.

        The body is ignored: it is empty, or a page that repeats the status (reported).
        """
        response = await self._request(method, path, token=token, params=params, timeout=timeout)
        return response.status

    async def download(
        self,
        path: str,
        *,
        token: str | None = None,
        params: Mapping[str, str] | None = None,
        accept: str,
        limit: int,
        timeout: float = DEFAULT_TIMEOUT,  # noqa: ASYNC109 - it bounds the connection as well.
    ) -> tuple[bytes, str]:
        """Return the body, `limit` bytes at most, and its content type."""
        response = await self._request(
            hdrs.METH_GET,
            path,
            token=token,
            params=params,
            accept=accept,
            limit=limit,
            timeout=timeout,
        )
        return response.body, response.content_type

    @asynccontextmanager
    async def websocket(
        self,
        path: str,
        *,
        token: str | None = None,
        timeout: float = DEFAULT_TIMEOUT,  # noqa: ASYNC109 - it bounds the handshake alone.
    ) -> AsyncGenerator[TextFrames]:
        """Open a websocket; a rejected handshake raises the same errors as a request."""
        where = self._where(hdrs.METH_GET, path)
        if (connector := self._session.connector) is None:
            raise self._session_closed(where)

        upgraded: list[aiohttp.ClientResponse] = []

        async def only_upgrade(
            request: aiohttp.ClientRequest, handler: ClientHandlerType
        ) -> aiohttp.ClientResponse:
            """Raise for any response but 101, so that no redirect is followed."""
            response = await handler(request)
            if response.status == 101:  # noqa: PLR2004 - Switching Protocols.
                upgraded.append(response)
                return response
            try:
                await check_status(response, where, self._is_refusal)
            finally:
                response.close()
            raise PlexResponseError(f"{where}: not a websocket")

        # aiohttp has no option against redirects of a websocket handshake; a middleware stops them.
        async with aiohttp.ClientSession(
            connector=connector,
            connector_owner=False,
            cookie_jar=aiohttp.DummyCookieJar(),
            headers=self._session.headers,
            timeout=TIMEOUTS,
            middlewares=(only_upgrade,),
        ) as session:
            try:
                async with asyncio.timeout(timeout):
                    websocket = await session.ws_connect(
                        self._url(path),
                        headers=self._headers(token),
                        # aiohttp would wait for the end of all frames that have arrived.
                        autoclose=False,
                        autoping=False,
                        max_msg_size=FRAME.size,
                        # aiohttp closes a websocket with text that is not UTF-8.
                        decode_text=False,
                    )
            except TRANSPORT_ERRORS as err:
                failure = to_plex_error(err, where)
            else:
                frames = TextFrames(websocket, upgraded[-1], where)
                try:
                    yield frames
                finally:
                    await frames.close()
                return
            raise failure

    def _session_closed(self, where: str) -> PlexConnectionError:
        return PlexConnectionError(f"{where}: the session is closed")

    def _url(self, path: str) -> URL:
        """Return the URL of a path; a malformed one raises `ValueError`."""
        return URL(self._base_url + path)

    def _where(self, method: str, path: str) -> str:
        """Return the name of a request for errors: no user name, no query, no token."""
        return f"{method} {self.host}{path}"

    def _headers(self, token: str | None, accept: str = JSON) -> dict[str, str]:
        """Return the headers of a request."""
        headers = {hdrs.ACCEPT: accept, **self._identity.headers()}
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
        data: Mapping[str, str] | None = None,
        accept: str = JSON,
        limit: int = ANSWER.size,
        timeout: float,  # noqa: ASYNC109 - it bounds the connection as well.
    ) -> _Response:
        """Return the 2xx response to a request."""
        where = self._where(method, path)
        try:
            async with (
                asyncio.timeout(timeout),
                self._session.request(
                    method,
                    self._url(path),
                    params=params,
                    data=data,
                    headers=self._headers(token, accept),
                    allow_redirects=False,
                    timeout=TIMEOUTS,
                ) as response,
            ):
                await check_status(response, where, self._is_refusal, self._is_not_found)
                return _Response(
                    where=where,
                    status=response.status,
                    content_type=response.content_type,
                    body=await read_body(response, limit, where),
                )
        except TRANSPORT_ERRORS as err:
            failure = to_plex_error(err, where)
        except AssertionError, RuntimeError:
            # aiohttp raises these where the session is closed before or during the request, as when
            # Home Assistant stops.
            if not self._session.closed:
                raise
            failure = self._session_closed(where)
        raise failure


@dataclass(frozen=True, kw_only=True)
class _Response:
    """A 2xx response; `where` is the name of its request for errors."""

    where: str
    status: int
    content_type: str
    body: bytes
