"""Sensors of a server and of its libraries."""

from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.components.sensor import ATTR_STATE_CLASS
from homeassistant.const import (
    ATTR_DEVICE_CLASS,
    ATTR_UNIT_OF_MEASUREMENT,
    EVENT_STATE_CHANGED,
    STATE_UNAVAILABLE,
    STATE_UNKNOWN,
)
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_capture_events

from custom_components.plex_monitor.const import TokenSource
from custom_components.plex_monitor.media.links import LINKS

from .simulator import MUSIC, UHD, Account, Delivery, Fault, Kind, PlexServer, World
from .support.entities import (
    all_enabled,
    attributes_of,
    available,
    unrecorded_attributes,
    values,
)
from .support.entries import DOWN, entry_of, set_up, state_of
from .support.helpers import advance, settle

MINUTE = 60
STREAMS = "sensor.home_streams"
ACTIVITIES = "sensor.home_activities"
OWNER_ONLY = (
    "streams",
    "transcoding",
    "direct_play",
    "direct_stream",
    "bandwidth",
    "bandwidth_lan",
    "bandwidth_wan",
    "users_watching",
    "activities",
)


def stream_attributes(hass: HomeAssistant) -> dict[str, Any]:
    """Return the attributes of the only stream."""
    [attributes] = attributes_of(hass, STREAMS)["streams"]
    return dict(attributes)


# Streams


async def test_streams_are_counted_by_their_delivery(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    home: PlexServer,
    owner: Account,
    entry: MockConfigEntry,
) -> None:
    """What the server does to video and audio decides."""
    await set_up(hass, entry)
    counts = "streams", "direct_play", "direct_stream", "transcoding"
    assert values(hass, *counts) == ["0", "0", "0", "0"]
    for number, delivery in enumerate(
        [Delivery.DIRECT_PLAY, Delivery.DIRECT_STREAM, Delivery.TRANSCODE, Delivery.TRANSCODE]
    ):
        stream = await home.start_stream(user=owner, player=f"TV {number}", delivery=delivery)
    await advance(hass, freezer, 2, step=1)
    assert values(hass, *counts) == ["4", "1", "1", "2"]

    await stream.deliver(Delivery.DIRECT_PLAY)
    await advance(hass, freezer, 2, step=1)
    assert values(hass, *counts) == ["4", "2", "1", "1"]


async def test_transcode_of_audio_alone_is_a_transcode(
    hass: HomeAssistant, home: PlexServer, owner: Account, entry: MockConfigEntry
) -> None:
    """The attributes show what is transcoded."""
    await set_up(hass, entry)
    await home.start_stream(user=owner, delivery=Delivery.TRANSCODE, video="copy")
    await settle(hass)
    assert values(hass, "transcoding") == ["1"]
    attributes = stream_attributes(hass)
    assert (attributes["video_decision"], attributes["audio_decision"]) == ("copy", "transcode")


async def test_reserved_bandwidth_by_location(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    home: PlexServer,
    owner: Account,
    entry: MockConfigEntry,
) -> None:
    """A mobile network is remote."""
    await set_up(hass, entry)
    for location, bandwidth in (("lan", 10_000), ("wan", 3000), ("cellular", 500)):
        await home.start_stream(user=owner, player=location, location=location, bandwidth=bandwidth)
    await advance(hass, freezer, 2, step=1)
    assert values(hass, "bandwidth", "bandwidth_lan", "bandwidth_wan") == ["13.5", "10.0", "3.5"]
    attributes = attributes_of(hass, "sensor.home_bandwidth")
    assert attributes[ATTR_UNIT_OF_MEASUREMENT] == "Mbit/s"
    assert attributes[ATTR_DEVICE_CLASS] == "data_rate"
    assert attributes[ATTR_STATE_CLASS] == "measurement"


async def test_users_are_counted_once_each(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    home: PlexServer,
    owner: Account,
    friend: Account,
    entry: MockConfigEntry,
) -> None:
    """A user may have several streams."""
    home.share_with(friend)
    await set_up(hass, entry)
    for user, player in ((owner, "TV"), (owner, "Phone"), (friend, "Browser")):
        await home.start_stream(user=user, player=player)
    await advance(hass, freezer, 2, step=1)
    assert values(hass, "streams", "users_watching") == ["3", "2"]


