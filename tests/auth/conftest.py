"""Fixtures for tests of the token."""

from functools import partial

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from tests.simulator import World
from tests.support.entries import set_up
from tests.support.helpers import advance
from tests.support.tokens import MINUTE, Elapse, revoke_token


@pytest.fixture
def elapse(hass: HomeAssistant, freezer: FrozenDateTimeFactory) -> Elapse:
    """Return a function that lets time pass for Home Assistant and the simulator."""
    return partial(advance, hass, freezer)


@pytest.fixture
async def loaded_entry(
    hass: HomeAssistant,
    enable_custom_integrations: None,
    entry: MockConfigEntry,
) -> MockConfigEntry:
    """Return the entry of the owner, set up with a valid token."""
    await set_up(hass, entry)
    return entry


@pytest.fixture
async def revoked_entry(
    world: World, loaded_entry: MockConfigEntry, elapse: Elapse
) -> MockConfigEntry:
    """Return the entry of the owner, whose token was revoked and is reported as invalid."""
    revoke_token(world, loaded_entry)
    await elapse(2 * MINUTE, step=5)
    return loaded_entry
