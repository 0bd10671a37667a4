"""A clock that can be made to run faster, for a process in which hours have to pass."""

from collections.abc import Callable
import selectors
import time
from typing import Any

_clocks: list[_Clock] = []
_speed = 1.0


class _Clock:
    """A clock that is as fast as is wished, and never jumps."""

    def __init__(self, real: Callable[[], float]) -> None:
        """Be as fast as a real one."""
        self._real = real
        self._since = self._shown = real()
        self._speed = 1.0

    def __call__(self) -> float:
        """Return the time."""
        return self._shown + (self._real() - self._since) * self._speed

    def run(self, speed: float) -> None:
        """Run so many times as fast from now on."""
        self._since, self._shown, self._speed = self._real(), self(), speed


def install() -> None:
    """Take the place of the clock, for all timers of this process's event loops.

    To be called before anything is imported that takes the clock from the module `time`. What waits
    in the operating system itself, such as a socket's timeout in a thread, takes as long as ever;
    nor does the module `datetime` follow, nor what counts nanoseconds.
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

    setattr(selectors.DefaultSelector, "select", select_sooner)  # noqa: B010 - not for mypy.


def run(speed: float) -> None:
    """Let the time pass so many times as fast from now on."""
    global _speed  # noqa: PLW0603 - there is one clock in a process.
    _speed = speed
    for clock in _clocks:
        clock.run(speed)


def speed() -> float:
    """Return how many times as fast the time passes now."""
    return _speed
