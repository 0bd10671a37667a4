"""The simulator's notifications have the names and types of captured ones.

The captures lie beside the repository, in ../shared/captures, and are not part of it.
"""

from collections.abc import Callable, Coroutine
import json
from typing import Any

import aiohttp
import pytest

from tests.simulator import Account, Delivery, Kind, PlexServer, World
from tests.simulator.contract import CAPTURES, ITEM, Shape, merged, shape_of
from tests.simulator.contract_table import VIDEO_SESSION

if not CAPTURES.is_dir():
    pytest.skip("There are no captures at ../shared/captures to compare.", allow_module_level=True)

KNOWN = {
    "ActivityNotification[].Activity.Context": "object",
    "ActivityNotification[].Activity.Context.librarySectionID": "str",
    # Numbers in the captures of 2018; of today's servers only the types were noted.
    "TimelineEntry[].parentItemID": "str",
    "TimelineEntry[].rootItemID": "str",
    **{
        path.replace(f"{ITEM}.TranscodeSession.", "TranscodeSession[]."): kind
        for path, kind in VIDEO_SESSION.items()
        if f"{ITEM}.TranscodeSession." in path
    },
}


def captured() -> dict[str, list[Any]]:
    """Return the content of the captured frames by kind."""
    lines = (CAPTURES / "notifications/captured-websocket.jsonl").read_text().splitlines()
    seen: dict[str, list[Any]] = {}
    for line in lines:
        # Before version 1.3 frames had no container.
        if content := json.loads(line)["message"].get("NotificationContainer"):
            seen.setdefault(content["type"], []).append(content)
    # No frame of a transcode's end was captured; it is the same object.
    transcodes = [*seen["transcodeSession.start"], *seen["transcodeSession.update"]]
    return seen | dict.fromkeys(
        (f"transcodeSession.{event}" for event in ("start", "update", "end")), transcodes
    )


def allowed(contents: list[Any]) -> Shape:
    """Return the types that a server sends in notifications of one kind."""
    shape = merged(entry for content in contents for entry in shape_of(content))
    for path, word in KNOWN.items():
        shape.setdefault(path, set()).add(word)
    return shape


async def pushed(world: World, server: PlexServer, act: Coroutine[Any, Any, Any]) -> list[Any]:
    """Return the content of all frames that are pushed while a coroutine runs."""
    async with (
        aiohttp.ClientSession(
            headers={"X-Plex-Token": world.plex_tv.sign_in(server.owner)}
        ) as session,
        session.ws_connect(server.url + "/:/websockets/notifications") as socket,
    ):
        await act
        await world.idle()
        await server.notifier.notify("the end", "Nothing")
        contents: list[Any] = []
        while (content := (await socket.receive_json(timeout=5))["NotificationContainer"])[
            "type"
        ] != "the end":
            contents.append(content)
        return contents


async def play(server: PlexServer) -> None:
    """Start, change and stop streams."""
    stream = await server.start_stream(title="Winter Light", delivery=Delivery.TRANSCODE)
    await stream.work(throttled=True)
    await stream.stop()
    music = await server.start_stream(title="Opening", kind=Kind.TRACK, transcode=True)
    await music.stop()


async def add(server: PlexServer) -> None:
    """Add an item and remove it."""
    item = await server.add_media("New", kind=Kind.EPISODE, show="Newer", season=2)
    await server.remove_media(item)


async def maintain(server: PlexServer) -> None:
    """Run jobs, and change the remote access."""
    server.updater.offer("1.44.0.11000-0badc0ffe")
    await server.butler.start("BackupDatabase")
    await server.remote_access.become("failed", "unreachable")
    await server.remote_access.become("mapped")
    async with (
        aiohttp.ClientSession(
            headers={"X-Plex-Token": server.plex_tv.sign_in(server.owner)}
        ) as session,
    ):
        for path in ("/updater/apply", "/library/metadata/101/refresh"):
            async with session.put(server.url + path) as response:
                assert response.status == 200


@pytest.mark.parametrize(
    ("act", "kinds"),
    [
        (
            play,
            {
                "playing",
                "transcodeSession.start",
                "transcodeSession.update",
                "transcodeSession.end",
            },
        ),
        (add, {"activity", "progress", "status", "timeline"}),
        (maintain, {"activity", "reachability", "timeline", "update.statechange"}),
    ],
)
async def test_frames(
    world: World,
    owner: Account,
    home: PlexServer,
    act: Callable[[PlexServer], Coroutine[Any, Any, None]],
    kinds: set[str],
) -> None:
    """Frames of each kind have the captured names and types."""
    seen = captured()

    contents = await pushed(world, home, act(home))

    assert {content["type"] for content in contents} == kinds
    for content in contents:
        shape = allowed(seen[content["type"]])
        wrong = {
            path: types
            for path, types in merged(shape_of(content)).items()
            if not types <= shape.get(path, set())
        }
        assert wrong == {}, content["type"]


def summary_of(content: Any) -> str:
    """Return a short description of one frame of a scan."""
    match content:
        case {"type": "activity", "ActivityNotification": [entry]}:
            return f"activity {entry['event']} {entry['Activity']['progress']}"
        case {"type": "status", "StatusNotification": [entry]}:
            return str(entry["title"])
        case {"type": "progress", "ProgressNotification": [entry]}:
            return str(entry["message"])
        case {"type": "timeline", "TimelineEntry": [entry]}:
            more = entry.get("metadataState") or entry.get("mediaState") or ""
            return f"{entry['title']} {entry['type']}: {entry['state']} {more}".strip()
    raise AssertionError(content)


async def test_order_of_a_scan(world: World, owner: Account, home: PlexServer) -> None:
    """A scan sends its notifications in the captured order, with new items from the top down."""
    new = home.add_media("Pilot", kind=Kind.EPISODE, show="Fresh", season=1)

    contents = await pushed(world, home, new)

    def group(name: str, kind: int) -> list[str]:
        return [f"{name} {kind}: {step}" for step in ("0 created", "2", "3", "4 loading", "5")]

    assert [summary_of(content) for content in contents] == [
        "activity started -1",
        'Scanning the "TV Shows" section',
        "activity updated 50",
        "Scanning Pilot",
        *group("Fresh", 2),
        *group("Season 1", 3),
        *group("Pilot", 4)[:-1],
        "Pilot 4: 5 analyzing",
        "Pilot 4: 5 thumbnailing",
        "Pilot 4: 5",
        "Library scan complete",
        "activity ended 100",
    ]


async def test_removal(world: World, owner: Account, home: PlexServer) -> None:
    """A removed item is notified, and so are the ancestors that are removed with it."""
    [episode, other] = [item for item in home.library.items if item.kind is Kind.EPISODE]
    await home.remove_media(other)

    contents = await pushed(world, home, home.remove_media(episode))

    assert [summary_of(content) for content in contents] == [
        "First Steps 4: 9 deleted",
        "Season 1 3: 9 deleted",
        "Harbour Street 2: 9 deleted",
    ]
