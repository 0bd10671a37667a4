"""plex.tv: PINs, the account, its servers, sign-out and the exchange of a token."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
import json

import aiohttp

from .errors import PlexConnectionError, PlexResponseError, PlexUnavailableError
from .models import Pin, PlexAccount, Resource
from .parsing import integer, mapping, parsed_items
from .transport import ClientIdentity, PlexTransport

PLEX_TV_URL = "https://plex.tv"

LINK_ATTEMPTS = 6
LINK_INTERVAL = 1.0


class PlexTv:
    """plex.tv, as seen by one client identifier.

    All methods raise the errors of `PlexTransport`. `PlexUnauthorizedError` is raised for a 401
    with plex.tv's own error body only: "any other status does not indicate an invalid token"
    (official API 1.2.2), and a 401 of a captive portal or a proxy is none of plex.tv's.
    """

    def __init__(
        self,
        session: aiohttp.ClientSession,
        identity: ClientIdentity,
        *,
        url: str = PLEX_TV_URL,
    ) -> None:
        """Talk to plex.tv under the client identifier of an identity."""
        self._transport = PlexTransport(session, url, identity, is_refusal=is_refusal)
        # PlexAPI links under this product name, that of the page which does it for people.
        self._link_transport = PlexTransport(
            session, url, replace(identity, product="Plex SSO"), is_refusal=is_refusal
        )

    async def create_pin(self) -> Pin:
        """Create a short PIN for plex.tv/link; it is bound to our client identifier."""
        return Pin.from_json(await self._transport.send("POST", "/api/v2/pins"))

    async def pin(self, pin_id: int) -> Pin:
        """Return a PIN, with its token once it is linked; `PlexNotFoundError`: it expired.

        Plex asks for one request a second at most (official API 1.2.2).
        """
        return Pin.from_json(await self._transport.get_json(f"/api/v2/pins/{pin_id}"))

    async def link_pin(self, code: str, *, token: str) -> None:
        """Approve a PIN as the account of a token, as plex.tv/link does (PlexAPI)."""
        await self._link_transport.send(
            "PUT", "/api/v2/pins/link", token=token, data={"code": code}
        )

    async def account(self, token: str) -> PlexAccount:
        """Return the account of a token; a `PlexUnauthorizedError` means that the token is dead.

        This is the question that Plex names for it (official API 1.2.2).
        """
        return PlexAccount.from_json(await self._transport.get_json("/api/v2/user", token=token))

    async def resources(self, token: str) -> tuple[Resource, ...]:
        """Return the servers that an account owns or has been given access to."""
        answer = await self._transport.get_json(
            "/api/v2/resources",
            token=token,
            params={"includeHttps": "1", "includeRelay": "1", "includeIPv6": "1"},
        )
        if not isinstance(answer, list):
            raise PlexResponseError("The resources are not a list")
        return parsed_items(answer, Resource.from_json)

    async def sign_out(self, token: str) -> None:
        """Make a token invalid for good (PlexAPI)."""
        await self._transport.send("DELETE", "/api/v2/users/signout", token=token)

    async def exchange_token(self, token: str) -> str:
        """Return a lasting token of our own for the account of somebody else's token.

        A PIN of our own is approved with the given token and read back. The result belongs to our
        client identifier and stands alone under "Authorized devices"; the given token stays as it
        is. `PlexUnauthorizedError`: plex.tv does not know the token, as is the case for one that
        is valid at a single server only (reported). `PlexResponseError`: the token did not show
        in several attempts, a second apart.
        """
        pin = await self.create_pin()
        await self.link_pin(pin.code, token=token)
        for attempt in range(LINK_ATTEMPTS):
            if attempt:
                await asyncio.sleep(LINK_INTERVAL)
            try:
                linked = await self.pin(pin.id)
            except PlexConnectionError, PlexUnavailableError:
                # Giving up here would leave a token behind that nobody knows.
                continue
            if linked.token is not None:
                return linked.token
        raise PlexResponseError("A PIN was linked, but has no token")


def is_refusal(headers: Mapping[str, str], body: bytes) -> bool:  # noqa: ARG001 - see below.
    """Return whether a 401 has the error body of plex.tv.

    `{"errors": [{"code": 1001, "message": "...", "status": 401}]}` (captured). The headers do not
    count: which of them plex.tv sends with it is not known.
    """
    try:
        errors = mapping(json.loads(body), "an error").get("errors")
    except ValueError, RecursionError, PlexResponseError:
        return False
    return any(parsed_items(errors, lambda item: integer(mapping(item, "an error").get("code"))))
