"""System health of the integration."""

import asyncio

from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
from pytest_homeassistant_custom_component.common import MockConfigEntry, get_system_health_info

from custom_components.plex_monitor.const import DOMAIN

from .simulator import World
from .support.entries import set_up


async def test_system_health(hass: HomeAssistant, world: World, entry: MockConfigEntry) -> None:
    """It contains numbers of servers and problems, and whether plex.tv can be reached."""
    assert await async_setup_component(hass, "system_health", {})
    await set_up(hass, entry)
    info = await get_system_health_info(hass, DOMAIN)
    assert await asyncio.wait_for(info.pop("can_reach_plex_tv"), 5) == "ok"
    assert info == {
        "servers": 1,
        "servers_online": 1,
        "token_problems": 0,
        "push_channels": 1,
    }
