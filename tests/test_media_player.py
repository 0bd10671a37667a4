"""The players that have a device: what their media players tell, and take."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.const import (
    ATTR_ENTITY_ID,
    ATTR_ENTITY_PICTURE,
    ATTR_SUPPORTED_FEATURES,
    EVENT_STATE_CHANGED,
)
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceNotSupported, ServiceValidationError
from homeassistant.helpers import device_registry as dr
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_capture_events
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.plex_monitor.const import CONF_ACCOUNT_TOKEN, CONF_SERVER_TOKEN, DOMAIN

from .entities import attributes_of
from .entries import set_up, signed_in_entry, state_of
from .helpers import advance, settle
from .simulator import Account, Delivery, Fault, Kind, Player, PlexServer, World

MINUTE = 60
TV = Player(title="Bedroom TV", product="Plex for Apple TV", platform="tvOS", device="Apple TV")
PHONE = Player(title="Phone", product="Plex for iOS", platform="iOS", device="iPhone")
BEDROOM = "media_player.bedroom_tv"
DELIVERY = "sensor.bedroom_tv_delivery"
UNREADABLE = r"^custom_components\.plex_monitor: Error fetching Home data"


@pytest.fixture(name="entry")
def entry_fixture(world: World, owner: Account, home: PlexServer) -> MockConfigEntry:
    """Return the entry of an owner who chose a player."""
    return signed_in_entry(world, home, owner, players=[TV])


def told(hass: HomeAssistant, entity_id: str = BEDROOM) -> Mapping[str, Any]:
    """Return what a media player tells of what is played."""
    names = (
        "media_title",
        "media_series_title",
        "media_season",
        "media_episode",
        "media_artist",
        "media_album_name",
        "media_content_type",
        "media_duration",
        "app_name",
        "user",
        "library",
    )
    attributes = attributes_of(hass, entity_id)
    return {name: attributes[name] for name in names if name in attributes}


def position(hass: HomeAssistant) -> tuple[int, datetime]:
    """Return how far the stream was, and when."""
    attributes = attributes_of(hass, BEDROOM)
    return attributes["media_position"], attributes["media_position_updated_at"]


async def stop(hass: HomeAssistant) -> None:
    """Press stop."""
    await hass.services.async_call(
        "media_player", "media_stop", {ATTR_ENTITY_ID: BEDROOM}, blocking=True
    )
    await settle(hass)


# What it does


async def test_player_that_plays_nothing_is_idle(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    """It may be off: the server does not know."""
    await set_up(hass, entry)
    assert state_of(hass, BEDROOM) == "idle"
    assert told(hass) == {}
    assert ATTR_ENTITY_PICTURE not in attributes_of(hass, BEDROOM)
    assert state_of(hass, DELIVERY) == "unknown"
    assert state_of(hass, "image.bedroom_tv_picture") == "unknown"


async def test_player_follows_its_stream(
    hass: HomeAssistant, home: PlexServer, owner: Account, entry: MockConfigEntry
) -> None:
    """By push, and without an eye on what others play."""
    await set_up(hass, entry)
    await home.start_stream(user=owner, title="Elsewhere", player=PHONE)
    stream = await home.start_stream(user=owner, title="Winter Light", player=TV)
    await settle(hass)
    assert state_of(hass, BEDROOM) == "playing"
    await stream.pause()
    await settle(hass)
    assert state_of(hass, BEDROOM) == "paused"
    await stream.buffer()
    await settle(hass)
    assert state_of(hass, BEDROOM) == "buffering"
    await stream.resume()
    await settle(hass)
    assert state_of(hass, BEDROOM) == "playing"
    await stream.stop()
    await settle(hass)
    assert state_of(hass, BEDROOM) == "idle"
    assert told(hass) == {}


@pytest.mark.parametrize(
    ("title", "kind", "expected"),
    [
        (
            "Winter Light",
            Kind.MOVIE,
            {"media_content_type": "movie", "media_duration": 5400, "library": "Movies"},
        ),
        (
            "First Steps",
            Kind.EPISODE,
            {
                "media_content_type": "tvshow",
                "media_duration": 5400,
                "media_series_title": "Harbour Street",
                "media_season": "1",
                "media_episode": "1",
                "library": "TV Shows",
            },
        ),
        (
            "Opening",
            Kind.TRACK,
            {
                "media_content_type": "music",
                "media_duration": 5400,
                "media_artist": "The Quiet Band",
                "media_album_name": "Evening",
                "library": "Music",
            },
        ),
    ],
)
async def test_what_plays(
    hass: HomeAssistant,
    home: PlexServer,
    owner: Account,
    entry: MockConfigEntry,
    title: str,
    kind: Kind,
    expected: dict[str, Any],
) -> None:
    """Each kind of media with what belongs to it."""
    await set_up(hass, entry)
    stream = await home.start_stream(user=owner, title=title, kind=kind, player=TV)
    await settle(hass)
    assert told(hass) == {
        "media_title": title,
        "app_name": "Plex for Apple TV",
        "user": owner.title,
        **expected,
        "media_duration": stream.item.duration // 1000,
    }
    assert attributes_of(hass, BEDROOM)["media_content_id"] == str(stream.item.rating_key)


async def test_photo(
    hass: HomeAssistant, home: PlexServer, owner: Account, entry: MockConfigEntry
) -> None:
    """It has no length, and nothing to be stopped by."""
    home.library.add_section("Pictures", Kind.PHOTO)
    home.library.add("The boat", kind=Kind.PHOTO, album="Summer")
    await set_up(hass, entry)
    await home.start_stream(user=owner, title="The boat", player=TV)
    await settle(hass)
    assert state_of(hass, BEDROOM) == "playing"
    assert told(hass)["media_content_type"] == "image"
    with pytest.raises(ServiceValidationError, match="cannot stop The boat"):
        await stop(hass)


async def test_what_plays_next_on_the_same_player(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    home: PlexServer,
    owner: Account,
    entry: MockConfigEntry,
) -> None:
    """It begins at its own start."""
    await set_up(hass, entry)
    first = await home.start_stream(user=owner, title="Winter Light", player=TV)
    await first.seek(600_000)
    await settle(hass)
    await first.stop()
    await home.start_stream(user=owner, title="The Long Road", player=TV)
    await advance(hass, freezer, 2, step=1)
    assert told(hass)["media_title"] == "The Long Road"
    assert position(hass)[0] <= 2


async def test_delivery(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    home: PlexServer,
    owner: Account,
    entry: MockConfigEntry,
) -> None:
    """As it changes while the stream goes on."""
    await set_up(hass, entry)
    stream = await home.start_stream(user=owner, title="Winter Light", player=TV, bandwidth=4200)
    await settle(hass)
    assert state_of(hass, DELIVERY) == "direct_play"
    assert attributes_of(hass, DELIVERY)["bandwidth"] == 4200
    await stream.deliver(Delivery.TRANSCODE)
    await advance(hass, freezer, 2, step=1)
    assert state_of(hass, DELIVERY) == "transcode"
    assert attributes_of(hass, DELIVERY)["resolution"] == "720p"
    await stream.stop()
    await settle(hass)
    assert state_of(hass, DELIVERY) == "unknown"


async def test_two_streams_on_one_player(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    home: PlexServer,
    owner: Account,
    entry: MockConfigEntry,
) -> None:
    """The one that goes on is shown, of several the later one."""
    await set_up(hass, entry)
    first = await home.start_stream(user=owner, title="First", player=TV)
    await advance(hass, freezer, 2, step=1)
    second = await home.start_stream(user=owner, title="Second", player=TV)
    await advance(hass, freezer, 2, step=1)
    assert told(hass)["media_title"] == "Second"
    await second.pause()
    await settle(hass)
    assert (told(hass)["media_title"], state_of(hass, BEDROOM)) == ("First", "playing")
    await first.pause()
    await settle(hass)
    assert (told(hass)["media_title"], state_of(hass, BEDROOM)) == ("Second", "paused")
    await second.stop()
    await settle(hass)
    assert told(hass)["media_title"] == "First"


@pytest.mark.parametrize(
    ("platform", "expected"),
    [("tvOS", "tv"), ("Roku", "tv"), ("webOS", "tv"), ("Sonos", "speaker"), ("Android", None)],
)
async def test_device_class(
    hass: HomeAssistant,
    world: World,
    home: PlexServer,
    owner: Account,
    platform: str,
    expected: str | None,
) -> None:
    """Where the platform is only to be found in one kind of device."""
    player = Player(title="Bedroom TV", platform=platform)
    await set_up(hass, signed_in_entry(world, home, owner, players=[player]))
    assert attributes_of(hass, BEDROOM).get("device_class") == expected


@pytest.mark.parametrize(
    ("product", "expected"), [("Plex for Android (TV)", "tv"), ("Plex for Android (Mobile)", None)]
)
async def test_device_class_of_a_platform_that_runs_on_anything(
    hass: HomeAssistant,
    world: World,
    home: PlexServer,
    owner: Account,
    product: str,
    expected: str | None,
) -> None:
    """What it plays with tells, and is remembered."""
    player = Player(title="Bedroom TV", platform="Android", product=product)
    entry = signed_in_entry(world, home, owner, players=[player])
    await set_up(hass, entry)
    assert "device_class" not in attributes_of(hass, BEDROOM)
    stream = await home.start_stream(user=owner, title="Winter Light", player=player)
    await settle(hass)
    assert attributes_of(hass, BEDROOM).get("device_class") == expected
    await stream.stop()
    await hass.config_entries.async_reload(entry.entry_id)
    await settle(hass)
    assert attributes_of(hass, BEDROOM).get("device_class") == expected


# How far it is


async def test_position_is_told_when_it_is_not_to_be_expected(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    home: PlexServer,
    owner: Account,
    entry: MockConfigEntry,
) -> None:
    """At the start, at a jump, at a pause and at its end: the rest is the clock's."""
    await set_up(hass, entry)
    stream = await home.start_stream(user=owner, title="Winter Light", player=TV)
    await settle(hass)
    started = dt_util.utcnow()
    assert position(hass) == (0, started)

    freezer.tick(300)
    await stream.seek(305_000)
    await settle(hass)
    assert position(hass) == (0, started)

    await stream.seek(1_200_000)
    await settle(hass)
    jumped = dt_util.utcnow()
    assert position(hass) == (1200, jumped)

    freezer.tick(60)
    await stream.seek(1_260_000)
    await stream.pause()
    await settle(hass)
    paused = dt_util.utcnow()
    assert position(hass) == (1260, paused)

    freezer.tick(600)
    await stream.seek(1_260_000)
    await settle(hass)
    assert position(hass) == (1260, paused)
    await stream.seek(90_000)
    await settle(hass)
    assert position(hass) == (90, dt_util.utcnow())

    freezer.tick(60)
    await stream.resume()
    await settle(hass)
    assert position(hass) == (90, dt_util.utcnow())


