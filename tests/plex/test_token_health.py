"""What the evidence about a token amounts to."""

from dataclasses import dataclass, field

import pytest

from custom_components.plex_monitor.plex.token_health import (
    Evidence,
    PlexTvCheck,
    TokenHealth,
    Verdict,
)

from .token_promises import (
    CONFIRM_AFTER,
    CONFIRM_WHILE_ACCEPTED_AFTER,
    HOUR,
    MINUTE,
    PROBE_INTERVAL,
    RETRY_MIN,
    ROUTINE_INTERVAL,
    SECOND,
    SERVER_REFUSES_AFTER,
    STARTUP_GRACE,
)

ACCEPTS = Evidence.SERVER_ACCEPTS
REFUSES = Evidence.SERVER_REFUSES
INCONCLUSIVE = Evidence.SERVER_INCONCLUSIVE
PLEX_TV_ACCEPTS = Evidence.PLEX_TV_ACCEPTS
PLEX_TV_REFUSES = Evidence.PLEX_TV_REFUSES
PLEX_TV_INCONCLUSIVE = Evidence.PLEX_TV_INCONCLUSIVE


@dataclass
class Case:
    """A token whose evidence comes in over time."""

    health: TokenHealth
    now: float = 1000.0
    asked: list[tuple[float, PlexTvCheck]] = field(default_factory=list)

    def sees(self, *evidence: Evidence, after: float = 0.0) -> Verdict:
        """Let time pass, then see evidence."""
        self.now += after
        for one in evidence:
            self.health = self.health.after(one, self.now)
        return self.health.verdict


@pytest.fixture
def case() -> Case:
    """Return a token that plex.tv can judge, accepted by a server that asks for one."""
    case = Case(TokenHealth(has_account_token=True))
    case.sees(Evidence.SERVER_CLAIMED, Evidence.ENFORCED, ACCEPTS, PLEX_TV_ACCEPTS)
    return case


@pytest.fixture
def server_token_only() -> Case:
    """Return a token that only its server can judge."""
    case = Case(TokenHealth(has_account_token=False))
    case.sees(Evidence.SERVER_CLAIMED, Evidence.ENFORCED, ACCEPTS)
    return case


def test_nothing_is_known_at_first() -> None:
    """Without evidence there is no verdict, and plex.tv is to be asked."""
    health = TokenHealth(has_account_token=True)
    assert health.verdict is Verdict.UNKNOWN
    assert health.due_check(0.0) is PlexTvCheck.ACCOUNT


def test_accepted_by_a_server_that_refuses_without_a_token_is_valid(case: Case) -> None:
    """The server is a judge, and it accepts."""
    assert case.health.verdict is Verdict.VALID


def test_accepted_by_a_server_that_asks_for_none_is_not_enforced(case: Case) -> None:
    """The server is no judge."""
    assert case.sees(Evidence.NOT_ENFORCED) is Verdict.NOT_ENFORCED
    assert case.sees(Evidence.ENFORCED) is Verdict.VALID


@pytest.mark.parametrize(
    "evidence", [INCONCLUSIVE, Evidence.SERVER_RESTARTED, PLEX_TV_INCONCLUSIVE]
)
def test_silence_says_nothing(case: Case, evidence: Evidence) -> None:
    """Whoever is silent for however long, the verdict stays."""
    for _ in range(500):
        assert case.sees(evidence, after=MINUTE) is Verdict.VALID


def test_refused_by_both_and_again_is_invalid(case: Case) -> None:
    """The server refuses, plex.tv is asked at once, and again 10 s later."""
    assert case.sees(REFUSES, after=HOUR) is Verdict.SUSPECT
    assert case.health.due_check(case.now) is PlexTvCheck.ACCOUNT
    assert case.sees(PLEX_TV_REFUSES) is Verdict.SUSPECT
    assert case.health.due_check(case.now) is None
    assert case.health.next_check_at == case.now + CONFIRM_AFTER
    assert case.sees(PLEX_TV_REFUSES, after=CONFIRM_AFTER) is Verdict.INVALID


def test_refused_twice_in_a_moment_is_not_confirmed(case: Case) -> None:
    """One hiccup of plex.tv can refuse twice."""
    case.sees(REFUSES, after=HOUR)
    assert case.sees(PLEX_TV_REFUSES, PLEX_TV_REFUSES) is Verdict.SUSPECT
    assert case.sees(PLEX_TV_REFUSES, after=CONFIRM_AFTER - 1) is Verdict.SUSPECT


