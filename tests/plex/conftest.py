"""Fixtures for the tests of the Plex client."""

from collections.abc import AsyncGenerator

import aiohttp
from hypothesis import settings
import pytest

from custom_components.plex_monitor.plex import verified_requests
from custom_components.plex_monitor.plex.server import PlexServer
from custom_components.plex_monitor.plex.token_health import Evidence, TokenHealth
from custom_components.plex_monitor.plex.transport import ClientIdentity, PlexTransport
from tests import simulator
from tests.simulator import World

from .common import IDENTITY, Clock, transport_to
from .raw_server import RawServer
from .token_timeline import ACCEPTS, PLEX_TV_ACCEPTS, TokenTimeline

# A slow machine is no reason to fail.
settings.register_profile("plex", deadline=None)
settings.load_profile("plex")


@pytest.fixture(autouse=True)
def sockets(socket_enabled: None) -> None:
    """Allow connections to servers on 127.0.0.1."""


@pytest.fixture
def identity() -> ClientIdentity:
    """Return the identity of a client."""
    return IDENTITY


@pytest.fixture
async def session() -> AsyncGenerator[aiohttp.ClientSession]:
    """Return a session like that of Home Assistant, which follows redirects by default."""
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.fixture
async def raw() -> AsyncGenerator[RawServer]:
    """Run a server that responds with given bytes."""
    async with RawServer() as server:
        yield server


@pytest.fixture
def plex(raw: RawServer, session: aiohttp.ClientSession, identity: ClientIdentity) -> PlexTransport:
    """Return a transport to the raw server."""
    return transport_to(raw.url, session, identity)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Replace the clock of the identity check."""
    clock = Clock()
    monkeypatch.setattr(verified_requests, "monotonic", clock)
    return clock


@pytest.fixture
async def home(world: World) -> simulator.PlexServer:
    """Return a simulated server."""
    owner = world.plex_tv.add_account("owner", plex_pass=True)
    return await world.add_server("Home", owner=owner)


@pytest.fixture
def token(world: World, home: simulator.PlexServer) -> str:
    """Return a token of the owner."""
    return world.plex_tv.sign_in(
        home.owner, client_identifier="plex-monitor-test", product="Home Assistant"
    )


@pytest.fixture
def friend_token(world: World, home: simulator.PlexServer) -> str:
    """Return a token of a user whom the server is shared with."""
    return home.share_with(world.plex_tv.add_account("friend"))


@pytest.fixture
def server(
    home: simulator.PlexServer,
    token: str,
    session: aiohttp.ClientSession,
    identity: ClientIdentity,
) -> PlexServer:
    """Return a client of the simulated server."""
    return PlexServer(
        session, home.url, identity, machine_identifier=home.machine_identifier, token=token
    )


@pytest.fixture
def timeline() -> TokenTimeline:
    """Return the timeline of a token that plex.tv accepts, and a server that needs one."""
    timeline = TokenTimeline(TokenHealth(has_account_token=True))
    timeline.add(Evidence.SERVER_CLAIMED, Evidence.ENFORCED, ACCEPTS, PLEX_TV_ACCEPTS)
    return timeline


@pytest.fixture
def server_timeline() -> TokenTimeline:
    """Return the timeline of a token that a server which needs one accepts, unknown to plex.tv."""
    timeline = TokenTimeline(TokenHealth(has_account_token=False))
    timeline.add(Evidence.SERVER_CLAIMED, Evidence.ENFORCED, ACCEPTS)
    return timeline
