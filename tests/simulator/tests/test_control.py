"""The simulator's control panel, and the world that runs by itself."""

import asyncio
from collections.abc import AsyncGenerator
import json
from pathlib import Path
import random
import signal
import sys
from typing import Any

import aiohttp
import pytest

from tests.simulator import UHD, Delivery, Item, Kind, World
from tests.simulator.demo import MOST_ITEMS, MOST_STREAMS, Life, demo_world

ROOT = Path(__file__).parents[3]


@pytest.fixture
async def panel(world: World) -> AsyncGenerator[aiohttp.ClientSession]:
    """Return a client of the control panel."""
    async with aiohttp.ClientSession(world.control_url) as session:
        yield session


async def tell(
    panel: aiohttp.ClientSession,
    path: str,
    method: str = "POST",
    *,
    expected: int = 200,
    **body: Any,
) -> Any:
    """Use the panel."""
    async with panel.request(method, path, json=body) as response:
        assert response.status == expected, await response.text()
        return await response.json()


async def test_a_story_from_afar(world: World, panel: aiohttp.ClientSession) -> None:
    """Accounts, servers, PINs, tokens, streams and faults are all within reach."""
    await tell(panel, "/accounts", username="owner", plex_pass=True)
    await tell(panel, "/accounts", username="friend")
    await tell(panel, "/servers", name="Home", owner="owner")
    shared = await tell(panel, "/servers/Home/share", account="friend")
    home, plex_tv = world.server("Home"), world.plex_tv
    assert home.access_token_for(plex_tv.account("friend")) == shared["token"]

    pin = plex_tv.pins.create(strong=False, headers={"X-Plex-Client-Identifier": "app"})
    overview = await tell(panel, "/", "GET")
    assert overview["plex_tv"]["waiting_pins"] == [
        {"code": pin.code, "product": "Unknown", "strong": False}
    ]
    await tell(panel, f"/pins/{pin.code}/approve", account="owner")
    assert pin.token is not None
    assert plex_tv.is_valid(pin.token)

    started = await tell(
        panel,
        "/servers/Home/streams",
        title="Winter Light",
        user="friend",
        delivery="transcode",
        player="Kitchen",
    )
    [stream] = home.streams
    assert stream.session_key == started["session_key"]
    assert (stream.delivery, stream.user_title) == (Delivery.TRANSCODE, "friend")
    await tell(panel, "/servers/Home/streams/1/pause")
    await tell(panel, "/servers/Home/streams/1/seek", offset=60_000)
    assert stream.view_offset == 60_000
    overview = await tell(panel, "/", "GET")
    assert overview["servers"]["Home"]["streams"] == [
        {
            "session_key": "1",
            "user": "friend",
            "title": "Winter Light",
            "player": "Kitchen",
            "delivery": "transcode",
            "state": "paused",
            "view_offset": 60_000,
        }
    ]
    await tell(panel, "/servers/Home/streams/1/stop")
    assert home.streams == []

    added = await tell(
        panel,
        "/servers/Home/media",
        title="Third Time Lucky",
        kind="episode",
        show="Harbour Street",
    )
    item = home.library.item(added["rating_key"])
    assert item is not None
    assert item.title == "Third Time Lucky"
    await tell(panel, "/servers/Home/update", version="1.44.0.11000-0badc0ffe", can_install=False)
    assert home.updater.release is not None
    assert home.updater.can_install is False

    devices = await tell(panel, "/accounts/owner/devices", "GET")
    assert [device["token"] for device in devices] == [pin.token]
    await tell(panel, "/tokens/revoke", token=pin.token)
    assert not plex_tv.is_valid(pin.token)
    token = (await tell(panel, "/accounts/owner/sign_in", client_identifier="b"))["token"]
    await tell(panel, "/devices/b", "DELETE")
    assert not plex_tv.is_valid(token)
    token = (await tell(panel, "/accounts/owner/sign_in"))["token"]
    await tell(panel, "/accounts/owner/password", servers=True)
    assert not plex_tv.is_valid(token)
    assert not home.claimed
    regenerated = await tell(panel, "/servers/Home/token", account="friend")
    assert regenerated["token"] != shared["token"]
    await tell(panel, "/servers/Home/unshare", account="friend")
    assert home.shares == []


