"""The scanner of a server, and its notifications."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from .items import Find, Item, Section
from .jobs import Job, Jobs
from .library import NO_AGENT, Library
from .rendering import Scalar, present
from .websocket import Notifier

LIBRARY = "com.plexapp.plugins.library"
SCAN = "library.update.section"

# The timeline notifications of every new item, in this order.
NEW_ITEM: tuple[dict[str, Scalar], ...] = (
    {"state": 0, "metadataState": "created"},
    {"state": 2},
    {"state": 3},
    {"state": 4, "metadataState": "loading"},
    {"state": 5, "mediaState": "analyzing"},
    {"state": 5, "mediaState": "thumbnailing"},
    {"state": 5},
)
# Without an agent, an item stays in progress.
NEW_ITEM_WITHOUT_AGENT: tuple[dict[str, Scalar], ...] = (
    {"state": 0, "metadataState": "created"},
    {"state": 1},
)
DELETED: dict[str, Scalar] = {"state": 9, "metadataState": "deleted"}


@dataclass(frozen=True, kw_only=True)
class ScanRequest:
    """The request of a scan."""

    section_id: int
    path: str | None = None
    force: bool = False


class Scanner:
    """Scans the libraries of one server for new files.

    `on_disk` is what the next scan of its library will find.
    """

    def __init__(
        self, library: Library, notifier: Notifier, jobs: Jobs, clock: Callable[[], float]
    ) -> None:
        """Initialize without files to find."""
        self.on_disk: list[Find] = []
        self.requests: list[ScanRequest] = []
        self._library = library
        self._notifier = notifier
        self._jobs = jobs
        self._clock = clock

    async def discover(self, finds: Sequence[Find]) -> list[Item]:
        """Run a scan that finds these files, and return the new playable items."""
        section = finds[0].section or self._library.section_for(finds[0].kind)
        activity = await self._jobs.activities.start(
            SCAN, f"Scanning {section.title}", section_id=section.id
        )
        await self._begin(section)
        found = []
        for number, find in enumerate(finds, start=1):
            await activity.update(100 * number // (len(finds) + 1), find.title)
            found.append(await self._add(find))
        await self._finish(section)
        await activity.end()
        return found

    async def start(self, request: ScanRequest) -> Job | None:
        """Start the scan of a library, unless it is being scanned."""
        self.requests.append(request)
        section = self._library.section(request.section_id)
        if section is None or section.refreshing:
            return None

        async def begun() -> None:
            await self._begin(section)

        async def ended() -> None:
            for find in [find for find in self.on_disk if self._is_in(find, section)]:
                self.on_disk.remove(find)
                await self._add(find)
            await self._finish(section)

        return await self._jobs.start(
            SCAN, f"Scanning {section.title}", section_id=section.id, begun=begun, ended=ended
        )

    def running(self, section: Section) -> Job | None:
        """Return the running scan of a library."""
        return next(
            (
                job
                for job in self._jobs.running
                if job.activity.kind == SCAN and job.activity.section_id == section.id
            ),
            None,
        )

    def _is_in(self, find: Find, section: Section) -> bool:
        return (find.section or self._library.section_for(find.kind)) is section

    async def _begin(self, section: Section) -> None:
        section.refreshing = True
        await self._status(f'Scanning the "{section.title}" section', section)

    async def _finish(self, section: Section) -> None:
        section.refreshing = False
        section.scanned_at = int(self._clock())
        await self._status("Library scan complete", section)

    async def _add(self, find: Find) -> Item:
        new = self._library.add_found(find)
        await self._notifier.notify(
            "progress",
            "ProgressNotification",
            {"message": f"Scanning {find.title}"},
            section_id=new[-1].section.id,
        )
        for item in new:
            for step in _steps(item):
                await self.timeline(item, step)
        return new[-1]

    async def remove(self, item: Item) -> list[Item]:
        """Remove an item with its content, send the notifications, and return all removed items."""
        gone = self._library.remove(item)
        for one in gone:
            await self.timeline(one, DELETED)
        return gone

    async def timeline(self, item: Item, step: dict[str, Scalar]) -> None:
        """Send a timeline notification of an item."""
        ancestors = list(item.ancestors)
        await self._notifier.notify(
            "timeline",
            "TimelineEntry",
            present(
                identifier=LIBRARY,
                sectionID=str(item.section.id),
                itemID=str(item.rating_key),
                parentItemID=str(ancestors[0].rating_key) if ancestors else None,
                rootItemID=str(ancestors[-1].rating_key) if ancestors else None,
                type=int(item.kind),
                title=item.title,
                updatedAt=item.updated_at,
                **step,
            ),
            section_id=item.section.id,
        )

    async def _status(self, title: str, section: Section) -> None:
        await self._notifier.notify(
            "status",
            "StatusNotification",
            {"title": title, "description": "", "notificationName": "LIBRARY_UPDATE"},
            section_id=section.id,
        )


def _steps(item: Item) -> Sequence[dict[str, Scalar]]:
    """Return what is reported about a new item."""
    if item.section.agent == NO_AGENT:
        return NEW_ITEM_WITHOUT_AGENT
    return NEW_ITEM if item.playable else (*NEW_ITEM[:4], NEW_ITEM[-1])
