"""A little of the fire with every test run, and the tools that it stands on."""

from collections.abc import Sequence
from pathlib import Path
import subprocess
import sys

import pytest

from .script import cast_of, script_of
from .shrinker import shrink
from .steps import Calm, Lift, Step, Wait, from_json, to_json

ROOT = Path(__file__).parents[2]
# Between them they have every kind of entry.
SEEDS = (80, 102, 283)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("seed", SEEDS)
def test_all_holds_under_fire(seed: int) -> None:
    """In a process of its own, as a run wants time and the log for itself."""
    done = subprocess.run(  # noqa: S603 - It is our own.
        [
            sys.executable,
            "-m",
            "tests.chaos",
            "--seed",
            str(seed),
            "--episodes",
            "1",
            "--no-shrink",
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"


def test_script_follows_from_its_seed() -> None:
    """A seed that was printed plays the same again."""
    assert script_of(7) == script_of(7)
    assert cast_of(7) == cast_of(7)
    assert script_of(7) != script_of(8)


def test_steps_are_kept_as_text() -> None:
    """A list that was shrunk can be played again, also by somebody else."""
    for seed in range(20):
        steps = script_of(seed)
        assert from_json(to_json(steps)) == steps


def test_shrinking_leaves_what_it_takes() -> None:
    """Here a certain step, some time and another one after it."""
    steps = script_of(3)
    culprits = [Lift(host="first"), Wait(seconds=100.0), Lift(host="second")]
    steps[30:30], steps[60:60], steps[70:70] = ([culprit] for culprit in culprits)

    def fails(some: Sequence[Step]) -> bool:
        if culprits[0] not in some or culprits[2] not in some:
            return False
        between = some[some.index(culprits[0]) : some.index(culprits[2])]
        return sum(step.seconds for step in between if isinstance(step, Wait)) >= 80

    shortest = shrink(steps, fails)
    assert fails(shortest)
    assert [type(step) for step in shortest] == [Lift, Wait, Lift]
    assert Calm() not in shortest


def test_shrinking_ends_with_the_time() -> None:
    """What was found until then is better than nothing."""
    steps = script_of(3)
    turns = iter(range(2))

    def fails(some: Sequence[Step]) -> bool:
        if next(turns, None) is None:
            raise TimeoutError
        return steps[-1] in some

    assert 1 < len(shrink(steps, fails)) < len(steps)
