"""The probe of a server whose token is dead."""

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.plex_monitor.auth.probe import ONLINE_CHECK_INTERVAL, Probe
from custom_components.plex_monitor.plex.token_health import PROBE_INTERVAL
from tests.support.helpers import advance


class Done:
    """What a probe has done."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self.all: list[str] = []

    async def look(self) -> None:
        """Look at the server."""
        self.all.append("look")

    async def refresh(self) -> None:
        """Try the token."""
        self.all.append("refresh")


@pytest.fixture
def done() -> Done:
    """Return what the probe has done."""
    return Done()


@pytest.fixture
def probe(hass: HomeAssistant, entry: MockConfigEntry, done: Done) -> Probe:
    """Return a probe that has not begun."""
    return Probe(hass, entry, check_online=done.look, refresh=done.refresh)


async def test_it_looks_until_it_is_time_to_try_the_token(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, probe: Probe, done: Done
) -> None:
    """Then it waits to be begun again, as it is where the token is still refused."""
    probe.async_start()
    await advance(hass, freezer, PROBE_INTERVAL + 2 * ONLINE_CHECK_INTERVAL)
    looks = done.all.count("look")
    assert looks > 1
    assert done.all == ["look"] * looks + ["refresh"]


async def test_it_ends_and_begins_again(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, probe: Probe, done: Done
) -> None:
    """The token may die more than once."""
    probe.async_start()
    probe.async_pause()
    await advance(hass, freezer, 2 * ONLINE_CHECK_INTERVAL)
    assert done.all == []
    probe.async_start()
    await advance(hass, freezer, ONLINE_CHECK_INTERVAL + 15)
    assert done.all == ["look"]
    probe.async_pause()


async def test_stopped_one_does_not_begin_again(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, probe: Probe, done: Done
) -> None:
    """A poll that was under way when the entry was unloaded may still fail."""
    probe.async_start()
    probe.async_shutdown()
    probe.async_start()
    await advance(hass, freezer, 2 * ONLINE_CHECK_INTERVAL)
    assert done.all == []
