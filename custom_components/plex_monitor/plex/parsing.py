"""Parsing of JSON values: lenient about types, strict about required values.

Plex writes the same value as an int, a string or a bool, depending on the endpoint, the format and
the age of the server (captured), and omits empty lists (captured).
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
import math
import re
from typing import Any

from .errors import PlexResponseError
from .observations import left_out, misread

INTEGER_LIMIT = 2**63
_TOKEN = re.compile(r"[!-~]+")


def mapping(value: Any, what: str) -> Mapping[str, Any]:
    """Return a JSON object unchanged; anything else raises `PlexResponseError`."""
    if isinstance(value, dict):
        return value
    misread(what, value)
    raise PlexResponseError(f"Not a JSON object: {what}")


def container(document: Any) -> Mapping[str, Any]:
    """Return the `MediaContainer` of a response of a Plex Media Server."""
    return mapping(mapping(document, "the response").get("MediaContainer"), "MediaContainer")


def child(data: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    """Return the object of a key, empty if there is none."""
    value = data.get(key)
    return value if isinstance(value, dict) else {}


def objects(value: Any) -> list[Mapping[str, Any]]:
    """Return the objects in a list; other items are left out."""
    return list(parsed_items(value, lambda item: mapping(item, "an item")))


def parsed_items[T](value: Any, parse: Callable[[Any], T]) -> tuple[T, ...]:
    """Parse the items of a list; items that raise `PlexResponseError` are left out.

    A single object counts as a list of one item, any other value as an empty list.
    """
    if isinstance(value, dict):
        value = [value]
    parsed: list[T] = []
    for item in value if isinstance(value, list) else []:
        try:
            parsed.append(parse(item))
        except PlexResponseError:
            continue
    return tuple(parsed)


def text(value: Any) -> str | None:
    """Return a string or an integer as text; `None` if it is empty or of another type.

    Lone surrogates, which are valid in JSON but not in UTF-8, become question marks.
    """
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if not isinstance(value, str):
        return None
    return value.encode("utf-8", "replace").decode("utf-8").strip() or None


def library_key(value: Any) -> str | None:
    """Return the key of a library as text.

    Plex numbers libraries from 1. TV guides and online content have negative numbers (reported):
    they are no libraries.
    """
    key = text(value)
    return None if key is None or key.startswith("-") or key == "0" else key


def first_of(data: Mapping[str, Any], *keys: str) -> str | None:
    """Return the first text among the values of several keys."""
    return next((value for key in keys if (value := text(data.get(key))) is not None), None)


def server_path(value: Any) -> str | None:
    """Return a path on the server, for example of an image; a query with a token is removed.

    URLs of other hosts are `None`, because the server would have to fetch them.
    """
    path = text(value)
    if path is None or not path.startswith("/") or path.startswith("//"):
        return None
    return path.partition("?")[0] if "token" in path.lower() else path


def thumb_path(data: Mapping[str, Any]) -> str | None:
    """Return the image path of an item, else that of its parent or grandparent."""
    return server_path(first_of(data, "thumb", "parentThumb", "grandparentThumb"))


def season_and_episode(data: Mapping[str, Any]) -> tuple[int | None, int | None]:
    """Return the season and episode numbers of a season or an episode."""
    match data.get("type"):
        case "episode":
            return integer(data.get("parentIndex")), integer(data.get("index"))
        case "season":
            return integer(data.get("index")), None
        case _:
            return None, None


def missing(data: Mapping[str, Any], key: str) -> PlexResponseError:
    """Return the error for an object that lacks a required value, which is counted."""
    left_out(key, data)
    return PlexResponseError(f"Plex left out {key}")


def required_text(data: Mapping[str, Any], key: str) -> str:
    """Return the text of a key; `PlexResponseError` if there is none."""
    if (value := text(data.get(key))) is None:
        raise missing(data, key)
    return value


def required_identifier(data: Mapping[str, Any], key: str) -> str:
    """Return the identifier of a key; `PlexResponseError` if it is not a string."""
    if not isinstance(data.get(key), str):
        raise missing(data, key)
    return required_text(data, key)


def secret(value: Any) -> str | None:
    """Return a token; `None` if the value is not printable ASCII without spaces."""
    return value if isinstance(value, str) and _TOKEN.fullmatch(value) else None


def number(value: Any) -> float | None:
    """Return a finite number, also from text."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        parsed = float(value)
    except ValueError, OverflowError:
        return None
    return parsed if math.isfinite(parsed) else None


def integer(value: Any) -> int | None:
    """Return an integer, also from text; fractions are truncated.

    Integers of Plex have 64 bits at most. Larger values are `None`: they are invalid, and could
    overflow a float when calculated with.
    """
    if (parsed := number(value)) is None:
        return None
    whole = value if isinstance(value, int) else int(parsed)
    return whole if abs(whole) < INTEGER_LIMIT else None


def required_integer(data: Mapping[str, Any], key: str) -> int:
    """Return the integer of a key; `PlexResponseError` if there is none."""
    if (value := integer(data.get(key))) is None:
        raise missing(data, key)
    return value


def boolean(value: Any, *, default: bool = False) -> bool:
    """Return a bool, also from 1, 0 or text."""
    if isinstance(value, str):
        return {"1": True, "true": True, "0": False, "false": False}.get(
            value.strip().lower(), default
        )
    return bool(value) if isinstance(value, int) else default


def timestamp(value: Any) -> datetime | None:
    """Return the time of a Unix timestamp in seconds; `None` for 0 and less, which mean never."""
    seconds = number(value)
    if seconds is None or seconds <= 0:
        return None
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except ValueError, OverflowError, OSError:
        return None


def required_timestamp(data: Mapping[str, Any], key: str) -> datetime:
    """Return the time of a key; `PlexResponseError` if there is none."""
    if (value := timestamp(data.get(key))) is None:
        raise missing(data, key)
    return value
