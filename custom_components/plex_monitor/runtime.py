"""What an entry has at run time."""

from dataclasses import dataclass

from homeassistant.config_entries import ConfigEntry

from .library.coordinator import LibraryCoordinator
from .players.tracker import Players
from .server.coordinator import PlexMonitorCoordinator
from .server.statistics import StatisticsCoordinator

type PlexMonitorConfigEntry = ConfigEntry[PlexMonitorRuntimeData]


@dataclass(frozen=True, kw_only=True)
class PlexMonitorRuntimeData:
    """What is known of a server: itself, what is in it, what plays, and what it all takes."""

    server: PlexMonitorCoordinator
    libraries: LibraryCoordinator
    players: Players
    statistics: StatisticsCoordinator
