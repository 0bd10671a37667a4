"""No false alarm, and no missed one.

An alarm is a repair, or a sign-in prompt on the integration's card. Whether it is right is judged
at the moment when it comes; that it goes again is for the calm to see. What is allowed is what the
design says, and no more:

- *Token invalid* needs a token that plex.tv has ended. Or plex.tv itself has said so, though it
  was wrong: at two questions at least 10 s apart without a yes in between; 10 min apart where the
  server accepts the token. Where plex.tv cannot be asked the server has to have refused at least
  six times, over at least half an hour, without being silent or away in between. Where the token is
  dead indeed it may have been away, if nobody could notice: between two questions.
- *Token wanted* likewise, where the entry has no token.
- *Access removed* needs a server that refuses, and that plex.tv does not list.
- *Server refuses token* needs a server that has accepted nothing for 24 h.
- *Server unclaimed* needs a server that is nobody's at this moment.

And these have to come:

- 30 s after the first refusal where the server is well and refuses, and plex.tv can be asked;
  2 min later where the server has changed its mind more than three times within ten minutes, and
  a quarter of an hour later where the token died after the server had begun to refuse;
- six hours after the death of a token that the server does not refuse, also while the entry cannot
  be set up because the server is away;
- 45 min after the first refusal where the server is the only judge (its ten minutes to settle, half
  an hour, and two polls);
- 16 min after a server became nobody's.

plex.tv can be asked where it is well, and it is over with the patience that it was owed: a quarter
of an hour after it was not well, and what it wished for itself. All with two steps of time on top.
"""

from dataclasses import dataclass
from typing import override

from homeassistant.config_entries import SOURCE_REAUTH
from homeassistant.const import STATE_ON
from homeassistant.helpers import entity_registry as er, issue_registry as ir

from custom_components.plex_monitor.auth.issues import Issue, issue_id
from custom_components.plex_monitor.const import CONF_TOKEN_SOURCE, DOMAIN, TokenSource

from .cast import Resident, Role
from .faults import FAULTS, rules_of, wish_of
from .invariant import FALSE_ALARM, MISSED_ALARM, ONE_ROW, Invariant, Violation
from .stage import STEP, Stage
from .truth import Truth
from .wire import Heard, Wire

MINUTE, HOUR = 60.0, 3600.0
TOLD_WITHIN = 30.0
TOLD_WITHIN_IF_FICKLE = TOLD_WITHIN + 2 * MINUTE
FICKLE_STREAKS, FICKLE_SPAN = 3, 10 * MINUTE
TOLD_WITHIN_IF_ACCEPTED = 6 * HOUR
UNHURRIED = 10 * MINUTE
TOLD_BY_THE_ONLY_JUDGE = 45 * MINUTE
ONLY_JUDGE_REFUSALS, ONLY_JUDGE_SPAN = 6, 30 * MINUTE
TOLD_IF_UNCLAIMED = 16 * MINUTE
PROMPTED_AGAIN_WITHIN = 17 * MINUTE
SET_UP_AGAIN_WITHIN = 10 * MINUTE
PLEX_TV_CONFIRMS_AFTER = 10.0
PLEX_TV_PATIENCE = 15 * MINUTE
SERVER_REFUSES_AFTER = 24 * HOUR
TOLERANCE = 2 * STEP

SIGN_IN_ISSUES = {Issue.TOKEN_INVALID, Issue.TOKEN_WANTED, Issue.ACCESS_REMOVED}


def shown(stage: Stage, resident: Resident) -> set[Issue]:
    """Return the repairs that are shown for an entry."""
    registry = ir.async_get(stage.hass)
    found = (
        (issue, registry.async_get_issue(DOMAIN, issue_id(issue, resident.entry_id)))
        for issue in Issue
    )
    return {issue for issue, entry in found if entry is not None and entry.active}


def prompted(stage: Stage, resident: Resident) -> bool:
    """Return whether a sign-in prompt is open for an entry."""
    return any(stage.entry(resident).async_get_active_flows(stage.hass, {SOURCE_REAUTH}))


