"""The libraries of a server as a client sees them."""

from datetime import UTC, datetime, timedelta

from freezegun.api import FrozenDateTimeFactory
import pytest

from custom_components.plex_monitor.plex import library, server_requests
from custom_components.plex_monitor.plex.errors import (
    PlexForbiddenError,
    PlexNotFoundError,
    PlexResponseError,
    PlexUnauthorizedError,
    PlexUnavailableError,
)
from custom_components.plex_monitor.plex.models import MediaType, SectionStorage
from custom_components.plex_monitor.plex.server import PlexServer
from tests import simulator
from tests.simulator import Fault, Find, Kind, World

from .common import FILM, NOON, paths

PICTURE = f"/library/metadata/{FILM}/thumb/1"
ODD_KEYS = ["..", "1/../2", "", "1?type=2"]


# What is there


async def test_sections(home: simulator.PlexServer, server: PlexServer) -> None:
    """The libraries with what they hold."""
    films, shows, music = await server.library.sections()
    assert [each.title for each in (films, shows, music)] == ["Movies", "TV Shows", "Music"]
    assert [each.media_type for each in (films, shows, music)] == ["movie", "show", "artist"]
    assert films.key == "1"
    assert films.scanning is False
    home.library.sections[0].refreshing = True
    assert (await server.library.sections())[0].scanning is True


async def test_a_friend_sees_what_was_shared(
    world: World, home: simulator.PlexServer, server: PlexServer
) -> None:
    """And nothing of the rest."""
    friend = world.plex_tv.add_account("friend")
    server.use_token(home.share_with(friend, sections=[home.library.sections[1]]))
    assert [section.title for section in await server.library.sections()] == ["TV Shows"]
    assert await server.library.items([FILM]) == ()


async def test_no_libraries(home: simulator.PlexServer, server: PlexServer) -> None:
    """The list is left out."""
    for section in list(home.library.sections):
        home.library.remove_section(section)
    assert await server.library.sections() == ()
    assert await server.library.recently_added(limit=5) == ()


async def test_counts(world: World, home: simulator.PlexServer, server: PlexServer) -> None:
    """Nothing is read for a count, however large it is."""
    shows, episodes = MediaType.SHOW, MediaType.EPISODE
    assert await server.library.count("2", shows) == 1
    assert await server.library.count("2", episodes) == 2
    large = home.library.add_section("All", Kind.MOVIE, claims={Kind.MOVIE: 1_000_000})
    assert await server.library.count(str(large.id), MediaType.MOVIE) == 1_000_000
    for record in world.requests.to(path=f"/library/sections/{large.id}/all"):
        assert record.query["X-Plex-Container-Size"] == "0"
    with pytest.raises(PlexNotFoundError):
        await server.library.count("99", shows)


async def test_counts_with_the_newest(
    world: World, home: simulator.PlexServer, server: PlexServer
) -> None:
    """Both are told at once."""
    await home.add_season("New Show", 1, episodes=4)
    world.requests.clear()
    count, newest = await server.library.newest("2", MediaType.EPISODE, limit=3)
    assert (count, {item.grandparent_title for item in newest}) == (6, {"New Show"})
    assert len(newest) == 3
    assert {item.section_id for item in newest} == {"2"}
    assert len(world.requests.to(path="/library/sections/2/all")) == 1
    empty = home.library.add_section("Empty", Kind.MOVIE)
    assert await server.library.newest(str(empty.id), MediaType.MOVIE, limit=3) == (0, ())


async def test_a_server_that_sends_more_than_it_was_asked_for(
    home: simulator.PlexServer, server: PlexServer
) -> None:
    """No more is taken."""
    items = [{"ratingKey": str(number)} for number in range(5)]
    answer = {"MediaContainer": {"size": 5, "totalSize": 9, "Metadata": items}}
    home.faults.set(Fault.json(answer, code=200), paths="/all")
    count, newest = await server.library.newest("1", MediaType.MOVIE, limit=3)
    assert (count, [item.rating_key for item in newest]) == (9, ["0", "1", "2"])


