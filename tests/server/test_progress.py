"""Progress is reported every ten seconds, and starts and ends at once."""

from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.const import EVENT_STATE_CHANGED
from homeassistant.core import Event, HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_capture_events

from tests.simulator import PlexServer, World
from tests.support.entities import attributes_of
from tests.support.entries import state_of
from tests.support.helpers import advance, settle
from tests.support.libraries import set_up_and_settle

ACTIVITIES = "sensor.home_activities"
SCANNING = "binary_sensor.home_movies_scanning"

MINUTE = 60


@pytest.fixture
async def quiet_entry(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, init_integration: MockConfigEntry
) -> MockConfigEntry:
    """Return an entry that was set up a minute ago, so that nothing of its setup is under way."""
    await advance(hass, freezer, MINUTE, step=5)
    return init_integration


@pytest.fixture
def changes(hass: HomeAssistant, quiet_entry: MockConfigEntry) -> list[Event[Any]]:
    """Record the state changes from the end of the setup on."""
    return async_capture_events(hass, EVENT_STATE_CHANGED)


def activities_of(hass: HomeAssistant) -> list[tuple[str, int | None]]:
    """Return the titles and the progress of the activities that the sensor lists."""
    return [
        (activity["title"], activity["progress"])
        for activity in attributes_of(hass, ACTIVITIES)["activities"]
    ]


def count_of(changes: list[Event[Any]], entity_id: str) -> int:
    """Return how often the state of an entity has changed."""
    return sum(change.data["entity_id"] == entity_id for change in changes)


async def test_progress_of_an_activity_is_written_every_ten_seconds(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    home: PlexServer,
    changes: list[Event[Any]],
) -> None:
    """However often it is reported; the last report is never omitted."""
    activity = await home.activities.start("media.generate.credits", "Detecting credits")
    for number in range(100):
        await activity.update(number, f"Film {number}")
        await advance(hass, freezer, 1, step=1)
    assert 10 <= count_of(changes, ACTIVITIES) <= 12
    await advance(hass, freezer, 10, step=1)
    assert activities_of(hass) == [("Detecting credits", 99)]


@pytest.mark.usefixtures("quiet_entry")
async def test_start_and_end_of_an_activity_are_written_at_once(
    hass: HomeAssistant, home: PlexServer
) -> None:
    """With the progress of the others."""
    credits_ = await home.activities.start("media.generate.credits", "Detecting credits")
    await credits_.update(40)
    await settle(hass)
    other = await home.activities.start("media.generate.bif", "Making previews")
    await settle(hass)
    assert activities_of(hass) == [("Detecting credits", 40), ("Making previews", None)]
    await credits_.update(50)
    await other.end()
    await settle(hass)
    assert activities_of(hass) == [("Detecting credits", 50)]
    await credits_.end()
    await settle(hass)
    assert state_of(hass, ACTIVITIES) == "0"


async def test_nothing_is_written_after_the_entry_is_unloaded(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    home: PlexServer,
    quiet_entry: MockConfigEntry,
) -> None:
    """A write that is scheduled is cancelled."""
    activity = await home.activities.start("media.generate.credits", "Detecting credits")
    await activity.update(40)
    await settle(hass)
    assert await hass.config_entries.async_unload(quiet_entry.entry_id)
    await settle(hass)
    changes = async_capture_events(hass, EVENT_STATE_CHANGED)
    await advance(hass, freezer, MINUTE, step=5)
    assert changes == []


async def test_progress_of_a_scan_is_written_every_ten_seconds(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    world: World,
    home: PlexServer,
    entry: MockConfigEntry,
) -> None:
    """Its start and its end are written at once."""
    await set_up_and_settle(hass, freezer, world, entry)
    changes = async_capture_events(hass, EVENT_STATE_CHANGED)
    section = home.library.sections[0]
    scan = await home.activities.start(
        "library.update.section", "Scanning Movies", section_id=section.id
    )
    await settle(hass)
    assert state_of(hass, SCANNING) == "on"
    for number in range(50):
        await scan.update(number)
        await advance(hass, freezer, 1, step=1)
    assert 5 <= count_of(changes, SCANNING) <= 7
    await advance(hass, freezer, 10, step=1)
    assert attributes_of(hass, SCANNING)["progress"] == 49
    await scan.end()
    await settle(hass)
    assert state_of(hass, SCANNING) == "off"