async def test_faults_and_knobs_from_afar(world: World, panel: aiohttp.ClientSession) -> None:
    """Hosts are stopped and started, knobs turned, faults set and taken away."""
    owner = world.plex_tv.add_account("owner")
    home = await world.add_server("Home", owner=owner)

    async def identity() -> int:
        async with (
            aiohttp.ClientSession() as session,
            session.get(home.url + "/identity") as answer,
        ):
            return answer.status

    await tell(panel, "/hosts/Home/faults", status=503, retry_after=3, paths="^/identity", times=1)
    assert [await identity(), await identity()] == [503, 200]
    await tell(panel, "/hosts/Home/faults", kind="maintenance")
    assert await identity() == 503
    await tell(panel, "/hosts/Home/faults", "DELETE")
    assert await identity() == 200

    await tell(panel, "/hosts/Home/stop")
    await tell(panel, "/hosts/plex.tv/stop")
    assert [home.running, world.plex_tv.running] == [False, False]
    await tell(panel, "/hosts/Home/start")
    await tell(panel, "/servers/Home/restart", version="1.44.0.11000-0badc0ffe")
    assert home.running
    assert home.version == "1.44.0.11000-0badc0ffe"

    await tell(panel, "/servers/Home", "PATCH", claimed=False, revocation_grace=60)
    assert home.claimed is False
    knobs = (await tell(panel, "/", "GET"))["servers"]["Home"]["knobs"]
    assert knobs["revocation_grace"] == 60

    await tell(panel, "/idle")
    log = await tell(panel, "/requests", "GET")
    assert {record["path"] for record in log} == {"/identity"}
    await tell(panel, "/requests", "DELETE")
    assert len(world.requests) == 0


async def test_push_from_afar(world: World, panel: aiohttp.ClientSession) -> None:
    """Notifications are sent, and the channel is dropped."""
    home = await world.add_server("Home", owner=world.plex_tv.add_account("owner"))
    home.claimed = False
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(home.url + "/:/websockets/notifications") as socket,
    ):
        await tell(
            panel,
            "/servers/Home/notify",
            type="reachability",
            element="ReachabilityNotification",
            items=[{"reachability": True}],
        )
        frame = await socket.receive_json(timeout=5)
        assert frame["NotificationContainer"]["ReachabilityNotification"] == [
            {"reachability": True}
        ]
        await tell(panel, "/servers/Home/websockets/drop")
        assert (await socket.receive(timeout=5)).type is aiohttp.WSMsgType.CLOSE


async def test_addresses_and_lifetimes_from_afar(
    world: World, panel: aiohttp.ClientSession
) -> None:
    """Addresses, certificates, lifetimes of PINs and homes are set too."""
    owner, child = world.plex_tv.add_account("owner"), world.plex_tv.add_account("child")
    home = await world.add_server("Home", owner=owner, tls=True)
    old_port, old_name = home.port, home.plex_direct_id

    moved = await tell(panel, "/hosts/Home/move")
    await tell(panel, "/servers/Home/certificate")
    await tell(
        panel,
        "/servers/Home/connections",
        "PUT",
        connections=[{"uri": "http://192.0.2.1:32400", "address": "192.0.2.1", "port": 32400}],
    )
    await tell(panel, "/servers/Home/websockets/mute", mute=True)
    await tell(panel, "/pins", "PATCH", weak_lifetime=30)
    await tell(panel, "/homes", members=["owner", "child"])

    assert moved["url"].endswith(f":{home.port}")
    assert home.port != old_port
    assert home.plex_direct_id != old_name
    assert [connection.address for connection in home.connections] == ["192.0.2.1"]
    assert home.notifier.mute
    assert world.plex_tv.pins.weak_lifetime == 30
    assert child.home == [owner, child]


