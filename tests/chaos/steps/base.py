"""What a step is, and how a list of them is stored."""

from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import asdict, dataclass
import json
from typing import Any, ClassVar, override

from tests.chaos.cast import Resident, Role
from tests.chaos.stage import Stage


@dataclass(frozen=True, kw_only=True)
class Step(ABC):
    """One thing that happens."""

    kinds: ClassVar[dict[str, type[Step]]] = {}

    def __init_subclass__(cls) -> None:
        """Be found by name."""
        Step.kinds[cls.__name__] = cls

    @abstractmethod
    async def play(self, stage: Stage) -> None:
        """Let it happen."""

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
        """Return it as it is stored."""
        return {"step": type(self).__name__, **self._details()}


def to_json(steps: Iterable[Step]) -> str:
    """Return a list of steps as text, one in a line."""
    lines = ",\n".join(f"  {json.dumps(step.as_json())}" for step in steps)
    return f"[\n{lines}\n]\n"


def from_json(text: str) -> list[Step]:
    """Return a list of steps that was stored."""
    steps = []
    for data in json.loads(text):
        kind = Step.kinds[data.pop("step")]
        if "role" in data:
            data["role"] = Role(data["role"])
        steps.append(kind(**data))
    return steps


@dataclass(frozen=True, kw_only=True)
class OfRole(Step):
    """Something that happens to a server or its entry."""

    role: Role

    @override
    async def play(self, stage: Stage) -> None:
        if resident := stage.residents.get(self.role):
            await self.happen(stage, resident)

    @abstractmethod
    async def happen(self, stage: Stage, resident: Resident) -> None:
        """Let it happen to somebody on the stage."""


@dataclass(frozen=True, kw_only=True)
class Wait(Step):
    """Time passes."""

    seconds: float

    @override
    async def play(self, stage: Stage) -> None:
        await stage.wait(self.seconds)


@dataclass(frozen=True, kw_only=True)
class Calm(Step):
    """All faults are lifted, the user does what is asked for, and all has to be well."""

    @override
    async def play(self, stage: Stage) -> None:
        await stage.calm()
