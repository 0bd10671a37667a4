"""The libraries of the simulated servers: their items, access, and pictures."""

from io import BytesIO

import aiohttp
from freezegun.api import FrozenDateTimeFactory
from PIL import Image
import pytest

from tests.simulator import UHD, Account, Fault, Find, Kind, PlexServer
from tests.simulator.http_client import container, status

MILLION = 1_000_000


async def count(session: aiohttp.ClientSession, home: PlexServer, section: int, kind: Kind) -> int:
    """Return the number of items of a kind in a library, without reading them."""
    url = f"{home.url}/library/sections/{section}/all?type={int(kind)}&X-Plex-Container-Size=0"
    content = await container(session, url)
    assert "Metadata" not in content
    total: int = content["totalSize"]
    return total


async def test_kinds_and_their_counts(session: aiohttp.ClientSession, home: PlexServer) -> None:
    """Each kind is counted separately, and the ancestors of a file are created with it."""
    photos = home.library.add_section("Photos", Kind.PHOTO)
    await home.add_season("Fresh", 3, episodes=10)
    await home.add_album("Low Tide", "Lanterns", tracks=8)
    await home.discover(
        *(Find(title=f"Cat {number}", kind=Kind.PHOTO, album="Cats") for number in range(3))
    )

    counts = {
        (section, kind.name): await count(session, home, section, kind)
        for section, kinds in (
            (1, (Kind.MOVIE,)),
            (2, (Kind.SHOW, Kind.SEASON, Kind.EPISODE)),
            (3, (Kind.ARTIST, Kind.ALBUM, Kind.TRACK)),
            (photos.id, (Kind.PHOTO_ALBUM, Kind.PHOTO)),
        )
        for kind in kinds
    }

    assert counts == {
        (1, "MOVIE"): 3,
        (2, "SHOW"): 2,
        (2, "SEASON"): 2,
        (2, "EPISODE"): 12,
        (3, "ARTIST"): 2,
        (3, "ALBUM"): 2,
        (3, "TRACK"): 10,
        (4, "PHOTO_ALBUM"): 1,
        (4, "PHOTO"): 3,
    }


async def test_a_million_items(session: aiohttp.ClientSession, home: PlexServer) -> None:
    """A library can claim any number of items, which are created when they are read."""
    section = home.library.add_section(
        "Endless",
        Kind.EPISODE,
        claims={
            Kind.SHOW: 20_000,
            Kind.EPISODE: MILLION,
        },
    )
    url = f"{home.url}/library/sections/{section.id}/all?type=4"

    assert await count(session, home, section.id, Kind.SHOW) == 20_000
    assert await count(session, home, section.id, Kind.EPISODE) == MILLION
    last = await container(
        session, f"{url}&X-Plex-Container-Start={MILLION - 2}&X-Plex-Container-Size=10"
    )
    assert (last["size"], last["totalSize"]) == (2, MILLION)
    key = last["Metadata"][-1]["key"]
    assert (await container(session, home.url + key))["Metadata"][0]["title"] == "Episode 0999999"
    assert (await container(session, url))["size"] == 1000

    new = await home.add_media("Real", kind=Kind.EPISODE, show="Real", section=section)
    assert await count(session, home, section.id, Kind.EPISODE) == MILLION + 1
    recent = await container(session, f"{url}&addedAt>={new.added_at}&sort=addedAt:desc")
    assert [item["title"] for item in recent["Metadata"]] == ["Real"]


async def test_a_thousand_libraries_and_two_hundred_streams(
    session: aiohttp.ClientSession, home: PlexServer
) -> None:
    """A server can have as many libraries and streams as the largest real ones."""
    for number in range(1000):
        home.library.add_section(f"Films {number}", Kind.MOVIE, claims={Kind.MOVIE: MILLION})
    for number in range(200):
        await home.start_stream(title=f"Film {number}", player=f"TV {number}", transcode=True)

    assert (await container(session, home.url + "/library/sections"))["size"] == 1003
    assert (await container(session, home.url + "/status/sessions"))["size"] == 200
    providers = await container(session, home.url + "/media/providers?includeStorage=1")
    sizes = providers["MediaProvider"][0]["Feature"][0]["Directory"]
    assert sizes[-1]["storageTotal"] == MILLION * 5_400_000 * 4000 // 8
    assert sizes[-1]["durationTotal"] == MILLION * 5_400_000


async def test_libraries_are_added_and_removed(
    session: aiohttp.ClientSession, home: PlexServer
) -> None:
    """Libraries can be added and removed while the server runs."""
    section = home.library.add_section("Documentaries", Kind.MOVIE, hidden=1)
    item = await home.add_media("The Sea", section=section, quality=UHD)

    listed = (await container(session, home.url + "/library/sections"))["Directory"]
    assert [(entry["title"], entry["hidden"]) for entry in listed][-1] == ("Documentaries", 1)
    home.library.remove_section(section)

    assert (await container(session, home.url + "/library/sections"))["size"] == 3
    assert await status(session, f"{home.url}/library/sections/{section.id}/all") == 404
    assert await status(session, home.url + item.key) == 404
    assert home.library.add_section("Another", Kind.MOVIE).id == section.id + 1


