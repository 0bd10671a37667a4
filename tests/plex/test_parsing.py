"""Parsing of JSON values."""

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
    """Strings and integers are accepted."""
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
    """Text is accepted, and the value is finite."""
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
    """All digits of 64 bits are kept, and larger values are rejected."""
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
    """Text and numbers are accepted; other values give the default."""
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
    """A value that does not fit into a header is rejected."""
    assert secret(value) == expected


def test_mapping() -> None:
    """The error does not quote the value."""
    data = {"a": 1}
    assert mapping(data, "it") is data
    with pytest.raises(PlexResponseError, match=r"^Not a JSON object: it$"):
        mapping(["secret"], "it")


def test_container() -> None:
    """The `MediaContainer` is returned."""
    assert container({"MediaContainer": {"size": 0}}) == {"size": 0}
    wrongs: tuple[object, ...] = ([], {}, {"MediaContainer": []}, None)
    for wrong in wrongs:
        with pytest.raises(PlexResponseError):
            container(wrong)


def test_child() -> None:
    """A missing object is empty."""
    assert child({"User": {"title": "owner"}}, "User") == {"title": "owner"}
    assert child({}, "User") == {}
    assert child({"User": "owner"}, "User") == {}


def test_required_text() -> None:
    """The error names the key."""
    assert required_text({"key": 5}, "key") == "5"
    with pytest.raises(PlexResponseError, match=r"^Plex left out key$"):
        required_text({"key": ""}, "key")


def test_parsed_items_without_invalid_ones() -> None:
    """The valid items are returned."""
    items = [{"key": "1"}, {}, "rubbish", None, {"key": 2}]
    assert parsed_items(items, lambda item: required_text(mapping(item, "it"), "key")) == ("1", "2")


def test_parsed_items_of_a_single_object() -> None:
    """It counts as a list of one."""
    assert parsed_items({"key": "1"}, lambda item: required_text(item, "key")) == ("1",)


def test_required_identifier() -> None:
    """A number is not an identifier."""
    assert required_identifier({"key": "a1"}, "key") == "a1"
    for wrong in ({"key": 5}, {"key": ""}, {}):
        with pytest.raises(PlexResponseError, match=r"^Plex left out key$"):
            required_identifier(wrong, "key")


@pytest.mark.parametrize("value", [None, "text", 5, []])
def test_parsed_items_of_another_type(value: object) -> None:
    """The list is empty."""
    assert parsed_items(value, lambda item: item) == ()


@given(any_json)
def test_any_value(value: object) -> None:
    """Every parser returns a value for any JSON."""
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
def test_timestamp(value: object, expected: datetime | None) -> None:
    """Seconds since 1970, if that is a valid time."""
    assert timestamp(value) == expected


@given(any_json)
def test_any_timestamp(value: object) -> None:
    """No value raises an error."""
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
    """Only paths are accepted, and a token is removed."""
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
def test_season_and_episode(
    data: dict[str, object], expected: tuple[int | None, int | None]
) -> None:
    """Tracks have numbers, but no season."""
    assert season_and_episode(data) == expected


def test_first_of() -> None:
    """The first value that is not empty."""
    data = {"a": "", "b": None, "c": 7, "d": "x"}
    assert first_of(data, "a", "b", "c", "d") == "7"
    assert first_of(data, "a", "e") is None


def test_objects() -> None:
    """Other items than objects are left out."""
    assert objects([{"a": 1}, None, 5, {}]) == [{"a": 1}, {}]
    assert objects({"a": 1}) == [{"a": 1}]
    assert objects("rubbish") == []
