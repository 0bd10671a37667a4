"""Contents of a library are read, and additions reported once, whatever happens to others."""

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
from tests.support.libraries import (
    SettledHome,
    capture_library_events,
    library_requests,
    set_up_and_settle,
    without_scans,
)

MINUTE = 60
HOUR = 60 * MINUTE

MOVIES = "^/library/sections/1/all$"
TV_SHOWS = "^/library/sections/2/all$"
TEN_YEARS = 10 * 365 * 24 * HOUR


# Libraries that cannot be read


@pytest.mark.parametrize("fault", [Fault.status(500), Fault.status(404), Fault.RESET])
async def test_library_that_cannot_be_read_affects_no_other(
    home: PlexServer, settled: SettledHome, fault: Fault
) -> None:
    """It keeps its state until it can be read again."""
    home.faults.set(fault, paths=MOVIES)
    await home.add_media("New Film")
    await home.add_season("Harbour Street", 2, episodes=2)
    await settled.advance(7 * HOUR, step=10 * MINUTE)
    assert settled.values("movies_items", "tv_shows_episodes") == ["3", "4"]
    home.faults.clear()
    await settled.advance(HOUR)
    assert settled.values("movies_items") == ["4"]


async def test_library_that_cannot_be_read_at_setup(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    home: PlexServer,
    entry: MockConfigEntry,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """It is added once it can be read; until then, one line is logged."""
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
async def test_server_that_goes_down_while_a_library_is_read(
    home: PlexServer, settled: SettledHome, caplog: pytest.LogCaptureFixture
) -> None:
    """That is not logged as a problem of the library."""
    rule = home.faults.set(Fault.RESET, paths="^/(identity|library/sections/1/all)$")
    await home.add_media("New Film")
    await settled.advance(25, step=5)
    assert rule.hits
    assert "could not count" not in caplog.text
    home.faults.clear()
    await settled.advance(5 * MINUTE)
    assert settled.values("movies_items") == ["4"]


@pytest.mark.allowed_logs(UNREADABLE)
async def test_refused_token_refreshes_the_server(home: PlexServer, settled: SettledHome) -> None:
    """It is no problem of the library that was read."""
    home.faults.set(Fault.UNAUTHORIZED, paths=MOVIES, times=1)
    await home.add_media("New Film")
    await settled.advance(20, step=20)
    assert settled.values("movies_items") == ["3"]
    # The regular poll comes once a minute, and later than this.
    assert len(settled.world.requests.to(path="/status/sessions")) == 1
    await settled.advance(3 * MINUTE)
    assert settled.values("movies_items") == ["4"]


async def test_poll_that_a_refused_token_requests_survives_the_read_of_the_libraries(
    hass: HomeAssistant, home: PlexServer, settled: SettledHome
) -> None:
    """An error of another library ends the read, and not the poll that is under way."""
    home.faults.set(Fault.UNAUTHORIZED, paths=MOVIES, times=1)
    slow = home.faults.set(Fault.HANG, paths=TV_SHOWS, times=1)
    poll = home.faults.set(Fault.HANG, paths="^/status/sessions$", times=1)
    await home.add_season("Harbour Street", 2, episodes=2)
    await home.add_media("New Film")
    await settled.advance(25, step=5)
    assert poll.hits == 1
    cut = home.faults.set(Fault.RESET, paths="^/(identity|library/sections/2/all)$")
    home.faults.clear(slow)
    await settle(hass)
    assert cut.hits >= 2
    home.faults.clear()
    await settle(hass)
    assert settled.values("streams") == ["0"]
    held, *_ = settled.world.requests.to(path="/status/sessions")
    assert held.status == 200


async def test_nothing_is_requested_after_the_entry_is_unloaded(
    hass: HomeAssistant, home: PlexServer, settled: SettledHome
) -> None:
    """Not even for the libraries that were being read when one refused the token."""
    home.faults.set(Fault.UNAUTHORIZED, paths=MOVIES, times=1)
    held = home.faults.set(Fault.HANG, paths=TV_SHOWS)
    await home.add_media("New Film")
    await home.add_season("Harbour Street", 2, episodes=2)
    await settled.advance(25, step=5)
    assert held.hits == 1
    settled.world.requests.clear()
    assert await hass.config_entries.async_unload(settled.entry.entry_id)
    home.faults.clear()
    await settle(hass)
    await settled.advance(MINUTE, step=5)
    assert [request.path for request in settled.world.requests.to(host="Home")] == []


async def test_addition_is_reported_once_although_a_read_fails(
    hass: HomeAssistant, home: PlexServer, settled: SettledHome
) -> None:
    """The reads of other libraries are cancelled, and made again."""
    events = settled.capture_events()
    home.faults.set(Fault.UNAUTHORIZED, paths=MOVIES, times=1)
    slow = home.faults.set(Fault.slow(0.8), paths=TV_SHOWS)
    await home.add_season("Harbour Street", 2, episodes=2)
    await home.add_media("New Film")
    await settled.advance(20, step=20)
    await asyncio.sleep(0.1)
    await settled.refresh()
    await eventually(hass, lambda: len(without_scans(events)) >= 2)
    assert slow.hits
    await asyncio.sleep(1)
    await settle(hass)
    assert sorted(event.title or "" for event in without_scans(events)) == [
        "Harbour Street",
        "New Film",
    ]


# What was added last


async def test_item_with_a_future_date_hides_no_later_addition(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    world: World,
    home: PlexServer,
    entry: MockConfigEntry,
) -> None:
    """Plex reads dates from files; an item with a future date is reported like any other."""
    for number in range(4):
        (await home.add_media(f"Old Future {number}")).added_at += TEN_YEARS
    await set_up_and_settle(hass, freezer, world, entry)
    events = capture_library_events(entry)
    await home.add_media("Really New")
    await advance(hass, freezer, 2 * MINUTE, step=5)
    (await home.add_media("New Future")).added_at += TEN_YEARS
    await advance(hass, freezer, 2 * MINUTE, step=5)
    await home.add_media("Newer")
    await advance(hass, freezer, 2 * MINUTE, step=5)
    assert [event.title for event in without_scans(events)] == [
        "Really New",
        "New Future",
        "Newer",
    ]
    assert values(hass, "movies_items") == ["10"]


async def test_item_with_a_future_date_is_not_shown_as_added_last(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    world: World,
    home: PlexServer,
    entry: MockConfigEntry,
) -> None:
    """It would be shown for years; an item of a server whose clock is ahead is shown."""
    (await home.add_media("Old Future")).added_at += TEN_YEARS
    await set_up_and_settle(hass, freezer, world, entry)
    shown = ("sensor.home_movies_last_added", "image.home_latest_added")
    assert "Old Future" not in {attributes_of(hass, one)["title"] for one in shown}
    (await home.add_media("New Future")).added_at += TEN_YEARS
    await advance(hass, freezer, MINUTE, step=5)
    assert "New Future" not in {attributes_of(hass, one)["title"] for one in shown}
    (await home.add_media("Ahead")).added_at += 5 * MINUTE
    await advance(hass, freezer, MINUTE, step=5)
    assert {attributes_of(hass, one)["title"] for one in shown} == {"Ahead"}


async def test_library_with_future_dates_only(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    home: PlexServer,
    entry: MockConfigEntry,
) -> None:
    """Such an item is shown until another is added."""
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


async def test_removed_item_is_not_shown_as_added_last(
    hass: HomeAssistant, home: PlexServer, settled: SettledHome
) -> None:
    """The sensor and the image show the previous item again, without an event for it."""
    await home.add_media("First")
    await settled.advance(MINUTE, step=5)
    item = await home.add_media("Gone Tomorrow")
    await settled.advance(MINUTE, step=5)
    shown = ("sensor.home_movies_last_added", "image.home_latest_added")
    assert {attributes_of(hass, one)["title"] for one in shown} == {"Gone Tomorrow"}
    events = settled.capture_events()
    await home.remove_media(item)
    await settled.advance(MINUTE, step=5)
    assert {attributes_of(hass, one)["title"] for one in shown} == {"First"}
    assert [str(event.event_type) for event in without_scans(events)] == ["removed"]


# Events


async def test_episodes_of_a_season_are_reported_together(
    home: PlexServer, settled: SettledHome
) -> None:
    """Each season, album and film has an event of its own."""
    events = settled.capture_events()
    await home.add_season("Harbour Street", 2, episodes=10)
    await home.add_season("Night Shift", 1, episodes=3)
    await home.add_album("The Quiet Band", "Morning", tracks=8)
    await home.discover(Find(title="Film A"), Find(title="Film B"))
    await settled.advance(MINUTE)
    added = {
        (event.title, event.items[0].parent_title, len(event.items))
        for event in events
        if event.event_type == "added"
    }
    assert added == {
        ("Harbour Street", "Season 2", 10),
        ("Night Shift", "Season 1", 3),
        ("The Quiet Band", "Morning", 8),
        ("Film A", None, 1),
        ("Film B", None, 1),
    }


async def test_items_of_the_same_second_are_reported_once_each(
    home: PlexServer, settled: SettledHome
) -> None:
    """Plex stores whole seconds, and a library can be read in the middle of one."""
    events = settled.capture_events()
    await home.add_media("Early")
    await settled.advance(25, step=5)
    early = home.library.titled("Early")
    late = await home.add_media("Late")
    assert early is not None
    late.added_at = early.added_at
    await settled.advance(MINUTE)
    assert [event.title for event in without_scans(events)] == ["Early", "Late"]


async def test_items_present_at_setup_are_not_reported(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, home: PlexServer, entry: MockConfigEntry
) -> None:
    """In an empty library, everything that is added afterwards is."""
    section = home.library.add_section("Empty", Kind.MOVIE)
    await set_up(hass, entry)
    events = capture_library_events(entry)
    await advance(hass, freezer, 2 * MINUTE)
    await home.add_media("The First", section=section)
    await advance(hass, freezer, MINUTE)
    assert [(event.title, event.section.title) for event in without_scans(events)] == [
        ("The First", "Empty")
    ]


# Number of requests


async def test_setup_takes_a_few_requests_per_library(
    hass: HomeAssistant, world: World, home: PlexServer, entry: MockConfigEntry
) -> None:
    """One request returns the number of items and the newest of them."""
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
    requests = library_requests(world)
    assert requests["/library/sections"] == 1
    assert requests["/media/providers"] == 2
    assert [requests[f"/library/sections/{number}/all"] for number in (4, 5, 6, 7)] == [1, 2, 2, 2]


async def test_count_without_enabled_sensor_is_not_requested(
    hass: HomeAssistant, world: World, home: PlexServer, entry: MockConfigEntry
) -> None:
    """Home Assistant reloads the entry when the sensor is enabled."""
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
