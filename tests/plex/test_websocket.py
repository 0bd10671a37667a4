"""Websockets to Plex."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from time import monotonic, thread_time

import aiohttp
from aiohttp import test_utils, web
import pytest

from custom_components.plex_monitor.plex import transport, websocket as module
from custom_components.plex_monitor.plex.errors import (
    PlexConnectionError,
    PlexError,
    PlexForbiddenError,
    PlexNotFoundError,
    PlexResponseError,
    PlexUnauthorizedError,
    PlexUnavailableError,
)
from custom_components.plex_monitor.plex.limits import AnswerLimit
from custom_components.plex_monitor.plex.transport import ClientIdentity, PlexTransport

from .common import TOKEN, assert_no_secrets, transport_to, websocket_error
from .raw_server import RawServer


class WebsocketServer:
    """A websocket server that is controlled by the test."""

    def __init__(self) -> None:
        """Initialize as accepting websockets."""
        self.headers: list[Mapping[str, str]] = []
        self.refuse_with: web.Response | None = None
        self.pongs = True
        self.open: asyncio.Queue[web.WebSocketResponse] = asyncio.Queue()
        self.received: asyncio.Queue[aiohttp.WSMessage] = asyncio.Queue()
        self.closed = asyncio.Event()
        self._connection: asyncio.Transport | None = None
        self.server = test_utils.TestServer(self._application(), host="127.0.0.1")

    @property
    def url(self) -> str:
        """Return the URL."""
        return str(self.server.make_url(""))

    def cut(self) -> None:
        """Abort the connection of the last websocket without closing it."""
        assert self._connection is not None
        self._connection.abort()

    def _application(self) -> web.Application:
        """Return the application, which serves every path."""
        application = web.Application()
        application.router.add_get("/{path:.*}", self._handle)
        return application

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        """Accept a websocket and read from it until it is closed."""
        self.headers.append(request.headers)
        if self.refuse_with is not None:
            return self.refuse_with
        self._connection = request.transport
        websocket = web.WebSocketResponse(autoping=self.pongs)
        await websocket.prepare(request)
        self.open.put_nowait(websocket)
        try:
            async for message in websocket:
                self.received.put_nowait(message)
        finally:
            self.closed.set()
        return websocket


@pytest.fixture
async def pushing() -> AsyncGenerator[WebsocketServer]:
    """Run a websocket server."""
    server = WebsocketServer()
    async with server.server:
        yield server


@pytest.fixture
def listener(
    pushing: WebsocketServer, session: aiohttp.ClientSession, identity: ClientIdentity
) -> PlexTransport:
    """Return a transport to the websocket server."""
    return transport_to(pushing.url, session, identity)


async def test_text_frames(listener: PlexTransport, pushing: WebsocketServer) -> None:
    """Text frames are returned, others are dropped, and the token is sent in a header."""
    async with listener.websocket("/:/websockets/notifications", token=TOKEN) as frames:
        websocket = await pushing.open.get()
        await websocket.send_str("one")
        await websocket.send_bytes(b"binary")
        await websocket.send_str("two")
        iterator = aiter(frames)
        assert [await anext(iterator), await anext(iterator)] == ["one", "two"]
    assert pushing.headers[0]["X-Plex-Token"] == TOKEN
    assert pushing.headers[0]["X-Plex-Client-Identifier"] == "plex-monitor-test"
    await pushing.closed.wait()


async def test_text_that_is_not_utf_8(listener: PlexTransport, pushing: WebsocketServer) -> None:
    """It costs a character, and not the websocket."""
    async with listener.websocket("/", token=TOKEN) as frames:
        websocket = await pushing.open.get()
        await websocket.send_frame(b"Caf\xe9", aiohttp.WSMsgType.TEXT)
        await websocket.send_str("two")
        iterator = aiter(frames)
        assert [await anext(iterator), await anext(iterator)] == ["Caf\ufffd", "two"]


async def test_websocket_closed_by_the_server(
    listener: PlexTransport, pushing: WebsocketServer
) -> None:
    """It raises `PlexConnectionError`."""
    async with listener.websocket("/", token=TOKEN) as frames:
        websocket = await pushing.open.get()
        await websocket.send_str("one")
        await websocket.close()
        assert await anext(frames) == "one"
        for _ in range(2):
            with pytest.raises(PlexConnectionError) as lost:
                await anext(frames)
            assert_no_secrets(lost.value)


async def test_connection_lost(listener: PlexTransport, pushing: WebsocketServer) -> None:
    """It raises `PlexConnectionError`."""
    async with listener.websocket("/", token=TOKEN) as frames:
        await pushing.open.get()
        pushing.cut()
        with pytest.raises(PlexConnectionError):
            await anext(frames)


async def test_ping_without_a_pong(
    listener: PlexTransport, pushing: WebsocketServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It raises `PlexConnectionError`."""
    monkeypatch.setattr(module, "PING_AFTER", 0.02)
    monkeypatch.setattr(module, "PONG_WITHIN", 0.02)
    pushing.pongs = False
    async with listener.websocket("/", token=TOKEN) as frames:
        with pytest.raises(PlexConnectionError, match="timed out") as lost:
            await anext(frames)
        assert_no_secrets(lost.value)


