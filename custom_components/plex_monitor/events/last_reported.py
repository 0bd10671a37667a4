"""The state of a server that was last reported: it outlives a reload, but not Home Assistant."""

from dataclasses import dataclass, field

from homeassistant.core import HomeAssistant, callback
from homeassistant.util.hass_dict import HassKey

from ..const import DOMAIN
from ..tokens import Tokens


@dataclass(kw_only=True)
class LastReported:
    """The state that was last reported, so that only a change of it is an event.

    `online` is `None` until the server is known to be up or down. `down_since` is when it went
    down, by the clock of the event loop, and `None` while it is online. `tokens` are those that
    worked last.
    """

    online: bool | None = None
    down_since: float | None = None
    is_token_invalid: bool = False
    tokens: Tokens | None = field(default=None, repr=False)


_LAST_REPORTED: HassKey[dict[str, LastReported]] = HassKey(f"{DOMAIN}_last_reported")


@callback
def async_last_reported(hass: HomeAssistant, entry_id: str) -> LastReported:
    """Return the last reported state of the server of an entry."""
    return hass.data.setdefault(_LAST_REPORTED, {}).setdefault(entry_id, LastReported())


@callback
def async_forget_last_reported(hass: HomeAssistant, entry_id: str) -> None:
    """Forget the last reported state of a server that is removed."""
    hass.data.get(_LAST_REPORTED, {}).pop(entry_id, None)
