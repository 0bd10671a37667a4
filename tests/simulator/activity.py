"""The background activities of a server."""

from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any
import uuid

from .items import OWNER_ID
from .rendering import Node, Scalar, Shape, present
from .websocket import Notifier

UNKNOWN_PROGRESS = -1


@dataclass(eq=False, kw_only=True)
class Activity:
    """One activity. The progress is in percent, -1 if unknown."""

    kind: str
    title: str
    subtitle: str = ""
    cancellable: bool = False
    progress: int = UNKNOWN_PROGRESS
    section_id: int | None = None
    key: str | None = None
    account_id: int = OWNER_ID
    uuid: str = field(default_factory=lambda: str(uuid.uuid4()))
    report: Callable[[str, Activity], Coroutine[Any, Any, None]] = field(repr=False)

    async def update(self, progress: int, subtitle: str | None = None) -> None:
        """Report progress."""
        self.progress = progress
        self.subtitle = self.subtitle if subtitle is None else subtitle
        await self.report("updated", self)

    async def end(self) -> None:
        """End it with success."""
        self.progress = 100
        await self.report("ended", self)

    async def cancel(self) -> None:
        """End it before it is done."""
        await self.report("ended", self)

    def attributes(self) -> dict[str, Scalar]:
        """Return the attributes of the activity in lists and in notifications."""
        return {
            "uuid": self.uuid,
            "type": self.kind,
            "cancellable": self.cancellable,
            "userID": self.account_id,
            "title": self.title,
            "subtitle": self.subtitle,
            "progress": self.progress,
        }

    def context(self) -> dict[str, Scalar]:
        """Return the context of the activity, such as its library."""
        section = None if self.section_id is None else str(self.section_id)
        return present(librarySectionID=section, key=self.key)


class Activities:
    """The activities of one server."""

    def __init__(self, notifier: Notifier) -> None:
        """Initialize without activities."""
        self._notifier = notifier
        self.running: list[Activity] = []

    async def start(
        self,
        kind: str,
        title: str,
        *,
        section_id: int | None = None,
        key: str | None = None,
        cancellable: bool = False,
        account_id: int = OWNER_ID,
    ) -> Activity:
        """Start an activity and notify the listeners."""
        activity = Activity(
            kind=kind,
            title=title,
            section_id=section_id,
            key=key,
            cancellable=cancellable,
            account_id=account_id,
            report=self._report,
        )
        self.running.append(activity)
        await self._report("started", activity)
        return activity

    def find(self, activity_uuid: str) -> Activity | None:
        """Return the running activity with this identifier."""
        return next((activity for activity in self.running if activity.uuid == activity_uuid), None)

    async def _report(self, event: str, activity: Activity) -> None:
        if event == "ended" and activity in self.running:
            self.running.remove(activity)
        details: dict[str, Any] = activity.attributes()
        if context := activity.context():
            details["Context"] = context
        await self._notifier.notify(
            "activity",
            "ActivityNotification",
            {"event": event, "uuid": activity.uuid, "Activity": details},
            account_id=activity.account_id,
        )


def activity_node(activity: Activity) -> Node:
    """Return an activity as /activities lists it."""
    context = activity.context()
    return Node(
        tag="Activity",
        attributes=activity.attributes(),
        children=(
            (Node(tag="Context", attributes=context, shape=Shape.OBJECT),) if context else ()
        ),
    )
