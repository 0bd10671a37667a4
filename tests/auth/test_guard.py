"""An invalid token is reported soon and once; a valid one never is."""

from collections.abc import Callable

from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import EVENT_STATE_CHANGED, STATE_OFF, STATE_ON, STATE_UNAVAILABLE
from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_capture_events

from custom_components.plex_monitor.const import CONF_ACCOUNT_TOKEN
from tests.simulator import Account, Fault, PlexServer, World
from tests.support.entities import attributes_of
from tests.support.entries import UNREADABLE, healthy, issues_of, reauths_of, set_up, state_of
from tests.support.helpers import first_refusal, settle
from tests.support.tokens import (
    DAY,
    HOUR,
    MINUTE,
    PROBLEM,
    SERVER,
    STATUS,
    STREAMS,
    Elapse,
    assert_issue_is_ignored,
    assert_no_problem,
    assert_token_invalid,
    close_prompts,
    ignore_issue,
    revoke_token,
    sign_in_at_prompt,
)


@pytest.mark.usefixtures("loaded_entry")
async def test_valid_token(hass: HomeAssistant) -> None:
    """The server accepts it and refuses requests without it, and plex.tv accepts it."""
    healthy(hass)
    assert state_of(hass, STATUS) == "valid"
    assert state_of(hass, SERVER) == STATE_ON


async def test_enforcement_is_unknown_while_a_proxy_fails_requests_without_a_token(
    hass: HomeAssistant, home: PlexServer, entry: MockConfigEntry, elapse: Elapse
) -> None:
    """The token counts as valid until the server itself responds."""
    home.faults.set(Fault.status(502), paths="^/$", with_token=False)
    home.allowed_without_auth = True
    await set_up(hass, entry)
    assert state_of(hass, STATUS) == "valid"
    home.faults.clear()
    await elapse(2 * MINUTE)
    assert state_of(hass, STATUS) == "not_enforced"
    healthy(hass)


@pytest.mark.allowed_logs(UNREADABLE)
@pytest.mark.parametrize(
    "revoke",
    [
        lambda world, entry: world.plex_tv.revoke(entry.data[CONF_ACCOUNT_TOKEN]),
        lambda world, _entry: world.plex_tv.remove_device("home-assistant-1"),
        lambda world, _entry: world.plex_tv.change_password(
            world.server("Home").owner, sign_out=True
        ),
    ],
    ids=["revoked", "device removed", "password changed"],
)
async def test_invalid_token_is_reported_within_30_s_of_the_first_refusal(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    world: World,
    loaded_entry: MockConfigEntry,
    elapse: Elapse,
    revoke: Callable[[World, MockConfigEntry], object],
) -> None:
    """There is one repair and one sign-in prompt, and no row of Home Assistant beside it."""
    revoke(world, loaded_entry)

    refused = await first_refusal(hass, freezer, world, "Home")
    await elapse(refused + 30 - freezer().timestamp(), step=5)
    assert_token_invalid(hass)
    assert state_of(hass, PROBLEM) == STATE_ON
    assert state_of(hass, STATUS) == "invalid"
    assert state_of(hass, SERVER) == STATE_ON
    assert state_of(hass, STREAMS) == STATE_UNAVAILABLE
    assert loaded_entry.state is ConfigEntryState.LOADED

    await elapse(6 * HOUR, step=5 * MINUTE)
    assert_token_invalid(hass)


@pytest.mark.allowed_logs(UNREADABLE)
async def test_refusal_after_a_push_notification_counts(
    hass: HomeAssistant,
    world: World,
    home: PlexServer,
    loaded_entry: MockConfigEntry,
    elapse: Elapse,
) -> None:
    """The sessions that a notification makes us read can be refused long before the next poll."""
    await elapse(61, step=61)
    revoke_token(world, loaded_entry)
    await home.notifier.notify(
        "playing",
        "PlaySessionStateNotification",
        {"sessionKey": "9", "state": "playing", "ratingKey": "1"},
    )
    await settle(hass)
    assert world.requests.to(host="Home")[-1].status == 401
    await elapse(30, step=5)
    assert issues_of(hass) == ["plex_monitor.token_invalid"]


