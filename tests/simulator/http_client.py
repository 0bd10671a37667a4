"""Short functions for requests to a host of the world."""

from typing import Any

import aiohttp


async def status(session: aiohttp.ClientSession, url: str, token: str | None = None) -> int:
    """Return the status of a response."""
    async with session.get(url, headers={"X-Plex-Token": token} if token else {}) as response:
        return response.status


async def body(session: aiohttp.ClientSession, url: str, token: str | None = None) -> Any:
    """Return the JSON of a successful response."""
    async with session.get(url, headers={"X-Plex-Token": token} if token else {}) as response:
        assert response.status == 200
        return await response.json()


async def container(
    session: aiohttp.ClientSession, url: str, token: str | None = None
) -> dict[str, Any]:
    """Return the media container of a server's successful response."""
    response = await body(session, url, token)
    assert response.keys() == {"MediaContainer"}
    content: dict[str, Any] = response["MediaContainer"]
    return content
