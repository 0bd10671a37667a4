"""What a hostile server answers and pushes, as JSON or as XML: whichever a contender reads."""

from collections.abc import Iterator
import json
from typing import Any
from xml.sax.saxutils import quoteattr

MIB = 1024 * 1024
# All but what a client needs to know the server and to be notified.
EVERYTHING = r"^/(?!$|identity$|:/)"
SESSIONS = "^/status/sessions$"
LIBRARIES = "^/library/sections(/all)?$"
LIBRARY = "^/library/sections/[^/]+/all$"

type Json = dict[str, Any]


def bodies(kind: str, *, xml: bool) -> dict[str, str]:
    """Return the hostile bodies of a kind, by the paths that they are sent for."""
    match kind:
        case "nothing":
            return {EVERYTHING: _list_of_nothing(16 * MIB, xml=xml)}
        case "some_nothing":
            return {EVERYTHING: _list_of_nothing(2 * MIB - 100, xml=xml)}
        case "text":
            return {EVERYTHING: _items([_film("x" * 16 * MIB)], xml=xml)}
        case "some_text":
            return {EVERYTHING: _items([_film("x" * (2 * MIB - 1000))], xml=xml)}
        case "levels":
            return {EVERYTHING: _nested(100_000, xml=xml)}
        case "streams":
            return {SESSIONS: _items([_stream(number) for number in range(2000)], xml=xml)}
        case "libraries":
            libraries = [_library(number) for number in range(5000)]
            return {
                LIBRARIES: _items(libraries, "Directory", xml=xml),
                LIBRARY: _items([], xml=xml),
            }
        case _:
            raise LookupError(f"There is no hostile answer {kind}.")


def frames(kind: str) -> Iterator[str]:
    """Return the hostile frames of a kind."""
    match kind:
        case "positions":
            for number in range(10_000):
                yield _frame("playing", "PlaySessionStateNotification", _position(number))
        case "activities":
            for number in range(5000):
                yield _frame("activity", "ActivityNotification", _activity(number))
        case "items":
            for number in range(10_000):
                yield _frame("timeline", "TimelineEntry", _created(number))
        case "frames":
            nothing = ",".join(["{}"] * (MIB // 3 - 100))
            container = f'{{"type":"timeline","TimelineEntry":[{nothing}]}}'
            for _ in range(100):
                yield f'{{"NotificationContainer":{container}}}'
        case _:
            raise LookupError(f"There is no hostile frame {kind}.")


def _frame(kind: str, element: str, entry: Json) -> str:
    return json.dumps({"NotificationContainer": {"type": kind, "size": 1, element: [entry]}})


def _list_of_nothing(size: int, *, xml: bool) -> str:
    """Return a list of about this size."""
    if xml:
        item = "<Video/>"
        return f"<MediaContainer>{item * (size // len(item))}</MediaContainer>"
    return f'{{"MediaContainer":{{"Metadata":[{",".join(["{}"] * (size // 3))}]}}}}'


def _nested(levels: int, *, xml: bool) -> str:
    if xml:
        return f"<MediaContainer>{'<Video>' * levels}{'</Video>' * levels}</MediaContainer>"
    return f'{{"MediaContainer":{{"Metadata":{"[" * levels}{"]" * levels}}}}}'


def _items(items: list[Json], element: str = "Metadata", *, xml: bool) -> str:
    if not xml:
        container = {"size": len(items), "totalSize": len(items), element: items}
        return json.dumps({"MediaContainer": container})
    name = "Video" if element == "Metadata" else element
    elements = "".join(_element(item, name) for item in items)
    return f'<MediaContainer size="{len(items)}">{elements}</MediaContainer>'


def _element(item: Json, name: str) -> str:
    """Return an item as XML: its objects are elements, its other values attributes."""
    children = {key: value for key, value in item.items() if isinstance(value, dict)}
    attributes = "".join(
        f" {key}={quoteattr(str(value))}" for key, value in item.items() if key not in children
    )
    elements = "".join(_element(value, key) for key, value in children.items())
    return f"<{name}{attributes}>{elements}</{name}>"


def _film(title: str) -> Json:
    return {"type": "movie", "key": "/library/metadata/1", "ratingKey": "1", "title": title}


def _stream(number: int) -> Json:
    return {
        **_film(f"Film {number}"),
        "sessionKey": str(number),
        "duration": 6_000_000,
        "viewOffset": 1000,
        "librarySectionID": "1",
        "librarySectionTitle": "Films",
        "User": {"id": str(number), "title": f"User {number}"},
        "Player": {
            "machineIdentifier": f"player-{number}",
            "title": f"Player {number}",
            "product": "Plex",
            "platform": "Roku",
            "state": "playing",
        },
        "Session": {"id": f"session-{number}", "bandwidth": 1000, "location": "lan"},
    }


def _library(number: int) -> Json:
    return {
        "key": str(number + 1),
        "type": "movie",
        "title": f"Library {number + 1}",
        "agent": "tv.plex.agents.movie",
        "scanner": "Plex Movie",
        "uuid": f"library-{number + 1}",
    }


def _position(number: int) -> Json:
    return {"sessionKey": str(number), "ratingKey": "1", "state": "playing", "viewOffset": 1000}


def _activity(number: int) -> Json:
    return {
        "event": "started",
        "uuid": f"activity-{number}",
        "Activity": {
            "uuid": f"activity-{number}",
            "type": "library.update.section",
            "title": f"Scanning {number}",
            "progress": 1,
        },
    }


def _created(number: int) -> Json:
    return {
        "identifier": "com.plexapp.plugins.library",
        "sectionID": "1",
        "itemID": str(number),
        "type": 1,
        "title": f"Film {number}",
        "state": 5,
        "metadataState": "created",
    }
