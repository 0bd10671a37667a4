"""What is known of a token outlives a reload, and the tries to set up a server that is away."""

from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import ConfigEntryDisabler, ConfigEntryState
from homeassistant.const import STATE_OFF, STATE_ON
from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.plex_monitor.auth.memory import TokenMemory
from custom_components.plex_monitor.const import CONF_ACCOUNT_TOKEN, TokenSource
from custom_components.plex_monitor.events.last_reported import LastReported
from custom_components.plex_monitor.plex.token_health import TokenHealth
from tests.simulator import Account, Fault, PlexServer, World
from tests.support.entries import (
    UNREADABLE,
    entry_of,
    healthy,
    issues_of,
    reauths_of,
    set_up,
    state_of,
)
from tests.support.flows import sign_in
from tests.support.helpers import advance, settle

MINUTE = 60
HOUR = 3600

SERVER = "binary_sensor.home_server"
PROBLEM = "binary_sensor.home_token_problem"


def state_now(entry: MockConfigEntry) -> ConfigEntryState:
    """Return the state of the entry, which changes behind a type checker's back."""
    return entry.state


def asked_plex_tv(world: World) -> int:
    """Return how often plex.tv was asked whether the account token is good."""
    return len(world.requests.to(host="plex.tv", path="/api/v2/user"))


async def test_reloads_do_not_ask_plex_tv_what_it_said_a_moment_ago(
    hass: HomeAssistant, world: World, entry: MockConfigEntry
) -> None:
    """Whoever tries things out reloads a lot."""
    await set_up(hass, entry)
    for _ in range(10):
        await hass.config_entries.async_reload(entry.entry_id)
        await settle(hass)
    assert asked_plex_tv(world) == 1
    healthy(hass)


@pytest.mark.allowed_logs(UNREADABLE)
async def test_reload_keeps_since_when_the_token_is_dead(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, world: World, entry: MockConfigEntry
) -> None:
    """The reload is not when it died."""
    await set_up(hass, entry)
    world.plex_tv.revoke(entry.data[CONF_ACCOUNT_TOKEN])
    await advance(hass, freezer, 2 * MINUTE, step=5)
    before = hass.states.get(PROBLEM)
    assert before is not None
    assert before.state == STATE_ON

    await advance(hass, freezer, HOUR)
    await hass.config_entries.async_reload(entry.entry_id)
    await settle(hass)
    after = hass.states.get(PROBLEM)
    assert after is not None
    assert after.state == STATE_ON
    assert after.attributes["since"] == before.attributes["since"]
    assert issues_of(hass) == ["plex_monitor.token_invalid"]


@pytest.mark.allowed_logs(UNREADABLE)
async def test_time_in_which_nobody_looked_is_not_time_of_refusing(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, home: PlexServer, friend: Account
) -> None:
    """Where the server is the only judge, it has to refuse all along."""
    entry = entry_of(home, server_token=home.share_with(friend), source=TokenSource.PASTED)
    await set_up(hass, entry)
    home.unshare(friend)
    await advance(hass, freezer, 20 * MINUTE)
    await hass.config_entries.async_unload(entry.entry_id)
    await advance(hass, freezer, HOUR)
    await hass.config_entries.async_setup(entry.entry_id)
    await advance(hass, freezer, 20 * MINUTE)
    assert issues_of(hass) == ["plex_monitor.token_temporary"]
    await advance(hass, freezer, 15 * MINUTE)
    assert issues_of(hass) == ["plex_monitor.token_invalid"]


def test_what_is_kept_does_not_show_the_tokens() -> None:
    """Not even to whoever prints it."""
    memory = TokenMemory(
        tokens=("account-secret", "server-secret"),
        health=TokenHealth(has_account_token=True),
        has_checked_plex_tv=True,
    )
    assert "secret" not in repr((memory, LastReported(tokens=memory.tokens)))


