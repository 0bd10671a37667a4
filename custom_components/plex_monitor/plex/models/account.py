"""Accounts, and the PINs to sign in with."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Self

from ..limits import MAX_PATH
from ..parsing import (
    identifier,
    mapping,
    number,
    other,
    required_integer,
    required_key,
    required_text,
    secret,
    text,
)

SHORT_PIN_LIFETIME = 900.0
# Other PINs are valid for half an hour (reported).
MAX_PIN_LIFETIME = 3600.0


@dataclass(frozen=True, kw_only=True)
class Pin:
    """A PIN: a short code that a user enters at plex.tv/link.

    `expires_in` is in seconds from the response; a short code is valid for 900 s (captured).
    `token` is set once the code is linked. `qr_url` is an image of a QR code for the page with the
    code filled in. The rest of the response holds the location of the caller and is not kept.
    """

    id: int
    code: str
    qr_url: str | None
    expires_in: float
    token: str | None = field(repr=False)

    @classmethod
    def from_json(cls, data: Any) -> Self:
        """Parse a PIN of `/api/v2/pins`."""
        data = mapping(data, "a PIN")
        qr_url = identifier(data.get("qr"), limit=MAX_PATH)
        return cls(
            id=required_integer(data, "id"),
            code=required_key(data, "code"),
            qr_url=qr_url if qr_url and qr_url.startswith(("https://", "http://")) else None,
            expires_in=_pin_lifetime(data.get("expiresIn"), data.get("expiresAt")),
            token=secret(data.get("authToken")),
        )


def _pin_lifetime(expires_in: Any, expires_at: Any) -> float:
    """Return the seconds until a PIN expires, from a duration or else from a date."""
    seconds = number(expires_in)
    if seconds is None:
        try:
            until = datetime.fromisoformat(text(expires_at) or "")
            until = until.replace(tzinfo=until.tzinfo or UTC)
            seconds = (until - datetime.now(UTC)).total_seconds()
        except ValueError, OverflowError:
            return SHORT_PIN_LIFETIME
    return min(max(0.0, seconds), MAX_PIN_LIFETIME)


@dataclass(frozen=True, kw_only=True)
class PlexAccount:
    """A Plex account: `GET /api/v2/user` (official API 1.2.2).

    The e-mail address, the token and the rest of the response are not kept. Managed users of a Plex
    Home have no user name; `username` is their title then.
    """

    username: str
    title: str | None

    @classmethod
    def from_json(cls, data: Any) -> Self:
        """Parse the response of `/api/v2/user`."""
        data = mapping(data, "the account")
        account_id = required_integer(data, "id")
        title = text(data.get("title"))
        return cls(
            username=text(data.get("username")) or title or str(account_id),
            title=title,
        )


@dataclass(frozen=True, kw_only=True)
class LocalAccount:
    """An account on a server: `GET /accounts` (from other clients, not captured as JSON).

    `account_id` is also used by sessions and the history: "1" for the owner, else the account id at
    plex.tv (captured). Account 0, which has no name, is not a user (reported).
    """

    account_id: str
    name: str

    @classmethod
    def from_json(cls, data: Any) -> Self:
        """Parse an `Account` of `/accounts`."""
        data = mapping(data, "an account")
        account_id = required_key(data, "id")
        if data.get("name") in (None, ""):
            raise other(data, "name")
        return cls(account_id=account_id, name=required_text(data, "name"))
