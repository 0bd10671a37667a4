"""Sensors of a server and of its libraries."""

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

from .simulator import MUSIC, UHD, Account, Delivery, Fault, Kind, PlexServer, World
from .support.entities import all_enabled, attributes_of, values
from .support.entries import DOWN, entry_of, set_up, state_of
from .support.helpers import advance, settle

MINUTE = 60
STREAMS = "sensor.home_streams"
ACTIVITIES = "sensor.home_activities"
OF_OWNERS_ALONE = (
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


# Streams


async def test_streams_are_counted_by_how_they_are_delivered(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    home: PlexServer,
    owner: Account,
    entry: MockConfigEntry,
) -> None:
    """It is what is done to picture and sound that counts."""
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


async def test_sound_alone_that_is_transcoded_is_a_transcode(
    hass: HomeAssistant, home: PlexServer, owner: Account, entry: MockConfigEntry
) -> None:
    """The reason shows in the attributes."""
    await set_up(hass, entry)
    await home.start_stream(user=owner, delivery=Delivery.TRANSCODE, video="copy")
    await settle(hass)
    assert values(hass, "transcoding") == ["1"]
    [stream] = attributes_of(hass, STREAMS)["streams"]
    assert (stream["video_decision"], stream["audio_decision"]) == ("copy", "transcode")


async def test_reserved_bandwidth_by_where_the_players_are(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    home: PlexServer,
    owner: Account,
    entry: MockConfigEntry,
) -> None:
    """A mobile network is outside."""
    await set_up(hass, entry)
    for location, bandwidth in (("lan", 10_000), ("wan", 3000), ("cellular", 500)):
        await home.start_stream(user=owner, player=location, location=location, bandwidth=bandwidth)
    await advance(hass, freezer, 2, step=1)
    assert values(hass, "bandwidth", "bandwidth_lan", "bandwidth_wan") == ["13500", "10000", "3500"]
    attributes = attributes_of(hass, "sensor.home_bandwidth")
    assert attributes[ATTR_UNIT_OF_MEASUREMENT] == "kbit/s"
    assert attributes[ATTR_DEVICE_CLASS] == "data_rate"
    assert attributes[ATTR_STATE_CLASS] == "measurement"


async def test_users_are_counted_once_each(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    world: World,
    home: PlexServer,
    owner: Account,
    entry: MockConfigEntry,
) -> None:
    """However many players somebody uses."""
    friend = world.plex_tv.add_account("friend")
    home.share_with(friend)
    await set_up(hass, entry)
    for user, player in ((owner, "TV"), (owner, "Phone"), (friend, "Browser")):
        await home.start_stream(user=user, player=player)
    await advance(hass, freezer, 2, step=1)
    assert values(hass, "streams", "users_watching") == ["3", "2"]


async def test_streams_tell_what_is_played_and_why_it_is_transcoded(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    home: PlexServer,
    owner: Account,
    entry: MockConfigEntry,
) -> None:
    """Everything that one asks when the server is under load."""
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
    [told] = attributes_of(hass, STREAMS)["streams"]
    progress = told.pop("progress")
    assert told == {
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
    [told] = attributes_of(hass, STREAMS)["streams"]
    assert told["throttled"] is True
    assert 50 < told["progress"] < 60


async def test_episode_is_told_with_its_show(
    hass: HomeAssistant, home: PlexServer, owner: Account, entry: MockConfigEntry
) -> None:
    """A title alone says little."""
    await set_up(hass, entry)
    await home.start_stream(user=owner, title="Second Thoughts", kind=Kind.EPISODE)
    await settle(hass)
    [told] = attributes_of(hass, STREAMS)["streams"]
    assert (told["show"], told["season"], told["episode"]) == ("Harbour Street", 1, 2)


async def test_music_is_told_with_its_artist(
    hass: HomeAssistant, home: PlexServer, owner: Account, entry: MockConfigEntry
) -> None:
    """Nothing has to be known of a transcoder."""
    await set_up(hass, entry)
    await home.start_stream(user=owner, title="Intermezzo", kind=Kind.TRACK, quality=MUSIC)
    await settle(hass)
    [told] = attributes_of(hass, STREAMS)["streams"]
    assert (told["artist"], told["album"]) == ("The Quiet Band", "Evening")
    assert (told["hardware"], told["throttled"]) == (False, False)


async def test_list_of_streams_is_bounded(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    home: PlexServer,
    owner: Account,
    entry: MockConfigEntry,
) -> None:
    """The number is right all the same, and nothing of the list is recorded."""
    await set_up(hass, entry)
    for number in range(30):
        await home.start_stream(user=owner, player=f"TV {number}")
    await advance(hass, freezer, 2, step=1)
    assert values(hass, "streams") == ["30"]
    assert len(attributes_of(hass, STREAMS)["streams"]) == 20
    state = hass.states.get(STREAMS)
    assert state is not None
    assert state.state_info is not None
    assert "streams" in state.state_info["unrecorded_attributes"]


async def test_progress_that_is_told_changes_no_state(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    world: World,
    home: PlexServer,
    owner: Account,
    entry: MockConfigEntry,
) -> None:
    """For two hundred streams, of every entity there is."""
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


async def test_activities_are_followed_by_push(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    world: World,
    home: PlexServer,
    entry: MockConfigEntry,
) -> None:
    """With how far they are, which is not recorded."""
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


async def test_list_of_activities_is_bounded(
    hass: HomeAssistant, home: PlexServer, entry: MockConfigEntry
) -> None:
    """The number is right all the same."""
    await set_up(hass, entry)
    for number in range(30):
        await home.activities.start("media.generate.credits", f"Work {number}")
    await settle(hass)
    assert state_of(hass, ACTIVITIES) == "30"
    assert len(attributes_of(hass, ACTIVITIES)["activities"]) == 20


# Who is told


async def test_guest_gets_no_sensor_of_what_is_the_owners(
    hass: HomeAssistant, home: PlexServer, guest: MockConfigEntry
) -> None:
    """There would never be a value."""
    await set_up(hass, guest)
    for key in OF_OWNERS_ALONE:
        assert hass.states.get(f"sensor.home_{key}") is None, key
    assert values(hass, "version") == [home.version]


@pytest.mark.parametrize("claimed", [True, False], ids=["open to the network", "unclaimed"])
async def test_server_that_needs_no_token_tells_all(
    hass: HomeAssistant, home: PlexServer, *, claimed: bool
) -> None:
    """Whoever may come in has the owner's rights."""
    home.claimed = claimed
    home.allowed_without_auth = claimed
    await set_up(hass, entry_of(home, source=TokenSource.NONE))
    assert values(hass, *OF_OWNERS_ALONE) == ["0"] * len(OF_OWNERS_ALONE)


@pytest.mark.allowed_logs(DOWN)
async def test_sensors_are_unavailable_while_the_server_cannot_be_read(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    home: PlexServer,
    entry: MockConfigEntry,
) -> None:
    """Those of the libraries too, and all come back with it."""
    await set_up(hass, entry)
    await home.stop()
    await advance(hass, freezer, 2 * MINUTE)
    told = {
        state.entity_id for state in hass.states.async_all("sensor") if state.state != "unavailable"
    }
    assert told == {"sensor.home_token_status"}
    await home.start()
    await advance(hass, freezer, 3 * MINUTE)
    assert values(hass, "streams", "movies_items", "tv_shows_episodes") == ["0", "3", "2"]


# Libraries


async def test_library_tells_what_is_in_it(
    hass: HomeAssistant, home: PlexServer, entry: MockConfigEntry
) -> None:
    """The unit says what is counted."""
    home.library.add_section("Pictures", Kind.PHOTO)
    await set_up(hass, entry)
    expected = {
        "movies_items": ("3", "movies"),
        "tv_shows_items": ("1", "shows"),
        "tv_shows_episodes": ("2", "episodes"),
        "music_items": ("1", "artists"),
        "pictures_items": ("0", "albums"),
    }
    for key, (count, unit) in expected.items():
        attributes = attributes_of(hass, f"sensor.home_{key}")
        assert (state_of(hass, f"sensor.home_{key}"), attributes["unit_of_measurement"]) == (
            count,
            unit,
        )
        assert attributes[ATTR_STATE_CLASS] == "measurement"


async def test_parts_of_a_library(
    hass: HomeAssistant, home: PlexServer, entry: MockConfigEntry
) -> None:
    """Each kind of library has its own."""
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


async def test_rare_ones_are_disabled(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Whoever wants them enables them."""
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
    """In units that one can read."""
    size, duration = home.library.storage(home.library.sections[0])
    with all_enabled():
        await set_up(hass, entry)
    assert float(state_of(hass, "sensor.home_movies_size")) == pytest.approx(size / 1e9)
    assert attributes_of(hass, "sensor.home_movies_size")[ATTR_UNIT_OF_MEASUREMENT] == "GB"
    assert float(state_of(hass, "sensor.home_movies_duration")) == pytest.approx(duration / 3.6e6)
    assert attributes_of(hass, "sensor.home_movies_duration")[ATTR_UNIT_OF_MEASUREMENT] == "h"


async def test_size_comes_and_goes_with_the_right_to_see_it(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, home: PlexServer, guest: MockConfigEntry
) -> None:
    """What everybody may see is not touched by it."""
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
    """When, and what."""
    home.library.add_section("Empty", Kind.MOVIE)
    await set_up(hass, entry)
    assert values(hass, "empty_last_added") == [STATE_UNKNOWN]
    await advance(hass, freezer, 10 * MINUTE)
    await home.add_media("Third Time", kind=Kind.EPISODE, show="Harbour Street", season=1)
    added = home.library.titled("Third Time")
    assert added is not None
    await advance(hass, freezer, MINUTE)
    state = hass.states.get("sensor.home_tv_shows_last_added")
    assert state is not None
    assert state.attributes[ATTR_DEVICE_CLASS] == "timestamp"
    assert state.attributes["title"] == "Third Time"
    assert state.attributes["show"] == "Harbour Street"
    assert (state.attributes["season"], state.attributes["episode"]) == (1, 3)
    assert state.state == _iso(added.added_at)


async def test_last_scan(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    home: PlexServer,
    entry: MockConfigEntry,
) -> None:
    """It is known soon after its end."""
    [movies, *_] = home.library.sections
    await set_up(hass, entry)
    assert values(hass, "movies_last_scan") == [_iso(movies.scanned_at)]
    await advance(hass, freezer, 10 * MINUTE)
    await home.scan(movies)
    await advance(hass, freezer, MINUTE)
    assert values(hass, "movies_last_scan") == [_iso(movies.scanned_at)]


@pytest.mark.allowed_logs(r"^custom_components\.plex_monitor: Error fetching Home libraries data")
async def test_library_that_the_server_does_not_tell_of_is_unavailable(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    home: PlexServer,
    entry: MockConfigEntry,
) -> None:
    """What was in it is not known any more when the server gives another answer."""
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
