"""Whoever wants to be told something is told it."""

from custom_components.plex_monitor.events.listeners import Listeners


def test_listeners_are_told_until_they_are_removed() -> None:
    """Each of them, in turn."""
    listeners: Listeners[str] = Listeners()
    first: list[str] = []
    second: list[str] = []
    remove = listeners.async_add(first.append)
    listeners.async_add(second.append)
    listeners.async_notify("one")
    remove()
    listeners.async_notify("two")
    assert (first, second) == (["one"], ["one", "two"])


def test_listener_that_removes_itself_keeps_nothing_from_the_next() -> None:
    """It has heard what it waited for."""
    listeners: Listeners[str] = Listeners()
    told: list[str] = []
    remove = listeners.async_add(lambda _: remove())
    listeners.async_add(told.append)
    listeners.async_notify("one")
    assert told == ["one"]
