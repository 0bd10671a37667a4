"""Evidence about a token in, a verdict out.

Pure: no I/O, and no clock but the `now` that a caller passes, in seconds of a clock that only goes
forward. Every number here is a promise of the integration, so it stands in one place.

What counts as evidence follows Plex's own rule (official API 1.2.2, "Authenticating with Plex"):
401 of plex.tv means that the token is invalid; any other answer, or none, says nothing about it.
A server is a weaker witness: it refuses good tokens while it starts, after an update, or when it
has lost its own sign-in (reported). So what a server refuses is asked of plex.tv before anything
is said, and a server is believed alone only where plex.tv cannot know the token.
"""

from dataclasses import dataclass, replace
from enum import StrEnum, auto
from typing import Self, assert_never

# What plex.tv says counts when it said it twice, this far apart.
CONFIRM_AFTER = 10.0
# While the server still accepts the token there is no hurry, so a plex.tv that refuses everybody
# for a moment is waited out.
CONFIRM_UNHURRIED_AFTER = 10 * 60.0
# A healthy token is shown to plex.tv this often, because a server may never refuse it: its network
# is allowed without authentication, or it still honours what plex.tv has revoked.
ROUTINE_INTERVAL = 5.5 * 3600
# While something is wrong, plex.tv is asked this often whether it still is.
PROBE_INTERVAL = 15 * 60.0
# When plex.tv does not answer: twice as long each time, between these two.
RETRY_FIRST = 60.0
RETRY_LAST = PROBE_INTERVAL
# plex.tv may ask for more patience than that, but not for so much that a dead token goes unnoticed.
RETRY_AFTER_MOST = 3600.0
# A server that changes its mind again and again is not a reason to ask plex.tv each time.
QUICK_QUESTIONS = 3
QUICK_QUESTIONS_SPAN = 10 * 60.0
SLOW_QUESTIONS = 2 * 60.0
# A server that is the only judge: this many refusals, over this long, with the server up.
ONLY_JUDGE_REFUSALS = 6
ONLY_JUDGE_SPAN = 30 * 60.0
# What a server refuses this soon after its start is not held against the token.
SETTLE_AFTER_START = 10 * 60.0
# A server that refuses what plex.tv accepts and lists is the one to be repaired after this long.
SERVER_REFUSES_AFTER = 24 * 3600.0
# A server that starts may call itself unclaimed for a moment.
UNCLAIMED_CONFIRM_AFTER = 60.0


class Evidence(StrEnum):
    """One answer, of the server or of plex.tv, as far as it tells something about the token."""

    SERVER_ACCEPTS = auto()
    """The server answered a request with the token; 403 counts, as it knows the token then."""
    SERVER_REFUSES = auto()
    """401 of the server that is up and is the right one."""
    SERVER_SILENT = auto()
    """No answer, or one that says nothing about the token (5xx, 404, rubbish)."""
    SERVER_RESTARTED = auto()
    """The server is seen to have started anew: its version changed."""
    SERVER_CLAIMED = auto()
    SERVER_UNCLAIMED = auto()
    """/identity says whether the server belongs to an account."""
    WRONG_SERVER = auto()
    """/identity names another machine."""
    ENFORCED = auto()
    NOT_ENFORCED = auto()
    """Without any token the server refuses (enforced), or answers all the same (not)."""
    PLEX_TV_ACCEPTS = auto()
    PLEX_TV_REFUSES = auto()
    PLEX_TV_SILENT = auto()
    """plex.tv's answer to the account token: 200, 401, anything else."""
    LISTED_SAME = auto()
    LISTED_OTHER = auto()
    NOT_LISTED = auto()
    """plex.tv lists the server with the token in use, with another one, or not at all."""


_OF_PLEX_TV = {
    Evidence.PLEX_TV_ACCEPTS,
    Evidence.PLEX_TV_REFUSES,
    Evidence.PLEX_TV_SILENT,
    Evidence.LISTED_SAME,
    Evidence.LISTED_OTHER,
    Evidence.NOT_LISTED,
}


