"""Resources: the servers of an account at plex.tv, and their connections."""

from dataclasses import dataclass, field
from typing import Any, Self

from yarl import URL

from ..errors import PlexOtherItemError, PlexResponseError
from ..limits import MAX_PARTS, MAX_PATH
from ..parsing import (
    boolean,
    identifier,
    integer,
    mapping,
    missing,
    parsed_items,
    required_identifier,
    required_key,
    secret,
    text,
)
from .server import PRODUCT_NAME


@dataclass(frozen=True, kw_only=True)
class Connection:
    """A connection: one address of a server, as listed by plex.tv.

    `url` has a scheme, a host and a port only; `address` and `port` are those of a plex.direct
    name. A `local` connection is an address in the network of the server, which may not be
    reachable from this network. A `relay` connection goes through Plex's servers, with limited
    bandwidth (official API 1.2.2).
    """

    url: str
    local: bool
    relay: bool
    address: str | None = None
    port: int | None = None

    @property
    def secure(self) -> bool:
        """Return whether the connection uses https."""
        return self.url.startswith("https://")

    @classmethod
    def from_json(cls, data: Any) -> Self:
        """Parse one of the `connections` of a resource."""
        data = mapping(data, "a connection")
        return cls(
            url=_origin(required_key(data, "uri", limit=MAX_PATH)),
            local=boolean(data.get("local")),
            relay=boolean(data.get("relay")),
            address=identifier(data.get("address")),
            port=integer(data.get("port")),
        )


def _origin(url: str) -> str:
    """Return a URL with no more than its scheme, host and port."""
    try:
        origin = URL(url).origin()
    except ValueError:
        origin = None
    if origin is None or origin.scheme not in {"https", "http"}:
        raise PlexResponseError("Not a URL of a server")
    return str(origin)


@dataclass(frozen=True, kw_only=True)
class Resource:
    """A server that an account has access to: `GET /api/v2/resources` (official API 1.2.2).

    `access_token` is the token for this server: the token of the account if it owns the server, a
    separate one if the server is shared (reported). `owner_name` is set for shared servers only.
    """

    name: str
    machine_identifier: str
    owned: bool
    owner_name: str | None
    https_required: bool
    connections: tuple[Connection, ...]
    access_token: str | None = field(repr=False)

    def allows(self, url: str) -> bool:
        """Return whether the server may be used at a URL: some require https."""
        return url.startswith("https://") or not self.https_required

    @classmethod
    def from_json(cls, data: Any) -> Self:
        """Parse an entry of `/api/v2/resources`; only servers are accepted."""
        data = mapping(data, "a resource")
        if not isinstance(provides := data.get("provides"), str):
            raise missing(data, "provides")
        if "server" not in provides.replace(" ", "").split(","):
            raise PlexOtherItemError("Not a server")
        return cls(
            name=text(data.get("name")) or PRODUCT_NAME,
            machine_identifier=required_identifier(data, "clientIdentifier"),
            owned=boolean(data.get("owned")),
            owner_name=text(data.get("sourceTitle")),
            https_required=boolean(data.get("httpsRequired")),
            connections=parsed_items(
                data.get("connections"), Connection.from_json, limit=MAX_PARTS
            ),
            access_token=secret(data.get("accessToken")),
        )
