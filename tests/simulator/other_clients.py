"""Points other clients of Plex, which know plex.tv by its name, at the simulated one."""

import plexauth
import pytest
import requests

from .world import World

PLEX_TV_NAMES = ("https://plex.tv", "https://clients.plex.tv", "https://sonos.plex.tv")


def lead_to(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Send what PlexAPI and plexauth ask of plex.tv to this world instead."""
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
