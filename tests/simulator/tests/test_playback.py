"""Playback on the simulated servers: sessions, history, statistics, and terminating streams."""

from typing import Any

import aiohttp
from freezegun.api import FrozenDateTimeFactory
import pytest

from tests.simulator import UHD, Account, Delivery, Kind, PlexServer, Stream
from tests.simulator.http_client import container, status

MINUTE = 60_000


async def entries(
    session: aiohttp.ClientSession, url: str, token: str | None = None, key: str = "Metadata"
) -> list[dict[str, Any]]:
    """Return the entries of a list."""
    found: list[dict[str, Any]] = (await container(session, url, token)).get(key, [])
    return found


@pytest.mark.parametrize(
    ("options", "streams", "transcode"),
    [
        ({}, [None, None], None),
        ({"delivery": Delivery.DIRECT_STREAM}, ["copy", "copy"], ("copy", "copy")),
        ({"transcode": True}, ["transcode", "transcode"], ("transcode", "transcode")),
        ({"transcode": True, "video": "copy"}, ["copy", "transcode"], ("copy", "transcode")),
        (
            {"transcode": True, "audio": "copy", "subtitles": "burn"},
            ["transcode", "copy", "burn"],
            ("transcode", "copy"),
        ),
        ({"title": "Opening", "kind": Kind.TRACK}, [None], None),
        (
            {"title": "Opening", "kind": Kind.TRACK, "transcode": True},
            ["transcode"],
            (None, "transcode"),
        ),
    ],
)
async def test_decisions(
    session: aiohttp.ClientSession,
    home: PlexServer,
    options: Any,
    streams: list[str | None],
    transcode: tuple[str | None, str] | None,
) -> None:
    """Each stream has its own decision, and so has the transcode session."""
    await home.start_stream(**options)

    [entry] = await entries(session, home.url + "/status/sessions")

    [part] = entry["Media"][0]["Part"]
    played = [s for s in part["Stream"] if s["streamType"] == 1 or s.get("selected")]
    assert [stream.get("decision") for stream in played] == streams
    assert part["decision"] == ("directplay" if transcode is None else "transcode")
    transcoder = entry.get("TranscodeSession")
    assert (
        transcoder and (transcoder.get("videoDecision"), transcoder["audioDecision"])
    ) == transcode


async def test_session_has_source_and_transcoded_format(
    session: aiohttp.ClientSession, home: PlexServer
) -> None:
    """A session has the format of the file and the one that the player receives."""
    stream = await home.start_stream(
        title="Big", quality=UHD, transcode=True, location="wan", hardware=False
    )

    [entry] = await entries(session, home.url + "/status/sessions")

    [media] = entry["Media"]
    transcoder = entry["TranscodeSession"]
    assert media["Part"][0]["Stream"][0]["displayTitle"] == "4K (HEVC Main 10)"
    assert (media["videoResolution"], media["width"]) == ("720p", 1280)
    assert (transcoder["sourceVideoCodec"], transcoder["videoCodec"]) == ("hevc", "h264")
    assert (transcoder["sourceAudioCodec"], transcoder["audioCodec"]) == ("truehd", "aac")
    assert "transcodeHwEncoding" not in transcoder
    assert entry["Session"] == {"id": stream.session_id, "location": "wan", "bandwidth": 4200}

    before = stream.transcode_id
    await stream.work(throttled=True)
    [entry] = await entries(session, home.url + "/status/sessions")
    assert entry["TranscodeSession"]["throttled"] is True
    assert entry["TranscodeSession"]["speed"] == 0.0

    await stream.deliver(Delivery.DIRECT_PLAY)
    [entry] = await entries(session, home.url + "/status/sessions")
    assert "TranscodeSession" not in entry
    assert entry["Media"][0]["videoResolution"] == "4k"
    await stream.deliver(Delivery.TRANSCODE)
    assert stream.transcode_id != before


async def test_streams_outside_of_libraries(
    session: aiohttp.ClientSession, home: PlexServer
) -> None:
    """Trailers, live television and photos are listed as a server lists them."""
    home.library.add_section("Photos", Kind.PHOTO)
    known = len(home.library.items)
    await home.start_stream(title="Coming Soon", kind=Kind.CLIP)
    news = await home.start_stream(title="The News", kind=Kind.EPISODE, live=True, transcode=True)
    await home.start_stream(title="A Cat", kind=Kind.PHOTO)

    clip, live, photo = await entries(session, home.url + "/status/sessions")

    assert (clip["type"], clip["librarySectionID"]) == ("clip", "-2")
    assert (live["live"], live["TranscodeSession"]["progress"]) == ("1", -1.0)
    assert live["key"].startswith("/livetv/sessions/")
    assert "librarySectionID" not in live
    assert photo["type"] == "photo"
    assert "Session" not in photo
    assert len(home.library.items) == known + 2
    await news.stop()
    assert home.playback.history == []