def test_plex_tv_that_was_just_asked_is_asked_again_soon(case: Case) -> None:
    """A token can be revoked right after plex.tv accepted it."""
    assert case.sees(REFUSES, after=SECOND) is Verdict.SUSPECT
    assert case.health.next_check_at == case.now - SECOND + CONFIRM_AFTER


def test_plex_tv_is_asked_now_and_then_without_any_cause(case: Case) -> None:
    """A server that never refuses would hide a dead token for ever."""
    assert case.health.next_check_at == case.now + ROUTINE_INTERVAL
    assert ROUTINE_INTERVAL + CONFIRM_WHILE_ACCEPTED_AFTER < 6 * HOUR


def test_dead_at_plex_tv_while_the_server_accepts_is_invalid(case: Case) -> None:
    """What plex.tv refuses twice is dead, whatever the server does; there is no hurry."""
    case.sees(Evidence.NOT_ENFORCED)
    assert case.sees(PLEX_TV_REFUSES, after=ROUTINE_INTERVAL) is Verdict.NOT_ENFORCED
    assert case.health.next_check_at == case.now + CONFIRM_WHILE_ACCEPTED_AFTER
    assert case.sees(PLEX_TV_REFUSES, after=CONFIRM_WHILE_ACCEPTED_AFTER) is Verdict.INVALID
    assert case.sees(ACCEPTS, after=MINUTE) is Verdict.INVALID


def test_server_that_begins_to_refuse_brings_the_hurry_back(case: Case) -> None:
    """The unhurried confirmation is for as long as the server accepts."""
    case.sees(PLEX_TV_REFUSES, after=ROUTINE_INTERVAL)
    case.sees(REFUSES, after=CONFIRM_AFTER)
    assert case.health.due_check(case.now) is PlexTvCheck.ACCOUNT
    assert case.sees(PLEX_TV_REFUSES) is Verdict.INVALID


def test_moment_of_plex_tv_refusing_everybody_is_no_alarm(case: Case) -> None:
    """plex.tv refused once, then accepts: forgotten."""
    case.sees(PLEX_TV_REFUSES, after=ROUTINE_INTERVAL)
    assert case.sees(PLEX_TV_ACCEPTS, after=CONFIRM_WHILE_ACCEPTED_AFTER) is Verdict.VALID
    assert case.sees(PLEX_TV_REFUSES, after=ROUTINE_INTERVAL) is Verdict.VALID


def test_invalid_is_probed_and_heals_when_plex_tv_accepts_again(case: Case) -> None:
    """A verdict that turns out wrong is taken back."""
    case.sees(REFUSES, PLEX_TV_REFUSES, after=HOUR)
    case.sees(PLEX_TV_REFUSES, after=CONFIRM_AFTER)
    assert case.health.next_check_at == case.now + PROBE_INTERVAL
    assert case.sees(PLEX_TV_ACCEPTS, after=PROBE_INTERVAL) is Verdict.SUSPECT
    assert case.sees(ACCEPTS) is Verdict.VALID


@pytest.mark.parametrize("between", [ACCEPTS, INCONCLUSIVE, Evidence.WRONG_SERVER])
def test_each_time_that_the_server_begins_to_refuse_is_asked_about(
    case: Case, between: Evidence
) -> None:
    """What plex.tv accepted the first time may be dead the second."""
    case.sees(REFUSES, PLEX_TV_ACCEPTS, Evidence.LISTED_WITH_SAME_TOKEN, after=HOUR)
    case.sees(between, after=MINUTE)
    case.sees(REFUSES, after=MINUTE)
    assert case.health.due_check(case.now) is PlexTvCheck.ACCOUNT


def test_plex_tv_is_asked_now_and_then_as_long_as_the_server_refuses(case: Case) -> None:
    """Whether the token is good, and what the list says; neither of them sooner than that."""
    case.sees(REFUSES, PLEX_TV_ACCEPTS, Evidence.LISTED_WITH_SAME_TOKEN, after=HOUR)
    assert case.health.next_check_at == case.now + PROBE_INTERVAL
    case.sees(INCONCLUSIVE, after=MINUTE)
    case.sees(REFUSES, PLEX_TV_ACCEPTS, after=MINUTE)
    assert case.health.due_check(case.now) is None
    case.now += PROBE_INTERVAL
    assert case.health.due_check(case.now) is PlexTvCheck.ACCOUNT


