"""Libraries that change all the time are looked at with restraint, and those that fail as well."""

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
from pytest_homeassistant_custom_component.common import MockConfigEntry

from .entities import values
from .helpers import advance
from .simulator import Fault, PlexServer, World
from .test_libraries import MINUTE, asked_of_libraries, ready


async def test_library_that_fails_is_not_asked_for_with_each_change(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    world: World,
    home: PlexServer,
    entry: MockConfigEntry,
) -> None:
    """However long it has failed; when it answers again it is counted."""
    await ready(hass, freezer, world, entry)
    home.faults.set(Fault.status(500), paths="^/library/sections/1/all$")
    await home.add_media("New Film")
    await advance(hass, freezer, 6 * MINUTE, step=30)
    world.requests.clear()
    for number in range(20):
        await home.add_media(f"Film {number}")
        await advance(hass, freezer, 1, step=1)
    assert asked_of_libraries(world)["/library/sections"] <= 1
    home.faults.clear()
    await advance(hass, freezer, 3 * MINUTE)
    assert values(hass, "movies_items") == ["24"]


async def test_server_that_does_not_list_its_libraries_is_not_asked_with_each_change(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    world: World,
    home: PlexServer,
    entry: MockConfigEntry,
) -> None:
    """What has changed meanwhile is not forgotten."""
    await ready(hass, freezer, world, entry)
    home.faults.set(Fault.status(500), paths="^/library/sections$")
    await home.add_media("New Film")
    await advance(hass, freezer, 6 * MINUTE, step=30)
    world.requests.clear()
    for number in range(20):
        await home.add_media(f"Film {number}")
        await advance(hass, freezer, 1, step=1)
    assert asked_of_libraries(world)["/library/sections"] <= 1
    home.faults.clear()
    await advance(hass, freezer, 3 * MINUTE)
    assert values(hass, "movies_items") == ["24"]
