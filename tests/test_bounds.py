"""Whatever a server sends, states, attributes and what is remembered stay small."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime
import json
from time import monotonic
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.const import (
    EVENT_HOMEASSISTANT_STARTED,
    EVENT_STATE_CHANGED,
    MAX_LENGTH_STATE_STATE,
)
from homeassistant.core import CoreState, HomeAssistant, callback
from homeassistant.helpers.json import json_bytes
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_capture_events

from custom_components.plex_monitor.events.dispatcher import MAX_PENDING
from custom_components.plex_monitor.events.models import PlexEvent, ServerEvent
from custom_components.plex_monitor.library import presence
from custom_components.plex_monitor.library.changes import MAX_CHANGED, LibraryChanges
from custom_components.plex_monitor.library.known import RECENT_LIMIT, KnownItems
from custom_components.plex_monitor.library.presence import MAX_REMOVED, LibraryPresence
from custom_components.plex_monitor.library.reader import (
    ADDED_LIMIT,
    CREATED_LIMIT,
    LibraryReader,
)
from custom_components.plex_monitor.plex.models import MediaItem, MediaType, Section
from custom_components.plex_monitor.plex.notifications import TimelineNotification, TimelineState
from custom_components.plex_monitor.server.activities import MAX_ACTIVITIES

from .simulator import Fault, Kind, PlexServer
from .support.entities import attributes_of
from .support.entries import set_up, state_of
from .support.helpers import advance, settle

LONG = "\u0001" + "x\u0001" * 10_000
RECORDED = 16_384


def created(section: Section, item: str) -> TimelineNotification:
    """Return the notification of a film that was created."""
    return TimelineNotification(
        section_id=section.key,
        item_id=item,
        media_type=MediaType.MOVIE,
        title="Film",
        state=TimelineState.CREATED,
        created=True,
    )


def long_session() -> dict[str, Any]:
    """Return a session in which each text is as long as an answer may be."""
    names = ("title", "grandparentTitle", "parentTitle", "librarySectionTitle", "type")
    return {
        **dict.fromkeys(names, LONG),
        "sessionKey": "7",
        "ratingKey": "9" * 5000,
        "User": {"id": "1", "title": LONG},
        "Player": {"title": LONG, "machineIdentifier": "tv", "state": "playing"},
        "Session": {"id": "a", "location": LONG},
        "Media": [
            {
                "videoCodec": LONG,
                "audioCodec": LONG,
                "videoResolution": LONG,
                "Part": [{"decision": LONG, "Stream": [{"streamType": 1, "decision": LONG}]}],
            }
        ],
    }


async def test_long_texts(hass: HomeAssistant, home: PlexServer, entry: MockConfigEntry) -> None:
    """States have the length that Home Assistant allows, and the recorder stores attributes."""
    changes = async_capture_events(hass, EVENT_STATE_CHANGED)
    await set_up(hass, entry)
    home.faults.set(
        Fault.json({"MediaContainer": {"Metadata": [long_session()]}}), paths="^/status/sessions$"
    )
    await entry.runtime_data.server.async_refresh()
    await settle(hass)
    assert state_of(hass, "sensor.home_streams") == "1"
    assert state_of(hass, "event.home_playback") not in {"unknown", "unavailable"}
    for change in changes:
        if (state := change.data["new_state"]) is None:
            continue
        assert len(state.state) <= MAX_LENGTH_STATE_STATE
        info = state.state_info
        unrecorded = frozenset() if info is None else info["unrecorded_attributes"]
        recorded = {k: v for k, v in state.attributes.items() if k not in unrecorded}
        assert len(json_bytes(recorded)) < RECORDED, state.entity_id


async def test_activities_that_never_end(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, home: PlexServer, entry: MockConfigEntry
) -> None:
    """Only the last that were reported are kept."""
    await set_up(hass, entry)
    reports = [
        {"event": "started", "Activity": {"uuid": f"a-{number}", "title": f"Job {number}"}}
        for number in range(MAX_ACTIVITIES + 50)
    ]
    frame = {"NotificationContainer": {"type": "activity", "ActivityNotification": reports}}
    await home.notifier.send_text(json.dumps(frame))
    for _ in range(5):
        # Frames are read with pauses.
        await asyncio.sleep(0.1)
        await advance(hass, freezer, 5)
    assert state_of(hass, "sensor.home_activities") == str(MAX_ACTIVITIES)
    assert attributes_of(hass, "sensor.home_activities")["activities"][0]["title"] == "Job 50"


def test_items_of_one_second() -> None:
    """A server that lists other items of the same second with each read fills no memory."""
    now = datetime(2026, 1, 1, tzinfo=UTC)
    item = MediaItem.from_json({"ratingKey": "1", "title": "Film", "addedAt": int(now.timestamp())})
    known = KnownItems.first(1, [item], now)
    for read in range(10):
        keys = range(read * 1000, (read + 1) * 1000)
        known = known.updated(1, [replace(item, rating_key=str(key)) for key in keys], [], now)
    assert len(known.recent) <= RECENT_LIMIT + 1000


def test_rating_key_of_many_digits() -> None:
    """It is no number, and no error."""
    item = MediaItem.from_json({"ratingKey": "1", "title": "Film"})
    known = KnownItems.first(
        1, [replace(item, rating_key="9" * 5000)], datetime(2026, 1, 1, tzinfo=UTC)
    )
    assert known.highest_key == 0


def test_libraries_that_come_and_go(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the last that were removed are remembered."""
    start = monotonic()
    libraries = LibraryPresence()
    for number in range(10):
        monkeypatch.setattr(presence, "monotonic", lambda: start + 61 * number)  # noqa: B023
        libraries.update([f"{number}-{key}" for key in range(500)])
    assert len(libraries.remembered - libraries.keys) == MAX_REMOVED


