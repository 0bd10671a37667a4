"""Whoever wants to be told something."""

from collections.abc import Callable

from homeassistant.core import CALLBACK_TYPE, callback


class Listeners[EventT]:
    """Keep the listeners to one kind of event."""

    def __init__(self) -> None:
        """Have nobody listen yet."""
        self._listeners: list[Callable[[EventT], None]] = []

    @callback
    def async_add(self, listener: Callable[[EventT], None]) -> CALLBACK_TYPE:
        """Add a listener, and return how to take it out."""
        self._listeners.append(listener)

        @callback
        def remove() -> None:
            self._listeners.remove(listener)

        return remove

    @callback
    def async_notify(self, event: EventT) -> None:
        """Tell all who listen now."""
        for listener in list(self._listeners):
            listener(event)
