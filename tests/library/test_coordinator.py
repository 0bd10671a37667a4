"""Libraries are counted when something has changed in them, and else left alone."""

from functools import partial

from freezegun.api import FrozenDateTimeFactory
from homeassistant.const import ATTR_CONFIG_ENTRY_ID, EVENT_STATE_CHANGED
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.dispatcher import async_dispatcher_connect
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_capture_events

from custom_components.plex_monitor.const import DOMAIN
from tests.simulator import Fault, Kind, PlexServer, World
from tests.support.entities import values
from tests.support.entries import DOWN, set_up, state_of
from tests.support.helpers import advance, settle
from tests.support.libraries import asked_of_libraries, kinds, ready, told_of_libraries

MINUTE = 60
HOUR = 60 * MINUTE
DAY = 24 * HOUR


# When they are read


async def test_nothing_is_read_on_a_day_on_which_nothing_happens(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, world: World, entry: MockConfigEntry
) -> None:
    """But for the list of the libraries, which costs no disk its sleep."""
    await ready(hass, freezer, world, entry)
    await advance(hass, freezer, DAY, step=10 * MINUTE)
    assert asked_of_libraries(world) == {"/library/sections": 4, "/media/providers": 48}
    assert not any(request.query for request in world.requests.to(path="/media/providers"))


async def test_library_is_counted_once_what_comes_in_has_settled(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    world: World,
    home: PlexServer,
    entry: MockConfigEntry,
) -> None:
    """A whole season costs no more than an episode, and other libraries cost nothing."""
    await ready(hass, freezer, world, entry)
    await home.add_season("Harbour Street", 2, episodes=10)
    await advance(hass, freezer, 10, step=5)
    assert asked_of_libraries(world) == {}
    await advance(hass, freezer, 15, step=5)
    assert values(hass, "tv_shows_items", "tv_shows_episodes") == ["1", "12"]
    # Shows, episodes, and what is new beside the newest of those.
    assert asked_of_libraries(world) == {
        "/library/sections": 1,
        "/media/providers": 1,
        "/library/sections/2/all": 3,
    }


async def test_library_that_does_not_come_to_rest_is_counted_all_the_same(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    world: World,
    home: PlexServer,
    entry: MockConfigEntry,
) -> None:
    """Every five minutes at the latest."""
    await ready(hass, freezer, world, entry)
    for number in range(35):
        await home.add_media(f"Film {number}")
        await advance(hass, freezer, 10, step=5)
    assert 1 <= asked_of_libraries(world)["/library/sections"] <= 2
    assert int(state_of(hass, "sensor.home_movies_items")) >= 30


async def test_what_is_removed_is_counted(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    world: World,
    home: PlexServer,
    entry: MockConfigEntry,
) -> None:
    """A show goes with its last episode."""
    await ready(hass, freezer, world, entry)
    for title in ("First Steps", "Second Thoughts"):
        item = home.library.titled(title)
        assert item is not None
        await home.remove_media(item)
    await advance(hass, freezer, MINUTE / 2)
    assert values(hass, "tv_shows_items", "tv_shows_episodes") == ["0", "0"]


async def test_change_that_was_not_told_is_seen_by_the_slow_timer(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    world: World,
    home: PlexServer,
    entry: MockConfigEntry,
) -> None:
    """Only what has changed is counted."""
    await ready(hass, freezer, world, entry)
    home.library.add("Quietly Added")
    await advance(hass, freezer, 6 * HOUR + MINUTE, step=10 * MINUTE)
    assert values(hass, "movies_items") == ["4"]
    assert asked_of_libraries(world) == {
        "/library/sections": 1,
        "/media/providers": 13,
        "/library/sections/1/all": 2,
    }


async def test_change_during_a_reading_is_read_as_well(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    world: World,
    home: PlexServer,
    entry: MockConfigEntry,
) -> None:
    """It may have been counted already when it was told, and may not."""
    await ready(hass, freezer, world, entry)
    held = home.faults.set(Fault.HANG, paths="^/media/providers$")
    await home.add_media("One")
    await advance(hass, freezer, 20, step=5)
    assert held.hits == 1
    await home.add_media("Two")
    home.faults.clear()
    await advance(hass, freezer, MINUTE)
    assert values(hass, "movies_items") == ["5"]
    assert asked_of_libraries(world)["/library/sections"] == 2


