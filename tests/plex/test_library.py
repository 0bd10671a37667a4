"""Requests to the libraries of a server."""

from datetime import UTC, datetime, timedelta

from freezegun.api import FrozenDateTimeFactory
import pytest

from custom_components.plex_monitor.plex import library, verified_requests
from custom_components.plex_monitor.plex.errors import (
    PlexNotFoundError,
    PlexResponseError,
    PlexUnavailableError,
)
from custom_components.plex_monitor.plex.models import MediaType, SectionStorage
from custom_components.plex_monitor.plex.server import PlexServer
from tests import simulator
from tests.simulator import Fault, Find, Kind, World

from .common import FILM, NOON, requested_paths, serve

PICTURE = f"/library/metadata/{FILM}/thumb/1"
ODD_KEYS = ["..", "1/../2", "", "1?type=2"]


# Libraries


async def test_sections(home: simulator.PlexServer, server: PlexServer) -> None:
    """Libraries are listed with key, title, type and whether a scan is running."""
    films, shows, music = await server.library.sections()
    assert [each.title for each in (films, shows, music)] == ["Movies", "TV Shows", "Music"]
    assert [each.media_type for each in (films, shows, music)] == ["movie", "show", "artist"]
    assert films.key == "1"
    assert films.scanning is False
    home.library.sections[0].refreshing = True
    assert (await server.library.sections())[0].scanning is True


async def test_other_users_see_shared_libraries_only(
    world: World, home: simulator.PlexServer, server: PlexServer
) -> None:
    """Items of other libraries are left out."""
    friend = world.plex_tv.add_account("friend")
    server.use_token(home.share_with(friend, sections=[home.library.sections[1]]))
    assert [section.title for section in await server.library.sections()] == ["TV Shows"]
    assert await server.library.items([FILM]) == ()


async def test_no_libraries(home: simulator.PlexServer, server: PlexServer) -> None:
    """The server omits the empty list."""
    for section in list(home.library.sections):
        home.library.remove_section(section)
    assert await server.library.sections() == ()
    assert await server.library.recently_added(limit=5) == ()


async def test_count(world: World, home: simulator.PlexServer, server: PlexServer) -> None:
    """Items are counted without being read."""
    shows, episodes = MediaType.SHOW, MediaType.EPISODE
    assert await server.library.count("2", shows) == 1
    assert await server.library.count("2", episodes) == 2
    large = home.library.add_section("All", Kind.MOVIE, claims={Kind.MOVIE: 1_000_000})
    assert await server.library.count(str(large.id), MediaType.MOVIE) == 1_000_000
    for record in world.requests.to(path=f"/library/sections/{large.id}/all"):
        assert record.query["X-Plex-Container-Size"] == "0"
    with pytest.raises(PlexNotFoundError):
        await server.library.count("99", shows)


async def test_newest(world: World, home: simulator.PlexServer, server: PlexServer) -> None:
    """The count and the newest items come from one request."""
    await home.add_season("New Show", 1, episodes=4)
    world.requests.clear()
    count, newest = await server.library.newest("2", MediaType.EPISODE, limit=3)
    assert (count, {item.grandparent_title for item in newest}) == (6, {"New Show"})
    assert len(newest) == 3
    assert {item.section_id for item in newest} == {"2"}
    assert len(world.requests.to(path="/library/sections/2/all")) == 1
    empty = home.library.add_section("Empty", Kind.MOVIE)
    assert await server.library.newest(str(empty.id), MediaType.MOVIE, limit=3) == (0, ())


async def test_newest_is_limited(home: simulator.PlexServer, server: PlexServer) -> None:
    """Items beyond the limit are ignored."""
    items = [{"ratingKey": str(number)} for number in range(5)]
    serve(home, "/all", {"size": 5, "totalSize": 9, "Metadata": items})
    count, newest = await server.library.newest("1", MediaType.MOVIE, limit=3)
    assert (count, [item.rating_key for item in newest]) == (9, ["0", "1", "2"])


async def test_count_without_total_size(home: simulator.PlexServer, server: PlexServer) -> None:
    """The size of the page is not the size of the library."""
    serve(home, "/all", {"size": 0})
    with pytest.raises(PlexResponseError):
        await server.library.count("1", MediaType.MOVIE)


async def test_storage(home: simulator.PlexServer, server: PlexServer) -> None:
    """The size and the duration of each library are returned."""
    assert await server.library.storage() == tuple(
        SectionStorage(section_id=str(section.id), size=size, duration=duration)
        for section in home.library.sections
        for size, duration in [home.library.storage(section)]
    )