async def test_a_count_that_is_none(home: simulator.PlexServer, server: PlexServer) -> None:
    """The number of what was sent is not the number of what there is."""
    answer = {"MediaContainer": {"size": 0}}
    home.faults.set(Fault.json(answer, code=200), paths="/all")
    with pytest.raises(PlexResponseError):
        await server.library.count("1", MediaType.MOVIE)


async def test_storage(home: simulator.PlexServer, server: PlexServer) -> None:
    """The owner is told how much there is."""
    assert await server.library.storage() == tuple(
        SectionStorage(section_id=str(section.id), size=size, duration=duration)
        for section in home.library.sections
        for size, duration in [home.library.storage(section)]
    )


async def test_storage_is_told_to_the_owner(
    world: World, home: simulator.PlexServer, server: PlexServer
) -> None:
    """Others get the same list without it."""
    server.use_token(home.share_with(world.plex_tv.add_account("friend")))
    assert await server.library.storage() == ()


async def test_titles(world: World, home: simulator.PlexServer, server: PlexServer) -> None:
    """By key, as far as the account may see them, and without looking into them."""
    assert await server.library.titles() == {"1": "Movies", "2": "TV Shows", "3": "Music"}
    assert world.requests[-1].query == {}
    home.library.remove_section(home.library.sections[0])
    assert await server.library.titles() == {"2": "TV Shows", "3": "Music"}
    friend = world.plex_tv.add_account("friend")
    server.use_token(home.share_with(friend, sections=[home.library.sections[0]]))
    assert await server.library.titles() == {"2": "TV Shows"}


async def test_the_storage_of_other_providers(
    home: simulator.PlexServer, server: PlexServer
) -> None:
    """Television is no library, and a list of actions no content."""
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
    answer = {"MediaContainer": {"MediaProvider": providers}}
    home.faults.set(Fault.json(answer, code=200), paths="/media/providers")
    assert await server.library.storage() == (
        SectionStorage(section_id="1", size=5, duration=None),
    )
    assert await server.library.titles() == {"1": "Movies"}


# What is new, and what comes next


async def test_recently_added(home: simulator.PlexServer, server: PlexServer) -> None:
    """The newest first; what came together shows as one."""
    await home.add_season("New Show", 1, episodes=10)
    newest, *_ = await server.library.recently_added(limit=50)
    assert (newest.media_type, newest.parent_title, newest.season) == ("season", "New Show", 1)
    assert newest.leaf_count == 10
    assert len(await server.library.recently_added(limit=2)) == 2
    music = await server.library.recently_added("3", limit=50)
    assert [item.title for item in music] == ["Evening"]
    assert music[0].section_id == "3"


async def test_everything_added_since(
    home: simulator.PlexServer, server: PlexServer, freezer: FrozenDateTimeFactory
) -> None:
    """Not one is missed, and nothing older comes along."""
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


async def test_a_filter_that_the_server_does_not_know(
    home: simulator.PlexServer, server: PlexServer
) -> None:
    """It sends everything, and only what is new is taken."""
    items = [
        {"ratingKey": "2", "addedAt": int(NOON.timestamp())},
        {"ratingKey": "1", "addedAt": int(NOON.timestamp()) - 1},
        {"ratingKey": "0"},
    ]
    answer = {"MediaContainer": {"size": 3, "librarySectionID": 1, "Metadata": items}}
    home.faults.set(Fault.json(answer, code=200), paths="/all")
    (item,) = await server.library.added_since("1", MediaType.MOVIE, NOON, limit=10)
    assert (item.rating_key, item.section_id) == ("2", "1")


async def test_on_deck(home: simulator.PlexServer, server: PlexServer) -> None:
    """What was begun comes next."""
    assert await server.library.on_deck(limit=5) == ()
    stream = await home.start_stream(user=home.owner, title="Winter Light")
    await stream.seek(600_000)
    await stream.stop()
    assert [item.title for item in await server.library.on_deck(limit=5)] == ["Winter Light"]


