"""PINs that are approved when no flow waits for them any more leave no device at plex.tv."""

from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import SOURCE_USER, SOURCE_ZEROCONF
from homeassistant.core import HomeAssistant
import pytest

from custom_components.plex_monitor.auth import pins as module
from custom_components.plex_monitor.auth.pins import (
    async_exchange_token,
    async_hold_pin,
    async_release_pin,
    async_use_pin,
)
from custom_components.plex_monitor.auth.unfinished import MAX_PINS, STORAGE_KEY
from custom_components.plex_monitor.clients import plex_tv_client
from custom_components.plex_monitor.const import DOMAIN
from custom_components.plex_monitor.plex.errors import PlexError, PlexUnauthorizedError
from custom_components.plex_monitor.plex.models import Pin
from custom_components.plex_monitor.plex.plex_tv import PlexTv
from tests.simulator import Account, Fault, PlexServer, World
from tests.support.flows import announcement
from tests.support.helpers import advance, settle
from tests.support.unfinished import restart, restart_without_entry

MINUTE = 60
CLIENT = "home-assistant-1"


@pytest.fixture
async def plex_tv(hass: HomeAssistant, world: World) -> PlexTv:
    """Return a client of plex.tv."""
    return plex_tv_client(hass, CLIENT)


@pytest.fixture
async def pin(
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    freezer: FrozenDateTimeFactory,
    plex_tv: PlexTv,
) -> Pin:
    """Return a PIN that a flow has just created, and that lives for a quarter of an hour."""
    pin = await plex_tv.create_pin()
    async_hold_pin(hass, CLIENT, pin, server_name="Attic")
    await settle(hass)
    return pin


def polls(world: World) -> int:
    """Return how often the PIN was polled."""
    return len(world.requests.to("plex.tv", method="GET"))


@pytest.mark.parametrize("approved_after", [1, 5 * MINUTE, 14 * MINUTE + 50])
@pytest.mark.parametrize("restarts", [False, True], ids=["dialog closed", "restart"])
async def test_late_approval_is_signed_out(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    hass_storage: dict[str, Any],
    world: World,
    owner: Account,
    pin: Pin,
    approved_after: float,
    *,
    restarts: bool,
) -> None:
    """It takes a minute at most, and nothing is stored afterwards."""
    stored = hass_storage[STORAGE_KEY]["data"]["pins"]
    assert [(one["pin_id"], one["server_name"]) for one in stored] == [(pin.id, "Attic")]
    if restarts:
        restart(hass)
    else:
        async_release_pin(hass, pin)
    await advance(hass, freezer, approved_after, step=5)
    world.plex_tv.approve_pin(pin.code, owner)
    assert world.plex_tv.devices_of(owner)
    await advance(hass, freezer, MINUTE + 5, step=5)
    assert world.plex_tv.devices_of(owner) == []
    assert STORAGE_KEY not in hass_storage


async def test_approval_while_home_assistant_is_not_running(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    hass_storage: dict[str, Any],
    world: World,
    owner: Account,
    pin: Pin,
) -> None:
    """The PIN is polled once more, however long that was."""
    world.plex_tv.approve_pin(pin.code, owner)
    freezer.tick(14 * MINUTE + 58)
    restart(hass)
    await settle(hass)
    assert world.plex_tv.devices_of(owner) == []
    assert STORAGE_KEY not in hass_storage


@pytest.mark.parametrize("source", [SOURCE_USER, SOURCE_ZEROCONF])
async def test_approval_before_a_restart_without_an_entry(
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    world: World,
    home: PlexServer,
    owner: Account,
    pin: Pin,
    source: str,
) -> None:
    """Home Assistant does not load the integration then: the next flow signs it out."""
    restart_without_entry(hass)
    world.plex_tv.approve_pin(pin.code, owner)
    await settle(hass)
    assert world.plex_tv.devices_of(owner)
    await hass.config_entries.flow.async_init(
        DOMAIN,
        context={"source": source},
        data=announcement(home) if source == SOURCE_ZEROCONF else None,
    )
    await settle(hass)
    assert world.plex_tv.devices_of(owner) == []
    assert STORAGE_KEY not in hass_storage


async def test_token_that_no_entry_has_after_a_restart_is_signed_out(
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    world: World,
    owner: Account,
    plex_tv: PlexTv,
    pin: Pin,
) -> None:
    """Its flow ended with the last run of Home Assistant; until then it is kept."""
    world.plex_tv.approve_pin(pin.code, owner)
    token = (await plex_tv.pin(pin.id)).token
    assert token is not None
    async_use_pin(hass, pin, token)
    await settle(hass)
    assert world.plex_tv.is_valid(token)
    assert hass_storage[STORAGE_KEY]["data"]["pins"] == []
    restart(hass)
    await settle(hass)
    assert not world.plex_tv.is_valid(token)
    assert STORAGE_KEY not in hass_storage


