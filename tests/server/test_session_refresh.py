"""A stream that is told of is asked for at once, and a few times more while it is not listed."""

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
import pytest

from custom_components.plex_monitor.server.session_refresh import SessionRefresh
from tests.support.helpers import advance, settle


class Server:
    """A server that lists a stream late, or never."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self.asked = 0
        self.missing = True
        self.waited_for = False

    async def ask(self) -> None:
        """Be asked for the sessions."""
        self.asked += 1

    def is_missing(self) -> bool:
        """Say whether the stream is not listed."""
        self.waited_for = True
        return self.missing


@pytest.fixture
def server() -> Server:
    """Return a server that was asked for nothing yet."""
    return Server()


@pytest.fixture
def refresh(hass: HomeAssistant, server: Server) -> SessionRefresh:
    """Return what asks it."""
    return SessionRefresh(hass, server.ask)


async def test_it_asks_at_once_and_three_times_more(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, server: Server, refresh: SessionRefresh
) -> None:
    """After one, three and ten seconds; what is not listed then the poll will find."""
    refresh.async_request("1", server.is_missing)
    await settle(hass)
    asked = [server.asked]
    for _ in range(30):
        await advance(hass, freezer, 1, step=1)
        asked.append(server.asked)
    assert [asked[second] for second in (0, 1, 2, 3, 9, 10, 30)] == [1, 2, 2, 3, 3, 4, 4]


async def test_it_asks_no_more_when_the_stream_is_listed(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, server: Server, refresh: SessionRefresh
) -> None:
    """Whoever listed it."""
    refresh.async_request("1", server.is_missing)
    await advance(hass, freezer, 1, step=1)
    assert server.asked == 2
    server.missing = False
    await advance(hass, freezer, 30, step=1)
    assert server.asked == 2


async def test_many_streams_are_asked_for_together(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, server: Server, refresh: SessionRefresh
) -> None:
    """Two hundred cost little more than one."""
    for key in range(200):
        refresh.async_request(str(key), server.is_missing)
    await advance(hass, freezer, 30, step=1)
    assert server.asked <= 8
    refresh.async_shutdown()


async def test_streams_that_begin_one_after_the_other_are_asked_for_together(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, server: Server, refresh: SessionRefresh
) -> None:
    """Once a second, however many begin within it."""
    server.missing = False
    for key in range(40):
        refresh.async_request(str(key), server.is_missing)
        await advance(hass, freezer, 0.1, step=0.1)
    assert server.asked <= 12
    refresh.async_shutdown()


async def test_stream_that_becomes_another_is_waited_for_anew(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, server: Server, refresh: SessionRefresh
) -> None:
    """And no longer for what it was."""
    for _ in range(3):
        refresh.async_request("1", server.is_missing)
        await advance(hass, freezer, 0.5, step=0.5)
    before = server.asked
    await advance(hass, freezer, 30, step=1)
    assert server.asked - before <= 4


async def test_it_ends(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, server: Server, refresh: SessionRefresh
) -> None:
    """With the entry."""
    refresh.async_request("1", server.is_missing)
    await settle(hass)
    refresh.async_shutdown()
    await advance(hass, freezer, 30, step=1)
    assert server.asked == 1
    assert not server.waited_for