def state_of(stage: Stage, resident: Resident, platform: str, key: str) -> str | None:
    """Return the state of an entity of the server, None where there is none."""
    entity_id = er.async_get(stage.hass).async_get_entity_id(
        platform, DOMAIN, f"{resident.server.machine_identifier}_{key}"
    )
    state = stage.hass.states.get(entity_id) if entity_id else None
    return None if state is None else state.state


@dataclass(kw_only=True)
class _Since:
    """Since when something is so without a break, None where it is not so now."""

    at: float | None = None

    def update(self, now: float, *, holds: bool) -> None:
        """Take in whether it holds now."""
        if not holds:
            self.at = None
        elif self.at is None:
            self.at = now


class _Watch:
    """What is remembered of one entry."""

    def __init__(self) -> None:
        self.issues: set[Issue] = set()
        self.set_up: object = None
        self.tokens: tuple[str | None, str | None] | None = None
        self.loaded = _Since()
        self.wanted = _Since()
        self.account_dead = _Since()
        self.unlisted = _Since()
        self.refused = _Since()
        self.unclaimed = _Since()
        self.to_be_adopted = _Since()
        self.unprompted = _Since()

    def begin_anew(self, set_up: object) -> None:
        """Forget since when anything is so that only an entry that is set up can see."""
        self.set_up = set_up
        self.loaded.at = self.refused.at = self.unclaimed.at = None
        self.to_be_adopted.at = self.unprompted.at = None


