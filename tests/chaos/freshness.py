"""What is shown is true now, or is not shown.

- *Server* says that it is off, and what depends on it is unavailable, 100 s after the server can no
  longer be read: a poll is a minute away at most, and one that is under way and one that fails can
  take 10 s for each request. Where another machine answers, or the certificate is not the right
  one, its new address is looked for first: 25 s more. While the token is known to be dead the
  server is looked at every two minutes.
- What depends on the server is unavailable 100 s after it began to refuse the token.
- *Server* says that it is on 80 s after the server is up and nothing is wrong with it: one that is
  down is asked every half minute, and a poll that is under way can take 10 s for each request and
  25 s to look for it elsewhere. While the token is known to be dead the server is looked at every
  two minutes. One that wished to be left alone is left alone for as long, and Home Assistant itself
  tries an entry that could not be set up again after ten minutes at most: the calm is for these.
- The streams are those that there are: where nothing was wrong with the server, and nothing has
  changed, for 100 s.
"""

from typing import override

from homeassistant.const import STATE_OFF, STATE_ON, STATE_UNAVAILABLE

from custom_components.plex_monitor.auth.issues import Issue

from .alarms import SIGN_IN_ISSUES, shown, state_of
from .cast import Resident, Role
from .faults import rules_of, wish_of
from .invariant import FRESH, Invariant, Violation
from .stage import STEP, Stage
from .truth import Truth

READ_WITHIN = 100.0
LOOKED_FOR_WITHIN = READ_WITHIN + 25.0
LOOKED_AT_WITHIN = 150.0
BACK_WITHIN = 80.0
TOLERANCE = 2 * STEP

# Of the server itself, with the platform; others of it come and go with the account's rights.
DEPENDENT = (("sensor", "version"), ("binary_sensor", "plex_pass"), ("sensor", "streams"))
GONE = {STATE_UNAVAILABLE, None}


class _Timer:
    """How long something is so without a break."""

    def __init__(self) -> None:
        self.since: float | None = None

    def lasts(self, now: float, *, holds: bool) -> float:
        """Return for how many seconds it has been so, 0 where it is not so now."""
        if not holds:
            self.since = None
            return 0.0
        if self.since is None:
            self.since = now
        return now - self.since


class _Watch:
    """What is remembered of one entry."""

    def __init__(self) -> None:
        self.loaded = _Timer()
        self.down = _Timer()
        self.up = _Timer()
        self.refused = _Timer()
        self.well = _Timer()
        self.streams = _Timer()
        self.last_streams: object = None
        self.left_alone_until = 0.0
        self.start: object = None


class Freshness(Invariant):
    """Holds what is shown against what there is."""

    def __init__(self, stage: Stage) -> None:
        """Know of nothing yet."""
        self._stage = stage
        self._watches: dict[Role, _Watch] = {}

    @override
    def home_assistant_started(self) -> None:
        """Begin anew."""
        self._watches.clear()

    @override
    def look(self) -> None:
        """Look at all entries."""
        for role, resident in self._stage.residents.items():
            watch = self._watches.setdefault(role, _Watch())
            truth = Truth(self._stage.world, resident, self._stage.entry(resident))
            self._look_at(resident, watch, truth)

    def _look_at(self, resident: Resident, watch: _Watch, truth: Truth) -> None:
        stage, now = self._stage, self._stage.now
        if truth.last_start is not watch.start:
            # It was away for a moment between two looks.
            watch.start = truth.last_start
            watch.up.since = watch.well.since = watch.refused.since = None
        wish = max(map(wish_of, rules_of(truth.server)), default=0.0)
        if truth.server.running and wish:
            watch.left_alone_until = self.wish_until = now + wish
        loaded = watch.loaded.lasts(now, holds=stage.is_loaded(resident))
        down = min(loaded, watch.down.lasts(now, holds=not truth.is_up))
        up = min(loaded, watch.up.lasts(now, holds=truth.is_well))
        refused = min(loaded, watch.refused.lasts(now, holds=truth.is_well and truth.is_refused))
        server = state_of(stage, resident, "binary_sensor", "server")
        is_dead = bool(shown(stage, resident) & {*SIGN_IN_ISSUES, Issue.SERVER_UNCLAIMED})
        if (
            down
            > (
                LOOKED_AT_WITHIN
                if is_dead
                else LOOKED_FOR_WITHIN
                if truth.has_other_machine or truth.is_renamed
                else READ_WITHIN
            )
            + TOLERANCE
        ):
            if server != STATE_OFF:
                raise Violation(
                    FRESH, f"{resident.role}: Server is {server}, {down:.0f} s too late"
                )
            self._expect_gone(resident, f"the server has been down for {down:.0f} s")
        if refused > READ_WITHIN + TOLERANCE:
            self._expect_gone(resident, f"the token has been refused for {refused:.0f} s")
        if (
            up > (LOOKED_AT_WITHIN if is_dead else BACK_WITHIN) + TOLERANCE
            and now > watch.left_alone_until
            and server != STATE_ON
        ):
            raise Violation(FRESH, f"{resident.role}: Server is {server}, up for {up:.0f} s")
        self._look_at_streams(resident, watch, truth, loaded)

    def _expect_gone(self, resident: Resident, why: str) -> None:
        for platform, key in DEPENDENT:
            state = state_of(self._stage, resident, platform, key)
            if state not in GONE:
                raise Violation(FRESH, f"{resident.role}: {key} is still {state}, though {why}")

    def _look_at_streams(
        self, resident: Resident, watch: _Watch, truth: Truth, loaded: float
    ) -> None:
        now = self._stage.now
        listed = [(s.session_key, s.delivery, s.gone) for s in truth.server.streams]
        if listed != watch.last_streams:
            watch.last_streams = listed
            watch.streams.since = None
        same = min(
            loaded,
            watch.streams.lasts(now, holds=True),
            watch.well.lasts(now, holds=truth.is_well and not truth.is_refused),
        )
        state = state_of(self._stage, resident, "sensor", "streams")
        if same <= READ_WITHIN + TOLERANCE or state in GONE:
            return
        if not truth.is_owner or state != str(len(listed)):
            raise Violation(
                FRESH,
                f"{resident.role}: streams is {state}, and there have been {len(listed)} for"
                f" {same:.0f} s",
            )
