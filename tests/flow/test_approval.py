"""Polling of a PIN while the dialog is open: quickly at first, never beyond its end."""

import asyncio
from collections.abc import Callable

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
import pytest

from custom_components.plex_monitor.clients import plex_tv_client
from custom_components.plex_monitor.flow.approval import PendingPin
from custom_components.plex_monitor.plex.errors import PlexUnavailableError
from custom_components.plex_monitor.plex.plex_tv import PlexTv
from tests.simulator import Account, Fault, World
from tests.support.helpers import advance, settle

MINUTE = 60
CLIENT = "home-assistant-1"

type Wait = Callable[[], asyncio.Task[str | None]]


@pytest.fixture
async def plex_tv(hass: HomeAssistant, world: World) -> PlexTv:
    """Return a client of plex.tv."""
    return plex_tv_client(hass, CLIENT)


@pytest.fixture
async def pending(plex_tv: PlexTv, freezer: FrozenDateTimeFactory) -> PendingPin:
    """Return a PIN that lives for a quarter of an hour."""
    return PendingPin.created_now(await plex_tv.create_pin(), CLIENT)


@pytest.fixture
def wait(hass: HomeAssistant, plex_tv: PlexTv, pending: PendingPin) -> Wait:
    """Return a function that waits for the approval as while the dialog is open."""
    return lambda: hass.async_create_background_task(pending.async_token(plex_tv), "wait")


def polls(world: World) -> int:
    """Return how often the PIN was polled."""
    return len(world.requests.to("plex.tv", method="GET"))


async def test_interval_while_the_dialog_is_open(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, world: World, wait: Wait
) -> None:
    """Every two seconds at first, and less often the longer it takes."""
    waiting = wait()
    counts = []
    for minutes in (2, 3, 10):
        before = polls(world)
        await advance(hass, freezer, minutes * MINUTE, step=1)
        counts.append(polls(world) - before)
    at_first, later, at_last = counts
    assert 55 <= at_first <= 60
    assert 33 <= later <= 37
    assert 55 <= at_last <= 61
    assert await waiting is None


async def test_approval_is_seen(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    world: World,
    owner: Account,
    pending: PendingPin,
    wait: Wait,
) -> None:
    """It takes ten seconds at most, even late in the life of the PIN."""
    waiting = wait()
    await advance(hass, freezer, 14 * MINUTE, step=5)
    world.plex_tv.approve_pin(pending.pin.code, owner)
    await advance(hass, freezer, 10, step=1)
    assert waiting.done()
    assert [await waiting] == world.plex_tv.tokens_of(owner)


@pytest.mark.parametrize(
    "fault",
    [
        Fault.status(404, text=""),
        Fault.status(404),
        Fault.status(403),
        Fault.UNAUTHORIZED,
        Fault.status(502),
        Fault.GARBLED,
        Fault.redirect("/"),
    ],
)
async def test_only_the_word_of_plex_ends_a_pin(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    world: World,
    owner: Account,
    pending: PendingPin,
    wait: Wait,
    fault: Fault,
) -> None:
    """A load balancer in front of plex.tv answers now and then."""
    rule = world.plex_tv.faults.set(fault, times=2)
    waiting = wait()
    await advance(hass, freezer, 20, step=1)
    assert rule.hits == 2
    world.plex_tv.approve_pin(pending.pin.code, owner)
    await advance(hass, freezer, 4, step=1)
    assert [await waiting] == world.plex_tv.tokens_of(owner)


async def test_pin_that_expired_early(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    world: World,
    pending: PendingPin,
    wait: Wait,
) -> None:
    """It is not polled again."""
    world.plex_tv.expire_pin(pending.pin.code)
    waiting = wait()
    await advance(hass, freezer, 20 * MINUTE, step=5)
    assert await waiting is None
    assert polls(world) == 1


async def test_retry_after_holds_for_one_poll(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, world: World, wait: Wait
) -> None:
    """A failure of plex.tv does not slow down the polls after that."""
    world.plex_tv.faults.set(Fault.status(503, retry_after=30), times=1)
    waiting = wait()
    await advance(hass, freezer, 30, step=1)
    assert polls(world) == 1
    await advance(hass, freezer, 30, step=1)
    assert 10 <= polls(world) <= 16
    waiting.cancel()


async def test_failure_until_the_end_is_raised(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    world: World,
    plex_tv: PlexTv,
    pending: PendingPin,
) -> None:
    """The PIN did not expire because nobody approved it."""
    world.plex_tv.faults.set(Fault.status(503, retry_after=120))
    waiting = hass.async_create_background_task(
        asyncio.wait_for(pending.async_token(plex_tv), None), "wait"
    )
    await advance(hass, freezer, 16 * MINUTE, step=5)
    with pytest.raises(PlexUnavailableError):
        await waiting
    assert polls(world) <= 9
    await settle(hass)
