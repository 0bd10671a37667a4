"""Verdicts on a token by the evidence of server and plex.tv."""

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
)
from .token_timeline import (
    ACCEPTS,
    INCONCLUSIVE,
    LISTED,
    LISTED_WITH_NEW_TOKEN,
    NOT_LISTED,
    PLEX_TV_ACCEPTS,
    PLEX_TV_INCONCLUSIVE,
    PLEX_TV_REFUSES,
    REFUSES,
    TokenTimeline,
)


def test_verdict_is_unknown_without_evidence() -> None:
    """A check with plex.tv is due at once."""
    health = TokenHealth(has_account_token=True)
    assert health.verdict is Verdict.UNKNOWN
    assert health.due_check(0.0) is PlexTvCheck.ACCOUNT


def test_token_that_the_server_accepts_and_enforces_is_valid(timeline: TokenTimeline) -> None:
    """A server that needs a token proves by accepting it that it is valid."""
    assert timeline.health.verdict is Verdict.VALID


def test_verdict_is_not_enforced_for_a_server_that_needs_no_token(timeline: TokenTimeline) -> None:
    """What such a server accepts proves nothing."""
    assert timeline.add(Evidence.NOT_ENFORCED) is Verdict.NOT_ENFORCED
    assert timeline.add(Evidence.ENFORCED) is Verdict.VALID


@pytest.mark.parametrize(
    "evidence", [INCONCLUSIVE, Evidence.SERVER_RESTARTED, PLEX_TV_INCONCLUSIVE]
)
def test_inconclusive_evidence_does_not_change_the_verdict(
    timeline: TokenTimeline, evidence: Evidence
) -> None:
    """The verdict stays, however long server or plex.tv do not respond."""
    for _ in range(500):
        assert timeline.add(evidence, after=MINUTE) is Verdict.VALID


def test_token_that_server_and_plex_tv_refuse_twice_is_invalid(timeline: TokenTimeline) -> None:
    """After a refusal of the server plex.tv is asked at once, and again 10 s later."""
    assert timeline.add(REFUSES, after=HOUR) is Verdict.SUSPECT
    assert timeline.health.due_check(timeline.now) is PlexTvCheck.ACCOUNT
    assert timeline.add(PLEX_TV_REFUSES) is Verdict.SUSPECT
    assert timeline.health.due_check(timeline.now) is None
    assert timeline.health.next_check_at == timeline.now + CONFIRM_AFTER
    assert timeline.add(PLEX_TV_REFUSES, after=CONFIRM_AFTER) is Verdict.INVALID


def test_second_refusal_of_plex_tv_within_ten_seconds_confirms_nothing(
    timeline: TokenTimeline,
) -> None:
    """Both can come from one short failure of plex.tv."""
    timeline.add(REFUSES, after=HOUR)
    assert timeline.add(PLEX_TV_REFUSES, PLEX_TV_REFUSES) is Verdict.SUSPECT
    assert timeline.add(PLEX_TV_REFUSES, after=CONFIRM_AFTER - 1) is Verdict.SUSPECT


def test_refusal_right_after_a_check_is_checked_ten_seconds_after_it(
    timeline: TokenTimeline,
) -> None:
    """A token can be revoked right after plex.tv accepted it."""
    assert timeline.add(REFUSES, after=SECOND) is Verdict.SUSPECT
    assert timeline.health.next_check_at == timeline.now - SECOND + CONFIRM_AFTER


def test_valid_token_is_checked_with_plex_tv_routinely(timeline: TokenTimeline) -> None:
    """A server that never refuses would hide an invalid token for ever."""
    assert timeline.health.next_check_at == timeline.now + ROUTINE_INTERVAL
    assert ROUTINE_INTERVAL + CONFIRM_WHILE_ACCEPTED_AFTER < 6 * HOUR


def test_token_that_only_plex_tv_refuses_is_invalid_after_a_longer_confirmation(
    timeline: TokenTimeline,
) -> None:
    """While the server accepts, plex.tv has to refuse it each time for more than an hour."""
    timeline.add(Evidence.NOT_ENFORCED)
    assert timeline.add(PLEX_TV_REFUSES, after=ROUTINE_INTERVAL) is Verdict.NOT_ENFORCED
    for _ in range(round(CONFIRM_WHILE_ACCEPTED_AFTER / PROBE_INTERVAL) - 1):
        assert timeline.health.next_check_at == timeline.now + PROBE_INTERVAL
        assert timeline.add(PLEX_TV_REFUSES, after=PROBE_INTERVAL) is Verdict.NOT_ENFORCED
    assert timeline.add(PLEX_TV_REFUSES, after=PROBE_INTERVAL) is Verdict.INVALID
    assert timeline.add(ACCEPTS, after=MINUTE) is Verdict.INVALID


