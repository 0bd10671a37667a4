"""The helpers and fixtures that the other tests use."""

import asyncio
import logging
import time

import aiohttp
from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
from homeassistant.loader import async_get_integration
import pytest

from custom_components.plex_monitor import clients
from custom_components.plex_monitor.const import DOMAIN
from custom_components.plex_monitor.plex.plex_tv import PLEX_TV_URL
from tests.conftest import LogGuard
from tests.simulator import World

from .helpers import advance, eventually


async def test_home_assistant_finds_the_integration(hass: HomeAssistant) -> None:
    """The tested code is that of this repository."""
    integration = await async_get_integration(hass, DOMAIN)
    assert not integration.is_built_in
    assert integration.file_path.samefile("custom_components/plex_monitor")


def test_log_guard_keeps_unexpected_lines() -> None:
    """Warnings and errors are unexpected unless a pattern matches their logger and message."""
    guard = LogGuard(("^some.logger: expected",))
    logger = logging.Logger("some.logger")  # noqa: LOG001 - it must not reach the guard of this test.
    logger.addHandler(guard)
    logger.info("unimportant")
    logger.warning("expected %s", "thing")
    logger.error("surprise")
    assert guard.unexpected == ["ERROR some.logger: surprise"]


async def test_time_passes_only_in_steps(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory
) -> None:
    """The clocks stand still, sleeps end when the time is advanced, and real waits still work."""
    started = time.time()
    woken: list[float] = []

    async def sleep() -> None:
        await asyncio.sleep(600)
        woken.append(time.time() - started)

    hass.async_create_background_task(sleep(), "sleep")
    await advance(hass, freezer, 590)
    await asyncio.sleep(0.01)
    assert not woken
    await advance(hass, freezer, 30)
    assert woken == [605]
    assert time.time() - started == 620


async def test_traffic_settles_within_each_step(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, world: World
) -> None:
    """Polls of several requests a minute complete sixty times in an hour."""
    home = await world.add_server("Home", owner=world.plex_tv.add_account("owner"))

    async def poll(session: aiohttp.ClientSession) -> None:
        while True:
            for _ in range(3):
                async with session.get(f"{home.url}/identity") as response:
                    await response.read()
            await asyncio.sleep(60)

    async with aiohttp.ClientSession() as session:
        task = hass.async_create_background_task(poll(session), "poll")
        await advance(hass, freezer, 3600)
        task.cancel()
    assert len(world.requests) == 3 * 61


async def test_hanging_request_does_not_block_time(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, world: World
) -> None:
    """A request that hangs ends with its own timeout."""
    timeouts: list[float] = []
    started = time.time()

    async def request() -> None:
        timeout = aiohttp.ClientTimeout(total=10)
        async with aiohttp.ClientSession(timeout=timeout) as session:
            try:
                await session.get(f"http://127.0.0.1:{world.hanging_port()}/")
            except TimeoutError:
                timeouts.append(time.time() - started)

    hass.async_create_background_task(request(), "request")
    await advance(hass, freezer, 60)
    assert timeouts == [15]


async def test_eventually_waits_until_its_timeout(hass: HomeAssistant) -> None:
    """It waits in real time until the predicate holds, and fails after its timeout."""
    happened: list[str] = []
    hass.loop.call_later(0.05, happened.append, "now")
    await eventually(hass, lambda: happened)
    with pytest.raises(AssertionError, match=r"did not happen within 0\.05 s"):
        await eventually(hass, lambda: False, timeout=0.05)


async def test_real_plex_tv_is_not_used(world: World) -> None:
    """The integration uses the simulated plex.tv."""
    assert clients.PLEX_TV_URL == world.plex_tv.url != PLEX_TV_URL
