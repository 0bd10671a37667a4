"""Fuzz tests: any response of Plex is parsed or raises one of the client's own errors.

The valid responses that are mutated come from the simulator, and from captures if there are any at
../shared/captures, which are not part of the repository. Parsing is bounded by the size of the
response, and by the limit of the request.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import fields, is_dataclass
import functools
import json
from threading import Thread
from types import SimpleNamespace
from typing import Any, Self, override
from unittest.mock import patch

import aiohttp
from aiohttp import hdrs
from hypothesis import HealthCheck, example, given, settings, strategies as st
import pytest

from custom_components.plex_monitor.plex import (
    plex_tv as plex_tv_module,
    responses,
    verified_requests,
)
from custom_components.plex_monitor.plex.addresses import ranked_connections
from custom_components.plex_monitor.plex.errors import (
    PlexError,
    PlexNotFoundError,
    PlexUnavailableError,
)
from custom_components.plex_monitor.plex.notifications import parse_notifications
from custom_components.plex_monitor.plex.plex_tv import PlexTv
from custom_components.plex_monitor.plex.responses import decode_json
from custom_components.plex_monitor.plex.server import PlexServer, fetch_identity
from custom_components.plex_monitor.plex.token_input import (
    MAX_INPUT,
    TokenInputError,
    parse_token_input,
)
from custom_components.plex_monitor.plex.transport import PlexTransport
from custom_components.plex_monitor.plex.websocket import TextFrames
from tests import simulator
from tests.simulator import World
from tests.simulator.contract import CAPTURES

from .common import ALL_REQUESTS, IDENTITY, TOKEN
from .mutations import mutated_text

# For each request to a server, and for each other parser.
EXAMPLES, EXAMPLES_OF_MANY = 40, 150
LIMIT = 5
BIGGEST_CAPTURE = 64 * 1024

few = settings(
    deadline=None,
    max_examples=EXAMPLES,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
many = settings(few, max_examples=EXAMPLES_OF_MANY)

type Read = Callable[[PlexServer], Awaitable[object]]

# Requests whose response is parsed; the other ones are commands.
READS: Mapping[str, Read] = {
    name: ALL_REQUESTS[name]
    for name in (
        *("info", "sessions", "history", "update_status", "accounts", "remote_access", "sections"),
        *("count", "storage", "recently_added", "newest", "added_since", "on_deck", "search"),
        *("items", "activities", "butler_tasks", "resources", "bandwidth"),
    )
} | {
    "identity": PlexServer.check_identity,
    "enforcement": PlexServer.accepts_without_token,
}
READS_OF_PLEX_TV: Mapping[str, Callable[[PlexTv], Awaitable[object]]] = {
    "account": lambda plex_tv: plex_tv.account(TOKEN),
    "resources": lambda plex_tv: plex_tv.resources(TOKEN),
    "pin": lambda plex_tv: plex_tv.pin(1),
    "new pin": PlexTv.create_pin,
}


# Valid responses and frames of the simulator


@functools.cache
def valid_responses() -> tuple[dict[str, dict[str, Any]], list[str], str]:
    """Return responses by request and path, frames, and the machine identifier of the server."""
    recorded: dict[str, dict[str, Any]] = {}
    frames: list[str] = []
    machine: list[str] = []

    async def collect() -> None:
        async with World() as world, aiohttp.ClientSession() as session:
            owner = world.plex_tv.add_account("owner", plex_pass=True)
            token = world.plex_tv.sign_in(owner, client_identifier="fuzz")
            home = await world.add_server("Home", owner=owner)
            machine.append(home.machine_identifier)
            home.allowed_without_auth = True
            with patch.object(home.notifier, "send_text", _record_frames(frames)):
                await _populate(home)
            server = PlexServer(
                session, home.url, IDENTITY, machine_identifier=home.machine_identifier, token=token
            )
            for name, read in READS.items():
                recorded[name] = {}
                with _record_responses(recorded[name]):
                    await read(server)
            plex_tv = PlexTv(session, IDENTITY, url=world.plex_tv.url)
            recorded["new pin"] = {}
            with _record_responses(recorded["new pin"]):
                pin = await plex_tv.create_pin()
            for name, reading in (
                ("pin", plex_tv.pin(pin.id)),
                ("account", plex_tv.account(token)),
                ("resources of plex.tv", plex_tv.resources(token)),
            ):
                recorded[name] = {}
                with _record_responses(recorded[name]):
                    await reading

    # In a thread, because a test may have an event loop of its own.
    thread = Thread(target=lambda: asyncio.run(collect()))
    thread.start()
    thread.join()
    return recorded, frames, machine[0]


async def _populate(home: simulator.PlexServer) -> None:
    """Create something for every list of the server."""
    stream = await home.start_stream(title="Winter Light", transcode=True)
    await stream.deliver(simulator.Delivery.DIRECT_STREAM)
    await home.add_season("Small Hours", 1, episodes=2)
    await home.remote_access.become("failed", "unreachable")
    home.updater.offer("1.99.0.1-abc", added="More.", fixed="Less.")
    await home.activities.start("media.generate", "Work")
    await stream.stop()
    await home.start_stream(title="Winter Light", transcode=True)


def _record_frames(frames: list[str]) -> Callable[..., Coroutine[Any, Any, None]]:
    async def keep(frame: str, *_: object) -> None:
        frames.append(frame)

    return keep


def _record_responses(kept: dict[str, Any]) -> Any:
    whole = PlexTransport.get_json, PlexTransport.send

    async def get_json(self: PlexTransport, path: str, **options: Any) -> Any:
        kept[path] = await whole[0](self, path, **options)
        return kept[path]

    async def send(self: PlexTransport, method: str, path: str, **options: Any) -> Any:
        kept[path] = await whole[1](self, method, path, **options)
        return kept[path]

    return patch.multiple(PlexTransport, get_json=get_json, send=send)


# The client with canned responses


class Canned:
    """Responses in the place of those of Plex; `requests` is how many were used."""

    def __init__(self, by_path: Mapping[str, str], otherwise: str | None = None) -> None:
        """Initialize with responses by path; other paths get `otherwise`, or are not found."""
        self._by_path = by_path
        self._otherwise = otherwise
        self.requests = 0

    def __enter__(self) -> Self:
        """Replace the transport."""
        canned = self

        async def get_json(_: PlexTransport, path: str, **_options: Any) -> Any:
            return canned.response(path)

        async def send(_: PlexTransport, _method: str, path: str, **_options: Any) -> Any:
            return canned.response(path)

        self._patch = patch.multiple(PlexTransport, get_json=get_json, send=send)
        self._patch.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Restore the transport."""
        self._patch.stop()

    def response(self, path: str) -> Any:
        """Return the JSON response for a path."""
        self.requests += 1
        text = self._by_path.get(path, self._otherwise)
        if text is None:
            raise PlexNotFoundError(path)
        return decode_json(text.encode("utf-8", "surrogatepass"), path)


