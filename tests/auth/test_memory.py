"""The state of a token outlives reloads, and the setup retries while a server is unavailable."""

from homeassistant.config_entries import ConfigEntryDisabler
from homeassistant.const import STATE_OFF, STATE_ON
from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.plex_monitor.auth.memory import TokenMemory
from custom_components.plex_monitor.const import TokenSource
from custom_components.plex_monitor.events.last_reported import LastReported
from custom_components.plex_monitor.plex.token_health import TokenHealth
from tests.simulator import Account, Fault, PlexServer, World
from tests.support.entries import (
    UNREADABLE,
    entry_of,
    healthy,
    issues_of,
    set_up,
    state_of,
)
from tests.support.helpers import settle
from tests.support.tokens import (
    DAY,
    HOUR,
    MINUTE,
    PROBLEM,
    SERVER,
    Elapse,
    account_checks,
    assert_no_problem,
    assert_token_invalid,
    revoke_token,
    sign_in_at_prompt,
)


async def test_reload_does_not_check_the_token_with_plex_tv_again(
    hass: HomeAssistant, world: World, loaded_entry: MockConfigEntry
) -> None:
    """Users who try things out reload a lot."""
    for _ in range(10):
        await hass.config_entries.async_reload(loaded_entry.entry_id)
        await settle(hass)
    assert account_checks(world) == 1
    healthy(hass)


@pytest.mark.allowed_logs(UNREADABLE)
async def test_reload_does_not_change_since(
    hass: HomeAssistant, revoked_entry: MockConfigEntry, elapse: Elapse
) -> None:
    """The token became invalid before the reload."""
    before = hass.states.get(PROBLEM)
    assert before is not None
    assert before.state == STATE_ON

    await elapse(HOUR)
    await hass.config_entries.async_reload(revoked_entry.entry_id)
    await settle(hass)
    after = hass.states.get(PROBLEM)
    assert after is not None
    assert after.state == STATE_ON
    assert after.attributes["since"] == before.attributes["since"]
    assert issues_of(hass) == ["plex_monitor.token_invalid"]


@pytest.mark.allowed_logs(UNREADABLE)
async def test_time_without_polls_does_not_count_as_time_of_refusals(
    hass: HomeAssistant, home: PlexServer, friend: Account, elapse: Elapse
) -> None:
    """Where the server alone decides, it has to refuse without interruption."""
    entry = entry_of(home, server_token=home.share_with(friend), source=TokenSource.PASTED)
    await set_up(hass, entry)
    home.unshare(friend)
    await elapse(20 * MINUTE)
    await hass.config_entries.async_unload(entry.entry_id)
    await elapse(HOUR)
    await hass.config_entries.async_setup(entry.entry_id)
    await elapse(20 * MINUTE)
    assert issues_of(hass) == ["plex_monitor.token_temporary"]
    await elapse(15 * MINUTE)
    assert issues_of(hass) == ["plex_monitor.token_invalid"]


def test_repr_of_stored_state_does_not_contain_the_tokens() -> None:
    """It may be logged."""
    memory = TokenMemory(
        tokens=("account-secret", "server-secret"),
        health=TokenHealth(has_account_token=True),
        has_checked_plex_tv=True,
    )
    assert "secret" not in repr((memory, LastReported(tokens=memory.tokens)))


@pytest.mark.allowed_logs(UNREADABLE)
async def test_token_that_is_invalid_when_home_assistant_starts_without_the_server_is_reported(
    hass: HomeAssistant,
    world: World,
    home: PlexServer,
    owner: Account,
    entry: MockConfigEntry,
    elapse: Elapse,
) -> None:
    """The server may be unavailable for days when Home Assistant starts."""
    await home.stop()
    revoke_token(world, entry)
    await set_up(hass, entry)
    assert issues_of(hass) == []
    await elapse(MINUTE, step=5)
    assert_token_invalid(hass)

    result = await sign_in_at_prompt(hass, world, owner)
    assert result["reason"] == "reauth_successful"
    await settle(hass)
    assert issues_of(hass) == []

    await home.start()
    await elapse(3 * MINUTE, step=5)
    assert state_of(hass, SERVER) == STATE_ON
    healthy(hass)


@pytest.mark.allowed_logs(UNREADABLE)
async def test_repair_is_deleted_when_plex_tv_accepts_the_token_while_the_server_is_down(
    hass: HomeAssistant, world: World, home: PlexServer, entry: MockConfigEntry, elapse: Elapse
) -> None:
    """plex.tv refused all tokens for a while; the server is unavailable all the time."""
    await home.stop()
    refusing = world.plex_tv.faults.set(Fault.UNAUTHORIZED)
    await set_up(hass, entry)
    await elapse(2 * MINUTE, step=5)
    assert issues_of(hass) == ["plex_monitor.token_invalid"]

    world.plex_tv.faults.clear(refusing)
    await elapse(30 * MINUTE)
    assert state_of(hass, SERVER) == STATE_OFF
    assert_no_problem(hass)


@pytest.mark.allowed_logs(UNREADABLE)
async def test_server_that_is_down_causes_no_flood_of_plex_tv(
    hass: HomeAssistant, world: World, home: PlexServer, entry: MockConfigEntry, elapse: Elapse
) -> None:
    """It is polled every half a minute, without a check with plex.tv each time."""
    await home.stop()
    await set_up(hass, entry)
    await elapse(DAY)
    assert 4 <= account_checks(world) <= 6
    assert issues_of(hass) == []


@pytest.mark.allowed_logs(UNREADABLE)
async def test_nothing_is_reported_while_neither_server_nor_plex_tv_responds(
    hass: HomeAssistant, world: World, home: PlexServer, entry: MockConfigEntry, elapse: Elapse
) -> None:
    """After a power cut Home Assistant may start first."""
    await home.stop()
    await world.plex_tv.stop()
    await set_up(hass, entry)
    await elapse(HOUR)
    assert issues_of(hass) == []

    await world.plex_tv.start()
    await home.start()
    await elapse(20 * MINUTE)
    healthy(hass)


@pytest.mark.allowed_logs(UNREADABLE)
async def test_token_is_checked_anew_when_its_entry_is_enabled_again(
    hass: HomeAssistant, revoked_entry: MockConfigEntry, elapse: Elapse
) -> None:
    """The repair was deleted with the entry disabled, and is created again if it still applies."""
    entry_id = revoked_entry.entry_id
    await hass.config_entries.async_set_disabled_by(entry_id, ConfigEntryDisabler.USER)
    await settle(hass)
    assert issues_of(hass) == []

    await hass.config_entries.async_set_disabled_by(entry_id, None)
    await settle(hass)
    assert state_of(hass, PROBLEM) == STATE_OFF
    await elapse(2 * MINUTE, step=5)
    assert issues_of(hass) == ["plex_monitor.token_invalid"]
