"""The upkeep of a server: what it is busy with, and what it can be told to do."""

from http import HTTPStatus

from aiohttp import hdrs

from .models import Activity, ButlerTask
from .parsing import container, mapping, parsed_items
from .trusted import TrustedRequests, segment


class Maintenance:
    """The activities and background tasks of a server.

    All but the list of activities is for the owner (official API 1.2.2): others get
    `PlexForbiddenError`, on servers before 1.41.7 `PlexUnauthorizedError` (reported).
    """

    def __init__(self, requests: TrustedRequests) -> None:
        """Ask through these requests."""
        self._requests = requests

    async def activities(self) -> tuple[Activity, ...]:
        """Return what the server is busy with; others than the owner see their own."""
        answer = container(await self._requests.get("/activities"))
        return parsed_items(answer.get("Activity"), Activity.from_json)

    async def cancel_activity(self, uuid: str) -> None:
        """Stop an activity; `PlexResponseError`: it cannot be stopped (official API 1.2.2)."""
        await self._requests.act(hdrs.METH_DELETE, f"/activities/{segment(uuid)}")

    async def butler_tasks(self) -> tuple[ButlerTask, ...]:
        """Return the background tasks."""
        answer = mapping(await self._requests.get("/butler"), "the answer")
        tasks = mapping(answer.get("ButlerTasks"), "ButlerTasks")
        return parsed_items(tasks.get("ButlerTask"), ButlerTask.from_json)

    async def run_butler_task(self, name: str) -> bool:
        """Start a background task; false where it runs already (official API 1.2.2)."""
        status = await self._requests.act(hdrs.METH_POST, f"/butler/{segment(name)}")
        return status != HTTPStatus.ACCEPTED

    async def stop_butler_task(self, name: str) -> None:
        """Stop a background task; `PlexNotFoundError`: it does not run (official API 1.2.2)."""
        await self._requests.act(hdrs.METH_DELETE, f"/butler/{segment(name)}")

    async def optimize_database(self) -> None:
        """Have the database optimised; the work shows as an activity."""
        await self._requests.act(hdrs.METH_PUT, "/library/optimize", {"async": "1"})

    async def clean_bundles(self) -> None:
        """Have files removed that belonged to deleted items; the work shows as an activity."""
        await self._requests.act(hdrs.METH_PUT, "/library/clean/bundles", {"async": "1"})