async def test_storage_is_for_the_owner(
    session: aiohttp.ClientSession, friend: Account, home: PlexServer
) -> None:
    """The sizes of libraries are listed on request, to the owner only."""

    async def has_storage(query: str, token: str | None = None) -> list[bool]:
        content = await container(session, home.url + "/media/providers" + query, token)
        directories = content["MediaProvider"][0]["Feature"][0]["Directory"]
        return ["storageTotal" in entry for entry in directories if "id" in entry]

    assert await has_storage("?includeStorage=1") == [True] * 3
    assert await has_storage("") == [False] * 3
    assert await has_storage("?includeStorage=1", home.share_with(friend)) == [False] * 3


async def test_items_are_removed(session: aiohttp.ClientSession, home: PlexServer) -> None:
    """Removing the last item of a group removes the group, and the trash can be emptied."""
    season = await home.add_season("Short", 1, episodes=2)
    gone = await home.remove_media(season[0])
    assert [item.kind for item in gone] == [Kind.EPISODE]
    gone = await home.remove_media(season[1])
    assert [item.kind for item in gone] == [Kind.EPISODE, Kind.SEASON, Kind.SHOW]

    home.library.items[0].missing = True
    async with session.put(home.url + "/library/sections/1/emptyTrash") as response:
        assert response.status == 200
    assert await count(session, home, 1, Kind.MOVIE) == 2
    assert await count(session, home, 2, Kind.EPISODE) == 2


async def test_some_libraries_are_shared(
    session: aiohttp.ClientSession, friend: Account, home: PlexServer
) -> None:
    """A guest sees the shared libraries in every list, and is notified of nothing else."""
    guest = home.share_with(friend, sections=home.library.sections[1:2])
    picture = f"{home.library.items[0].key}/thumb/1"

    async def titles(path: str, key: str = "Metadata") -> set[str]:
        content = await container(session, home.url + path, guest)
        return {entry["title"] for entry in content.get(key, [])}

    assert await titles("/library/sections", "Directory") == {"TV Shows"}
    assert await titles("/library/recentlyAdded") == {"Season 1"}
    assert await titles("/library/all?type=1") == set()
    assert await titles("/hubs/search?query=winter", "Hub") == set()
    for path in (
        "/library/sections/1/all",
        home.library.items[0].key,
        picture,
        f"/photo/:/transcode?url={picture}&width=10&height=10",
        "/:/scrobble?identifier=com.plexapp.plugins.library&key=101",
    ):
        assert await status(session, home.url + path, guest) == 404
        assert await status(session, home.url + path) == 200

    async with session.ws_connect(
        home.url + "/:/websockets/notifications", headers={"X-Plex-Token": guest}
    ) as socket:
        await home.add_media("Secret")
        await home.add_media("Open", kind=Kind.EPISODE)
        frame = (await socket.receive_json(timeout=5))["NotificationContainer"]
        assert frame["StatusNotification"][0]["title"] == 'Scanning the "TV Shows" section'

    home.restrict(friend, None)
    assert "Movies" in await titles("/library/sections", "Directory")


async def test_markers_are_included_on_request(
    session: aiohttp.ClientSession, home: PlexServer
) -> None:
    """The intro and the credits are included with an item on request; only the last are final."""
    item = await home.add_media(
        "Long", intro_at=30_000, early_credits_at=4_000_000, credits_at=5_000_000
    )

    plain = (await container(session, home.url + item.key))["Metadata"][0]
    marked = (await container(session, home.url + item.key + "?includeMarkers=1"))["Metadata"][0]

    assert "Marker" not in plain
    assert [
        (mark["type"], mark["startTimeOffset"], mark.get("final")) for mark in marked["Marker"]
    ] == [("intro", 30_000, None), ("credits", 4_000_000, None), ("credits", 5_000_000, True)]


async def test_list_of_a_library_names_it_once(
    session: aiohttp.ClientSession, home: PlexServer
) -> None:
    """The library stands on the container there, and on the items of all other lists."""
    item = await home.add_media("Long")

    listed = await container(session, home.url + "/library/sections/1/all")
    recent = await container(session, home.url + "/library/recentlyAdded")
    single = await container(session, home.url + item.key)

    assert listed["librarySectionID"] == 1
    assert all("librarySectionID" not in each for each in listed["Metadata"])
    assert "librarySectionID" not in recent
    assert all("librarySectionID" in each for each in recent["Metadata"])
    assert single["librarySectionID"] == single["Metadata"][0]["librarySectionID"] == 1


