"""Repairs that lead into a sign-in."""

from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.components.repairs.const import DOMAIN as REPAIRS
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.translation import async_get_translations
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.plex_monitor.auth.issues import Issue, async_create_issue
from custom_components.plex_monitor.const import CONF_ACCOUNT_TOKEN, DOMAIN, TokenSource

from .simulator import Account, PlexServer, World
from .support.entries import UNREADABLE, entry_of, issues_of, reauths_of, set_up, state_of
from .support.flows import approve
from .support.helpers import (
    advance,
    process_repair_fix_flow,
    settle,
    start_repair_fix_flow,
)

MINUTE = 60

pytestmark = pytest.mark.usefixtures("quick_polling")


class Repairs:
    """Repairs of the entries, as the frontend uses them."""

    def __init__(self, new_client: ClientSessionGenerator) -> None:
        """Initialize without a client, which allows no further setup once it is there."""
        self._new_client = new_client

    async def open(self, entry: MockConfigEntry, issue: Issue) -> dict[str, Any]:
        """Open the repair of an issue, and return its form."""
        client = await self._new_client()
        form = await start_repair_fix_flow(client, DOMAIN, f"{issue}_{entry.entry_id}")
        assert form["step_id"] == "confirm"
        return form

    async def submit(self, form: dict[str, Any]) -> dict[str, Any]:
        """Submit the form of a repair."""
        return await process_repair_fix_flow(await self._new_client(), form["flow_id"])


@pytest.fixture
async def repairs(hass: HomeAssistant, hass_client: ClientSessionGenerator) -> Repairs:
    """Set up repairs."""
    assert await async_setup_component(hass, REPAIRS, {})
    return Repairs(hass_client)


async def sign_in(hass: HomeAssistant, world: World, flow_id: str, account: Account) -> str:
    """Sign in with Plex in an open flow, and return the status of the token after that."""
    result = await hass.config_entries.flow.async_configure(flow_id, {"next_step_id": "sign_in"})
    result = await approve(hass, world, result, account)
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] in {"reauth_successful", "reconfigure_successful"}
    await settle(hass)
    return state_of(hass, "sensor.home_token_status")


@pytest.mark.allowed_logs(UNREADABLE)
async def test_dead_token_is_repaired_by_a_sign_in(
    hass: HomeAssistant,
    repairs: Repairs,
    freezer: FrozenDateTimeFactory,
    world: World,
    owner: Account,
    entry: MockConfigEntry,
) -> None:
    """The repair goes when the new token has worked, and not before."""
    await set_up(hass, entry)
    dead = entry.data[CONF_ACCOUNT_TOKEN]
    world.plex_tv.revoke(dead)
    await advance(hass, freezer, 2 * MINUTE, step=5)

    form = await repairs.open(entry, Issue.TOKEN_INVALID)
    assert form["description_placeholders"]["server"] == "Home"
    assert form["description_placeholders"]["learn_more_url"].endswith("#token-invalid")
    result = await repairs.submit(form)
    assert result["type"] == "abort"
    assert result["reason"] == "continue_with_sign_in"
    kind, flow_id = result["next_flow"]
    assert kind == "config_flow"
    assert issues_of(hass) == ["plex_monitor.token_invalid"]
    assert reauths_of(hass) == ["reauth_confirm"]

    assert await sign_in(hass, world, flow_id, owner) == "valid"
    assert issues_of(hass) == []
    assert reauths_of(hass) == []
    assert entry.data[CONF_ACCOUNT_TOKEN] != dead
    assert state_of(hass, "sensor.home_streams") == "0"


@pytest.mark.allowed_logs(UNREADABLE)
async def test_repair_opens_a_prompt_that_was_closed(
    hass: HomeAssistant,
    repairs: Repairs,
    freezer: FrozenDateTimeFactory,
    world: World,
    entry: MockConfigEntry,
) -> None:
    """Home Assistant's own issue for an expired authentication does not appear."""
    await set_up(hass, entry)
    world.plex_tv.revoke(entry.data[CONF_ACCOUNT_TOKEN])
    await advance(hass, freezer, 2 * MINUTE, step=5)
    for flow in hass.config_entries.flow.async_progress():
        hass.config_entries.flow.async_abort(flow["flow_id"])

    await repairs.submit(await repairs.open(entry, Issue.TOKEN_INVALID))
    assert reauths_of(hass) == ["reauth_confirm"]
    assert issues_of(hass) == ["plex_monitor.token_invalid"]


