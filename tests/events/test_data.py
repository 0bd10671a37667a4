"""What is told with an event is true of the moment, and begins with what a person looks for."""

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
from custom_components.plex_monitor.plex.models import (
    MediaItem,
    PlaybackState,
    Section,
    Session,
)

MEDIUM = ["title", "show", "season", "episode", "artist", "album", "year", "media_type", "library"]
SECTION = Section.from_json({"key": "1", "type": "movie", "title": "Movies"})


def a_session(state: PlaybackState = PlaybackState.PLAYING) -> Session:
    """Return a film that is played."""
    return Session(
        session_key="1",
        rating_key="100",
        media_type="movie",
        title="Film",
        year=1999,
        section_title="Movies",
        user="owner",
        player="TV",
        state=state,
        view_offset=30_000,
        duration=60_000,
    )


def added(*titles: str) -> dict[str, Any]:
    """Return what is told of films that were added."""
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
def test_state_is_that_of_the_moment(event_type: PlaybackEventType, state: PlaybackState) -> None:
    """What has ended does not play, whatever was heard of it last."""
    data = event_data(PlaybackEvent(event_type=event_type, session=a_session(state)))
    ended = event_type in {PlaybackEventType.STOPPED, PlaybackEventType.FINISHED}
    assert data["state"] == ("stopped" if ended else state.value)
    assert data["progress"] == 50


def test_playback_begins_with_what_is_played_and_by_whom() -> None:
    """The keys that other actions want come last."""
    data = event_data(PlaybackEvent(event_type=PlaybackEventType.STARTED, session=a_session()))
    assert list(data)[:13] == [*MEDIUM, "user", "player", "state", "progress"]
    assert list(data)[-2:] == ["rating_key", "session_key"]
    assert (data["title"], data["year"], data["library"]) == ("Film", 1999, "Movies")
    assert data["show"] is None


def test_row_of_a_stream_begins_like_its_event() -> None:
    """With how long it takes beside how far it is."""
    row = stream_response(a_session())
    assert list(row)[:15] == [
        *MEDIUM,
        "user",
        "player",
        "state",
        "progress",
        "position",
        "duration",
    ]
    assert (row["title"], row["position"], row["duration"]) == ("Film", 30, 60)


def test_what_was_added_begins_with_its_title() -> None:
    """One thing or many."""
    data = added("Film")
    assert list(data) == [*MEDIUM, "library_key", "count", "titles", "rating_keys"]
    assert (data["title"], data["library"], data["library_key"]) == ("Film", "Movies", "1")
    assert (data["count"], data["year"]) == (1, 1999)
    assert added("Film", "Another")["count"] == 2


def test_other_library_events_tell_no_more_than_there_is() -> None:
    """A scan has no title."""

    def told(event_type: LibraryEventType, title: str | None = None) -> dict[str, Any]:
        return event_data(LibraryEvent(event_type=event_type, section=SECTION, title=title))

    assert told(LibraryEventType.SCAN_STARTED) == {"library": "Movies", "library_key": "1"}
    removed = told(LibraryEventType.REMOVED, "Film")
    assert list(removed) == ["title", "library", "library_key"]
    assert removed["title"] == "Film"
