"""Devices and entities are created and removed with what they represent."""

from freezegun.api import FrozenDateTimeFactory
from homeassistant.const import EVENT_STATE_CHANGED
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr, entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_capture_events

from custom_components.plex_monitor.const import DOMAIN

from .simulator import Account, Fault, Kind, PlexServer, World
from .support.entities import values
from .support.entries import DOWN, set_up, state_of
from .support.helpers import advance, settle
from .support.libraries import library_devices

MINUTE = 60
HOUR = 60 * MINUTE


def server_device(hass: HomeAssistant, entry: MockConfigEntry) -> dr.DeviceEntry:
    """Return the device of the server, the only one that is not a child device."""
    [device] = dr.async_entries_for_config_entry(dr.async_get(hass), entry.entry_id)
    return device


async def test_library_has_a_child_device_of_the_server(
    hass: HomeAssistant, home: PlexServer, entry: MockConfigEntry
) -> None:
    """It has the name of the library."""
    await set_up(hass, entry)
    server = server_device(hass, entry)
    libraries = library_devices(hass, entry)
    assert libraries.keys() == {"Movies", "TV Shows", "Music"}
    assert {device.parent_device_id for device in libraries.values()} == {server.id}
    assert libraries["Movies"].identifiers == {(DOMAIN, f"{home.machine_identifier}_1")}


async def test_entities_belong_to_their_device(
    hass: HomeAssistant, home: PlexServer, entry: MockConfigEntry
) -> None:
    """Their unique ids do not depend on names."""
    await set_up(hass, entry)
    registry = er.async_get(hass)
    streams = registry.async_get("sensor.home_streams")
    movies = registry.async_get("sensor.home_movies_items")
    scanning = registry.async_get("binary_sensor.home_movies_scanning")
    assert streams is not None
    assert movies is not None
    assert scanning is not None
    assert streams.device_id == server_device(hass, entry).id
    assert movies.device_id == scanning.device_id == library_devices(hass, entry)["Movies"].id
    assert streams.unique_id == f"{home.machine_identifier}_streams"
    assert movies.unique_id == f"{home.machine_identifier}_1_items"


@pytest.mark.allowed_logs(DOWN)
async def test_version_of_the_device_follows_the_server(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    home: PlexServer,
    entry: MockConfigEntry,
) -> None:
    """It needs no restart of Home Assistant."""
    await set_up(hass, entry)
    assert server_device(hass, entry).sw_version == home.version
    await home.restart(version="1.44.0.1-abc")
    await advance(hass, freezer, 3 * MINUTE)
    assert server_device(hass, entry).sw_version == "1.44.0.1-abc"


@pytest.mark.allowed_logs(DOWN)
async def test_version_is_kept_while_the_token_is_refused(
    hass: HomeAssistant, world: World, owner: Account, home: PlexServer, entry: MockConfigEntry
) -> None:
    """The device keeps what was read before."""
    await set_up(hass, entry)
    await hass.config_entries.async_unload(entry.entry_id)
    home.rejects_tokens = True
    await hass.config_entries.async_setup(entry.entry_id)
    assert server_device(hass, entry).sw_version == home.version
    assert library_devices(hass, entry).keys() == {"Movies", "TV Shows", "Music"}


async def test_new_library_is_added_after_its_first_scan(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    home: PlexServer,
    entry: MockConfigEntry,
) -> None:
    """It is added even if the scan finds nothing."""
    await set_up(hass, entry)
    section = home.library.add_section("Home Videos", Kind.MOVIE)
    await home.scan(section)
    await advance(hass, freezer, MINUTE)
    assert "Home Videos" in library_devices(hass, entry)
    assert values(hass, "home_videos_items") == ["0"]
    assert state_of(hass, "binary_sensor.home_home_videos_scanning") == "off"

    await home.add_media("Birthday", section=section)
    await advance(hass, freezer, MINUTE)
    assert values(hass, "home_videos_items") == ["1"]


async def test_deleted_library_removes_its_device_and_entities(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    home: PlexServer,
    entry: MockConfigEntry,
) -> None:
    """The server does not report it, so they are removed with a later read."""
    await set_up(hass, entry)
    home.library.remove_section(home.library.sections[2])
    await advance(hass, freezer, 6 * HOUR + MINUTE, step=10 * MINUTE)
    assert library_devices(hass, entry).keys() == {"Movies", "TV Shows"}
    registry = er.async_get(hass)
    left = er.async_entries_for_config_entry(registry, entry.entry_id)
    assert [entity.entity_id for entity in left if "music" in entity.entity_id] == []
    assert hass.states.get("sensor.home_music_items") is None


