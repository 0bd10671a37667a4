"""Client for one Plex Media Server."""

from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Self

import aiohttp
from aiohttp import hdrs

from .errors import PlexForbiddenError, PlexNotFoundError, PlexUnauthorizedError
from .library import Library
from .limits import MAX_DEVICES, MAX_SESSIONS
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
from .observations import Observations
from .parsing import container, listed_items, mapping, required_identifier
from .statistics import Statistics
from .transport import ClientIdentity
from .verified_requests import VerifiedRequests, request_identity, server_transport
from .websocket import TextFrames

PROVIDERS = "/media/providers"


async def fetch_identity(
    session: aiohttp.ClientSession, url: str, identity: ClientIdentity
) -> ServerIdentity:
    """Return the identity of the server at a URL; no token is sent.

    Raises the errors of `PlexTransport`; `PlexUnavailableError` 503 is a server that is starting or
    migrating its database (reported).
    """
    return await request_identity(server_transport(session, url, identity))


class PlexServer:
    """Client for one Plex Media Server, addressed by URL and machine identifier.

    All methods raise the errors of `PlexTransport`, and `PlexWrongServerError` if another server
    answers. `VerifiedRequests` says when the token is sent.
    """

    def __init__(
        self,
        session: aiohttp.ClientSession,
        url: str,
        identity: ClientIdentity,
        *,
        machine_identifier: str,
        token: str | None = None,
        observations: Observations | None = None,
    ) -> None:
        """Initialize the client; without a token, requests are sent without one."""
        self._requests = VerifiedRequests(
            session,
            url,
            identity,
            machine_identifier=machine_identifier,
            token=token,
            observations=observations,
        )
        self.library = Library(self._requests)
        self.maintenance = Maintenance(self._requests)
        self.statistics = Statistics(self._requests)

    @property
    def machine_identifier(self) -> str:
        """Return the machine identifier of the server."""
        return self._requests.machine_identifier

    @property
    def observations(self) -> Observations:
        """Return how the server has answered so far."""
        return self._requests.observations

    @property
    def url(self) -> str:
        """Return the URL in use."""
        return self._requests.address.url

    @property
    def token(self) -> str | None:
        """Return the token in use."""
        return self._requests.token

    def move_to(self, url: str, session: aiohttp.ClientSession | None = None) -> None:
        """Use another URL, and another session if one is given.

        Requests in progress finish at the old URL. The identity is verified at the new URL first.
        """
        self._requests.move_to(url, session)

    def use_token(self, token: str | None) -> None:
        """Use another token for the next requests; an open websocket keeps the old one."""
        self._requests.token = token

    async def check_identity(self) -> ServerIdentity:
        """Return the identity of the server; `PlexWrongServerError`: another machine."""
        return await self._requests.address.verify()

    async def info(self) -> ServerInfo:
        """Return information about the server; every user may read it (official API 1.2.2).

        It is the request to verify a token with; `check_token` where something blocks its path.
        """
        async with self._requests.verified_address() as address:
            response = container(await address.transport.get_json("/", token=self._requests.token))
            address.check_machine(required_identifier(response, "machineIdentifier"))
            return ServerInfo.from_json(response)

    async def check_token(self) -> None:
        """Verify the token with a resource below another path, which every user may read.

        Plex apps send this request first (captured).
        """
        await self._requests.get(PROVIDERS)

    async def accepts_token(self, token: str) -> bool:
        """Return whether the server accepts another token than the one in use."""
        async with self._requests.verified_address() as address:
            try:
                await address.transport.get_json(PROVIDERS, token=token)
            except PlexUnauthorizedError:
                return False
        return True

    async def accepts_without_token(self) -> bool:
        """Return whether the server accepts requests without a token.

        It does if it is unclaimed, or if this network is in its "List of IP addresses and networks
        that are allowed without auth" (official support article). Then a request that succeeds says
        nothing about the token. One that does not even answer 401 to strangers (reported) accepts
        nothing either.
        """
        address = self._requests.address
        for path in ("/", PROVIDERS):
            try:
                response = container(await address.transport.get_json(path))
            except PlexUnauthorizedError:
                return False
            except PlexForbiddenError, PlexNotFoundError:
                continue
            if path == "/":
                address.check_machine(required_identifier(response, "machineIdentifier"))
            return True
        return False

    async def sessions(self) -> tuple[Session, ...]:
        """Return the current sessions (streams); for the owner only (official API 1.2.2).

        Other users get `PlexForbiddenError`, before server 1.41.7 `PlexUnauthorizedError`
        (reported), so an error here says nothing about the token.
        """
        response = container(await self._requests.get("/status/sessions"))
        return listed_items(response, "Metadata", Session.from_json, limit=MAX_SESSIONS)

    async def terminate(self, session_id: str, *, reason: str | None = None) -> None:
        """Terminate a session; its player shows the reason (official API 1.2.2).

        Requires the owner and Plex Pass, else `PlexForbiddenError`. `PlexNotFoundError`: no such
        session.
        """
        params = {"sessionId": session_id}
        if reason is not None:
            params["reason"] = reason
        try:
            # GET, as every client sends (PlexAPI).
            await self._requests.send_command(hdrs.METH_GET, "/status/sessions/terminate", params)
        except PlexUnauthorizedError as err:
            # A server without Plex Pass sends 401 (official API 1.2.2), so this is no evidence
            # against the token.
            failure = PlexForbiddenError(str(err))
        else:
            return
        raise failure

    async def history(
        self, *, limit: int, since: datetime | None = None, section_key: str | None = None
    ) -> tuple[HistoryItem, ...]:
        """Return the play history, latest first; other users than the owner get only their own."""
        params = {"sort": "viewedAt:desc"}
        if since is not None:
            params["viewedAt>"] = str(int(since.timestamp()))
        if section_key is not None:
            params["librarySectionID"] = section_key
        return await self._requests.get_items(
            "/status/sessions/history/all", HistoryItem.from_json, limit=limit, params=params
        )

    async def accounts(self) -> tuple[LocalAccount, ...]:
        """Return the accounts that have used the server; for the owner only (reported)."""
        response = container(await self._requests.get("/accounts"))
        return listed_items(response, "Account", LocalAccount.from_json)

    async def devices(self) -> tuple[Device, ...]:
        """Return the devices that have used the server; for the owner only (reported)."""
        response = container(await self._requests.get("/devices"))
        return listed_items(response, "Device", Device.from_json, limit=MAX_DEVICES)

    async def remote_access(self) -> RemoteAccess:
        """Return the remote access status; for the owner only (captured)."""
        response = mapping(await self._requests.get("/myplex/account"), "the response")
        return RemoteAccess.from_json(response.get("MyPlex"))

    async def update_status(self) -> UpdateStatus:
        """Return the status of the updater; for the owner only (official API 1.2.2)."""
        return UpdateStatus.from_json(container(await self._requests.get("/updater/status")))

    async def check_for_update(self) -> None:
        """Make the server check for a new version, without downloading it."""
        await self._requests.send_command(hdrs.METH_PUT, "/updater/check", {"download": "0"})

    async def install_update(self) -> None:
        """Download and install the available version (PlexAPI).

        `PlexResponseError`: 400, the server cannot update itself.
        """
        await self._requests.send_command(hdrs.METH_PUT, "/updater/check", {"download": "1"})
        await self._requests.send_command(hdrs.METH_PUT, "/updater/apply")

    @asynccontextmanager
    async def notifications(self) -> AsyncGenerator[AsyncIterator[Notification]]:
        """Open the notification websocket; every user of the server may (official API 1.2.2).

        No current state is sent at the start, so read it after opening. The iterator ends only with
        `PlexConnectionError`. It is not known whether a server closes the websocket when its token
        is revoked. A rejected handshake raises the same errors as a request.
        """
        async with (
            self._requests.verified_address() as address,
            address.transport.websocket(
                "/:/websockets/notifications", token=self._requests.token
            ) as frames,
        ):
            yield _Notifications(frames)


class _Notifications:
    """Iterator over the notifications in the frames of a websocket."""

    def __init__(self, frames: TextFrames) -> None:
        """Initialize with the frames of a websocket, which the caller closes."""
        self._frames = frames
        self._ready: deque[Notification] = deque()

    def __aiter__(self) -> Self:
        """Return the iterator itself."""
        return self

    async def __anext__(self) -> Notification:
        """Return the next notification."""
        await self._frames.share_loop()
        while not self._ready:
            self._ready.extend(parse_notifications(await anext(self._frames)))
        return self._ready.popleft()
