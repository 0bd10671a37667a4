"""The sign-in prompt of an entry: started once, found again, taken back.

The flow is an ordinary one of source reauth. Home Assistant finds it active when an entry fails to
authenticate, and so does not add a general "Authentication expired" row beside our own repair.
"""

from collections.abc import Mapping
from typing import Any

from homeassistant.config_entries import (
    SOURCE_REAUTH,
    SOURCE_RECONFIGURE,
    ConfigFlowContext,
)
from homeassistant.core import HomeAssistant, callback

from ..const import DOMAIN
from ..runtime import PlexMonitorConfigEntry


async def async_start_reauth(hass: HomeAssistant, entry: PlexMonitorConfigEntry) -> str:
    """Start the sign-in prompt where none is open, and return the id of the flow that is."""
    for flow in entry.async_get_active_flows(hass, {SOURCE_REAUTH}):
        return flow["flow_id"]
    return await _async_init(hass, entry, SOURCE_REAUTH, entry.data)


async def async_start_replacement(hass: HomeAssistant, entry: PlexMonitorConfigEntry) -> str:
    """Start a sign-in that replaces a token which still works."""
    for flow in entry.async_get_active_flows(hass, {SOURCE_RECONFIGURE}):
        return flow["flow_id"]
    flow_id = await _async_init(hass, entry, SOURCE_RECONFIGURE, None)
    # Whoever comes from a repair has chosen already.
    await hass.config_entries.flow.async_configure(flow_id, {"next_step_id": "sign_in"})
    return flow_id


@callback
def async_stop_reauth(hass: HomeAssistant, entry: PlexMonitorConfigEntry) -> None:
    """Take the sign-in prompt back."""
    for flow in list(entry.async_get_active_flows(hass, {SOURCE_REAUTH})):
        hass.config_entries.flow.async_abort(flow["flow_id"])


async def _async_init(
    hass: HomeAssistant,
    entry: PlexMonitorConfigEntry,
    source: str,
    data: Mapping[str, Any] | None,
) -> str:
    result = await hass.config_entries.flow.async_init(
        DOMAIN,
        context=ConfigFlowContext(
            source=source,
            entry_id=entry.entry_id,
            title_placeholders={"name": entry.title},
            unique_id=entry.unique_id,
        ),
        data=data,
    )
    return result["flow_id"]
