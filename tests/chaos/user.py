"""Somebody who looks at Home Assistant now and then, and follows what a repair says."""

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
from .cast import Resident
from .stage import Stage

# A PIN is asked for every two seconds.
SECONDS_OF_A_STEP = 5.0
STEPS_AT_MOST = 12

type Result = Mapping[str, Any]


async def follow_repair(stage: Stage, resident: Resident) -> bool:
    """Sign in again where a repair or the prompt asks for it; return whether that worked out."""
    flow_id = await _opened(stage, resident)
    if flow_id is None:
        return False
    before = dict(stage.entry(resident).data)
    try:
        await _sign_in(stage, resident, flow_id)
    except UnknownFlow:
        # It was taken back meanwhile: all is well again.
        return True
    return dict(stage.entry(resident).data) != before


def close_prompt(stage: Stage, resident: Resident) -> None:
    """Close the prompt without doing what it asks for."""
    for flow in list(stage.entry(resident).async_get_active_flows(stage.hass, {SOURCE_REAUTH})):
        stage.hass.config_entries.flow.async_abort(flow["flow_id"])


def close_dialogs(stage: Stage) -> None:
    """Close all dialogs that were left open but the prompts."""
    flows = stage.hass.config_entries.flow
    for flow in list(flows.async_progress()):
        if flow["context"]["source"] != SOURCE_REAUTH:
            flows.async_abort(flow["flow_id"])


async def _opened(stage: Stage, resident: Resident) -> str | None:
    """Return the sign-in that a repair leads to, else the one on the card."""
    registry = ir.async_get(stage.hass)
    for issue in sorted(shown(stage, resident)):
        name = issue_id(Issue(issue), resident.entry_id)
        entry = registry.async_get_issue(DOMAIN, name)
        if entry is None or not entry.is_fixable:
            continue
        repairs = stage.hass.data[REPAIRS]["flow_manager"]
        result = await stage.perform(repairs.async_init(DOMAIN, context={"issue_id": name}))
        result = await stage.perform(repairs.async_configure(result["flow_id"], {}))
        flow_id: str = result["next_flow"][1]
        return flow_id
    for flow in stage.entry(resident).async_get_active_flows(stage.hass, {SOURCE_REAUTH}):
        return flow["flow_id"]
    return None


async def _sign_in(stage: Stage, resident: Resident, flow_id: str) -> None:
    """Take a sign-in to its end, or leave it where it does not go on."""
    flows = stage.hass.config_entries.flow
    user_input: dict[str, Any] | None = {"next_step_id": "sign_in"}
    result: Result = await stage.perform(flows.async_configure(flow_id))
    if result["type"] is not FlowResultType.MENU:
        user_input = {} if result["type"] is FlowResultType.FORM else None
    for _ in range(STEPS_AT_MOST):
        stage.signed_in(resident.role)
        result = await stage.perform(flows.async_configure(flow_id, user_input))
        match result["type"]:
            case FlowResultType.SHOW_PROGRESS:
                _approve(stage, resident, result)
                await stage.wait(SECONDS_OF_A_STEP)
                user_input = None
                # Home Assistant takes a progress step on by itself, perhaps to the end.
                flows.async_get(flow_id)
            case FlowResultType.FORM:
                user_input = {}
            case FlowResultType.MENU:
                user_input = {"next_step_id": result["menu_options"][0]}
            case _:
                return


def _approve(stage: Stage, resident: Resident, result: Result) -> None:
    plex_tv = stage.world.plex_tv
    code = result["description_placeholders"]["code"]
    if plex_tv.running and any(pin.code == code for pin in plex_tv.waiting_pins()):
        plex_tv.approve_pin(code, resident.account)


async def move(stage: Stage, resident: Resident) -> bool:
    """Enter the server's new address, and return whether it was taken."""
    flows = stage.hass.config_entries.flow
    context = ConfigFlowContext(source=SOURCE_RECONFIGURE, entry_id=resident.entry_id)
    result = await stage.perform(flows.async_init(DOMAIN, context=context))
    result = await stage.perform(
        flows.async_configure(result["flow_id"], {"next_step_id": "reconfigure_address"})
    )
    result = await stage.perform(
        flows.async_configure(
            result["flow_id"], {CONF_URL: resident.server.url, CONF_VERIFY_SSL: True}
        )
    )
    return result["type"] is FlowResultType.ABORT
