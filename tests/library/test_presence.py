"""A library goes when it is gone, and not when a list lacks it once."""

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr, entity_registry as er
from pytest_homeassistant_custom_component.common import MockConfigEntry

from tests.simulator import Fault, PlexServer, World
from tests.simulator.faults import Rule
from tests.support.entities import values
from tests.support.entries import state_of
from tests.support.helpers import advance, settle
from tests.support.libraries import libraries_of, ready

MINUTE = 60

ALL = {"Movies", "TV Shows", "Music"}


def no_library(home: PlexServer, *, times: int | None = 1) -> Rule:
    """Let the server say that there are no libraries."""
    return home.faults.set(
        Fault.json({"MediaContainer": {"size": 0}}), paths="^/library/sections$", times=times
    )


async def test_list_that_lacks_all_libraries_once_costs_none(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    world: World,
    home: PlexServer,
    entry: MockConfigEntry,
) -> None:
    """What somebody made of them is kept, and what comes in is counted."""
    await ready(hass, freezer, world, entry)
    er.async_get(hass).async_update_entity(
        "sensor.home_movies_items", new_entity_id="sensor.my_films"
    )
    await settle(hass)
    rule = no_library(home)
    await home.add_media("New Film")
    await advance(hass, freezer, MINUTE, step=5)
    assert rule.hits == 1
    assert libraries_of(hass, entry) == ALL
    await advance(hass, freezer, 3 * MINUTE, step=5)
    assert libraries_of(hass, entry) == ALL
    assert state_of(hass, "sensor.my_films") == "4"


async def test_list_that_lacks_them_at_the_start_costs_none(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    world: World,
    home: PlexServer,
    entry: MockConfigEntry,
) -> None:
    """A server that starts together with Home Assistant may not have found them yet."""
    await ready(hass, freezer, world, entry)
    devices = {
        device.id
        for device in dr.async_child_entries_for_config_entry(dr.async_get(hass), entry.entry_id)
    }
    assert await hass.config_entries.async_unload(entry.entry_id)
    rule = no_library(home)
    await hass.config_entries.async_setup(entry.entry_id)
    await settle(hass)
    assert rule.hits == 1
    assert libraries_of(hass, entry) == ALL
    await advance(hass, freezer, 10 * MINUTE, step=5)
    assert values(hass, "movies_items", "tv_shows_items") == ["3", "1"]
    assert devices == {
        device.id
        for device in dr.async_child_entries_for_config_entry(dr.async_get(hass), entry.entry_id)
    }


async def test_library_that_was_removed_while_nobody_looked_goes(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    world: World,
    home: PlexServer,
    entry: MockConfigEntry,
) -> None:
    """Also when it is not known but for its device."""
    await ready(hass, freezer, world, entry)
    assert await hass.config_entries.async_unload(entry.entry_id)
    home.library.remove_section(home.library.sections[0])
    await hass.config_entries.async_setup(entry.entry_id)
    await settle(hass)
    assert libraries_of(hass, entry) == ALL
    await advance(hass, freezer, 3 * MINUTE, step=5)
    assert libraries_of(hass, entry) == ALL - {"Movies"}
    assert er.async_get(hass).async_get("sensor.home_movies_items") is None


async def test_library_goes_with_the_second_list_that_lacks_it(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    world: World,
    home: PlexServer,
    entry: MockConfigEntry,
) -> None:
    """Unless that follows at once: a server may need a moment."""
    await ready(hass, freezer, world, entry)
    rule = no_library(home, times=None)
    for _ in range(3):
        await entry.runtime_data.libraries.async_refresh()
    assert rule.hits == 3
    assert libraries_of(hass, entry) == ALL
    await advance(hass, freezer, 3 * MINUTE, step=5)
    assert libraries_of(hass, entry) == set()
    home.faults.clear()
    await entry.runtime_data.libraries.async_refresh()
    await settle(hass)
    assert libraries_of(hass, entry) == ALL
    assert values(hass, "movies_items") == ["3"]


async def test_library_that_was_removed_goes_half_an_hour_later(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    world: World,
    home: PlexServer,
    entry: MockConfigEntry,
) -> None:
    """Nothing tells of it but the list of those that there are."""
    await ready(hass, freezer, world, entry)
    home.library.remove_section(home.library.sections[0])
    await advance(hass, freezer, 33 * MINUTE)
    assert libraries_of(hass, entry) == ALL - {"Movies"}
    assert hass.states.get("sensor.home_movies_items") is None
