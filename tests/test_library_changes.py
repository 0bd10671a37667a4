"""Libraries that change all the time are looked at with restraint, and those that fail as well."""

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from .entities import values
from .helpers import advance
from .libraries import asked_of_libraries, ready
from .simulator import Fault, PlexServer, World

MINUTE = 60


@pytest.mark.parametrize("failing", ["^/library/sections/1/all$", "^/library/sections$"])
async def test_what_fails_is_not_asked_for_with_each_change(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    world: World,
    home: PlexServer,
    entry: MockConfigEntry,
    failing: str,
) -> None:
    """However long it has failed, a library or the list of them; what has changed is not lost."""
    await ready(hass, freezer, world, entry)
    home.faults.set(Fault.status(500), paths=failing)
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
