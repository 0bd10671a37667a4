"""What is known of the token of an entry: it outlives a reload, and not Home Assistant.

A reload, and each of the tries to set up an entry whose server is away, makes everything anew. What
plex.tv said of the token a moment ago still holds then, and is not asked for again.
"""

from dataclasses import dataclass, field
from datetime import datetime

from homeassistant.core import HomeAssistant, callback
from homeassistant.util import dt as dt_util
from homeassistant.util.hass_dict import HassKey

from ..const import DOMAIN
from ..plex.token_health import TokenHealth, Verdict
from ..runtime import PlexMonitorConfigEntry
from ..tokens import Tokens, tokens_of


@dataclass(kw_only=True)
class TokenMemory:
    """What is known of a pair of tokens, and since when."""

    tokens: Tokens = field(repr=False)
    health: TokenHealth
    # Whether plex.tv was asked once, whatever it said.
    heard_of_plex_tv: bool
    # The verdict that was told last. Its repair and prompt outlive a reload as this does.
    told: Verdict = Verdict.UNKNOWN
    since: datetime = field(default_factory=dt_util.utcnow)
    last_checked: datetime | None = None


_MEMORY: HassKey[dict[str, TokenMemory]] = HassKey(f"{DOMAIN}_token_memory")


@callback
def async_token_memory(hass: HomeAssistant, entry: PlexMonitorConfigEntry) -> TokenMemory:
    """Return what is known of the tokens that an entry has stored, nothing if they are new."""
    memories = hass.data.setdefault(_MEMORY, {})
    tokens = tokens_of(entry)
    memory = memories.get(entry.entry_id)
    if memory is not None and memory.tokens == tokens:
        memory.health = memory.health.after_a_gap()
        return memory
    account_token, server_token = tokens
    askable = account_token is not None
    memory = memories[entry.entry_id] = TokenMemory(
        tokens=tokens,
        # A server that was set up without a token wants none.
        health=TokenHealth(askable=askable, enforced=False if server_token is None else None),
        heard_of_plex_tv=not askable,
    )
    return memory


@callback
def async_forget_token(hass: HomeAssistant, entry_id: str) -> None:
    """Forget what is known of the token of an entry that is removed."""
    hass.data.get(_MEMORY, {}).pop(entry_id, None)