def test_confirmation_is_quick_while_the_server_is_away(timeline: TokenTimeline) -> None:
    """It has accepted the token once, and does not now."""
    timeline.add(PLEX_TV_REFUSES, after=ROUTINE_INTERVAL)
    timeline.add(Evidence.SERVER_INCONCLUSIVE, after=MINUTE)
    assert timeline.health.due_check(timeline.now) is PlexTvCheck.ACCOUNT
    assert timeline.add(PLEX_TV_REFUSES) is Verdict.INVALID


def test_refusal_while_the_server_is_away_is_confirmed_within_seconds(
    timeline: TokenTimeline,
) -> None:
    """The routine check is the first to be refused."""
    timeline.add(Evidence.SERVER_INCONCLUSIVE, after=MINUTE)
    timeline.add(PLEX_TV_REFUSES, after=ROUTINE_INTERVAL)
    assert timeline.health.next_check_at == timeline.now + CONFIRM_AFTER
    assert timeline.add(PLEX_TV_REFUSES, after=CONFIRM_AFTER) is Verdict.INVALID


def test_confirmation_is_quick_once_the_server_refuses_too(timeline: TokenTimeline) -> None:
    """The longer confirmation applies only while the server accepts."""
    timeline.add(PLEX_TV_REFUSES, after=ROUTINE_INTERVAL)
    timeline.add(REFUSES, after=CONFIRM_AFTER)
    assert timeline.health.due_check(timeline.now) is PlexTvCheck.ACCOUNT
    assert timeline.add(PLEX_TV_REFUSES) is Verdict.INVALID


def test_single_refusal_of_plex_tv_is_forgotten_when_it_accepts(timeline: TokenTimeline) -> None:
    """The next refusal has to be confirmed again."""
    timeline.add(PLEX_TV_REFUSES, after=ROUTINE_INTERVAL)
    assert timeline.add(PLEX_TV_ACCEPTS, after=CONFIRM_WHILE_ACCEPTED_AFTER) is Verdict.VALID
    assert timeline.add(PLEX_TV_REFUSES, after=ROUTINE_INTERVAL) is Verdict.VALID


def test_invalid_token_is_checked_and_recovers_when_plex_tv_accepts_it(
    timeline: TokenTimeline,
) -> None:
    """A wrong verdict is corrected."""
    timeline.add(REFUSES, PLEX_TV_REFUSES, after=HOUR)
    timeline.add(PLEX_TV_REFUSES, after=CONFIRM_AFTER)
    assert timeline.health.next_check_at == timeline.now + PROBE_INTERVAL
    assert timeline.add(PLEX_TV_ACCEPTS, after=PROBE_INTERVAL) is Verdict.SUSPECT
    assert timeline.add(ACCEPTS) is Verdict.VALID


@pytest.mark.parametrize("between", [ACCEPTS, INCONCLUSIVE, Evidence.WRONG_SERVER])
def test_each_streak_of_refusals_is_checked_with_plex_tv(
    timeline: TokenTimeline, between: Evidence
) -> None:
    """A token that plex.tv accepted during the first may be revoked by the second."""
    timeline.add(REFUSES, PLEX_TV_ACCEPTS, LISTED, after=HOUR)
    timeline.add(between, after=MINUTE)
    timeline.add(REFUSES, after=MINUTE)
    assert timeline.health.due_check(timeline.now) is PlexTvCheck.ACCOUNT


def test_plex_tv_is_asked_regularly_while_the_server_refuses(timeline: TokenTimeline) -> None:
    """Account and list of servers are requested again after the probe interval, and not sooner."""
    timeline.add(REFUSES, PLEX_TV_ACCEPTS, LISTED, after=HOUR)
    assert timeline.health.next_check_at == timeline.now + PROBE_INTERVAL
    timeline.add(INCONCLUSIVE, after=MINUTE)
    timeline.add(REFUSES, PLEX_TV_ACCEPTS, after=MINUTE)
    assert timeline.health.due_check(timeline.now) is None
    timeline.now += PROBE_INTERVAL
    assert timeline.health.due_check(timeline.now) is PlexTvCheck.ACCOUNT


@pytest.mark.parametrize("evidence", [ACCEPTS, PLEX_TV_REFUSES])
def test_list_of_servers_is_not_requested_once_it_cannot_matter(
    timeline: TokenTimeline, evidence: Evidence
) -> None:
    """It matters only while server and plex.tv disagree."""
    timeline.add(REFUSES, PLEX_TV_ACCEPTS, after=HOUR)
    assert timeline.health.due_check(timeline.now) is PlexTvCheck.RESOURCES
    timeline.add(evidence)
    assert timeline.health.due_check(timeline.now) is None


