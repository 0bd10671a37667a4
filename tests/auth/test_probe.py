"""Probe of a server whose token is invalid."""

from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.plex_monitor.auth.probe import ONLINE_CHECK_INTERVAL, Probe
from custom_components.plex_monitor.plex.token_health import PROBE_INTERVAL
from tests.support.tokens import Elapse


@pytest.fixture
def calls() -> list[str]:
    """Return the calls that the probe makes."""
    return []


@pytest.fixture
def probe(hass: HomeAssistant, entry: MockConfigEntry, calls: list[str]) -> Probe:
    """Return a probe that is not started."""

    async def check_online() -> bool:
        calls.append("check_online")
        return True

    async def refresh() -> None:
        calls.append("refresh")

    return Probe(hass, entry, check_online=check_online, refresh=refresh)


async def test_server_is_checked_until_the_token_is_tried(
    probe: Probe, calls: list[str], elapse: Elapse
) -> None:
    """Then the probe waits for its next start, which follows if the token is still refused."""
    probe.async_start()
    await elapse(PROBE_INTERVAL + 2 * ONLINE_CHECK_INTERVAL)
    checks = calls.count("check_online")
    assert checks > 1
    assert calls == ["check_online"] * checks + ["refresh"]


async def test_paused_probe_can_be_started_again(
    probe: Probe, calls: list[str], elapse: Elapse
) -> None:
    """The token may become invalid more than once."""
    probe.async_start()
    probe.async_pause()
    await elapse(2 * ONLINE_CHECK_INTERVAL)
    assert calls == []
    probe.async_start()
    await elapse(ONLINE_CHECK_INTERVAL + 15)
    assert calls == ["check_online"]
    probe.async_pause()


async def test_probe_cannot_be_started_after_shutdown(
    probe: Probe, calls: list[str], elapse: Elapse
) -> None:
    """A poll that was under way when the entry was unloaded may still fail."""
    probe.async_start()
    probe.async_shutdown()
    probe.async_start()
    await elapse(2 * ONLINE_CHECK_INTERVAL)
    assert calls == []
