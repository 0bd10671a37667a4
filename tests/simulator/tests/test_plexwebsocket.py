"""plexwebsocket and plexauth, which Home Assistant's own Plex integration uses, work unchanged."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any

import aiohttp
from plexauth import PlexAuth
from plexwebsocket import (
    ERROR_AUTH_FAILURE,
    SIGNAL_CONNECTION_STATE,
    STATE_CONNECTED,
    STATE_STOPPED,
    PlexWebsocket,
)
import pytest

from tests.simulator import Account, PlexServer, World

# plexwebsocket uses deprecated parameters of aiohttp.
pytestmark = pytest.mark.filterwarnings(
    "ignore:ssl=None is deprecated", "ignore:code property is deprecated"
)

type Event = tuple[str, Any, str | None]


@asynccontextmanager
async def listening(server: PlexServer, token: str) -> AsyncGenerator[asyncio.Queue[Event]]:
    """Listen with plexwebsocket, and yield the queue of its events."""
    events: asyncio.Queue[Event] = asyncio.Queue()

    def url(path: str, *, includeToken: bool) -> str:  # noqa: N803  # PlexAPI names it so.
        assert includeToken
        return f"{server.url}{path}?X-Plex-Token={token}"

    async with aiohttp.ClientSession() as session:
        socket = PlexWebsocket(
            SimpleNamespace(url=url),
            lambda *event: events.put_nowait(event),
            subscriptions=["playing", "status"],
            session=session,
        )
        task = asyncio.create_task(socket.listen())
        try:
            yield events
        finally:
            socket.close()
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


async def next_event(events: asyncio.Queue[Event], kind: str) -> Event:
    """Return the next event of a kind."""
    while True:
        event = await asyncio.wait_for(events.get(), 5)
        if event[0] == kind:
            return event


async def connected(events: asyncio.Queue[Event]) -> None:
    """Wait until the socket is open."""
    while (await next_event(events, SIGNAL_CONNECTION_STATE))[1] != STATE_CONNECTED:
        pass


async def test_playing_is_reported(world: World, owner: Account, home: PlexServer) -> None:
    """It reports that a stream starts, pauses and stops."""
    async with listening(home, world.plex_tv.sign_in(owner)) as events:
        await connected(events)
        stream = await home.start_stream(title="Winter Light")
        await stream.pause()
        await stream.stop()

        heard = [(await next_event(events, "playing"))[1] for _ in range(3)]

    notifications = [message["PlaySessionStateNotification"][0] for message in heard]
    assert [(item["sessionKey"], item["state"]) for item in notifications] == [
        ("1", "playing"),
        ("1", "paused"),
        ("1", "stopped"),
    ]


async def test_finished_scan_is_reported(world: World, owner: Account, home: PlexServer) -> None:
    """It reports that a library was scanned, after which Home Assistant updates."""
    async with listening(home, world.plex_tv.sign_in(owner)) as events:
        await connected(events)
        await home.add_media("Something New")

        titles = [
            (await next_event(events, "status"))[1]["StatusNotification"][0]["title"]
            for _ in range(2)
        ]

    assert titles == ['Scanning the "Movies" section', "Library scan complete"]


@pytest.mark.allowed_logs(r"^plexwebsocket: Credentials rejected: 401")
async def test_invalid_token_stops_it(home: PlexServer) -> None:
    """It reports the refused handshake as an authentication failure, and stops."""
    async with listening(home, "no-such-token-at-all") as events:
        states = []
        while STATE_STOPPED not in states:
            _, state, error = await next_event(events, SIGNAL_CONNECTION_STATE)
            states.append(state)

    assert error == ERROR_AUTH_FAILURE


@pytest.mark.usefixtures("redirect_plex_tv")
async def test_sign_in_with_plexauth(world: World, owner: Account) -> None:
    """It gets a token after the user has approved its PIN in the browser."""
    async with (
        aiohttp.ClientSession() as session,
        PlexAuth({"X-Plex-Product": "Home Assistant"}, session, {}) as auth,
    ):
        await auth.initiate_auth()
        [pin] = world.plex_tv.waiting_pins()
        assert pin.strong
        assert pin.product == "Home Assistant"
        assert pin.code in auth.auth_url()
        assert await auth.request_auth_token() is None

        world.plex_tv.approve_pin(pin.code, owner)

        assert [await auth.request_auth_token()] == world.plex_tv.tokens_of(owner)
    [device] = world.plex_tv.devices_of(owner)
    assert device.client_identifier == auth.client_identifier
