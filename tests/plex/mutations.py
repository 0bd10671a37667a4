"""Hypothesis strategies that mutate valid responses of Plex."""

from collections.abc import Callable, Mapping
import copy
import json
import math
from typing import Any

from hypothesis import strategies as st

LONG = 100_000
DEEP = 100_000
# More digits than Python converts to an int.
DIGITS = 5_000
MOST_MUTATIONS = 4
# A document with more values is not mutated further.
MOST_VALUES = 3000
TIMES = 50

type Path = tuple[str | int, ...]

ODD_VALUES: tuple[Any, ...] = (
    None,
    True,
    False,
    0,
    -1,
    1.5,
    2**63,
    -(2**63),
    10**308,
    10**400,
    1.7e308,
    math.nan,
    math.inf,
    -math.inf,
    "",
    " ",
    "0",
    "-1",
    "1e999",
    "NaN",
    "true",
    "\x00",
    "\ud800",
    "x" * LONG,
    "9" * LONG,
    "/" * LONG,
    [],
    {},
    [[]],
    [None, 1, "a", {}],
    {"": {}},
)
"""Values to replace others with."""


def paths_of(document: Any, at: Path = ()) -> list[Path]:
    """Return the paths of all values in a document, starting with the document."""
    found = [at]
    if isinstance(document, dict):
        for key, value in document.items():
            found += paths_of(value, (*at, key))
    elif isinstance(document, list):
        for index, value in enumerate(document):
            found += paths_of(value, (*at, index))
    return found


def _converted(value: Any) -> Any:
    """Return a list for an object, an object for a list, text for a number and the reverse."""
    match value:
        case dict():
            return list(value.values())
        case list():
            return {str(index): item for index, item in enumerate(value)}
        case str():
            return len(value)
        case bool() | None:
            return str(value)
        case _:
            return str(value)


MUTATIONS: Mapping[str, Callable[[Any, Any], Any]] = {
    "another value": lambda _value, odd: odd,
    "another type": lambda value, _odd: _converted(value),
    "in a list": lambda value, _odd: [value],
    "in an object": lambda value, _odd: {"value": value},
    "repeated": lambda value, _odd: [value] * TIMES,
    "extended": lambda value, odd: {**value, "": odd} if isinstance(value, dict) else [value, odd],
    "tripled": lambda value, _odd: value * 3 if isinstance(value, list | str) else value,
}


@st.composite
def mutated(draw: st.DrawFn, document: Any) -> Any:
    """Return a document after some mutations, in which keys may be removed or renamed."""
    document = copy.deepcopy(document)
    for _ in range(draw(st.integers(1, MOST_MUTATIONS))):
        paths = paths_of(document)
        if len(paths) > MOST_VALUES:
            break
        path = draw(st.sampled_from(paths))
        mutation = draw(st.sampled_from((*MUTATIONS, "removed", "renamed")))
        odd = copy.deepcopy(draw(st.sampled_from(ODD_VALUES)))
        if not path:
            document = MUTATIONS.get(mutation, MUTATIONS["another value"])(document, odd)
            continue
        parent = document
        for key in path[:-1]:
            parent = parent[key]
        value = parent[path[-1]]
        if mutation in MUTATIONS:
            parent[path[-1]] = MUTATIONS[mutation](value, odd)
        else:
            del parent[path[-1]]
            if mutation == "renamed" and isinstance(parent, dict):
                parent[str(path[-1]).upper()] = value
    return document


def _corrupted(text: str, at: int, how: str) -> str:
    """Return a text that may not be JSON any more."""
    match how:
        case "cut":
            return text[:at]
        case "deep":
            return "[" * DEEP
        case "deep inside":
            return f"{text[:at]}{'[' * DEEP}{text[at:]}"
        case "digits":
            return f"{text[:at]}{'9' * DIGITS}{text[at:]}"
        case "twice":
            return text + text
        case "garbage":
            return f"{text[:at]}\x00\ufeff\u2028{text[at:]}"
        case _:
            return text


def mutated_text(document: Any) -> st.SearchStrategy[str]:
    """Return a mutated document as text; a quarter of them are not JSON, or nested too deeply."""
    corruptions = ("cut", "deep", "deep inside", "digits", "twice", "garbage", *(["whole"] * 18))
    return st.builds(
        lambda text, part, how: _corrupted(text, int(part * len(text)), how),
        mutated(document).map(json.dumps),
        st.floats(0, 1),
        st.sampled_from(corruptions),
    )
