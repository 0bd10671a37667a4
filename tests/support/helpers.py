"""Helpers for time, requests and repairs."""

import asyncio
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from datetime import timedelta
from http import HTTPStatus
import logging
from typing import Any

from aiohttp.test_utils import TestClient
import freezegun
from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
from homeassistant.helpers.event import RANDOM_MICROSECOND_MAX
from homeassistant.util.async_ import get_scheduled_timer_handles
import pytest
from pytest_homeassistant_custom_component.common import async_fire_time_changed

from tests.simulator import World

# A response that takes the simulator longer, in real seconds, is delayed by a fault.
HELD_BACK = 0.25
# Turns of the loop after which work that only needs the loop has made progress.
TURNS = 25

_worlds: list[World] = []


@contextmanager
def settling_with(world: World) -> Generator[None]:
    """Make `settle` wait for the traffic of this world while entered."""
    _worlds.append(world)
    try:
        yield
    finally:
        _worlds.remove(world)


@contextmanager
def frozen_clocks(*args: Any, **kwargs: Any) -> Generator[FrozenDateTimeFactory]:
    """Freeze the clocks; that of the loop continues, and follows jumps of the frozen time.

    With a frozen clock the loop would never end a sleep, nor a real request.
    """
    with freezegun.freeze_time(*args, **kwargs) as factory:
        assert isinstance(factory, FrozenDateTimeFactory)
        start = factory()

        def real_time_and_all_jumps() -> float:
            return freezegun.api.real_monotonic() + (factory() - start).total_seconds()

        loop = asyncio.get_running_loop()
        loop.time = real_time_and_all_jumps  # type: ignore[method-assign]  # As Home Assistant does.
        # In debug mode the loop takes a jump for a slow callback, and records the stack of every
        # callback, which would dominate the time of a test in which hours pass.
        loop.set_debug(False)
        yield factory


def records_of(caplog: pytest.LogCaptureFixture) -> list[logging.LogRecord]:
    """Return what was logged, but for the test plugin, which logs what it stores in memory."""
    plugin = "pytest_homeassistant_custom_component"
    return [record for record in caplog.records if not record.name.startswith(plugin)]


async def settle(hass: HomeAssistant) -> None:
    """Wait for all work that needs no time to pass: requests, responses, state changes.

    `async_block_till_done` would also wait for tasks that wait for time to pass, such as a sign-in.
    """
    settled = False
    while not settled:
        before = sum(world.turns for world in _worlds)
        for _ in range(TURNS):
            await asyncio.sleep(0)
        await asyncio.sleep(0.001)
        for world in _worlds:
            with suppress(TimeoutError):
                await asyncio.wait_for(world.idle(0), HELD_BACK)
        # Tracked futures that are not tasks are jobs of the executor.
        tracked = hass._tasks  # noqa: SLF001 - No public API.
        threads = [future for future in tracked if not isinstance(future, asyncio.Task)]
        if threads:
            await asyncio.wait(threads)
        settled = before == sum(world.turns for world in _worlds) and not threads


async def advance(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    seconds: float,
    step: float = 15,
    after_step: Callable[[], object] = lambda: None,
) -> None:
    """Advance the time in steps, and settle Home Assistant and the simulator after each.

    Timers that are due within a step fire at its end, so each wait in a chain takes at least one
    step. Consecutive steps without due timers are combined into one.
    """
    await settle(hass)
    after_step()
    while seconds > 0:
        idle_steps = max(0.0, _next_timer(hass.loop) // step)
        jump = min(step * (idle_steps + 1), seconds)
        freezer.tick(timedelta(seconds=jump))
        async_fire_time_changed(hass)
        await settle(hass)
        after_step()
        seconds -= jump


def _next_timer(loop: asyncio.AbstractEventLoop) -> float:
    """Return the seconds until `async_fire_time_changed` would fire the next timer."""
    due = [timer.when() for timer in get_scheduled_timer_handles(loop) if not timer.cancelled()]
    early = timedelta(microseconds=RANDOM_MICROSECOND_MAX).total_seconds()
    return min(due, default=loop.time()) - loop.time() - early


async def eventually(
    hass: HomeAssistant,
    predicate: Callable[[], object],
    timeout: float = 5,  # noqa: ASYNC109 - an assertion fails, nothing is cancelled.
) -> None:
    """Wait in real time until the predicate holds."""
    deadline = hass.loop.time() + timeout
    while not predicate():
        assert hass.loop.time() < deadline, f"did not happen within {timeout} s"
        await asyncio.sleep(0.005)


async def first_refusal(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, world: World, host: str
) -> float:
    """Advance the time until the server refuses the token, and return the time of the request."""
    seen = len(world.requests)
    for _ in range(60):
        await advance(hass, freezer, 5, step=5)
        for request in list(world.requests)[seen:]:
            if request.host == host and request.status == 401:
                return request.at
    pytest.fail("the server never refused")


async def start_repair_fix_flow(
    client: TestClient[Any, Any], handler: str, issue_id: str
) -> dict[str, Any]:
    """Start the fix flow of a repair as the frontend does."""
    response = await client.post(
        "/api/repairs/issues/fix", json={"handler": handler, "issue_id": issue_id}
    )
    assert response.status == HTTPStatus.OK, await response.text()
    result: dict[str, Any] = await response.json()
    return result


async def process_repair_fix_flow(
    client: TestClient[Any, Any], flow_id: str, user_input: dict[str, Any] | None = None
) -> dict[str, Any]:
    """Submit a step of a fix flow as the frontend does."""
    response = await client.post(f"/api/repairs/issues/fix/{flow_id}", json=user_input or {})
    assert response.status == HTTPStatus.OK, await response.text()
    result: dict[str, Any] = await response.json()
    return result
