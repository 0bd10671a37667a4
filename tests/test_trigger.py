"""Triggers, in automations."""

from collections.abc import Awaitable, Callable
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import CoreState, HomeAssistant
from homeassistant.helpers.trigger import async_get_all_descriptions
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.plex_monitor import trigger
from custom_components.plex_monitor.const import CONF_ACCOUNT_TOKEN

from .simulator import Account, Kind, PlexServer, Stream, World
from .support.automations import (
    automate,
    check_described,
    library_device,
    on,
    server_device,
    trigger_of,
    variables,
)
from .support.entries import UNREADABLE, set_up
from .support.helpers import advance, settle

MINUTE = 60

type ChangeStream = Callable[[Stream], Awaitable[object]]


async def finish(stream: Stream) -> None:
    """Play a stream to its end."""
    await stream.seek(99_000)
    await stream.stop()


@pytest.mark.parametrize(
    ("name", "change", "state"),
    [
        ("playback_paused", Stream.pause, "paused"),
        ("playback_stopped", Stream.stop, "stopped"),
        ("playback_finished", finish, "stopped"),
        ("credits_reached", lambda stream: stream.seek(85_000), "playing"),
    ],
)
async def test_playback_triggers(
    hass: HomeAssistant,
    home: PlexServer,
    owner: Account,
    entry: MockConfigEntry,
    name: str,
    change: ChangeStream,
    state: str,
) -> None:
    """Each event has its trigger, with variables for the stream and the server."""
    await home.add_media("Film", duration=100_000, credits_at=80_000)
    await set_up(hass, entry)
    runs = await automate(hass, on(name))
    stream = await home.start_stream(user=owner, title="Film", player="TV")
    await settle(hass)
    assert runs == []
    await change(stream)
    await settle(hass)
    [run] = runs
    assert {
        "platform": f"plex_monitor.{name}",
        "description": f"{name.replace('_', ' ')} (Home)",
        "server": "Home",
        "config_entry_id": entry.entry_id,
        "device_id": server_device(hass, entry),
        "title": "Film",
        "user": "owner",
        "player": "TV",
        "library": "Movies",
        "media_type": "movie",
        "show": None,
        "state": state,
    }.items() <= trigger_of(run).items()


async def test_playback_started(
    hass: HomeAssistant, home: PlexServer, owner: Account, entry: MockConfigEntry
) -> None:
    """To resume playback is no start."""
    await set_up(hass, entry)
    runs = await automate(hass, on("playback_started"))
    stream = await home.start_stream(user=owner, title="Film")
    await settle(hass)
    assert variables(runs, "title") == ["Film"]
    await stream.pause()
    await stream.resume()
    await settle(hass)
    assert len(runs) == 1


async def test_playback_resumed(
    hass: HomeAssistant, home: PlexServer, owner: Account, entry: MockConfigEntry
) -> None:
    """Playback resumes after a pause, not after buffering."""
    await set_up(hass, entry)
    runs = await automate(hass, on("playback_resumed"))
    stream = await home.start_stream(user=owner, title="Film")
    await settle(hass)
    await stream.buffer()
    await stream.resume()
    await settle(hass)
    assert runs == []
    await stream.pause()
    await stream.resume()
    await settle(hass)
    assert variables(runs, "title") == ["Film"]


@pytest.mark.parametrize(
    ("options", "titles"),
    [
        ({}, ["Film", "Pilot", "Song"]),
        ({"user": "friend"}, ["Pilot"]),
        ({"user": ["Friend", "nobody"]}, ["Pilot"]),
        ({"user": []}, ["Film", "Pilot", "Song"]),
        ({"player": "kitchen radio"}, ["Song"]),
        ({"library": ["Movies", "Music"]}, ["Film", "Song"]),
        ({"media_type": "episode"}, ["Pilot"]),
        ({"transcoding": True}, ["Film"]),
        ({"transcoding": False}, ["Pilot", "Song"]),
        ({"transcoding": True, "user": "friend"}, []),
    ],
)
async def test_filters(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    home: PlexServer,
    owner: Account,
    friend: Account,
    entry: MockConfigEntry,
    options: dict[str, Any],
    titles: list[str],
) -> None:
    """A stream has to match all options, and any of the values of each."""
    home.share_with(friend)
    await set_up(hass, entry)
    runs = await automate(hass, on("playback_started", **options))
    await home.start_stream(user=owner, title="Film", player="TV", transcode=True)
    await home.start_stream(user=friend, title="Pilot", player="TV 2", kind=Kind.EPISODE)
    await home.start_stream(user=owner, title="Song", player="Kitchen radio", kind=Kind.TRACK)
    await advance(hass, freezer, 3, step=1)
    assert sorted(variables(runs, "title")) == titles


