"""The sign-in with a PIN, whatever plex.tv and the people in front of it do."""

import asyncio

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import (
    FlowResultType,
    UnknownFlow,
)
import pytest

from custom_components.plex_monitor.const import (
    DOMAIN,
)
from tests.simulator import Account, Fault, PlexServer, World
from tests.support.flows import (
    RESOURCES,
    SIGN_OUT,
    after_progress,
    approve,
    at,
    begin,
    begin_with,
    choose,
    close,
    error_of,
    filled_in,
    look_again,
    lose_plex_tv,
    sign_in,
    submit,
)
from tests.support.helpers import advance, eventually, settle

PINS = "/api/v2/pins"
MINUTE = 60

# Everything here is about the flow alone. Where time is frozen, the pace is the real one.
pytestmark = pytest.mark.usefixtures("mock_setup_entry")
quickly = pytest.mark.usefixtures("quick_polling")


# plex.tv in trouble


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
async def test_no_pin_to_be_had(
    hass: HomeAssistant,
    world: World,
    owner: Account,
    fault: Fault,
    error: str,
    minutes: str | None,
) -> None:
    """What is wrong stands on a form, whose button tries again."""
    world.plex_tv.faults.set(fault, paths=PINS)
    result = await begin_with(hass, "sign_in")
    assert at(result) == "sign_in_failed"
    assert error_of(result) == error
    assert filled_in(result).get("minutes") == minutes
    assert error_of(await look_again(hass, result)) == error

    result = await submit(hass, result)
    assert error_of(result) == error

    world.plex_tv.faults.clear()
    result = await approve(hass, world, await submit(hass, result), owner)
    assert (await submit(hass, result))["type"] is FlowResultType.CREATE_ENTRY


@quickly
@pytest.mark.usefixtures("home")
async def test_expired_pin_is_replaced_by_one_click(
    hass: HomeAssistant, world: World, owner: Account
) -> None:
    """The new one has another code."""
    first = await begin_with(hass, "sign_in")
    world.plex_tv.expire_pin(filled_in(first)["code"])
    result = await after_progress(hass, first)
    assert at(result) == "pin_expired"
    assert at(await look_again(hass, result)) == "pin_expired"

    result = await submit(hass, result)
    assert filled_in(result)["code"] != filled_in(first)["code"]
    result = await approve(hass, world, result, owner)
    assert (await submit(hass, result))["type"] is FlowResultType.CREATE_ENTRY


@pytest.mark.usefixtures("home")
async def test_nobody_comes(
    hass: HomeAssistant, world: World, freezer: FrozenDateTimeFactory
) -> None:
    """A PIN is not asked for longer than it lives, even by a plex.tv that forgets the end."""
    result = await begin_with(hass, "sign_in")
    world.plex_tv.waiting_pins()[0].expires_at += 10_000
    # Trouble that is over is not what is named at the end.
    rule = world.plex_tv.faults.set(Fault.status(502), times=1)
    await advance(hass, freezer, 899, step=300)
    assert (await look_again(hass, result))["type"] is FlowResultType.SHOW_PROGRESS
    await advance(hass, freezer, 2)
    result = await look_again(hass, result)
    assert at(result) == "pin_expired"
    assert rule.hits == 1


@quickly
@pytest.mark.usefixtures("home")
async def test_approval_outlasts_trouble_at_plex_tv(
    hass: HomeAssistant, world: World, owner: Account
) -> None:
    """A plex.tv that fails for a moment costs nothing."""
    result = await begin_with(hass, "sign_in")
    rule = world.plex_tv.faults.set(Fault.status(502), paths=PINS, times=3)
    world.plex_tv.approve_pin(filled_in(result)["code"], owner)
    await eventually(hass, lambda: rule.hits == 3)
    rule = world.plex_tv.faults.set(Fault.GARBLED, paths=rf"{PINS}/\d", times=1)
    result = await after_progress(hass, result)
    assert at(result) == "verify"
    assert rule.hits == 1


