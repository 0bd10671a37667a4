"""CPU, memory and bandwidth usage of a server."""

from datetime import UTC, datetime

import pytest

from custom_components.plex_monitor.plex.errors import PlexResponseError
from custom_components.plex_monitor.plex.models import ResourceUsage, Traffic

AT = datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)


def test_resource_usage() -> None:
    """Values are in percent of the host, or unknown."""
    data = {
        "timespan": 6,
        "at": 1_700_000_000,
        "hostCpuUtilization": 12.5,
        "processCpuUtilization": "0.5",
        "hostMemoryUtilization": 17,
    }
    assert ResourceUsage.from_json(data) == ResourceUsage(
        at=AT, host_cpu=12.5, process_cpu=0.5, host_memory=17.0, process_memory=None
    )


def test_traffic() -> None:
    """Bytes of one second, in the local network or not."""
    data = {"accountID": 1, "deviceID": 2, "timespan": 6, "at": 1_700_000_000, "bytes": 5}
    assert Traffic.from_json(data | {"lan": "1"}) == Traffic(at=AT, lan=True, size=5)
    assert Traffic.from_json({"at": "1700000000"}) == Traffic(at=AT, lan=False, size=0)


@pytest.mark.parametrize("at", [None, 0, -1, "", "soon", 1e300, {}])
def test_measurement_without_a_time(at: object) -> None:
    """It is rejected."""
    for model in (ResourceUsage, Traffic):
        with pytest.raises(PlexResponseError):
            model.from_json({"at": at, "hostCpuUtilization": 5, "bytes": 5})
