"""A deliberate bug, and the patches that bugs are made of."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any
from unittest.mock import patch

from .scenario import Draw


@dataclass(frozen=True, kw_only=True)
class Bug:
    """A bug, and the invariant that has to find it; `also` is one that may find it earlier.

    `draws` are what it is hunted with, if that is not all that can happen.
    """

    name: str
    invariant: str
    also: str | None = None
    plant: Callable[[], AbstractContextManager[Any]]
    draws: Mapping[Draw, int] | None = None

    @property
    def finders(self) -> tuple[str | None, ...]:
        """Return the invariants that may find it."""
        return (self.invariant, self.also) if self.also else (self.invariant,)


def numbers(module: Any, **values: float) -> Callable[[], AbstractContextManager[Any]]:
    """Return a patch that sets constants of a module."""
    new: dict[str, Any] = dict(values)
    return lambda: patch.multiple(module, **new)


def method(owner: type, name: str, new: Any) -> Callable[[], AbstractContextManager[Any]]:
    """Return a patch that replaces a method or a property."""
    return lambda: patch.object(owner, name, new)


def around(
    owner: type, name: str, before: Callable[..., None]
) -> Callable[[], AbstractContextManager[Any]]:
    """Return a patch that runs a function before a method."""
    whole = getattr(owner, name)

    def more(self: Any, *args: Any, **kwargs: Any) -> Any:
        before(self, *args, **kwargs)
        return whole(self, *args, **kwargs)

    return method(owner, name, more)


async def nothing(*_args: Any, **_kwargs: Any) -> None:
    """Do nothing."""


async def true(*_args: Any, **_kwargs: Any) -> bool:
    """Say yes."""
    return True


async def false(*_args: Any, **_kwargs: Any) -> bool:
    """Say no."""
    return False
