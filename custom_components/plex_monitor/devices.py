"""The devices of Plex Monitor: a server, its libraries as parts of it, and players beside it."""

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.device_registry import (
    ChildDeviceEntry,
    ChildDeviceInfo,
    DeviceEntryType,
    DeviceInfo,
)

from .const import DOMAIN, MANUFACTURER, MODEL
from .library.coordinator import Library, LibraryCoordinator
from .players.tracker import PlayerState, TrackedPlayer
from .runtime import PlexMonitorConfigEntry
from .server.coordinator import PlexMonitorCoordinator


def server_device_info(coordinator: PlexMonitorCoordinator) -> DeviceInfo:
    """Return what is known of the server as a device."""
    info = DeviceInfo(
        configuration_url=f"{coordinator.server.url}/web",
        entry_type=DeviceEntryType.SERVICE,
        identifiers={(DOMAIN, coordinator.server.machine_identifier)},
        manufacturer=MANUFACTURER,
        model=MODEL,
        name=coordinator.config_entry.title,
    )
    if coordinator.data is not None:
        info["sw_version"] = coordinator.data.info.version
    return info


@callback
def async_register_server(hass: HomeAssistant, coordinator: PlexMonitorCoordinator) -> str:
    """Have the device of the server, as it is now, and return its id."""
    return (
        dr.async_get(hass)
        .async_get_or_create(
            config_entry_id=coordinator.config_entry.entry_id, **server_device_info(coordinator)
        )
        .id
    )


def library_device_info(
    coordinator: LibraryCoordinator, library: Library, server_device_id: str
) -> ChildDeviceInfo:
    """Return what is known of a library as a device that is a part of the server."""
    return ChildDeviceInfo(
        identifiers={_library_identifier(coordinator, library.section.key)},
        name=library.section.title,
        parent_device_id=server_device_id,
    )


def _library_identifier(coordinator: LibraryCoordinator, key: str) -> tuple[str, str]:
    return library_identifier(coordinator.server.server.machine_identifier, key)


def library_identifier(machine_identifier: str, key: str) -> tuple[str, str]:
    """Return what identifies the device of a library of a server."""
    return DOMAIN, f"{machine_identifier}_{key}"


def player_device_info(player: TrackedPlayer) -> DeviceInfo:
    """Return which device is that of a player, of which each server knows its own."""
    return DeviceInfo(identifiers={_player_identifier(player)})


def _player_identifier(player: TrackedPlayer) -> tuple[str, str]:
    machine_identifier = player.coordinator.server.machine_identifier
    return DOMAIN, f"{machine_identifier}_player_{player.player.player_id}"


@callback
def _async_follow_player(
    hass: HomeAssistant,
    entry: PlexMonitorConfigEntry,
    player: TrackedPlayer,
    server_device_id: str,
) -> str:
    """Keep the device of a player like it, and return its id."""
    registry = dr.async_get(hass)
    identifier = _player_identifier(player)
    known = registry.async_get_device_by_identifier(identifier, entry.entry_id)
    # What it runs is told only while it plays.
    model = player.player.platform if known is None else known.model
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
    def _async_changed(state: PlayerState | None) -> None:
        nonlocal model
        product = None if state is None or state.session is None else state.session.product
        if product not in {None, model}:
            model = product
            registry.async_update_device(registered.id, model=model)

    entry.async_on_unload(player.listeners.async_add(_async_changed))
    return registered.id


@callback
def async_follow_devices(hass: HomeAssistant, entry: PlexMonitorConfigEntry) -> None:
    """Keep the devices like what they stand for, from before there are entities on."""
    coordinator = entry.runtime_data.server
    libraries = entry.runtime_data.libraries
    registry = dr.async_get(hass)
    server_device_id = async_register_server(hass, coordinator)
    registered = server_device_info(coordinator)
    wanted = {server_device_id} | {
        _async_follow_player(hass, entry, player, server_device_id)
        for player in entry.runtime_data.players
    }
    for device in dr.async_entries_for_config_entry(registry, entry.entry_id):
        if device.id not in wanted:
            # Somebody has chosen that this player has no device any more.
            registry.async_remove_device(device.id)

    @callback
    def _async_server_changed() -> None:
        nonlocal registered
        if (info := server_device_info(coordinator)) != registered:
            registered = info
            async_register_server(hass, coordinator)

    def library_devices() -> dict[str, ChildDeviceEntry]:
        before = library_identifier(coordinator.server.machine_identifier, "")[1]
        return {
            identifier[1].removeprefix(before): device
            for device in dr.async_child_entries_for_config_entry(registry, entry.entry_id)
            for identifier in device.identifiers
        }

    @callback
    def _async_libraries_changed() -> None:
        if not libraries.available:
            return
        for key, device in library_devices().items():
            if libraries.is_gone(key):
                registry.async_remove_device(device.id)
            elif (
                library := libraries.data.get(key)
            ) is not None and device.name != library.section.title:
                registry.async_get_or_create_child(
                    config_entry_id=entry.entry_id,
                    **library_device_info(libraries, library, server_device_id),
                )

    libraries.async_expect(library_devices().keys())
    entry.async_on_unload(coordinator.async_add_listener(_async_server_changed))
    entry.async_on_unload(libraries.async_add_listener(_async_libraries_changed))
