"""The fields that the parsers read, and the names of fields that may be shown."""

from collections.abc import Iterator, Mapping
from itertools import islice
import re
from typing import Any

MAX_CHECKED = 200
MAX_ITEMS = 20
MAX_FIELDS = 100
"""How much of an answer is checked: its objects and lists, the items and fields of each."""
OTHER = "(other)"

_TEXT = frozenset({"str", "int"})
_NUMBER = frozenset({"int", "float", "str"})
_FLAG = frozenset({"bool", "int", "str"})
_OBJECT = frozenset({"object"})
# A single object counts as a list of one item.
_LIST = frozenset({"list", "object"})

FIELDS: Mapping[str, frozenset[str]] = {
    **dict.fromkeys(
        (
            *("added", "agent", "audioCodec", "audioDecision", "clientIdentifier", "codec"),
            *("decision", "device", "displayTitle", "event", "fixed", "friendlyName"),
            *("grandparentThumb", "grandparentTitle", "id", "identifier", "itemID", "key"),
            *("librarySectionTitle", "location", "machineIdentifier"),
            *("metadataState", "myPlexSigninState", "name", "parentRatingKey"),
            *("parentThumb", "parentTitle", "platform", "product", "ratingKey", "sessionKey"),
            *("sourceAudioCodec", "sourceVideoCodec", "state", "subtitle", "subtitleDecision"),
            *("summary", "thumb", "title", "transcodeHwDecoding", "transcodeHwEncoding"),
            *("transcodeSession", "type", "uuid", "version", "videoCodec", "videoDecision"),
            *("accountID", "description", "librarySectionID", "sectionID", "videoResolution"),
        ),
        _TEXT,
    ),
    **dict.fromkeys(("mappingError", "mappingState"), frozenset({"str"})),
    **dict.fromkeys(
        (
            *("addedAt", "at", "bandwidth", "bytes", "contentChangedAt", "createdAt", "duration"),
            *("durationTotal", "hostCpuUtilization", "hostMemoryUtilization", "index"),
            *("interval", "leafCount", "parentIndex", "processCpuUtilization"),
            *(
                "processMemoryUtilization",
                "progress",
                "rating",
                "scannedAt",
                "size",
                "startTimeOffset",
            ),
            *("storageTotal", "streamType", "totalSize", "userRating", "viewCount"),
            *("viewOffset", "viewedAt", "width", "year"),
        ),
        _NUMBER,
    ),
    **dict.fromkeys(
        (
            *("canInstall", "cancellable", "claimed", "enabled", "final", "hidden", "lan"),
            *("live", "local", "myPlexSubscription", "reachability", "refreshing", "selected"),
            "throttled",
        ),
        _FLAG,
    ),
    **dict.fromkeys(
        (
            *("ButlerTasks", "Context", "MediaContainer", "MyPlex", "NotificationContainer"),
            *("Player", "Session", "User"),
        ),
        _OBJECT,
    ),
    **dict.fromkeys(
        (
            *("Account", "Activity", "ActivityNotification", "AutoUpdateNotification"),
            *("ButlerTask", "Device", "Directory", "Feature", "Hub", "Marker", "Media"),
            *("MediaProvider", "Metadata", "Part", "PlaySessionStateNotification"),
            *("ReachabilityNotification", "Release", "StatisticsBandwidth"),
            *("StatisticsResources", "Stream", "TimelineEntry", "TranscodeSession"),
        ),
        _LIST,
    ),
}
"""The JSON types in which the parsers understand each field of a server; null is understood too."""

# Two words at least: a name of one word could as well be a title or the name of a person.
_NAME_OF_PLEX = re.compile(
    r"[a-z]{2,15}(?:[A-Z]{1,2}[a-z]{1,14}){0,4}(?:[A-Z]{1,2}[a-z]{1,14}|[A-Z]{2,4})"
)
_ELEMENT_OF_PLEX = re.compile(r"(?:[A-Z][a-z]{1,14}){2,4}")
_MAX_NAME = 40


def json_type(value: object) -> str:
    """Return the JSON type of a value, with integers distinguished from other numbers."""
    match value:
        case None:
            return "null"
        case bool():
            return "bool"
        case dict():
            return "object"
        case list():
            return "list"
        case "":
            return "empty"
        case _:
            return type(value).__name__


def shown_name(name: str, kind: str) -> str:
    """Return the name of a field of this type, or `OTHER` if it may be a value.

    Plex has no values for names, but nothing keeps a server, or what is in front of it, from that.
    """
    if name in FIELDS:
        return name
    pattern = _ELEMENT_OF_PLEX if kind in _LIST else _NAME_OF_PLEX
    return name if len(name) <= _MAX_NAME and pattern.fullmatch(name) else OTHER


def fields_of(document: Any) -> Iterator[tuple[str, Any]]:
    """Return the fields in a document, from the top down; of a long one not all."""
    level = [document]
    checked = 0
    while level and checked < MAX_CHECKED:
        below: list[Any] = []
        for value in level[: MAX_CHECKED - checked]:
            checked += 1
            if isinstance(value, dict):
                fields = list(islice(value.items(), MAX_FIELDS))
                yield from fields
                below += [inner for _, inner in fields if isinstance(inner, dict | list)]
            else:
                below += [inner for inner in value[:MAX_ITEMS] if isinstance(inner, dict | list)]
        level = below


def misunderstood(document: Any) -> Iterator[tuple[str, str]]:
    """Return the fields of another type than the parsers understand, with their type."""
    for name, value in fields_of(document) if isinstance(document, dict | list) else ():
        if name not in FIELDS or value is None or value == "":
            continue
        kind = json_type(value)
        if kind not in FIELDS[name]:
            yield name, kind
