"""Fixtures for tests of players."""

from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from tests.simulator import PlexServer, Stream
from tests.support.players import playing_in_the_bedroom


@pytest.fixture
async def stream(
    hass: HomeAssistant,
    enable_custom_integrations: None,
    home: PlexServer,
    bedroom_entry: MockConfigEntry,
) -> Stream:
    """Return the film that plays in the bedroom, whose player is tracked."""
    return await playing_in_the_bedroom(hass, home, bedroom_entry)
