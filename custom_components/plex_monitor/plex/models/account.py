"""Accounts, and the PINs that lead to their tokens."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Self

from ..errors import PlexResponseError
from ..parsing import integer, mapping, number, required_text, secret, text

SHORT_PIN_LIFETIME = 900.0


@dataclass(frozen=True, kw_only=True)
class Pin:
    """A short code that a person enters at plex.tv/link, and what became of it.

    `expires_in` is in seconds from the moment of the answer; a short code lives 900 s (captured).
    `token` appears once somebody has linked the code. `qr_url` is a picture that opens the page
    with the code filled in. The rest of the answer tells where the caller lives and is not kept.
    """

    id: int
    code: str
    qr_url: str | None
    expires_in: float
    token: str | None = field(repr=False)

    @classmethod
    def from_json(cls, data: Any) -> Self:
        """Read a PIN of `/api/v2/pins`."""
        data = mapping(data, "a PIN")
        if (pin_id := integer(data.get("id"))) is None:
            raise PlexResponseError("Plex left out the id of a PIN")
        qr_url = text(data.get("qr"))
        return cls(
            id=pin_id,
            code=required_text(data, "code"),
            qr_url=qr_url if qr_url and qr_url.startswith(("https://", "http://")) else None,
            expires_in=_pin_lifetime(data.get("expiresIn"), data.get("expiresAt")),
            token=secret(data.get("authToken")),
        )


def _pin_lifetime(expires_in: Any, expires_at: Any) -> float:
    """Return the seconds that are left to a PIN, however Plex says it."""
    seconds = number(expires_in)
    if seconds is None:
        try:
            until = datetime.fromisoformat(text(expires_at) or "")
            until = until.replace(tzinfo=until.tzinfo or UTC)
            seconds = (until - datetime.now(UTC)).total_seconds()
        except ValueError, OverflowError:
            return SHORT_PIN_LIFETIME
    return max(0.0, seconds)


@dataclass(frozen=True, kw_only=True)
class PlexAccount:
    """A Plex account: `GET /api/v2/user` (official API 1.2.2).

    The e-mail address, the token and the rest of the answer are not kept. Managed users of a Plex
    Home have no user name; then it is their title.
    """

    username: str
    title: str | None

    @classmethod
    def from_json(cls, data: Any) -> Self:
        """Read the answer of `/api/v2/user`."""
        data = mapping(data, "the account")
        if (account_id := integer(data.get("id"))) is None:
            raise PlexResponseError("Plex left out the id of the account")
        title = text(data.get("title"))
        return cls(
            username=text(data.get("username")) or title or str(account_id),
            title=title,
        )


@dataclass(frozen=True, kw_only=True)
class LocalAccount:
    """A user as a server knows them: `GET /accounts` (read from clients, not captured as JSON).

    `account_id` is that of sessions and of the history: the owner is "1", everybody else goes by
    their number at plex.tv (captured). The nameless account 0 is none (reported).
    """

    account_id: str
    name: str

    @classmethod
    def from_json(cls, data: Any) -> Self:
        """Read one `Account` of `/accounts`."""
        data = mapping(data, "an account")
        return cls(account_id=required_text(data, "id"), name=required_text(data, "name"))
