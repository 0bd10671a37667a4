"""PlexAPI reads the libraries of a simulated server in the ways that its own tests do."""

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