async def test_changes_of_more_libraries_than_a_server_can_have(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    """The first of them are marked, and read together."""
    reads: list[None] = []

    async def read() -> None:
        reads.append(None)

    changes = LibraryChanges(hass, entry, read)
    for number in range(2 * MAX_CHANGED):
        changes.async_mark(str(number), delay=0)
    await settle(hass)
    assert changes.async_take() == {str(number) for number in range(MAX_CHANGED)}
    assert len(reads) == 1


async def test_created_items_of_all_libraries(
    hass: HomeAssistant, home: PlexServer, entry: MockConfigEntry
) -> None:
    """A certain number of them is noted in a library, and in all libraries together."""
    libraries = CREATED_LIMIT // ADDED_LIMIT + 2
    for number in range(libraries):
        home.library.add_section(f"Films {number}", Kind.MOVIE)
    await set_up(hass, entry)
    reader = LibraryReader(hass, entry.runtime_data.server)
    sections = (await entry.runtime_data.server.server.library.sections())[-libraries:]
    await reader.async_read(sections)
    items = [f"{number}" for number in range(ADDED_LIMIT + 10)]
    noted = 0
    for section in sections:
        for item in items:
            reader.async_note_created(section, created(section, item))
        in_library = sum(reader.is_created(section.key, item) for item in items)
        assert in_library <= ADDED_LIMIT
        noted += in_library
    assert noted == CREATED_LIMIT


async def test_reports_that_wait_for_the_start(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """The last of them are made when Home Assistant has started."""
    hass.set_state(CoreState.starting)
    await set_up(hass, entry)
    versions = []

    @callback
    def handle_event(event: PlexEvent) -> None:
        if isinstance(event, ServerEvent):
            versions.append(event.version)

    dispatcher = entry.runtime_data.server.dispatcher
    dispatcher.listeners.async_add(handle_event)
    for number in range(2 * MAX_PENDING):
        dispatcher.async_report_version(str(number))
    assert versions == []
    hass.set_state(CoreState.running)
    hass.bus.async_fire(EVENT_HOMEASSISTANT_STARTED)
    await settle(hass)
    assert versions == [str(number) for number in range(MAX_PENDING, 2 * MAX_PENDING)]
