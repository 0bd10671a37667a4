"""One request to Plex: headers, time limits, status to error, JSON to Python.

A token goes into a header and nowhere else. Redirects are never followed, since that would carry
the token to wherever they point.
"""

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp
from aiohttp import hdrs
from aiohttp.client_middlewares import ClientHandlerType
from yarl import URL

from .answers import (
    FAILURES,
    RefusalTest,
    check_status,
    decode_json,
    read_body,
    translated,
)
from .errors import PlexConnectionError, PlexResponseError
from .websocket import TextFrames

DEFAULT_TIMEOUT = 10.0
CONNECT_TIMEOUT = 5.0
MAX_BODY = 16 * 1024 * 1024
MAX_FRAME = 4 * 1024 * 1024
CLOSE_TIMEOUT = 2.0

JSON = "application/json"


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
        answer = await self._request(
            hdrs.METH_GET, path, token=token, params=params, timeout=timeout
        )
        return decode_json(answer.body, answer.where)

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
        answer = await self._request(
            method, path, token=token, params=params, data=data, timeout=timeout
        )
        return decode_json(answer.body, answer.where) if answer.body.strip() else None

    async def act(
        self,
        method: str,
        path: str,
        *,
        token: str | None = None,
        params: Mapping[str, str] | None = None,
        timeout: float = DEFAULT_TIMEOUT,  # noqa: ASYNC109 - it bounds the connection as well.
    ) -> int:
        """Tell Plex to do something, and return the status of its answer, a 2xx.

        The body says nothing: it is empty, or a page that repeats the status (reported).
        """
        answer = await self._request(method, path, token=token, params=params, timeout=timeout)
        return answer.status

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
        """Return the bytes of a path, `limit` of them at most, and their content type."""
        answer = await self._request(
            hdrs.METH_GET,
            path,
            token=token,
            params=params,
            accept=accept,
            limit=limit,
            timeout=timeout,
        )
        return answer.body, answer.content_type

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
                await check_status(response, where, self._is_refusal)
            finally:
                response.close()
            raise PlexResponseError(f"{where}: no websocket")

        # The caller's session would follow redirects here, and aiohttp has no switch for it.
        async with aiohttp.ClientSession(
            connector=connector,
            connector_owner=False,
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
            except FAILURES as err:
                failure = translated(err, where)
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
        limit: int | None = None,
        timeout: float,  # noqa: ASYNC109 - it bounds the connection as well.
    ) -> _Answer:
        """Return a 2xx answer."""
        where = self._where(method, path)
        try:
            async with self._session.request(
                method,
                self._url(path),
                params=params,
                data=data,
                headers=self._headers(token, accept),
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(total=timeout, connect=CONNECT_TIMEOUT),
            ) as response:
                await check_status(response, where, self._is_refusal)
                return _Answer(
                    where=where,
                    status=response.status,
                    content_type=response.content_type,
                    body=await read_body(response, limit or MAX_BODY, where),
                )
        except FAILURES as err:
            failure = translated(err, where)
        raise failure


@dataclass(frozen=True, kw_only=True)
class _Answer:
    """A 2xx answer; `where` names the request in an error."""

    where: str
    status: int
    content_type: str
    body: bytes