def run[T](work: Awaitable[T]) -> T | None:
    """Return the result of work that never waits, `None` if it raises `PlexError`."""
    steps = work.__await__()
    try:
        next(steps)
    except StopIteration as stop:
        result: T = stop.value
        return result
    except PlexError:
        return None
    pytest.fail("The work waits for something")


def read_attributes(value: object) -> None:
    """Read the repr, the fields and the properties of a result."""
    repr(value).encode()
    if isinstance(value, tuple | list):
        for item in value:
            read_attributes(item)
    elif is_dataclass(value):
        for field in fields(value):
            read_attributes(getattr(value, field.name))
        for name, attribute in vars(type(value)).items():
            if isinstance(attribute, property):
                getattr(value, name)


def server_client() -> PlexServer:
    """Return a client without a session."""
    session: Any = None
    machine = valid_responses()[2]
    return PlexServer(session, "https://home", IDENTITY, machine_identifier=machine, token=TOKEN)


def plex_tv_client() -> PlexTv:
    """Return a client of plex.tv without a session."""
    session: Any = None
    return PlexTv(session, IDENTITY)


@pytest.mark.parametrize("name", READS)
def test_mutated_responses_of_a_server(name: str) -> None:
    """A mutated response is parsed or raises `PlexError`."""
    recorded, _, _ = valid_responses()
    documents = recorded[name]
    # The identity stays valid, unless it is the only response.
    paths = [path for path in documents if path != "/identity"] or ["/identity"]
    responses_by_path = {path: json.dumps(document) for path, document in documents.items()}
    responses_by_path.setdefault("/identity", json.dumps(recorded["identity"]["/identity"]))

    @few
    @given(st.data())
    def check(data: st.DataObject) -> None:
        path = data.draw(st.sampled_from(paths))
        mutated = data.draw(mutated_text(documents[path]))
        with Canned({**responses_by_path, path: mutated}) as canned:
            result = run(READS[name](server_client()))
        read_attributes(result)
        assert canned.requests <= LIMIT + len(responses_by_path) + 1

    check()


