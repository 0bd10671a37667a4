"""One request to Plex, and everything that can come back."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
import gzip
import json

import aiohttp
from aiohttp import test_utils, web
from aiohttp.http_exceptions import TransferEncodingError
from freezegun import freeze_time
from hypothesis import HealthCheck, example, given, settings, strategies as st
import pytest

from custom_components.plex_monitor.plex import transport as module
from custom_components.plex_monitor.plex.errors import (
    PlexCertificateError,
    PlexConnectionError,
    PlexError,
    PlexForbiddenError,
    PlexNotFoundError,
    PlexResponseError,
    PlexUnauthorizedError,
    PlexUnavailableError,
)
from custom_components.plex_monitor.plex.transport import (
    ClientIdentity,
    PlexTransport,
    header_value,
)

from .raw_server import RawServer

TOKEN = "secret-token-0000001"
REFUSAL = "This is Plex, and no."


def is_refusal(headers: Mapping[str, str], body: bytes) -> bool:
    """Take a 401 for a refusal by a header or by its body."""
    return "X-Refused" in headers or body == REFUSAL.encode()


def transport_to(
    url: str, session: aiohttp.ClientSession, identity: ClientIdentity
) -> PlexTransport:
    """Return a transport."""
    return PlexTransport(session, url, identity, is_refusal=is_refusal)


@pytest.fixture
def plex(raw: RawServer, session: aiohttp.ClientSession, identity: ClientIdentity) -> PlexTransport:
    """Return a transport to the raw server."""
    return transport_to(raw.url, session, identity)


def assert_tells_nothing(error: BaseException) -> None:
    """Assert that an error holds no token and no error of aiohttp, which would hold one."""
    assert error.__cause__ is None
    assert error.__context__ is None
    assert TOKEN not in f"{error!r} {error} {error.args} {vars(error)}"
    assert "?" not in str(error)


async def error_of(plex: PlexTransport, **arguments: float) -> PlexError:
    """Return what a request with a token raises, which has to be an error of ours."""
    with pytest.raises(PlexError) as failed:
        await plex.get_json("/status/sessions", token=TOKEN, params={"x": "y"}, **arguments)
    assert_tells_nothing(failed.value)
    return failed.value


# What is sent


async def test_a_request_introduces_itself(plex: PlexTransport, raw: RawServer) -> None:
    """Identity and token go into headers, the token nowhere else."""
    raw.respond('{"size": 0}')
    assert await plex.get_json("/library", token=TOKEN, params={"a": "b c"}) == {"size": 0}
    (request,) = raw.requests
    line, *headers = request.splitlines()
    assert line == "GET /library?a=b+c HTTP/1.1"
    assert f"X-Plex-Token: {TOKEN}" in headers
    assert "Accept: application/json" in headers
    assert "X-Plex-Client-Identifier: plex-monitor-test" in headers
    assert "X-Plex-Product: Home Assistant" in headers
    assert "X-Plex-Version: 2026.10.4" in headers
    assert "X-Plex-Platform: Home Assistant" in headers
    assert "X-Plex-Platform-Version: 2026.10.4" in headers
    assert "X-Plex-Device: Home" in headers
    assert "X-Plex-Device-Name: Home Assistant" in headers
    assert TOKEN not in line


async def test_without_a_token_no_header_is_sent(plex: PlexTransport, raw: RawServer) -> None:
    """A request can be without one."""
    raw.respond("{}")
    await plex.get_json("/identity")
    assert "X-Plex-Token" not in raw.requests[0]


async def test_a_token_cannot_smuggle_headers(plex: PlexTransport, raw: RawServer) -> None:
    """A line break in a token ends nothing."""
    raw.respond("{}")
    await plex.get_json("/identity", token="a\r\nX-Evil: 1")
    assert "X-Plex-Token: a X-Evil: 1\r\n" in raw.requests[0]


async def test_a_form_is_sent(plex: PlexTransport, raw: RawServer) -> None:
    """`data` is a form."""
    raw.respond("")
    assert await plex.send("PUT", "/api/v2/pins/link", data={"code": "AB12"}) is None
    assert raw.requests[0].startswith("PUT /api/v2/pins/link HTTP/1.1")
    assert "Content-Type: application/x-www-form-urlencoded" in raw.requests[0]


async def test_a_base_address_can_have_a_path(
    raw: RawServer, session: aiohttp.ClientSession, identity: ClientIdentity
) -> None:
    """A reverse proxy may serve Plex under a path."""
    raw.respond("{}")
    await transport_to(f"{raw.url}/plex/", session, identity).get_json("/identity")
    assert raw.requests[0].startswith("GET /plex/identity HTTP/1.1")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("Home", "Home"),
        ("Küche 🍕", "Küche 🍕"),
        ("a\r\nX-Evil: 1", "a X-Evil: 1"),
        ("  a \t b\x00c  ", "a b c"),
        ("\ud800", ""),
        ("", ""),
    ],
)
def test_header_values(value: str, expected: str) -> None:
    """A value is one line of printable text."""
    assert header_value(value) == expected


@given(st.text())
def test_any_name_is_a_header(name: str) -> None:
    """A name of any characters goes out as UTF-8 on one line, or not at all."""
    headers = ClientIdentity(
        client_identifier="box",
        product="Home Assistant",
        version="1",
        platform="x",
        platform_version="1",
        device="x",
        device_name=name,
    ).headers()
    value = headers.get("X-Plex-Device-Name", "x")
    assert value
    assert value.encode().decode().splitlines() == [value]


async def test_a_name_of_the_world_arrives(
    raw: RawServer, session: aiohttp.ClientSession, identity: ClientIdentity
) -> None:
    """Plex reads UTF-8."""
    raw.respond("{}")
    named = ClientIdentity(
        client_identifier="box",
        product=identity.product,
        version=identity.version,
        platform=identity.platform,
        platform_version=identity.platform_version,
        device="Zuhause in München\n",
        device_name="",
    )
    await transport_to(raw.url, session, named).get_json("/identity")
    assert "X-Plex-Device: Zuhause in München\r\n" in raw.requests[0]
    assert "X-Plex-Device-Name" not in raw.requests[0]


# What comes back


@pytest.mark.parametrize("value", [{}, {"a": 1}, [], [{"a": None}], "text", 5, None])
async def test_json_comes_back(plex: PlexTransport, raw: RawServer, value: object) -> None:
    """Any JSON, whatever the content type says."""
    raw.respond(json.dumps(value), headers=("Content-Type: text/html",))
    assert await plex.get_json("/") == value
    assert await plex.send("POST", "/") == value


@pytest.mark.parametrize("body", ["", "  \r\n"])
async def test_an_action_has_nothing_to_say(plex: PlexTransport, raw: RawServer, body: str) -> None:
    """An empty body is `None` for an action, and no answer to a question."""
    raw.respond(body, headers=("Content-Type: text/html",))
    assert await plex.send("PUT", "/updater/check") is None
    assert isinstance(await error_of(plex), PlexResponseError)


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("403 Forbidden", PlexForbiddenError),
        ("404 Not Found", PlexNotFoundError),
        ("400 Bad Request", PlexResponseError),
        ("402 Payment Required", PlexResponseError),
        ("422 Unprocessable Entity", PlexResponseError),
        ("498 Token Expired", PlexResponseError),
        ("600 Odd", PlexResponseError),
        ("408 Request Timeout", PlexUnavailableError),
        ("429 Too Many Requests", PlexUnavailableError),
        ("500 Internal Server Error", PlexUnavailableError),
        ("503 Service Unavailable", PlexUnavailableError),
        ("599 Odd", PlexUnavailableError),
    ],
)
async def test_status_to_error(
    plex: PlexTransport, raw: RawServer, status: str, expected: type[PlexError]
) -> None:
    """Every status has its meaning, and the message says where it came from."""
    raw.respond("<html>An error</html>", status=status)
    error = await error_of(plex)
    assert type(error) is expected
    assert str(error) == f"GET {raw.url}/status/sessions: {status[:3]}"
    if isinstance(error, PlexUnavailableError):
        assert error.status == int(status[:3])
        assert error.retry_after is None


@freeze_time("2026-11-24T12:00:00Z")
@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("120", 120.0),
        ("0", 0.0),
        ("1.5", 1.5),
        ("-5", 0.0),
        ("Tue, 24 Nov 2026 12:02:00 GMT", 120.0),
        ("Tue, 24 Nov 2026 12:02:00 -0000", 120.0),
        ("Tue, 24 Nov 2026 11:00:00 GMT", 0.0),
        ("999999999999", 86400.0),
        ("Fri, 31 Dec 9999 23:59:59 GMT", 86400.0),
        ("soon", None),
        ("", None),
        ("Tue, 99 Nov 2026 12:02:00 GMT", None),
    ],
)
async def test_when_to_come_back(
    plex: PlexTransport, raw: RawServer, value: str, expected: float | None
) -> None:
    """Retry-After is a number of seconds or a date, and never more than a day."""
    raw.respond("", status="429 Too Many Requests", headers=(f"Retry-After: {value}",))
    error = await error_of(plex)
    assert isinstance(error, PlexUnavailableError)
    assert error.retry_after == expected


@pytest.mark.parametrize(
    ("headers", "body"), [(("X-Refused: 1",), ""), ((), REFUSAL), (("X-Refused: 1",), REFUSAL)]
)
async def test_plex_refuses_a_token(
    plex: PlexTransport, raw: RawServer, headers: tuple[str, ...], body: str
) -> None:
    """A 401 that Plex wrote."""
    raw.respond(body, status="401 Unauthorized", headers=headers)
    error = await error_of(plex)
    assert type(error) is PlexUnauthorizedError
    assert str(error) == f"GET {raw.url}/status/sessions: 401"


async def test_somebody_else_wants_a_login(plex: PlexTransport, raw: RawServer) -> None:
    """A 401 that Plex did not write says nothing about the token."""
    raw.respond("Log in first", status="401 Unauthorized")
    assert type(await error_of(plex)) is PlexResponseError


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "303 Other", "307 Temp", "308 Perm"])
async def test_a_redirect_is_not_followed(plex: PlexTransport, raw: RawServer, status: str) -> None:
    """The token goes nowhere else."""
    async with RawServer() as elsewhere:
        elsewhere.respond("{}")
        raw.respond("", status=status, headers=(f"Location: {elsewhere.url}/",))
        assert type(await error_of(plex)) is PlexResponseError
        with pytest.raises(PlexResponseError):
            await plex.send("POST", "/", token=TOKEN, data={"a": "b"})
        assert elsewhere.requests == []


# What is not HTTP, not JSON, too long or too late


def response(body: bytes, *headers: str) -> bytes:
    """Return a response with nothing but these headers."""
    return "\r\n".join(("HTTP/1.1 200 OK", *headers, "", "")).encode() + body


ODD = {
    "page of a captive portal": response(b"<html>Welcome</html>", "Content-Length: 20"),
    "truncated JSON": response(b'{"a": [1, 2', "Content-Length: 11"),
    "JSON cut off": response(b'{"a": 1}', "Content-Length: 100"),
    "two documents": response(b"{}{}", "Content-Length: 4"),
    "no UTF-8": response(b'{"a": "\xff"}', "Content-Length: 10"),
    "deep": response(b"[" * 200_000, "Content-Length: 200000"),
    "many digits": response(b"1" * 5000, "Content-Length: 5000"),
    "not gzip": response(b"{}", "Content-Length: 2", "Content-Encoding: gzip"),
    "not deflate": response(b"{}", "Content-Length: 2", "Content-Encoding: deflate"),
    "not brotli": response(b"{}", "Content-Length: 2", "Content-Encoding: br"),
    "not zstd": response(b"{}", "Content-Length: 2", "Content-Encoding: zstd"),
    "cut gzip": response(gzip.compress(b"{}" * 9)[:-9], "Content-Encoding: gzip"),
    "negative length": response(b"{}", "Content-Length: -1"),
    "length of words": response(b"{}", "Content-Length: two"),
    "two lengths": response(b"x", "Content-Length: 1", "Content-Length: 2"),
    "chunk of words": response(b"two\r\n{}\r\n0\r\n\r\n", "Transfer-Encoding: chunked"),
    "chunk cut off": response(b"5\r\n{}", "Transfer-Encoding: chunked"),
    "chunk too long": response(b"1\r\n{}\r\n0\r\n\r\n", "Transfer-Encoding: chunked"),
    "unknown transfer": response(b"x", "Transfer-Encoding: brotli"),
    "rubbish": b"SSH-2.0-OpenSSH_10.0\r\n",
    "status of words": b"HTTP/1.1 OK OK\r\n\r\n",
    "negative status": b"HTTP/1.1 -1 OK\r\n\r\n",
    "future HTTP": b"HTTP/9.9 200 OK\r\n\r\nx",
    "no name": response(b"{}", ": x", "Content-Length: 2"),
    "null in a header": response(b"x", "X: \x00", "Content-Length: 2"),
    "endless header": response(b"{}", "X: " + "x" * 100_000, "Content-Length: 2"),
    "many headers": response(b"x", *(f"X-{number}: x" for number in range(3000))),
    "odd cookie": response(b"x", "Set-Cookie: \x01=\x02; Path=[", "Content-Length: 1"),
    "nothing": b"",
    "half a line": b"HTTP/1.1 2",
    "half a header": b"HTTP/1.1 200 OK\r\nContent-Le",
    "redirect to nowhere": b"HTTP/1.1 302 Found\r\nLocation: http://[\r\nContent-Length: 0\r\n\r\n",
}


@pytest.mark.parametrize("answer", ODD.values(), ids=ODD)
@pytest.mark.parametrize("pause", [0, 0.02])
async def test_odd_answers(
    plex: PlexTransport, raw: RawServer, answer: bytes, pause: float
) -> None:
    """None of them is a verdict on anything, whether it comes at once or in pieces."""
    raw.answer = answer
    raw.pause_after_head = pause
    # With a bad chunk that comes late, aiohttp does not stir before the time is up.
    error = await error_of(plex, timeout=0.5)
    assert type(error) in {PlexResponseError, PlexConnectionError}
    with pytest.raises((PlexResponseError, PlexConnectionError)):
        await plex.send("POST", "/", token=TOKEN, timeout=0.5)


async def test_errors_of_the_parser(
    plex: PlexTransport, raw: RawServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where aiohttp has no C extensions, it lets out what its parser raises."""

    async def broken(*_: object) -> bytes:
        raise TransferEncodingError("rubbish")

    monkeypatch.setattr(module, "_read", broken)
    raw.respond("{}")
    assert type(await error_of(plex)) is PlexResponseError


