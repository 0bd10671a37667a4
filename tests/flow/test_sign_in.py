"""Sign-in with a PIN: approval, failures of plex.tv, and a dialog that is closed."""

import asyncio

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
import pytest

from custom_components.plex_monitor.const import DOMAIN
from tests.simulator import Account, Fault, PlexServer, World
from tests.support.flows import (
    PINS,
    RESOURCES,
    SIGN_OUT,
    USER,
    after_progress,
    approve,
    close,
    close_during,
    error_of,
    fail_plex_tv,
    placeholders_of,
    reopen,
    select,
    sign_in,
    start_flow,
    step_of,
    submit,
)
from tests.support.helpers import advance, eventually, settle

MINUTE = 60

# No entry is set up. Where time is frozen, PINs are polled at the real interval.
pytestmark = pytest.mark.usefixtures("mock_setup_entry")
quickly = pytest.mark.usefixtures("quick_polling")


# Failures of plex.tv


@quickly
@pytest.mark.usefixtures("home")
@pytest.mark.parametrize(
    ("fault", "error", "minutes"),
    [
        (Fault.status(503), "plex_tv_unreachable", None),
        (Fault.RESET, "plex_tv_unreachable", None),
        (Fault.GARBLED, "plex_tv_unreachable", None),
        (Fault.status(429, retry_after=150), "rate_limited", "3"),
        (Fault.status(429, retry_after=0), "rate_limited", "1"),
        (Fault.status(429), "rate_limited_unknown", None),
    ],
)
async def test_pin_cannot_be_created(
    hass: HomeAssistant,
    world: World,
    owner: Account,
    fault: Fault,
    error: str,
    minutes: str | None,
) -> None:
    """A form shows what is wrong, and its button tries again."""
    world.plex_tv.faults.set(fault, paths=PINS)
    result = await start_flow(hass, "sign_in")
    assert step_of(result) == "sign_in_failed"
    assert error_of(result) == error
    assert placeholders_of(result).get("minutes") == minutes
    assert error_of(await reopen(hass, result)) == error

    result = await submit(hass, result)
    assert error_of(result) == error

    world.plex_tv.faults.clear()
    result = await approve(hass, world, await submit(hass, result), owner)
    assert (await submit(hass, result))["type"] is FlowResultType.CREATE_ENTRY


@quickly
@pytest.mark.usefixtures("home")
async def test_expired_pin_is_replaced(hass: HomeAssistant, world: World, owner: Account) -> None:
    """The new PIN has another code."""
    first = await start_flow(hass, "sign_in")
    world.plex_tv.expire_pin(placeholders_of(first)["code"])
    result = await after_progress(hass, first)
    assert step_of(result) == "pin_expired"
    assert step_of(await reopen(hass, result)) == "pin_expired"

    result = await submit(hass, result)
    assert placeholders_of(result)["code"] != placeholders_of(first)["code"]
    result = await approve(hass, world, result, owner)
    assert (await submit(hass, result))["type"] is FlowResultType.CREATE_ENTRY


@pytest.mark.usefixtures("home")
async def test_pin_is_not_approved(
    hass: HomeAssistant, world: World, freezer: FrozenDateTimeFactory
) -> None:
    """It is polled until it expires, even where plex.tv never says that it has."""
    result = await start_flow(hass, "sign_in")
    world.plex_tv.waiting_pins()[0].expires_at += 10_000
    # A failure that is over is not named at the end.
    rule = world.plex_tv.faults.set(Fault.status(502), times=1)
    await advance(hass, freezer, 899, step=300)
    assert (await reopen(hass, result))["type"] is FlowResultType.SHOW_PROGRESS
    await advance(hass, freezer, 2)
    result = await reopen(hass, result)
    assert step_of(result) == "pin_expired"
    assert rule.hits == 1


@quickly
@pytest.mark.usefixtures("home")
async def test_approval_outlasts_failures_of_plex_tv(
    hass: HomeAssistant, world: World, owner: Account
) -> None:
    """Polls that fail end nothing."""
    result = await start_flow(hass, "sign_in")
    rule = world.plex_tv.faults.set(Fault.status(502), paths=PINS, times=3)
    world.plex_tv.approve_pin(placeholders_of(result)["code"], owner)
    await eventually(hass, lambda: rule.hits == 3)
    rule = world.plex_tv.faults.set(Fault.GARBLED, paths=rf"{PINS}/\d", times=1)
    result = await after_progress(hass, result)
    assert step_of(result) == "verify"
    assert rule.hits == 1


