"""The faults of requests by name: all that the simulator has."""

from collections.abc import Mapping
from dataclasses import replace
from http import HTTPStatus

from tests.simulator import Fault, PlexServer, PlexTv
from tests.simulator.faults import Kind, Rule

# The values of Retry-After, in seconds.
SHORT_RETRY_AFTER, LONG_RETRY_AFTER = 60, 900
LATE, TOO_LATE = 4.0, 12.0

_LOGIN = replace(
    Fault.body("<h1>Log in first</h1>", code=401),
    content_type="text/html",
    headers=(("WWW-Authenticate", "Basic"),),
)


def _balancer(code: int) -> Fault:
    """Return an answer that a load balancer or a proxy writes in front of Plex."""
    title = f"{code} {HTTPStatus(code).phrase}".replace("Unauthorized", "Authorization Required")
    head = f"<head><title>{title}</title></head>"
    body = f"<body><center><h1>{title}</h1></center><hr><center>nginx</center></body>"
    return replace(Fault.body(f"<html>{head}{body}</html>", code=code), content_type="text/html")


def _crowd(streams: int, activities: int) -> Fault:
    """Return an answer with this many streams and activities."""
    playing = [
        {"sessionKey": str(one), "ratingKey": str(one), "type": "movie"} for one in range(streams)
    ]
    work = [
        {"uuid": f"crowd-{one}", "type": "media.generate", "title": f"Work {one}"}
        for one in range(activities)
    ]
    return Fault.json({"MediaContainer": {"Metadata": playing, "Activity": work}})


FAULTS: Mapping[str, Fault] = {
    "hang": Fault.HANG,
    "reset": Fault.RESET,
    "late": Fault.slow(LATE),
    "too late": Fault.slow(TOO_LATE),
    "maintenance": Fault.MAINTENANCE,
    "truncated": Fault.TRUNCATED,
    "garbled": Fault.GARBLED,
    "misencoded": Fault.MISENCODED,
    "mistyped": Fault.MISTYPED,
    "oversized": Fault.OVERSIZED,
    "unauthorized": Fault.UNAUTHORIZED,
    "login": _LOGIN,
    "400": Fault.status(400),
    "403": Fault.status(403),
    "404": Fault.status(404),
    "408": Fault.status(408),
    "429": Fault.status(429),
    "429 with retry-after": Fault.status(429, retry_after=SHORT_RETRY_AFTER),
    "429 with long retry-after": Fault.status(429, retry_after=LONG_RETRY_AFTER),
    "500": Fault.status(500),
    "502": Fault.status(502),
    "503 with retry-after": Fault.status(503, retry_after=SHORT_RETRY_AFTER),
    "page": replace(Fault.body("<html>Welcome</html>"), content_type="text/html"),
    "nothing": Fault.body(""),
    "null": Fault.json(None),
    "empty object": Fault.json({}),
    "empty list": Fault.json([]),
    "empty container": Fault.json({"MediaContainer": {}}),
    "deep": Fault.body("[" * 100_000),
    "balancer 401": _balancer(401),
    "balancer 403": _balancer(403),
    "balancer 404": _balancer(404),
    "balancer 502": _balancer(502),
    "crowd": _crowd(streams=6_000, activities=2_000),
    "nothings": Fault.body('{"MediaContainer": {"Metadata": [' + "{}," * 400_000 + "{}]}}"),
    "long text": Fault.json({"MediaContainer": {"size": 1, "friendlyName": "x" * 1_900_000}}),
    "long header": replace(Fault.json({}), headers=(("X-Filler", "x" * 60_000),)),
}
# What is in it can all be understood.
CROWD = FAULTS["crowd"]
REDIRECT = "redirect"
NAMES = (*FAULTS, REDIRECT)

SERVER_PATHS = (
    "",
    "^/($|status)",
    "^/$",
    "^/identity",
    "^/status/sessions$",
    "^/library",
    "^/media/providers",
    "^/:/websockets",
    "^/(activities|updater|myplex)",
)
HOSTILE_SIZES = ("crowd", "crowd", "nothings", "long text", "long header", "oversized", "deep")
BALANCER = ("balancer 401", "balancer 403", "balancer 404", "balancer 502")
# Each part of a server with its own request, and how such a part fails alone.
SESSIONS = "^/status/sessions$"
PARTS = (
    "^/$",
    SESSIONS,
    "^/library/sections$",
    "^/library/sections/[0-9]+/all$",
    "^/media/providers$",
    "^/updater/status$",
    "^/activities$",
    "^/myplex/account$",
    "^/statistics/",
)
PART_FAULTS = (
    "unauthorized",
    "login",
    *BALANCER,
    "403",
    "404",
    "500",
    "502",
    "garbled",
    "misencoded",
    "mistyped",
    "nothing",
    "hang",
    "too late",
    "reset",
)
# How a single answer is lost.
LOSSES = (
    *("502", "500", "404", "balancer 404", "balancer 502"),
    *("reset", "truncated", "garbled", "too late", "hang", "page"),
)
PLEX_TV_PATHS = (
    "",
    "/api/v2/user$",
    "/api/v2/resources$",
    "/api/v2/pins",
    "/api/v2/pins/[0-9]+$",
    "/api/v2/users/signout$",
)


def named(name: str, decoy: PlexServer) -> Fault:
    """Return a fault; a redirect leads to a server that must never get a token."""
    return Fault.redirect(f"{decoy.url}/") if name == REDIRECT else FAULTS[name]


def retry_after_of(rule: Rule) -> float:
    """Return the Retry-After of a fault in seconds, 0 without one."""
    return float(dict(rule.fault.headers).get("Retry-After", 0))


def rules_of(host: PlexServer | PlexTv) -> list[Rule]:
    """Return the faults of a host that are still active."""
    return [rule for rule in host.faults.rules if not rule.spent]


def fault_at(host: PlexServer | PlexTv, path: str) -> Fault | None:
    """Return the fault that a GET without a token would get, without counting a hit."""
    return next(
        (
            rule.fault
            for rule in reversed(rules_of(host))
            if rule.paths.search(path)
            and (rule.methods is None or "GET" in rule.methods)
            and rule.with_token is not True
        ),
        None,
    )


def prevents_response(fault: Fault | None) -> bool:
    """Return whether a request with this fault certainly gets no valid response."""
    if fault is None or (fault.kind is Kind.SLOW and fault.seconds < TOO_LATE):
        return False
    # A byte that is not UTF-8 costs the name that it is in at most.
    return fault.kind is not Kind.MISENCODED
