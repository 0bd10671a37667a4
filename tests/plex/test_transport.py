"""HTTP requests to Plex."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
import json

import aiohttp
from aiohttp.client_middlewares import ClientHandlerType
from freezegun import freeze_time
from hypothesis import given, strategies as st
import pytest

from custom_components.plex_monitor.plex.errors import (
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

from .common import (
    IDENTITY,
    REFUSAL,
    TOKEN,
    assert_no_secrets,
    request_error,
    transport_to,
    websocket_error,
)
from .raw_server import RawServer

# Requests


async def test_request_headers(plex: PlexTransport, raw: RawServer) -> None:
    """Identity and token are sent in headers, and the token nowhere else."""
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


async def test_no_token_header_without_a_token(plex: PlexTransport, raw: RawServer) -> None:
    """A request can be sent without one."""
    raw.respond("{}")
    await plex.get_json("/identity")
    assert "X-Plex-Token" not in raw.requests[0]


@pytest.mark.parametrize("end", [aiohttp.ClientSession.close, aiohttp.ClientSession.detach])
async def test_closed_session(
    plex: PlexTransport,
    raw: RawServer,
    session: aiohttp.ClientSession,
    end: Callable[[aiohttp.ClientSession], Awaitable[None] | None],
) -> None:
    """A request that starts after Home Assistant has stopped fails as one without a response."""
    if (closing := end(session)) is not None:
        await closing
    assert isinstance(await request_error(plex), PlexConnectionError)
    assert isinstance(await websocket_error(plex), PlexConnectionError)
    assert raw.requests == []


async def test_session_that_is_closed_during_a_request(
    raw: RawServer, identity: ClientIdentity
) -> None:
    """The request fails as one without a response."""

    async def closing(
        request: aiohttp.ClientRequest, handler: ClientHandlerType
    ) -> aiohttp.ClientResponse:
        await session.close()
        return await handler(request)

    async with aiohttp.ClientSession(middlewares=(closing,)) as session:
        error = await request_error(transport_to(raw.url, session, identity))
    assert isinstance(error, PlexConnectionError)


async def test_other_errors_of_a_request_are_raised(
    raw: RawServer, identity: ClientIdentity
) -> None:
    """Errors of a program are not hidden while the session is open."""

    async def failing(
        _request: aiohttp.ClientRequest, _handler: ClientHandlerType
    ) -> aiohttp.ClientResponse:
        raise RuntimeError("a bug")

    async with aiohttp.ClientSession(middlewares=(failing,)) as session:
        with pytest.raises(RuntimeError, match="a bug"):
            await transport_to(raw.url, session, identity).get_json("/identity")


async def test_line_break_in_a_token(plex: PlexTransport, raw: RawServer) -> None:
    """It cannot add a header."""
    raw.respond("{}")
    await plex.get_json("/identity", token="a\r\nX-Evil: 1")
    assert "X-Plex-Token: a X-Evil: 1\r\n" in raw.requests[0]


async def test_form(plex: PlexTransport, raw: RawServer) -> None:
    """`data` is sent as a form."""
    raw.respond("")
    assert await plex.send("PUT", "/api/v2/pins/link", data={"code": "AB12"}) is None
    assert raw.requests[0].startswith("PUT /api/v2/pins/link HTTP/1.1")
    assert "Content-Type: application/x-www-form-urlencoded" in raw.requests[0]


async def test_base_url_with_a_path(
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
def test_header_value(value: str, expected: str) -> None:
    """One line of printable characters."""
    assert header_value(value) == expected


@given(st.text())
def test_any_device_name_in_a_header(name: str) -> None:
    """A name is sent as UTF-8 on one line, or not at all."""
    headers = replace(IDENTITY, device_name=name).headers()
    value = headers.get("X-Plex-Device-Name", "x")
    assert value
    assert value.encode().decode().splitlines() == [value]


async def test_device_name_with_other_characters(
    raw: RawServer, session: aiohttp.ClientSession, identity: ClientIdentity
) -> None:
    """Plex decodes headers as UTF-8."""
    raw.respond("{}")
    named = replace(identity, device="Zuhause in München\n", device_name="")
    await transport_to(raw.url, session, named).get_json("/identity")
    assert "X-Plex-Device: Zuhause in München\r\n" in raw.requests[0]
    assert "X-Plex-Device-Name" not in raw.requests[0]


# Responses


@pytest.mark.parametrize("value", [{}, {"a": 1}, [], [{"a": None}], "text", 5, None])
async def test_json(plex: PlexTransport, raw: RawServer, value: object) -> None:
    """JSON is returned, whatever the content type."""
    raw.respond(json.dumps(value), headers=("Content-Type: text/html",))
    assert await plex.get_json("/") == value
    assert await plex.send("POST", "/") == value


@pytest.mark.parametrize("body", ["", "  \r\n"])
async def test_empty_body(plex: PlexTransport, raw: RawServer, body: str) -> None:
    """It is `None` for `send`, and an error for `get_json`."""
    raw.respond(body, headers=("Content-Type: text/html",))
    assert await plex.send("PUT", "/updater/check") is None
    assert isinstance(await request_error(plex), PlexResponseError)


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("403 Forbidden", PlexForbiddenError),
        ("404 Not Found", PlexNotFoundError),
        ("400 Bad Request", PlexResponseError),
        ("402 Payment Required", PlexResponseError),
        ("422 Unprocessable Entity", PlexResponseError),
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
    """Every status has its error, whose message names the request."""
    raw.respond("<html>An error</html>", status=status)
    error = await request_error(plex)
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
async def test_retry_after(
    plex: PlexTransport, raw: RawServer, value: str, expected: float | None
) -> None:
    """It is a number of seconds or a date, and one day at most."""
    raw.respond("", status="429 Too Many Requests", headers=(f"Retry-After: {value}",))
    error = await request_error(plex)
    assert isinstance(error, PlexUnavailableError)
    assert error.retry_after == expected


@pytest.mark.parametrize(
    ("headers", "body"), [(("X-Refused: 1",), ""), ((), REFUSAL), (("X-Refused: 1",), REFUSAL)]
)
async def test_401_of_plex(
    plex: PlexTransport, raw: RawServer, headers: tuple[str, ...], body: str
) -> None:
    """It raises `PlexUnauthorizedError`."""
    raw.respond(body, status="401 Unauthorized", headers=headers)
    error = await request_error(plex)
    assert type(error) is PlexUnauthorizedError
    assert str(error) == f"GET {raw.url}/status/sessions: 401"


async def test_401_of_another_sender(plex: PlexTransport, raw: RawServer) -> None:
    """It says nothing about the token."""
    raw.respond("Log in first", status="401 Unauthorized")
    assert type(await request_error(plex)) is PlexResponseError


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "303 Other", "307 Temp", "308 Perm"])
async def test_redirects_are_not_followed(plex: PlexTransport, raw: RawServer, status: str) -> None:
    """The token is not sent to another host."""
    async with RawServer() as elsewhere:
        elsewhere.respond("{}")
        raw.respond("", status=status, headers=(f"Location: {elsewhere.url}/",))
        assert type(await request_error(plex)) is PlexResponseError
        with pytest.raises(PlexResponseError):
            await plex.send("POST", "/", token=TOKEN, data={"a": "b"})
        assert elsewhere.requests == []


# Commands and downloads


@pytest.mark.parametrize("status", [200, 202, 204])
@pytest.mark.parametrize("body", ["", "<h1>202 Accepted</h1>", "{}", '{"a'])
async def test_command(plex: PlexTransport, raw: RawServer, status: int, body: str) -> None:
    """The status is returned, and the body ignored."""
    raw.respond("" if status == 204 else body, status=f"{status} Done")
    assert (
        await plex.send_command("PUT", "/library/optimize", token=TOKEN, params={"async": "1"})
        == status
    )
    (request,) = raw.requests
    assert request.startswith("PUT /library/optimize?async=1 HTTP/1.1")
    assert f"X-Plex-Token: {TOKEN}" in request


async def test_command_that_fails(plex: PlexTransport, raw: RawServer) -> None:
    """It raises the same errors as any request."""
    raw.respond("<h1>Forbidden</h1>", status="403 Forbidden")
    with pytest.raises(PlexForbiddenError) as failed:
        await plex.send_command("PUT", "/library/optimize", token=TOKEN, params={"async": "1"})
    assert_no_secrets(failed.value)
    raw.hang = True
    raw.response = b""
    with pytest.raises(PlexConnectionError, match="timed out") as lost:
        await plex.send_command("PUT", "/library/optimize", token=TOKEN, timeout=0.1)
    assert_no_secrets(lost.value)


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        (("Content-Type: image/jpeg",), "image/jpeg"),
        (("Content-Type: IMAGE/PNG; charset=x",), "image/png"),
        (("Content-Type: rubbish",), "application/octet-stream"),
        ((), "application/octet-stream"),
    ],
)
async def test_download(
    plex: PlexTransport, raw: RawServer, headers: tuple[str, ...], expected: str
) -> None:
    """The body and its content type are returned."""
    raw.respond(b"\xff\xd8\x00", headers=headers)
    assert await plex.download(
        "/photo", token=TOKEN, params={"url": "/a b?c"}, accept="image/*", limit=3
    ) == (b"\xff\xd8\x00", expected)
    (request,) = raw.requests
    assert request.startswith("GET /photo?url=/a+b?c HTTP/1.1")
    assert "Accept: image/*" in request


async def test_download_that_fails(plex: PlexTransport, raw: RawServer) -> None:
    """The size is limited, and errors are those of any request."""
    raw.respond(b"1234")
    with pytest.raises(PlexResponseError, match="longer than 3 bytes") as failed:
        await plex.download("/photo", token=TOKEN, accept="image/*", limit=3)
    assert_no_secrets(failed.value)
    raw.respond("", status="404 Not Found")
    with pytest.raises(PlexNotFoundError):
        await plex.download("/photo", token=TOKEN, accept="image/*", limit=3)
