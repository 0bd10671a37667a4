"""Each state is current, or unavailable.

- *Server* is off, and the entities that depend on it are unavailable, 100 s after the server can no
  longer be read: a poll is a minute away at most, and one that is under way and one that fails can
  take 10 s for each request. Where another machine answers, or the certificate is not the right
  one, the new address is searched first: 25 s more. While the token is known to be invalid the
  server is polled every two minutes.
- The entities that depend on the server are unavailable 100 s after it began to refuse the token.
- *Server* is off 30 s after the server has stopped to listen at the entry's address, which closes
  the push channel too, and 15 s later without one, for which it is polled that often.
- *Server* is on 80 s after `/identity` names the machine again, whatever else fails: a server that
  is down is polled every half minute, and a poll that is under way can take 10 s for each request
  and 25 s to search for another address. While the token is known to be invalid the server is
  polled every two minutes. A Retry-After is respected, and Home Assistant itself retries a failed
  setup after ten minutes at most: these are checked in the recovery phase.
- The number of streams is right where the server had no fault, and neither its streams nor the
  account's rights changed, for 100 s.
"""

from typing import override

from homeassistant.const import STATE_OFF, STATE_ON, STATE_UNAVAILABLE

from custom_components.plex_monitor.auth.issues import Issue

from .alarms import SIGN_IN_ISSUES, shown, state_of
from .environment import STEP, Environment
from .faults import retry_after_of, rules_of
from .invariant import FRESH, Invariant, Violation
from .sites import Role, Site
from .truth import Truth

READ_WITHIN = 100.0
GONE_WITHIN, GONE_WITHIN_WITHOUT_PUSH = 30.0, 45.0
FOUND_WITHIN = READ_WITHIN + 25.0
POLLED_WITHIN = 150.0
BACK_WITHIN = 80.0
TOLERANCE = 2 * STEP

# Entities of the server, with their platform, that do not depend on the account's rights.
DEPENDENT = (("sensor", "version"), ("binary_sensor", "plex_pass"), ("sensor", "streams"))
GONE = {STATE_UNAVAILABLE, None}


class Timer:
    """Measures for how long a condition has held without a break."""

    def __init__(self) -> None:
        """Initialize as if the condition did not hold."""
        self.since: float | None = None

    def lasts(self, now: float, *, holds: bool) -> float:
        """Return for how many seconds the condition has held, 0 if it does not hold now."""
        if not holds:
            self.since = None
            return 0.0
        if self.since is None:
            self.since = now
        return now - self.since


class _Watch:
    """Keep what was seen of one entry."""

    def __init__(self) -> None:
        self.loaded = Timer()
        self.down = Timer()
        self.gone = Timer()
        self.pushed = False
        self.up = Timer()
        self.refused = Timer()
        self.well = Timer()
        self.streams = Timer()
        self.last_streams: object = None
        self.backed_off_until = 0.0
        self.start: object = None


class Freshness(Invariant):
    """Compares the states with the truth."""

    def __init__(self, env: Environment) -> None:
        """Initialize without any state."""
        self._env = env
        self._watches: dict[Role, _Watch] = {}

    @override
    def home_assistant_started(self) -> None:
        """Reset all timers."""
        self._watches.clear()

    @override
    def check(self) -> None:
        """Check all entries."""
        for role, site in self._env.sites.items():
            watch = self._watches.setdefault(role, _Watch())
            truth = Truth(self._env.world, site, self._env.entry(site))
            self._check_entry(site, watch, truth)

    def _check_entry(self, site: Site, watch: _Watch, truth: Truth) -> None:
        env, now = self._env, self._env.now
        if truth.last_start is not watch.start:
            # It was restarted between two checks.
            watch.start = truth.last_start
            watch.up.since = watch.well.since = watch.refused.since = watch.gone.since = None
        retry_after = max(map(retry_after_of, rules_of(truth.server)), default=0.0)
        if truth.server.running and retry_after:
            watch.backed_off_until = self.back_off_until = now + retry_after
        loaded = watch.loaded.lasts(now, holds=env.is_loaded(site))
        down = min(loaded, watch.down.lasts(now, holds=not truth.is_up))
        up = min(loaded, watch.up.lasts(now, holds=truth.is_up))
        refused = min(loaded, watch.refused.lasts(now, holds=truth.is_well and truth.is_refused))
        server = state_of(env, site, "binary_sensor", "server")
        is_dead = bool(shown(env, site) & {*SIGN_IN_ISSUES, Issue.SERVER_UNCLAIMED})
        if (
            down
            > (
                POLLED_WITHIN
                if is_dead
                else FOUND_WITHIN
                if truth.has_other_machine or truth.is_renamed
                else READ_WITHIN
            )
            + TOLERANCE
        ):
            if server != STATE_OFF:
                raise Violation(FRESH, f"{site.role}: Server is {server}, {down:.0f} s too late")
            self._expect_gone(site, f"the server has been down for {down:.0f} s")
        gone = min(loaded, watch.gone.lasts(now, holds=not truth.server.running))
        if truth.server.running:
            watch.pushed = bool(truth.server.notifier.listeners)
        patience = GONE_WITHIN if watch.pushed else GONE_WITHIN_WITHOUT_PUSH
        if gone > patience + TOLERANCE and not is_dead and server != STATE_OFF:
            raise Violation(FRESH, f"{site.role}: Server is {server}, gone for {gone:.0f} s")
        if refused > READ_WITHIN + TOLERANCE:
            self._expect_gone(site, f"the token has been refused for {refused:.0f} s")
        if (
            up > (POLLED_WITHIN if is_dead else BACK_WITHIN) + TOLERANCE
            and now > watch.backed_off_until
            and server != STATE_ON
        ):
            raise Violation(FRESH, f"{site.role}: Server is {server}, up for {up:.0f} s")
        self._check_streams(site, watch, truth, loaded)

    def _expect_gone(self, site: Site, why: str) -> None:
        for platform, key in DEPENDENT:
            state = state_of(self._env, site, platform, key)
            if state not in GONE:
                raise Violation(FRESH, f"{site.role}: {key} is still {state}, though {why}")

    def _check_streams(self, site: Site, watch: _Watch, truth: Truth, loaded: float) -> None:
        now = self._env.now
        listed = [(s.session_key, s.delivery, s.gone) for s in truth.server.streams]
        if (truth.is_owner, listed) != watch.last_streams:
            watch.last_streams = truth.is_owner, listed
            watch.streams.since = None
        same = min(
            loaded,
            watch.streams.lasts(now, holds=True),
            watch.well.lasts(now, holds=truth.is_well and not truth.is_refused),
        )
        state = state_of(self._env, site, "sensor", "streams")
        if same <= READ_WITHIN + TOLERANCE or state in GONE:
            return
        if not truth.is_owner or state != str(len(listed)):
            raise Violation(
                FRESH,
                f"{site.role}: streams is {state}, and there have been {len(listed)} for"
                f" {same:.0f} s",
            )
