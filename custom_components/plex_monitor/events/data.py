"""What is told with an event: the attributes of event entities, the variables of automations."""

from typing import Any, assert_never

from ..plex.models import Session
from .attributes import media_attributes, stream_attributes
from .models import ENDINGS, LibraryEvent, PlaybackEvent, PlexEvent, ServerEvent, TokenEvent

# More of what was added at once is counted, and not named.
NAMED_AT_MOST = 20

# The state of a stream that has ended, beside those that Plex tells of one that is there.
STOPPED = "stopped"

# What a person reads first, in this order. A template finds all of it whatever the medium is.
_MEDIUM = dict.fromkeys(
    ("title", "show", "season", "episode", "artist", "album", "year", "media_type", "library")
)
STREAM = _MEDIUM | dict.fromkeys(("user", "player", "state", "progress"))


def event_data(event: PlexEvent) -> dict[str, Any]:
    """Return what happened; no event tells more than a page of it."""
    match event:
        case PlaybackEvent():
            data = stream_data(event.session)
            return data | {"state": STOPPED} if event.event_type in ENDINGS else data
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
        **STREAM,
        **stream_attributes(session),
        "library": session.section_title,
        "live": session.live,
        "rating_key": session.rating_key,
        "session_key": session.session_key,
    }


def _library_data(event: LibraryEvent) -> dict[str, Any]:
    """Return which library it is, and what was added to it or removed from it."""
    section: dict[str, Any] = {"library": event.section.title, "library_key": event.section.key}
    if event.title is None:
        return section
    data = {"title": event.title, **section}
    if event.items:
        named = event.items[:NAMED_AT_MOST]
        data = {
            **_MEDIUM,
            **media_attributes(event.items[0]),
            **section,
            "title": event.title,
            "count": len(event.items),
            "titles": [item.title for item in named],
            "rating_keys": [item.rating_key for item in named],
        }
        if len(event.items) > 1:
            data["episode"] = None
    return data
