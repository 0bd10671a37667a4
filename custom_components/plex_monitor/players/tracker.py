"""Track the state of the players that the user selected."""

from collections.abc import Collection, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from homeassistant.config_entries import (
    SIGNAL_CONFIG_ENTRY_CHANGED,
    ConfigEntry,
    ConfigEntryChange,
)
from homeassistant.core import callback
from homeassistant.helpers.dispatcher import async_dispatcher_connect
from homeassistant.util import dt as dt_util

from ..events.listeners import Listeners
from ..plex.models import PlaybackState, Session
from ..plex.notifications import Notification, PlayingNotification
from ..runtime import PlexMonitorConfigEntry
from ..server.coordinator import PlexMonitorCoordinator
from ..server.streams import session_number
from .models import Player, PlayerState, selected_players
from .playhead import Playhead


class TrackedPlayer:
    """A selected player; `state` is `None` while it is unknown."""

    def __init__(self, coordinator: PlexMonitorCoordinator, player: Player) -> None:
        """Initialize the player with an unknown state."""
        self.coordinator = coordinator
        self.player = player
        self.state: PlayerState | None = None
        self.listeners: Listeners[PlayerState | None] = Listeners()
        self._playhead = Playhead()

    @property
    def session(self) -> Session | None:
        """Return the session that it plays, if any is known."""
        return None if self.state is None else self.state.session

    @callback
    def async_update_session(self, session: Session | None, *, can_be_stopped: bool) -> None:
        """Update the session that it plays, `None` for none."""
        self._playhead.update_session(session, dt_util.utcnow())
        self._async_set_state(
            PlayerState(
                session=None if session is None else replace(session, view_offset=None),
                position=self._playhead.position,
                can_be_stopped=can_be_stopped,
            )
        )

    @callback
    def async_set_unknown(self) -> None:
        """Set the state to unknown."""
        self._playhead.update_session(None, dt_util.utcnow())
        self._async_set_state(None)

    @callback
    def async_update_position(self, notification: PlayingNotification) -> None:
        """Update the position in the current session from a notification."""
        if TYPE_CHECKING:
            assert self.state is not None
        self._playhead.update_position(notification, dt_util.utcnow())
        self._async_set_state(replace(self.state, position=self._playhead.position))

    @callback
    def _async_set_state(self, state: PlayerState | None) -> None:
        """Set the state, and notify listeners if it changed."""
        if state != self.state:
            self.state = state
            self.listeners.async_notify(state)


class PlayerTracker:
    """Track all selected players of a server."""

    def __init__(self, entry: PlexMonitorConfigEntry, coordinator: PlexMonitorCoordinator) -> None:
        """Initialize the players that the options of the entry list."""
        self._entry = entry
        self._coordinator = coordinator
        self.selection_listeners: Listeners[Collection[TrackedPlayer]] = Listeners()
        self._players: dict[str, TrackedPlayer] = {}
        self._by_session_key: dict[str, TrackedPlayer] = {}
        self._select()

    def __iter__(self) -> Iterator[TrackedPlayer]:
        """Iterate over the players in the order of their selection."""
        return iter(self._players.values())

    @callback
    def async_start(self) -> None:
        """Track the players until the entry is unloaded."""
        self._entry.async_on_unload(
            self._coordinator.async_add_listener(self._handle_coordinator_update)
        )
        self._entry.async_on_unload(
            self._coordinator.async_add_notification_listener(self._async_handle_notification)
        )
        self._entry.async_on_unload(
            async_dispatcher_connect(
                self._coordinator.hass, SIGNAL_CONFIG_ENTRY_CHANGED, self._handle_entry_change
            )
        )
        self._handle_coordinator_update()

    def _select(self) -> bool:
        """Update the players from the options, and return whether they changed.

        A player that stays selected stays the same object, with its state and its listeners.
        """
        before = [tracked.player for tracked in self]
        selected = selected_players(self._entry)
        if before == list(selected):
            return False
        players: dict[str, TrackedPlayer] = {}
        for player in selected:
            tracked = self._players.get(player.player_id)
            if tracked is None:
                tracked = TrackedPlayer(self._coordinator, player)
            tracked.player = player
            players[player.player_id] = tracked
        self._players = players
        return True

    @callback
    def _handle_entry_change(self, _change: ConfigEntryChange, entry: ConfigEntry[Any]) -> None:
        """Apply a new selection, without the reload that would interrupt everything else.

        An update listener would be simpler, but Home Assistant takes one for what reloads the entry
        after a sign-in.
        """
        if entry.entry_id == self._entry.entry_id and self._select():
            self._handle_coordinator_update()
            self.selection_listeners.async_notify(tuple(self))

    @callback
    def _handle_coordinator_update(self) -> None:
        """Update the session of each player, with one pass over all sessions."""
        if not self._players:
            self._by_session_key = {}
            return
        data = self._coordinator.data
        if not self._coordinator.available or data is None or data.sessions is None:
            self._by_session_key = {}
            for player in self:
                player.async_set_unknown()
            return
        sessions: dict[str, Session] = {}
        for session in data.sessions.values():
            if (player_id := session.player_id) is None or player_id not in self._players:
                continue
            if player_id not in sessions or _priority(session) > _priority(sessions[player_id]):
                sessions[player_id] = session
        self._by_session_key = {
            session.session_key: self._players[player_id] for player_id, session in sessions.items()
        }
        # Where it is unknown, the server decides.
        can_be_stopped = data.has_plex_pass is not False
        for player_id, player in self._players.items():
            player.async_update_session(sessions.get(player_id), can_be_stopped=can_be_stopped)

    @callback
    def _async_handle_notification(self, notification: Notification) -> None:
        """Update the position of the player that a notification is about."""
        if (
            isinstance(notification, PlayingNotification)
            and (player := self._by_session_key.get(notification.session_key)) is not None
        ):
            player.async_update_position(notification)


def _priority(session: Session) -> tuple[bool, int]:
    """Return which of two sessions on one player is shown: one that plays, else the later one."""
    return session.state is not PlaybackState.PAUSED, session_number(session)
