"""The CPU, memory and bandwidth usage of one server, read only while an entity shows it."""

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
    """The usage of a server; `None` where the server has not measured it yet."""

    resources: ResourceUsage | None
    bandwidth: BandwidthUsage | None


def has_statistics(data: PlexMonitorData) -> bool:
    """Return whether the account may read the statistics: the owner, with Plex Pass."""
    return data.is_owner and data.has_plex_pass is True


class StatisticsCoordinator(DataUpdateCoordinator[Usage | None]):
    """Read the statistics; without a listener, nothing is requested."""

    config_entry: PlexMonitorConfigEntry

    def __init__(
        self,
        hass: HomeAssistant,
        entry: PlexMonitorConfigEntry,
        coordinator: PlexMonitorCoordinator,
    ) -> None:
        """Initialize the coordinator for the server of another coordinator."""
        super().__init__(
            hass,
            LOGGER,
            config_entry=entry,
            name=f"{entry.title} statistics",
            update_interval=UPDATE_INTERVAL,
        )
        self.server = coordinator

    @property
    def is_readable(self) -> bool:
        """Return whether the server can be read, and its statistics as far as is known."""
        data = self.server.data
        return (
            self.server.available
            and data is not None
            and data.is_owner
            and data.has_plex_pass is not False
        )

    @override
    @callback
    def async_add_listener(
        self, update_callback: CALLBACK_TYPE, context: Any = None
    ) -> Callable[[], None]:
        """Listen for updates; refresh for the first listener with a context.

        Home Assistant only schedules the next refresh then, which is one interval away.
        """
        is_first = not any(self.async_contexts())
        remove = super().async_add_listener(update_callback, context)
        if is_first:
            self.config_entry.async_create_background_task(
                self.hass,
                self.async_request_refresh(),
                f"plex_monitor statistics {self.config_entry.entry_id}",
            )
        return remove

    @override
    async def _async_update_data(self) -> Usage | None:
        """Read the statistics."""
        if not self.is_readable:
            # The coordinator of the server reports why.
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
            # Plex Pass or the permission has ended; the coordinator of the server will find out.
            LOGGER.debug("%s: no longer provides statistics: %s", self.server.name, err)
            return None
        except PlexUnauthorizedError:
            # Only the poll of the server may judge the token.
            await self.server.async_request_refresh()
            return self.data
        except PlexError as err:
            raise UpdateFailed(
                translation_domain=DOMAIN,
                translation_key="statistics_unavailable",
                translation_placeholders={"server": self.server.name, "error": str(err)},
            ) from err
        return Usage(resources=resources, bandwidth=bandwidth)
