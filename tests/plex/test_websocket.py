"""The websocket of a server, and everything that can become of it."""

import asyncio
from collections.abc import AsyncGenerator, Mapping

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
from custom_components.plex_monitor.plex.transport import ClientIdentity, PlexTransport

from .common import TOKEN, assert_tells_nothing, transport_to
from .raw_server import RawServer


class WebsocketServer:
    """A websocket server that does as it is told."""

    def __init__(self) -> None:
        """Accept everybody."""
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
        """Return the address."""
        return str(self.server.make_url(""))

    def cut(self) -> None:
        """Cut the connection of the last websocket, without a word."""
        assert self._connection is not None
        self._connection.abort()

    def _application(self) -> web.Application:
        """Serve every path alike."""
        application = web.Application()
        application.router.add_get("/{path:.*}", self._handle)
        return application

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        """Shake hands and keep the websocket until it is closed."""
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


async def test_frames_arrive(listener: PlexTransport, pushing: WebsocketServer) -> None:
    """Text frames are handed on, others are dropped; the token is in a header."""
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


async def test_a_server_that_closes(listener: PlexTransport, pushing: WebsocketServer) -> None:
    """The end of a websocket is a lost connection."""
    async with listener.websocket("/", token=TOKEN) as frames:
        websocket = await pushing.open.get()
        await websocket.send_str("one")
        await websocket.close()
        assert await anext(frames) == "one"
        for _ in range(2):
            with pytest.raises(PlexConnectionError) as lost:
                await anext(frames)
            assert_tells_nothing(lost.value)


async def test_a_server_that_is_gone(listener: PlexTransport, pushing: WebsocketServer) -> None:
    """A cut connection is lost."""
    async with listener.websocket("/", token=TOKEN) as frames:
        await pushing.open.get()
        pushing.cut()
        with pytest.raises(PlexConnectionError):
            await anext(frames)


