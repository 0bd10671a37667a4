"""What a server uses of its machine and of its network, asked only while somebody wants it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, override

from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator, UpdateFailed

from ..const import DOMAIN, LOGGER
from ..plex.errors import (
    PlexError,
    PlexForbiddenError,
    PlexNotFoundError,
    PlexUnauthorizedError,
)
from ..plex.models import BandwidthUsage, ResourceUsage
from ..runtime import PlexMonitorConfigEntry
from .coordinator import PlexMonitorCoordinator, PlexMonitorData

UPDATE_INTERVAL = timedelta(seconds=30)


@dataclass(frozen=True, kw_only=True)
class Usage:
    """What a server uses; `None` where it has not measured it yet."""

    resources: ResourceUsage | None
    bandwidth: BandwidthUsage | None


def has_statistics(data: PlexMonitorData | None) -> bool:
    """Say whether a server tells its statistics: to its owner, who has Plex Pass."""
    return data is not None and data.sessions is not None and data.info.plex_pass


class StatisticsCoordinator(DataUpdateCoordinator[Usage | None]):
    """Read the statistics; without an enabled entity that listens, nothing is asked."""

    config_entry: PlexMonitorConfigEntry

    def __init__(
        self,
        hass: HomeAssistant,
        entry: PlexMonitorConfigEntry,
        coordinator: PlexMonitorCoordinator,
    ) -> None:
        """Read from the server of a coordinator."""
        super().__init__(
            hass,
            LOGGER,
            config_entry=entry,
            name=f"{entry.title} statistics",
            update_interval=UPDATE_INTERVAL,
        )
        self.server = coordinator

    @property
    def granted(self) -> bool:
        """Say whether the server can be read, and tells its statistics to this account."""
        return self.server.last_update_success and has_statistics(self.server.data)

    @override
    @callback
    def async_add_listener(
        self, update_callback: CALLBACK_TYPE, context: Any = None
    ) -> Callable[[], None]:
        """Listen for updates; whoever is the first need not wait for the next."""
        first = not self._listeners
        remove = super().async_add_listener(update_callback, context)
        if first:
            self.config_entry.async_create_background_task(
                self.hass,
                self.async_request_refresh(),
                f"plex_monitor statistics {self.config_entry.entry_id}",
            )
        return remove

    @override
    async def _async_update_data(self) -> Usage | None:
        """Read the statistics."""
        if not self.granted:
            # That is told by the server itself.
            return self.data
        statistics = self.server.server.statistics
        try:
            resources = await statistics.resources()
            bandwidth = (
                None
                if resources is None
                else await statistics.bandwidth(until=resources.at, span=UPDATE_INTERVAL)
            )
        except (PlexNotFoundError, PlexForbiddenError) as err:
            # Plex Pass or the right has ended; the server itself tells that at its own time.
            LOGGER.debug("%s: tells no statistics any more: %s", self.server.name, err)
            return None
        except PlexUnauthorizedError:
            # That is for the server's own poll to judge.
            await self.server.async_request_refresh()
            return self.data
        except PlexError as err:
            raise UpdateFailed(
                translation_domain=DOMAIN,
                translation_key="statistics_unavailable",
                translation_placeholders={"server": self.server.name, "error": str(err)},
            ) from err
        return Usage(resources=resources, bandwidth=bandwidth)