async def test_token_that_dies_while_the_setup_is_retried_is_told(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    world: World,
    home: PlexServer,
    owner: Account,
    entry: MockConfigEntry,
) -> None:
    """Home Assistant starts while the server is away, which may take days."""
    await home.stop()
    world.plex_tv.revoke(entry.data[CONF_ACCOUNT_TOKEN])
    await set_up(hass, entry)
    assert issues_of(hass) == []
    await advance(hass, freezer, MINUTE, step=5)
    assert state_now(entry) is ConfigEntryState.SETUP_RETRY
    assert issues_of(hass) == ["plex_monitor.token_invalid"]
    assert reauths_of(hass) == ["reauth_confirm"]

    [flow] = hass.config_entries.flow.async_progress()
    menu = await hass.config_entries.flow.async_configure(flow["flow_id"])
    result = await sign_in(hass, world, menu, owner)
    assert result["reason"] == "reauth_successful"
    await settle(hass)
    assert state_now(entry) is ConfigEntryState.SETUP_RETRY
    assert issues_of(hass) == []

    await home.start()
    await advance(hass, freezer, 3 * MINUTE, step=5)
    assert state_now(entry) is ConfigEntryState.LOADED
    assert state_of(hass, SERVER) == STATE_ON
    healthy(hass)


async def test_token_that_works_again_while_the_setup_is_retried_takes_the_repair_back(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    world: World,
    home: PlexServer,
    entry: MockConfigEntry,
) -> None:
    """plex.tv was wrong for a while; the server is away all the time."""
    await home.stop()
    refusing = world.plex_tv.faults.set(Fault.UNAUTHORIZED)
    await set_up(hass, entry)
    await advance(hass, freezer, 2 * MINUTE, step=5)
    assert issues_of(hass) == ["plex_monitor.token_invalid"]

    world.plex_tv.faults.clear(refusing)
    await advance(hass, freezer, 30 * MINUTE)
    assert state_now(entry) is ConfigEntryState.SETUP_RETRY
    assert issues_of(hass) == []
    assert reauths_of(hass) == []


async def test_server_that_is_away_for_a_day_does_not_make_plex_tv_busy(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    world: World,
    home: PlexServer,
    entry: MockConfigEntry,
) -> None:
    """The setup is tried every minute or two, and plex.tv is not asked each time."""
    await home.stop()
    await set_up(hass, entry)
    await advance(hass, freezer, 24 * HOUR)
    assert 4 <= asked_plex_tv(world) <= 6
    assert issues_of(hass) == []


async def test_no_alarm_while_neither_of_them_answers(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    world: World,
    home: PlexServer,
    entry: MockConfigEntry,
) -> None:
    """A power cut is over for Home Assistant first."""
    await home.stop()
    await world.plex_tv.stop()
    await set_up(hass, entry)
    await advance(hass, freezer, HOUR)
    assert state_now(entry) is ConfigEntryState.SETUP_RETRY
    assert issues_of(hass) == []

    await world.plex_tv.start()
    await home.start()
    await advance(hass, freezer, 20 * MINUTE)
    assert state_now(entry) is ConfigEntryState.LOADED
    healthy(hass)


@pytest.mark.allowed_logs(UNREADABLE)
async def test_entry_that_is_enabled_again_is_judged_anew(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, world: World, entry: MockConfigEntry
) -> None:
    """Its repair went when it was disabled, and comes back if it is still called for."""
    await set_up(hass, entry)
    world.plex_tv.revoke(entry.data[CONF_ACCOUNT_TOKEN])
    await advance(hass, freezer, 2 * MINUTE, step=5)
    await hass.config_entries.async_set_disabled_by(entry.entry_id, ConfigEntryDisabler.USER)
    await settle(hass)
    assert issues_of(hass) == []

    await hass.config_entries.async_set_disabled_by(entry.entry_id, None)
    await settle(hass)
    assert state_of(hass, PROBLEM) == STATE_OFF
    await advance(hass, freezer, 2 * MINUTE, step=5)
    assert issues_of(hass) == ["plex_monitor.token_invalid"]
