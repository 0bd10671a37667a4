"""Each action is done by an automation of a real Home Assistant, and answers; some are refused."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import pytest

from tests.real.client import Json
from tests.simulator import Account, Item, Kind, PlexServer, Stream, World

from .automating import Automations, described, libraries_of, no_more_and_no_less, tell
from .instance import DOMAIN, HomeAssistant

FILM = "Night Ferry"

# Those that answer nothing.
SILENT = {
    "cancel_activity",
    "clean_bundles",
    "empty_trash",
    "mark_unwatched",
    "mark_watched",
    "optimize_database",
    "rate",
    "refresh_metadata",
    "replace_token",
    "scan_library",
    "stop_scan",
    "stop_task",
}


@dataclass(kw_only=True)
class Stage:
    """A server with something on it, and the automations that act on it."""

    world: World
    home: PlexServer
    owner: Account
    entry_id: str
    libraries: dict[str, str]
    automations: Automations
    used: set[str] = field(default_factory=set)

    async def act(self, action: str, **data: Any) -> Any:
        """Do an action in an automation, and return what it answers."""
        self.used.add(action)
        data |= {"config_entry_id": self.entry_id}
        does: Json = {"action": f"{DOMAIN}.{action}", "data": data}
        answer = "none" if action in SILENT else "answer"
        if action not in SILENT:
            does["response_variable"] = "answer"
        name = f"{action} {len(self.used)}"
        await self.automations.forget()
        entity = await self.automations.add(
            name, actions=[does, tell(name, f"{{{{ {answer} | to_json }}}}")]
        )
        await self.automations.run(entity)
        return await self.automations.what_is_told(name)

    def item(self, title: str) -> Item:
        """Return an item of the server."""
        item = self.home.library.titled(title)
        assert item is not None
        return item

    async def plays(self, player: str) -> Stream:
        """Have something played."""
        return await self.home.start_stream(user=self.owner, title=FILM, player=player)


async def libraries_are_looked_through(stage: Stage) -> None:
    """One, one folder, all; and the looking is stopped."""
    movies, shows = stage.libraries["Movies"], stage.libraries["TV Shows"]
    await stage.act("scan_library", library=movies, path="/data/Movies/New")
    await stage.act("scan_library", library="TV Shows")
    await stage.act("scan_library")
    asked = [(one.section_id, one.path) for one in stage.home.scanner.requests]
    assert asked == [(1, "/data/Movies/New"), (2, None), (1, None), (2, None), (3, None)]
    await stage.act("stop_scan", library=shows)
    assert {one.section_id for one in stage.home.activities.running} == {1, 3}
    await stage.act("stop_scan")
    assert stage.home.activities.running == []


async def items_are_kept(stage: Stage) -> None:
    """Watched, unwatched, rated, refreshed, and forgotten when their file is gone."""
    item = stage.item(FILM)
    key = str(item.rating_key)
    await stage.act("mark_watched", rating_key=key)
    assert item.viewing().count == 1
    await stage.act("mark_unwatched", rating_key=key)
    assert item.viewing().count == 0
    await stage.act("rate", rating_key=key, rating=7.5)
    assert item.viewing().rating == 7.5
    await stage.act("refresh_metadata", rating_key=key)
    path = f"/library/metadata/{key}/refresh"
    assert stage.world.requests.to(host="Home", path=path, method="PUT")
    await stage.home.jobs.finish()
    stage.item("Lost Reel").missing = True
    await stage.act("empty_trash", library=stage.libraries["Movies"])
    assert stage.home.library.titled("Lost Reel") is None


async def the_server_is_kept(stage: Stage) -> None:
    """Its database, its files, its tasks; and what it is busy with is stopped."""
    await stage.act("optimize_database")
    await stage.act("clean_bundles")
    kinds = {activity.kind for activity in stage.home.activities.running}
    assert kinds == {"library.optimize", "library.clean.bundles"}
    await stage.home.jobs.finish()
    task = "generate_credits_markers"
    assert await stage.act("run_task", task=task) == {"started": True}
    assert await stage.act("run_task", task=task) == {"started": False}
    listed = await stage.act("list_tasks")
    assert task in {one["task"] for one in listed["tasks"]}
    (busy,) = listed["activities"]
    await stage.act("cancel_activity", activity=busy["title"])
    assert stage.home.butler.running == []
    await stage.act("run_task", task="backup_database")
    await stage.act("stop_task", task="backup_database")
    assert stage.home.butler.running == []


async def streams_are_listed_and_stopped(stage: Stage) -> None:
    """With a message on the player."""
    stream = await stage.plays("Kitchen tablet")
    answer = await stage.act("list_streams")
    (listed,) = answer["streams"]
    assert (listed["title"], listed["user"], listed["player"], listed["state"]) == (
        FILM,
        "owner",
        "Kitchen tablet",
        "playing",
    )
    answer = await stage.act("stop_stream", player="kitchen tablet", message="Dinner!")
    assert [one["title"] for one in answer["stopped"]] == [FILM]
    assert "Dinner!" in (stream.termination or "")
    await stream.stop()


async def questions_are_answered(stage: Stage) -> None:
    """Tell what there is, what is new, what would be next, and what was played."""
    answer = await stage.act("search", query="ferry", limit=5)
    assert [one["title"] for one in answer["items"]] == [FILM]
    answer = await stage.act("recently_added", library=stage.libraries["TV Shows"], limit=2)
    assert {one["library"] for one in answer["items"]} == {"TV Shows"}
    stream = await stage.plays("TV")
    await stream.seek(stream.item.duration // 2)
    await stream.stop()
    answer = await stage.act("on_deck", limit=5)
    assert [one["title"] for one in answer["items"]] == [FILM]
    answer = await stage.act("history", library=stage.libraries["Movies"], limit=1)
    assert [(one["title"], one["user"]) for one in answer["items"]] == [(FILM, "owner")]
    assert await stage.act("history", since="2099-01-01 00:00:00") == {"items": []}


async def the_token_is_replaced(stage: Stage) -> None:
    """Have a new one that works, and the old one signed out."""
    (before,) = stage.world.plex_tv.devices_of(stage.owner)
    await stage.act("replace_token")
    (after,) = stage.world.plex_tv.devices_of(stage.owner)
    assert after.token != before.token
    assert not stage.world.plex_tv.is_valid(before.token)
    assert (await stage.act("list_streams"))["streams"] == []


SCENES: tuple[Callable[[Stage], Awaitable[None]], ...] = (
    libraries_are_looked_through,
    items_are_kept,
    the_server_is_kept,
    streams_are_listed_and_stopped,
    questions_are_answered,
    the_token_is_replaced,
)


async def test_every_action(
    home_assistant: HomeAssistant,
    world: World,
    owner: Account,
    home: PlexServer,
    entry: Json,
    subtests: pytest.Subtests,
) -> None:
    """It does what it says, and its answer is there for what comes next."""
    home.job_seconds = None
    home.library.add(FILM)
    home.library.add("Lost Reel")
    await home.add_media("First Steps", kind=Kind.EPISODE, show="Harbour Street")
    stage = Stage(
        world=world,
        home=home,
        owner=owner,
        entry_id=entry["entry_id"],
        libraries=await libraries_of(home_assistant, entry),
        automations=Automations(home_assistant),
    )
    for scene in SCENES:
        with subtests.test(scene.__name__):
            await scene(stage)
    no_more_and_no_less(stage.used, described("services.yaml"))


# What a person is told, and of what.
NOT_FOUND: dict[str, tuple[str, Json]] = {
    "cancel_activity": ("Home is not busy with Nothing", {"activity": "Nothing"}),
    "empty_trash": ("Home has no library with the name or key Cartoons", {"library": "Cartoons"}),
    "mark_watched": ("Home has no item with this rating key", {"rating_key": "99999"}),
    "run_task": ("Home has no such background task", {"task": "make_coffee"}),
    "scan_library": ("Say in which library of Home the path is", {"path": "/data"}),
    "stop_stream": ("Home has no stream like that", {"user": "stranger"}),
    "stop_task": (
        "The background task does not run on Home",
        {"task": "backup_database"},
    ),
}
NOT_ALLOWED: dict[str, Json] = {
    "clean_bundles": {},
    "empty_trash": {"library": "Movies"},
    "list_streams": {},
    "list_tasks": {},
    "optimize_database": {},
    "run_task": {"task": "backup_database"},
    "scan_library": {},
    "stop_stream": {"user": "owner"},
    "stop_task": {"task": "backup_database"},
}


# Home Assistant writes down what a person asked for in vain.
@pytest.mark.allowed_logs(r"\[homeassistant\.components\.websocket_api\.http\.connection\]")
async def test_what_the_user_is_told(
    home_assistant: HomeAssistant,
    world: World,
    owner: Account,
    entry: Json,
    subtests: pytest.Subtests,
) -> None:
    """Where something is not there, is not theirs to do, or needs a Plex Pass."""
    host, modest = world.plex_tv.add_account("host"), world.plex_tv.add_account("modest")
    cinema = await world.add_server("Cinema", owner=host)
    cinema.share_with(owner)
    cabin = await world.add_server("Cabin", owner=modest)
    cinema_entry, cabin_entry = [
        await home_assistant.add_by_sign_in(
            partial(world.plex_tv.approve_pin, account=account), server.name
        )
        for server, account in ((cinema, owner), (cabin, modest))
    ]
    automations = Automations(home_assistant)
    actions = described("services.yaml")

    async def error_of(action: str, at: Json, data: Json) -> str:
        return await automations.error_of(
            f"{DOMAIN}.{action}",
            answers=action not in SILENT,
            config_entry_id=at["entry_id"],
            **data,
        )

    for action, (text, data) in NOT_FOUND.items():
        with subtests.test("not found", action=action):
            assert text in await error_of(action, entry, data)
    for action, data in NOT_ALLOWED.items():
        with subtests.test("not allowed", action=action):
            assert action in actions
            error = await error_of(action, cinema_entry, data)
            assert "Cinema lets nobody but its owner do that." in error
    await cabin.start_stream(user=modest, title="Film", player="TV")
    with subtests.test("no Plex Pass"):
        error = await error_of("stop_stream", cabin_entry, {"player": "TV"})
        assert "Cabin can do that with Plex Pass only" in error
    await home_assistant.state_is("sensor.cabin_token_status", "valid")
    await home_assistant.state_is("sensor.cinema_token_status", "valid")
    with subtests.test("a library of another server"):
        libraries = await libraries_of(home_assistant, cabin_entry)
        error = await error_of("scan_library", entry, {"library": libraries["Movies"]})
        assert "Movies is not a library of Home" in error