async def test_a_crashed_player_stays_listed(
    session: aiohttp.ClientSession, home: PlexServer
) -> None:
    """A crashed player is notified as stopped, and listed until the server notices."""
    stream = await home.start_stream()
    await stream.crash()

    [entry] = await entries(session, home.url + "/status/sessions")
    assert entry["Player"]["state"] == "playing"

    await stream.stop()
    assert await entries(session, home.url + "/status/sessions") == []


async def terminate(session: aiohttp.ClientSession, home: PlexServer, stream: Stream) -> int:
    """Request to terminate a stream, and return the status."""
    url = f"{home.url}/status/sessions/terminate?sessionId={stream.session_id}&reason=Enough"
    return await status(session, url)


async def test_terminate(session: aiohttp.ClientSession, owner: Account, home: PlexServer) -> None:
    """The owner can terminate a stream with a Plex Pass, with a message to the player."""
    stream = await home.start_stream()
    silent = await home.start_stream(with_session=False)
    owner.plex_pass = False
    assert await terminate(session, home, stream) == 401
    owner.plex_pass = True

    assert await terminate(session, home, stream) == 200
    assert await terminate(session, home, stream) == 404
    assert await terminate(session, home, silent) == 404

    assert stream.termination == "Admin terminated playback with reason: Enough"
    assert home.streams == [silent]


async def test_terminated_stream_ends_when_its_player_reports(
    session: aiohttp.ClientSession, home: PlexServer
) -> None:
    """Until then the server lists it."""
    home.stops_streams_at_once = False
    stream = await home.start_stream()
    assert await terminate(session, home, stream) == 200
    assert home.streams == [stream]
    headers = {"X-Plex-Client-Identifier": stream.player.machine_identifier}
    await session.get(f"{home.url}/:/timeline?state=playing", headers=headers)
    assert home.streams == []


async def test_only_the_owner_can_terminate(
    session: aiohttp.ClientSession, friend: Account, home: PlexServer
) -> None:
    """A guest cannot terminate a stream, not even its own."""
    stream = await home.start_stream(user=friend)
    session.headers["X-Plex-Token"] = home.share_with(friend)

    assert await terminate(session, home, stream) == 403
    assert home.streams == [stream]


async def test_history(
    session: aiohttp.ClientSession,
    friend: Account,
    home: PlexServer,
    freezer: FrozenDateTimeFactory,
) -> None:
    """Each ended stream is a row; a guest sees only its own, and rows can be filtered."""
    guest = home.share_with(friend)
    url = home.url + "/status/sessions/history/all"
    times = []
    for user, title, kind in (
        (None, "Winter Light", Kind.MOVIE),
        (friend, "First Steps", Kind.EPISODE),
        (friend, "Opening", Kind.TRACK),
    ):
        stream = await home.start_stream(user=user, title=title, kind=kind, player="Kitchen")
        freezer.tick(60)
        await stream.stop()
        times.append(home.playback.history[-1].viewed_at)

    async def titles(query: str = "", token: str | None = None) -> list[str]:
        return [row["title"] for row in await entries(session, url + query, token)]

    assert await titles() == ["Winter Light", "First Steps", "Opening"]
    assert await titles(token=guest) == ["First Steps", "Opening"]
    assert await titles("?sort=viewedAt:desc&X-Plex-Container-Size=1") == ["Opening"]
    assert await titles(f"?viewedAt>={times[1]}") == ["First Steps", "Opening"]
    assert await titles(f"?viewedAt>>={times[1]}") == ["Opening"]
    assert await titles("?viewedAt>=yesterday") == ["Winter Light", "First Steps", "Opening"]
    assert await titles("?accountID=1") == ["Winter Light"]
    assert await titles("?librarySectionID=3") == ["Opening"]
    show = next(item for item in home.library.items if item.kind is Kind.SHOW)
    assert await titles(f"?metadataItemID={show.rating_key}") == ["First Steps"]

    [film] = [item for item in home.library.items if item.title == "Winter Light"]
    await home.remove_media(film)
    [row, *_] = await entries(session, url)
    assert row["title"] == "Winter Light"
    assert "ratingKey" not in row


async def test_watched_state_is_separate_for_each_account(
    session: aiohttp.ClientSession, friend: Account, home: PlexServer
) -> None:
    """The position and the view count of an item are those of the account."""
    guest = home.share_with(friend)
    stream = await home.start_stream(title="Winter Light")
    await stream.seek(20 * MINUTE)
    await stream.stop()
    [film] = await entries(session, home.url + "/library/onDeck")
    assert (film["title"], film["viewOffset"]) == (
        "Winter Light",
        pytest.approx(20 * MINUTE, abs=1000),
    )
    assert await entries(session, home.url + "/library/onDeck", guest) == []

    stream = await home.start_stream(title="Winter Light", user=friend)
    await stream.seek(85 * MINUTE)
    await stream.stop()

    url = home.url + film["key"]
    assert (await entries(session, url, guest))[0]["viewCount"] == 1
    assert "viewCount" not in (await entries(session, url))[0]


