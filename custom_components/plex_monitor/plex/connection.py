"""Which of a server's addresses to use."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
import ipaddress
from urllib.parse import urlsplit

from .models import Connection, Resource

DEFAULT_GRACE = 1.0


def candidates(resource: Resource) -> tuple[Connection, ...]:
    """Return the addresses of a server that are worth trying, best first.

    Local before remote before relay (official API 1.2.2), encrypted before plain. Where the server
    does not insist on encryption, the bare address and port behind each local name are added, for
    networks whose DNS refuses private answers for plex.direct (official support article). Nothing
    unencrypted leaves the private network.
    """
    connections: dict[str, Connection] = {}
    for connection in resource.connections:
        connections.setdefault(connection.url, connection)
        if (plain := _plain(connection)) is not None:
            connections.setdefault(plain.url, plain)
    usable = [
        connection
        for connection in connections.values()
        if connection.secure or (not resource.https_required and _is_private(connection))
    ]
    return tuple(
        sorted(
            usable,
            key=lambda connection: (
                connection.relay,
                not connection.local,
                not connection.secure,
            ),
        )
    )


async def find_connection(
    connections: Iterable[Connection],
    probe: Callable[[Connection], Awaitable[bool]],
    *,
    grace: float = DEFAULT_GRACE,
) -> Connection | None:
    """Return the best connection that answers, `None` when none does.

    All are tried at once, and the order is the rank. Once one has answered, those of a better rank
    get `grace` seconds more, so that a dead address costs no waiting. A probe that raises counts as
    no answer. No probe is left running at the end.
    """
    ranked = tuple(connections)
    probes = [asyncio.ensure_future(_probed(probe, connection)) for connection in ranked]
    pending = set(probes)
    deadline: float | None = None
    now = asyncio.get_running_loop().time
    try:
        while True:
            best = next((rank for rank, each in enumerate(probes) if _answered(each)), None)
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


async def _probed(probe: Callable[[Connection], Awaitable[bool]], connection: Connection) -> bool:
    """Run a probe so that what it raises at once is kept as well."""
    return await probe(connection)


def _answered(probe: asyncio.Future[bool]) -> bool:
    """Return whether a probe is over and says yes."""
    return probe.done() and not probe.cancelled() and not probe.exception() and probe.result()


def _plain(connection: Connection) -> Connection | None:
    """Return the bare address behind a local connection."""
    if not connection.local or connection.relay:
        return None
    if connection.address is None or connection.port is None:
        return None
    host = f"[{connection.address}]" if ":" in connection.address else connection.address
    return Connection(
        url=f"http://{host}:{connection.port}",
        local=True,
        relay=False,
        address=connection.address,
        port=connection.port,
    )


async def stays_private(url: str) -> bool:
    """Return whether what is sent to an address stays in the private network, or is encrypted.

    A name is looked up; one that cannot be found is not private.
    """
    parts = urlsplit(url)
    if parts.scheme == "https":
        return True
    try:
        found = await asyncio.get_running_loop().getaddrinfo(parts.hostname, parts.port)
        return all(not ipaddress.ip_address(each[4][0]).is_global for each in found)
    except OSError, ValueError:
        return False


def _is_private(connection: Connection) -> bool:
    """Return whether a connection stays in the private network."""
    if not connection.local or connection.relay:
        return False
    try:
        return not ipaddress.ip_address(urlsplit(connection.url).hostname or "").is_global
    except ValueError:
        return False