async def test_reading_that_failed_is_tried_again(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    world: World,
    home: PlexServer,
    entry: MockConfigEntry,
) -> None:
    """Meanwhile what was known stays."""
    await ready(hass, freezer, world, entry)
    home.faults.set(Fault.status(500), paths="^/library/sections/1/all$", times=1)
    await home.add_media("New Film")
    await advance(hass, freezer, MINUTE)
    assert values(hass, "movies_items") == ["3"]
    await advance(hass, freezer, 5 * MINUTE)
    assert values(hass, "movies_items") == ["4"]


@pytest.mark.allowed_logs(r"^custom_components\.plex_monitor: Error fetching Home libraries data")
async def test_first_reading_that_failed_is_tried_again(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    home: PlexServer,
    entry: MockConfigEntry,
) -> None:
    """A server that starts can answer for itself before it can for its libraries."""
    home.faults.set(Fault.status(503), paths="^/library")
    await set_up(hass, entry)
    await advance(hass, freezer, MINUTE)
    assert hass.states.get("sensor.home_movies_items") is None
    home.faults.clear()
    await advance(hass, freezer, 6 * MINUTE)
    assert values(hass, "movies_items") == ["3"]


@pytest.mark.allowed_logs(r"^custom_components\.plex_monitor: Error fetching Home libraries data")
async def test_libraries_that_cannot_be_read_any_more_are_not_shown_as_they_were(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    world: World,
    home: PlexServer,
    entry: MockConfigEntry,
) -> None:
    """The rest of the server is well; and when they can be read again, they are left alone."""
    await ready(hass, freezer, world, entry)
    home.faults.set(Fault.status(503), paths="^/library/sections")
    await advance(hass, freezer, 6 * HOUR + MINUTE, step=MINUTE)
    assert values(hass, "movies_items") == ["unavailable"]
    assert state_of(hass, "sensor.home_streams") == "0"
    home.faults.clear()
    await advance(hass, freezer, 3 * MINUTE)
    assert values(hass, "movies_items") == ["3"]
    world.requests.clear()
    await advance(hass, freezer, DAY, step=10 * MINUTE)
    assert asked_of_libraries(world)["/library/sections"] == 4


async def test_one_reading_by_the_slow_timer_that_failed_is_nothing_to_tell_of(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    world: World,
    home: PlexServer,
    entry: MockConfigEntry,
) -> None:
    """What was known stays, and it is tried again."""
    await ready(hass, freezer, world, entry)
    home.library.add("Quietly Added")
    rule = home.faults.set(Fault.status(503), paths="^/library/sections$", times=1)
    changes = async_capture_events(hass, EVENT_STATE_CHANGED)
    await advance(hass, freezer, 6 * HOUR + 5 * MINUTE, step=MINUTE)
    assert rule.hits == 1
    states = [change.data["new_state"] for change in changes]
    items = [
        state.state
        for state in states
        if state is not None and state.entity_id == "sensor.home_movies_items"
    ]
    assert items == ["4"]


async def test_change_of_one_library_updates_its_entities_alone(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    world: World,
    home: PlexServer,
    entry: MockConfigEntry,
) -> None:
    """Neither those of other libraries nor the listeners to all, until they are unsubscribed."""
    await ready(hass, freezer, world, entry)
    libraries, updated = entry.runtime_data.libraries, list[str]()
    unsubscribe = [
        async_dispatcher_connect(hass, libraries.signal("1"), partial(updated.append, "one")),
        async_dispatcher_connect(hass, libraries.signal("2"), partial(updated.append, "other")),
        libraries.async_add_listener(partial(updated.append, "all")),
    ]
    await home.add_media("New Film")
    await advance(hass, freezer, MINUTE)
    assert set(updated) == {"one"}
    libraries.async_update_listeners()
    assert updated[-1] == "all"
    for stop in unsubscribe:
        stop()
    updated.clear()
    await home.add_media("Newer Film")
    await advance(hass, freezer, MINUTE)
    libraries.async_update_listeners()
    assert updated == []


