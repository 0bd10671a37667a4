"""What the doctor prints: counts, names of fields and types, but nothing else of the answers."""

from collections.abc import Iterable, Iterator

from custom_components.plex_monitor.plex.endpoints import endpoint_of
from custom_components.plex_monitor.plex.fields import FIELDS, OTHER, shown_name
from custom_components.plex_monitor.plex.observations import Tally
from tests.simulator.contract import Shape
from tests.simulator.contract_table import SERVER_CONTRACTS

from .examination import Recorder

MOST_LINES = 40
ROW = "{:<40} {:>6} {:>9}  {:<12} {}"


def report(server: Recorder, simulated: Recorder) -> list[str]:
    """Return the lines of the report on a server."""
    return [
        ROW.format("Endpoint", "asked", "answered", "refused", "failed"),
        *(_row(name, tally) for name, tally in sorted(server.endpoints.items())),
        "",
        "Notifications received",
        *(f"  {name}: {tally.answered}" for name, tally in sorted(server.notifications.items())),
        *([] if server.notifications else ["  none"]),
        "",
        "Not understood by Plex Monitor",
        *_or_nothing(_not_understood(server)),
        "",
        "Different from the simulated server",
        *_or_nothing(_differences(server, simulated)),
    ]


def _row(name: str, tally: Tally) -> str:
    refused, failed = _counts(tally.refused), _counts(tally.failed)
    return ROW.format(name, tally.asked, tally.answered, refused or "-", failed or "-")


def _counts(counts: dict[str, int]) -> str:
    return ", ".join(f"{count} x {name}" for name, count in counts.items())


def _or_nothing(lines: Iterable[str]) -> list[str]:
    return [f"  {line}" for line in lines] or ["  nothing"]


def _not_understood(server: Recorder) -> Iterator[str]:
    """Return what was not understood, by endpoint and kind of notification."""
    for name, tally in sorted([*server.endpoints.items(), *server.notifications.items()]):
        for what, counts in (
            ("left out for", tally.left_out),
            ("of another type", tally.not_understood),
            ("unknown, beside what is missing", tally.unknown),
        ):
            if counts:
                yield f"{name}: {what}: {_counts(counts)}"


def _differences(server: Recorder, simulated: Recorder) -> Iterator[str]:
    """Return how the shapes of the answers differ where both servers gave any."""
    known = FIELDS.keys() | {
        part.removesuffix("[]")
        for shape in simulated.shapes.values()
        for path in shape
        for part in path.split(".")
    }
    for name in sorted(server.shapes.keys() & simulated.shapes.keys() - {OTHER}):
        lines = list(_differences_of(server.shapes[name], simulated.shapes[name], known))
        lines += [
            f"is missing: {path}"
            for path in _essential(name)
            if path not in server.shapes[name] and _parent(path) in server.shapes[name]
        ]
        for line in list(dict.fromkeys(lines))[:MOST_LINES]:
            yield f"{name}: {line}"


def _differences_of(server: Shape, simulated: Shape, known: set[str]) -> Iterator[str]:
    for path, kinds in sorted(server.items()):
        shown = _shown(path, kinds, known)
        if path not in simulated:
            if not path or _parent(path) in simulated:
                yield f"only the server has: {shown} ({'/'.join(sorted(kinds))})"
        elif more := kinds - simulated[path]:
            yield f"other type: {shown} ({'/'.join(sorted(more))})"
    for path in sorted(simulated.keys() - server.keys()):
        if path.rpartition(".")[2].removesuffix("[]") in FIELDS and _parent(path) in server:
            yield f"read, and only the simulated server has: {path}"


def _essential(name: str) -> set[str]:
    """Return the paths that all answers of an endpoint must have."""
    return {
        path
        for endpoint, contract in SERVER_CONTRACTS.items()
        if endpoint_of("GET", endpoint.partition("?")[0]) == name
        for path in contract.essential
    }


def _parent(path: str) -> str:
    """Return the path of the object or list that has a field or items."""
    return path.removesuffix("[]") if path.endswith("[]") else path.rpartition(".")[0]


def _shown(path: str, kinds: set[str], known: set[str]) -> str:
    """Return a path with the names that may be shown."""
    *above, last = path.split(".")
    parts = [(part, "object") for part in above] + [(last, min(kinds))]
    shown = []
    for part, kind in parts:
        name = part.removesuffix("[]")
        shown.append((name if name in known else shown_name(name, kind)) + part[len(name) :])
    return ".".join(shown)
