"""The pictures."""

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
from .support.entries import set_up, signed_in_entry
from .support.helpers import advance, settle

LATEST = "image.home_latest_added"
PLAYING = "image.home_now_playing"
PICTURES = "^/photo/"


def look_at(hass: HomeAssistant, entity_id: str) -> State:
    """Return the state of a picture."""
    state = hass.states.get(entity_id)
    assert state is not None
    return state


async def fetch(
    hass: HomeAssistant, hass_client_no_auth: ClientSessionGenerator, entity_id: str
) -> tuple[int, str, bytes]:
    """Fetch a picture the way a browser does: status, content type and bytes."""
    client = await hass_client_no_auth()
    url = look_at(hass, entity_id).attributes[ATTR_ENTITY_PICTURE]
    response = await client.get(url)
    return response.status, response.content_type, await response.read()


def asked(world: World) -> int:
    """Return how often the server was asked for a picture."""
    return len([r for r in world.requests.to(host="Home") if r.path.startswith("/photo/")])


async def test_picture_of_what_was_added_last(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    hass_client_no_auth: ClientSessionGenerator,
    world: World,
    home: PlexServer,
    entry: MockConfigEntry,
) -> None:
    """It is told with its title, and is asked for when somebody looks, once."""
    freezer.tick(60)
    item = home.library.add("Newcomer")
    await set_up(hass, entry)
    state = look_at(hass, LATEST)
    assert state.attributes["title"] == "Newcomer"
    assert state.state.startswith("20")
    assert asked(world) == 0

    status, content_type, content = await fetch(hass, hass_client_no_auth, LATEST)
    assert (status, content_type) == (HTTPStatus.OK, "image/jpeg")
    with Image.open(io.BytesIO(content)) as picture:
        assert picture.size == (600, 900)
    assert f"/library/metadata/{item.rating_key}/thumb" in str(
        [r.query for r in world.requests.to(host="Home") if r.path.startswith("/photo/")]
    )
    again = await fetch(hass, hass_client_no_auth, LATEST)
    assert again == (status, content_type, content)
    assert asked(world) == 1


async def test_newer_one_takes_its_place(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    hass_client_no_auth: ClientSessionGenerator,
    world: World,
    home: PlexServer,
    entry: MockConfigEntry,
) -> None:
    """Told by push, after the same time as the event."""
    await set_up(hass, entry)
    _, _, before = await fetch(hass, hass_client_no_auth, LATEST)
    freezer.tick(60)
    await home.discover(
        Find(title="Third Time", kind=Kind.EPISODE, show="Harbour Street"),
        Find(title="Fourth Wall", kind=Kind.EPISODE, show="Harbour Street"),
    )
    await advance(hass, freezer, 60)
    attributes = look_at(hass, LATEST).attributes
    assert attributes["show"] == "Harbour Street"
    assert asked(world) == 1
    _, _, after = await fetch(hass, hass_client_no_auth, LATEST)
    assert after != before


async def test_what_is_told_of_later_does_not_take_its_place(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, home: PlexServer, entry: MockConfigEntry
) -> None:
    """It was not added later: the libraries are not read in the order in which things come."""
    await set_up(hass, entry)
    freezer.tick(60)
    newer = await home.add_media("Newer Film")
    newer.added_at += 3600
    await advance(hass, freezer, 60)
    await home.add_season("Harbour Street", 2, episodes=1)
    await advance(hass, freezer, 60)
    assert look_at(hass, LATEST).attributes["title"] == "Newer Film"


async def test_picture_that_is_no_jpeg(
    hass: HomeAssistant,
    hass_client_no_auth: ClientSessionGenerator,
    home: PlexServer,
    entry: MockConfigEntry,
) -> None:
    """It is called what it is."""
    await set_up(hass, entry)
    home.faults.set(Fault.body("picture", content_type="image/png"), paths=PICTURES)
    fetched = await fetch(hass, hass_client_no_auth, LATEST)
    assert fetched == (HTTPStatus.OK, "image/png", b"picture")


async def test_picture_of_what_plays_next_in_the_same_session(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    home: PlexServer,
    owner: Account,
    entry: MockConfigEntry,
) -> None:
    """The server need not count anew for it."""
    await set_up(hass, entry)
    stream = await home.start_stream(user=owner, title="Winter Light", player="TV")
    await settle(hass)
    following = home.library.titled("The Long Road")
    assert following is not None
    stream.item = following
    await advance(hass, freezer, 2 * 60)
    assert look_at(hass, PLAYING).attributes["title"] == "The Long Road"


async def test_hidden_library_stays_hidden(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, home: PlexServer, entry: MockConfigEntry
) -> None:
    """Somebody has left it out of the home screen on purpose."""
    hidden = home.library.add_section("Private", Kind.MOVIE, hidden=1)
    freezer.tick(60)
    home.library.add("Secret", section=hidden)
    await set_up(hass, entry)
    assert look_at(hass, LATEST).attributes["title"] != "Secret"
    freezer.tick(60)
    await home.add_media("Another secret", section=hidden)
    await advance(hass, freezer, 60)
    assert look_at(hass, LATEST).attributes["title"] not in {"Secret", "Another secret"}