async def test_library_filter_takes_devices(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    home: PlexServer,
    owner: Account,
    entry: MockConfigEntry,
) -> None:
    """The editor stores the device of a library; names and devices can be mixed."""
    played = {"Film": Kind.MOVIE, "Pilot": Kind.EPISODE, "Song": Kind.TRACK}
    for title, kind in played.items():
        await home.add_media(title, kind=kind)
    await set_up(hass, entry)
    libraries = [library_device(hass, entry, "2"), "Music"]
    runs = await automate(
        hass, on("playback_started", library=libraries), on("media_added", library=libraries)
    )
    for title, kind in played.items():
        await home.start_stream(user=owner, title=title, player=title, kind=kind)
    await advance(hass, freezer, 3, step=1)
    await home.add_media("Another film")
    await home.add_season("Show", 1, episodes=10)
    await advance(hass, freezer, 2 * MINUTE)
    assert variables(runs, "title") == ["Pilot", "Song", "Show"]


@pytest.mark.parametrize(
    ("options", "titles"),
    [
        ({}, ["Film", "Show"]),
        ({"library": "movies"}, ["Film"]),
        ({"media_type": "episode"}, ["Show"]),
        ({"media_type": ["photo", "track"]}, []),
    ],
)
async def test_media_added(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    home: PlexServer,
    entry: MockConfigEntry,
    options: dict[str, Any],
    titles: list[str],
) -> None:
    """Items that belong together are reported together."""
    await set_up(hass, entry)
    runs = await automate(hass, on("media_added", **options))
    await home.add_media("Film")
    await home.add_season("Show", 1, episodes=10)
    await advance(hass, freezer, 2 * MINUTE)
    assert sorted(variables(runs, "title")) == titles
    assert {1: "Film", 10: "Show"}.items() >= dict(
        zip(variables(runs, "count"), variables(runs, "title"), strict=True)
    ).items()


@pytest.mark.allowed_logs(UNREADABLE)
async def test_server_went_down(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, home: PlexServer, entry: MockConfigEntry
) -> None:
    """It triggers once, and not when the server is back."""
    await set_up(hass, entry)
    runs = await automate(hass, on("server_went_down"))
    await home.stop()
    await advance(hass, freezer, 10 * MINUTE)
    assert variables(runs, "server") == ["Home"]
    assert variables(runs, "version") == [home.version]
    await home.start()
    await advance(hass, freezer, 10 * MINUTE)
    assert len(runs) == 1


@pytest.mark.allowed_logs(UNREADABLE)
async def test_server_came_back(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, home: PlexServer, entry: MockConfigEntry
) -> None:
    """It triggers also where the entry was reloaded in the meantime."""
    await set_up(hass, entry)
    runs = await automate(hass, on("server_came_back", device_id=server_device(hass, entry)))
    await home.stop()
    await advance(hass, freezer, 5 * MINUTE)
    await hass.config_entries.async_reload(entry.entry_id)
    await advance(hass, freezer, 5 * MINUTE)
    assert runs == []
    await home.start()
    await advance(hass, freezer, 10 * MINUTE)
    assert variables(runs, "server") == ["Home"]
    [downtime] = variables(runs, "downtime")
    assert 9 * MINUTE < downtime < 12 * MINUTE


@pytest.mark.allowed_logs(UNREADABLE)
async def test_server_went_down_for_some_time(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, home: PlexServer, entry: MockConfigEntry
) -> None:
    """A short restart does not trigger it."""
    await set_up(hass, entry)
    runs = await automate(hass, on("server_went_down", for_={"minutes": 10}))
    await home.stop()
    await advance(hass, freezer, 5 * MINUTE)
    await home.start()
    await advance(hass, freezer, 60 * MINUTE)
    assert runs == []
    await home.stop()
    await advance(hass, freezer, 9 * MINUTE)
    assert runs == []
    await advance(hass, freezer, 3 * MINUTE)
    assert len(runs) == 1


@pytest.mark.allowed_logs(UNREADABLE)
@pytest.mark.parametrize("reloaded", [False, True], ids=["", "and reloaded"])
async def test_server_that_is_down_when_home_assistant_starts_went_down_for_some_time(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    home: PlexServer,
    entry: MockConfigEntry,
    *,
    reloaded: bool,
) -> None:
    """The time counts from the moment at which it was found to be down; it triggers once."""
    hass.set_state(CoreState.not_running)
    await home.stop()
    await set_up(hass, entry)
    runs = await automate(hass, on("server_went_down", for_={"minutes": 10}))
    await advance(hass, freezer, 5 * MINUTE)
    await hass.async_start()
    if reloaded:
        await hass.config_entries.async_reload(entry.entry_id)
    await advance(hass, freezer, 4 * MINUTE)
    assert runs == []
    await advance(hass, freezer, 2 * MINUTE)
    assert variables(runs, "server") == ["Home"]
    await advance(hass, freezer, 60 * MINUTE)
    assert len(runs) == 1


