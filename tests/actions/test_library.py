"""Actions on libraries."""

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from tests.simulator import Kind, PlexServer
from tests.support.actions import item_of, perform
from tests.support.automations import library_device
from tests.support.entries import set_up


@pytest.mark.parametrize("library", ["Movies", "movies", "1", 1])
async def test_scan_library_by_name_or_key(
    hass: HomeAssistant, home: PlexServer, entry: MockConfigEntry, library: str | int
) -> None:
    """The library is named by its title, in any case, or by its key."""
    await set_up(hass, entry)
    await perform(hass, entry, "scan_library", library=library)
    assert [(scan.section_id, scan.path) for scan in home.scanner.requests] == [(1, None)]


async def test_scan_library_by_device(
    hass: HomeAssistant, home: PlexServer, entry: MockConfigEntry, cabin_entry: MockConfigEntry
) -> None:
    """A library of another server is rejected, even where both have one with the same name."""
    await set_up(hass, entry)
    await set_up(hass, cabin_entry)
    await perform(hass, entry, "scan_library", library=library_device(hass, entry, "2"))
    assert [scan.section_id for scan in home.scanner.requests] == [2]
    with pytest.raises(ServiceValidationError, match="TV Shows is not a library of Home"):
        await perform(hass, entry, "scan_library", library=library_device(hass, cabin_entry, "2"))


async def test_scan_folder_of_a_library(
    hass: HomeAssistant, home: PlexServer, entry: MockConfigEntry
) -> None:
    """Only that folder is scanned."""
    await set_up(hass, entry)
    await perform(hass, entry, "scan_library", library="Movies", path="/data/Movies/New")
    assert [(scan.section_id, scan.path) for scan in home.scanner.requests] == [
        (1, "/data/Movies/New")
    ]


async def test_scan_all_libraries(
    hass: HomeAssistant, home: PlexServer, entry: MockConfigEntry
) -> None:
    """All libraries are scanned where the action names none."""
    await set_up(hass, entry)
    await perform(hass, entry, "scan_library")
    assert [scan.section_id for scan in home.scanner.requests] == [1, 2, 3]


@pytest.mark.parametrize(("which", "left"), [({"library": "Movies"}, [2, 3]), ({}, [])])
async def test_stop_scan(
    hass: HomeAssistant,
    home: PlexServer,
    entry: MockConfigEntry,
    which: dict[str, str],
    left: list[int],
) -> None:
    """The scan of one library is stopped, or that of all."""
    home.job_seconds = None
    await set_up(hass, entry)
    await perform(hass, entry, "scan_library")
    assert [activity.section_id for activity in home.activities.running] == [1, 2, 3]
    await perform(hass, entry, "stop_scan", **which)
    assert [activity.section_id for activity in home.activities.running] == left


async def test_stop_scan_that_is_not_running(
    hass: HomeAssistant, home: PlexServer, entry: MockConfigEntry
) -> None:
    """That is no error, but the library has to exist."""
    await set_up(hass, entry)
    await perform(hass, entry, "stop_scan", library="Movies")
    home.library.remove_section(home.library.sections[0])
    with pytest.raises(ServiceValidationError, match="no longer has this library"):
        await perform(hass, entry, "stop_scan", library="Movies")


async def test_scan_library_that_was_just_created(
    hass: HomeAssistant, home: PlexServer, entry: MockConfigEntry
) -> None:
    """The library is found before the integration has read it."""
    await set_up(hass, entry)
    section = home.library.add_section("Concerts", Kind.MOVIE)
    await perform(hass, entry, "scan_library", library="Concerts")
    assert [scan.section_id for scan in home.scanner.requests] == [section.id]


@pytest.mark.parametrize(
    ("data", "text"),
    [
        ({"library": "Cartoons"}, "Home has no library with the name or key Cartoons"),
        ({"library": "Twins"}, "Home has more than one library named Twins"),
        ({"path": "/data"}, "Select the library of Home that contains the path"),
    ],
)
async def test_invalid_library_is_rejected(
    hass: HomeAssistant,
    home: PlexServer,
    entry: MockConfigEntry,
    data: dict[str, str],
    text: str,
) -> None:
    """The error says why, and nothing is scanned."""
    for _ in range(2):
        home.library.add_section("Twins", Kind.MOVIE)
    await set_up(hass, entry)
    with pytest.raises(ServiceValidationError, match=text):
        await perform(hass, entry, "scan_library", **data)
    assert home.scanner.requests == []


async def test_empty_trash_of_a_removed_library(
    hass: HomeAssistant, home: PlexServer, entry: MockConfigEntry
) -> None:
    """The error says so while Home Assistant still has the library."""
    await set_up(hass, entry)
    home.library.remove_section(home.library.sections[0])
    with pytest.raises(ServiceValidationError, match="no longer has this library"):
        await perform(hass, entry, "empty_trash", library="1")


async def test_empty_trash(hass: HomeAssistant, home: PlexServer, entry: MockConfigEntry) -> None:
    """Items whose files are gone are removed."""
    await set_up(hass, entry)
    item = item_of(home, "Winter Light")
    item.missing = True
    await perform(hass, entry, "empty_trash", library="Movies")
    assert home.library.titled("Winter Light") is None
