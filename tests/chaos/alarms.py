"""No false alarm, and no missed one.

An alarm is a repair, or a sign-in prompt on the integration's card. Whether it is justified is
checked at the moment when it appears; that it disappears again is checked in the recovery phase.
Allowed is what the design says, and no more:

- *Token invalid* needs a token that plex.tv has revoked. Or plex.tv itself refused it wrongly: in
  two requests at least 10 s apart that none it accepted came between; 10 min apart where the
  server accepts the token. Where plex.tv cannot be asked the server has to have refused at least
  six times, over at least half an hour, without being silent or down in between. Where the token
  is really revoked the server may have been down, if that could not be noticed: between two
  requests.
- *Token wanted* needs two such refusals at least 10 s apart, where the entry has no token.
- *Access removed* needs a server that refuses, and that plex.tv does not list.
- *Server refuses token* needs a server that has accepted nothing for 24 h.
- *Server unclaimed* needs a server that is unclaimed at this moment.

And these have to appear:

- 30 s after the first refusal where the server works and refuses, and plex.tv can be asked;
  2 min later where the server has switched between accepting and refusing more than three times
  within ten minutes, and a quarter of an hour later where the token was revoked after the server
  had begun to refuse;
- six hours after a token was revoked that the server does not refuse, also while the entry cannot
  be set up because the server is down;
- 45 min after the first refusal where plex.tv cannot be asked about the token (ten minutes for the
  server to settle, half an hour, and two polls), and 12 min after it where the entry has no token;
- 16 min after a server became unclaimed.

Besides, a server token that plex.tv lists is adopted only after the server has accepted it.

plex.tv can be asked where it works, and the back-off after its last failure is over: a quarter of
an hour, or longer where its Retry-After said so. All with a tolerance of two steps of time.
"""

from dataclasses import dataclass
from typing import override

from homeassistant.config_entries import SOURCE_REAUTH
from homeassistant.const import STATE_ON
from homeassistant.helpers import entity_registry as er, issue_registry as ir

from custom_components.plex_monitor.auth.issues import Issue, issue_id
from custom_components.plex_monitor.const import CONF_TOKEN_SOURCE, DOMAIN, TokenSource

from .environment import STEP, Environment
from .faults import FAULTS, retry_after_of, rules_of
from .invariant import FALSE_ALARM, MISSED_ALARM, ONE_REPAIR, UNTRIED, Invariant, Violation
from .sites import Role, Site
from .token_evidence import RequestLogReader, TokenEvidence
from .truth import Truth

MINUTE, HOUR = 60.0, 3600.0
REPORTED_WITHIN = 30.0
REPORTED_WITHIN_IF_FLAPPING = REPORTED_WITHIN + 2 * MINUTE
FLAPPING_STREAKS, FLAPPING_SPAN = 3, 10 * MINUTE
REPORTED_WITHIN_IF_ACCEPTED = 6 * HOUR
ROUTINE_CONFIRMATION = 75 * MINUTE
REPORTED_WITHOUT_PLEX_TV = 45 * MINUTE
ONLY_JUDGE_REFUSALS, ONLY_JUDGE_SPAN = 6, 30 * MINUTE
WANTED_REFUSALS, WANTED_SPAN = 2, 10.0
REPORTED_IF_WANTED = 12 * MINUTE
REPORTED_IF_UNCLAIMED = 16 * MINUTE
PROMPTED_AGAIN_WITHIN = 17 * MINUTE
PLEX_TV_CONFIRMS_AFTER = 10.0
PLEX_TV_PATIENCE = 15 * MINUTE
SERVER_REFUSES_AFTER = 24 * HOUR
TOLERANCE = 2 * STEP

SIGN_IN_ISSUES = {Issue.TOKEN_INVALID, Issue.TOKEN_WANTED, Issue.ACCESS_REMOVED}


def shown(env: Environment, site: Site) -> set[Issue]:
    """Return the repairs that are shown for an entry."""
    registry = ir.async_get(env.hass)
    found = (
        (issue, registry.async_get_issue(DOMAIN, issue_id(issue, site.entry_id))) for issue in Issue
    )
    return {issue for issue, entry in found if entry is not None and entry.active}


