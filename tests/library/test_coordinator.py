"""Libraries are read when they change, and seldom otherwise."""

import asyncio
from functools import partial

from freezegun.api import FrozenDateTimeFactory
from homeassistant.const import ATTR_CONFIG_ENTRY_ID, EVENT_STATE_CHANGED
from homeassistant.core import Event, EventStateChangedData, HomeAssistant, callback
from homeassistant.helpers.dispatcher import async_dispatcher_connect
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_capture_events

from custom_components.plex_monitor.const import DOMAIN
from tests.simulator import Fault, Kind, PlexServer, World
from tests.support.entities import values
from tests.support.entries import DOWN, set_up, state_of
from tests.support.helpers import advance, settle
from tests.support.libraries import (
    SettledHome,
    library_devices,
    library_requests,
    set_up_and_settle,
)

MINUTE = 60
HOUR = 60 * MINUTE
DAY = 24 * HOUR

ERROR = r"^custom_components\.plex_monitor: Error (fetching|requesting) Home libraries data"


# When libraries are read


async def test_contents_are_not_read_on_a_day_without_changes(settled: SettledHome) -> None:
    """Only the list of libraries is read, which does not wake up disks."""
    await settled.advance(DAY, step=10 * MINUTE)
    assert settled.requests() == {"/library/sections": 4, "/media/providers": 48}
    assert not any(request.query for request in settled.world.requests.to(path="/media/providers"))


async def test_library_is_read_once_changes_have_settled(
    home: PlexServer, settled: SettledHome
) -> None:
    """A season takes as many requests as an episode, and other libraries take none."""
    await home.add_season("Harbour Street", 2, episodes=10)
    await settled.advance(10, step=5)
    assert settled.requests() == {}
    await settled.advance(15, step=5)
    assert settled.values("tv_shows_items", "tv_shows_episodes") == ["1", "12"]
    # Shows, episodes, and what was added beside the newest episodes.
    assert settled.requests() == {
        "/library/sections": 1,
        "/media/providers": 1,
        "/library/sections/2/all": 3,
    }


async def test_library_that_keeps_changing_is_read_every_five_minutes(
    hass: HomeAssistant, home: PlexServer, settled: SettledHome
) -> None:
    """It never settles."""
    for number in range(35):
        await home.add_media(f"Film {number}")
        await settled.advance(10, step=5)
    assert 1 <= settled.requests()["/library/sections"] <= 2
    assert int(state_of(hass, "sensor.home_movies_items")) >= 30


async def test_removal_updates_the_counts(home: PlexServer, settled: SettledHome) -> None:
    """A show is removed with its last episode."""
    for title in ("First Steps", "Second Thoughts"):
        item = home.library.titled(title)
        assert item is not None
        await home.remove_media(item)
    await settled.advance(MINUTE / 2)
    assert settled.values("tv_shows_items", "tv_shows_episodes") == ["0", "0"]


async def test_change_that_was_not_reported_is_found_by_the_regular_update(
    home: PlexServer, settled: SettledHome
) -> None:
    """Only the library that changed is read."""
    home.library.add("Quietly Added")
    await settled.advance(6 * HOUR + MINUTE, step=10 * MINUTE)
    assert settled.values("movies_items") == ["4"]
    assert settled.requests() == {
        "/library/sections": 1,
        "/media/providers": 13,
        "/library/sections/1/all": 2,
    }


async def test_change_during_a_read_is_read_afterwards(
    home: PlexServer, settled: SettledHome
) -> None:
    """That read may or may not have counted it already."""
    held = home.faults.set(Fault.HANG, paths="^/media/providers$")
    await home.add_media("One")
    await settled.advance(20, step=5)
    assert held.hits == 1
    await home.add_media("Two")
    home.faults.clear()
    await settled.advance(MINUTE)
    assert settled.values("movies_items") == ["5"]
    assert settled.requests()["/library/sections"] == 2


