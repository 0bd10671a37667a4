"""The sessions are read at once for a new stream, and again while it is not listed."""

from collections.abc import Generator

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
import pytest

from custom_components.plex_monitor.server.session_refresh import SessionRefresh
from tests.support.helpers import advance, settle


class Server:
    """A server that does not list its streams while `missing` is set."""

    def __init__(self) -> None:
        """Initialize without any read."""
        self.reads = 0
        self.missing = True
        self.checks = 0

    async def read(self) -> None:
        """Count a read of the sessions."""
        self.reads += 1

    def is_missing(self) -> bool:
        """Return whether the streams are not listed."""
        self.checks += 1
        return self.missing


@pytest.fixture
def server() -> Server:
    """Return a server whose sessions have not been read yet."""
    return Server()


@pytest.fixture
def refresh(hass: HomeAssistant, server: Server) -> Generator[SessionRefresh]:
    """Return the refresh of the sessions of the server."""
    refresh = SessionRefresh(hass, server.read)
    yield refresh
    refresh.async_shutdown()


async def test_sessions_are_read_at_once_and_three_times_more(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, server: Server, refresh: SessionRefresh
) -> None:
    """After one, three and ten seconds; a stream that is listed later is left to the poll."""
    refresh.async_request("1", server.is_missing)
    await settle(hass)
    reads = [server.reads]
    for _ in range(30):
        await advance(hass, freezer, 1, step=1)
        reads.append(server.reads)
    assert [reads[second] for second in (0, 1, 2, 3, 9, 10, 30)] == [1, 2, 2, 3, 3, 4, 4]


async def test_reads_end_when_the_stream_is_listed(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, server: Server, refresh: SessionRefresh
) -> None:
    """Whichever read has found it."""
    refresh.async_request("1", server.is_missing)
    await advance(hass, freezer, 1, step=1)
    assert server.reads == 2
    server.missing = False
    await advance(hass, freezer, 30, step=1)
    assert server.reads == 2


async def test_many_streams_share_their_reads(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, server: Server, refresh: SessionRefresh
) -> None:
    """Two hundred cost little more than one."""
    for key in range(200):
        refresh.async_request(str(key), server.is_missing)
    await advance(hass, freezer, 30, step=1)
    assert server.reads <= 8


async def test_flood_of_unknown_streams_costs_few_reads(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, server: Server, refresh: SessionRefresh
) -> None:
    """However many are reported, and however long they stay unknown."""
    for key in range(10_000):
        refresh.async_request(str(key), server.is_missing)
    await advance(hass, freezer, 60, step=1)
    assert server.reads <= 8
    assert server.checks <= 100


async def test_streams_that_start_one_after_the_other_share_their_reads(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, server: Server, refresh: SessionRefresh
) -> None:
    """One read a second, however many streams start within it."""
    server.missing = False
    for key in range(40):
        refresh.async_request(str(key), server.is_missing)
        await advance(hass, freezer, 0.1, step=0.1)
    assert server.reads <= 12


async def test_new_request_for_a_session_replaces_the_one_before(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, server: Server, refresh: SessionRefresh
) -> None:
    """The session has become another stream."""
    for _ in range(3):
        refresh.async_request("1", server.is_missing)
        await advance(hass, freezer, 0.5, step=0.5)
    before = server.reads
    await advance(hass, freezer, 30, step=1)
    assert server.reads - before <= 4


async def test_shutdown_cancels_the_reads(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, server: Server, refresh: SessionRefresh
) -> None:
    """The entry is unloaded."""
    refresh.async_request("1", server.is_missing)
    await settle(hass)
    refresh.async_shutdown()
    await advance(hass, freezer, 30, step=1)
    assert server.reads == 1
    assert server.checks == 0
