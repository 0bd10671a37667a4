"""What a server says of itself and of how it is reached."""

from dataclasses import dataclass
from typing import Any, Self

from ..parsing import boolean, mapping, required_identifier, text

PRODUCT_NAME = "Plex Media Server"


@dataclass(frozen=True, kw_only=True)
class ServerIdentity:
    """Who answers at an address: `GET /identity`, which needs no token (official API 1.2.2).

    `claimed` tells whether the server belongs to an account; where it is not said, it does.
    `version` is empty where it is not said.
    """

    machine_identifier: str
    version: str
    claimed: bool

    @classmethod
    def from_json(cls, data: Any) -> Self:
        """Read the `MediaContainer` of `/identity`."""
        data = mapping(data, "the identity")
        return cls(
            machine_identifier=required_identifier(data, "machineIdentifier"),
            version=text(data.get("version")) or "",
            claimed=boolean(data.get("claimed"), default=True),
        )


@dataclass(frozen=True, kw_only=True)
class ServerInfo:
    """What a server says of itself: `GET /` (official API 1.2.2).

    `plex_pass` is that of the owner. `sign_in_state` is "ok" for a server that is signed in to
    plex.tv and "none" for one that never was (captured); other values are not documented.
    """

    machine_identifier: str
    friendly_name: str
    version: str
    plex_pass: bool
    sign_in_state: str | None

    @classmethod
    def from_json(cls, data: Any) -> Self:
        """Read the `MediaContainer` of `/`."""
        data = mapping(data, "the server")
        return cls(
            machine_identifier=required_identifier(data, "machineIdentifier"),
            friendly_name=text(data.get("friendlyName")) or PRODUCT_NAME,
            version=text(data.get("version")) or "",
            plex_pass=boolean(data.get("myPlexSubscription")),
            sign_in_state=text(data.get("myPlexSigninState")),
        )


@dataclass(frozen=True, kw_only=True)
class RemoteAccess:
    """How a server is reached from outside: `GET /myplex/account` (captured).

    `state` is "mapped" for a server that plex.tv can reach and "unknown" for one that is not
    signed in (captured); other values are not documented. `error` is Plex's word for what is
    wrong. `reachable` is `None` where it is not known. The token, the addresses and the e-mail
    address that stand in the answer are not kept.
    """

    state: str | None
    error: str | None
    reachable: bool | None

    @classmethod
    def from_json(cls, data: Any) -> Self:
        """Read the `MyPlex` of `/myplex/account`."""
        data = mapping(data, "the remote access")
        state = text(data.get("mappingState"))
        error = text(data.get("mappingError"))
        known = state is not None and state != "unknown"
        return cls(
            state=state,
            error=error,
            reachable=state == "mapped" and error is None if known else None,
        )
