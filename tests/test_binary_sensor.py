"""Binary sensors of a server and of its libraries."""

from freezegun.api import FrozenDateTimeFactory
from homeassistant.const import ATTR_DEVICE_CLASS, STATE_OFF, STATE_ON, STATE_UNKNOWN
from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.plex_monitor.const import TokenSource

from .simulator import Account, Fault, Kind, PlexServer, World
from .support.entities import attributes_of, values
from .support.entries import DOWN, entry_of, set_up, state_of
from .support.helpers import advance, settle

MINUTE = 60
REMOTE_ACCESS = "binary_sensor.home_remote_access"
SIGNED_IN = "binary_sensor.home_signed_in_to_plex"
PLEX_PASS = "binary_sensor.home_plex_pass"
SCANNING = "binary_sensor.home_movies_scanning"


# Remote access


async def test_remote_access_is_followed_by_push(
    hass: HomeAssistant, home: PlexServer, entry: MockConfigEntry
) -> None:
    """With what the server says is wrong."""
    await set_up(hass, entry)
    assert state_of(hass, REMOTE_ACCESS) == STATE_ON
    assert attributes_of(hass, REMOTE_ACCESS)[ATTR_DEVICE_CLASS] == "connectivity"
    await home.remote_access.become("failed", "unreachable")
    await settle(hass)
    assert state_of(hass, REMOTE_ACCESS) == STATE_OFF
    attributes = attributes_of(hass, REMOTE_ACCESS)
    assert (attributes["mapping_state"], attributes["mapping_error"]) == ("failed", "unreachable")


async def test_remote_access_is_looked_at_each_hour_without_push(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    home: PlexServer,
    entry: MockConfigEntry,
) -> None:
    """It seldom changes."""
    home.refuses_websockets = 404
    await set_up(hass, entry)
    await home.remote_access.become("unmapped")
    await advance(hass, freezer, 30 * MINUTE)
    assert state_of(hass, REMOTE_ACCESS) == STATE_ON
    await advance(hass, freezer, 31 * MINUTE)
    assert state_of(hass, REMOTE_ACCESS) == STATE_OFF


async def test_remote_access_that_the_server_does_not_know(
    hass: HomeAssistant, home: PlexServer, entry: MockConfigEntry
) -> None:
    """That is neither on nor off."""
    home.remote_access.state = "unknown"
    await set_up(hass, entry)
    assert state_of(hass, REMOTE_ACCESS) == STATE_UNKNOWN


async def test_guest_is_not_told_of_remote_access(
    hass: HomeAssistant, guest: MockConfigEntry
) -> None:
    """It is the owner's; that there is a Plex Pass is not."""
    await set_up(hass, guest)
    assert hass.states.get(REMOTE_ACCESS) is None
    assert state_of(hass, PLEX_PASS) == STATE_ON


# What the server is to Plex


async def test_server_without_plex_pass(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    home: PlexServer,
    owner: Account,
    entry: MockConfigEntry,
) -> None:
    """It is seen within minutes that somebody has bought one."""
    owner.plex_pass = False
    await set_up(hass, entry)
    assert state_of(hass, PLEX_PASS) == STATE_OFF
    assert state_of(hass, SIGNED_IN) == STATE_ON
    owner.plex_pass = True
    await advance(hass, freezer, 11 * MINUTE)
    assert state_of(hass, PLEX_PASS) == STATE_ON


async def test_unclaimed_server_is_not_signed_in(hass: HomeAssistant, home: PlexServer) -> None:
    """And has no Plex Pass."""
    home.claimed = False
    await set_up(hass, entry_of(home, source=TokenSource.NONE))
    assert state_of(hass, SIGNED_IN) == STATE_OFF
    assert state_of(hass, PLEX_PASS) == STATE_OFF


# Scans


async def test_scan_is_followed_by_push(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    world: World,
    home: PlexServer,
    entry: MockConfigEntry,
) -> None:
    """The progress is not recorded."""
    home.job_seconds = None
    [movies, *_] = home.library.sections
    await set_up(hass, entry)
    assert state_of(hass, SCANNING) == STATE_OFF
    assert attributes_of(hass, SCANNING)["progress"] is None
    await advance(hass, freezer, 20)
    world.requests.clear()

    activity = await home.activities.start(
        "library.update.section", "Scanning Movies", section_id=movies.id
    )
    await activity.update(30)
    await advance(hass, freezer, 10, step=10)
    assert state_of(hass, SCANNING) == STATE_ON
    assert attributes_of(hass, SCANNING)["progress"] == 30
    assert state_of(hass, "binary_sensor.home_music_scanning") == STATE_OFF
    state = hass.states.get(SCANNING)
    assert state is not None
    assert state.state_info is not None
    assert "progress" in state.state_info["unrecorded_attributes"]

    await activity.end()
    await settle(hass)
    assert state_of(hass, SCANNING) == STATE_OFF
    assert len(world.requests) == 0


