"""The base classes of the steps, and how a list of steps is stored."""

from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import asdict, dataclass
import json
from typing import Any, ClassVar, override

from tests.chaos.environment import Environment
from tests.chaos.sites import Role, Site
from tests.simulator import PlexServer


@dataclass(frozen=True, kw_only=True)
class Step(ABC):
    """One step of a run."""

    kinds: ClassVar[dict[str, type[Step]]] = {}

    def __init_subclass__(cls) -> None:
        """Register the class by its name."""
        Step.kinds[cls.__name__] = cls

    @abstractmethod
    async def execute(self, env: Environment) -> None:
        """Execute the step."""

    @override
    def __str__(self) -> str:
        details = ", ".join(f"{key}={value!r}" for key, value in self._details().items())
        return f"{type(self).__name__}({details})"

    def _details(self) -> dict[str, Any]:
        return {
            key: value.value if isinstance(value, Role) else value
            for key, value in asdict(self).items()
        }

    def as_json(self) -> dict[str, Any]:
        """Return the step as JSON."""
        return {"step": type(self).__name__, **self._details()}


def to_json(steps: Iterable[Step]) -> str:
    """Return a list of steps as JSON, one step per line."""
    lines = ",\n".join(f"  {json.dumps(step.as_json())}" for step in steps)
    return f"[\n{lines}\n]\n"


def from_json(text: str) -> list[Step]:
    """Return the list of steps in a JSON text."""
    steps = []
    for data in json.loads(text):
        kind = Step.kinds[data.pop("step")]
        if "role" in data:
            data["role"] = Role(data["role"])
        steps.append(kind(**data))
    return steps


@dataclass(frozen=True, kw_only=True)
class SiteStep(Step):
    """A step that acts on a server or its entry."""

    role: Role

    @override
    async def execute(self, env: Environment) -> None:
        if site := env.sites.get(self.role):
            await self.execute_on(env, site)

    @abstractmethod
    async def execute_on(self, env: Environment, site: Site) -> None:
        """Execute the step on a server of this run."""


@dataclass(frozen=True, kw_only=True)
class ServerStep(SiteStep):
    """A step on a running server. `what` names it; `dice` selects among several possibilities."""

    what: str
    dice: int = 0

    @property
    def notifications(self) -> int:
        """Return how many notifications, at most, make the entry send requests."""
        return 2

    @override
    async def execute_on(self, env: Environment, site: Site) -> None:
        if site.server.running:
            env.report_activity(site.role, self.notifications)
            await self.act(env, site.server)

    @abstractmethod
    async def act(self, env: Environment, server: PlexServer) -> None:
        """Execute the step on the server."""


@dataclass(frozen=True, kw_only=True)
class Wait(Step):
    """Advance the clock."""

    seconds: float

    @override
    async def execute(self, env: Environment) -> None:
        await env.wait(self.seconds)


@dataclass(frozen=True, kw_only=True)
class Recover(Step):
    """End all faults, follow all repairs, and expect everything to work again."""

    @override
    async def execute(self, env: Environment) -> None:
        await env.recover()