@pytest.mark.allowed_logs(UNREADABLE)
async def test_token_became_invalid(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, world: World, entry: MockConfigEntry
) -> None:
    """It triggers once, however long the token stays invalid."""
    await set_up(hass, entry)
    runs = await automate(hass, on("token_became_invalid"))
    world.plex_tv.revoke(entry.data[CONF_ACCOUNT_TOKEN])
    await advance(hass, freezer, 60 * MINUTE)
    assert variables(runs, "server") == ["Home"]


@pytest.mark.allowed_logs(UNREADABLE)
async def test_token_that_was_invalid_before_the_entry_was_loaded(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, world: World, entry: MockConfigEntry
) -> None:
    """An automation that was set up before the entry is triggered."""
    runs = await automate(hass, on("token_became_invalid"))
    world.plex_tv.revoke(entry.data[CONF_ACCOUNT_TOKEN])
    await set_up(hass, entry)
    await advance(hass, freezer, 15 * MINUTE)
    assert variables(runs, "server") == ["Home"]


async def test_streams_above(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    home: PlexServer,
    owner: Account,
    entry: MockConfigEntry,
) -> None:
    """It triggers when the number rises above the limit, not with each further stream."""
    await set_up(hass, entry)
    runs = await automate(hass, on("streams_above", above=1))
    streams = [await home.start_stream(user=owner, title=f"Film {n}") for n in range(3)]
    await advance(hass, freezer, 3, step=1)
    assert variables(runs, "above") == [1]
    [streams_then] = variables(runs, "streams")
    assert variables(runs, "count") == [len(streams_then)]
    assert {stream["title"] for stream in streams_then} <= {"Film 0", "Film 1", "Film 2"}

    for stream in streams[1:]:
        await stream.stop()
    await settle(hass)
    await home.start_stream(user=owner, title="Film 3")
    await advance(hass, freezer, 3, step=1)
    assert len(runs) == 2


async def test_streams_above_for_some_time_with_a_filter(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    home: PlexServer,
    owner: Account,
    entry: MockConfigEntry,
) -> None:
    """Only matching streams are counted, and they have to last."""
    await set_up(hass, entry)
    runs = await automate(hass, on("streams_above", above=0, for_={"minutes": 5}, transcoding=True))
    await home.start_stream(user=owner, title="Film 1")
    await advance(hass, freezer, 10 * MINUTE)
    assert runs == []
    short = await home.start_stream(user=owner, title="Film 2", transcode=True)
    await advance(hass, freezer, 4 * MINUTE)
    await short.stop()
    await advance(hass, freezer, 10 * MINUTE)
    assert runs == []
    await home.start_stream(user=owner, title="Film 3", transcode=True)
    await advance(hass, freezer, 6 * MINUTE)
    [[stream]] = variables(runs, "streams")
    assert stream["title"] == "Film 3"


async def test_streams_above_does_not_trigger_for_streams_from_before(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    home: PlexServer,
    owner: Account,
    entry: MockConfigEntry,
) -> None:
    """Neither when the automation starts, nor after a reload."""
    await home.start_stream(user=owner, title="Film")
    await set_up(hass, entry)
    runs = await automate(hass, on("streams_above", above=0))
    await hass.config_entries.async_reload(entry.entry_id)
    await advance(hass, freezer, 5 * MINUTE)
    assert runs == []


@pytest.mark.allowed_logs(UNREADABLE)
async def test_streams_above_starts_anew_after_the_server_was_down(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    home: PlexServer,
    owner: Account,
    entry: MockConfigEntry,
) -> None:
    """The duration starts again once the streams are known again."""
    await set_up(hass, entry)
    runs = await automate(hass, on("streams_above", above=0, for_={"minutes": 10}))
    await home.start_stream(user=owner, title="Film")
    await advance(hass, freezer, 5 * MINUTE)
    await home.stop()
    await advance(hass, freezer, 20 * MINUTE)
    assert runs == []
    await home.start()
    await home.start_stream(user=owner, title="Film")
    await advance(hass, freezer, 30 * MINUTE)
    assert len(runs) == 1


async def test_every_trigger_is_described(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """The automation editor offers every trigger with its options."""
    await set_up(hass, entry)
    await automate(hass, on("playback_started"))
    check_described("triggers", await async_get_all_descriptions(hass), trigger.TRIGGERS)
