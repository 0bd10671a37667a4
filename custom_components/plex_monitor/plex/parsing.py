"""Reading what Plex writes: lenient with types, never with what is essential.

Plex writes the same value as an int, a string or a bool, depending on the endpoint, the format and
the age of the server (captured), and leaves a list out when it is empty (captured).
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
import math
import re
from typing import Any

from .errors import PlexResponseError

GREATEST = 2**63
_TOKEN = re.compile(r"[!-~]+")


def mapping(value: Any, what: str) -> Mapping[str, Any]:
    """Return a JSON object as it is; anything else raises `PlexResponseError`."""
    if isinstance(value, dict):
        return value
    raise PlexResponseError(f"Not a JSON object: {what}")


def container(document: Any) -> Mapping[str, Any]:
    """Return the `MediaContainer` that a Plex Media Server wraps its answers in."""
    return mapping(mapping(document, "the answer").get("MediaContainer"), "MediaContainer")


def child(data: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    """Return the object under a key, empty where there is none."""
    value = data.get(key)
    return value if isinstance(value, dict) else {}


def objects(value: Any) -> list[Mapping[str, Any]]:
    """Return the objects of a list; what is no object is left out."""
    return list(parsed_items(value, lambda item: mapping(item, "an item")))


def parsed_items[T](value: Any, parse: Callable[[Any], T]) -> tuple[T, ...]:
    """Parse every item of a list; an item that cannot be parsed costs that item.

    A lone object counts as a list of one; anything else that is not a list is an empty one.
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
    """Return a string or a whole number as text; what is empty or of another type is `None`.

    Lone surrogates, which JSON can carry and UTF-8 cannot, become question marks.
    """
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if not isinstance(value, str):
        return None
    return value.encode("utf-8", "replace").decode("utf-8").strip() or None


def first_of(data: Mapping[str, Any], *keys: str) -> str | None:
    """Return the first text there is under several keys."""
    return next((value for key in keys if (value := text(data.get(key))) is not None), None)


def server_path(value: Any) -> str | None:
    """Return a path on the server, for instance of a picture, without a token that is in it.

    Addresses of other hosts are `None`: the server would have to fetch them.
    """
    path = text(value)
    if path is None or not path.startswith("/") or path.startswith("//"):
        return None
    return path.partition("?")[0] if "token" in path.lower() else path


def numbering(data: Mapping[str, Any]) -> tuple[int | None, int | None]:
    """Return the numbers of season and episode, for what has such."""
    match data.get("type"):
        case "episode":
            return integer(data.get("parentIndex")), integer(data.get("index"))
        case "season":
            return integer(data.get("index")), None
        case _:
            return None, None


def required_text(data: Mapping[str, Any], key: str) -> str:
    """Return a text without which the object means nothing."""
    if (value := text(data.get(key))) is None:
        raise PlexResponseError(f"Plex left out {key}")
    return value


def required_identifier(data: Mapping[str, Any], key: str) -> str:
    """Return an identifier, which is always a string: a wrong type is rubbish, not another one."""
    if not isinstance(data.get(key), str):
        raise PlexResponseError(f"Plex left out {key}")
    return required_text(data, key)


def secret(value: Any) -> str | None:
    """Return a token, where the value can be one: printable ASCII without spaces."""
    return value if isinstance(value, str) and _TOKEN.fullmatch(value) else None


def number(value: Any) -> float | None:
    """Return a finite number, also one written as text."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        parsed = float(value)
    except ValueError, OverflowError:
        return None
    return parsed if math.isfinite(parsed) else None


def integer(value: Any) -> int | None:
    """Return a whole number, also one written as text; fractions are cut off.

    Plex's numbers have 64 bits at most. What is greater is rubbish, which could not be reckoned
    with either: a quotient or a sum of such may be more than a float can hold.
    """
    if (parsed := number(value)) is None:
        return None
    whole = value if isinstance(value, int) else int(parsed)
    return whole if abs(whole) < GREATEST else None


def boolean(value: Any, *, default: bool = False) -> bool:
    """Return a bool, also one written as 1, 0 or text."""
    if isinstance(value, str):
        return {"1": True, "true": True, "0": False, "false": False}.get(
            value.strip().lower(), default
        )
    return bool(value) if isinstance(value, int) else default


def moment(value: Any) -> datetime | None:
    """Return a time that Plex writes in seconds since 1970; 0 and less stand for never."""
    seconds = number(value)
    if seconds is None or seconds <= 0:
        return None
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except ValueError, OverflowError, OSError:
        return None
