"""Sizes of the libraries are read with them, and nothing else depends on them."""

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from tests.simulator import Fault, Kind, PlexServer, World
from tests.support.entities import all_enabled, values
from tests.support.entries import set_up, state_of
from tests.support.helpers import advance
from tests.support.libraries import SettledHome, set_up_and_settle

MINUTE = 60
HOUR = 60 * MINUTE
GB = 10**9
DAY = 24 * HOUR

# The titles of the libraries are compared every half hour.
TITLES_A_DAY = 48

PROVIDERS = "^/media/providers$"
FAULTS = pytest.mark.parametrize(
    "fault",
    [
        Fault.status(500),
        Fault.status(404),
        Fault.status(403),
        Fault.UNAUTHORIZED,
        Fault.body("rubbish"),
        Fault.json([]),
        Fault.json({"MediaContainer": {}}),
        Fault.MISTYPED,
        Fault.RESET,
        Fault.GARBLED,
        Fault.TRUNCATED,
        Fault.OVERSIZED,
    ],
)


# What a response can have instead of the size of a library.
BAD_ITEMS = pytest.mark.parametrize(
    "item",
    [
        {"id": "1", "title": "Movies", "storageTotal": None, "durationTotal": 1},
        {"id": "1", "title": "Movies", "storageTotal": "much", "durationTotal": 1},
        {"id": "1", "title": "Movies", "storageTotal": 1, "durationTotal": None},
        {"id": None, "title": "Movies", "storageTotal": 1, "durationTotal": 1},
        {},
        5,
    ],
)


@pytest.fixture
async def sized(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    enable_custom_integrations: None,
    world: World,
    entry: MockConfigEntry,
) -> SettledHome:
    """Return the entry with the sensors of the durations enabled, after everything is read."""
    with all_enabled():
        await set_up_and_settle(hass, freezer, world, entry)
    return SettledHome(hass=hass, freezer=freezer, world=world, entry=entry)


def sizes_with(home: PlexServer, item: object) -> Fault:
    """Return a response with sizes of all libraries, and this item for that of the movies."""
    sizes: list[object] = [
        {"id": str(each.id), "title": each.title, "storageTotal": 7 * GB, "durationTotal": 1}
        for each in home.library.sections
    ]
    provider = {
        "identifier": "com.plexapp.plugins.library",
        "Feature": [{"type": "content", "Directory": [item, *sizes[1:]]}],
    }
    return Fault.json({"MediaContainer": {"MediaProvider": [provider]}})


@FAULTS
async def test_libraries_are_added_without_their_sizes(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    home: PlexServer,
    entry: MockConfigEntry,
    fault: Fault,
) -> None:
    """The sizes follow by themselves once the server returns them."""
    home.faults.set(fault, paths=PROVIDERS)
    await set_up(hass, entry)
    await advance(hass, freezer, 5)
    assert values(hass, "movies_items") == ["3"]
    assert hass.states.get("sensor.home_movies_size") is None
    home.faults.clear()
    await advance(hass, freezer, 2 * MINUTE)
    assert float(state_of(hass, "sensor.home_movies_size")) > 0


@FAULTS
async def test_libraries_are_read_without_their_sizes(
    home: PlexServer, settled: SettledHome, fault: Fault
) -> None:
    """The sizes of before are kept until they could not be read twice."""
    before = settled.values("movies_size")
    home.faults.set(fault, paths=PROVIDERS)
    await home.add_media("New Film")
    await settled.advance(MINUTE, step=5)
    assert settled.values("movies_items") == ["4"]
    assert settled.values("movies_size") == before
    await settled.advance(MINUTE, step=5)
    assert settled.values("movies_items", "movies_size") == ["4", "unavailable"]
    home.faults.clear()
    await settled.advance(MINUTE + 5, step=5)
    assert settled.values("movies_size") not in (before, ["unavailable"])


@BAD_ITEMS
async def test_size_that_is_missing_in_one_response(
    home: PlexServer, sized: SettledHome, item: object
) -> None:
    """It is kept, and read again within a minute."""
    before = sized.values("movies_size", "movies_duration")
    rule = home.faults.set(sizes_with(home, item), paths=PROVIDERS)
    await home.add_media("New Film")
    while not rule.hits:
        await sized.advance(1, step=1)
    home.faults.clear()
    assert sized.values("movies_size", "movies_duration") == before
    assert sized.values("tv_shows_size") == ["7.0"]
    await sized.advance(MINUTE + 5, step=5)
    assert "unavailable" not in sized.values("movies_size", "movies_duration")
    assert sized.values("movies_size") != before[:1]
    assert sized.values("tv_shows_size") != ["7.0"]


@BAD_ITEMS
async def test_size_that_is_missing_for_hours(
    home: PlexServer, sized: SettledHome, item: object
) -> None:
    """It alone is unknown, and back without a change of its library."""
    home.faults.set(sizes_with(home, item), paths=PROVIDERS)
    await home.add_media("New Film")
    await sized.advance(2 * MINUTE, step=5)
    states = sized.values("movies_size", "movies_duration")
    assert {"unavailable", "unknown"}.intersection(states)
    assert sized.values("tv_shows_size", "movies_items") == ["7.0", "4"]
    await sized.advance(5 * HOUR, step=MINUTE)
    # The titles of the libraries are read from there as well.
    assert sized.requests()["/media/providers"] <= 35
    home.faults.clear()
    await sized.advance(HOUR / 2 + MINUTE, step=MINUTE)
    states = sized.values("movies_size", "movies_duration")
    assert not {"unavailable", "unknown"}.intersection(states)