async def test_idle_websocket_stays_open(
    listener: PlexTransport, pushing: WebsocketServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server responds to pings."""
    monkeypatch.setattr(module, "PING_AFTER", 0.02)
    monkeypatch.setattr(module, "PONG_WITHIN", 0.5)
    async with listener.websocket("/", token=TOKEN) as frames:
        waiting = asyncio.ensure_future(anext(frames))
        await asyncio.sleep(0.8)
        await (await pushing.open.get()).send_str("one")
        assert await waiting == "one"


async def test_ping_from_the_server(listener: PlexTransport, pushing: WebsocketServer) -> None:
    """The pong has its data (reported: a question mark)."""
    pushing.pongs = False
    async with listener.websocket("/", token=TOKEN) as frames:
        websocket = await pushing.open.get()
        waiting = asyncio.ensure_future(anext(frames))
        await websocket.ping(b"?")
        message = await pushing.received.get()
        assert (message.type, message.data) == (aiohttp.WSMsgType.PONG, b"?")
        await websocket.send_str("one")
        assert await waiting == "one"


async def test_pong_that_cannot_be_sent(
    plex: PlexTransport, raw: RawServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It raises `PlexConnectionError`."""

    async def broken(_: object, message: bytes = b"") -> None:
        raise aiohttp.ClientConnectionResetError(message)

    monkeypatch.setattr(aiohttp.ClientWebSocketResponse, "pong", broken)
    raw.accept_websocket(b"\x89\x01?")
    async with plex.websocket("/", token=TOKEN) as frames:
        with pytest.raises(PlexConnectionError) as lost:
            await anext(frames)
        assert_no_secrets(lost.value)


async def never(*_: object) -> None:
    """Wait for a server that does not read what it is sent."""
    await asyncio.Event().wait()


@pytest.mark.parametrize("frames", [b"\x89\x01?", b""], ids=["pong", "ping"])
async def test_server_that_does_not_read(
    plex: PlexTransport, raw: RawServer, monkeypatch: pytest.MonkeyPatch, frames: bytes
) -> None:
    """It raises `PlexConnectionError`, however many pings it sends itself."""
    monkeypatch.setattr(module, "PING_AFTER", 0.02)
    monkeypatch.setattr(module, "PONG_WITHIN", 0.02)
    monkeypatch.setattr(aiohttp.ClientWebSocketResponse, "pong", never)
    monkeypatch.setattr(aiohttp.ClientWebSocketResponse, "ping", never)
    raw.accept_websocket(frames)
    raw.hang = True
    async with asyncio.timeout(5), plex.websocket("/", token=TOKEN) as received:
        with pytest.raises(PlexConnectionError, match="timed out") as lost:
            await anext(received)
        assert_no_secrets(lost.value)


async def test_server_that_does_not_stop(
    plex: PlexTransport, raw: RawServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A websocket is closed in time, whatever arrives meanwhile."""
    monkeypatch.setattr(module, "CLOSE_WITHIN", 0.1)
    raw.accept_websocket(b"\x89\x00" * 1000)
    raw.pause_after_bytes = 0.005
    async with asyncio.timeout(5), plex.websocket("/", token=TOKEN, timeout=4):
        pass


@pytest.mark.parametrize("frames", [b"", b"\x8a\x00" * 300_000], ids=["silent", "flood"])
async def test_goodbye_of_the_server_is_not_awaited(
    plex: PlexTransport, raw: RawServer, frames: bytes
) -> None:
    """Frames that have arrived are not read any more, which would hold the event loop."""
    raw.accept_websocket(frames)
    raw.hang = True
    async with plex.websocket("/", token=TOKEN):
        await asyncio.sleep(0.1)
        closed_at = thread_time(), monotonic()
    used, passed = (
        now - at for now, at in zip((thread_time(), monotonic()), closed_at, strict=True)
    )
    assert used < 0.1
    assert passed < module.CLOSE_WITHIN


async def test_flood_after_a_goodbye_without_a_code(plex: PlexTransport, raw: RawServer) -> None:
    """It is not read either."""
    raw.accept_websocket(b"\x88\x00" + b"\x8a\x00" * 300_000)
    raw.hang = True
    async with plex.websocket("/", token=TOKEN) as frames:
        await asyncio.sleep(0.1)
        began_at = thread_time()
        with pytest.raises(PlexConnectionError):
            await anext(frames)
    assert thread_time() - began_at < 0.1


async def test_server_is_said_goodbye(listener: PlexTransport, pushing: WebsocketServer) -> None:
    """It does not have to take the end for a lost connection."""
    async with listener.websocket("/", token=TOKEN):
        websocket = await pushing.open.get()
    await pushing.closed.wait()
    assert websocket.close_code == aiohttp.WSCloseCode.OK


async def test_frame_that_is_too_long(
    listener: PlexTransport, pushing: WebsocketServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It closes the websocket."""
    monkeypatch.setattr(transport, "FRAME", AnswerLimit(size=100, values=10))
    async with listener.websocket("/", token=TOKEN) as frames:
        websocket = await pushing.open.get()
        await websocket.send_str("x" * 101)
        with pytest.raises(PlexConnectionError):
            await anext(frames)


async def test_timeout_is_for_the_handshake_only(
    listener: PlexTransport, pushing: WebsocketServer
) -> None:
    """The websocket stays open for longer."""
    async with listener.websocket("/", token=TOKEN, timeout=0.5) as frames:
        websocket = await pushing.open.get()
        waiting = asyncio.ensure_future(anext(frames))
        await asyncio.sleep(0.7)
        await websocket.send_str("one")
        assert await waiting == "one"


async def test_timeout_of_the_handshake(plex: PlexTransport, raw: RawServer) -> None:
    """It raises `PlexConnectionError`."""
    raw.hang = True
    error = await websocket_error(plex, timeout=0.1)
    assert type(error) is PlexConnectionError
    assert "timed out" in str(error)


@pytest.mark.parametrize(
    ("status", "headers", "expected"),
    [
        (401, {"X-Refused": "1"}, PlexUnauthorizedError),
        (401, {}, PlexResponseError),
        (403, {}, PlexForbiddenError),
        (404, {}, PlexNotFoundError),
        (503, {"Retry-After": "5"}, PlexUnavailableError),
        (400, {}, PlexResponseError),
        (200, {}, PlexResponseError),
    ],
)
async def test_rejected_handshake(
    listener: PlexTransport,
    pushing: WebsocketServer,
    status: int,
    headers: dict[str, str],
    expected: type[PlexError],
) -> None:
    """It raises the same errors as a request."""
    pushing.refuse_with = web.Response(status=status, headers=headers, text="No")
    assert type(await websocket_error(listener)) is expected


async def test_redirected_handshake(listener: PlexTransport, pushing: WebsocketServer) -> None:
    """The token is not sent to another host."""
    async with RawServer() as elsewhere:
        elsewhere.respond("{}")
        pushing.refuse_with = web.Response(status=302, headers={"Location": f"{elsewhere.url}/"})
        assert type(await websocket_error(listener)) is PlexResponseError
        assert elsewhere.requests == []


@pytest.mark.parametrize(
    "headers",
    [
        (),
        ("Upgrade: websocket",),
        ("Upgrade: websocket", "Connection: upgrade"),
        ("Upgrade: websocket", "Connection: upgrade", "Sec-WebSocket-Accept: rubbish"),
    ],
)
async def test_invalid_handshake(
    plex: PlexTransport, raw: RawServer, headers: tuple[str, ...]
) -> None:
    """The status 101 alone does not open a websocket."""
    raw.response = "\r\n".join(("HTTP/1.1 101 Switching Protocols", *headers, "", "")).encode()
    assert type(await websocket_error(plex)) is PlexResponseError


async def test_session_stays_open_after_a_websocket(
    listener: PlexTransport, session: aiohttp.ClientSession
) -> None:
    """Its connector is shared with other requests."""
    for _ in range(2):
        async with listener.websocket("/", token=TOKEN):
            pass
    assert session.connector is not None
    assert not session.connector.closed


async def test_closed_session(listener: PlexTransport, session: aiohttp.ClientSession) -> None:
    """No websocket can be opened."""
    await session.close()
    assert type(await websocket_error(listener)) is PlexConnectionError


async def test_cancelled_iteration_closes_the_websocket(
    listener: PlexTransport, pushing: WebsocketServer
) -> None:
    """No connection is left open."""

    async def listen() -> None:
        async with listener.websocket("/", token=TOKEN) as frames:
            await anext(frames)

    listening = asyncio.create_task(listen())
    await pushing.open.get()
    listening.cancel()
    with pytest.raises(asyncio.CancelledError):
        await listening
    await pushing.closed.wait()
