"""Verdicts on a token by the server alone, and by what kind of server responds."""

import pytest

from custom_components.plex_monitor.plex.token_health import (
    Evidence,
    Verdict,
)

from .token_promises import CONFIRM_AFTER, HOUR, MINUTE, SECOND, STARTUP_GRACE
from .token_timeline import (
    ACCEPTS,
    INCONCLUSIVE,
    NOT_LISTED,
    PLEX_TV_ACCEPTS,
    REFUSES,
    TokenTimeline,
)


def test_server_alone_is_believed_after_six_refusals_over_half_an_hour(
    server_timeline: TokenTimeline,
) -> None:
    """plex.tv does not know the token, so patience has to replace its confirmation."""
    for _ in range(5):
        assert server_timeline.add(REFUSES, after=5 * MINUTE) is Verdict.SUSPECT
    assert server_timeline.add(REFUSES, after=5 * MINUTE) is Verdict.SUSPECT
    assert server_timeline.add(REFUSES, after=5 * MINUTE) is Verdict.INVALID
    assert server_timeline.add(INCONCLUSIVE, after=MINUTE) is Verdict.INVALID
    assert server_timeline.add(REFUSES, after=HOUR) is Verdict.INVALID
    assert server_timeline.add(ACCEPTS, after=MINUTE) is Verdict.VALID


def test_server_alone_is_not_believed_without_half_an_hour_and_six_refusals(
    server_timeline: TokenTimeline,
) -> None:
    """Many refusals in a short time, or few over a long one, are not enough."""
    for _ in range(100):
        assert server_timeline.add(REFUSES, after=15 * SECOND) is Verdict.SUSPECT
    server_timeline.add(ACCEPTS)
    for _ in range(5):
        assert server_timeline.add(REFUSES, after=20 * MINUTE) is Verdict.SUSPECT
    server_timeline.add(ACCEPTS)
    server_timeline.add(*[REFUSES] * 10)
    assert server_timeline.add(REFUSES, after=30 * MINUTE - SECOND) is Verdict.SUSPECT
    assert server_timeline.add(REFUSES, after=SECOND) is Verdict.INVALID


@pytest.mark.parametrize("evidence", [INCONCLUSIVE, Evidence.SERVER_RESTARTED])
def test_refusals_of_a_starting_server_are_not_counted(
    server_timeline: TokenTimeline, evidence: Evidence
) -> None:
    """A server that starts refuses valid tokens for a while."""
    server_timeline.add(evidence)
    for _ in range(9):
        server_timeline.add(REFUSES, after=MINUTE)
    assert server_timeline.health.counted_refusals == 0
    server_timeline.add(REFUSES, after=STARTUP_GRACE)
    assert server_timeline.health.counted_refusals == 1


def test_interruption_restarts_the_count_of_refusals(server_timeline: TokenTimeline) -> None:
    """The server is believed only if it was up all the time."""
    for _ in range(30):
        server_timeline.add(*[REFUSES] * 5, after=5 * MINUTE)
        assert server_timeline.add(INCONCLUSIVE, after=20 * MINUTE) is Verdict.SUSPECT


def test_server_token_is_never_checked_with_plex_tv(server_timeline: TokenTimeline) -> None:
    """plex.tv does not know it."""
    server_timeline.add(REFUSES)
    assert server_timeline.health.due_check(server_timeline.now) is None
    assert server_timeline.health.next_check_at is None


def test_unclaimed_server_is_confirmed_a_minute_later_and_recovers(timeline: TokenTimeline) -> None:
    """A server may report to be unclaimed while it starts."""
    assert timeline.add(Evidence.SERVER_UNCLAIMED, REFUSES, after=HOUR) is Verdict.SUSPECT
    assert timeline.add(Evidence.SERVER_UNCLAIMED, after=MINUTE - SECOND) is Verdict.SUSPECT
    assert timeline.add(Evidence.SERVER_UNCLAIMED, REFUSES, after=SECOND) is Verdict.UNCLAIMED
    assert timeline.add(INCONCLUSIVE, Evidence.SERVER_UNCLAIMED, after=MINUTE) is Verdict.UNCLAIMED
    assert timeline.add(Evidence.SERVER_CLAIMED, ACCEPTS, after=MINUTE) is Verdict.VALID
    assert timeline.add(Evidence.SERVER_UNCLAIMED, after=HOUR) is Verdict.VALID


def test_unclaimed_server_that_accepts_the_token_is_reported_too(timeline: TokenTimeline) -> None:
    """Without an owner it may accept any token."""
    assert timeline.add(Evidence.SERVER_UNCLAIMED, ACCEPTS, after=HOUR) is Verdict.VALID
    assert timeline.add(Evidence.SERVER_UNCLAIMED, ACCEPTS, after=MINUTE) is Verdict.UNCLAIMED


def test_confirmation_of_an_unclaimed_server_starts_over_after_an_interruption(
    timeline: TokenTimeline,
) -> None:
    """The server was unavailable in between, and has just started."""
    timeline.add(Evidence.SERVER_UNCLAIMED, after=HOUR)
    timeline.add(INCONCLUSIVE, after=MINUTE)
    assert timeline.add(Evidence.SERVER_UNCLAIMED, after=HOUR) is Verdict.VALID
    timeline.add(INCONCLUSIVE, after=MINUTE)
    timeline.add(Evidence.SERVER_UNCLAIMED, after=MINUTE)
    assert timeline.add(Evidence.SERVER_UNCLAIMED, after=5 * MINUTE) is Verdict.VALID
    assert timeline.add(Evidence.SERVER_UNCLAIMED, after=5 * MINUTE) is Verdict.UNCLAIMED


def test_unclaimed_server_is_not_reported_as_removed_access(timeline: TokenTimeline) -> None:
    """plex.tv stops to list it as well, before it is confirmed to be unclaimed."""
    timeline.add(Evidence.SERVER_UNCLAIMED, REFUSES, PLEX_TV_ACCEPTS, after=HOUR)
    timeline.add(NOT_LISTED)
    assert timeline.add(NOT_LISTED, after=CONFIRM_AFTER) is Verdict.SUSPECT
    assert timeline.add(Evidence.SERVER_UNCLAIMED, REFUSES, after=MINUTE) is Verdict.UNCLAIMED


@pytest.mark.parametrize(
    ("evidence", "verdict"),
    [
        (ACCEPTS, Verdict.VALID),
        (REFUSES, Verdict.SUSPECT),
        (Evidence.SERVER_CLAIMED, Verdict.VALID),
        (Evidence.SERVER_UNCLAIMED, Verdict.VALID),
    ],
)
def test_wrong_server_is_forgotten_when_the_right_one_responds(
    timeline: TokenTimeline, evidence: Evidence, verdict: Verdict
) -> None:
    """Evidence of the right server ends the verdict, and is not affected by it."""
    assert timeline.add(Evidence.WRONG_SERVER) is Verdict.WRONG_SERVER
    assert timeline.add(evidence) is verdict
