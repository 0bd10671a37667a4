"""What tests of the token of the server Home share: its entities, steps and expectations."""

from typing import Protocol

from homeassistant.config_entries import ConfigFlowResult
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.plex_monitor.const import CONF_ACCOUNT_TOKEN, DOMAIN
from tests.simulator import Account, World

from .entries import issues_of, reauths_of
from .flows import sign_in

SERVER = "binary_sensor.home_server"
PROBLEM = "binary_sensor.home_token_problem"
STATUS = "sensor.home_token_status"
STREAMS = "sensor.home_streams"

MINUTE = 60
HOUR = 60 * MINUTE
DAY = 24 * HOUR


class Elapse(Protocol):
    """Function that lets time pass in steps."""

    async def __call__(self, seconds: float, step: float = 15) -> None:
        """Let time pass."""


def revoke_token(world: World, entry: MockConfigEntry) -> None:
    """Revoke the account token of an entry at plex.tv."""
    world.plex_tv.revoke(entry.data[CONF_ACCOUNT_TOKEN])


def account_checks(world: World) -> int:
    """Return how often plex.tv was asked whether the account token is valid."""
    return len(world.requests.to(host="plex.tv", path="/api/v2/user"))


def assert_token_invalid(hass: HomeAssistant) -> None:
    """Expect one repair and one sign-in prompt for an invalid token, and no other of either."""
    assert issues_of(hass) == ["plex_monitor.token_invalid"]
    assert reauths_of(hass) == ["reauth_confirm"]


def assert_no_problem(hass: HomeAssistant) -> None:
    """Expect neither a repair nor a sign-in prompt."""
    assert issues_of(hass) == []
    assert reauths_of(hass) == []


def ignore_issue(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Ignore the repair for an invalid token."""
    ir.async_ignore_issue(hass, DOMAIN, f"token_invalid_{entry.entry_id}", ignore=True)


def assert_issue_is_ignored(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Expect the repair for an invalid token to exist, and to be ignored."""
    issue = ir.async_get(hass).async_get_issue(DOMAIN, f"token_invalid_{entry.entry_id}")
    assert issue is not None
    assert issue.dismissed_version is not None


def close_prompts(hass: HomeAssistant) -> None:
    """Close all open flows without finishing them."""
    for flow in hass.config_entries.flow.async_progress():
        hass.config_entries.flow.async_abort(flow["flow_id"])


async def sign_in_at_prompt(
    hass: HomeAssistant, world: World, account: Account
) -> ConfigFlowResult:
    """Sign in with Plex at the only open prompt."""
    [flow] = hass.config_entries.flow.async_progress()
    menu = await hass.config_entries.flow.async_configure(flow["flow_id"])
    return await sign_in(hass, world, menu, account)
