"""Listeners are called with each event until they are removed."""

from custom_components.plex_monitor.events.listeners import Listeners


def test_listeners_are_called_until_they_are_removed() -> None:
    """In the order in which they were added."""
    listeners: Listeners[str] = Listeners()
    first: list[str] = []
    second: list[str] = []
    remove = listeners.async_add(first.append)
    listeners.async_add(second.append)
    listeners.async_notify("one")
    remove()
    listeners.async_notify("two")
    assert (first, second) == (["one"], ["one", "two"])


def test_listener_that_removes_itself_does_not_affect_the_next() -> None:
    """It has received the event that it waited for."""
    listeners: Listeners[str] = Listeners()
    received: list[str] = []
    remove = listeners.async_add(lambda _: remove())
    listeners.async_add(received.append)
    listeners.async_notify("one")
    assert received == ["one"]
