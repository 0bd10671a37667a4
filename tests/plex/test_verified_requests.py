"""Requests to a verified server: where the token is sent, and where not."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from unittest.mock import AsyncMock, patch

import aiohttp
import pytest

from custom_components.plex_monitor.plex import verified_requests
from custom_components.plex_monitor.plex.errors import (
    PlexConnectionError,
    PlexError,
    PlexForbiddenError,
    PlexNotFoundError,
    PlexUnauthorizedError,
    PlexUnavailableError,
    PlexWrongServerError,
)
from custom_components.plex_monitor.plex.parsing import mapping, required_text
from custom_components.plex_monitor.plex.server import PlexServer
from custom_components.plex_monitor.plex.transport import ClientIdentity
from custom_components.plex_monitor.plex.verified_requests import (
    VerifiedRequests,
    is_refusal,
    path_segment,
)
from tests import simulator
from tests.simulator import Fault, Kind, World

from .common import ALL_REQUESTS, REQUESTS, Clock, requested_paths, serve

# Verification


@pytest.mark.parametrize("name", ALL_REQUESTS)
async def test_identity_is_verified_first(
    world: World, home: simulator.PlexServer, server: PlexServer, name: str
) -> None:
    """No token is sent before."""
    home.updater.offer("1.99.0.1-abc")
    await ALL_REQUESTS[name](server)
    requested = requested_paths(world)
    assert requested[0] == "/identity"
    assert all(path.endswith(" with token") for path in requested[1:])


@pytest.mark.parametrize("name", REQUESTS)
async def test_no_token_is_sent_to_another_server(
    world: World, home: simulator.PlexServer, server: PlexServer, name: str
) -> None:
    """The identity is read again for every request."""
    home.identifies_as = "b" * 40
    for _ in range(2):
        with pytest.raises(PlexWrongServerError):
            await REQUESTS[name](server)
    assert requested_paths(world) == ["/identity", "/identity"]


async def test_name_that_leads_out_of_the_private_network_later_gets_no_token(
    world: World, home: simulator.PlexServer, server: PlexServer, clock: Clock
) -> None:
    """It is resolved again with each verification; without a token there is nothing to lose."""
    server.move_to(f"http://localhost:{home.port}")
    await server.info()
    public = [(2, 1, 6, "", ("8.8.8.8", 0))]
    module = "custom_components.plex_monitor.plex.addresses"
    with patch(f"{module}.asyncio.get_running_loop") as loop:
        loop.return_value.getaddrinfo = AsyncMock(return_value=public)
        clock.now += 61
        world.requests.clear()
        for _ in range(2):
            with pytest.raises(PlexConnectionError, match="leads out of the private network"):
                await server.info()
        assert requested_paths(world) == ["/identity", "/identity"]
        server.use_token(None)
        with pytest.raises(PlexUnauthorizedError):
            await server.info()
    server.use_token("another")
    clock.now += 61
    world.requests.clear()
    with pytest.raises(PlexUnauthorizedError):
        await server.info()
    assert requested_paths(world) == ["/identity", "/ with token"]


async def test_verification_is_valid_for_a_minute(
    world: World, server: PlexServer, clock: Clock
) -> None:
    """The identity is not read before every request."""
    await server.info()
    clock.now += 59.9
    await server.sessions()
    assert requested_paths(world) == ["/identity", "/ with token", "/status/sessions with token"]
    clock.now += 0.1
    await server.sessions()
    assert requested_paths(world)[3:] == ["/identity", "/status/sessions with token"]


async def test_verification_counts_from_the_request(
    world: World, home: simulator.PlexServer, server: PlexServer, clock: Clock
) -> None:
    """A slow response shortens the minute."""
    home.faults.set(Fault.slow(0.1), paths="^/identity$", times=1)
    task = asyncio.create_task(server.info())
    await asyncio.sleep(0.02)
    clock.now += 5
    await task
    clock.now += 55
    await server.info()
    assert requested_paths(world) == ["/identity", "/ with token"] * 2


async def test_check_identity_counts_as_verification(
    world: World, home: simulator.PlexServer, server: PlexServer, clock: Clock
) -> None:
    """A mismatch ends it."""
    await server.info()
    clock.now += 50
    assert (await server.check_identity()).version == home.version
    clock.now += 50
    await server.info()
    assert requested_paths(world) == ["/identity", "/ with token", "/identity", "/ with token"]
    home.identifies_as = "b" * 40
    with pytest.raises(PlexWrongServerError):
        await server.check_identity()
    with pytest.raises(PlexWrongServerError):
        await server.info()
    assert requested_paths(world)[4:] == ["/identity", "/identity"]


async def test_failed_check_requires_a_new_verification(
    world: World, home: simulator.PlexServer, server: PlexServer
) -> None:
    """The next request reads the identity first."""
    await server.info()
    rule = home.faults.set(Fault.MAINTENANCE)
    with pytest.raises(PlexUnavailableError):
        await server.check_identity()
    home.faults.clear(rule)
    await server.info()
    assert requested_paths(world)[2:] == ["/identity", "/identity", "/ with token"]


@pytest.mark.parametrize(
    "fault",
    [Fault.RESET, Fault.MAINTENANCE, Fault.GARBLED, Fault.TRUNCATED, Fault.UNAUTHORIZED],
)
async def test_failed_request_requires_a_new_verification(
    world: World, home: simulator.PlexServer, server: PlexServer, fault: Fault
) -> None:
    """The next request reads the identity first."""
    await server.info()
    rule = home.faults.set(fault, paths="^/$")
    with pytest.raises(PlexError):
        await server.info()
    home.faults.clear(rule)
    await world.idle()
    world.requests.clear()
    await server.info()
    assert requested_paths(world) == ["/identity", "/ with token"]


@pytest.mark.parametrize("code", [403, 404])
async def test_403_and_404_keep_the_verification(
    world: World, home: simulator.PlexServer, server: PlexServer, code: int
) -> None:
    """They come from the same server."""
    await server.info()
    home.faults.set(Fault.status(code), paths="/status/sessions", times=1)
    with pytest.raises(PlexForbiddenError if code == 403 else PlexNotFoundError):
        await server.sessions()
    world.requests.clear()
    await server.sessions()
    assert requested_paths(world) == ["/status/sessions with token"]


@pytest.mark.parametrize("request_info", [PlexServer.info, PlexServer.accepts_without_token])
async def test_other_machine_identifier_in_the_server_info(
    world: World,
    home: simulator.PlexServer,
    server: PlexServer,
    request_info: Callable[[PlexServer], Awaitable[object]],
) -> None:
    """It requires a new verification, with the token or without."""
    await server.info()
    other = {"MediaContainer": {"machineIdentifier": "b" * 40, "friendlyName": "Other"}}
    rule = home.faults.set(Fault.json(other), paths="^/$")
    with pytest.raises(PlexWrongServerError):
        await request_info(server)
    home.faults.clear(rule)
    world.requests.clear()
    await server.info()
    assert requested_paths(world) == ["/identity", "/ with token"]


class Held:
    """A function whose first result is held back until it is released."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
        """Replace a function of the module."""
        self._function = getattr(verified_requests, name)
        self.is_waiting, self.release = asyncio.Event(), asyncio.Event()
        monkeypatch.setattr(verified_requests, name, self)

    async def __call__(self, *args: Any) -> Any:
        """Call the function."""
        result = await self._function(*args)
        if not self.is_waiting.is_set():
            self.is_waiting.set()
            await self.release.wait()
        return result