async def test_attributes_of_a_stream(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    home: PlexServer,
    owner: Account,
    entry: MockConfigEntry,
) -> None:
    """They say what is played, and how and why it is transcoded."""
    await set_up(hass, entry)
    stream = await home.start_stream(
        user=owner,
        title="Over the Canyon",
        player="Living room TV",
        delivery=Delivery.TRANSCODE,
        quality=UHD,
        subtitles="burn",
        location="wan",
        bandwidth=4200,
    )
    await stream.seek(2_700_000)
    await settle(hass)
    attributes = stream_attributes(hass)
    progress = attributes.pop("progress")
    assert attributes.keys() >= LINKS
    assert {name: value for name, value in attributes.items() if name not in LINKS} == {
        "title": "Over the Canyon",
        "media_type": "movie",
        "year": 2020,
        "user": "owner",
        "player": "Living room TV",
        "state": "playing",
        "decision": "transcode",
        "video_decision": "transcode",
        "audio_decision": "transcode",
        "subtitle_decision": "burn",
        "source_resolution": "4k",
        "resolution": "720p",
        "source_video_codec": "hevc",
        "video_codec": "h264",
        "source_audio_codec": "truehd",
        "audio_codec": "aac",
        "bandwidth": 4200,
        "location": "wan",
        "hardware": True,
        "throttled": False,
    }
    assert progress in {0, 50}
    await stream.work(throttled=True)
    await advance(hass, freezer, 2 * MINUTE)
    attributes = stream_attributes(hass)
    assert attributes["throttled"] is True
    assert 50 < attributes["progress"] < 60


async def test_attributes_of_an_episode(
    hass: HomeAssistant, home: PlexServer, owner: Account, entry: MockConfigEntry
) -> None:
    """They include the show, which the title does not."""
    await set_up(hass, entry)
    await home.start_stream(user=owner, title="Second Thoughts", kind=Kind.EPISODE)
    await settle(hass)
    attributes = stream_attributes(hass)
    assert (attributes["show"], attributes["season"], attributes["episode"]) == (
        "Harbour Street",
        1,
        2,
    )


async def test_attributes_of_a_track(
    hass: HomeAssistant, home: PlexServer, owner: Account, entry: MockConfigEntry
) -> None:
    """They include the artist, and the track is not transcoded."""
    await set_up(hass, entry)
    await home.start_stream(user=owner, title="Intermezzo", kind=Kind.TRACK, quality=MUSIC)
    await settle(hass)
    attributes = stream_attributes(hass)
    assert (attributes["artist"], attributes["album"]) == ("The Quiet Band", "Evening")
    assert (attributes["hardware"], attributes["throttled"]) == (False, False)


async def test_list_of_streams_is_limited(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    home: PlexServer,
    owner: Account,
    entry: MockConfigEntry,
) -> None:
    """The number of streams is not, and the list is not recorded."""
    await set_up(hass, entry)
    for number in range(30):
        await home.start_stream(user=owner, player=f"TV {number}")
    await advance(hass, freezer, 2, step=1)
    assert values(hass, "streams") == ["30"]
    assert len(attributes_of(hass, STREAMS)["streams"]) == 20
    assert "streams" in unrecorded_attributes(hass, STREAMS)


async def test_progress_changes_no_state(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    world: World,
    home: PlexServer,
    owner: Account,
    entry: MockConfigEntry,
) -> None:
    """Two hundred streams change the state of no entity, and cause no request."""
    await set_up(hass, entry)
    streams = [
        await home.start_stream(user=owner, player=f"TV {number}", transcode=True)
        for number in range(200)
    ]
    await advance(hass, freezer, 2, step=1)
    assert values(hass, "streams") == ["200"]
    world.requests.clear()
    changes = async_capture_events(hass, EVENT_STATE_CHANGED)
    for stream in streams:
        await stream.seek(60_000)
        await stream.work(speed=1.1)
    await settle(hass)
    assert changes == []
    assert len(world.requests) == 0


# Activities


async def test_activities_follow_push(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    world: World,
    home: PlexServer,
    entry: MockConfigEntry,
) -> None:
    """The attributes include the progress."""
    await set_up(hass, entry)
    await advance(hass, freezer, 20)
    world.requests.clear()
    assert state_of(hass, ACTIVITIES) == "0"
    activity = await home.activities.start("media.generate.credits", "Detecting credits")
    await settle(hass)
    assert state_of(hass, ACTIVITIES) == "1"
    await activity.update(40, "Winter Light")
    await advance(hass, freezer, 10, step=10)
    assert attributes_of(hass, ACTIVITIES)["activities"] == [
        {"title": "Detecting credits", "subtitle": "Winter Light", "progress": 40}
    ]
    await activity.end()
    await settle(hass)
    assert state_of(hass, ACTIVITIES) == "0"
    assert len(world.requests) == 0


