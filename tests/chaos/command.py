"""The command line: run seeds, print the results, and shrink a run that failed."""

import argparse
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
import multiprocessing
import os
from pathlib import Path
import random
import time

from .bootstrap import prepare
from .planted import PLANTED
from .runner import Outcome, play
from .scenario import EPISODES, Draw, roles_for, steps_for
from .shrinker import shrink
from .sites import Role
from .steps import Step, Wait, from_json, to_json

MINUTES = 6.0
SHRINK_SECONDS = 180.0
SEEDS_PER_BUG = 12
SUMMARY_LENGTH = 240
FOUND, FOUND_NOTHING = 1, 0


def main() -> int:
    """Run what the command line says, and return the exit code."""
    options = _options()
    if options.planted:
        return _show_planted(options.only, options.jobs)
    if options.replay:
        roles, steps = _read(options.replay)
        return _report(options.replay.name, roles, play(roles, steps, report=_print), steps)
    if options.seed is not None:
        return _run_one(
            options.seed, options.episodes, report=_print, shrink_it=not options.no_shrink
        )
    return _run_many(options)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="scripts/chaos",
        description="Test with random faults between Home Assistant and Plex.",
    )
    parser.add_argument("--minutes", type=float, default=MINUTES, help="how long to run")
    parser.add_argument("--hours", type=float, help="run this many simulated hours instead")
    parser.add_argument("--seeds", type=int, help="run this many seeds instead")
    parser.add_argument(
        "--episodes", type=int, default=EPISODES, help="episodes of faults in each run"
    )
    parser.add_argument("--first", type=int, help="the first seed (default: random)")
    parser.add_argument("--seed", type=int, help="run one seed and print each step")
    parser.add_argument("--replay", type=Path, help="run the steps in a saved file")
    parser.add_argument("--no-shrink", action="store_true", help="do not shrink a failing run")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="parallel runs")
    parser.add_argument("--planted", action="store_true", help="check that planted bugs are found")
    parser.add_argument("--only", help="with --planted: only the bug with this name")
    return parser.parse_args()


def _discard(_line: str) -> None:
    """Print nothing."""


def _print(line: str) -> None:
    print(line, flush=True)  # noqa: T201 - It is a command.


def _run_many(options: argparse.Namespace) -> int:
    """Run seed after seed until the time is over or a run fails."""
    first = (
        options.first if options.first is not None else random.SystemRandom().randrange(1, 10**6)
    )
    _print(f"starting at seed {first}; run one again with scripts/chaos --seed N")
    ends = time.monotonic() + options.minutes * 60
    hours, requests, runs = 0.0, 0, 0
    most: Counter[str] = Counter()
    steps: Counter[str] = Counter()
    failed: list[int] = []

    def seeds() -> Iterator[int]:
        seed = first
        while not failed and (
            seed < first + options.seeds
            if options.seeds is not None
            else hours < options.hours
            if options.hours is not None
            else time.monotonic() < ends
        ):
            yield seed
            seed += 1

    for seed, outcome in _outcomes(seeds(), options.episodes, options.jobs):
        runs += 1
        hours += outcome.hours
        requests += outcome.requests
        most |= outcome.most
        played = steps_for(seed, options.episodes)[: outcome.step + 1]
        steps.update(type(step).__name__ for step in played if not isinstance(step, Wait))
        _print(_line(f"seed {seed}", roles_for(seed), outcome))
        if outcome.found:
            failed.append(seed)
    _print(f"{runs} runs, {hours:.0f} simulated hours, {requests} requests")
    _print("steps: " + ", ".join(f"{kind} {count}" for kind, count in steps.most_common()))
    _print("peak requests above the allowance: " + ", ".join(f"{k} {v}" for k, v in most.items()))
    if failed and not options.no_shrink:
        _run_one(failed[0], options.episodes, report=_discard, shrink_it=True)
    return FOUND if failed else FOUND_NOTHING


def _pool(jobs: int) -> ProcessPoolExecutor:
    """Return a pool of processes that are prepared for runs."""
    context = multiprocessing.get_context("spawn")
    return ProcessPoolExecutor(jobs, mp_context=context, initializer=prepare)


def _outcomes(seeds: Iterator[int], episodes: int, jobs: int) -> Iterator[tuple[int, Outcome]]:
    """Run each seed in its own process, `jobs` of them at a time."""
    with _pool(jobs) as pool:
        waiting = []
        for seed in seeds:
            waiting.append((seed, pool.submit(run_seed, seed, episodes)))
            if len(waiting) >= jobs:
                number, future = waiting.pop(0)
                yield number, future.result()
        for number, future in waiting:
            yield number, future.result()


