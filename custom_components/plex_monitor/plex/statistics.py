"""Statistics of a server: CPU, memory and bandwidth; requires Plex Pass."""

from datetime import datetime, timedelta

from .limits import MAX_TRAFFIC, PAGE
from .models import BandwidthUsage, ResourceUsage, Traffic
from .parsing import container, required_items
from .verified_requests import VerifiedRequests

SECONDS = "6"
"""The `timespan` of one measurement a second (captured)."""


class Statistics:
    """Statistics of a server, for its owner.

    `PlexNotFoundError` without Plex Pass (reported), `PlexForbiddenError` for other users.
    """

    def __init__(self, requests: VerifiedRequests) -> None:
        """Initialize with the requests of a server."""
        self._requests = requests

    async def resources(self) -> ResourceUsage | None:
        """Return the latest CPU and memory usage, `None` if there is no measurement yet."""
        response = container(
            await self._requests.get("/statistics/resources", {"timespan": SECONDS})
        )
        usages = required_items(
            response.get("StatisticsResources"), "StatisticsResources", ResourceUsage.from_json
        )
        return max(usages, key=lambda usage: usage.at, default=None)

    async def bandwidth(self, *, until: datetime, span: timedelta) -> BandwidthUsage:
        """Return the average bandwidth over a span that ends at `until`.

        The server lists one row per device and second with traffic, thousands of them in all
        (reported), and sends data in bursts. `until` is by the server's clock, where `at` of the
        latest `ResourceUsage` is now.
        """
        since = until - span
        response = container(
            await self._requests.get(
                "/statistics/bandwidth",
                {"timespan": SECONDS, "at>": str(int(since.timestamp()) + 1)},
                limit=PAGE,
            )
        )
        sizes = {True: 0, False: 0}
        # Its `size` counts the devices and accounts beside the rows as well.
        for row in required_items(
            response.get("StatisticsBandwidth"),
            "StatisticsBandwidth",
            Traffic.from_json,
            limit=MAX_TRAFFIC,
        ):
            # A server ignores a filter that it does not support (reported).
            if since < row.at <= until:
                sizes[row.lan] += row.size
        seconds = span.total_seconds()
        return BandwidthUsage(lan=sizes[True] / seconds, wan=sizes[False] / seconds)
