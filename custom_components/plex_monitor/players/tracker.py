"""The players that have a device of their own: which they are, and what each of them plays."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Self

from homeassistant.core import callback
from homeassistant.util import dt as dt_util

from ..const import CONF_PLAYERS
from ..events.listeners import Listeners
from ..plex.models import PlaybackState, Session
from ..plex.notifications import Notification, PlayingNotification
from ..runtime import PlexMonitorConfigEntry
from ..server.coordinator import PlexMonitorCoordinator
from ..server.streams import session_number
from .pictures import Picture
from .playhead import Playhead, Position


@dataclass(frozen=True, kw_only=True)
class Player:
    """A player as it is stored, and offered to be chosen."""

    player_id: str
    name: str
    platform: str | None

    @classmethod
    def from_option(cls, option: Mapping[str, Any]) -> Self:
        """Read what is stored."""
        return cls(player_id=option["id"], name=option["name"], platform=option["platform"])

    def as_option(self) -> dict[str, Any]:
        """Return what is to be stored."""
        return {"id": self.player_id, "name": self.name, "platform": self.platform}


def selected_players(entry: PlexMonitorConfigEntry) -> tuple[Player, ...]:
    """Return the players that somebody has chosen to have a device."""
    return tuple(Player.from_option(option) for option in entry.options.get(CONF_PLAYERS, ()))


@dataclass(frozen=True, kw_only=True)
class PlayerState:
    """What a player does.

    `session` is `None` while it plays nothing. It tells no `view_offset`, since `position` does.
    """

    session: Session | None
    position: Position | None
    can_be_stopped: bool


class TrackedPlayer:
    """One player that somebody has chosen; `state` is `None` while nothing is known of it."""

    def __init__(self, coordinator: PlexMonitorCoordinator, player: Player) -> None:
        """Know nothing yet."""
        self.coordinator = coordinator
        self.player = player
        self.picture = Picture(coordinator)
        self.state: PlayerState | None = None
        self.listeners: Listeners[PlayerState | None] = Listeners()
        self._playhead = Playhead()

    @property
    def session(self) -> Session | None:
        """Return what it plays, as far as that is known."""
        return None if self.state is None else self.state.session

    @callback
    def async_seen(self, session: Session | None, *, can_be_stopped: bool) -> None:
        """Take in what it plays, `None` for nothing."""
        self._playhead.listed(session, dt_util.utcnow())
        self._async_become(
            PlayerState(
                session=None if session is None else replace(session, view_offset=None),
                position=self._playhead.position,
                can_be_stopped=can_be_stopped,
            )
        )

    @callback
    def async_lost(self) -> None:
        """Take in that nothing is known of it any more."""
        self._playhead.listed(None, dt_util.utcnow())
        self._async_become(None)

    @callback
    def async_told(self, playing: PlayingNotification) -> None:
        """Take in what the server tells of the stream that was seen last."""
        if TYPE_CHECKING:
            assert self.state is not None
        self._playhead.told(playing, dt_util.utcnow())
        self._async_become(replace(self.state, position=self._playhead.position))

    @callback
    def _async_become(self, state: PlayerState | None) -> None:
        """Tell whoever listens, if it is anything new."""
        if state != self.state:
            self.state = state
            self.listeners.async_notify(state)


class PlayerTracker:
    """All players of a server that somebody has chosen."""

    def __init__(self, entry: PlexMonitorConfigEntry, coordinator: PlexMonitorCoordinator) -> None:
        """Read which they are."""
        self._entry = entry
        self._coordinator = coordinator
        self._players = {
            player.player_id: TrackedPlayer(coordinator, player)
            for player in selected_players(entry)
        }
        self._by_session_key: dict[str, TrackedPlayer] = {}

    def __iter__(self) -> Iterator[TrackedPlayer]:
        """Return them in the order in which they were chosen."""
        return iter(self._players.values())

    @callback
    def async_start(self) -> None:
        """Follow them until the entry is unloaded."""
        if not self._players:
            return
        self._entry.async_on_unload(self._coordinator.async_add_listener(self._async_look))
        self._entry.async_on_unload(
            self._coordinator.async_add_notification_listener(self._async_notified)
        )
        self._async_look()

    @callback
    def _async_look(self) -> None:
        """See what they play, once for all of them."""
        data = self._coordinator.data
        if not self._coordinator.last_update_success or data is None or data.sessions is None:
            self._by_session_key = {}
            for player in self:
                player.async_lost()
            return
        sessions: dict[str, Session] = {}
        for session in data.sessions.values():
            if (player_id := session.player_id) is None or player_id not in self._players:
                continue
            if player_id not in sessions or _comes_first(session, sessions[player_id]):
                sessions[player_id] = session
        self._by_session_key = {
            session.session_key: self._players[player_id] for player_id, session in sessions.items()
        }
        for player_id, player in self._players.items():
            player.async_seen(sessions.get(player_id), can_be_stopped=data.info.plex_pass)

    @callback
    def _async_notified(self, notification: Notification) -> None:
        """Have a player hear how far it is."""
        if (
            isinstance(notification, PlayingNotification)
            and (player := self._by_session_key.get(notification.session_key)) is not None
        ):
            player.async_told(notification)


def _comes_first(one: Session, other: Session) -> bool:
    """Say which of two streams on one player is shown: one that goes on, else the later one."""
    return _rank(one) > _rank(other)


def _rank(session: Session) -> tuple[bool, int]:
    return session.state is not PlaybackState.PAUSED, session_number(session)
