"""Libraries that tests follow, and what is seen of them."""

from collections import Counter

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.plex_monitor.events.models import LibraryEvent, PlexEvent
from tests.simulator import World

from .entries import set_up
from .helpers import advance

# After this long, all that a start has to read is read.
SETTLED = 120


def asked_of_libraries(world: World) -> Counter[str]:
    """Return how often each path below a library was asked for."""
    return Counter(
        request.path
        for request in world.requests.to(host="Home")
        if request.path.startswith(("/library", "/media"))
    )


def told_of_libraries(entry: MockConfigEntry) -> list[LibraryEvent]:
    """Return a list to which what happens to libraries will be added."""
    told: list[LibraryEvent] = []

    def listener(event: PlexEvent) -> None:
        if isinstance(event, LibraryEvent):
            told.append(event)

    entry.runtime_data.server.async_add_event_listener(listener)
    return told


def kinds(events: list[LibraryEvent]) -> list[str]:
    """Return what happened, without the scans."""
    return [str(event.event_type) for event in events if "scan" not in event.event_type]


async def ready(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, world: World, entry: MockConfigEntry
) -> None:
    """Set the entry up, and let nothing of that be in the log of requests."""
    await set_up(hass, entry)
    await advance(hass, freezer, SETTLED)
    world.requests.clear()


def libraries_of(hass: HomeAssistant, entry: MockConfigEntry) -> set[str | None]:
    """Return the names of the devices of libraries."""
    registry = dr.async_get(hass)
    return {
        device.name for device in dr.async_child_entries_for_config_entry(registry, entry.entry_id)
    }
