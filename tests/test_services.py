"""The actions."""

from collections.abc import Mapping
from datetime import timedelta
import json
from pathlib import Path
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.const import ATTR_CONFIG_ENTRY_ID
from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError, Unauthorized
from homeassistant.util import dt as dt_util
from homeassistant.util.yaml import load_yaml_dict
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, MockUser
import voluptuous as vol

from custom_components.plex_monitor import const
from custom_components.plex_monitor.const import DOMAIN
from custom_components.plex_monitor.services import ACTIONS, LIMIT_DEFAULT, REPLACE_TOKEN
from custom_components.plex_monitor.tasks import TASKS

from .entries import set_up, signed_in_entry
from .helpers import advance, settle
from .simulator import Account, Fault, Kind, PlexServer, World
from .simulator.butler import Task
from .translation_check import english

INTEGRATION = Path(const.__file__).parent


async def act(hass: HomeAssistant, entry: MockConfigEntry, action: str, **data: Any) -> Any:
    """Do an action at the server of an entry, and return what it answers."""
    answers = hass.services.supports_response(DOMAIN, action) != "none"
    response = await hass.services.async_call(
        DOMAIN,
        action,
        {ATTR_CONFIG_ENTRY_ID: entry.entry_id, **data},
        blocking=True,
        return_response=answers,
    )
    await settle(hass)
    return response


def key_of(server: PlexServer, title: str) -> str:
    """Return the rating key of an item, as automations have it."""
    item = server.library.titled(title)
    assert item is not None
    return str(item.rating_key)


@pytest.fixture
async def guest(hass: HomeAssistant, world: World, home: PlexServer) -> MockConfigEntry:
    """Return the entry of somebody with whom the server is shared."""
    friend = world.plex_tv.add_account("friend")
    home.share_with(friend)
    entry = signed_in_entry(world, home, friend)
    await set_up(hass, entry)
    return entry


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
        assert select["custom_value"] is True
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
    with pytest.raises(vol.Invalid):
        await act(hass, entry, action, rating_key="../identity")


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
    with pytest.raises(ServiceValidationError, match="Home cannot stop this: Important work"):
        await act(hass, entry, "cancel_activity", activity="Important work")


# Streams


async def test_list_of_streams(
    hass: HomeAssistant, home: PlexServer, owner: Account, entry: MockConfigEntry
) -> None:
    """With all that is known of them."""
    await set_up(hass, entry)
    stream = await home.start_stream(
        user=owner, title="First Steps", kind=Kind.EPISODE, player="Living room TV", transcode=True
    )
    answer = await act(hass, entry, "list_streams")
    (listed,) = answer["streams"]
    assert listed["session_key"] == stream.session_key
    assert listed["title"] == "First Steps"
    assert listed["user"] == "owner"
    assert listed["player"] == "Living room TV"
    assert listed["state"] == "playing"
    assert listed["decision"] == "transcode"
    assert listed["duration"] == stream.item.duration / 1000
    assert listed["can_be_stopped"] is True


@pytest.mark.parametrize(
    ("which", "stopped"),
    [
        ({"user": "friend"}, ["Film 1", "Film 2"]),
        ({"user": "friend", "player": "tablet"}, ["Film 2"]),
        ({"player": "TV"}, ["Film 0"]),
        ({"session_key": "2"}, ["Film 1"]),
    ],
)
async def test_streams_are_stopped_with_a_message(
    hass: HomeAssistant,
    world: World,
    home: PlexServer,
    owner: Account,
    entry: MockConfigEntry,
    which: dict[str, str],
    stopped: list[str],
) -> None:
    """Those that fit everything that was said, and no other."""
    friend = world.plex_tv.add_account("friend")
    home.share_with(friend)
    await set_up(hass, entry)
    streams = [
        await home.start_stream(user=user, title=f"Film {number}", player=player)
        for number, (user, player) in enumerate(
            [(owner, "TV"), (friend, "Phone"), (friend, "Tablet")]
        )
    ]
    answer = await act(hass, entry, "stop_stream", message="Good night", **which)
    assert [one["title"] for one in answer["stopped"]] == stopped
    assert {one["state"] for one in answer["stopped"]} == {"stopped"}
    assert [one.item.title for one in streams if "Good night" in (one.termination or "")] == stopped


async def test_stream_that_there_is_not(
    hass: HomeAssistant, home: PlexServer, owner: Account, entry: MockConfigEntry
) -> None:
    """Nothing else is stopped in its place."""
    await set_up(hass, entry)
    stream = await home.start_stream(user=owner, title="Film", player="TV")
    with pytest.raises(ServiceValidationError, match="Home has no stream like that"):
        await act(hass, entry, "stop_stream", user="stranger")
    with pytest.raises(ServiceValidationError, match="Say which stream of Home"):
        await act(hass, entry, "stop_stream", message="Good night")
    assert stream.termination is None


