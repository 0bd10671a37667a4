"""What an invariant is, and what it says when it does not hold."""

from .cast import Role

# By which name each is found not to hold.
FALSE_ALARM = "no false alarm"
MISSED_ALARM = "no missed alarm"
ONE_ROW = "one problem, one row"
FRESH = "nothing stale"
GROWTH = "nothing left growing"
QUIET_LOG = "nothing unexpected in the log"
RECOVERY = "always recovers"
SECRET = "no token in any output"
STORM = "no request storm"
CRASH = "no error out of nowhere"


class Violation(Exception):  # noqa: N818 - It is no error of the program that finds it.
    """An invariant does not hold."""

    def __init__(self, invariant: str, what: str) -> None:
        """Keep the name of the invariant, and what was seen."""
        super().__init__(f"{invariant}: {what}")
        self.invariant = invariant
        self.what = what


class Invariant:
    """Something that has to hold at any time, held against the truth after each step of time.

    `wish_until` is until when a host may still be left alone because it wished so.
    """

    wish_until = 0.0

    def look(self) -> None:
        """Raise `Violation` where it does not hold now."""

    def home_assistant_started(self) -> None:
        """Take in that there is another Home Assistant."""

    def home_assistant_stops(self) -> None:
        """Take in that Home Assistant is about to stop."""

    def calmed(self) -> None:
        """Hold what holds only after a calm."""

    def told(self, role: Role, times: int) -> None:
        """Take in that a server tells something, or the user does something to it."""

    def set_up(self, role: Role, times: int) -> None:
        """Take in that an entry is set up so many times."""

    def signed_in(self, role: Role) -> None:
        """Take in that somebody signs in for an entry, or replaces its token."""
