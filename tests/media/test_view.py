"""The address of a picture works without a login, for a while, and for that picture alone."""

import asyncio
from collections.abc import Callable
from http import HTTPStatus
import io
from typing import Any

from aiohttp.test_utils import TestClient
from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import ConfigEntryDisabler
from homeassistant.core import HomeAssistant
from PIL import Image
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.plex_monitor.const import CONF_ACCOUNT_TOKEN, CONF_SERVER_TOKEN
from custom_components.plex_monitor.media.addresses import DAY, PictureSize
from custom_components.plex_monitor.media.pictures import AT_ONCE, MAX_KEPT, MAX_WAITING
from tests.simulator import Account, Fault, PlexServer, World
from tests.support.entries import set_up, signed_in_entry
from tests.support.helpers import advance, settle
from tests.support.pictures import (
    REFUSED,
    picture_of_latest,
    picture_requests,
    request_raw,
)

PICTURES = "^/photo/"
# Where each part stands in an address, whose parts are separated by slashes.
ENTRY_ID, RATING_KEY, STAMP, SIZE, EXPIRES_AT, SIGNATURE = 4, 5, 6, 7, 8, 9
LATER = str(10**10)
# Home Assistant itself refuses some addresses, and logs them.
FILTERED = r"^homeassistant\.components\.http\.security_filter: Filtered"


def with_part(part: int, value: str | Callable[[str], str]) -> Callable[[str], str]:
    """Return a function that replaces a part of an address."""

    def replaced(address: str) -> str:
        parts = address.split("/")
        parts[part] = value if isinstance(value, str) else value(parts[part])
        return "/".join(parts)

    return replaced


async def test_picture_is_served_without_a_login(
    world: World, entry: MockConfigEntry, address: str, client: TestClient[Any, Any]
) -> None:
    """It has no token in it, and may be kept, but not run, by a browser."""
    assert address.startswith("/api/plex_monitor/picture/")
    assert address.endswith(".jpg")
    assert "?" not in address
    assert len(address) < 160
    response = await client.get(address)
    assert (response.status, response.content_type) == (HTTPStatus.OK, "image/jpeg")
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Cache-Control"] == f"private, max-age={7 * DAY}, immutable"
    assert response.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
    content = await response.read()
    with Image.open(io.BytesIO(content)) as picture:
        assert picture.size == (600, 900)
    (request,) = picture_requests(world)
    assert request.token_sent == entry.data[CONF_SERVER_TOKEN]
    assert not request.token_in_query
    for token in (entry.data[CONF_ACCOUNT_TOKEN], entry.data[CONF_SERVER_TOKEN]):
        assert token not in address
        assert token not in str(response.headers)
        assert token.encode() not in content
    # A second one, and the headers alone, are answered without the server.
    assert await (await client.get(address)).read() == content
    response = await client.head(address)
    assert (response.status, response.content_length) == (HTTPStatus.OK, len(content))
    assert await response.read() == b""
    assert len(picture_requests(world)) == 1


async def test_sizes(entry: MockConfigEntry, address: str, client: TestClient[Any, Any]) -> None:
    """The server scales the picture to one of a few sizes, each with an address of its own."""
    path = "/library/metadata/{}/thumb/{}".format(*address.split("/")[RATING_KEY : STAMP + 1])
    links = entry.runtime_data.links
    assert links.picture(path) == address
    for size, expected in (
        (PictureSize.SMALL, (200, 300)),
        (PictureSize.MEDIUM, (400, 600)),
        (PictureSize.LARGE, (600, 900)),
    ):
        response = await client.get(links.picture(path, size))
        with Image.open(io.BytesIO(await response.read())) as picture:
            assert picture.size == expected


