"""The actions."""

from collections.abc import Mapping
import json
from pathlib import Path
from typing import Any

from homeassistant.const import ATTR_CONFIG_ENTRY_ID
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from homeassistant.util.yaml import load_yaml_dict
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
import voluptuous as vol

from custom_components.plex_monitor import const
from custom_components.plex_monitor.actions.tasks import TASKS
from custom_components.plex_monitor.services import ACTIONS, LIMIT_DEFAULT, REPLACE_TOKEN

from .simulator import Account, Kind, PlexServer, World
from .simulator.butler import Task
from .support.actions import act, key_of
from .support.automations import library_device
from .support.entries import set_up, signed_in_entry
from .support.translation_check import english

INTEGRATION = Path(const.__file__).parent


# What the screen says


def described() -> Mapping[str, Any]:
    """Return what services.yaml says."""
    return load_yaml_dict(str(INTEGRATION / "services.yaml"))


def test_every_field_is_on_the_screen() -> None:
    """Required where it is, with a name and a description, and every action has an icon."""
    actions = {**ACTIONS, "replace_token": REPLACE_TOKEN}
    texts = english()["services"]
    icons = json.loads((INTEGRATION / "icons.json").read_text(encoding="utf-8"))["services"]
    assert described().keys() == texts.keys() == icons.keys() == actions.keys()
    for name, action in actions.items():
        fields = described()[name]["fields"]
        assert fields.pop(ATTR_CONFIG_ENTRY_ID)["required"] is True
        required = {str(field): isinstance(field, vol.Required) for field in action.fields}
        assert {key: field.get("required", False) for key, field in fields.items()} == required
        defaults = {key: field["default"] for key, field in fields.items() if "default" in field}
        assert defaults == ({"limit": LIMIT_DEFAULT} if "limit" in fields else {})
        assert texts[name]["fields"].keys() == {ATTR_CONFIG_ENTRY_ID, *required}
        assert all(
            field["name"] and field["description"] for field in texts[name]["fields"].values()
        )


def test_every_background_task_is_on_the_screen() -> None:
    """With its name."""
    for action in ("run_task", "stop_task"):
        select = described()[action]["fields"]["task"]["selector"]["select"]
        assert select["options"] == list(TASKS)
    assert english()["selector"]["task"]["options"].keys() == TASKS.keys()


def test_every_background_task_of_a_server_can_be_chosen(home: PlexServer) -> None:
    """The list has what a server has."""
    assert set(home.butler.tasks) == set(TASKS.values())


# Libraries


@pytest.mark.parametrize("library", ["Movies", "movies", "1", 1])
async def test_scan_of_a_library(
    hass: HomeAssistant, home: PlexServer, entry: MockConfigEntry, library: str | int
) -> None:
    """It is named by its title or its key."""
    await set_up(hass, entry)
    await act(hass, entry, "scan_library", library=library)
    assert [(one.section_id, one.path) for one in home.scanner.asked] == [(1, None)]


async def test_library_is_known_by_its_device(
    hass: HomeAssistant, world: World, home: PlexServer, owner: Account, entry: MockConfigEntry
) -> None:
    """As the editor gives it; that of another server is not taken for one with the same name."""
    cabin = await world.add_server("Cabin", owner=owner)
    other = signed_in_entry(
        world, cabin, owner, client_identifier="home-assistant-2", entry_id="other"
    )
    await set_up(hass, entry)
    await set_up(hass, other)
    await act(hass, entry, "scan_library", library=library_device(hass, entry, "2"))
    assert [one.section_id for one in home.scanner.asked] == [2]
    with pytest.raises(ServiceValidationError, match="TV Shows is not a library of Home"):
        await act(hass, entry, "scan_library", library=library_device(hass, other, "2"))


async def test_scan_of_a_folder(
    hass: HomeAssistant, home: PlexServer, entry: MockConfigEntry
) -> None:
    """Only there."""
    await set_up(hass, entry)
    await act(hass, entry, "scan_library", library="Movies", path="/data/Movies/New")
    assert [(one.section_id, one.path) for one in home.scanner.asked] == [(1, "/data/Movies/New")]