async def test_storage_is_empty_for_other_users(server: PlexServer, friend_token: str) -> None:
    """They get the same list without sizes."""
    server.use_token(friend_token)
    assert await server.library.storage() == ()


async def test_titles(world: World, home: simulator.PlexServer, server: PlexServer) -> None:
    """Titles of the libraries that the user has access to, by key."""
    assert await server.library.titles() == {"1": "Movies", "2": "TV Shows", "3": "Music"}
    assert world.requests[-1].query == {}
    home.library.remove_section(home.library.sections[0])
    assert await server.library.titles() == {"2": "TV Shows", "3": "Music"}
    friend = world.plex_tv.add_account("friend")
    server.use_token(home.share_with(friend, sections=[home.library.sections[0]]))
    assert await server.library.titles() == {"2": "TV Shows"}


async def test_storage_and_titles_without_other_providers(
    home: simulator.PlexServer, server: PlexServer
) -> None:
    """Live TV is not a library, and actions are not content."""
    here = {"id": "1", "title": "Movies", "storageTotal": 5}
    providers = [
        {"identifier": "tv.plex.provider", "Feature": [{"type": "content", "Directory": [here]}]},
        {
            "identifier": "com.plexapp.plugins.library",
            "Feature": [
                {"type": "actions", "Directory": [{"id": "2", "storageTotal": 5}]},
                {"type": "content", "Directory": [{"title": "Home"}, here]},
            ],
        },
    ]
    serve(home, "/media/providers", {"MediaProvider": providers})
    assert await server.library.storage() == (
        SectionStorage(section_id="1", size=5, duration=None),
    )
    assert await server.library.titles() == {"1": "Movies"}


# Recently added, on deck and search


async def test_recently_added(home: simulator.PlexServer, server: PlexServer) -> None:
    """Newest first, with episodes grouped as their season."""
    await home.add_season("New Show", 1, episodes=10)
    newest, *_ = await server.library.recently_added(limit=50)
    assert (newest.media_type, newest.parent_title, newest.season) == ("season", "New Show", 1)
    assert newest.leaf_count == 10
    assert len(await server.library.recently_added(limit=2)) == 2
    music = await server.library.recently_added("3", limit=50)
    assert [item.title for item in music] == ["Evening"]
    assert music[0].section_id == "3"


async def test_added_since(
    home: simulator.PlexServer, server: PlexServer, freezer: FrozenDateTimeFactory
) -> None:
    """All items since the time are returned, and no older ones."""
    noon = datetime.now(UTC).replace(microsecond=0) + timedelta(days=1)
    freezer.move_to(noon)
    await home.add_media("Before", kind=Kind.EPISODE, show="New Show", season=1)
    freezer.tick(60)
    since = noon + timedelta(seconds=60)
    await home.add_season("New Show", 2, episodes=10)
    found = await server.library.added_since("2", MediaType.EPISODE, since, limit=100)
    assert {(item.season, item.episode) for item in found} == {(2, n) for n in range(1, 11)}
    assert {item.added_at for item in found} == {since}
    assert {(item.section_id, item.section_title) for item in found} == {("2", "TV Shows")}
    later = since + timedelta(milliseconds=900)
    assert len(await server.library.added_since("2", MediaType.EPISODE, later, limit=100)) == 10
    assert len(await server.library.added_since("2", MediaType.EPISODE, noon, limit=100)) == 11
    later = since + timedelta(seconds=1)
    assert await server.library.added_since("2", MediaType.EPISODE, later, limit=100) == ()


async def test_added_since_if_the_server_ignores_the_filter(
    home: simulator.PlexServer, server: PlexServer
) -> None:
    """Older items and items without a time are left out."""
    items = [
        {"ratingKey": "2", "addedAt": int(NOON.timestamp())},
        {"ratingKey": "1", "addedAt": int(NOON.timestamp()) - 1},
        {"ratingKey": "0"},
    ]
    serve(home, "/all", {"size": 3, "librarySectionID": 1, "Metadata": items})
    (item,) = await server.library.added_since("1", MediaType.MOVIE, NOON, limit=10)
    assert (item.rating_key, item.section_id) == ("2", "1")


async def test_on_deck(home: simulator.PlexServer, server: PlexServer) -> None:
    """An item in progress is on deck."""
    assert await server.library.on_deck(limit=5) == ()
    stream = await home.start_stream(user=home.owner, title="Winter Light")
    await stream.seek(600_000)
    await stream.stop()
    assert [item.title for item in await server.library.on_deck(limit=5)] == ["Winter Light"]