@pytest.mark.usefixtures("home")
async def test_plex_tv_is_asked_no_sooner_than_it_wishes(
    hass: HomeAssistant, world: World, owner: Account, freezer: FrozenDateTimeFactory
) -> None:
    """Retry-After holds for the next question."""
    result = await begin_with(hass, "sign_in")
    world.plex_tv.faults.set(Fault.status(429, retry_after=60), paths=PINS, times=1)
    world.plex_tv.approve_pin(filled_in(result)["code"], owner)
    await advance(hass, freezer, 3)
    asked = len(world.requests.to("plex.tv"))
    await advance(hass, freezer, 50)
    assert len(world.requests.to("plex.tv")) == asked
    await advance(hass, freezer, 20)
    assert at(await look_again(hass, result)) == "verify"


@pytest.mark.usefixtures("home")
async def test_plex_tv_stays_away_until_the_pin_has_expired(
    hass: HomeAssistant, world: World, owner: Account, freezer: FrozenDateTimeFactory
) -> None:
    """Then it is plex.tv that is named, not the person who did not come."""
    result = await begin_with(hass, "sign_in")
    lose_plex_tv(world)
    await advance(hass, freezer, 905, step=300)
    result = await look_again(hass, result)
    assert at(result) == "sign_in_failed"
    assert error_of(result) == "plex_tv_unreachable"

    world.plex_tv.faults.clear()
    result = await submit(hass, result)
    world.plex_tv.approve_pin(filled_in(result)["code"], owner)
    await advance(hass, freezer, 2)
    assert at(await look_again(hass, result)) == "verify"


@quickly
@pytest.mark.usefixtures("home")
async def test_plex_tv_fails_right_after_the_approval(
    hass: HomeAssistant, world: World, owner: Account
) -> None:
    """The sign-in is not asked for again."""
    result = await begin_with(hass, "sign_in")
    lose_plex_tv(world, RESOURCES)
    result = await approve(hass, world, result, owner)
    assert at(result) == "signed_in"
    assert error_of(result) == "plex_tv_unreachable"
    result = await submit(hass, result)
    assert at(result) == "signed_in"

    world.plex_tv.faults.clear()
    result = await submit(hass, result)
    assert at(result) == "verify"
    assert len(world.requests.to("plex.tv", PINS, "POST")) == 1


@quickly
async def test_two_browsers_go_on_after_the_approval(
    hass: HomeAssistant, world: World, owner: Account, home: PlexServer
) -> None:
    """Home Assistant itself is one of them; both see the same, and nothing is asked twice."""
    result = await begin_with(hass, "sign_in")
    rule = world.plex_tv.faults.set(Fault.slow(0.05), paths="/api/v2/user$")
    world.plex_tv.approve_pin(filled_in(result)["code"], owner)
    first = hass.async_create_task(after_progress(hass, result))
    await eventually(hass, lambda: rule.hits)
    second = await look_again(hass, result)
    assert at(await first) == at(second) == "verify"
    assert rule.hits == 1
    assert len(world.requests.to(home.name, "/status/sessions")) == 1


@quickly
@pytest.mark.usefixtures("home")
async def test_pin_without_a_picture(hass: HomeAssistant, world: World, owner: Account) -> None:
    """Link and code do without it."""
    world.plex_tv.faults.set(
        Fault.json({"id": 1, "code": "ABCD", "expiresIn": 900}, code=201), paths=PINS, times=1
    )
    result = await begin_with(hass, "sign_in")
    assert result["progress_action"] == "wait_for_approval_without_qr"
    assert filled_in(result) == {
        "code": "ABCD",
        "link": f"{world.plex_tv.url}/link/?pin=ABCD",
    }
    await close(hass, result)


# The dialog is closed


@pytest.mark.usefixtures("home")
async def test_closed_while_it_waits(
    hass: HomeAssistant, world: World, freezer: FrozenDateTimeFactory
) -> None:
    """The PIN is looked at now and then until it has expired: somebody may still approve it."""
    result = await begin_with(hass, "sign_in")
    await advance(hass, freezer, 4, step=2)
    await close(hass, result)
    world.requests.clear()
    await advance(hass, freezer, 30 * MINUTE)
    assert 10 <= len(world.requests) <= 15
    assert world.requests[-1].at <= freezer().timestamp() - 15 * MINUTE


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize("minutes", [0, 5, 14])
async def test_approved_after_it_was_closed(
    hass: HomeAssistant,
    world: World,
    owner: Account,
    freezer: FrozenDateTimeFactory,
    minutes: int,
) -> None:
    """No device is left at plex.tv, and nothing is asked any more."""
    result = await begin_with(hass, "sign_in")
    await close(hass, result)
    await advance(hass, freezer, minutes * MINUTE)
    world.plex_tv.approve_pin(filled_in(result)["code"], owner)
    assert len(world.plex_tv.devices_of(owner)) == 1
    await advance(hass, freezer, MINUTE, step=5)
    assert world.plex_tv.devices_of(owner) == []
    assert len(world.requests.to("plex.tv", SIGN_OUT)) == 1
    world.requests.clear()
    await advance(hass, freezer, 30 * MINUTE)
    assert len(world.requests) == 0