@pytest.mark.parametrize("name", READS_OF_PLEX_TV)
def test_mutated_responses_of_plex_tv(name: str) -> None:
    """A mutated response is parsed or raises `PlexError`; its connections can be ranked."""
    documents = valid_responses()[0]["resources of plex.tv" if name == "resources" else name]
    [(path, document)] = documents.items()

    @many
    @given(mutated_text(document))
    def check(mutated: str) -> None:
        with Canned({"/api/v2/pins/1": mutated, path: mutated}):
            result = run(READS_OF_PLEX_TV[name](plex_tv_client()))
        read_attributes(result)
        if name == "resources":
            for resource in result or ():  # type: ignore[attr-defined]  # They are resources.
                ranked_connections(resource)

    check()


def test_mutated_notifications() -> None:
    """A mutated frame is parsed or dropped."""
    _, frames, _ = valid_responses()
    frames = sorted({json.dumps(json.loads(frame), sort_keys=True) for frame in frames})
    documents = [json.loads(frame) for frame in frames]

    @settings(many, max_examples=2 * EXAMPLES_OF_MANY)
    @given(st.sampled_from(documents).flatmap(mutated_text))
    def check(mutated: str) -> None:
        notifications = parse_notifications(mutated)
        read_attributes(notifications)
        assert len(notifications) <= len(mutated)

    check()


# Captures, if there are any


def captured_documents() -> list[Any]:
    """Return the captured documents."""
    if not CAPTURES.is_dir():
        pytest.skip("There are no captures at ../shared/captures to be mutated.")
    documents = [
        json.loads(path.read_text(encoding="utf-8"))
        for path in sorted(CAPTURES.rglob("*.json"))
        if path.stat().st_size <= BIGGEST_CAPTURE
    ]
    for path in sorted(CAPTURES.rglob("*.jsonl")):
        documents += map(json.loads, path.read_text(encoding="utf-8").splitlines())
    return documents


def test_mutated_captures() -> None:
    """Any capture can be the response to any request."""
    documents = captured_documents()

    @many
    @given(st.sampled_from(documents).flatmap(mutated_text))
    def check(mutated: str) -> None:
        identity = json.dumps(valid_responses()[0]["identity"]["/identity"])
        for name, read in READS.items():
            known = {} if name == "identity" else {"/identity": identity}
            with Canned(known, otherwise=mutated) as canned:
                result = run(read(server_client()))
            read_attributes(result)
            assert canned.requests <= 2 * LIMIT
        for read_plex_tv in READS_OF_PLEX_TV.values():
            with Canned({}, otherwise=mutated):
                result = run(read_plex_tv(plex_tv_client()))
            read_attributes(result)
        parse_notifications(mutated)

    check()


# Other input


def test_mutated_identity() -> None:
    """The first response from an unknown server is parsed or raises `PlexError`."""

    @few
    @given(mutated_text(valid_responses()[0]["identity"]["/identity"]))
    def check(mutated: str) -> None:
        session: Any = None
        with Canned({"/identity": mutated}):
            run(fetch_identity(session, "http://home", IDENTITY))

    check()


