"""What is new in a library is reported within a minute, whatever date it has."""

from unittest.mock import patch

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.plex_monitor.plex.errors import (
    PlexError,
    PlexNotFoundError,
    PlexUnavailableError,
)
from custom_components.plex_monitor.plex.library import Library
from custom_components.plex_monitor.plex.models import MediaType
from tests.simulator import Find, Kind, PlexServer, World
from tests.simulator.library import NO_AGENT
from tests.support.automations import automate, on, trigger_of
from tests.support.entities import attributes_of
from tests.support.entries import set_up, state_of
from tests.support.helpers import advance
from tests.support.libraries import SettledHome, set_up_and_settle, without_scans

MINUTE = 60
HOUR = 60 * MINUTE
DAY = 24 * HOUR

LAST_ADDED = "sensor.home_movies_last_added"
PICTURE = "image.home_latest_added"


@pytest.mark.parametrize("age", [HOUR, 40 * DAY, 4000 * DAY])
async def test_item_with_an_old_date_is_new(
    hass: HomeAssistant, home: PlexServer, settled: SettledHome, age: int
) -> None:
    """A file can be old, and the clock of the server can be behind."""
    runs = await automate(hass, on("media_added"))
    item = await home.add_media("Found in the Attic")
    item.added_at -= age
    await settled.advance(MINUTE, step=5)
    assert [trigger_of(run)["titles"] for run in runs] == [["Found in the Attic"]]
    assert attributes_of(hass, "event.home_library")["title"] == "Found in the Attic"
    assert attributes_of(hass, LAST_ADDED)["title"] == "Found in the Attic"
    assert attributes_of(hass, PICTURE)["title"] == "Found in the Attic"
    await settled.advance(DAY, step=10 * MINUTE)
    assert len(runs) == 1


async def test_items_with_old_dates_are_new_among_others(
    hass: HomeAssistant, home: PlexServer, settled: SettledHome
) -> None:
    """Each is reported once, and the one with the latest date is shown."""
    runs = await automate(hass, on("media_added"))
    old, _, older = await home.discover(
        Find(title="Old", kind=Kind.MOVIE),
        Find(title="New", kind=Kind.MOVIE),
        Find(title="Older", kind=Kind.MOVIE),
    )
    old.added_at -= 40 * DAY
    older.added_at -= 80 * DAY
    await settled.advance(MINUTE, step=5)
    assert sorted(trigger_of(run)["titles"][0] for run in runs) == ["New", "Old", "Older"]
    assert attributes_of(hass, LAST_ADDED)["title"] == "New"
    assert attributes_of(hass, PICTURE)["title"] == "New"


async def test_items_with_old_dates_are_new_after_push_was_lost(
    home: PlexServer, settled: SettledHome
) -> None:
    """The server reported none of them; there are more items than before."""
    events = settled.capture_events()
    home.refuses_websockets = 503
    await home.notifier.drop()
    for title in ("One", "Two"):
        (await home.add_media(title)).added_at -= 40 * DAY
    await settled.advance(MINUTE)
    home.refuses_websockets = None
    await settled.advance(10 * MINUTE)
    assert sorted(event.title or "" for event in without_scans(events)) == ["One", "Two"]


@pytest.mark.parametrize(
    "sorted_items", [PlexNotFoundError("Not found"), PlexUnavailableError("Error", status=500)]
)
async def test_server_that_cannot_sort_by_number(
    home: PlexServer, settled: SettledHome, sorted_items: PlexError
) -> None:
    """The items are counted."""
    home.library.add("Quietly Added", kind=Kind.MOVIE).added_at -= 40 * DAY
    with patch.object(Library, "last_created", side_effect=sorted_items):
        await settled.refresh()
    assert settled.values("movies_items") == ["4"]


async def test_server_that_sorts_otherwise(home: PlexServer, settled: SettledHome) -> None:
    """What it lists first may have existed for years."""
    events = settled.capture_events()
    for title in ("One", "Two"):
        home.library.add(title, kind=Kind.MOVIE).added_at -= 40 * DAY
    others = await settled.entry.runtime_data.server.server.library.last_created(
        "1", MediaType.MOVIE, limit=5
    )
    with patch.object(Library, "last_created", return_value=others[::-1]):
        await settled.refresh()
    assert settled.values("movies_items") == ["5"]
    assert events == []


@pytest.mark.parametrize("kind", [Kind.PHOTO, Kind.MOVIE])
async def test_item_of_a_library_without_an_agent(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    world: World,
    home: PlexServer,
    entry: MockConfigEntry,
    kind: Kind,
) -> None:
    """It is never processed, and an upload from a phone is no scan."""
    section = home.library.add_section("From the Phone", kind, agent=NO_AGENT)
    home.library.add("Earlier", kind=kind, section=section)
    await set_up_and_settle(hass, freezer, world, entry)
    settled = SettledHome(hass=hass, freezer=freezer, world=world, entry=entry)
    runs = await automate(hass, on("media_added"))
    item = home.library.add("Just Taken", kind=kind, section=section)
    await home.scanner.timeline(item, {"state": 0, "metadataState": "created"})
    await home.scanner.timeline(item, {"state": 1})
    await settled.advance(MINUTE, step=5)
    assert [trigger_of(run)["titles"] for run in runs] == [["Just Taken"]]


async def test_item_that_is_only_reported_as_created(
    hass: HomeAssistant, home: PlexServer, settled: SettledHome
) -> None:
    """The rest can be lost, or take very long."""
    runs = await automate(hass, on("media_added"))
    item = home.library.add("Still Loading", kind=Kind.MOVIE)
    await home.scanner.timeline(item, {"state": 0, "metadataState": "created"})
    await settled.advance(MINUTE, step=5)
    assert [trigger_of(run)["titles"] for run in runs] == [["Still Loading"]]


