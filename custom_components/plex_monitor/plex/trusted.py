"""Requests with a token, sent to the right machine alone."""

from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
import re
from time import monotonic
from typing import Any

import aiohttp
from aiohttp import hdrs

from .errors import (
    PlexError,
    PlexForbiddenError,
    PlexNotFoundError,
    PlexResponseError,
    PlexUnauthorizedError,
    PlexWrongServerError,
)
from .models import ServerIdentity
from .parsing import container, integer, objects, parsed_items
from .transport import ClientIdentity, PlexTransport

IDENTITY_TTL = 60.0
ACTION_TIMEOUT = 30.0
PAGE_SIZE = 200

# What the items of one library have in common.
_SHARED = ("librarySectionID", "librarySectionTitle")
_SEGMENT = re.compile(r"[\w-]+", re.ASCII)


@dataclass(frozen=True, kw_only=True)
class Page[T]:
    """A part of a list: of so many that were `listed` those that could be read, and `total`."""

    items: tuple[T, ...]
    listed: int
    total: int | None


class TrustedRequests:
    """Requests to one Plex Media Server at one address.

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
        token: str | None,
    ) -> None:
        """Ask the server of a machine identifier at an address, with a token where there is one."""
        self._session = session
        self._identity = identity
        self.machine_identifier = machine_identifier
        self.token = token
        self.address = Address(session, url, identity, machine_identifier)

    def move_to(self, url: str, session: aiohttp.ClientSession | None = None) -> None:
        """Use another address, and another session where it is given."""
        self._session = session or self._session
        self.address = Address(self._session, url, self._identity, self.machine_identifier)

    async def get(self, path: str, params: Mapping[str, str] | None = None) -> Any:
        """Return the JSON of a path."""
        async with self.trusted_address() as address:
            return await address.transport.get_json(path, token=self.token, params=params)

    async def get_items[T](
        self,
        path: str,
        parse: Callable[[Any], T],
        *,
        limit: int,
        params: Mapping[str, str] | None = None,
    ) -> tuple[T, ...]:
        """Return the first items of a list, read in pages; one that is bad costs itself.

        A server may return fewer than it was asked for (official API 1.2.2), and what an item has
        in common with the others can stand beside the list (captured).
        """
        found: list[T] = []
        start = 0
        while start < limit:
            size = min(PAGE_SIZE, limit - start)
            page = await self.get_page(path, parse, start=start, size=size, params=params)
            found += page.items
            start += page.listed
            total = page.total
            if not page.listed or (page.listed < size if total is None else start >= total):
                break
        return tuple(found[:limit])

    async def get_page[T](
        self,
        path: str,
        parse: Callable[[Any], T],
        *,
        size: int,
        start: int = 0,
        params: Mapping[str, str] | None = None,
    ) -> Page[T]:
        """Return a part of a list, as `get_items` reads it; a size of 0 asks how long it is."""
        page = {"X-Plex-Container-Start": str(start), "X-Plex-Container-Size": str(size)}
        answer = container(await self.get(path, {**(params or {}), **page}))
        listed = answer.get("Metadata")
        shared = {key: answer[key] for key in _SHARED if key in answer}
        return Page(
            items=parsed_items([{**shared, **item} for item in objects(listed)], parse),
            listed=len(listed) if isinstance(listed, list) else 0,
            total=integer(answer.get("totalSize")),
        )

    async def act(self, method: str, path: str, params: Mapping[str, str] | None = None) -> int:
        """Tell the server to do something, which can take it a while; return the status."""
        async with self.trusted_address() as address:
            return await address.transport.act(
                method, path, token=self.token, params=params, timeout=ACTION_TIMEOUT
            )

    async def download(
        self, path: str, params: Mapping[str, str], *, accept: str, limit: int
    ) -> tuple[bytes, str]:
        """Return the bytes of a path and their content type."""
        async with self.trusted_address() as address:
            return await address.transport.download(
                path, token=self.token, params=params, accept=accept, limit=limit
            )

    @asynccontextmanager
    async def trusted_address(self) -> AsyncGenerator[Address]:
        """Return the address after it named the right machine; what goes wrong ends the trust."""
        address = self.address
        await address.trust()
        try:
            yield address
        except PlexForbiddenError, PlexNotFoundError:
            raise
        except PlexError:
            address.distrust()
            raise


class Address:
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
        self.transport = server_transport(session, url, identity)
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
        found = await ask_identity(self.transport)
        self.expect(found.machine_identifier)
        self._trusted_since = asked_at
        return found

    def expect(self, machine_identifier: str) -> None:
        """Compare who answered with who should."""
        if machine_identifier != self._machine_identifier:
            self.distrust()
            raise PlexWrongServerError(f"Another Plex server answers at {self.transport.host}")


def is_segment(key: str) -> bool:
    """Return whether a key or a name can be a part of a path."""
    return _SEGMENT.fullmatch(key) is not None


def segment(key: str) -> str:
    """Return a key or a name as a part of a path; what cannot be one is not to be found."""
    if is_segment(key):
        return key
    raise PlexNotFoundError("What was asked for cannot be the name of anything")


def is_refusal(headers: Mapping[str, str], body: bytes) -> bool:
    """Return whether a Plex Media Server wrote a 401.

    It sends HTML with "401 Unauthorized", the header X-Plex-Protocol and no WWW-Authenticate
    (captured). A proxy in front of it that wants a login of its own says nothing about the token.
    """
    if hdrs.WWW_AUTHENTICATE in headers:
        return False
    return "X-Plex-Protocol" in headers or b"401 Unauthorized" in body


async def ask_identity(transport: PlexTransport) -> ServerIdentity:
    """Return who answers.

    A Plex server tells it to everybody (official API 1.2.2), so whoever refuses is something in
    front of it, and says nothing about a token.
    """
    try:
        answer = await transport.get_json("/identity")
    except PlexUnauthorizedError, PlexForbiddenError:
        raise PlexResponseError(
            f"GET {transport.host}/identity: something in front of the server wants a login"
        ) from None
    return ServerIdentity.from_json(container(answer))


def server_transport(
    session: aiohttp.ClientSession, url: str, identity: ClientIdentity
) -> PlexTransport:
    """Return the transport to a server."""
    return PlexTransport(session, url, identity, is_refusal=is_refusal)
