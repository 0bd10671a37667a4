"""Decide whether a token is valid, from the evidence that `auth/guard.py` gathers.

Pure: no I/O, and no clock but the `now` of the caller, in seconds of a monotonic clock. Every
number here is a promise of the integration, so all of them are in one place.

What counts as evidence follows Plex's own rule (official API 1.2.2, "Authenticating with Plex"):
401 of plex.tv means that the token is invalid; any other response, or none, says nothing about it.
A server is less reliable: it refuses valid tokens while it starts, after an update, or when it has
lost its own sign-in (reported). So a refusal of the server is checked with plex.tv before it is
reported, and the server alone is believed only where plex.tv cannot know the token.
"""

from dataclasses import dataclass, replace
from enum import StrEnum, auto
from typing import Self, assert_never

# A refusal of plex.tv counts when it is repeated after this long.
CONFIRM_AFTER = 10.0
# It counts when it is repeated for this long while the server still accepts the token: nothing is
# lost by waiting, and a plex.tv that refuses all tokens for an hour recovers in the meantime.
CONFIRM_WHILE_ACCEPTED_AFTER = 75 * 60.0
# How often a valid token is checked with plex.tv, because a server may never refuse it: its network
# is allowed without authentication, or it still accepts what plex.tv has revoked.
ROUTINE_INTERVAL = 4.5 * 3600
# How often plex.tv is asked, while there is a problem, whether it persists.
PROBE_INTERVAL = 15 * 60.0
# The back-off while plex.tv is inconclusive: it doubles each time, between these two.
RETRY_MIN = 60.0
RETRY_MAX = PROBE_INTERVAL
# plex.tv may ask for a longer wait with Retry-After, but an invalid token must not go unnoticed.
RETRY_AFTER_MAX = 3600.0
# A server that alternates between accepting and refusing must not cause a check each time: so many
# checks within the span follow a refusal at once, the next ones at the slow interval.
QUICK_CHECKS = 3
QUICK_CHECKS_SPAN = 10 * 60.0
SLOW_CHECK_INTERVAL = 2 * 60.0
# When the server alone decides: this many refusals, over this long, with the server up.
SERVER_ALONE_REFUSALS = 6
SERVER_ALONE_SPAN = 30 * 60.0
# The same without any token, where a refusal says that the server wants one.
NO_TOKEN_REFUSALS = 2
NO_TOKEN_SPAN = 10.0
# A refusal of the server this soon after its start does not count against the token.
STARTUP_GRACE = 10 * 60.0
# After this long the server that refuses a token which plex.tv accepts and lists is at fault.
SERVER_REFUSES_AFTER = 24 * 3600.0
# A server that starts may call itself unclaimed for a moment.
UNCLAIMED_CONFIRM_AFTER = 60.0


class Evidence(StrEnum):
    """What one response of the server or of plex.tv, or the lack of one, says about the token."""

    SERVER_ACCEPTS = auto()
    """The server responded to a request with the token; 403 counts, as it knows the token then."""
    SERVER_REFUSES = auto()
    """The right server is up and responded with 401."""
    SERVER_INCONCLUSIVE = auto()
    """No response, or one that says nothing about the token (5xx, 404, malformed)."""
    SERVER_RESTARTED = auto()
    """The version of the server changed, so it has restarted."""
    SERVER_CLAIMED = auto()
    SERVER_UNCLAIMED = auto()
    """Whether the server belongs to an account, according to /identity."""
    WRONG_SERVER = auto()
    """Another machine responds, according to /identity."""
    ENFORCED = auto()
    NOT_ENFORCED = auto()
    """Whether the server refuses a request without a token."""
    PLEX_TV_ACCEPTS = auto()
    PLEX_TV_REFUSES = auto()
    PLEX_TV_INCONCLUSIVE = auto()
    """The response of plex.tv to the account token: 200, 401, anything else or none."""
    LISTED_WITH_SAME_TOKEN = auto()
    LISTED_WITH_NEW_TOKEN = auto()
    NOT_LISTED = auto()
    """plex.tv lists the server with the token in use, with another one, or not at all."""


_PLEX_TV_EVIDENCE = {
    Evidence.PLEX_TV_ACCEPTS,
    Evidence.PLEX_TV_REFUSES,
    Evidence.PLEX_TV_INCONCLUSIVE,
    Evidence.LISTED_WITH_SAME_TOKEN,
    Evidence.LISTED_WITH_NEW_TOKEN,
    Evidence.NOT_LISTED,
}


