"""The number of streams of a server, against the limit of a trigger."""

from collections.abc import Callable, Mapping

from homeassistant.core import CALLBACK_TYPE, callback

from ..plex.models import Session
from ..server.coordinator import PlexMonitorCoordinator
from .duration import DurationTimer


class StreamCountTracker:
    """Run an action when the number of matching streams rises above a limit and stays there."""

    def __init__(
        self,
        coordinator: PlexMonitorCoordinator,
        timer: DurationTimer,
        *,
        limit: int,
        matches: Callable[[Session], bool],
        action: Callable[[list[Session]], None],
    ) -> None:
        """Initialize without streams."""
        self._coordinator = coordinator
        self._timer = timer
        self._limit = limit
        self._matches = matches
        self._action = action
        self._sessions: Mapping[str, Session] | None = None
        # `None` until the streams are known: the first number never triggers, even above the limit.
        self._was_above: bool | None = None

    @callback
    def async_start(self) -> CALLBACK_TYPE:
        """Start to track the streams, and return how to stop."""
        self._async_update()
        remove_listener = self._coordinator.async_add_listener(self._async_update)

        @callback
        def stop() -> None:
            remove_listener()
            self._timer.async_cancel()

        return stop

    @callback
    def _async_update(self) -> None:
        """Compare the streams with the limit, where they changed."""
        data = self._coordinator.data
        if not self._coordinator.available or data is None or data.sessions is None:
            self._sessions = None
            if self._timer.async_cancel():
                # The action has not run, so it starts anew when the streams are known again.
                self._was_above = False
            return
        if data.sessions is self._sessions:
            return
        self._sessions = data.sessions
        is_above = len(self._matching()) > self._limit
        if is_above and self._was_above is False:
            self._timer.async_start(self._async_run_action)
        elif not is_above:
            self._timer.async_cancel()
        self._was_above = is_above

    @callback
    def _async_run_action(self) -> None:
        self._action(self._matching())

    def _matching(self) -> list[Session]:
        return [session for session in (self._sessions or {}).values() if self._matches(session)]
