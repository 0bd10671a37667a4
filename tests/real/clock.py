"""A clock that can run faster, for a process in which hours have to pass."""

from collections.abc import Callable
import selectors
import time
from typing import Any

_clocks: list[_Clock] = []
_speed = 1.0


class _Clock:
    """A clock with an adjustable speed that never jumps."""

    def __init__(self, real: Callable[[], float]) -> None:
        """Initialize with the speed of a real clock."""
        self._real = real
        self._since = self._shown = real()
        self._speed = 1.0

    def __call__(self) -> float:
        """Return the time."""
        return self._shown + (self._real() - self._since) * self._speed

    def run(self, speed: float) -> None:
        """Run this many times as fast from now on."""
        self._since, self._shown, self._speed = self._real(), self(), speed


def install() -> None:
    """Replace the clock of this process, including the timers of its event loops.

    Call it before the import of anything that imports functions from `time`. Waits in the operating
    system itself, such as the timeout of a socket in a thread, are not affected, nor are the module
    `datetime` and the functions that count nanoseconds.
    """
    for name in ("monotonic", "time"):
        clock = _Clock(getattr(time, name))
        _clocks.append(clock)
        setattr(time, name, clock)
    select: Callable[..., list[Any]] = selectors.DefaultSelector.select

    def select_sooner(
        self: selectors.BaseSelector, timeout: float | None = None
    ) -> list[tuple[selectors.SelectorKey, int]]:
        return select(self, None if timeout is None else timeout / _speed)

    setattr(selectors.DefaultSelector, "select", select_sooner)  # noqa: B010 - mypy refuses the assignment.


def run(speed: float) -> None:
    """Run the clock this many times as fast from now on."""
    global _speed  # noqa: PLW0603 - a process has one clock.
    _speed = speed
    for clock in _clocks:
        clock.run(speed)


def speed() -> float:
    """Return how many times as fast the clock runs."""
    return _speed
