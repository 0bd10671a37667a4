"""Counts of what Plex was asked, and of what was not understood."""

import asyncio
from collections.abc import Iterator
from contextvars import Context
import json
import ssl
import time
from typing import Any, override

import aiohttp
import pytest
from yarl import URL

from custom_components.plex_monitor.plex.endpoints import ENDPOINTS, NOTIFICATIONS, endpoint_of
from custom_components.plex_monitor.plex.errors import (
    PlexError,
    PlexResponseError,
    PlexUnavailableError,
)
from custom_components.plex_monitor.plex.fields import (
    FIELDS,
    MAX_CHECKED,
    OTHER,
    misunderstood,
    shown_name,
)
from custom_components.plex_monitor.plex.models import HistoryItem, MediaType, Session, Traffic
from custom_components.plex_monitor.plex.notifications import _KINDS
from custom_components.plex_monitor.plex.observations import MAX_COUNTS, Observations, Tally
from custom_components.plex_monitor.plex.plex_tv import PlexTv
from custom_components.plex_monitor.plex.server import PlexServer
from custom_components.plex_monitor.plex.transport import ClientIdentity
from tests import simulator
from tests.simulator import Delivery, Fault, Kind, World

from .common import ALL_REQUESTS, serve


class Reading(dict[str, Any]):
    """A JSON object that notes which of its fields are read."""

    def __init__(self, data: dict[str, Any], names: set[str]) -> None:
        """Initialize with the object, and where to note the names."""
        super().__init__({name: reading(value, names) for name, value in data.items()})
        self._names = names

    @override
    def get(self, name: str, default: Any = None) -> Any:
        self._names.add(name)
        return super().get(name, default)

    @override
    def __contains__(self, name: object) -> bool:
        self._names.add(str(name))
        return super().__contains__(name)


def reading(value: Any, names: set[str]) -> Any:
    """Return JSON of which all objects note the fields that are read."""
    if isinstance(value, dict):
        return Reading(value, names)
    return [reading(each, names) for each in value] if isinstance(value, list) else value


async def make_everything_happen(home: simulator.PlexServer) -> None:
    """Let a server have streams of all kinds, libraries of all kinds, and history."""
    home.library.add_section("Photos", Kind.PHOTO)
    home.library.items[0].credits_at = 5_000_000
    home.updater.offer("1.44.0.11000-0badc0ffe", fixed="A fault.")
    for delivery in Delivery:
        await home.start_stream(title="Winter Light", delivery=delivery)
    await home.start_stream(title="First Steps", kind=Kind.EPISODE, with_session=False)
    await home.start_stream(title="The News", kind=Kind.EPISODE, live=True, transcode=True)
    stream = await home.start_stream(title="The Long Road")
    await stream.stop()
    await home.activities.start("library.update.section", "Scanning Movies", section_id=1)


async def send_everything(server: PlexServer, home: simulator.PlexServer) -> None:
    """Send every request, and receive a notification of each kind."""
    for request in ALL_REQUESTS.values():
        await request(server)
    async with server.notifications() as notifications:
        stream = await home.start_stream(title="Second", delivery=Delivery.TRANSCODE)
        await stream.work(throttled=True)
        await stream.stop()
        await home.add_media("New")
        await home.remote_access.become("failed", "unreachable")
        await home.butler.start("BackupDatabase")
        home.updater.offer("1.45.0.11000-0badc0ffe")
        await server.install_update()
        await home.notifier.notify("the end", "Nothing")
        await stream_of_last(home)
        async with asyncio.timeout(5):
            async for _ in notifications:
                if OTHER in server.observations.notifications:
                    return


async def stream_of_last(home: simulator.PlexServer) -> None:
    """Start a stream, for a notification after all others that is understood."""
    await home.start_stream(title="Third")


def left_out_of(server: PlexServer, endpoint: str = "GET /status/sessions") -> dict[str, Any]:
    """Return what was not understood in the answers of an endpoint."""
    counts = server.observations.as_dict()["endpoints"][endpoint]
    return {name: value for name, value in counts.items() if name not in {"asked", "answered"}}


# Requests


async def test_requests_are_counted(
    server: PlexServer, home: simulator.PlexServer, world: World
) -> None:
    """Each request is counted once for its endpoint, and so is its answer."""
    await server.sessions()
    await server.sessions()
    await server.accepts_without_token()
    await server.library.newest("1", MediaType.MOVIE, limit=3)
    counted = server.observations.as_dict()["endpoints"]
    assert counted == {
        "GET /identity": {"asked": 1, "answered": 1},
        "GET /status/sessions": {"asked": 2, "answered": 2},
        "GET / without a token": {"asked": 1, "refused": {"401": 1}},
        "GET /library/sections/{id}/all": {"asked": 1, "answered": 1},
    }
    assert sum(each["asked"] for each in counted.values()) == len(world.requests)