@pytest.mark.usefixtures("home")
async def test_retry_after_of_plex_tv_is_honored(
    hass: HomeAssistant, world: World, owner: Account, freezer: FrozenDateTimeFactory
) -> None:
    """The next poll waits for it."""
    result = await start_flow(hass, "sign_in")
    world.plex_tv.faults.set(Fault.status(429, retry_after=60), paths=PINS, times=1)
    world.plex_tv.approve_pin(placeholders_of(result)["code"], owner)
    await advance(hass, freezer, 3)
    before = len(world.requests.to("plex.tv"))
    await advance(hass, freezer, 50)
    assert len(world.requests.to("plex.tv")) == before
    await advance(hass, freezer, 20)
    assert step_of(await reopen(hass, result)) == "verify"


@pytest.mark.usefixtures("home")
async def test_plex_tv_fails_until_the_pin_has_expired(
    hass: HomeAssistant, world: World, owner: Account, freezer: FrozenDateTimeFactory
) -> None:
    """The form names plex.tv as the cause, not the missing approval."""
    result = await start_flow(hass, "sign_in")
    fail_plex_tv(world)
    await advance(hass, freezer, 905, step=300)
    result = await reopen(hass, result)
    assert step_of(result) == "sign_in_failed"
    assert error_of(result) == "plex_tv_unreachable"

    world.plex_tv.faults.clear()
    result = await submit(hass, result)
    world.plex_tv.approve_pin(placeholders_of(result)["code"], owner)
    await advance(hass, freezer, 2)
    assert step_of(await reopen(hass, result)) == "verify"


@quickly
@pytest.mark.usefixtures("home")
async def test_plex_tv_fails_right_after_the_approval(
    hass: HomeAssistant, world: World, owner: Account
) -> None:
    """A retry does not need another sign-in."""
    result = await start_flow(hass, "sign_in")
    fail_plex_tv(world, RESOURCES)
    result = await approve(hass, world, result, owner)
    assert step_of(result) == "signed_in"
    assert error_of(result) == "plex_tv_unreachable"
    result = await submit(hass, result)
    assert step_of(result) == "signed_in"

    world.plex_tv.faults.clear()
    result = await submit(hass, result)
    assert step_of(result) == "verify"
    assert len(world.requests.to("plex.tv", PINS, "POST")) == 1


@quickly
async def test_two_clients_continue_after_the_approval(
    hass: HomeAssistant, world: World, owner: Account, home: PlexServer
) -> None:
    """Home Assistant itself is one of them; both get one result, and no request is sent twice."""
    result = await start_flow(hass, "sign_in")
    rule = world.plex_tv.faults.set(Fault.slow(0.05), paths=USER)
    world.plex_tv.approve_pin(placeholders_of(result)["code"], owner)
    first = hass.async_create_task(after_progress(hass, result))
    await eventually(hass, lambda: rule.hits)
    second = await reopen(hass, result)
    assert step_of(await first) == step_of(second) == "verify"
    assert rule.hits == 1
    assert len(world.requests.to(home.name, "/status/sessions")) == 1


@quickly
@pytest.mark.usefixtures("home")
async def test_pin_without_a_qr_code(hass: HomeAssistant, world: World, owner: Account) -> None:
    """Link and code are shown without it."""
    world.plex_tv.faults.set(
        Fault.json({"id": 1, "code": "ABCD", "expiresIn": 900}, code=201), paths=PINS, times=1
    )
    result = await start_flow(hass, "sign_in")
    assert result["progress_action"] == "wait_for_approval_without_qr"
    assert placeholders_of(result) == {
        "code": "ABCD",
        "link": f"{world.plex_tv.url}/link/?pin=ABCD",
    }
    await close(hass, result)


# The dialog is closed


