"""Client for plex.tv: PINs, account, resources, sign-out and token exchange."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
import json

import aiohttp

from .errors import PlexError, PlexNotFoundError, PlexResponseError, PlexUnauthorizedError
from .models import Pin, PlexAccount, Resource
from .observations import Observations
from .observed_transport import ObservedTransport
from .parsing import integer, mapping, parsed_items, required_items
from .transport import ClientIdentity

PLEX_TV_URL = "https://plex.tv"

LINK_ATTEMPTS = 6
LINK_INTERVAL = 1.0


class PlexTv:
    """Client for plex.tv with one client identifier.

    All methods raise the errors of `PlexTransport`. `PlexUnauthorizedError` and `PlexNotFoundError`
    are raised only for a 401 and a 404 with plex.tv's own error body: "any other status does not
    indicate an invalid token" (official API 1.2.2), a captive portal or a proxy can send a 401 as
    well, and a load balancer of plex.tv has sent an empty 404 (reported).
    """

    def __init__(
        self,
        session: aiohttp.ClientSession,
        identity: ClientIdentity,
        *,
        url: str = PLEX_TV_URL,
        observations: Observations | None = None,
    ) -> None:
        """Initialize with the identity of the client."""
        observed = observations or Observations()
        # The product name of plex.tv/link, which PlexAPI sends to link a PIN.
        link_identity = replace(identity, product="Plex SSO")
        self._transport, self._link_transport = (
            ObservedTransport(
                session,
                url,
                each,
                is_refusal=has_error_body,
                is_not_found=has_error_body,
                observations=observed,
            )
            for each in (identity, link_identity)
        )

    async def create_pin(self) -> Pin:
        """Create a short PIN for plex.tv/link, bound to the client identifier."""
        return Pin.from_json(await self._transport.send("POST", "/api/v2/pins"))

    async def pin(self, pin_id: int) -> Pin:
        """Return a PIN, with its token once it is linked; `PlexNotFoundError`: it has expired.

        Do not poll more than once a second (official API 1.2.2).
        """
        return Pin.from_json(await self._transport.get_json(f"/api/v2/pins/{pin_id}"))

    async def link_pin(self, code: str, *, token: str) -> None:
        """Link a PIN to the account of a token, as plex.tv/link does (PlexAPI)."""
        await self._link_transport.send(
            "PUT", "/api/v2/pins/link", token=token, data={"code": code}
        )

    async def account(self, token: str) -> PlexAccount:
        """Return the account of a token; `PlexUnauthorizedError`: the token is invalid.

        It is the request that Plex documents to verify a token (official API 1.2.2).
        """
        return PlexAccount.from_json(await self._transport.get_json("/api/v2/user", token=token))

    async def resources(self, token: str) -> tuple[Resource, ...]:
        """Return the servers that the account owns or that are shared with it."""
        response = await self._transport.get_json(
            "/api/v2/resources",
            token=token,
            params={"includeHttps": "1", "includeRelay": "1", "includeIPv6": "1"},
        )
        if not isinstance(response, list):
            raise PlexResponseError("The resources are not a list")
        return required_items(response, "resources", Resource.from_json)

    async def sign_out(self, token: str) -> None:
        """Revoke a token (PlexAPI)."""
        await self._transport.send("DELETE", "/api/v2/users/signout", token=token)

    async def exchange_token(self, token: str, pin: Pin) -> str:
        """Return a token of this client for the account of another client's token.

        A new PIN is linked with the given token, and its own token read. That token belongs to this
        client identifier and has its own entry under "Authorized devices"; the given token is not
        changed. `PlexUnauthorizedError`: plex.tv does not know the given token, for example because
        it is valid for one server only (reported). Any other error: the PIN has no token after
        `LINK_ATTEMPTS` attempts, a second apart; it may be linked nevertheless.
        """
        is_linked = False
        failure: PlexError = PlexResponseError("A PIN was linked, but has no token")
        for attempt in range(LINK_ATTEMPTS):
            if attempt:
                await asyncio.sleep(LINK_INTERVAL)
            try:
                if not is_linked:
                    await self._link(pin, token)
                    is_linked = True
                linked = await self.pin(pin.id)
            except PlexError as err:
                if isinstance(err, PlexUnauthorizedError) and not is_linked:
                    raise
                failure = err
                continue
            if linked.token is not None:
                return linked.token
        raise failure

    async def _link(self, pin: Pin, token: str) -> None:
        """Link a PIN, unless an attempt whose response was lost has done so."""
        try:
            await self.link_pin(pin.code, token=token)
        except PlexNotFoundError:
            # plex.tv knows the code no longer once it is linked.
            if (await self.pin(pin.id)).token is None:
                raise


def has_error_body(headers: Mapping[str, str], body: bytes) -> bool:  # noqa: ARG001 - see below.
    """Return whether an error has the body of plex.tv.

    `{"errors": [{"code": 1001, "message": "...", "status": 401}]}` (captured). The headers are
    ignored: it is not known which ones plex.tv sends with it.
    """
    try:
        errors = mapping(json.loads(body), "an error").get("errors")
    except ValueError, RecursionError, PlexResponseError:
        return False
    return any(parsed_items(errors, lambda item: integer(mapping(item, "an error").get("code"))))