@pytest.mark.parametrize(
    ("fault", "counted"),
    [
        (Fault.UNAUTHORIZED, {"refused": {"401": 1}}),
        (Fault.status(403), {"refused": {"403": 1}}),
        (Fault.status(404), {"failed": {"404": 1}}),
        (Fault.status(429), {"failed": {"429": 1}}),
        (Fault.MAINTENANCE, {"failed": {"503": 1}}),
        (Fault.redirect("http://192.0.2.7:9/a-secret"), {"failed": {"302": 1}}),
        (Fault.GARBLED, {"failed": {"not JSON": 1}}),
        (Fault.TRUNCATED, {"failed": {"ClientPayloadError": 1}}),
        (Fault.RESET, {"failed": {"ServerDisconnectedError": 1}}),
    ],
)
async def test_failures_are_counted_by_kind(
    server: PlexServer, home: simulator.PlexServer, fault: Fault, counted: dict[str, Any]
) -> None:
    """A refusal by its status, any other failure by what happened."""
    home.faults.set(fault, paths="^/status")
    with pytest.raises(PlexError):
        await server.sessions()
    assert server.observations.as_dict()["endpoints"]["GET /status/sessions"] == {
        "asked": 1,
        **counted,
    }


async def test_certificate_is_counted_without_the_name_in_it(
    world: World, identity: ClientIdentity
) -> None:
    """The message of such an error can contain the name of the server."""
    owner = world.plex_tv.add_account("owner")
    home = await world.add_server("Home", owner=owner, tls=True)
    # The certificate is for its name.
    url = str(URL(home.url).with_host("127.0.0.1"))
    trusting = ssl.create_default_context(cafile=world.ca_file)
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=trusting)) as session:
        server = PlexServer(session, url, identity, machine_identifier=home.machine_identifier)
        with pytest.raises(PlexError, match="not valid for"):
            await server.check_identity()
    assert server.observations.as_dict()["endpoints"] == {
        "GET /identity": {"asked": 1, "failed": {"certificate": 1}}
    }


async def test_server_that_is_away(server: PlexServer, home: simulator.PlexServer) -> None:
    """The address is no part of what is counted, and the counts outlive a move to another one."""
    await home.stop()
    with pytest.raises(PlexError):
        await server.sessions()
    await home.start()
    server.move_to(home.url)
    await server.sessions()
    counted = server.observations.as_dict()["endpoints"]
    assert counted["GET /identity"] == {
        "asked": 2,
        "answered": 1,
        "failed": {"ClientConnectorError": 1},
    }


async def test_push_channel_that_is_lost(server: PlexServer, home: simulator.PlexServer) -> None:
    """It was answered, and failed later."""

    async def lose() -> None:
        async with server.notifications() as notifications:
            await home.stop()
            await anext(notifications)

    with pytest.raises(PlexError):
        await lose()
    counted = server.observations.as_dict()["endpoints"]["GET /:/websockets/notifications"]
    assert counted == {"asked": 1, "answered": 1, "failed": {"closed": 1}}


async def test_requests_to_plex_tv_are_counted(
    session: aiohttp.ClientSession, identity: ClientIdentity, world: World
) -> None:
    """They are counted beside those to the server for which they are sent."""
    observations = Observations()
    plex_tv = PlexTv(session, identity, url=world.plex_tv.url, observations=observations)
    token = world.plex_tv.sign_in(world.plex_tv.add_account("owner"))
    pin = await plex_tv.create_pin()
    await plex_tv.link_pin(pin.code, token=token)
    await plex_tv.pin(pin.id)
    await plex_tv.resources(token)
    world.plex_tv.revoke(token)
    with pytest.raises(PlexError):
        await plex_tv.account(token)
    assert observations.as_dict()["endpoints"] == {
        "POST /api/v2/pins": {"asked": 1, "answered": 1},
        "PUT /api/v2/pins/link": {"asked": 1, "answered": 1},
        "GET /api/v2/pins/{id}": {"asked": 1, "answered": 1},
        "GET /api/v2/resources": {"asked": 1, "answered": 1},
        "GET /api/v2/user": {"asked": 1, "refused": {"401": 1}},
    }


