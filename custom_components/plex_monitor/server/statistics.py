"""The CPU, memory and bandwidth usage of one server, read only while an entity shows it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, override

from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator, UpdateFailed
from homeassistant.util import dt as dt_util

from ..const import DOMAIN, LOGGER
from ..plex.errors import (
    PlexError,
    PlexForbiddenError,
    PlexNotFoundError,
    PlexResponseError,
    PlexUnauthorizedError,
)
from ..plex.models import BandwidthUsage, ResourceUsage
from ..runtime import PlexMonitorConfigEntry
from .coordinator import PlexMonitorCoordinator, PlexMonitorData
from .part import Part

UPDATE_INTERVAL = timedelta(seconds=30)

# Errors that say that the statistics are not for the account, or not without Plex Pass.
_DENIED = (PlexForbiddenError, PlexNotFoundError, PlexUnauthorizedError)


@dataclass(frozen=True, kw_only=True)
class Measured[T]:
    """What the server has measured, `None` if it has measured nothing yet."""

    value: T | None


@dataclass(frozen=True, kw_only=True)
class Usage:
    """The usage of a server; `None` for what could not be read."""

    resources: Measured[ResourceUsage] | None = None
    bandwidth: Measured[BandwidthUsage] | None = None


def has_statistics(data: PlexMonitorData) -> bool:
    """Return whether the account may read the statistics: the owner, with Plex Pass."""
    return data.is_owner and data.has_plex_pass is True


class StatisticsCoordinator(DataUpdateCoordinator[Usage]):
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
        self.data = Usage()
        self.server = coordinator
        self._resources, self._bandwidth = self._new_parts()
        # By how much the clock of the server is ahead of ours, as far as is known.
        self._clock_offset = timedelta()

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
    async def _async_update_data(self) -> Usage:
        """Read the statistics, of which each part fails alone."""
        if not self.is_readable:
            # The coordinator of the server reports why. What was measured before is out of date.
            self._resources, self._bandwidth = self._new_parts()
            return Usage()
        errors: list[PlexError] = []
        resources = await self._resources.async_read(
            self._async_read_resources, interval=0, on_error=errors.append
        )
        bandwidth = await self._bandwidth.async_read(
            self._async_read_bandwidth, interval=0, on_error=errors.append
        )
        if any(isinstance(err, PlexUnauthorizedError) for err in errors):
            # Only the poll of the server may judge the token.
            self.server.async_refresh_soon()
        if resources is None and bandwidth is None:
            for err in errors:
                # What has ended where they are denied, the coordinator of the server finds out.
                if not isinstance(err, _DENIED):
                    raise UpdateFailed(
                        translation_domain=DOMAIN,
                        translation_key="statistics_unavailable",
                        translation_placeholders={"server": self.server.name, "error": str(err)},
                    ) from err
        return Usage(resources=resources, bandwidth=bandwidth)

    def _new_parts(self) -> tuple[Part[Measured[ResourceUsage]], Part[Measured[BandwidthUsage]]]:
        """Return both parts, of which nothing is known."""
        return Part(self.server.name, "resources"), Part(self.server.name, "bandwidth")

    async def _async_read_resources(self) -> Measured[ResourceUsage]:
        """Read the latest measurement of the resources, which also has the server's time."""
        usage = await self.server.server.statistics.resources()
        if usage is not None:
            self._clock_offset = usage.at - dt_util.utcnow()
        elif self._resources.value is not None and self._resources.value.value is not None:
            # A server that has measured goes on; one that restarts says so again.
            raise PlexResponseError("Plex left out its measurements")
        return Measured(value=usage)

    async def _async_read_bandwidth(self) -> Measured[BandwidthUsage]:
        """Read the bandwidth since the last read."""
        resources = self._resources.value
        if resources is not None and resources.value is None:
            return Measured(value=None)
        usage = await self.server.server.statistics.bandwidth(
            until=dt_util.utcnow() + self._clock_offset, span=UPDATE_INTERVAL
        )
        return Measured(value=usage)
