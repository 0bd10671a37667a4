"""What a server pushes."""

import json

from hypothesis import given, strategies as st
import pytest

from custom_components.plex_monitor.plex.models import PlaybackState
from custom_components.plex_monitor.plex.notifications import (
    PlayingNotification,
    UpdateStateNotification,
    parse_notifications,
)

from .strategies import objects_with


def frame(kind: str, element: str, *items: object) -> str:
    """Return a frame as a server sends it."""
    return json.dumps({"NotificationContainer": {"type": kind, "size": len(items), element: items}})


def playing(*items: object) -> str:
    """Return a frame about streams."""
    return frame("playing", "PlaySessionStateNotification", *items)


def test_playing() -> None:
    """A stream moved on."""
    item = {
        "sessionKey": "29",
        "clientIdentifier": "box",
        "guid": "",
        "ratingKey": "9723",
        "key": "/library/metadata/9723",
        "viewOffset": 41000,
        "state": "paused",
    }
    assert parse_notifications(playing(item)) == (
        PlayingNotification(
            session_key="29", rating_key="9723", state=PlaybackState.PAUSED, view_offset=41000
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
def test_states(state: object, expected: PlaybackState | None) -> None:
    """A stream that is over has no state."""
    (notification,) = parse_notifications(playing({"sessionKey": 1, "state": state}))
    assert isinstance(notification, PlayingNotification)
    assert notification.state is expected
    assert notification.rating_key is None
    assert notification.view_offset is None


def test_a_notification_without_a_session_costs_itself_only() -> None:
    """Old servers left the session key out."""
    found = parse_notifications(
        playing({"state": "stopped"}, None, {"sessionKey": "2", "state": "stopped"})
    )
    assert [item.session_key for item in found if isinstance(item, PlayingNotification)] == ["2"]


def test_update_state() -> None:
    """The updater moves on, with or without a version."""
    text = frame(
        "update.statechange",
        "AutoUpdateNotification",
        {"key": "", "version": "", "state": "done"},
        {"version": "1.43.3.2-def", "state": "downloading"},
        {"version": "1.43.3.2-def"},
    )
    assert parse_notifications(text) == (
        UpdateStateNotification(version=None, state="done"),
        UpdateStateNotification(version="1.43.3.2-def", state="downloading"),
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
        frame("timeline", "TimelineEntry", {"itemID": 5}),
        frame("status", "StatusNotification", {"title": "Library scan complete"}),
        "[" * 200_000,
    ],
)
def test_what_is_of_no_use_is_dropped(text: str) -> None:
    """Other kinds, other shapes and rubbish say nothing."""
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
def test_any_json_is_taken(data: object) -> None:
    """No JSON breaks the channel."""
    assert isinstance(parse_notifications(json.dumps(data)), tuple)


@given(
    st.sampled_from(["playing", "update.statechange"]),
    objects_with("sessionKey", "state", "viewOffset", "version"),
)
def test_any_item_is_taken(kind: str, item: object) -> None:
    """No item breaks the channel."""
    for element in ("PlaySessionStateNotification", "AutoUpdateNotification"):
        assert isinstance(parse_notifications(frame(kind, element, item)), tuple)


@given(st.text())
def test_any_text_is_taken(text: str) -> None:
    """No frame breaks the channel."""
    assert isinstance(parse_notifications(text), tuple)
