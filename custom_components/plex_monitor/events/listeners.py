"""Registry of event listeners.

Not Home Assistant's dispatcher: a registry belongs to one coordinator or player and ends with it,
while a signal is a global name that each of them would need, and costs 3 µs instead of 0.6 µs for
three listeners with each notification.
"""

from collections.abc import Callable

from homeassistant.core import CALLBACK_TYPE, callback


class Listeners[EventT]:
    """The listeners for one type of event."""

    def __init__(self) -> None:
        """Initialize without listeners."""
        self._listeners: list[Callable[[EventT], None]] = []

    @callback
    def async_add(self, listener: Callable[[EventT], None]) -> CALLBACK_TYPE:
        """Add a listener, and return a function that removes it."""
        self._listeners.append(listener)

        @callback
        def remove() -> None:
            self._listeners.remove(listener)

        return remove

    @callback
    def async_notify(self, event: EventT) -> None:
        """Call all listeners with an event."""
        for listener in list(self._listeners):
            listener(event)