async def test_size_that_follows_the_others(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, home: PlexServer, entry: MockConfigEntry
) -> None:
    """A library without a size is asked for a few times from the start."""
    home.faults.set(sizes_with(home, {}), paths=PROVIDERS)
    await set_up(hass, entry)
    await advance(hass, freezer, 3 * MINUTE)
    assert hass.states.get("sensor.home_movies_size") is None
    assert values(hass, "tv_shows_size") == ["7.0"]
    home.faults.clear()
    await advance(hass, freezer, MINUTE + 5)
    assert float(state_of(hass, "sensor.home_movies_size")) > 0


async def test_library_that_never_has_a_size(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    world: World,
    home: PlexServer,
    entry: MockConfigEntry,
) -> None:
    """It is asked for a few times, and not for ever."""
    home.faults.set(sizes_with(home, {}), paths=PROVIDERS)
    await set_up_and_settle(hass, freezer, world, entry)
    settled = SettledHome(hass=hass, freezer=freezer, world=world, entry=entry)
    await settled.advance(DAY, step=5 * MINUTE)
    assert settled.requests()["/media/providers"] <= TITLES_A_DAY + 12


@pytest.mark.parametrize("fault", [Fault.status(500), Fault.UNAUTHORIZED])
async def test_sizes_that_can_never_be_read(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    world: World,
    home: PlexServer,
    entry: MockConfigEntry,
    fault: Fault,
) -> None:
    """They are requested once a minute, and the libraries no more often than otherwise."""
    home.faults.set(fault, paths=PROVIDERS)
    await set_up_and_settle(hass, freezer, world, entry)
    settled = SettledHome(hass=hass, freezer=freezer, world=world, entry=entry)
    await settled.advance(DAY, step=5 * MINUTE)
    requests = settled.requests()
    assert requests["/library/sections"] == 4
    assert requests["/media/providers"] <= DAY / MINUTE
    assert settled.values("movies_items") == ["3"]


async def test_server_that_returns_no_sizes(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    world: World,
    home: PlexServer,
    entry: MockConfigEntry,
) -> None:
    """It is asked a few times, as one that starts returns none, and then with each change."""
    home.faults.set(Fault.json({"MediaContainer": {"size": 0}}), paths=PROVIDERS)
    await set_up_and_settle(hass, freezer, world, entry)
    settled = SettledHome(hass=hass, freezer=freezer, world=world, entry=entry)
    await settled.advance(DAY, step=5 * MINUTE)
    assert settled.requests()["/media/providers"] <= TITLES_A_DAY + 12
    home.faults.clear()
    await home.add_media("New Film")
    await settled.advance(MINUTE, step=5)
    assert float(state_of(hass, "sensor.home_movies_size")) > 0


async def test_server_without_a_library(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    world: World,
    home: PlexServer,
    entry: MockConfigEntry,
) -> None:
    """There is no size to read until it has one."""
    for section in list(home.library.sections):
        home.library.remove_section(section)
    await set_up_and_settle(hass, freezer, world, entry)
    settled = SettledHome(hass=hass, freezer=freezer, world=world, entry=entry)
    await settled.advance(DAY, step=5 * MINUTE)
    assert settled.requests()["/media/providers"] <= TITLES_A_DAY + 1
    home.library.add_section("Movies", Kind.MOVIE)
    home.library.add("First Film")
    await settled.advance(HOUR / 2 + MINUTE)
    assert float(state_of(hass, "sensor.home_movies_size")) > 0


async def test_sizes_are_back_with_the_libraries(
    hass: HomeAssistant, home: PlexServer, settled: SettledHome
) -> None:
    """They could not be read when the server listed no libraries."""
    home.faults.set(Fault.status(500), paths=PROVIDERS)
    await home.add_media("New Film")
    await settled.advance(2 * MINUTE, step=5)
    assert settled.values("movies_size") == ["unavailable"]
    home.faults.set(Fault.json({"MediaContainer": {"size": 0}}), paths="^/library/sections$")
    await settled.refresh()
    home.faults.clear()
    await settled.advance(MINUTE + 5, step=5)
    assert float(state_of(hass, "sensor.home_movies_size")) > 0


async def test_sizes_are_not_requested_after_the_entry_is_unloaded(
    hass: HomeAssistant, home: PlexServer, settled: SettledHome
) -> None:
    """Nor while a retry is scheduled."""
    home.faults.set(Fault.status(500), paths=PROVIDERS)
    await home.add_media("New Film")
    await settled.advance(30, step=5)
    assert await hass.config_entries.async_unload(settled.entry.entry_id)
    settled.world.requests.clear()
    await settled.advance(HOUR)
    assert settled.requests() == {}
