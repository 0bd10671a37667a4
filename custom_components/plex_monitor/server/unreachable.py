"""Servers that were away when they were set up: looked for until they are back.

Home Assistant tries such a setup again by itself, after a while every ten minutes. A server that
was only slower to start than Home Assistant is not to be missed for that long.
"""

import asyncio
from datetime import datetime, timedelta

from homeassistant.config_entries import SOURCE_REAUTH, ConfigEntryState
from homeassistant.const import CONF_URL, CONF_VERIFY_SSL
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.aiohttp_client import async_get_clientsession
from homeassistant.helpers.event import async_track_time_interval

from ..clients import client_identity
from ..const import CONF_CLIENT_IDENTIFIER, DOMAIN, LOGGER
from ..plex.errors import PlexError
from ..plex.server import fetch_identity
from ..runtime import PlexMonitorConfigEntry

LOOK_INTERVAL = timedelta(seconds=30)


@callback
def async_watch_unreachable_servers(hass: HomeAssistant) -> None:
    """Look for servers that are away until Home Assistant stops."""
    away: set[str] = set()

    async def look_for(entry: PlexMonitorConfigEntry) -> None:
        if not _is_waited_for(hass, entry):
            away.discard(entry.entry_id)
        elif not await _is_here(hass, entry):
            away.add(entry.entry_id)
        elif entry.entry_id in away and _is_waited_for(hass, entry):
            # One that answered all the time is not set up for another reason.
            away.discard(entry.entry_id)
            LOGGER.debug("%s is back and is set up", entry.title)
            hass.config_entries.async_schedule_reload(entry.entry_id)

    async def look(_now: datetime) -> None:
        await asyncio.gather(*map(look_for, hass.config_entries.async_entries(DOMAIN)))

    async_track_time_interval(
        hass, look, LOOK_INTERVAL, name=f"{DOMAIN} servers away", cancel_on_shutdown=True
    )


def _is_waited_for(hass: HomeAssistant, entry: PlexMonitorConfigEntry) -> bool:
    """Say whether a setup is tried again, and may be at any time.

    A reload would close the sign-in prompt in front of whoever is using it.
    """
    return entry.state is ConfigEntryState.SETUP_RETRY and not any(
        entry.async_get_active_flows(hass, {SOURCE_REAUTH})
    )


async def _is_here(hass: HomeAssistant, entry: PlexMonitorConfigEntry) -> bool:
    """Say whether the server answers where it was last."""
    try:
        identity = await fetch_identity(
            async_get_clientsession(hass, entry.data[CONF_VERIFY_SSL]),
            entry.data[CONF_URL],
            client_identity(hass, entry.data[CONF_CLIENT_IDENTIFIER]),
        )
    except PlexError:
        return False
    return identity.machine_identifier == entry.unique_id