async def test_stream_that_does_not_listen(
    hass: HomeAssistant, home: PlexServer, owner: Account, entry: MockConfigEntry
) -> None:
    """Some players that play directly cannot be told."""
    await set_up(hass, entry)
    await home.start_stream(user=owner, title="Film", player="TV", with_session=False)
    with pytest.raises(ServiceValidationError, match="Home cannot stop Film"):
        await act(hass, entry, "stop_stream", player="TV")


async def test_stream_that_ends_by_itself_is_no_error(
    hass: HomeAssistant, home: PlexServer, owner: Account, entry: MockConfigEntry
) -> None:
    """It is not there any more, as was wanted."""
    await set_up(hass, entry)
    await home.start_stream(user=owner, title="Film", player="TV")
    home.faults.set(Fault.status(404), paths="^/status/sessions/terminate")
    assert await act(hass, entry, "stop_stream", player="TV") == {"stopped": []}


async def test_stopping_needs_plex_pass(hass: HomeAssistant, world: World) -> None:
    """The server refuses, and it is no fault of the token."""
    modest = world.plex_tv.add_account("modest", plex_pass=False)
    server = await world.add_server("Cabin", owner=modest)
    entry = signed_in_entry(world, server, modest)
    await set_up(hass, entry)
    await server.start_stream(user=modest, title="Film", player="TV")
    with pytest.raises(HomeAssistantError, match="Cabin can do that with Plex Pass only"):
        await act(hass, entry, "stop_stream", player="TV")
    state = hass.states.get("sensor.cabin_token_status")
    assert state is not None
    assert state.state == "valid"


# Questions


async def test_search(hass: HomeAssistant, home: PlexServer, entry: MockConfigEntry) -> None:
    """What fits a text."""
    await set_up(hass, entry)
    answer = await act(hass, entry, "search", query="winter")
    (found,) = answer["items"]
    assert found["title"] == "Winter Light"
    assert found["rating_key"] == key_of(home, "Winter Light")
    assert found["library"] == "Movies"
    assert await act(hass, entry, "search", query="nothing like it") == {"items": []}


async def test_recently_added(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, home: PlexServer, entry: MockConfigEntry
) -> None:
    """The newest first, of all libraries or of one."""
    await set_up(hass, entry)
    freezer.tick(60)
    await home.add_media("Newcomer")
    answer = await act(hass, entry, "recently_added", limit=1)
    assert [one["title"] for one in answer["items"]] == ["Newcomer"]
    answer = await act(hass, entry, "recently_added", library="TV Shows")
    assert {one["library"] for one in answer["items"]} == {"TV Shows"}


async def test_on_deck(
    hass: HomeAssistant, home: PlexServer, owner: Account, entry: MockConfigEntry
) -> None:
    """What was begun and not finished."""
    await set_up(hass, entry)
    stream = await home.start_stream(user=owner, title="Winter Light", player="TV")
    await stream.seek(1_800_000)
    await stream.stop()
    answer = await act(hass, entry, "on_deck")
    assert [one["title"] for one in answer["items"]] == ["Winter Light"]


async def test_history(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    home: PlexServer,
    owner: Account,
    entry: MockConfigEntry,
) -> None:
    """The latest first, and by whom."""
    await set_up(hass, entry)
    for title in ("Winter Light", "The Long Road"):
        stream = await home.start_stream(user=owner, title=title, player="TV")
        freezer.tick(60)
        await stream.stop()
    answer = await act(hass, entry, "history")
    assert [(one["title"], one["user"]) for one in answer["items"]] == [
        ("The Long Road", "owner"),
        ("Winter Light", "owner"),
    ]
    since = dt_util.now() - timedelta(seconds=30)
    answer = await act(hass, entry, "history", since=since.replace(tzinfo=None))
    assert [one["title"] for one in answer["items"]] == ["The Long Road"]
    assert await act(hass, entry, "history", library="Music") == {"items": []}


async def test_guest_asks_for_what_is_theirs(hass: HomeAssistant, guest: MockConfigEntry) -> None:
    """The questions that everybody may ask."""
    assert await act(hass, guest, "history") == {"items": []}
    assert await act(hass, guest, "on_deck") == {"items": []}
    answer = await act(hass, guest, "search", query="winter")
    assert len(answer["items"]) == 1


# What goes wrong