class Verdict(StrEnum):
    """What is known about the token."""

    UNKNOWN = auto()
    VALID = auto()
    NOT_ENFORCED = auto()
    """The server asks for no token, so it cannot tell; plex.tv is asked instead."""
    SUSPECT = auto()
    """The server refuses it and nothing confirms that yet. No reason to trouble anybody."""
    INVALID = auto()
    ACCESS_REMOVED = auto()
    """The account is fine, but plex.tv no longer lists the server for it."""
    SERVER_REFUSES = auto()
    """plex.tv accepts the token and lists the server with it, which refuses it for a day."""
    UNCLAIMED = auto()
    """The server no longer belongs to any account, so no account's token means anything to it."""
    WRONG_SERVER = auto()
    """Another server answers at the address; the token is not sent to it."""

    @property
    def is_problem(self) -> bool:
        """Say whether somebody has to do something about it."""
        return self in {
            Verdict.INVALID,
            Verdict.ACCESS_REMOVED,
            Verdict.SERVER_REFUSES,
            Verdict.UNCLAIMED,
        }

    @property
    def needs_sign_in(self) -> bool:
        """Say whether signing in anew is what is to be done."""
        return self in {Verdict.INVALID, Verdict.ACCESS_REMOVED}


class Question(StrEnum):
    """What to ask plex.tv next."""

    ACCOUNT = auto()
    """Is the account token good?"""
    RESOURCES = auto()
    """Is the server listed for the account, and with which token?"""


class _Server(StrEnum):
    """The server's last word on the token."""

    ACCEPTS = auto()
    REFUSES = auto()


