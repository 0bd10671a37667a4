"""Requests for maintenance of a server."""

import pytest

from custom_components.plex_monitor.plex.errors import (
    PlexNotFoundError,
    PlexResponseError,
)
from custom_components.plex_monitor.plex.models import ButlerTask
from custom_components.plex_monitor.plex.server import PlexServer
from tests import simulator
from tests.simulator import Fault, World

from .common import requested_paths


async def test_activities(home: simulator.PlexServer, server: PlexServer) -> None:
    """Running activities are listed with their progress."""
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
    """An activity is cancelled unless it is not cancellable."""
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
    """Tasks are listed with their attributes."""
    tasks = {task.name: task for task in await server.maintenance.butler_tasks()}
    assert tasks.keys() == home.butler.tasks.keys()
    backup = tasks["BackupDatabase"]
    assert isinstance(backup, ButlerTask)
    assert (backup.title, backup.interval, backup.enabled) == ("Backup Database", 3, True)
    assert tasks["AutomaticUpdates"].enabled is False


async def test_run_and_stop_butler_task(
    world: World, home: simulator.PlexServer, server: PlexServer
) -> None:
    """Starting a running task is not an error, and does not start it again."""
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


async def test_run_butler_task_ignores_the_body(
    home: simulator.PlexServer, server: PlexServer
) -> None:
    """Only the status tells whether the task was running."""
    home.faults.set(Fault.body("<h1>Accepted</h1>", content_type="text/html"), paths="/butler/")
    assert await server.maintenance.run_butler_task("BackupDatabase") is True


@pytest.mark.parametrize("response", [{}, {"ButlerTasks": []}, {"MediaContainer": {}}, []])
async def test_butler_tasks_in_another_container(
    home: simulator.PlexServer, server: PlexServer, response: object
) -> None:
    """The list has a container of its own."""
    home.faults.set(Fault.json(response, code=200), paths="/butler")
    with pytest.raises(PlexResponseError):
        await server.maintenance.butler_tasks()


async def test_optimize_database_and_clean_bundles(
    world: World, home: simulator.PlexServer, server: PlexServer
) -> None:
    """Both run in the background, as activities."""
    home.job_seconds = None
    await server.maintenance.optimize_database()
    await server.maintenance.clean_bundles()
    kinds = [each.activity_type for each in await server.maintenance.activities()]
    assert kinds == ["library.optimize", "library.clean.bundles"]
    for record in world.requests.to(method="PUT"):
        assert dict(record.query) == {"async": "1"}
    await home.jobs.finish()


async def test_activities_of_the_owner_are_hidden_from_other_users(
    home: simulator.PlexServer, server: PlexServer, friend_token: str
) -> None:
    """Other users can neither list nor cancel them."""
    server.use_token(friend_token)
    running = await home.activities.start("library.update.section", "Scanning", section_id=1)
    assert await server.maintenance.activities() == ()
    with pytest.raises(PlexNotFoundError):
        await server.maintenance.cancel_activity(running.uuid)


@pytest.mark.parametrize("name", ["..", "", "a/b"])
async def test_malformed_names(world: World, server: PlexServer, name: str) -> None:
    """They are not found, and nothing is requested."""
    for request in (
        server.maintenance.cancel_activity(name),
        server.maintenance.run_butler_task(name),
        server.maintenance.stop_butler_task(name),
    ):
        with pytest.raises(PlexNotFoundError):
            await request
    assert requested_paths(world) == []
