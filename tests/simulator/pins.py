"""The PINs of plex.tv, with which an app gets a token without a password."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
import itertools
import secrets

from .rendering import Node, Scalar, Shape

# plex.tv leaves out characters that can be mistaken for others.
WEAK_ALPHABET = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
STRONG_ALPHABET = "abcdefghijklmnopqrstuvwxyz0123456789"
WEAK_LENGTH = 4
STRONG_LENGTH = 25
WEAK_LIFETIME = 900.0
STRONG_LIFETIME = 1800.0


def iso(timestamp: float) -> str:
    """Return a time as plex.tv writes it."""
    return datetime.fromtimestamp(timestamp, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass(eq=False, kw_only=True)
class Pin:
    """A PIN, with its account and its token once it is approved."""

    id: int
    code: str
    strong: bool
    client_identifier: str
    product: str
    headers: Mapping[str, str] = field(repr=False)
    created_at: float
    expires_at: float
    token: str | None = field(default=None, repr=False)


class Pins:
    """All PINs of plex.tv. Their lifetimes, in seconds, can be set."""

    def __init__(self, clock: Callable[[], float]) -> None:
        """Initialize without any PIN."""
        self._clock = clock
        self._ids = itertools.count(510_000_001)
        self._pins: dict[int, Pin] = {}
        self.weak_lifetime = WEAK_LIFETIME
        self.strong_lifetime = STRONG_LIFETIME

    def create(self, *, strong: bool, headers: Mapping[str, str]) -> Pin:
        """Create a PIN for the app that the X-Plex headers name."""
        alphabet, length = (
            (STRONG_ALPHABET, STRONG_LENGTH) if strong else (WEAK_ALPHABET, WEAK_LENGTH)
        )
        now = self._clock()
        pin = Pin(
            id=next(self._ids),
            code="".join(secrets.choice(alphabet) for _ in range(length)),
            strong=strong,
            client_identifier=headers["X-Plex-Client-Identifier"],
            product=headers.get("X-Plex-Product", "Unknown"),
            headers=headers,
            created_at=now,
            expires_at=now + (self.strong_lifetime if strong else self.weak_lifetime),
        )
        self._pins[pin.id] = pin
        return pin

    def by_id(self, pin_id: int) -> Pin | None:
        """Return the PIN if it has not expired."""
        pin = self._pins.get(pin_id)
        return pin if pin and pin.expires_at > self._clock() else None

    def by_code(self, code: str) -> Pin | None:
        """Return the PIN with this code if it has not expired."""
        return next((pin for pin in self.waiting() if pin.code.lower() == code.lower()), None)

    def waiting(self) -> list[Pin]:
        """Return the PINs that have not expired, oldest first."""
        return [pin for pin in self._pins.values() if pin.expires_at > self._clock()]

    def approved(self) -> list[Pin]:
        """Return the PINs that have a token, expired or not, oldest first."""
        return [pin for pin in self._pins.values() if pin.token is not None]

    def expire(self, code: str | None = None) -> None:
        """Expire one PIN now, or all."""
        for pin in self.waiting():
            if code in {None, pin.code}:
                pin.expires_at = self._clock()


def pin_node(pin: Pin, *, now: float, base_url: str) -> Node:
    """Return a PIN as plex.tv sends it to the app."""
    location: dict[str, Scalar] = {
        "code": "ZZ",
        "european_union_member": False,
        "continent_code": "EU",
        "country": "Nowhere",
        "city": "Simulated",
        "time_zone": "Etc/UTC",
        "postal_code": "0000",
        "in_privacy_restricted_country": False,
        "in_privacy_restricted_region": False,
        "subdivisions": "Nowhere",
        "coordinates": "0.000, 0.000",
    }
    return Node(
        tag="pin",
        attributes={
            "id": pin.id,
            "code": pin.code,
            "product": pin.product,
            "trusted": False,
            "qr": f"{base_url}/api/v2/pins/qr/{pin.code}",
            "clientIdentifier": pin.client_identifier,
            "expiresIn": max(0, round(pin.expires_at - now)),
            "createdAt": iso(pin.created_at),
            "expiresAt": iso(pin.expires_at),
            "authToken": pin.token,
            "newRegistration": None,
        },
        children=(Node(tag="location", attributes=location, shape=Shape.OBJECT),),
        shape=Shape.OBJECT,
    )