def prompted(env: Environment, site: Site) -> bool:
    """Return whether a sign-in prompt is open for an entry."""
    return any(env.entry(site).async_get_active_flows(env.hass, {SOURCE_REAUTH}))


def state_of(env: Environment, site: Site, platform: str, key: str) -> str | None:
    """Return the state of an entity of the server, or None if it has none."""
    entity_id = er.async_get(env.hass).async_get_entity_id(
        platform, DOMAIN, f"{site.server.machine_identifier}_{key}"
    )
    state = env.hass.states.get(entity_id) if entity_id else None
    return None if state is None else state.state


@dataclass(kw_only=True)
class _Since:
    """Track since when a condition has held without a break; None while it does not hold."""

    at: float | None = None

    def update(self, now: float, *, holds: bool) -> None:
        """Update with whether the condition holds now."""
        if not holds:
            self.at = None
        elif self.at is None:
            self.at = now


class _Watch:
    """Keep what was seen of one entry."""

    def __init__(self) -> None:
        self.issues: set[Issue] = set()
        self.set_up: object = None
        self.tokens: tuple[str | None, str | None] | None = None
        self.loaded = _Since()
        self.account_dead = _Since()
        self.unlisted = _Since()
        self.refused = _Since()
        self.unclaimed = _Since()
        self.to_be_adopted = _Since()
        self.unprompted = _Since()

    def reset(self, set_up: object) -> None:
        """Reset the times of what only a loaded entry can notice."""
        self.set_up = set_up
        self.loaded.at = self.refused.at = self.unclaimed.at = None
        self.to_be_adopted.at = self.unprompted.at = None