async def test_every_request_has_an_endpoint(
    server: PlexServer, home: simulator.PlexServer
) -> None:
    """A new request is added to `ENDPOINTS`, or else nobody learns how it is answered."""
    await make_everything_happen(home)
    await send_everything(server, home)
    assert OTHER not in server.observations.endpoints
    assert server.observations.endpoints.keys() <= set(ENDPOINTS)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/library/sections/1/all/more"),
        ("GET", "/library/sections//all"),
        ("GET", "/a-secret"),
        ("GET", ""),
        ("PATCH", "/identity"),
        ("GET", "/identity?X-Plex-Token=secret"),
    ],
)
def test_any_other_path_is_not_named(method: str, path: str) -> None:
    """Only the endpoints of a fixed list are counted by name."""
    assert endpoint_of(method, path) == OTHER


# What was not understood


async def test_simulated_server_is_understood(
    server: PlexServer, home: simulator.PlexServer
) -> None:
    """Left out is only what servers list beside what is asked for."""
    await make_everything_happen(home)
    await send_everything(server, home)
    observed = server.observations
    assert not any(tally.not_understood for tally in observed.endpoints.values())
    left_out = {name: tally.left_out for name, tally in observed.endpoints.items()}
    assert {name: counts for name, counts in left_out.items() if counts} == {
        "GET /accounts": {"name: empty": 1},
        "GET /media/providers": {"id: missing": 1},
    }
    assert set(_KINDS) <= observed.notifications.keys()
    assert not any(tally.left_out for tally in observed.notifications.values())


async def test_field_that_is_missing(server: PlexServer, home: simulator.PlexServer) -> None:
    """It is named, and so are fields beside it that may have replaced it."""
    sessions = [
        {"title": "A secret pleasure", "playSessionId": "4711", "PlayedBy": {"title": "Me"}},
        {"sessionKey": ["1"], "A secret pleasure": 1, "secret": 2},
        "A secret pleasure",
    ]
    serve(home, "^/status/sessions$", {"size": 3, "Metadata": sessions})
    with pytest.raises(PlexResponseError):
        await server.sessions()
    assert left_out_of(server) == {
        "left_out": {"sessionKey: missing": 1, "sessionKey: list": 1, "a session: str": 1},
        "not_understood": {"sessionKey: list": 1},
        "unknown": {"playSessionId: str": 1, "PlayedBy: object": 1, "(other): int": 2},
    }


async def test_field_of_another_type(server: PlexServer, home: simulator.PlexServer) -> None:
    """What is parsed without it is counted all the same; null is no other type."""
    session = {
        "sessionKey": "1",
        "viewOffset": {"ms": 5},
        "Player": "TV",
        "User": None,
        "Media": [{"width": [1], "videoCodec": None}],
    }
    serve(home, "^/status/sessions$", {"Metadata": [session]})
    await server.sessions()
    assert left_out_of(server) == {
        "not_understood": {"viewOffset: object": 1, "Player: str": 1, "width: list": 1}
    }


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ([], {"the response: list": 1}),
        ({}, {"MediaContainer: null": 1}),
        ({"MediaContainer": "a secret"}, {"MediaContainer: str": 1}),
    ],
)
async def test_answer_that_is_something_else(
    server: PlexServer, home: simulator.PlexServer, answer: object, expected: dict[str, int]
) -> None:
    """It was answered, and could not be read."""
    home.faults.set(Fault.json(answer), paths="^/status/sessions$")
    with pytest.raises(PlexError):
        await server.sessions()
    assert left_out_of(server)["left_out"] == expected


async def test_notifications_are_counted_by_kind(
    server: PlexServer, home: simulator.PlexServer
) -> None:
    """Kinds that no server is known to send are not named."""
    async with server.notifications() as notifications:
        await home.notifier.notify("A secret kind", "Nothing")
        await home.notifier.notify("status", "StatusNotification", {"title": "A secret"})
        await home.notifier.notify(
            "playing", "PlaySessionStateNotification", {"sessionID": "4711", "viewOffset": {}}
        )
        await home.start_stream(title="Second")
        await anext(notifications)
    assert server.observations.as_dict()["notifications"] == {
        OTHER: {"received": 1},
        "status": {"received": 1},
        "playing": {
            "received": 2,
            "left_out": {"sessionKey: missing": 1},
            "not_understood": {"viewOffset: object": 1},
            "unknown": {"sessionID: str": 1},
        },
    }


