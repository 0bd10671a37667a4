"""The dispatcher of the events of one server."""

from collections import deque
from collections.abc import Callable
from datetime import timedelta
from functools import partial

from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import CoreState, HomeAssistant, callback
from homeassistant.helpers.start import async_at_started

from ..runtime import PlexMonitorConfigEntry
from ..tokens import stored_tokens
from .last_reported import async_last_reported
from .listeners import Listeners
from .models import PlexEvent, ServerEvent, ServerEventType, TokenEvent, TokenEventType

# The last reports that wait for the start of Home Assistant.
MAX_PENDING = 1000


class EventDispatcher:
    """Dispatch events to the listeners, and derive events of the server and its token."""

    def __init__(self, hass: HomeAssistant, entry: PlexMonitorConfigEntry) -> None:
        """Initialize with what was reported before a reload of the entry."""
        self._hass = hass
        self.entry = entry
        self.listeners: Listeners[PlexEvent] = Listeners()
        self._last = async_last_reported(hass, entry.entry_id)
        # Reports made when there are no listeners yet: during the setup of the entry, and before
        # Home Assistant has started the automations.
        self._pending: deque[Callable[[], None]] = deque(maxlen=MAX_PENDING)

    @property
    def downtime(self) -> timedelta | None:
        """Return for how long the server has been down, or `None` if that was not reported."""
        if self._last.down_since is None:
            return None
        return timedelta(seconds=self._hass.loop.time() - self._last.down_since)

    @property
    def last_online(self) -> bool | None:
        """Return whether the server was online when that was last reported."""
        return self._last.online

    @callback
    def async_start(self) -> None:
        """Make the pending reports once the entry is loaded and Home Assistant has started."""
        self.entry.async_on_unload(self.entry.async_on_state_change(self._async_call_pending))
        self.entry.async_on_unload(
            async_at_started(self._hass, callback(lambda _: self._async_call_pending()))
        )

    @property
    def _has_listeners(self) -> bool:
        return self.entry.state is ConfigEntryState.LOADED and self._hass.state is CoreState.running

    @callback
    def async_dispatch(self, *events: PlexEvent) -> None:
        """Dispatch events to the listeners."""
        self._async_call_when_started(partial(self._async_notify, *events))

    @callback
    def async_report_online(self, *, online: bool, version: str | None) -> None:
        """Report whether the server is online: it may have gone down or come back."""
        report = partial(
            self._async_report_online, online=online, version=version, at=self._hass.loop.time()
        )
        self._async_call_when_started(report)

    @callback
    def async_report_version(self, version: str) -> None:
        """Report that the server was updated, or downgraded, to a version."""
        self.async_dispatch(ServerEvent(event_type=ServerEventType.UPDATED, version=version))

    @callback
    def async_report_token_accepted(self) -> None:
        """Report that the token works: it may have replaced another one."""
        self._async_call_when_started(self._async_report_token_accepted)

    @callback
    def async_report_verdict(self, *, is_problem: bool, is_healthy: bool) -> None:
        """Report the verdict: an invalid token is one event until the token is healthy again."""
        self._async_call_when_started(
            partial(self._async_report_verdict, is_problem=is_problem, is_healthy=is_healthy)
        )

    @callback
    def _async_call_when_started(self, report: Callable[[], None]) -> None:
        if self._has_listeners:
            report()
        else:
            self._pending.append(report)

    @callback
    def _async_call_pending(self) -> None:
        """Make the pending reports if there are listeners now."""
        if self._has_listeners:
            pending = tuple(self._pending)
            self._pending.clear()
            for report in pending:
                report()

    @callback
    def _async_notify(self, *events: PlexEvent) -> None:
        for event in events:
            self.listeners.async_notify(event)

    @callback
    def _async_report_online(self, *, online: bool, version: str | None, at: float) -> None:
        was_online, self._last.online = self._last.online, online
        # A server that is offline when Home Assistant starts was online when it was added.
        if was_online is online or (was_online is None and online):
            return
        downtime = self.downtime
        self._last.down_since = None if online else at
        self._async_notify(
            ServerEvent(
                event_type=ServerEventType.CAME_BACK if online else ServerEventType.WENT_DOWN,
                version=version,
                downtime=None if downtime is None else int(downtime.total_seconds()),
            )
        )

    @callback
    def _async_report_token_accepted(self) -> None:
        tokens = stored_tokens(self.entry)
        if self._last.tokens not in {None, (None, None), tokens}:
            self._async_notify(TokenEvent(event_type=TokenEventType.REPLACED))
        self._last.tokens = tokens

    @callback
    def _async_report_verdict(self, *, is_problem: bool, is_healthy: bool) -> None:
        if is_problem and not self._last.is_token_invalid:
            self._last.is_token_invalid = True
            self._async_notify(TokenEvent(event_type=TokenEventType.BECAME_INVALID))
        elif is_healthy:
            self._last.is_token_invalid = False