@pytest.mark.parametrize("settled", [ACCEPTS, PLEX_TV_REFUSES])
def test_list_is_not_asked_for_where_the_question_is_settled(case: Case, settled: Evidence) -> None:
    """It is for a server and a plex.tv that disagree."""
    case.sees(REFUSES, PLEX_TV_ACCEPTS, after=HOUR)
    assert case.health.due_check(case.now) is PlexTvCheck.RESOURCES
    case.sees(settled)
    assert case.health.due_check(case.now) is None


def test_suspect_while_plex_tv_is_away(case: Case) -> None:
    """No repair is raised on a server's word alone while plex.tv could be asked."""
    case.sees(REFUSES, after=HOUR)
    for _ in range(5000):
        assert case.sees(PLEX_TV_INCONCLUSIVE, REFUSES, after=MINUTE) is Verdict.SUSPECT


def test_plex_tv_that_is_away_is_asked_less_and_less(case: Case) -> None:
    """Each silence doubles the wait, up to the probe interval."""
    waits = []
    for _ in range(8):
        case.sees(PLEX_TV_INCONCLUSIVE, after=MINUTE)
        assert case.health.next_check_at is not None
        waits.append(case.health.next_check_at - case.now)
    assert waits[:4] == [RETRY_MIN, 2 * RETRY_MIN, 4 * RETRY_MIN, 8 * RETRY_MIN]
    assert waits[-1] == PROBE_INTERVAL


def test_plex_tv_is_left_alone_for_as_long_as_it_wishes(case: Case) -> None:
    """A new refusal of the server does not override Retry-After."""
    case.health = case.health.after(PLEX_TV_INCONCLUSIVE, case.now, retry_after=HOUR)
    case.sees(REFUSES, after=MINUTE)
    assert case.health.next_check_at == case.now - MINUTE + HOUR


def test_another_server_token_is_looked_for_when_plex_tv_accepts(case: Case) -> None:
    """Server and plex.tv disagree, so the listing is asked."""
    case.sees(REFUSES, PLEX_TV_ACCEPTS, after=HOUR)
    assert case.health.due_check(case.now) is PlexTvCheck.RESOURCES
    assert case.sees(Evidence.LISTED_WITH_NEW_TOKEN) is Verdict.SUSPECT
    case.health = case.health.with_new_server_token()
    assert case.health.verdict is Verdict.UNKNOWN
    assert case.sees(ACCEPTS) is Verdict.VALID


def test_new_server_token_does_not_make_a_dead_account_good(case: Case) -> None:
    """The account token is the one that plex.tv refuses."""
    case.sees(REFUSES, PLEX_TV_REFUSES, after=HOUR)
    case.sees(PLEX_TV_REFUSES, after=CONFIRM_AFTER)
    assert case.health.with_new_server_token().verdict is Verdict.INVALID


def test_access_removed_when_not_listed_twice(case: Case) -> None:
    """A list that lacks a server for a moment is reported; two lacks are believed."""
    case.sees(REFUSES, PLEX_TV_ACCEPTS, after=HOUR)
    assert case.sees(Evidence.NOT_LISTED) is Verdict.SUSPECT
    assert case.health.next_check_at == case.now + CONFIRM_AFTER
    assert case.sees(Evidence.NOT_LISTED, after=CONFIRM_AFTER) is Verdict.ACCESS_REMOVED


@pytest.mark.parametrize("between", [INCONCLUSIVE, ACCEPTS, Evidence.LISTED_WITH_SAME_TOKEN])
def test_two_moments_of_not_being_listed_are_not_one_long_one(
    case: Case, between: Evidence
) -> None:
    """It was listed, or worked, or nobody could tell, in between."""
    case.sees(REFUSES, PLEX_TV_ACCEPTS, Evidence.NOT_LISTED, after=HOUR)
    case.sees(between, after=MINUTE)
    assert case.sees(REFUSES, Evidence.NOT_LISTED, after=HOUR) is Verdict.SUSPECT


