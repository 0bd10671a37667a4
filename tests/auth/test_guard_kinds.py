"""What is wrong with a token is not always that it was revoked: each kind has its own words."""

from freezegun.api import FrozenDateTimeFactory
from homeassistant.const import STATE_ON
from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.plex_monitor.const import (
    CONF_SERVER_TOKEN,
    TokenSource,
)
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
from tests.support.helpers import advance, first_refusal

PROBLEM = "binary_sensor.home_token_problem"
STATUS = "sensor.home_token_status"
STREAMS = "sensor.home_streams"

MINUTE = 60
HOUR = 3600
DAY = 24 * HOUR


@pytest.mark.allowed_logs(UNREADABLE)
async def test_token_that_plex_tv_cannot_know_is_judged_by_the_server_with_patience(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    world: World,
    home: PlexServer,
) -> None:
    """A pasted server token: six refusals over half an hour, after the server has settled."""
    friend = world.plex_tv.add_account("friend")
    entry = entry_of(home, server_token=home.share_with(friend), source=TokenSource.PASTED)
    await set_up(hass, entry)
    assert issues_of(hass) == ["plex_monitor.token_temporary"]

    home.unshare(friend)
    await advance(hass, freezer, 29 * MINUTE)
    assert state_of(hass, STATUS) == "suspect"
    assert issues_of(hass) == ["plex_monitor.token_temporary"]
    await advance(hass, freezer, 5 * MINUTE)
    assert issues_of(hass) == ["plex_monitor.token_invalid"]
    assert reauths_of(hass) == ["reauth_confirm"]
    assert world.requests.to(host="plex.tv") == []


@pytest.mark.allowed_logs(UNREADABLE)
async def test_access_that_was_removed_has_its_own_repair_and_heals_by_sharing_again(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    home: PlexServer,
    guest: MockConfigEntry,
    friend: Account,
) -> None:
    """The account is fine; the new server token is adopted without anybody doing anything."""
    await set_up(hass, guest)
    healthy(hass)

    home.unshare(friend)
    await advance(hass, freezer, 2 * MINUTE, step=5)
    assert issues_of(hass) == ["plex_monitor.access_removed"]
    assert reauths_of(hass) == ["reauth_access_removed"]
    assert state_of(hass, STATUS) == "access_removed"

    token = home.share_with(friend)
    await advance(hass, freezer, 20 * MINUTE)
    healthy(hass)
    assert guest.data[CONF_SERVER_TOKEN] == token
    assert state_of(hass, STATUS) == "valid"


@pytest.mark.allowed_logs(UNREADABLE)
async def test_new_server_token_of_the_same_account_is_adopted_silently(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    home: PlexServer,
    guest: MockConfigEntry,
    friend: Account,
) -> None:
    """Nobody is troubled, and no reload is needed."""
    await set_up(hass, guest)

    token = home.regenerate_token(friend)
    for _ in range(24):
        await advance(hass, freezer, 5, step=5)
        healthy(hass)
    assert guest.data[CONF_SERVER_TOKEN] == token
    assert state_of(hass, STATUS) == "valid"
    assert state_of(hass, "sensor.home_version") == home.version


@pytest.mark.allowed_logs(UNREADABLE)
async def test_adopted_token_is_tried_at_once(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    world: World,
    home: PlexServer,
    guest: MockConfigEntry,
    friend: Account,
) -> None:
    """Not only with the next poll."""
    await set_up(hass, guest)
    await advance(hass, freezer, HOUR, step=MINUTE)
    home.regenerate_token(friend)
    await first_refusal(hass, freezer, world, "Home")
    assert state_of(hass, STATUS) == "valid"


@pytest.mark.allowed_logs(UNREADABLE)
async def test_plex_tv_is_left_alone_for_as_long_as_it_wishes(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    world: World,
    home: PlexServer,
    entry: MockConfigEntry,
) -> None:
    """Even while the server refuses."""
    await set_up(hass, entry)
    await advance(hass, freezer, HOUR, step=MINUTE)
    world.plex_tv.faults.set(Fault.status(429, retry_after=3000), paths="/api/v2/user$")
    home.rejects_tokens = True
    await advance(hass, freezer, 5 * MINUTE)
    world.requests.clear()
    await advance(hass, freezer, 40 * MINUTE)
    assert world.requests.to(host="plex.tv") == []
    await advance(hass, freezer, 10 * MINUTE)
    assert len(world.requests.to(host="plex.tv")) == 1


@pytest.mark.allowed_logs(UNREADABLE)
async def test_server_that_refuses_a_good_token_for_a_day_is_the_one_to_repair(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    world: World,
    home: PlexServer,
    entry: MockConfigEntry,
) -> None:
    """Signing in would not help, so nobody is asked to."""
    await set_up(hass, entry)
    home.rejects_tokens = True
    await advance(hass, freezer, DAY - HOUR, step=10 * MINUTE)
    healthy(hass)
    await advance(hass, freezer, 2 * HOUR, step=5 * MINUTE)
    assert issues_of(hass) == ["plex_monitor.server_refuses_token"]
    assert reauths_of(hass) == []
    assert state_of(hass, PROBLEM) == STATE_ON

    home.rejects_tokens = False
    await advance(hass, freezer, 3 * MINUTE)
    healthy(hass)


@pytest.mark.allowed_logs(UNREADABLE)
async def test_unclaimed_server_has_its_own_repair_and_heals_when_claimed(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    home: PlexServer,
    entry: MockConfigEntry,
) -> None:
    """No account's token means anything to it, so nobody is asked to sign in."""
    await set_up(hass, entry)
    home.claimed = False
    home.unclaimed_refuses = True
    await advance(hass, freezer, 5 * MINUTE)
    assert issues_of(hass) == ["plex_monitor.server_unclaimed"]
    assert reauths_of(hass) == []
    assert state_of(hass, STATUS) == "unclaimed"

    home.claimed = True
    home.unclaimed_refuses = False
    await advance(hass, freezer, 5 * MINUTE)
    healthy(hass)


async def test_server_without_an_owner_is_what_an_entry_without_a_token_is_for(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, home: PlexServer
) -> None:
    """Nothing is wrong with it."""
    home.claimed = False
    await set_up(hass, entry_of(home, source=TokenSource.NONE))
    await advance(hass, freezer, HOUR)
    healthy(hass)
    assert state_of(hass, STATUS) == "not_enforced"
    assert state_of(hass, STREAMS) == "0"


@pytest.mark.allowed_logs(UNREADABLE)
async def test_server_that_begins_to_want_a_token_is_told_as_that(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, home: PlexServer
) -> None:
    """Nobody was signed out: there was no sign-in."""
    home.allowed_without_auth = True
    await set_up(hass, entry_of(home, source=TokenSource.NONE))
    home.allowed_without_auth = False
    await advance(hass, freezer, 45 * MINUTE)
    assert issues_of(hass) == ["plex_monitor.token_wanted"]
    assert reauths_of(hass) == ["reauth_token_wanted"]
    home.allowed_without_auth = True
    await advance(hass, freezer, 20 * MINUTE)
    healthy(hass)
