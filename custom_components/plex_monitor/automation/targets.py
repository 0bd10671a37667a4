"""Targets of triggers and conditions: which servers they name, and when these are loaded."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from homeassistant.config_entries import (
    SIGNAL_CONFIG_ENTRY_CHANGED,
    ConfigEntry,
    ConfigEntryChange,
    ConfigEntryState,
)
from homeassistant.core import CALLBACK_TYPE, Event, HomeAssistant, callback
from homeassistant.helpers import (
    area_registry as ar,
    device_registry as dr,
    entity_registry as er,
)
from homeassistant.helpers.dispatcher import async_dispatcher_connect
from homeassistant.helpers.target import TargetSelection, async_extract_referenced_entity_ids

from ..const import DOMAIN
from ..devices import library_identifier
from ..runtime import PlexMonitorConfigEntry
from ..server.coordinator import PlexMonitorCoordinator

type Target = Mapping[str, Any] | None

_REGISTRY_EVENTS = (
    ar.EVENT_AREA_REGISTRY_UPDATED,
    dr.EVENT_DEVICE_REGISTRY_UPDATED,
    er.EVENT_ENTITY_REGISTRY_UPDATED,
)


@callback
def async_get_targeted_entries(hass: HomeAssistant, target: Target) -> list[PlexMonitorConfigEntry]:
    """Return the entries of the targeted servers, or all without a target.

    A server is targeted by its device or by an entity of that device, not by one of its libraries.
    """
    entries: list[PlexMonitorConfigEntry] = hass.config_entries.async_entries(
        DOMAIN, include_ignore=False, include_disabled=False
    )
    selection = TargetSelection(dict(target or {}))
    if not selection.has_any_target:
        return entries
    selected = async_extract_referenced_entity_ids(hass, selection, primary_entities_only=False)
    registry = er.async_get(hass)
    devices = selected.referenced_devices | {
        registered.device_id
        for entity_id in selected.referenced | selected.indirectly_referenced
        if (registered := registry.async_get(entity_id)) is not None
    }
    return [entry for entry in entries if async_get_device_id(hass, entry) in devices]


@callback
def async_get_device_id(hass: HomeAssistant, entry: PlexMonitorConfigEntry) -> str | None:
    """Return the id of the device of a server."""
    if TYPE_CHECKING:
        assert entry.unique_id is not None
    device = dr.async_get(hass).async_get_device_by_identifier(
        (DOMAIN, entry.unique_id), entry.entry_id
    )
    return None if device is None else device.id


@callback
def async_get_library_device_id(
    hass: HomeAssistant, entry: PlexMonitorConfigEntry, key: str
) -> str | None:
    """Return the id of the device of a library."""
    if TYPE_CHECKING:
        assert entry.unique_id is not None
    device = dr.async_get(hass).async_get_child_device_by_identifier(
        library_identifier(entry.unique_id, key), entry.entry_id
    )
    return None if device is None else device.id


@callback
def async_get_library_device_ids(
    hass: HomeAssistant, entry: PlexMonitorConfigEntry, key: str
) -> set[str]:
    """Return the ids of the devices that stand for a library: its own and the server's."""
    device_ids = async_get_library_device_id(hass, entry, key), async_get_device_id(hass, entry)
    return {device_id for device_id in device_ids if device_id is not None}


class TargetedServersTracker:
    """Attach to each targeted server for as long as it is targeted and loaded."""

    def __init__(
        self,
        hass: HomeAssistant,
        target: Target,
        attach: Callable[[PlexMonitorConfigEntry], CALLBACK_TYPE],
    ) -> None:
        """Initialize with the function that attaches to a server and returns how to detach."""
        self._hass = hass
        self._target = target
        self._attach = attach
        self._attached: dict[PlexMonitorCoordinator, CALLBACK_TYPE] = {}
        self._remove_listeners: list[CALLBACK_TYPE] = []
        self._update_scheduled = False

    @callback
    def async_start(self) -> CALLBACK_TYPE:
        """Start to track the servers, and return how to stop."""
        self._remove_listeners.append(
            async_dispatcher_connect(
                self._hass, SIGNAL_CONFIG_ENTRY_CHANGED, self._handle_entry_change
            )
        )
        if TargetSelection(dict(self._target or {})).has_any_target:
            self._remove_listeners.extend(
                self._hass.bus.async_listen(event_type, self._handle_registry_change)
                for event_type in _REGISTRY_EVENTS
            )
        self._async_update()
        return self._async_stop

    @callback
    def _async_stop(self) -> None:
        while self._remove_listeners:
            self._remove_listeners.pop()()
        while self._attached:
            self._attached.popitem()[1]()

    @callback
    def _handle_entry_change(self, _change: ConfigEntryChange, entry: ConfigEntry[Any]) -> None:
        if entry.domain == DOMAIN:
            self._async_update()

    @callback
    def _handle_registry_change(self, _event: Event[Any]) -> None:
        """Schedule one update for all changes that come together, as in the setup of a server."""
        if not self._update_scheduled:
            self._update_scheduled = True
            self._hass.loop.call_soon(self._async_update_if_started)

    @callback
    def _async_update_if_started(self) -> None:
        self._update_scheduled = False
        if self._remove_listeners:
            self._async_update()

    @callback
    def _async_update(self) -> None:
        targeted = {
            entry.runtime_data.server: entry
            for entry in async_get_targeted_entries(self._hass, self._target)
            if entry.state is ConfigEntryState.LOADED
        }
        for coordinator in self._attached.keys() - targeted.keys():
            self._attached.pop(coordinator)()
        for coordinator, entry in targeted.items():
            if coordinator not in self._attached:
                self._attached[coordinator] = self._attach(entry)
