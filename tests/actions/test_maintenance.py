"""Actions on background tasks and activities."""

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.plex_monitor.actions.tasks import TASKS
from tests.simulator import PlexServer
from tests.simulator.butler import Task
from tests.support.actions import perform
from tests.support.entries import set_up


async def test_optimize_database_and_clean_bundles(
    hass: HomeAssistant, home: PlexServer, entry: MockConfigEntry
) -> None:
    """The server does both in the background."""
    home.job_seconds = None
    await set_up(hass, entry)
    await perform(hass, entry, "optimize_database")
    await perform(hass, entry, "clean_bundles")
    kinds = [activity.kind for activity in home.activities.running]
    assert kinds == ["library.optimize", "library.clean.bundles"]


@pytest.mark.parametrize("task", ["generate_credits_markers", "ButlerTaskGenerateCreditsMarkers"])
async def test_run_and_stop_task(
    hass: HomeAssistant, home: PlexServer, entry: MockConfigEntry, task: str
) -> None:
    """A task is named by our name or by Plex's own."""
    home.job_seconds = None
    await set_up(hass, entry)
    assert await perform(hass, entry, "run_task", task=task) == {"started": True}
    assert home.butler.running == ["ButlerTaskGenerateCreditsMarkers"]
    assert await perform(hass, entry, "run_task", task=task) == {"started": False}
    await perform(hass, entry, "stop_task", task=task)
    assert home.butler.running == []
    with pytest.raises(ServiceValidationError, match="is not running on Home"):
        await perform(hass, entry, "stop_task", task=task)


async def test_list_tasks(hass: HomeAssistant, home: PlexServer, entry: MockConfigEntry) -> None:
    """Each task has the name by which it is run and stopped, and a readable one."""
    home.job_seconds = None
    await set_up(hass, entry)
    await perform(hass, entry, "run_task", task="generate_credits_markers")
    response = await perform(hass, entry, "list_tasks")
    assert [task["task"] for task in response["tasks"]] == sorted(TASKS, key=TASKS.__getitem__)
    named = {task["task"]: task for task in response["tasks"]}
    assert named["backup_database"] == {
        "task": "backup_database",
        "name": "Backup Database",
        "description": "Copies the database to the folder for backups",
        "enabled": True,
        "interval_days": 3,
    }
    assert named["generate_ad_markers"]["name"] == "Generate ad markers"
    assert named["generate_ad_markers"]["enabled"] is False
    [activity] = response["activities"]
    assert activity["title"] == "Detecting Credits"
    assert activity["activity_type"] == "media.generate.credits"
    await perform(hass, entry, "cancel_activity", activity=activity["activity"])
    assert home.butler.running == []
    assert (await perform(hass, entry, "list_tasks"))["activities"] == []


async def test_task_that_is_new_in_plex_is_listed_with_the_name_of_plex(
    hass: HomeAssistant, home: PlexServer, entry: MockConfigEntry
) -> None:
    """So it can be run."""
    home.job_seconds = None
    home.butler.tasks["ButlerTaskMakeCoffee"] = Task(name="ButlerTaskMakeCoffee")
    await set_up(hass, entry)
    task = (await perform(hass, entry, "list_tasks"))["tasks"][-1]
    assert (task["task"], task["name"]) == ("ButlerTaskMakeCoffee", "Make coffee")
    await perform(hass, entry, "run_task", task=task["task"])
    assert home.butler.running == ["ButlerTaskMakeCoffee"]


async def test_unknown_task_is_rejected(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """The error says so."""
    await set_up(hass, entry)
    with pytest.raises(ServiceValidationError, match="Home does not have this background task"):
        await perform(hass, entry, "run_task", task="MakeCoffee")


@pytest.mark.parametrize("by_uuid", [True, False])
async def test_cancel_activity(
    hass: HomeAssistant, home: PlexServer, entry: MockConfigEntry, *, by_uuid: bool
) -> None:
    """An activity is named by its title, in any case, or by its UUID."""
    home.job_seconds = None
    await set_up(hass, entry)
    await perform(hass, entry, "scan_library", library="Movies")
    (activity,) = home.activities.running
    name = activity.uuid if by_uuid else "scanning movies"
    await perform(hass, entry, "cancel_activity", activity=name)
    assert home.activities.running == []
    with pytest.raises(ServiceValidationError, match="Home has no activity with"):
        await perform(hass, entry, "cancel_activity", activity=name)


async def test_activity_that_cannot_be_cancelled(
    hass: HomeAssistant, home: PlexServer, entry: MockConfigEntry
) -> None:
    """The error says so."""
    await set_up(hass, entry)
    await home.activities.start("x", "Important work", cancellable=False)
    [activity] = (await perform(hass, entry, "list_tasks"))["activities"]
    assert activity["can_be_cancelled"] is False
    for name in (activity["title"], activity["activity"]):
        with pytest.raises(
            ServiceValidationError, match="Home cannot cancel the activity Important work"
        ):
            await perform(hass, entry, "cancel_activity", activity=name)


async def test_cancel_one_of_two_activities_with_the_same_title(
    hass: HomeAssistant, home: PlexServer, entry: MockConfigEntry
) -> None:
    """The UUID of the list names it."""
    await set_up(hass, entry)
    for _ in range(2):
        await home.activities.start("x", "Work", cancellable=True)
    first, second = (await perform(hass, entry, "list_tasks"))["activities"]
    assert first["can_be_cancelled"] is True
    await perform(hass, entry, "cancel_activity", activity=first["activity"])
    assert [activity.uuid for activity in home.activities.running] == [second["activity"]]


async def test_cancel_all_activities_with_the_same_title(
    hass: HomeAssistant, home: PlexServer, entry: MockConfigEntry
) -> None:
    """Those that cannot be cancelled go on."""
    await set_up(hass, entry)
    for cancellable in (True, False, True):
        await home.activities.start("x", "Work", cancellable=cancellable)
    await perform(hass, entry, "cancel_activity", activity="work")
    assert [activity.cancellable for activity in home.activities.running] == [False]
