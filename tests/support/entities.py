"""Helpers for tests of entities."""

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from typing import Any
from unittest.mock import PropertyMock, patch

from homeassistant.core import HomeAssistant

from .entries import state_of


@contextmanager
def all_enabled() -> Generator[None]:
    """Enable all entities that are registered while entered."""
    with patch(
        "homeassistant.helpers.entity.Entity.entity_registry_enabled_default",
        PropertyMock(return_value=True),
    ):
        yield


def attributes_of(hass: HomeAssistant, entity_id: str) -> Mapping[str, Any]:
    """Return the attributes of a state, which has to exist."""
    state = hass.states.get(entity_id)
    assert state is not None, f"{entity_id} does not exist"
    return state.attributes


def values(hass: HomeAssistant, *keys: str) -> list[str]:
    """Return the states of sensors of the server Home and of its libraries."""
    return [state_of(hass, f"sensor.home_{key}") for key in keys]
