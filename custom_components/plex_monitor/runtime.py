"""Runtime data of a config entry, and the type of such an entry."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from homeassistant.config_entries import ConfigEntry

if TYPE_CHECKING:
    # The only imports from above: for type checkers, as annotations are lazy.
    from .library.coordinator import LibraryCoordinator
    from .media.links import MediaLinks
    from .media.pictures import Pictures
    from .players.tracker import PlayerTracker
    from .server.coordinator import PlexMonitorCoordinator
    from .server.statistics import StatisticsCoordinator

type PlexMonitorConfigEntry = ConfigEntry[PlexMonitorRuntimeData]


@dataclass(frozen=True, kw_only=True)
class PlexMonitorRuntimeData:
    """Coordinators and trackers of one server, and what shows its media."""

    server: PlexMonitorCoordinator
    libraries: LibraryCoordinator
    players: PlayerTracker
    statistics: StatisticsCoordinator
    pictures: Pictures
    links: MediaLinks
