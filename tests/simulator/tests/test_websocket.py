"""The simulator's push channel."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest

from tests.simulator import Account, Fault, PlexServer, World

NOTIFICATIONS = "/:/websockets/notifications"


@asynccontextmanager
async def listening(
    server: PlexServer, token: str | None, path: str = NOTIFICATIONS
) -> AsyncGenerator[aiohttp.ClientWebSocketResponse]:
    """Open the push channel of a server."""
    headers = {"X-Plex-Token": token} if token else {}
    async with (
        aiohttp.ClientSession(headers=headers) as session,
        session.ws_connect(server.url + path) as socket,
    ):
        yield socket


async def received(socket: aiohttp.ClientWebSocketResponse) -> dict[str, Any]:
    """Return the content of the next frame."""
    content: dict[str, Any] = (await socket.receive_json(timeout=5))["NotificationContainer"]
    return content


@pytest.mark.parametrize("path", [NOTIFICATIONS, "/:/websocket/notifications"])
async def test_changes_of_a_stream(
    world: World, owner: Account, home: PlexServer, path: str
) -> None:
    """Every change of a stream is pushed, at both paths of the channel."""
    async with listening(home, world.plex_tv.sign_in(owner), path) as socket:
        stream = await home.start_stream(title="Winter Light")
        await stream.pause()
        await stream.stop()

        contents = [await received(socket) for _ in range(3)]

    assert {content["type"] for content in contents} == {"playing"}
    items = [content["PlaySessionStateNotification"][0] for content in contents]
    assert [item["state"] for item in items] == ["playing", "paused", "stopped"]
    assert {item["sessionKey"] for item in items} == {"1"}
    assert world.requests[-1].status == 101


@pytest.mark.parametrize(
    ("filters", "received_kinds"),
    [
        ("", {"activity", "progress", "status", "timeline"}),
        ("?filters=status", {"status"}),
        ("?filters=-timeline,-activity", {"progress", "status"}),
    ],
)
async def test_filters(
    world: World, owner: Account, home: PlexServer, filters: str, received_kinds: set[str]
) -> None:
    """A listener receives the kinds that its filters allow."""
    token = world.plex_tv.sign_in(owner)
    async with listening(home, token, NOTIFICATIONS + filters) as socket:
        await home.add_media("Something New")
        await home.notifier.notify("status", "StatusNotification", {"title": "The end"})
        kinds = set()
        while True:
            content = await received(socket)
            kinds.add(content["type"])
            if content.get("StatusNotification", [{}])[0].get("title") == "The end":
                break

    assert kinds == received_kinds


async def test_guests_are_notified_of_their_own_streams(
    world: World, owner: Account, friend: Account, home: PlexServer
) -> None:
    """The owner is notified of all streams, a guest only of its own."""
    async with (
        listening(home, world.plex_tv.sign_in(owner)) as owners,
        listening(home, home.share_with(friend)) as guests,
    ):
        await home.start_stream(user=owner)
        await home.start_stream(user=friend)

        all_keys = [await received(owners) for _ in range(2)]
        guest_key = await received(guests)

    def key(content: dict[str, Any]) -> str:
        session_key: str = content["PlaySessionStateNotification"][0]["sessionKey"]
        return session_key

    assert [key(content) for content in all_keys] == ["1", "2"]
    assert key(guest_key) == "2"


async def test_refused_handshakes(world: World, owner: Account, home: PlexServer) -> None:
    """An invalid token is refused with 401, and a server can refuse all handshakes."""
    token = world.plex_tv.sign_in(owner)

    async def refused(sent: str | None) -> int:
        with pytest.raises(aiohttp.WSServerHandshakeError) as info:
            async with listening(home, sent):
                pass
        return info.value.status

    assert await refused(None) == 401
    assert await refused("no-such-token-at-all") == 401
    home.refuses_websockets = 503
    assert await refused(token) == 503
    home.refuses_websockets = None
    home.faults.set(Fault.status(404), paths="websockets")
    assert await refused(token) == 404


@pytest.mark.parametrize("abruptly", [False, True])
async def test_drops(world: World, owner: Account, home: PlexServer, *, abruptly: bool) -> None:
    """A server can close the channel, with a close frame or without."""
    async with listening(home, world.plex_tv.sign_in(owner)) as socket:
        assert len(home.notifier.listeners) == 1

        await home.notifier.drop(abruptly=abruptly)

        message = await socket.receive(timeout=5)
    assert message.type in {
        aiohttp.WSMsgType.CLOSE,
        aiohttp.WSMsgType.CLOSED,
        aiohttp.WSMsgType.ERROR,
    }
    await world.idle()
    assert home.notifier.listeners == []


@pytest.mark.parametrize("closes", [False, True])
async def test_channel_of_a_revoked_token(
    world: World, owner: Account, home: PlexServer, *, closes: bool
) -> None:
    """The open channel of a revoked token stays open or is closed, as the knob says."""
    home.closes_sockets_on_revocation = closes
    token, other = world.plex_tv.sign_in(owner), world.plex_tv.sign_in(owner)
    async with listening(home, token) as socket, listening(home, other):
        world.plex_tv.revoke(token)
        await world.idle()

        assert len(home.notifier.listeners) == (1 if closes else 2)
        if not closes:
            await home.start_stream()
            assert (await received(socket))["type"] == "playing"


async def test_mute_server(world: World, owner: Account, home: PlexServer) -> None:
    """A server can ignore pings."""
    home.notifier.mute = True
    headers = {"X-Plex-Token": world.plex_tv.sign_in(owner)}
    async with (
        aiohttp.ClientSession(headers=headers) as session,
        session.ws_connect(home.url + NOTIFICATIONS, heartbeat=0.05) as socket,
    ):
        message = await socket.receive(timeout=5)

    assert message.type is aiohttp.WSMsgType.ERROR


async def test_playing_streams_are_pushed_periodically(
    world: World, owner: Account, home: PlexServer
) -> None:
    """A playing stream is pushed at an interval, a paused one is not."""
    stream = await home.start_stream(player="Kitchen")
    paused = await home.start_stream(player="Bedroom")
    await paused.pause()
    async with listening(home, world.plex_tv.sign_in(owner)) as socket:
        home.playing_interval = 0.01

        contents = [await received(socket) for _ in range(3)]

    keys = {content["PlaySessionStateNotification"][0]["sessionKey"] for content in contents}
    assert keys == {stream.session_key}


async def test_transcode_sessions_are_pushed_periodically(
    world: World, owner: Account, home: PlexServer
) -> None:
    """The transcode session is pushed with its stream."""
    await home.start_stream(transcode=True)
    async with listening(home, world.plex_tv.sign_in(owner)) as socket:
        home.playing_interval = 0.01

        kinds = [(await received(socket))["type"] for _ in range(4)]

    assert kinds == ["playing", "transcodeSession.update"] * 2


async def test_guests_are_notified_of_their_own_activities(
    world: World, owner: Account, friend: Account, home: PlexServer
) -> None:
    """A guest is notified of its own activities, and of the end of a scan."""
    async with listening(home, home.share_with(friend)) as socket:
        await home.scan(home.library.sections[0])
        await home.activities.start("grabber.grab", "Recording", account_id=friend.id)

        contents = [await received(socket) for _ in range(3)]

    assert [content["type"] for content in contents] == ["status", "status", "activity"]
    assert contents[2]["ActivityNotification"][0]["Activity"]["title"] == "Recording"


async def test_any_frame(world: World, owner: Account, home: PlexServer) -> None:
    """A server can send any text."""
    async with listening(home, world.plex_tv.sign_in(owner)) as socket:
        await home.notifier.send_text("{not json")

        assert await socket.receive_str(timeout=5) == "{not json"