@pytest.mark.parametrize("name", ["request_identity", "is_private_or_encrypted"])
async def test_another_machine_that_answers_during_the_verification(
    world: World,
    home: simulator.PlexServer,
    server: PlexServer,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
) -> None:
    """An answer that was requested before, or a lookup that ends after, does not count."""
    held = Held(monkeypatch, name)
    request = asyncio.create_task(server.sessions())
    await held.is_waiting.wait()
    home.identifies_as = "b" * 40
    with pytest.raises(PlexWrongServerError):
        await server.check_identity()
    held.release.set()
    with pytest.raises(PlexWrongServerError):
        await request
    assert requested_paths(world) == ["/identity"] * 3


@pytest.mark.parametrize("name", ["request_identity", "is_private_or_encrypted"])
async def test_failure_during_the_verification_requires_another(
    world: World,
    home: simulator.PlexServer,
    server: PlexServer,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
) -> None:
    """The request succeeds once the identity was read after the failure."""
    held = Held(monkeypatch, name)
    request = asyncio.create_task(server.sessions())
    await held.is_waiting.wait()
    home.faults.set(Fault.MAINTENANCE, times=1)
    with pytest.raises(PlexUnavailableError):
        await server.check_identity()
    held.release.set()
    await request
    assert requested_paths(world) == ["/identity"] * 3 + ["/status/sessions with token"]


