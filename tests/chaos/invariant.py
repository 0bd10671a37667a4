"""The base class of the invariants, and the exception that reports a violation."""

from .sites import Role

# The name under which each is reported.
FALSE_ALARM = "no false alarm"
MISSED_ALARM = "no missed alarm"
ONE_REPAIR = "one repair per problem"
LOST_ANSWER = "one lost answer is no outage"
PART = "a part that fails costs that part"
PRESENT = "an entry always loads"
FRESH = "states are current"
GROWTH = "no resource leak"
CLEAN_LOG = "nothing unexpected in the log"
RECOVERY = "always recovers"
SECRET = "no token in any output"
STRANGER = "no token reaches a stranger"
NO_COOKIE = "no cookie is kept"
UNTRIED = "no untried token replaces one"
DEVICE_LEFT = "no device is left at plex.tv"
STORM = "no request storm"
CRASH = "no unexpected exception"


class Violation(Exception):  # noqa: N818 - It is no error of the program that finds it.
    """An invariant does not hold."""

    def __init__(self, invariant: str, what: str) -> None:
        """Initialize with the name of the invariant and what was seen."""
        super().__init__(f"{invariant}: {what}")
        self.invariant = invariant
        self.what = what


class Invariant:
    """Something that has to hold at any time, checked after each step of time.

    `back_off_until` is until when a host may still be left alone because of its Retry-After.
    """

    back_off_until = 0.0

    def check(self) -> None:
        """Raise `Violation` if it does not hold now."""

    def home_assistant_started(self) -> None:
        """Handle the start of a new Home Assistant."""

    def home_assistant_stops(self) -> None:
        """Handle that Home Assistant is about to stop."""

    def recovered(self) -> None:
        """Handle the end of the recovery phase."""

    def on_activity(self, role: Role, times: int) -> None:
        """Handle notifications of a server, or actions of the user on it."""

    def on_setup(self, role: Role, times: int) -> None:
        """Handle that an entry is about to be set up, perhaps several times."""

    def on_sign_in(self, role: Role) -> None:
        """Handle a sign-in for an entry, or the replacement of its token."""
