"""The scheduled tasks of a server, which can also be started at any time."""

from dataclasses import dataclass

from .jobs import Jobs
from .rendering import Node, Scalar, Shape, present


@dataclass(frozen=True, kw_only=True)
class Task:
    """One kind of task. The interval is in days. Only some tasks have a title."""

    name: str
    interval: int = 1
    randomized: bool = False
    enabled: bool = True
    title: str | None = None
    description: str | None = None
    activity: tuple[str, str] | None = None

    def attributes(self) -> dict[str, Scalar]:
        """Return the attributes of the task in /butler."""
        return present(
            name=self.name,
            interval=self.interval,
            scheduleRandomized=self.randomized,
            enabled=self.enabled,
            title=self.title,
            description=self.description,
        )


TASKS = (
    Task(name="AutomaticUpdates", enabled=False),
    Task(
        name="BackupDatabase",
        interval=3,
        title="Backup Database",
        description="Copies the database to the folder for backups",
    ),
    Task(name="ButlerTaskGenerateAdMarkers", enabled=False),
    Task(
        name="ButlerTaskGenerateCreditsMarkers",
        randomized=True,
        activity=("media.generate.credits", "Detecting Credits"),
    ),
    Task(name="ButlerTaskGenerateIntroMarkers"),
    Task(name="ButlerTaskGenerateVoiceActivity", randomized=True),
    Task(name="CleanOldBundles", interval=7),
    Task(name="CleanOldCacheFiles", interval=7),
    Task(name="DeepMediaAnalysis"),
    Task(name="GarbageCollectBlobs", interval=7),
    Task(name="GarbageCollectLibraryMedia"),
    Task(name="GenerateBlurHashes"),
    Task(
        name="GenerateChapterThumbs",
        activity=("media.generate.chapter.thumbs", "Generating chapter thumbnails"),
    ),
    Task(name="GenerateMediaIndexFiles", enabled=False),
    Task(name="LoudnessAnalysis"),
    Task(name="MusicAnalysis"),
    Task(name="OptimizeDatabase", interval=7),
    Task(
        name="RefreshEpgGuides", randomized=True, activity=("provider.epg.load", "Refreshing EPG")
    ),
    Task(name="RefreshLibraries", enabled=False),
    Task(name="RefreshLocalMedia", interval=3),
    Task(name="RefreshPeriodicMetadata", randomized=True),
    Task(name="UpgradeMediaAnalysis"),
)


class Butler:
    """The tasks of one server. A running task is also listed as an activity."""

    def __init__(self, jobs: Jobs) -> None:
        """Initialize with all tasks, none of them running."""
        self.tasks = {task.name: task for task in TASKS}
        self._jobs = jobs

    @property
    def running(self) -> list[str]:
        """Return the names of the running tasks."""
        return [job.name for job in self._jobs.running if job.name]

    async def start(self, name: str) -> bool:
        """Start a task, and return False if it was already running."""
        if self._jobs.named(name):
            return False
        kind, title = self.tasks[name].activity or ("butler.task", name)
        await self._jobs.start(kind, title, name=name)
        return True

    async def start_all(self) -> None:
        """Start all tasks that are enabled."""
        for task in self.tasks.values():
            if task.enabled:
                await self.start(task.name)

    def stop(self, name: str) -> bool:
        """Stop a task, and return False if it was not running."""
        job = self._jobs.named(name)
        if job:
            job.end(cancelled=True)
        return job is not None

    def node(self) -> Node:
        """Return the list of tasks, which does not show which of them are running."""
        nodes = tuple(
            Node(tag="ButlerTask", attributes=task.attributes()) for task in self.tasks.values()
        )
        return Node(tag="ButlerTasks", children=nodes, shape=Shape.OBJECT)
