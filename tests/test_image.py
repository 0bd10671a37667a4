"""The images of a server."""

from collections.abc import Awaitable, Callable
from http import HTTPStatus
import io

from freezegun.api import FrozenDateTimeFactory
from homeassistant.const import ATTR_ENTITY_PICTURE, STATE_UNAVAILABLE, STATE_UNKNOWN
from homeassistant.core import HomeAssistant, State
from homeassistant.helpers import entity_registry as er
from PIL import Image
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.plex_monitor.const import CONF_ACCOUNT_TOKEN, CONF_SERVER_TOKEN

from .simulator import Account, Fault, Find, Kind, PlexServer, World
from .simulator.request_log import RequestRecord
from .support.entries import set_up, signed_in_entry
from .support.helpers import advance, settle

LATEST = "image.home_latest_added"
PLAYING = "image.home_now_playing"
PICTURES = "^/photo/"

type Fetch = Callable[[str], Awaitable[tuple[int, str, bytes]]]
"""Fetch the image of an entity: status, content type and bytes."""


def image_state(hass: HomeAssistant, entity_id: str) -> State:
    """Return the state of an image."""
    state = hass.states.get(entity_id)
    assert state is not None
    return state


@pytest.fixture
def fetch(hass: HomeAssistant, hass_client_no_auth: ClientSessionGenerator) -> Fetch:
    """Return a function that fetches an image the way a browser does."""

    async def fetch(entity_id: str) -> tuple[int, str, bytes]:
        client = await hass_client_no_auth()
        url = image_state(hass, entity_id).attributes[ATTR_ENTITY_PICTURE]
        response = await client.get(url)
        return response.status, response.content_type, await response.read()

    return fetch


def image_requests(world: World) -> list[RequestRecord]:
    """Return the requests for images that the server got."""
    return [
        request for request in world.requests.to(host="Home") if request.path.startswith("/photo/")
    ]


async def test_latest_added(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    fetch: Fetch,
    world: World,
    home: PlexServer,
    entry: MockConfigEntry,
) -> None:
    """The image has the title as an attribute, and is fetched once, when it is viewed."""
    freezer.tick(60)
    item = home.library.add("Newcomer")
    await set_up(hass, entry)
    state = image_state(hass, LATEST)
    assert state.attributes["title"] == "Newcomer"
    assert state.state.startswith("20")
    assert image_requests(world) == []

    status, content_type, content = await fetch(LATEST)
    assert (status, content_type) == (HTTPStatus.OK, "image/jpeg")
    with Image.open(io.BytesIO(content)) as picture:
        assert picture.size == (600, 900)
    assert f"/library/metadata/{item.rating_key}/thumb" in str(
        [request.query for request in image_requests(world)]
    )
    again = await fetch(LATEST)
    assert again == (status, content_type, content)
    assert len(image_requests(world)) == 1


async def test_latest_added_follows_push(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    fetch: Fetch,
    world: World,
    home: PlexServer,
    entry: MockConfigEntry,
) -> None:
    """A notification of the server updates the image when it fires the event."""
    await set_up(hass, entry)
    _, _, before = await fetch(LATEST)
    freezer.tick(60)
    await home.discover(
        Find(title="Third Time", kind=Kind.EPISODE, show="Harbour Street"),
        Find(title="Fourth Wall", kind=Kind.EPISODE, show="Harbour Street"),
    )
    await advance(hass, freezer, 60)
    attributes = image_state(hass, LATEST).attributes
    assert attributes["show"] == "Harbour Street"
    assert len(image_requests(world)) == 1
    _, _, after = await fetch(LATEST)
    assert after != before


async def test_item_that_is_read_later_but_was_added_earlier(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, home: PlexServer, entry: MockConfigEntry
) -> None:
    """Libraries are not read in the order in which items are added."""
    await set_up(hass, entry)
    freezer.tick(60)
    newer = await home.add_media("Newer Film")
    newer.added_at += 3600
    await advance(hass, freezer, 60)
    await home.add_season("Harbour Street", 2, episodes=1)
    await advance(hass, freezer, 60)
    assert image_state(hass, LATEST).attributes["title"] == "Newer Film"


async def test_content_type_of_the_server(
    hass: HomeAssistant,
    fetch: Fetch,
    home: PlexServer,
    entry: MockConfigEntry,
) -> None:
    """The image has the content type that the server sends."""
    await set_up(hass, entry)
    home.faults.set(Fault.body("picture", content_type="image/png"), paths=PICTURES)
    fetched = await fetch(LATEST)
    assert fetched == (HTTPStatus.OK, "image/png", b"picture")


async def test_next_item_of_the_same_session(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    home: PlexServer,
    owner: Account,
    entry: MockConfigEntry,
) -> None:
    """The image changes although the session key does not."""
    await set_up(hass, entry)
    stream = await home.start_stream(user=owner, title="Winter Light", player="TV")
    await settle(hass)
    following = home.library.titled("The Long Road")
    assert following is not None
    stream.item = following
    await advance(hass, freezer, 2 * 60)
    assert image_state(hass, PLAYING).attributes["title"] == "The Long Road"


async def test_hidden_library_stays_hidden(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, home: PlexServer, entry: MockConfigEntry
) -> None:
    """Its owner has excluded it from the home screen."""
    hidden = home.library.add_section("Private", Kind.MOVIE, hidden=1)
    freezer.tick(60)
    home.library.add("Secret", section=hidden)
    await set_up(hass, entry)
    assert image_state(hass, LATEST).attributes["title"] != "Secret"
    freezer.tick(60)
    await home.add_media("Another secret", section=hidden)
    await advance(hass, freezer, 60)
    assert image_state(hass, LATEST).attributes["title"] not in {"Secret", "Another secret"}