@pytest.mark.usefixtures("home")
async def test_closed_while_waiting_for_approval(
    hass: HomeAssistant, world: World, freezer: FrozenDateTimeFactory
) -> None:
    """The PIN is polled slowly until it has expired, as it may still be approved."""
    result = await start_flow(hass, "sign_in")
    await advance(hass, freezer, 4, step=2)
    await close(hass, result)
    world.requests.clear()
    await advance(hass, freezer, 30 * MINUTE)
    assert 10 <= len(world.requests) <= 15
    assert world.requests[-1].at <= freezer().timestamp() - 15 * MINUTE


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize("minutes", [0, 5, 14])
async def test_approved_after_the_dialog_was_closed(
    hass: HomeAssistant,
    world: World,
    owner: Account,
    freezer: FrozenDateTimeFactory,
    minutes: int,
) -> None:
    """The token is signed out at plex.tv, and polling ends."""
    result = await start_flow(hass, "sign_in")
    await close(hass, result)
    await advance(hass, freezer, minutes * MINUTE)
    world.plex_tv.approve_pin(placeholders_of(result)["code"], owner)
    assert len(world.plex_tv.devices_of(owner)) == 1
    await advance(hass, freezer, MINUTE, step=5)
    assert world.plex_tv.devices_of(owner) == []
    assert len(world.requests.to("plex.tv", SIGN_OUT)) == 1
    world.requests.clear()
    await advance(hass, freezer, 30 * MINUTE)
    assert len(world.requests) == 0


@pytest.mark.usefixtures("home")
async def test_closed_while_plex_tv_fails(
    hass: HomeAssistant, world: World, freezer: FrozenDateTimeFactory
) -> None:
    """The polls fail without a warning in the log."""
    await close(hass, await start_flow(hass, "sign_in"))
    fail_plex_tv(world)
    await advance(hass, freezer, 30 * MINUTE)
    assert world.requests[-1].status == 503


@pytest.mark.usefixtures("home")
async def test_home_assistant_stops_after_the_dialog_was_closed(
    hass: HomeAssistant, world: World, freezer: FrozenDateTimeFactory
) -> None:
    """Polling ends."""
    await close(hass, await start_flow(hass, "sign_in"))
    await hass.async_stop(force=True)
    world.requests.clear()
    freezer.tick(2 * MINUTE)
    await settle(hass)
    assert len(world.requests) == 0


@quickly
@pytest.mark.usefixtures("home")
async def test_left_open_after_the_sign_in(
    hass: HomeAssistant, world: World, owner: Account, freezer: FrozenDateTimeFactory
) -> None:
    """As by a page that was reloaded: the flow ends after an hour, and the token is signed out."""
    result = await sign_in(hass, world, await start_flow(hass), owner)
    await advance(hass, freezer, 59 * MINUTE)
    assert step_of(await reopen(hass, result)) == "verify"
    await advance(hass, freezer, 2 * MINUTE)
    assert hass.config_entries.flow.async_progress() == []
    assert world.plex_tv.devices_of(owner) == []


@quickly
@pytest.mark.usefixtures("home")
async def test_closed_while_the_pin_is_created(hass: HomeAssistant, world: World) -> None:
    """The PIN is not polled."""
    result = await start_flow(hass)
    await close_during(hass, result, world.plex_tv.faults, PINS, select(hass, result, "sign_in"))
    await settle(hass)
    assert not world.requests.to("plex.tv", method="GET")


@quickly
@pytest.mark.usefixtures("home")
async def test_selected_twice(hass: HomeAssistant, world: World, owner: Account) -> None:
    """Of two PINs only the one that is shown is polled."""
    result = await start_flow(hass)
    await asyncio.gather(select(hass, result, "sign_in"), select(hass, result, "sign_in"))
    result = await reopen(hass, result)
    assert len(world.plex_tv.waiting_pins()) == 2
    world.requests.clear()
    await eventually(hass, lambda: len(world.requests) >= 3)
    code = placeholders_of(result)["code"]
    [shown] = [pin for pin in world.plex_tv.waiting_pins() if pin.code == code]
    assert {record.path for record in world.requests} == {f"{PINS}/{shown.id}"}
    assert step_of(await approve(hass, world, result, owner)) == "verify"


@quickly
@pytest.mark.usefixtures("home")
async def test_closed_after_the_sign_in(hass: HomeAssistant, world: World, owner: Account) -> None:
    """A token that no entry uses is signed out."""
    result = await sign_in(hass, world, await start_flow(hass), owner)
    assert world.plex_tv.devices_of(owner)
    await close(hass, result)
    assert world.plex_tv.devices_of(owner) == []
    assert hass.config_entries.async_entries(DOMAIN) == []


@quickly
@pytest.mark.usefixtures("home")
async def test_closed_after_the_sign_in_while_plex_tv_fails(
    hass: HomeAssistant, world: World, owner: Account
) -> None:
    """The sign-out is tried, and fails without a warning in the log."""
    result = await sign_in(hass, world, await start_flow(hass), owner)
    fail_plex_tv(world)
    await close(hass, result)
    assert [record.status for record in world.requests.to("plex.tv", SIGN_OUT)] == [503]
