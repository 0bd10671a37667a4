"""What was asked and answered, as the simulator wrote it down, sorted by entry."""

from collections import defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import override

from aiohttp import hdrs

from custom_components.plex_monitor.const import CONF_CLIENT_IDENTIFIER
from tests.simulator.journal import RequestRecord
from tests.simulator.plex_tv import HOST_NAME as PLEX_TV

from .cast import Role
from .faults import fault_at
from .invariant import Invariant
from .stage import Stage

# The questions that a verdict is made of.
ACCOUNT, RESOURCES = "/api/v2/user", "/api/v2/resources"
ROOT, SESSIONS, IDENTITY = "/", "/status/sessions", "/identity"
STREAKS_REMEMBERED = 8


@dataclass(kw_only=True)
class Heard:
    """What an entry's server and plex.tv have said of its tokens so far.

    `refusals` are those of the server since it last accepted, was silent or was away, and
    `unbroken_refusals` those that nothing else was heard between, as where it starts anew within a
    moment. `plex_tv_refusals` are those of plex.tv since it last accepted. `streaks` are when the
    server began to refuse.
    """

    refusals: list[float] = field(default_factory=list)
    unbroken_refusals: list[float] = field(default_factory=list)
    first_refusal_ever: float | None = None
    server_accepts: bool | None = None
    plex_tv_refusals: list[float] = field(default_factory=list)
    streaks: deque[float] = field(default_factory=lambda: deque(maxlen=STREAKS_REMEMBERED))


class Wire(Invariant):
    """Reads the log of requests as it grows."""

    def __init__(self, stage: Stage) -> None:
        """Begin with an empty log."""
        self._stage = stage
        self._seen = 0
        self._open: list[tuple[Role | None, RequestRecord]] = []
        self._roles: dict[str, Role] = {}
        self.heard: defaultdict[Role, Heard] = defaultdict(Heard)
        self.asked: list[Callable[[Role | None, RequestRecord], None]] = []
        self.requests = 0
        self._starts: dict[Role, object] = {}

    @override
    def look(self) -> None:
        """Take in what is new."""
        stage = self._stage
        for role, resident in stage.residents.items():
            entry = stage.entry(resident)
            self._roles[entry.data[CONF_CLIENT_IDENTIFIER]] = role
            start = resident.server.last_start
            if start is None or start is not self._starts.setdefault(role, start):
                self._starts[role] = start
                self.heard[role].refusals.clear()
        log = stage.world.requests
        for index in range(self._seen, len(log)):
            record = log[index]
            asking = self._roles.get(record.headers.get("X-Plex-Client-Identifier", ""))
            for listener in self.asked:
                listener(asking, record)
            # What was answered before the next one was asked.
            self._open.append((asking, record))
            self._take_in_answers()
        self.requests += len(log) - self._seen
        self._seen = len(log)
        self._take_in_answers()

    @override
    def calmed(self) -> None:
        """Forget what has been read."""
        self._stage.world.requests.clear()
        self._seen = 0

    def _take_in_answers(self) -> None:
        unanswered = []
        for role, record in self._open:
            if record.status is None:
                unanswered.append((role, record))
            elif role is not None:
                self._answered(role, record, record.status)
        self._open = unanswered

    def _answered(self, role: Role, record: RequestRecord, status: int) -> None:
        if record.host == PLEX_TV:
            if record.path == ACCOUNT and status == 200:
                self.heard[role].plex_tv_refusals.clear()
            elif record.path in {ACCOUNT, RESOURCES} and status == 401:
                self.heard[role].plex_tv_refusals.append(record.at)
        elif record.host == role and record.path in {ROOT, SESSIONS, IDENTITY}:
            self._server_answered(role, record, status)

    def _server_answered(self, role: Role, record: RequestRecord, status: int) -> None:
        heard = self.heard[role]
        resident = self._stage.residents[role]
        holds_token = "server_token" in self._stage.entry(resident).data
        authenticated = record.path != IDENTITY and (
            record.token_sent is not None or not holds_token
        )
        if status == 200 and authenticated:
            self._interrupted(role)
            heard.first_refusal_ever = None
            heard.server_accepts = True
        elif status == 401 and authenticated and record.path == ROOT:
            fault = fault_at(resident.server, ROOT)
            if fault is not None and hdrs.WWW_AUTHENTICATE in dict(fault.headers):
                self._interrupted(role)
                return
            if not heard.refusals:
                heard.streaks.append(record.at)
            heard.refusals.append(record.at)
            heard.unbroken_refusals.append(record.at)
            heard.server_accepts = False
            if heard.first_refusal_ever is None:
                heard.first_refusal_ever = record.at
        elif status not in {200, 401, 403}:
            self._interrupted(role)

    def _interrupted(self, role: Role) -> None:
        self.heard[role].refusals.clear()
        self.heard[role].unbroken_refusals.clear()