@pytest.mark.allowed_logs(UNREADABLE)
async def test_server_is_still_checked_while_the_token_is_invalid(
    hass: HomeAssistant, world: World, home: PlexServer, entry: MockConfigEntry, elapse: Elapse
) -> None:
    """The coordinator does not poll any more, but whether the server is up needs no token."""
    home.closes_sockets_on_revocation = True
    await set_up(hass, entry)
    revoke_token(world, entry)
    await elapse(2 * MINUTE, step=5)
    assert state_of(hass, SERVER) == STATE_ON
    await home.stop()
    await elapse(3 * MINUTE)
    assert state_of(hass, SERVER) == STATE_OFF
    await home.start()
    await elapse(3 * MINUTE)
    assert state_of(hass, SERVER) == STATE_ON
    assert issues_of(hass) == ["plex_monitor.token_invalid"]
    world.requests.clear()
    await elapse(HOUR)
    assert len([r for r in world.requests.to(host="Home") if r.token_sent]) <= 10


@pytest.mark.allowed_logs(UNREADABLE)
@pytest.mark.usefixtures("quick_polling", "revoked_entry")
async def test_pending_poll_is_cancelled_with_the_entry(
    hass: HomeAssistant, world: World, home: PlexServer, owner: Account, elapse: Elapse
) -> None:
    """It would find the old token invalid, and prompt for a sign-in that was just done."""
    await elapse(13 * MINUTE)
    slow = home.faults.set(Fault.slow(5), paths="^/($|status)")
    for _ in range(10 * MINUTE):
        if slow.hits:
            break
        await elapse(1, step=1)
    assert slow.hits > 0
    home.faults.clear(slow)
    await sign_in_at_prompt(hass, world, owner)
    await elapse(HOUR)
    healthy(hass)
    assert state_of(hass, STATUS) == "valid"


@pytest.mark.allowed_logs(UNREADABLE)
async def test_open_reconfiguration_does_not_suppress_the_prompt(
    hass: HomeAssistant, world: World, loaded_entry: MockConfigEntry, elapse: Elapse
) -> None:
    """The dialog of a reconfiguration may stay open for days."""
    await loaded_entry.start_reconfigure_flow(hass)
    revoke_token(world, loaded_entry)
    await elapse(2 * MINUTE, step=5)
    assert reauths_of(hass) == ["reauth_confirm"]


async def test_invalid_token_that_the_server_accepts_stays_invalid_through_a_reload(
    hass: HomeAssistant, world: World, home: PlexServer, entry: MockConfigEntry, elapse: Elapse
) -> None:
    """The repair stays as it is, and a prompt that is closed comes back with the next check."""
    home.allowed_without_auth = True
    await set_up(hass, entry)
    revoke_token(world, entry)
    await elapse(6 * HOUR, step=5 * MINUTE)
    ignore_issue(hass, entry)
    await hass.config_entries.async_reload(entry.entry_id)
    for _ in range(15):
        await elapse(MINUTE)
        assert_issue_is_ignored(hass, entry)
    assert reauths_of(hass) == ["reauth_confirm"]

    close_prompts(hass)
    await elapse(16 * MINUTE)
    assert reauths_of(hass) == ["reauth_confirm"]


@pytest.mark.allowed_logs(UNREADABLE)
async def test_attributes_contain_verdict_since_and_last_checked(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    world: World,
    loaded_entry: MockConfigEntry,
    elapse: Elapse,
) -> None:
    """They contain nothing else."""
    await elapse(HOUR, step=MINUTE)
    revoke_token(world, loaded_entry)
    await elapse(2 * MINUTE, step=5)

    attributes = attributes_of(hass, PROBLEM)
    assert attributes["verdict"] == "invalid"
    assert 0 < (freezer() - attributes["since"].replace(tzinfo=None)).total_seconds() < 120
    assert attributes["last_checked"] >= attributes["since"]
    assert set(attributes) == {
        "device_class",
        "friendly_name",
        "last_checked",
        "since",
        "verdict",
    }


