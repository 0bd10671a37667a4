"""Find the shortest list of steps that still violates the same invariant.

Delta debugging over the list: the steps after the violation go at once; then ever smaller pieces
are left out, as long as the same invariant is still violated; then the waits are shortened. Every
list of steps is a valid run, so each attempt is one.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace

from .steps import Step, Wait

type Fails = Callable[[Sequence[Step]], bool]

SHORT_WAITS = (0.0, 15.0, 90.0, 600.0)


def shrink(steps: Sequence[Step], fails: Fails) -> list[Step]:
    """Return a list that still fails, and that no single step can be left out of.

    `fails` runs a list, and raises `TimeoutError` when there is no time for more: then the
    shortest list so far is returned.
    """
    shrinker = _Shrinker(steps, fails)
    with suppress(TimeoutError):
        shrinker.leave_out()
        shrinker.shorten_waits()
    return shrinker.shortest


class _Shrinker:
    def __init__(self, steps: Sequence[Step], fails: Fails) -> None:
        self.shortest = list(steps)
        self._fails = fails

    def _try(self, steps: list[Step]) -> bool:
        """Keep a list as the shortest if it fails."""
        if not self._fails(steps):
            return False
        self.shortest = steps
        return True

    def leave_out(self) -> None:
        """Leave out pieces of half the list, of a quarter, and so on down to single steps."""
        size = max(1, len(self.shortest) // 2)
        while True:
            start, left_out = 0, False
            while start < len(self.shortest):
                if self._try(self.shortest[:start] + self.shortest[start + size :]):
                    left_out = True
                else:
                    start += size
            if size > 1:
                size //= 2
            elif not left_out:
                return

    def shorten_waits(self) -> None:
        """Shorten each wait as far as the list still fails."""
        for number, step in enumerate(list(self.shortest)):
            if not isinstance(step, Wait):
                continue
            for seconds in SHORT_WAITS:
                if seconds >= step.seconds:
                    break
                shorter = list(self.shortest)
                shorter[number] = replace(step, seconds=seconds)
                if self._try(shorter):
                    break