def test_refused_token_stays_suspect_while_plex_tv_is_unavailable(timeline: TokenTimeline) -> None:
    """The refusal of a server alone is not believed where plex.tv knows the token."""
    timeline.add(REFUSES, after=HOUR)
    for _ in range(5000):
        assert timeline.add(PLEX_TV_INCONCLUSIVE, REFUSES, after=MINUTE) is Verdict.SUSPECT


def test_unavailable_plex_tv_is_asked_less_and_less(timeline: TokenTimeline) -> None:
    """Each failure doubles the wait, up to the probe interval."""
    waits = []
    for _ in range(8):
        timeline.add(PLEX_TV_INCONCLUSIVE, after=MINUTE)
        assert timeline.health.next_check_at is not None
        waits.append(timeline.health.next_check_at - timeline.now)
    assert waits[:4] == [RETRY_MIN, 2 * RETRY_MIN, 4 * RETRY_MIN, 8 * RETRY_MIN]
    assert waits[-1] == PROBE_INTERVAL


def test_retry_after_of_plex_tv_is_respected(timeline: TokenTimeline) -> None:
    """A new refusal of the server does not shorten the wait."""
    timeline.health = timeline.health.after(PLEX_TV_INCONCLUSIVE, timeline.now, retry_after=HOUR)
    timeline.add(REFUSES, after=MINUTE)
    assert timeline.health.next_check_at == timeline.now - MINUTE + HOUR


def test_retry_after_of_plex_tv_is_capped_at_an_hour(timeline: TokenTimeline) -> None:
    """Otherwise an invalid token would go unnoticed."""
    timeline.health = timeline.health.after(
        PLEX_TV_INCONCLUSIVE, timeline.now, retry_after=24 * HOUR
    )
    assert timeline.health.next_check_at == timeline.now + HOUR


def test_new_server_token_is_looked_up_when_server_and_plex_tv_disagree(
    timeline: TokenTimeline,
) -> None:
    """The token is valid again with the server token that plex.tv lists."""
    timeline.add(REFUSES, PLEX_TV_ACCEPTS, after=HOUR)
    assert timeline.health.due_check(timeline.now) is PlexTvCheck.RESOURCES
    assert timeline.add(LISTED_WITH_NEW_TOKEN) is Verdict.SUSPECT
    timeline.health = timeline.health.with_new_server_token()
    assert timeline.health.verdict is Verdict.UNKNOWN
    assert timeline.add(ACCEPTS) is Verdict.VALID


def test_new_server_token_does_not_make_a_revoked_account_token_valid(
    timeline: TokenTimeline,
) -> None:
    """plex.tv refuses the account token."""
    timeline.add(REFUSES, PLEX_TV_REFUSES, after=HOUR)
    timeline.add(PLEX_TV_REFUSES, after=CONFIRM_AFTER)
    assert timeline.health.with_new_server_token().verdict is Verdict.INVALID


def test_access_is_removed_when_the_server_is_missing_from_the_list_twice(
    timeline: TokenTimeline,
) -> None:
    """A server that is missing from the list for a moment only is reported by users."""
    timeline.add(REFUSES, PLEX_TV_ACCEPTS, after=HOUR)
    assert timeline.add(NOT_LISTED) is Verdict.SUSPECT
    assert timeline.health.next_check_at == timeline.now + CONFIRM_AFTER
    assert timeline.add(NOT_LISTED, after=CONFIRM_AFTER) is Verdict.ACCESS_REMOVED


@pytest.mark.parametrize("between", [INCONCLUSIVE, ACCEPTS, LISTED])
def test_confirmation_of_removed_access_starts_over_after_an_interruption(
    timeline: TokenTimeline, between: Evidence
) -> None:
    """In between the server was listed, accepted the token, or was unavailable."""
    timeline.add(REFUSES, PLEX_TV_ACCEPTS, NOT_LISTED, after=HOUR)
    timeline.add(between, after=MINUTE)
    assert timeline.add(REFUSES, NOT_LISTED, after=HOUR) is Verdict.SUSPECT


def test_restored_access_is_not_removed_again_without_confirmation(timeline: TokenTimeline) -> None:
    """The server has to be missing from the list twice again."""
    timeline.add(REFUSES, PLEX_TV_ACCEPTS, NOT_LISTED, after=HOUR)
    assert timeline.add(NOT_LISTED, after=CONFIRM_AFTER) is Verdict.ACCESS_REMOVED
    assert timeline.add(ACCEPTS, after=MINUTE) is Verdict.VALID
    assert timeline.add(REFUSES, after=HOUR) is Verdict.SUSPECT
    assert timeline.add(NOT_LISTED) is Verdict.SUSPECT