@pytest.mark.usefixtures("home")
async def test_approved_after_it_was_closed_and_plex_tv_is_away(
    hass: HomeAssistant, world: World, freezer: FrozenDateTimeFactory
) -> None:
    """Nobody is troubled."""
    await close(hass, await begin_with(hass, "sign_in"))
    lose_plex_tv(world)
    await advance(hass, freezer, 30 * MINUTE)
    assert world.requests[-1].status == 503


@pytest.mark.usefixtures("home")
async def test_home_assistant_stops_after_it_was_closed(
    hass: HomeAssistant, world: World, freezer: FrozenDateTimeFactory
) -> None:
    """Nothing is waited for."""
    await close(hass, await begin_with(hass, "sign_in"))
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
    """As by a page that was reloaded: it ends after an hour, and leaves no device at plex.tv."""
    result = await sign_in(hass, world, await begin(hass), owner)
    await advance(hass, freezer, 59 * MINUTE)
    assert at(await look_again(hass, result)) == "verify"
    await advance(hass, freezer, 2 * MINUTE)
    assert hass.config_entries.flow.async_progress() == []
    assert world.plex_tv.devices_of(owner) == []


@quickly
@pytest.mark.usefixtures("home")
async def test_closed_while_the_pin_is_fetched(hass: HomeAssistant, world: World) -> None:
    """A PIN that comes too late is not waited for."""
    result = await begin(hass)
    rule = world.plex_tv.faults.set(Fault.slow(0.05), paths=PINS)
    choice = hass.async_create_task(choose(hass, result, "sign_in"))
    await eventually(hass, lambda: rule.hits)
    await close(hass, result)
    with pytest.raises(UnknownFlow):
        await choice
    await settle(hass)
    assert not world.requests.to("plex.tv", method="GET")


@quickly
@pytest.mark.usefixtures("home")
async def test_chosen_twice(hass: HomeAssistant, world: World, owner: Account) -> None:
    """Of two PINs only the one that is shown is waited for."""
    result = await begin(hass)
    await asyncio.gather(choose(hass, result, "sign_in"), choose(hass, result, "sign_in"))
    result = await look_again(hass, result)
    assert len(world.plex_tv.waiting_pins()) == 2
    world.requests.clear()
    await eventually(hass, lambda: len(world.requests) >= 3)
    shown = [pin for pin in world.plex_tv.waiting_pins() if pin.code == filled_in(result)["code"]]
    assert {record.path for record in world.requests} == {f"{PINS}/{shown[0].id}"}
    assert at(await approve(hass, world, result, owner)) == "verify"


@quickly
@pytest.mark.usefixtures("home")
async def test_closed_after_the_sign_in(hass: HomeAssistant, world: World, owner: Account) -> None:
    """What was signed in and is used for nothing is signed out again."""
    result = await sign_in(hass, world, await begin(hass), owner)
    assert world.plex_tv.devices_of(owner)
    await close(hass, result)
    assert world.plex_tv.devices_of(owner) == []
    assert hass.config_entries.async_entries(DOMAIN) == []


@quickly
@pytest.mark.usefixtures("home")
async def test_closed_after_the_sign_in_without_plex_tv(
    hass: HomeAssistant, world: World, owner: Account
) -> None:
    """Signing out is tried, and nobody is troubled when it fails."""
    result = await sign_in(hass, world, await begin(hass), owner)
    lose_plex_tv(world)
    await close(hass, result)
    assert [record.status for record in world.requests.to("plex.tv", SIGN_OUT)] == [503]
