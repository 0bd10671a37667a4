"""The base of all entities of Plex Monitor, and how they come into being."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol, override

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.device_registry import ChildDeviceInfo
from homeassistant.helpers.entity import Entity, EntityDescription
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.helpers.update_coordinator import CoordinatorEntity, DataUpdateCoordinator

from .devices import (
    async_register_server,
    library_device_info,
    player_device_info,
    server_device_info,
)
from .library.coordinator import Library, LibraryCoordinator
from .library.reader import library_unique_id
from .players.tracker import PlayerState, TrackedPlayer
from .runtime import PlexMonitorConfigEntry
from .server.coordinator import PlexMonitorCoordinator, PlexMonitorData


class PlexMonitorCoordinatorEntity[CoordinatorT: DataUpdateCoordinator[Any]](
    CoordinatorEntity[CoordinatorT]
):
    """Something that is written only when it changes: most of what is told concerns few.

    To find that out costs a part of what it costs Home Assistant to write it and find out the same.
    """

    _attr_has_entity_name = True
    _written: object = None

    @override
    async def async_added_to_hass(self) -> None:
        """Remember what Home Assistant writes now."""
        await super().async_added_to_hass()
        self._written = self._shown()

    @callback
    @override
    def _handle_coordinator_update(self) -> None:
        """Write the state, where another is shown than before."""
        shown = self._shown()
        if shown != self._written:
            self._written = shown
            super()._handle_coordinator_update()

    def _shown(self) -> object:
        return self.available and (
            self.state,
            self.supported_features,
            self.state_attributes,
            self.extra_state_attributes,
        )


class PlexMonitorEntity(PlexMonitorCoordinatorEntity[PlexMonitorCoordinator]):
    """Something a Plex server tells."""

    def __init__(self, coordinator: PlexMonitorCoordinator, description: EntityDescription) -> None:
        """Belong to the device of the server."""
        super().__init__(coordinator)
        self.entity_description = description
        self._attr_unique_id = f"{coordinator.server.machine_identifier}_{description.key}"
        self._attr_device_info = server_device_info(coordinator)


class PlexMonitorDataEntity(PlexMonitorEntity):
    """Something that was read from the server, and is gone while it cannot be read."""

    @property
    def data(self) -> PlexMonitorData:
        """Return what was read; only an entity that is available has it."""
        if TYPE_CHECKING:
            assert self.coordinator.data is not None
        return self.coordinator.data


class PlexMonitorStandingEntity(PlexMonitorEntity):
    """Something that stays available, because it says what is wrong while the rest is gone."""

    @property
    @override
    def available(self) -> bool:
        """Stay available."""
        return True


class PlexMonitorLibraryEntity(PlexMonitorCoordinatorEntity[LibraryCoordinator]):
    """Something of a library, which is told of that library alone."""

    def __init__(
        self,
        coordinator: LibraryCoordinator,
        description: EntityDescription,
        key: str,
        device_info: ChildDeviceInfo,
    ) -> None:
        """Belong to the device of the library."""
        super().__init__(coordinator, context=key)
        self.entity_description = description
        self._key = key
        machine_identifier = coordinator.server.server.machine_identifier
        self._attr_unique_id = library_unique_id(machine_identifier, key, description.key)
        self._attr_device_info = device_info

    @property
    @override
    def available(self) -> bool:
        """Say whether the library could be read, and is still there."""
        return self.coordinator.has(self._key)

    @property
    def library(self) -> Library:
        """Return the library; only an entity that is available has it."""
        return self.coordinator.data[self._key]


class PlexMonitorPlayerEntity(Entity):
    """Something of a player, which is told of that player alone."""

    _attr_has_entity_name = True
    _attr_should_poll = False

    def __init__(self, player: TrackedPlayer, description: EntityDescription) -> None:
        """Belong to the device of the player."""
        self.entity_description = description
        self.player = player
        machine_identifier = player.coordinator.server.machine_identifier
        self._attr_unique_id = (
            f"{machine_identifier}_player_{player.player.player_id}_{description.key}"
        )
        self._attr_device_info = player_device_info(player)

    @override
    async def async_added_to_hass(self) -> None:
        """Follow the player."""
        await super().async_added_to_hass()
        self.async_on_remove(self.player.listeners.async_add(self._async_changed))
        self._async_look()

    @property
    @override
    def available(self) -> bool:
        """Say whether it is known what the player does."""
        return self.player.state is not None

    @callback
    def _async_changed(self, _state: PlayerState | None) -> None:
        self._async_look()
        self.async_write_ha_state()

    @callback
    def _async_look(self) -> None:
        """Take in what the player does."""


class GrantedDescription(Protocol):
    """Describe something that exists only where the account may see it."""

    @property
    def key(self) -> str:
        """Return what tells it from the others."""

    @property
    def visible_fn(self) -> Callable[[PlexMonitorData], bool]:
        """Return how to find out whether the account may see it."""


class LibraryDescription(Protocol):
    """Describe something that exists only for libraries that have it."""

    @property
    def key(self) -> str:
        """Return what tells it from the others."""

    @property
    def exists_fn(self) -> Callable[[Library], bool]:
        """Return how to find out whether a library has it."""


@callback
def async_add_granted[DescriptionT: GrantedDescription](
    entry: PlexMonitorConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
    descriptions: Sequence[DescriptionT],
    make: Callable[[DescriptionT], Entity],
) -> None:
    """Add the entities of a server that the account may see, now and when it may see them."""
    coordinator = entry.runtime_data.server
    missing = list(descriptions)

    @callback
    def _async_add_visible() -> None:
        if not missing or (data := coordinator.data) is None:
            return
        visible = [description for description in missing if description.visible_fn(data)]
        for description in visible:
            missing.remove(description)
        if visible:
            async_add_entities([make(description) for description in visible])

    _async_add_visible()
    entry.async_on_unload(coordinator.async_add_listener(_async_add_visible))


@callback
def async_add_for_libraries[DescriptionT: LibraryDescription](
    hass: HomeAssistant,
    entry: PlexMonitorConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
    descriptions: Sequence[DescriptionT],
    make: Callable[[LibraryCoordinator, DescriptionT, str, ChildDeviceInfo], Entity],
) -> None:
    """Add the entities of all libraries, and of those that come later."""
    libraries = entry.runtime_data.libraries
    added: dict[str, set[str]] = {}

    def missing(key: str, library: Library) -> list[DescriptionT]:
        there = added.setdefault(key, set())
        new = [each for each in descriptions if each.key not in there and each.exists_fn(library)]
        there.update(each.key for each in new)
        return new

    @callback
    def _async_add_missing() -> None:
        data: Mapping[str, Library] = libraries.data
        for gone in added.keys() - data.keys():
            # Its entities go with its device.
            del added[gone]
        new = {key: found for key, library in data.items() if (found := missing(key, library))}
        if not new:
            return
        server_device_id = async_register_server(hass, entry.runtime_data.server)
        async_add_entities(
            [
                make(libraries, description, key, device_info)
                for key, found in new.items()
                for device_info in [library_device_info(libraries, data[key], server_device_id)]
                for description in found
            ]
        )

    _async_add_missing()
    entry.async_on_unload(libraries.async_add_listener(_async_add_missing))
