"""Tokens of a config entry."""

from .const import CONF_ACCOUNT_TOKEN, CONF_SERVER_TOKEN
from .runtime import PlexMonitorConfigEntry

# Account token and server token.
type Tokens = tuple[str | None, str | None]


def stored_tokens(entry: PlexMonitorConfigEntry) -> Tokens:
    """Return the tokens that an entry stores."""
    return entry.data.get(CONF_ACCOUNT_TOKEN), entry.data.get(CONF_SERVER_TOKEN)
