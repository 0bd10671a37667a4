"""Fixtures for the tests of the flows."""

from homeassistant.core import HomeAssistant
import pytest


@pytest.fixture
def failing_handshakes(hass: HomeAssistant) -> None:
    """Let TLS handshakes fail quietly.

    A loop in debug mode reports those that fail at the server, which is in this process.
    """
    hass.loop.set_debug(enabled=False)
