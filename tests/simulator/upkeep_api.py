"""The HTTP endpoints of a server for its upkeep: activities, tasks, updates, scans."""

from typing import TYPE_CHECKING

from aiohttp import web

from .access import Access
from .activity import activity_node
from .error_pages import server_error
from .guards import Guards, done, server_answer
from .items import Item, Section
from .plex_tv_api import token_of
from .rendering import container
from .scanner import ScanRequest

if TYPE_CHECKING:
    from .server import PlexServer

SECTION = "/library/sections/{id:\\d+}"


class UpkeepApi:
    """The endpoints for activities, the butler, the updater, and the upkeep of libraries."""

    def __init__(self, server: PlexServer) -> None:
        """Initialize for this server."""
        self.server = server

    def routes(self, guards: Guards) -> list[web.RouteDef]:
        """Return the endpoints. All except the activities are for the owner."""
        owner = guards.owner
        return [
            web.get("/activities", guards.anyone(self.activities)),
            web.delete("/activities/{uuid}", guards.anyone(self.cancel_activity)),
            web.get("/butler", owner(self.butler)),
            web.post("/butler", owner(self.start_tasks)),
            web.delete("/butler", owner(self.stop_tasks)),
            web.post("/butler/{name}", owner(self.start_task)),
            web.delete("/butler/{name}", owner(self.stop_task)),
            web.get("/updater/status", owner(self.updater_status)),
            web.put("/updater/check", owner(self.updater_check)),
            web.put("/updater/apply", owner(self.updater_apply)),
            web.get("/library/sections/all/refresh", owner(self.scan_all)),
            web.post("/library/sections/refresh", owner(self.scan_all)),
            web.delete("/library/sections/all/refresh", owner(self.stop_all_scans)),
            web.get(SECTION + "/refresh", owner(self.scan)),
            web.post(SECTION + "/refresh", owner(self.scan)),
            web.delete(SECTION + "/refresh", owner(self.stop_scan)),
            web.put(SECTION + "/emptyTrash", owner(self.empty_trash)),
            web.put("/library/metadata/{key:\\d+}/refresh", owner(self.refresh_item)),
            web.put("/library/optimize", owner(self.optimize)),
            web.put("/library/clean/bundles", owner(self.clean_bundles)),
        ]

    # Activities

    async def activities(self, request: web.Request, access: Access) -> web.StreamResponse:
        """List the activities; a guest sees only its own."""
        nodes = [
            activity_node(activity)
            for activity in self.server.activities.running
            if access.may_see_work_of(activity.account_id)
        ]
        return server_answer(request, container(*nodes))

    async def cancel_activity(self, request: web.Request, access: Access) -> web.StreamResponse:
        """Cancel an activity that can be cancelled."""
        activity = self.server.activities.find(request.match_info["uuid"])
        if activity is None or not access.may_see_work_of(activity.account_id):
            return server_error(404)
        if not activity.cancellable:
            return server_error(400)
        if job := self.server.jobs.of(activity):
            job.end(cancelled=True)
        else:
            await activity.cancel()
        return done()

    # The butler

    async def butler(self, request: web.Request, _: Access) -> web.StreamResponse:
        """List the tasks."""
        return server_answer(request, self.server.butler.node())

    async def start_tasks(self, _: web.Request, __: Access) -> web.StreamResponse:
        """Start all tasks that are enabled."""
        await self.server.butler.start_all()
        return done()

    async def stop_tasks(self, _: web.Request, __: Access) -> web.StreamResponse:
        """Stop all running tasks."""
        for name in self.server.butler.running:
            self.server.butler.stop(name)
        return done()

    async def start_task(self, request: web.Request, _: Access) -> web.StreamResponse:
        """Start a task, or respond that it is already running."""
        name = request.match_info["name"]
        if name not in self.server.butler.tasks:
            return server_error(404)
        started = await self.server.butler.start(name)
        return done(status=200 if started else 202)

    async def stop_task(self, request: web.Request, _: Access) -> web.StreamResponse:
        """Stop a running task."""
        stopped = self.server.butler.stop(request.match_info["name"])
        return done() if stopped else server_error(404)

    # The updater

    async def updater_status(self, request: web.Request, _: Access) -> web.StreamResponse:
        """Return the status of the updater."""
        return server_answer(request, self.server.updater.node(token_of(request)))

    async def updater_check(self, _: web.Request, __: Access) -> web.StreamResponse:
        """Check for a newer version."""
        self.server.updater.check()
        return done()

    async def updater_apply(self, request: web.Request, _: Access) -> web.StreamResponse:
        """Install the version that was found, or skip it."""
        updater = self.server.updater
        if updater.release is None or not updater.can_install:
            return server_error(400)
        if request.query.get("skip") == "1":
            updater.release.state = "skipped"
            return done()
        updater.release.state = "installing"
        updater.installs.append(updater.release.version)
        await self.server.notifier.notify(
            "update.statechange",
            "AutoUpdateNotification",
            {
                "key": "https://plex.tv/updater/releases/5400",
                "version": updater.release.version,
                "state": "installing",
            },
        )
        return done()

    # Libraries

    def _section(self, request: web.Request) -> Section | None:
        return self.server.library.section(int(request.match_info["id"]))

    async def scan(self, request: web.Request, _: Access) -> web.StreamResponse:
        """Start the scan of a library, or of a folder in it."""
        section = self._section(request)
        if section is None:
            return server_error(404)
        job = await self.server.scanner.start(
            ScanRequest(
                section_id=section.id,
                path=request.query.get("path"),
                force=request.query.get("force") == "1",
            )
        )
        return done(job.activity if job else None)

    async def scan_all(self, request: web.Request, _: Access) -> web.StreamResponse:
        """Start the scan of all libraries; a POST is refused while the server is scanning."""
        sections = self.server.library.sections
        if request.method == "POST" and any(section.refreshing for section in sections):
            return server_error(503)
        force = request.query.get("force") == "1"
        for section in list(sections):
            await self.server.scanner.start(ScanRequest(section_id=section.id, force=force))
        return done()

    async def stop_scan(self, request: web.Request, _: Access) -> web.StreamResponse:
        """Stop the scan of a library, if it is being scanned."""
        section = self._section(request)
        if section is None:
            return server_error(404)
        self._stop_scan(section)
        return done()

    async def stop_all_scans(self, request: web.Request, _: Access) -> web.StreamResponse:
        """Stop all scans."""
        for section in self.server.library.sections:
            self._stop_scan(section)
        return server_answer(request, container())

    def _stop_scan(self, section: Section) -> None:
        if job := self.server.scanner.running(section):
            job.end(cancelled=True)

    async def empty_trash(self, request: web.Request, _: Access) -> web.StreamResponse:
        """Remove the items whose files are gone."""
        section = self._section(request)
        if section is None:
            return server_error(404)
        await self.server.empty_trash(section)
        return done()

    async def refresh_item(self, request: web.Request, _: Access) -> web.StreamResponse:
        """Refresh the metadata of an item."""
        item = self.server.library.item(int(request.match_info["key"]))
        if item is None:
            return server_error(404)
        job = await self.server.jobs.start(
            "library.refresh.items",
            "Refreshing",
            key=item.key,
            ended=lambda: self._refreshed(item),
        )
        return done(job.activity)

    async def _refreshed(self, item: Item) -> None:
        item.updated_at = int(self.server.traffic.clock())
        await self.server.scanner.timeline(item, {"state": 5})

    async def optimize(self, _: web.Request, __: Access) -> web.StreamResponse:
        """Optimize the database."""
        job = await self.server.jobs.start("library.optimize", "Optimizing database")
        return done(job.activity)

    async def clean_bundles(self, _: web.Request, __: Access) -> web.StreamResponse:
        """Clean the bundles."""
        job = await self.server.jobs.start("library.clean.bundles", "Cleaning bundles")
        return done(job.activity)
