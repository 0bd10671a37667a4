"""Store of the state of each entry's token, which outlives a reload but not a restart.

A reload creates all objects anew. What plex.tv said of the token still holds then, until it is
asked again at once.
"""

from dataclasses import dataclass, field
from datetime import datetime
from time import monotonic

from homeassistant.core import HomeAssistant, callback
from homeassistant.util import dt as dt_util
from homeassistant.util.hass_dict import HassKey

from ..const import DOMAIN
from ..plex.token_health import TokenHealth, Verdict
from ..runtime import PlexMonitorConfigEntry
from ..tokens import Tokens, stored_tokens


@dataclass(kw_only=True)
class TokenMemory:
    """State of the tokens of one entry."""

    tokens: Tokens = field(repr=False)
    health: TokenHealth
    # Whether plex.tv was asked at least once, whatever the response.
    has_checked_plex_tv: bool
    # The verdict for which the issue and the prompt were created, which outlive a reload as well.
    reported_verdict: Verdict = Verdict.UNKNOWN
    since: datetime = field(default_factory=dt_util.utcnow)
    last_checked: datetime | None = None
    # Since when another server responds at the address, in seconds of a monotonic clock.
    replaced_since: float | None = None


_MEMORY: HassKey[dict[str, TokenMemory]] = HassKey(f"{DOMAIN}_token_memory")


@callback
def async_get_token_memory(hass: HomeAssistant, entry: PlexMonitorConfigEntry) -> TokenMemory:
    """Return the state of the stored tokens, a new one if the tokens are new."""
    memories = hass.data.setdefault(_MEMORY, {})
    tokens = stored_tokens(entry)
    memory = memories.get(entry.entry_id)
    if memory is not None and memory.tokens == tokens:
        memory.health = memory.health.after_reload(monotonic())
        return memory
    account_token, server_token = tokens
    has_account_token = account_token is not None
    memory = memories[entry.entry_id] = TokenMemory(
        tokens=tokens,
        # An entry without a token is set up only where the server needs none.
        health=TokenHealth(
            has_account_token=has_account_token,
            has_server_token=server_token is not None,
            enforced=False if server_token is None else None,
        ),
        has_checked_plex_tv=not has_account_token,
    )
    return memory


@callback
def async_forget_token(hass: HomeAssistant, entry_id: str) -> None:
    """Delete the state of the tokens of an entry."""
    hass.data.get(_MEMORY, {}).pop(entry_id, None)
