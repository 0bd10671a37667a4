"""What a server does in the background."""

from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any
import uuid

from .rendering import Node, Scalar, Shape
from .websocket import Notifier

UNKNOWN_PROGRESS = -1


@dataclass(eq=False, kw_only=True)
class Activity:
    """One job. The progress is in percent, -1 when unknown."""

    kind: str
    title: str
    subtitle: str = ""
    cancellable: bool = False
    progress: int = UNKNOWN_PROGRESS
    section_id: int | None = None
    uuid: str = field(default_factory=lambda: str(uuid.uuid4()))
    report: Callable[[str, Activity], Coroutine[Any, Any, None]] = field(repr=False)

    async def update(self, progress: int, subtitle: str | None = None) -> None:
        """Go on."""
        self.progress = progress
        self.subtitle = self.subtitle if subtitle is None else subtitle
        await self.report("updated", self)

    async def end(self) -> None:
        """Be done."""
        self.progress = 100
        await self.report("ended", self)

    def attributes(self) -> dict[str, Scalar]:
        """Return what stands about the job in a list and in a notification."""
        return {
            "uuid": self.uuid,
            "type": self.kind,
            "cancellable": self.cancellable,
            "userID": 1,
            "title": self.title,
            "subtitle": self.subtitle,
            "progress": self.progress,
        }

    def context(self) -> dict[str, Scalar]:
        """Return what the job is about."""
        return {} if self.section_id is None else {"librarySectionID": str(self.section_id)}


class Activities:
    """The jobs of one server."""

    def __init__(self, notifier: Notifier) -> None:
        """Start with nothing to do."""
        self._notifier = notifier
        self._running: list[Activity] = []

    async def start(
        self, kind: str, title: str, *, section_id: int | None = None, cancellable: bool = False
    ) -> Activity:
        """Start a job and tell those who listen."""
        activity = Activity(
            kind=kind,
            title=title,
            section_id=section_id,
            cancellable=cancellable,
            report=self._report,
        )
        self._running.append(activity)
        await self._report("started", activity)
        return activity

    async def _report(self, event: str, activity: Activity) -> None:
        if event == "ended" and activity in self._running:
            self._running.remove(activity)
        details: dict[str, Any] = activity.attributes()
        if context := activity.context():
            details["Context"] = context
        await self._notifier.notify(
            "activity",
            "ActivityNotification",
            {"event": event, "uuid": activity.uuid, "Activity": details},
        )

    def nodes(self) -> list[Node]:
        """Return the jobs as /activities lists them."""
        return [
            Node(
                tag="Activity",
                attributes=activity.attributes(),
                children=(
                    (Node(tag="Context", attributes=context, shape=Shape.OBJECT),)
                    if (context := activity.context())
                    else ()
                ),
            )
            for activity in self._running
        ]
