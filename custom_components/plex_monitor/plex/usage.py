"""What a server measures of itself; with Plex Pass only."""

from datetime import datetime, timedelta

from .models import BandwidthUsage, ResourceUsage, Traffic
from .parsing import container, parsed_items
from .trusted import TrustedRequests

SECONDS = "6"
"""Plex's number of a measurement for every second (captured)."""


class Statistics:
    """The measurements of a server, for the owner.

    `PlexNotFoundError` without Plex Pass (reported), `PlexForbiddenError` for others.
    """

    def __init__(self, requests: TrustedRequests) -> None:
        """Ask through these requests."""
        self._requests = requests

    async def resources(self) -> ResourceUsage | None:
        """Return the newest measurement of processor and memory, `None` where there is none yet."""
        answer = container(await self._requests.get("/statistics/resources", {"timespan": SECONDS}))
        usages = parsed_items(answer.get("StatisticsResources"), ResourceUsage.from_json)
        return max(usages, key=lambda usage: usage.at, default=None)

    async def bandwidth(self, *, until: datetime, span: timedelta) -> BandwidthUsage:
        """Return what was delivered on the average of a span that ends at a moment.

        There is a row for every device and second in which something was delivered, thousands of
        them in all (reported), and data goes out in bursts. `until` is on the server's clock: that
        of the newest `ResourceUsage` is now.
        """
        since = until - span
        answer = container(
            await self._requests.get(
                "/statistics/bandwidth",
                {"timespan": SECONDS, "at>": str(int(since.timestamp()) + 1)},
            )
        )
        delivered = {True: 0, False: 0}
        for row in parsed_items(answer.get("StatisticsBandwidth"), Traffic.from_json):
            # A filter that a server does not understand is ignored (reported).
            if since < row.at <= until:
                delivered[row.lan] += row.size
        seconds = span.total_seconds()
        return BandwidthUsage(lan=delivered[True] / seconds, wan=delivered[False] / seconds)
