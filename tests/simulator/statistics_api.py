"""The HTTP endpoints of a server for its statistics, for owners with a Plex Pass."""

from collections import Counter
from collections.abc import Iterable
import math
from typing import TYPE_CHECKING

from aiohttp import web

from .access import Access
from .error_pages import server_error
from .guards import Guards, server_answer
from .items import OWNER_ID
from .paging import compared
from .rendering import Node, container
from .streams import Delivery, Stream

if TYPE_CHECKING:
    from .server import PlexServer

# The number of a time span with its seconds: month, week, day, hour, and what is called a second:
# its rows are five seconds apart.
SPANS = {1: 2_592_000, 2: 604_800, 3: 86_400, 4: 3600, 6: 5}
# How many spans are kept.
KEPT = 180


class StatisticsApi:
    """The endpoints under /statistics. The newest row is that of the last whole span."""

    def __init__(self, server: PlexServer) -> None:
        """Initialize for this server."""
        self.server = server

    def routes(self, guards: Guards) -> list[web.RouteDef]:
        """Return the endpoints, which do not exist without a Plex Pass."""
        return [
            web.get("/statistics/resources", guards.plex_pass(self.resources)),
            web.get("/statistics/bandwidth", guards.plex_pass(self.bandwidth)),
        ]

    def _streams(self, starts: range) -> list[Stream]:
        """Return the streams that played in this period."""
        streams = (*self.server.playback.ended, *self.server.streams)
        return [
            stream for stream in streams if _overlap(stream, starts[0], starts[-1] + starts.step)
        ]

    def _starts(self, seconds: int) -> range:
        """Return the start of each kept span, oldest first."""
        now = int(self.server.traffic.clock())
        last = now - now % seconds - seconds
        return range(last - seconds * (KEPT - 1), last + 1, seconds)

    async def resources(self, request: web.Request, _: Access) -> web.StreamResponse:
        """Return the load of the machine and of the server, in percent."""
        number, seconds = _span(request)
        if not seconds:
            return server_error(400)
        starts = self._starts(seconds)
        streams = self._streams(starts)
        nodes = [_resource_node(number, start, start + seconds, streams) for start in starts]
        return server_answer(request, container(*nodes))

    async def bandwidth(self, request: web.Request, _: Access) -> web.StreamResponse:
        """Return the bytes that were sent to each player in each span."""
        number, seconds = _span(request)
        if not seconds:
            return server_error(400)
        rows: Counter[tuple[int, int, int, bool]] = Counter()
        starts = self._starts(seconds)
        streams = self._streams(starts)
        for start in compared(request, "at", [*starts], lambda at: at):
            for stream in streams:
                if sent := _overlap(stream, start, start + seconds) * stream.kbits * 125:
                    device = self.server.playback.device_of(stream.player)
                    rows[start, stream.local_user_id, device.id, stream.lan] += round(sent)
        nodes = [
            Node(
                tag="StatisticsBandwidth",
                attributes={
                    "accountID": account,
                    "deviceID": device,
                    "timespan": number,
                    "at": start,
                    "lan": lan,
                    "bytes": sent,
                },
            )
            for (start, account, device, lan), sent in rows.items()
            if _wanted(request, "accountID", account)
            and _wanted(request, "deviceID", device)
            and _wanted(request, "lan", int(lan))
        ]
        return server_answer(
            request, container(*device_nodes(self.server), *account_nodes(self.server), *nodes)
        )


def _resource_node(number: int, start: int, end: int, streams: Iterable[Stream]) -> Node:
    playing = [(_overlap(stream, start, end) / (end - start), stream) for stream in streams]
    load = sum(share for share, _ in playing)
    transcodes = sum(share for share, stream in playing if stream.delivery is Delivery.TRANSCODE)
    wave = 1 + math.sin(start / 7)
    process = 0.4 + 1.1 * load + 17 * transcodes + 0.3 * wave
    return Node(
        tag="StatisticsResources",
        attributes={
            "timespan": number,
            "at": start,
            "hostCpuUtilization": round(min(100.0, 3.2 + process + 1.4 * wave), 3),
            "processCpuUtilization": round(min(96.0, process), 3),
            "hostMemoryUtilization": round(min(99.0, 38 + 1.5 * load + 0.4 * wave), 3),
            "processMemoryUtilization": round(min(60.0, 4 + 1.2 * load), 3),
        },
    )


def _span(request: web.Request) -> tuple[int, int]:
    text = request.query.get("timespan", "6")
    number = int(text) if text.isdigit() else 0
    return number, SPANS.get(number, 0)


def _wanted(request: web.Request, name: str, value: int) -> bool:
    return request.query.get(name, str(value)) == str(value)


def _overlap(stream: Stream, start: float, end: float) -> float:
    """Return for how many seconds of a period a stream played."""
    return sum(
        max(0.0, min(end, until) - max(start, since)) for since, until in stream.playing_spans()
    )


def device_nodes(server: PlexServer) -> tuple[Node, ...]:
    """Return the players that a server knows."""
    return tuple(
        Node(
            tag="Device",
            attributes={
                "id": device.id,
                "name": device.player.title,
                "platform": device.player.platform,
                "clientIdentifier": device.player.machine_identifier,
                "createdAt": device.created_at,
            },
        )
        for device in server.playback.devices.values()
    )


def account_nodes(server: PlexServer) -> tuple[Node, ...]:
    """Return the known accounts: a nameless one, the owner as 1, and the guests."""
    people = [(0, ""), (OWNER_ID, server.owner.title)]
    people += [(share.account.id, share.account.title) for share in server.shares]
    return tuple(
        Node(
            tag="Account",
            attributes={
                "id": number,
                "key": f"/accounts/{number}",
                "name": name,
                "defaultAudioLanguage": "en",
                "autoSelectAudio": True,
                "defaultSubtitleLanguage": "en",
                "subtitleMode": 0,
                "thumb": "",
            },
        )
        for number, name in people
    )
