"""Base entities of Plex Monitor, and how platforms add theirs."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, override

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.device_registry import ChildDeviceInfo
from homeassistant.helpers.dispatcher import async_dispatcher_connect
from homeassistant.helpers.entity import Entity, EntityDescription
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.helpers.update_coordinator import CoordinatorEntity, DataUpdateCoordinator

from .devices import (
    async_register_server,
    library_device_info,
    player_device_info,
    server_device_info,
)
from .library.coordinator import LibraryCoordinator
from .library.models import Library, library_unique_id
from .players.models import PlayerState
from .players.tracker import TrackedPlayer
from .runtime import PlexMonitorConfigEntry
from .server.coordinator import PlexMonitorCoordinator, PlexMonitorData


class PlexMonitorCoordinatorEntity[CoordinatorT: DataUpdateCoordinator[Any]](
    CoordinatorEntity[CoordinatorT]
):
    """Base entity of a coordinator."""

    _attr_has_entity_name = True


class PlexMonitorEntity(PlexMonitorCoordinatorEntity[PlexMonitorCoordinator]):
    """Entity of a Plex server."""

    def __init__(self, coordinator: PlexMonitorCoordinator, description: EntityDescription) -> None:
        """Initialize the entity on the device of the server."""
        super().__init__(coordinator)
        self.entity_description = description
        self._attr_unique_id = f"{coordinator.server.machine_identifier}_{description.key}"
        self._attr_device_info = server_device_info(coordinator)


@dataclass(frozen=True, kw_only=True)
class PlexMonitorDataEntityDescription(EntityDescription):
    """Describe an entity of data that are read from the server, where the account may see them."""

    visible_fn: Callable[[PlexMonitorData], bool] = lambda _: True


class PlexMonitorDataEntity(PlexMonitorEntity):
    """Entity of data that are read from the server; unavailable while it has none to show."""

    entity_description: PlexMonitorDataEntityDescription

    @property
    @override
    def available(self) -> bool:
        """Return whether the data could be read, and the account may see them."""
        return super().available and self.entity_description.visible_fn(self.data)

    @property
    def data(self) -> PlexMonitorData:
        """Return the data of the coordinator, which exists while the entity is available."""
        if TYPE_CHECKING:
            assert self.coordinator.data is not None
        return self.coordinator.data


class PlexMonitorAlwaysAvailableEntity(PlexMonitorEntity):
    """Entity that says what is wrong while the others are unavailable."""

    @property
    @override
    def available(self) -> bool:
        """Return that it is available."""
        return True


class PlexMonitorLibraryEntity(PlexMonitorCoordinatorEntity[LibraryCoordinator]):
    """Entity of a library, with updates of that library alone beside those of all."""

    def __init__(
        self,
        coordinator: LibraryCoordinator,
        description: EntityDescription,
        key: str,
        device_info: ChildDeviceInfo,
    ) -> None:
        """Initialize the entity on the device of the library."""
        super().__init__(coordinator)
        self.entity_description = description
        self._key = key
        machine_identifier = coordinator.server.server.machine_identifier
        self._attr_unique_id = library_unique_id(machine_identifier, key, description.key)
        self._attr_device_info = device_info

    @override
    async def async_added_to_hass(self) -> None:
        """Subscribe to updates of the library."""
        await super().async_added_to_hass()
        self.async_on_remove(
            async_dispatcher_connect(
                self.hass, self.coordinator.signal(self._key), self._handle_coordinator_update
            )
        )

    @property
    @override
    def available(self) -> bool:
        """Return whether the library exists and could be read."""
        return self.coordinator.has(self._key)

    @property
    def library(self) -> Library:
        """Return the library, which exists while the entity is available."""
        return self.coordinator.data[self._key]


class PlexMonitorPlayerEntity(Entity):
    """Entity of a player, with updates of that player alone."""

    _attr_has_entity_name = True
    _attr_should_poll = False

    def __init__(self, player: TrackedPlayer, description: EntityDescription) -> None:
        """Initialize the entity on the device of the player."""
        self.entity_description = description
        self.player = player
        machine_identifier = player.coordinator.server.machine_identifier
        self._attr_unique_id = (
            f"{machine_identifier}_player_{player.player.player_id}_{description.key}"
        )
        self._attr_device_info = player_device_info(player)

    @override
    async def async_added_to_hass(self) -> None:
        """Subscribe to updates of the player."""
        await super().async_added_to_hass()
        self.async_on_remove(self.player.listeners.async_add(self._handle_player_update))
        self._async_update_attrs()

    @property
    @override
    def available(self) -> bool:
        """Return whether the state of the player is known."""
        return self.player.state is not None

    @callback
    def _handle_player_update(self, _state: PlayerState | None) -> None:
        self._async_update_attrs()
        self.async_write_ha_state()

    @callback
    def _async_update_attrs(self) -> None:
        """Update the attributes of the entity from the player."""


class ServerEntityDescription(Protocol):
    """Description of an entity that is added once the account may see its data."""

    @property
    def key(self) -> str:
        """Return the key of the entity."""

    @property
    def visible_fn(self) -> Callable[[PlexMonitorData], bool]:
        """Return a function that returns whether the account may see the data."""


class LibraryEntityDescription(Protocol):
    """Description of an entity that is added for each library that has its data."""

    @property
    def key(self) -> str:
        """Return the key of the entity."""

    @property
    def exists_fn(self) -> Callable[[Library], bool]:
        """Return a function that returns whether a library has the data."""


@callback
def async_add_server_entities[DescriptionT: ServerEntityDescription](
    entry: PlexMonitorConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
    descriptions: Sequence[DescriptionT],
    create: Callable[[DescriptionT], Entity],
) -> None:
    """Add the entities whose data the account may see, now and once it may see more."""
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
            async_add_entities([create(description) for description in visible])

    _async_add_visible()
    entry.async_on_unload(coordinator.async_add_listener(_async_add_visible))


@callback
def async_add_library_entities[DescriptionT: LibraryEntityDescription](
    hass: HomeAssistant,
    entry: PlexMonitorConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
    descriptions: Sequence[DescriptionT],
    create: Callable[[LibraryCoordinator, DescriptionT, str, ChildDeviceInfo], Entity],
) -> None:
    """Add the entities of all libraries, and of those that are created later."""
    libraries = entry.runtime_data.libraries
    added: dict[str, set[str]] = {}

    def missing(key: str, library: Library) -> list[DescriptionT]:
        present = added.setdefault(key, set())
        new = [each for each in descriptions if each.key not in present and each.exists_fn(library)]
        present.update(each.key for each in new)
        return new

    @callback
    def _async_add_missing() -> None:
        data: Mapping[str, Library] = libraries.data
        for removed in added.keys() - data.keys():
            # Its entities are removed with its device.
            del added[removed]
        new = {key: found for key, library in data.items() if (found := missing(key, library))}
        if not new:
            return
        server_device_id = async_register_server(hass, entry.runtime_data.server)
        async_add_entities(
            [
                create(libraries, description, key, device_info)
                for key, found in new.items()
                for device_info in [library_device_info(libraries, data[key], server_device_id)]
                for description in found
            ]
        )

    _async_add_missing()
    entry.async_on_unload(libraries.async_add_listener(_async_add_missing))
