"""What is in a library, and what is new in it, is told once, whatever becomes of the others."""

import asyncio
from collections import Counter

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from tests.simulator import Fault, Find, Kind, PlexServer, World
from tests.support.entities import all_enabled, attributes_of, values
from tests.support.entries import DOWN, UNREADABLE, set_up, state_of
from tests.support.helpers import advance, eventually, settle
from tests.support.libraries import asked_of_libraries, kinds, ready, told_of_libraries

MINUTE = 60
HOUR = 60 * MINUTE

MOVIES = "^/library/sections/1/all$"
TV_SHOWS = "^/library/sections/2/all$"
TEN_YEARS = 10 * 365 * 24 * HOUR


# One that cannot be read


@pytest.mark.parametrize("fault", [Fault.status(500), Fault.status(404), Fault.RESET])
async def test_library_that_cannot_be_counted_takes_no_other_along(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    world: World,
    home: PlexServer,
    entry: MockConfigEntry,
    fault: Fault,
) -> None:
    """It stays as it was until it answers again."""
    await ready(hass, freezer, world, entry)
    home.faults.set(fault, paths=MOVIES)
    await home.add_media("New Film")
    await home.add_season("Harbour Street", 2, episodes=2)
    await advance(hass, freezer, 7 * HOUR, step=10 * MINUTE)
    assert values(hass, "movies_items", "tv_shows_episodes") == ["3", "4"]
    home.faults.clear()
    await advance(hass, freezer, HOUR)
    assert values(hass, "movies_items") == ["4"]


