"""Set up servers again that were unreachable during setup, as soon as they answer.

Home Assistant retries such a setup by itself, after a while every ten minutes. A server that was
only slower to start than Home Assistant should not be missing for that long.
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

CHECK_INTERVAL = timedelta(seconds=30)


@callback
def async_watch_unreachable_servers(hass: HomeAssistant) -> None:
    """Check unreachable servers until Home Assistant stops."""
    unreachable: set[str] = set()

    async def check(entry: PlexMonitorConfigEntry) -> None:
        if not _may_reload(hass, entry):
            unreachable.discard(entry.entry_id)
        elif not await _is_reachable(hass, entry):
            unreachable.add(entry.entry_id)
        elif entry.entry_id in unreachable and _may_reload(hass, entry):
            # The setup of a server that was reachable all the time fails for another reason.
            unreachable.discard(entry.entry_id)
            LOGGER.debug("%s is reachable again and is set up", entry.title)
            hass.config_entries.async_schedule_reload(entry.entry_id)

    async def check_all(_now: datetime) -> None:
        await asyncio.gather(*map(check, hass.config_entries.async_entries(DOMAIN)))

    async_track_time_interval(
        hass,
        check_all,
        CHECK_INTERVAL,
        name=f"{DOMAIN} unreachable servers",
        cancel_on_shutdown=True,
    )


def _may_reload(hass: HomeAssistant, entry: PlexMonitorConfigEntry) -> bool:
    """Return whether the setup of an entry is being retried, and may be at any time.

    A reload would close a sign-in prompt that a user may have open.
    """
    return entry.state is ConfigEntryState.SETUP_RETRY and not any(
        entry.async_get_active_flows(hass, {SOURCE_REAUTH})
    )


async def _is_reachable(hass: HomeAssistant, entry: PlexMonitorConfigEntry) -> bool:
    """Return whether the server answers at its last address."""
    try:
        identity = await fetch_identity(
            async_get_clientsession(hass, entry.data[CONF_VERIFY_SSL]),
            entry.data[CONF_URL],
            client_identity(hass, entry.data[CONF_CLIENT_IDENTIFIER]),
        )
    except PlexError:
        return False
    return identity.machine_identifier == entry.unique_id
