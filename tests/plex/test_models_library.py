"""Libraries, their items and the play history."""

from datetime import UTC, datetime
from typing import Any

import pytest

from custom_components.plex_monitor.plex.errors import PlexResponseError
from custom_components.plex_monitor.plex.models import (
    HistoryItem,
    Marker,
    MediaItem,
    MediaType,
    Section,
    SectionStorage,
)


def section(**changes: object) -> dict[str, Any]:
    """Return a library as a server lists it."""
    return {
        "key": "1",
        "title": "Films",
        "type": "movie",
        "agent": "tv.plex.agents.movie",
        "refreshing": False,
        "scannedAt": 1_700_000_000,
        "contentChangedAt": 1234,
        "hidden": 0,
    } | changes


def test_section() -> None:
    """All attributes are parsed."""
    assert Section.from_json(section()) == Section(
        key="1",
        title="Films",
        media_type="movie",
        agent="tv.plex.agents.movie",
        scanning=False,
        scanned_at=datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC),
        content_changed_at=1234,
        hidden=0,
    )


def test_section_with_required_attributes_only() -> None:
    """Only the key is required."""
    found = Section.from_json({"key": 7, "refreshing": "1"})
    assert (found.key, found.title, found.scanning) == ("7", "", True)
    assert (found.scanned_at, found.content_changed_at) == (None, None)
    assert found.media_types == ()


@pytest.mark.parametrize(
    ("hidden", "expected"), [(False, 0), (True, 1), (0, 0), ("2", 2), (None, 0), ([], 0)]
)
def test_section_hidden(hidden: object, expected: int) -> None:
    """Plex writes a bool or a number."""
    assert Section.from_json(section(hidden=hidden)).hidden == expected


@pytest.mark.parametrize(
    ("media_type", "expected"),
    [
        ("movie", (MediaType.MOVIE,)),
        ("show", (MediaType.SHOW, MediaType.SEASON, MediaType.EPISODE)),
        ("artist", (MediaType.ARTIST, MediaType.ALBUM, MediaType.TRACK)),
        ("photo", (MediaType.PHOTO_ALBUM, MediaType.PHOTO)),
        ("", ()),
        ("other", ()),
    ],
)
def test_section_media_types(media_type: str, expected: tuple[MediaType, ...]) -> None:
    """They depend on the type of the library."""
    assert Section.from_json(section(type=media_type)).media_types == expected


def test_section_storage() -> None:
    """The duration is optional."""
    data = {"id": "1", "title": "Films", "storageTotal": "123", "durationTotal": 456}
    assert SectionStorage.from_json(data) == SectionStorage(section_id="1", size=123, duration=456)
    photos = SectionStorage.from_json({"id": "2", "storageTotal": 5})
    assert photos == SectionStorage(section_id="2", size=5, duration=None)


def item(**changes: object) -> dict[str, Any]:
    """Return an episode as a server lists it."""
    return {
        "ratingKey": "33",
        "parentRatingKey": "32",
        "type": "episode",
        "title": "Pilot",
        "parentTitle": "Season 1",
        "grandparentTitle": "A Show",
        "index": 1,
        "parentIndex": 2,
        "year": 2024,
        "librarySectionID": 2,
        "librarySectionTitle": "Shows",
        "addedAt": 1_700_000_000,
        "duration": 2_700_000,
        "thumb": "/library/metadata/33/thumb/1?X-Plex-Token=secret",
        "parentThumb": "/library/metadata/32/thumb/2",
        "grandparentThumb": "/library/metadata/31/thumb/3",
        "summary": "How it began.",
        "viewCount": 3,
        "rating": 7.5,
        "userRating": "9",
    } | changes


def test_media_item() -> None:
    """All attributes of an episode are parsed."""
    assert MediaItem.from_json(item()) == MediaItem(
        rating_key="33",
        media_type="episode",
        title="Pilot",
        parent_rating_key="32",
        parent_title="Season 1",
        grandparent_title="A Show",
        season=2,
        episode=1,
        year=2024,
        section_id="2",
        section_title="Shows",
        added_at=datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC),
        duration=2_700_000,
        thumb="/library/metadata/33/thumb/1",
        parent_thumb="/library/metadata/32/thumb/2",
        summary="How it began.",
        leaf_count=None,
        view_count=3,
        rating=7.5,
        user_rating=9.0,
        markers=(),
    )


def test_season() -> None:
    """It has its number and a count of its episodes."""
    found = MediaItem.from_json(item(type="season", index=4, parentIndex=None, leafCount=10))
    assert (found.season, found.episode, found.leaf_count) == (4, None, 10)


def test_media_item_with_required_attributes_only() -> None:
    """Only the rating key is required."""
    found = MediaItem.from_json({"ratingKey": 5, "parentThumb": "/library/metadata/4/thumb/1"})
    assert (found.rating_key, found.title, found.added_at, found.view_count) == ("5", "", None, 0)
    assert found.thumb == "/library/metadata/4/thumb/1"
    assert found.credits_offset is None


def test_markers() -> None:
    """Final credits are found, and invalid markers are left out."""
    markers = [
        {"type": "intro", "startTimeOffset": 1000},
        {"type": "credits", "startTimeOffset": 2_500_000},
        {"type": "credits", "startTimeOffset": "2600000", "final": True},
        {"type": "credits", "final": True},
        {"startTimeOffset": 5},
        None,
    ]
    found = MediaItem.from_json(item(Marker=markers))
    assert found.markers == (
        Marker(marker_type="intro", start=1000, final=False),
        Marker(marker_type="credits", start=2_500_000, final=False),
        Marker(marker_type="credits", start=2_600_000, final=True),
    )
    assert found.credits_offset == 2_600_000


def test_history_item() -> None:
    """All attributes are parsed."""
    data = {
        "historyKey": "/status/sessions/history/12",
        "ratingKey": "33",
        "librarySectionID": "2",
        "title": "Pilot",
        "grandparentTitle": "A Show",
        "type": "episode",
        "index": 1,
        "parentIndex": 2,
        "viewedAt": 1_700_000_000,
        "accountID": 1,
        "deviceID": 5,
        "grandparentThumb": "/library/metadata/31/thumb/3",
    }
    assert HistoryItem.from_json(data) == HistoryItem(
        rating_key="33",
        media_type="episode",
        title="Pilot",
        grandparent_title="A Show",
        season=2,
        episode=1,
        section_id="2",
        thumb="/library/metadata/31/thumb/3",
        viewed_at=datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC),
        account_id="1",
    )


def test_history_item_of_a_deleted_item() -> None:
    """It has no rating key."""
    found = HistoryItem.from_json({"title": "Gone"})
    assert (found.rating_key, found.viewed_at, found.account_id) == (None, None, None)
    with pytest.raises(PlexResponseError):
        HistoryItem.from_json("Gone")