async def test_search(home: simulator.PlexServer, server: PlexServer) -> None:
    """Movies, episodes and tracks, up to the limit of each type."""
    for number in range(5):
        home.library.add(f"Light {number}", kind=Kind.MOVIE)
    home.library.add("Northern Lights", kind=Kind.EPISODE, show="A Show", season=1)
    found = await server.library.search("light", limit=3)
    assert [item.media_type for item in found] == ["movie"] * 3 + ["episode"]
    assert await server.library.search("nothing of the kind", limit=3) == ()


async def test_search_results_other_than_items(
    home: simulator.PlexServer, server: PlexServer
) -> None:
    """People and genres are left out, and duplicate items are merged."""
    hubs = [
        {"type": "show", "Directory": [{"ratingKey": "5", "title": "A Show", "type": "show"}]},
        {"type": "actor", "Directory": [{"id": 9, "tag": "Somebody", "key": "/x"}]},
        {
            "type": "movie",
            "Metadata": [{"ratingKey": "7", "title": "B"}, {"ratingKey": "5", "title": "again"}],
        },
        {"type": "genre", "size": 0},
        None,
    ]
    serve(home, "/hubs/search", {"Hub": hubs})
    found = await server.library.search("a", limit=3)
    assert [(item.rating_key, item.title) for item in found] == [("5", "A Show"), ("7", "B")]


async def test_search_without_searchable_libraries(
    home: simulator.PlexServer, server: PlexServer
) -> None:
    """The server sends 404."""
    home.faults.set(Fault.status(404), paths="/hubs/search")
    assert await server.library.search("a", limit=3) == ()


# Items and images


async def test_items(home: simulator.PlexServer, server: PlexServer) -> None:
    """Items are returned with their markers."""
    film = home.library.add("Fog", kind=Kind.MOVIE, credits_at=5_000_000)
    fog, other = await server.library.items([str(film.rating_key), FILM])
    assert (fog.title, fog.credits_offset) == ("Fog", 5_000_000)
    assert fog.section_id == "1"
    assert (other.rating_key, other.credits_offset) == (FILM, None)