@pytest.mark.parametrize("reason", ["allowed network", "delayed revocation"])
async def test_invalid_token_that_the_server_never_refuses_is_reported_within_six_hours(
    hass: HomeAssistant,
    world: World,
    home: PlexServer,
    entry: MockConfigEntry,
    elapse: Elapse,
    reason: str,
) -> None:
    """plex.tv is asked as well, and the data of the server stays available."""
    home.allowed_without_auth = reason == "allowed network"
    home.revocation_grace = DAY
    await set_up(hass, entry)
    assert state_of(hass, STATUS) == ("not_enforced" if home.allowed_without_auth else "valid")

    revoke_token(world, entry)
    await elapse(6 * HOUR, step=5 * MINUTE)
    assert_token_invalid(hass)
    assert state_of(hass, STATUS) == "invalid"
    assert state_of(hass, STREAMS) == "0"


@pytest.mark.allowed_logs(UNREADABLE)
async def test_token_revoked_while_the_server_is_down_is_reported(
    hass: HomeAssistant,
    world: World,
    home: PlexServer,
    loaded_entry: MockConfigEntry,
    elapse: Elapse,
) -> None:
    """plex.tv is asked within six hours, whether or not the server is up."""
    await home.stop()
    revoke_token(world, loaded_entry)
    await elapse(6 * HOUR, step=5 * MINUTE)
    assert issues_of(hass) == ["plex_monitor.token_invalid"]
    assert state_of(hass, SERVER) == STATE_OFF


@pytest.mark.allowed_logs(UNREADABLE)
async def test_refusal_of_the_search_for_an_address_is_evidence(
    hass: HomeAssistant,
    world: World,
    home: PlexServer,
    loaded_entry: MockConfigEntry,
    elapse: Elapse,
) -> None:
    """A server that is away is searched for with the token, long before the routine check."""
    await home.stop()
    revoke_token(world, loaded_entry)
    await elapse(2 * MINUTE, step=5)
    assert issues_of(hass) == ["plex_monitor.token_invalid"]


@pytest.mark.allowed_logs(UNREADABLE)
async def test_reload_asks_plex_tv_at_once(
    hass: HomeAssistant, world: World, loaded_entry: MockConfigEntry, elapse: Elapse
) -> None:
    """An owner who wonders reloads the entry, but it is not asked for each of several reloads."""
    await elapse(HOUR, step=MINUTE)
    world.requests.clear()
    for _ in range(3):
        await hass.config_entries.async_reload(loaded_entry.entry_id)
    await elapse(5, step=1)
    assert len(world.requests.to(host="plex.tv", path="/api/v2/user")) == 1


@pytest.mark.parametrize("fault", [Fault.status(403), Fault.status(404), Fault.GARBLED])
async def test_token_of_a_server_that_returns_no_information_is_valid(
    hass: HomeAssistant, home: PlexServer, entry: MockConfigEntry, elapse: Elapse, fault: Fault
) -> None:
    """Something in front of the server blocks one path."""
    home.faults.set(fault, paths="^/$")
    await set_up(hass, entry)
    await elapse(2 * MINUTE)
    assert state_of(hass, STATUS) == "valid"


@pytest.mark.allowed_logs(UNREADABLE)
@pytest.mark.parametrize("fault", [Fault.status(403), Fault.status(404), Fault.status(500)])
async def test_any_path_shows_that_the_token_is_invalid(
    hass: HomeAssistant,
    world: World,
    home: PlexServer,
    loaded_entry: MockConfigEntry,
    elapse: Elapse,
    fault: Fault,
) -> None:
    """The path that usually does so is blocked."""
    home.faults.set(fault, paths="^/$")
    await elapse(2 * MINUTE)
    revoke_token(world, loaded_entry)
    await elapse(2 * MINUTE, step=5)
    assert_token_invalid(hass)


@pytest.mark.allowed_logs(UNREADABLE)
async def test_token_that_is_invalid_at_startup_is_reported(
    hass: HomeAssistant, world: World, entry: MockConfigEntry, elapse: Elapse
) -> None:
    """The entry is loaded, so that it can show the problem and recover."""
    revoke_token(world, entry)
    await set_up(hass, entry)
    assert entry.state is ConfigEntryState.LOADED
    await elapse(30, step=5)
    assert_token_invalid(hass)
    assert state_of(hass, PROBLEM) == STATE_ON
    assert state_of(hass, SERVER) == STATE_ON