async def test_marks_and_ratings(
    session: aiohttp.ClientSession, friend: Account, home: PlexServer
) -> None:
    """Marks and ratings are those of the account; marking a show marks all its episodes."""
    guest = home.share_with(friend)
    [show] = await entries(session, home.url + "/library/sections/2/all")
    url, about = (
        home.url + "/:/",
        f"?identifier=com.plexapp.plugins.library&key={show['ratingKey']}",
    )

    async def seen(token: str | None = None) -> int:
        [entry] = await entries(session, home.url + "/library/sections/2/all", token)
        count: int = entry["viewedLeafCount"]
        return count

    assert await status(session, url + "scrobble" + about) == 200
    assert [await seen(), await seen(guest)] == [2, 0]
    async with session.put(url + "unscrobble" + about) as response:
        assert (response.status, await response.text()) == (200, "")
    assert await seen() == 0

    film = about.replace(show["ratingKey"], "101")
    assert await status(session, url + "rate" + film + "&rating=8") == 200
    [rated] = await entries(session, home.url + "/library/metadata/101")
    assert rated["userRating"] == 8
    assert await status(session, url + "rate" + film + "&rating=11") == 400
    assert await status(session, url + "rate" + film + "&rating=-1") == 200
    [rated] = await entries(session, home.url + "/library/metadata/101")
    assert "userRating" not in rated
    assert await status(session, url + "scrobble?key=101") == 400
    assert await status(session, url + "scrobble" + film.replace("library&", "music&")) == 404


async def test_statistics_follow_the_streams(
    session: aiohttp.ClientSession, home: PlexServer, freezer: FrozenDateTimeFactory
) -> None:
    """The newest row has the bytes that were sent in five seconds and the load of the machine."""
    resources = home.url + "/statistics/resources?timespan=6"
    bandwidth = home.url + "/statistics/bandwidth?timespan=6"

    async def newest() -> dict[str, Any]:
        rows = await entries(session, resources, key="StatisticsResources")
        times = [row["at"] for row in rows]
        assert times == [*range(times[0], times[-1] + 1, 5)]
        return rows[-1]

    async def sent(query: str = "") -> dict[bool, int]:
        at = (await newest())["at"]
        rows = await entries(session, f"{bandwidth}&at>={at}{query}", key="StatisticsBandwidth")
        totals: dict[bool, int] = {}
        for row in rows:
            totals[row["lan"]] = totals.get(row["lan"], 0) + row["bytes"]
        return totals

    idle = (await newest())["processCpuUtilization"]
    assert await sent() == {}
    first = await home.start_stream(bandwidth=8000, transcode=True)
    await home.start_stream(bandwidth=4000)
    await home.start_stream(bandwidth=2000, location="wan", player="Phone")
    freezer.tick(10)

    assert await sent() == {True: 7_500_000, False: 1_250_000}
    assert await sent("&lan=0") == {False: 1_250_000}
    assert await sent("&accountID=7") == {}
    busy = (await newest())["processCpuUtilization"]
    assert busy > idle + 10

    await first.pause()
    freezer.tick(10)
    assert await sent() == {True: 2_500_000, False: 1_250_000}
    await first.stop()
    rows = await entries(session, bandwidth, key="StatisticsBandwidth")
    assert sum(row["bytes"] for row in rows if row["lan"]) == pytest.approx(
        10 * 1_000_000 + 20 * 500_000, abs=2_500_000
    )


@pytest.mark.parametrize("path", ["resources", "bandwidth"])
async def test_rights_to_statistics(
    session: aiohttp.ClientSession,
    owner: Account,
    friend: Account,
    home: PlexServer,
    path: str,
) -> None:
    """Statistics are for owners, and do not exist without a Plex Pass."""
    url = f"{home.url}/statistics/{path}"

    assert await status(session, url) == 200
    assert await status(session, url + "?timespan=5") == 400
    assert await status(session, url, home.share_with(friend)) == 403
    owner.plex_pass = False
    assert await status(session, url) == 404
    owner.plex_pass = True
    home.claimed = False
    assert await status(session, url) == 404


async def test_direct_play_without_a_decision(
    session: aiohttp.ClientSession, home: PlexServer
) -> None:
    """Some servers say nothing about what they do not convert."""
    await home.start_stream(decided=False)
    await home.start_stream(title="Other")

    streams = (await container(session, home.url + "/status/sessions"))["Metadata"]

    parts = [stream["Media"][0]["Part"][0] for stream in streams]
    assert [part.get("decision") for part in parts] == [None, "directplay"]