@many
@given(st.binary(max_size=200) | st.text().map(str.encode), st.text())
def test_any_401_and_retry_after(body: bytes, header: str) -> None:
    """Any body of a 401 is classified, and any Retry-After is bounded."""
    for headers in ({}, {"X-Plex-Protocol": "1.0"}, {"WWW-Authenticate": header}):
        verified_requests.is_refusal(headers, body)
        plex_tv_module.has_error_body(headers, body)
    response: Any = SimpleNamespace(status=503, headers={hdrs.RETRY_AFTER: header})
    with pytest.raises(PlexUnavailableError) as refused:
        asyncio.run(responses.check_status(response, "/", verified_requests.is_refusal))
    wait = refused.value.retry_after
    assert wait is None or 0 <= wait <= responses.MAX_RETRY_AFTER


PIECES = (
    *("X-Plex-Token", "x plex token", "token", "authToken", "=", ":", " ", "\n", "\r\n", "%3D"),
    *("http://", "https://", "192.168.1.10", ":32400", "[::1]", "/library/metadata/1", "?", "&"),
    *("claim-", "transient-", "eyJ", ".", "-", "_", "abcdefghij0123456789", '"', "'", "<", ">"),
    *("\u201c", "\u2013", "\u00a0", "\u200b", "\ufeff", "%25", "%", "\x00", "plex.tv", "a", "A"),
)


@many
@given(
    st.lists(
        st.tuples(st.sampled_from(PIECES), st.sampled_from((1, 1, 1, 2, 40, 4000))), max_size=12
    )
)
@example([("X-Plex-Token", 1), ("\n", 4000), ("=", 4000)])
@example([("a", 4000), (".", 4000), ("a", 4000), (":", 1)])
@example([("-", 4000), ("eyJ", 4000), (".", 4000)])
def test_any_pasted_text(pieces: list[tuple[str, int]]) -> None:
    """A text holds a token or raises `TokenInputError`, however long and repetitive it is."""
    text = "".join(piece * times for piece, times in pieces)
    for pasted in (text, text[:MAX_INPUT]):
        try:
            found = parse_token_input(pasted)
        except TokenInputError:
            continue
        assert found.token.isascii()


class FakeWebsocket:
    """A websocket that receives given messages."""

    def __init__(self, messages: list[tuple[aiohttp.WSMsgType, Any]]) -> None:
        """Initialize with messages, after which the websocket is closed."""
        self._messages = [*messages, (aiohttp.WSMsgType.CLOSED, None)]

    async def receive(self) -> aiohttp.WSMessage:
        """Return the next message."""
        kind, data = self._messages.pop(0)
        if isinstance(data, Exception):
            raise data
        message: Any = _Message(kind, data)
        return message  # type: ignore[no-any-return]  # It has the attributes that are used.

    async def pong(self, _data: bytes) -> None:
        """Ignore a pong."""

    async def ping(self) -> None:
        """Ignore a ping."""


class _Message:
    def __init__(self, kind: aiohttp.WSMsgType, data: Any) -> None:
        self.type = kind
        self.data = data

    @override
    def __repr__(self) -> str:
        return f"{self.type} {self.data!r}"


@many
@given(
    st.lists(
        st.tuples(
            st.sampled_from(list(aiohttp.WSMsgType)),
            st.binary() | st.sampled_from((TimeoutError(), OSError(), ValueError())),
        ),
        max_size=8,
    )
)
def test_websocket_ends_with_plex_error(
    messages: list[tuple[aiohttp.WSMsgType, Any]],
) -> None:
    """Any messages may come before it."""

    async def listen() -> None:
        fake: Any = FakeWebsocket(messages)
        frames = TextFrames(fake, fake, "GET home")
        for _ in range(len(messages) + 1):
            await anext(frames)

    with pytest.raises(PlexError):
        asyncio.run(listen())
