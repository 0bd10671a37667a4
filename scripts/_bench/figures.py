"""The results as rows of tables."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from .alarms import ALLOWED, DOWN, PLEX_TV_DOWN, REFUSED
from .contenders import CONTENDERS, CORE_PLEX, PLEX_MONITOR
from .scale import exponent

type Json = dict[str, Any]
type Format = Callable[[float], str]


def seconds(value: float) -> str:
    """Format seconds."""
    return f"{value * 1000:.1f} ms" if value < 1 else f"{value:.2f} s"


def megabytes(value: float) -> str:
    """Format bytes of memory."""
    return f"{value / 1e6:.1f} MB"


def kilobytes(value: float) -> str:
    """Format bytes of traffic."""
    return f"{value / 1e3:.0f} kB"


def number(value: float) -> str:
    """Format a count."""
    return f"{value:.0f}"


def decimal(value: float) -> str:
    """Format a small count."""
    return f"{value:.1f}"


def minutes(value: float) -> str:
    """Format minutes."""
    if value < 1:
        return f"{value * 60:.0f} s"
    return f"{value:.1f} min" if value < 120 else f"{value / 60:.1f} h"  # noqa: PLR2004 - two hours


@dataclass(frozen=True)
class Measure:
    """A row of a table before it is filled: the key and the format of its values."""

    title: str
    key: str
    form: Format
    note: str = ""


COUNTS = (
    "Plex Monitor adds entities for each library and counts its items;"
    " the library sensor of plex is disabled by default."
)
BOTH = (
    "Plex Monitor updates two states, the list of streams, and an event; plex updates its player."
)
SPEED = (
    Measure("Setup until the entry is loaded", "setup_loaded_0", seconds),
    Measure("… at 20 ms from the server", "setup_loaded_20", seconds),
    Measure("Setup until the streams are shown", "setup_shown_0", seconds),
    Measure("… at 20 ms from the server", "setup_shown_20", seconds),
    Measure("Requests of a setup", "setup_requests_0", number, COUNTS),
    Measure("Executor jobs of a setup", "setup_jobs_0", number),
    Measure(
        "Event loop blocked by a setup, longest",
        "setup_longest_block_0",
        seconds,
        "Plex Monitor adds five times as many entities.",
    ),
    Measure("Memory added (PSS)", "memory_pss", megabytes),
    Measure(
        "CPU per 1,000 pushes, positions of streams",
        "cpu_positions",
        seconds,
        "A stream reports this many positions in about three hours.",
    ),
    Measure("CPU per 1,000 pushes, pause and resume", "cpu_changes", seconds, BOTH),
    Measure(
        "CPU per 1,000 pushes, scan that adds films",
        "cpu_scan",
        seconds,
        "plex does not follow scans: its cost is too small to measure.",
    ),
    Measure("Executor jobs per 1,000 pushes", "jobs_changes", number),
    Measure("Event loop late during pushes, longest", "block_longest", seconds),
    Measure("Event loop late during pushes, p99", "block_p99", seconds),
    Measure("Push to state, pause and resume, p50", "latency_change_p50", seconds, BOTH),
    Measure("Push to state, pause and resume, p99", "latency_change_p99", seconds, BOTH),
    Measure("Push to state, new stream, p50", "latency_start_p50", seconds),
    Measure("Push to state, new stream, longest", "latency_start_longest", seconds),
)
ACCELERATED = "Of the whole process, on a clock that runs 30 times as fast."
POLLS = "Plex Monitor polls once a minute even with push, which corrects what push has missed."
TRAFFIC = (
    Measure("Requests to the server per hour, idle", "requests_idle_server", number, POLLS),
    Measure("… with 5 streams", "requests_streams_server", number, POLLS),
    Measure("Bytes from and to the server per hour, idle", "bytes_idle_server", kilobytes, POLLS),
    Measure("… with 5 streams", "bytes_streams_server", kilobytes, POLLS),
    Measure("Requests to plex.tv per hour, idle", "requests_idle_plex_tv", number),
    Measure("… with 5 streams", "requests_streams_plex_tv", number),
    Measure("Bytes from and to plex.tv per hour, idle", "bytes_idle_plex_tv", kilobytes),
    Measure("… with 5 streams", "bytes_streams_plex_tv", kilobytes),
    Measure(
        "Executor jobs per hour, with 5 streams",
        "jobs_streams",
        number,
        "Including those of Home Assistant itself.",
    ),
)
FAILURES = (
    Measure(
        "Setup with a server and plex.tv that never answer, until Home Assistant goes on",
        "setup_silent",
        seconds,
    ),
    Measure("Requests to the server per minute, with 5 streams", "requests_well", decimal, POLLS),
    Measure("… while it answers 500 for its streams", "requests_failing", decimal),
    Measure("CPU per minute, with 5 streams", "cpu_well", seconds, ACCELERATED),
    Measure("… while it answers 500 for its streams", "cpu_failing", seconds, ACCELERATED),
)
DEAD_TOKEN = (
    Measure("Until an invalid token is reported, server rejects it", REFUSED, minutes),
    Measure("… server in an allowed network", ALLOWED, minutes),
    Measure("… server down at the time, from when it is back", DOWN, minutes),
)
GROWTH = (
    Measure("Memory added", "memory", megabytes, COUNTS),
    Measure("Setup", "setup_loaded", seconds),
    Measure("CPU of a setup", "setup_cpu", seconds, COUNTS),
    Measure("Requests of a setup", "setup_requests", number, COUNTS),
    Measure("Requests after one film was added", "addition_requests", number, COUNTS),
    Measure("CPU per 1,000 positions", "cpu_positions", seconds),
    Measure("CPU per 1,000 changes", "cpu_changes", seconds),
)
HOSTILE = {
    "usual": "Usual answers",
    "nothing": "Each answer a list of nothing, 16 MiB",
    "some_nothing": "… 2 MiB",
    "text": "Each answer one text, 16 MiB",
    "some_text": "… 2 MiB",
    "levels": "Each answer nested 100,000 times",
    "streams": "2,000 streams",
    "libraries": "5,000 libraries",
    "positions": "10,000 streams pushed at once",
    "activities": "5,000 activities pushed at once",
    "items": "10,000 new items pushed at once",
    "frames": "100 frames of nothing pushed at once, 1 MiB each",
}
STEPS_OF = {
    "streams": "streams",
    "libraries": "libraries",
    "items": "items in 10 libraries",
}
# Faults in which the server itself works, or works again soon.
SERVER_WORKS = {PLEX_TV_DOWN, "restart"}


@dataclass(frozen=True, kw_only=True)
class Row:
    """A row of a table: its title and its cells."""

    title: str
    cells: tuple[str, ...]
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class Table:
    """A table with its heading."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]


