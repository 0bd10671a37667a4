"""Execute one run and return its outcome."""

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
import time
import traceback
import warnings

from homeassistant.runner import configure_event_loop

from .alarms import Alarms
from .devices import Devices
from .environment import Environment, open_environment
from .freshness import Freshness
from .invariant import CRASH, Violation
from .parts import Parts
from .presence import Presence
from .recovery import Recovery, unload_all
from .secrecy import LogBook, Secrecy, logging_everything
from .sites import Role
from .steps import Step
from .strangers import Strangers
from .token_evidence import RequestLogReader
from .traffic import Traffic


@dataclass(kw_only=True)
class Outcome:
    """The outcome of a run. `step` is the number of the step at which an invariant failed."""

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
    report: Callable[[str], None] = lambda _: None,
) -> Outcome:
    """Execute steps on a new Home Assistant, and return the outcome."""
    outcome = Outcome()
    started = time.monotonic()
    with warnings.catch_warnings(), logging_everything() as book, asyncio.Runner() as runner:
        # Home Assistant tries to find its own addresses, which is blocked here.
        warnings.filterwarnings("ignore", message="A test tried to use socket")
        runner.run(_play(roles, steps, seed, report, book, outcome))
    outcome.took = time.monotonic() - started
    return outcome


async def _play(
    roles: Sequence[Role],
    steps: Sequence[Step],
    seed: int,
    report: Callable[[str], None],
    book: LogBook,
    outcome: Outcome,
) -> None:
    configure_event_loop(asyncio.get_running_loop())
    async with open_environment(seed) as env:
        request_log = RequestLogReader(env)
        secrecy = Secrecy(env, book)
        devices = Devices(env, request_log)
        traffic = Traffic(env, request_log)
        env.invariants += [request_log, secrecy, Strangers(env, request_log), traffic, devices]
        env.invariants.append(Freshness(env))
        env.invariants += [Presence(env), Parts(env, request_log), Alarms(env, request_log)]
        recovery = Recovery(env, request_log, secrecy, devices)
        env.invariants.append(recovery.growth)
        env.recover = recovery.run
        try:
            await env.enter(roles)
            await _execute(env, steps, report, outcome)
            await unload_all(env, recovery.growth)
        except Violation as violation:
            outcome.invariant, outcome.what = violation.invariant, violation.what
        except Exception:  # noqa: BLE001 - Any exception is shrunk like any other failure.
            outcome.invariant, outcome.what = CRASH, traceback.format_exc()
        finally:
            outcome.hours = env.passed / 3600
            outcome.requests = request_log.requests
            outcome.most = traffic.most


async def _execute(
    env: Environment, steps: Sequence[Step], report: Callable[[str], None], outcome: Outcome
) -> None:
    for number, step in enumerate(steps):
        outcome.step = number
        report(f"{env.passed / 3600:7.3f} h  {step}")
        await step.execute(env)
        await env.wait(0)
    outcome.step = len(steps)
