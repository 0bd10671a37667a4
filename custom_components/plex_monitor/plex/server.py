"""One Plex Media Server: what it says and what it can be told."""

from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import asynccontextmanager
from time import monotonic
from typing import Any, Self

import aiohttp
from aiohttp import hdrs

from .errors import (
    PlexError,
    PlexForbiddenError,
    PlexNotFoundError,
    PlexUnauthorizedError,
    PlexWrongServerError,
)
from .models import ServerIdentity, ServerInfo, Session, UpdateStatus
from .notifications import Notification, parse_notifications
from .parsing import container, parsed_items
from .transport import ClientIdentity, PlexTransport, TextFrames

IDENTITY_TTL = 60.0
UPDATER_TIMEOUT = 30.0


async def fetch_identity(
    session: aiohttp.ClientSession, url: str, identity: ClientIdentity
) -> ServerIdentity:
    """Return who answers at an address; no token is sent.

    Raises the errors of `PlexTransport`; `PlexUnavailableError` 503 is a server that starts or
    migrates its database (reported).
    """
    return await _fetch_identity(_transport(session, url, identity))


class PlexServer:
    """One Plex Media Server at one address.

    All methods raise the errors of `PlexTransport`, and `PlexWrongServerError` when another server
    answers at the address. The token is sent only to an address where `/identity` named the right
    machine within the last `IDENTITY_TTL` seconds and nothing has gone wrong since.
    """

    def __init__(
        self,
        session: aiohttp.ClientSession,
        url: str,
        identity: ClientIdentity,
        *,
        machine_identifier: str,
        token: str | None = None,
    ) -> None:
        """Talk to the server of a machine identifier at an address, `None` for no token."""
        self._session = session
        self._identity = identity
        self._machine_identifier = machine_identifier
        self._token = token
        self._address = _Address(session, url, identity, machine_identifier)

    @property
    def machine_identifier(self) -> str:
        """Return which server this is."""
        return self._machine_identifier

    @property
    def url(self) -> str:
        """Return the address in use."""
        return self._address.url

    @property
    def token(self) -> str | None:
        """Return the token in use."""
        return self._token

    def move_to(self, url: str, session: aiohttp.ClientSession | None = None) -> None:
        """Use another address, and another session where it is given.

        What is under way ends at the old address; the new one has to prove itself first.
        """
        self._session = session or self._session
        self._address = _Address(self._session, url, self._identity, self._machine_identifier)

    def use_token(self, token: str | None) -> None:
        """Use another token from the next request on; an open websocket keeps the old one."""
        self._token = token

    async def check_identity(self) -> ServerIdentity:
        """Ask who answers at the address; `PlexWrongServerError`: another machine."""
        return await self._address.check()

    async def info(self) -> ServerInfo:
        """Return what the server says of itself; every user may ask (official API 1.2.2).

        This is the request that a token is judged by.
        """
        async with self._trusted_address() as address:
            answer = await address.transport.get_json("/", token=self._token)
            info = ServerInfo.from_json(container(answer))
            address.expect(info.machine_identifier)
        return info

    async def accepts_without_token(self) -> bool:
        """Return whether the server answers without a token.

        It does when it is unclaimed, or when our network is among those allowed without
        authorisation (official support article); then a success says nothing about a token.
        """
        address = self._address
        try:
            answer = await address.transport.get_json("/")
        except PlexUnauthorizedError:
            return False
        address.expect(ServerInfo.from_json(container(answer)).machine_identifier)
        return True

    async def sessions(self) -> tuple[Session, ...]:
        """Return the streams that run now; for the owner only (official API 1.2.2).

        Others get `PlexForbiddenError`, on servers before 1.41.7 `PlexUnauthorizedError`
        (reported), so a refusal here says nothing about the token.
        """
        answer = container(await self._get("/status/sessions"))
        return parsed_items(answer.get("Metadata"), Session.from_json)

    async def update_status(self) -> UpdateStatus:
        """Return what the updater knows; for the owner only (official API 1.2.2)."""
        return UpdateStatus.from_json(container(await self._get("/updater/status")))

    async def check_for_update(self) -> None:
        """Let the server look for a new version; it downloads nothing."""
        await self._put("/updater/check", {"download": "0"})

    async def install_update(self) -> None:
        """Download and install what the updater found (PlexAPI).

        `PlexResponseError` for the 400 of an installation that cannot update itself.
        """
        await self._put("/updater/check", {"download": "1"})
        await self._put("/updater/apply")

    @asynccontextmanager
    async def notifications(self) -> AsyncGenerator[AsyncIterator[Notification]]:
        """Open the push channel, which every user of the server may do (official API 1.2.2).

        No state is sent at the start: take a snapshot after opening. The iterator ends by
        `PlexConnectionError` alone. It is not known whether a server closes the channel of a token
        that is revoked. A refused handshake raises what a refused request does.
        """
        async with (
            self._trusted_address() as address,
            address.transport.websocket("/:/websockets/notifications", token=self._token) as frames,
        ):
            yield _Notifications(frames)

    async def _get(self, path: str) -> Any:
        """Return the JSON of a path, asked for with the token."""
        async with self._trusted_address() as address:
            return await address.transport.get_json(path, token=self._token)

    async def _put(self, path: str, params: Mapping[str, str] | None = None) -> None:
        """Tell the server something that can take it a while."""
        async with self._trusted_address() as address:
            await address.transport.send(
                hdrs.METH_PUT, path, token=self._token, params=params, timeout=UPDATER_TIMEOUT
            )

    @asynccontextmanager
    async def _trusted_address(self) -> AsyncGenerator[_Address]:
        """Return the address after it named the right machine; what goes wrong ends the trust."""
        address = self._address
        await address.trust()
        try:
            yield address
        except PlexForbiddenError, PlexNotFoundError:
            raise
        except PlexError:
            address.distrust()
            raise


