"""Libraries that change all the time are looked at with restraint, and those that fail as well."""

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from tests.simulator import Fault, PlexServer, World
from tests.support.entities import values
from tests.support.helpers import advance, settle
from tests.support.libraries import asked_of_libraries, ready

MINUTE = 60
HOUR = 60 * MINUTE


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


async def test_library_that_cannot_be_counted_is_asked_for_less_and_less(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    world: World,
    home: PlexServer,
    entry: MockConfigEntry,
) -> None:
    """Disks can sleep beside it; it is there half an hour after it can be counted at the latest."""
    await ready(hass, freezer, world, entry)
    home.faults.set(Fault.status(500), paths="^/library/sections/1/all$")
    await home.add_media("New Film")
    await advance(hass, freezer, 2 * HOUR, step=30)
    world.requests.clear()
    await advance(hass, freezer, 5 * HOUR, step=30)
    assert asked_of_libraries(world)["/library/sections/1/all"] <= 11
    home.faults.clear()
    await advance(hass, freezer, HOUR / 2 + MINUTE, step=30)
    assert values(hass, "movies_items") == ["4"]
    home.faults.set(Fault.status(500), paths="^/library/sections/1/all$", times=1)
    await home.add_media("Another Film")
    await advance(hass, freezer, 3 * MINUTE, step=30)
    assert values(hass, "movies_items") == ["5"]


async def test_change_does_not_wait_for_what_can_wait_longer(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    world: World,
    home: PlexServer,
    entry: MockConfigEntry,
) -> None:
    """Push is lost during a scan, whose end is then looked for, a moment after a film came in."""
    await ready(hass, freezer, world, entry)
    await home.add_media("New Film")
    movies = home.library.sections[0]
    movies.refreshing = True
    await home.activities.start("library.update.section", "", section_id=movies.id)
    await settle(hass)
    home.refuses_websockets = 404
    await home.notifier.drop()
    await advance(hass, freezer, 30, step=5)
    assert values(hass, "movies_items") == ["4"]