async def test_answers_that_are_read_at_once_are_kept_apart(
    server: PlexServer, home: simulator.PlexServer
) -> None:
    """Each is counted where it belongs."""
    serve(home, "^/status/sessions$", {"Metadata": [{}, {"sessionKey": "1"}]})
    serve(home, "^/devices$", {"Device": [{"id": 1}, {"id": 2}]})
    await asyncio.gather(server.sessions(), server.devices(), server.maintenance.activities())
    assert left_out_of(server)["left_out"] == {"sessionKey: missing": 1}
    assert left_out_of(server, "GET /devices")["left_out"] == {"clientIdentifier: missing": 2}
    assert left_out_of(server, "GET /activities") == {}


# Names


@pytest.mark.parametrize("name", ["sessionKey", "playSessionId", "transcodeHwFullPipeline", "key"])
def test_name_of_plex(name: str) -> None:
    """A field that is known, or that has the form of Plex's names, is named."""
    assert shown_name(name, "str") == name


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("Dune", "object"),
        ("owner", "str"),
        ("WinterLight", "str"),
        ("A secret pleasure", "object"),
        ("someone@example.com", "str"),
        ("192.168.1.10", "object"),
        ("xKq3-Zz9_pLm2Vt8sWyR", "str"),
        ("4f1c2a7be0d94cf3a1b2c3d4e5f60718", "object"),
        ("0b5e6b1c-7a52-4b8e-9d55-0f8c5a1f2e3d", "str"),
        ("veryLong" * 9, "str"),
        ("", "str"),
    ],
)
def test_name_that_may_be_a_value(name: str, kind: str) -> None:
    """Anything else is not named, as it can be a title, a person, an address or a token."""
    assert shown_name(name, kind) == OTHER


async def test_fields_are_those_that_the_parsers_read(
    server: PlexServer, home: simulator.PlexServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A field that a parser comes to read is added to `FIELDS`, with the types it understands."""
    names: set[str] = set()
    read = Observations.read
    monkeypatch.setattr(
        Observations,
        "read",
        lambda self, tally, document: reading(read(self, tally, document), names),
    )
    await make_everything_happen(home)
    await send_everything(server, home)
    # What is only read where something else is missing.
    Session.from_json(reading({"sessionKey": "1", "Player": {}}, names))
    HistoryItem.from_json(reading({}, names))
    Traffic.from_json(reading({"at": 1}, names))
    # It is read before the kind of the notification is known.
    assert names | {"NotificationContainer"} == FIELDS.keys()


def test_kinds_that_are_parsed_are_known() -> None:
    """A kind of notification that is parsed is counted by its name."""
    assert _KINDS.keys() <= NOTIFICATIONS


# Bounds


def hostile_documents() -> Iterator[Any]:
    """Return answers that are expensive to count."""
    yield {f"viewOffset{number}": {} for number in range(100_000)}
    yield {"Metadata": [{"viewOffset": {}}] * 1_000_000}
    yield {"Metadata": [[[]] * 1000] * 1000}
    deep: Any = {}
    for _ in range(5_000):
        deep = {"Metadata": [deep]}
    yield deep


@pytest.mark.parametrize("document", hostile_documents(), ids=["wide", "long", "lists", "deep"])
def test_hostile_answers_cost_little(document: Any) -> None:
    """Only a part of each answer is checked."""
    observations = Observations()
    started = time.perf_counter()
    observations.read(observations.ask("GET", "/status/sessions", with_token=True), document)
    assert time.perf_counter() - started < 0.05
    assert len(list(misunderstood(document))) <= MAX_CHECKED


def test_parsing_of_what_no_request_has_returned() -> None:
    """It is counted nowhere, and has the same result."""
    documents: tuple[Any, ...] = ({}, None)
    for data in documents:
        with pytest.raises(PlexResponseError):
            Context().run(Session.from_json, data)


def test_counts_are_bounded() -> None:
    """A server that always sends other names, or fails in ever new ways, fills no memory."""
    tally = Tally()
    for number in range(10_000):
        letters = "".join(chr(ord("a") + int(digit)) for digit in f"{number:04}")
        tally.count_left_out("key", "missing", {f"some{letters.title()}": 1, "x" * number: 2})
        tally.count_left_out(letters, "missing", {f"other{letters.title()}": 1})
        tally.count_failure(PlexUnavailableError("", status=500 + number))
    assert len(tally.left_out) == len(tally.unknown) == len(tally.failed) == MAX_COUNTS + 1
    assert tally.left_out["key: missing"] == 10_000
    assert len(json.dumps(tally.as_dict())) < 5_000


async def test_paths_are_bounded(server: PlexServer, home: simulator.PlexServer) -> None:
    """Items share one row, whatever their keys are."""
    for key in range(50):
        await server.library.items([str(key)])
    assert server.observations.endpoints.keys() == {"GET /identity", "GET /library/metadata/{id}"}
