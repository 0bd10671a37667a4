"""Ask a server for everything that the integration reads; no request changes anything."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any, override

import aiohttp

from custom_components.plex_monitor.plex.errors import PlexError
from custom_components.plex_monitor.plex.notifications import Notification
from custom_components.plex_monitor.plex.observations import Observations, Tally
from custom_components.plex_monitor.plex.server import PlexServer, fetch_identity
from custom_components.plex_monitor.plex.transport import ClientIdentity
from tests.simulator.contract import Shape, shape_of

IDENTITY = ClientIdentity(
    client_identifier="plex-monitor-doctor",
    product="Plex Monitor",
    version="doctor",
    platform="Python",
    platform_version="",
    device="doctor",
    device_name="doctor",
)
MOST_LIBRARIES = 5
MOST_PATHS = 2000


class Recorder(Observations):
    """Observations that also keep the shape of all answers, by endpoint and by notification."""

    def __init__(self) -> None:
        """Initialize without shapes."""
        super().__init__()
        self.shapes: dict[str, Shape] = {}

    @override
    def read(self, tally: Tally, document: Any) -> Any:
        for name, each in [*self.endpoints.items(), *self.notifications.items()]:
            if each is tally:
                shape = self.shapes.setdefault(name, {})
                for path, kind in shape_of(document):
                    if path in shape or len(shape) < MOST_PATHS:
                        shape.setdefault(path, set()).add(kind)
        return super().read(tally, document)


async def examine(
    url: str, token: str | None, *, listen: float, verify_ssl: bool = True
) -> Recorder:
    """Return how a server answers; raises `PlexError` if there is none at the address."""
    recorder = Recorder()
    async with aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(ssl=verify_ssl), cookie_jar=aiohttp.DummyCookieJar()
    ) as session:
        identity = await fetch_identity(session, url, IDENTITY)
        server = PlexServer(
            session,
            url,
            IDENTITY,
            machine_identifier=identity.machine_identifier,
            token=token,
            observations=recorder,
        )
        # What fails is counted.
        for question in QUESTIONS:
            with suppress(PlexError):
                await question(server)
        with suppress(PlexError):
            await _ask_about_libraries(server)
        with suppress(PlexError):
            async with server.notifications() as notifications:
                with suppress(TimeoutError):
                    async with asyncio.timeout(listen):
                        await _receive(notifications)
    return recorder


async def _receive(notifications: AsyncIterator[Notification]) -> None:
    """Receive notifications, which are counted."""
    async for _ in notifications:
        pass


async def _ask_about_libraries(server: PlexServer) -> None:
    """Read a few items of each kind of some libraries."""
    library = server.library
    yesterday = datetime.now(UTC) - timedelta(days=1)
    for section in (await library.sections())[:MOST_LIBRARIES]:
        for media_type in section.media_types:
            for request in (
                library.newest(section.key, media_type, limit=3),
                library.last_created(section.key, media_type, limit=3),
                library.added_since(section.key, media_type, yesterday, limit=3),
            ):
                with suppress(PlexError):
                    await request
        with suppress(PlexError):
            added = await library.recently_added(section.key, limit=3)
            await library.items([item.rating_key for item in added])
            for item in added[:1]:
                if item.thumb is not None:
                    await library.image(item.thumb, width=60, height=90)


async def _read_usage(server: PlexServer) -> None:
    """Read the statistics; the bandwidth up to the last measurement, by the server's clock."""
    usage = await server.statistics.resources()
    until = datetime.now(UTC) if usage is None else usage.at
    await server.statistics.bandwidth(until=until, span=timedelta(seconds=30))


QUESTIONS: tuple[Callable[[PlexServer], Awaitable[object]], ...] = (
    PlexServer.info,
    PlexServer.accepts_without_token,
    PlexServer.sessions,
    lambda server: server.history(limit=5),
    PlexServer.accounts,
    PlexServer.devices,
    PlexServer.remote_access,
    PlexServer.update_status,
    lambda server: server.maintenance.activities(),
    lambda server: server.maintenance.butler_tasks(),
    lambda server: server.library.titles(),
    lambda server: server.library.storage(),
    lambda server: server.library.recently_added(limit=5),
    lambda server: server.library.on_deck(limit=5),
    lambda server: server.library.search("a", limit=3),
    _read_usage,
)
