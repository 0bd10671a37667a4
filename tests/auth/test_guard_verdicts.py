"""Problems other than a revoked token have verdicts and repairs of their own."""

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
from tests.support.flows import close, placeholders_of, reopen, sign_in, step_of, submit
from tests.support.helpers import first_refusal
from tests.support.tokens import (
    DAY,
    HOUR,
    MINUTE,
    PROBLEM,
    STATUS,
    STREAMS,
    Elapse,
    assert_token_invalid,
    sign_in_at_prompt,
)


@pytest.fixture
async def loaded_guest(
    hass: HomeAssistant, enable_custom_integrations: None, guest: MockConfigEntry
) -> MockConfigEntry:
    """Return the entry of an account with which the server is shared, set up."""
    await set_up(hass, guest)
    return guest


@pytest.mark.allowed_logs(UNREADABLE)
async def test_server_token_is_invalid_after_half_an_hour_of_refusals(
    hass: HomeAssistant, world: World, home: PlexServer, friend: Account, elapse: Elapse
) -> None:
    """plex.tv does not know it, so six refusals of the server have to suffice."""
    entry = entry_of(home, server_token=home.share_with(friend), source=TokenSource.PASTED)
    await set_up(hass, entry)
    assert issues_of(hass) == ["plex_monitor.token_temporary"]

    home.unshare(friend)
    await elapse(29 * MINUTE)
    assert state_of(hass, STATUS) == "suspect"
    assert issues_of(hass) == ["plex_monitor.token_temporary"]
    await elapse(5 * MINUTE)
    assert_token_invalid(hass)
    assert world.requests.to(host="plex.tv") == []


@pytest.mark.allowed_logs(UNREADABLE)
async def test_removed_access_has_its_own_repair_until_the_server_is_shared_again(
    hass: HomeAssistant,
    home: PlexServer,
    loaded_guest: MockConfigEntry,
    friend: Account,
    elapse: Elapse,
) -> None:
    """The new server token is adopted without the user."""
    healthy(hass)

    home.unshare(friend)
    await elapse(2 * MINUTE, step=5)
    assert issues_of(hass) == ["plex_monitor.access_removed"]
    assert reauths_of(hass) == ["reauth_access_removed"]
    assert state_of(hass, STATUS) == "access_removed"

    token = home.share_with(friend)
    await elapse(20 * MINUTE)
    healthy(hass)
    assert loaded_guest.data[CONF_SERVER_TOKEN] == token
    assert state_of(hass, STATUS) == "valid"


@pytest.mark.allowed_logs(UNREADABLE)
async def test_new_server_token_of_the_same_account_is_adopted_silently(
    hass: HomeAssistant,
    home: PlexServer,
    loaded_guest: MockConfigEntry,
    friend: Account,
    elapse: Elapse,
) -> None:
    """There is no repair and no reload."""
    token = home.regenerate_token(friend)
    for _ in range(24):
        await elapse(5, step=5)
        healthy(hass)
    assert loaded_guest.data[CONF_SERVER_TOKEN] == token
    assert state_of(hass, STATUS) == "valid"
    assert state_of(hass, "sensor.home_version") == home.version


@pytest.mark.allowed_logs(UNREADABLE)
@pytest.mark.parametrize("is_refused", [True, False], ids=["refused", "cannot be tried"])
async def test_listed_token_is_adopted_only_if_the_server_accepts_it(
    hass: HomeAssistant,
    home: PlexServer,
    loaded_guest: MockConfigEntry,
    friend: Account,
    elapse: Elapse,
    *,
    is_refused: bool,
) -> None:
    """The server refuses all tokens for a while, and plex.tv lists an outdated one."""
    token = loaded_guest.data[CONF_SERVER_TOKEN]
    home.lists_token(friend, "outdated")
    home.rejects_tokens = True
    if not is_refused:
        home.faults.set(Fault.status(500), paths="^/media/providers$")
    await elapse(5 * MINUTE, step=5)
    assert loaded_guest.data[CONF_SERVER_TOKEN] == token
    home.rejects_tokens = False
    await elapse(2 * MINUTE)
    healthy(hass)
    assert state_of(hass, STATUS) == "valid"


@pytest.mark.allowed_logs(UNREADABLE)
async def test_listed_token_is_not_sent_unencrypted_to_a_server_that_requires_https(
    hass: HomeAssistant,
    world: World,
    home: PlexServer,
    loaded_guest: MockConfigEntry,
    friend: Account,
    elapse: Elapse,
) -> None:
    """The entry has an http address, where something in front of the server still answers."""
    token = loaded_guest.data[CONF_SERVER_TOKEN]
    home.rejects_tokens = True
    home.https_required = True
    home.lists_token(friend, "listed")
    await elapse(5 * MINUTE, step=5)
    assert loaded_guest.data[CONF_SERVER_TOKEN] == token
    assert {record.token_sent for record in world.requests.to(home.name)} <= {None, token}


@pytest.mark.allowed_logs(UNREADABLE)
async def test_server_that_was_replaced_has_its_own_repair_after_a_day(
    hass: HomeAssistant, home: PlexServer, loaded_entry: MockConfigEntry, elapse: Elapse
) -> None:
    """It is deleted when the server is back at its address."""
    home.identifies_as = "of-another-machine"
    await elapse(DAY - HOUR, step=10 * MINUTE)
    assert issues_of(hass) == []
    await elapse(2 * HOUR, step=10 * MINUTE)
    assert issues_of(hass) == ["plex_monitor.server_replaced"]
    assert reauths_of(hass) == []
    await hass.config_entries.async_reload(loaded_entry.entry_id)
    await elapse(HOUR, step=MINUTE)
    assert issues_of(hass) == ["plex_monitor.server_replaced"]
    home.identifies_as = None
    await elapse(5 * MINUTE)
    healthy(hass)


