"""One Plex Media Server: what it says and what it can be told."""

from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Self

import aiohttp
from aiohttp import hdrs

from .errors import PlexForbiddenError, PlexUnauthorizedError
from .library import Library
from .maintenance import Maintenance
from .models import (
    Device,
    HistoryItem,
    LocalAccount,
    RemoteAccess,
    ServerIdentity,
    ServerInfo,
    Session,
    UpdateStatus,
)
from .notifications import Notification, parse_notifications
from .parsing import container, mapping, parsed_items
from .transport import ClientIdentity
from .trusted import TrustedRequests, ask_identity, server_transport
from .usage import Statistics
from .websocket import TextFrames


async def fetch_identity(
    session: aiohttp.ClientSession, url: str, identity: ClientIdentity
) -> ServerIdentity:
    """Return who answers at an address; no token is sent.

    Raises the errors of `PlexTransport`; `PlexUnavailableError` 503 is a server that starts or
    migrates its database (reported).
    """
    return await ask_identity(server_transport(session, url, identity))


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
        self._requests = TrustedRequests(
            session, url, identity, machine_identifier=machine_identifier, token=token
        )
        self.library = Library(self._requests)
        self.maintenance = Maintenance(self._requests)
        self.statistics = Statistics(self._requests)

    @property
    def machine_identifier(self) -> str:
        """Return which server this is."""
        return self._requests.machine_identifier

    @property
    def url(self) -> str:
        """Return the address in use."""
        return self._requests.address.url

    @property
    def token(self) -> str | None:
        """Return the token in use."""
        return self._requests.token

    def move_to(self, url: str, session: aiohttp.ClientSession | None = None) -> None:
        """Use another address, and another session where it is given.

        What is under way ends at the old address; the new one has to prove itself first.
        """
        self._requests.move_to(url, session)

    def use_token(self, token: str | None) -> None:
        """Use another token from the next request on; an open websocket keeps the old one."""
        self._requests.token = token

    async def check_identity(self) -> ServerIdentity:
        """Ask who answers at the address; `PlexWrongServerError`: another machine."""
        return await self._requests.address.check()

    async def info(self) -> ServerInfo:
        """Return what the server says of itself; every user may ask (official API 1.2.2).

        This is the request that a token is judged by.
        """
        async with self._requests.trusted_address() as address:
            answer = await address.transport.get_json("/", token=self._requests.token)
            info = ServerInfo.from_json(container(answer))
            address.expect(info.machine_identifier)
        return info

    async def accepts_without_token(self) -> bool:
        """Return whether the server answers without a token.

        It does when it is unclaimed, or when our network is among those allowed without
        authorisation (official support article); then a success says nothing about a token.
        """
        address = self._requests.address
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
        answer = container(await self._requests.get("/status/sessions"))
        return parsed_items(answer.get("Metadata"), Session.from_json)

    async def terminate(self, session_id: str, *, reason: str | None = None) -> None:
        """End a stream; its player shows the reason (official API 1.2.2).

        For the owner with Plex Pass only: `PlexForbiddenError` without. `PlexNotFoundError`: there
        is no such stream (any more).
        """
        params = {"sessionId": session_id}
        if reason is not None:
            params["reason"] = reason
        try:
            # By GET, as every client does (PlexAPI).
            await self._requests.act(hdrs.METH_GET, "/status/sessions/terminate", params)
        except PlexUnauthorizedError as err:
            # This is what a server without Plex Pass answers (official API 1.2.2), so it is no
            # evidence against the token.
            failure = PlexForbiddenError(str(err))
        else:
            return
        raise failure

    async def history(
        self, *, limit: int, since: datetime | None = None, section_key: str | None = None
    ) -> tuple[HistoryItem, ...]:
        """Return what was played, the latest first; others than the owner see their own rows."""
        params = {"sort": "viewedAt:desc"}
        if since is not None:
            params["viewedAt>"] = str(int(since.timestamp()))
        if section_key is not None:
            params["librarySectionID"] = section_key
        return await self._requests.get_items(
            "/status/sessions/history/all", HistoryItem.from_json, limit=limit, params=params
        )

    async def accounts(self) -> tuple[LocalAccount, ...]:
        """Return who has used the server; for the owner only (reported)."""
        answer = container(await self._requests.get("/accounts"))
        return parsed_items(answer.get("Account"), LocalAccount.from_json)

    async def devices(self) -> tuple[Device, ...]:
        """Return what has ever played something from the server; for the owner only (reported)."""
        answer = container(await self._requests.get("/devices"))
        return parsed_items(answer.get("Device"), Device.from_json)

    async def remote_access(self) -> RemoteAccess:
        """Return how the server is reached from outside; for the owner only (captured)."""
        answer = mapping(await self._requests.get("/myplex/account"), "the answer")
        return RemoteAccess.from_json(answer.get("MyPlex"))

    async def update_status(self) -> UpdateStatus:
        """Return what the updater knows; for the owner only (official API 1.2.2)."""
        return UpdateStatus.from_json(container(await self._requests.get("/updater/status")))

    async def check_for_update(self) -> None:
        """Let the server look for a new version; it downloads nothing."""
        await self._requests.act(hdrs.METH_PUT, "/updater/check", {"download": "0"})

    async def install_update(self) -> None:
        """Download and install what the updater found (PlexAPI).

        `PlexResponseError` for the 400 of an installation that cannot update itself.
        """
        await self._requests.act(hdrs.METH_PUT, "/updater/check", {"download": "1"})
        await self._requests.act(hdrs.METH_PUT, "/updater/apply")

    @asynccontextmanager
    async def notifications(self) -> AsyncGenerator[AsyncIterator[Notification]]:
        """Open the push channel, which every user of the server may do (official API 1.2.2).

        No state is sent at the start: take a snapshot after opening. The iterator ends by
        `PlexConnectionError` alone. It is not known whether a server closes the channel of a token
        that is revoked. A refused handshake raises what a refused request does.
        """
        async with (
            self._requests.trusted_address() as address,
            address.transport.websocket(
                "/:/websockets/notifications", token=self._requests.token
            ) as frames,
        ):
            yield _Notifications(frames)


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
