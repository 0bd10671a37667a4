"""PlexAPI reads the libraries of a simulated server in the ways that its own tests do."""

from typing import Any

from plexapi.exceptions import BadRequest, NotFound
from plexapi.server import PlexServer as PlexApiServer
import pytest

from tests.simulator import Account, Find, Kind, PlexServer, World

from .plex_api import connect, in_thread


@pytest.fixture
async def server(world: World, owner: Account, home: PlexServer) -> PlexApiServer:
    """Return PlexAPI's server, signed in as the owner."""
    return await connect(world, home, owner)


async def test_progress_without_a_stream(server: PlexApiServer) -> None:
    """It stores how far an item was played, which lists the item to be continued."""

    def continued() -> list[list[str]]:
        library = server.library
        sections = library.section("Movies"), library.section("TV Shows")
        lists = (
            server.continueWatching(),
            library.onDeck(),
            *(section.continueWatching() for section in sections),
            *(section.onDeck() for section in sections),
        )
        return [[item.title for item in items] for items in lists]

    assert await in_thread(continued) == [[], [], [], [], [], []]
    film = await in_thread(lambda: server.library.section("Movies").get("Winter Light"))
    await in_thread(lambda: film.updateProgress(90_000))

    here = ["Winter Light"]
    assert await in_thread(continued) == [here, here, here, [], here, []]
    assert (await in_thread(film.reload)).viewOffset == 90_000
    await in_thread(film.markUnplayed)
    assert await in_thread(continued) == [[], [], [], [], [], []]


@pytest.mark.parametrize("query", ["key=101", "key=101&time=-1", "key=104&time=1"])
async def test_invalid_progress(server: PlexApiServer, query: str) -> None:
    """A position is needed, and something that can be played."""
    path = f"/:/progress?identifier=com.plexapp.plugins.library&{query}"
    with pytest.raises(BadRequest, match="400"):
        await in_thread(lambda: server.query(path))


async def test_item_by_its_guid(home: PlexServer, server: PlexApiServer) -> None:
    """It finds an item by the identifier that Plex's own catalogue has for it."""
    film = home.library.items[0]
    section = await in_thread(lambda: server.library.section("Movies"))

    assert (await in_thread(lambda: section.getGuid(film.guid))).title == film.title
    everywhere = await in_thread(lambda: server.fetchItems(f"/library/all?guid={film.guid}"))
    assert [item.title for item in everywhere] == [film.title]
    with pytest.raises(NotFound):
        await in_thread(lambda: section.getGuid("plex://movie/none"))


async def test_all_libraries_without_a_kind(server: PlexApiServer) -> None:
    """It finds films, shows and artists of all libraries by their titles."""

    def found(title: str) -> list[tuple[str, str]]:
        return [(item.type, item.title) for item in server.library.search(title)]

    assert await in_thread(lambda: found("winter")) == [("movie", "Winter Light")]
    assert await in_thread(lambda: found("harbour")) == [("show", "Harbour Street")]
    assert await in_thread(lambda: found("quiet band")) == [("artist", "The Quiet Band")]
    assert await in_thread(lambda: found("first steps")) == []


@pytest.mark.parametrize(
    ("sort", "titles"),
    [
        ("titleSort", ["Alder", "Birch", "Cedar"]),
        ("titleSort:desc", ["Cedar", "Birch", "Alder"]),
        ("summary", ["Birch", "Cedar", "Alder"]),
        ("year:asc,titleSort:asc", ["Birch", "Alder", "Cedar"]),
        ("year:desc,titleSort:desc", ["Cedar", "Alder", "Birch"]),
    ],
)
async def test_order_of_films(
    home: PlexServer, server: PlexApiServer, sort: str, titles: list[str]
) -> None:
    """It sorts a library by one field or by several, each in its own direction."""
    section = home.library.add_section("Trees", Kind.MOVIE)
    for title, year, summary in (("Cedar", 2001, "b"), ("Alder", 2001, "c"), ("Birch", 1999, "a")):
        home.library.add(title, section=section, year=year, summary=summary)

    films = await in_thread(lambda: server.library.section("Trees").search(sort=sort))

    assert [film.title for film in films] == titles


async def test_order_of_episodes_by_their_show(home: PlexServer, server: PlexApiServer) -> None:
    """It sorts episodes by the title of their show and the number of their season."""
    await home.discover(
        *(
            Find(title=f"{show} {season}", kind=Kind.EPISODE, show=show, season=season)
            for show in ("Alder", "Zinnia")
            for season in (2, 1)
        )
    )
    sort = "show.titleSort:desc,season.index:nullsLast,episode.index:nullsLast"

    found = await in_thread(
        lambda: server.library.section("TV Shows").search(sort=sort, libtype="episode")
    )

    assert [episode.title for episode in found] == [
        "Zinnia 1",
        "Zinnia 2",
        "First Steps",
        "Second Thoughts",
        "Alder 1",
        "Alder 2",
    ]


async def test_identifiers_of_other_catalogues(server: PlexApiServer) -> None:
    """A list has them on request, a single item always."""

    def read() -> tuple[list[list[str]], ...]:
        section = server.library.section("Movies")
        lists = section.all(includeGuids=False), section.all(), [server.fetchItem(101)]
        return tuple([[guid.id for guid in guids_of(item)] for item in items] for items in lists)

    def guids_of(item: Any) -> list[Any]:
        # Reading an empty attribute would load the whole item.
        item._autoReload = False  # noqa: SLF001 - There is no other way.
        guids: list[Any] = item.guids
        return guids

    without, with_them, single = await in_thread(read)

    assert without == [[], [], []]
    assert with_them[0] == single[0] == ["imdb://tt0000101", "tmdb://101"]


async def test_streams_of_a_file(server: PlexApiServer) -> None:
    """A single item has the streams of its file."""

    def read() -> tuple[list[Any], ...]:
        film, track = server.fetchItem(101), server.fetchItem(110)
        return (
            [stream.codec for stream in film.videoStreams()],
            [stream.channels for stream in film.audioStreams()],
            [stream.codec for stream in track.audioStreams()],
        )

    assert await in_thread(read) == (["hevc"], [6], ["flac"])


async def test_files_are_checked_on_request(home: PlexServer, server: PlexApiServer) -> None:
    """The server looks at the disk only when it is asked to."""

    def read(*, check: bool) -> tuple[bool | None, bool | None]:
        key = f"/library/metadata/101?checkFiles={int(check)}"
        [part] = server.fetchItem(key).iterParts()
        return part.exists, part.accessible

    assert await in_thread(lambda: read(check=False)) == (None, None)
    assert await in_thread(lambda: read(check=True)) == (True, True)
    home.library.items[0].missing = True
    assert await in_thread(lambda: read(check=True)) == (False, False)


async def test_albums_of_a_library(server: PlexApiServer) -> None:
    """It lists the albums of all artists."""
    albums = await in_thread(lambda: server.library.section("Music").albums())
    assert [(album.parentTitle, album.title) for album in albums] == [("The Quiet Band", "Evening")]


async def test_timeline_of_a_library(home: PlexServer, server: PlexApiServer) -> None:
    """It reads when a library got its newest item, and that nothing is being processed."""
    film = await home.add_media("Newest")

    timeline = await in_thread(lambda: server.library.section("Movies").timeline())

    assert (timeline.title1, timeline.size, timeline.updateQueueSize) == ("Movies", 1, 0)
    assert timeline.latestEntryTime == film.added_at