async def test_scan_of_all_libraries(
    hass: HomeAssistant, home: PlexServer, entry: MockConfigEntry
) -> None:
    """Where none is named."""
    await set_up(hass, entry)
    await act(hass, entry, "scan_library")
    assert [one.section_id for one in home.scanner.asked] == [1, 2, 3]


@pytest.mark.parametrize(("which", "left"), [({"library": "Movies"}, [2, 3]), ({}, [])])
async def test_scan_is_stopped(
    hass: HomeAssistant,
    home: PlexServer,
    entry: MockConfigEntry,
    which: dict[str, str],
    left: list[int],
) -> None:
    """That of one library, or all."""
    home.job_seconds = None
    await set_up(hass, entry)
    await act(hass, entry, "scan_library")
    assert [activity.section_id for activity in home.activities.running] == [1, 2, 3]
    await act(hass, entry, "stop_scan", **which)
    assert [activity.section_id for activity in home.activities.running] == left


async def test_scan_that_there_is_not(
    hass: HomeAssistant, home: PlexServer, entry: MockConfigEntry
) -> None:
    """To stop it is no error, and a library has to be there."""
    await set_up(hass, entry)
    await act(hass, entry, "stop_scan", library="Movies")
    home.library.remove_section(home.library.sections[0])
    with pytest.raises(ServiceValidationError, match="no longer has this library"):
        await act(hass, entry, "stop_scan", library="Movies")


async def test_library_that_was_made_just_now_is_found(
    hass: HomeAssistant, home: PlexServer, entry: MockConfigEntry
) -> None:
    """Nothing has told of it yet."""
    await set_up(hass, entry)
    section = home.library.add_section("Concerts", Kind.MOVIE)
    await act(hass, entry, "scan_library", library="Concerts")
    assert [one.section_id for one in home.scanner.asked] == [section.id]


@pytest.mark.parametrize(
    ("data", "text"),
    [
        ({"library": "Cartoons"}, "Home has no library with the name or key Cartoons"),
        ({"library": "Twins"}, "Home has more than one library called Twins"),
        ({"path": "/data"}, "Say in which library of Home the path is"),
    ],
)
async def test_scan_of_what_is_not_clear(
    hass: HomeAssistant,
    home: PlexServer,
    entry: MockConfigEntry,
    data: dict[str, str],
    text: str,
) -> None:
    """It is said, and nothing is scanned."""
    for _ in range(2):
        home.library.add_section("Twins", Kind.MOVIE)
    await set_up(hass, entry)
    with pytest.raises(ServiceValidationError, match=text):
        await act(hass, entry, "scan_library", **data)
    assert home.scanner.asked == []


async def test_library_that_is_gone(
    hass: HomeAssistant, home: PlexServer, entry: MockConfigEntry
) -> None:
    """Home Assistant knows it for a while after that."""
    await set_up(hass, entry)
    home.library.remove_section(home.library.sections[0])
    with pytest.raises(ServiceValidationError, match="no longer has this library"):
        await act(hass, entry, "empty_trash", library="1")


async def test_empty_trash(hass: HomeAssistant, home: PlexServer, entry: MockConfigEntry) -> None:
    """What has no file any more is gone for good."""
    await set_up(hass, entry)
    item = home.library.titled("Winter Light")
    assert item is not None
    item.missing = True
    await act(hass, entry, "empty_trash", library="Movies")
    assert home.library.titled("Winter Light") is None


async def test_refresh_metadata(
    hass: HomeAssistant, world: World, home: PlexServer, entry: MockConfigEntry
) -> None:
    """Of one item."""
    await set_up(hass, entry)
    key = key_of(home, "Winter Light")
    await act(hass, entry, "refresh_metadata", rating_key=int(key))
    assert world.requests.to(host="Home", path=f"/library/metadata/{key}/refresh", method="PUT")


