"""What many tests of the integration need."""

import asyncio
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from datetime import timedelta
from http import HTTPStatus
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

# An answer that takes the simulator longer, in real seconds, is held back on purpose.
HELD_BACK = 0.25
# Turns of the loop within which work that needs nothing but the loop goes on visibly.
TURNS = 25

_worlds: list[World] = []


@contextmanager
def settling_with(world: World) -> Generator[None]:
    """Let `settle` wait for the traffic of this world while entered."""
    _worlds.append(world)
    try:
        yield
    finally:
        _worlds.remove(world)


@contextmanager
def frozen_clocks(*args: Any, **kwargs: Any) -> Generator[FrozenDateTimeFactory]:
    """Freeze the clocks; the loop's goes on, and jumps along when the frozen time is moved.

    A frozen loop would never end a sleep, and so no real request either.
    """
    with freezegun.freeze_time(*args, **kwargs) as factory:
        assert isinstance(factory, FrozenDateTimeFactory)
        start = factory()

        def real_time_and_all_jumps() -> float:
            return freezegun.api.real_monotonic() + (factory() - start).total_seconds()

        loop = asyncio.get_running_loop()
        loop.time = real_time_and_all_jumps  # type: ignore[method-assign]  # As Home Assistant does.
        # It would take a jump for a step that took that long, and notes the stack of every
        # callback, which would be most of the work where hours pass.
        loop.set_debug(False)
        yield factory


async def settle(hass: HomeAssistant) -> None:
    """Let everything happen that can happen without time passing: requests, answers, state changes.

    `async_block_till_done` would wait for tasks that wait for time themselves, such as a sign-in.
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
        # What is tracked and no task is work in a thread.
        tracked = hass._tasks  # noqa: SLF001 - Nothing public tells what is under way.
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
    """Let time pass in steps, and after each let Home Assistant and the simulator do their work.

    What is due within a step happens at its end, so a chain of waits takes at least a step each.
    Steps in which nothing is due are taken at once.
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
    """Return the seconds until `async_fire_time_changed` would find a timer due."""
    due = [timer.when() for timer in get_scheduled_timer_handles(loop) if not timer.cancelled()]
    early = timedelta(microseconds=RANDOM_MICROSECOND_MAX).total_seconds()
    return min(due, default=loop.time()) - loop.time() - early


async def eventually(
    hass: HomeAssistant,
    predicate: Callable[[], object],
    timeout: float = 5,  # noqa: ASYNC109 - an assertion fails, nothing is cancelled.
) -> None:
    """Wait, in real time, until the predicate holds."""
    deadline = hass.loop.time() + timeout
    while not predicate():
        assert hass.loop.time() < deadline, f"did not happen within {timeout} s"
        await asyncio.sleep(0.005)


async def first_refusal(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, world: World, host: str
) -> float:
    """Let time pass until the server refuses the token, and return when."""
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
    """Start a fix flow the way the frontend does."""
    response = await client.post(
        "/api/repairs/issues/fix", json={"handler": handler, "issue_id": issue_id}
    )
    assert response.status == HTTPStatus.OK, await response.text()
    result: dict[str, Any] = await response.json()
    return result


async def process_repair_fix_flow(
    client: TestClient[Any, Any], flow_id: str, user_input: dict[str, Any] | None = None
) -> dict[str, Any]:
    """Take a fix flow one step on the way the frontend does."""
    response = await client.post(f"/api/repairs/issues/fix/{flow_id}", json=user_input or {})
    assert response.status == HTTPStatus.OK, await response.text()
    result: dict[str, Any] = await response.json()
    return result