async def test_search(home: simulator.PlexServer, server: PlexServer) -> None:
    """Films, episodes and songs, each kind with so many at most."""
    for number in range(5):
        home.library.add(f"Light {number}", kind=Kind.MOVIE)
    home.library.add("Northern Lights", kind=Kind.EPISODE, show="A Show", season=1)
    found = await server.library.search("light", limit=3)
    assert [item.media_type for item in found] == ["movie"] * 3 + ["episode"]
    assert await server.library.search("nothing of the kind", limit=3) == ()


async def test_hits_that_are_no_items(home: simulator.PlexServer, server: PlexServer) -> None:
    """People and genres are left out, and an item that shows twice comes once."""
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
    answer = {"MediaContainer": {"Hub": hubs}}
    home.faults.set(Fault.json(answer, code=200), paths="/hubs/search")
    found = await server.library.search("a", limit=3)
    assert [(item.rating_key, item.title) for item in found] == [("5", "A Show"), ("7", "B")]


async def test_nothing_that_could_be_searched(
    home: simulator.PlexServer, server: PlexServer
) -> None:
    """A server says so with a 404."""
    home.faults.set(Fault.status(404), paths="/hubs/search")
    assert await server.library.search("a", limit=3) == ()


# Single items


async def test_items(home: simulator.PlexServer, server: PlexServer) -> None:
    """They come with their markers."""
    film = home.library.add("Fog", kind=Kind.MOVIE, credits_at=5_000_000)
    fog, other = await server.library.items([str(film.rating_key), FILM])
    assert (fog.title, fog.credits_offset) == ("Fog", 5_000_000)
    assert fog.section_id == "1"
    assert (other.rating_key, other.credits_offset) == (FILM, None)


