"""Triggers of Plex Monitor start real automations."""

from collections.abc import Awaitable, Callable
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.const import STATE_UNAVAILABLE
from homeassistant.core import HomeAssistant
from homeassistant.helpers.trigger import async_get_all_descriptions
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.plex_monitor import trigger
from custom_components.plex_monitor.const import CONF_ACCOUNT_TOKEN

from .simulator import Account, Kind, PlexServer, Stream, World
from .support.automations import (
    AUTOMATION,
    automate,
    check_described,
    library_device,
    on,
    seen,
    server_device,
    trigger_of,
)
from .support.entries import set_up, state_of
from .support.helpers import advance, settle

UNREADABLE = r"^custom_components\.plex_monitor: (Error|Authentication failed).* fetching Home"
INVALID = r"^homeassistant\.components\.automation: Automation with alias 'test' failed to setup"
MINUTE = 60

type Act = Callable[[Stream], Awaitable[object]]


async def finish(stream: Stream) -> None:
    """Play to the end."""
    await stream.seek(99_000)
    await stream.stop()


@pytest.mark.parametrize(
    ("name", "act", "state"),
    [
        ("playback_paused", Stream.pause, "paused"),
        ("playback_stopped", Stream.stop, "stopped"),
        ("playback_finished", finish, "stopped"),
        ("credits_reached", lambda stream: stream.seek(85_000), "playing"),
    ],
)
async def test_what_happens_to_a_stream(
    hass: HomeAssistant,
    home: PlexServer,
    owner: Account,
    entry: MockConfigEntry,
    name: str,
    act: Act,
    state: str,
) -> None:
    """Each has its trigger, which knows what happened to what."""
    await home.add_media("Film", duration=100_000, credits_at=80_000)
    await set_up(hass, entry)
    runs = await automate(hass, on(name))
    stream = await home.start_stream(user=owner, title="Film", player="TV")
    await settle(hass)
    assert runs == []
    await act(stream)
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
    """To go on is no start."""
    await set_up(hass, entry)
    runs = await automate(hass, on("playback_started"))
    stream = await home.start_stream(user=owner, title="Film")
    await settle(hass)
    assert seen(runs, "title") == ["Film"]
    await stream.pause()
    await stream.resume()
    await settle(hass)
    assert len(runs) == 1


async def test_playback_resumed(
    hass: HomeAssistant, home: PlexServer, owner: Account, entry: MockConfigEntry
) -> None:
    """After a pause, not after the player had to wait for data."""
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
    assert seen(runs, "title") == ["Film"]


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
    world: World,
    home: PlexServer,
    owner: Account,
    entry: MockConfigEntry,
    options: dict[str, Any],
    titles: list[str],
) -> None:
    """All that are given have to match, of each any of its values."""
    friend = world.plex_tv.add_account("friend")
    home.share_with(friend)
    await set_up(hass, entry)
    runs = await automate(hass, on("playback_started", **options))
    await home.start_stream(user=owner, title="Film", player="TV", transcode=True)
    await home.start_stream(user=friend, title="Pilot", player="TV 2", kind=Kind.EPISODE)
    await home.start_stream(user=owner, title="Song", player="Kitchen radio", kind=Kind.TRACK)
    await advance(hass, freezer, 3, step=1)
    assert sorted(seen(runs, "title")) == titles


async def test_library_is_known_by_its_device(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    home: PlexServer,
    owner: Account,
    entry: MockConfigEntry,
) -> None:
    """As the editor gives it, for streams and for what is added; a name may stand beside it."""
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
    assert seen(runs, "title") == ["Pilot", "Song", "Show"]


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
    """What comes in together is told together."""
    await set_up(hass, entry)
    runs = await automate(hass, on("media_added", **options))
    await home.add_media("Film")
    await home.add_season("Show", 1, episodes=10)
    await advance(hass, freezer, 2 * MINUTE)
    assert sorted(seen(runs, "title")) == titles
    assert {1: "Film", 10: "Show"}.items() >= dict(
        zip(seen(runs, "count"), seen(runs, "title"), strict=True)
    ).items()


@pytest.mark.allowed_logs(UNREADABLE)
async def test_server_went_down_and_came_back(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, home: PlexServer, entry: MockConfigEntry
) -> None:
    """Each once."""
    await set_up(hass, entry)
    runs = await automate(hass, on("server_went_down"))
    await home.stop()
    await advance(hass, freezer, 10 * MINUTE)
    assert seen(runs, "server") == ["Home"]
    assert seen(runs, "version") == [home.version]
    await home.start()
    await advance(hass, freezer, 10 * MINUTE)
    assert len(runs) == 1


@pytest.mark.allowed_logs(UNREADABLE)
async def test_server_came_back(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, home: PlexServer, entry: MockConfigEntry
) -> None:
    """Also where the entry was reloaded in the meantime."""
    await set_up(hass, entry)
    runs = await automate(hass, on("server_came_back", device_id=server_device(hass, entry)))
    await home.stop()
    await advance(hass, freezer, 5 * MINUTE)
    await hass.config_entries.async_reload(entry.entry_id)
    await advance(hass, freezer, 5 * MINUTE)
    assert runs == []
    await home.start()
    await advance(hass, freezer, 10 * MINUTE)
    assert seen(runs, "server") == ["Home"]


