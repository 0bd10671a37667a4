"""Lenient with types."""

from datetime import UTC, datetime

from hypothesis import given
import pytest

from custom_components.plex_monitor.plex.errors import PlexResponseError
from custom_components.plex_monitor.plex.parsing import (
    boolean,
    child,
    container,
    first_of,
    integer,
    mapping,
    number,
    objects,
    parsed_items,
    required_identifier,
    required_text,
    season_and_episode,
    secret,
    server_path,
    text,
    timestamp,
)

from .strategies import any_json


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("29", "29"),
        (29, "29"),
        (" Living room ", "Living room"),
        ("", None),
        (" ", None),
        (None, None),
        (True, None),
        (1.5, None),
        (["a"], None),
        ("a\ud800b", "a?b"),
    ],
)
def test_text(value: object, expected: str | None) -> None:
    """Text is text, or a whole number."""
    assert text(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (3, 3.0),
        (3.5, 3.5),
        ("3.5", 3.5),
        (" 7 ", 7.0),
        ("-1", -1.0),
        ("", None),
        ("x", None),
        (None, None),
        (True, None),
        ([1], None),
        (float("nan"), None),
        (float("inf"), None),
        ("1e999", None),
        (10**400, None),
    ],
)
def test_number(value: object, expected: float | None) -> None:
    """A number can be written as text, and is finite."""
    assert number(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (3, 3),
        (2**53 + 1, 2**53 + 1),
        (2**63 - 1, 2**63 - 1),
        (2**63, None),
        (-(10**308), None),
        ("1e300", None),
        ("3", 3),
        (3.9, 3),
        ("x", None),
        (False, None),
    ],
)
def test_integer(value: object, expected: int | None) -> None:
    """A whole number keeps all its digits, of which Plex's have no more than fit into 64 bits."""
    assert integer(value) == expected


@pytest.mark.parametrize(
    ("value", "default", "expected"),
    [
        (True, False, True),
        (1, False, True),
        ("1", False, True),
        ("True ", False, True),
        (False, True, False),
        (0, True, False),
        ("0", True, False),
        ("false", True, False),
        (None, True, True),
        ("perhaps", True, True),
        (1.0, False, False),
        ({}, True, True),
    ],
)
def test_boolean(value: object, *, default: bool, expected: bool) -> None:
    """Yes and no are written in many ways; anything else is the default."""
    assert boolean(value, default=default) is expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("abcDEF-_123", "abcDEF-_123"),
        ("with space", None),
        ("line\nbreak", None),
        ("trailing\n", None),
        ("pässword", None),
        ("", None),
        (None, None),
        (12, None),
    ],
)
def test_secret(value: object, expected: str | None) -> None:
    """What cannot go into a header is no token."""
    assert secret(value) == expected


def test_mapping_takes_objects_only() -> None:
    """What is no object is named in the error, and not quoted."""
    data = {"a": 1}
    assert mapping(data, "it") is data
    with pytest.raises(PlexResponseError, match=r"^Not a JSON object: it$"):
        mapping(["secret"], "it")


def test_container_takes_the_wrapper_off() -> None:
    """A media server wraps what it says."""
    assert container({"MediaContainer": {"size": 0}}) == {"size": 0}
    wrongs: tuple[object, ...] = ([], {}, {"MediaContainer": []}, None)
    for wrong in wrongs:
        with pytest.raises(PlexResponseError):
            container(wrong)


def test_child_is_empty_where_there_is_none() -> None:
    """A missing object has no fields."""
    assert child({"User": {"title": "owner"}}, "User") == {"title": "owner"}
    assert child({}, "User") == {}
    assert child({"User": "owner"}, "User") == {}


def test_required_text() -> None:
    """The error names the field."""
    assert required_text({"key": 5}, "key") == "5"
    with pytest.raises(PlexResponseError, match=r"^Plex left out key$"):
        required_text({"key": ""}, "key")


def test_a_bad_item_costs_that_item() -> None:
    """The rest of a list is kept."""
    items = [{"key": "1"}, {}, "rubbish", None, {"key": 2}]
    assert parsed_items(items, lambda item: required_text(mapping(item, "it"), "key")) == ("1", "2")


def test_a_lone_object_is_a_list_of_one() -> None:
    """Lists are sometimes left out around a single object."""
    assert parsed_items({"key": "1"}, lambda item: required_text(item, "key")) == ("1",)


def test_an_identifier_is_a_string() -> None:
    """A number in its place is rubbish and not the name of another machine."""
    assert required_identifier({"key": "a1"}, "key") == "a1"
    for wrong in ({"key": 5}, {"key": ""}, {}):
        with pytest.raises(PlexResponseError, match=r"^Plex left out key$"):
            required_identifier(wrong, "key")


@pytest.mark.parametrize("value", [None, "text", 5, []])
def test_what_is_no_list_is_empty(value: object) -> None:
    """An empty list is left out by Plex."""
    assert parsed_items(value, lambda item: item) == ()


@given(any_json)
def test_nothing_breaks_the_readers(value: object) -> None:
    """Every reader returns something for everything."""
    assert text(value) is None or isinstance(text(value), str)
    assert number(value) is None or isinstance(number(value), float)
    assert integer(value) is None or isinstance(integer(value), int)
    assert isinstance(boolean(value), bool)
    assert (secret(value) or "").isascii()
    assert isinstance(parsed_items(value, lambda item: item), tuple)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (1_700_000_000, datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)),
        ("1700000000", datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)),
        (0, None),
        (-1, None),
        ("", None),
        (None, None),
        (1e12, None),
        (1e300, None),
        (10**400, None),
    ],
)
def test_moment(value: object, expected: datetime | None) -> None:
    """Seconds since 1970, where that is a time."""
    assert timestamp(value) == expected


@given(any_json)
def test_any_moment(value: object) -> None:
    """Nothing breaks the clock."""
    found = timestamp(value)
    assert found is None or found.tzinfo is UTC


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("/library/metadata/1/thumb/2", "/library/metadata/1/thumb/2"),
        ("/composite/1?width=400", "/composite/1?width=400"),
        ("/thumb/1?X-Plex-Token=secret", "/thumb/1"),
        ("/thumb/1?a=b&x-plex-token=secret", "/thumb/1"),
        ("//example.org/1", None),
        ("https://plex.tv/users/1/avatar?X-Plex-Token=secret", None),
        ("library/metadata/1", None),
        ("", None),
        (None, None),
        (5, None),
    ],
)
def test_server_path(value: object, expected: str | None) -> None:
    """A path of this server, and never with a token."""
    assert server_path(value) == expected


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ({"type": "episode", "index": "5", "parentIndex": 2}, (2, 5)),
        ({"type": "season", "index": 2, "parentIndex": 9}, (2, None)),
        ({"type": "track", "index": 5, "parentIndex": 1}, (None, None)),
        ({"index": 5}, (None, None)),
        ({"type": []}, (None, None)),
    ],
)
def test_numbering(data: dict[str, object], expected: tuple[int | None, int | None]) -> None:
    """Songs have numbers too, and no seasons."""
    assert season_and_episode(data) == expected


def test_first_of() -> None:
    """The first that says something."""
    data = {"a": "", "b": None, "c": 7, "d": "x"}
    assert first_of(data, "a", "b", "c", "d") == "7"
    assert first_of(data, "a", "e") is None


def test_objects() -> None:
    """What is no object is left out."""
    assert objects([{"a": 1}, None, 5, {}]) == [{"a": 1}, {}]
    assert objects({"a": 1}) == [{"a": 1}]
    assert objects("rubbish") == []
