"""The data of an event is that of the moment, and begins with what a person reads first."""

from typing import Any

import pytest

from custom_components.plex_monitor.actions.responses import stream_response
from custom_components.plex_monitor.events.data import event_data
from custom_components.plex_monitor.events.models import (
    LibraryEvent,
    LibraryEventType,
    PlaybackEvent,
    PlaybackEventType,
)
from custom_components.plex_monitor.media.links import MediaLinks
from custom_components.plex_monitor.media.signing import Signer
from custom_components.plex_monitor.plex.models import MediaItem, PlaybackState, Section, Session
from tests.support.sessions import a_session

MEDIA = ["title", "show", "season", "episode", "artist", "album", "year", "media_type", "library"]
SECTION = Section.from_json({"key": "1", "type": "movie", "title": "Movies"})


def a_film(state: PlaybackState = PlaybackState.PLAYING) -> Session:
    """Return the session of a film of one minute, half of which was played."""
    return a_session(
        state=state, year=1999, section_title="Movies", view_offset=30_000, duration=60_000
    )


def data_of_added(*titles: str) -> dict[str, Any]:
    """Return the data of an event for films that were added."""
    items = tuple(
        MediaItem.from_json({"ratingKey": str(key), "type": "movie", "title": title, "year": 1999})
        for key, title in enumerate(titles)
    )
    return event_data(
        LibraryEvent(
            event_type=LibraryEventType.ADDED, section=SECTION, title=titles[0], items=items
        )
    )


@pytest.mark.parametrize("state", PlaybackState)
@pytest.mark.parametrize("event_type", PlaybackEventType)
def test_state_is_that_at_the_event(event_type: PlaybackEventType, state: PlaybackState) -> None:
    """An ended stream is stopped, whatever its last state was."""
    data = event_data(PlaybackEvent(event_type=event_type, session=a_film(state)))
    ended = event_type in {PlaybackEventType.STOPPED, PlaybackEventType.FINISHED}
    assert data["state"] == ("stopped" if ended else state.value)
    assert data["progress"] == 50


def test_playback_data_begins_with_the_item_and_the_user() -> None:
    """The keys for other actions come last."""
    data = event_data(PlaybackEvent(event_type=PlaybackEventType.STARTED, session=a_film()))
    assert list(data)[:13] == [*MEDIA, "user", "player", "state", "progress"]
    assert list(data)[-2:] == ["rating_key", "session_key"]
    assert (data["title"], data["year"], data["library"]) == ("Film", 1999, "Movies")
    assert data["show"] is None


def test_stream_response_begins_like_the_event_data() -> None:
    """With position and duration after the progress."""
    links = MediaLinks(Signer(b"key"), entry_id="1", machine_identifier="machine")
    row = stream_response(a_film(), links)
    assert list(row)[:15] == [
        *MEDIA,
        "user",
        "player",
        "state",
        "progress",
        "position",
        "duration",
    ]
    assert (row["title"], row["position"], row["duration"]) == ("Film", 30, 60)


def test_data_of_added_items_begins_with_the_title() -> None:
    """For one item or many."""
    data = data_of_added("Film")
    assert list(data) == [*MEDIA, "library_key", "count", "titles", "rating_keys"]
    assert (data["title"], data["library"], data["library_key"]) == ("Film", "Movies", "1")
    assert (data["count"], data["year"]) == (1, 1999)
    assert data_of_added("Film", "Another")["count"] == 2


def test_data_of_other_library_events_has_only_keys_with_a_value() -> None:
    """A scan has no title."""

    def data_of(event_type: LibraryEventType, title: str | None = None) -> dict[str, Any]:
        return event_data(LibraryEvent(event_type=event_type, section=SECTION, title=title))

    assert data_of(LibraryEventType.SCAN_STARTED) == {"library": "Movies", "library_key": "1"}
    removed = data_of(LibraryEventType.REMOVED, "Film")
    assert list(removed) == ["title", "library", "library_key"]
    assert removed["title"] == "Film"