@pytest.mark.parametrize("action", ["refresh_metadata", "mark_watched", "mark_unwatched", "rate"])
async def test_item_that_there_is_not(
    hass: HomeAssistant, entry: MockConfigEntry, action: str
) -> None:
    """It is said."""
    await set_up(hass, entry)
    with pytest.raises(ServiceValidationError, match="Home has no item with this rating key"):
        await act(hass, entry, action, rating_key="99999")
    for wrong in ("../identity", "1/../../identity", "1a"):
        with pytest.raises(vol.Invalid):
            await act(hass, entry, action, rating_key=wrong)


async def test_watched_marks(hass: HomeAssistant, home: PlexServer, entry: MockConfigEntry) -> None:
    """Set and taken away, for the account in use."""
    await set_up(hass, entry)
    item = home.library.titled("Winter Light")
    assert item is not None
    await act(hass, entry, "mark_watched", rating_key=str(item.rating_key))
    assert item.viewing().count == 1
    await act(hass, entry, "mark_unwatched", rating_key=str(item.rating_key))
    assert item.viewing().count == 0


async def test_guest_has_watched_marks_of_their_own(
    hass: HomeAssistant, home: PlexServer, guest: MockConfigEntry
) -> None:
    """Those of the owner stay as they are."""
    await set_up(hass, guest)
    item = home.library.titled("Winter Light")
    assert item is not None
    await act(hass, guest, "mark_watched", rating_key=str(item.rating_key))
    assert item.viewing().count == 0
    assert [viewing.count for viewing in item.viewings.values() if viewing.count] == [1]


async def test_rating(hass: HomeAssistant, home: PlexServer, entry: MockConfigEntry) -> None:
    """From 0 to 10, or none."""
    await set_up(hass, entry)
    item = home.library.titled("Winter Light")
    assert item is not None
    key = str(item.rating_key)
    await act(hass, entry, "rate", rating_key=key, rating=7.5)
    assert item.viewing().rating == 7.5
    await act(hass, entry, "rate", rating_key=key)
    assert item.viewing().rating is None
    with pytest.raises(vol.Invalid):
        await act(hass, entry, "rate", rating_key=key, rating=11)


# Upkeep


async def test_database_and_bundles(
    hass: HomeAssistant, home: PlexServer, entry: MockConfigEntry
) -> None:
    """The server does it in the background."""
    home.job_seconds = None
    await set_up(hass, entry)
    await act(hass, entry, "optimize_database")
    await act(hass, entry, "clean_bundles")
    kinds = [activity.kind for activity in home.activities.running]
    assert kinds == ["library.optimize", "library.clean.bundles"]


@pytest.mark.parametrize("task", ["generate_credits_markers", "ButlerTaskGenerateCreditsMarkers"])
async def test_background_task(
    hass: HomeAssistant, home: PlexServer, entry: MockConfigEntry, task: str
) -> None:
    """By the name on screen or by Plex's own."""
    home.job_seconds = None
    await set_up(hass, entry)
    assert await act(hass, entry, "run_task", task=task) == {"started": True}
    assert home.butler.running == ["ButlerTaskGenerateCreditsMarkers"]
    assert await act(hass, entry, "run_task", task=task) == {"started": False}
    await act(hass, entry, "stop_task", task=task)
    assert home.butler.running == []
    with pytest.raises(ServiceValidationError, match="does not run on Home"):
        await act(hass, entry, "stop_task", task=task)


