"""System health of Plex Monitor."""

from typing import Any

from homeassistant.components import system_health
from homeassistant.core import HomeAssistant, callback

from . import clients
from .const import DOMAIN
from .runtime import PlexMonitorConfigEntry


@callback
def async_register(
    hass: HomeAssistant,  # noqa: ARG001 - Home Assistant's signature
    register: system_health.SystemHealthRegistration,
) -> None:
    """Register the system health info."""
    register.async_register_info(_async_system_health_info)


async def _async_system_health_info(hass: HomeAssistant) -> dict[str, Any]:
    """Return the number of servers and problems, and whether plex.tv can be reached."""
    entries: list[PlexMonitorConfigEntry] = hass.config_entries.async_loaded_entries(DOMAIN)
    coordinators = [entry.runtime_data.server for entry in entries]
    return {
        "can_reach_plex_tv": system_health.async_check_can_reach_url(
            hass, f"{clients.PLEX_TV_URL}/api/v2/ping"
        ),
        "servers": len(coordinators),
        "servers_online": sum(coordinator.online is True for coordinator in coordinators),
        "token_problems": sum(coordinator.guard.verdict.is_problem for coordinator in coordinators),
        "push_channels": sum(coordinator.push_connected for coordinator in coordinators),
    }
