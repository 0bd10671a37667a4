"""What an entry has at run time."""

from dataclasses import dataclass

from homeassistant.config_entries import ConfigEntry

from .coordinator import PlexMonitorCoordinator
from .libraries import LibraryCoordinator
from .statistics import StatisticsCoordinator

type PlexMonitorConfigEntry = ConfigEntry[PlexMonitorRuntimeData]


@dataclass(frozen=True, kw_only=True)
class PlexMonitorRuntimeData:
    """What is known of a server: itself, its libraries, and what it uses of its machine."""

    server: PlexMonitorCoordinator
    libraries: LibraryCoordinator
    statistics: StatisticsCoordinator