async def test_picture_of_what_is_playing(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    hass_client_no_auth: ClientSessionGenerator,
    world: World,
    home: PlexServer,
    owner: Account,
    entry: MockConfigEntry,
) -> None:
    """Of the stream that began last, and of none when there is none."""
    await set_up(hass, entry)
    state = look_at(hass, PLAYING)
    assert state.state == STATE_UNKNOWN
    assert ATTR_ENTITY_PICTURE not in state.attributes

    await home.start_stream(user=owner, title="Winter Light", player="TV")
    await settle(hass)
    first = look_at(hass, PLAYING)
    assert (first.attributes["title"], first.attributes["player"]) == ("Winter Light", "TV")
    status, _, picture = await fetch(hass, hass_client_no_auth, PLAYING)
    assert status == HTTPStatus.OK
    freezer.tick(30)
    other = await home.start_stream(user=owner, title="The Long Road", player="Phone")
    await advance(hass, freezer, 2, step=1)
    second = look_at(hass, PLAYING)
    assert second.attributes["title"] == "The Long Road"
    assert second.state > first.state
    _, _, other_picture = await fetch(hass, hass_client_no_auth, PLAYING)
    assert other_picture != picture

    await other.stop()
    await advance(hass, freezer, 2, step=1)
    assert look_at(hass, PLAYING).attributes["title"] == "Winter Light"


async def test_progress_changes_nothing(
    hass: HomeAssistant, home: PlexServer, owner: Account, entry: MockConfigEntry
) -> None:
    """A stream that goes on is told every ten seconds."""
    await set_up(hass, entry)
    stream = await home.start_stream(user=owner, title="Winter Light", player="TV")
    await settle(hass)
    before = look_at(hass, PLAYING)
    for minute in range(1, 10):
        await stream.seek(minute * 60_000)
        await settle(hass)
    assert look_at(hass, PLAYING) is before


async def test_guest_sees_what_was_shared(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    hass_client_no_auth: ClientSessionGenerator,
    world: World,
    home: PlexServer,
) -> None:
    """Not what others play."""
    movies = home.library.sections[0]
    friend = world.plex_tv.add_account("friend")
    home.share_with(friend, sections=[movies])
    freezer.tick(60)
    home.library.add("Third Time", kind=Kind.EPISODE, show="Harbour Street")
    entry = signed_in_entry(world, home, friend)
    await set_up(hass, entry)
    assert er.async_get(hass).async_get(PLAYING) is None
    assert look_at(hass, LATEST).attributes["title"] == "Winter Light"
    status, _, _ = await fetch(hass, hass_client_no_auth, LATEST)
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
async def test_picture_that_is_not_to_be_had(
    hass: HomeAssistant,
    hass_client_no_auth: ClientSessionGenerator,
    home: PlexServer,
    entry: MockConfigEntry,
    fault: Fault,
) -> None:
    """It is asked for again when somebody looks again."""
    await set_up(hass, entry)
    rule = home.faults.set(fault, paths=PICTURES)
    status, _, _ = await fetch(hass, hass_client_no_auth, LATEST)
    assert status == HTTPStatus.INTERNAL_SERVER_ERROR
    home.faults.clear(rule)
    status, _, _ = await fetch(hass, hass_client_no_auth, LATEST)
    assert status == HTTPStatus.OK


async def test_address_of_a_picture_that_is_not_shown_any_more(
    hass: HomeAssistant,
    hass_client_no_auth: ClientSessionGenerator,
    world: World,
    home: PlexServer,
    owner: Account,
    entry: MockConfigEntry,
) -> None:
    """A dashboard may still have it; the server is not asked for anything."""
    await set_up(hass, entry)
    stream = await home.start_stream(user=owner, title="Winter Light")
    await settle(hass)
    url = look_at(hass, PLAYING).attributes[ATTR_ENTITY_PICTURE]
    await stream.stop()
    await settle(hass)
    client = await hass_client_no_auth()
    response = await client.get(url)
    assert response.status == HTTPStatus.INTERNAL_SERVER_ERROR
    assert asked(world) == 0


@pytest.mark.allowed_logs("Error fetching Home data")
async def test_unavailable_with_the_server(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, home: PlexServer, entry: MockConfigEntry
) -> None:
    """There is nobody to ask for it."""
    await set_up(hass, entry)
    await home.stop()
    await advance(hass, freezer, 3 * 60)
    assert look_at(hass, LATEST).state == STATE_UNAVAILABLE
    assert look_at(hass, PLAYING).state == STATE_UNAVAILABLE


async def test_token_is_in_no_picture_and_in_no_address(
    hass: HomeAssistant,
    hass_client_no_auth: ClientSessionGenerator,
    world: World,
    home: PlexServer,
    owner: Account,
    entry: MockConfigEntry,
) -> None:
    """Home Assistant shows the picture with a token of its own."""
    await set_up(hass, entry)
    await home.start_stream(user=owner, title="Winter Light", player="TV")
    await settle(hass)
    tokens = {entry.data[CONF_ACCOUNT_TOKEN], entry.data[CONF_SERVER_TOKEN]}
    for entity_id in (LATEST, PLAYING):
        _, _, content = await fetch(hass, hass_client_no_auth, entity_id)
        told = repr(look_at(hass, entity_id).as_dict())
        for token in tokens:
            assert token not in told
            assert token.encode() not in content
    assert asked(world) == 2
    assert not any(r.token_in_query for r in world.requests)
