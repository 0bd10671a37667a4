"""Statistics of a server."""

from datetime import timedelta

from freezegun.api import FrozenDateTimeFactory
import pytest

from custom_components.plex_monitor.plex.errors import PlexNotFoundError
from custom_components.plex_monitor.plex.models import BandwidthUsage
from custom_components.plex_monitor.plex.server import PlexServer
from tests import simulator
from tests.simulator import World

from .common import NOON, serve

SPAN = timedelta(seconds=30)


async def test_resources(
    home: simulator.PlexServer, server: PlexServer, freezer: FrozenDateTimeFactory
) -> None:
    """The server measures every five seconds."""
    freezer.move_to(NOON)
    idle = await server.statistics.resources()
    assert idle is not None
    assert idle.at == NOON - timedelta(seconds=5)
    assert idle.host_cpu is not None
    assert idle.process_memory is not None
    await home.start_stream(user=home.owner, title="Fog", transcode=True)
    freezer.tick(60)
    transcoding = await server.statistics.resources()
    assert transcoding is not None
    assert transcoding.process_cpu is not None
    assert idle.process_cpu is not None
    assert transcoding.process_cpu > idle.process_cpu


async def test_no_measurements_yet(home: simulator.PlexServer, server: PlexServer) -> None:
    """A server that has just started has none."""
    serve(home, "/statistics", {"size": 0})
    assert await server.statistics.resources() is None
    assert await server.statistics.bandwidth(until=NOON, span=SPAN) == BandwidthUsage(lan=0, wan=0)


async def test_measurements_in_any_order(home: simulator.PlexServer, server: PlexServer) -> None:
    """The latest one is returned."""
    rows = [
        {"at": 1_700_000_001, "hostCpuUtilization": 1},
        {"at": 1_700_000_003, "hostCpuUtilization": 3},
        {"at": None, "hostCpuUtilization": 9},
        {"at": 1_700_000_002, "hostCpuUtilization": 2},
    ]
    serve(home, "/statistics", {"StatisticsResources": rows})
    usage = await server.statistics.resources()
    assert usage is not None
    assert usage.host_cpu == 3


async def test_bandwidth(
    world: World,
    home: simulator.PlexServer,
    server: PlexServer,
    freezer: FrozenDateTimeFactory,
) -> None:
    """The average over the span, for the local network and for others."""
    freezer.move_to(NOON)
    await home.start_stream(user=home.owner, title="Fog", location="lan", bandwidth=8000)
    far = await home.start_stream(user=home.owner, title="Rain", location="wan", bandwidth=4000)
    freezer.tick(60)
    newest = await server.statistics.resources()
    assert newest is not None
    usage = await server.statistics.bandwidth(until=newest.at, span=SPAN)
    assert usage == BandwidthUsage(lan=1_000_000, wan=500_000)
    assert world.requests[-1].query["at>"] == str(int(newest.at.timestamp()) - 29)
    await far.pause()
    freezer.tick(15)
    usage = await server.statistics.bandwidth(until=newest.at + timedelta(seconds=15), span=SPAN)
    assert usage.lan == 1_000_000
    assert usage.wan == 500_000 * 15 / 30


async def test_bandwidth_if_the_server_ignores_the_filter(
    home: simulator.PlexServer, server: PlexServer
) -> None:
    """Rows outside the span are left out."""
    noon = int(NOON.timestamp())
    rows = [
        {"at": noon + offset, "lan": lan, "bytes": size}
        for offset, lan, size in (
            (-31, True, 7),
            (-30, True, 11),
            (-29, True, 30),
            (-29, False, 60),
            (0, True, 300),
            (1, False, 13),
        )
    ]
    serve(home, "/statistics", {"StatisticsBandwidth": rows})
    usage = await server.statistics.bandwidth(until=NOON, span=SPAN)
    assert usage == BandwidthUsage(lan=11, wan=2)


async def test_statistics_require_plex_pass(home: simulator.PlexServer, server: PlexServer) -> None:
    """The server sends 404 without."""
    home.owner.plex_pass = False
    with pytest.raises(PlexNotFoundError):
        await server.statistics.resources()
    with pytest.raises(PlexNotFoundError):
        await server.statistics.bandwidth(until=NOON, span=SPAN)