@pytest.mark.allowed_logs(UNREADABLE)
async def test_server_that_is_down_for_a_moment_only_has_not_gone_down_for_long(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, home: PlexServer, entry: MockConfigEntry
) -> None:
    """A restart for an update need not wake anybody."""
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
async def test_token_became_invalid(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, world: World, entry: MockConfigEntry
) -> None:
    """Once, however long it stays so."""
    await set_up(hass, entry)
    runs = await automate(hass, on("token_became_invalid"))
    world.plex_tv.revoke(entry.data[CONF_ACCOUNT_TOKEN])
    await advance(hass, freezer, 60 * MINUTE)
    assert seen(runs, "server") == ["Home"]


@pytest.mark.allowed_logs(UNREADABLE)
async def test_token_that_was_dead_before_the_entry_was_loaded(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, world: World, entry: MockConfigEntry
) -> None:
    """The automation was there first."""
    runs = await automate(hass, on("token_became_invalid"))
    world.plex_tv.revoke(entry.data[CONF_ACCOUNT_TOKEN])
    await set_up(hass, entry)
    await advance(hass, freezer, 15 * MINUTE)
    assert seen(runs, "server") == ["Home"]


async def test_streams_above(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    home: PlexServer,
    owner: Account,
    entry: MockConfigEntry,
) -> None:
    """Each time that it gets there, not with each stream more."""
    await set_up(hass, entry)
    runs = await automate(hass, on("streams_above", above=1))
    streams = [await home.start_stream(user=owner, title=f"Film {n}") for n in range(3)]
    await advance(hass, freezer, 3, step=1)
    assert seen(runs, "above") == [1]
    [streams_then] = seen(runs, "streams")
    assert seen(runs, "count") == [len(streams_then)]
    assert {stream["title"] for stream in streams_then} <= {"Film 0", "Film 1", "Film 2"}

    for stream in streams[1:]:
        await stream.stop()
    await settle(hass)
    await home.start_stream(user=owner, title="Film 3")
    await advance(hass, freezer, 3, step=1)
    assert len(runs) == 2


async def test_streams_above_for_some_time_and_of_some_kind(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    home: PlexServer,
    owner: Account,
    entry: MockConfigEntry,
) -> None:
    """Only what matches is counted, and it has to last."""
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
    [[stream]] = seen(runs, "streams")
    assert stream["title"] == "Film 3"


async def test_streams_that_were_there_before_did_not_just_get_there(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    home: PlexServer,
    owner: Account,
    entry: MockConfigEntry,
) -> None:
    """Neither when the automation begins, nor after a reload."""
    await home.start_stream(user=owner, title="Film")
    await set_up(hass, entry)
    runs = await automate(hass, on("streams_above", above=0))
    await hass.config_entries.async_reload(entry.entry_id)
    await advance(hass, freezer, 5 * MINUTE)
    assert runs == []


@pytest.mark.allowed_logs(UNREADABLE)
async def test_streams_of_a_server_that_is_away_are_not_known_to_last(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    home: PlexServer,
    owner: Account,
    entry: MockConfigEntry,
) -> None:
    """It is waited for anew once they are seen again."""
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


@pytest.mark.allowed_logs(INVALID)
@pytest.mark.parametrize(
    ("config", "error"),
    [
        (on("playback_begun"), "Invalid trigger 'plex_monitor.playback_begun' specified"),
        (on("playback_started", title="Film"), "not a valid option"),
        (on("playback_started", media_type="film"), "value must be one of"),
        (on("playback_started", user="  "), "a name is empty"),
        (on("playback_started", transcoding="perhaps"), "invalid boolean value perhaps"),
        (on("media_added", user="owner"), "not a valid option"),
        (on("server_came_back", for_=5), "not a valid option"),
        (on("server_went_down", for_="soon"), "offset soon should be format"),
        (on("streams_above"), "required key not provided"),
        (on("streams_above", above=-1), "value must be at least 0"),
        (on("streams_above", above="many"), "expected int"),
    ],
)
async def test_mistakes_are_named(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    caplog: pytest.LogCaptureFixture,
    config: dict[str, Any],
    error: str,
) -> None:
    """The automation says what is wrong with it, and does not run."""
    await set_up(hass, entry)
    await automate(hass, config)
    assert state_of(hass, AUTOMATION) == STATE_UNAVAILABLE
    assert error in caplog.text


async def test_each_trigger_is_described(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """The editor shows what is described, with the fields that the trigger takes."""
    await set_up(hass, entry)
    await automate(hass, on("playback_started"))
    options = {
        name: kind.options_schema
        for name, kind in trigger.TRIGGERS.items()
        if issubclass(kind, trigger.PlexMonitorTrigger)
    }
    check_described("triggers", await async_get_all_descriptions(hass), options)