async def test_list_of_background_tasks(
    hass: HomeAssistant, home: PlexServer, entry: MockConfigEntry
) -> None:
    """Each with the name by which it is run and stopped, and one that people can read."""
    home.job_seconds = None
    await set_up(hass, entry)
    await act(hass, entry, "run_task", task="generate_credits_markers")
    answer = await act(hass, entry, "list_tasks")
    assert [one["task"] for one in answer["tasks"]] == sorted(TASKS, key=TASKS.__getitem__)
    named = {one["task"]: one for one in answer["tasks"]}
    assert named["backup_database"] == {
        "task": "backup_database",
        "name": "Backup Database",
        "description": "Copies the database to the folder for backups",
        "enabled": True,
        "interval_days": 3,
    }
    assert named["generate_ad_markers"]["name"] == "Generate ad markers"
    assert named["generate_ad_markers"]["enabled"] is False
    [busy] = answer["activities"]
    assert busy["title"] == "Detecting Credits"
    assert busy["activity_type"] == "media.generate.credits"
    await act(hass, entry, "cancel_activity", activity=busy["activity"])
    assert home.butler.running == []
    assert (await act(hass, entry, "list_tasks"))["activities"] == []


async def test_background_task_that_is_new_in_plex_is_listed_by_the_name_that_plex_gives_it(
    hass: HomeAssistant, home: PlexServer, entry: MockConfigEntry
) -> None:
    """So that it can be run."""
    home.job_seconds = None
    home.butler.tasks["ButlerTaskMakeCoffee"] = Task(name="ButlerTaskMakeCoffee")
    await set_up(hass, entry)
    task = (await act(hass, entry, "list_tasks"))["tasks"][-1]
    assert (task["task"], task["name"]) == ("ButlerTaskMakeCoffee", "Make coffee")
    await act(hass, entry, "run_task", task=task["task"])
    assert home.butler.running == ["ButlerTaskMakeCoffee"]


async def test_background_task_that_there_is_not(
    hass: HomeAssistant, entry: MockConfigEntry
) -> None:
    """It is said."""
    await set_up(hass, entry)
    with pytest.raises(ServiceValidationError, match="Home has no such background task"):
        await act(hass, entry, "run_task", task="MakeCoffee")


@pytest.mark.parametrize("by_uuid", [True, False])
async def test_activity_is_cancelled(
    hass: HomeAssistant, home: PlexServer, entry: MockConfigEntry, *, by_uuid: bool
) -> None:
    """By what it is called, or by its identifier."""
    home.job_seconds = None
    await set_up(hass, entry)
    await act(hass, entry, "scan_library", library="Movies")
    (activity,) = home.activities.running
    name = activity.uuid if by_uuid else "scanning movies"
    await act(hass, entry, "cancel_activity", activity=name)
    assert home.activities.running == []
    with pytest.raises(ServiceValidationError, match="Home is not busy with"):
        await act(hass, entry, "cancel_activity", activity=name)


async def test_activity_that_cannot_be_cancelled(
    hass: HomeAssistant, home: PlexServer, entry: MockConfigEntry
) -> None:
    """It is said."""
    await set_up(hass, entry)
    await home.activities.start("x", "Important work", cancellable=False)
    [busy] = (await act(hass, entry, "list_tasks"))["activities"]
    assert busy["can_be_cancelled"] is False
    for name in (busy["title"], busy["activity"]):
        with pytest.raises(ServiceValidationError, match="Home cannot stop this: Important work"):
            await act(hass, entry, "cancel_activity", activity=name)


async def test_one_of_two_activities_of_one_name_is_cancelled(
    hass: HomeAssistant, home: PlexServer, entry: MockConfigEntry
) -> None:
    """By its identifier, as the list tells it."""
    await set_up(hass, entry)
    for _ in range(2):
        await home.activities.start("x", "Work", cancellable=True)
    first, second = (await act(hass, entry, "list_tasks"))["activities"]
    assert first["can_be_cancelled"] is True
    await act(hass, entry, "cancel_activity", activity=first["activity"])
    assert [activity.uuid for activity in home.activities.running] == [second["activity"]]


async def test_all_activities_of_one_name_are_cancelled_together(
    hass: HomeAssistant, home: PlexServer, entry: MockConfigEntry
) -> None:
    """But for those that cannot be."""
    await set_up(hass, entry)
    for cancellable in (True, False, True):
        await home.activities.start("x", "Work", cancellable=cancellable)
    await act(hass, entry, "cancel_activity", activity="work")
    assert [activity.cancellable for activity in home.activities.running] == [False]
