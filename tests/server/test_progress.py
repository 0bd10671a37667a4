"""What keeps changing a little is written now and then, and what matters at once."""

from freezegun.api import FrozenDateTimeFactory
from homeassistant.const import EVENT_STATE_CHANGED
from homeassistant.core import HomeAssistant
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_capture_events

from tests.simulator import PlexServer, World
from tests.support.entities import attributes_of
from tests.support.entries import set_up, state_of
from tests.support.helpers import advance, settle
from tests.support.libraries import set_up_and_settle

ACTIVITIES = "sensor.home_activities"
SCANNING = "binary_sensor.home_movies_scanning"


def shown(hass: HomeAssistant) -> list[tuple[str, int | None]]:
    """Return what the server is busy with, and how far it is."""
    return [
        (activity["title"], activity["progress"])
        for activity in attributes_of(hass, ACTIVITIES)["activities"]
    ]


async def test_progress_of_an_activity_is_written_every_ten_seconds(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, home: PlexServer, entry: MockConfigEntry
) -> None:
    """However often it is told; what was told last is not left out."""
    await set_up(hass, entry)
    await advance(hass, freezer, 60, step=5)
    changes = async_capture_events(hass, EVENT_STATE_CHANGED)
    activity = await home.activities.start("media.generate.credits", "Detecting credits")
    for number in range(100):
        await activity.update(number, f"Film {number}")
        await advance(hass, freezer, 1, step=1)
    written = [change for change in changes if change.data["entity_id"] == ACTIVITIES]
    assert 10 <= len(written) <= 12
    await advance(hass, freezer, 10, step=1)
    assert shown(hass) == [("Detecting credits", 99)]


async def test_activity_that_begins_or_ends_is_written_at_once(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, home: PlexServer, entry: MockConfigEntry
) -> None:
    """With how far the others are."""
    await set_up(hass, entry)
    await advance(hass, freezer, 60, step=5)
    credits_ = await home.activities.start("media.generate.credits", "Detecting credits")
    await credits_.update(40)
    await settle(hass)
    other = await home.activities.start("media.generate.bif", "Making previews")
    await settle(hass)
    assert shown(hass) == [("Detecting credits", 40), ("Making previews", None)]
    await credits_.update(50)
    await other.end()
    await settle(hass)
    assert shown(hass) == [("Detecting credits", 50)]
    await credits_.end()
    await settle(hass)
    assert state_of(hass, ACTIVITIES) == "0"


async def test_nothing_is_written_after_the_entry_is_unloaded(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, home: PlexServer, entry: MockConfigEntry
) -> None:
    """What was to be written then is not."""
    await set_up(hass, entry)
    await advance(hass, freezer, 60, step=5)
    activity = await home.activities.start("media.generate.credits", "Detecting credits")
    await activity.update(40)
    await settle(hass)
    assert await hass.config_entries.async_unload(entry.entry_id)
    await settle(hass)
    changes = async_capture_events(hass, EVENT_STATE_CHANGED)
    await advance(hass, freezer, 60, step=5)
    assert changes == []


async def test_progress_of_a_scan_is_written_every_ten_seconds(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    world: World,
    home: PlexServer,
    entry: MockConfigEntry,
) -> None:
    """And its begin and end at once."""
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
    written = [change for change in changes if change.data["entity_id"] == SCANNING]
    assert 5 <= len(written) <= 7
    await advance(hass, freezer, 10, step=1)
    assert attributes_of(hass, SCANNING)["progress"] == 49
    await scan.end()
    await settle(hass)
    assert state_of(hass, SCANNING) == "off"