def test_removed_access_stays_through_a_restart_until_the_server_is_shared_again(
    timeline: TokenTimeline,
) -> None:
    """The repair does not flicker."""
    timeline.add(REFUSES, PLEX_TV_ACCEPTS, NOT_LISTED, after=HOUR)
    timeline.add(NOT_LISTED, after=CONFIRM_AFTER)
    assert timeline.add(INCONCLUSIVE, after=HOUR) is Verdict.ACCESS_REMOVED
    assert timeline.add(REFUSES, after=MINUTE) is Verdict.ACCESS_REMOVED
    assert timeline.add(LISTED_WITH_NEW_TOKEN, after=MINUTE) is Verdict.SUSPECT
    timeline.health = timeline.health.with_new_server_token()
    assert timeline.add(ACCEPTS) is Verdict.VALID


def test_server_that_refuses_a_listed_token_for_a_day_is_at_fault(timeline: TokenTimeline) -> None:
    """The token is valid, and the server cannot verify it."""
    timeline.add(REFUSES, PLEX_TV_ACCEPTS, LISTED, after=HOUR)
    assert timeline.add(REFUSES, after=SERVER_REFUSES_AFTER - 1) is Verdict.SUSPECT
    assert timeline.add(REFUSES, after=SECOND) is Verdict.SERVER_REFUSES
    assert timeline.add(REFUSES, after=SECOND) is Verdict.SERVER_REFUSES
    assert timeline.add(INCONCLUSIVE, after=MINUTE) is Verdict.SERVER_REFUSES
    assert timeline.add(REFUSES, after=MINUTE) is Verdict.SERVER_REFUSES
    assert timeline.add(ACCEPTS, after=MINUTE) is Verdict.VALID
    assert timeline.add(REFUSES, LISTED, REFUSES, after=MINUTE) is Verdict.SUSPECT


@pytest.mark.parametrize("evidence", [INCONCLUSIVE, NOT_LISTED])
def test_server_is_not_at_fault_unless_it_is_still_listed(
    timeline: TokenTimeline, evidence: Evidence
) -> None:
    """The access may have been removed meanwhile."""
    timeline.add(REFUSES, PLEX_TV_ACCEPTS, LISTED, after=HOUR)
    timeline.add(REFUSES, after=SERVER_REFUSES_AFTER - MINUTE)
    timeline.add(evidence)
    timeline.add(REFUSES, after=HOUR)
    assert timeline.add(REFUSES, after=HOUR) is Verdict.SUSPECT
    assert timeline.add(LISTED, REFUSES, after=HOUR) is Verdict.SERVER_REFUSES


def test_removed_access_replaces_a_server_at_fault(timeline: TokenTimeline) -> None:
    """There is one verdict at a time, and nothing of the first remains after the second."""
    timeline.add(REFUSES, PLEX_TV_ACCEPTS, LISTED, after=HOUR)
    assert timeline.add(REFUSES, after=SERVER_REFUSES_AFTER) is Verdict.SERVER_REFUSES
    timeline.add(NOT_LISTED)
    assert timeline.add(NOT_LISTED, after=CONFIRM_AFTER) is Verdict.ACCESS_REMOVED
    assert timeline.add(LISTED_WITH_NEW_TOKEN, after=HOUR) is Verdict.SUSPECT


def test_time_without_the_server_does_not_count_as_time_of_refusals(
    timeline: TokenTimeline,
) -> None:
    """Two short failures a day apart are not a failure of a day."""
    timeline.add(REFUSES, PLEX_TV_ACCEPTS, LISTED, after=HOUR)
    timeline.add(REFUSES, after=MINUTE)
    timeline.add(INCONCLUSIVE, after=MINUTE)
    assert timeline.add(REFUSES, PLEX_TV_ACCEPTS, after=2 * SERVER_REFUSES_AFTER) is Verdict.SUSPECT
    assert timeline.add(LISTED, REFUSES) is Verdict.SUSPECT


def test_server_that_restarts_every_night_can_be_at_fault(timeline: TokenTimeline) -> None:
    """The time of refusals between its restarts adds up."""
    timeline.add(REFUSES, after=HOUR)
    verdicts = set()
    for _ in range(4):
        for _ in range(12):
            verdicts.add(timeline.add(REFUSES, PLEX_TV_ACCEPTS, LISTED, after=HOUR))
        verdicts.add(timeline.add(INCONCLUSIVE, after=HOUR))
    assert verdicts == {Verdict.SUSPECT, Verdict.SERVER_REFUSES}


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
def test_verdicts_that_need_the_user(verdict: Verdict, *, problem: bool, sign_in: bool) -> None:
    """A suspect token is no problem yet."""
    assert verdict.is_problem is problem
    assert verdict.needs_sign_in is sign_in
