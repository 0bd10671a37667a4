"""A token with evidence that is added over time, and short names for the evidence."""

from dataclasses import dataclass

from custom_components.plex_monitor.plex.token_health import Evidence, TokenHealth, Verdict

ACCEPTS = Evidence.SERVER_ACCEPTS
REFUSES = Evidence.SERVER_REFUSES
INCONCLUSIVE = Evidence.SERVER_INCONCLUSIVE
PLEX_TV_ACCEPTS = Evidence.PLEX_TV_ACCEPTS
PLEX_TV_REFUSES = Evidence.PLEX_TV_REFUSES
PLEX_TV_INCONCLUSIVE = Evidence.PLEX_TV_INCONCLUSIVE
LISTED = Evidence.LISTED_WITH_SAME_TOKEN
LISTED_WITH_NEW_TOKEN = Evidence.LISTED_WITH_NEW_TOKEN
NOT_LISTED = Evidence.NOT_LISTED


@dataclass
class TokenTimeline:
    """A token with evidence that is added over time."""

    health: TokenHealth
    now: float = 1000.0

    def add(self, *evidence: Evidence, after: float = 0.0) -> Verdict:
        """Let time pass, add evidence, and return the verdict."""
        self.now += after
        for one in evidence:
            self.health = self.health.after(one, self.now)
        return self.health.verdict