async def test_library_that_cannot_be_counted_from_the_start(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    home: PlexServer,
    entry: MockConfigEntry,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Nothing is said of it but once in the log, until it can be."""
    home.faults.set(Fault.status(500), paths=MOVIES)
    await set_up(hass, entry)
    await advance(hass, freezer, 10 * MINUTE)
    assert hass.states.get("sensor.home_movies_items") is None
    assert values(hass, "tv_shows_items", "music_items") == ["1", "1"]
    assert caplog.text.count("could not count Movies") == 1
    home.faults.clear()
    await advance(hass, freezer, HOUR)
    assert values(hass, "movies_items") == ["3"]


@pytest.mark.allowed_logs(DOWN)
async def test_server_that_goes_while_a_library_is_read(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    world: World,
    home: PlexServer,
    entry: MockConfigEntry,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """That is not taken for trouble of the library alone."""
    await ready(hass, freezer, world, entry)
    rule = home.faults.set(Fault.RESET, paths="^/(identity|library/sections/1/all)$")
    await home.add_media("New Film")
    await advance(hass, freezer, 25, step=5)
    assert rule.hits
    assert "could not count" not in caplog.text
    home.faults.clear()
    await advance(hass, freezer, 5 * MINUTE)
    assert values(hass, "movies_items") == ["4"]


@pytest.mark.allowed_logs(UNREADABLE)
async def test_refused_token_is_no_trouble_of_a_library(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    world: World,
    home: PlexServer,
    entry: MockConfigEntry,
) -> None:
    """The server itself is looked at."""
    await ready(hass, freezer, world, entry)
    home.faults.set(Fault.UNAUTHORIZED, paths=MOVIES, times=1)
    await home.add_media("New Film")
    await advance(hass, freezer, 20, step=20)
    assert values(hass, "movies_items") == ["3"]
    # The poll that is due once a minute comes later.
    assert len(world.requests.to(path="/status/sessions")) == 1
    await advance(hass, freezer, 3 * MINUTE)
    assert values(hass, "movies_items") == ["4"]


async def test_nothing_is_asked_for_after_the_entry_is_unloaded(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    world: World,
    home: PlexServer,
    entry: MockConfigEntry,
) -> None:
    """Not even for the libraries that were being read when one refused the token."""
    await ready(hass, freezer, world, entry)
    home.faults.set(Fault.UNAUTHORIZED, paths=MOVIES, times=1)
    held = home.faults.set(Fault.HANG, paths=TV_SHOWS)
    await home.add_media("New Film")
    await home.add_season("Harbour Street", 2, episodes=2)
    await advance(hass, freezer, 25, step=5)
    assert held.hits == 1
    world.requests.clear()
    assert await hass.config_entries.async_unload(entry.entry_id)
    home.faults.clear()
    await settle(hass)
    await advance(hass, freezer, MINUTE, step=5)
    assert [request.path for request in world.requests.to(host="Home")] == []


async def test_what_was_added_is_told_once_though_a_reading_fails(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    world: World,
    home: PlexServer,
    entry: MockConfigEntry,
) -> None:
    """What was being read beside it is not read on, and is read again."""
    await ready(hass, freezer, world, entry)
    told = told_of_libraries(entry)
    home.faults.set(Fault.UNAUTHORIZED, paths=MOVIES, times=1)
    slow = home.faults.set(Fault.slow(0.8), paths=TV_SHOWS)
    await home.add_season("Harbour Street", 2, episodes=2)
    await home.add_media("New Film")
    await advance(hass, freezer, 20, step=20)
    await asyncio.sleep(0.1)
    await entry.runtime_data.libraries.async_refresh()
    await eventually(hass, lambda: len(kinds(told)) >= 2)
    assert slow.hits
    await asyncio.sleep(1)
    await settle(hass)
    assert sorted(event.title or "" for event in told if kinds([event])) == [
        "Harbour Street",
        "New Film",
    ]


# What is new


async def test_date_to_come_silences_nothing(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    world: World,
    home: PlexServer,
    entry: MockConfigEntry,
) -> None:
    """Plex takes dates from files, and what has one that is to come is told like anything else."""
    for number in range(4):
        (await home.add_media(f"Old Future {number}")).added_at += TEN_YEARS
    await ready(hass, freezer, world, entry)
    told = told_of_libraries(entry)
    await home.add_media("Really New")
    await advance(hass, freezer, 2 * MINUTE, step=5)
    (await home.add_media("New Future")).added_at += TEN_YEARS
    await advance(hass, freezer, 2 * MINUTE, step=5)
    await home.add_media("Newer")
    await advance(hass, freezer, 2 * MINUTE, step=5)
    assert [event.title for event in told if kinds([event])] == [
        "Really New",
        "New Future",
        "Newer",
    ]
    assert values(hass, "movies_items") == ["10"]


async def test_date_to_come_is_not_that_of_what_was_added_last(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    world: World,
    home: PlexServer,
    entry: MockConfigEntry,
) -> None:
    """Else it would be for years; a server whose clock is ahead is no such case."""
    (await home.add_media("Old Future")).added_at += TEN_YEARS
    await ready(hass, freezer, world, entry)
    shown = ("sensor.home_movies_last_added", "image.home_latest_added")
    assert "Old Future" not in {attributes_of(hass, one)["title"] for one in shown}
    (await home.add_media("New Future")).added_at += TEN_YEARS
    await advance(hass, freezer, MINUTE, step=5)
    assert "New Future" not in {attributes_of(hass, one)["title"] for one in shown}
    (await home.add_media("Ahead")).added_at += 5 * MINUTE
    await advance(hass, freezer, MINUTE, step=5)
    assert {attributes_of(hass, one)["title"] for one in shown} == {"Ahead"}


async def test_library_of_nothing_but_dates_to_come(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    home: PlexServer,
    entry: MockConfigEntry,
) -> None:
    """They are all that there is to show, until something else is added."""
    section = home.library.add_section("Scans", Kind.MOVIE)
    (await home.add_media("Future", section=section)).added_at += TEN_YEARS
    await set_up(hass, entry)
    await advance(hass, freezer, MINUTE)
    last_added = "sensor.home_scans_last_added"
    assert attributes_of(hass, last_added)["title"] == "Future"
    await home.add_media("Now", section=section)
    await advance(hass, freezer, MINUTE, step=5)
    assert attributes_of(hass, last_added)["title"] == "Now"
    assert attributes_of(hass, "image.home_latest_added")["title"] == "Now"


async def test_what_was_removed_is_not_the_newest(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    world: World,
    home: PlexServer,
    entry: MockConfigEntry,
) -> None:
    """What was added before it is again, and the picture is of that too; it is no news."""
    await ready(hass, freezer, world, entry)
    await home.add_media("First")
    await advance(hass, freezer, MINUTE, step=5)
    item = await home.add_media("Gone Tomorrow")
    await advance(hass, freezer, MINUTE, step=5)
    shown = ("sensor.home_movies_last_added", "image.home_latest_added")
    assert {attributes_of(hass, one)["title"] for one in shown} == {"Gone Tomorrow"}
    told = told_of_libraries(entry)
    await home.remove_media(item)
    await advance(hass, freezer, MINUTE, step=5)
    assert {attributes_of(hass, one)["title"] for one in shown} == {"First"}
    assert kinds(told) == ["removed"]


# What is told


async def test_episodes_of_a_season_are_told_as_one(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    world: World,
    home: PlexServer,
    entry: MockConfigEntry,
) -> None:
    """And each season, album and film by itself."""
    await ready(hass, freezer, world, entry)
    told = told_of_libraries(entry)
    await home.add_season("Harbour Street", 2, episodes=10)
    await home.add_season("Night Shift", 1, episodes=3)
    await home.add_album("The Quiet Band", "Morning", tracks=8)
    await home.discover(Find(title="Film A"), Find(title="Film B"))
    await advance(hass, freezer, MINUTE)
    added = {
        (event.title, event.items[0].parent_title, len(event.items))
        for event in told
        if kinds([event]) == ["added"]
    }
    assert added == {
        ("Harbour Street", "Season 2", 10),
        ("Night Shift", "Season 1", 3),
        ("The Quiet Band", "Morning", 8),
        ("Film A", None, 1),
        ("Film B", None, 1),
    }


async def test_none_of_one_second_is_missed_or_told_twice(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    world: World,
    home: PlexServer,
    entry: MockConfigEntry,
) -> None:
    """Plex keeps whole seconds, and a library can be read in the middle of one."""
    await ready(hass, freezer, world, entry)
    told = told_of_libraries(entry)
    await home.add_media("Early")
    await advance(hass, freezer, 25, step=5)
    early = home.library.titled("Early")
    late = await home.add_media("Late")
    assert early is not None
    late.added_at = early.added_at
    await advance(hass, freezer, MINUTE)
    assert [event.title for event in told if kinds([event])] == ["Early", "Late"]


async def test_what_was_there_at_the_start_is_not_new(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, home: PlexServer, entry: MockConfigEntry
) -> None:
    """In an empty library everything is, from then on."""
    section = home.library.add_section("Empty", Kind.MOVIE)
    await set_up(hass, entry)
    told = told_of_libraries(entry)
    await advance(hass, freezer, 2 * MINUTE)
    await home.add_media("The First", section=section)
    await advance(hass, freezer, MINUTE)
    assert [(event.title, event.section.title) for event in told if kinds([event])] == [
        ("The First", "Empty")
    ]


# What it costs


async def test_start_costs_a_few_requests_for_each_library(
    hass: HomeAssistant, world: World, home: PlexServer, entry: MockConfigEntry
) -> None:
    """A library is not read to be counted: the newest in it come along with a count."""
    for title, claims in (
        ("Films", {Kind.MOVIE: 1_000_000}),
        ("Series", {Kind.SHOW: 5000, Kind.SEASON: 20_000, Kind.EPISODE: 1_000_000}),
        ("Songs", {Kind.ARTIST: 5000, Kind.ALBUM: 20_000, Kind.TRACK: 1_000_000}),
        ("Pictures", {Kind.PHOTO_ALBUM: 5000, Kind.PHOTO: 1_000_000}),
    ):
        home.library.add_section(title, next(iter(claims)), claims=claims)
    with all_enabled():
        await set_up(hass, entry)
    assert (
        values(hass, "films_items", "series_episodes", "songs_tracks", "pictures_photos")
        == ["1000000"] * 4
    )
    asked = asked_of_libraries(world)
    assert asked["/library/sections"] == 1
    assert asked["/media/providers"] == 2
    assert [asked[f"/library/sections/{number}/all"] for number in (4, 5, 6, 7)] == [1, 2, 2, 2]


async def test_what_nobody_wants_counted_is_not_asked_for(
    hass: HomeAssistant, world: World, home: PlexServer, entry: MockConfigEntry
) -> None:
    """Home Assistant sets the entry up again when somebody enables it."""
    await set_up(hass, entry)
    seasons = "sensor.home_tv_shows_seasons"
    assert hass.states.get(seasons) is None
    er.async_get(hass).async_update_entity(seasons, disabled_by=None)
    world.requests.clear()
    assert await hass.config_entries.async_reload(entry.entry_id)
    await settle(hass)
    assert state_of(hass, seasons) == "1"
    counted = Counter(
        request.query["type"] for request in world.requests.to(path="/library/sections/2/all")
    )
    assert counted == {"2": 1, "3": 1, "4": 1}
