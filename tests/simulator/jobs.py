"""The jobs that a server runs in the background."""

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from .activity import Activities, Activity
from .host import Traffic

STEPS = 10

type Step = Callable[[], Coroutine[Any, Any, None]]


async def nothing() -> None:
    """Do nothing."""


@dataclass(eq=False, kw_only=True)
class Job:
    """One job. That of a butler's task has the name of the task."""

    activity: Activity
    name: str | None = None
    ended: Step = field(repr=False)
    over: asyncio.Event = field(default_factory=asyncio.Event, repr=False)
    gone: asyncio.Event = field(default_factory=asyncio.Event, repr=False)
    cancelled: bool = False

    def end(self, *, cancelled: bool = False) -> None:
        """End the job now."""
        self.cancelled = cancelled
        self.over.set()


class Jobs:
    """The jobs of one server.

    `seconds` is how long a job takes in real time; 0 is at once, and None is until it is finished
    with `finish` or cancelled.
    """

    def __init__(
        self,
        activities: Activities,
        traffic: Traffic,
        *,
        seconds: Callable[[], float | None],
        spawn: Callable[[Coroutine[Any, Any, None]], None],
    ) -> None:
        """Initialize without jobs."""
        self.running: list[Job] = []
        self.activities = activities
        self._traffic = traffic
        self._seconds = seconds
        self._spawn = spawn

    async def start(
        self,
        kind: str,
        title: str,
        *,
        name: str | None = None,
        section_id: int | None = None,
        key: str | None = None,
        begun: Step = nothing,
        ended: Step = nothing,
    ) -> Job:
        """Start a job; `begun` and `ended` are called while its activity is listed."""
        activity = await self.activities.start(
            kind, title, section_id=section_id, key=key, cancellable=True
        )
        job = Job(activity=activity, name=name, ended=ended)
        self.running.append(job)
        await begun()
        self._spawn(self._run(job))
        return job

    async def _run(self, job: Job) -> None:
        try:
            await self._go_on(job)
            await job.ended()
            await (job.activity.cancel() if job.cancelled else job.activity.end())
        finally:
            self.running.remove(job)
            job.gone.set()

    async def _go_on(self, job: Job) -> None:
        seconds = self._seconds()
        if seconds is None:
            with self._traffic.waiting():
                await job.over.wait()
        elif not seconds:
            await job.activity.update(50)
        else:
            for step in range(1, STEPS):
                with self._traffic.waiting(), suppress(TimeoutError):
                    await asyncio.wait_for(job.over.wait(), seconds / STEPS)
                if job.over.is_set():
                    return
                await job.activity.update(100 * step // STEPS)

    def of(self, activity: Activity) -> Job | None:
        """Return the job of an activity."""
        return next((job for job in self.running if job.activity is activity), None)

    def named(self, name: str) -> Job | None:
        """Return the job of the butler's task with this name."""
        return next((job for job in self.running if job.name == name), None)

    async def finish(self) -> None:
        """End all jobs now, and wait until they have ended."""
        jobs = list(self.running)
        for job in jobs:
            job.end()
        for job in jobs:
            await job.gone.wait()
