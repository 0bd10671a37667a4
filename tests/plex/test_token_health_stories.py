"""Whatever happens to a token, what is promised of the verdict on it holds."""

from itertools import pairwise

from hypothesis import example, given, strategies as st

from custom_components.plex_monitor.plex.token_health import (
    Evidence,
    Question,
    TokenHealth,
    Verdict,
)

from .token_promises import (
    CONFIRM_AFTER,
    HOUR,
    MINUTE,
    QUICK_QUESTIONS,
    RETRY_FIRST,
    ROUTINE_INTERVAL,
    SLOW_QUESTIONS,
)

ACCEPTS = Evidence.SERVER_ACCEPTS
REFUSES = Evidence.SERVER_REFUSES
SILENT = Evidence.SERVER_SILENT
PLEX_TV_ACCEPTS = Evidence.PLEX_TV_ACCEPTS
PLEX_TV_REFUSES = Evidence.PLEX_TV_REFUSES
PLEX_TV_SILENT = Evidence.PLEX_TV_SILENT

type Happening = tuple[float, Evidence]

happenings = st.lists(
    st.tuples(st.floats(min_value=0, max_value=2 * 24 * HOUR), st.sampled_from(Evidence)),
    max_size=60,
)


def story(askable: bool, events: list[Happening]) -> list[tuple[float, Evidence, TokenHealth]]:  # noqa: FBT001 - given by hypothesis
    """Return the health after each event."""
    health, now, seen = TokenHealth(askable=askable), 0.0, []
    for delay, evidence in events:
        now += delay
        health = health.after(evidence, now)
        seen.append((now, evidence, health))
    return seen


@given(happenings)
@example([(0.0, REFUSES), (0.0, PLEX_TV_REFUSES), (CONFIRM_AFTER, PLEX_TV_REFUSES)])
def test_invalid_only_after_two_refusals_of_plex_tv_and_no_acceptance_between(
    events: list[Happening],
) -> None:
    """No order of any evidence makes a token invalid without the confirmation."""
    refused_since: float | None = None
    for now, evidence, health in story(True, events):  # noqa: FBT003 - see story
        if evidence is PLEX_TV_ACCEPTS:
            refused_since = None
        if evidence is PLEX_TV_REFUSES and refused_since is None:
            refused_since = now
        if health.verdict is Verdict.INVALID:
            assert refused_since is not None
            assert now - refused_since >= CONFIRM_AFTER


@given(happenings)
@example(
    [
        (0.0, REFUSES),
        (0.0, PLEX_TV_REFUSES),
        (CONFIRM_AFTER, PLEX_TV_REFUSES),
        (0.0, ACCEPTS),
        (0.0, PLEX_TV_REFUSES),
    ]
)
def test_what_plex_tv_has_refused_stays_invalid_until_plex_tv_accepts_it(
    events: list[Happening],
) -> None:
    """Whatever the server says meanwhile: the user's one row does not flicker."""
    invalid = False
    for _, evidence, health in story(True, events):  # noqa: FBT003 - see story
        if evidence is PLEX_TV_ACCEPTS:
            invalid = False
        invalid = invalid or health.verdict is Verdict.INVALID
        assert (health.verdict is Verdict.INVALID) is invalid


@given(happenings)
def test_always_invalid_after_the_confirmation(events: list[Happening]) -> None:
    """Whatever was seen before, two refusals of plex.tv with the server refusing are enough."""
    now, _, health = ([(0.0, SILENT, TokenHealth(askable=True)), *story(True, events)])[-1]  # noqa: FBT003 - see story
    for delay, evidence in (
        (0.0, REFUSES),
        (0.0, PLEX_TV_REFUSES),
        (CONFIRM_AFTER, PLEX_TV_REFUSES),
    ):
        now += delay
        health = health.after(evidence, now)
    assert health.verdict is Verdict.INVALID


@given(st.booleans(), happenings)
def test_recovery_is_always_possible(askable: bool, events: list[Happening]) -> None:  # noqa: FBT001 - given by hypothesis
    """Whatever was seen before, a token that works again is valid again."""
    now, _, health = ([(0.0, SILENT, TokenHealth(askable=askable)), *story(askable, events)])[-1]
    recovered = [Evidence.SERVER_CLAIMED, Evidence.ENFORCED, ACCEPTS]
    if askable:
        recovered.append(PLEX_TV_ACCEPTS)
    for evidence in recovered:
        health = health.after(evidence, now)
    assert health.verdict is Verdict.VALID


@given(happenings)
def test_server_alone_never_condemns_in_less_than_half_an_hour(events: list[Happening]) -> None:
    """Six refusals in 30 minutes without an interruption are the least."""
    refusals: list[float] = []
    for now, evidence, health in story(False, events):  # noqa: FBT003 - see story
        if evidence is REFUSES:
            refusals.append(now)
        elif evidence in {ACCEPTS, SILENT, Evidence.SERVER_RESTARTED, Evidence.WRONG_SERVER} and (
            health.verdict is not Verdict.INVALID
        ):
            refusals.clear()
        if health.verdict is Verdict.INVALID:
            assert len(refusals) >= 6
            assert refusals[-1] - refusals[0] >= 30 * MINUTE


@given(happenings)
def test_there_is_always_a_next_question_and_never_a_rush(events: list[Happening]) -> None:
    """plex.tv is asked again some day, and silence never makes it be asked more often."""
    for now, evidence, health in story(True, events):  # noqa: FBT003 - see story
        due = health.next_question_at
        assert due is not None
        assert due <= now + ROUTINE_INTERVAL
        if evidence is PLEX_TV_SILENT:
            assert due >= now + RETRY_FIRST


@given(st.lists(st.sampled_from([ACCEPTS, REFUSES]), min_size=1, max_size=200))
@example([ACCEPTS, REFUSES] * 100)
def test_server_that_changes_its_mind_does_not_flood_plex_tv(answers: list[Evidence]) -> None:
    """However the server flaps, two questions are at least 10 s apart."""
    health, asked = TokenHealth(askable=True), []
    for number, answer in enumerate(answers):
        now = float(number)
        health = health.after(answer, now)
        while (question := health.question(now)) is not None:
            if question is Question.ACCOUNT:
                asked.append(now)
                health = health.after(PLEX_TV_ACCEPTS, now)
            else:
                health = health.after(Evidence.LISTED_SAME, now)
    assert all(later - earlier >= CONFIRM_AFTER for earlier, later in pairwise(asked))
    assert len(asked) <= 1 + QUICK_QUESTIONS + len(answers) / SLOW_QUESTIONS