@dataclass(frozen=True, kw_only=True)
class TokenHealth:
    """All that the evidence so far amounts to.

    `askable` says whether plex.tv can judge the token: whether it once knew it. A token that is
    good at one server only, or no token at all, never could be asked of plex.tv.
    Times are those of the caller's clock; `due` times are when the next question is to be asked.
    """

    askable: bool
    server: _Server | None = None
    enforced: bool | None = None
    revoked: bool = False
    removed: bool = False
    unverifiable: bool = False
    unclaimed: bool = False
    wrong_server: bool = False

    refused_since: float | None = None
    last_refused_at: float | None = None
    refused_for: float = 0.0
    refusal_streaks: int = 0
    last_streak_at: float = 0.0
    counted_refusals: int = 0
    counted_since: float = 0.0
    settled_at: float = 0.0
    unclaimed_since: float | None = None

    plex_tv_refused_at: float | None = None
    plex_tv_asked_at: float | None = None
    plex_tv_silences: int = 0
    not_listed_at: float | None = None
    listed: bool = False

    account_due: float = 0.0
    resources_due: float | None = None

    @property
    def verdict(self) -> Verdict:
        """Return what is known, the most certain trouble first."""
        if self.revoked:
            return Verdict.INVALID
        if self.wrong_server:
            return Verdict.WRONG_SERVER
        if self.unclaimed:
            return Verdict.UNCLAIMED
        if self.server is _Server.REFUSES:
            if self.unclaimed_since is not None:
                # plex.tv lists nobody's server for nobody, which is not the account's loss.
                return Verdict.SUSPECT
            if self.removed:
                return Verdict.ACCESS_REMOVED
            if self.unverifiable:
                return Verdict.SERVER_REFUSES
            return Verdict.SUSPECT
        if self.server is _Server.ACCEPTS:
            return Verdict.NOT_ENFORCED if self.enforced is False else Verdict.VALID
        return Verdict.UNKNOWN

    @property
    def next_question_at(self) -> float | None:
        """Return when the next question is due, `None` when there is none."""
        if not self.askable:
            return None
        if self.resources_due is None:
            return self.account_due
        return min(self.account_due, self.resources_due)

    def question(self, now: float) -> Question | None:
        """Return the question that is due."""
        if not self.askable:
            return None
        if self.account_due <= now:
            return Question.ACCOUNT
        if self.resources_due is not None and self.resources_due <= now:
            return Question.RESOURCES
        return None

    def after(self, evidence: Evidence, now: float, *, retry_after: float = 0.0) -> Self:
        """Return the health after one more piece of evidence.

        `retry_after`, in seconds, is plex.tv's own wish, sent with `PLEX_TV_SILENT`. What plex.tv
        says of a token that it never could judge is no evidence.
        """
        if not self.askable and evidence in _OF_PLEX_TV:
            return self
        match evidence:
            case Evidence.SERVER_ACCEPTS:
                return self._server_accepts()
            case Evidence.SERVER_REFUSES:
                return self._server_refuses(now)
            case Evidence.SERVER_SILENT | Evidence.SERVER_RESTARTED:
                return replace(self._interrupted(), settled_at=now + SETTLE_AFTER_START)
            case Evidence.SERVER_CLAIMED:
                return replace(self, unclaimed=False, unclaimed_since=None, wrong_server=False)
            case Evidence.SERVER_UNCLAIMED:
                return self._server_unclaimed(now)
            case Evidence.WRONG_SERVER:
                return replace(self._interrupted(), wrong_server=True)
            case Evidence.ENFORCED | Evidence.NOT_ENFORCED:
                return replace(self, enforced=evidence is Evidence.ENFORCED)
            case Evidence.PLEX_TV_ACCEPTS:
                return self._plex_tv_accepts(now)
            case Evidence.PLEX_TV_REFUSES:
                return self._plex_tv_refuses(now)
            case Evidence.PLEX_TV_SILENT:
                return self._plex_tv_silent(now, retry_after)
            case Evidence.LISTED_SAME | Evidence.LISTED_OTHER:
                return self._listed(now)
            case Evidence.NOT_LISTED:
                return self._not_listed(now)
            case _:
                assert_never(evidence)

    def after_a_gap(self) -> Self:
        """Return the health after a time in which nobody looked at the server."""
        return self._interrupted()

    def with_new_server_token(self) -> Self:
        """Return the health of another token for the same server and account."""
        return replace(self._server_accepts(), server=None)

    def _interrupted(self) -> Self:
        """Begin anew to be sure: what was seen before the server was away says little after it."""
        return replace(
            self,
            refused_since=None,
            last_refused_at=None,
            counted_refusals=0,
            unclaimed_since=self.unclaimed_since if self.unclaimed else None,
            not_listed_at=self.not_listed_at if self.removed else None,
            listed=False,
        )

    def _server_accepts(self) -> Self:
        return replace(
            self._interrupted(),
            server=_Server.ACCEPTS,
            # What plex.tv has refused stays refused until plex.tv accepts it: the server may ask
            # for no token, or still honour a revoked one.
            revoked=self.revoked and self.askable,
            removed=False,
            unverifiable=False,
            wrong_server=False,
            refused_for=0.0,
            not_listed_at=None,
            unclaimed_since=self.unclaimed_since,
            resources_due=None,
        )

    def _server_refuses(self, now: float) -> Self:
        # Only the time between two refusals with nothing in between is time of refusing.
        passed = 0.0 if self.last_refused_at is None else now - self.last_refused_at
        refused_for = self.refused_for + passed
        return replace(
            self._counting(now) if self.refused_since is not None else self._first_refusal(now),
            server=_Server.REFUSES,
            wrong_server=False,
            last_refused_at=now,
            refused_for=refused_for,
            unverifiable=self.unverifiable or (self.listed and refused_for >= SERVER_REFUSES_AFTER),
        )

    def _first_refusal(self, now: float) -> Self:
        """Begin a streak of refusals, and have plex.tv asked about it."""
        recent = now - self.last_streak_at < QUICK_QUESTIONS_SPAN
        streaks = self.refusal_streaks + 1 if recent else 1
        health = self._counting(now)
        return replace(
            health,
            refused_since=now,
            refusal_streaks=streaks,
            last_streak_at=now,
            account_due=self._ask_soon(
                now, CONFIRM_AFTER if streaks <= QUICK_QUESTIONS else SLOW_QUESTIONS
            ),
        )

    def _ask_soon(self, now: float, distance: float) -> float:
        """Return when plex.tv can be asked about a refusal, its own wish to be left alone kept."""
        if self.plex_tv_silences:
            return self.account_due
        asked = self.plex_tv_asked_at
        return min(self.account_due, now if asked is None else max(now, asked + distance))

    def _counting(self, now: float) -> Self:
        """Count a refusal of a server that is the only judge."""
        if self.askable or now < self.settled_at:
            return self
        since = self.counted_since if self.counted_refusals else now
        refusals = self.counted_refusals + 1
        return replace(
            self,
            counted_refusals=refusals,
            counted_since=since,
            revoked=self.revoked
            or (refusals >= ONLY_JUDGE_REFUSALS and now - since >= ONLY_JUDGE_SPAN),
        )

    def _server_unclaimed(self, now: float) -> Self:
        since = now if self.unclaimed_since is None else self.unclaimed_since
        return replace(
            self,
            wrong_server=False,
            unclaimed_since=since,
            unclaimed=self.unclaimed
            or (now - since >= UNCLAIMED_CONFIRM_AFTER and now >= self.settled_at),
        )

    def _plex_tv_accepts(self, now: float) -> Self:
        refuses = self.server is _Server.REFUSES
        return replace(
            self,
            revoked=False,
            plex_tv_refused_at=None,
            plex_tv_asked_at=now,
            plex_tv_silences=0,
            account_due=now + (PROBE_INTERVAL if refuses else ROUTINE_INTERVAL),
            resources_due=now if refuses and self.resources_due is None else self.resources_due,
        )

    def _plex_tv_refuses(self, now: float) -> Self:
        first = now if self.plex_tv_refused_at is None else self.plex_tv_refused_at
        accepted = self.server is _Server.ACCEPTS
        confirmed_at = first + (CONFIRM_UNHURRIED_AFTER if accepted else CONFIRM_AFTER)
        revoked = self.revoked or now >= confirmed_at
        return replace(
            self,
            revoked=revoked,
            plex_tv_refused_at=first,
            plex_tv_asked_at=now,
            plex_tv_silences=0,
            account_due=now + PROBE_INTERVAL if revoked else confirmed_at,
            resources_due=None,
        )

    def _plex_tv_silent(self, now: float, retry_after: float) -> Self:
        wished = min(retry_after, RETRY_AFTER_MOST)
        wait = max(min(RETRY_FIRST * 2**self.plex_tv_silences, RETRY_LAST), wished)
        return replace(
            self,
            plex_tv_asked_at=now,
            # The exponent stops growing where the wait does.
            plex_tv_silences=min(self.plex_tv_silences + 1, 10),
            account_due=now + wait,
            resources_due=None if self.resources_due is None else now + wait,
        )

    def _listed(self, now: float) -> Self:
        return replace(
            self,
            removed=False,
            listed=True,
            not_listed_at=None,
            resources_due=self._next_resources(now),
        )

    def _not_listed(self, now: float) -> Self:
        first = now if self.not_listed_at is None else self.not_listed_at
        removed = self.removed or now - first >= CONFIRM_AFTER
        return replace(
            self,
            removed=removed,
            unverifiable=False,
            listed=False,
            not_listed_at=first,
            resources_due=self._next_resources(now) if removed else first + CONFIRM_AFTER,
        )

    def _next_resources(self, now: float) -> float | None:
        """Return when the listing is to be asked for again: while the server refuses."""
        return now + PROBE_INTERVAL if self.server is _Server.REFUSES else None
