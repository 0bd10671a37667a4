"""Models of the players that the user selected."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from ..const import CONF_PLAYERS
from ..plex.models import Session
from ..runtime import PlexMonitorConfigEntry
from .playhead import Position


@dataclass(frozen=True, kw_only=True)
class Player:
    """A player as it is stored in the options of an entry."""

    player_id: str
    name: str
    platform: str | None

    @classmethod
    def from_option(cls, option: Mapping[str, Any]) -> Self:
        """Create a player from its stored option."""
        return cls(player_id=option["id"], name=option["name"], platform=option["platform"])

    def as_option(self) -> dict[str, Any]:
        """Return the player as an option to store."""
        return {"id": self.player_id, "name": self.name, "platform": self.platform}


def selected_players(entry: PlexMonitorConfigEntry) -> tuple[Player, ...]:
    """Return the players that the user selected to have a device."""
    return tuple(Player.from_option(option) for option in entry.options.get(CONF_PLAYERS, ()))


@dataclass(frozen=True, kw_only=True)
class PlayerState:
    """State of a player.

    `session` is `None` while it plays nothing. Its `view_offset` is always `None`: see `position`.
    """

    session: Session | None
    position: Position | None
    can_be_stopped: bool
