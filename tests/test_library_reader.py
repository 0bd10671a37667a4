"""What is in a library, and what is new in it, is told once, whatever becomes of the others."""

import asyncio

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from .entities import attributes_of, values
from .entries import DOWN, UNREADABLE, set_up
from .helpers import advance, eventually, settle
from .libraries import kinds, ready, told_of_libraries
from .simulator import Fault, Kind, PlexServer, World

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