OWNER_ONLY = {
    "scan_library": {},
    "empty_trash": {"library": "Movies"},
    "refresh_metadata": {"rating_key": "101"},
    "optimize_database": {},
    "clean_bundles": {},
    "run_task": {"task": "backup_database"},
    "stop_task": {"task": "backup_database"},
    "stop_scan": {},
    "list_streams": {},
    "list_tasks": {},
    "stop_stream": {"user": "owner"},
}
FOR_ALL = {
    "cancel_activity": {"activity": "x"},
    "history": {},
    "mark_unwatched": {"rating_key": "101"},
    "mark_watched": {"rating_key": "101"},
    "on_deck": {},
    "rate": {"rating_key": "101"},
    "recently_added": {},
    "search": {"query": "x"},
}


def test_every_action_is_tested_for_its_rights() -> None:
    """None is forgotten below."""
    assert OWNER_ONLY.keys() | FOR_ALL.keys() == ACTIONS.keys()


@pytest.mark.parametrize("old", [False, True], ids=["403", "401 of an old server"])
@pytest.mark.parametrize(("action", "data"), OWNER_ONLY.items())
async def test_guest_may_not(
    hass: HomeAssistant,
    home: PlexServer,
    guest: MockConfigEntry,
    action: str,
    data: dict[str, Any],
    *,
    old: bool,
) -> None:
    """The server lets its owner only."""
    home.refuses_with_401 = old
    with pytest.raises(HomeAssistantError, match="Home lets nobody but its owner do that"):
        await act(hass, guest, action, **data)


@pytest.mark.allowed_logs("Error fetching Home data: Home does not answer")
@pytest.mark.parametrize(("action", "data"), (OWNER_ONLY | FOR_ALL).items())
async def test_server_that_does_not_answer(
    hass: HomeAssistant,
    home: PlexServer,
    entry: MockConfigEntry,
    action: str,
    data: dict[str, Any],
) -> None:
    """It is said, whatever was asked for."""
    await set_up(hass, entry)
    await home.stop()
    with pytest.raises(HomeAssistantError, match="Home does not answer"):
        await act(hass, entry, action, **data)


@pytest.mark.parametrize(
    ("fault", "text"),
    [
        (Fault.status(503), "Home is busy or starting"),
        (Fault.UNAUTHORIZED, "Home refuses the sign-in of Home Assistant"),
        (Fault.GARBLED, "Home gave an answer that Plex does not give"),
    ],
)
async def test_server_that_answers_badly(
    hass: HomeAssistant, home: PlexServer, entry: MockConfigEntry, fault: Fault, text: str
) -> None:
    """Each in its own words."""
    await set_up(hass, entry)
    home.faults.set(fault, paths="^/library/onDeck")
    with pytest.raises(HomeAssistantError, match=text):
        await act(hass, entry, "on_deck")


@pytest.mark.allowed_logs(r"^custom_components\.plex_monitor: ")
async def test_dead_token(
    hass: HomeAssistant, world: World, home: PlexServer, entry: MockConfigEntry
) -> None:
    """There is an entry that is loaded, and nothing can be asked with it."""
    world.plex_tv.revoke(entry.data["account_token"])
    await set_up(hass, entry)
    with pytest.raises(HomeAssistantError, match="Home"):
        await act(hass, entry, "on_deck")


@pytest.mark.allowed_logs(r"^custom_components\.plex_monitor: ")
async def test_token_that_is_known_to_be_dead(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, world: World, entry: MockConfigEntry
) -> None:
    """It is said what has become of it."""
    await set_up(hass, entry)
    world.plex_tv.revoke(entry.data["account_token"])
    await advance(hass, freezer, 120, step=5)
    with pytest.raises(HomeAssistantError) as raised:
        await act(hass, entry, "on_deck")
    assert raised.value.translation_key == "invalid"


async def test_entry_that_is_not_loaded(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Home Assistant says so."""
    await set_up(hass, entry)
    await hass.config_entries.async_unload(entry.entry_id)
    await settle(hass)
    with pytest.raises(ServiceValidationError) as caught:
        await act(hass, entry, "on_deck")
    assert caught.value.translation_key == "service_config_entry_not_loaded"


async def test_server_that_there_is_not(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Home Assistant says so."""
    await set_up(hass, entry)
    with pytest.raises(ServiceValidationError) as caught:
        await hass.services.async_call(
            DOMAIN,
            "on_deck",
            {ATTR_CONFIG_ENTRY_ID: "none"},
            blocking=True,
            return_response=True,
        )
    assert caught.value.translation_key == "service_config_entry_not_found"


async def test_only_administrators_replace_the_token(
    hass: HomeAssistant, entry: MockConfigEntry, hass_read_only_user: MockUser
) -> None:
    """It changes what Home Assistant has stored."""
    await set_up(hass, entry)
    with pytest.raises(Unauthorized):
        await hass.services.async_call(
            DOMAIN,
            "replace_token",
            {ATTR_CONFIG_ENTRY_ID: entry.entry_id},
            blocking=True,
            context=Context(user_id=hass_read_only_user.id),
        )