async def test_address_lasts(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    entry: MockConfigEntry,
    address: str,
    client: TestClient[Any, Any],
) -> None:
    """It is valid for a week at least, and two at most, and meanwhile replaced by another."""
    await hass.config_entries.async_unload(entry.entry_id)
    freezer.tick(7 * DAY)
    await set_up_again(hass, entry)
    assert (await client.get(address)).status == HTTPStatus.OK
    later = await picture_of_latest(hass, entry)
    assert later != address
    await hass.config_entries.async_unload(entry.entry_id)
    freezer.tick(7 * DAY)
    await set_up_again(hass, entry)
    assert (await client.get(address)).status == HTTPStatus.FORBIDDEN
    assert (await client.get(later)).status == HTTPStatus.OK


async def set_up_again(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Set up an entry that was unloaded."""
    await hass.config_entries.async_setup(entry.entry_id)
    await settle(hass)


@pytest.mark.allowed_logs(FILTERED)
@pytest.mark.parametrize(
    "forge",
    [
        with_part(ENTRY_ID, "01JG00V55WEVTJ0CJHM0GAD7PD"),
        with_part(ENTRY_ID, ""),
        with_part(ENTRY_ID, str.lower),
        with_part(RATING_KEY, "1"),
        with_part(RATING_KEY, lambda key: f"0{key}"),
        with_part(RATING_KEY, lambda key: f"-{key}"),
        with_part(RATING_KEY, lambda key: f"{key}%20"),
        with_part(RATING_KEY, lambda key: f"{key}%00"),
        with_part(RATING_KEY, lambda key: f"{key}%0A"),
        with_part(RATING_KEY, lambda key: f"{key},1"),
        with_part(RATING_KEY, "9" * 18),
        with_part(RATING_KEY, "9" * 5000),
        with_part(RATING_KEY, "%D9%A1%D9%A2"),
        with_part(RATING_KEY, "1e9"),
        with_part(RATING_KEY, "..%2F..%2F..%2Fidentity"),
        with_part(RATING_KEY, "%252e%252e%252fidentity"),
        with_part(RATING_KEY, "%2e%2e"),
        with_part(RATING_KEY, "..%5C..%5Cidentity"),
        with_part(RATING_KEY, "http:%2F%2F127.0.0.1:9%2F"),
        with_part(RATING_KEY, "1%2Fthumb%2F1%3Furl=http:"),
        with_part(STAMP, "1"),
        with_part(STAMP, "-1"),
        with_part(STAMP, "--1"),
        with_part(STAMP, "9" * 19),
        with_part(SIZE, "200x300"),
        with_part(SIZE, "200X300"),
        with_part(SIZE, "0x0"),
        with_part(SIZE, "99999x99999"),
        with_part(SIZE, "600x900%26minSize=1"),
        with_part(EXPIRES_AT, LATER),
        with_part(EXPIRES_AT, "9" * 12),
        with_part(EXPIRES_AT, "9" * 5000),
        with_part(EXPIRES_AT, lambda time: f"0{time}"),
        with_part(EXPIRES_AT, "-1"),
        with_part(SIGNATURE, f"{'0' * 32}.jpg"),
        with_part(SIGNATURE, ".jpg"),
        with_part(SIGNATURE, lambda signature: signature.removesuffix(".jpg")),
        with_part(SIGNATURE, lambda signature: signature.replace(".jpg", ".svg")),
        with_part(SIGNATURE, lambda signature: signature[2:]),
        with_part(SIGNATURE, lambda signature: f"00{signature}"),
        with_part(SIGNATURE, lambda signature: f"{signature}%00"),
        with_part(SIGNATURE, lambda signature: f"{signature}/"),
        with_part(SIGNATURE, lambda signature: f"{signature}/..%2F{signature}"),
        with_part(SIGNATURE, lambda signature: f"{signature[:-5]}%C3%A9.jpg"),
    ],
)
async def test_forged_address(
    world: World, address: str, client: TestClient[Any, Any], forge: Callable[[str], str]
) -> None:
    """Nothing in an address can be changed. That is no failed login, and costs the server nothing.

    A failed login would be logged, which fails a test.
    """
    forged = forge(address)
    assert forged != address
    for headers in ({}, {"Authorization": "Bearer somebody"}):
        response = await request_raw(client, forged, headers=headers)
        assert response.status in REFUSED
        assert response.content_type != "image/jpeg"
    assert picture_requests(world) == []
    assert (await client.get(address)).status == HTTPStatus.OK


@pytest.mark.parametrize(
    ("suffix", "headers"),
    [
        ("?url=http://127.0.0.1:9/&width=9999&height=9999", {}),
        ("", {"Range": "bytes=5-"}),
        ("", {"Authorization": "Bearer somebody"}),
        ("", {"X-Forwarded-Host": "elsewhere", "Accept": "text/html"}),
    ],
)
async def test_what_an_address_does_not_say_changes_nothing(
    world: World, address: str, client: TestClient[Any, Any], suffix: str, headers: dict[str, str]
) -> None:
    """Parameters and headers are ignored, and a range of bytes is answered with all of them."""
    whole = await (await client.get(address)).read()
    response = await request_raw(client, address + suffix, headers=headers)
    assert (response.status, response.content_type) == (HTTPStatus.OK, "image/jpeg")
    assert await response.read() == whole
    (request,) = picture_requests(world)
    assert set(request.query) == {"url", "width", "height"}


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
async def test_other_methods(address: str, client: TestClient[Any, Any], method: str) -> None:
    """A picture can only be read."""
    response = await request_raw(client, address, method=method)
    assert response.status == HTTPStatus.METHOD_NOT_ALLOWED


async def test_address_of_another_entry(
    hass: HomeAssistant,
    world: World,
    owner: Account,
    address: str,
    client: TestClient[Any, Any],
) -> None:
    """It does not lead to the item of that number on another server, nor to a removed one."""
    away = await world.add_server("Away", owner=owner)
    other = signed_in_entry(
        world, away, owner, client_identifier="away", entry_id="01JG00V55WEVTJ0CJHM0GAD7PE"
    )
    await set_up(hass, other)
    forged = with_part(ENTRY_ID, other.entry_id)(address)
    assert (await client.get(forged)).status == HTTPStatus.FORBIDDEN
    theirs = await picture_of_latest(hass, other)
    assert (await client.get(theirs)).status == HTTPStatus.OK
    await hass.config_entries.async_remove(other.entry_id)
    assert (await client.get(theirs)).status == HTTPStatus.NOT_FOUND
    assert (await client.get(address)).status == HTTPStatus.OK


async def test_entry_that_is_not_loaded(
    hass: HomeAssistant,
    world: World,
    entry: MockConfigEntry,
    address: str,
    client: TestClient[Any, Any],
) -> None:
    """A disabled server gets no request."""
    await hass.config_entries.async_set_disabled_by(entry.entry_id, ConfigEntryDisabler.USER)
    assert (await client.get(address)).status == HTTPStatus.NOT_FOUND
    assert picture_requests(world) == []


@pytest.mark.parametrize(
    ("fault", "status"),
    [
        (Fault.status(404), HTTPStatus.NOT_FOUND),
        (Fault.status(401), HTTPStatus.BAD_GATEWAY),
        (Fault.UNAUTHORIZED, HTTPStatus.BAD_GATEWAY),
        (Fault.status(403), HTTPStatus.BAD_GATEWAY),
        (Fault.status(500), HTTPStatus.BAD_GATEWAY),
        (Fault.MAINTENANCE, HTTPStatus.BAD_GATEWAY),
        (Fault.RESET, HTTPStatus.BAD_GATEWAY),
        (Fault.TRUNCATED, HTTPStatus.BAD_GATEWAY),
        (Fault.endless("image/jpeg"), HTTPStatus.BAD_GATEWAY),
        (Fault.redirect("http://127.0.0.1:9/"), HTTPStatus.BAD_GATEWAY),
        (Fault.body("<svg onload='a()'/>", content_type="image/svg+xml"), HTTPStatus.BAD_GATEWAY),
        (Fault.body("<script>a()</script>", content_type="text/html"), HTTPStatus.BAD_GATEWAY),
        (Fault.body("BM", content_type="image/bmp"), HTTPStatus.BAD_GATEWAY),
    ],
)
async def test_server_that_sends_no_picture(
    home: PlexServer,
    address: str,
    client: TestClient[Any, Any],
    fault: Fault,
    status: HTTPStatus,
) -> None:
    """What it sends instead is not passed on, and the next request asks it again."""
    rule = home.faults.set(fault, paths=PICTURES)
    response = await client.get(address)
    assert (response.status, response.content_type) == (status, "text/plain")
    assert await response.text() == f"{status}: {status.phrase}"
    home.faults.clear(rule)
    assert (await client.get(address)).status == HTTPStatus.OK


async def test_few_requests_at_once(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    world: World,
    home: PlexServer,
    entry: MockConfigEntry,
    address: str,
    client: TestClient[Any, Any],
) -> None:
    """A server that does not answer gets a few requests, some wait, and the others are refused."""
    home.faults.set(Fault.HANG, paths=PICTURES)
    key = address.split("/")[RATING_KEY]
    requests = [
        asyncio.create_task(
            client.get(entry.runtime_data.links.picture(f"/library/metadata/{key}/thumb/{stamp}"))
        )
        for stamp in range(MAX_WAITING + 3)
    ]
    done: set[asyncio.Task[Any]] = set()
    while len(done) < 3:
        done, _ = await asyncio.wait(requests, timeout=0.1)
    for request in done:
        response = request.result()
        assert response.status == HTTPStatus.SERVICE_UNAVAILABLE
        assert response.headers["Retry-After"] == "10"
    assert len(done) == 3
    assert len(picture_requests(world)) == AT_ONCE
    await advance(hass, freezer, 11, step=1)
    home.faults.clear()
    statuses = [(await request).status for request in requests]
    assert statuses.count(HTTPStatus.BAD_GATEWAY) == AT_ONCE
    assert statuses.count(HTTPStatus.OK) == MAX_WAITING - AT_ONCE
    assert (await client.get(address)).status == HTTPStatus.OK


async def test_one_picture_in_many_places(
    world: World, home: PlexServer, address: str, client: TestClient[Any, Any]
) -> None:
    """Those that have to wait get what the first ones fetched."""
    rule = home.faults.set(Fault.slow(0.3), paths=PICTURES)
    responses = await asyncio.gather(*(client.get(address) for _ in range(3 * AT_ONCE)))
    home.faults.clear(rule)
    assert {response.status for response in responses} == {HTTPStatus.OK}
    assert len(picture_requests(world)) <= AT_ONCE


async def test_few_pictures_are_kept(
    world: World, entry: MockConfigEntry, address: str, client: TestClient[Any, Any]
) -> None:
    """However many are requested, the oldest ones are requested from the server again."""
    key = address.split("/")[RATING_KEY]
    addresses = [
        entry.runtime_data.links.picture(f"/library/metadata/{key}/thumb/{stamp}")
        for stamp in range(MAX_KEPT + 1)
    ]
    for each in addresses:
        await client.get(each)
    requested = len(picture_requests(world))
    await client.get(addresses[-1])
    assert len(picture_requests(world)) == requested == MAX_KEPT + 1
    await client.get(addresses[0])
    assert len(picture_requests(world)) == requested + 1


async def test_large_pictures_are_not_kept_together(
    world: World,
    home: PlexServer,
    entry: MockConfigEntry,
    address: str,
    client: TestClient[Any, Any],
) -> None:
    """They are few already because of their size."""
    large = "x" * (3 * 1024 * 1024)
    home.faults.set(Fault.body(large, content_type="image/png"), paths=PICTURES)
    key = address.split("/")[RATING_KEY]
    other = entry.runtime_data.links.picture(f"/library/metadata/{key}/thumb/5")
    for each in (address, other, other, address):
        response = await client.get(each)
        assert (response.status, response.content_type) == (HTTPStatus.OK, "image/png")
    assert len(picture_requests(world)) == 3