class Alarms(Invariant):
    """Holds what the user is told against what is true."""

    def __init__(self, stage: Stage, wire: Wire) -> None:
        """Know of no alarm yet."""
        self._stage = stage
        self._wire = wire
        self._watches: dict[Role, _Watch] = {}
        # From when on plex.tv owes an answer, None while it is not well.
        self._plex_tv_well = _Since()
        self._plex_tv_owes_from = 0.0

    @override
    def home_assistant_started(self) -> None:
        """Repairs and prompts are gone with the last one, as they do not persist.

        What it was off for is no time in which anything could be told.
        """
        for watch in self._watches.values():
            watch.issues = set()
            watch.wanted.at = None
            watch.begin_anew(None)

    @override
    def look(self) -> None:
        """Judge what is new, and what should be there."""
        self._look_at_plex_tv()
        for role, resident in self._stage.residents.items():
            watch = self._watches.setdefault(role, _Watch())
            entry = self._stage.entry(resident)
            truth = Truth(self._stage.world, resident, entry)
            heard = self._wire.heard[role]
            issues = shown(self._stage, resident)
            for issue in issues - watch.issues:
                self._judge(issue, resident, truth, heard)
            watch.issues = issues
            self._look_at_rows(resident, issues)
            self._look_for_missed(resident, watch, truth, heard, issues)

    def _look_at_plex_tv(self) -> None:
        now, plex_tv = self._stage.now, self._stage.world.plex_tv
        rules = rules_of(plex_tv)
        well = plex_tv.running and not rules
        self._plex_tv_well.update(now, holds=well)
        if not well:
            wish = max(map(wish_of, rules), default=0.0)
            self._plex_tv_owes_from = self.wish_until = max(
                self._plex_tv_owes_from, now + max(PLEX_TV_PATIENCE, wish)
            )

    # False alarms

    def _judge(self, issue: Issue, resident: Resident, truth: Truth, heard: Heard) -> None:
        """Raise where nothing justifies an alarm that has just come."""
        match issue:
            case Issue.TOKEN_INVALID | Issue.TOKEN_WANTED:
                justified = self._is_dead(issue, truth, heard)
            case Issue.ACCESS_REMOVED:
                justified = heard.server_accepts is False and not (
                    truth.is_listed and not self._plex_tv_lists_nothing()
                )
            case Issue.SERVER_REFUSES_TOKEN:
                first = heard.first_refusal_ever
                justified = (
                    first is not None
                    and self._stage.now - first >= SERVER_REFUSES_AFTER - TOLERANCE
                )
            case Issue.SERVER_UNCLAIMED:
                justified = not truth.server.claimed
            case Issue.TOKEN_TEMPORARY:
                source = self._stage.entry(resident).data[CONF_TOKEN_SOURCE]
                justified = not TokenSource(source).is_lasting
        if not justified:
            raise Violation(FALSE_ALARM, f"{resident.role}: {issue} is shown, and is not true")

    def _is_dead(self, issue: Issue, truth: Truth, heard: Heard) -> bool:
        if truth.account_token is not None:
            if truth.account_is_dead:
                return True
            apart = UNHURRIED if heard.server_accepts else PLEX_TV_CONFIRMS_AFTER
            lies = heard.plex_tv_refusals
            return len(lies) >= 2 and lies[-1] - lies[0] >= apart - 1
        if (issue is Issue.TOKEN_WANTED) is not (truth.server_token is None):
            return False
        refusals = heard.unbroken_refusals if truth.server_token_is_dead else heard.refusals
        return (
            len(refusals) >= ONLY_JUDGE_REFUSALS
            and refusals[-1] - refusals[0] >= ONLY_JUDGE_SPAN - 1
        )

    def _plex_tv_lists_nothing(self) -> bool:
        """Return whether plex.tv says of everybody that nothing is listed."""
        empty = FAULTS["empty list"]
        return any(rule.fault is empty for rule in self._stage.world.plex_tv.faults.rules)

    def _look_at_rows(self, resident: Resident, issues: set[Issue]) -> None:
        """Raise where the user sees one problem twice, or a prompt without a problem."""
        if len(issues) > 1:
            raise Violation(ONE_ROW, f"{resident.role}: {sorted(issues)} are shown together")
        if prompted(self._stage, resident) and not issues & SIGN_IN_ISSUES:
            raise Violation(
                FALSE_ALARM, f"{resident.role}: a sign-in prompt, and no repair that says why"
            )
        for domain, name in ir.async_get(self._stage.hass).issues:
            if domain != DOMAIN and resident.entry_id in name:
                raise Violation(ONE_ROW, f"{resident.role}: {domain} shows {name} beside our own")

    # Missed alarms

    def _look_for_missed(
        self,
        resident: Resident,
        watch: _Watch,
        truth: Truth,
        heard: Heard,
        issues: set[Issue],
    ) -> None:
        """Raise where something should have been told by now."""
        stage, now = self._stage, self._stage.now
        tokens = truth.account_token, truth.server_token
        if tokens != watch.tokens:
            watch.tokens = tokens
            for since in (watch.account_dead, watch.unlisted, watch.refused):
                since.at = None
            watch.to_be_adopted.at = None
        loaded = stage.is_loaded(resident)
        set_up = getattr(stage.entry(resident), "runtime_data", None)
        if set_up is not watch.set_up:
            watch.begin_anew(set_up)
        watch.loaded.update(now, holds=loaded)
        watch.wanted.update(now, holds=loaded or stage.is_tried_again(resident))
        watch.account_dead.update(now, holds=truth.account_is_dead)
        watch.unlisted.update(now, holds=not truth.is_listed)
        refused = loaded and truth.is_well and truth.is_refused and bool(heard.refusals)
        watch.refused.update(now, holds=refused)
        has_token = truth.server_token is not None
        nobodys = loaded and truth.is_well and not truth.server.claimed and has_token
        watch.unclaimed.update(now, holds=nobodys)
        adoptable = (
            refused
            and truth.account_token is not None
            and not truth.account_is_dead
            and truth.is_listed
            and truth.listed_token != truth.server_token
        )
        watch.to_be_adopted.update(now, holds=adoptable)
        self._expect_invalid(resident, watch, issues)
        if watch.loaded.at is None:
            return
        self._expect_soon(resident, watch, truth, heard, issues)
        self._expect(
            resident,
            {Issue.SERVER_UNCLAIMED, Issue.TOKEN_INVALID},
            issues,
            None if watch.unclaimed.at is None else watch.unclaimed.at + TOLD_IF_UNCLAIMED,
        )
        self._expect_prompt(resident, watch, issues)

    def _expect_invalid(self, resident: Resident, watch: _Watch, issues: set[Issue]) -> None:
        """Expect a dead token to be told though the server does not refuse it."""
        dead, wanted = watch.account_dead.at, watch.wanted.at
        if dead is None or wanted is None or self._plex_tv_well.at is None:
            return
        asked_by = max(wanted, self._plex_tv_owes_from) + UNHURRIED
        if watch.loaded.at is None:
            # Each question waits for another attempt to set the entry up.
            asked_by += 2 * SET_UP_AGAIN_WITHIN
        self._expect(
            resident,
            {Issue.TOKEN_INVALID},
            issues,
            max(dead + TOLD_WITHIN_IF_ACCEPTED, asked_by + TOLERANCE),
        )

    def _expect_soon(
        self,
        resident: Resident,
        watch: _Watch,
        truth: Truth,
        heard: Heard,
        issues: set[Issue],
    ) -> None:
        """Expect what a server refuses to be told soon."""
        since, now = watch.refused.at, self._stage.now
        if since is None or not truth.server.claimed:
            return
        if truth.account_token is None:
            wanted = Issue.TOKEN_INVALID if truth.server_token else Issue.TOKEN_WANTED
            self._expect(resident, {wanted}, issues, since + TOLD_BY_THE_ONLY_JUDGE)
            return
        if self._plex_tv_well.at is None:
            return
        fickle = sum(since - at < FICKLE_SPAN for at in heard.streaks) > FICKLE_STREAKS
        patience = TOLD_WITHIN_IF_FICKLE if fickle else TOLD_WITHIN
        deadline = max(since, self._plex_tv_owes_from) + patience

        def told_by(cause: float) -> float:
            """Return by when it has to be told that something is so since then."""
            return (
                deadline if cause <= since else max(deadline, cause + PLEX_TV_PATIENCE + patience)
            )

        if (died := watch.account_dead.at) is not None:
            self._expect(resident, {Issue.TOKEN_INVALID}, issues, told_by(died))
        elif (gone := watch.unlisted.at) is not None:
            self._expect(resident, {Issue.ACCESS_REMOVED}, issues, told_by(gone))
        elif watch.to_be_adopted.at is not None and now > (
            max(deadline, watch.to_be_adopted.at + PLEX_TV_PATIENCE + patience) + TOLERANCE
        ):
            raise Violation(
                MISSED_ALARM, f"{resident.role}: the token that plex.tv lists is not adopted"
            )

    def _expect(
        self,
        resident: Resident,
        wanted: set[Issue],
        issues: set[Issue],
        deadline: float | None,
    ) -> None:
        stage = self._stage
        if deadline is None or stage.now <= deadline + TOLERANCE:
            return
        late = f"{stage.now - deadline:.0f} s late"
        if not issues & wanted:
            raise Violation(
                MISSED_ALARM, f"{resident.role}: no {' or '.join(sorted(wanted))}, {late}"
            )
        problem = state_of(stage, resident, "binary_sensor", "token_problem")
        if stage.is_loaded(resident) and problem != STATE_ON:
            raise Violation(MISSED_ALARM, f"{resident.role}: Token problem does not say so, {late}")

    def _expect_prompt(self, resident: Resident, watch: _Watch, issues: set[Issue]) -> None:
        """Expect a prompt that somebody closed to be opened again."""
        now = self._stage.now
        lacks = bool(issues & SIGN_IN_ISSUES) and not prompted(self._stage, resident)
        watch.unprompted.update(now, holds=lacks and self._plex_tv_well.at is not None)
        if watch.unprompted.at is None or watch.loaded.at is None:
            return
        begun = max(watch.unprompted.at, watch.loaded.at, self._plex_tv_owes_from)
        if now > begun + PROMPTED_AGAIN_WITHIN + TOLERANCE:
            raise Violation(
                MISSED_ALARM, f"{resident.role}: {sorted(issues)} without a sign-in prompt"
            )
