"""The Plex Monitor integration."""

from typing import Any

from homeassistant.config_entries import (
    SIGNAL_CONFIG_ENTRY_CHANGED,
    ConfigEntry,
    ConfigEntryChange,
)
from homeassistant.const import Platform
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.dispatcher import async_dispatcher_connect
from homeassistant.helpers.typing import ConfigType

from .auth.issues import async_delete_issues
from .auth.memory import async_forget_token
from .auth.pins import async_continue_pins
from .auth.sign_out import async_continue_sign_outs, async_sign_out
from .const import (
    CONF_ACCOUNT_TOKEN,
    CONF_CLIENT_IDENTIFIER,
    CONF_TOKEN_SOURCE,
    DOMAIN,
    TokenSource,
)
from .devices import async_register_server, async_setup_devices
from .events.diary import async_write_diary
from .events.last_reported import async_forget_last_reported
from .library.coordinator import LibraryCoordinator
from .media.links import MediaLinks
from .media.pictures import Pictures
from .media.signing import async_signing_key
from .media.view import PictureView
from .players.tracker import PlayerTracker
from .runtime import PlexMonitorConfigEntry, PlexMonitorRuntimeData
from .server.coordinator import PlexMonitorCoordinator
from .server.statistics import StatisticsCoordinator
from .services import async_setup_services

CONFIG_SCHEMA = cv.config_entry_only_config_schema(DOMAIN)
PLATFORMS = [
    Platform.BINARY_SENSOR,
    Platform.BUTTON,
    Platform.EVENT,
    Platform.IMAGE,
    Platform.MEDIA_PLAYER,
    Platform.SENSOR,
    Platform.UPDATE,
]


async def async_setup(
    hass: HomeAssistant,
    config: ConfigType,  # noqa: ARG001 - Home Assistant's signature
) -> bool:
    """Set up what all entries share: actions, pictures, and listeners for entries not loaded."""

    @callback
    def handle_entry_change(_change: ConfigEntryChange, entry: ConfigEntry[Any]) -> None:
        # A disabled entry needs no repair.
        if entry.domain == DOMAIN and entry.disabled_by:
            async_delete_issues(hass, entry.entry_id)
            async_forget_token(hass, entry.entry_id)

    async_dispatcher_connect(hass, SIGNAL_CONFIG_ENTRY_CHANGED, handle_entry_change)
    async_continue_sign_outs(hass)
    async_continue_pins(hass)
    async_setup_services(hass)
    hass.http.register_view(PictureView)
    return True


async def async_setup_entry(hass: HomeAssistant, entry: PlexMonitorConfigEntry) -> bool:
    """Set up a Plex server from a config entry."""
    signer = await async_signing_key(hass).async_load()
    coordinator = PlexMonitorCoordinator(hass, entry)
    await coordinator.async_start()
    libraries = LibraryCoordinator(hass, entry, coordinator)
    players = PlayerTracker(entry, coordinator)
    entry.runtime_data = PlexMonitorRuntimeData(
        server=coordinator,
        libraries=libraries,
        players=players,
        statistics=StatisticsCoordinator(hass, entry, coordinator),
        pictures=Pictures(coordinator),
        links=MediaLinks(
            signer,
            entry_id=entry.entry_id,
            machine_identifier=coordinator.server.machine_identifier,
        ),
    )
    libraries.async_start()
    players.async_start()
    async_setup_devices(hass, entry)
    async_write_diary(hass, entry, async_register_server(hass, coordinator))
    await hass.config_entries.async_forward_entry_setups(entry, PLATFORMS)
    return True


async def async_unload_entry(hass: HomeAssistant, entry: PlexMonitorConfigEntry) -> bool:
    """Unload a config entry."""
    return await hass.config_entries.async_unload_platforms(entry, PLATFORMS)


async def async_remove_entry(hass: HomeAssistant, entry: PlexMonitorConfigEntry) -> None:
    """Remove all data of an entry, and sign its token out at plex.tv if it is our own."""
    async_forget_last_reported(hass, entry.entry_id)
    async_forget_token(hass, entry.entry_id)
    async_delete_issues(hass, entry.entry_id)
    if not hass.config_entries.async_entries(DOMAIN):
        await async_signing_key(hass).async_remove()
    token = entry.data.get(CONF_ACCOUNT_TOKEN)
    if token is not None and TokenSource(entry.data[CONF_TOKEN_SOURCE]).is_our_own:
        async_sign_out(hass, entry.data[CONF_CLIENT_IDENTIFIER], token, server_name=entry.title)
