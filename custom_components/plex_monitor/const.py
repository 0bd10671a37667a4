"""Constants for the Plex Monitor integration."""

from enum import StrEnum
import logging
from typing import Final

DOMAIN: Final = "plex_monitor"
LOGGER: Final = logging.getLogger(__package__)

CONF_ACCOUNT_TOKEN: Final = "account_token"  # noqa: S105 - the name of a key
CONF_CLIENT_IDENTIFIER: Final = "client_identifier"
CONF_PLAYERS: Final = "players"
CONF_SERVER_TOKEN: Final = "server_token"  # noqa: S105 - the name of a key
CONF_TOKEN_SOURCE: Final = "token_source"  # noqa: S105 - the name of a key

DOCUMENTATION_URL: Final = "https://github.com/plex-monitor/plex-monitor"
MANUFACTURER: Final = "Plex"
MODEL: Final = "Plex Media Server"

# The progress of activities and scans is reported once in this many seconds.
PROGRESS_INTERVAL: Final = 10.0


class TokenSource(StrEnum):
    """Source of the stored token."""

    SIGN_IN = "sign_in"
    # A token of our own, created with the help of one that was pasted or borrowed.
    LINKED = "linked"
    PASTED = "pasted"
    BORROWED = "borrowed"
    NONE = "none"

    @property
    def is_our_own(self) -> bool:
        """Return whether only this entry uses the token, so that it may be signed out with it."""
        return self in {TokenSource.SIGN_IN, TokenSource.LINKED}

    @property
    def is_lasting(self) -> bool:
        """Return whether the token, or the lack of one, works until it is revoked on purpose."""
        return self not in {TokenSource.PASTED, TokenSource.BORROWED}
