"""Helpers for the tests of the Plex client."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
import pytest

from custom_components.plex_monitor.plex.errors import PlexError
from custom_components.plex_monitor.plex.models import MediaType
from custom_components.plex_monitor.plex.server import PlexServer
from custom_components.plex_monitor.plex.transport import ClientIdentity, PlexTransport
from tests import simulator
from tests.simulator import Fault, World

IDENTITY = ClientIdentity(
    client_identifier="plex-monitor-test",
    product="Home Assistant",
    version="2026.10.4",
    platform="Home Assistant",
    platform_version="2026.10.4",
    device="Home",
    device_name="Home Assistant",
)
TOKEN = "secret-token-0000001"
REFUSAL = "Refused by Plex"


def is_refusal(headers: Mapping[str, str], body: bytes) -> bool:
    """Return whether a 401 has the header or the body of a refusal."""
    return "X-Refused" in headers or body == REFUSAL.encode()


def transport_to(
    url: str, session: aiohttp.ClientSession, identity: ClientIdentity
) -> PlexTransport:
    """Return a transport for a URL."""
    return PlexTransport(session, url, identity, is_refusal=is_refusal)


def assert_no_secrets(error: BaseException) -> None:
    """Assert that an error holds no token, and no error of aiohttp, which would hold one."""
    assert error.__cause__ is None
    assert error.__context__ is None
    assert TOKEN not in f"{error!r} {error} {error.args} {vars(error)}"
    assert "?" not in str(error)


async def request_error(plex: PlexTransport, **arguments: Any) -> PlexError:
    """Return the error of a request with a token; it must be a `PlexError` without secrets."""
    with pytest.raises(PlexError) as failed:
        await plex.get_json("/status/sessions", token=TOKEN, params={"x": "y"}, **arguments)
    assert_no_secrets(failed.value)
    return failed.value


async def websocket_error(plex: PlexTransport, **arguments: float) -> PlexError:
    """Return the error of opening a websocket; it must be a `PlexError` without secrets."""
    with pytest.raises(PlexError) as failed:
        async with plex.websocket("/:/websockets/notifications", token=TOKEN, **arguments):
            pytest.fail("opened")
    assert_no_secrets(failed.value)
    return failed.value


def serve(home: simulator.PlexServer, path: str, container: Mapping[str, object]) -> None:
    """Make a simulated server respond to a path with a `MediaContainer`."""
    home.faults.set(Fault.json({"MediaContainer": container}, code=200), paths=path)


class Clock:
    """Replacement for `time.monotonic`."""

    def __init__(self) -> None:
        """Initialize with an arbitrary time."""
        self.now = 1000.0

    def __call__(self) -> float:
        """Return the time."""
        return self.now


def requested_paths(world: World, host: str | None = None) -> list[str]:
    """Return the paths of the requests so far, marked if a token was sent."""
    records = world.requests if host is None else world.requests.to(host=host)
    return [record.path + (" with token" if record.token_sent else "") for record in records]


async def open_notifications(server: PlexServer) -> None:
    """Open and close the notification websocket."""
    async with server.notifications():
        pass


NOON = datetime(2099, 11, 24, 12, tzinfo=UTC)
"""A time after the creation of the simulated servers, which is now."""
FILM = "101"
"""The rating key of an item of every simulated server."""

REQUESTS: dict[str, Callable[[PlexServer], Awaitable[object]]] = {
    "info": PlexServer.info,
    "sessions": PlexServer.sessions,
    "history": lambda server: server.history(limit=5),
    "update_status": PlexServer.update_status,
    "check_for_update": PlexServer.check_for_update,
    "install_update": PlexServer.install_update,
    "notifications": open_notifications,
    "image": lambda server: server.library.image(
        f"/library/metadata/{FILM}/thumb/1", width=60, height=90
    ),
}
"""One request of each kind, allowed for an owner with Plex Pass."""

ALL_REQUESTS = REQUESTS | {
    "accounts": PlexServer.accounts,
    "devices": PlexServer.devices,
    "remote_access": PlexServer.remote_access,
    "sections": lambda server: server.library.sections(),
    "count": lambda server: server.library.count("1", MediaType.MOVIE),
    "newest": lambda server: server.library.newest("1", MediaType.MOVIE, limit=3),
    "storage": lambda server: server.library.storage(),
    "recently_added": lambda server: server.library.recently_added(limit=5),
    "added_since": lambda server: server.library.added_since("1", MediaType.MOVIE, NOON, limit=5),
    "on_deck": lambda server: server.library.on_deck(limit=5),
    "search": lambda server: server.library.search("lake", limit=5),
    "items": lambda server: server.library.items([FILM]),
    "scan": lambda server: server.library.scan("1"),
    "cancel_scan": lambda server: server.library.cancel_scan("1"),
    "empty_trash": lambda server: server.library.empty_trash("1"),
    "refresh_metadata": lambda server: server.library.refresh_metadata(FILM),
    "mark_watched": lambda server: server.library.mark_watched(FILM),
    "mark_unwatched": lambda server: server.library.mark_unwatched(FILM),
    "rate": lambda server: server.library.rate(FILM, 5),
    "activities": lambda server: server.maintenance.activities(),
    "butler_tasks": lambda server: server.maintenance.butler_tasks(),
    "run_butler_task": lambda server: server.maintenance.run_butler_task("BackupDatabase"),
    "optimize_database": lambda server: server.maintenance.optimize_database(),
    "clean_bundles": lambda server: server.maintenance.clean_bundles(),
    "resources": lambda server: server.statistics.resources(),
    "bandwidth": lambda server: server.statistics.bandwidth(until=NOON, span=timedelta(seconds=30)),
}
"""Every request of the client that succeeds on a simulated server."""

OWNER_REQUESTS = {
    name: ALL_REQUESTS[name]
    for name in (
        *("sessions", "accounts", "devices", "remote_access", "resources"),
        *("scan", "cancel_scan", "empty_trash", "refresh_metadata"),
        *("butler_tasks", "run_butler_task", "optimize_database", "clean_bundles"),
    )
} | {"stop_butler_task": lambda server: server.maintenance.stop_butler_task("BackupDatabase")}
"""The requests that only the owner of a server may send."""
