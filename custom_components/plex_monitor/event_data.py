"""What is told with an event: the attributes of event entities, the variables of automations."""

from typing import Any, assert_never

from .attributes import media_attributes, stream_attributes
from .events import LibraryEvent, PlaybackEvent, PlexEvent, ServerEvent, TokenEvent
from .plex.models import Session

# More of what was added at once is counted, and not named.
NAMED_AT_MOST = 20

# A template finds them whatever the medium is.
_OF_SOME_MEDIA = dict.fromkeys(("show", "season", "episode", "artist", "album", "year"))


def event_data(event: PlexEvent) -> dict[str, Any]:
    """Return what happened; no event tells more than a page of it."""
    match event:
        case PlaybackEvent():
            return stream_data(event.session)
        case LibraryEvent():
            return _library_data(event)
        case ServerEvent():
            return {"version": event.version}
        case TokenEvent():
            return {}
    assert_never(event)


def stream_data(session: Session) -> dict[str, Any]:
    """Return what is played, by whom, where, from which library, and how it gets there."""
    return {
        **_OF_SOME_MEDIA,
        **stream_attributes(session),
        "library": session.section_title,
        "live": session.live,
        "rating_key": session.rating_key,
        "session_key": session.session_key,
    }


def _library_data(event: LibraryEvent) -> dict[str, Any]:
    """Return which library it is, and what was added to it or removed from it."""
    data: dict[str, Any] = {"library": event.section.title, "library_key": event.section.key}
    if event.title is not None:
        data["title"] = event.title
    if event.items:
        named = event.items[:NAMED_AT_MOST]
        data |= {
            **_OF_SOME_MEDIA,
            **media_attributes(event.items[0]),
            "title": event.title,
            "count": len(event.items),
            "titles": [item.title for item in named],
            "rating_keys": [item.rating_key for item in named],
        }
        if len(event.items) > 1:
            data["episode"] = None
    return data