def test_access_that_came_back_is_not_taken_for_removed_again(case: Case) -> None:
    """It has to be not listed twice anew."""
    case.sees(REFUSES, PLEX_TV_ACCEPTS, Evidence.NOT_LISTED, after=HOUR)
    assert case.sees(Evidence.NOT_LISTED, after=CONFIRM_AFTER) is Verdict.ACCESS_REMOVED
    assert case.sees(ACCEPTS, after=MINUTE) is Verdict.VALID
    assert case.sees(REFUSES, after=HOUR) is Verdict.SUSPECT
    assert case.sees(Evidence.NOT_LISTED) is Verdict.SUSPECT


def test_access_removed_stays_through_a_restart_and_heals_when_shared_again(case: Case) -> None:
    """The one row of the user does not flicker."""
    case.sees(REFUSES, PLEX_TV_ACCEPTS, Evidence.NOT_LISTED, after=HOUR)
    case.sees(Evidence.NOT_LISTED, after=CONFIRM_AFTER)
    assert case.sees(INCONCLUSIVE, after=HOUR) is Verdict.ACCESS_REMOVED
    assert case.sees(REFUSES, after=MINUTE) is Verdict.ACCESS_REMOVED
    assert case.sees(Evidence.LISTED_WITH_NEW_TOKEN, after=MINUTE) is Verdict.SUSPECT
    case.health = case.health.with_new_server_token()
    assert case.sees(ACCEPTS) is Verdict.VALID


def test_server_that_refuses_a_listed_token_for_a_day_is_the_one_to_repair(case: Case) -> None:
    """The token is fine; the server cannot tell."""
    case.sees(REFUSES, PLEX_TV_ACCEPTS, Evidence.LISTED_WITH_SAME_TOKEN, after=HOUR)
    assert case.sees(REFUSES, after=SERVER_REFUSES_AFTER - 1) is Verdict.SUSPECT
    assert case.sees(REFUSES, after=SECOND) is Verdict.SERVER_REFUSES
    assert case.sees(REFUSES, after=SECOND) is Verdict.SERVER_REFUSES
    assert case.sees(INCONCLUSIVE, after=MINUTE) is Verdict.SERVER_REFUSES
    assert case.sees(REFUSES, after=MINUTE) is Verdict.SERVER_REFUSES
    assert case.sees(ACCEPTS, after=MINUTE) is Verdict.VALID
    assert (
        case.sees(REFUSES, Evidence.LISTED_WITH_SAME_TOKEN, REFUSES, after=MINUTE)
        is Verdict.SUSPECT
    )


@pytest.mark.parametrize("lost", [INCONCLUSIVE, Evidence.NOT_LISTED])
def test_server_is_not_the_one_to_repair_until_it_is_known_to_be_listed(
    case: Case, lost: Evidence
) -> None:
    """The account may have lost its access by now."""
    case.sees(REFUSES, PLEX_TV_ACCEPTS, Evidence.LISTED_WITH_SAME_TOKEN, after=HOUR)
    case.sees(REFUSES, after=SERVER_REFUSES_AFTER - MINUTE)
    case.sees(lost)
    case.sees(REFUSES, after=HOUR)
    assert case.sees(REFUSES, after=HOUR) is Verdict.SUSPECT
    assert case.sees(Evidence.LISTED_WITH_SAME_TOKEN, REFUSES, after=HOUR) is Verdict.SERVER_REFUSES


def test_server_that_refuses_for_a_day_and_then_is_not_listed(case: Case) -> None:
    """One problem has one name, and its end leaves nothing of the other."""
    case.sees(REFUSES, PLEX_TV_ACCEPTS, Evidence.LISTED_WITH_SAME_TOKEN, after=HOUR)
    assert case.sees(REFUSES, after=SERVER_REFUSES_AFTER) is Verdict.SERVER_REFUSES
    case.sees(Evidence.NOT_LISTED)
    assert case.sees(Evidence.NOT_LISTED, after=CONFIRM_AFTER) is Verdict.ACCESS_REMOVED
    assert case.sees(Evidence.LISTED_WITH_NEW_TOKEN, after=HOUR) is Verdict.SUSPECT