async def test_many_items_at_once(
    world: World, server: PlexServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One request is for many, and those that are gone are left out."""
    for module in (library, server_requests):
        monkeypatch.setattr(module, "PAGE_SIZE", 2)
    assert await server.library.items([]) == ()
    found = await server.library.items(["101", "999999", "../identity", "999998", "999997", "102"])
    assert [item.rating_key for item in found] == ["101", "102"]
    assert [path for path in paths(world) if "metadata" in path] == [
        "/library/metadata/101,999999 with token",
        "/library/metadata/999998,999997 with token",
        "/library/metadata/102 with token",
    ]


async def test_a_picture(
    world: World, home: simulator.PlexServer, server: PlexServer, token: str
) -> None:
    """It comes in the size that is wanted, and the token stays out of its address."""
    image = await server.library.image(PICTURE, width=60, height=90)
    assert image.content_type == "image/jpeg"
    assert image.content.startswith(b"\xff\xd8")
    request = world.requests[-1]
    assert dict(request.query) == {"url": PICTURE, "width": "60", "height": "90"}
    assert request.headers["Accept"] == "image/*"
    await server.library.image(f"{PICTURE}?X-Plex-Token={token}", width=60, height=90)
    assert world.requests[-1].query["url"] == PICTURE


async def test_a_picture_that_is_not_there(server: PlexServer) -> None:
    """It is not found."""
    with pytest.raises(PlexNotFoundError):
        await server.library.image("/library/metadata/999999/thumb/1", width=60, height=90)


@pytest.mark.parametrize("path", ["", "https://example.org/1.jpg", "//example.org/1.jpg", "1.jpg"])
async def test_a_picture_of_somebody_else(world: World, server: PlexServer, path: str) -> None:
    """The server is not sent to fetch it."""
    with pytest.raises(PlexNotFoundError):
        await server.library.image(path, width=60, height=90)
    assert paths(world) == []


@pytest.mark.parametrize("content_type", ["text/html", "image/svg+xml", "application/json"])
async def test_what_is_no_picture(
    home: simulator.PlexServer, server: PlexServer, content_type: str
) -> None:
    """Nothing that a browser could run is handed on."""
    home.faults.set(Fault.body("<svg/>", content_type=content_type), paths="/photo/")
    with pytest.raises(PlexResponseError):
        await server.library.image(PICTURE, width=60, height=90)


async def test_a_picture_beyond_all_measure(
    server: PlexServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is left unread."""
    monkeypatch.setattr(library, "MAX_IMAGE", 100)
    with pytest.raises(PlexResponseError, match="longer than 100 bytes"):
        await server.library.image(PICTURE, width=600, height=900)


# What a library can be told


async def test_scan(world: World, home: simulator.PlexServer, server: PlexServer) -> None:
    """One library, a folder of it, or all."""
    home.scanner.on_disk.append(Find(title="Fog", kind=Kind.MOVIE))
    await server.library.scan("1")
    await world.idle()
    assert home.library.titled("Fog") is not None
    await server.library.scan("2", path="/shows/A Show & more")
    await server.library.scan()
    assert [(each.section_id, each.path) for each in home.scanner.asked] == [
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
    """It stops where it is."""
    home.job_seconds = None
    await server.library.scan("1")
    assert (await server.library.sections())[0].scanning is True
    await server.library.cancel_scan(section_key)
    await world.idle()
    assert (await server.library.sections())[0].scanning is False


async def test_a_server_that_cannot_scan_now(
    home: simulator.PlexServer, server: PlexServer
) -> None:
    """It says that it is busy."""
    home.faults.set(Fault.status(503), paths="/refresh")
    with pytest.raises(PlexUnavailableError):
        await server.library.scan()


async def test_empty_trash(home: simulator.PlexServer, server: PlexServer) -> None:
    """What has no file any more is forgotten."""
    film = home.library.titled("Winter Light")
    assert film is not None
    film.missing = True
    await server.library.empty_trash("1")
    assert home.library.titled("Winter Light") is None


async def test_refresh_metadata(
    world: World, home: simulator.PlexServer, server: PlexServer
) -> None:
    """The item is looked up anew."""
    await server.library.refresh_metadata(FILM)
    request = world.requests[-1]
    assert (request.method, request.path) == ("PUT", f"/library/metadata/{FILM}/refresh")
    with pytest.raises(PlexNotFoundError):
        await server.library.refresh_metadata("999999")


async def test_marks(home: simulator.PlexServer, server: PlexServer) -> None:
    """An item was watched, and then it was not."""
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
async def test_ratings(
    home: simulator.PlexServer, server: PlexServer, rating: float | None, expected: float | None
) -> None:
    """The user's own."""
    film = home.library.item(int(FILM))
    assert film is not None
    await server.library.rate(FILM, 1)
    await server.library.rate(FILM, rating)
    assert film.viewing().rating == expected
    with pytest.raises(PlexNotFoundError):
        await server.library.rate("999999", 5)


async def test_a_friend_may_rate_and_no_more(
    world: World, home: simulator.PlexServer, server: PlexServer
) -> None:
    """What changes a library is for the owner; an old server says so with a 401."""
    server.use_token(home.share_with(world.plex_tv.add_account("friend")))
    await server.library.rate(FILM, 5)
    await server.library.mark_watched(FILM)
    for old, expected in ((False, PlexForbiddenError), (True, PlexUnauthorizedError)):
        home.refuses_with_401 = old
        for forbidden in (
            server.library.scan("1"),
            server.library.cancel_scan(),
            server.library.empty_trash("1"),
            server.library.refresh_metadata(FILM),
        ):
            with pytest.raises(expected):
                await forbidden
    assert not home.scanner.asked


@pytest.mark.parametrize("key", ODD_KEYS)
async def test_what_cannot_be_a_key(world: World, server: PlexServer, key: str) -> None:
    """It is not found, and the server is not asked for something else."""
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
    assert paths(world) == []
