"""A dead token is called dead, soon and once; nothing else ever is."""

from collections.abc import Callable

from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import EVENT_STATE_CHANGED, STATE_OFF, STATE_ON, STATE_UNAVAILABLE
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_capture_events

from custom_components.plex_monitor.const import (
    CONF_ACCOUNT_TOKEN,
    DOMAIN,
)
from tests.simulator import Account, Fault, PlexServer, World
from tests.support.entities import attributes_of
from tests.support.entries import UNREADABLE, healthy, issues_of, reauths_of, set_up, state_of
from tests.support.flows import approve
from tests.support.helpers import advance, first_refusal, settle

SERVER = "binary_sensor.home_server"
PROBLEM = "binary_sensor.home_token_problem"
STATUS = "sensor.home_token_status"
STREAMS = "sensor.home_streams"

MINUTE = 60
HOUR = 3600
DAY = 24 * HOUR


async def test_good_token_is_valid(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """The server accepts it, and would refuse without it; plex.tv was asked as well."""
    await set_up(hass, entry)
    healthy(hass)
    assert state_of(hass, STATUS) == "valid"
    assert state_of(hass, SERVER) == STATE_ON


async def test_proxy_that_does_not_let_anybody_ask_without_a_token_is_no_trouble(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, home: PlexServer, entry: MockConfigEntry
) -> None:
    """Whether the server itself would refuse is found out later."""
    home.faults.set(Fault.status(502), paths="^/$", with_token=False)
    home.allowed_without_auth = True
    await set_up(hass, entry)
    assert state_of(hass, STATUS) == "valid"
    home.faults.clear()
    await advance(hass, freezer, 2 * MINUTE)
    assert state_of(hass, STATUS) == "not_enforced"
    healthy(hass)


@pytest.mark.allowed_logs(UNREADABLE)
@pytest.mark.parametrize(
    "kill",
    [
        lambda world, entry: world.plex_tv.revoke(entry.data[CONF_ACCOUNT_TOKEN]),
        lambda world, _entry: world.plex_tv.remove_device("home-assistant-1"),
        lambda world, _entry: world.plex_tv.change_password(
            world.server("Home").owner, sign_out=True
        ),
    ],
    ids=["revoked", "device removed", "password changed"],
)
async def test_dead_token_is_called_invalid_within_30_s_of_the_first_refusal(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    world: World,
    entry: MockConfigEntry,
    kill: Callable[[World, MockConfigEntry], object],
) -> None:
    """One repair, one sign-in prompt, and no general row of Home Assistant beside it."""
    await set_up(hass, entry)
    kill(world, entry)

    refused = await first_refusal(hass, freezer, world, "Home")
    await advance(hass, freezer, refused + 30 - freezer().timestamp(), step=5)
    assert issues_of(hass) == ["plex_monitor.token_invalid"]
    assert reauths_of(hass) == ["reauth_confirm"]
    assert state_of(hass, PROBLEM) == STATE_ON
    assert state_of(hass, STATUS) == "invalid"
    assert state_of(hass, SERVER) == STATE_ON
    assert state_of(hass, STREAMS) == STATE_UNAVAILABLE
    assert entry.state is ConfigEntryState.LOADED

    await advance(hass, freezer, 6 * HOUR, step=5 * MINUTE)
    assert issues_of(hass) == ["plex_monitor.token_invalid"]
    assert reauths_of(hass) == ["reauth_confirm"]


@pytest.mark.allowed_logs(UNREADABLE)
async def test_refusal_that_push_brings_to_light_counts_from_then(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    world: World,
    home: PlexServer,
    entry: MockConfigEntry,
) -> None:
    """A stream that is asked for can be the first to be refused, long before the next poll."""
    await set_up(hass, entry)
    await advance(hass, freezer, 61, step=61)
    world.plex_tv.revoke(entry.data[CONF_ACCOUNT_TOKEN])
    await home.notifier.notify(
        "playing",
        "PlaySessionStateNotification",
        {"sessionKey": "9", "state": "playing", "ratingKey": "1"},
    )
    await settle(hass)
    assert world.requests.to(host="Home")[-1].status == 401
    await advance(hass, freezer, 30, step=5)
    assert issues_of(hass) == ["plex_monitor.token_invalid"]


@pytest.mark.allowed_logs(UNREADABLE)
async def test_server_is_watched_while_the_token_is_dead(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    world: World,
    home: PlexServer,
    entry: MockConfigEntry,
) -> None:
    """The polling has ended, and whether the server is up needs no token."""
    home.closes_sockets_on_revocation = True
    await set_up(hass, entry)
    world.plex_tv.revoke(entry.data[CONF_ACCOUNT_TOKEN])
    await advance(hass, freezer, 2 * MINUTE, step=5)
    assert state_of(hass, SERVER) == STATE_ON
    await home.stop()
    await advance(hass, freezer, 3 * MINUTE)
    assert state_of(hass, SERVER) == STATE_OFF
    await home.start()
    await advance(hass, freezer, 3 * MINUTE)
    assert state_of(hass, SERVER) == STATE_ON
    assert issues_of(hass) == ["plex_monitor.token_invalid"]
    world.requests.clear()
    await advance(hass, freezer, HOUR)
    assert len([r for r in world.requests.to(host="Home") if r.token_sent]) <= 10


@pytest.mark.allowed_logs(UNREADABLE)
@pytest.mark.usefixtures("quick_polling")
async def test_look_that_is_under_way_ends_with_the_entry(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    world: World,
    home: PlexServer,
    owner: Account,
    entry: MockConfigEntry,
) -> None:
    """It would find the old token dead, and ask for a sign-in that was just made."""
    await set_up(hass, entry)
    world.plex_tv.revoke(entry.data[CONF_ACCOUNT_TOKEN])
    await advance(hass, freezer, 2 * MINUTE, step=5)
    await advance(hass, freezer, 13 * MINUTE)
    slow = home.faults.set(Fault.slow(5), paths="^/($|status)")
    for _ in range(10 * MINUTE):
        if slow.hits:
            break
        await advance(hass, freezer, 1, step=1)
    assert slow.hits > 0
    home.faults.clear(slow)
    (flow,) = hass.config_entries.flow.async_progress()
    result = await hass.config_entries.flow.async_configure(
        flow["flow_id"], {"next_step_id": "sign_in"}
    )
    await approve(hass, world, result, owner)
    await advance(hass, freezer, HOUR)
    healthy(hass)
    assert state_of(hass, STATUS) == "valid"


@pytest.mark.allowed_logs(UNREADABLE)
async def test_open_reconfiguration_does_not_swallow_the_prompt(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, world: World, entry: MockConfigEntry
) -> None:
    """Somebody may have left its dialog open for days."""
    await set_up(hass, entry)
    await entry.start_reconfigure_flow(hass)
    world.plex_tv.revoke(entry.data[CONF_ACCOUNT_TOKEN])
    await advance(hass, freezer, 2 * MINUTE, step=5)
    assert reauths_of(hass) == ["reauth_confirm"]


async def test_reload_does_not_forget_a_dead_token_that_the_server_accepts(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    world: World,
    home: PlexServer,
    entry: MockConfigEntry,
) -> None:
    """The repair stays as it is until plex.tv has been asked, and comes to the same."""
    home.allowed_without_auth = True
    await set_up(hass, entry)
    world.plex_tv.revoke(entry.data[CONF_ACCOUNT_TOKEN])
    await advance(hass, freezer, 6 * HOUR, step=5 * MINUTE)
    ir.async_ignore_issue(hass, DOMAIN, f"token_invalid_{entry.entry_id}", ignore=True)
    await hass.config_entries.async_reload(entry.entry_id)
    for _ in range(15):
        await advance(hass, freezer, MINUTE)
        issue = ir.async_get(hass).async_get_issue(DOMAIN, f"token_invalid_{entry.entry_id}")
        assert issue is not None
        assert issue.dismissed_version is not None
    assert reauths_of(hass) == ["reauth_confirm"]

    for flow in hass.config_entries.flow.async_progress():
        hass.config_entries.flow.async_abort(flow["flow_id"])
    await advance(hass, freezer, 16 * MINUTE)
    assert reauths_of(hass) == ["reauth_confirm"]


@pytest.mark.allowed_logs(UNREADABLE)
async def test_attributes_say_since_when_and_when_it_was_last_checked(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, world: World, entry: MockConfigEntry
) -> None:
    """They say nothing else."""
    await set_up(hass, entry)
    await advance(hass, freezer, HOUR, step=MINUTE)
    world.plex_tv.revoke(entry.data[CONF_ACCOUNT_TOKEN])
    await advance(hass, freezer, 2 * MINUTE, step=5)

    state = hass.states.get(PROBLEM)
    assert state is not None
    assert state.attributes["verdict"] == "invalid"
    assert 0 < (freezer() - state.attributes["since"].replace(tzinfo=None)).total_seconds() < 120
    assert state.attributes["last_checked"] >= state.attributes["since"]
    assert set(state.attributes) == {
        "device_class",
        "friendly_name",
        "last_checked",
        "since",
        "verdict",
    }


@pytest.mark.parametrize("how", ["allowed network", "honoured for a while"])
async def test_dead_token_that_the_server_never_refuses_is_found_within_six_hours(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    world: World,
    home: PlexServer,
    entry: MockConfigEntry,
    how: str,
) -> None:
    """plex.tv is asked too, and what the server tells goes on to be shown."""
    home.allowed_without_auth = how == "allowed network"
    home.revocation_grace = DAY
    await set_up(hass, entry)
    assert state_of(hass, STATUS) == ("not_enforced" if home.allowed_without_auth else "valid")

    world.plex_tv.revoke(entry.data[CONF_ACCOUNT_TOKEN])
    await advance(hass, freezer, 6 * HOUR, step=5 * MINUTE)
    assert issues_of(hass) == ["plex_monitor.token_invalid"]
    assert reauths_of(hass) == ["reauth_confirm"]
    assert state_of(hass, STATUS) == "invalid"
    assert state_of(hass, STREAMS) == "0"


@pytest.mark.allowed_logs(UNREADABLE)
async def test_token_that_died_while_the_server_was_down_is_found_all_the_same(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    world: World,
    home: PlexServer,
    entry: MockConfigEntry,
) -> None:
    """plex.tv tells within six hours, whatever the server is doing."""
    await set_up(hass, entry)
    await home.stop()
    world.plex_tv.revoke(entry.data[CONF_ACCOUNT_TOKEN])
    await advance(hass, freezer, 6 * HOUR, step=5 * MINUTE)
    assert issues_of(hass) == ["plex_monitor.token_invalid"]
    assert state_of(hass, SERVER) == STATE_OFF


@pytest.mark.allowed_logs(UNREADABLE)
async def test_dead_token_at_the_start_of_home_assistant_is_told_the_same_way(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, world: World, entry: MockConfigEntry
) -> None:
    """The entry loads, so that it can say what is wrong and heal."""
    world.plex_tv.revoke(entry.data[CONF_ACCOUNT_TOKEN])
    await set_up(hass, entry)
    assert entry.state is ConfigEntryState.LOADED
    await advance(hass, freezer, 30, step=5)
    assert issues_of(hass) == ["plex_monitor.token_invalid"]
    assert reauths_of(hass) == ["reauth_confirm"]
    assert state_of(hass, PROBLEM) == STATE_ON
    assert state_of(hass, SERVER) == STATE_ON


@pytest.mark.allowed_logs(UNREADABLE)
async def test_no_alarm_while_plex_tv_is_away_and_one_when_it_is_back(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, world: World, entry: MockConfigEntry
) -> None:
    """Nobody could sign in anyway."""
    await set_up(hass, entry)
    world.plex_tv.revoke(entry.data[CONF_ACCOUNT_TOKEN])
    await world.plex_tv.stop()
    await advance(hass, freezer, DAY, step=10 * MINUTE)
    assert state_of(hass, STATUS) == "suspect"
    healthy(hass)

    await world.plex_tv.start()
    await advance(hass, freezer, 16 * MINUTE)
    assert issues_of(hass) == ["plex_monitor.token_invalid"]


@pytest.mark.allowed_logs(UNREADABLE)
async def test_verdict_that_was_wrong_is_taken_back(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    world: World,
    home: PlexServer,
    entry: MockConfigEntry,
) -> None:
    """Server and plex.tv refused everybody for a while; when they stop, so does the alarm."""
    await set_up(hass, entry)
    home.rejects_tokens = True
    world.plex_tv.faults.set(Fault.UNAUTHORIZED)
    await advance(hass, freezer, 2 * MINUTE)
    assert issues_of(hass) == ["plex_monitor.token_invalid"]

    home.rejects_tokens = False
    world.plex_tv.faults.clear()
    await advance(hass, freezer, 20 * MINUTE)
    healthy(hass)
    assert state_of(hass, STATUS) == "valid"
    assert state_of(hass, STREAMS) == "0"


@pytest.mark.allowed_logs(UNREADABLE, "Home cannot be|not ready yet")
@pytest.mark.usefixtures("quick_polling")
async def test_repair_goes_with_the_dead_token_even_if_the_server_is_down(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    world: World,
    home: PlexServer,
    owner: Account,
    entry: MockConfigEntry,
) -> None:
    """What was wrong with the old token is not wrong with the new one."""
    await set_up(hass, entry)
    world.plex_tv.revoke(entry.data[CONF_ACCOUNT_TOKEN])
    await advance(hass, freezer, 2 * MINUTE, step=5)
    await home.stop()
    (flow,) = hass.config_entries.flow.async_progress()
    result = await hass.config_entries.flow.async_configure(
        flow["flow_id"], {"next_step_id": "sign_in"}
    )
    await approve(hass, world, result, owner)
    await settle(hass)
    assert issues_of(hass) == []
    assert reauths_of(hass) == []
    assert entry.state is ConfigEntryState.SETUP_RETRY


@pytest.mark.allowed_logs(UNREADABLE)
async def test_alarm_comes_back_when_the_sign_in_prompt_was_thrown_away(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, world: World, entry: MockConfigEntry
) -> None:
    """A prompt that ended without a new token leaves the repair, and starts again."""
    await set_up(hass, entry)
    world.plex_tv.revoke(entry.data[CONF_ACCOUNT_TOKEN])
    await advance(hass, freezer, 2 * MINUTE, step=5)
    for flow in hass.config_entries.flow.async_progress():
        hass.config_entries.flow.async_abort(flow["flow_id"])
    assert reauths_of(hass) == []
    assert issues_of(hass) == ["plex_monitor.token_invalid"]

    await advance(hass, freezer, 16 * MINUTE)
    assert reauths_of(hass) == ["reauth_confirm"]
    assert issues_of(hass) == ["plex_monitor.token_invalid"]


@pytest.mark.allowed_logs(UNREADABLE)
async def test_plex_tv_that_refuses_everybody_for_a_moment_is_waited_out(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    world: World,
    entry: MockConfigEntry,
) -> None:
    """While the server accepts the token there is no hurry."""
    await set_up(hass, entry)
    await advance(hass, freezer, 5 * HOUR, step=5 * MINUTE)
    world.plex_tv.faults.set(Fault.UNAUTHORIZED)
    await advance(hass, freezer, 35 * MINUTE)
    assert world.requests.to(host="plex.tv")[-1].status == 401
    world.plex_tv.faults.clear()
    await advance(hass, freezer, HOUR)
    healthy(hass)


async def test_last_check_is_told_to_ten_minutes(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, entry: MockConfigEntry
) -> None:
    """It is done every minute, and would fill the history."""
    await set_up(hass, entry)
    changes = async_capture_events(hass, EVENT_STATE_CHANGED)
    await advance(hass, freezer, HOUR, step=MINUTE)
    state = hass.states.get(PROBLEM)
    assert state is not None
    checked = state.attributes["last_checked"]
    assert 0 <= (freezer() - checked.replace(tzinfo=None)).total_seconds() <= 11 * MINUTE
    assert len([c for c in changes if c.data["entity_id"] == PROBLEM]) <= 7


@pytest.mark.allowed_logs(UNREADABLE)
async def test_silence_is_no_check(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, home: PlexServer, entry: MockConfigEntry
) -> None:
    """Of a server that is down for an hour nothing is known about the token."""
    await set_up(hass, entry)
    before = attributes_of(hass, PROBLEM)["last_checked"]
    await home.stop()
    await advance(hass, freezer, HOUR)
    assert attributes_of(hass, PROBLEM)["last_checked"] == before
