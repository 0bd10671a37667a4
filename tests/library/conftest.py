"""Fixtures for tests of libraries."""

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from tests.simulator import World
from tests.support.libraries import SettledHome, set_up_and_settle


@pytest.fixture
async def settled(
    hass: HomeAssistant,
    enable_custom_integrations: None,
    freezer: FrozenDateTimeFactory,
    world: World,
    entry: MockConfigEntry,
) -> SettledHome:
    """Return the owner's entry after everything that its setup requests has been read."""
    await set_up_and_settle(hass, freezer, world, entry)
    return SettledHome(hass=hass, freezer=freezer, world=world, entry=entry)