def test_time_that_the_server_was_away_is_not_time_of_refusing(case: Case) -> None:
    """Two hiccups a day apart are two hiccups."""
    case.sees(REFUSES, PLEX_TV_ACCEPTS, Evidence.LISTED_WITH_SAME_TOKEN, after=HOUR)
    case.sees(REFUSES, after=MINUTE)
    case.sees(INCONCLUSIVE, after=MINUTE)
    assert case.sees(REFUSES, PLEX_TV_ACCEPTS, after=2 * SERVER_REFUSES_AFTER) is Verdict.SUSPECT
    assert case.sees(Evidence.LISTED_WITH_SAME_TOKEN, REFUSES) is Verdict.SUSPECT


def test_server_that_restarts_every_night_is_found_out_all_the_same(case: Case) -> None:
    """The time between its restarts adds up."""
    case.sees(REFUSES, after=HOUR)
    verdicts = set()
    for _ in range(4):
        for _ in range(12):
            verdicts.add(
                case.sees(REFUSES, PLEX_TV_ACCEPTS, Evidence.LISTED_WITH_SAME_TOKEN, after=HOUR)
            )
        verdicts.add(case.sees(INCONCLUSIVE, after=HOUR))
    assert verdicts == {Verdict.SUSPECT, Verdict.SERVER_REFUSES}


def test_server_alone_is_believed_after_six_refusals_in_half_an_hour(
    server_token_only: Case,
) -> None:
    """Where plex.tv cannot know the token, patience replaces it."""
    for _ in range(5):
        assert server_token_only.sees(REFUSES, after=5 * MINUTE) is Verdict.SUSPECT
    assert server_token_only.sees(REFUSES, after=5 * MINUTE) is Verdict.SUSPECT
    assert server_token_only.sees(REFUSES, after=5 * MINUTE) is Verdict.INVALID
    assert server_token_only.sees(INCONCLUSIVE, after=MINUTE) is Verdict.INVALID
    assert server_token_only.sees(REFUSES, after=HOUR) is Verdict.INVALID
    assert server_token_only.sees(ACCEPTS, after=MINUTE) is Verdict.VALID


def test_server_alone_needs_the_half_hour_and_the_six(server_token_only: Case) -> None:
    """Many refusals in a short time, or few over a long one, are not enough."""
    for _ in range(100):
        assert server_token_only.sees(REFUSES, after=15 * SECOND) is Verdict.SUSPECT
    server_token_only.sees(ACCEPTS)
    for _ in range(5):
        assert server_token_only.sees(REFUSES, after=20 * MINUTE) is Verdict.SUSPECT
    server_token_only.sees(ACCEPTS)
    server_token_only.sees(*[REFUSES] * 10)
    assert server_token_only.sees(REFUSES, after=30 * MINUTE - SECOND) is Verdict.SUSPECT
    assert server_token_only.sees(REFUSES, after=SECOND) is Verdict.INVALID


@pytest.mark.parametrize("start", [INCONCLUSIVE, Evidence.SERVER_RESTARTED])
def test_refusals_of_a_starting_server_are_not_counted(
    server_token_only: Case, start: Evidence
) -> None:
    """A server that comes up refuses good tokens for a while."""
    server_token_only.sees(start)
    for _ in range(9):
        server_token_only.sees(REFUSES, after=MINUTE)
    assert server_token_only.health.counted_refusals == 0
    server_token_only.sees(REFUSES, after=STARTUP_GRACE)
    assert server_token_only.health.counted_refusals == 1


def test_interruption_starts_the_count_anew(server_token_only: Case) -> None:
    """The server is believed only when it was up all along."""
    for _ in range(30):
        server_token_only.sees(*[REFUSES] * 5, after=5 * MINUTE)
        assert server_token_only.sees(INCONCLUSIVE, after=20 * MINUTE) is Verdict.SUSPECT


def test_plex_tv_is_never_asked_about_a_token_that_it_cannot_know(server_token_only: Case) -> None:
    """There is no due_check."""
    server_token_only.sees(REFUSES)
    assert server_token_only.health.due_check(server_token_only.now) is None
    assert server_token_only.health.next_check_at is None