async def test_progress_writes_no_state(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    world: World,
    home: PlexServer,
    owner: Account,
) -> None:
    """Of two hundred streams, on players that are followed and on others."""
    players = [Player(title=f"TV {number}") for number in range(200)]
    await set_up(hass, signed_in_entry(world, home, owner, players=players[:100]))
    streams = [await home.start_stream(user=owner, player=player) for player in players]
    await advance(hass, freezer, 2, step=1)
    assert state_of(hass, "media_player.tv_99") == "playing"
    world.requests.clear()
    changes = async_capture_events(hass, EVENT_STATE_CHANGED)
    for seconds in (3, 6):
        freezer.tick(timedelta(seconds=3))
        for stream in streams:
            await stream.seek(seconds * 1000)
        await settle(hass)
    assert changes == []
    assert [r for r in world.requests if r.path.startswith(("/status", "/photo"))] == []


async def test_position_without_push(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    home: PlexServer,
    owner: Account,
    entry: MockConfigEntry,
) -> None:
    """The list can be a little behind, which is no jump; a jump is seen with the next look."""
    home.refuses_websockets = 404
    await set_up(hass, entry)
    stream = await home.start_stream(user=owner, title="Winter Light", player=TV)
    await advance(hass, freezer, 16, step=8)
    first = position(hass)
    stream.place_at(stream.view_offset - 9000)
    await advance(hass, freezer, 3 * MINUTE, step=8)
    assert position(hass) == first

    stream.place_at(1_200_000)
    await advance(hass, freezer, 16, step=8)
    jumped = position(hass)
    assert 1200 <= jumped[0] <= 1216
    await advance(hass, freezer, MINUTE, step=8)
    assert position(hass) == jumped

    await stream.pause()
    stream.place_at(610_000)
    await advance(hass, freezer, 16, step=8)
    assert position(hass)[0] == 610
    assert state_of(hass, BEDROOM) == "paused"


