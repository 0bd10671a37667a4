"""One request to Plex, and everything that can come back."""

import asyncio
import gzip
import json

import aiohttp
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

from .common import REFUSAL, TOKEN, assert_tells_nothing, transport_to
from .raw_server import RawServer


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


# Actions and downloads


@pytest.mark.parametrize("status", [200, 202, 204])
@pytest.mark.parametrize("body", ["", "<h1>202 Accepted</h1>", "{}", '{"a'])
async def test_an_action_is_answered_by_a_status(
    plex: PlexTransport, raw: RawServer, status: int, body: str
) -> None:
    """What else is in the answer does not count."""
    raw.respond("" if status == 204 else body, status=f"{status} Done")
    assert await plex.act("PUT", "/library/optimize", token=TOKEN, params={"async": "1"}) == status
    (request,) = raw.requests
    assert request.startswith("PUT /library/optimize?async=1 HTTP/1.1")
    assert f"X-Plex-Token: {TOKEN}" in request


async def test_an_action_that_fails(plex: PlexTransport, raw: RawServer) -> None:
    """It fails like any request."""
    raw.respond("<h1>Forbidden</h1>", status="403 Forbidden")
    with pytest.raises(PlexForbiddenError) as failed:
        await plex.act("PUT", "/library/optimize", token=TOKEN, params={"async": "1"})
    assert_tells_nothing(failed.value)
    raw.hang = True
    raw.answer = b""
    with pytest.raises(PlexConnectionError, match="timed out") as lost:
        await plex.act("PUT", "/library/optimize", token=TOKEN, timeout=0.1)
    assert_tells_nothing(lost.value)


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        (("Content-Type: image/jpeg",), "image/jpeg"),
        (("Content-Type: IMAGE/PNG; charset=x",), "image/png"),
        (("Content-Type: rubbish",), "application/octet-stream"),
        ((), "application/octet-stream"),
    ],
)
async def test_a_download(
    plex: PlexTransport, raw: RawServer, headers: tuple[str, ...], expected: str
) -> None:
    """It has bytes and a type."""
    raw.respond(b"\xff\xd8\x00", headers=headers)
    assert await plex.download(
        "/photo", token=TOKEN, params={"url": "/a b?c"}, accept="image/*", limit=3
    ) == (b"\xff\xd8\x00", expected)
    (request,) = raw.requests
    assert request.startswith("GET /photo?url=/a+b?c HTTP/1.1")
    assert "Accept: image/*" in request


async def test_a_download_is_bounded(plex: PlexTransport, raw: RawServer) -> None:
    """By what the caller can bear, and it fails like any request."""
    raw.respond(b"1234")
    with pytest.raises(PlexResponseError, match="longer than 3 bytes") as failed:
        await plex.download("/photo", token=TOKEN, accept="image/*", limit=3)
    assert_tells_nothing(failed.value)
    raw.respond("", status="404 Not Found")
    with pytest.raises(PlexNotFoundError):
        await plex.download("/photo", token=TOKEN, accept="image/*", limit=3)


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
