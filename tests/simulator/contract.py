"""Compare the bodies that the simulator sends with captured ones of real servers.

The captures lie beside the repository, in ../shared/captures, and are not part of it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
import json
from pathlib import Path
from typing import Any

CAPTURES = Path(__file__).parents[3] / "shared" / "captures"
ITEM = "MediaContainer.Metadata[]"

type Shape = dict[str, set[str]]


def type_of(value: object) -> str:
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
        case _:
            return type(value).__name__


def shape_of(value: Any, path: str = "") -> Iterable[tuple[str, str]]:
    """Return every path in a JSON value with the type of its value."""
    yield path, type_of(value)
    if isinstance(value, dict):
        for key, item in value.items():
            # Plex's own sample has a typo in one name.
            yield from shape_of(item, f"{path}.{key}".strip('."'))
    elif isinstance(value, list):
        for item in value:
            yield from shape_of(item, f"{path}[]")


def merged(shapes: Iterable[tuple[str, str]]) -> Shape:
    """Return all types that occur at each path."""
    result: Shape = {}
    for path, kind in shapes:
        result.setdefault(path, set()).add(kind)
    return result


def captured(files: Iterable[str]) -> Iterable[tuple[str, str]]:
    """Return every path in captured bodies with its types."""
    for name in files:
        yield from shape_of(json.loads((CAPTURES / name).read_text()))


@dataclass(frozen=True, kw_only=True)
class Contract:
    """The expected bodies of an endpoint.

    `known` has what servers are known to send beyond the captures, `essential` what must be sent.
    `items` is the path of items below the top, which `item_files` have captures of.
    """

    files: tuple[str, ...]
    essential: tuple[str, ...]
    known: Mapping[str, str] = field(default_factory=dict)
    items: str = ""
    item_files: tuple[str, ...] = ()

    def allowed(self) -> Shape:
        """Return the types that a server sends at each path."""
        shapes = list(captured(self.files))
        shapes += [
            (path.replace(ITEM, self.items, 1), kind)
            for path, kind in captured(self.item_files)
            if path.startswith(ITEM)
        ]
        shapes += [(path, kind) for path, kinds in self.known.items() for kind in kinds.split("/")]
        return merged(shapes)


def violations(contract: Contract, body: Any) -> list[str]:
    """Return the differences of a body from what a server sends."""
    allowed, sent = contract.allowed(), merged(shape_of(body))
    found = [
        f"{path} is {'/'.join(sorted(kinds))}, not {'/'.join(sorted(allowed.get(path, {'known'})))}"
        for path, kinds in sent.items()
        if not kinds <= allowed.get(path, set())
    ]
    return found + [f"{path} is missing" for path in contract.essential if path not in sent]
