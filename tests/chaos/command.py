"""The command: seeds are run, printed, and what they find is shrunk."""

import argparse
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
import multiprocessing
import os
from pathlib import Path
import random
import time

from .cast import Role
from .kit import prepare
from .planted import PLANTED
from .runner import Outcome, play
from .script import EPISODES, cast_of, script_of
from .shrinker import shrink
from .steps import Step, Wait, from_json, to_json

MINUTES = 6.0
SHRINK_SECONDS = 180.0
SEEDS_OF_A_HUNT = 12
SAID_AT_MOST = 240
FOUND, FOUND_NOTHING = 1, 0


def main() -> int:
    """Do what the command line asks for."""
    options = _options()
    if options.planted:
        return _show_planted(options.only, options.jobs)
    if options.replay:
        roles, steps = _read(options.replay)
        return _report(options.replay.name, roles, play(roles, steps, tell=_say), steps)
    if options.seed is not None:
        return _run_one(options.seed, options.episodes, tell=_say, shrink_it=not options.no_shrink)
    return _run_many(options)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="scripts/chaos",
        description="Random trouble between Home Assistant and Plex, held against the truth.",
    )
    parser.add_argument("--minutes", type=float, default=MINUTES, help="how long to go on")
    parser.add_argument("--hours", type=float, help="how many simulated hours to go on for instead")
    parser.add_argument("--seeds", type=int, help="how many seeds to run instead")
    parser.add_argument("--episodes", type=int, default=EPISODES, help="of trouble, in each run")
    parser.add_argument("--first", type=int, help="the first seed; a random one if not given")
    parser.add_argument("--seed", type=int, help="run one seed again, and tell each step")
    parser.add_argument("--replay", type=Path, help="run a list of steps that was kept")
    parser.add_argument("--no-shrink", action="store_true", help="do not look for fewer steps")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="runs at a time")
    parser.add_argument("--planted", action="store_true", help="show that planted bugs are found")
    parser.add_argument("--only", help="with --planted: the bug of this name alone")
    return parser.parse_args()


def _silently(_line: str) -> None:
    """Say nothing."""


def _say(line: str) -> None:
    print(line, flush=True)  # noqa: T201 - It is a command.


def _run_many(options: argparse.Namespace) -> int:
    """Run seed after seed until the time is over or something is found."""
    first = (
        options.first if options.first is not None else random.SystemRandom().randrange(1, 10**6)
    )
    _say(f"seeds from {first} on; scripts/chaos --seed N runs one again")
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
        played = script_of(seed, options.episodes)[: outcome.step + 1]
        steps.update(type(step).__name__ for step in played if not isinstance(step, Wait))
        _say(_line(f"seed {seed}", cast_of(seed), outcome))
        if outcome.found:
            failed.append(seed)
    _say(f"{runs} runs, {hours:.0f} simulated hours, {requests} requests")
    _say("what happened: " + ", ".join(f"{kind} {count}" for kind, count in steps.most_common()))
    _say("the most beyond what was paid for: " + ", ".join(f"{k} {v}" for k, v in most.items()))
    if failed and not options.no_shrink:
        _run_one(failed[0], options.episodes, tell=_silently, shrink_it=True)
    return FOUND if failed else FOUND_NOTHING


def _pool(jobs: int) -> ProcessPoolExecutor:
    """Return processes that are ready to play."""
    context = multiprocessing.get_context("spawn")
    return ProcessPoolExecutor(jobs, mp_context=context, initializer=prepare)


def _outcomes(seeds: Iterator[int], episodes: int, jobs: int) -> Iterator[tuple[int, Outcome]]:
    """Run seeds in processes of their own, as many at a time as wanted."""
    with _pool(jobs) as pool:
        waiting = []
        for seed in seeds:
            waiting.append((seed, pool.submit(run_seed, seed, episodes)))
            if len(waiting) >= jobs:
                number, future = waiting.pop(0)
                yield number, future.result()
        for number, future in waiting:
            yield number, future.result()


def run_seed(seed: int, episodes: int = EPISODES) -> Outcome:
    """Run one seed."""
    return play(cast_of(seed), script_of(seed, episodes), seed=seed)


