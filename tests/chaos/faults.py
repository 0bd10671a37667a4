"""What goes wrong on the way, by name: the simulator's whole list."""

from collections.abc import Mapping
from dataclasses import replace

from tests.simulator import Fault, PlexServer, PlexTv
from tests.simulator.faults import Kind, Rule

# A plex.tv or a server that wishes to be left alone wishes it for so long.
SHORT_WISH, LONG_WISH = 60, 900
LATE, TOO_LATE = 4.0, 12.0

_LOGIN = replace(
    Fault.body("<h1>Log in first</h1>", code=401),
    content_type="text/html",
    headers=(("WWW-Authenticate", "Basic"),),
)

FAULTS: Mapping[str, Fault] = {
    "hang": Fault.HANG,
    "reset": Fault.RESET,
    "late": Fault.slow(LATE),
    "too late": Fault.slow(TOO_LATE),
    "maintenance": Fault.MAINTENANCE,
    "truncated": Fault.TRUNCATED,
    "garbled": Fault.GARBLED,
    "mistyped": Fault.MISTYPED,
    "oversized": Fault.OVERSIZED,
    "unauthorized": Fault.UNAUTHORIZED,
    "login": _LOGIN,
    "400": Fault.status(400),
    "403": Fault.status(403),
    "404": Fault.status(404),
    "408": Fault.status(408),
    "429": Fault.status(429),
    "429 with a wish": Fault.status(429, retry_after=SHORT_WISH),
    "429 with a long wish": Fault.status(429, retry_after=LONG_WISH),
    "500": Fault.status(500),
    "502": Fault.status(502),
    "503 with a wish": Fault.status(503, retry_after=SHORT_WISH),
    "page": replace(Fault.body("<html>Welcome</html>"), content_type="text/html"),
    "nothing": Fault.body(""),
    "null": Fault.json(None),
    "empty object": Fault.json({}),
    "empty list": Fault.json([]),
    "empty container": Fault.json({"MediaContainer": {}}),
    "deep": Fault.body("[" * 100_000),
}
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
PLEX_TV_PATHS = ("", "/api/v2/user$", "/api/v2/resources$", "/api/v2/pins")


def named(name: str, decoy: PlexServer) -> Fault:
    """Return a fault; a redirect leads to a server that must never hear of a token."""
    return Fault.redirect(f"{decoy.url}/") if name == REDIRECT else FAULTS[name]


def wish_of(rule: Rule) -> float:
    """Return for how long whoever is hit is asked to stay away."""
    return float(dict(rule.fault.headers).get("Retry-After", 0))


def rules_of(host: PlexServer | PlexTv) -> list[Rule]:
    """Return the faults of a host that go on."""
    return [rule for rule in host.faults.rules if not rule.spent]


def fault_at(host: PlexServer | PlexTv, path: str) -> Fault | None:
    """Return what a GET without a token would be hit by, without counting it."""
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


def prevents_an_answer(fault: Fault | None) -> bool:
    """Return whether nothing that can be read comes of a request, for sure."""
    return fault is not None and not (fault.kind is Kind.SLOW and fault.seconds < TOO_LATE)
