"""The `for` option of triggers: act only on what has lasted for some time."""

from datetime import datetime, timedelta

from homeassistant.core import CALLBACK_TYPE, HassJob, HomeAssistant, callback
from homeassistant.helpers.event import async_call_later


class DurationTimer:
    """Run an action once something has lasted for a duration."""

    def __init__(self, hass: HomeAssistant, duration: timedelta) -> None:
        """Initialize the timer; a duration of zero runs the action at once."""
        self._hass = hass
        self._duration = duration
        self._cancel: CALLBACK_TYPE | None = None

    @callback
    def async_start(self, action: CALLBACK_TYPE, *, elapsed: timedelta = timedelta()) -> None:
        """Run the action when the duration has passed, of which some may have elapsed."""
        remaining = self._duration - elapsed
        if remaining <= timedelta():
            action()
            return

        @callback
        def run(_now: datetime) -> None:
            self._cancel = None
            action()

        self._cancel = async_call_later(
            self._hass, remaining, HassJob(run, cancel_on_shutdown=True)
        )

    @callback
    def async_cancel(self) -> bool:
        """Cancel the action, and return whether it was still pending."""
        if self._cancel is None:
            return False
        self._cancel()
        self._cancel = None
        return True
