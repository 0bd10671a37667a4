"""CPU, memory and bandwidth usage of a server."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

from ..parsing import boolean, integer, mapping, number, required_timestamp


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
            host_cpu=number(data.get("hostCpuUtilization")),
            process_cpu=number(data.get("processCpuUtilization")),
            host_memory=number(data.get("hostMemoryUtilization")),
            process_memory=number(data.get("processMemoryUtilization")),
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
            size=integer(data.get("bytes")) or 0,
        )


@dataclass(frozen=True, kw_only=True)
class BandwidthUsage:
    """Average bandwidth over a span, in bytes per second."""

    lan: float
    wan: float