async def test_now_playing(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    fetch: Fetch,
    world: World,
    home: PlexServer,
    owner: Account,
    entry: MockConfigEntry,
) -> None:
    """It is the image of the latest stream, or there is none."""
    await set_up(hass, entry)
    state = image_state(hass, PLAYING)
    assert state.state == STATE_UNKNOWN
    assert ATTR_ENTITY_PICTURE not in state.attributes

    await home.start_stream(user=owner, title="Winter Light", player="TV")
    await settle(hass)
    first = image_state(hass, PLAYING)
    assert (first.attributes["title"], first.attributes["player"]) == ("Winter Light", "TV")
    status, _, picture = await fetch(PLAYING)
    assert status == HTTPStatus.OK
    freezer.tick(30)
    other = await home.start_stream(user=owner, title="The Long Road", player="Phone")
    await advance(hass, freezer, 2, step=1)
    second = image_state(hass, PLAYING)
    assert second.attributes["title"] == "The Long Road"
    assert second.state > first.state
    _, _, other_picture = await fetch(PLAYING)
    assert other_picture != picture

    await other.stop()
    await advance(hass, freezer, 2, step=1)
    assert image_state(hass, PLAYING).attributes["title"] == "Winter Light"


async def test_progress_does_not_update_the_image(
    hass: HomeAssistant, home: PlexServer, owner: Account, entry: MockConfigEntry
) -> None:
    """The server reports the progress every ten seconds."""
    await set_up(hass, entry)
    stream = await home.start_stream(user=owner, title="Winter Light", player="TV")
    await settle(hass)
    before = image_state(hass, PLAYING)
    for minute in range(1, 10):
        await stream.seek(minute * 60_000)
        await settle(hass)
    assert image_state(hass, PLAYING) is before


async def test_images_of_a_guest(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    fetch: Fetch,
    world: World,
    home: PlexServer,
) -> None:
    """A guest sees what was shared with them, and not what others play."""
    movies = home.library.sections[0]
    friend = world.plex_tv.add_account("friend")
    home.share_with(friend, sections=[movies])
    freezer.tick(60)
    home.library.add("Third Time", kind=Kind.EPISODE, show="Harbour Street")
    entry = signed_in_entry(world, home, friend)
    await set_up(hass, entry)
    assert er.async_get(hass).async_get(PLAYING) is None
    assert image_state(hass, LATEST).attributes["title"] == "Winter Light"
    status, _, _ = await fetch(LATEST)
    assert status == HTTPStatus.OK


@pytest.mark.parametrize(
    "fault",
    [
        Fault.status(404),
        Fault.status(500),
        Fault.body("<svg/>", content_type="image/svg+xml"),
        Fault.redirect("http://127.0.0.1:9/"),
    ],
)
async def test_image_that_cannot_be_fetched(
    hass: HomeAssistant,
    fetch: Fetch,
    home: PlexServer,
    entry: MockConfigEntry,
    fault: Fault,
) -> None:
    """The next view requests it again."""
    await set_up(hass, entry)
    rule = home.faults.set(fault, paths=PICTURES)
    status, _, _ = await fetch(LATEST)
    assert status == HTTPStatus.INTERNAL_SERVER_ERROR
    home.faults.clear(rule)
    status, _, _ = await fetch(LATEST)
    assert status == HTTPStatus.OK


async def test_url_of_an_image_that_is_no_longer_shown(
    hass: HomeAssistant,
    hass_client_no_auth: ClientSessionGenerator,
    world: World,
    home: PlexServer,
    owner: Account,
    entry: MockConfigEntry,
) -> None:
    """A dashboard may still have it; the server gets no request."""
    await set_up(hass, entry)
    stream = await home.start_stream(user=owner, title="Winter Light")
    await settle(hass)
    url = image_state(hass, PLAYING).attributes[ATTR_ENTITY_PICTURE]
    await stream.stop()
    await settle(hass)
    client = await hass_client_no_auth()
    response = await client.get(url)
    assert response.status == HTTPStatus.INTERNAL_SERVER_ERROR
    assert image_requests(world) == []


@pytest.mark.allowed_logs("Error fetching Home data")
async def test_unavailable_while_the_server_is_down(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, home: PlexServer, entry: MockConfigEntry
) -> None:
    """The server cannot be requested for them."""
    await set_up(hass, entry)
    await home.stop()
    await advance(hass, freezer, 3 * 60)
    assert image_state(hass, LATEST).state == STATE_UNAVAILABLE
    assert image_state(hass, PLAYING).state == STATE_UNAVAILABLE


async def test_token_is_in_no_image_and_no_url(
    hass: HomeAssistant,
    fetch: Fetch,
    world: World,
    home: PlexServer,
    owner: Account,
    entry: MockConfigEntry,
) -> None:
    """Home Assistant serves the image with a token of its own."""
    await set_up(hass, entry)
    await home.start_stream(user=owner, title="Winter Light", player="TV")
    await settle(hass)
    tokens = {entry.data[CONF_ACCOUNT_TOKEN], entry.data[CONF_SERVER_TOKEN]}
    for entity_id in (LATEST, PLAYING):
        _, _, content = await fetch(entity_id)
        shown = repr(image_state(hass, entity_id).as_dict())
        for token in tokens:
            assert token not in shown
            assert token.encode() not in content
    # Both show the same item.
    assert len(image_requests(world)) == 1
    assert not any(request.token_in_query for request in world.requests)