async def test_item_without_a_rating_and_a_picture(
    session: aiohttp.ClientSession, home: PlexServer
) -> None:
    """An item that no agent has found has neither."""
    found = await home.add_media("Found")
    item = await home.add_media("Home Movie", rating=None, has_picture=False)

    usual = (await container(session, home.url + found.key))["Metadata"][0]
    bare = (await container(session, home.url + item.key))["Metadata"][0]

    assert usual.keys() - bare.keys() == {"rating", "thumb"}


async def test_search_is_limited(session: aiohttp.ClientSession, home: PlexServer) -> None:
    """A search returns a limited number of each kind, and whether there are more."""
    for number in range(5):
        home.library.add(f"Lake {number}")

    content = await container(session, home.url + "/hubs/search?query=lake&limit=3")
    [hub] = content["Hub"]
    assert (hub["size"], len(hub["Metadata"]), hub["more"]) == (3, 3, True)
    elsewhere = await container(session, home.url + "/hubs/search?query=lake&sectionId=2")
    assert "Hub" not in elsewhere


async def test_newest_first(
    session: aiohttp.ClientSession, home: PlexServer, freezer: FrozenDateTimeFactory
) -> None:
    """Items can be filtered by when they were added, in one library or in all."""
    freezer.tick(60)
    episodes = await home.add_season("Fresh", 1, episodes=3)
    since = episodes[0].added_at

    for path in ("/library/all", "/library/sections/2/all"):
        url = f"{home.url}{path}?type=4&sort=addedAt:desc&addedAt>={since}"
        found = (await container(session, url))["Metadata"]
        assert [item["title"] for item in found] == ["Episode 3", "Episode 2", "Episode 1"]
    assert await status(session, home.url + "/library/all?type=film") == 400
    recent = await container(session, home.url + "/library/sections/2/recentlyAdded")
    assert recent["Metadata"][0]["parentTitle"] == "Fresh"


async def picture(session: aiohttp.ClientSession, url: str) -> tuple[str, tuple[int, int]]:
    """Return the type and the size of a picture."""
    async with session.get(url) as response:
        assert response.status == 200
        image = Image.open(BytesIO(await response.read()))
        image.load()
        assert response.content_type == f"image/{str(image.format).lower()}"
        return str(image.format), image.size


async def test_pictures(session: aiohttp.ClientSession, home: PlexServer) -> None:
    """Pictures have the proportions of their kind, and the requested size."""
    film, track = home.library.items[0], home.library.items[-1]
    transcode = home.url + "/photo/:/transcode?width=200&height=300&url="

    assert await picture(session, f"{home.url}{film.key}/thumb/1") == ("JPEG", (600, 900))
    assert await picture(session, f"{transcode}{film.key}/thumb/1") == ("JPEG", (200, 300))
    assert await picture(session, f"{transcode}{film.key}/art/1&format=png") == ("PNG", (200, 112))
    assert await picture(session, f"{transcode}{track.key}/thumb/1") == ("JPEG", (200, 200))
    assert await picture(session, f"{transcode}{track.key}/thumb/1&minSize=1") == (
        "JPEG",
        (300, 300),
    )


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("width=10&height=10", 400),
        ("url=/library/metadata/101/thumb/1&width=10", 400),
        ("url=/library/metadata/101/thumb/1&width=0&height=10", 400),
        ("url=/library/metadata/101/thumb/1&width=10&height=10&format=exe", 400),
        ("url=/library/metadata/999/thumb/1&width=10&height=10", 404),
        ("url=http://127.0.0.1/secret&width=10&height=10", 404),
    ],
)
async def test_invalid_requests_of_pictures(
    session: aiohttp.ClientSession, home: PlexServer, query: str, expected: int
) -> None:
    """Invalid parameters and unknown pictures are refused."""
    assert await status(session, f"{home.url}/photo/:/transcode?{query}") == expected


async def test_faults_of_pictures(session: aiohttp.ClientSession, home: PlexServer) -> None:
    """A picture can be endless, of another type, or truncated."""
    url = home.url + "/photo/:/transcode?url=/library/metadata/101/thumb/1&width=10&height=10"
    home.faults.set(Fault.endless("image/jpeg"), paths="photo", times=1)
    async with session.get(url) as response:
        assert response.content_type == "image/jpeg"
        assert len(await response.content.readexactly(3 * MILLION)) == 3 * MILLION
        response.close()

    home.faults.set(Fault.body("<html>", content_type="text/html"), paths="photo", times=1)
    async with session.get(url) as response:
        assert (response.status, response.content_type) == (200, "text/html")

    home.faults.set(Fault.MISTYPED, paths="photo", times=1)
    assert (await picture(session, url))[0] == "JPEG"

    home.faults.set(Fault.TRUNCATED, paths="photo", times=1)
    with pytest.raises(aiohttp.ClientPayloadError):
        await picture(session, url)
