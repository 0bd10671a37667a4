"""The helpers and rules that the other tests stand on."""

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
    """The code under test is ours, and not another one of the same name."""
    integration = await async_get_integration(hass, DOMAIN)
    assert not integration.is_built_in
    assert integration.file_path.samefile("custom_components/plex_monitor")


def test_the_log_guard_keeps_what_nobody_expected() -> None:
    """Warnings count unless the test names them, with the logger they come from."""
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
    """The clocks stand still, sleeps end when time was advanced, and real waits still work."""
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
    """A poll of several requests a minute is done sixty times in an hour."""
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


async def test_a_request_that_hangs_does_not_stop_time(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, world: World
) -> None:
    """It ends by its own timeout."""
    timeouts: list[float] = []
    started = time.time()

    async def ask() -> None:
        timeout = aiohttp.ClientTimeout(total=10)
        async with aiohttp.ClientSession(timeout=timeout) as session:
            try:
                await session.get(f"http://127.0.0.1:{world.hanging_port()}/")
            except TimeoutError:
                timeouts.append(time.time() - started)

    hass.async_create_background_task(ask(), "ask")
    await advance(hass, freezer, 60)
    assert timeouts == [15]


async def test_eventually_waits_and_fails_in_the_end(hass: HomeAssistant) -> None:
    """Things that happen in real time are waited for, though not for ever."""
    happened: list[str] = []
    hass.loop.call_later(0.05, happened.append, "now")
    await eventually(hass, lambda: happened)
    with pytest.raises(AssertionError, match=r"did not happen within 0\.05 s"):
        await eventually(hass, lambda: False, timeout=0.05)


async def test_the_real_plex_tv_is_out_of_reach(world: World) -> None:
    """The integration takes the simulator for plex.tv."""
    assert clients.PLEX_TV_URL == world.plex_tv.url != PLEX_TV_URL
