"""CPU, memory and bandwidth usage of a server."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

from ..parsing import boolean, integer, mapping, number, required_timestamp, understood


@dataclass(frozen=True, kw_only=True)
class ResourceUsage:
    """CPU and memory usage at one time: `GET /statistics/resources` (captured).

    All values are in percent of the host: `host_` is the usage of all processes, `process_` that of
    the server. `at` is by the server's clock.
    """

    at: datetime
    host_cpu: float | None
    process_cpu: float | None
    host_memory: float | None
    process_memory: float | None

    @classmethod
    def from_json(cls, data: Any) -> Self:
        """Parse a `StatisticsResources`."""
        data = mapping(data, "a measurement")
        return cls(
            at=required_timestamp(data, "at"),
            host_cpu=understood(data, "hostCpuUtilization", number),
            process_cpu=understood(data, "processCpuUtilization", number),
            host_memory=understood(data, "hostMemoryUtilization", number),
            process_memory=understood(data, "processMemoryUtilization", number),
        )


@dataclass(frozen=True, kw_only=True)
class Traffic:
    """Bytes sent to one device in one second: `GET /statistics/bandwidth` (captured)."""

    at: datetime
    lan: bool
    size: int

    @classmethod
    def from_json(cls, data: Any) -> Self:
        """Parse a `StatisticsBandwidth`."""
        data = mapping(data, "a measurement")
        return cls(
            at=required_timestamp(data, "at"),
            lan=boolean(data.get("lan")),
            size=understood(data, "bytes", integer) or 0,
        )


@dataclass(frozen=True, kw_only=True)
class BandwidthUsage:
    """Average bandwidth over a span, in bytes per second."""

    lan: float
    wan: float
