"""A part that fails costs that part, and a lost answer costs nothing.

- *Server* does not turn off for one answer to `/identity` that was lost: two have to fail within
  `CONFIRMED_WITHIN`, or the server has to be gone, to be busy starting, or to be another machine.
- What a part shows is available `BACK_WITHIN` after the last fault of that part has ended, whatever
  happens to the other parts: a poll is a minute away at most, and a part that hangs delays it.

That *Server* is on while `/identity` names the machine is checked with the states.
"""

from collections import defaultdict, deque
from dataclasses import dataclass
from typing import override

from homeassistant.const import STATE_OFF, STATE_ON

from tests.simulator.faults import Kind
from tests.simulator.request_log import RequestRecord

from .alarms import shown, state_of
from .environment import STEP, Environment
from .faults import FAULTS, PARTS as FAILING_PARTS, retry_after_of, rules_of
from .freshness import GONE, Timer
from .invariant import LOST_ANSWER, PART, Invariant, Violation
from .sites import Role, Site
from .token_evidence import IDENTITY, RequestLogReader
from .truth import Truth

MINUTE = 60.0
TOLERANCE = 2 * STEP
CONFIRMED_WITHIN = 100.0
BACK_WITHIN = MINUTE
RIGHTS_WITHIN, COUNTED_WITHIN = 11 * MINUTE, 5 * MINUTE
# How long a request that hangs delays those after it.
HANGS = 12.0
# Faults with which an answer still names the machine.
HARMLESS = {None, Kind.SLOW, Kind.MISENCODED}
LOST_AT_ONCE = 2

# The paths on which everything with a token depends, or all that is the owner's alone, where they
# answer 401 or 403.
TOKEN, RIGHTS = "^/$", "^/status/sessions$"
_DENIED = (FAULTS["unauthorized"], FAULTS["403"], FAULTS["balancer 403"])


@dataclass(frozen=True, kw_only=True)
class Part:
    """A part of a server: an entity that shows it, and the paths that it is read from."""

    platform: str
    key: str
    paths: tuple[str, ...] = ()
    is_owned: bool = True


PARTS = (
    Part(platform="sensor", key="version", is_owned=False),
    Part(platform="binary_sensor", key="plex_pass", paths=(TOKEN,), is_owned=False),
    Part(platform="sensor", key="streams", paths=(RIGHTS,)),
    Part(platform="sensor", key="activities", paths=("^/activities$",)),
    Part(platform="binary_sensor", key="remote_access", paths=("^/myplex/account$",)),
    Part(platform="update", key="update", paths=("^/updater/status$",)),
)
LIBRARIES = ("^/library/sections$", "^/library/sections/[0-9]+/all$")


class _Watch:
    """Keep what was seen of one entry."""

    def __init__(self) -> None:
        self.pending: list[RequestRecord] = []
        self.lost: deque[float] = deque(maxlen=LOST_AT_ONCE)
        self.gone_at: float | None = None
        self.start: object = None
        self.set_up: object = None
        self.server: str | None = None
        self.parts: defaultdict[str, Timer] = defaultdict(Timer)
        self.seen_as_owner = False
        self.seen_libraries: set[int] = set()
        self.libraries: tuple[int, ...] = ()
        self.rights: object = None
        self.backed_off_until = 0.0


