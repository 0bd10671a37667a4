"""PlexAPI controls a simulated server, and reads all that a monitor reads."""

from typing import Any

from freezegun.api import FrozenDateTimeFactory
from plexapi.exceptions import BadRequest, NotFound, Unauthorized
from plexapi.server import PlexServer as PlexApiServer
import pytest

from tests.simulator import Account, Find, Kind, PlexServer, World

from .plex_api import connect, in_thread


@pytest.fixture
async def server(
    world: World, owner: Account, home: PlexServer, redirect_plex_tv: None
) -> PlexApiServer:
    """Return PlexAPI's server, signed in as the owner."""
    return await connect(world, home, owner)


async def test_stop_a_stream(owner: Account, home: PlexServer, server: PlexApiServer) -> None:
    """It terminates a stream with a reason, and raises its error without a Plex Pass."""
    stream = await home.start_stream()
    [session] = await in_thread(server.sessions)
    owner.plex_pass = False
    with pytest.raises(Unauthorized):
        await in_thread(lambda: session.stop(reason="Enough"))
    owner.plex_pass = True

    await in_thread(lambda: session.stop(reason="Enough"))

    assert home.streams == []
    assert stream.termination == "Admin terminated playback with reason: Enough"


async def test_mark_and_rate(home: PlexServer, server: PlexApiServer) -> None:
    """It marks items as watched and unwatched, and rates them."""
    film = await in_thread(lambda: server.fetchItem(101))

    await in_thread(film.markPlayed)
    assert (await in_thread(film.reload)).viewCount == 1
    await in_thread(film.markUnplayed)
    assert (await in_thread(film.reload)).isPlayed is False
    await in_thread(lambda: film.rate(8))
    assert (await in_thread(film.reload)).userRating == 8
    await in_thread(lambda: film.rate(None))
    assert (await in_thread(film.reload)).userRating is None


async def test_history(home: PlexServer, server: PlexApiServer) -> None:
    """It reads the history page by page."""
    for title in ("Winter Light", "The Long Road"):
        await (await home.start_stream(title=title)).stop()

    rows = await in_thread(server.history)
    last = await in_thread(lambda: server.history(maxresults=1))

    assert {row.title for row in rows} == {"Winter Light", "The Long Road"}
    assert {row.accountID for row in rows} == {1}
    assert len(last) == 1


async def test_scans(world: World, home: PlexServer, server: PlexApiServer) -> None:
    """It scans one library or all, stops a scan and empties the trash."""
    section = await in_thread(lambda: server.library.section("Movies"))
    home.scanner.on_disk.append(Find(title="New"))
    await in_thread(lambda: section.update(path="/data/Movies/New"))
    await world.idle()
    assert home.library.titled("New")

    home.job_seconds = None
    library = await in_thread(lambda: server.library)
    await in_thread(library.update)
    assert len(home.jobs.running) == 3
    await in_thread(section.cancelUpdate)
    await world.idle()
    assert len(home.jobs.running) == 2
    await in_thread(library.cancelUpdate)
    await world.idle()
    assert home.jobs.running == []

    home.library.items[0].missing = True
    await in_thread(section.emptyTrash)
    assert len(await in_thread(section.all)) == 3


async def test_tasks(world: World, home: PlexServer, server: PlexApiServer) -> None:
    """It runs a task, and raises its error if the task is already running."""
    home.job_seconds = None
    assert await in_thread(lambda: server.runButlerTask("BackupDatabase"))
    with pytest.raises(BadRequest, match="202"):
        await in_thread(lambda: server.runButlerTask("BackupDatabase"))
    library = await in_thread(lambda: server.library)
    await in_thread(library.optimize)
    await in_thread(library.cleanBundles)

    titles = [activity.title for activity in await in_thread(lambda: server.activities)]

    assert titles == ["BackupDatabase", "Optimizing database", "Cleaning bundles"]
    await home.jobs.finish()


async def test_statistics(
    owner: Account, home: PlexServer, server: PlexApiServer, freezer: FrozenDateTimeFactory
) -> None:
    """It reads the statistics, which do not exist without a Plex Pass."""
    await home.start_stream(player="Kitchen", bandwidth=8000)
    freezer.tick(10)

    rows = await in_thread(server.resources)
    sent = await in_thread(lambda: server.bandwidth(timespan="seconds"))

    assert rows[-1].hostCpuUtilization > rows[-1].processCpuUtilization > 0
    assert sent[-1].bytes == 5_000_000
    assert (await in_thread(sent[-1].account)).name == "owner"
    assert (await in_thread(sent[-1].device)).name == "Kitchen"
    owner.plex_pass = False
    with pytest.raises(NotFound):
        await in_thread(server.resources)


async def test_remote_access(home: PlexServer, server: PlexApiServer) -> None:
    """It reads the remote access, and requests a check."""
    await home.remote_access.become("mapped", "unreachable")

    account = await in_thread(server.account)

    assert (account.mappingState, account.mappingError) == ("mapped", "unreachable")


async def test_photos_markers_and_sizes(home: PlexServer, server: PlexApiServer) -> None:
    """It reads photos, the markers of credits, and on deck."""
    home.library.add_section("Photos", Kind.PHOTO)
    await home.add_media("A Cat", kind=Kind.PHOTO, album="Cats")
    await home.add_media("Long", credits_at=5_000_000)
    stream = await home.start_stream(title="Winter Light")
    await stream.seek(600_000)
    await stream.stop()

    def read() -> dict[str, Any]:
        [album] = server.library.section("Photos").all()
        return {
            "album": album.title,
            "photos": [photo.title for photo in album.photos()],
            "markers": [
                (marker.type, marker.start)
                for marker in server.library.section("Movies").get("Long").markers
            ],
            "on deck": [item.title for item in server.library.onDeck()],
            "recent": server.library.section("Movies").recentlyAdded(maxresults=1)[0].title,
        }

    assert await in_thread(read) == {
        "album": "Cats",
        "photos": ["A Cat"],
        "markers": [("credits", 5_000_000)],
        "on deck": ["Winter Light"],
        "recent": "Long",
    }
