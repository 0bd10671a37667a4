"""What a server measures of itself."""

from datetime import timedelta

from freezegun.api import FrozenDateTimeFactory
import pytest

from custom_components.plex_monitor.plex.errors import PlexForbiddenError, PlexNotFoundError
from custom_components.plex_monitor.plex.models import BandwidthUsage
from custom_components.plex_monitor.plex.server import PlexServer
from tests import simulator
from tests.simulator import Fault, World

from .common import NOON

SPAN = timedelta(seconds=30)


async def test_resources(
    home: simulator.PlexServer, server: PlexServer, freezer: FrozenDateTimeFactory
) -> None:
    """The newest measurement is that of the last whole second."""
    freezer.move_to(NOON)
    idle = await server.statistics.resources()
    assert idle is not None
    assert idle.at == NOON - timedelta(seconds=1)
    assert idle.host_cpu is not None
    assert idle.process_memory is not None
    await home.start_stream(user=home.owner, title="Fog", transcode=True)
    freezer.tick(60)
    busy = await server.statistics.resources()
    assert busy is not None
    assert busy.process_cpu is not None
    assert idle.process_cpu is not None
    assert busy.process_cpu > idle.process_cpu


async def test_no_measurements_yet(home: simulator.PlexServer, server: PlexServer) -> None:
    """A server that has just started has none."""
    home.faults.set(Fault.json({"MediaContainer": {"size": 0}}, code=200), paths="/statistics")
    assert await server.statistics.resources() is None
    assert await server.statistics.bandwidth(until=NOON, span=SPAN) == BandwidthUsage(lan=0, wan=0)


async def test_measurements_in_any_order(home: simulator.PlexServer, server: PlexServer) -> None:
    """The newest counts, wherever it stands."""
    rows = [
        {"at": 1_700_000_001, "hostCpuUtilization": 1},
        {"at": 1_700_000_003, "hostCpuUtilization": 3},
        {"at": None, "hostCpuUtilization": 9},
        {"at": 1_700_000_002, "hostCpuUtilization": 2},
    ]
    answer = {"MediaContainer": {"StatisticsResources": rows}}
    home.faults.set(Fault.json(answer, code=200), paths="/statistics")
    usage = await server.statistics.resources()
    assert usage is not None
    assert usage.host_cpu == 3


async def test_bandwidth(
    world: World,
    home: simulator.PlexServer,
    server: PlexServer,
    freezer: FrozenDateTimeFactory,
) -> None:
    """What goes out of the house counts apart; it is the average of the span."""
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


async def test_a_filter_that_the_server_does_not_know(
    home: simulator.PlexServer, server: PlexServer
) -> None:
    """It sends everything, and only the span is taken."""
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
    answer = {"MediaContainer": {"StatisticsBandwidth": rows}}
    home.faults.set(Fault.json(answer, code=200), paths="/statistics")
    usage = await server.statistics.bandwidth(until=NOON, span=SPAN)
    assert usage == BandwidthUsage(lan=11, wan=2)


async def test_measurements_need_plex_pass(home: simulator.PlexServer, server: PlexServer) -> None:
    """Without it there is no such thing."""
    home.owner.plex_pass = False
    with pytest.raises(PlexNotFoundError):
        await server.statistics.resources()
    with pytest.raises(PlexNotFoundError):
        await server.statistics.bandwidth(until=NOON, span=SPAN)


async def test_measurements_are_for_the_owner(
    world: World, home: simulator.PlexServer, server: PlexServer
) -> None:
    """Others are refused."""
    server.use_token(home.share_with(world.plex_tv.add_account("friend")))
    with pytest.raises(PlexForbiddenError):
        await server.statistics.resources()
