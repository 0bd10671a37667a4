"""What is in a library, and what is new in it, is told once, whatever becomes of the others."""

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
from pytest_homeassistant_custom_component.common import MockConfigEntry

from .entities import values
from .helpers import advance
from .simulator import PlexServer, World
from .test_libraries import HOUR, MINUTE, kinds, ready, told_of_libraries

TEN_YEARS = 10 * 365 * 24 * HOUR


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
