"""Promises on the verdict that hold for any sequence of evidence."""

from itertools import pairwise

from hypothesis import example, given, strategies as st

from custom_components.plex_monitor.plex.token_health import (
    Evidence,
    PlexTvCheck,
    TokenHealth,
    Verdict,
)

from .token_promises import (
    CONFIRM_AFTER,
    HOUR,
    MINUTE,
    QUICK_CHECKS,
    RETRY_MIN,
    ROUTINE_INTERVAL,
    SLOW_CHECK_INTERVAL,
)
from .token_timeline import (
    ACCEPTS,
    INCONCLUSIVE,
    LISTED,
    PLEX_TV_ACCEPTS,
    PLEX_TV_INCONCLUSIVE,
    PLEX_TV_REFUSES,
    REFUSES,
)

type Event = tuple[float, Evidence]
type History = list[tuple[float, Evidence, TokenHealth]]

event_lists = st.lists(
    st.tuples(st.floats(min_value=0, max_value=2 * 24 * HOUR), st.sampled_from(Evidence)),
    max_size=60,
)


def history_of(events: list[Event], *, has_account_token: bool = True) -> History:
    """Return the time, the evidence and the health of each event."""
    health, now, history = TokenHealth(has_account_token=has_account_token), 0.0, []
    for delay, evidence in events:
        now += delay
        health = health.after(evidence, now)
        history.append((now, evidence, health))
    return history


def final_state(
    events: list[Event], *, has_account_token: bool = True
) -> tuple[float, TokenHealth]:
    """Return the time and the health after all events."""
    start = (0.0, INCONCLUSIVE, TokenHealth(has_account_token=has_account_token))
    now, _, health = [start, *history_of(events, has_account_token=has_account_token)][-1]
    return now, health


@given(event_lists)
@example([(0.0, REFUSES), (0.0, PLEX_TV_REFUSES), (CONFIRM_AFTER, PLEX_TV_REFUSES)])
def test_invalid_only_after_two_refusals_of_plex_tv_without_an_acceptance_between(
    events: list[Event],
) -> None:
    """No sequence of evidence makes a token invalid without the confirmation."""
    refused_since: float | None = None
    for now, evidence, health in history_of(events):
        if evidence is PLEX_TV_ACCEPTS:
            refused_since = None
        if evidence is PLEX_TV_REFUSES and refused_since is None:
            refused_since = now
        if health.verdict is Verdict.INVALID:
            assert refused_since is not None
            assert now - refused_since >= CONFIRM_AFTER


@given(event_lists)
@example(
    [
        (0.0, REFUSES),
        (0.0, PLEX_TV_REFUSES),
        (CONFIRM_AFTER, PLEX_TV_REFUSES),
        (0.0, ACCEPTS),
        (0.0, PLEX_TV_REFUSES),
    ]
)
def test_token_that_plex_tv_has_refused_stays_invalid_until_plex_tv_accepts_it(
    events: list[Event],
) -> None:
    """The response of the server changes nothing, so that the repair does not flicker."""
    invalid = False
    for _, evidence, health in history_of(events):
        if evidence is PLEX_TV_ACCEPTS:
            invalid = False
        invalid = invalid or health.verdict is Verdict.INVALID
        # A server without an owner has to be claimed before any sign-in helps.
        assert (health.verdict is Verdict.INVALID) is (invalid and not health.unclaimed)


@given(event_lists)
def test_confirmed_refusal_is_always_invalid(events: list[Event]) -> None:
    """Two refusals of plex.tv with the server refusing are enough, whatever came before."""
    now, health = final_state(events)
    for delay, evidence in (
        (0.0, Evidence.SERVER_CLAIMED),
        (0.0, REFUSES),
        (0.0, PLEX_TV_REFUSES),
        (CONFIRM_AFTER, PLEX_TV_REFUSES),
    ):
        now += delay
        health = health.after(evidence, now)
    assert health.verdict is Verdict.INVALID


@given(has_account_token=st.booleans(), events=event_lists)
def test_recovery_is_always_possible(*, has_account_token: bool, events: list[Event]) -> None:
    """A token that works again is valid again, whatever came before."""
    now, health = final_state(events, has_account_token=has_account_token)
    recovered = [Evidence.SERVER_CLAIMED, Evidence.ENFORCED, ACCEPTS]
    if has_account_token:
        recovered.append(PLEX_TV_ACCEPTS)
    for evidence in recovered:
        health = health.after(evidence, now)
    assert health.verdict is Verdict.VALID


@given(event_lists)
def test_server_alone_makes_a_token_invalid_after_half_an_hour_at_the_earliest(
    events: list[Event],
) -> None:
    """It takes at least six refusals over 30 minutes without an interruption."""
    refusals: list[float] = []
    for now, evidence, health in history_of(events, has_account_token=False):
        if evidence is REFUSES:
            refusals.append(now)
        elif evidence in {
            ACCEPTS,
            INCONCLUSIVE,
            Evidence.SERVER_RESTARTED,
            Evidence.WRONG_SERVER,
        } and (health.verdict is not Verdict.INVALID):
            refusals.clear()
        if health.verdict is Verdict.INVALID:
            assert len(refusals) >= 6
            assert refusals[-1] - refusals[0] >= 30 * MINUTE


@given(event_lists)
def test_next_check_with_plex_tv_is_always_scheduled(events: list[Event]) -> None:
    """It comes within the routine interval, and an inconclusive response never makes it sooner."""
    for now, evidence, health in history_of(events):
        due = health.next_check_at
        assert due is not None
        assert due <= now + ROUTINE_INTERVAL
        if evidence is PLEX_TV_INCONCLUSIVE:
            assert due >= now + RETRY_MIN


@given(st.lists(st.sampled_from([ACCEPTS, REFUSES]), min_size=1, max_size=200))
@example([ACCEPTS, REFUSES] * 100)
def test_alternating_server_does_not_flood_plex_tv(responses: list[Evidence]) -> None:
    """Two checks are at least 10 s apart, and their number is bounded."""
    health, checked_at = TokenHealth(has_account_token=True), []
    for number, response in enumerate(responses):
        now = float(number)
        health = health.after(response, now)
        while (check := health.due_check(now)) is not None:
            if check is PlexTvCheck.ACCOUNT:
                checked_at.append(now)
                health = health.after(PLEX_TV_ACCEPTS, now)
            else:
                health = health.after(LISTED, now)
    assert all(later - earlier >= CONFIRM_AFTER for earlier, later in pairwise(checked_at))
    assert len(checked_at) <= 1 + QUICK_CHECKS + len(responses) / SLOW_CHECK_INTERVAL