def _run_one(seed: int, episodes: int, *, tell: Callable[[str], None], shrink_it: bool) -> int:
    """Run one seed, and look for the shortest list of steps that finds the same."""
    roles, steps = cast_of(seed), script_of(seed, episodes)
    outcome = play(roles, steps, seed=seed, tell=tell)
    _say(_line(f"seed {seed}", roles, outcome))
    if not outcome.found:
        return FOUND_NOTHING
    if shrink_it:
        steps = _shrunk(roles, steps[: outcome.step + 1], seed, outcome)
        kept = Path(f"chaos-{seed}.json")
        kept.write_text(to_json(steps), encoding="utf-8")
        _say(f"kept as {kept}; scripts/chaos --replay {kept} runs it again")
    return FOUND


def _shrunk(
    roles: Sequence[Role], steps: Sequence[Step], seed: int, outcome: Outcome
) -> list[Step]:
    _say(f"looking for fewer steps, for {SHRINK_SECONDS:.0f} s at most")
    ends = time.monotonic() + SHRINK_SECONDS

    def fails(some: Sequence[Step]) -> bool:
        if time.monotonic() > ends:
            raise TimeoutError
        return play(roles, some, seed=seed).invariant == outcome.invariant

    shortest = shrink(steps, fails)
    for step in shortest:
        _say(f"    {step}")
    return shortest


def _show_planted(only: str | None, jobs: int) -> int:
    """Plant one bug after another, and run seeds until it is found."""
    numbers = [number for number, bug in enumerate(PLANTED) if only in {None, bug.name}]
    found_by: dict[int, str | None] = {}
    with _pool(jobs) as pool:
        hunts = {pool.submit(hunt, number): number for number in numbers}
        for done in as_completed(hunts):
            found_by[hunts[done]], said = done.result()
            _say(said)
    _say("")
    width = max(len(PLANTED[number].name) for number in numbers)
    for number in numbers:
        _say(f"{PLANTED[number].name:{width}}  {found_by[number] or 'MISSED'}")
    missed = sum(found_by[number] not in PLANTED[number].finders for number in numbers)
    _say(f"{missed} planted bugs were missed" if missed else "all planted bugs were found")
    return FOUND if missed else FOUND_NOTHING


def hunt(number: int) -> tuple[str | None, str]:
    """Run seeds with a planted bug; return which invariant finds it, and the story."""
    bug = PLANTED[number]
    for seed in range(1, SEEDS_OF_A_HUNT + 1):
        with bug.plant():
            outcome = run_seed(seed)
        if outcome.found:
            lines = (outcome.what or "").splitlines()
            # Of an error in the log the last line says what it was.
            said = " ... ".join(dict.fromkeys((lines[0], lines[-1])))[:SAID_AT_MOST]
            found = "found" if outcome.invariant in bug.finders else "FOUND BY ANOTHER"
            return outcome.invariant, (
                f"{found}: {bug.name} ({bug.invariant})\n"
                f"    seed {seed} after {outcome.hours:.1f} h, {outcome.invariant}: {said}"
            )
    return None, f"MISSED: {bug.name} ({bug.invariant}), in {SEEDS_OF_A_HUNT} seeds"


def _read(path: Path) -> tuple[tuple[Role, ...], list[Step]]:
    steps = from_json(path.read_text(encoding="utf-8"))
    names = {getattr(step, "role", None) or getattr(step, "host", None) for step in steps}
    return tuple(role for role in Role if role in names), steps


def _report(name: str, roles: Sequence[Role], outcome: Outcome, steps: Sequence[Step]) -> int:
    _say(_line(f"{name}, {len(steps)} steps", roles, outcome))
    return FOUND if outcome.found else FOUND_NOTHING


def _line(name: str, roles: Sequence[Role], outcome: Outcome) -> str:
    cast = ", ".join(roles)
    line = f"{name} ({cast}): {outcome.hours:.1f} h in {outcome.took:.0f} s"
    if not outcome.found:
        return f"{line}, all held"
    return f"{line}, at step {outcome.step}\n    {outcome.invariant}: {outcome.what}"
