"""The same questions to a simulated server, on which a bit of everything happens."""

import asyncio

from tests.simulator import Delivery, Kind, PlexServer, World
from tests.simulator.demo import furnish

from .examination import Recorder, examine

LISTEN = 1.5


async def examine_simulated() -> Recorder:
    """Return how a simulated server answers."""
    async with World() as world:
        owner = world.plex_tv.add_account("owner", plex_pass=True)
        server = await world.add_server("Simulated", owner=owner)
        furnish(server)
        server.updater.offer("1.44.0.11000-0badc0ffe", added="A new thing.", fixed="A fault.")
        for delivery in Delivery:
            await server.start_stream(title="Winter Light", delivery=delivery)
        await server.start_stream(title="First Steps", kind=Kind.EPISODE)
        await server.start_stream(title="Opening", kind=Kind.TRACK, transcode=True)
        await server.start_stream(title="The News", kind=Kind.EPISODE, live=True, transcode=True)
        watched = await server.start_stream(title="The Long Road")
        await watched.seek(5_300_000)
        await watched.stop()
        await server.activities.start("library.update.section", "Scanning", section_id=1)
        life = asyncio.create_task(_live(server))
        token = world.plex_tv.sign_in(owner, client_identifier="doctor")
        try:
            return await examine(server.url, token, listen=LISTEN)
        finally:
            life.cancel()
            await asyncio.gather(life, return_exceptions=True)


async def _live(server: PlexServer) -> None:
    """Let something of each kind happen, again and again."""
    while True:
        await asyncio.sleep(LISTEN / 3)
        stream = await server.start_stream(title="Winter Light", delivery=Delivery.TRANSCODE)
        await stream.work(throttled=True)
        await stream.stop()
        await server.remove_media(await server.add_media("New"))
        await server.remote_access.become("failed", "unreachable")
        await server.remote_access.become("mapped")
        await server.butler.start("BackupDatabase")
