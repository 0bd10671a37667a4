"""What was told of a server last: it outlives a reload of its entry, and not Home Assistant."""

from dataclasses import dataclass, field

from homeassistant.core import HomeAssistant, callback
from homeassistant.util.hass_dict import HassKey

from ..const import DOMAIN
from ..tokens import Tokens


@dataclass(kw_only=True)
class LastReported:
    """What whoever listens takes for true, so that only what differs from it is news.

    `online` is `None` until the server has answered once. `tokens` are those that worked last.
    """

    online: bool | None = None
    token_is_bad: bool = False
    tokens: Tokens | None = field(default=None, repr=False)


_LAST_REPORTED: HassKey[dict[str, LastReported]] = HassKey(f"{DOMAIN}_last_reported")


@callback
def async_last_reported(hass: HomeAssistant, entry_id: str) -> LastReported:
    """Return what was told of the server of an entry."""
    return hass.data.setdefault(_LAST_REPORTED, {}).setdefault(entry_id, LastReported())


@callback
def async_forget_last_reported(hass: HomeAssistant, entry_id: str) -> None:
    """Forget what was told of a server that is removed."""
    hass.data.get(_LAST_REPORTED, {}).pop(entry_id, None)
