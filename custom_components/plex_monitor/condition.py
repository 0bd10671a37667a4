"""Conditions of Plex Monitor."""

from abc import abstractmethod
from functools import partial
from typing import Any, ClassVar, Unpack, override

from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.helpers.condition import Condition, ConditionCheckParams, ConditionConfig
from homeassistant.helpers.typing import ConfigType

from .automation.filters import LIBRARY_OPTIONS, STREAM_OPTIONS, Filter
from .automation.targets import async_devices_of_library, async_targeted, async_validated
from .runtime import PlexMonitorConfigEntry


class PlexMonitorCondition(Condition):
    """A condition of some servers, all where no target is given."""

    options_schema: ClassVar[dict[Any, Any]] = {}

    @override
    @classmethod
    async def async_validate_config(cls, hass: HomeAssistant, config: ConfigType) -> ConfigType:
        """Validate what is special to the condition."""
        return async_validated(hass, config, cls.options_schema)

    def __init__(self, hass: HomeAssistant, config: ConditionConfig) -> None:
        """Read what is wanted."""
        super().__init__(hass, config)
        self._target = config.target
        self._filter = Filter.from_options(config.options or {})

    def _entries(self) -> list[PlexMonitorConfigEntry]:
        """Return the entries of the servers that are meant."""
        return async_targeted(self._hass, self._target)

    @abstractmethod
    def _is_met(self, entry: PlexMonitorConfigEntry) -> bool:
        """Say whether it holds at a server."""


class OfAnyServer(PlexMonitorCondition):
    """A condition that is met where it holds at one of the servers."""

    @override
    def _async_check(self, **kwargs: Unpack[ConditionCheckParams]) -> bool:
        return any(
            self._is_met(entry)
            for entry in self._entries()
            if entry.state is ConfigEntryState.LOADED
        )


class OfAllServers(PlexMonitorCondition):
    """A condition that is met where it holds at each of the servers, and there is one."""

    @override
    def _async_check(self, **kwargs: Unpack[ConditionCheckParams]) -> bool:
        entries = self._entries()
        return bool(entries) and all(
            entry.state is ConfigEntryState.LOADED and self._is_met(entry) for entry in entries
        )


class SomeoneIsWatchingCondition(OfAnyServer):
    """Something is played, or paused."""

    options_schema = STREAM_OPTIONS

    @override
    def _is_met(self, entry: PlexMonitorConfigEntry) -> bool:
        coordinator = entry.runtime_data.server
        data = coordinator.data
        devices_of = partial(async_devices_of_library, self._hass, entry)
        # What a server played before it went away is not known to be played any more.
        return (
            coordinator.last_update_success
            and data is not None
            and any(
                self._filter.wants_stream(session, devices_of)
                for session in (data.sessions or {}).values()
            )
        )


class LibraryIsScanningCondition(OfAnyServer):
    """A library is being scanned."""

    options_schema = LIBRARY_OPTIONS

    @override
    def _is_met(self, entry: PlexMonitorConfigEntry) -> bool:
        libraries = entry.runtime_data.libraries
        devices_of = partial(async_devices_of_library, self._hass, entry)
        return libraries.available and any(
            library.scan is not None or library.section.scanning
            for library in libraries.data.values()
            if self._filter.wants_section(library.section, devices_of)
        )


class ServerIsUpCondition(OfAllServers):
    """The server answers."""

    @override
    def _is_met(self, entry: PlexMonitorConfigEntry) -> bool:
        return entry.runtime_data.server.online


class TokenIsValidCondition(OfAllServers):
    """The token works, or is not needed."""

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