def tables(results: Json) -> list[Table]:
    """Return the results as tables."""
    made = []
    names = tuple(contender.name for contender in CONTENDERS)
    compared = ("", *names, "Ratio")
    if "speed" in results:
        rows = [_compared(one, _of_runs(results["speed"], one.key)) for one in SPEED]
        made.append(Table(title="Cost and speed", columns=compared, rows=tuple(rows)))
    if "traffic" in results:
        rows = [_compared(one, _of_runs(results["traffic"], one.key)) for one in TRAFFIC]
        made.append(Table(title="Traffic", columns=compared, rows=tuple(rows)))
    if "failures" in results:
        rows = [_compared(one, _of_runs(results["failures"], one.key)) for one in FAILURES]
        made.append(Table(title="Failing parts", columns=compared, rows=tuple(rows)))
    if "hostile" in results:
        made += [
            _hostile(
                results["hostile"], compared, "held", "Hostile server: event loop held", seconds
            ),
            _hostile(results["hostile"], compared, "memory", "Hostile server: memory", megabytes),
        ]
    if "alarms" in results:
        rows = [_dead_token(one, results["alarms"]) for one in DEAD_TOKEN]
        made.append(Table(title="Invalid token", columns=compared, rows=tuple(rows)))
        made.append(_faults(results["alarms"], names))
    if "scale" in results:
        made += _growth(results["scale"])
    return made


def _of_runs(runs: Json, key: str) -> list[list[float]]:
    """Return the values of all runs, by contender."""
    return [[run[key] for run in runs[contender.domain]] for contender in CONTENDERS]


def _compared(measure: Measure, values: Sequence[Sequence[float]]) -> Row:
    ours, theirs = (median(one) for one in values)
    return Row(
        title=measure.title,
        cells=(*(_spread(measure.form, one) for one in values), _ratio(ours, theirs)),
        note=measure.note,
    )


