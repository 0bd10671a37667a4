"""Parsing of JSON values: lenient about types, strict about required values.

Plex writes the same value as an int, a string or a bool, depending on the endpoint, the format and
the age of the server (captured), and omits empty lists (captured): `size` is 0 then.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
import math
import re
from typing import Any

from .errors import PlexOtherItemError, PlexResponseError
from .limits import MAX_ITEMS, MAX_KEY, MAX_LONG_TEXT, MAX_PATH, MAX_SECRET, MAX_TEXT
from .observations import left_out, misread

INTEGER_LIMIT = 2**63
# No later time can be converted to every time zone.
LATEST = datetime(9999, 1, 1, tzinfo=UTC)
# Characters of a string that are examined at all.
MAX_LENGTH = 4 * MAX_LONG_TEXT
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


def objects(value: Any, *, limit: int = MAX_ITEMS) -> list[Mapping[str, Any]]:
    """Return the objects in a detail; other items, and those above the limit, are left out."""
    return list(parsed_items(value, lambda item: mapping(item, "an item"), limit=limit))


def parsed_items[T](
    value: Any, parse: Callable[[Any], T], *, limit: int = MAX_ITEMS
) -> tuple[T, ...]:
    """Parse the first items of a detail; items that raise `PlexResponseError` are left out.

    A single object counts as a list of one item, any other value as an empty list.
    """
    rows = [value] if isinstance(value, dict) else value
    return _parsed_rows(rows if isinstance(rows, list) else [], parse, limit)[0]


def listed_items[T](
    data: Mapping[str, Any],
    key: str,
    parse: Callable[[Any], T],
    *,
    limit: int = MAX_ITEMS,
    counts: tuple[str, ...] = ("size",),
) -> tuple[T, ...]:
    """Parse the first items of the list that an answer is about.

    Like `required_items`, for an answer with a `size`: a list that is left out without a size of 0
    is none, and an empty one is none where one of the `counts` is above 0.
    """
    value = data.get(key)
    if value is None:
        required_integer(data, "size")
    if not value and any((integer(data.get(name)) or 0) > 0 for name in counts):
        raise missing(data, key)
    return required_items(value, key, parse, limit=limit)


def required_items[T](
    value: Any, what: str, parse: Callable[[Any], T], *, limit: int = MAX_ITEMS
) -> tuple[T, ...]:
    """Parse the first items of a list; `PlexResponseError` if it is none, or none can be parsed.

    Those that raise `PlexOtherItemError` are left out like invalid ones, but count as valid.
    """
    parsed, is_invalid = _parsed_rows(rows_of(value, what), parse, limit)
    if is_invalid and not parsed:
        raise PlexResponseError(f"No valid items: {what}")
    return parsed


def rows_of(value: Any, what: str) -> list[Any]:
    """Return a list, also of a single object or of nothing; `PlexResponseError` if it is none."""
    match value:
        case list():
            return value
        case dict():
            return [value]
        case None:
            return []
        case _:
            misread(what, value)
            raise PlexResponseError(f"Not a list: {what}")


def _parsed_rows[T](
    rows: list[Any], parse: Callable[[Any], T], limit: int
) -> tuple[tuple[T, ...], bool]:
    """Return the items that can be parsed, and whether any of the others is invalid."""
    parsed: list[T] = []
    is_invalid = False
    for row in rows[:limit]:
        try:
            parsed.append(parse(row))
        except PlexOtherItemError:
            continue
        except PlexResponseError:
            is_invalid = True
    return tuple(parsed), is_invalid


def _whole_text(value: Any) -> str | None:
    """Return a string or an integer as text; `None` if it is empty or of another type.

    Lone surrogates, which are valid in JSON but not in UTF-8, become question marks.
    """
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value) if abs(value) < INTEGER_LIMIT else None
    if not isinstance(value, str):
        return None
    return value.encode("utf-8", "replace").decode("utf-8").strip() or None


def text(value: Any, *, limit: int = MAX_TEXT) -> str | None:
    """Return a string or an integer as text that is shown; one that is too long is cut."""
    if isinstance(value, str):
        # There may be spaces before it.
        value = value[:MAX_LENGTH].strip()[: limit + 1]
    shown = _whole_text(value)
    if shown is None or len(shown) <= limit:
        return shown
    return f"{shown[: limit - 1]}…"


def string(value: Any) -> str | None:
    """Return a string as text that is shown; `None` for a number."""
    return text(value) if isinstance(value, str) else None


def identifier(value: Any, *, limit: int = MAX_KEY) -> str | None:
    """Return a string or an integer as the name of something; `None` if it is too long."""
    if isinstance(value, str) and len(value) > MAX_LENGTH:
        return None
    name = _whole_text(value)
    return None if name is None or len(name) > limit else name


def library_key(value: Any) -> str | None:
    """Return the key of a library as text.

    Plex numbers libraries from 1. TV guides and online content have negative numbers (reported):
    they are no libraries.
    """
    key = identifier(value)
    return None if key is None or key.startswith("-") or key == "0" else key


def first_of(data: Mapping[str, Any], *keys: str) -> str | None:
    """Return the first text among the values of several keys."""
    return next((value for key in keys if (value := text(data.get(key))) is not None), None)


def server_path(value: Any) -> str | None:
    """Return a path on the server, for example of an image; a query with a token is removed.

    URLs of other hosts are `None`, because the server would have to fetch them.
    """
    path = identifier(value, limit=MAX_PATH)
    if path is None or not path.startswith("/") or path.startswith("//"):
        return None
    return path.partition("?")[0] if "token" in path.lower() else path


def thumb_path(data: Mapping[str, Any]) -> str | None:
    """Return the image path of an item, else that of its parent or grandparent."""
    return server_path(data.get("thumb")) or parent_thumb_path(data)


def parent_thumb_path(data: Mapping[str, Any]) -> str | None:
    """Return the image path of the parent of an item, else that of its grandparent."""
    return server_path(data.get("parentThumb")) or server_path(data.get("grandparentThumb"))


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


def other(data: Mapping[str, Any], key: str) -> PlexOtherItemError:
    """Return the error for an item that is not listed because it has no such value."""
    left_out(key, data)
    return PlexOtherItemError(f"Plex left out {key}")


def required_text(data: Mapping[str, Any], key: str) -> str:
    """Return the text of a key; `PlexResponseError` if there is none."""
    if (value := text(data.get(key))) is None:
        raise missing(data, key)
    return value


def required_key(data: Mapping[str, Any], key: str, *, limit: int = MAX_KEY) -> str:
    """Return the identifier of a key, also from a number; `PlexResponseError` if there is none."""
    if (value := identifier(data.get(key), limit=limit)) is None:
        raise missing(data, key)
    return value


def required_identifier(data: Mapping[str, Any], key: str) -> str:
    """Return the identifier of a key; `PlexResponseError` if it is not a string."""
    if not isinstance(data.get(key), str):
        raise missing(data, key)
    return required_key(data, key)


def secret(value: Any) -> str | None:
    """Return a token; `None` if the value is not printable ASCII without spaces."""
    if not isinstance(value, str) or len(value) > MAX_SECRET:
        return None
    return value if _TOKEN.fullmatch(value) else None


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


def understood[T](data: Mapping[str, Any], key: str, parse: Callable[[Any], T | None]) -> T | None:
    """Return the value of a key, `None` if there is none.

    A value that cannot be parsed raises `PlexResponseError`.
    """
    value = data.get(key)
    if value is None or value == "":
        return None
    if (parsed := parse(value)) is None:
        raise missing(data, key)
    return parsed


def required_integer(data: Mapping[str, Any], key: str) -> int:
    """Return the integer of a key; `PlexResponseError` if there is none."""
    if (value := integer(data.get(key))) is None:
        raise missing(data, key)
    return value


def flag(value: Any) -> bool | None:
    """Return a bool, also from 1, 0 or text; `None` for any other value."""
    if isinstance(value, str):
        return {"1": True, "true": True, "0": False, "false": False}.get(value.strip().lower())
    return bool(value) if isinstance(value, int) else None


def boolean(value: Any, *, default: bool = False) -> bool:
    """Return a bool, also from 1, 0 or text; the default for any other value."""
    found = flag(value)
    return default if found is None else found


def required_flag(data: Mapping[str, Any], key: str) -> bool:
    """Return the bool of a key; `PlexResponseError` if there is none."""
    if (value := flag(data.get(key))) is None:
        raise missing(data, key)
    return value


def timestamp(value: Any) -> datetime | None:
    """Return the time of a Unix timestamp in seconds; `None` for 0 and less, which mean never.

    A time that is too late for Python or for some time zone is unknown as well.
    """
    seconds = number(value)
    if seconds is None or not 0 < seconds < LATEST.timestamp():
        return None
    return datetime.fromtimestamp(seconds, UTC)


def required_timestamp(data: Mapping[str, Any], key: str) -> datetime:
    """Return the time of a key; `PlexResponseError` if there is none."""
    if (value := timestamp(data.get(key))) is None:
        raise missing(data, key)
    return value
