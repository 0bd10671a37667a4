"""What an entry holds while it is loaded, and the type of such an entry."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from homeassistant.config_entries import ConfigEntry

if TYPE_CHECKING:
    # The only arrow that points up. Nothing is imported at run time: annotations are lazy.
    from .library.coordinator import LibraryCoordinator
    from .players.tracker import PlayerTracker
    from .server.coordinator import PlexMonitorCoordinator
    from .server.statistics import StatisticsCoordinator

type PlexMonitorConfigEntry = ConfigEntry[PlexMonitorRuntimeData]


@dataclass(frozen=True, kw_only=True)
class PlexMonitorRuntimeData:
    """The state of one server: the server itself, its libraries, its players, its load."""

    server: PlexMonitorCoordinator
    libraries: LibraryCoordinator
    players: PlayerTracker
    statistics: StatisticsCoordinator
