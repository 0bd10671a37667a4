"""Devices of Plex Monitor: a server, its libraries as child devices, and its players."""

from collections.abc import Collection

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.device_registry import (
    ChildDeviceEntry,
    ChildDeviceInfo,
    DeviceEntryType,
    DeviceInfo,
)

from .const import DOMAIN, MANUFACTURER, MODEL
from .players.models import PlayerState
from .players.tracker import TrackedPlayer
from .runtime import PlexMonitorConfigEntry
from .server.coordinator import PlexMonitorCoordinator


def server_device_info(coordinator: PlexMonitorCoordinator) -> DeviceInfo:
    """Return the device info of the server."""
    info = DeviceInfo(
        configuration_url=f"{coordinator.server.url}/web",
        entry_type=DeviceEntryType.SERVICE,
        identifiers={(DOMAIN, coordinator.server.machine_identifier)},
        manufacturer=MANUFACTURER,
        model=MODEL,
        name=coordinator.config_entry.title,
    )
    if coordinator.data is not None:
        info["sw_version"] = coordinator.data.version
    return info


@callback
def async_register_server(hass: HomeAssistant, coordinator: PlexMonitorCoordinator) -> str:
    """Create or update the device of the server, and return its id."""
    return (
        dr.async_get(hass)
        .async_get_or_create(
            config_entry_id=coordinator.config_entry.entry_id, **server_device_info(coordinator)
        )
        .id
    )


def library_device_info(
    machine_identifier: str, key: str, title: str, server_device_id: str
) -> ChildDeviceInfo:
    """Return the device info of a library, a child device of the server."""
    return ChildDeviceInfo(
        identifiers={library_identifier(machine_identifier, key)},
        name=title,
        parent_device_id=server_device_id,
    )


def library_identifier(machine_identifier: str, key: str) -> tuple[str, str]:
    """Return the device identifier of a library of a server."""
    return DOMAIN, f"{machine_identifier}_{key}"


@callback
def async_library_devices(
    hass: HomeAssistant, entry: PlexMonitorConfigEntry
) -> dict[str, ChildDeviceEntry]:
    """Return the devices of the known libraries by the key of the library."""
    registry = dr.async_get(hass)
    prefix = library_identifier(entry.runtime_data.server.server.machine_identifier, "")[1]
    return {
        identifier[1].removeprefix(prefix): device
        for device in dr.async_child_entries_for_config_entry(registry, entry.entry_id)
        for identifier in device.identifiers
    }


def player_device_info(player: TrackedPlayer) -> DeviceInfo:
    """Return the device info of a player; each server has a device of its own for it."""
    return DeviceInfo(identifiers={_player_identifier(player)})


def _player_identifier(player: TrackedPlayer) -> tuple[str, str]:
    machine_identifier = player.coordinator.server.machine_identifier
    return DOMAIN, f"{machine_identifier}_player_{player.player.player_id}"


@callback
def _async_setup_player(
    hass: HomeAssistant,
    entry: PlexMonitorConfigEntry,
    player: TrackedPlayer,
    server_device_id: str,
) -> str:
    """Create the device of a player, keep it up to date, and return its id."""
    registry = dr.async_get(hass)
    identifier = _player_identifier(player)
    existing = registry.async_get_device_by_identifier(identifier, entry.entry_id)
    # The server reports the product only while it plays.
    model = player.player.platform if existing is None else existing.model
    if player.session is not None:
        model = player.session.product or model
    registered = registry.async_get_or_create(
        config_entry_id=entry.entry_id,
        identifiers={identifier},
        model=model,
        name=player.player.name,
        via_device_id=server_device_id,
    )

    @callback
    def _handle_player_update(state: PlayerState | None) -> None:
        nonlocal model
        product = None if state is None or state.session is None else state.session.product
        if product not in {None, model}:
            model = product
            registry.async_update_device(registered.id, model=model)

    # The player ends with its selection, or else with the entry.
    player.listeners.async_add(_handle_player_update)
    return registered.id


@callback
def async_setup_devices(hass: HomeAssistant, entry: PlexMonitorConfigEntry) -> None:
    """Create and update the devices of an entry, and remove those that are no longer needed.

    Called before the platforms are set up, so that their entities find the devices.
    """
    coordinator = entry.runtime_data.server
    libraries = entry.runtime_data.libraries
    registry = dr.async_get(hass)
    server_device_id = async_register_server(hass, coordinator)
    registered = server_device_info(coordinator)
    player_devices: dict[TrackedPlayer, str] = {}

    @callback
    def _handle_selection(players: Collection[TrackedPlayer]) -> None:
        for player in players:
            if (device_id := player_devices.get(player)) is None:
                player_devices[player] = _async_setup_player(hass, entry, player, server_device_id)
            else:
                registry.async_update_device(device_id, name=player.player.name)
        for player in player_devices.keys() - set(players):
            del player_devices[player]
        expected = {server_device_id, *player_devices.values()}
        for device in dr.async_entries_for_config_entry(registry, entry.entry_id):
            if device.id not in expected:
                # The user no longer selects this player.
                registry.async_remove_device(device.id)

    @callback
    def _handle_server_update() -> None:
        nonlocal registered
        if (info := server_device_info(coordinator)) != registered:
            registered = info
            async_register_server(hass, coordinator)

    @callback
    def _handle_libraries_update() -> None:
        if not libraries.available:
            return
        for key, device in async_library_devices(hass, entry).items():
            if libraries.is_removed(key):
                registry.async_remove_device(device.id)
            elif (
                library := libraries.data.get(key)
            ) is not None and device.name != library.section.title:
                registry.async_get_or_create_child(
                    config_entry_id=entry.entry_id,
                    **library_device_info(
                        coordinator.server.machine_identifier,
                        key,
                        library.section.title,
                        server_device_id,
                    ),
                )

    players = entry.runtime_data.players
    _handle_selection(tuple(players))
    entry.async_on_unload(players.selection_listeners.async_add(_handle_selection))
    libraries.async_expect(async_library_devices(hass, entry).keys())
    entry.async_on_unload(coordinator.async_add_listener(_handle_server_update))
    entry.async_on_unload(libraries.async_add_listener(_handle_libraries_update))
