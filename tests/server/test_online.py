"""Whether a server is online."""

from collections.abc import Generator

from freezegun import freeze_time
from freezegun.api import FrozenDateTimeFactory
import pytest

from custom_components.plex_monitor.server.online import CONFIRM_OFFLINE_AFTER, OnlineState

VERSION = "1.43.0"


@pytest.fixture
def clock() -> Generator[FrozenDateTimeFactory]:
    """Freeze the clocks, without a loop."""
    with freeze_time() as clock:
        assert isinstance(clock, FrozenDateTimeFactory)
        yield clock


def test_server_is_unknown_until_a_check_finds_it() -> None:
    """Its version is reported with it."""
    changes: list[str] = []
    state = OnlineState(online=None, on_change=changes.append)
    assert (state.online, changes) == (None, [])
    for _ in range(2):
        state.async_handle_found(VERSION)
    assert (state.online, changes) == (True, [VERSION])


def test_one_lost_response_is_no_outage() -> None:
    """However often one is lost, as long as the next check finds the server."""
    changes: list[str] = []
    state = OnlineState(online=True, on_change=changes.append)
    for _ in range(5):
        state.async_handle_miss(is_certain=False)
        assert state.is_confirming
        state.async_confirm()
        state.async_handle_found(VERSION)
        assert not state.is_confirming
    assert changes == []


def test_server_is_offline_after_two_misses_in_a_row(clock: FrozenDateTimeFactory) -> None:
    """Once that is confirmed: it may have moved."""
    changes: list[str] = []
    state = OnlineState(online=None, on_change=changes.append)
    for _ in range(3):
        state.async_handle_miss(is_certain=False)
        clock.tick(CONFIRM_OFFLINE_AFTER)
    assert (state.online, changes) == (None, [])
    for _ in range(2):
        state.async_confirm()
    assert not state.is_confirming
    assert (state.online, changes) == (False, [""])


def test_misses_at_the_same_time_count_as_one(clock: FrozenDateTimeFactory) -> None:
    """However many there are; those that follow later are not postponed by them."""
    changes: list[str] = []
    state = OnlineState(online=True, on_change=changes.append)
    for _ in range(5):
        state.async_handle_miss(is_certain=False)
        state.async_confirm()
        clock.tick(CONFIRM_OFFLINE_AFTER / 5)
        assert state.is_confirming
    assert changes == []
    state.async_handle_miss(is_certain=False)
    state.async_confirm()
    assert (state.online, changes) == (False, [""])


def test_another_server_is_certain_at_once() -> None:
    """The server has left the address."""
    state = OnlineState(online=True, on_change=lambda _version: None)
    state.async_handle_miss(is_certain=True)
    assert not state.is_confirming
    state.async_confirm()
    assert state.online is False