@pytest.mark.parametrize("answer", ODD.values(), ids=ODD)
async def test_odd_answers_of_a_websocket(
    plex: PlexTransport, raw: RawServer, answer: bytes
) -> None:
    """A handshake can go as wrong as any request."""
    raw.answer = answer
    with pytest.raises((PlexResponseError, PlexConnectionError)) as failed:
        async with plex.websocket("/:/websockets/notifications", token=TOKEN):
            pytest.fail("opened")
    assert_tells_nothing(failed.value)


fragments = st.sampled_from(
    [
        b"HTTP/1.1 ",
        b"200 OK\r\n",
        b"401 Unauthorized\r\n",
        b"101 Switching Protocols\r\n",
        b"Content-Length: 2\r\n",
        b"Transfer-Encoding: chunked\r\n",
        b"Content-Encoding: gzip\r\n",
        b"Set-Cookie: a=b\r\n",
        b"Connection: upgrade\r\nUpgrade: websocket\r\n",
        b"\r\n",
        b"2\r\n{}\r\n0\r\n",
        b"{}",
        gzip.compress(b"{}"),
    ]
)


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(fragments | st.binary(max_size=20), max_size=8).map(b"".join))
@example(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
@example(b"HTTP/1.1 100 Continue\r\n\r\n")
def test_any_bytes(answer: bytes) -> None:
    """Whatever a host sends, JSON or one of our errors comes out."""

    async def ask() -> None:
        async with RawServer() as raw, aiohttp.ClientSession() as session:
            raw.answer = answer
            identity = ClientIdentity(
                client_identifier="box",
                product="Home Assistant",
                version="1",
                platform="x",
                platform_version="1",
                device="x",
                device_name="x",
            )
            plex = transport_to(raw.url, session, identity)
            try:
                await plex.get_json("/", token=TOKEN, timeout=2)
            except PlexError as error:
                assert_tells_nothing(error)
            try:
                async with plex.websocket("/", token=TOKEN, timeout=2):
                    pytest.fail("opened")
            except PlexError as error:
                assert_tells_nothing(error)

    asyncio.run(ask())


async def test_a_body_is_not_read_for_ever(
    plex: PlexTransport, raw: RawServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A body beyond all measure is left unread."""
    monkeypatch.setattr(module, "MAX_BODY", 1000)
    raw.respond("5" * 1000)
    assert await plex.get_json("/")
    raw.respond("5" * 1001)
    error = await error_of(plex)
    assert type(error) is PlexResponseError
    assert "longer than 1000 bytes" in str(error)


async def test_a_body_is_measured_unpacked(
    plex: PlexTransport, raw: RawServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A small packet can hold a large body."""
    monkeypatch.setattr(module, "MAX_BODY", 1000)
    raw.respond(gzip.compress(b"5" * 1_000_000), headers=("Content-Encoding: gzip",))
    assert "longer than 1000 bytes" in str(await error_of(plex))


async def test_a_refusal_is_not_read_for_ever(plex: PlexTransport, raw: RawServer) -> None:
    """The page of a 401 is short, or it is not Plex's."""
    raw.respond("x" * 100_000, status="401 Unauthorized", headers=("X-Refused: 1",))
    assert type(await error_of(plex)) is PlexResponseError


async def test_a_host_that_hangs(plex: PlexTransport, raw: RawServer) -> None:
    """Time is up before anything came."""
    raw.hang = True
    error = await error_of(plex, timeout=0.1)
    assert type(error) is PlexConnectionError
    assert "timed out" in str(error)


async def test_a_host_that_trickles(plex: PlexTransport, raw: RawServer) -> None:
    """The time is for the whole answer, not for its next byte."""
    raw.respond("{" + " " * 10_000 + "}")
    raw.pause_after_bytes = 0.005
    error = await error_of(plex, timeout=0.3)
    assert type(error) is PlexConnectionError
    assert "timed out" in str(error)


async def test_a_host_that_refuses(
    raw: RawServer, session: aiohttp.ClientSession, identity: ClientIdentity
) -> None:
    """Nobody listens."""
    url = raw.url
    await raw.__aexit__()
    assert type(await error_of(transport_to(url, session, identity))) is PlexConnectionError


async def test_a_host_without_tls(
    raw: RawServer, session: aiohttp.ClientSession, identity: ClientIdentity
) -> None:
    """TLS is spoken to somebody who does not speak it."""
    raw.listens = False
    raw.answer = b"HTTP/1.1 400 Bad Request\r\n\r\n"
    plex = transport_to(raw.url.replace("http", "https"), session, identity)
    with pytest.raises(PlexCertificateError) as failed:
        await plex.get_json("/", token=TOKEN)
    assert_tells_nothing(failed.value)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "nas",
        "http://",
        "ftp://nas",
        "http://[",
        "http://nas:99999",
        "http://a b",
        "://",
        "\x00",
    ],
)
async def test_an_unusable_address(
    session: aiohttp.ClientSession, identity: ClientIdentity, url: str
) -> None:
    """What is no address leads nowhere."""
    plex = transport_to(url, session, identity)
    assert type(await error_of(plex)) is PlexConnectionError
    with pytest.raises(PlexConnectionError):
        async with plex.websocket("/", token=TOKEN):
            pytest.fail("opened")


async def test_a_user_name_in_an_address_stays_there(
    raw: RawServer, session: aiohttp.ClientSession, identity: ClientIdentity
) -> None:
    """An error names the host without it."""
    raw.respond("", status="500 Oops")
    url = raw.url.replace("http://", "http://me:word@")
    error = await error_of(transport_to(url, session, identity))
    assert str(error) == f"GET {raw.url}/status/sessions: 500"


async def test_a_request_that_is_given_up(plex: PlexTransport, raw: RawServer) -> None:
    """Cancelling is not an error of Plex."""
    raw.hang = True
    asking = asyncio.create_task(plex.get_json("/", token=TOKEN))
    await asyncio.sleep(0.02)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking


# Websockets


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
        self.server = test_utils.TestServer(self._application(), host="127.0.0.1")

    @property
    def url(self) -> str:
        """Return the address."""
        return str(self.server.make_url(""))

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
        websocket = await pushing.open.get()
        transport = websocket._req.transport if websocket._req else None
        assert transport is not None
        transport.abort()
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
    async with listener.websocket("/", token=TOKEN) as frames:
        waiting = asyncio.ensure_future(anext(frames))
        await asyncio.sleep(0.2)
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
    monkeypatch.setattr(module, "MAX_FRAME", 100)
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
