"""What was measured, as rows of a table."""

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
    """Return a time to read."""
    return f"{value * 1000:.1f} ms" if value < 1 else f"{value:.2f} s"


def megabytes(value: float) -> str:
    """Return a size of memory to read."""
    return f"{value / 1e6:.1f} MB"


def kilobytes(value: float) -> str:
    """Return an amount of traffic to read."""
    return f"{value / 1e3:.0f} kB"


def number(value: float) -> str:
    """Return a count to read."""
    return f"{value:.0f}"


def minutes(value: float) -> str:
    """Return minutes of the faster clock to read."""
    if value < 1:
        return f"{value * 60:.0f} s"
    return f"{value:.1f} min" if value < 120 else f"{value / 60:.1f} h"  # noqa: PLR2004 - two hours


@dataclass(frozen=True, kw_only=True)
class Measure:
    """A row of the table, before it is filled: where its values are, and how they are written."""

    title: str
    key: str
    form: Format
    note: str = ""


COUNTS = (
    "Plex Monitor has entities of each library and counts it; plex leaves its library sensor off."
)
BOTH = "Plex Monitor writes two states, the list of streams and an event; plex writes its player."
SPEED = (
    Measure(title="Setup until the entry is loaded", key="setup_loaded_0", form=seconds),
    Measure(title="… at 20 ms from the server", key="setup_loaded_20", form=seconds),
    Measure(title="Setup until the streams are shown", key="setup_shown_0", form=seconds),
    Measure(title="… at 20 ms from the server", key="setup_shown_20", form=seconds),
    Measure(
        title="Requests of a setup",
        key="setup_requests_0",
        form=number,
        note=COUNTS,
    ),
    Measure(title="Executor jobs of a setup", key="setup_jobs_0", form=number),
    Measure(
        title="Event loop blocked by a setup, longest",
        key="setup_longest_block_0",
        form=seconds,
        note="Plex Monitor adds five times as many entities.",
    ),
    Measure(title="Memory added (PSS)", key="memory_pss", form=megabytes),
    Measure(
        title="CPU per 1,000 pushes, positions of streams",
        key="cpu_positions",
        form=seconds,
        note="So many positions are told of one stream in about three hours.",
    ),
    Measure(
        title="CPU per 1,000 pushes, pause and resume",
        key="cpu_changes",
        form=seconds,
        note=BOTH,
    ),
    Measure(
        title="CPU per 1,000 pushes, scan that adds films",
        key="cpu_scan",
        form=seconds,
        note="plex does not follow scans: what is left of it is below what can be measured.",
    ),
    Measure(title="Executor jobs per 1,000 pushes", key="jobs_changes", form=number),
    Measure(title="Event loop late during pushes, longest", key="block_longest", form=seconds),
    Measure(title="Event loop late during pushes, p99", key="block_p99", form=seconds),
    Measure(
        title="Push to state, pause and resume, p50",
        key="latency_change_p50",
        form=seconds,
        note=BOTH,
    ),
    Measure(
        title="Push to state, pause and resume, p99",
        key="latency_change_p99",
        form=seconds,
        note=BOTH,
    ),
    Measure(title="Push to state, new stream, p50", key="latency_start_p50", form=seconds),
    Measure(title="Push to state, new stream, longest", key="latency_start_longest", form=seconds),
)
POLLS = "Plex Monitor polls once a minute even with push, which keeps it true."
TRAFFIC = (
    Measure(
        title="Requests to the server per hour, idle",
        key="requests_idle_server",
        form=number,
        note=POLLS,
    ),
    Measure(title="… with 5 streams", key="requests_streams_server", form=number, note=POLLS),
    Measure(
        title="Bytes from and to the server per hour, idle",
        key="bytes_idle_server",
        form=kilobytes,
        note=POLLS,
    ),
    Measure(title="… with 5 streams", key="bytes_streams_server", form=kilobytes, note=POLLS),
    Measure(title="Requests to plex.tv per hour, idle", key="requests_idle_plex_tv", form=number),
    Measure(title="… with 5 streams", key="requests_streams_plex_tv", form=number),
    Measure(
        title="Bytes from and to plex.tv per hour, idle", key="bytes_idle_plex_tv", form=kilobytes
    ),
    Measure(title="… with 5 streams", key="bytes_streams_plex_tv", form=kilobytes),
    Measure(
        title="Executor jobs per hour, with 5 streams",
        key="jobs_streams",
        form=number,
        note="With those of Home Assistant itself.",
    ),
)
TOLD = (
    Measure(title="Dead token told, server refuses it", key=REFUSED, form=minutes),
    Measure(title="… server in an allowed network", key=ALLOWED, form=minutes),
    Measure(title="… server down at the time, from when it is back", key=DOWN, form=minutes),
)
GROWTH = (
    Measure(title="Memory added", key="memory", form=megabytes, note=COUNTS),
    Measure(title="Setup", key="setup_loaded", form=seconds),
    Measure(title="CPU of a setup", key="setup_cpu", form=seconds, note=COUNTS),
    Measure(title="Requests of a setup", key="setup_requests", form=number, note=COUNTS),
    Measure(
        title="Requests after one film was added",
        key="addition_requests",
        form=number,
        note=COUNTS,
    ),
    Measure(title="CPU per 1,000 positions", key="cpu_positions", form=seconds),
    Measure(title="CPU per 1,000 changes", key="cpu_changes", form=seconds),
)
STEPS_OF = {
    "streams": "streams",
    "libraries": "libraries",
    "items": "items in 10 libraries",
}
# Trouble in which the server itself is well, or soon well again.
OVER_OR_ELSEWHERE = {PLEX_TV_DOWN, "restart"}


