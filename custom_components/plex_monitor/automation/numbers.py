"""Numbers and durations that a user writes: those that nothing can count to are rejected."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from homeassistant.helpers import config_validation as cv
import voluptuous as vol

from ..plex.parsing import number


def number_of(
    kind: type[int | float], *, least: float, most: float | None = None
) -> Callable[[Any], Any]:
    """Return a validator for a finite number in a range; an int loses its fraction."""
    in_range: Callable[[Any], Any] = vol.All(
        _finite(kind), vol.Range(min=least, max=most), vol.Coerce(kind)
    )
    return in_range


def _finite(kind: type[int | float]) -> Callable[[Any], float]:
    """Return a validator for a number, also as text; a boolean is none."""

    def validate(value: Any) -> float:
        if (finite := number(value)) is None:
            raise vol.Invalid(f"expected {kind.__name__}")
        return finite

    return validate


def valid_duration(value: Any) -> timedelta:
    """Validate a duration of Home Assistant, and that Python can hold it."""
    try:
        period: timedelta = cv.positive_time_period(value)
    except OverflowError:
        raise vol.Invalid(f"{value} is too long") from None
    return period
