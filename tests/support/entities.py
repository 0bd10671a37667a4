"""Helpers for tests of entities."""

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from typing import Any
from unittest.mock import PropertyMock, patch

from homeassistant.const import STATE_UNAVAILABLE
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


def available(hass: HomeAssistant, domain: str) -> dict[str, str]:
    """Return the states of the entities of a domain that are not unavailable."""
    return {
        state.entity_id: state.state
        for state in hass.states.async_all(domain)
        if state.state != STATE_UNAVAILABLE
    }


def unrecorded_attributes(hass: HomeAssistant, entity_id: str) -> frozenset[str]:
    """Return the attributes of a state that are not recorded."""
    state = hass.states.get(entity_id)
    assert state is not None, f"{entity_id} does not exist"
    assert state.state_info is not None
    return state.state_info["unrecorded_attributes"]