async def test_list_of_activities_is_limited(
    hass: HomeAssistant, home: PlexServer, entry: MockConfigEntry
) -> None:
    """The number of activities is not."""
    await set_up(hass, entry)
    for number in range(30):
        await home.activities.start("media.generate.credits", f"Work {number}")
    await settle(hass)
    assert state_of(hass, ACTIVITIES) == "30"
    assert len(attributes_of(hass, ACTIVITIES)["activities"]) == 20


# Rights and availability


async def test_guest_has_no_owner_only_sensors(
    hass: HomeAssistant, home: PlexServer, guest: MockConfigEntry
) -> None:
    """They would never have a value."""
    await set_up(hass, guest)
    for key in OWNER_ONLY:
        assert hass.states.get(f"sensor.home_{key}") is None, key
    assert values(hass, "version") == [home.version]


@pytest.mark.parametrize("claimed", [True, False], ids=["open to the network", "unclaimed"])
async def test_server_without_a_token_has_owner_only_sensors(
    hass: HomeAssistant, home: PlexServer, *, claimed: bool
) -> None:
    """Without a token everybody has the rights of the owner."""
    home.claimed = claimed
    home.allowed_without_auth = claimed
    await set_up(hass, entry_of(home, source=TokenSource.NONE))
    assert {float(value) for value in values(hass, *OWNER_ONLY)} == {0}


@pytest.mark.allowed_logs(DOWN)
async def test_sensors_are_unavailable_while_the_server_is_down(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    home: PlexServer,
    entry: MockConfigEntry,
) -> None:
    """Those of the libraries too, and all are available again with the server.

    What the server did last is known all the same.
    """
    await set_up(hass, entry)
    await home.stop()
    await advance(hass, freezer, 2 * MINUTE)
    assert available(hass, "sensor").keys() == {
        "sensor.home_last_added",
        "sensor.home_last_played",
        "sensor.home_token_status",
    }
    await home.start()
    await advance(hass, freezer, 3 * MINUTE)
    assert values(hass, "streams", "movies_items", "tv_shows_episodes") == ["0", "3", "2"]


# Libraries


async def test_items_of_a_library(
    hass: HomeAssistant, home: PlexServer, entry: MockConfigEntry
) -> None:
    """They have no unit, which would be wrong for a single one in many languages."""
    home.library.add_section("Pictures", Kind.PHOTO)
    await set_up(hass, entry)
    keys = "movies_items", "tv_shows_items", "tv_shows_episodes", "music_items", "pictures_items"
    assert values(hass, *keys) == ["3", "1", "2", "1", "0"]
    for key in keys:
        attributes = attributes_of(hass, f"sensor.home_{key}")
        assert ATTR_UNIT_OF_MEASUREMENT not in attributes
        assert attributes[ATTR_STATE_CLASS] == "measurement"


async def test_parts_of_a_library(
    hass: HomeAssistant, home: PlexServer, entry: MockConfigEntry
) -> None:
    """Each type of library has its own sensors."""
    pictures = home.library.add_section("Pictures", Kind.PHOTO)
    home.library.add("Sunset", kind=Kind.PHOTO, section=pictures, album="Holidays")
    with all_enabled():
        await set_up(hass, entry)
    assert await hass.config_entries.async_reload(entry.entry_id)
    await settle(hass)
    assert values(
        hass,
        "tv_shows_seasons",
        "music_albums",
        "music_tracks",
        "pictures_items",
        "pictures_photos",
    ) == ["1", "1", "2", "1", "1"]
    for key in ("movies_seasons", "movies_episodes", "music_episodes", "tv_shows_tracks"):
        assert hass.states.get(f"sensor.home_{key}") is None, key