async def test_pin_that_nobody_approves(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    hass_storage: dict[str, Any],
    world: World,
    pin: Pin,
) -> None:
    """It is polled once a minute, and not at all after it has ended."""
    async_release_pin(hass, pin)
    await advance(hass, freezer, 14 * MINUTE, step=5)
    assert 13 <= polls(world) <= 15
    await advance(hass, freezer, 20 * MINUTE, step=5)
    assert polls(world) <= 16
    assert STORAGE_KEY not in hass_storage


async def test_pin_that_plex_tv_has_ended(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    hass_storage: dict[str, Any],
    world: World,
    pin: Pin,
) -> None:
    """It is not polled again."""
    world.plex_tv.expire_pin(pin.code)
    async_release_pin(hass, pin)
    await advance(hass, freezer, 20 * MINUTE, step=5)
    assert polls(world) == 1
    assert STORAGE_KEY not in hass_storage


async def test_failure_of_plex_tv_is_waited_out(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, world: World, owner: Account, pin: Pin
) -> None:
    """Only Plex itself ends a PIN."""
    world.plex_tv.approve_pin(pin.code, owner)
    world.plex_tv.faults.set(Fault.status(404, text=""))
    async_release_pin(hass, pin)
    await advance(hass, freezer, 5 * MINUTE, step=5)
    world.plex_tv.faults.clear()
    await advance(hass, freezer, 2 * MINUTE, step=5)
    assert world.plex_tv.devices_of(owner) == []


async def test_number_of_pins_is_limited(
    hass: HomeAssistant, hass_storage: dict[str, Any], plex_tv: PlexTv
) -> None:
    """The oldest is forgotten."""
    pins = [await plex_tv.create_pin() for _ in range(MAX_PINS + 1)]
    for pin in pins:
        async_hold_pin(hass, CLIENT, pin, server_name=None)
    await settle(hass)
    stored = hass_storage[STORAGE_KEY]["data"]["pins"]
    assert [one["pin_id"] for one in stored] == [pin.id for pin in pins[1:]]


async def test_exchange_that_fails_leaves_nothing(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    hass_storage: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
    world: World,
    owner: Account,
) -> None:
    """The PIN was linked, and plex.tv did not say so in time."""
    monkeypatch.setattr("custom_components.plex_monitor.plex.plex_tv.LINK_INTERVAL", 0)
    token = world.plex_tv.sign_in(owner, client_identifier="browser")
    world.plex_tv.faults.set(Fault.status(404, text=""), paths=r"/pins/\d+$")
    with pytest.raises(PlexError):
        await async_exchange_token(hass, CLIENT, token, server_name=None)
    assert len(world.plex_tv.devices_of(owner)) == 2
    world.plex_tv.faults.clear()
    await advance(hass, freezer, 2 * MINUTE, step=5)
    assert [one.token for one in world.plex_tv.devices_of(owner)] == [token]
    assert STORAGE_KEY not in hass_storage


async def test_exchange_waits_for_plex_tv_to_create_a_pin(
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
    world: World,
    owner: Account,
) -> None:
    """It gives up after some attempts, and the new token is held until an entry has it."""
    monkeypatch.setattr(module, "CREATE_INTERVAL", 0)
    token = world.plex_tv.sign_in(owner, client_identifier="browser")
    rule = world.plex_tv.faults.set(Fault.status(502), paths="/pins$")
    with pytest.raises(PlexError):
        await async_exchange_token(hass, CLIENT, token, server_name=None)
    assert rule.hits == module.CREATE_ATTEMPTS
    world.plex_tv.faults.clear()
    world.plex_tv.faults.set(Fault.status(502), paths="/pins$", times=2)
    own = await async_exchange_token(hass, CLIENT, token, server_name=None)
    await settle(hass)
    assert [one["token"] for one in hass_storage[STORAGE_KEY]["data"]["sign_outs"]] == [own]
    assert world.plex_tv.is_valid(own)


async def test_exchange_of_a_token_that_plex_tv_does_not_know(
    hass: HomeAssistant, hass_storage: dict[str, Any], world: World
) -> None:
    """The PIN is not linked, and so is not polled."""
    with pytest.raises(PlexUnauthorizedError):
        await async_exchange_token(hass, CLIENT, "of-nobody", server_name=None)
    await settle(hass)
    assert STORAGE_KEY not in hass_storage
    assert world.requests.to("plex.tv", method="GET") == []