@pytest.mark.allowed_logs(UNREADABLE)
@pytest.mark.usefixtures("loaded_guest")
async def test_adopted_token_is_tried_at_once(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    world: World,
    home: PlexServer,
    friend: Account,
    elapse: Elapse,
) -> None:
    """The server is polled without waiting for the interval."""
    await elapse(HOUR, step=MINUTE)
    home.regenerate_token(friend)
    await first_refusal(hass, freezer, world, "Home")
    assert state_of(hass, STATUS) == "valid"


@pytest.mark.allowed_logs(UNREADABLE)
@pytest.mark.usefixtures("loaded_entry")
async def test_retry_after_of_plex_tv_is_respected(
    world: World, home: PlexServer, elapse: Elapse
) -> None:
    """A refusal of the server does not shorten the wait."""
    await elapse(HOUR, step=MINUTE)
    world.plex_tv.faults.set(Fault.status(429, retry_after=3000), paths="/api/v2/user$")
    home.rejects_tokens = True
    await elapse(5 * MINUTE)
    world.requests.clear()
    await elapse(40 * MINUTE)
    assert world.requests.to(host="plex.tv") == []
    await elapse(10 * MINUTE)
    assert len(world.requests.to(host="plex.tv")) == 1


@pytest.mark.allowed_logs(UNREADABLE)
@pytest.mark.usefixtures("loaded_entry")
async def test_server_that_refuses_a_valid_token_for_a_day_has_its_own_repair(
    hass: HomeAssistant, home: PlexServer, elapse: Elapse
) -> None:
    """A sign-in would not help, so there is no prompt."""
    home.rejects_tokens = True
    await elapse(DAY - HOUR, step=10 * MINUTE)
    healthy(hass)
    await elapse(2 * HOUR, step=5 * MINUTE)
    assert issues_of(hass) == ["plex_monitor.server_refuses_token"]
    assert reauths_of(hass) == []
    assert state_of(hass, PROBLEM) == STATE_ON

    home.rejects_tokens = False
    await elapse(3 * MINUTE)
    healthy(hass)


@pytest.mark.allowed_logs(UNREADABLE)
@pytest.mark.parametrize("refuses", [False, True])
async def test_password_reset_that_signs_the_server_out_too(
    hass: HomeAssistant,
    world: World,
    home: PlexServer,
    owner: Account,
    loaded_entry: MockConfigEntry,
    elapse: Elapse,
    *,
    refuses: bool,
) -> None:
    """No sign-in helps before the server is claimed again; after that one is asked for."""
    home.unclaimed_refuses = refuses
    world.plex_tv.change_password(owner, servers=True)
    await home.notifier.drop()
    await elapse(30, step=5)
    assert issues_of(hass) == []
    await elapse(3 * MINUTE)
    assert issues_of(hass) == ["plex_monitor.server_unclaimed"]
    await elapse(6 * HOUR, step=5 * MINUTE)
    assert issues_of(hass) == ["plex_monitor.server_unclaimed"]
    assert reauths_of(hass) == []

    result = await sign_in(hass, world, await loaded_entry.start_reauth_flow(hass), owner)
    assert step_of(result) == "unclaimed"
    assert placeholders_of(result)["server"] == "Home"
    result = await reopen(hass, result)
    assert step_of(result) == "unclaimed"
    result = await submit(hass, result)
    assert step_of(result) == "sign_in"
    await close(hass, result)

    home.claimed = True
    await elapse(20 * MINUTE)
    assert_token_invalid(hass)
    await sign_in_at_prompt(hass, world, owner)
    await elapse(2 * MINUTE)
    healthy(hass)


@pytest.mark.allowed_logs(UNREADABLE)
@pytest.mark.usefixtures("loaded_entry")
async def test_unclaimed_server_has_its_own_repair_until_it_is_claimed(
    hass: HomeAssistant, home: PlexServer, elapse: Elapse
) -> None:
    """The token of no account is valid for it, so there is no prompt."""
    home.claimed = False
    home.unclaimed_refuses = True
    await elapse(5 * MINUTE)
    assert issues_of(hass) == ["plex_monitor.server_unclaimed"]
    assert reauths_of(hass) == []
    assert state_of(hass, STATUS) == "unclaimed"

    home.claimed = True
    home.unclaimed_refuses = False
    await elapse(5 * MINUTE)
    healthy(hass)


async def test_unclaimed_server_is_no_problem_for_an_entry_without_a_token(
    hass: HomeAssistant, home: PlexServer, elapse: Elapse
) -> None:
    """It needs no token."""
    home.claimed = False
    await set_up(hass, entry_of(home, source=TokenSource.NONE))
    await elapse(HOUR)
    healthy(hass)
    assert state_of(hass, STATUS) == "not_enforced"
    assert state_of(hass, STREAMS) == "0"


@pytest.mark.allowed_logs(UNREADABLE)
async def test_server_that_starts_to_need_a_token_has_its_own_repair(
    hass: HomeAssistant, home: PlexServer, elapse: Elapse
) -> None:
    """No sign-in has ended, because there was none."""
    home.allowed_without_auth = True
    await set_up(hass, entry_of(home, source=TokenSource.NONE))
    home.allowed_without_auth = False
    await elapse(2 * MINUTE, step=5)
    assert issues_of(hass) == ["plex_monitor.token_wanted"]
    assert reauths_of(hass) == ["reauth_token_wanted"]
    home.allowed_without_auth = True
    await elapse(20 * MINUTE)
    healthy(hass)
