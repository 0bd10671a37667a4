"""Sign-out of tokens at plex.tv, in the background and until it succeeds."""

import logging
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.const import EVENT_HOMEASSISTANT_STOP
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.plex_monitor.auth.sign_out import async_sign_out
from custom_components.plex_monitor.auth.unfinished import (
    MAX_SIGN_OUTS,
    STORAGE_KEY,
    STORAGE_VERSION,
)
from custom_components.plex_monitor.const import CONF_ACCOUNT_TOKEN, DOMAIN
from tests.simulator import Account, Fault, World
from tests.support.entries import issues_of, set_up
from tests.support.helpers import advance, settle
from tests.support.unfinished import restart

DAY = 24 * 3600
DEVICE = "Home Assistant (test home, Attic)"
LEFT = "plex_monitor.device_left"


def sign_in(world: World, owner: Account, number: int = 1) -> tuple[str, str]:
    """Return the client identifier and the token of a new device of our own."""
    client_identifier = f"home-assistant-{number}"
    token = world.plex_tv.sign_in(owner, client_identifier=client_identifier, product="x")
    return client_identifier, token


def devices_left(hass: HomeAssistant) -> list[str]:
    """Return the devices that the repairs name."""
    return [
        (issue.translation_placeholders or {})["device"]
        for issue in ir.async_get(hass).issues.values()
        if issue.translation_key == "device_left"
    ]


async def test_token_is_signed_out(
    hass: HomeAssistant, hass_storage: dict[str, Any], world: World, owner: Account
) -> None:
    """Nothing is stored afterwards."""
    identifier, token = sign_in(world, owner)
    async_sign_out(hass, identifier, token)
    await settle(hass)
    assert not world.plex_tv.is_valid(token)
    assert STORAGE_KEY not in hass_storage
    assert issues_of(hass) == []


async def test_token_that_was_signed_out_before(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    hass_storage: dict[str, Any],
    world: World,
    owner: Account,
) -> None:
    """The token is not stored any more once plex.tv has refused it twice."""
    identifier, token = sign_in(world, owner)
    world.plex_tv.revoke(token)
    async_sign_out(hass, identifier, token)
    await advance(hass, freezer, 3600)
    assert STORAGE_KEY in hass_storage
    await advance(hass, freezer, 1200)
    assert STORAGE_KEY not in hass_storage
    assert len(world.requests.to(path="/api/v2/users/signout")) == 2


async def test_plex_tv_refuses_everybody_for_an_hour(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    hass_storage: dict[str, Any],
    world: World,
    owner: Account,
) -> None:
    """A token that plex.tv refuses by mistake is signed out when plex.tv works again."""
    identifier, token = sign_in(world, owner)
    world.plex_tv.faults.set(Fault.UNAUTHORIZED)
    async_sign_out(hass, identifier, token)
    await advance(hass, freezer, 3600)
    world.plex_tv.faults.clear()
    assert world.plex_tv.is_valid(token)
    await advance(hass, freezer, 1200)
    assert not world.plex_tv.is_valid(token)
    assert STORAGE_KEY not in hass_storage