# While push is lost


async def test_libraries_of_a_server_without_push_are_read_at_the_start(
    hass: HomeAssistant, home: PlexServer, entry: MockConfigEntry
) -> None:
    """A proxy that never lets the channel through keeps nothing else waiting."""
    home.faults.set(Fault.HANG, paths="^/:/websockets")
    await set_up(hass, entry)
    assert values(hass, "movies_items") == ["3"]


@pytest.mark.allowed_logs(DOWN)
async def test_server_that_is_down_is_not_asked_for_its_libraries(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    world: World,
    home: PlexServer,
    entry: MockConfigEntry,
) -> None:
    """However long that lasts, and nothing is said of them then."""
    await ready(hass, freezer, world, entry)
    home.faults.set(Fault.status(503))
    await advance(hass, freezer, 13 * HOUR, step=10 * MINUTE)
    assert asked_of_libraries(world) == {}


async def test_what_happened_while_push_was_lost_is_seen_when_it_is_back(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    world: World,
    home: PlexServer,
    entry: MockConfigEntry,
) -> None:
    """Also what is told of it."""
    await ready(hass, freezer, world, entry)
    told = told_of_libraries(entry)
    home.refuses_websockets = 503
    await home.notifier.drop()
    await home.add_media("Missed Film")
    await advance(hass, freezer, 5 * MINUTE)
    assert values(hass, "movies_items") == ["3"]
    home.refuses_websockets = None
    await advance(hass, freezer, 10 * MINUTE)
    assert values(hass, "movies_items") == ["4"]
    assert [(event.title, kinds([event])) for event in told] == [("Missed Film", ["added"])]


async def test_what_happened_while_the_token_was_replaced_is_seen(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    world: World,
    home: PlexServer,
    entry: MockConfigEntry,
) -> None:
    """The channel is opened anew with the new one."""
    await ready(hass, freezer, world, entry)
    home.library.add("Quietly Added")
    await hass.services.async_call(
        DOMAIN, "replace_token", {ATTR_CONFIG_ENTRY_ID: entry.entry_id}, blocking=True
    )
    await advance(hass, freezer, MINUTE)
    assert values(hass, "movies_items") == ["4"]


@pytest.mark.allowed_logs(DOWN)
async def test_what_happened_while_the_server_was_down_is_seen_without_push(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    home: PlexServer,
    entry: MockConfigEntry,
) -> None:
    """A server that is back is looked at in any case."""
    home.refuses_websockets = 404
    await set_up(hass, entry)
    await home.stop()
    await advance(hass, freezer, 10 * MINUTE)
    assert values(hass, "movies_items") == ["unavailable"]
    home.library.add("Added Offline")
    await home.start()
    await advance(hass, freezer, 3 * MINUTE)
    assert values(hass, "movies_items") == ["4"]


# What is told


async def test_scan_and_removal_are_told(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    world: World,
    home: PlexServer,
    entry: MockConfigEntry,
) -> None:
    """At once."""
    await ready(hass, freezer, world, entry)
    told = told_of_libraries(entry)
    await home.scan(home.library.sections[0])
    item = home.library.titled("Winter Light")
    assert item is not None
    await home.remove_media(item)
    await settle(hass)
    assert [(str(event.event_type), event.title) for event in told] == [
        ("scan_started", None),
        ("scan_finished", None),
        ("removed", "Winter Light"),
    ]


async def test_parts_of_what_is_removed_are_not_told_for_themselves(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    world: World,
    home: PlexServer,
    entry: MockConfigEntry,
) -> None:
    """A season goes with its last episode, and is nothing without."""
    await ready(hass, freezer, world, entry)
    told = told_of_libraries(entry)
    for title in ("First Steps", "Second Thoughts"):
        item = home.library.titled(title)
        assert item is not None
        await home.remove_media(item)
    await settle(hass)
    assert sorted(str(event.title) for event in told) == [
        "First Steps",
        "Harbour Street",
        "Second Thoughts",
    ]