async def test_pause_that_tells_no_position(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    home: PlexServer,
    owner: Account,
    entry: MockConfigEntry,
) -> None:
    """It is where the clock says."""
    await set_up(hass, entry)
    stream = await home.start_stream(user=owner, title="Winter Light", player=TV)
    await settle(hass)
    freezer.tick(30)
    await home.notifier.notify(
        "playing",
        "PlaySessionStateNotification",
        {
            "sessionKey": stream.session_key,
            "ratingKey": str(stream.item.rating_key),
            "state": "paused",
        },
    )
    await settle(hass)
    assert state_of(hass, BEDROOM) == "paused"
    assert position(hass)[0] == 30


# Its picture


async def test_picture_is_fetched_by_home_assistant(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    hass_client_no_auth: ClientSessionGenerator,
    world: World,
    home: PlexServer,
    owner: Account,
    entry: MockConfigEntry,
) -> None:
    """Once for the media player and the image, and its address has no token of Plex."""
    await set_up(hass, entry)
    stream = await home.start_stream(user=owner, title="Winter Light", player=TV)
    await settle(hass)
    tokens = {entry.data[CONF_ACCOUNT_TOKEN], entry.data[CONF_SERVER_TOKEN]}
    client = await hass_client_no_auth()
    pictures = []
    addresses = []
    for entity_id in (BEDROOM, "image.bedroom_tv_picture"):
        attributes = attributes_of(hass, entity_id)
        addresses.append(attributes[ATTR_ENTITY_PICTURE])
        assert not any(token in str(attributes) for token in tokens)
        response = await client.get(attributes[ATTR_ENTITY_PICTURE])
        assert (response.status, response.content_type) == (HTTPStatus.OK, "image/jpeg")
        pictures.append(await response.read())
    assert pictures[0] == pictures[1]
    assert attributes_of(hass, "image.bedroom_tv_picture")["title"] == "Winter Light"
    asked = [r for r in world.requests.to(host="Home") if r.path.startswith("/photo/")]
    assert len(asked) == 1
    assert not any(request.token_in_query for request in world.requests)

    await stream.stop()
    await home.start_stream(user=owner, title="The Long Road", player=TV)
    await advance(hass, freezer, 2, step=1)
    address = attributes_of(hass, BEDROOM)[ATTR_ENTITY_PICTURE]
    assert address not in addresses
    assert await (await client.get(address)).read() != pictures[0]


