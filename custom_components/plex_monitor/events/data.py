"""The data of an event: attributes of event entities and variables of automations."""

from typing import Any, assert_never

from ..plex.models import Session
from .attributes import media_attributes, stream_attributes
from .models import ENDINGS, LibraryEvent, PlaybackEvent, PlexEvent, ServerEvent, TokenEvent

# If more items are added at once, the others are only counted.
MAX_NAMED_ITEMS = 20

# The state of a stream that has ended; the other states are those that Plex reports.
STOPPED = "stopped"

# The keys that a person reads first, in this order. Each type of media has all of them, so that a
# template need not check for them.
_MEDIA_DEFAULTS = dict.fromkeys(
    ("title", "show", "season", "episode", "artist", "album", "year", "media_type", "library")
)
STREAM_DEFAULTS = _MEDIA_DEFAULTS | dict.fromkeys(("user", "player", "state", "progress"))


def event_data(event: PlexEvent) -> dict[str, Any]:
    """Return the data of an event, which is limited to about a page."""
    match event:
        case PlaybackEvent():
            data = stream_data(event.session)
            return data | {"state": STOPPED} if event.event_type in ENDINGS else data
        case LibraryEvent():
            return _library_data(event)
        case ServerEvent():
            return {"version": event.version, "downtime": event.downtime}
        case TokenEvent():
            return {}
    assert_never(event)


def stream_data(session: Session) -> dict[str, Any]:
    """Return the item, user, player, library and delivery of a stream."""
    return {
        **STREAM_DEFAULTS,
        **stream_attributes(session),
        "library": session.section_title,
        "live": session.live,
        "rating_key": session.rating_key,
        "session_key": session.session_key,
    }


def _library_data(event: LibraryEvent) -> dict[str, Any]:
    """Return the library, and what was added to it or removed from it."""
    section: dict[str, Any] = {"library": event.section.title, "library_key": event.section.key}
    if event.title is None:
        return section
    data = {"title": event.title, **section}
    if event.items:
        named = event.items[:MAX_NAMED_ITEMS]
        data = {
            **_MEDIA_DEFAULTS,
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
