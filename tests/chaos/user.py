"""A simulated user who follows the repairs that Home Assistant shows."""

from collections.abc import Mapping
from typing import Any

from homeassistant.components.repairs import DOMAIN as REPAIRS
from homeassistant.config_entries import SOURCE_REAUTH, SOURCE_RECONFIGURE, ConfigFlowContext
from homeassistant.const import CONF_URL, CONF_VERIFY_SSL
from homeassistant.data_entry_flow import FlowResultType, UnknownFlow
from homeassistant.helpers import issue_registry as ir

from custom_components.plex_monitor.auth.issues import Issue, issue_id
from custom_components.plex_monitor.const import DOMAIN

from .alarms import shown
from .environment import Environment
from .sites import Site

# The approval of a PIN is polled every two seconds.
SECONDS_OF_A_STEP = 5.0
STEPS_AT_MOST = 12

type Result = Mapping[str, Any]


async def follow_repair(env: Environment, site: Site) -> bool:
    """Sign in again if a repair or a prompt asks for it; return whether the entry changed."""
    flow_id = await _open_sign_in(env, site)
    if flow_id is None:
        return False
    before = dict(env.entry(site).data)
    try:
        await _sign_in(env, site, flow_id)
    except UnknownFlow:
        # The flow was removed meanwhile because the token is valid again.
        return True
    return dict(env.entry(site).data) != before


def close_prompt(env: Environment, site: Site) -> None:
    """Close the prompt without signing in."""
    for flow in list(env.entry(site).async_get_active_flows(env.hass, {SOURCE_REAUTH})):
        env.hass.config_entries.flow.async_abort(flow["flow_id"])


def close_dialogs(env: Environment) -> None:
    """Close all dialogs that were left open, except the prompts."""
    flows = env.hass.config_entries.flow
    for flow in list(flows.async_progress()):
        if flow["context"]["source"] != SOURCE_REAUTH:
            flows.async_abort(flow["flow_id"])


async def _open_sign_in(env: Environment, site: Site) -> str | None:
    """Return the flow of a repair, else that of the prompt on the integration's card."""
    registry = ir.async_get(env.hass)
    for issue in sorted(shown(env, site)):
        name = issue_id(Issue(issue), site.entry_id)
        entry = registry.async_get_issue(DOMAIN, name)
        if entry is None or not entry.is_fixable:
            continue
        repairs = env.hass.data[REPAIRS]["flow_manager"]
        result = await env.perform(repairs.async_init(DOMAIN, context={"issue_id": name}))
        result = await env.perform(repairs.async_configure(result["flow_id"], {}))
        flow_id: str = result["next_flow"][1]
        return flow_id
    for flow in env.entry(site).async_get_active_flows(env.hass, {SOURCE_REAUTH}):
        return flow["flow_id"]
    return None


async def _sign_in(env: Environment, site: Site, flow_id: str) -> None:
    """Complete a sign-in, or leave it where it does not go on."""
    flows = env.hass.config_entries.flow
    user_input: dict[str, Any] | None = {"next_step_id": "sign_in"}
    result: Result = await env.perform(flows.async_configure(flow_id))
    if result["type"] is not FlowResultType.MENU:
        user_input = {} if result["type"] is FlowResultType.FORM else None
    for _ in range(STEPS_AT_MOST):
        env.report_sign_in(site.role)
        result = await env.perform(flows.async_configure(flow_id, user_input))
        match result["type"]:
            case FlowResultType.SHOW_PROGRESS:
                _approve(env, site, result)
                await env.wait(SECONDS_OF_A_STEP)
                user_input = None
                # Home Assistant continues a progress step by itself, perhaps to the end.
                flows.async_get(flow_id)
            case FlowResultType.FORM:
                user_input = {}
            case FlowResultType.MENU:
                user_input = {"next_step_id": result["menu_options"][0]}
            case _:
                return


def _approve(env: Environment, site: Site, result: Result) -> None:
    plex_tv = env.world.plex_tv
    code = result["description_placeholders"]["code"]
    if plex_tv.running and any(pin.code == code for pin in plex_tv.waiting_pins()):
        plex_tv.approve_pin(code, site.account)


async def change_address(env: Environment, site: Site) -> bool:
    """Enter the server's new address, and return whether it was accepted."""
    flows = env.hass.config_entries.flow
    context = ConfigFlowContext(source=SOURCE_RECONFIGURE, entry_id=site.entry_id)
    result = await env.perform(flows.async_init(DOMAIN, context=context))
    result = await env.perform(
        flows.async_configure(result["flow_id"], {"next_step_id": "reconfigure_address"})
    )
    result = await env.perform(
        flows.async_configure(result["flow_id"], {CONF_URL: site.server.url, CONF_VERIFY_SSL: True})
    )
    return result["type"] is FlowResultType.ABORT
