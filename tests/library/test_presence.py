"""A library is removed when it is deleted, and not when a list lacks it once."""

from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er

from tests.simulator import Fault, Kind, PlexServer
from tests.simulator.faults import Rule
from tests.support.entries import state_of
from tests.support.helpers import settle
from tests.support.libraries import SettledHome, library_devices

MINUTE = 60
HOUR = 60 * MINUTE
DAY = 24 * HOUR

ALL_LIBRARIES = {"Movies", "TV Shows", "Music"}


def list_no_libraries(home: PlexServer, *, times: int | None = 1) -> Rule:
    """Make the server list no libraries."""
    return home.faults.set(
        Fault.json({"MediaContainer": {"size": 0}}), paths="^/library/sections$", times=times
    )


async def test_one_empty_list_removes_no_library(
    hass: HomeAssistant, home: PlexServer, settled: SettledHome
) -> None:
    """Changes of the user to their entities are kept, and additions are counted."""
    er.async_get(hass).async_update_entity(
        "sensor.home_movies_items", new_entity_id="sensor.my_films"
    )
    await settle(hass)
    rule = list_no_libraries(home)
    await home.add_media("New Film")
    await settled.advance(MINUTE, step=5)
    assert rule.hits == 1
    assert settled.library_names() == ALL_LIBRARIES
    await settled.advance(3 * MINUTE, step=5)
    assert settled.library_names() == ALL_LIBRARIES
    assert state_of(hass, "sensor.my_films") == "4"


async def test_empty_list_at_setup_removes_no_library(
    hass: HomeAssistant, home: PlexServer, settled: SettledHome
) -> None:
    """A server that starts together with Home Assistant may not have loaded them yet."""
    devices = {device.id for device in library_devices(hass, settled.entry).values()}
    assert await hass.config_entries.async_unload(settled.entry.entry_id)
    rule = list_no_libraries(home)
    await hass.config_entries.async_setup(settled.entry.entry_id)
    await settle(hass)
    assert rule.hits == 1
    assert settled.library_names() == ALL_LIBRARIES
    await settled.advance(10 * MINUTE, step=5)
    assert settled.values("movies_items", "tv_shows_items") == ["3", "1"]
    assert devices == {device.id for device in library_devices(hass, settled.entry).values()}


async def test_library_that_was_deleted_while_the_entry_was_unloaded_is_removed(
    hass: HomeAssistant, home: PlexServer, settled: SettledHome
) -> None:
    """Only its device is left of it."""
    assert await hass.config_entries.async_unload(settled.entry.entry_id)
    home.library.remove_section(home.library.sections[0])
    await hass.config_entries.async_setup(settled.entry.entry_id)
    await settle(hass)
    assert settled.library_names() == ALL_LIBRARIES
    await settled.advance(3 * MINUTE, step=5)
    assert settled.library_names() == ALL_LIBRARIES - {"Movies"}
    assert er.async_get(hass).async_get("sensor.home_movies_items") is None


async def test_library_is_removed_when_lists_lack_it_for_two_minutes(
    hass: HomeAssistant, home: PlexServer, settled: SettledHome
) -> None:
    """Lists that follow immediately do not count: a server may need a moment."""
    rule = list_no_libraries(home, times=None)
    for _ in range(3):
        await settled.refresh()
    assert rule.hits == 3
    assert settled.library_names() == ALL_LIBRARIES
    await settled.advance(3 * MINUTE, step=5)
    assert settled.library_names() == set()
    home.faults.clear()
    await settled.refresh()
    await settle(hass)
    assert settled.library_names() == ALL_LIBRARIES
    assert settled.values("movies_items") == ["3"]


async def test_library_that_was_removed_lately_is_back_within_a_minute(
    home: PlexServer, settled: SettledHome
) -> None:
    """The lists were incomplete for a few minutes."""
    list_no_libraries(home, times=None)
    await settled.refresh()
    for minutes in (3, 4):
        await settled.advance(minutes * MINUTE, step=5)
        assert settled.library_names() == set()
    home.faults.clear()
    await settled.advance(MINUTE + 5, step=5)
    assert settled.library_names() == ALL_LIBRARIES
    assert settled.values("movies_items") == ["3"]


async def test_deleted_library_is_removed_within_half_an_hour(
    hass: HomeAssistant, home: PlexServer, settled: SettledHome
) -> None:
    """The server does not report it, so that only the list of libraries shows it."""
    home.library.remove_section(home.library.sections[0])
    await settled.advance(33 * MINUTE)
    assert settled.library_names() == ALL_LIBRARIES - {"Movies"}
    assert hass.states.get("sensor.home_movies_items") is None


async def test_removed_libraries_come_back_within_minutes(
    home: PlexServer, settled: SettledHome
) -> None:
    """A server can list none for longer; what was added meanwhile is reported."""
    events = settled.capture_events()
    list_no_libraries(home, times=None)
    await settled.refresh()
    await settled.advance(20 * MINUTE)
    assert settled.library_names() == set()
    home.library.add("Added Meanwhile", kind=Kind.MOVIE)
    home.faults.clear()
    await settled.advance(6 * MINUTE)
    assert settled.library_names() == ALL_LIBRARIES
    assert settled.values("movies_items") == ["4"]
    assert [event.title for event in events] == ["Added Meanwhile"]


async def test_removed_libraries_come_back_after_hours(
    home: PlexServer, settled: SettledHome
) -> None:
    """A server without any library is asked for them twice an hour."""
    list_no_libraries(home, times=None)
    await settled.refresh()
    await settled.advance(3 * HOUR, step=MINUTE)
    settled.world.requests.clear()
    await settled.advance(2 * HOUR, step=MINUTE)
    assert settled.requests()["/library/sections"] <= 5
    home.faults.clear()
    await settled.advance(31 * MINUTE)
    assert settled.library_names() == ALL_LIBRARIES


async def test_deleted_library_is_asked_for_during_an_hour(
    home: PlexServer, settled: SettledHome
) -> None:
    """Afterwards, libraries are read as seldom as before."""
    home.library.remove_section(home.library.sections[0])
    await settled.refresh()
    await settled.advance(2 * HOUR, step=MINUTE)
    settled.world.requests.clear()
    await settled.advance(DAY, step=10 * MINUTE)
    assert settled.requests()["/library/sections"] == 4
