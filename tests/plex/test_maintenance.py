"""The upkeep of a server as a client sees it."""

import pytest

from custom_components.plex_monitor.plex.errors import (
    PlexForbiddenError,
    PlexNotFoundError,
    PlexResponseError,
)
from custom_components.plex_monitor.plex.models import ButlerTask
from custom_components.plex_monitor.plex.server import PlexServer
from tests import simulator
from tests.simulator import Fault, World

from .common import paths


async def test_activities(home: simulator.PlexServer, server: PlexServer) -> None:
    """What the server is busy with, and how far it is."""
    assert await server.maintenance.activities() == ()
    running = await home.activities.start("library.update.section", "Scanning Films", section_id=1)
    (activity,) = await server.maintenance.activities()
    assert (activity.uuid, activity.title) == (running.uuid, "Scanning Films")
    assert (activity.progress, activity.section_id) == (None, "1")
    await running.update(40)
    assert [each.progress for each in await server.maintenance.activities()] == [40]
    await running.end()
    assert await server.maintenance.activities() == ()


async def test_cancel_activity(
    world: World, home: simulator.PlexServer, server: PlexServer
) -> None:
    """Some can be stopped, and some cannot."""
    home.job_seconds = None
    await server.library.scan("1")
    (scan,) = await server.maintenance.activities()
    assert scan.cancellable is True
    await server.maintenance.cancel_activity(scan.uuid)
    await world.idle()
    with pytest.raises(PlexNotFoundError):
        await server.maintenance.cancel_activity(scan.uuid)
    stubborn = await home.activities.start("media.generate.credits", "Detecting Credits")
    with pytest.raises(PlexResponseError):
        await server.maintenance.cancel_activity(stubborn.uuid)
    assert [each.uuid for each in await server.maintenance.activities()] == [stubborn.uuid]


async def test_butler_tasks(home: simulator.PlexServer, server: PlexServer) -> None:
    """What the server does at night."""
    tasks = {task.name: task for task in await server.maintenance.butler_tasks()}
    assert tasks.keys() == home.butler.tasks.keys()
    backup = tasks["BackupDatabase"]
    assert isinstance(backup, ButlerTask)
    assert (backup.title, backup.interval, backup.enabled) == ("Backup Database", 3, True)
    assert tasks["AutomaticUpdates"].enabled is False


async def test_a_task_is_run_and_stopped(
    world: World, home: simulator.PlexServer, server: PlexServer
) -> None:
    """One that runs already is no failure, and no second one."""
    home.job_seconds = None
    assert await server.maintenance.run_butler_task("BackupDatabase") is True
    assert await server.maintenance.run_butler_task("BackupDatabase") is False
    assert home.butler.running == ["BackupDatabase"]
    await server.maintenance.stop_butler_task("BackupDatabase")
    await world.idle()
    assert home.butler.running == []
    with pytest.raises(PlexNotFoundError):
        await server.maintenance.stop_butler_task("BackupDatabase")
    with pytest.raises(PlexNotFoundError):
        await server.maintenance.run_butler_task("MakeCoffee")


async def test_a_page_says_that_a_task_runs(home: simulator.PlexServer, server: PlexServer) -> None:
    """What stands in an answer to an action does not count."""
    home.faults.set(Fault.body("<h1>Accepted</h1>", content_type="text/html"), paths="/butler/")
    assert await server.maintenance.run_butler_task("BackupDatabase") is True


@pytest.mark.parametrize("answer", [{}, {"ButlerTasks": []}, {"MediaContainer": {}}, []])
async def test_an_answer_about_tasks_that_is_none(
    home: simulator.PlexServer, server: PlexServer, answer: object
) -> None:
    """It has a wrapper of its own."""
    home.faults.set(Fault.json(answer, code=200), paths="/butler")
    with pytest.raises(PlexResponseError):
        await server.maintenance.butler_tasks()


async def test_tidying_up(world: World, home: simulator.PlexServer, server: PlexServer) -> None:
    """The database and the files shrink in the background."""
    home.job_seconds = None
    await server.maintenance.optimize_database()
    await server.maintenance.clean_bundles()
    kinds = [each.activity_type for each in await server.maintenance.activities()]
    assert kinds == ["library.optimize", "library.clean.bundles"]
    for record in world.requests.to(method="PUT"):
        assert dict(record.query) == {"async": "1"}
    await home.jobs.finish()


async def test_a_friend_sees_the_own_activities_and_no_more(
    world: World, home: simulator.PlexServer, server: PlexServer
) -> None:
    """Upkeep is the owner's."""
    server.use_token(home.share_with(world.plex_tv.add_account("friend")))
    running = await home.activities.start("library.update.section", "Scanning", section_id=1)
    assert await server.maintenance.activities() == ()
    for forbidden in (
        server.maintenance.butler_tasks(),
        server.maintenance.run_butler_task("BackupDatabase"),
        server.maintenance.stop_butler_task("BackupDatabase"),
        server.maintenance.optimize_database(),
        server.maintenance.clean_bundles(),
    ):
        with pytest.raises(PlexForbiddenError):
            await forbidden
    with pytest.raises(PlexNotFoundError):
        await server.maintenance.cancel_activity(running.uuid)


@pytest.mark.parametrize("name", ["..", "", "a/b"])
async def test_what_cannot_be_a_name(world: World, server: PlexServer, name: str) -> None:
    """It is not found, and the server is not asked for something else."""
    for request in (
        server.maintenance.cancel_activity(name),
        server.maintenance.run_butler_task(name),
        server.maintenance.stop_butler_task(name),
    ):
        with pytest.raises(PlexNotFoundError):
            await request
    assert paths(world) == []
