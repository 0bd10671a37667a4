"""Base entities of Plex Monitor, and how platforms add theirs."""

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import batched
from typing import TYPE_CHECKING, Any, Protocol, override

from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.device_registry import ChildDeviceInfo
from homeassistant.helpers.dispatcher import async_dispatcher_connect
from homeassistant.helpers.entity import Entity, EntityDescription
from homeassistant.helpers.entity_platform import (
    AddConfigEntryEntitiesCallback,
    async_get_current_platform,
)
from homeassistant.helpers.update_coordinator import CoordinatorEntity, DataUpdateCoordinator

from .const import DOMAIN
from .devices import (
    async_library_devices,
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

# Entities of libraries that a platform adds at once, and how many of the rest at a time: each takes
# a millisecond or two.
AT_ONCE = 15
BATCH = 3


def server_unique_id(machine_identifier: str, key: str) -> str:
    """Return the unique id of an entity of a server."""
    return f"{machine_identifier}_{key}"


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
        machine_identifier = coordinator.server.machine_identifier
        self._attr_unique_id = server_unique_id(machine_identifier, description.key)
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
        return self.coordinator.available and self.entity_description.visible_fn(self.data)

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
        self._shown: Library | None = None
        machine_identifier = coordinator.server.server.machine_identifier
        self._attr_unique_id = library_unique_id(machine_identifier, key, description.key)
        self._attr_device_info = device_info

    @override
    async def async_added_to_hass(self) -> None:
        """Subscribe to updates of the library."""
        await super().async_added_to_hass()
        self._shown = self._library_to_show()
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

    def _library_to_show(self) -> Library | None:
        """Return the library, `None` while the entity is unavailable."""
        return self.library if self.available else None

    @callback
    @override
    def _handle_coordinator_update(self) -> None:
        """Write the state if the library has changed, as most of many libraries have not."""
        if (library := self._library_to_show()) != self._shown:
            self._shown = library
            super()._handle_coordinator_update()


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
    def translation_key(self) -> str | None:
        """Return the translation key of the entity, which is not `None`."""

    @property
    def exists_fn(self) -> Callable[[Library], bool]:
        """Return a function that returns whether a library has the data."""


@callback
def _async_registered_entities(
    hass: HomeAssistant, entry: PlexMonitorConfigEntry
) -> dict[str, str | None]:
    """Return the entities that the platform that is being set up has had before.

    The values are their translation keys: several descriptions have the same key.
    """
    domain = async_get_current_platform().domain
    registered = er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id)
    return {each.unique_id: each.translation_key for each in registered if each.domain == domain}


@callback
def async_add_server_entities[DescriptionT: ServerEntityDescription](
    entry: PlexMonitorConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
    descriptions: Sequence[DescriptionT],
    create: Callable[[DescriptionT], Entity],
) -> None:
    """Add the entities whose data the account may see, now and once it may see more.

    Those that were there before are added at once, and are unavailable until the server has
    responded, unless it says that the account has lost the right to see them.
    """
    coordinator = entry.runtime_data.server
    machine_identifier = coordinator.server.machine_identifier
    missing = list(descriptions)

    @callback
    def _async_add(added: Sequence[DescriptionT]) -> None:
        for description in added:
            missing.remove(description)
        if added:
            async_add_entities([create(description) for description in added])

    @callback
    def _async_add_visible() -> None:
        if missing and (data := coordinator.data) is not None:
            _async_add([description for description in missing if description.visible_fn(data)])

    if coordinator.data is None or coordinator.data.is_owner:
        registered = _async_registered_entities(coordinator.hass, entry)
        _async_add(
            [
                description
                for description in missing
                if server_unique_id(machine_identifier, description.key) in registered
            ]
        )
    _async_add_visible()
    entry.async_on_unload(coordinator.async_add_listener(_async_add_visible))


@callback
def async_add_player_entities(
    entry: PlexMonitorConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
    create: Callable[[TrackedPlayer], Entity],
) -> None:
    """Add the entity of each selected player, and of those that are selected later."""
    players = entry.runtime_data.players
    added: set[TrackedPlayer] = set()

    @callback
    def _async_add_missing(selected: Collection[TrackedPlayer]) -> None:
        new = [player for player in selected if player not in added]
        # The entities of the others are removed with their devices.
        added.intersection_update(selected)
        added.update(new)
        if new:
            async_add_entities([create(player) for player in new])

    _async_add_missing(tuple(players))
    entry.async_on_unload(players.selection_listeners.async_add(_async_add_missing))


@callback
def async_add_library_entities[DescriptionT: LibraryEntityDescription](
    hass: HomeAssistant,
    entry: PlexMonitorConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
    descriptions: Sequence[DescriptionT],
    create: Callable[[LibraryCoordinator, DescriptionT, str, ChildDeviceInfo], Entity],
) -> None:
    """Add the entities of all libraries, and of those that are created later.

    Those that were there before are added at once, and are unavailable until their library has
    been read.
    """
    libraries = entry.runtime_data.libraries
    machine_identifier = libraries.server.server.machine_identifier
    added: dict[str, set[str]] = {}

    @callback
    def _async_add(titles: Mapping[str, str], exists: Callable[[str, DescriptionT], bool]) -> None:
        """Add the entities that libraries with these titles have, and that are missing."""
        new = [
            (key, description)
            for key in titles
            for description in descriptions
            if description.key not in added.setdefault(key, set()) and exists(key, description)
        ]
        if not new:
            return
        for key, description in new:
            added[key].add(description.key)
        server_device_id = async_register_server(hass, entry.runtime_data.server)
        device_infos = {
            key: library_device_info(machine_identifier, key, title, server_device_id)
            for key, title in titles.items()
        }
        entities = [
            create(libraries, description, key, device_infos[key]) for key, description in new
        ]
        async_add_entities(entities[:AT_ONCE])
        if rest := entities[AT_ONCE:]:
            entry.async_create_task(hass, _async_add_rest(rest), f"{DOMAIN} add {entry.entry_id}")

    async def _async_add_rest(entities: Sequence[Entity]) -> None:
        """Add the entities of many libraries, and let the event loop run in between."""
        for batch in batched(entities, BATCH, strict=False):
            await asyncio.sleep(0)
            if entry.state is ConfigEntryState.UNLOAD_IN_PROGRESS:
                return
            async_add_entities(batch)

    @callback
    def _async_add_missing() -> None:
        data = libraries.data
        for removed in [key for key in added.keys() - data.keys() if libraries.is_removed(key)]:
            # Its entities are removed with its device.
            del added[removed]
        _async_add(
            {key: library.section.title for key, library in data.items()},
            lambda key, description: description.exists_fn(data[key]),
        )

    registered = _async_registered_entities(hass, entry)
    _async_add(
        {key: device.name or key for key, device in async_library_devices(hass, entry).items()},
        lambda key, description: (
            registered.get(library_unique_id(machine_identifier, key, description.key))
            == description.translation_key
        ),
    )
    _async_add_missing()
    entry.async_on_unload(libraries.async_add_listener(_async_add_missing))
