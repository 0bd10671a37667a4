"""The benchmark: see scripts/bench."""

import argparse
import asyncio
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
import json
import os
from pathlib import Path
import platform
import signal
import sys
import time
from typing import Any

from homeassistant.const import __version__ as HA_VERSION

from tests.real import HomeAssistantError, StartError

from . import alarms, failures, hostile, scale, speed, traffic
from .contenders import CONTENDERS, Contender
from .figures import tables
from .plex import ROOT, PlexError
from .report import as_markdown, as_text

BEGIN, END = "<!-- bench -->", "<!-- /bench -->"
RESULTS = ROOT / "artefacts" / "bench.json"
PARTS = ("speed", "traffic", "failures", "alarms", "scale", "hostile")

type Json = dict[str, Any]


def parse() -> argparse.Namespace:
    """Return the arguments."""
    parser = argparse.ArgumentParser(
        prog="scripts/bench",
        description="Compare Plex Monitor with Home Assistant's own plex, in real processes.",
    )
    parser.add_argument("--quick", action="store_true", help="short runs, to try it out")
    parser.add_argument("--runs", type=int, default=3, help="runs of cost and speed (default: 3)")
    parser.add_argument("--only", choices=PARTS, nargs="+", default=PARTS, help="only these parts")
    parser.add_argument("--markdown", action="store_true", help="print Markdown")
    parser.add_argument("--readme", action="store_true", help="replace the tables in README.md")
    parser.add_argument(
        "--again", action="store_true", help="print the last results without measuring"
    )
    parser.add_argument("--results", type=Path, default=RESULTS, help="file of the results as JSON")
    return parser.parse_args()


def log(text: str) -> None:
    """Print a line on the progress."""
    print(f"{time.strftime('%H:%M:%S')} {text}", file=sys.stderr, flush=True)


async def measure_all(arguments: argparse.Namespace) -> None:
    """Measure the selected parts, and store the results after each."""
    quick, runs = arguments.quick, 1 if arguments.quick else arguments.runs
    results: Json = {
        "home_assistant": HA_VERSION,
        "python": platform.python_version(),
        "machine": f"{os.cpu_count()} cores, {platform.machine()}, {platform.system()}",
        "at": time.strftime("%Y-%m-%d"),
        "runs": runs,
    }
    measures: dict[str, Callable[[Contender], Awaitable[Any]]] = {
        "traffic": partial(traffic.measure_traffic, hours=traffic.QUICK if quick else traffic.FULL),
        "failures": partial(
            failures.measure_failures, scope=failures.QUICK if quick else failures.FULL
        ),
        "alarms": partial(alarms.measure_alarms, scope=alarms.QUICK if quick else alarms.FULL),
        "scale": partial(scale.measure_scale, steps=scale.QUICK if quick else scale.FULL),
    }
    # These depend on the machine, so that one contender is measured after the other, and again.
    alone: dict[str, Callable[[Contender], Awaitable[Json]]] = {
        "speed": partial(speed.measure_speed, amounts=speed.QUICK if quick else speed.FULL),
        "hostile": partial(hostile.measure_hostile, kinds=hostile.QUICK if quick else hostile.FULL),
    }
    # One after the other; parts that only count, on a faster clock, may run in parallel.
    for parts in (("speed",), ("hostile",), ("traffic", "alarms"), ("failures",), ("scale",)):
        selected = [part for part in parts if part in arguments.only]
        found: Sequence[Any] = await asyncio.gather(
            *(
                in_turn(part, alone[part], runs) if part in alone else of_both(part, measures[part])
                for part in selected
            )
        )
        results |= zip(selected, found, strict=True)
        arguments.results.parent.mkdir(parents=True, exist_ok=True)
        arguments.results.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")


async def in_turn(
    part: str, measure: Callable[[Contender], Awaitable[Json]], runs: int
) -> dict[str, list[Json]]:
    """Measure one contender after the other, so that neither affects the other."""
    figures: dict[str, list[Json]] = {contender.domain: [] for contender in CONTENDERS}
    for run in range(runs):
        for contender in CONTENDERS:
            log(f"{part}, run {run + 1} of {runs}: {contender.name}")
            figures[contender.domain].append(await measure(contender))
    return figures


async def of_both[T](part: str, measure: Callable[[Contender], Awaitable[T]]) -> dict[str, T]:
    """Measure both contenders at the same time."""
    log(part)
    figures = await asyncio.gather(*(measure(contender) for contender in CONTENDERS))
    return {one.domain: found for one, found in zip(CONTENDERS, figures, strict=True)}


def put_into_readme(markdown: str) -> None:
    """Replace the tables in README.md."""
    readme = ROOT / "README.md"
    text = readme.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    readme.write_text(f"{before}{BEGIN}\n{markdown}\n{END}{after}", encoding="utf-8")


def formatted(results: Json, *, markdown: bool) -> str:
    """Return the tables with a line on their conditions."""
    made = tables(results)
    head = (
        f"Home Assistant {results['home_assistant']}, Python {results['python']},"
        f" {results['machine']}, {results['at']}, median of {results['runs']} (least to most)"
    )
    return f"{head}\n\n{as_markdown(made) if markdown else as_text(made)}"


async def main(arguments: argparse.Namespace) -> int:
    """Measure, store and print, and return the exit code."""
    if not arguments.again:
        measuring = asyncio.ensure_future(measure_all(arguments))
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, measuring.cancel)
        try:
            await measuring
        except (HomeAssistantError, StartError, PlexError, TimeoutError) as error:
            log(f"The benchmark failed. {error}")
            return 1
    results = json.loads(arguments.results.read_text(encoding="utf-8"))
    print(formatted(results, markdown=arguments.markdown))
    if arguments.readme:
        put_into_readme(formatted(results, markdown=True))
    return 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main(parse())))
