"""The tokens that an entry stores."""

from .const import CONF_ACCOUNT_TOKEN, CONF_SERVER_TOKEN
from .runtime import PlexMonitorConfigEntry

# Account token and server token.
type Tokens = tuple[str | None, str | None]


def tokens_of(entry: PlexMonitorConfigEntry) -> Tokens:
    """Return the tokens that an entry has stored."""
    return entry.data.get(CONF_ACCOUNT_TOKEN), entry.data.get(CONF_SERVER_TOKEN)
