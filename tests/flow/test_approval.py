"""A PIN is asked for quickly in front of a dialog, slowly behind one, and never beyond its end."""

import asyncio

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


@pytest.fixture
async def plex_tv(hass: HomeAssistant, world: World) -> PlexTv:
    """Return a client of plex.tv."""
    return plex_tv_client(hass, CLIENT)


@pytest.fixture
async def pending(plex_tv: PlexTv, freezer: FrozenDateTimeFactory) -> PendingPin:
    """Return a PIN that lives for a quarter of an hour."""
    return PendingPin.created_now(await plex_tv.create_pin(), CLIENT)


def asked(world: World) -> int:
    """Return how often plex.tv was asked for a PIN."""
    return len(world.requests.to("plex.tv", method="GET"))


async def test_pace_in_front_of_a_dialog(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    world: World,
    plex_tv: PlexTv,
    pending: PendingPin,
) -> None:
    """Every other second at first, and slower for whoever takes long or has gone."""
    waiting = hass.async_create_background_task(pending.async_token(plex_tv), "wait")
    counts = []
    for minutes in (2, 3, 10):
        before = asked(world)
        await advance(hass, freezer, minutes * MINUTE, step=1)
        counts.append(asked(world) - before)
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
    plex_tv: PlexTv,
    pending: PendingPin,
) -> None:
    """Soon, even by somebody who came late."""
    waiting = hass.async_create_background_task(pending.async_token(plex_tv), "wait")
    await advance(hass, freezer, 14 * MINUTE, step=5)
    world.plex_tv.approve_pin(pending.pin.code, owner)
    await advance(hass, freezer, 10, step=1)
    assert waiting.done()
    assert [await waiting] == world.plex_tv.tokens_of(owner)


@pytest.mark.parametrize("approved_after", [30, 5 * MINUTE, 14 * MINUTE + 50])
async def test_late_approval_is_seen(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    world: World,
    owner: Account,
    plex_tv: PlexTv,
    pending: PendingPin,
    approved_after: float,
) -> None:
    """Within a minute, and just before the end."""
    waiting = hass.async_create_background_task(pending.async_late_token(plex_tv), "wait")
    await advance(hass, freezer, approved_after, step=5)
    assert not waiting.done()
    world.plex_tv.approve_pin(pending.pin.code, owner)
    await advance(hass, freezer, MINUTE, step=5)
    assert [await waiting] == world.plex_tv.tokens_of(owner)


async def test_pin_that_nobody_approves_costs_little(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    world: World,
    plex_tv: PlexTv,
    pending: PendingPin,
) -> None:
    """A question a minute, and none when it has expired."""
    waiting = hass.async_create_background_task(pending.async_late_token(plex_tv), "wait")
    await advance(hass, freezer, 20 * MINUTE, step=5)
    assert await waiting is None
    assert asked(world) <= 15


async def test_pin_that_expired_before_its_time(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    world: World,
    plex_tv: PlexTv,
    pending: PendingPin,
) -> None:
    """It is not asked for again."""
    world.plex_tv.expire_pin(pending.pin.code)
    waiting = hass.async_create_background_task(pending.async_late_token(plex_tv), "wait")
    await advance(hass, freezer, 20 * MINUTE, step=5)
    assert await waiting is None
    assert asked(world) == 1


async def test_trouble_for_a_moment_slows_nothing_down(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    world: World,
    plex_tv: PlexTv,
    pending: PendingPin,
) -> None:
    """What plex.tv wished once holds once."""
    world.plex_tv.faults.set(Fault.status(503, retry_after=30), times=1)
    waiting = hass.async_create_background_task(pending.async_token(plex_tv), "wait")
    await advance(hass, freezer, 30, step=1)
    assert asked(world) == 1
    await advance(hass, freezer, 30, step=1)
    assert 10 <= asked(world) <= 16
    waiting.cancel()


async def test_trouble_until_the_end_is_told(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    world: World,
    plex_tv: PlexTv,
    pending: PendingPin,
) -> None:
    """It was not the person who did not come."""
    world.plex_tv.faults.set(Fault.status(503, retry_after=120))
    waiting = hass.async_create_background_task(
        asyncio.wait_for(pending.async_token(plex_tv), None), "wait"
    )
    await advance(hass, freezer, 16 * MINUTE, step=5)
    with pytest.raises(PlexUnavailableError):
        await waiting
    assert asked(world) <= 9
    await settle(hass)
