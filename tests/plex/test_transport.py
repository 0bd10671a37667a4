"""One request to Plex, and everything that can come back."""

import json

import aiohttp
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

from .common import REFUSAL, TOKEN, assert_tells_nothing, error_of, transport_to
from .raw_server import RawServer

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
    assert (
        await plex.send_command("PUT", "/library/optimize", token=TOKEN, params={"async": "1"})
        == status
    )
    (request,) = raw.requests
    assert request.startswith("PUT /library/optimize?async=1 HTTP/1.1")
    assert f"X-Plex-Token: {TOKEN}" in request


async def test_an_action_that_fails(plex: PlexTransport, raw: RawServer) -> None:
    """It fails like any request."""
    raw.respond("<h1>Forbidden</h1>", status="403 Forbidden")
    with pytest.raises(PlexForbiddenError) as failed:
        await plex.send_command("PUT", "/library/optimize", token=TOKEN, params={"async": "1"})
    assert_tells_nothing(failed.value)
    raw.hang = True
    raw.answer = b""
    with pytest.raises(PlexConnectionError, match="timed out") as lost:
        await plex.send_command("PUT", "/library/optimize", token=TOKEN, timeout=0.1)
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
