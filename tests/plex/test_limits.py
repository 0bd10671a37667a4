"""What a hostile server may send: it holds neither the event loop nor the memory."""

import asyncio
from datetime import UTC, datetime
from itertools import pairwise
import json
from time import monotonic, process_time
import tracemalloc

from hypothesis import given, strategies as st
import pytest

from custom_components.plex_monitor.plex import websocket
from custom_components.plex_monitor.plex.errors import PlexResponseError
from custom_components.plex_monitor.plex.limits import (
    ANSWER,
    FRAME,
    MAX_KEY,
    MAX_LIBRARIES,
    MAX_SESSIONS,
    MAX_TEXT,
    PAGE,
    SEARCH,
    AnswerLimit,
)
from custom_components.plex_monitor.plex.models import MediaItem, Session
from custom_components.plex_monitor.plex.notifications import parse_notifications
from custom_components.plex_monitor.plex.parsing import (
    LATEST,
    identifier,
    parsed_items,
    text,
    timestamp,
)
from custom_components.plex_monitor.plex.responses import decode_json
from custom_components.plex_monitor.plex.server import PlexServer
from custom_components.plex_monitor.plex.transport import PlexTransport
from tests import simulator

from .common import request_error, serve
from .raw_server import RawServer

MIB = 1024 * 1024
HELD = 0.1
NOTHING = {
    "objects": b"{}",
    "lists": b"[]",
    "nulls": b"null",
    "numbers": b"1.5",
    "texts": b'""',
    "nested lists": b"[[[[[]]]]]",
    "pairs": b'{"a":1}',
}


