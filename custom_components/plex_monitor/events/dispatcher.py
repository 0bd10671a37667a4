"""The news of one server: what happens, told once to whoever listens."""

from collections.abc import Callable
from functools import partial

from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant, callback

from ..runtime import PlexMonitorConfigEntry
from ..tokens import tokens_of
from .last_reported import async_last_reported
from .listeners import Listeners
from .models import PlexEvent, ServerEvent, ServerEventType, TokenEvent, TokenEventType


class EventDispatcher:
    """Tell the events, and see which of what is known of the server and its token is one."""

    def __init__(self, hass: HomeAssistant, entry: PlexMonitorConfigEntry) -> None:
        """Go on from what was told before a reload of the entry."""
        self.entry = entry
        self.listeners: Listeners[PlexEvent] = Listeners()
        self._last = async_last_reported(hass, entry.entry_id)
        # What becomes known before whoever wants to know of it can listen. It is lost with a setup
        # that fails, and the next one finds it again.
        self._pending: list[Callable[[], None]] = []

    @callback
    def async_start(self) -> None:
        """Begin to follow the setup of the entry."""
        self.entry.async_on_unload(self.entry.async_on_state_change(self._async_entry_changed))

    @callback
    def async_dispatch(self, *events: PlexEvent) -> None:
        """Tell the listeners what happened, once the entry is set up."""
        self._async_once_set_up(partial(self._async_notify, *events))

    @callback
    def async_report_online(self, *, online: bool, version: str | None) -> None:
        """Tell that the server went down or came back."""
        self._async_once_set_up(partial(self._async_report_online, online=online, version=version))

    @callback
    def async_report_version(self, version: str) -> None:
        """Tell that the server was updated, or put back, to a version."""
        self.async_dispatch(ServerEvent(event_type=ServerEventType.UPDATED, version=version))

    @callback
    def async_report_token_accepted(self) -> None:
        """Tell where it is another token than before that works."""
        self._async_once_set_up(self._async_report_token_accepted)

    @callback
    def async_report_verdict(self, *, is_problem: bool, is_healthy: bool) -> None:
        """Tell that the token became invalid, once until it is well again."""
        self._async_once_set_up(
            partial(self._async_report_verdict, is_problem=is_problem, is_healthy=is_healthy)
        )

    @callback
    def _async_once_set_up(self, tell: Callable[[], None]) -> None:
        if self.entry.state is ConfigEntryState.LOADED:
            tell()
        else:
            self._pending.append(tell)

    @callback
    def _async_entry_changed(self) -> None:
        """Tell what became known while the entry was set up."""
        if self.entry.state is ConfigEntryState.LOADED:
            pending, self._pending = self._pending, []
            for tell in pending:
                tell()

    @callback
    def _async_notify(self, *events: PlexEvent) -> None:
        for event in events:
            self.listeners.async_notify(event)

    @callback
    def _async_report_online(self, *, online: bool, version: str | None) -> None:
        if self._last.online not in {None, online}:
            kind = ServerEventType.CAME_BACK if online else ServerEventType.WENT_DOWN
            self._async_notify(ServerEvent(event_type=kind, version=version))
        self._last.online = online

    @callback
    def _async_report_token_accepted(self) -> None:
        tokens = tokens_of(self.entry)
        if self._last.tokens not in {None, (None, None), tokens}:
            self._async_notify(TokenEvent(event_type=TokenEventType.REPLACED))
        self._last.tokens = tokens

    @callback
    def _async_report_verdict(self, *, is_problem: bool, is_healthy: bool) -> None:
        if is_problem and not self._last.token_is_bad:
            self._last.token_is_bad = True
            self._async_notify(TokenEvent(event_type=TokenEventType.BECAME_INVALID))
        elif is_healthy:
            self._last.token_is_bad = False
