"""The simulator's bodies have the names and types of captured ones of real servers.

The captures lie beside the repository, in ../shared/captures, and are not part of it.
"""

from collections.abc import Iterable
import json
from typing import Any
from xml.etree.ElementTree import Element, fromstring

import aiohttp
from freezegun.api import FrozenDateTimeFactory
import pytest

from tests.simulator import (
    UHD,
    Account,
    Connection,
    Delivery,
    Kind,
    Player,
    PlexServer,
    World,
)
from tests.simulator.contract import CAPTURES, violations
from tests.simulator.contract_table import MOCKS, OFFICIAL, PIN, RESOURCES, SERVER_CONTRACTS, USER

if not CAPTURES.is_dir():
    pytest.skip("There are no captures at ../shared/captures to compare.", allow_module_level=True)


@pytest.fixture
async def home(world: World, owner: Account, freezer: FrozenDateTimeFactory) -> PlexServer:
    """Return a server with streams, history, activities and all kinds of items."""
    home = await world.add_server("Home", owner=owner)
    home.share_with(world.plex_tv.add_account("friend"))
    home.connections.append(
        Connection(uri="https://relay.invalid", address="192.0.2.1", port=8443, relay=True)
    )
    home.library.add_section("Photos", Kind.PHOTO)
    home.library.items[0].credits_at = 5_000_000
    home.updater.offer("1.44.0.11000-0badc0ffe", fixed="A fault.")
    await home.activities.start("library.update.section", "Scanning Movies", section_id=1)
    for delivery in Delivery:
        await home.start_stream(title="Winter Light", delivery=delivery)
    await home.start_stream(title="First Steps", kind=Kind.EPISODE, with_session=False)
    await home.start_stream(title="Opening", kind=Kind.TRACK)
    await home.start_stream(title="Opening", kind=Kind.TRACK, transcode=True)
    await home.start_stream(title="A Cat", kind=Kind.PHOTO)
    await home.start_stream(title="Coming Soon", kind=Kind.CLIP)
    await home.start_stream(title="The News", kind=Kind.EPISODE, live=True, transcode=True)
    await home.start_stream(
        title="Big", quality=UHD, transcode=True, video="copy", subtitles="burn"
    )
    begun = await home.start_stream(title="The Long Road")
    watched = await home.start_stream(title="Second Thoughts", kind=Kind.EPISODE)
    await watched.seek(5_300_000)
    freezer.tick(60)
    await begun.stop()
    await watched.stop()
    return home


async def fetch(url: str, token: str | None = None, method: str = "GET") -> Any:
    """Return the JSON of a response."""
    headers = {"Accept": "application/json", "X-Plex-Client-Identifier": "contract"}
    if token:
        headers["X-Plex-Token"] = token
    async with (
        aiohttp.ClientSession(headers=headers) as session,
        session.request(method, url) as response,
    ):
        assert response.status in {200, 201}
        return await response.json()


@pytest.mark.parametrize("path", SERVER_CONTRACTS)
async def test_server_in_json(path: str, world: World, owner: Account, home: PlexServer) -> None:
    """An endpoint of the server has the captured names and types."""
    body = await fetch(home.url + path, world.plex_tv.sign_in(owner))

    assert violations(SERVER_CONTRACTS[path], body) == []


@pytest.mark.parametrize("path", SERVER_CONTRACTS)
async def test_server_in_xml(path: str, world: World, owner: Account, home: PlexServer) -> None:
    """The XML of an endpoint has the same content as its JSON."""
    token = world.plex_tv.sign_in(owner)
    as_json = await fetch(home.url + path, token)
    headers = {"X-Plex-Token": token, "X-Plex-Client-Identifier": "contract"}
    async with (
        aiohttp.ClientSession(headers=headers) as session,
        session.get(home.url + path) as response,
    ):
        assert response.content_type == "text/xml"
        as_xml = fromstring(await response.text())  # noqa: S314 - Our own.

    def in_json(value: Any) -> Iterable[tuple[str, str]]:
        for name, entry in value.items():
            for one in entry if isinstance(entry, list) else [entry]:
                if isinstance(one, dict):
                    yield from in_json(one)
                else:
                    yield name, str(int(one)) if isinstance(one, bool) else str(one)

    [(root, content)] = as_json.items()
    assert as_xml.tag == root
    said = [pair for element in as_xml.iter() for pair in element.attrib.items()]
    # Each response has another transient token.
    assert sorted(pair for pair in said if pair[0] != "token") == sorted(
        pair for pair in in_json(content) if pair[0] != "token"
    )


async def test_unclaimed_server(home: PlexServer) -> None:
    """An unclaimed server has the captured names and types too."""
    home.claimed = False

    for path in ("/", "/media/providers", "/myplex/account"):
        assert violations(SERVER_CONTRACTS[path], await fetch(home.url + path)) == []


async def test_terminated_player_gets_the_reason(
    world: World, owner: Account, home: PlexServer
) -> None:
    """A player gets the reason once, with the captured names and types."""
    token = world.plex_tv.sign_in(owner)
    stream = await home.start_stream(player=Player(title="TV", machine_identifier="contract"))
    url = f"{home.url}/:/timeline?ratingKey={stream.item.rating_key}&state=playing&time=9000"
    assert await fetch(url, token, "POST") == {"MediaContainer": {"size": 0}}
    assert stream.view_offset == 9000

    await fetch_nothing(
        f"{home.url}/status/sessions/terminate?sessionId={stream.session_id}&reason=Go%20Away",
        token,
        "POST",
    )

    sample = CAPTURES / OFFICIAL / "POST_timeline__200__adminTerminatedSession.json"
    assert await fetch(url, token, "POST") == json.loads(sample.read_text())
    assert await fetch(url, token, "POST") == {"MediaContainer": {"size": 0}}


