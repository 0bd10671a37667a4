"""Identity, information and remote access of a server."""

from dataclasses import dataclass
from typing import Any, Self

from ..parsing import (
    boolean,
    mapping,
    required_flag,
    required_identifier,
    string,
    text,
    understood,
)

PRODUCT_NAME = "Plex Media Server"

# Whether a server can be reached in the states of its remote access that say so.
_REACHABLE = {"mapped": True, "failed": False, "unmapped": False}


@dataclass(frozen=True, kw_only=True)
class ServerIdentity:
    """Identity of a server: `GET /identity`, which needs no token (official API 1.2.2).

    `claimed` is whether the server belongs to an account, true if the response does not say.
    `version` is empty if the response does not say.
    """

    machine_identifier: str
    version: str
    claimed: bool

    @classmethod
    def from_json(cls, data: Any) -> Self:
        """Parse the `MediaContainer` of `/identity`."""
        data = mapping(data, "the identity")
        return cls(
            machine_identifier=required_identifier(data, "machineIdentifier"),
            version=text(data.get("version")) or "",
            claimed=boolean(data.get("claimed"), default=True),
        )


@dataclass(frozen=True, kw_only=True)
class ServerInfo:
    """Information about a server: `GET /` (official API 1.2.2).

    `plex_pass` is whether the owner has Plex Pass. `sign_in_state` is "ok" if the server is signed
    in to plex.tv and "none" if it never was (captured); other values are not documented.
    """

    machine_identifier: str
    friendly_name: str
    version: str
    plex_pass: bool
    sign_in_state: str | None

    @classmethod
    def from_json(cls, data: Any) -> Self:
        """Parse the `MediaContainer` of `/`; one that leaves Plex Pass open is rejected."""
        data = mapping(data, "the server")
        return cls(
            machine_identifier=required_identifier(data, "machineIdentifier"),
            friendly_name=text(data.get("friendlyName")) or PRODUCT_NAME,
            version=text(data.get("version")) or "",
            plex_pass=required_flag(data, "myPlexSubscription"),
            sign_in_state=understood(data, "myPlexSigninState", string),
        )


@dataclass(frozen=True, kw_only=True)
class RemoteAccess:
    """Remote access of a server: `GET /myplex/account` (captured).

    `state` is "mapped" if plex.tv can reach the server, "unknown" if the server is not signed in
    (captured), and "waiting" while it is being set up (reported); others are not documented.
    `error` is the error code of Plex. `reachable` is `None` until it is mapped or has failed. The
    token, the addresses and the e-mail address in the response are not kept.
    """

    state: str
    error: str | None
    reachable: bool | None

    @classmethod
    def from_json(cls, data: Any) -> Self:
        """Parse the `MyPlex` of `/myplex/account`; one without any state is rejected."""
        data = mapping(data, "the remote access")
        state = required_identifier(data, "mappingState")
        error = understood(data, "mappingError", string)
        return cls(
            state=state,
            error=error,
            reachable=None if state not in _REACHABLE else _REACHABLE[state] and error is None,
        )