async def test_sensors_that_are_disabled_by_default(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    """They are seldom needed."""
    await set_up(hass, entry)
    disabled = {
        entity.entity_id.removeprefix("sensor.home_")
        for entity in er.async_entries_for_config_entry(er.async_get(hass), entry.entry_id)
        if entity.disabled and entity.domain == "sensor"
    }
    assert disabled == {
        "tv_shows_seasons",
        "music_albums",
        "music_tracks",
        "movies_duration",
        "tv_shows_duration",
        "music_duration",
        "host_cpu",
        "server_cpu",
        "host_memory",
        "server_memory",
        "measured_bandwidth_lan",
        "measured_bandwidth_wan",
    }


async def test_size_and_duration(
    hass: HomeAssistant, home: PlexServer, entry: MockConfigEntry
) -> None:
    """The units are readable."""
    size, duration = home.library.storage(home.library.sections[0])
    with all_enabled():
        await set_up(hass, entry)
    assert float(state_of(hass, "sensor.home_movies_size")) == pytest.approx(size / 1e9)
    assert attributes_of(hass, "sensor.home_movies_size")[ATTR_UNIT_OF_MEASUREMENT] == "GB"
    assert float(state_of(hass, "sensor.home_movies_duration")) == pytest.approx(duration / 3.6e6)
    assert attributes_of(hass, "sensor.home_movies_duration")[ATTR_UNIT_OF_MEASUREMENT] == "h"


async def test_size_follows_the_rights_of_the_account(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, home: PlexServer, guest: MockConfigEntry
) -> None:
    """The number of items, which everybody may see, stays."""
    await set_up(hass, guest)
    assert values(hass, "movies_items") == ["3"]
    assert hass.states.get("sensor.home_movies_size") is None

    home.allowed_without_auth = True
    await advance(hass, freezer, 15 * MINUTE)
    assert values(hass, "movies_items") == ["3"]
    assert float(state_of(hass, "sensor.home_movies_size")) > 0

    home.allowed_without_auth = False
    await advance(hass, freezer, 15 * MINUTE)
    assert values(hass, "movies_items", "movies_size") == ["3", STATE_UNAVAILABLE]


async def test_last_added(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    home: PlexServer,
    entry: MockConfigEntry,
) -> None:
    """The state is the time, and the attributes are the media."""
    home.library.add_section("Empty", Kind.MOVIE)
    await set_up(hass, entry)
    assert values(hass, "empty_last_added") == [STATE_UNKNOWN]
    await advance(hass, freezer, 10 * MINUTE)
    await home.add_media("Third Time", kind=Kind.EPISODE, show="Harbour Street", season=1)
    added = home.library.titled("Third Time")
    assert added is not None
    await advance(hass, freezer, MINUTE)
    attributes = attributes_of(hass, "sensor.home_tv_shows_last_added")
    assert attributes[ATTR_DEVICE_CLASS] == "timestamp"
    assert attributes["title"] == "Third Time"
    assert attributes["show"] == "Harbour Street"
    assert (attributes["season"], attributes["episode"]) == (1, 3)
    assert values(hass, "tv_shows_last_added") == [_iso(added.added_at)]


async def test_last_scan(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    home: PlexServer,
    entry: MockConfigEntry,
) -> None:
    """It is updated soon after the end of a scan."""
    [movies, *_] = home.library.sections
    await set_up(hass, entry)
    assert values(hass, "movies_last_scan") == [_iso(movies.scanned_at)]
    await advance(hass, freezer, 10 * MINUTE)
    await home.scan(movies)
    await advance(hass, freezer, MINUTE)
    assert values(hass, "movies_last_scan") == [_iso(movies.scanned_at)]


@pytest.mark.allowed_logs(r"^custom_components\.plex_monitor: Error \w+ Home libraries data")
async def test_library_is_unavailable_while_the_libraries_cannot_be_read(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    home: PlexServer,
    entry: MockConfigEntry,
) -> None:
    """Sensors of the server stay available, and those of the library recover."""
    await set_up(hass, entry)
    await advance(hass, freezer, MINUTE)
    rule = home.faults.set(Fault.GARBLED, paths="^/library/sections$")
    await home.notifier.drop()
    await advance(hass, freezer, 5 * MINUTE)
    assert rule.hits
    assert values(hass, "movies_items") == [STATE_UNAVAILABLE]
    assert values(hass, "streams") == ["0"]
    home.faults.clear()
    await advance(hass, freezer, 10 * MINUTE)
    assert values(hass, "movies_items") == ["3"]


def _iso(timestamp: int) -> str:
    """Return a time as a sensor shows it."""
    return dt_util.utc_from_timestamp(timestamp).isoformat()
