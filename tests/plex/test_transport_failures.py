"""Responses that are invalid, too long or too late raise `PlexError`."""

import asyncio
import gzip

import aiohttp
from aiohttp.http_exceptions import TransferEncodingError
from hypothesis import HealthCheck, example, given, settings, strategies as st
import pytest

from custom_components.plex_monitor.plex import transport as module
from custom_components.plex_monitor.plex.errors import (
    PlexCertificateError,
    PlexConnectionError,
    PlexError,
    PlexResponseError,
)
from custom_components.plex_monitor.plex.limits import AnswerLimit
from custom_components.plex_monitor.plex.transport import (
    ClientIdentity,
    PlexTransport,
)

from .common import IDENTITY, TOKEN, assert_no_secrets, request_error, transport_to, websocket_error
from .raw_server import RawServer


def response(body: bytes, *headers: str) -> bytes:
    """Return a response with nothing but these headers."""
    return "\r\n".join(("HTTP/1.1 200 OK", *headers, "", "")).encode() + body


INVALID = {
    "page of a captive portal": response(b"<html>Welcome</html>", "Content-Length: 20"),
    "truncated JSON": response(b'{"a": [1, 2', "Content-Length: 11"),
    "JSON cut off": response(b'{"a": 1}', "Content-Length: 100"),
    "two documents": response(b"{}{}", "Content-Length: 4"),
    "deep": response(b"[" * 200_000, "Content-Length: 200000"),
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


@pytest.mark.parametrize("data", INVALID.values(), ids=INVALID)
@pytest.mark.parametrize("pause", [0, 0.02])
async def test_invalid_responses(
    plex: PlexTransport, raw: RawServer, data: bytes, pause: float
) -> None:
    """None says anything about the token, whether it comes at once or in pieces."""
    raw.response = data
    raw.pause_after_head = pause
    # aiohttp times out on an invalid chunk that arrives late.
    error = await request_error(plex, timeout=0.5)
    assert type(error) in {PlexResponseError, PlexConnectionError}
    with pytest.raises((PlexResponseError, PlexConnectionError)):
        await plex.send("POST", "/", token=TOKEN, timeout=0.5)


async def test_parser_errors(
    plex: PlexTransport, raw: RawServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without its C extensions, aiohttp raises the errors of its parser."""

    async def broken(*_: object) -> bytes:
        raise TransferEncodingError("rubbish")

    monkeypatch.setattr(module, "read_body", broken)
    raw.respond("{}")
    assert type(await request_error(plex)) is PlexResponseError


@pytest.mark.parametrize("data", INVALID.values(), ids=INVALID)
async def test_invalid_handshakes(plex: PlexTransport, raw: RawServer, data: bytes) -> None:
    """They raise the same errors as invalid responses."""
    raw.response = data
    assert isinstance(await websocket_error(plex), PlexResponseError | PlexConnectionError)


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
def test_any_bytes(data: bytes) -> None:
    """Any response gives JSON or a `PlexError`."""

    async def request() -> None:
        async with RawServer() as raw, aiohttp.ClientSession() as session:
            raw.response = data
            plex = transport_to(raw.url, session, IDENTITY)
            try:
                await plex.get_json("/", token=TOKEN, timeout=2)
            except PlexError as error:
                assert_no_secrets(error)
            await websocket_error(plex, timeout=2)

    asyncio.run(request())


async def test_body_that_is_too_long(plex: PlexTransport, raw: RawServer) -> None:
    """It is not read to its end."""
    small = AnswerLimit(size=1000, values=10)
    raw.respond("5" * 1000)
    await plex.get_json("/", limit=small)
    raw.respond("5" * 1001)
    error = await request_error(plex, limit=small)
    assert type(error) is PlexResponseError
    assert "longer than 1000 bytes" in str(error)


async def test_compressed_body_that_is_too_long(plex: PlexTransport, raw: RawServer) -> None:
    """The limit is for the decompressed size."""
    raw.respond(gzip.compress(b"5" * 1_000_000), headers=("Content-Encoding: gzip",))
    assert "longer than 1000 bytes" in str(
        await request_error(plex, limit=AnswerLimit(size=1000, values=10))
    )


async def test_401_that_is_too_long(plex: PlexTransport, raw: RawServer) -> None:
    """It was not sent by Plex."""
    raw.respond("x" * 100_000, status="401 Unauthorized", headers=("X-Refused: 1",))
    assert type(await request_error(plex)) is PlexResponseError


async def test_timeout_without_a_response(plex: PlexTransport, raw: RawServer) -> None:
    """The request times out."""
    raw.hang = True
    error = await request_error(plex, timeout=0.1)
    assert type(error) is PlexConnectionError
    assert "timed out" in str(error)


async def test_timeout_of_a_slow_response(plex: PlexTransport, raw: RawServer) -> None:
    """The timeout is for the whole response."""
    raw.respond("{" + " " * 10_000 + "}")
    raw.pause_after_bytes = 0.005
    error = await request_error(plex, timeout=0.3)
    assert type(error) is PlexConnectionError
    assert "timed out" in str(error)


UNASKED = {
    "length": b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{",
    "chunks": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{\r\n",
    "no length": b"HTTP/1.1 200 OK\r\n\r\n{",
    "refusal": b"HTTP/1.1 401 Unauthorized\r\nX-Refused: 1\r\nContent-Length: 100\r\n\r\n<",
    "half a head": b"HTTP/1.1 200 OK\r\nContent-",
}


@pytest.mark.parametrize("unasked", UNASKED.values(), ids=UNASKED)
async def test_answer_that_began_before_its_request(
    plex: PlexTransport, raw: RawServer, unasked: bytes
) -> None:
    """A connection that is kept open can hold one: the timeout ends each request on it."""
    raw.response = response(b"{}", "Content-Length: 2")
    raw.unasked = unasked
    raw.hang = True
    assert await plex.get_json("/") == {}
    await asyncio.sleep(0.1)
    async with asyncio.timeout(5):
        error = await request_error(plex, timeout=0.2)
    assert type(error) in {PlexConnectionError, PlexResponseError}
    raw.unasked = b""
    assert await plex.get_json("/") == {}


async def test_handshake_that_is_answered_before_it_is_sent(
    plex: PlexTransport, raw: RawServer
) -> None:
    """The timeout ends a handshake on such a connection as well."""
    raw.response = response(b"{}", "Content-Length: 2")
    raw.unasked = UNASKED["refusal"]
    raw.hang = True
    assert await plex.get_json("/") == {}
    await asyncio.sleep(0.1)
    async with asyncio.timeout(5):
        error = await websocket_error(plex, timeout=0.2)
    assert type(error) is PlexConnectionError
    assert "timed out" in str(error)


async def test_connection_refused(
    raw: RawServer, session: aiohttp.ClientSession, identity: ClientIdentity
) -> None:
    """It raises `PlexConnectionError`."""
    url = raw.url
    await raw.__aexit__()
    assert type(await request_error(transport_to(url, session, identity))) is PlexConnectionError


async def test_https_to_a_host_without_tls(
    raw: RawServer, session: aiohttp.ClientSession, identity: ClientIdentity
) -> None:
    """It raises `PlexCertificateError`."""
    raw.listens = False
    raw.response = b"HTTP/1.1 400 Bad Request\r\n\r\n"
    plex = transport_to(raw.url.replace("http", "https"), session, identity)
    with pytest.raises(PlexCertificateError) as failed:
        await plex.get_json("/", token=TOKEN)
    assert_no_secrets(failed.value)


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
async def test_invalid_url(
    session: aiohttp.ClientSession, identity: ClientIdentity, url: str
) -> None:
    """It raises `PlexConnectionError`."""
    plex = transport_to(url, session, identity)
    assert type(await request_error(plex)) is PlexConnectionError
    assert type(await websocket_error(plex)) is PlexConnectionError


async def test_user_name_is_not_in_errors(
    raw: RawServer, session: aiohttp.ClientSession, identity: ClientIdentity
) -> None:
    """An error names the host without it."""
    raw.respond("", status="500 Oops")
    url = raw.url.replace("http://", "http://me:word@")
    error = await request_error(transport_to(url, session, identity))
    assert str(error) == f"GET {raw.url}/status/sessions: 500"


async def test_timeout_of_the_caller(plex: PlexTransport, raw: RawServer) -> None:
    """It comes out as the caller's own, and not as a `PlexError`."""
    raw.hang = True
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.02):
            await plex.get_json("/", token=TOKEN)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.02), plex.websocket("/", token=TOKEN):
            pytest.fail("opened")


async def test_cancelled_request(plex: PlexTransport, raw: RawServer) -> None:
    """Cancelling does not raise a `PlexError`."""
    raw.hang = True
    task = asyncio.create_task(plex.get_json("/", token=TOKEN))
    await asyncio.sleep(0.02)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