async def test_picture_that_is_not_to_be_had(
    hass: HomeAssistant,
    hass_client_no_auth: ClientSessionGenerator,
    home: PlexServer,
    owner: Account,
    entry: MockConfigEntry,
) -> None:
    """Because the server does not give it, or because nothing plays any more."""
    await set_up(hass, entry)
    stream = await home.start_stream(user=owner, title="Winter Light", player=TV)
    await settle(hass)
    address = attributes_of(hass, BEDROOM)[ATTR_ENTITY_PICTURE]
    client = await hass_client_no_auth()
    rule = home.faults.set(Fault.status(500), paths="^/photo/")
    assert (await client.get(address)).status == HTTPStatus.NOT_FOUND
    home.faults.clear(rule)
    assert (await client.get(address)).status == HTTPStatus.OK
    await stream.stop()
    await settle(hass)
    assert (await client.get(address)).status == HTTPStatus.NOT_FOUND


# Stop


async def test_stop(
    hass: HomeAssistant, home: PlexServer, owner: Account, entry: MockConfigEntry
) -> None:
    """What plays elsewhere goes on; what has ended needs no stop."""
    await set_up(hass, entry)
    other = await home.start_stream(user=owner, title="Elsewhere", player=PHONE)
    await home.start_stream(user=owner, title="Winter Light", player=TV)
    await settle(hass)
    await stop(hass)
    assert state_of(hass, BEDROOM) == "idle"
    assert home.streams == [other]
    await stop(hass)
    assert home.streams == [other]


async def test_stop_of_what_ends_at_the_same_time(
    hass: HomeAssistant, home: PlexServer, owner: Account, entry: MockConfigEntry
) -> None:
    """It is what was wanted."""
    await set_up(hass, entry)
    await home.start_stream(user=owner, title="Winter Light", player=TV)
    await settle(hass)
    home.faults.set(Fault.status(404), paths="terminate")
    await stop(hass)


@pytest.mark.parametrize("fault", [Fault.status(503), Fault.RESET, Fault.status(403)])
async def test_stop_that_fails_is_told(
    hass: HomeAssistant, home: PlexServer, owner: Account, entry: MockConfigEntry, fault: Fault
) -> None:
    """And the player goes on."""
    await set_up(hass, entry)
    await home.start_stream(user=owner, title="Winter Light", player=TV)
    await settle(hass)
    home.faults.set(fault, paths="terminate")
    with pytest.raises(HomeAssistantError, match="Home"):
        await stop(hass)
    assert state_of(hass, BEDROOM) == "playing"