def run_seed(
    seed: int, episodes: int = EPISODES, draws: Mapping[Draw, int] | None = None
) -> Outcome:
    """Run one seed."""
    return play(roles_for(seed), steps_for(seed, episodes, draws), seed=seed)


def _run_one(seed: int, episodes: int, *, report: Callable[[str], None], shrink_it: bool) -> int:
    """Run one seed, and shrink its steps if it fails."""
    roles, steps = roles_for(seed), steps_for(seed, episodes)
    outcome = play(roles, steps, seed=seed, report=report)
    _print(_line(f"seed {seed}", roles, outcome))
    if not outcome.found:
        return FOUND_NOTHING
    if shrink_it:
        steps = _shrunk(roles, steps[: outcome.step + 1], seed, outcome)
        saved = Path(f"chaos-{seed}.json")
        saved.write_text(to_json(steps), encoding="utf-8")
        _print(f"saved as {saved}; run it again with scripts/chaos --replay {saved}")
    return FOUND


def _shrunk(
    roles: Sequence[Role], steps: Sequence[Step], seed: int, outcome: Outcome
) -> list[Step]:
    _print(f"shrinking for {SHRINK_SECONDS:.0f} s at most")
    ends = time.monotonic() + SHRINK_SECONDS

    def fails(some: Sequence[Step]) -> bool:
        if time.monotonic() > ends:
            raise TimeoutError
        return play(roles, some, seed=seed).invariant == outcome.invariant

    shortest = shrink(steps, fails)
    for step in shortest:
        _print(f"    {step}")
    return shortest


def _show_planted(only: str | None, jobs: int) -> int:
    """Plant each bug, and run seeds until it is found."""
    numbers = [number for number, bug in enumerate(PLANTED) if only in {None, bug.name}]
    found_by: dict[int, str | None] = {}
    with _pool(jobs) as pool:
        hunts = {pool.submit(hunt, number): number for number in numbers}
        for done in as_completed(hunts):
            found_by[hunts[done]], summary = done.result()
            _print(summary)
    _print("")
    width = max(len(PLANTED[number].name) for number in numbers)
    for number in numbers:
        _print(f"{PLANTED[number].name:{width}}  {found_by[number] or 'NOT FOUND'}")
    missed = sum(found_by[number] not in PLANTED[number].finders for number in numbers)
    _print(f"{missed} planted bugs were not found" if missed else "all planted bugs were found")
    return FOUND if missed else FOUND_NOTHING


def hunt(number: int) -> tuple[str | None, str]:
    """Run seeds with a planted bug; return the invariant that finds it, and a summary."""
    bug = PLANTED[number]
    for seed in range(1, SEEDS_PER_BUG + 1):
        with bug.plant():
            outcome = run_seed(seed, draws=bug.draws)
        if outcome.found:
            lines = (outcome.what or "").splitlines()
            # The last line of a logged exception names the error.
            summary = " ... ".join(dict.fromkeys((lines[0], lines[-1])))[:SUMMARY_LENGTH]
            found = "found" if outcome.invariant in bug.finders else "FOUND BY ANOTHER INVARIANT"
            return outcome.invariant, (
                f"{found}: {bug.name} ({bug.invariant})\n"
                f"    seed {seed} after {outcome.hours:.1f} h, {outcome.invariant}: {summary}"
            )
    return None, f"NOT FOUND: {bug.name} ({bug.invariant}), in {SEEDS_PER_BUG} seeds"


def _read(path: Path) -> tuple[tuple[Role, ...], list[Step]]:
    steps = from_json(path.read_text(encoding="utf-8"))
    names = {getattr(step, "role", None) or getattr(step, "host", None) for step in steps}
    return tuple(role for role in Role if role in names), steps


def _report(name: str, roles: Sequence[Role], outcome: Outcome, steps: Sequence[Step]) -> int:
    _print(_line(f"{name}, {len(steps)} steps", roles, outcome))
    return FOUND if outcome.found else FOUND_NOTHING


def _line(name: str, roles: Sequence[Role], outcome: Outcome) -> str:
    names = ", ".join(roles)
    line = f"{name} ({names}): {outcome.hours:.1f} h in {outcome.took:.0f} s"
    if not outcome.found:
        return f"{line}, all invariants held"
    return f"{line}, at step {outcome.step}\n    {outcome.invariant}: {outcome.what}"
