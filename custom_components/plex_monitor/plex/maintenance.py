"""Maintenance of a server: activities, butler tasks, the database and unused bundles."""

from http import HTTPStatus

from aiohttp import hdrs

from .models import Activity, ButlerTask
from .parsing import container, listed_items, mapping, required_items
from .verified_requests import VerifiedRequests, path_segment


class Maintenance:
    """Activities and butler tasks (scheduled tasks) of a server.

    All but the list of activities requires the owner (official API 1.2.2): other users get
    `PlexForbiddenError`, before server 1.41.7 `PlexUnauthorizedError` (reported).
    """

    def __init__(self, requests: VerifiedRequests) -> None:
        """Initialize with the requests of a server."""
        self._requests = requests

    async def activities(self) -> tuple[Activity, ...]:
        """Return the running activities; other users than the owner get only their own."""
        response = container(await self._requests.get("/activities"))
        return listed_items(response, "Activity", Activity.from_json)

    async def cancel_activity(self, uuid: str) -> None:
        """Cancel an activity; `PlexResponseError`: not cancellable (official API 1.2.2)."""
        await self._requests.send_command(hdrs.METH_DELETE, f"/activities/{path_segment(uuid)}")

    async def butler_tasks(self) -> tuple[ButlerTask, ...]:
        """Return the butler tasks."""
        response = mapping(await self._requests.get("/butler"), "the response")
        tasks = mapping(response.get("ButlerTasks"), "ButlerTasks")
        return required_items(tasks.get("ButlerTask"), "ButlerTask", ButlerTask.from_json)

    async def run_butler_task(self, name: str) -> bool:
        """Start a butler task; returns false if it is already running (official API 1.2.2)."""
        status = await self._requests.send_command(hdrs.METH_POST, f"/butler/{path_segment(name)}")
        return status != HTTPStatus.ACCEPTED

    async def stop_butler_task(self, name: str) -> None:
        """Stop a butler task; `PlexNotFoundError`: it is not running (official API 1.2.2)."""
        await self._requests.send_command(hdrs.METH_DELETE, f"/butler/{path_segment(name)}")

    async def optimize_database(self) -> None:
        """Start to optimize the database; it is listed as an activity."""
        await self._requests.send_command(hdrs.METH_PUT, "/library/optimize", {"async": "1"})

    async def clean_bundles(self) -> None:
        """Start to remove the bundles of deleted items; it is listed as an activity."""
        await self._requests.send_command(hdrs.METH_PUT, "/library/clean/bundles", {"async": "1"})