@pytest.mark.allowed_logs(UNREADABLE)
async def test_removed_access_is_repaired_by_another_account(
    hass: HomeAssistant,
    repairs: Repairs,
    freezer: FrozenDateTimeFactory,
    world: World,
    home: PlexServer,
    owner: Account,
    guest: MockConfigEntry,
    friend: Account,
) -> None:
    """The account of the owner has access."""
    await set_up(hass, guest)
    home.unshare(friend)
    await advance(hass, freezer, 2 * MINUTE, step=5)

    result = await repairs.submit(await repairs.open(guest, Issue.ACCESS_REMOVED))
    assert await sign_in(hass, world, result["next_flow"][1], owner) == "valid"
    assert issues_of(hass) == []
    assert state_of(hass, "sensor.home_streams") == "0"


@pytest.mark.allowed_logs(UNREADABLE)
async def test_repair_of_an_issue_that_was_resolved_meanwhile(
    hass: HomeAssistant,
    repairs: Repairs,
    freezer: FrozenDateTimeFactory,
    home: PlexServer,
    guest: MockConfigEntry,
    friend: Account,
) -> None:
    """It says so, and does not ask for a sign-in."""
    await set_up(hass, guest)
    home.unshare(friend)
    await advance(hass, freezer, 2 * MINUTE, step=5)
    form = await repairs.open(guest, Issue.ACCESS_REMOVED)
    home.share_with(friend)
    await advance(hass, freezer, 20 * MINUTE, step=30)
    assert issues_of(hass) == []

    result = await repairs.submit(form)
    assert result["type"] == "abort"
    assert result["reason"] == "already_solved"
    assert reauths_of(hass) == []
    assert state_of(hass, "sensor.home_token_status") == "valid"


async def test_temporary_token_is_replaced(
    hass: HomeAssistant,
    repairs: Repairs,
    world: World,
    home: PlexServer,
    owner: Account,
) -> None:
    """The token of the browser stays valid."""
    browser = world.plex_tv.sign_in(owner, client_identifier="browser", product="Plex Web")
    entry = entry_of(home, account_token=browser, server_token=browser, source=TokenSource.PASTED)
    await set_up(hass, entry)
    assert issues_of(hass) == ["plex_monitor.token_temporary"]

    first = await repairs.submit(await repairs.open(entry, Issue.TOKEN_TEMPORARY))
    # A second repair continues the same flow.
    result = await repairs.submit(await repairs.open(entry, Issue.TOKEN_TEMPORARY))
    assert result["next_flow"] == first["next_flow"]
    # The sign-in is open already: there is no menu.
    dialog = await hass.config_entries.flow.async_configure(result["next_flow"][1])
    assert (await approve(hass, world, dialog, owner))["reason"] == "reconfigure_successful"
    await settle(hass)
    assert issues_of(hass) == []
    assert world.plex_tv.is_valid(browser)
    assert world.plex_tv.is_valid(entry.data[CONF_ACCOUNT_TOKEN])


@pytest.mark.parametrize(
    ("issue", "fixable", "severity"),
    [
        (Issue.TOKEN_INVALID, True, "error"),
        (Issue.TOKEN_WANTED, True, "error"),
        (Issue.ACCESS_REMOVED, True, "error"),
        (Issue.SERVER_REFUSES_TOKEN, False, "error"),
        (Issue.SERVER_UNCLAIMED, False, "error"),
        (Issue.TOKEN_TEMPORARY, True, "warning"),
    ],
)
async def test_issue_is_fixable_where_a_sign_in_helps(
    hass: HomeAssistant, entry: MockConfigEntry, issue: Issue, *, fixable: bool, severity: str
) -> None:
    """It is a warning where the token still works, and has a documentation link of its own."""
    async_create_issue(hass, entry, issue)
    [shown] = ir.async_get(hass).issues.values()
    assert (shown.is_fixable, shown.severity) == (fixable, severity)
    assert shown.learn_more_url is not None
    assert shown.learn_more_url.endswith(f"#{issue.value.replace('_', '-')}")


@pytest.mark.parametrize("issue", Issue)
async def test_every_issue_names_the_server(hass: HomeAssistant, issue: Issue) -> None:
    """In its title and in its description."""
    strings = await async_get_translations(hass, "en", "issues", [DOMAIN])
    prefix = f"component.{DOMAIN}.issues.{issue}"
    assert "{server}" in strings[f"{prefix}.title"]
    text = (
        strings.get(f"{prefix}.description")
        or strings[f"{prefix}.fix_flow.step.confirm.description"]
    )
    assert "**{server}**" in text
