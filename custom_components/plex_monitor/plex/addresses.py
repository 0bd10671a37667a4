"""Which of the addresses (connections) that plex.tv lists for a server to use."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
import ipaddress
from urllib.parse import urlsplit

from .models import Connection, Resource

DEFAULT_GRACE = 1.0
RESOLVE_TIMEOUT = 5.0
# Limits of the connections that are probed at all, and at the same time.
MAX_CONNECTIONS = 30
MAX_CONCURRENT_PROBES = 8
MAX_PORT = 65535
# Named one by one: what is not global also includes addresses that lead over the internet, as those
# of 6to4 and Teredo do to an IPv4 address that they contain.
PRIVATE_NETWORKS = tuple(
    ipaddress.ip_network(network)
    for network in (
        *("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"),
        *("127.0.0.0/8", "169.254.0.0/16"),
        # Shared address space, which virtual private networks use.
        "100.64.0.0/10",
        *("::1/128", "fc00::/7", "fe80::/10"),
    )
)


def ranked_connections(resource: Resource) -> tuple[Connection, ...]:
    """Return the usable connections of a server, best first.

    Local before remote before relay (official API 1.2.2), https before http. Unless the server
    requires https, the bare address and port of each local connection are added, for networks whose
    DNS blocks private addresses for plex.direct (official support article). No connection sends
    anything unencrypted out of the private network. There are `MAX_CONNECTIONS` at most.
    """
    connections: dict[str, Connection] = {}
    for connection in resource.connections:
        connections.setdefault(connection.url, connection)
        if (http := _http_connection(connection)) is not None:
            connections.setdefault(http.url, http)
    usable = [
        connection
        for connection in connections.values()
        if connection.secure or (not resource.https_required and _is_private(connection))
    ]
    ranked = sorted(
        usable,
        key=lambda connection: (
            connection.relay,
            not connection.local,
            not connection.secure,
        ),
    )
    return tuple(ranked[:MAX_CONNECTIONS])


async def find_connection(
    connections: Iterable[Connection],
    probe: Callable[[Connection], Awaitable[bool]],
    *,
    grace: float = DEFAULT_GRACE,
) -> Connection | None:
    """Return the best connection whose probe succeeds, `None` if none does.

    `connections` are in order of preference, and `MAX_CONCURRENT_PROBES` are probed at once. When
    one succeeds, those before it get `grace` seconds more, so that an unreachable address causes no
    long wait. A probe that raises counts as failed. All probes have ended when this returns.
    """
    ranked = tuple(connections)
    slots = asyncio.Semaphore(MAX_CONCURRENT_PROBES)
    probes = [asyncio.ensure_future(_run_probe(probe, connection, slots)) for connection in ranked]
    pending = set(probes)
    deadline: float | None = None
    now = asyncio.get_running_loop().time
    try:
        while True:
            best = next((rank for rank, each in enumerate(probes) if _succeeded(each)), None)
            if all(better.done() for better in probes[:best]):
                break
            if best is not None and deadline is None:
                deadline = now() + grace
            done, pending = await asyncio.wait(
                pending,
                timeout=None if deadline is None else max(0.0, deadline - now()),
                return_when=asyncio.FIRST_COMPLETED,
            )
            if not done:
                break
    finally:
        for each in probes:
            each.cancel()
        await asyncio.gather(*probes, return_exceptions=True)
    return None if best is None else ranked[best]


async def _run_probe(
    probe: Callable[[Connection], Awaitable[bool]],
    connection: Connection,
    slots: asyncio.Semaphore,
) -> bool:
    """Run a probe in a free slot; an error raised before it returns an awaitable counts too."""
    async with slots:
        return await probe(connection)


def _succeeded(probe: asyncio.Future[bool]) -> bool:
    """Return whether a probe has finished with success."""
    return probe.done() and not probe.cancelled() and not probe.exception() and probe.result()


def _http_connection(connection: Connection) -> Connection | None:
    """Return the http connection to the address and port of a local connection."""
    if not connection.local or connection.relay:
        return None
    if connection.address is None or connection.port not in range(1, MAX_PORT + 1):
        return None
    try:
        address = ipaddress.ip_address(connection.address)
    except ValueError:
        return None
    host = str(address)
    if isinstance(address, ipaddress.IPv6Address):
        if address.scope_id is not None:
            # It is the name of an interface of the server, which can contain any characters.
            return None
        host = f"[{address}]"
    return Connection(
        url=f"http://{host}:{connection.port}",
        local=True,
        relay=False,
        address=connection.address,
        port=connection.port,
    )


async def is_private_or_encrypted(url: str) -> bool:
    """Return whether a URL uses https, or has a host in the private network.

    A host name is resolved, and has to resolve to private addresses only. One that cannot be
    resolved within `RESOLVE_TIMEOUT` is not private.
    """
    parts = urlsplit(url)
    if parts.scheme == "https":
        return True
    try:
        host, port = parts.hostname or "", parts.port
        with suppress(ValueError):
            return _is_private_address(host)
        async with asyncio.timeout(RESOLVE_TIMEOUT):
            addresses = await asyncio.get_running_loop().getaddrinfo(host, port)
        return all(_is_private_address(str(each[4][0])) for each in addresses)
    except OSError, ValueError:
        return False


def _is_private(connection: Connection) -> bool:
    """Return whether a local connection goes to an address in the private network."""
    if not connection.local or connection.relay:
        return False
    try:
        return _is_private_address(urlsplit(connection.url).hostname or "")
    except ValueError:
        return False


def _is_private_address(address: str) -> bool:
    """Return whether an IP address is in a private network; `ValueError` if it is none."""
    parsed = ipaddress.ip_address(address)
    if isinstance(parsed, ipaddress.IPv6Address) and parsed.ipv4_mapped is not None:
        parsed = parsed.ipv4_mapped
    return any(parsed in network for network in PRIVATE_NETWORKS)
