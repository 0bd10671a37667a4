"""Requests to one server, whose machine identifier is verified before a token is sent."""

from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
import re
from time import monotonic
from typing import Any

import aiohttp
from aiohttp import hdrs

from .addresses import is_private_or_encrypted
from .errors import (
    PlexConnectionError,
    PlexError,
    PlexForbiddenError,
    PlexNotFoundError,
    PlexResponseError,
    PlexUnauthorizedError,
    PlexWrongServerError,
)
from .limits import ANSWER, PAGE, AnswerLimit
from .models import ServerIdentity
from .observations import Observations
from .observed_transport import ObservedTransport
from .parsing import container, integer, listed_items, mapping, parsed_items, rows_of
from .transport import ClientIdentity, PlexTransport

IDENTITY_TTL = 60.0
# An address is verified anew where a failure meanwhile has cast doubt on it, this often at most.
MAX_VERIFICATIONS = 5
COMMAND_TIMEOUT = 30.0
PAGE_SIZE = 200
# A server that returns one item with each page is asked no more often than this.
MAX_PAGES = 50

# Attributes of the container that apply to each of its items.
_SHARED = ("librarySectionID", "librarySectionTitle")
_SEGMENT = re.compile(r"[\w-]+", re.ASCII)


@dataclass(frozen=True, kw_only=True)
class Page[T]:
    """A page of a list: its valid items, how many were `listed`, and the `total` of the list."""

    items: tuple[T, ...]
    listed: int
    total: int | None


class VerifiedRequests:
    """Requests to one Plex Media Server.

    All methods raise the errors of `PlexTransport`, and `PlexWrongServerError` if another server
    answers. The token is sent only to an address where `/identity` returned the expected machine
    identifier within the last `IDENTITY_TTL` seconds, and where no request has failed since with
    anything but 403 or 404. It is never sent unencrypted out of the private network.
    """

    def __init__(
        self,
        session: aiohttp.ClientSession,
        url: str,
        identity: ClientIdentity,
        *,
        machine_identifier: str,
        token: str | None,
        observations: Observations | None = None,
    ) -> None:
        """Initialize with an address that has not been verified."""
        self._session = session
        self._identity = identity
        self.observations = observations or Observations()
        self.machine_identifier = machine_identifier
        self.token = token
        self.address = self._address(url)

    def move_to(self, url: str, session: aiohttp.ClientSession | None = None) -> None:
        """Use another URL, and another session if one is given."""
        self._session = session or self._session
        self.address = self._address(url)

    async def get(
        self, path: str, params: Mapping[str, str] | None = None, *, limit: AnswerLimit = ANSWER
    ) -> Any:
        """Return the JSON response for a path."""
        async with self.verified_address() as address:
            return await address.transport.get_json(
                path, token=self.token, params=params, limit=limit
            )

    async def get_items[T](
        self,
        path: str,
        parse: Callable[[Any], T],
        *,
        limit: int,
        params: Mapping[str, str] | None = None,
    ) -> tuple[T, ...]:
        """Return the first items of a list, read in pages; invalid items are left out.

        A server may return fewer items than requested (official API 1.2.2), and can put attributes
        that all items share beside the list (captured).
        """
        found: list[T] = []
        start = 0
        pages = 0
        while start < limit and pages < MAX_PAGES:
            size = min(PAGE_SIZE, limit - start)
            page = await self.get_page(path, parse, start=start, size=size, params=params)
            found += page.items
            start += page.listed
            pages += 1
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
        """Return one page of a list; a `size` of 0 reads the total only."""
        page = {"X-Plex-Container-Start": str(start), "X-Plex-Container-Size": str(size)}
        response = container(await self.get(path, {**(params or {}), **page}, limit=PAGE))
        shared = {key: response[key] for key in _SHARED if key in response}

        def parse_item(item: Any) -> T:
            return parse({**shared, **mapping(item, "an item")})

        rows = rows_of(response.get("Metadata"), "Metadata")
        if start:
            # Pages before this one had valid items.
            items = parsed_items(rows, parse_item, limit=size)
        else:
            # A size of 0 requests the total only.
            counts = ("size", "totalSize") if size else ()
            items = listed_items(response, "Metadata", parse_item, limit=size, counts=counts)
        return Page(items=items, listed=len(rows), total=integer(response.get("totalSize")))

    async def send_command(
        self, method: str, path: str, params: Mapping[str, str] | None = None
    ) -> int:
        """Send a command, which can take the server a while; return the status."""
        async with self.verified_address() as address:
            return await address.transport.send_command(
                method, path, token=self.token, params=params, timeout=COMMAND_TIMEOUT
            )

    async def download(
        self, path: str, params: Mapping[str, str], *, accept: str, limit: int
    ) -> tuple[bytes, str]:
        """Return the body for a path and its content type."""
        async with self.verified_address() as address:
            return await address.transport.download(
                path, token=self.token, params=params, accept=accept, limit=limit
            )

    def _address(self, url: str) -> VerifiedAddress:
        """Return an address that has not been verified."""
        transport = server_transport(self._session, url, self._identity, self.observations)
        return VerifiedAddress(transport, url, self.machine_identifier)

    @asynccontextmanager
    async def verified_address(self) -> AsyncGenerator[VerifiedAddress]:
        """Return the address once it is verified; errors other than 403 and 404 invalidate it."""
        address = self.address
        for _ in range(MAX_VERIFICATIONS):
            await address.ensure_verified()
            if self.token is not None:
                await address.ensure_private()
            # Nothing is awaited from here until the request is sent.
            if address.is_verified and (self.token is None or address.is_private):
                break
        else:
            raise PlexConnectionError(f"{address.transport.host} cannot be verified")
        try:
            yield address
        except PlexForbiddenError, PlexNotFoundError:
            raise
        except PlexError:
            address.invalidate()
            raise