@pytest.mark.parametrize("plex_pass", [True, False])
async def test_plex_tv_user(world: World, *, plex_pass: bool) -> None:
    """The account has the captured names and types."""
    account = world.plex_tv.add_account("somebody", plex_pass=plex_pass)

    body = await fetch(world.plex_tv.url + "/api/v2/user", world.plex_tv.sign_in(account))

    assert violations(USER, body) == []


async def test_plex_tv_resources(world: World, owner: Account, home: PlexServer) -> None:
    """The list of servers has the captured names and types, for the owner and for a guest."""
    guest = world.plex_tv.account("friend")
    for account in (owner, guest):
        body = await fetch(
            world.plex_tv.url + "/api/v2/resources?includeHttps=1&includeRelay=1",
            world.plex_tv.sign_in(account),
        )
        assert [server["name"] for server in body] == [home.name]
        assert violations(RESOURCES, body) == []


async def test_plex_tv_pins(world: World, owner: Account) -> None:
    """A PIN has the captured names and types, before and after it is linked."""
    pins = world.plex_tv.url + "/api/v2/pins"
    pin = await fetch(pins, method="POST")
    assert violations(PIN, pin) == []

    world.plex_tv.approve_pin(pin["code"], owner)

    assert violations(PIN, await fetch(f"{pins}/{pin['id']}")) == []


async def test_plex_tv_devices(world: World, owner: Account) -> None:
    """A device has the captured attributes, and no other."""

    def devices(document: str) -> list[Element]:
        return fromstring(document).findall("Device")  # noqa: S314 - Captured, or our own.

    token = world.plex_tv.sign_in(owner)
    async with (
        aiohttp.ClientSession(headers={"X-Plex-Token": token}) as session,
        session.get(world.plex_tv.url + "/devices.xml") as response,
    ):
        sent = devices(await response.text())
    known = devices((CAPTURES / MOCKS / "myplex/devices.xml").read_text())

    assert {*sent[0].attrib} <= {name for device in known for name in device.attrib}
    assert {"id", "token", "clientIdentifier", "product"} <= {*sent[0].attrib}


async def fetch_nothing(url: str, token: str, method: str = "GET") -> None:
    """Send a request that has an empty response with the type HTML."""
    async with (
        aiohttp.ClientSession(headers={"X-Plex-Token": token}) as session,
        session.request(method, url) as response,
    ):
        assert response.status == 200
        assert response.content_type == "text/html"
        assert await response.text() == ""


async def test_errors_of_a_server(world: World, owner: Account, home: PlexServer) -> None:
    """The pages of refused requests are Plex's own, to the letter."""
    owners = world.plex_tv.sign_in(owner)
    guests = home.share_with(world.plex_tv.add_account("guest"))
    going_on = home.activities.running[0].uuid
    scrobble = "/:/scrobble?identifier=com.plexapp.plugins.library"
    photo = "/photo/:/transcode?width=10&height=10"
    examples = {
        ("GET", "/status/sessions", None): "POST_status_sessions_terminate__401__unauthorized.txt",
        ("GET", "/status/sessions", guests): "GET_security_resources__403__forbidden.txt",
        ("GET", "/no/such/path", guests): "GET_prefs_get__404__notFound.txt",
        ("POST", "/status/sessions/terminate?sessionId=", owners): (
            "POST_status_sessions_terminate__403__forbidden.txt"
        ),
        ("POST", "/status/sessions/terminate?sessionId=x", owners): (
            "POST_status_sessions_terminate__404__notFound.txt"
        ),
        ("DELETE", f"/activities/{going_on}", owners): (
            "DELETE_activities_{activityId}__400__badRequest.txt"
        ),
        ("DELETE", "/activities/x", owners): "DELETE_activities_{activityId}__404__notFound.txt",
        ("POST", "/butler/x", owners): "POST_butler_{task}__404__notFound.txt",
        ("DELETE", "/butler/BackupDatabase", owners): "DELETE_butler_{task}__404__notFound.txt",
        ("PUT", scrobble, guests): "PUT_scrobble__400__badRequest.txt",
        ("PUT", scrobble + "&key=9", guests): "PUT_scrobble__404__notFound.txt",
        ("PUT", scrobble.replace("scrobble", "rate") + "&key=101&rating=x", guests): (
            "PUT_rate__400__badRequest.txt"
        ),
        ("GET", photo, guests): "GET_photo_transcode__400__badRequest.txt",
        ("GET", photo + "&url=/library/metadata/9/thumb/1", guests): (
            "GET_photo_transcode__404__notFound.txt"
        ),
        ("GET", "/hubs/search", guests): "GET_hubs_search__400__badRequest.txt",
    }
    async with aiohttp.ClientSession(headers={"Accept": "application/json"}) as session:
        for (method, path, token), name in examples.items():
            headers = {"X-Plex-Token": token} if token else {}
            async with session.request(method, home.url + path, headers=headers) as response:
                assert response.content_type == "text/html"
                page = (await response.text()).strip()
            assert page == (CAPTURES / OFFICIAL / name).read_text().strip(), path