@pytest.mark.allowed_logs(ERROR)
@pytest.mark.parametrize("fault", [Fault.status(404), Fault.status(500), Fault.GARBLED])
async def test_libraries_that_could_not_be_read_are_back_within_a_minute(
    hass: HomeAssistant, home: PlexServer, settled: SettledHome, fault: Fault
) -> None:
    """Nothing else is unavailable meanwhile."""
    home.faults.set(fault, paths="^/library/sections$")
    await settled.refresh()
    await settled.advance(10 * MINUTE)
    assert settled.values("movies_items") == ["unavailable"]
    assert state_of(hass, "sensor.home_streams") == "0"
    home.faults.clear()
    await settled.advance(MINUTE + 5, step=5)
    assert settled.values("movies_items") == ["3"]


@pytest.mark.allowed_logs(ERROR)
@pytest.mark.parametrize("fault", [Fault.status(404), Fault.status(500), Fault.GARBLED])
async def test_libraries_that_cannot_be_read_after_a_change_become_unavailable(
    hass: HomeAssistant, home: PlexServer, settled: SettledHome, fault: Fault
) -> None:
    """Not with the first failure, and they are back within a minute."""
    home.faults.set(fault, paths="^/library/sections$")
    await home.add_media("New Film")
    await settled.advance(MINUTE / 2, step=5)
    assert settled.values("movies_items") == ["3"]
    await settled.advance(MINUTE, step=5)
    assert settled.values("movies_items") == ["unavailable"]
    assert state_of(hass, "sensor.home_streams") == "0"
    home.faults.clear()
    await settled.advance(MINUTE + 5, step=5)
    assert settled.values("movies_items") == ["4"]
    settled.world.requests.clear()
    await settled.advance(DAY, step=10 * MINUTE)
    assert settled.requests()["/library/sections"] == 4


@pytest.mark.allowed_logs(ERROR)
async def test_failures_at_the_same_time_count_as_one(
    home: PlexServer, settled: SettledHome
) -> None:
    """Libraries are read for several reasons, of which two can coincide."""
    rule = home.faults.set(Fault.status(500), paths="^/library/sections$")
    for _ in range(3):
        await settled.refresh()
    assert rule.hits == 3
    assert settled.values("movies_items") == ["3"]


@pytest.mark.allowed_logs(ERROR)
@pytest.mark.parametrize("failing", ["^/library/sections$", "^/library/sections/1/all$"])
async def test_libraries_are_back_within_a_minute_however_often_others_change(
    home: PlexServer, settled: SettledHome, failing: str
) -> None:
    """Changes during a scan do not postpone the retry."""
    home.faults.set(Fault.status(500), paths=failing)
    await home.add_media("New Film")
    await settled.advance(3 * MINUTE)
    home.faults.clear()
    for number in range(7):
        await home.add_media(f"Song {number}", kind=Kind.TRACK)
        await settled.advance(10, step=5)
    assert settled.values("movies_items") == ["4"]


@pytest.mark.allowed_logs(ERROR)
async def test_retry_does_not_wait_for_the_next_list_after_a_removal(
    home: PlexServer, settled: SettledHome
) -> None:
    """Lists after a removal are hours or minutes apart, and one of them may fail."""
    home.library.remove_section(home.library.sections[0])
    await settled.refresh()
    await settled.advance(HOUR / 2)
    home.faults.set(Fault.status(500), paths="^/library/sections$")
    await settled.refresh()
    await settled.advance(MINUTE)
    await settled.refresh()
    assert settled.values("music_items") == ["unavailable"]
    home.faults.clear()
    await settled.advance(MINUTE + 5, step=5)
    assert settled.values("music_items") == ["1"]


async def test_failed_read_is_retried(home: PlexServer, settled: SettledHome) -> None:
    """The states are kept meanwhile."""
    home.faults.set(Fault.status(500), paths="^/library/sections/1/all$", times=1)
    await home.add_media("New Film")
    await settled.advance(MINUTE)
    assert settled.values("movies_items") == ["3"]
    await settled.advance(5 * MINUTE)
    assert settled.values("movies_items") == ["4"]


