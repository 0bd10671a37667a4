"""Which servers an automation is about, and how it follows them through their lives."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from homeassistant.config_entries import (
    SIGNAL_CONFIG_ENTRY_CHANGED,
    ConfigEntry,
    ConfigEntryChange,
    ConfigEntryState,
)
from homeassistant.const import ATTR_DEVICE_ID, ATTR_ENTITY_ID, CONF_OPTIONS, CONF_TARGET
from homeassistant.core import CALLBACK_TYPE, Event, HomeAssistant, callback
from homeassistant.helpers import (
    area_registry as ar,
    device_registry as dr,
    entity_registry as er,
)
from homeassistant.helpers.dispatcher import async_dispatcher_connect
from homeassistant.helpers.target import TargetSelection, async_extract_referenced_entity_ids
from homeassistant.helpers.typing import ConfigType
import voluptuous as vol

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
def async_validated(
    hass: HomeAssistant, config: ConfigType, options_schema: dict[Any, Any]
) -> ConfigType:
    """Return the config of a trigger or condition; raise `vol.Invalid` where it is wrong."""
    schema = vol.Schema(
        {
            vol.Optional(CONF_TARGET): dict,
            vol.Optional(CONF_OPTIONS, default=dict): options_schema,
        }
    )
    validated: ConfigType = schema(config)
    _validate_target(hass, validated.get(CONF_TARGET))
    return validated


@callback
def _validate_target(hass: HomeAssistant, target: Target) -> None:
    """Refuse what is there and is no server; what is not there may come back."""
    devices, entities = dr.async_get(hass), er.async_get(hass)
    for device_id in _ids(target, ATTR_DEVICE_ID):
        known = devices.async_get(device_id) is not None
        if known and not async_targeted(hass, {ATTR_DEVICE_ID: [device_id]}):
            raise vol.Invalid(f"Device {device_id} is not a Plex server of Plex Monitor")
    for entity_id in _ids(target, ATTR_ENTITY_ID):
        known = entities.async_get(entity_id) is not None
        if known and not async_targeted(hass, {ATTR_ENTITY_ID: [entity_id]}):
            raise vol.Invalid(f"Entity {entity_id} is not one of a Plex server of Plex Monitor")


def _ids(target: Target, key: str) -> list[str]:
    return [] if target is None else target.get(key, [])


@callback
def async_targeted(hass: HomeAssistant, target: Target) -> list[PlexMonitorConfigEntry]:
    """Return the entries of the servers that are meant, all where nothing is said.

    A server is meant by its device, or by what is on that: not by one of its libraries.
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
    return [entry for entry in entries if async_device_id(hass, entry) in devices]


@callback
def async_device_id(hass: HomeAssistant, entry: PlexMonitorConfigEntry) -> str | None:
    """Return the id of the device of a server."""
    if TYPE_CHECKING:
        assert entry.unique_id is not None
    device = dr.async_get(hass).async_get_device_by_identifier(
        (DOMAIN, entry.unique_id), entry.entry_id
    )
    return None if device is None else device.id


@callback
def async_library_device_id(
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
def async_devices_of_library(
    hass: HomeAssistant, entry: PlexMonitorConfigEntry, key: str
) -> set[str]:
    """Return the ids of the devices that a library belongs to: its own and the server's."""
    devices = async_library_device_id(hass, entry, key), async_device_id(hass, entry)
    return {device for device in devices if device is not None}


class ServerFollower:
    """Be attached to each server that is meant, for as long as it is meant and loaded."""

    def __init__(
        self,
        hass: HomeAssistant,
        target: Target,
        attach: Callable[[PlexMonitorConfigEntry], CALLBACK_TYPE],
    ) -> None:
        """Attach with this, which returns how to end it."""
        self._hass = hass
        self._target = target
        self._attach = attach
        self._attached: dict[PlexMonitorCoordinator, CALLBACK_TYPE] = {}
        self._listeners: list[CALLBACK_TYPE] = []
        self._update_due = False

    @callback
    def async_start(self) -> CALLBACK_TYPE:
        """Begin, and return how to end."""
        self._listeners.append(
            async_dispatcher_connect(
                self._hass, SIGNAL_CONFIG_ENTRY_CHANGED, self._async_entry_changed
            )
        )
        if TargetSelection(dict(self._target or {})).has_any_target:
            self._listeners.extend(
                self._hass.bus.async_listen(event_type, self._async_registry_changed)
                for event_type in _REGISTRY_EVENTS
            )
        self._async_update()
        return self._async_stop

    @callback
    def _async_stop(self) -> None:
        while self._listeners:
            self._listeners.pop()()
        while self._attached:
            self._attached.popitem()[1]()

    @callback
    def _async_entry_changed(self, _change: ConfigEntryChange, entry: ConfigEntry[Any]) -> None:
        if entry.domain == DOMAIN:
            self._async_update()

    @callback
    def _async_registry_changed(self, _event: Event[Any]) -> None:
        """Look again once for all that changes together, as when a server is set up."""
        if not self._update_due:
            self._update_due = True
            self._hass.loop.call_soon(self._async_update_if_due)

    @callback
    def _async_update_if_due(self) -> None:
        self._update_due = False
        if self._listeners:
            self._async_update()

    @callback
    def _async_update(self) -> None:
        meant = {
            entry.runtime_data.server: entry
            for entry in async_targeted(self._hass, self._target)
            if entry.state is ConfigEntryState.LOADED
        }
        for coordinator in self._attached.keys() - meant.keys():
            self._attached.pop(coordinator)()
        for coordinator, entry in meant.items():
            if coordinator not in self._attached:
                self._attached[coordinator] = self._attach(entry)
