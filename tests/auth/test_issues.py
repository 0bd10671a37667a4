"""Repairs are deleted with their cause, and stay ignored if the user ignored them."""

from homeassistant.config_entries import ConfigEntryDisabler
from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.plex_monitor.auth.memory import async_forget_token
from custom_components.plex_monitor.const import TokenSource
from tests.simulator import Account, PlexServer, World
from tests.support.entries import UNREADABLE, entry_of, issues_of, set_up, state_of
from tests.support.helpers import settle
from tests.support.tokens import (
    HOUR,
    MINUTE,
    STATUS,
    Elapse,
    assert_issue_is_ignored,
    assert_no_problem,
    ignore_issue,
    revoke_token,
)


@pytest.mark.allowed_logs(UNREADABLE)
@pytest.mark.parametrize("end", ["disabled", "removed"])
async def test_nothing_is_left_of_an_entry_that_is_disabled_or_removed(
    hass: HomeAssistant, world: World, revoked_entry: MockConfigEntry, elapse: Elapse, end: str
) -> None:
    """There is no repair and no prompt any more, and no request but that of the sign-out.

    plex.tv refuses that of a token that was revoked, which counts once it is repeated.
    """
    entry_id = revoked_entry.entry_id
    assert issues_of(hass) == ["plex_monitor.token_invalid"]

    if end == "disabled":
        await hass.config_entries.async_set_disabled_by(entry_id, ConfigEntryDisabler.USER)
    else:
        await hass.config_entries.async_remove(entry_id)
    await settle(hass)
    assert_no_problem(hass)
    world.requests.clear()
    await elapse(6 * HOUR, step=5 * MINUTE)
    expected = [] if end == "disabled" else [("plex.tv", "/api/v2/users/signout")]
    assert [(request.host, request.path) for request in world.requests] == expected


@pytest.mark.allowed_logs(UNREADABLE)
async def test_nothing_is_left_of_an_entry_that_is_disabled_while_its_server_is_down(
    hass: HomeAssistant, home: PlexServer, revoked_entry: MockConfigEntry
) -> None:
    """It is loaded as ever."""
    entry_id = revoked_entry.entry_id
    await home.stop()
    await hass.config_entries.async_reload(entry_id)
    assert issues_of(hass) == ["plex_monitor.token_invalid"]
    await hass.config_entries.async_set_disabled_by(entry_id, ConfigEntryDisabler.USER)
    assert issues_of(hass) == []


@pytest.mark.allowed_logs(UNREADABLE)
@pytest.mark.parametrize("away", ["plex.tv", "server"])
async def test_temporary_token_has_a_repair_as_soon_as_the_server_or_plex_tv_accepts_it(
    hass: HomeAssistant, world: World, home: PlexServer, owner: Account, away: str
) -> None:
    """It takes only one of the two."""
    token = world.plex_tv.sign_in(owner, client_identifier="browser", product="Plex Web")
    await (world.plex_tv if away == "plex.tv" else home).stop()
    entry = entry_of(home, account_token=token, server_token=token, source=TokenSource.PASTED)
    await set_up(hass, entry)
    assert issues_of(hass) == ["plex_monitor.token_temporary"]


@pytest.mark.allowed_logs(UNREADABLE)
async def test_ignored_repair_stays_ignored_through_a_reload(
    hass: HomeAssistant, revoked_entry: MockConfigEntry, elapse: Elapse
) -> None:
    """The problem is still the one that the user ignored."""
    ignore_issue(hass, revoked_entry)

    await hass.config_entries.async_reload(revoked_entry.entry_id)
    await elapse(2 * MINUTE, step=5)
    assert_issue_is_ignored(hass, revoked_entry)
    assert state_of(hass, STATUS) == "invalid"


@pytest.mark.allowed_logs(UNREADABLE)
async def test_ignored_repair_stays_ignored_through_a_restart(
    hass: HomeAssistant, world: World, home: PlexServer, entry: MockConfigEntry, elapse: Elapse
) -> None:
    """It is not deleted before plex.tv was asked, because the server accepts any token."""
    home.allowed_without_auth = True
    await set_up(hass, entry)
    revoke_token(world, entry)
    await elapse(6 * HOUR, step=MINUTE)
    ignore_issue(hass, entry)

    await hass.config_entries.async_unload(entry.entry_id)
    # Home Assistant stores ignored issues, but not the state of the token.
    async_forget_token(hass, entry.entry_id)
    await hass.config_entries.async_setup(entry.entry_id)
    await elapse(20 * MINUTE)
    assert_issue_is_ignored(hass, entry)
    await elapse(HOUR)
    assert_issue_is_ignored(hass, entry)
    assert state_of(hass, STATUS) == "invalid"