class _Address:
    """An address and how long ago the right machine answered there."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        url: str,
        identity: ClientIdentity,
        machine_identifier: str,
    ) -> None:
        """Start without trust."""
        self.url = url
        self.transport = _transport(session, url, identity)
        self._machine_identifier = machine_identifier
        self._trusted_since: float | None = None

    async def trust(self) -> None:
        """Ask who answers, unless that was asked a short while ago."""
        since = self._trusted_since
        if since is None or monotonic() - since >= IDENTITY_TTL:
            await self.check()

    def distrust(self) -> None:
        """Have the next request ask again who answers."""
        self._trusted_since = None

    async def check(self) -> ServerIdentity:
        """Ask who answers."""
        asked_at = monotonic()
        self.distrust()
        found = await _fetch_identity(self.transport)
        self.expect(found.machine_identifier)
        self._trusted_since = asked_at
        return found

    def expect(self, machine_identifier: str) -> None:
        """Compare who answered with who should."""
        if machine_identifier != self._machine_identifier:
            self.distrust()
            raise PlexWrongServerError(f"Another Plex server answers at {self.transport.host}")


class _Notifications:
    """The notifications in the frames of a websocket."""

    def __init__(self, frames: TextFrames) -> None:
        """Read from frames that somebody else closes."""
        self._frames = frames
        self._ready: deque[Notification] = deque()

    def __aiter__(self) -> Self:
        """Return the iterator itself."""
        return self

    async def __anext__(self) -> Notification:
        """Return the next notification."""
        while not self._ready:
            self._ready.extend(parse_notifications(await anext(self._frames)))
        return self._ready.popleft()


def is_refusal(headers: Mapping[str, str], body: bytes) -> bool:
    """Return whether a Plex Media Server wrote a 401.

    It sends HTML with "401 Unauthorized", the header X-Plex-Protocol and no WWW-Authenticate
    (captured). A proxy in front of it that wants a login of its own says nothing about the token.
    """
    if hdrs.WWW_AUTHENTICATE in headers:
        return False
    return "X-Plex-Protocol" in headers or b"401 Unauthorized" in body


async def _fetch_identity(transport: PlexTransport) -> ServerIdentity:
    """Return who answers."""
    return ServerIdentity.from_json(container(await transport.get_json("/identity")))


def _transport(session: aiohttp.ClientSession, url: str, identity: ClientIdentity) -> PlexTransport:
    """Return the transport to a server."""
    return PlexTransport(session, url, identity, is_refusal=is_refusal)