class Verdict(StrEnum):
    """State of the token."""

    UNKNOWN = auto()
    VALID = auto()
    NOT_ENFORCED = auto()
    """The server needs no token, so what it accepts proves nothing; plex.tv is asked instead."""
    SUSPECT = auto()
    """The server refuses the token, and nothing confirms that yet: the user is not notified."""
    INVALID = auto()
    ACCESS_REMOVED = auto()
    """The account token is valid, but plex.tv no longer lists the server for the account."""
    SERVER_REFUSES = auto()
    """The server has refused for a day a token that plex.tv accepts and lists for it."""
    UNCLAIMED = auto()
    """The server no longer belongs to an account, so the token of no account is valid for it."""
    WRONG_SERVER = auto()
    """Another server responds at the address; the token is not sent to it."""

    @property
    def is_problem(self) -> bool:
        """Return whether the user has to act."""
        return self in {
            Verdict.INVALID,
            Verdict.ACCESS_REMOVED,
            Verdict.SERVER_REFUSES,
            Verdict.UNCLAIMED,
        }

    @property
    def needs_sign_in(self) -> bool:
        """Return whether the user has to sign in again."""
        return self in {Verdict.INVALID, Verdict.ACCESS_REMOVED}


class PlexTvCheck(StrEnum):
    """A request to plex.tv that is due."""

    ACCOUNT = auto()
    """Is the account token valid?"""
    RESOURCES = auto()
    """Is the server listed for the account, and with which token?"""


class _ServerResponse(StrEnum):
    """How the server last responded to the token."""

    ACCEPTS = auto()
    REFUSES = auto()


