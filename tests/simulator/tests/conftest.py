"""The clients of the simulator's tests."""

from collections.abc import AsyncGenerator

import aiohttp
import plexauth
import pytest
import requests

from tests.simulator import Account, World

PLEX_TV_NAMES = ("https://plex.tv", "https://clients.plex.tv", "https://sonos.plex.tv")
JSON = {"Accept": "application/json"}


@pytest.fixture
async def client(world: World) -> AsyncGenerator[aiohttp.ClientSession]:
    """Return the session of an app that is not signed in."""
    headers = {"X-Plex-Client-Identifier": "client-1", "X-Plex-Product": "Client"}
    async with aiohttp.ClientSession(headers=JSON | headers) as session:
        yield session


@pytest.fixture
async def session(world: World, owner: Account) -> AsyncGenerator[aiohttp.ClientSession]:
    """Return the session of an app that is signed in with the owner's account."""
    headers = {"X-Plex-Token": world.plex_tv.sign_in(owner)}
    async with aiohttp.ClientSession(headers=JSON | headers) as session:
        yield session


@pytest.fixture
def redirect_plex_tv(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Redirect the requests of PlexAPI and plexauth to plex.tv to the simulated one."""
    real_request = requests.Session.request

    def request(
        self: requests.Session, method: str, url: str, *args: object, **kwargs: object
    ) -> requests.Response:
        for name in PLEX_TV_NAMES:
            if url == name or url.startswith(f"{name}/"):
                url = world.plex_tv.url + url.removeprefix(name)
        return real_request(self, method, url, *args, **kwargs)  # type: ignore[arg-type]  # Passed on.

    monkeypatch.setattr(requests.Session, "request", request)
    for constant in ("CODES_URL", "TOKEN_URL"):
        address = getattr(plexauth, constant).replace("https://plex.tv", world.plex_tv.url)
        monkeypatch.setattr(plexauth, constant, address)
