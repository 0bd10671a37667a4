"""Binary sensors of a server and of its libraries."""

from freezegun.api import FrozenDateTimeFactory
from homeassistant.const import ATTR_DEVICE_CLASS, STATE_OFF, STATE_ON, STATE_UNKNOWN
from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.plex_monitor.const import TokenSource

from .simulator import Account, Fault, Kind, PlexServer, World
from .simulator.activity import Activity
from .support.entities import attributes_of, available, unrecorded_attributes, values
from .support.entries import DOWN, entry_of, set_up, state_of
from .support.helpers import advance, settle

MINUTE = 60
REMOTE_ACCESS = "binary_sensor.home_remote_access"
SIGNED_IN = "binary_sensor.home_signed_in_to_plex"
PLEX_PASS = "binary_sensor.home_plex_pass"
SCANNING = "binary_sensor.home_movies_scanning"


async def start_scan(
    server: PlexServer, title: str = "", section_id: int | None = None
) -> Activity:
    """Start a scan; older servers name its library by the title of the activity alone."""
    return await server.activities.start("library.update.section", title, section_id=section_id)


# Remote access


async def test_remote_access_follows_push(
    hass: HomeAssistant, home: PlexServer, entry: MockConfigEntry
) -> None:
    """The attributes name the error of the server."""
    await set_up(hass, entry)
    assert state_of(hass, REMOTE_ACCESS) == STATE_ON
    assert attributes_of(hass, REMOTE_ACCESS)[ATTR_DEVICE_CLASS] == "connectivity"
    await home.remote_access.become("failed", "unreachable")
    await settle(hass)
    assert state_of(hass, REMOTE_ACCESS) == STATE_OFF
    attributes = attributes_of(hass, REMOTE_ACCESS)
    assert (attributes["mapping_state"], attributes["mapping_error"]) == ("failed", "unreachable")


async def test_remote_access_is_polled_every_ten_minutes_without_push(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    home: PlexServer,
    entry: MockConfigEntry,
) -> None:
    """It seldom changes."""
    home.refuses_websockets = 404
    await set_up(hass, entry)
    await home.remote_access.become("unmapped")
    await advance(hass, freezer, 5 * MINUTE)
    assert state_of(hass, REMOTE_ACCESS) == STATE_ON
    await advance(hass, freezer, 6 * MINUTE)
    assert state_of(hass, REMOTE_ACCESS) == STATE_OFF


async def test_remote_access_is_unknown(
    hass: HomeAssistant, home: PlexServer, entry: MockConfigEntry
) -> None:
    """The server may not know its remote access."""
    home.remote_access.state = "unknown"
    await set_up(hass, entry)
    assert state_of(hass, REMOTE_ACCESS) == STATE_UNKNOWN


@pytest.mark.usefixtures("init_integration")
async def test_remote_access_is_unknown_while_it_is_set_up(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, home: PlexServer
) -> None:
    """It has not failed."""
    await home.remote_access.become("waiting")
    await settle(hass)
    assert state_of(hass, REMOTE_ACCESS) == STATE_UNKNOWN
    await home.remote_access.become("mapped")
    await advance(hass, freezer, 15)
    assert state_of(hass, REMOTE_ACCESS) == STATE_ON


async def test_guest_has_no_remote_access(hass: HomeAssistant, guest: MockConfigEntry) -> None:
    """It is the owner's; the Plex Pass of the server is not."""
    await set_up(hass, guest)
    assert hass.states.get(REMOTE_ACCESS) is None
    assert state_of(hass, PLEX_PASS) == STATE_ON


# Sign-in and Plex Pass


async def test_server_without_plex_pass(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    home: PlexServer,
    owner: Account,
    entry: MockConfigEntry,
) -> None:
    """A Plex Pass that is bought later is found within minutes."""
    owner.plex_pass = False
    await set_up(hass, entry)
    assert state_of(hass, PLEX_PASS) == STATE_OFF
    assert state_of(hass, SIGNED_IN) == STATE_ON
    owner.plex_pass = True
    await advance(hass, freezer, 11 * MINUTE)
    assert state_of(hass, PLEX_PASS) == STATE_ON


async def test_unclaimed_server_is_not_signed_in(hass: HomeAssistant, home: PlexServer) -> None:
    """It has no Plex Pass either."""
    home.claimed = False
    await set_up(hass, entry_of(home, source=TokenSource.NONE))
    assert state_of(hass, SIGNED_IN) == STATE_OFF
    assert state_of(hass, PLEX_PASS) == STATE_OFF


# Scans


async def test_scan_follows_push(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    world: World,
    home: PlexServer,
    entry: MockConfigEntry,
) -> None:
    """No request is sent, and the progress is not recorded."""
    home.job_seconds = None
    [movies, *_] = home.library.sections
    await set_up(hass, entry)
    assert state_of(hass, SCANNING) == STATE_OFF
    assert attributes_of(hass, SCANNING)["progress"] is None
    await advance(hass, freezer, 20)
    world.requests.clear()

    activity = await start_scan(home, "Scanning Movies", movies.id)
    await activity.update(30)
    await advance(hass, freezer, 10, step=10)
    assert state_of(hass, SCANNING) == STATE_ON
    assert attributes_of(hass, SCANNING)["progress"] == 30
    assert state_of(hass, "binary_sensor.home_music_scanning") == STATE_OFF
    assert "progress" in unrecorded_attributes(hass, SCANNING)

    await activity.end()
    await settle(hass)
    assert state_of(hass, SCANNING) == STATE_OFF
    assert len(world.requests) == 0


