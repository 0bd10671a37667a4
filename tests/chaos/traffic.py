"""No request storm: the requests to a host are limited, whatever state the entry is in.

For each entry, by the simulator's log:

plex.tv     outside of a sign-in at most `PLEX_TV_A_MINUTE` a minute: one of the guard, and one to
            find a server that cannot be reached. While a refusal is being confirmed, which it is
            until the server accepts the token, and for `CONFIRMED_WITHIN` after each, at most
            `PLEX_TV_CONFIRMING` a minute, and `PLEX_TV_AN_HOUR` an hour in any case.
a server    at most `HANDSHAKES` a minute for the push channel, `POLLS` for its state, and
            `LIBRARY_READS` for its libraries; `ACTIVITY` more for each notification of the server
            or action of the user in that minute.

A request that aiohttp repeats by itself, as it does once where a connection that it used before is
cut, counts once. Each setup of the entry (a start, a reload, a retry) allows `SET_UP` more.
"""

from collections import Counter, defaultdict, deque
from dataclasses import dataclass, field
from typing import override

from homeassistant.config_entries import ConfigEntryState

from tests.simulator.plex_tv import HOST_NAME as PLEX_TV
from tests.simulator.request_log import RequestRecord

from .environment import Environment
from .invariant import STORM, Invariant, Violation
from .sites import Role
from .token_evidence import RequestLogReader

MINUTE, HOUR = 60.0, 3600.0
PLEX_TV_A_MINUTE = 2
PLEX_TV_CONFIRMING = 10
PLEX_TV_AN_HOUR = 80
CONFIRMED_WITHIN = 150.0
HANDSHAKES = 6
POLLS = 60
LIBRARY_READS = 120
SET_UP = Counter({"plex.tv": 3, "push": 2, "state": 20, "libraries": 40})
ACTIVITY = Counter({"push": 2, "state": 12, "libraries": 30})

SIGN_IN = ("/api/v2/pins", "/api/v2/users/signout")


@dataclass(kw_only=True)
class _Window:
    """The times of recent requests."""

    span: float
    at: deque[float] = field(default_factory=deque)

    def add(self, now: float, weight: int = 1) -> int:
        """Add requests, and return the number within the span."""
        self.at.extend([now] * weight)
        return self.count(now)

    def count(self, now: float) -> int:
        """Return the number within the span."""
        while self.at and self.at[0] <= now - self.span:
            self.at.popleft()
        return len(self.at)


def _minute() -> _Window:
    return _Window(span=MINUTE)


class Traffic(Invariant):
    """Counts the requests of each entry."""

    def __init__(self, env: Environment, request_log: RequestLogReader) -> None:
        """Initialize with no requests."""
        self._env = env
        self._request_log = request_log
        self._minutes: defaultdict[tuple[Role, str], _Window] = defaultdict(_minute)
        self._hours: defaultdict[Role, _Window] = defaultdict(lambda: _Window(span=HOUR))
        self._allowed: defaultdict[tuple[Role, str], _Window] = defaultdict(_minute)
        self._allowed_an_hour: defaultdict[Role, _Window] = defaultdict(lambda: _Window(span=HOUR))
        self._states: dict[Role, ConfigEntryState] = {}
        self._last: dict[tuple[Role, str, str], RequestRecord] = {}
        self.most: Counter[str] = Counter()
        request_log.request_listeners.append(self._handle_request)

    @override
    def check(self) -> None:
        """Allow for the entries that are being set up."""
        for role, site in self._env.sites.items():
            state = self._env.entry(site).state
            if state is not self._states.get(role):
                self._states[role] = state
                self.allow(role, SET_UP)

    @override
    def home_assistant_started(self) -> None:
        """Allow for the start."""
        for role in self._env.sites:
            self._states.pop(role, None)
            self.allow(role, SET_UP)

    def allow(self, role: Role, what: Counter[str]) -> None:
        """Allow for more requests within a minute."""
        for kind, count in what.items():
            self._allowed[role, kind].add(self._env.now, count)
        self._allowed_an_hour[role].add(self._env.now, what["plex.tv"])

    @override
    def on_activity(self, role: Role, times: int) -> None:
        """Allow for the requests that follow from notifications or actions of the user."""
        self.allow(role, Counter({kind: count * times for kind, count in ACTIVITY.items()}))

    @override
    def on_setup(self, role: Role, times: int) -> None:
        """Allow for the requests of setups."""
        self.allow(role, Counter({kind: count * times for kind, count in SET_UP.items()}))

    @override
    def on_sign_in(self, role: Role) -> None:
        """Allow for the requests of a sign-in."""
        self.allow(role, Counter({"plex.tv": 12, "state": 12}))

    def _handle_request(self, role: Role | None, record: RequestRecord) -> None:
        if role is None or self._is_repeated(role, record):
            return
        if record.host == PLEX_TV:
            self._count_plex_tv(role, record)
        elif "Upgrade" in record.headers:
            self._count(role, record, "push", HANDSHAKES)
        elif record.path.startswith(("/library", "/media", "/photo", "/hubs")):
            self._count(role, record, "libraries", LIBRARY_READS)
        else:
            self._count(role, record, "state", POLLS)

    def _is_repeated(self, role: Role, record: RequestRecord) -> bool:
        """Return whether the same request was cut off at the same moment."""
        key = (role, record.host, record.path)
        last = self._last.get(key)
        self._last[key] = record
        return last is not None and last.status == 0 and last.at == record.at

    def _count_plex_tv(self, role: Role, record: RequestRecord) -> None:
        if record.path.startswith(SIGN_IN):
            return
        allowed = self._allowed_an_hour[role].count(record.at)
        hourly = self._hours[role].add(record.at)
        self.most["plex.tv an hour"] = max(self.most["plex.tv an hour"], hourly - allowed)
        if hourly > PLEX_TV_AN_HOUR + allowed:
            raise Violation(STORM, f"{role}: {hourly} requests to plex.tv within an hour")
        evidence = self._request_log.evidence[role]
        last = max(
            (*evidence.refusals[-1:], *evidence.plex_tv_refusals[-1:], *evidence.streaks),
            default=0.0,
        )
        confirming = evidence.server_accepts is False or record.at - last <= CONFIRMED_WITHIN
        limit = PLEX_TV_CONFIRMING if confirming else PLEX_TV_A_MINUTE
        self._count(role, record, "plex.tv", limit, " confirming" if confirming else "")

    def _count(
        self, role: Role, record: RequestRecord, kind: str, limit: int, how: str = ""
    ) -> None:
        count = self._minutes[role, kind].add(record.at)
        allowed = self._allowed[role, kind].count(record.at)
        self.most[kind + how] = max(self.most[kind + how], count - allowed)
        if count > limit + allowed:
            raise Violation(
                STORM,
                f"{role}: {count} requests to {record.host} ({kind}{how}) within a minute,"
                f" {limit + allowed} are allowed; the last is {record.path}",
            )