async def test_media_from_afar(world: World, panel: aiohttp.ClientSession) -> None:
    """Libraries grow and shrink, streams change, and work is done."""
    friend = world.plex_tv.add_account("friend")
    home = await world.add_server("Home", owner=world.plex_tv.add_account("owner"))
    server = "/servers/Home"

    section = await tell(
        panel, f"{server}/sections", title="Endless", kind="movie", claims={"movie": 1_000_000}
    )
    added = await tell(panel, f"{server}/media", title="Big", quality="uhd", section=section["id"])
    item = home.library.item(added["rating_key"])
    assert item is not None
    assert (item.section.title, item.quality) == ("Endless", UHD)
    found = await tell(
        panel,
        f"{server}/discover",
        files=[{"title": f"Part {part}", "kind": "track", "show": "A Band"} for part in (1, 2)],
    )
    assert len(found["rating_keys"]) == 2
    await tell(panel, f"{server}/media/{found['rating_keys'][0]}", "DELETE")
    assert home.library.titled("Part 1") is None
    await tell(panel, f"{server}/disk", files=[{"title": "Later"}])
    assert [find.title for find in home.scanner.on_disk] == ["Later"]
    await tell(panel, f"{server}/sections/{section['id']}", "DELETE")
    await tell(panel, f"{server}/share", account="friend", sections=[2])
    access = home.access(home.access_token_for(friend))
    assert access is not None
    assert [access.sees(number) for number in (1, 2, 3)] == [False, True, False]

    await tell(panel, f"{server}/streams", title="Wide", delivery="transcode", quality="uhd")
    await tell(panel, f"{server}/streams/1/work", throttled=True, speed=0.5)
    await tell(panel, f"{server}/streams/1/deliver", delivery="transcode", video="copy")
    [stream] = home.streams
    assert (stream.throttled, stream.speed, stream.video) == (True, 0.5, "copy")
    await tell(panel, f"{server}/streams/1/crash")
    assert home.streams == [stream]

    await tell(panel, server, "PATCH", job_seconds=None)
    started = await tell(panel, f"{server}/activities", kind="grabber.grab", title="Recording")
    await tell(panel, f"{server}/activities/{started['uuid']}/update", progress=50)
    assert home.activities.running[0].progress == 50
    assert (await tell(panel, f"{server}/butler/BackupDatabase"))["started"] is True
    overview = (await tell(panel, "/", "GET"))["servers"]["Home"]
    assert [*overview["activities"].values()] == ["Recording", "BackupDatabase"]
    assert overview["libraries"] == {"1": "Movies", "2": "TV Shows", "3": "Music"}
    await tell(panel, f"{server}/activities/{started['uuid']}/end")
    await tell(panel, f"{server}/jobs/finish")
    assert home.activities.running == []
    await tell(panel, f"{server}/remote_access", state="mapped", error="unreachable")
    assert not home.remote_access.reachable


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/servers/Nowhere/restart", {}),
        ("/servers/Home/media", {"title": "A", "kind": "no such kind"}),
        ("/servers/Home/media", {}),
        ("/servers/Home/activities/x/end", {}),
        ("/servers/Home/butler/NoSuchTask", {}),
        ("/pins/XXXX/approve", {"account": "owner"}),
        ("/tokens/revoke", {"token": "no-such-token-at-all"}),
        ("/accounts/nobody/sign_in", {}),
        ("/hosts/plex.tv/faults", {"kind": "no such fault"}),
        ("/accounts", {}),
    ],
)
async def test_mistakes_are_told(
    world: World, panel: aiohttp.ClientSession, path: str, body: dict[str, Any]
) -> None:
    """What cannot be done is refused with the reason."""
    await world.add_server("Home", owner=world.plex_tv.add_account("owner"))

    assert (await tell(panel, path, expected=400, **body))["error"]


async def test_demo_world_lives(verify_cleanup: None, socket_enabled: None) -> None:
    """In the demo world streams start, pause and end, and there are never too many."""
    async with demo_world(lively=False) as world:
        home = world.server("Home")
        assert [share.account.username for share in world.server("Cinema").shares] == ["owner"]
        assert [server.name for server in world.servers if server.plex_pass] == ["Home", "Cinema"]
        assert [server.name for server in world.servers if not server.claimed] == ["Attic"]
        life = Life(home, world.plex_tv.book.accounts, random.Random(7))  # noqa: S311 - A story.
        counts, states = set(), set()
        for _ in range(200):
            await life.happen()
            counts.add(len(home.streams))
            states |= {stream.state.value for stream in home.streams}

    assert counts == {*range(MOST_STREAMS + 1)}
    assert states == {"playing", "paused"}


async def test_demo_world_grows(verify_cleanup: None, socket_enabled: None) -> None:
    """In the demo world something new comes again and again, and there is never too much."""
    async with demo_world(lively=False) as world:
        home = world.server("Home")
        home.job_seconds = 0
        life = Life(home, world.plex_tv.book.accounts, random.Random(7))  # noqa: S311 - A story.
        old = set(home.library.items)
        new: set[Item] = set()
        for _ in range(100):
            await life.grow()
            await world.idle(quiet=0)
            new |= {*home.library.items} - old
            assert len(home.library.items) <= MOST_ITEMS + 20

    assert {item.kind for item in new} > {Kind.MOVIE, Kind.EPISODE, Kind.TRACK, Kind.PHOTO}
    assert not old & {*home.library.items}
    assert home.activities.running == []


async def test_runs_by_itself(verify_cleanup: None, socket_enabled: None) -> None:
    """As a process of its own it prints where everything is, and ends when told."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.simulator", "--quiet", cwd=ROOT, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    try:
        addresses = json.loads(await asyncio.wait_for(process.stdout.readline(), 30))
        async with aiohttp.ClientSession(addresses["control"]) as panel:
            overview = await tell(panel, "/", "GET")
    finally:
        process.send_signal(signal.SIGINT)
        code = await asyncio.wait_for(process.wait(), 10)

    assert code == 0
    assert set(addresses["servers"]) == {"Home", "Cinema", "Cabin", "Attic"}
    assert overview["plex_tv"]["url"] == addresses["plex_tv"]
    assert overview["servers"]["Home"]["streams"] == []
