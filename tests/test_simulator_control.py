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

from .simulator import Delivery, World
from .simulator.demo import MOST_STREAMS, Life, demo_world

ROOT = Path(__file__).parents[1]


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


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/servers/Nowhere/restart", {}),
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
    world.plex_tv.add_account("owner")

    assert (await tell(panel, path, expected=400, **body))["error"]


async def test_demo_world_lives(verify_cleanup: None, socket_enabled: None) -> None:
    """In the demo world streams start, pause and end, and there are never too many."""
    async with demo_world(lively=False) as world:
        home = world.server("Home")
        assert [share.account.username for share in world.server("Friends").shares] == ["owner"]
        life = Life(home, world.plex_tv.book.accounts, random.Random(7))  # noqa: S311 - A story.
        counts, states = set(), set()
        for _ in range(200):
            await life.happen()
            counts.add(len(home.streams))
            states |= {stream.state.value for stream in home.streams}

    assert counts == {*range(MOST_STREAMS + 1)}
    assert states == {"playing", "paused"}


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
    assert set(addresses["servers"]) == {"Home", "Friends"}
    assert overview["plex_tv"]["url"] == addresses["plex_tv"]
    assert overview["servers"]["Home"]["streams"] == []