async def test_scan_of_an_older_server(
    hass: HomeAssistant, home: PlexServer, entry: MockConfigEntry
) -> None:
    """Its notifications have the title of the library, and not its key."""
    await set_up(hass, entry)
    await start_scan(home, "Scanning TV Shows")
    await settle(hass)
    assert state_of(hass, "binary_sensor.home_tv_shows_scanning") == STATE_ON
    assert state_of(hass, SCANNING) == STATE_OFF


async def test_scan_of_an_older_server_with_similar_titles(
    hass: HomeAssistant, home: PlexServer, entry: MockConfigEntry
) -> None:
    """The library with the whole title is scanning."""
    home.library.add_section("Kids Movies", Kind.MOVIE)
    await set_up(hass, entry)
    activity = await start_scan(home, "Scanning Kids Movies")
    await settle(hass)
    assert state_of(hass, "binary_sensor.home_kids_movies_scanning") == STATE_ON
    assert state_of(hass, SCANNING) == STATE_OFF
    await activity.end()
    await settle(hass)
    assert state_of(hass, "binary_sensor.home_kids_movies_scanning") == STATE_OFF


async def test_scan_from_before_the_start(
    hass: HomeAssistant, home: PlexServer, entry: MockConfigEntry
) -> None:
    """The progress is unknown until the next notification."""
    home.library.sections[0].refreshing = True
    activity = await start_scan(home, section_id=1)
    await set_up(hass, entry)
    assert state_of(hass, SCANNING) == STATE_ON
    assert attributes_of(hass, SCANNING)["progress"] is None
    await activity.end()
    await settle(hass)
    assert state_of(hass, SCANNING) == STATE_OFF


async def test_end_of_a_scan_while_push_is_down(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    home: PlexServer,
    entry: MockConfigEntry,
) -> None:
    """It is read when the push channel is up again."""
    await set_up(hass, entry)
    await advance(hass, freezer, 2 * MINUTE)
    await start_scan(home, section_id=1)
    await settle(hass)
    assert state_of(hass, SCANNING) == STATE_ON
    home.activities.running.clear()
    await home.notifier.drop()
    await advance(hass, freezer, 2 * MINUTE)
    assert state_of(hass, SCANNING) == STATE_OFF


async def test_end_of_a_scan_without_push(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    home: PlexServer,
    entry: MockConfigEntry,
) -> None:
    """The libraries are polled during a scan, as no notification would report its end."""
    home.refuses_websockets = 404
    movies = home.library.sections[0]
    movies.refreshing = True
    await set_up(hass, entry)
    assert state_of(hass, SCANNING) == STATE_ON
    movies.refreshing = False
    await advance(hass, freezer, 3 * MINUTE)
    assert state_of(hass, SCANNING) == STATE_OFF


async def test_push_is_lost_during_a_scan(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    home: PlexServer,
    entry: MockConfigEntry,
) -> None:
    """The libraries are polled from then on."""
    await set_up(hass, entry)
    await advance(hass, freezer, 2 * MINUTE)
    movies = home.library.sections[0]
    movies.refreshing = True
    await start_scan(home, section_id=movies.id)
    await settle(hass)
    home.refuses_websockets = 404
    await home.notifier.drop()
    await advance(hass, freezer, 3 * MINUTE)
    assert state_of(hass, SCANNING) == STATE_ON
    movies.refreshing = False
    await advance(hass, freezer, 3 * MINUTE)
    assert state_of(hass, SCANNING) == STATE_OFF


async def test_scan_starts_during_a_read_of_the_libraries(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    home: PlexServer,
    entry: MockConfigEntry,
) -> None:
    """The notification is newer than what is being read."""
    await set_up(hass, entry)
    await advance(hass, freezer, 2 * MINUTE)
    held = home.faults.set(Fault.HANG, paths="^/library/sections/1/all$")
    await home.add_media("New Film")
    await advance(hass, freezer, MINUTE / 2)
    assert held.hits == 1
    await start_scan(home, section_id=1)
    await settle(hass)
    assert state_of(hass, SCANNING) == STATE_ON
    home.faults.clear()
    await settle(hass)
    assert values(hass, "movies_items") == ["4"]
    assert state_of(hass, SCANNING) == STATE_ON


# Always available


@pytest.mark.allowed_logs(DOWN)
async def test_server_is_down(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    home: PlexServer,
    entry: MockConfigEntry,
) -> None:
    """These sensors stay available while all others are unavailable."""
    await set_up(hass, entry)
    await home.stop()
    await advance(hass, freezer, 2 * MINUTE)
    assert available(hass, "binary_sensor") == {
        "binary_sensor.home_server": STATE_OFF,
        "binary_sensor.home_token_problem": STATE_OFF,
    }
