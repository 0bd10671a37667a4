"""What is not HTTP, not JSON, too long or too late is told as trouble, and never crashes."""

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
from custom_components.plex_monitor.plex.transport import (
    ClientIdentity,
    PlexTransport,
)

from .common import TOKEN, assert_tells_nothing, error_of, transport_to
from .raw_server import RawServer


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

    monkeypatch.setattr(module, "read_body", broken)
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
