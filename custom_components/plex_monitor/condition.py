"""Conditions of Plex Monitor."""

from abc import abstractmethod
from functools import partial
from typing import Unpack, override

from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.helpers.condition import Condition, ConditionCheckParams, ConditionConfig

from .automation.config import ValidatedConfig
from .automation.filters import LIBRARY_OPTIONS, STREAM_OPTIONS, Filter
from .automation.targets import async_get_library_device_ids, async_get_targeted_entries
from .runtime import PlexMonitorConfigEntry


class PlexMonitorCondition(ValidatedConfig, Condition):
    """Base of conditions on the targeted servers, or on all without a target."""

    def __init__(self, hass: HomeAssistant, config: ConditionConfig) -> None:
        """Initialize with the target and the options."""
        super().__init__(hass, config)
        self._target = config.target
        self._filter = Filter.from_options(config.options or {})

    def _entries(self) -> list[PlexMonitorConfigEntry]:
        """Return the entries of the targeted servers."""
        return async_get_targeted_entries(self._hass, self._target)

    @abstractmethod
    def _is_met(self, entry: PlexMonitorConfigEntry) -> bool:
        """Return whether the condition is met for one server."""


class AnyServerCondition(PlexMonitorCondition):
    """Base of conditions that are met where one of the servers meets them."""

    @override
    def _async_check(self, **kwargs: Unpack[ConditionCheckParams]) -> bool:
        return any(
            self._is_met(entry)
            for entry in self._entries()
            if entry.state is ConfigEntryState.LOADED
        )


class AllServersCondition(PlexMonitorCondition):
    """Base of conditions that are met where all of the servers, at least one, meet them."""

    @override
    def _async_check(self, **kwargs: Unpack[ConditionCheckParams]) -> bool:
        entries = self._entries()
        return bool(entries) and all(
            entry.state is ConfigEntryState.LOADED and self._is_met(entry) for entry in entries
        )


class SomeoneIsWatchingCondition(AnyServerCondition):
    """Condition that there is a matching stream, playing or paused."""

    options_schema = STREAM_OPTIONS

    @override
    def _is_met(self, entry: PlexMonitorConfigEntry) -> bool:
        coordinator = entry.runtime_data.server
        data = coordinator.data
        get_device_ids = partial(async_get_library_device_ids, self._hass, entry)
        # The last known streams of a server that is offline may have ended long ago.
        return (
            coordinator.available
            and data is not None
            and any(
                self._filter.matches_session(session, get_device_ids)
                for session in (data.sessions or {}).values()
            )
        )


class LibraryIsScanningCondition(AnyServerCondition):
    """Condition that a matching library is being scanned."""

    options_schema = LIBRARY_OPTIONS

    @override
    def _is_met(self, entry: PlexMonitorConfigEntry) -> bool:
        libraries = entry.runtime_data.libraries
        get_device_ids = partial(async_get_library_device_ids, self._hass, entry)
        return libraries.available and any(
            library.scan is not None or library.section.scanning
            for library in libraries.data.values()
            if self._filter.matches_section(library.section, get_device_ids)
        )


class ServerIsUpCondition(AllServersCondition):
    """Condition that the server is online."""

    @override
    def _is_met(self, entry: PlexMonitorConfigEntry) -> bool:
        return entry.runtime_data.server.online is True


class TokenIsValidCondition(AllServersCondition):
    """Condition that the token is valid, or not needed."""

    @override
    def _is_met(self, entry: PlexMonitorConfigEntry) -> bool:
        return entry.runtime_data.server.guard.is_healthy


CONDITIONS: dict[str, type[Condition]] = {
    "library_is_scanning": LibraryIsScanningCondition,
    "server_is_up": ServerIsUpCondition,
    "someone_is_watching": SomeoneIsWatchingCondition,
    "token_is_valid": TokenIsValidCondition,
}


async def async_get_conditions(hass: HomeAssistant) -> dict[str, type[Condition]]:  # noqa: ARG001 - Home Assistant's signature
    """Return the conditions of Plex Monitor."""
    return CONDITIONS