def list_of(item: bytes, size: int) -> bytes:
    """Return a JSON list of many items, of about this size."""
    return b"[" + b",".join([item] * (size // (len(item) + 1))) + b"]"


@pytest.mark.parametrize("item", NOTHING.values(), ids=NOTHING)
async def test_long_list_of_nothing(plex: PlexTransport, raw: RawServer, item: bytes) -> None:
    """It is not read to its end, and costs little memory."""
    raw.respond(list_of(item, 16 * MIB))
    tracemalloc.start()
    try:
        error = await request_error(plex)
        assert tracemalloc.get_traced_memory()[1] < 60 * MIB
    finally:
        tracemalloc.stop()
    assert type(error) is PlexResponseError
    assert "longer than" in str(error)


@pytest.mark.parametrize("limit", [ANSWER, PAGE, SEARCH], ids=["answer", "page", "search"])
@pytest.mark.parametrize("item", NOTHING.values(), ids=NOTHING)
def test_list_of_nothing_within_the_size(item: bytes, limit: AnswerLimit) -> None:
    """A list with too many values is not parsed, which would take longer than others can wait."""
    body = list_of(item, limit.size - 10)
    started = process_time()
    with pytest.raises(PlexResponseError, match="values"):
        decode_json(body, "GET /", limit)
    assert process_time() - started < HELD


@pytest.mark.parametrize("item", NOTHING.values(), ids=NOTHING)
def test_as_many_values_as_are_allowed(item: bytes) -> None:
    """The longest answer to a poll is parsed in time."""
    many = ANSWER.values // (1 + item.count(b"[") + item.count(b"{") + item.count(b",")) - 1
    body = b"[" + b",".join([item] * many) + b"]"
    started = process_time()
    assert len(decode_json(body, "GET /")) == many
    assert process_time() - started < HELD


def test_deep_answer() -> None:
    """It is rejected, with fewer levels than are counted too."""
    for levels in (2 * MIB - 1, 40_000):
        with pytest.raises(PlexResponseError):
            decode_json(b"[" * levels, "GET /")


def test_frame_of_nothing() -> None:
    """It has no notifications, and is not parsed."""
    entries = ",".join(["{}"] * (FRAME.size // 3))
    frame = f'{{"NotificationContainer":{{"type":"timeline","TimelineEntry":[{entries}]}}}}'
    started = process_time()
    assert parse_notifications(frame) == ()
    assert process_time() - started < HELD / 4


async def test_more_sessions_than_a_server_can_have(
    server: PlexServer, home: simulator.PlexServer
) -> None:
    """The first of them are parsed, and rubbish among them counts as well."""
    sessions = [{"sessionKey": str(number), "title": "Film"} for number in range(2000)]
    serve(home, "/status/sessions", {"Metadata": sessions})
    assert len(await server.sessions()) == MAX_SESSIONS


async def test_more_libraries_than_a_server_can_have(
    server: PlexServer, home: simulator.PlexServer
) -> None:
    """The first of them are parsed."""
    libraries = [
        {"key": str(number), "type": "movie", "title": "Films"} for number in range(1, 999)
    ]
    serve(home, "/library/sections", {"Directory": libraries})
    keys = [section.key for section in await server.library.sections()]
    assert keys == [str(number) for number in range(1, MAX_LIBRARIES + 1)]


def test_items_above_a_limit() -> None:
    """Items are counted whether they are valid or not."""
    assert parsed_items([None] * 3 + [{}], Session.from_json, limit=3) == ()


@pytest.mark.parametrize("number", ["9" * 5000, "-" + "9" * 5000, "1e999", "NaN", "Infinity"])
def test_number_that_is_too_large(number: str) -> None:
    """It costs its own value, and nothing else of the answer."""
    document = f'{{"ratingKey":"1","title":"Film","year":{number},"addedAt":{number}}}'
    item = MediaItem.from_json(decode_json(document.encode(), "GET /"))
    assert (item.title, item.year, item.added_at) == ("Film", None, None)


@pytest.mark.parametrize("key", ["9" * 5000, "x" * MIB, 10**4000])
def test_key_that_is_too_long(key: str | int) -> None:
    """An item with such a key is left out: a part of it would be the key of another item."""
    assert parsed_items([{"sessionKey": key}], Session.from_json) == ()
    assert parsed_items([{"ratingKey": key}], MediaItem.from_json) == ()


def test_text_that_is_too_long() -> None:
    """A text that is shown is cut, wherever a session has it."""
    names = ("title", "grandparentTitle", "librarySectionTitle", "type")
    session = Session.from_json({"sessionKey": "1", **dict.fromkeys(names, "x" * MIB)})
    assert session.title == "x" * (MAX_TEXT - 1) + "…"
    assert all(len(value) <= MAX_TEXT for value in vars(session).values() if isinstance(value, str))
    # Only its start is examined.
    assert text(" " * MIB + "x") is None


@given(st.text(max_size=600) | st.integers())
def test_length_of_any_text(value: str | int) -> None:
    """It never exceeds the limit, and a key is either whole or left out."""
    assert len(text(value) or "") <= MAX_TEXT
    key = identifier(value)
    assert key is None or len(key) <= MAX_KEY


@pytest.mark.parametrize(
    "value",
    [LATEST.timestamp(), 253402300799, 10**18, 10**400, -1, 0, -62135596800, "nan", "1e999"],
)
def test_time_that_is_out_of_reach(value: object) -> None:
    """It is unknown."""
    assert timestamp(value) is None


@given(st.integers() | st.floats() | st.text())
def test_any_time_has_every_zone(value: object) -> None:
    """A time that is known can be converted."""
    if (moment := timestamp(value)) is not None:
        assert datetime(1970, 1, 1, tzinfo=UTC) <= moment < LATEST


def frame_of(number: int) -> str:
    """Return a frame with many notifications."""
    entry = {"sectionID": "1", "itemID": "2", "type": 1, "state": 5}
    return json.dumps(
        {"NotificationContainer": {"type": "timeline", "TimelineEntry": [entry] * number}}
    )


async def test_flood_of_frames(server: PlexServer, home: simulator.PlexServer) -> None:
    """However many frames arrive at once, others get their turn."""
    # By the clock, and by what this process used: others may have had the core meanwhile.
    turns = [(monotonic(), process_time())]

    async def count_turns() -> None:
        while True:
            await asyncio.sleep(0)
            turns.append((monotonic(), process_time()))

    async with server.notifications() as notifications:
        for _ in range(300):
            await home.notifier.send_text(frame_of(5))
        counting = asyncio.create_task(count_turns())
        for _ in range(1500):
            await anext(notifications)
            started = process_time()
            while process_time() - started < 0.0002:
                pass
        counting.cancel()
    for before, after in pairwise(turns):
        assert min(late - early for early, late in zip(before, after, strict=True)) < HELD


async def test_flood_of_frames_that_goes_on(
    server: PlexServer, home: simulator.PlexServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a while it is read half of the time, so that what it causes keeps pace."""
    monkeypatch.setattr(websocket, "BURST", 0.05)
    async with server.notifications() as notifications:
        for _ in range(30):
            await home.notifier.send_text(frame_of(10))
        await anext(notifications)
        started, busy = monotonic(), 0.0
        for _ in range(299):
            handling = monotonic()
            while monotonic() - handling < 0.001:
                pass
            busy += monotonic() - handling
            await anext(notifications)
    assert monotonic() - started > 1.5 * busy
