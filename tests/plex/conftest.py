"""Fixtures for the tests of the Plex client."""

from collections.abc import AsyncGenerator

import aiohttp
from hypothesis import settings
import pytest

from custom_components.plex_monitor.plex.transport import ClientIdentity

from .raw_server import RawServer

# A busy machine is no reason to fail.
settings.register_profile("plex", deadline=None)
settings.load_profile("plex")


@pytest.fixture(autouse=True)
def sockets(socket_enabled: None) -> None:
    """Let the tests talk to servers on 127.0.0.1."""


@pytest.fixture
def identity() -> ClientIdentity:
    """Return the identity of a client."""
    return ClientIdentity(
        client_identifier="plex-monitor-test",
        product="Home Assistant",
        version="2026.10.4",
        platform="Home Assistant",
        platform_version="2026.10.4",
        device="Home",
        device_name="Home Assistant",
    )


@pytest.fixture
async def session() -> AsyncGenerator[aiohttp.ClientSession]:
    """Return a session like Home Assistant's: it would follow redirects if it were let."""
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.fixture
async def raw() -> AsyncGenerator[RawServer]:
    """Run a server that answers with the bytes it is told to."""
    async with RawServer() as server:
        yield server
