"""One run, from its list of steps to what was found."""

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
import time
import traceback
import warnings

from homeassistant.runner import configure_event_loop

from .alarms import Alarms
from .calm import Calm as CalmBringer, leave
from .cast import Role
from .freshness import Freshness
from .invariant import CRASH, Violation
from .secrecy import LogBook, Secrecy, logging_everything
from .stage import Stage, open_stage
from .steps import Step
from .traffic import Traffic
from .wire import Wire


@dataclass(kw_only=True)
class Outcome:
    """What came of a run. `step` is the number of the step at which something was found."""

    hours: float = 0.0
    requests: int = 0
    took: float = 0.0
    step: int = 0
    invariant: str | None = None
    what: str | None = None
    most: Counter[str] = field(default_factory=Counter)

    @property
    def found(self) -> bool:
        """Return whether an invariant did not hold."""
        return self.invariant is not None


def play(
    roles: Sequence[Role],
    steps: Sequence[Step],
    *,
    seed: int = 0,
    tell: Callable[[str], None] = lambda _: None,
) -> Outcome:
    """Play steps to a new Home Assistant, and return what came of it."""
    outcome = Outcome()
    started = time.monotonic()
    with warnings.catch_warnings(), logging_everything() as book, asyncio.Runner() as runner:
        # Home Assistant looks for its own addresses, which it is not let do here.
        warnings.filterwarnings("ignore", message="A test tried to use socket")
        runner.run(_play(roles, steps, seed, tell, book, outcome))
    outcome.took = time.monotonic() - started
    return outcome


async def _play(
    roles: Sequence[Role],
    steps: Sequence[Step],
    seed: int,
    tell: Callable[[str], None],
    book: LogBook,
    outcome: Outcome,
) -> None:
    configure_event_loop(asyncio.get_running_loop())
    async with open_stage(seed) as stage:
        wire = Wire(stage)
        secrecy = Secrecy(stage, wire, book)
        traffic = Traffic(stage, wire)
        stage.invariants += [wire, secrecy, traffic, Freshness(stage), Alarms(stage, wire)]
        calm = CalmBringer(stage, wire, secrecy)
        stage.invariants.append(calm.growth)
        stage.calm = calm.bring
        try:
            await stage.enter(roles)
            await _go_through(stage, steps, tell, outcome)
            await leave(stage, calm.growth)
        except Violation as violation:
            outcome.invariant, outcome.what = violation.invariant, violation.what
        except Exception:  # noqa: BLE001 - Whatever it is, it is shrunk like any other finding.
            outcome.invariant, outcome.what = CRASH, traceback.format_exc()
        finally:
            outcome.hours = stage.passed / 3600
            outcome.requests = wire.requests
            outcome.most = traffic.most


async def _go_through(
    stage: Stage, steps: Sequence[Step], tell: Callable[[str], None], outcome: Outcome
) -> None:
    for number, step in enumerate(steps):
        outcome.step = number
        tell(f"{stage.passed / 3600:7.3f} h  {step}")
        await step.play(stage)
        await stage.wait(0)
    outcome.step = len(steps)