class Parts(Invariant):
    """Follows what fails of each server."""

    def __init__(self, env: Environment, request_log: RequestLogReader) -> None:
        """Initialize without any failure."""
        self._env = env
        self._watches: dict[Role, _Watch] = {}
        request_log.request_listeners.append(self._handle_request)

    @override
    def home_assistant_started(self) -> None:
        """Reset what was seen."""
        self._watches.clear()

    @override
    def check(self) -> None:
        """Check all entries."""
        for role, site in self._env.sites.items():
            watch = self._watch(role)
            truth = Truth(self._env.world, site, self._env.entry(site))
            self._count_lost(watch)
            self._check_server(site, watch, truth)
            self._check_parts(site, watch, truth)

    def _watch(self, role: Role) -> _Watch:
        return self._watches.setdefault(role, _Watch())

    # Lost answers

    def _handle_request(self, role: Role | None, record: RequestRecord) -> None:
        if role is not None and record.host == role and record.path == IDENTITY:
            self._watch(role).pending.append(record)

    def _count_lost(self, watch: _Watch) -> None:
        answered = [record for record in watch.pending if record.status is not None]
        watch.pending = [record for record in watch.pending if record.status is None]
        for record in answered:
            if record.status == 200 and record.fault in HARMLESS:
                continue
            # A request that is cut off is repeated at the same moment.
            if record.at not in watch.lost:
                watch.lost.append(record.at)

    def _check_server(self, site: Site, watch: _Watch, truth: Truth) -> None:
        env, now = self._env, self._env.now
        server = truth.server
        restarted = truth.last_start is not watch.start
        watch.start = truth.last_start
        if (
            restarted
            or not truth.at_address
            or server.identifies_as is not None
            or server.in_maintenance
        ):
            watch.gone_at = now
        set_up = getattr(env.entry(site), "runtime_data", None)
        before, watch.server = watch.server, state_of(env, site, "binary_sensor", "server")
        if set_up is not watch.set_up:
            watch.set_up = set_up
            return
        if before != STATE_ON or watch.server != STATE_OFF:
            return
        lately = now - CONFIRMED_WITHIN - TOLERANCE
        was_gone = watch.gone_at is not None and watch.gone_at >= lately
        if not was_gone and sum(at >= lately for at in watch.lost) < LOST_AT_ONCE:
            raise Violation(LOST_ANSWER, f"{site.role}: Server is off, and was not confirmed to be")

    # Parts

    def _check_parts(self, site: Site, watch: _Watch, truth: Truth) -> None:
        env, now = self._env, self._env.now
        retry_after = max(map(retry_after_of, rules_of(truth.server)), default=0.0)
        if retry_after:
            watch.backed_off_until = now + retry_after
        libraries = tuple(section.id for section in truth.server.library.sections)
        rights = (truth.is_owner, truth.server_token, truth.last_start, watch.set_up)
        if (libraries, rights) != (watch.libraries, watch.rights):
            watch.libraries, watch.rights = libraries, rights
            watch.parts.clear()
            watch.seen_as_owner = False
            watch.seen_libraries.clear()
        failing = {rule.paths.pattern: rule.fault for rule in rules_of(truth.server)}
        readable = (
            env.is_loaded(site)
            and truth.is_up
            and truth.server.refuses_websockets is None
            and not truth.is_refused
            and not shown(env, site)
            and now > watch.backed_off_until
            and failing.keys() <= {*FAILING_PARTS}
            and failing.get(TOKEN) not in _DENIED
        )
        is_owner = truth.is_owner and failing.get(RIGHTS) not in _DENIED
        watch.seen_as_owner |= state_of(env, site, "sensor", "streams") not in GONE
        # An account that was never seen to have the rights is asked for them less often.
        patience = (BACK_WITHIN if watch.seen_as_owner else RIGHTS_WITHIN) + TOLERANCE
        for part in PARTS:
            if part.key == "remote_access" and not truth.server.claimed:
                continue
            holds = readable and not failing.keys() & {*part.paths}
            if part.is_owned:
                holds = holds and is_owner
            lasts = watch.parts[part.key].lasts(now, holds=holds)
            limit = patience if part.is_owned else BACK_WITHIN + TOLERANCE
            self._expect(site, part.platform, part.key, lasts, limit)
        holds = readable and not failing.keys() & {*LIBRARIES}
        lasts = watch.parts["libraries"].lasts(now, holds=holds)
        for section in libraries:
            key = f"{section}_scanning"
            if state_of(env, site, "binary_sensor", key) not in GONE:
                watch.seen_libraries.add(section)
            # One that was never counted is counted less often, so that disks can sleep.
            limit = BACK_WITHIN if section in watch.seen_libraries else COUNTED_WITHIN
            self._expect(site, "binary_sensor", key, lasts, limit + TOLERANCE)

    def _expect(self, site: Site, platform: str, key: str, lasts: float, limit: float) -> None:
        """Expect an entity to be available once nothing it needs has failed for this long."""
        state = state_of(self._env, site, platform, key)
        hanging = HANGS * len(rules_of(site.server))
        if lasts > limit + hanging and state in GONE:
            raise Violation(
                PART, f"{site.role}: {key} is {state}, though nothing of it fails for {lasts:.0f} s"
            )