async def test_item_is_read_once_its_metadata_is_loaded(
    hass: HomeAssistant, home: PlexServer, settled: SettledHome
) -> None:
    """Until then it has the title of its file."""
    runs = await automate(hass, on("media_added"))
    item = home.library.add("the.film.1080p", kind=Kind.MOVIE)
    await home.scanner.timeline(item, {"state": 0, "metadataState": "created"})
    for state in (2, 3, 4):
        await settled.advance(30, step=5)
        await home.scanner.timeline(item, {"state": state})
    item.title = "The Film"
    await home.scanner.timeline(item, {"state": 5})
    await settled.advance(MINUTE, step=5)
    assert [trigger_of(run)["titles"] for run in runs] == [["The Film"]]


async def test_guest_is_notified(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    home: PlexServer,
    guest: MockConfigEntry,
) -> None:
    """Another account hears of no scan."""
    await set_up(hass, guest)
    runs = await automate(hass, on("media_added"))
    item = home.library.add("For Everybody", kind=Kind.MOVIE)
    item.added_at -= 40 * DAY
    await home.scanner.timeline(item, {"state": 0, "metadataState": "created"})
    await home.scanner.timeline(item, {"state": 5})
    await advance(hass, freezer, MINUTE, step=5)
    assert [trigger_of(run)["titles"] for run in runs] == [["For Everybody"]]


@pytest.mark.parametrize("title", ["Winter Light", "First Steps"])
async def test_better_file_of_an_old_item_is_not_new(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    world: World,
    home: PlexServer,
    entry: MockConfigEntry,
    title: str,
) -> None:
    """Its date can change, but the server creates nothing, and there are no more items."""
    item = home.library.titled(title)
    assert item is not None
    item.added_at -= 300 * DAY
    await set_up_and_settle(hass, freezer, world, entry)
    settled = SettledHome(hass=hass, freezer=freezer, world=world, entry=entry)
    events = settled.capture_events()
    item.added_at = int(freezer().timestamp())
    item.section.changes += 1
    await home.scanner.timeline(item, {"state": 5})
    await settled.advance(7 * HOUR, step=10 * MINUTE)
    assert events == []
    await home.discover(Find(title="New", kind=item.kind, show="Harbour Street"))
    await settled.advance(MINUTE, step=5)
    assert [event.items[0].title for event in without_scans(events)] == ["New"]


async def test_item_with_an_old_date_is_reported_once(
    home: PlexServer, settled: SettledHome
) -> None:
    """Whatever the server reports about it later, and whatever date it gets."""
    events = settled.capture_events()
    item = await home.add_media("Old")
    item.added_at -= 40 * DAY
    await settled.advance(MINUTE, step=5)
    item.added_at += 40 * DAY + HOUR
    await home.scanner.timeline(item, {"state": 0, "metadataState": "created"})
    await home.add_media("New")
    await settled.advance(MINUTE, step=5)
    assert [event.title for event in without_scans(events)] == ["Old", "New"]


async def test_removed_item_with_an_old_date_is_not_shown_any_more(
    hass: HomeAssistant, home: PlexServer, settled: SettledHome
) -> None:
    """The newest by date is shown again."""
    await home.add_media("New")
    await settled.advance(MINUTE, step=5)
    old = await home.add_media("Old")
    old.added_at -= 40 * DAY
    await settled.advance(MINUTE, step=5)
    assert attributes_of(hass, LAST_ADDED)["title"] == "Old"
    await home.remove_media(old)
    await settled.advance(MINUTE, step=5)
    assert attributes_of(hass, LAST_ADDED)["title"] == "New"
    assert attributes_of(hass, PICTURE)["title"] == "New"


async def test_library_that_is_first_seen_reports_nothing(
    hass: HomeAssistant, home: PlexServer, settled: SettledHome
) -> None:
    """Whatever the server says about its items: all of them are new to Home Assistant."""
    events = settled.capture_events()
    section = home.library.add_section("Concerts", Kind.MOVIE)
    for number in range(5):
        item = await home.add_media(f"Concert {number}", section=section)
        item.added_at -= number * DAY
    await settled.advance(3 * MINUTE)
    assert state_of(hass, "sensor.home_concerts_items") == "5"
    assert [event for event in events if event.event_type == "added"] == []


async def test_two_thousand_items_with_old_dates(home: PlexServer, settled: SettledHome) -> None:
    """They take some tens of requests, and each is reported once."""
    events = settled.capture_events()
    for number in range(2000):
        item = home.library.add(f"Film {number}", kind=Kind.MOVIE)
        item.added_at -= 40 * DAY
        await home.scanner.timeline(item, {"state": 0, "metadataState": "created"})
    await settled.advance(2 * MINUTE)
    assert len(without_scans(events)) == 2000
    requests = settled.requests()
    assert sum(requests.values()) < 40
    await settled.advance(10 * MINUTE)
    assert len(without_scans(events)) == 2000


@pytest.mark.parametrize("section", ["-1", "-2"])
async def test_items_that_are_in_no_library_cause_no_request(
    home: PlexServer, settled: SettledHome, section: str
) -> None:
    """Those of TV guides and online content have negative numbers."""
    for _ in range(5):
        entry = {"sectionID": section, "itemID": "-1", "type": -1, "state": 5}
        await home.notifier.notify("timeline", "TimelineEntry", entry)
        await settled.advance(MINUTE)
    assert settled.requests() == {}
