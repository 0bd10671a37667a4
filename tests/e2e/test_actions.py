"""Each action of a real Home Assistant, its response, and its errors."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import pytest

from tests.real.client import Json
from tests.simulator import Account, Item, Kind, PlexServer, Stream, World

from .automations import Automations, described, expect_all_covered, libraries_of, report
from .instance import DOMAIN, HomeAssistant, wait_until

FILM = "Night Ferry"

# The actions without a response.
WITHOUT_RESPONSE = {
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
class Context:
    """A server with media, and the automations that act on it."""

    world: World
    home: PlexServer
    owner: Account
    entry_id: str
    libraries: dict[str, str]
    automations: Automations
    used: set[str] = field(default_factory=set)

    async def act(self, action: str, **data: Any) -> Any:
        """Perform an action in an automation, and return its response."""
        self.used.add(action)
        data |= {"config_entry_id": self.entry_id}
        does: Json = {"action": f"{DOMAIN}.{action}", "data": data}
        response = "none" if action in WITHOUT_RESPONSE else "response"
        if action not in WITHOUT_RESPONSE:
            does["response_variable"] = "response"
        name = f"{action} {len(self.used)}"
        await self.automations.dismiss()
        entity = await self.automations.add(
            name, actions=[does, report(name, f"{{{{ {response} | to_json }}}}")]
        )
        await self.automations.run(entity)
        return await self.automations.reported(name)

    def item(self, title: str) -> Item:
        """Return an item of the server."""
        item = self.home.library.titled(title)
        assert item is not None
        return item

    async def plays(self, player: str) -> Stream:
        """Start a stream."""
        return await self.home.start_stream(user=self.owner, title=FILM, player=player)


async def libraries_are_scanned(context: Context) -> None:
    """Scan one library, one folder and all libraries, and stop the scans."""
    movies, shows = context.libraries["Movies"], context.libraries["TV Shows"]
    await context.act("scan_library", library=movies, path="/data/Movies/New")
    await context.act("scan_library", library="TV Shows")
    await context.act("scan_library")
    requests = [(one.section_id, one.path) for one in context.home.scanner.requests]
    assert requests == [(1, "/data/Movies/New"), (2, None), (1, None), (2, None), (3, None)]
    await context.act("stop_scan", library=shows)
    assert {one.section_id for one in context.home.activities.running} == {1, 3}
    await context.act("stop_scan")
    assert context.home.activities.running == []


async def items_are_changed(context: Context) -> None:
    """Mark items as watched and unwatched, rate and refresh them, and empty the trash."""
    item = context.item(FILM)
    key = str(item.rating_key)
    await context.act("mark_watched", rating_key=key)
    assert item.viewing().count == 1
    await context.act("mark_unwatched", rating_key=key)
    assert item.viewing().count == 0
    await context.act("rate", rating_key=key, rating=7.5)
    assert item.viewing().rating == 7.5
    await context.act("refresh_metadata", rating_key=key)
    path = f"/library/metadata/{key}/refresh"
    assert context.world.requests.to(host="Home", path=path, method="PUT")
    await context.home.jobs.finish()
    context.item("Lost Reel").missing = True
    await context.act("empty_trash", library=context.libraries["Movies"])
    assert context.home.library.titled("Lost Reel") is None


async def server_is_maintained(context: Context) -> None:
    """Optimize the database, clean bundles, run tasks, and cancel activities."""
    await context.act("optimize_database")
    await context.act("clean_bundles")
    kinds = {activity.kind for activity in context.home.activities.running}
    assert kinds == {"library.optimize", "library.clean.bundles"}
    await context.home.jobs.finish()
    task = "generate_credits_markers"
    assert await context.act("run_task", task=task) == {"started": True}
    assert await context.act("run_task", task=task) == {"started": False}
    listed = await context.act("list_tasks")
    assert task in {one["task"] for one in listed["tasks"]}
    (activity,) = listed["activities"]
    await context.act("cancel_activity", activity=activity["title"])
    assert context.home.butler.running == []
    await context.act("run_task", task="backup_database")
    await context.act("stop_task", task="backup_database")
    assert context.home.butler.running == []


async def streams_are_listed_and_stopped(context: Context) -> None:
    """List a stream, and stop it with a message on the player."""
    stream = await context.plays("Kitchen tablet")
    answer = await context.act("list_streams")
    (listed,) = answer["streams"]
    assert (listed["title"], listed["user"], listed["player"], listed["state"]) == (
        FILM,
        "owner",
        "Kitchen tablet",
        "playing",
    )
    answer = await context.act("stop_stream", player="kitchen tablet", message="Dinner!")
    assert [one["title"] for one in answer["stopped"]] == [FILM]
    assert "Dinner!" in (stream.termination or "")
    await stream.stop()


async def libraries_are_searched(context: Context) -> None:
    """Search, and list recently added items, on deck and history."""
    answer = await context.act("search", query="ferry", limit=5)
    assert [one["title"] for one in answer["items"]] == [FILM]
    answer = await context.act("recently_added", library=context.libraries["TV Shows"], limit=2)
    assert {one["library"] for one in answer["items"]} == {"TV Shows"}
    stream = await context.plays("TV")
    await stream.seek(stream.item.duration // 2)
    await stream.stop()
    answer = await context.act("on_deck", limit=5)
    assert [one["title"] for one in answer["items"]] == [FILM]
    answer = await context.act("history", library=context.libraries["Movies"], limit=1)
    assert [(one["title"], one["user"]) for one in answer["items"]] == [(FILM, "owner")]
    assert await context.act("history", since="2099-01-01 00:00:00") == {"items": []}


async def token_is_replaced(context: Context) -> None:
    """Replace the token with a new one, and sign the old one out."""
    (before,) = context.world.plex_tv.devices_of(context.owner)
    await context.act("replace_token")
    # The old token is signed out in the background.
    await wait_until(
        lambda: not context.world.plex_tv.is_valid(before.token), "the old token is signed out"
    )
    (after,) = context.world.plex_tv.devices_of(context.owner)
    assert after.token != before.token
    assert (await context.act("list_streams"))["streams"] == []


SCENES: tuple[Callable[[Context], Awaitable[None]], ...] = (
    libraries_are_scanned,
    items_are_changed,
    server_is_maintained,
    streams_are_listed_and_stopped,
    libraries_are_searched,
    token_is_replaced,
)


async def test_every_action(
    home_assistant: HomeAssistant,
    world: World,
    owner: Account,
    home: PlexServer,
    entry: Json,
    subtests: pytest.Subtests,
) -> None:
    """Each action has its effect, and its response can be used in the automation."""
    home.job_seconds = None
    home.library.add(FILM)
    home.library.add("Lost Reel")
    await home.add_media("First Steps", kind=Kind.EPISODE, show="Harbour Street")
    context = Context(
        world=world,
        home=home,
        owner=owner,
        entry_id=entry["entry_id"],
        libraries=await libraries_of(home_assistant, entry),
        automations=Automations(home_assistant),
    )
    for scene in SCENES:
        with subtests.test(scene.__name__):
            await scene(context)
    expect_all_covered(context.used, described("services.yaml"))


# The error of each action, and its data.
NOT_FOUND: dict[str, tuple[str, Json]] = {
    "cancel_activity": (
        "Home has no activity with the title or identifier Nothing",
        {"activity": "Nothing"},
    ),
    "empty_trash": ("Home has no library with the name or key Cartoons", {"library": "Cartoons"}),
    "mark_watched": ("Home has no item with this rating key", {"rating_key": "99999"}),
    "run_task": ("Home does not have this background task", {"task": "make_coffee"}),
    "scan_library": ("Select the library of Home that contains the path", {"path": "/data"}),
    "stop_stream": ("Home has no matching stream", {"user": "stranger"}),
    "stop_task": (
        "The background task is not running on Home",
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


# Home Assistant logs actions of users that fail.
@pytest.mark.allowed_logs(r"\[homeassistant\.components\.websocket_api\.http\.connection\]")
async def test_errors_of_actions(
    home_assistant: HomeAssistant,
    world: World,
    owner: Account,
    entry: Json,
    subtests: pytest.Subtests,
) -> None:
    """The user sees what was not found, is not allowed, or needs a Plex Pass."""
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
            returns_response=action not in WITHOUT_RESPONSE,
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
            assert "Only the owner of Cinema can do this" in error
    await cabin.start_stream(user=modest, title="Film", player="TV")
    with subtests.test("no Plex Pass"):
        error = await error_of("stop_stream", cabin_entry, {"player": "TV"})
        assert "The owner of Cabin needs Plex Pass for this" in error
    await home_assistant.state_is("sensor.cabin_token_status", "valid")
    await home_assistant.state_is("sensor.cinema_token_status", "valid")
    with subtests.test("a library of another server"):
        libraries = await libraries_of(home_assistant, cabin_entry)
        error = await error_of("scan_library", entry, {"library": libraries["Movies"]})
        assert "Movies is not a library of Home" in error