@pytest.mark.allowed_logs(ERROR)
async def test_failed_first_read_is_retried(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    home: PlexServer,
    entry: MockConfigEntry,
) -> None:
    """A server that starts can respond before its libraries can be read."""
    home.faults.set(Fault.status(503), paths="^/library")
    await set_up(hass, entry)
    await advance(hass, freezer, MINUTE)
    assert hass.states.get("sensor.home_movies_items") is None
    home.faults.clear()
    await advance(hass, freezer, 6 * MINUTE)
    assert values(hass, "movies_items") == ["3"]


@pytest.mark.allowed_logs(ERROR)
async def test_libraries_that_cannot_be_read_become_unavailable(
    hass: HomeAssistant, home: PlexServer, settled: SettledHome
) -> None:
    """The other sensors stay available. Once read again, they keep the usual interval."""
    home.faults.set(Fault.status(503), paths="^/library/sections")
    await settled.advance(6 * HOUR + MINUTE, step=MINUTE)
    assert settled.values("movies_items") == ["unavailable"]
    assert state_of(hass, "sensor.home_streams") == "0"
    home.faults.clear()
    await settled.advance(3 * MINUTE)
    assert settled.values("movies_items") == ["3"]
    settled.world.requests.clear()
    await settled.advance(DAY, step=10 * MINUTE)
    assert settled.requests()["/library/sections"] == 4


async def test_one_failed_regular_update_changes_no_state(
    hass: HomeAssistant, home: PlexServer, settled: SettledHome
) -> None:
    """The states are kept, and the update is retried."""
    home.library.add("Quietly Added")
    rule = home.faults.set(Fault.status(503), paths="^/library/sections$", times=1)
    changes = async_capture_events(hass, EVENT_STATE_CHANGED)
    await settled.advance(6 * HOUR + 5 * MINUTE, step=MINUTE)
    assert rule.hits == 1
    states = [change.data["new_state"] for change in changes]
    items = [
        state.state
        for state in states
        if state is not None and state.entity_id == "sensor.home_movies_items"
    ]
    assert items == ["4"]


async def test_change_of_one_library_updates_its_entities_alone(
    hass: HomeAssistant, home: PlexServer, settled: SettledHome
) -> None:
    """Entities of other libraries are not updated, nor are the listeners for all libraries."""
    libraries, updated = settled.entry.runtime_data.libraries, list[str]()
    unsubscribe = [
        async_dispatcher_connect(hass, libraries.signal("1"), partial(updated.append, "one")),
        async_dispatcher_connect(hass, libraries.signal("2"), partial(updated.append, "other")),
        libraries.async_add_listener(partial(updated.append, "all")),
    ]
    await home.add_media("New Film")
    await settled.advance(MINUTE)
    assert set(updated) == {"one"}
    libraries.async_update_listeners()
    assert updated[-1] == "all"
    for stop in unsubscribe:
        stop()
    updated.clear()
    await home.add_media("Newer Film")
    await settled.advance(MINUTE)
    libraries.async_update_listeners()
    assert updated == []


# While push is lost


async def test_libraries_are_read_at_setup_without_push(
    hass: HomeAssistant, home: PlexServer, entry: MockConfigEntry
) -> None:
    """A proxy that never lets the push channel through delays nothing else."""
    home.faults.set(Fault.HANG, paths="^/:/websockets")
    await set_up(hass, entry)
    assert values(hass, "movies_items") == ["3"]


@pytest.mark.allowed_logs(DOWN)
async def test_nothing_is_requested_while_the_server_is_down(
    home: PlexServer, settled: SettledHome
) -> None:
    """However long that lasts; nothing is logged about the libraries."""
    home.faults.set(Fault.status(503))
    await settled.advance(13 * HOUR, step=10 * MINUTE)
    assert settled.requests() == {}