async def test_server_without_plex_pass_stops_nothing(
    hass: HomeAssistant, home: PlexServer, owner: Account, entry: MockConfigEntry
) -> None:
    """So stop is not offered."""
    owner.plex_pass = False
    await set_up(hass, entry)
    await home.start_stream(user=owner, title="Winter Light", player=TV)
    await settle(hass)
    assert attributes_of(hass, BEDROOM)[ATTR_SUPPORTED_FEATURES] == 0
    with pytest.raises(ServiceNotSupported):
        await stop(hass)


# When it is not known what it does


@pytest.mark.allowed_logs(UNREADABLE)
async def test_unavailable_with_the_server(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    home: PlexServer,
    owner: Account,
    entry: MockConfigEntry,
) -> None:
    """And back with it, as what it is then."""
    await set_up(hass, entry)
    stream = await home.start_stream(user=owner, title="Winter Light", player=TV)
    await settle(hass)
    await home.stop()
    await advance(hass, freezer, 3 * MINUTE)
    for entity_id in (BEDROOM, DELIVERY, "image.bedroom_tv_picture"):
        assert state_of(hass, entity_id) == "unavailable"
    await stream.stop()
    await home.start()
    await advance(hass, freezer, 3 * MINUTE)
    assert state_of(hass, BEDROOM) == "idle"


async def test_guest_is_not_told_what_plays(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, world: World, home: PlexServer
) -> None:
    """The players that the owner chose before are unavailable, and nothing breaks."""
    friend = world.plex_tv.add_account("friend")
    home.share_with(friend)
    await set_up(hass, signed_in_entry(world, home, friend, players=[TV]))
    stream = await home.start_stream(user=friend, title="Winter Light", player=TV)
    await stream.seek(60_000)
    await advance(hass, freezer, 2 * MINUTE)
    assert state_of(hass, BEDROOM) == "unavailable"
    assert state_of(hass, "binary_sensor.home_server") == "on"


async def test_two_servers_with_one_player(
    hass: HomeAssistant, world: World, home: PlexServer, owner: Account, entry: MockConfigEntry
) -> None:
    """Each server has its own device of it."""
    attic = await world.add_server("Attic", owner=owner)
    other = signed_in_entry(
        world,
        attic,
        owner,
        client_identifier="home-assistant-2",
        entry_id="01JG00V55WEVTJ0CJHM0GAD7PD",
        players=[TV],
    )
    await set_up(hass, entry)
    await set_up(hass, other)
    await attic.start_stream(user=owner, title="Winter Light", player=TV)
    await settle(hass)
    assert state_of(hass, BEDROOM) == "idle"
    assert state_of(hass, f"{BEDROOM}_2") == "playing"


# Its device


def device_of(
    hass: HomeAssistant, home: PlexServer, entry: MockConfigEntry, player: Player
) -> dr.DeviceEntry:
    """Return the device of a player."""
    device = dr.async_get(hass).async_get_device_by_identifier(
        (DOMAIN, f"{home.machine_identifier}_player_{player.machine_identifier}"), entry.entry_id
    )
    assert isinstance(device, dr.DeviceEntry)
    return device


async def test_device_of_a_player(
    hass: HomeAssistant, home: PlexServer, owner: Account, entry: MockConfigEntry
) -> None:
    """It is reached by the server, and knows what runs on it once it has played something."""
    await set_up(hass, entry)
    device = device_of(hass, home, entry, TV)
    server = dr.async_get(hass).async_get_device_by_identifier(
        (DOMAIN, home.machine_identifier), entry.entry_id
    )
    assert server is not None
    assert (device.name, device.model) == ("Bedroom TV", "tvOS")
    assert device.via_device_id == server.id

    stream = await home.start_stream(user=owner, title="Winter Light", player=TV)
    await settle(hass)
    assert device_of(hass, home, entry, TV).model == "Plex for Apple TV"
    await stream.stop()
    await hass.config_entries.async_reload(entry.entry_id)
    await settle(hass)
    assert device_of(hass, home, entry, TV).model == "Plex for Apple TV"


async def test_player_that_plays_from_the_start(
    hass: HomeAssistant, home: PlexServer, owner: Account, entry: MockConfigEntry
) -> None:
    """Home Assistant was restarted during a film."""
    stream = await home.start_stream(user=owner, title="Winter Light", player=TV)
    await stream.seek(600_000)
    await set_up(hass, entry)
    assert device_of(hass, home, entry, TV).model == "Plex for Apple TV"
    assert (state_of(hass, BEDROOM), position(hass)[0]) == ("playing", 600)
