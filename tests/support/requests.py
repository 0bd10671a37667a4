"""Requests that the simulated servers have received, by what they are for."""

from tests.simulator import World
from tests.simulator.request_log import RequestRecord


def session_reads(world: World) -> list[RequestRecord]:
    """Return the reads of the sessions of the server Home."""
    return world.requests.to(host="Home", path="/status/sessions")


def push_attempts(world: World) -> list[RequestRecord]:
    """Return the attempts to open a push channel to the server Home."""
    return world.requests.to(host="Home", path="/:/websockets/notifications")


def statistics_reads(world: World) -> list[RequestRecord]:
    """Return the reads of the statistics of any server."""
    return [request for request in world.requests if request.path.startswith("/statistics")]


def address_lookups(world: World) -> list[RequestRecord]:
    """Return the requests to plex.tv for the addresses of servers."""
    return world.requests.to(host="plex.tv", path="/api/v2/resources")