async def test_a_server_that_falls_silent(
    listener: PlexTransport, pushing: WebsocketServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A websocket without an answer to pings is lost."""
    monkeypatch.setattr(module, "PING_AFTER", 0.02)
    monkeypatch.setattr(module, "PONG_WITHIN", 0.02)
    pushing.pongs = False
    async with listener.websocket("/", token=TOKEN) as frames:
        with pytest.raises(PlexConnectionError, match="timed out") as lost:
            await anext(frames)
        assert_tells_nothing(lost.value)


async def test_a_server_with_nothing_to_say(
    listener: PlexTransport, pushing: WebsocketServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is there as long as it answers pings."""
    monkeypatch.setattr(module, "PING_AFTER", 0.02)
    monkeypatch.setattr(module, "PONG_WITHIN", 0.5)
    async with listener.websocket("/", token=TOKEN) as frames:
        waiting = asyncio.ensure_future(anext(frames))
        await asyncio.sleep(0.8)
        await (await pushing.open.get()).send_str("one")
        assert await waiting == "one"


async def test_a_server_that_pings(listener: PlexTransport, pushing: WebsocketServer) -> None:
    """It gets its answer, with what it sent (reported: a question mark)."""
    pushing.pongs = False
    async with listener.websocket("/", token=TOKEN) as frames:
        websocket = await pushing.open.get()
        waiting = asyncio.ensure_future(anext(frames))
        await websocket.ping(b"?")
        message = await pushing.received.get()
        assert (message.type, message.data) == (aiohttp.WSMsgType.PONG, b"?")
        await websocket.send_str("one")
        assert await waiting == "one"


async def test_a_server_that_pings_and_is_gone(
    plex: PlexTransport, raw: RawServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An answer that cannot be sent is a lost connection."""

    async def broken(_: object, message: bytes = b"") -> None:
        raise aiohttp.ClientConnectionResetError(message)

    monkeypatch.setattr(aiohttp.ClientWebSocketResponse, "pong", broken)
    raw.accept_websocket(b"\x89\x01?")
    async with plex.websocket("/", token=TOKEN) as frames:
        with pytest.raises(PlexConnectionError) as lost:
            await anext(frames)
        assert_tells_nothing(lost.value)


async def test_a_frame_beyond_all_measure(
    listener: PlexTransport, pushing: WebsocketServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The websocket is given up."""
    monkeypatch.setattr(transport, "MAX_FRAME", 100)
    async with listener.websocket("/", token=TOKEN) as frames:
        websocket = await pushing.open.get()
        await websocket.send_str("x" * 101)
        with pytest.raises(PlexConnectionError):
            await anext(frames)


async def test_a_websocket_outlives_the_time_limit(
    listener: PlexTransport, pushing: WebsocketServer
) -> None:
    """The limit is for the handshake."""
    async with listener.websocket("/", token=TOKEN, timeout=0.5) as frames:
        websocket = await pushing.open.get()
        waiting = asyncio.ensure_future(anext(frames))
        await asyncio.sleep(0.7)
        await websocket.send_str("one")
        assert await waiting == "one"


async def test_a_handshake_without_an_answer(plex: PlexTransport, raw: RawServer) -> None:
    """Time is up for a handshake as well."""
    raw.hang = True
    with pytest.raises(PlexConnectionError, match="timed out") as failed:
        async with plex.websocket("/", token=TOKEN, timeout=0.1):
            pytest.fail("opened")
    assert_tells_nothing(failed.value)


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
async def test_a_refused_handshake(
    listener: PlexTransport,
    pushing: WebsocketServer,
    status: int,
    headers: dict[str, str],
    expected: type[PlexError],
) -> None:
    """It means what it means for a request."""
    pushing.refuse_with = web.Response(status=status, headers=headers, text="No")
    with pytest.raises(expected) as refused:
        async with listener.websocket("/:/websockets/notifications", token=TOKEN):
            pytest.fail("opened")
    assert type(refused.value) is expected
    assert_tells_nothing(refused.value)


async def test_a_handshake_is_not_redirected(
    listener: PlexTransport, pushing: WebsocketServer
) -> None:
    """The token goes nowhere else here either."""
    async with RawServer() as elsewhere:
        elsewhere.respond("{}")
        pushing.refuse_with = web.Response(status=302, headers={"Location": f"{elsewhere.url}/"})
        with pytest.raises(PlexResponseError):
            async with listener.websocket("/", token=TOKEN):
                pytest.fail("opened")
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
async def test_a_handshake_that_is_wrong(
    plex: PlexTransport, raw: RawServer, headers: tuple[str, ...]
) -> None:
    """Switching protocols is more than saying so."""
    raw.answer = "\r\n".join(("HTTP/1.1 101 Switching Protocols", *headers, "", "")).encode()
    with pytest.raises(PlexResponseError) as failed:
        async with plex.websocket("/", token=TOKEN):
            pytest.fail("opened")
    assert_tells_nothing(failed.value)


async def test_the_session_goes_on_after_a_websocket(
    listener: PlexTransport, session: aiohttp.ClientSession
) -> None:
    """Its connections are others' as well."""
    for _ in range(2):
        async with listener.websocket("/", token=TOKEN):
            pass
    assert session.connector is not None
    assert not session.connector.closed


async def test_a_session_that_is_closed(
    listener: PlexTransport, session: aiohttp.ClientSession
) -> None:
    """Nothing can be opened with it."""
    await session.close()
    with pytest.raises(PlexConnectionError):
        async with listener.websocket("/", token=TOKEN):
            pytest.fail("opened")


async def test_listening_that_is_given_up(
    listener: PlexTransport, pushing: WebsocketServer
) -> None:
    """Cancelling closes the websocket."""

    async def listen() -> None:
        async with listener.websocket("/", token=TOKEN) as frames:
            await anext(frames)

    listening = asyncio.create_task(listen())
    await pushing.open.get()
    listening.cancel()
    with pytest.raises(asyncio.CancelledError):
        await listening
    await pushing.closed.wait()