async def test_library_that_is_made_appears_when_it_has_been_scanned(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    world: World,
    home: PlexServer,
    entry: MockConfigEntry,
) -> None:
    """With its entities, and long before the slow timer."""
    await ready(hass, freezer, world, entry)
    section = home.library.add_section("Concerts", Kind.MOVIE)
    await home.scan(section)
    await advance(hass, freezer, 30, step=5)
    assert state_of(hass, "sensor.home_concerts_items") == "0"


# What it costs


async def test_change_in_one_of_a_thousand_libraries_costs_what_changed(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    world: World,
    home: PlexServer,
    entry: MockConfigEntry,
) -> None:
    """However much there is in them."""
    for number in range(997):
        home.library.add_section(
            f"Library {number}", Kind.MOVIE, claims={Kind.MOVIE: 1_000_000} if number == 0 else None
        )
    await ready(hass, freezer, world, entry)
    assert values(hass, "library_0_items", "library_996_items") == ["1000000", "0"]
    changes = async_capture_events(hass, EVENT_STATE_CHANGED)
    await home.add_media("New Film", section=home.library.sections[500])
    await advance(hass, freezer, MINUTE / 2)
    assert values(hass, "library_497_items") == ["1"]
    assert asked_of_libraries(world) == {
        "/library/sections": 1,
        "/media/providers": 1,
        "/library/sections/501/all": 1,
    }
    changed = {change.data["entity_id"] for change in changes}
    assert {name for name in changed if ".home_library_" in name} == {
        "binary_sensor.home_library_497_scanning",
        "sensor.home_library_497_items",
        "sensor.home_library_497_last_added",
        "sensor.home_library_497_last_scan",
        "sensor.home_library_497_size",
    }
    assert len(changes) < 20


async def test_many_libraries_are_told_a_few_at_a_time(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, home: PlexServer, entry: MockConfigEntry
) -> None:
    """The first are there while the rest is counted, and also when that cannot be."""
    for number in range(47):
        home.library.add_section(f"Library {number}", Kind.MOVIE)
    held = home.faults.set(Fault.HANG, paths="^/library/sections/45/all$")
    await set_up(hass, entry)
    await advance(hass, freezer, 5, step=5)
    assert held.hits
    assert values(hass, "movies_items", "library_36_items") == ["3", "0"]
    assert hass.states.get("sensor.home_library_37_items") is None
    devices = dr.async_get(hass)
    assert len(dr.async_child_entries_for_config_entry(devices, entry.entry_id)) == 40
    home.faults.clear()
    await advance(hass, freezer, 10 * MINUTE)
    assert values(hass, "library_36_items", "library_46_items") == ["0", "0"]
    assert len(dr.async_child_entries_for_config_entry(devices, entry.entry_id)) == 50


# What is seldom


@pytest.mark.allowed_logs(DOWN)
async def test_change_that_is_told_before_the_server_goes_down(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    world: World,
    home: PlexServer,
    entry: MockConfigEntry,
) -> None:
    """It is counted when the server is back, and not asked for meanwhile."""
    await ready(hass, freezer, world, entry)
    await home.add_media("Last Before The Storm")
    await home.stop()
    await advance(hass, freezer, 5 * MINUTE)
    assert asked_of_libraries(world) == {}
    await home.start()
    await advance(hass, freezer, 3 * MINUTE)
    assert values(hass, "movies_items") == ["4"]


async def test_library_of_a_kind_that_is_not_known(
    hass: HomeAssistant, world: World, home: PlexServer, entry: MockConfigEntry
) -> None:
    """It is there, and nothing is counted in it."""
    directory = {"key": "9", "title": "Games", "type": "game", "refreshing": False}
    home.faults.set(
        Fault.json({"MediaContainer": {"size": 1, "Directory": [directory]}}),
        paths="^/library/sections$",
    )
    await set_up(hass, entry)
    assert state_of(hass, "binary_sensor.home_games_scanning") == "off"
    assert hass.states.get("sensor.home_games_items") is None
    assert hass.states.get("sensor.home_games_last_added") is None
    assert asked_of_libraries(world)["/library/sections/9/all"] == 0