async def test_items_are_read_in_batches(
    world: World, server: PlexServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Missing items and malformed keys are left out."""
    monkeypatch.setattr(library, "KEYS_SIZE", 2)
    monkeypatch.setattr(verified_requests, "PAGE_SIZE", 2)
    assert await server.library.items([]) == ()
    found = await server.library.items(["101", "999999", "../identity", "999998", "999997", "102"])
    assert [item.rating_key for item in found] == ["101", "102"]
    assert [path for path in requested_paths(world) if "metadata" in path] == [
        "/library/metadata/101,999999 with token",
        "/library/metadata/999998,999997 with token",
        "/library/metadata/102 with token",
    ]


async def test_image(
    world: World, home: simulator.PlexServer, server: PlexServer, token: str
) -> None:
    """The image is scaled, and a token is removed from its path."""
    image = await server.library.image(PICTURE, width=60, height=90)
    assert image.content_type == "image/jpeg"
    assert image.content.startswith(b"\xff\xd8")
    request = world.requests[-1]
    assert dict(request.query) == {"url": PICTURE, "width": "60", "height": "90"}
    assert request.headers["Accept"] == "image/*"
    await server.library.image(f"{PICTURE}?X-Plex-Token={token}", width=60, height=90)
    assert world.requests[-1].query["url"] == PICTURE


async def test_missing_image(server: PlexServer) -> None:
    """The server sends 404."""
    with pytest.raises(PlexNotFoundError):
        await server.library.image("/library/metadata/999999/thumb/1", width=60, height=90)


@pytest.mark.parametrize("path", ["", "https://example.org/1.jpg", "//example.org/1.jpg", "1.jpg"])
async def test_image_at_another_host(world: World, server: PlexServer, path: str) -> None:
    """The server must not fetch it."""
    with pytest.raises(PlexNotFoundError):
        await server.library.image(path, width=60, height=90)
    assert requested_paths(world) == []


@pytest.mark.parametrize("content_type", ["text/html", "image/svg+xml", "application/json"])
async def test_image_of_another_type(
    home: simulator.PlexServer, server: PlexServer, content_type: str
) -> None:
    """Nothing that a browser could run is returned."""
    home.faults.set(Fault.body("<svg/>", content_type=content_type), paths="/photo/")
    with pytest.raises(PlexResponseError):
        await server.library.image(PICTURE, width=60, height=90)


async def test_image_that_is_too_large(server: PlexServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is not read to its end."""
    monkeypatch.setattr(library, "MAX_IMAGE", 100)
    with pytest.raises(PlexResponseError, match="longer than 100 bytes"):
        await server.library.image(PICTURE, width=600, height=900)


# Commands


async def test_scan(world: World, home: simulator.PlexServer, server: PlexServer) -> None:
    """One library, a folder of it, or all."""
    home.scanner.on_disk.append(Find(title="Fog", kind=Kind.MOVIE))
    await server.library.scan("1")
    await world.idle()
    assert home.library.titled("Fog") is not None
    await server.library.scan("2", path="/shows/A Show & more")
    await server.library.scan()
    assert [(each.section_id, each.path) for each in home.scanner.requests] == [
        (1, None),
        (2, "/shows/A Show & more"),
        (1, None),
        (2, None),
        (3, None),
    ]
    with pytest.raises(PlexNotFoundError):
        await server.library.scan("99")


@pytest.mark.parametrize("section_key", ["1", None])
async def test_cancel_scan(
    world: World, home: simulator.PlexServer, server: PlexServer, section_key: str | None
) -> None:
    """The scan ends."""
    home.job_seconds = None
    await server.library.scan("1")
    assert (await server.library.sections())[0].scanning is True
    await server.library.cancel_scan(section_key)
    await world.idle()
    assert (await server.library.sections())[0].scanning is False


async def test_scan_while_the_server_is_busy(
    home: simulator.PlexServer, server: PlexServer
) -> None:
    """The server sends 503."""
    home.faults.set(Fault.status(503), paths="/refresh")
    with pytest.raises(PlexUnavailableError):
        await server.library.scan()


async def test_empty_trash(home: simulator.PlexServer, server: PlexServer) -> None:
    """An item without its file is deleted."""
    film = home.library.titled("Winter Light")
    assert film is not None
    film.missing = True
    await server.library.empty_trash("1")
    assert home.library.titled("Winter Light") is None


async def test_refresh_metadata(
    world: World, home: simulator.PlexServer, server: PlexServer
) -> None:
    """One item is refreshed."""
    await server.library.refresh_metadata(FILM)
    request = world.requests[-1]
    assert (request.method, request.path) == ("PUT", f"/library/metadata/{FILM}/refresh")
    with pytest.raises(PlexNotFoundError):
        await server.library.refresh_metadata("999999")


async def test_mark_watched_and_unwatched(home: simulator.PlexServer, server: PlexServer) -> None:
    """The view count follows."""
    film = home.library.item(int(FILM))
    assert film is not None
    await server.library.mark_watched(FILM)
    assert [item.view_count for item in await server.library.items([FILM])] == [1]
    await server.library.mark_unwatched(FILM)
    assert [item.view_count for item in await server.library.items([FILM])] == [0]
    for mark in (server.library.mark_watched, server.library.mark_unwatched):
        with pytest.raises(PlexNotFoundError):
            await mark("999999")


@pytest.mark.parametrize(
    ("rating", "expected"), [(10, 10.0), (7.5, 7.5), (0, 0.0), (10 / 3, 3.33333), (None, None)]
)
async def test_rate(
    home: simulator.PlexServer, server: PlexServer, rating: float | None, expected: float | None
) -> None:
    """A rating is set, changed and removed."""
    film = home.library.item(int(FILM))
    assert film is not None
    await server.library.rate(FILM, 1)
    await server.library.rate(FILM, rating)
    assert film.viewing().rating == expected
    with pytest.raises(PlexNotFoundError):
        await server.library.rate("999999", 5)


async def test_other_users_can_rate_and_mark_items(server: PlexServer, friend_token: str) -> None:
    """Ratings and watched state belong to each user."""
    server.use_token(friend_token)
    await server.library.rate(FILM, 5)
    await server.library.mark_watched(FILM)
    assert [item.view_count for item in await server.library.items([FILM])] == [1]


@pytest.mark.parametrize("key", ODD_KEYS)
async def test_malformed_keys(world: World, server: PlexServer, key: str) -> None:
    """They are not found, and nothing is requested."""
    for request in (
        server.library.count(key, MediaType.MOVIE),
        server.library.recently_added(key, limit=1),
        server.library.added_since(key, MediaType.MOVIE, NOON, limit=1),
        server.library.newest(key, MediaType.MOVIE, limit=1),
        server.library.scan(key),
        server.library.cancel_scan(key),
        server.library.empty_trash(key),
        server.library.refresh_metadata(key),
    ):
        with pytest.raises(PlexNotFoundError):
            await request
    assert await server.library.items([key]) == ()
    assert requested_paths(world) == []
