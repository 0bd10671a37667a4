"""No storm: so many requests are sent to a host at most, whatever state the entry is in.

For each entry, by the simulator's log:

plex.tv     outside of a sign-in at most `PLEX_TV_A_MINUTE` a minute: one of the guard, and one that
            asks where a server is that cannot be found. While a refusal is being confirmed, which
            it is until the server accepts the token, and for `CONFIRMED_WITHIN` after each, at
            most `PLEX_TV_CONFIRMING` a minute, and `PLEX_TV_AN_HOUR` an hour in any case.
a server    at most `HANDSHAKES` a minute for the push channel, `POLLS` for its state, and `LOOKS`
            at its libraries; on top of it so many for each thing that the server told or that the
            user did in that minute.

A request that aiohttp repeats of its own accord, as it does once where a connection that it used
before is cut, counts once. Each set-up of the entry (a start, a reload, another attempt) is paid
for by `SET_UP` more.
"""

from collections import Counter, defaultdict, deque
from dataclasses import dataclass, field
from typing import override

from homeassistant.config_entries import ConfigEntryState

from tests.simulator.journal import RequestRecord
from tests.simulator.plex_tv import HOST_NAME as PLEX_TV

from .cast import Role
from .invariant import STORM, Invariant, Violation
from .stage import Stage
from .wire import Wire

MINUTE, HOUR = 60.0, 3600.0
PLEX_TV_A_MINUTE = 2
PLEX_TV_CONFIRMING = 10
PLEX_TV_AN_HOUR = 80
CONFIRMED_WITHIN = 150.0
HANDSHAKES = 6
POLLS = 60
LOOKS = 120
SET_UP = Counter({"plex.tv": 3, "push": 2, "state": 20, "libraries": 40})
TOLD = Counter({"push": 2, "state": 12, "libraries": 30})

SIGN_IN = ("/api/v2/pins", "/api/v2/users/signout")


@dataclass(kw_only=True)
class _Window:
    """When something was asked for lately."""

    span: float
    at: deque[float] = field(default_factory=deque)

    def add(self, now: float, weight: int = 1) -> int:
        """Take in that it is asked for, and return how often that was within the span."""
        self.at.extend([now] * weight)
        return self.count(now)

    def count(self, now: float) -> int:
        """Return how often it was within the span."""
        while self.at and self.at[0] <= now - self.span:
            self.at.popleft()
        return len(self.at)


def _minute() -> _Window:
    return _Window(span=MINUTE)


class Traffic(Invariant):
    """Counts the requests of each entry."""

    def __init__(self, stage: Stage, wire: Wire) -> None:
        """Count from zero."""
        self._stage = stage
        self._wire = wire
        self._minutes: defaultdict[tuple[Role, str], _Window] = defaultdict(_minute)
        self._hours: defaultdict[Role, _Window] = defaultdict(lambda: _Window(span=HOUR))
        self._paid: defaultdict[tuple[Role, str], _Window] = defaultdict(_minute)
        self._paid_an_hour: defaultdict[Role, _Window] = defaultdict(lambda: _Window(span=HOUR))
        self._states: dict[Role, ConfigEntryState] = {}
        self._last: dict[tuple[Role, str, str], RequestRecord] = {}
        self.most: Counter[str] = Counter()
        wire.asked.append(self._asked)

    @override
    def look(self) -> None:
        """Pay for the entries that are being set up."""
        for role, resident in self._stage.residents.items():
            state = self._stage.entry(resident).state
            if state is not self._states.get(role):
                self._states[role] = state
                self.pay(role, SET_UP)

    @override
    def home_assistant_started(self) -> None:
        """Pay for the start."""
        for role in self._stage.residents:
            self._states.pop(role, None)
            self.pay(role, SET_UP)

    def pay(self, role: Role, what: Counter[str]) -> None:
        """Allow some more within the next minute: before and after what it is for."""
        for kind, count in what.items():
            self._paid[role, kind].add(self._stage.now, count)
        self._paid_an_hour[role].add(self._stage.now, what["plex.tv"])

    @override
    def told(self, role: Role, times: int) -> None:
        """Allow what follows from something that the server tells or the user does."""
        self.pay(role, Counter({kind: count * times for kind, count in TOLD.items()}))

    @override
    def set_up(self, role: Role, times: int) -> None:
        """Allow what a set-up asks."""
        self.pay(role, Counter({kind: count * times for kind, count in SET_UP.items()}))

    @override
    def signed_in(self, role: Role) -> None:
        """Allow what a sign-in asks."""
        self.pay(role, Counter({"plex.tv": 12, "state": 12}))

    def _asked(self, role: Role | None, record: RequestRecord) -> None:
        if role is None or self._is_repeated(role, record):
            return
        if record.host == PLEX_TV:
            self._asked_plex_tv(role, record)
        elif "Upgrade" in record.headers:
            self._count(role, record, "push", HANDSHAKES)
        elif record.path.startswith(("/library", "/media", "/photo", "/hubs")):
            self._count(role, record, "libraries", LOOKS)
        else:
            self._count(role, record, "state", POLLS)

    def _is_repeated(self, role: Role, record: RequestRecord) -> bool:
        """Return whether the very same request got no answer a moment ago."""
        key = (role, record.host, record.path)
        last = self._last.get(key)
        self._last[key] = record
        return last is not None and last.status == 0 and last.at == record.at

    def _asked_plex_tv(self, role: Role, record: RequestRecord) -> None:
        if record.path.startswith(SIGN_IN):
            return
        paid = self._paid_an_hour[role].count(record.at)
        hourly = self._hours[role].add(record.at)
        self.most["plex.tv an hour"] = max(self.most["plex.tv an hour"], hourly - paid)
        if hourly > PLEX_TV_AN_HOUR + paid:
            raise Violation(STORM, f"{role}: {hourly} requests to plex.tv within an hour")
        heard = self._wire.heard[role]
        last = max(
            (*heard.refusals[-1:], *heard.plex_tv_refusals[-1:], *heard.streaks), default=0.0
        )
        confirming = heard.server_accepts is False or record.at - last <= CONFIRMED_WITHIN
        limit = PLEX_TV_CONFIRMING if confirming else PLEX_TV_A_MINUTE
        self._count(role, record, "plex.tv", limit, " confirming" if confirming else "")

    def _count(
        self, role: Role, record: RequestRecord, kind: str, limit: int, how: str = ""
    ) -> None:
        count = self._minutes[role, kind].add(record.at)
        paid = self._paid[role, kind].count(record.at)
        self.most[kind + how] = max(self.most[kind + how], count - paid)
        if count > limit + paid:
            raise Violation(
                STORM,
                f"{role}: {count} requests to {record.host} ({kind}{how}) within a minute,"
                f" {limit + paid} are allowed; the last is {record.path}",
            )
