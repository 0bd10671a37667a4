"""A library that is created, renamed or deleted is noticed by one small request."""

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from tests.simulator import Fault, Kind, PlexServer, World
from tests.support.entries import DOWN, set_up, state_of
from tests.support.helpers import advance
from tests.support.libraries import SettledHome, library_names

MINUTE = 60
HALF_AN_HOUR = 30 * MINUTE


async def test_deleted_library_is_removed(
    hass: HomeAssistant, home: PlexServer, settled: SettledHome
) -> None:
    """Its device and entities are removed."""
    assert settled.library_names() == {"Movies", "TV Shows", "Music"}
    home.library.remove_section(home.library.sections[0])
    await settled.advance(HALF_AN_HOUR + MINUTE)
    assert settled.library_names() == {"TV Shows", "Music"}
    assert hass.states.get("sensor.home_movies_items") is None


async def test_renamed_library_renames_its_device(
    hass: HomeAssistant, home: PlexServer, settled: SettledHome
) -> None:
    """Its entities are kept."""
    home.library.sections[0].title = "Films"
    await settled.advance(HALF_AN_HOUR + MINUTE)
    assert settled.library_names() == {"Films", "TV Shows", "Music"}
    assert state_of(hass, "sensor.home_movies_items") == "3"


async def test_new_library_is_added_without_a_scan(
    hass: HomeAssistant, home: PlexServer, settled: SettledHome
) -> None:
    """It may have no folder yet."""
    home.library.add_section("Concerts", Kind.MOVIE)
    await settled.advance(HALF_AN_HOUR + MINUTE)
    assert state_of(hass, "sensor.home_concerts_items") == "0"


async def test_libraries_that_are_hidden_from_apps_are_no_change(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    world: World,
    home: PlexServer,
    entry: MockConfigEntry,
) -> None:
    """A server may list fewer there than exist."""
    home.faults.set(Fault.json({"MediaContainer": {"size": 0}}), paths="^/media/providers$")
    await set_up(hass, entry)
    await advance(hass, freezer, 2 * MINUTE)
    world.requests.clear()
    await advance(hass, freezer, 4 * HALF_AN_HOUR)
    assert library_names(hass, entry) == {"Movies", "TV Shows", "Music"}
    assert not [record for record in world.requests if record.path.startswith("/library")]


async def test_changed_title_refreshes_the_libraries_once(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    world: World,
    home: PlexServer,
    entry: MockConfigEntry,
) -> None:
    """Later checks do not, and neither does a check that failed, such as the first."""
    home.faults.set(Fault.status(500), paths="^/media/providers$", times=2)
    await set_up(hass, entry)
    await advance(hass, freezer, 2 * MINUTE)
    world.requests.clear()
    await advance(hass, freezer, 2 * HALF_AN_HOUR)
    home.faults.set(Fault.status(500), paths="^/media/providers$", times=1)
    await advance(hass, freezer, 2 * HALF_AN_HOUR)
    assert not world.requests.to(path="/library/sections")
    home.library.sections[0].title = "Films"
    await advance(hass, freezer, 4 * HALF_AN_HOUR)
    assert len(world.requests.to(path="/library/sections")) == 1


@pytest.mark.allowed_logs(DOWN)
async def test_nothing_is_requested_while_the_server_is_down(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    world: World,
    home: PlexServer,
    entry: MockConfigEntry,
) -> None:
    """Whatever the reason; and a check that fails is repeated at the next interval."""
    await set_up(hass, entry)
    home.faults.set(Fault.status(503))
    await advance(hass, freezer, 2 * MINUTE)
    world.requests.clear()
    await advance(hass, freezer, 2 * HALF_AN_HOUR)
    assert not world.requests.to(path="/media/providers")
    home.faults.clear()
    await advance(hass, freezer, 3 * MINUTE)
    home.faults.set(Fault.status(500), paths="^/media/providers$", times=1)
    home.library.sections[0].title = "Films"
    await advance(hass, freezer, 3 * HALF_AN_HOUR)
    assert "Films" in library_names(hass, entry)