async def test_library_that_is_unshared_and_shared_again(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    home: PlexServer,
    guest: MockConfigEntry,
    friend: Account,
) -> None:
    """It gets the same entities again."""
    await set_up(hass, guest)
    movies, shows, music = home.library.sections
    home.restrict(friend, [movies, shows])
    await advance(hass, freezer, 6 * HOUR + MINUTE, step=10 * MINUTE)
    assert library_devices(hass, guest).keys() == {"Movies", "TV Shows"}
    home.restrict(friend, [movies, shows, music])
    await advance(hass, freezer, 6 * HOUR + MINUTE, step=10 * MINUTE)
    assert library_devices(hass, guest).keys() == {"Movies", "TV Shows", "Music"}
    assert values(hass, "music_items") == ["1"]


async def test_last_library_that_is_deleted(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    home: PlexServer,
    entry: MockConfigEntry,
) -> None:
    """An empty list of libraries is valid, too."""
    await set_up(hass, entry)
    for section in list(home.library.sections):
        home.library.remove_section(section)
    await advance(hass, freezer, 6 * HOUR + MINUTE, step=10 * MINUTE)
    assert library_devices(hass, entry) == {}


@pytest.mark.allowed_logs(r"^custom_components\.plex_monitor: Error \w+ Home libraries data")
@pytest.mark.parametrize("fault", [Fault.GARBLED, Fault.status(503), Fault.status(403)])
async def test_failed_read_removes_no_device(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    home: PlexServer,
    entry: MockConfigEntry,
    fault: Fault,
) -> None:
    """Neither does one at setup, when nothing has been read yet."""
    await set_up(hass, entry)
    home.faults.set(fault, paths="^/library/sections$")
    await advance(hass, freezer, 7 * HOUR, step=10 * MINUTE)
    assert library_devices(hass, entry).keys() == {"Movies", "TV Shows", "Music"}
    await hass.config_entries.async_reload(entry.entry_id)
    await advance(hass, freezer, HOUR, step=10 * MINUTE)
    assert library_devices(hass, entry).keys() == {"Movies", "TV Shows", "Music"}
    assert values(hass, "movies_items") == ["unavailable"]


async def test_renamed_library(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    home: PlexServer,
    entry: MockConfigEntry,
) -> None:
    """It keeps its device and the ids of its entities."""
    await set_up(hass, entry)
    before = library_devices(hass, entry)["Movies"]
    home.library.sections[0].title = "Films"
    await home.scan(home.library.sections[0])
    await advance(hass, freezer, MINUTE)
    after = library_devices(hass, entry)["Films"]
    assert after.id == before.id
    assert values(hass, "movies_items") == ["3"]


async def test_update_changes_only_the_states_that_it_concerns(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    home: PlexServer,
    owner: Account,
    entry: MockConfigEntry,
) -> None:
    """A pause concerns two entities, and a poll without changes none."""
    await set_up(hass, entry)
    stream = await home.start_stream(user=owner, title="Film")
    await advance(hass, freezer, 2 * MINUTE)
    changes = async_capture_events(hass, EVENT_STATE_CHANGED)
    await stream.pause()
    await settle(hass)
    assert sorted(change.data["entity_id"] for change in changes) == [
        "event.home_playback",
        "sensor.home_streams",
    ]

    changes.clear()
    # Home Assistant itself updates pictures every five minutes.
    await advance(hass, freezer, 2 * MINUTE)
    assert changes == []


async def test_two_servers_have_their_own_libraries(
    hass: HomeAssistant,
    cabin: PlexServer,
    entry: MockConfigEntry,
    cabin_entry: MockConfigEntry,
) -> None:
    """The keys and names of their libraries are the same."""
    cabin.library.add("One More")
    await set_up(hass, entry)
    await set_up(hass, cabin_entry)
    assert state_of(hass, "sensor.home_movies_items") == "3"
    assert state_of(hass, "sensor.cabin_movies_items") == "4"
    assert len(library_devices(hass, cabin_entry)) == 3


async def test_libraries_with_the_same_name_are_distinguished_by_their_server(
    hass: HomeAssistant, entry: MockConfigEntry, cabin_entry: MockConfigEntry
) -> None:
    """Their full names begin with that of the server, in pickers and for voice assistants."""
    await set_up(hass, entry)
    await set_up(hass, cabin_entry)
    registry = er.async_get(hass)
    names = {}
    for entity_id in ("sensor.home_movies_items", "sensor.cabin_movies_items"):
        registered = registry.async_get(entity_id)
        assert registered is not None
        names[entity_id] = er.async_get_full_entity_name(hass, registered)
    assert list(names.values()) == ["Home Movies Items", "Cabin Movies Items"]
