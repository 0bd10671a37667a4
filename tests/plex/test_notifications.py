"""Notifications of the websocket of a server."""

import json

from hypothesis import given, strategies as st
import pytest

from custom_components.plex_monitor.plex.models import Activity, PlaybackState, TranscodeStatus
from custom_components.plex_monitor.plex.notifications import (
    ActivityEvent,
    ActivityNotification,
    PlayingNotification,
    ReachabilityNotification,
    TimelineNotification,
    TimelineState,
    TranscodeNotification,
    UpdateStateNotification,
    parse_notifications,
)

from .strategies import objects_with


def frame(kind: str, element: str, *items: object) -> str:
    """Return a frame as a server sends it."""
    return json.dumps({"NotificationContainer": {"type": kind, "size": len(items), element: items}})


def playing(*items: object) -> str:
    """Return a frame of playing notifications."""
    return frame("playing", "PlaySessionStateNotification", *items)


def test_playing() -> None:
    """All attributes are parsed."""
    item = {
        "sessionKey": "29",
        "guid": "",
        "ratingKey": "9723",
        "key": "/library/metadata/9723",
        "viewOffset": 41000,
        "state": "paused",
        "transcodeSession": "1a2b3c",
    }
    assert parse_notifications(playing(item)) == (
        PlayingNotification(
            session_key="29",
            rating_key="9723",
            state=PlaybackState.PAUSED,
            view_offset=41000,
            transcode_session="1a2b3c",
        ),
    )


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        ("playing", PlaybackState.PLAYING),
        ("buffering", PlaybackState.BUFFERING),
        ("stopped", None),
        ("error", None),
        ("unheard of", PlaybackState.PLAYING),
        (None, PlaybackState.PLAYING),
        ([], PlaybackState.PLAYING),
        ({}, PlaybackState.PLAYING),
    ],
)
def test_playing_state(state: object, expected: PlaybackState | None) -> None:
    """A session that has ended has no state."""
    (notification,) = parse_notifications(playing({"sessionKey": 1, "state": state}))
    assert isinstance(notification, PlayingNotification)
    assert notification.state is expected
    assert notification.rating_key is None
    assert notification.view_offset is None
    assert notification.transcode_session is None
    assert notification.failed is (state == "error")


@pytest.mark.parametrize("rating_key", ["133276", "com.gracenote.onconnect://episode/EP1", None])
def test_playing_live_tv(rating_key: str | None) -> None:
    """It is identified by its live session, and not by the program that is on."""
    [notification] = parse_notifications(
        playing({"sessionKey": "7", "key": "/livetv/sessions/0c5e", "ratingKey": rating_key})
    )
    assert isinstance(notification, PlayingNotification)
    assert notification.live_session == "0c5e"


def test_playing_without_a_session_key() -> None:
    """Old servers omit the key; the notification is dropped."""
    found = parse_notifications(
        playing({"state": "stopped"}, None, {"sessionKey": "2", "state": "stopped"})
    )
    assert [item.session_key for item in found if isinstance(item, PlayingNotification)] == ["2"]


def test_update_state() -> None:
    """A notification without a state is dropped."""
    text = frame(
        "update.statechange",
        "AutoUpdateNotification",
        {"key": "", "version": "", "state": "done"},
        {"version": "1.43.3.2-def", "state": "downloading"},
        {"version": "1.43.3.2-def"},
    )
    assert parse_notifications(text) == (UpdateStateNotification(), UpdateStateNotification())


@pytest.mark.parametrize(
    ("number", "state"), [*((state, state) for state in TimelineState), ("5", 5), (7, 7)]
)
def test_timeline(number: object, state: int) -> None:
    """All attributes are parsed, with numbers as text or not."""
    item = {
        "identifier": "com.plexapp.plugins.library",
        "sectionID": "2",
        "itemID": 45,
        "parentItemID": "44",
        "rootItemID": "43",
        "type": 4,
        "title": "Pilot",
        "state": number,
        "metadataState": "created",
        "updatedAt": 1_700_000_000,
    }
    assert parse_notifications(frame("timeline", "TimelineEntry", item)) == (
        TimelineNotification(
            section_id="2",
            item_id="45",
            media_type=4,
            title="Pilot",
            state=state,
            created=True,
        ),
    )


def test_timeline_state() -> None:
    """A known number is a `TimelineState`."""
    text = frame(
        "timeline", "TimelineEntry", {"itemID": 1, "state": "9"}, {"itemID": 2, "state": 7}
    )
    first, second = parse_notifications(text)
    assert isinstance(first, TimelineNotification)
    assert isinstance(second, TimelineNotification)
    assert first.state is TimelineState.DELETED
    assert second.state == 7
    assert (first.section_id, first.title, first.created) == (None, "", False)