def test_unclaimed_is_confirmed_a_minute_later_and_heals(case: Case) -> None:
    """A server may call itself unclaimed while it starts."""
    assert case.sees(Evidence.SERVER_UNCLAIMED, REFUSES, after=HOUR) is Verdict.SUSPECT
    assert case.sees(Evidence.SERVER_UNCLAIMED, after=MINUTE - SECOND) is Verdict.SUSPECT
    assert case.sees(Evidence.SERVER_UNCLAIMED, REFUSES, after=SECOND) is Verdict.UNCLAIMED
    assert case.sees(INCONCLUSIVE, Evidence.SERVER_UNCLAIMED, after=MINUTE) is Verdict.UNCLAIMED
    assert case.sees(Evidence.SERVER_CLAIMED, ACCEPTS, after=MINUTE) is Verdict.VALID
    assert case.sees(Evidence.SERVER_UNCLAIMED, after=HOUR) is Verdict.VALID


def test_unclaimed_server_that_lets_everybody_in_is_told_all_the_same(case: Case) -> None:
    """Without an owner it may refuse nobody."""
    assert case.sees(Evidence.SERVER_UNCLAIMED, ACCEPTS, after=HOUR) is Verdict.VALID
    assert case.sees(Evidence.SERVER_UNCLAIMED, ACCEPTS, after=MINUTE) is Verdict.UNCLAIMED


def test_two_moments_of_being_unclaimed_are_not_one_long_one(case: Case) -> None:
    """The server was away in between, and has just come up."""
    case.sees(Evidence.SERVER_UNCLAIMED, after=HOUR)
    case.sees(INCONCLUSIVE, after=MINUTE)
    assert case.sees(Evidence.SERVER_UNCLAIMED, after=HOUR) is Verdict.VALID
    case.sees(INCONCLUSIVE, after=MINUTE)
    case.sees(Evidence.SERVER_UNCLAIMED, after=MINUTE)
    assert case.sees(Evidence.SERVER_UNCLAIMED, after=5 * MINUTE) is Verdict.VALID
    assert case.sees(Evidence.SERVER_UNCLAIMED, after=5 * MINUTE) is Verdict.UNCLAIMED


def test_plex_tv_cannot_ask_for_a_day_of_patience(case: Case) -> None:
    """A dead token would go unnoticed."""
    case.health = case.health.after(PLEX_TV_INCONCLUSIVE, case.now, retry_after=24 * HOUR)
    assert case.health.next_check_at == case.now + HOUR


def test_unclaimed_server_is_not_called_a_removed_access(case: Case) -> None:
    """plex.tv stops listing it as well, and sooner than it is confirmed."""
    case.sees(Evidence.SERVER_UNCLAIMED, REFUSES, PLEX_TV_ACCEPTS, after=HOUR)
    case.sees(Evidence.NOT_LISTED)
    assert case.sees(Evidence.NOT_LISTED, after=CONFIRM_AFTER) is Verdict.SUSPECT
    assert case.sees(Evidence.SERVER_UNCLAIMED, REFUSES, after=MINUTE) is Verdict.UNCLAIMED


@pytest.mark.parametrize(
    ("seen", "verdict"),
    [
        (ACCEPTS, Verdict.VALID),
        (REFUSES, Verdict.SUSPECT),
        (Evidence.SERVER_CLAIMED, Verdict.VALID),
        (Evidence.SERVER_UNCLAIMED, Verdict.VALID),
    ],
)
def test_wrong_server_is_told_and_forgotten(case: Case, seen: Evidence, verdict: Verdict) -> None:
    """Whatever another server says is no evidence, and the right one is known by its name."""
    assert case.sees(Evidence.WRONG_SERVER) is Verdict.WRONG_SERVER
    assert case.sees(seen) is verdict


@pytest.mark.parametrize(
    ("verdict", "problem", "sign_in"),
    [
        (Verdict.UNKNOWN, False, False),
        (Verdict.VALID, False, False),
        (Verdict.NOT_ENFORCED, False, False),
        (Verdict.SUSPECT, False, False),
        (Verdict.WRONG_SERVER, False, False),
        (Verdict.INVALID, True, True),
        (Verdict.ACCESS_REMOVED, True, True),
        (Verdict.SERVER_REFUSES, True, False),
        (Verdict.UNCLAIMED, True, False),
    ],
)
def test_which_verdicts_trouble_somebody(verdict: Verdict, *, problem: bool, sign_in: bool) -> None:
    """Suspicion troubles nobody."""
    assert verdict.is_problem is problem
    assert verdict.needs_sign_in is sign_in
