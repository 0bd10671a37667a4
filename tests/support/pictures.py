"""Addresses of pictures, and requests to them as from somebody without a login."""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from aiohttp import ClientResponse
from aiohttp.test_utils import TestClient
from homeassistant.core import HomeAssistant
from pytest_homeassistant_custom_component.common import MockConfigEntry
from yarl import URL

from tests.simulator import World
from tests.simulator.request_log import RequestRecord

from .actions import perform

REFUSED = {HTTPStatus.BAD_REQUEST, HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND}


async def picture_of_latest(hass: HomeAssistant, entry: MockConfigEntry) -> str:
    """Return the address of the picture of the film that was added last."""
    response = await perform(hass, entry, "recently_added", library="Movies", limit=1)
    address: str = response["items"][0]["picture"]
    return address


async def request_raw(
    client: TestClient[Any, Any], address: str, *, method: str = "GET", **kwargs: Any
) -> ClientResponse:
    """Send a request with exactly this address, which is not encoded or normalized."""
    base = str(client.make_url("/")).removesuffix("/")
    return await client.session.request(method, URL(base + address, encoded=True), **kwargs)


def picture_requests(world: World) -> Sequence[RequestRecord]:
    """Return the requests for pictures that reached the server Home."""
    return [each for each in world.requests.to(host="Home") if each.path.startswith("/photo/")]