@pytest.mark.parametrize("section", [-1, "-2", "0", 0, None])
def test_items_of_no_library(section: object) -> None:
    """TV guides and online content have numbers that no library has."""
    [guide] = parse_notifications(
        frame("timeline", "TimelineEntry", {"sectionID": section, "itemID": 5, "state": 5})
    )
    activity = {"uuid": "a", "type": "b", "Context": {"librarySectionID": section}}
    [scan] = parse_notifications(
        frame("activity", "ActivityNotification", {"event": "ended", "Activity": activity})
    )
    assert isinstance(guide, TimelineNotification)
    assert isinstance(scan, ActivityNotification)
    assert (guide.section_id, scan.activity.section_id) == (None, None)


@pytest.mark.parametrize("event", list(ActivityEvent))
def test_activity(event: ActivityEvent) -> None:
    """The activity is parsed, whatever its event."""
    activity = {"uuid": "a", "type": "library.update.section", "title": "Scanning", "progress": 5}
    item = {"event": str(event), "uuid": "a", "Activity": activity}
    assert parse_notifications(frame("activity", "ActivityNotification", item)) == (
        ActivityNotification(event=event, activity=Activity.from_json(activity)),
    )


@pytest.mark.parametrize("value", [True, False, "0"])
def test_reachability(value: object) -> None:
    """The value is not kept."""
    text = frame("reachability", "ReachabilityNotification", {"reachability": value})
    assert parse_notifications(text) == (ReachabilityNotification(),)


@pytest.mark.parametrize(("kind", "ended"), [("start", False), ("update", False), ("end", True)])
def test_transcode(kind: str, *, ended: bool) -> None:
    """The status is parsed, and whether the transcode has ended."""
    item = {"key": "/transcode/sessions/1a2b3c", "progress": 5.5, "videoDecision": "copy"}
    assert parse_notifications(frame(f"transcodeSession.{kind}", "TranscodeSession", item)) == (
        TranscodeNotification(ended=ended, transcode=TranscodeStatus.from_json(item)),
    )


@pytest.mark.parametrize(
    "text",
    [
        "",
        "rubbish",
        "null",
        "[]",
        "{}",
        '{"NotificationContainer": []}',
        '{"NotificationContainer": {}}',
        '{"NotificationContainer": {"type": "playing"}}',
        '{"NotificationContainer": {"type": ["playing"]}}',
        frame("progress", "ProgressNotification", {"message": "Scanning"}),
        frame("timeline", "TimelineEntry", {"itemID": 5}),
        frame("timeline", "TimelineEntry", {"identifier": "a.guide:4", "itemID": 5, "state": 9}),
        frame("status", "StatusNotification", {"title": "Library scan complete"}),
        frame("reachability", "ReachabilityNotification", {}),
        frame("activity", "ActivityNotification", {"event": "started", "uuid": "a"}),
        frame("activity", "ActivityNotification", {"event": "x", "Activity": {"uuid": "a"}}),
        frame("activity", "ActivityNotification", {"event": [], "Activity": {"uuid": "a"}}),
        frame("transcodeSession.update", "TranscodeSession", {"progress": 5}),
        "[" * 200_000,
    ],
)
def test_unknown_and_invalid_frames_are_dropped(text: str) -> None:
    """No notification is returned."""
    assert parse_notifications(text) == ()


@given(
    objects_with(
        "NotificationContainer",
        "type",
        "PlaySessionStateNotification",
        "AutoUpdateNotification",
        "sessionKey",
        "state",
        "viewOffset",
    )
)
def test_any_json(data: object) -> None:
    """No JSON raises an error."""
    assert isinstance(parse_notifications(json.dumps(data)), tuple)


KINDS = {
    "playing": "PlaySessionStateNotification",
    "update.statechange": "AutoUpdateNotification",
    "timeline": "TimelineEntry",
    "activity": "ActivityNotification",
    "reachability": "ReachabilityNotification",
    "transcodeSession.start": "TranscodeSession",
    "transcodeSession.update": "TranscodeSession",
    "transcodeSession.end": "TranscodeSession",
}


@given(
    st.sampled_from(sorted(KINDS)),
    objects_with(
        *("sessionKey", "state", "viewOffset", "version", "itemID", "identifier", "type"),
        *("event", "Activity", "uuid", "progress", "title", "reachability", "key"),
    ),
)
def test_any_item(kind: str, item: object) -> None:
    """No item raises an error."""
    assert isinstance(parse_notifications(frame(kind, KINDS[kind], item)), tuple)


@given(st.text())
def test_any_text(text: str) -> None:
    """No text raises an error."""
    assert isinstance(parse_notifications(text), tuple)
