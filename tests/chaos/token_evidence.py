"""How servers and plex.tv answered requests with a token, from the log of the simulator."""

from collections import defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import override

from custom_components.plex_monitor.const import CONF_CLIENT_IDENTIFIER
from tests.simulator.faults import Kind
from tests.simulator.plex_tv import HOST_NAME as PLEX_TV
from tests.simulator.request_log import RequestRecord

from .environment import Environment
from .faults import fault_at
from .invariant import Invariant
from .sites import Role

# The requests that a verdict on a token is based on.
ACCOUNT, RESOURCES = "/api/v2/user", "/api/v2/resources"
ROOT, SESSIONS, IDENTITY = "/", "/status/sessions", "/identity"
STREAKS_REMEMBERED = 8


def _is_from_plex(record: RequestRecord) -> bool:
    """Return whether Plex itself has written the response, and nothing in front of it."""
    return record.fault is not Kind.ANSWER


@dataclass(kw_only=True)
class TokenEvidence:
    """How an entry's server and plex.tv have answered requests with its tokens so far.

    `refusals` are those of the server since it last accepted, was silent or was restarted, and
    `unbroken_refusals` those without any other response in between, even across a quick restart.
    `plex_tv_refusals` are those of plex.tv since it last accepted. `streaks` are the times at which
    the server began to refuse.
    """

    refusals: list[float] = field(default_factory=list)
    unbroken_refusals: list[float] = field(default_factory=list)
    first_refusal_ever: float | None = None
    server_accepts: bool | None = None
    plex_tv_refusals: list[float] = field(default_factory=list)
    streaks: deque[float] = field(default_factory=lambda: deque(maxlen=STREAKS_REMEMBERED))


class RequestLogReader(Invariant):
    """Reads new entries of the simulator's log of requests."""

    def __init__(self, env: Environment) -> None:
        """Initialize with an empty log."""
        self._env = env
        self._seen = 0
        self._open: list[tuple[Role | None, RequestRecord]] = []
        self._roles: dict[str, Role] = {}
        self.evidence: defaultdict[Role, TokenEvidence] = defaultdict(TokenEvidence)
        self.request_listeners: list[Callable[[Role | None, RequestRecord], None]] = []
        # The tokens that the server of each entry has accepted, whatever it allows them.
        self.accepted: set[tuple[Role, str]] = set()
        self.requests = 0
        self._starts: dict[Role, object] = {}

    @override
    def check(self) -> None:
        """Read the new entries."""
        env = self._env
        for role, site in env.sites.items():
            entry = env.entry(site)
            self._roles[entry.data[CONF_CLIENT_IDENTIFIER]] = role
            start = site.server.last_start
            if start is None or start is not self._starts.setdefault(role, start):
                self._starts[role] = start
                self.evidence[role].refusals.clear()
        log = env.world.requests
        for index in range(self._seen, len(log)):
            record = log[index]
            sender = self._roles.get(record.headers.get("X-Plex-Client-Identifier", ""))
            for listener in self.request_listeners:
                listener(sender, record)
            # Handle the responses in the order of the requests.
            self._open.append((sender, record))
            self._handle_responses()
        self.requests += len(log) - self._seen
        self._seen = len(log)
        self._handle_responses()

    @override
    def recovered(self) -> None:
        """Clear the log."""
        self._env.world.requests.clear()
        self._seen = 0

    def _handle_responses(self) -> None:
        pending = []
        for role, record in self._open:
            if record.host in {*Role} and record.token_sent and record.status in {200, 403}:
                self.accepted.add((Role(record.host), record.token_sent))
            if record.status is None:
                pending.append((role, record))
            elif role is not None:
                self._handle_response(role, record, record.status)
        self._open = pending

    def _handle_response(self, role: Role, record: RequestRecord, status: int) -> None:
        if record.host == PLEX_TV:
            if record.path == ACCOUNT and status == 200:
                self.evidence[role].plex_tv_refusals.clear()
            elif record.path in {ACCOUNT, RESOURCES} and status == 401 and _is_from_plex(record):
                self.evidence[role].plex_tv_refusals.append(record.at)
        elif record.host == role and record.path in {ROOT, SESSIONS, IDENTITY}:
            self._handle_server_response(role, record, status)

    def _handle_server_response(self, role: Role, record: RequestRecord, status: int) -> None:
        evidence = self.evidence[role]
        site = self._env.sites[role]
        holds_token = "server_token" in self._env.entry(site).data
        authenticated = record.path != IDENTITY and (
            record.token_sent is not None or not holds_token
        )
        root = fault_at(site.server, ROOT)
        if record.path != ROOT and root is not None and root.kind is Kind.UNAUTHORIZED:
            # The server refuses a path that every token may read, whatever it accepts besides.
            return
        if status == 200 and authenticated:
            self._reset_refusals(role)
            evidence.first_refusal_ever = None
            evidence.server_accepts = True
        elif (
            authenticated
            and record.path == ROOT
            and status == (404 if site.server.hides_root else 401)
            and _is_from_plex(record)
        ):
            if not evidence.refusals:
                evidence.streaks.append(record.at)
            evidence.refusals.append(record.at)
            evidence.unbroken_refusals.append(record.at)
            evidence.server_accepts = False
            if evidence.first_refusal_ever is None:
                evidence.first_refusal_ever = record.at
        elif status not in {200, 401, 403} or not _is_from_plex(record):
            self._reset_refusals(role)
            # It may be away, and does not accept the token then.
            evidence.server_accepts = evidence.server_accepts and None

    def _reset_refusals(self, role: Role) -> None:
        self.evidence[role].refusals.clear()
        self.evidence[role].unbroken_refusals.clear()