def _spread(form: Format, values: Sequence[float]) -> str:
    """Return the median, with the least and the most of all runs."""
    middle = form(median(values))
    least, most = form(min(values)), form(max(values))
    return middle if least == most else f"{middle} ({least} to {most})"


def _ratio(ours: float, theirs: float) -> str:
    """Return how many times as much the other integration takes."""
    if ours <= 0 or theirs <= 0:
        return ""
    return f"{theirs / ours:.1f}" if theirs >= ours else f"1/{ours / theirs:.1f}"


def _hostile(runs: Json, columns: tuple[str, ...], figure: str, title: str, form: Format) -> Table:
    """Return what was tried as rows."""
    tried = [key for key in HOSTILE if f"{figure}_{key}" in runs[PLEX_MONITOR.domain][0]]
    rows = [
        _compared(Measure(HOSTILE[key], key, form), _of_runs(runs, f"{figure}_{key}"))
        for key in tried
    ]
    return Table(title=title, columns=columns, rows=tuple(rows))


def _dead_token(measure: Measure, alarms: Json) -> Row:
    values = [alarms[contender.domain]["reported"][measure.key] for contender in CONTENDERS]
    within = minutes(alarms[PLEX_MONITOR.domain]["within"][measure.key])

    def cell(times: Sequence[float | None]) -> str:
        reported = [one for one in times if one is not None]
        if not times:
            return "not measured"
        if not reported:
            return f"not within {within}"
        missed = len(times) - len(reported)
        return _spread(measure.form, reported) + (
            f", {missed} not within {within}" if missed else ""
        )

    ratio = ""
    if all(one and None not in one for one in values):
        ratio = _ratio(*(median(one) for one in values))
    return Row(title=measure.title, cells=(*(cell(one) for one in values), ratio))


def _faults(alarms: Json, names: tuple[str, ...]) -> Table:
    """Return what each contender shows in faults that do not concern the token."""
    rows = []
    faults = alarms[PLEX_MONITOR.domain]["shown"]
    for fault in faults:
        cells = []
        for contender in CONTENDERS:
            stages = alarms[contender.domain]["shown"][fault]
            cells.append(
                "; ".join(
                    [
                        *(_seen(fault, stages[stage]) for stage in ("soon", "later", "started")),
                        _after_fault(stages["started"], stages["over"]),
                    ]
                )
            )
        rows.append(Row(title=fault, cells=tuple(cells)))
    return Table(
        title="Faults that do not concern the token: after 3 minutes; after 20 minutes; after a"
        " start of Home Assistant meanwhile; after the end of the fault",
        columns=("", *names),
        rows=tuple(rows),
    )


def _after_fault(before: Json, shown: Json) -> str:
    if shown["prompt"] or shown["repairs"]:
        return "asks to sign in"
    if not shown["available"]:
        return "stays broken"
    return "keeps working" if before["available"] else f"back after {minutes(shown['after'])}"


def _seen(fault: str, shown: Json) -> str:
    if shown["prompt"] or shown["repairs"]:
        return "asks to sign in"
    if shown["available"]:
        return "keeps working" if fault in SERVER_WORKS else "shows old states"
    return "gives up" if shown["state"] == "setup_error" else "unavailable"


def _growth(scale: Json) -> list[Table]:
    made = []
    for dimension in scale[CORE_PLEX.domain]:
        title = STEPS_OF[dimension]
        steps = {one.domain: scale[one.domain][dimension] for one in CONTENDERS}
        sizes = [f"{step['size']:,.0f}" for step in steps[CORE_PLEX.domain]]
        rows = []
        for measure in GROWTH:
            cells = []
            for one in CONTENDERS:
                slope = exponent(steps[one.domain], measure.key)
                grown = " → ".join(measure.form(step[measure.key]) for step in steps[one.domain])
                cells.append(f"{grown} ({'none' if slope is None else f'{slope:.2f}'})")
            rows.append(Row(title=measure.title, cells=tuple(cells), note=measure.note))
        made.append(
            Table(
                title=f"Growth with {' → '.join(sizes)} {title} (exponent)",
                columns=("", *(one.name for one in CONTENDERS)),
                rows=tuple(rows),
            )
        )
    return made
