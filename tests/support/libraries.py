"""Helpers for tests of libraries."""

from collections import Counter
from dataclasses import dataclass

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.plex_monitor.events.models import LibraryEvent, PlexEvent
from tests.simulator import World

from .entities import values
from .entries import set_up
from .helpers import advance

# Everything that the setup requests has been read after this many seconds.
SETTLED = 120


def library_requests(world: World) -> Counter[str]:
    """Return how often each path below a library of the server Home was requested."""
    return Counter(
        request.path
        for request in world.requests.to(host="Home")
        if request.path.startswith(("/library", "/media"))
    )


def capture_library_events(entry: MockConfigEntry) -> list[LibraryEvent]:
    """Return a list to which the events of libraries will be added."""
    events: list[LibraryEvent] = []

    def listener(event: PlexEvent) -> None:
        if isinstance(event, LibraryEvent):
            events.append(event)

    entry.runtime_data.server.async_add_event_listener(listener)
    return events


def without_scans(events: list[LibraryEvent]) -> list[LibraryEvent]:
    """Return the events that are not about a scan."""
    return [event for event in events if "scan" not in event.event_type]


async def set_up_and_settle(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, world: World, entry: MockConfigEntry
) -> None:
    """Set up an entry, wait until everything is read, and clear the log of requests."""
    await set_up(hass, entry)
    await advance(hass, freezer, SETTLED)
    world.requests.clear()


def library_devices(hass: HomeAssistant, entry: MockConfigEntry) -> dict[str, dr.ChildDeviceEntry]:
    """Return the devices of the libraries by their name."""
    devices = dr.async_child_entries_for_config_entry(dr.async_get(hass), entry.entry_id)
    return {str(device.name): device for device in devices}


def library_names(hass: HomeAssistant, entry: MockConfigEntry) -> set[str]:
    """Return the names of the devices of the libraries."""
    return set(library_devices(hass, entry))


@dataclass(frozen=True, kw_only=True)
class SettledHome:
    """The entry of the server Home after everything that its setup requests has been read."""

    hass: HomeAssistant
    freezer: FrozenDateTimeFactory
    world: World
    entry: MockConfigEntry

    async def advance(self, seconds: float, step: float = 15) -> None:
        """Let time pass."""
        await advance(self.hass, self.freezer, seconds, step)

    async def refresh(self) -> None:
        """Read all libraries now."""
        await self.entry.runtime_data.libraries.async_refresh()

    def requests(self) -> Counter[str]:
        """Return how often each path below a library was requested since."""
        return library_requests(self.world)

    def values(self, *keys: str) -> list[str]:
        """Return the states of sensors of the server and of its libraries."""
        return values(self.hass, *keys)

    def capture_events(self) -> list[LibraryEvent]:
        """Return a list to which the events of libraries will be added."""
        return capture_library_events(self.entry)

    def library_names(self) -> set[str]:
        """Return the names of the devices of the libraries."""
        return library_names(self.hass, self.entry)