class Alarms(Invariant):
    """Compares the alarms that are shown with the truth."""

    def __init__(self, env: Environment, request_log: RequestLogReader) -> None:
        """Initialize without any alarm."""
        self._env = env
        self._request_log = request_log
        self._watches: dict[Role, _Watch] = {}
        # Since when plex.tv works, and from when on an answer can be expected of it.
        self._plex_tv_well = _Since()
        self._plex_tv_due_from = 0.0

    @override
    def home_assistant_started(self) -> None:
        """Reset what the stopped Home Assistant showed: repairs and prompts do not persist.

        The time while it was stopped does not count towards any deadline.
        """
        for watch in self._watches.values():
            watch.issues = set()
            watch.reset(None)

    @override
    def check(self) -> None:
        """Check each alarm that is new, and each that is due."""
        self._check_plex_tv()
        for role, site in self._env.sites.items():
            watch = self._watches.setdefault(role, _Watch())
            entry = self._env.entry(site)
            truth = Truth(self._env.world, site, entry)
            evidence = self._request_log.evidence[role]
            issues = shown(self._env, site)
            for issue in issues - watch.issues:
                self._check_justified(issue, site, truth, evidence)
            watch.issues = issues
            self._check_repairs(site, issues)
            self._check_missed(site, watch, truth, evidence, issues)

    def _check_plex_tv(self) -> None:
        now, plex_tv = self._env.now, self._env.world.plex_tv
        rules = rules_of(plex_tv)
        well = plex_tv.running and not rules
        self._plex_tv_well.update(now, holds=well)
        if not well:
            retry_after = max(map(retry_after_of, rules), default=0.0)
            self._plex_tv_due_from = self.back_off_until = max(
                self._plex_tv_due_from, now + max(PLEX_TV_PATIENCE, retry_after)
            )

    # False alarms

    def _check_justified(
        self, issue: Issue, site: Site, truth: Truth, evidence: TokenEvidence
    ) -> None:
        """Raise if nothing justifies an alarm that has just appeared."""
        match issue:
            case Issue.TOKEN_INVALID | Issue.TOKEN_WANTED:
                justified = self._is_dead(issue, truth, evidence)
            case Issue.ACCESS_REMOVED:
                justified = evidence.server_accepts is False and not (
                    truth.is_listed and not self._plex_tv_lists_nothing()
                )
            case Issue.SERVER_REFUSES_TOKEN:
                first = evidence.first_refusal_ever
                justified = (
                    first is not None and self._env.now - first >= SERVER_REFUSES_AFTER - TOLERANCE
                )
            case Issue.SERVER_UNCLAIMED:
                justified = not truth.server.claimed
            case Issue.TOKEN_TEMPORARY:
                source = self._env.entry(site).data[CONF_TOKEN_SOURCE]
                justified = not TokenSource(source).is_lasting
        if not justified:
            raise Violation(FALSE_ALARM, f"{site.role}: {issue} is shown, and is not true")

    def _is_dead(self, issue: Issue, truth: Truth, evidence: TokenEvidence) -> bool:
        if truth.account_token is not None:
            if truth.account_is_dead:
                return True
            apart = ROUTINE_CONFIRMATION if evidence.server_accepts else PLEX_TV_CONFIRMS_AFTER
            refusals = evidence.plex_tv_refusals
            return len(refusals) >= 2 and refusals[-1] - refusals[0] >= apart - 1
        if (issue is Issue.TOKEN_WANTED) is not (truth.server_token is None):
            return False
        refusals = evidence.unbroken_refusals if truth.server_token_is_dead else evidence.refusals
        enough, span = (
            (WANTED_REFUSALS, WANTED_SPAN)
            if issue is Issue.TOKEN_WANTED
            else (ONLY_JUDGE_REFUSALS, ONLY_JUDGE_SPAN)
        )
        return len(refusals) >= enough and refusals[-1] - refusals[0] >= span - 1

    def _plex_tv_lists_nothing(self) -> bool:
        """Return whether plex.tv lists no server for any account."""
        empty = FAULTS["empty list"]
        return any(rule.fault is empty for rule in self._env.world.plex_tv.faults.rules)

    def _check_repairs(self, site: Site, issues: set[Issue]) -> None:
        """Raise if one problem is shown twice, or a prompt is shown without a repair."""
        if len(issues) > 1:
            raise Violation(ONE_REPAIR, f"{site.role}: {sorted(issues)} are shown together")
        if prompted(self._env, site) and not issues & SIGN_IN_ISSUES:
            raise Violation(FALSE_ALARM, f"{site.role}: a sign-in prompt without a repair")
        for domain, name in ir.async_get(self._env.hass).issues:
            if domain != DOMAIN and site.entry_id in name:
                raise Violation(ONE_REPAIR, f"{site.role}: {domain} shows {name} beside our own")

    # Missed alarms

    def _check_missed(
        self,
        site: Site,
        watch: _Watch,
        truth: Truth,
        evidence: TokenEvidence,
        issues: set[Issue],
    ) -> None:
        """Raise if an alarm is overdue."""
        env, now = self._env, self._env.now
        tokens = truth.account_token, truth.server_token
        if tokens != watch.tokens:
            self._check_adopted(site, watch.tokens, truth)
            watch.tokens = tokens
            for since in (watch.account_dead, watch.unlisted, watch.refused):
                since.at = None
            watch.to_be_adopted.at = None
        loaded = env.is_loaded(site)
        set_up = getattr(env.entry(site), "runtime_data", None)
        if set_up is not watch.set_up:
            watch.reset(set_up)
        watch.loaded.update(now, holds=loaded)
        watch.account_dead.update(now, holds=truth.account_is_dead)
        watch.unlisted.update(now, holds=not truth.is_listed)
        refused = loaded and truth.is_well and truth.is_refused and bool(evidence.refusals)
        watch.refused.update(now, holds=refused)
        has_token = truth.server_token is not None
        unclaimed = loaded and truth.is_well and not truth.server.claimed and has_token
        watch.unclaimed.update(now, holds=unclaimed)
        adoptable = (
            refused
            and truth.account_token is not None
            and not truth.account_is_dead
            and truth.is_listed
            and truth.listed_token != truth.server_token
            and truth.is_listed_token_accepted
        )
        watch.to_be_adopted.update(now, holds=adoptable)
        self._expect_invalid(site, watch, issues)
        if watch.loaded.at is None:
            return
        self._expect_soon(site, watch, truth, evidence, issues)
        self._expect(
            site,
            {Issue.SERVER_UNCLAIMED, Issue.TOKEN_INVALID},
            issues,
            None if watch.unclaimed.at is None else watch.unclaimed.at + REPORTED_IF_UNCLAIMED,
        )
        self._expect_prompt(site, watch, issues)

    def _check_adopted(
        self, site: Site, before: tuple[str | None, str | None] | None, truth: Truth
    ) -> None:
        """Expect a server token that replaces one without a sign-in to have been tried."""
        if before is None or before[0] is None or before[0] != truth.account_token:
            return
        if (site.role, truth.server_token) not in self._request_log.accepted:
            raise Violation(UNTRIED, f"{site.role}: a listed token was adopted without being tried")

    def _expect_invalid(self, site: Site, watch: _Watch, issues: set[Issue]) -> None:
        """Expect a revoked token to be reported although the server accepts it."""
        dead, loaded = watch.account_dead.at, watch.loaded.at
        if dead is None or loaded is None or self._plex_tv_well.at is None:
            return
        confirmed_by = max(loaded, self._plex_tv_due_from) + ROUTINE_CONFIRMATION
        self._expect(
            site,
            {Issue.TOKEN_INVALID},
            issues,
            max(dead + REPORTED_WITHIN_IF_ACCEPTED, confirmed_by + TOLERANCE),
        )

    def _expect_soon(
        self,
        site: Site,
        watch: _Watch,
        truth: Truth,
        evidence: TokenEvidence,
        issues: set[Issue],
    ) -> None:
        """Expect a token that the server refuses to be reported soon."""
        since, now = watch.refused.at, self._env.now
        if since is None or not truth.server.claimed:
            return
        if truth.account_token is None:
            issue, patience = (
                (Issue.TOKEN_INVALID, REPORTED_WITHOUT_PLEX_TV)
                if truth.server_token
                else (Issue.TOKEN_WANTED, REPORTED_IF_WANTED)
            )
            self._expect(site, {issue}, issues, since + patience)
            return
        if self._plex_tv_well.at is None:
            return
        flapping = sum(since - at < FLAPPING_SPAN for at in evidence.streaks) > FLAPPING_STREAKS
        patience = REPORTED_WITHIN_IF_FLAPPING if flapping else REPORTED_WITHIN
        deadline = max(since, self._plex_tv_due_from) + patience

        def due_after(cause: float) -> float:
            """Return by when a problem with this start has to be reported."""
            return (
                deadline if cause <= since else max(deadline, cause + PLEX_TV_PATIENCE + patience)
            )

        if (died := watch.account_dead.at) is not None:
            self._expect(site, {Issue.TOKEN_INVALID}, issues, due_after(died))
        elif (gone := watch.unlisted.at) is not None:
            self._expect(site, {Issue.ACCESS_REMOVED}, issues, due_after(gone))
        elif watch.to_be_adopted.at is not None and now > (
            max(deadline, watch.to_be_adopted.at + PLEX_TV_PATIENCE + patience) + TOLERANCE
        ):
            raise Violation(
                MISSED_ALARM, f"{site.role}: the token that plex.tv lists is not adopted"
            )

    def _expect(
        self,
        site: Site,
        expected: set[Issue],
        issues: set[Issue],
        deadline: float | None,
    ) -> None:
        env = self._env
        if deadline is None or env.now <= deadline + TOLERANCE:
            return
        late = f"{env.now - deadline:.0f} s late"
        if not issues & expected:
            raise Violation(
                MISSED_ALARM, f"{site.role}: no {' or '.join(sorted(expected))}, {late}"
            )
        problem = state_of(env, site, "binary_sensor", "token_problem")
        if env.is_loaded(site) and problem != STATE_ON:
            raise Violation(MISSED_ALARM, f"{site.role}: Token problem is not on, {late}")

    def _expect_prompt(self, site: Site, watch: _Watch, issues: set[Issue]) -> None:
        """Expect a prompt that the user closed to be opened again."""
        now = self._env.now
        lacks = bool(issues & SIGN_IN_ISSUES) and not prompted(self._env, site)
        watch.unprompted.update(now, holds=lacks and self._plex_tv_well.at is not None)
        if watch.unprompted.at is None or watch.loaded.at is None:
            return
        begun = max(watch.unprompted.at, watch.loaded.at, self._plex_tv_due_from)
        if now > begun + PROMPTED_AGAIN_WITHIN + TOLERANCE:
            raise Violation(MISSED_ALARM, f"{site.role}: {sorted(issues)} without a sign-in prompt")