async def test_change_while_push_was_lost_is_read_when_it_is_back(
    home: PlexServer, settled: SettledHome
) -> None:
    """Its event is dispatched as well."""
    events = settled.capture_events()
    home.refuses_websockets = 503
    await home.notifier.drop()
    await home.add_media("Missed Film")
    await settled.advance(5 * MINUTE)
    assert settled.values("movies_items") == ["3"]
    home.refuses_websockets = None
    await settled.advance(10 * MINUTE)
    assert settled.values("movies_items") == ["4"]
    assert [(event.title, str(event.event_type)) for event in events] == [("Missed Film", "added")]


async def test_change_while_the_token_was_replaced_is_read(
    hass: HomeAssistant, home: PlexServer, settled: SettledHome
) -> None:
    """The push channel is opened again with the new token."""
    home.library.add("Quietly Added")
    await hass.services.async_call(
        DOMAIN, "replace_token", {ATTR_CONFIG_ENTRY_ID: settled.entry.entry_id}, blocking=True
    )
    await settled.advance(MINUTE)
    assert settled.values("movies_items") == ["4"]


@pytest.mark.allowed_logs(DOWN)
async def test_change_while_the_server_was_down_is_read_without_push(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    home: PlexServer,
    entry: MockConfigEntry,
) -> None:
    """The libraries are read in any case when the server is back."""
    home.refuses_websockets = 404
    await set_up(hass, entry)
    await home.stop()
    await advance(hass, freezer, 10 * MINUTE)
    assert values(hass, "movies_items") == ["unavailable"]
    home.library.add("Added Offline")
    await home.start()
    await advance(hass, freezer, 3 * MINUTE)
    assert values(hass, "movies_items") == ["4"]


# Events


async def test_scan_and_removal_dispatch_events(
    hass: HomeAssistant, home: PlexServer, settled: SettledHome
) -> None:
    """They do so immediately."""
    events = settled.capture_events()
    await home.scan(home.library.sections[0])
    item = home.library.titled("Winter Light")
    assert item is not None
    await home.remove_media(item)
    await settle(hass)
    assert [(str(event.event_type), event.title) for event in events] == [
        ("scan_started", None),
        ("scan_finished", None),
        ("removed", "Winter Light"),
    ]


async def test_parts_of_a_removed_item_dispatch_no_events(
    hass: HomeAssistant, home: PlexServer, settled: SettledHome
) -> None:
    """A season is removed with its last episode, without an event of its own."""
    events = settled.capture_events()
    for title in ("First Steps", "Second Thoughts"):
        item = home.library.titled(title)
        assert item is not None
        await home.remove_media(item)
    await settle(hass)
    assert sorted(str(event.title) for event in events) == [
        "First Steps",
        "Harbour Street",
        "Second Thoughts",
    ]


async def test_new_library_is_added_after_its_first_scan(
    hass: HomeAssistant, home: PlexServer, settled: SettledHome
) -> None:
    """Its entities are added long before the regular update."""
    section = home.library.add_section("Concerts", Kind.MOVIE)
    await home.scan(section)
    await settled.advance(30, step=5)
    assert state_of(hass, "sensor.home_concerts_items") == "0"


# Large servers


async def test_change_in_one_of_two_hundred_libraries_reads_and_updates_that_one(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    world: World,
    home: PlexServer,
    entry: MockConfigEntry,
) -> None:
    """The number of their items does not matter."""
    for number in range(197):
        home.library.add_section(
            f"Library {number}", Kind.MOVIE, claims={Kind.MOVIE: 1_000_000} if number == 0 else None
        )
    await set_up_and_settle(hass, freezer, world, entry)
    assert values(hass, "library_0_items", "library_196_items") == ["1000000", "0"]
    changes = async_capture_events(hass, EVENT_STATE_CHANGED)
    await home.add_media("New Film", section=home.library.sections[100])
    await advance(hass, freezer, MINUTE / 2)
    assert values(hass, "library_97_items") == ["1"]
    assert library_requests(world) == {
        "/library/sections": 1,
        "/media/providers": 1,
        "/library/sections/101/all": 1,
    }
    changed = {change.data["entity_id"] for change in changes}
    assert {name for name in changed if ".home_library_" in name} == {
        "binary_sensor.home_library_97_scanning",
        "sensor.home_library_97_items",
        "sensor.home_library_97_last_added",
        "sensor.home_library_97_last_scan",
        "sensor.home_library_97_size",
    }
    assert len(changes) < 20