async def test_sign_out_is_attempted_until_plex_tv_is_back(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    hass_storage: dict[str, Any],
    world: World,
    owner: Account,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The token is kept in the private store meanwhile, and is in no line of the log."""
    caplog.set_level(logging.DEBUG)
    identifier, token = sign_in(world, owner)
    rule = world.plex_tv.faults.set(Fault.status(503))
    async_sign_out(hass, identifier, token)
    await advance(hass, freezer, 3600)
    assert 3 <= rule.hits <= 5
    assert [one["token"] for one in hass_storage[STORAGE_KEY]["data"]["sign_outs"]] == [token]
    assert issues_of(hass) == []

    world.plex_tv.faults.clear()
    await advance(hass, freezer, 2 * 3600)
    assert not world.plex_tv.is_valid(token)
    assert STORAGE_KEY not in hass_storage
    # The stand-in for the storage of Home Assistant logs what it writes, which that does not.
    ours = [one.getMessage() for one in caplog.records if one.name.startswith("custom_components.")]
    assert any("could not be signed out" in line for line in ours)
    assert not any(token in line for line in ours)


async def test_sign_out_continues_after_a_restart(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    hass_storage: dict[str, Any],
    world: World,
    owner: Account,
) -> None:
    """A token that is to be signed out before the store has been read is not lost either."""
    identifier, token = sign_in(world, owner)
    other_identifier, other = sign_in(world, owner, 2)
    world.plex_tv.faults.set(Fault.status(503))
    async_sign_out(hass, identifier, token)
    await settle(hass)
    restart(hass)
    async_sign_out(hass, other_identifier, other)
    await settle(hass)
    stored = [one["token"] for one in hass_storage[STORAGE_KEY]["data"]["sign_outs"]]
    assert stored == [token, other]

    world.plex_tv.faults.clear()
    await advance(hass, freezer, 120)
    assert not world.plex_tv.is_valid(token)
    assert not world.plex_tv.is_valid(other)
    assert STORAGE_KEY not in hass_storage


async def test_device_that_is_left_is_a_repair(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    world: World,
    owner: Account,
) -> None:
    """It names the device, outlives a restart, can be ignored, and goes when the device does."""
    identifier, token = sign_in(world, owner)
    world.plex_tv.faults.set(Fault.status(503))
    async_sign_out(hass, identifier, token, server_name="Attic")
    await advance(hass, freezer, DAY - 3600, step=60)
    assert issues_of(hass) == []
    await advance(hass, freezer, 8 * 3600, step=60)
    assert issues_of(hass) == [LEFT]
    [issue] = ir.async_get(hass).issues.values()
    assert issue.translation_placeholders == {"device": DEVICE}
    assert issue.is_persistent
    assert issue.severity is ir.IssueSeverity.WARNING
    assert token not in repr(issue)
    assert identifier not in repr(issue)

    ir.async_ignore_issue(hass, DOMAIN, issue.issue_id, ignore=True)
    restart(hass)
    await advance(hass, freezer, 8 * 3600, step=60)
    [issue] = ir.async_get(hass).issues.values()
    assert issue.dismissed_version is not None

    world.plex_tv.faults.clear()
    world.plex_tv.remove_device(identifier)
    await advance(hass, freezer, 8 * 3600, step=60)
    assert issues_of(hass) == []


async def test_attempts_end(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    hass_storage: dict[str, Any],
    world: World,
    owner: Account,
) -> None:
    """The token is not kept for ever; the repair stays."""
    identifier, token = sign_in(world, owner)
    world.plex_tv.faults.set(Fault.status(503))
    async_sign_out(hass, identifier, token, server_name="Attic")
    await advance(hass, freezer, 31 * DAY, step=3600)
    assert STORAGE_KEY not in hass_storage
    assert devices_left(hass) == [DEVICE]
    world.requests.clear()
    await advance(hass, freezer, 2 * DAY, step=3600)
    assert len(world.requests) == 0


async def test_number_of_sign_outs_is_limited(
    hass: HomeAssistant, hass_storage: dict[str, Any], world: World, owner: Account
) -> None:
    """The oldest is given up, with its repair."""
    world.plex_tv.faults.set(Fault.status(503))
    for number in range(MAX_SIGN_OUTS + 1):
        async_sign_out(hass, *sign_in(world, owner, number), server_name=f"Server {number}")
        await settle(hass)
    assert len(hass_storage[STORAGE_KEY]["data"]["sign_outs"]) == MAX_SIGN_OUTS
    assert devices_left(hass) == ["Home Assistant (test home, Server 0)"]


async def test_last_entry_is_removed_and_home_assistant_stops(
    hass: HomeAssistant, world: World, entry: MockConfigEntry
) -> None:
    """Without an entry the integration is not loaded again, so the repair is created before."""
    await set_up(hass, entry)
    world.plex_tv.faults.set(Fault.HANG)
    await hass.config_entries.async_remove(entry.entry_id)
    await settle(hass)
    assert issues_of(hass) == []
    hass.bus.async_fire(EVENT_HOMEASSISTANT_STOP)
    await settle(hass)
    assert devices_left(hass) == ["Home Assistant (test home, Home)"]


async def test_token_that_an_entry_uses_again_is_kept(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    hass_storage: dict[str, Any],
    world: World,
    entry: MockConfigEntry,
) -> None:
    """The entry may have been restored from a backup."""
    await set_up(hass, entry)
    token = entry.data[CONF_ACCOUNT_TOKEN]
    hass_storage[STORAGE_KEY] = {
        "version": STORAGE_VERSION,
        "key": STORAGE_KEY,
        "data": {
            "sign_outs": [
                {
                    "client_identifier": "home-assistant-1",
                    "token": token,
                    "device": DEVICE,
                    "requested_at": "2026-01-01T00:00:00+00:00",
                    "key": "0",
                }
            ]
        },
    }
    restart(hass)
    await advance(hass, freezer, 60)
    assert world.plex_tv.is_valid(token)
    assert STORAGE_KEY not in hass_storage
