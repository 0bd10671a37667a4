"""Fixtures for tests of pictures and links."""

from typing import Any

from aiohttp.test_utils import TestClient
from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from tests.support.entries import set_up
from tests.support.pictures import picture_of_latest


@pytest.fixture
async def address(
    hass: HomeAssistant, enable_custom_integrations: None, entry: MockConfigEntry
) -> str:
    """Set up an entry, and return the address of the picture of the film that was added last."""
    await set_up(hass, entry)
    return await picture_of_latest(hass, entry)


@pytest.fixture
async def client(
    hass_client_no_auth: ClientSessionGenerator,
    address: str,
) -> TestClient[Any, Any]:
    """Return a client of Home Assistant, which serves pictures by now, that is not signed in."""
    return await hass_client_no_auth()
