"""Repairs go with what they are about, and stay as the user left them."""

from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import ConfigEntryDisabler, ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.plex_monitor.auth.memory import async_forget_token
from custom_components.plex_monitor.const import CONF_ACCOUNT_TOKEN, DOMAIN, TokenSource
from tests.simulator import Account, PlexServer, World
from tests.support.entries import UNREADABLE, entry_of, issues_of, reauths_of, set_up, state_of
from tests.support.helpers import advance, settle

STATUS = "sensor.home_token_status"
MINUTE = 60
HOUR = 3600


@pytest.mark.allowed_logs(UNREADABLE)
@pytest.mark.parametrize("end", ["disabled", "removed"])
async def test_nothing_is_left_of_an_entry_that_is_disabled_or_removed(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    world: World,
    entry: MockConfigEntry,
    end: str,
) -> None:
    """Neither repair nor prompt, nor anybody who asks."""
    await set_up(hass, entry)
    world.plex_tv.revoke(entry.data[CONF_ACCOUNT_TOKEN])
    await advance(hass, freezer, 2 * MINUTE, step=5)
    assert issues_of(hass) == ["plex_monitor.token_invalid"]

    if end == "disabled":
        await hass.config_entries.async_set_disabled_by(entry.entry_id, ConfigEntryDisabler.USER)
    else:
        await hass.config_entries.async_remove(entry.entry_id)
    await settle(hass)
    assert issues_of(hass) == []
    assert reauths_of(hass) == []
    world.requests.clear()
    await advance(hass, freezer, 6 * HOUR, step=5 * MINUTE)
    assert len(world.requests) == 0


@pytest.mark.allowed_logs(UNREADABLE)
async def test_nothing_is_left_of_an_entry_that_is_disabled_while_its_server_is_down(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    world: World,
    home: PlexServer,
    entry: MockConfigEntry,
) -> None:
    """Home Assistant unloads no entry whose setup it retries."""
    await set_up(hass, entry)
    world.plex_tv.revoke(entry.data[CONF_ACCOUNT_TOKEN])
    await advance(hass, freezer, 2 * MINUTE, step=5)
    await home.stop()
    await hass.config_entries.async_reload(entry.entry_id)
    assert entry.state is ConfigEntryState.SETUP_RETRY
    assert issues_of(hass) == ["plex_monitor.token_invalid"]
    await hass.config_entries.async_set_disabled_by(entry.entry_id, ConfigEntryDisabler.USER)
    assert issues_of(hass) == []


@pytest.mark.parametrize("away", ["plex.tv", "server"])
async def test_token_that_does_not_last_is_told_by_whoever_knows_it(
    hass: HomeAssistant, world: World, home: PlexServer, owner: Account, away: str
) -> None:
    """One of the two is enough."""
    token = world.plex_tv.sign_in(owner, client_identifier="browser", product="Plex Web")
    await (world.plex_tv if away == "plex.tv" else home).stop()
    entry = entry_of(home, account_token=token, server_token=token, source=TokenSource.PASTED)
    await set_up(hass, entry)
    assert issues_of(hass) == ["plex_monitor.token_temporary"]


@pytest.mark.allowed_logs(UNREADABLE)
async def test_repair_that_was_ignored_stays_ignored_through_a_reload(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, world: World, entry: MockConfigEntry
) -> None:
    """The user said it, and said it about this."""
    await set_up(hass, entry)
    world.plex_tv.revoke(entry.data[CONF_ACCOUNT_TOKEN])
    await advance(hass, freezer, 2 * MINUTE, step=5)
    ir.async_ignore_issue(hass, DOMAIN, f"token_invalid_{entry.entry_id}", ignore=True)

    await hass.config_entries.async_reload(entry.entry_id)
    await advance(hass, freezer, 2 * MINUTE, step=5)
    issue = ir.async_get(hass).async_get_issue(DOMAIN, f"token_invalid_{entry.entry_id}")
    assert issue is not None
    assert issue.dismissed_version is not None
    assert state_of(hass, STATUS) == "invalid"


@pytest.mark.allowed_logs(UNREADABLE)
async def test_repair_that_was_ignored_stays_ignored_through_a_restart(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    world: World,
    home: PlexServer,
    entry: MockConfigEntry,
) -> None:
    """A server that accepts anything is no reason to take it back before plex.tv was asked."""
    home.allowed_without_auth = True
    await set_up(hass, entry)
    world.plex_tv.revoke(entry.data[CONF_ACCOUNT_TOKEN])
    await advance(hass, freezer, 6 * HOUR, step=MINUTE)
    ir.async_ignore_issue(hass, DOMAIN, f"token_invalid_{entry.entry_id}", ignore=True)

    await hass.config_entries.async_unload(entry.entry_id)
    # A Home Assistant that was restarted keeps what was ignored, and knows nothing of the token.
    async_forget_token(hass, entry.entry_id)
    await hass.config_entries.async_setup(entry.entry_id)
    await advance(hass, freezer, 20 * MINUTE)
    issue = ir.async_get(hass).async_get_issue(DOMAIN, f"token_invalid_{entry.entry_id}")
    assert issue is not None
    assert issue.dismissed_version is not None
    assert state_of(hass, STATUS) == "invalid"
