"""The servers of an account, and the addresses they have."""

from dataclasses import dataclass, field
from typing import Any, Self

from ..errors import PlexResponseError
from ..parsing import (
    boolean,
    integer,
    mapping,
    parsed_items,
    required_identifier,
    required_text,
    secret,
    text,
)
from .server import PRODUCT_NAME


@dataclass(frozen=True, kw_only=True)
class Connection:
    """One address of a server, as plex.tv knows it.

    `url` has no path; `address` and `port` are those behind a plex.direct name. `local` is an
    address of the server's own network, not necessarily one that can be reached from here, and
    `relay` goes through Plex's servers with little bandwidth (official API 1.2.2).
    """

    url: str
    local: bool
    relay: bool
    address: str | None = None
    port: int | None = None

    @property
    def secure(self) -> bool:
        """Return whether the connection is encrypted."""
        return self.url.startswith("https://")

    @classmethod
    def from_json(cls, data: Any) -> Self:
        """Read one of a resource's `connections`."""
        data = mapping(data, "a connection")
        url = required_text(data, "uri").rstrip("/")
        if not url.startswith(("https://", "http://")):
            raise PlexResponseError("Not the address of a server")
        return cls(
            url=url,
            local=boolean(data.get("local")),
            relay=boolean(data.get("relay")),
            address=text(data.get("address")),
            port=integer(data.get("port")),
        )


@dataclass(frozen=True, kw_only=True)
class Resource:
    """A server that an account can use: `GET /api/v2/resources` (official API 1.2.2).

    `access_token` is the token for this server: that of the account where it owns the server, one
    of its own where the server is shared (reported). `owner_name` is set for shared servers.
    """

    name: str
    machine_identifier: str
    owned: bool
    owner_name: str | None
    https_required: bool
    connections: tuple[Connection, ...]
    access_token: str | None = field(repr=False)

    @classmethod
    def from_json(cls, data: Any) -> Self:
        """Read one entry of `/api/v2/resources`; what is no server raises `PlexResponseError`."""
        data = mapping(data, "a resource")
        if "server" not in (text(data.get("provides")) or "").replace(" ", "").split(","):
            raise PlexResponseError("Not a server")
        return cls(
            name=text(data.get("name")) or PRODUCT_NAME,
            machine_identifier=required_identifier(data, "clientIdentifier"),
            owned=boolean(data.get("owned")),
            owner_name=text(data.get("sourceTitle")),
            https_required=boolean(data.get("httpsRequired")),
            connections=parsed_items(data.get("connections"), Connection.from_json),
            access_token=secret(data.get("accessToken")),
        )