async def test_many_requests_at_once_verify_each_for_itself(
    world: World, server: PlexServer
) -> None:
    """None of them undoes the verification of another."""
    await asyncio.gather(*(server.sessions() for _ in range(10)))
    requested = requested_paths(world)
    assert requested.count("/identity") <= 10
    assert requested.count("/status/sessions with token") == 10


async def test_address_that_cannot_be_verified_gets_no_token(
    world: World,
    requests: VerifiedRequests,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It is not verified over and over where something always fails meanwhile."""

    async def fail_meanwhile(_url: str) -> bool:
        requests.address.invalidate()
        return True

    monkeypatch.setattr(verified_requests, "is_private_or_encrypted", fail_meanwhile)
    with pytest.raises(PlexConnectionError, match="cannot be verified"):
        await requests.get("/status/sessions")
    assert requested_paths(world) == ["/identity"] * verified_requests.MAX_VERIFICATIONS


async def test_new_url_requires_a_verification(
    world: World, home: simulator.PlexServer, server: PlexServer
) -> None:
    """The token is sent to the expected machine only."""
    other = await world.add_server("Other", owner=home.owner)
    await server.info()
    server.move_to(other.url)
    assert server.url == other.url
    with pytest.raises(PlexWrongServerError):
        await server.info()
    assert requested_paths(world, "Other") == ["/identity"]
    server.move_to(home.url)
    await server.info()
    assert requested_paths(world, "Home")[2:] == ["/identity", "/ with token"]


async def test_request_in_progress_stays_at_its_url(
    world: World, home: simulator.PlexServer, server: PlexServer
) -> None:
    """A move during the request does not send the token to the new URL."""
    other = await world.add_server("Other", owner=home.owner)
    home.faults.set(Fault.slow(0.1), paths="/identity", times=1)
    task = asyncio.create_task(server.info())
    await asyncio.sleep(0.03)
    server.move_to(other.url)
    assert (await task).friendly_name == "Home"
    assert requested_paths(world, "Other") == []


async def test_use_token(world: World, home: simulator.PlexServer, server: PlexServer) -> None:
    """The next request sends it."""
    friend = world.plex_tv.add_account("friend")
    shared = home.share_with(friend)
    await server.info()
    server.use_token(shared)
    assert server.token == shared
    await server.info()
    assert [record.token_sent for record in world.requests.to(path="/")][-1] == shared


async def test_no_token_in_a_url(
    world: World, home: simulator.PlexServer, server: PlexServer
) -> None:
    """URLs are logged."""
    home.updater.offer("1.99.0.1-abc")
    for request in ALL_REQUESTS.values():
        await request(server)
    assert len(world.requests) > len(ALL_REQUESTS)
    for record in world.requests:
        assert not record.token_in_query
        assert record.headers["X-Plex-Client-Identifier"] == "plex-monitor-test"


@pytest.mark.parametrize(
    ("headers", "body", "expected"),
    [
        ({"X-Plex-Protocol": "1.0"}, "<h1>401 Unauthorized</h1>", True),
        ({"X-Plex-Protocol": "1.0"}, "", True),
        ({}, "<html><body><h1>401 Unauthorized</h1></body></html>", True),
        ({}, "", False),
        ({}, "<h1>401 Authorization Required</h1>", False),
        ({}, '{"errors":[{"code":1001}]}', False),
        ({"WWW-Authenticate": "Basic"}, "<h1>401 Unauthorized</h1>", False),
        ({"WWW-Authenticate": "Basic", "X-Plex-Protocol": "1.0"}, "", False),
    ],
)
def test_is_refusal(headers: Mapping[str, str], body: str, *, expected: bool) -> None:
    """By header or body, and never with WWW-Authenticate."""
    assert is_refusal(headers, body.encode()) is expected


# Lists


@pytest.fixture
def requests(
    home: simulator.PlexServer,
    token: str,
    session: aiohttp.ClientSession,
    identity: ClientIdentity,
) -> VerifiedRequests:
    """Return the requests of a client."""
    return VerifiedRequests(
        session, home.url, identity, machine_identifier=home.machine_identifier, token=token
    )


def title(item: Any) -> str:
    """Parse a title, which is required."""
    return required_text(mapping(item, "an item"), "title")


async def test_list_is_read_in_pages(
    world: World,
    home: simulator.PlexServer,
    requests: VerifiedRequests,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """No more items than the limit are requested."""
    monkeypatch.setattr(verified_requests, "PAGE_SIZE", 3)
    for number in range(7):
        home.library.add(f"Film {number}", kind=Kind.MOVIE)
    path, films = "/library/sections/1/all", 10
    assert len(home.library.of(home.library.sections[0], Kind.MOVIE)) == films

    async def sizes(limit: int) -> list[str]:
        world.requests.clear()
        found = await requests.get_items(path, title, limit=limit, params={"type": "1"})
        assert len(found) == len(set(found)) == min(limit, films)
        requested = world.requests.to(path=path)
        assert all(record.query["type"] == "1" for record in requested)
        return [
            f"{record.query['X-Plex-Container-Start']}+{record.query['X-Plex-Container-Size']}"
            for record in requested
        ]

    assert await sizes(2) == ["0+2"]
    assert await sizes(3) == ["0+3"]
    assert await sizes(5) == ["0+3", "3+2"]
    assert await sizes(100) == ["0+3", "3+3", "6+3", "9+3"]
    assert await sizes(0) == []


@pytest.mark.parametrize(
    ("response", "expected"),
    [
        ({"size": 0}, ()),
        ({"Metadata": []}, ()),
        ({"Metadata": [{"title": "A"}, None, {"name": "x"}, {"title": "B"}]}, ("A", "B")),
        ({"Metadata": {"title": "A"}}, ("A",)),
        # A server without support for pages sends the whole list.
        ({"Metadata": [{"title": str(number)} for number in range(9)]}, tuple("01234567")),
    ],
)
async def test_unexpected_lists(
    world: World,
    home: simulator.PlexServer,
    requests: VerifiedRequests,
    response: dict[str, object],
    expected: tuple[str, ...],
) -> None:
    """Reading ends after one page, and invalid items are left out."""
    serve(home, "/library/onDeck", response)
    assert await requests.get_items("/library/onDeck", title, limit=8) == expected
    assert len(world.requests.to(path="/library/onDeck")) == 1


async def test_pages_that_are_shorter_than_requested(
    world: World, home: simulator.PlexServer, requests: VerifiedRequests
) -> None:
    """Reading goes on until the total is reached."""
    page = {"totalSize": 5, "Metadata": [{"title": "A"}, {"title": "B"}]}
    serve(home, "/library/onDeck", page)
    assert await requests.get_items("/library/onDeck", title, limit=9) == tuple("ABABAB")
    starts = [
        record.query["X-Plex-Container-Start"]
        for record in world.requests.to(path="/library/onDeck")
    ]
    assert starts == ["0", "2", "4"]


# Paths


@pytest.mark.parametrize(
    "key", ["1", "BackupDatabase", "0b8e2c1a-0000-4000-8000-000000000001", "1a2b3c", "a_b"]
)
def test_path_segment(key: str) -> None:
    """A valid key is returned unchanged."""
    assert path_segment(key) == key


@pytest.mark.parametrize("key", ["", ".", "..", "a/b", "1?x=y", "1#", "%2e", "1,2", "ä", "1\n"])
def test_invalid_path_segment(key: str) -> None:
    """It would change the path of the request."""
    with pytest.raises(PlexNotFoundError):
        path_segment(key)