@pytest.mark.allowed_logs(UNREADABLE)
async def test_refused_token_is_reported_only_when_plex_tv_is_reachable_again(
    hass: HomeAssistant, world: World, loaded_entry: MockConfigEntry, elapse: Elapse
) -> None:
    """Without plex.tv nothing is confirmed, and a sign-in would fail."""
    revoke_token(world, loaded_entry)
    await world.plex_tv.stop()
    await elapse(DAY, step=10 * MINUTE)
    assert state_of(hass, STATUS) == "suspect"
    healthy(hass)

    await world.plex_tv.start()
    await elapse(16 * MINUTE)
    assert issues_of(hass) == ["plex_monitor.token_invalid"]


@pytest.mark.allowed_logs(UNREADABLE)
@pytest.mark.usefixtures("loaded_entry")
async def test_wrong_verdict_is_corrected(
    hass: HomeAssistant, world: World, home: PlexServer, elapse: Elapse
) -> None:
    """The repair is deleted when server and plex.tv, which refused all tokens, recover."""
    home.rejects_tokens = True
    world.plex_tv.faults.set(Fault.UNAUTHORIZED)
    await elapse(2 * MINUTE)
    assert issues_of(hass) == ["plex_monitor.token_invalid"]

    home.rejects_tokens = False
    world.plex_tv.faults.clear()
    await elapse(20 * MINUTE)
    healthy(hass)
    assert state_of(hass, STATUS) == "valid"
    assert state_of(hass, STREAMS) == "0"


@pytest.mark.allowed_logs(UNREADABLE, "Home cannot be|not ready yet")
@pytest.mark.usefixtures("quick_polling")
async def test_repair_is_deleted_with_the_invalid_token_even_if_the_server_is_down(
    hass: HomeAssistant,
    world: World,
    home: PlexServer,
    owner: Account,
    revoked_entry: MockConfigEntry,
) -> None:
    """What was wrong with the old token is not wrong with the new one."""
    await home.stop()
    await sign_in_at_prompt(hass, world, owner)
    await settle(hass)
    assert_no_problem(hass)
    assert revoked_entry.state is ConfigEntryState.LOADED


@pytest.mark.allowed_logs(UNREADABLE)
@pytest.mark.usefixtures("revoked_entry")
async def test_closed_prompt_comes_back(hass: HomeAssistant, elapse: Elapse) -> None:
    """A prompt that ended without a new token leaves the repair, and is started again."""
    close_prompts(hass)
    assert reauths_of(hass) == []
    assert issues_of(hass) == ["plex_monitor.token_invalid"]

    await elapse(16 * MINUTE)
    assert_token_invalid(hass)


@pytest.mark.allowed_logs(UNREADABLE)
@pytest.mark.usefixtures("loaded_entry")
async def test_plex_tv_that_refuses_all_tokens_for_an_hour_causes_no_repair(
    hass: HomeAssistant, world: World, elapse: Elapse
) -> None:
    """While the server accepts the token, plex.tv gets time to recover."""
    await elapse(4.4 * HOUR, step=5 * MINUTE)
    world.plex_tv.faults.set(Fault.UNAUTHORIZED)
    await elapse(70 * MINUTE)
    healthy(hass)
    assert world.requests.to(host="plex.tv")[-1].status == 401
    world.plex_tv.faults.clear()
    await elapse(HOUR)
    healthy(hass)


@pytest.mark.usefixtures("loaded_entry")
async def test_last_checked_has_a_resolution_of_ten_minutes(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, elapse: Elapse
) -> None:
    """The token is checked every minute, which would fill the history."""
    changes = async_capture_events(hass, EVENT_STATE_CHANGED)
    await elapse(HOUR, step=MINUTE)
    checked = attributes_of(hass, PROBLEM)["last_checked"]
    assert 0 <= (freezer() - checked.replace(tzinfo=None)).total_seconds() <= 11 * MINUTE
    assert len([c for c in changes if c.data["entity_id"] == PROBLEM]) <= 7


@pytest.mark.allowed_logs(UNREADABLE)
@pytest.mark.usefixtures("loaded_entry")
async def test_server_that_is_down_does_not_change_last_checked(
    hass: HomeAssistant, home: PlexServer, elapse: Elapse
) -> None:
    """It says nothing about the token."""
    before = attributes_of(hass, PROBLEM)["last_checked"]
    await home.stop()
    await elapse(HOUR)
    assert attributes_of(hass, PROBLEM)["last_checked"] == before