@dataclass(frozen=True, kw_only=True)
class TokenHealth:
    """State of a token, derived from all evidence so far.

    Without `has_account_token` plex.tv cannot check the token: it knows no server token. Without
    `has_server_token` none is sent, as the server has needed none.
    Times are those of the caller's clock; `..._due` is when the next request to plex.tv is due.
    """

    has_account_token: bool
    has_server_token: bool = True
    server_response: _ServerResponse | None = None
    enforced: bool | None = None
    revoked: bool = False
    access_removed: bool = False
    server_at_fault: bool = False
    unclaimed: bool = False
    wrong_server: bool = False
    server_away: bool = False

    refused_since: float | None = None
    last_refused_at: float | None = None
    refused_seconds: float = 0.0
    refusal_streaks: int = 0
    last_streak_at: float = 0.0
    counted_refusals: int = 0
    counted_since: float = 0.0
    startup_grace_until: float = 0.0
    unclaimed_since: float | None = None

    plex_tv_refused_at: float | None = None
    plex_tv_checked_at: float | None = None
    plex_tv_failures: int = 0
    not_listed_since: float | None = None
    listed: bool = False

    account_due: float = 0.0
    resources_due: float | None = None

    @property
    def verdict(self) -> Verdict:
        """Return the verdict; of several problems, the most certain one."""
        if self.unclaimed:
            # No sign-in helps before it is claimed.
            return Verdict.UNCLAIMED
        if self.revoked:
            return Verdict.INVALID
        if self.wrong_server:
            return Verdict.WRONG_SERVER
        if self.server_response is _ServerResponse.REFUSES:
            if self.unclaimed_since is not None:
                # plex.tv lists it for no account, so no access was removed.
                return Verdict.SUSPECT
            if self.access_removed:
                return Verdict.ACCESS_REMOVED
            if self.server_at_fault:
                return Verdict.SERVER_REFUSES
            return Verdict.SUSPECT
        if self.server_response is _ServerResponse.ACCEPTS:
            return Verdict.NOT_ENFORCED if self.enforced is False else Verdict.VALID
        return Verdict.UNKNOWN

    @property
    def next_check_at(self) -> float | None:
        """Return when the next request to plex.tv is due, `None` if none will be."""
        if not self.has_account_token:
            return None
        if self.resources_due is None:
            return self.account_due
        return min(self.account_due, self.resources_due)

    def due_check(self, now: float) -> PlexTvCheck | None:
        """Return the request to plex.tv that is due."""
        if not self.has_account_token:
            return None
        if self.account_due <= now:
            return PlexTvCheck.ACCOUNT
        if self.resources_due is not None and self.resources_due <= now:
            return PlexTvCheck.RESOURCES
        return None

    def after(self, evidence: Evidence, now: float, *, retry_after: float = 0.0) -> Self:
        """Return the health after one more piece of evidence.

        `retry_after`, in seconds, is what plex.tv requested along with `PLEX_TV_INCONCLUSIVE`.
        Evidence of plex.tv is ignored for a token that plex.tv cannot check.
        """
        if not self.has_account_token and evidence in _PLEX_TV_EVIDENCE:
            return self
        match evidence:
            case Evidence.SERVER_ACCEPTS:
                return self._server_accepts()
            case Evidence.SERVER_REFUSES:
                return self._server_refuses(now)
            case Evidence.SERVER_INCONCLUSIVE:
                return replace(
                    self._confirm_soon(now),
                    server_away=True,
                    startup_grace_until=now + STARTUP_GRACE,
                )
            case Evidence.SERVER_RESTARTED:
                return replace(self.after_interruption(), startup_grace_until=now + STARTUP_GRACE)
            case Evidence.SERVER_CLAIMED:
                return replace(self, unclaimed=False, unclaimed_since=None, wrong_server=False)
            case Evidence.SERVER_UNCLAIMED:
                return self._server_unclaimed(now)
            case Evidence.WRONG_SERVER:
                return replace(self.after_interruption(), wrong_server=True)
            case Evidence.ENFORCED | Evidence.NOT_ENFORCED:
                return replace(self, enforced=evidence is Evidence.ENFORCED)
            case Evidence.PLEX_TV_ACCEPTS:
                return self._plex_tv_accepts(now)
            case Evidence.PLEX_TV_REFUSES:
                return self._plex_tv_refuses(now)
            case Evidence.PLEX_TV_INCONCLUSIVE:
                return self._plex_tv_inconclusive(now, retry_after)
            case Evidence.LISTED_WITH_SAME_TOKEN | Evidence.LISTED_WITH_NEW_TOKEN:
                return self._listed(now)
            case Evidence.NOT_LISTED:
                return self._not_listed(now)
            case _:
                assert_never(evidence)

    def with_new_server_token(self) -> Self:
        """Return the health with another token for the same server and account."""
        return replace(self._server_accepts(), server_response=None)

    def after_interruption(self) -> Self:
        """Return the health after a time without the server: confirmations start over."""
        return replace(
            self,
            refused_since=None,
            last_refused_at=None,
            counted_refusals=0,
            unclaimed_since=self.unclaimed_since if self.unclaimed else None,
            not_listed_since=self.not_listed_since if self.access_removed else None,
            listed=False,
        )

    def after_reload(self, now: float) -> Self:
        """Return the health after the entry was reloaded: plex.tv is asked at once."""
        return replace(
            self.after_interruption(), account_due=self._next_account_check(now, CONFIRM_AFTER)
        )

    def _confirm_soon(self, now: float) -> Self:
        """Confirm a refusal of plex.tv soon: the server is away, and does not accept the token."""
        health = self.after_interruption()
        if self.plex_tv_refused_at is None or self.revoked:
            return health
        return replace(health, account_due=self._next_account_check(now, CONFIRM_AFTER))

    def _server_accepts(self) -> Self:
        return replace(
            self.after_interruption(),
            server_away=False,
            server_response=_ServerResponse.ACCEPTS,
            # What plex.tv has refused stays revoked until plex.tv accepts it: the server may need
            # no token, or still accept a revoked one.
            revoked=self.revoked and self.has_account_token,
            access_removed=False,
            server_at_fault=False,
            wrong_server=False,
            refused_seconds=0.0,
            not_listed_since=None,
            unclaimed_since=self.unclaimed_since,
            resources_due=None,
        )

    def _server_refuses(self, now: float) -> Self:
        # Only the time between two consecutive refusals counts.
        passed = 0.0 if self.last_refused_at is None else now - self.last_refused_at
        refused_seconds = self.refused_seconds + passed
        long = refused_seconds >= SERVER_REFUSES_AFTER
        return replace(
            self._count_refusal(now) if self.refused_since is not None else self._start_streak(now),
            server_response=_ServerResponse.REFUSES,
            wrong_server=False,
            server_away=False,
            last_refused_at=now,
            refused_seconds=refused_seconds,
            server_at_fault=self.server_at_fault or (self.listed and long),
        )

    def _start_streak(self, now: float) -> Self:
        """Start a streak of refusals, and schedule a check with plex.tv."""
        recent = now - self.last_streak_at < QUICK_CHECKS_SPAN
        streaks = self.refusal_streaks + 1 if recent else 1
        interval = CONFIRM_AFTER if streaks <= QUICK_CHECKS else SLOW_CHECK_INTERVAL
        return replace(
            self._count_refusal(now),
            refused_since=now,
            refusal_streaks=streaks,
            last_streak_at=now,
            account_due=self._next_account_check(now, interval),
        )

    def _next_account_check(self, now: float, interval: float) -> float:
        """Return when to check a refusal with plex.tv, without shortening its back-off."""
        if self.plex_tv_failures:
            return self.account_due
        checked = self.plex_tv_checked_at
        return min(self.account_due, now if checked is None else max(now, checked + interval))

    def _count_refusal(self, now: float) -> Self:
        """Count a refusal where the server alone decides."""
        if self.has_account_token or now < self.startup_grace_until:
            return self
        since = self.counted_since if self.counted_refusals else now
        refusals = self.counted_refusals + 1
        enough, span = (
            (SERVER_ALONE_REFUSALS, SERVER_ALONE_SPAN)
            if self.has_server_token
            else (NO_TOKEN_REFUSALS, NO_TOKEN_SPAN)
        )
        return replace(
            self,
            counted_refusals=refusals,
            counted_since=since,
            revoked=self.revoked or (refusals >= enough and now - since >= span),
        )

    def _server_unclaimed(self, now: float) -> Self:
        since = now if self.unclaimed_since is None else self.unclaimed_since
        return replace(
            self,
            wrong_server=False,
            unclaimed_since=since,
            unclaimed=self.unclaimed
            or (now - since >= UNCLAIMED_CONFIRM_AFTER and now >= self.startup_grace_until),
        )

    def _plex_tv_accepts(self, now: float) -> Self:
        refuses = self.server_response is _ServerResponse.REFUSES
        return replace(
            self,
            revoked=False,
            plex_tv_refused_at=None,
            plex_tv_checked_at=now,
            plex_tv_failures=0,
            account_due=now + (PROBE_INTERVAL if refuses else ROUTINE_INTERVAL),
            resources_due=now if refuses and self.resources_due is None else self.resources_due,
        )

    def _plex_tv_refuses(self, now: float) -> Self:
        first = now if self.plex_tv_refused_at is None else self.plex_tv_refused_at
        accepted = self.server_response is _ServerResponse.ACCEPTS and not self.server_away
        confirmed_at = first + (CONFIRM_WHILE_ACCEPTED_AFTER if accepted else CONFIRM_AFTER)
        # A server that is signed out at plex.tv together with the token says so first.
        maybe_unclaimed = self.unclaimed_since is not None and not self.unclaimed
        revoked = self.revoked or (now >= confirmed_at and not maybe_unclaimed)
        next_check = now + (UNCLAIMED_CONFIRM_AFTER if maybe_unclaimed else PROBE_INTERVAL)
        return replace(
            self,
            revoked=revoked,
            plex_tv_refused_at=first,
            plex_tv_checked_at=now,
            plex_tv_failures=0,
            account_due=min(confirmed_at, next_check) if now < confirmed_at else next_check,
            resources_due=None,
        )

    def _plex_tv_inconclusive(self, now: float, retry_after: float) -> Self:
        requested = min(retry_after, RETRY_AFTER_MAX)
        wait = max(min(RETRY_MIN * 2**self.plex_tv_failures, RETRY_MAX), requested)
        return replace(
            self,
            plex_tv_checked_at=now,
            # The exponent stops growing where the wait does.
            plex_tv_failures=min(self.plex_tv_failures + 1, 10),
            account_due=now + wait,
            resources_due=None if self.resources_due is None else now + wait,
        )

    def _listed(self, now: float) -> Self:
        return replace(
            self,
            access_removed=False,
            listed=True,
            not_listed_since=None,
            resources_due=self._next_resources(now),
        )

    def _not_listed(self, now: float) -> Self:
        first = now if self.not_listed_since is None else self.not_listed_since
        removed = self.access_removed or now - first >= CONFIRM_AFTER
        return replace(
            self,
            access_removed=removed,
            server_at_fault=False,
            listed=False,
            not_listed_since=first,
            resources_due=self._next_resources(now) if removed else first + CONFIRM_AFTER,
        )

    def _next_resources(self, now: float) -> float | None:
        """Return when to fetch the list of servers again: only while the server refuses."""
        return now + PROBE_INTERVAL if self.server_response is _ServerResponse.REFUSES else None