@dataclass(frozen=True, kw_only=True)
class Row:
    """A row of a table: what it is about, and what stands in its cells."""

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
    """Return what was measured."""
    made = []
    names = tuple(contender.name for contender in CONTENDERS)
    compared = ("", *names, "Ratio")
    if "speed" in results:
        rows = [_compared(one, _of_runs(results["speed"], one.key)) for one in SPEED]
        made.append(Table(title="Cost and speed", columns=compared, rows=tuple(rows)))
    if "traffic" in results:
        rows = [_compared(one, _of_runs(results["traffic"], one.key)) for one in TRAFFIC]
        made.append(Table(title="Traffic", columns=compared, rows=tuple(rows)))
    if "alarms" in results:
        rows = [_told(one, results["alarms"]) for one in TOLD]
        made.append(Table(title="A dead token", columns=compared, rows=tuple(rows)))
        made.append(_trouble(results["alarms"], names))
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
    """Return how many times more the peer takes."""
    if ours <= 0 or theirs <= 0:
        return ""
    return f"{theirs / ours:.1f}" if theirs >= ours else f"1/{ours / theirs:.1f}"


def _told(measure: Measure, alarms: Json) -> Row:
    values = [alarms[contender.domain]["told"][measure.key] for contender in CONTENDERS]
    within = minutes(alarms[PLEX_MONITOR.domain]["within"][measure.key])

    def cell(times: Sequence[float | None]) -> str:
        told = [one for one in times if one is not None]
        if not times:
            return "not measured"
        if not told:
            return f"not within {within}"
        missed = len(times) - len(told)
        return _spread(measure.form, told) + (f", {missed} not within {within}" if missed else "")

    ratio = ""
    if all(one and None not in one for one in values):
        ratio = _ratio(*(median(one) for one in values))
    return Row(title=measure.title, cells=(*(cell(one) for one in values), ratio))


def _trouble(alarms: Json, names: tuple[str, ...]) -> Table:
    """Return what each shows in trouble that is none of the token's."""
    rows = []
    troubles = alarms[PLEX_MONITOR.domain]["shown"]
    for trouble in troubles:
        cells = []
        for contender in CONTENDERS:
            stages = alarms[contender.domain]["shown"][trouble]
            cells.append(
                "; ".join(
                    [
                        *(_seen(trouble, stages[stage]) for stage in ("soon", "later", "started")),
                        _mended(stages["started"], stages["mended"]),
                    ]
                )
            )
        rows.append(Row(title=trouble, cells=tuple(cells)))
    return Table(
        title="Trouble that is none of the token's: after 3 minutes; after 20 minutes; when Home"
        " Assistant was started meanwhile; when all is well again",
        columns=("", *names),
        rows=tuple(rows),
    )


def _mended(before: Json, shown: Json) -> str:
    if shown["prompt"] or shown["repairs"]:
        return "asks to sign in"
    if not shown["available"]:
        return "stays broken"
    return "goes on" if before["available"] else f"back after {minutes(shown['after'])}"


def _seen(trouble: str, shown: Json) -> str:
    if shown["prompt"] or shown["repairs"]:
        return "asks to sign in"
    if shown["available"]:
        return "goes on" if trouble in OVER_OR_ELSEWHERE else "shows what was as what is"
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
