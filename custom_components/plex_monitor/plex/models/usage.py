"""What a server uses of its machine and of its network."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

from ..errors import PlexResponseError
from ..parsing import boolean, integer, mapping, moment, number


@dataclass(frozen=True, kw_only=True)
class ResourceUsage:
    """Processor and memory at a moment: `GET /statistics/resources` (captured).

    All are in percent of the machine: `host` is everything that runs on it, `process` the server
    alone. `at` is on the server's clock.
    """

    at: datetime
    host_cpu: float | None
    process_cpu: float | None
    host_memory: float | None
    process_memory: float | None

    @classmethod
    def from_json(cls, data: Any) -> Self:
        """Read one `StatisticsResources`."""
        data = mapping(data, "a measurement")
        return cls(
            at=_required_moment(data.get("at")),
            host_cpu=number(data.get("hostCpuUtilization")),
            process_cpu=number(data.get("processCpuUtilization")),
            host_memory=number(data.get("hostMemoryUtilization")),
            process_memory=number(data.get("processMemoryUtilization")),
        )


@dataclass(frozen=True, kw_only=True)
class Traffic:
    """What one device took in one second: a row of `GET /statistics/bandwidth` (captured)."""

    at: datetime
    lan: bool
    size: int

    @classmethod
    def from_json(cls, data: Any) -> Self:
        """Read one `StatisticsBandwidth`."""
        data = mapping(data, "a measurement")
        return cls(
            at=_required_moment(data.get("at")),
            lan=boolean(data.get("lan")),
            size=integer(data.get("bytes")) or 0,
        )


@dataclass(frozen=True, kw_only=True)
class BandwidthUsage:
    """What a server delivers, in bytes a second on the average of a span."""

    lan: float
    wan: float


def _required_moment(value: Any) -> datetime:
    """Return when something was measured."""
    if (at := moment(value)) is None:
        raise PlexResponseError("Plex left out at")
    return at
