"""The Plex Monitor integration."""

from homeassistant.const import Platform
from homeassistant.core import HomeAssistant

from .clients import plex_tv_client
from .const import (
    CONF_ACCOUNT_TOKEN,
    CONF_CLIENT_IDENTIFIER,
    CONF_TOKEN_SOURCE,
    LOGGER,
    TokenSource,
)
from .coordinator import PlexMonitorConfigEntry, PlexMonitorCoordinator
from .issues import async_delete_issues
from .plex.errors import PlexError, PlexUnauthorizedError

PLATFORMS = [Platform.BINARY_SENSOR, Platform.SENSOR, Platform.UPDATE]


async def async_setup_entry(hass: HomeAssistant, entry: PlexMonitorConfigEntry) -> bool:
    """Set up a Plex server from a config entry."""
    coordinator = PlexMonitorCoordinator(hass, entry)
    await coordinator.async_start()
    entry.runtime_data = coordinator
    await hass.config_entries.async_forward_entry_setups(entry, PLATFORMS)
    return True


async def async_unload_entry(hass: HomeAssistant, entry: PlexMonitorConfigEntry) -> bool:
    """Unload a config entry."""
    if entry.disabled_by:
        # Whoever disables an entry is not to be asked to repair it.
        async_delete_issues(hass, entry.entry_id)
    return await hass.config_entries.async_unload_platforms(entry, PLATFORMS)


async def async_remove_entry(hass: HomeAssistant, entry: PlexMonitorConfigEntry) -> None:
    """Leave nothing of an entry behind, its token at plex.tv included."""
    async_delete_issues(hass, entry.entry_id)
    token = entry.data.get(CONF_ACCOUNT_TOKEN)
    if token is None or not TokenSource(entry.data[CONF_TOKEN_SOURCE]).is_our_own:
        return
    try:
        await plex_tv_client(hass, entry.data[CONF_CLIENT_IDENTIFIER]).sign_out(token)
    except PlexUnauthorizedError:
        LOGGER.debug("%s: plex.tv had signed the token out before", entry.title)
    except PlexError as err:
        LOGGER.warning(
            "%s is removed, but could not be signed out of plex.tv (%s); remove the device under "
            "authorized devices in your Plex account",
            entry.title,
            err,
        )
