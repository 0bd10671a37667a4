"""A few short randomized runs, and the tools that they use."""

from collections.abc import Sequence
from pathlib import Path
import subprocess
import sys

import pytest

from .bug import Bug
from .planted import PLANTED
from .scenario import roles_for, steps_for
from .shrinker import shrink
from .steps import ClearFaults, Recover, Step, Wait, from_json, to_json

ROOT = Path(__file__).parents[2]
# Together they have every kind of entry.
SEEDS = (80, 102, 283)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("seed", SEEDS)
def test_all_invariants_hold_in_a_random_run(seed: int) -> None:
    """A run needs a process of its own, as it replaces the clock and the log handlers."""
    done = subprocess.run(  # noqa: S603 - Our own command.
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


def test_scenario_follows_from_its_seed() -> None:
    """A seed gives the same run each time."""
    assert steps_for(7) == steps_for(7)
    assert roles_for(7) == roles_for(7)
    assert steps_for(7) != steps_for(8)


def test_steps_are_stored_as_json() -> None:
    """A list of steps is the same after it was stored and read."""
    for seed in range(20):
        steps = steps_for(seed)
        assert from_json(to_json(steps)) == steps


def test_shrinking_keeps_only_the_necessary_steps() -> None:
    """Here a step, another one, and a wait between them."""
    steps = steps_for(3)
    culprits = [ClearFaults(host="first"), Wait(seconds=100.0), ClearFaults(host="second")]
    steps[30:30], steps[60:60], steps[70:70] = ([culprit] for culprit in culprits)

    def fails(some: Sequence[Step]) -> bool:
        if culprits[0] not in some or culprits[2] not in some:
            return False
        between = some[some.index(culprits[0]) : some.index(culprits[2])]
        return sum(step.seconds for step in between if isinstance(step, Wait)) >= 80

    shortest = shrink(steps, fails)
    assert fails(shortest)
    assert [type(step) for step in shortest] == [ClearFaults, Wait, ClearFaults]
    assert Recover() not in shortest


def test_shrinking_ends_with_its_time_limit() -> None:
    """The shortest list so far is returned."""
    steps = steps_for(3)
    turns = iter(range(2))

    def fails(some: Sequence[Step]) -> bool:
        if next(turns, None) is None:
            raise TimeoutError
        return steps[-1] in some

    assert 1 < len(shrink(steps, fails)) < len(steps)


@pytest.mark.parametrize("bug", PLANTED, ids=lambda bug: bug.name)
def test_planted_bug_fits_the_integration(bug: Bug) -> None:
    """Each planted bug patches something that exists, and is gone afterwards."""
    with bug.plant():
        pass