class VerifiedAddress:
    """An address of a server, and when its machine identifier was last verified."""

    def __init__(self, transport: PlexTransport, url: str, machine_identifier: str) -> None:
        """Initialize as not verified."""
        self.url = url
        self.transport = transport
        self._machine_identifier = machine_identifier
        self._verified_at: float | None = None
        # Whether a lookup has shown that nothing is sent unencrypted out of the private network.
        self.is_private = False
        self._invalidations = 0

    @property
    def is_verified(self) -> bool:
        """Return whether the machine identifier was verified within `IDENTITY_TTL`."""
        return self._verified_at is not None and monotonic() - self._verified_at < IDENTITY_TTL

    async def ensure_verified(self) -> None:
        """Verify the machine identifier, unless that was done within `IDENTITY_TTL`."""
        if not self.is_verified:
            await self.verify()

    async def ensure_private(self) -> None:
        """Raise `PlexConnectionError` if the address leads unencrypted out of the private network.

        A name can do so some time after it was entered. It is checked as often as the identity.
        """
        if self.is_private:
            return
        invalidations = self._invalidations
        if not await is_private_or_encrypted(self.url):
            self.invalidate()
            raise PlexConnectionError(f"{self.transport.host} leads out of the private network")
        if invalidations == self._invalidations:
            self.is_private = True

    def invalidate(self) -> None:
        """Require a new verification before the next request; those in progress do not count."""
        self._invalidations += 1
        self._forget()

    def _forget(self) -> None:
        """Forget what was verified."""
        self._verified_at = None
        self.is_private = False

    async def verify(self) -> ServerIdentity:
        """Read the identity and verify its machine identifier."""
        # By the time of a slow response, the address may lead to another server.
        requested_at, invalidations = monotonic(), self._invalidations
        self._forget()
        try:
            identity = await request_identity(self.transport)
        except PlexError:
            self.invalidate()
            raise
        self.check_machine(identity.machine_identifier)
        if invalidations == self._invalidations:
            self._verified_at = requested_at
        return identity

    def check_machine(self, machine_identifier: str) -> None:
        """Raise `PlexWrongServerError` if a machine identifier is not the expected one."""
        if machine_identifier != self._machine_identifier:
            self.invalidate()
            raise PlexWrongServerError(f"Another Plex server answers at {self.transport.host}")


def is_path_segment(key: str) -> bool:
    """Return whether a key or name can be a segment of a path."""
    return _SEGMENT.fullmatch(key) is not None


def path_segment(key: str) -> str:
    """Return a key or name as a segment of a path; `PlexNotFoundError` if it cannot be one."""
    if is_path_segment(key):
        return key
    raise PlexNotFoundError("Not a valid key or name")


def is_refusal(headers: Mapping[str, str], body: bytes) -> bool:
    """Return whether a 401 was sent by a Plex Media Server.

    It sends HTML with "401 Unauthorized", the header X-Plex-Protocol and no WWW-Authenticate
    (captured). A 401 of a proxy, which requires its own login, says nothing about the token.
    """
    if hdrs.WWW_AUTHENTICATE in headers:
        return False
    return "X-Plex-Protocol" in headers or b"401 Unauthorized" in body


async def request_identity(transport: PlexTransport) -> ServerIdentity:
    """Return the identity of the server.

    A Plex server requires no token for it (official API 1.2.2), so a 401 or 403 is from something
    in front of the server, and says nothing about the token.
    """
    try:
        response = await transport.get_json("/identity")
    except PlexUnauthorizedError, PlexForbiddenError:
        raise PlexResponseError(
            f"GET {transport.host}/identity: something in front of the server requires a login"
        ) from None
    return ServerIdentity.from_json(container(response))


def server_transport(
    session: aiohttp.ClientSession,
    url: str,
    identity: ClientIdentity,
    observations: Observations | None = None,
) -> PlexTransport:
    """Return a transport that recognizes the 401 of a Plex Media Server."""
    return ObservedTransport(
        session,
        url,
        identity,
        is_refusal=is_refusal,
        observations=observations or Observations(),
    )