async def test_libraries_that_have_not_changed_are_not_written(
    hass: HomeAssistant, home: PlexServer, settled: SettledHome
) -> None:
    """An update of all libraries costs Home Assistant those that have changed."""
    before = hass.states.get("sensor.home_music_items")
    home.library.sections[0].title = "Films"
    await settled.advance(1)
    await settled.refresh()
    await settle(hass)
    after = hass.states.get("sensor.home_music_items")
    assert before is not None
    assert after is not None
    assert after.last_reported == before.last_reported
    films = hass.states.get("sensor.home_movies_items")
    assert films is not None
    assert films.last_reported > before.last_reported


async def test_many_libraries_are_added_in_batches(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, home: PlexServer, entry: MockConfigEntry
) -> None:
    """The first are added while the others are read, even if that never ends."""
    for number in range(47):
        home.library.add_section(f"Library {number}", Kind.MOVIE)
    held = home.faults.set(Fault.HANG, paths="^/library/sections/45/all$")
    await set_up(hass, entry)
    await advance(hass, freezer, 5, step=5)
    assert held.hits
    assert values(hass, "movies_items", "library_36_items") == ["3", "0"]
    assert hass.states.get("sensor.home_library_37_items") is None
    assert len(library_devices(hass, entry)) == 40
    home.faults.clear()
    await advance(hass, freezer, 10 * MINUTE)
    assert values(hass, "library_36_items", "library_46_items") == ["0", "0"]
    assert len(library_devices(hass, entry)) == 50


async def test_many_libraries_share_the_event_loop(
    hass: HomeAssistant, home: PlexServer, settled: SettledHome
) -> None:
    """Their entities are added a few at a time, and none after the entry is unloaded."""
    for number in range(50):
        home.library.add_section(f"Library {number}", Kind.MOVIE)
    added: list[int] = [0]

    @callback
    def count(_event: Event[EventStateChangedData]) -> None:
        added[-1] += 1

    async def count_turns() -> None:
        while True:
            await asyncio.sleep(0)
            added.append(0)

    hass.bus.async_listen(EVENT_STATE_CHANGED, count)
    turns = asyncio.create_task(count_turns())
    await settled.refresh()
    await hass.async_block_till_done()
    turns.cancel()
    assert sum(added) > 200
    assert max(added) < 80
    assert settled.values("library_49_items") == ["0"]

    for number in range(50, 100):
        home.library.add_section(f"Library {number}", Kind.MOVIE)
    await settled.refresh()
    await hass.config_entries.async_unload(settled.entry.entry_id)
    await hass.async_block_till_done()
    assert hass.states.get("sensor.home_library_99_items") is None


# Rare cases


@pytest.mark.allowed_logs(DOWN)
async def test_change_that_is_reported_before_the_server_goes_down(
    home: PlexServer, settled: SettledHome
) -> None:
    """It is read when the server is back, and nothing is requested meanwhile."""
    await home.add_media("Last Before The Storm")
    await home.stop()
    await settled.advance(5 * MINUTE)
    assert settled.requests() == {}
    await home.start()
    await settled.advance(3 * MINUTE)
    assert settled.values("movies_items") == ["4"]


async def test_library_of_an_unknown_type(
    hass: HomeAssistant, world: World, home: PlexServer, entry: MockConfigEntry
) -> None:
    """It is added, without counts."""
    directory = {"key": "9", "title": "Games", "type": "game", "refreshing": False}
    home.faults.set(
        Fault.json({"MediaContainer": {"size": 1, "Directory": [directory]}}),
        paths="^/library/sections$",
    )
    await set_up(hass, entry)
    assert state_of(hass, "binary_sensor.home_games_scanning") == "off"
    assert hass.states.get("sensor.home_games_items") is None
    assert hass.states.get("sensor.home_games_last_added") is None
    assert library_requests(world)["/library/sections/9/all"] == 0