async def test_older_server_tells_the_title_of_the_library_alone(
    hass: HomeAssistant, home: PlexServer, entry: MockConfigEntry
) -> None:
    """That has to do."""
    await set_up(hass, entry)
    await home.activities.start("library.update.section", "Scanning TV Shows")
    await settle(hass)
    assert state_of(hass, "binary_sensor.home_tv_shows_scanning") == STATE_ON
    assert state_of(hass, SCANNING) == STATE_OFF


async def test_older_server_with_one_title_at_the_end_of_another(
    hass: HomeAssistant, home: PlexServer, entry: MockConfigEntry
) -> None:
    """The library with the whole title is meant."""
    home.library.add_section("Kids Movies", Kind.MOVIE)
    await set_up(hass, entry)
    activity = await home.activities.start("library.update.section", "Scanning Kids Movies")
    await settle(hass)
    assert state_of(hass, "binary_sensor.home_kids_movies_scanning") == STATE_ON
    assert state_of(hass, SCANNING) == STATE_OFF
    await activity.end()
    await settle(hass)
    assert state_of(hass, "binary_sensor.home_kids_movies_scanning") == STATE_OFF


async def test_scan_that_runs_when_home_assistant_starts(
    hass: HomeAssistant, home: PlexServer, entry: MockConfigEntry
) -> None:
    """How far it is will be told."""
    home.library.sections[0].refreshing = True
    activity = await home.activities.start("library.update.section", "", section_id=1)
    await set_up(hass, entry)
    assert state_of(hass, SCANNING) == STATE_ON
    assert attributes_of(hass, SCANNING)["progress"] is None
    await activity.end()
    await settle(hass)
    assert state_of(hass, SCANNING) == STATE_OFF


async def test_end_of_a_scan_that_was_not_told(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    home: PlexServer,
    entry: MockConfigEntry,
) -> None:
    """It is seen when the push channel is back."""
    await set_up(hass, entry)
    await advance(hass, freezer, 2 * MINUTE)
    await home.activities.start("library.update.section", "", section_id=1)
    await settle(hass)
    assert state_of(hass, SCANNING) == STATE_ON
    home.activities.running.clear()
    await home.notifier.drop()
    await advance(hass, freezer, 2 * MINUTE)
    assert state_of(hass, SCANNING) == STATE_OFF


async def test_end_of_a_scan_on_a_server_without_push(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    home: PlexServer,
    entry: MockConfigEntry,
) -> None:
    """It is looked for soon, as nothing would tell of it."""
    home.refuses_websockets = 404
    movies = home.library.sections[0]
    movies.refreshing = True
    await set_up(hass, entry)
    assert state_of(hass, SCANNING) == STATE_ON
    movies.refreshing = False
    await advance(hass, freezer, 3 * MINUTE)
    assert state_of(hass, SCANNING) == STATE_OFF


async def test_scan_during_which_push_is_lost_for_good(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    home: PlexServer,
    entry: MockConfigEntry,
) -> None:
    """It is looked for as well when it ends."""
    await set_up(hass, entry)
    await advance(hass, freezer, 2 * MINUTE)
    movies = home.library.sections[0]
    movies.refreshing = True
    await home.activities.start("library.update.section", "", section_id=movies.id)
    await settle(hass)
    home.refuses_websockets = 404
    await home.notifier.drop()
    await advance(hass, freezer, 3 * MINUTE)
    assert state_of(hass, SCANNING) == STATE_ON
    movies.refreshing = False
    await advance(hass, freezer, 3 * MINUTE)
    assert state_of(hass, SCANNING) == STATE_OFF


async def test_scan_that_is_told_while_the_libraries_are_read(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    home: PlexServer,
    entry: MockConfigEntry,
) -> None:
    """What was read before is older than what was told."""
    await set_up(hass, entry)
    await advance(hass, freezer, 2 * MINUTE)
    held = home.faults.set(Fault.HANG, paths="^/library/sections/1/all$")
    await home.add_media("New Film")
    await advance(hass, freezer, MINUTE / 2)
    assert held.hits == 1
    await home.activities.start("library.update.section", "", section_id=1)
    await settle(hass)
    assert state_of(hass, SCANNING) == STATE_ON
    home.faults.clear()
    await settle(hass)
    assert values(hass, "movies_items") == ["4"]
    assert state_of(hass, SCANNING) == STATE_ON


# What says what is wrong


@pytest.mark.allowed_logs(DOWN)
async def test_server_that_is_down(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    home: PlexServer,
    entry: MockConfigEntry,
) -> None:
    """It says so, while the rest is unavailable."""
    await set_up(hass, entry)
    await home.stop()
    await advance(hass, freezer, 2 * MINUTE)
    told = {
        state.entity_id: state.state
        for state in hass.states.async_all("binary_sensor")
        if state.state != "unavailable"
    }
    assert told == {
        "binary_sensor.home_server": STATE_OFF,
        "binary_sensor.home_token_problem": STATE_OFF,
    }
