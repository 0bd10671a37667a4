"""Reauthentication and reconfiguration flows of an entry, started where none is open.

`ConfigEntry.async_start_reauth` is not used: it adds an "Authentication expired" row beside our own
repair, starts nothing while a reconfiguration is open, and does not return the flow ID which the
repair continues with. The flow that is started here is the same. Home Assistant finds it when it
handles `ConfigEntryAuthFailed`, and so adds no row either.
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


async def async_ensure_reauth_flow(hass: HomeAssistant, entry: PlexMonitorConfigEntry) -> str:
    """Start a reauthentication flow unless one is open, and return its flow ID."""
    for flow in entry.async_get_active_flows(hass, {SOURCE_REAUTH}):
        return flow["flow_id"]
    return await _async_init(hass, entry, SOURCE_REAUTH, entry.data)


async def async_ensure_reconfigure_flow(hass: HomeAssistant, entry: PlexMonitorConfigEntry) -> str:
    """Start a reconfiguration flow at its sign-in unless one is open, and return its flow ID."""
    for flow in entry.async_get_active_flows(hass, {SOURCE_RECONFIGURE}):
        return flow["flow_id"]
    flow_id = await _async_init(hass, entry, SOURCE_RECONFIGURE, None)
    await hass.config_entries.flow.async_configure(flow_id, {"next_step_id": "sign_in"})
    return flow_id


@callback
def async_abort_reauth_flows(hass: HomeAssistant, entry: PlexMonitorConfigEntry) -> None:
    """Abort the open reauthentication flows of an entry."""
    for flow in list(entry.async_get_active_flows(hass, {SOURCE_REAUTH})):
        hass.config_entries.flow.async_abort(flow["flow_id"])


async def _async_init(
    hass: HomeAssistant,
    entry: PlexMonitorConfigEntry,
    source: str,
    data: Mapping[str, Any] | None,
) -> str:
    """Start a flow for an entry, and return its flow ID."""
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
