"""A library that is made, renamed or removed is noticed, and that costs next to nothing."""

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from tests.simulator import Fault, Kind, PlexServer, World
from tests.support.entries import DOWN, set_up, state_of
from tests.support.helpers import advance
from tests.support.libraries import libraries_of

MINUTE = 60
HALF_AN_HOUR = 30 * MINUTE


async def test_library_that_is_removed_goes(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    home: PlexServer,
    entry: MockConfigEntry,
) -> None:
    """With its device and entities."""
    await set_up(hass, entry)
    assert libraries_of(hass, entry) == {"Movies", "TV Shows", "Music"}
    home.library.remove_section(home.library.sections[0])
    await advance(hass, freezer, HALF_AN_HOUR + MINUTE)
    assert libraries_of(hass, entry) == {"TV Shows", "Music"}
    assert hass.states.get("sensor.home_movies_items") is None


async def test_library_that_is_renamed_is_called_so(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    home: PlexServer,
    entry: MockConfigEntry,
) -> None:
    """Its entities stay."""
    await set_up(hass, entry)
    home.library.sections[0].title = "Films"
    await advance(hass, freezer, HALF_AN_HOUR + MINUTE)
    assert libraries_of(hass, entry) == {"Films", "TV Shows", "Music"}
    assert state_of(hass, "sensor.home_movies_items") == "3"


async def test_library_that_is_made_and_not_scanned_appears(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    home: PlexServer,
    entry: MockConfigEntry,
) -> None:
    """It may have no folder yet."""
    await set_up(hass, entry)
    home.library.add_section("Concerts", Kind.MOVIE)
    await advance(hass, freezer, HALF_AN_HOUR + MINUTE)
    assert state_of(hass, "sensor.home_concerts_items") == "0"


async def test_libraries_that_are_not_shown_to_apps_are_no_change(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    world: World,
    home: PlexServer,
    entry: MockConfigEntry,
) -> None:
    """A server need not show there all that it has."""
    home.faults.set(Fault.json({"MediaContainer": {"size": 0}}), paths="^/media/providers$")
    await set_up(hass, entry)
    await advance(hass, freezer, 2 * MINUTE)
    world.requests.clear()
    await advance(hass, freezer, 4 * HALF_AN_HOUR)
    assert libraries_of(hass, entry) == {"Movies", "TV Shows", "Music"}
    assert not [record for record in world.requests if record.path.startswith("/library")]


async def test_library_that_has_changed_is_read_once(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    world: World,
    home: PlexServer,
    entry: MockConfigEntry,
) -> None:
    """Not with each look after that, and not where a look has failed, the first one above all."""
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
async def test_server_that_is_down_is_not_asked(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    world: World,
    home: PlexServer,
    entry: MockConfigEntry,
) -> None:
    """However it is that it cannot be read; and one that does not tell is asked again."""
    await set_up(hass, entry)
    home.faults.set(Fault.status(503), paths="^/status/sessions$")
    await advance(hass, freezer, 2 * MINUTE)
    world.requests.clear()
    await advance(hass, freezer, 2 * HALF_AN_HOUR)
    assert not world.requests.to(path="/media/providers")
    home.faults.clear()
    await advance(hass, freezer, 3 * MINUTE)
    home.faults.set(Fault.status(500), paths="^/media/providers$", times=1)
    home.library.sections[0].title = "Films"
    await advance(hass, freezer, 3 * HALF_AN_HOUR)
    assert "Films" in libraries_of(hass, entry)
