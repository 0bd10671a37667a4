"""The simulator's control panel, and the demo world."""

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


async def request(
    panel: aiohttp.ClientSession,
    path: str,
    method: str = "POST",
    *,
    expected: int = 200,
    **body: Any,
) -> Any:
    """Send a request to the panel, and return the JSON of the response."""
    async with panel.request(method, path, json=body) as response:
        assert response.status == expected, await response.text()
        return await response.json()


async def test_accounts_servers_and_tokens_over_http(
    world: World, panel: aiohttp.ClientSession
) -> None:
    """Accounts, servers, PINs, tokens, streams and faults can be controlled."""
    await request(panel, "/accounts", username="owner", plex_pass=True)
    await request(panel, "/accounts", username="friend")
    await request(panel, "/servers", name="Home", owner="owner")
    shared = await request(panel, "/servers/Home/share", account="friend")
    home, plex_tv = world.server("Home"), world.plex_tv
    assert home.access_token_for(plex_tv.account("friend")) == shared["token"]

    pin = plex_tv.pins.create(strong=False, headers={"X-Plex-Client-Identifier": "app"})
    overview = await request(panel, "/", "GET")
    assert overview["plex_tv"]["waiting_pins"] == [
        {"code": pin.code, "product": "Unknown", "strong": False}
    ]
    await request(panel, f"/pins/{pin.code}/approve", account="owner")
    assert pin.token is not None
    assert plex_tv.is_valid(pin.token)

    started = await request(
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
    await request(panel, "/servers/Home/streams/1/pause")
    await request(panel, "/servers/Home/streams/1/seek", offset=60_000)
    assert stream.view_offset == 60_000
    overview = await request(panel, "/", "GET")
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
    await request(panel, "/servers/Home/streams/1/stop")
    assert home.streams == []

    added = await request(
        panel,
        "/servers/Home/media",
        title="Third Time Lucky",
        kind="episode",
        show="Harbour Street",
    )
    item = home.library.item(added["rating_key"])
    assert item is not None
    assert item.title == "Third Time Lucky"
    await request(
        panel, "/servers/Home/update", version="1.44.0.11000-0badc0ffe", can_install=False
    )
    assert home.updater.release is not None
    assert home.updater.can_install is False

    devices = await request(panel, "/accounts/owner/devices", "GET")
    assert [device["token"] for device in devices] == [pin.token]
    await request(panel, "/tokens/revoke", token=pin.token)
    assert not plex_tv.is_valid(pin.token)
    token = (await request(panel, "/accounts/owner/sign_in", client_identifier="b"))["token"]
    await request(panel, "/devices/b", "DELETE")
    assert not plex_tv.is_valid(token)
    token = (await request(panel, "/accounts/owner/sign_in"))["token"]
    await request(panel, "/accounts/owner/password", servers=True)
    assert not plex_tv.is_valid(token)
    assert not home.claimed
    regenerated = await request(panel, "/servers/Home/token", account="friend")
    assert regenerated["token"] != shared["token"]
    await request(panel, "/servers/Home/unshare", account="friend")
    assert home.shares == []


async def test_faults_and_knobs_over_http(world: World, panel: aiohttp.ClientSession) -> None:
    """Hosts can be stopped and started, knobs set, and faults set and cleared."""
    owner = world.plex_tv.add_account("owner")
    home = await world.add_server("Home", owner=owner)

    async def identity() -> int:
        async with (
            aiohttp.ClientSession() as session,
            session.get(home.url + "/identity") as answer,
        ):
            return answer.status

    await request(
        panel, "/hosts/Home/faults", status=503, retry_after=3, paths="^/identity", times=1
    )
    assert [await identity(), await identity()] == [503, 200]
    await request(panel, "/hosts/Home/faults", kind="maintenance")
    assert await identity() == 503
    await request(panel, "/hosts/Home/faults", "DELETE")
    assert await identity() == 200

    await request(panel, "/hosts/Home/stop")
    await request(panel, "/hosts/plex.tv/stop")
    assert [home.running, world.plex_tv.running] == [False, False]
    await request(panel, "/hosts/Home/start")
    await request(panel, "/servers/Home/restart", version="1.44.0.11000-0badc0ffe")
    assert home.running
    assert home.version == "1.44.0.11000-0badc0ffe"

    await request(panel, "/servers/Home", "PATCH", claimed=False, revocation_grace=60)
    assert home.claimed is False
    knobs = (await request(panel, "/", "GET"))["servers"]["Home"]["knobs"]
    assert knobs["revocation_grace"] == 60

    await request(panel, "/idle")
    log = await request(panel, "/requests", "GET")
    assert {record["path"] for record in log} == {"/identity"}
    await request(panel, "/requests", "DELETE")
    assert len(world.requests) == 0


async def test_push_over_http(world: World, panel: aiohttp.ClientSession) -> None:
    """Notifications can be sent, and the channel dropped."""
    home = await world.add_server("Home", owner=world.plex_tv.add_account("owner"))
    home.claimed = False
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(home.url + "/:/websockets/notifications") as socket,
    ):
        await request(
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
        await request(panel, "/servers/Home/websockets/drop")
        assert (await socket.receive(timeout=5)).type is aiohttp.WSMsgType.CLOSE


async def test_addresses_and_lifetimes_over_http(
    world: World, panel: aiohttp.ClientSession
) -> None:
    """Addresses, certificates, lifetimes of PINs and homes can be set."""
    owner, child = world.plex_tv.add_account("owner"), world.plex_tv.add_account("child")
    home = await world.add_server("Home", owner=owner, tls=True)
    old_port, old_name = home.port, home.plex_direct_id

    moved = await request(panel, "/hosts/Home/move")
    await request(panel, "/servers/Home/certificate")
    await request(
        panel,
        "/servers/Home/connections",
        "PUT",
        connections=[{"uri": "http://192.0.2.1:32400", "address": "192.0.2.1", "port": 32400}],
    )
    await request(panel, "/servers/Home/websockets/mute", mute=True)
    await request(panel, "/pins", "PATCH", weak_lifetime=30)
    await request(panel, "/homes", members=["owner", "child"])

    assert moved["url"].endswith(f":{home.port}")
    assert home.port != old_port
    assert home.plex_direct_id != old_name
    assert [connection.address for connection in home.connections] == ["192.0.2.1"]
    assert home.notifier.mute
    assert world.plex_tv.pins.weak_lifetime == 30
    assert child.home == [owner, child]


async def test_media_over_http(world: World, panel: aiohttp.ClientSession) -> None:
    """Libraries, streams and activities can be controlled."""
    friend = world.plex_tv.add_account("friend")
    home = await world.add_server("Home", owner=world.plex_tv.add_account("owner"))
    server = "/servers/Home"

    section = await request(
        panel, f"{server}/sections", title="Endless", kind="movie", claims={"movie": 1_000_000}
    )
    added = await request(
        panel, f"{server}/media", title="Big", quality="uhd", section=section["id"]
    )
    item = home.library.item(added["rating_key"])
    assert item is not None
    assert (item.section.title, item.quality) == ("Endless", UHD)
    found = await request(
        panel,
        f"{server}/discover",
        files=[{"title": f"Part {part}", "kind": "track", "show": "A Band"} for part in (1, 2)],
    )
    assert len(found["rating_keys"]) == 2
    await request(panel, f"{server}/media/{found['rating_keys'][0]}", "DELETE")
    assert home.library.titled("Part 1") is None
    await request(panel, f"{server}/disk", files=[{"title": "Later"}])
    assert [find.title for find in home.scanner.on_disk] == ["Later"]
    await request(panel, f"{server}/sections/{section['id']}", "DELETE")
    await request(panel, f"{server}/share", account="friend", sections=[2])
    access = home.access(home.access_token_for(friend))
    assert access is not None
    assert [access.sees(number) for number in (1, 2, 3)] == [False, True, False]

    await request(panel, f"{server}/streams", title="Wide", delivery="transcode", quality="uhd")
    await request(panel, f"{server}/streams/1/work", throttled=True, speed=0.5)
    await request(panel, f"{server}/streams/1/deliver", delivery="transcode", video="copy")
    [stream] = home.streams
    assert (stream.throttled, stream.speed, stream.video) == (True, 0.5, "copy")
    await request(panel, f"{server}/streams/1/crash")
    assert home.streams == [stream]

    await request(panel, server, "PATCH", job_seconds=None)
    started = await request(panel, f"{server}/activities", kind="grabber.grab", title="Recording")
    await request(panel, f"{server}/activities/{started['uuid']}/update", progress=50)
    assert home.activities.running[0].progress == 50
    assert (await request(panel, f"{server}/butler/BackupDatabase"))["started"] is True
    overview = (await request(panel, "/", "GET"))["servers"]["Home"]
    assert [*overview["activities"].values()] == ["Recording", "BackupDatabase"]
    assert overview["libraries"] == {"1": "Movies", "2": "TV Shows", "3": "Music"}
    await request(panel, f"{server}/activities/{started['uuid']}/end")
    await request(panel, f"{server}/jobs/finish")
    assert home.activities.running == []
    await request(panel, f"{server}/remote_access", state="mapped", error="unreachable")
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
async def test_invalid_requests_are_refused(
    world: World, panel: aiohttp.ClientSession, path: str, body: dict[str, Any]
) -> None:
    """An invalid request is refused with the reason."""
    await world.add_server("Home", owner=world.plex_tv.add_account("owner"))

    assert (await request(panel, path, expected=400, **body))["error"]


async def test_demo_world_has_streams(verify_cleanup: None, socket_enabled: None) -> None:
    """In the demo world streams start, pause and end, and their number is limited."""
    async with demo_world(lively=False) as world:
        tower = world.server("Tower")
        assert [share.account.username for share in world.server("Cinema").shares] == ["owner"]
        assert [server.name for server in world.servers if server.plex_pass] == ["Tower", "Cinema"]
        assert [server.name for server in world.servers if not server.claimed] == ["Attic"]
        life = Life(tower, world.plex_tv.book.accounts, random.Random(7))  # noqa: S311 - A story.
        counts, states = set(), set()
        for _ in range(200):
            await life.happen()
            counts.add(len(tower.streams))
            states |= {stream.state.value for stream in tower.streams}

    assert counts == {*range(MOST_STREAMS + 1)}
    assert states == {"playing", "paused"}


async def test_demo_world_grows(verify_cleanup: None, socket_enabled: None) -> None:
    """In the demo world media is added from time to time, and its amount is limited."""
    async with demo_world(lively=False) as world:
        tower = world.server("Tower")
        tower.job_seconds = 0
        life = Life(tower, world.plex_tv.book.accounts, random.Random(7))  # noqa: S311 - A story.
        old = set(tower.library.items)
        new: set[Item] = set()
        for _ in range(100):
            await life.grow()
            await world.idle(quiet=0)
            new |= {*tower.library.items} - old
            assert len(tower.library.items) <= MOST_ITEMS + 20

    assert {item.kind for item in new} > {Kind.MOVIE, Kind.EPISODE, Kind.TRACK, Kind.PHOTO}
    assert not old & {*tower.library.items}
    assert tower.activities.running == []


async def test_runs_by_itself(verify_cleanup: None, socket_enabled: None) -> None:
    """As a process of its own it prints the addresses, and ends with a signal."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.simulator", "--quiet", cwd=ROOT, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    try:
        addresses = json.loads(await asyncio.wait_for(process.stdout.readline(), 30))
        async with aiohttp.ClientSession(addresses["control"]) as panel:
            overview = await request(panel, "/", "GET")
    finally:
        process.send_signal(signal.SIGINT)
        code = await asyncio.wait_for(process.wait(), 10)

    assert code == 0
    assert set(addresses["servers"]) == {"Tower", "Cinema", "Cabin", "Attic"}
    assert overview["plex_tv"]["url"] == addresses["plex_tv"]
    assert overview["servers"]["Tower"]["streams"] == []
