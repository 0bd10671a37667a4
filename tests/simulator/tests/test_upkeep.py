"""The upkeep of the simulated servers: scans, the butler's tasks, activities, remote access."""

import aiohttp
import pytest

from tests.simulator import Account, Find, Kind, PlexServer, World
from tests.simulator.http_client import body, container
from tests.simulator.scanner import ScanRequest


async def do(
    session: aiohttp.ClientSession, method: str, url: str, token: str | None = None
) -> int:
    """Send a request that has an empty response, and return the status."""
    headers = {"X-Plex-Token": token} if token else {}
    async with session.request(method, url, headers=headers) as response:
        if response.ok:
            assert await response.text() == ""
        assert response.content_type == "text/html"
        return response.status


async def running_activities(
    session: aiohttp.ClientSession, home: PlexServer
) -> list[tuple[str, int]]:
    """Return the titles and the progress of the running activities."""
    content = await container(session, home.url + "/activities")
    return [(entry["title"], entry["progress"]) for entry in content.get("Activity", [])]


async def refreshing(session: aiohttp.ClientSession, home: PlexServer) -> list[str]:
    """Return the libraries that are being scanned."""
    content = await container(session, home.url + "/library/sections")
    return [entry["title"] for entry in content["Directory"] if entry["refreshing"]]


async def test_scan_finds_files_on_the_disk(
    session: aiohttp.ClientSession, world: World, home: PlexServer
) -> None:
    """A requested scan finds the new files of its library."""
    home.scanner.on_disk += [Find(title="New"), Find(title="Song", kind=Kind.TRACK)]
    url = home.url + "/library/sections/1/refresh"

    assert await do(session, "GET", url + "?path=/data/Movies/New&force=1") == 200
    await world.idle()

    assert home.library.titled("New")
    assert not home.library.titled("Song")
    assert home.scanner.requests == [ScanRequest(section_id=1, path="/data/Movies/New", force=True)]
    assert await do(session, "GET", home.url + "/library/sections/all/refresh") == 200
    await world.idle()
    assert home.library.titled("Song")


async def test_running_scan_is_listed(session: aiohttp.ClientSession, home: PlexServer) -> None:
    """A running scan is listed, and can be stopped."""
    home.job_seconds = None
    assert await do(session, "POST", home.url + "/library/sections/1/refresh") == 200
    assert await running_activities(session, home) == [("Scanning Movies", -1)]
    assert await refreshing(session, home) == ["Movies"]
    assert await do(session, "POST", home.url + "/library/sections/refresh") == 503

    scan = home.scanner.running(home.library.sections[0])
    assert scan is not None
    await scan.activity.update(42, "A film")
    assert await running_activities(session, home) == [("Scanning Movies", 42)]
    assert await do(session, "DELETE", home.url + "/library/sections/1/refresh") == 200
    await scan.gone.wait()
    assert await running_activities(session, home) == []
    assert await refreshing(session, home) == []

    assert await do(session, "GET", home.url + "/library/sections/all/refresh") == 200
    assert len(await refreshing(session, home)) == 3
    await home.jobs.finish()
    assert await refreshing(session, home) == []


async def test_scan_with_progress(
    session: aiohttp.ClientSession, world: World, home: PlexServer
) -> None:
    """A job with a duration reports its progress."""
    home.job_seconds = 0.1
    headers = {"X-Plex-Token": session.headers["X-Plex-Token"]}
    async with session.ws_connect(
        home.url + "/:/websockets/notifications?filters=activity", headers=headers
    ) as socket:
        await do(session, "GET", home.url + "/library/sections/1/refresh")
        reported: list[tuple[str, int]] = []
        while not reported or reported[-1][0] != "ended":
            frame = (await socket.receive_json(timeout=5))["NotificationContainer"]
            [entry] = frame["ActivityNotification"]
            reported.append((entry["event"], entry["Activity"]["progress"]))

    assert reported == [
        ("started", -1),
        *(("updated", progress) for progress in range(10, 100, 10)),
        ("ended", 100),
    ]


async def test_butler(session: aiohttp.ClientSession, home: PlexServer) -> None:
    """A task is started once, listed while it runs, and can be stopped."""
    home.job_seconds = None
    task = home.url + "/butler/BackupDatabase"
    assert await do(session, "POST", task) == 200
    assert await do(session, "POST", task) == 202
    assert home.butler.running == ["BackupDatabase"]
    assert len(await running_activities(session, home)) == 1

    assert await do(session, "DELETE", task) == 200
    await home.jobs.finish()
    assert await do(session, "DELETE", task) == 404
    assert await running_activities(session, home) == []

    assert await do(session, "POST", home.url + "/butler") == 200
    enabled = [task.name for task in home.butler.tasks.values() if task.enabled]
    assert home.butler.running == enabled
    assert await do(session, "DELETE", home.url + "/butler") == 200
    await home.jobs.finish()
    assert home.butler.running == []


async def test_activities_are_cancelled(
    session: aiohttp.ClientSession, friend: Account, home: PlexServer
) -> None:
    """The owner can cancel any cancellable activity, and a guest its own."""
    guest = home.share_with(friend)
    fixed = await home.activities.start("provider.epg.load", "Refreshing EPG")
    loose = await home.activities.start("grabber.grab", "Recording", cancellable=True)
    own = await home.activities.start(
        "library.refresh.items", "Refreshing", cancellable=True, account_id=friend.id
    )
    url = home.url + "/activities/"

    content = await container(session, home.url + "/activities", guest)
    assert [entry["uuid"] for entry in content["Activity"]] == [own.uuid]
    assert await do(session, "DELETE", url + fixed.uuid) == 400
    assert await do(session, "DELETE", url + loose.uuid, guest) == 404
    assert await do(session, "DELETE", url + loose.uuid) == 200
    assert await do(session, "DELETE", url + own.uuid, guest) == 200
    assert home.activities.running == [fixed]

    home.job_seconds = None
    job = await home.jobs.start("library.optimize", "Optimizing database")
    assert await do(session, "DELETE", url + job.activity.uuid) == 200
    await job.gone.wait()
    assert home.activities.running == [fixed]


@pytest.mark.parametrize(
    "path",
    [
        "/library/optimize?async=1",
        "/library/clean/bundles?async=1",
        "/library/metadata/101/refresh",
    ],
)
async def test_response_names_the_activity(
    session: aiohttp.ClientSession, world: World, home: PlexServer, path: str
) -> None:
    """A request that starts an activity names it in the response."""
    home.job_seconds = None

    async with session.put(home.url + path) as response:
        assert response.status == 200
        activity = response.headers["X-Plex-Activity"]

    assert [running.uuid for running in home.activities.running] == [activity]
    await home.jobs.finish()
    assert home.activities.running == []


async def test_restart_ends_all_jobs(session: aiohttp.ClientSession, home: PlexServer) -> None:
    """No activity is listed after a restart."""
    home.job_seconds = None
    await do(session, "GET", home.url + "/library/sections/1/refresh")
    await home.butler.start("BackupDatabase")

    await home.restart()

    assert await running_activities(session, home) == []
    assert await refreshing(session, home) == []


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/butler"),
        ("POST", "/butler/BackupDatabase"),
        ("DELETE", "/butler/BackupDatabase"),
        ("GET", "/library/sections/1/refresh"),
        ("GET", "/library/sections/all/refresh"),
        ("DELETE", "/library/sections/1/refresh"),
        ("PUT", "/library/sections/1/emptyTrash"),
        ("PUT", "/library/metadata/101/refresh"),
        ("PUT", "/library/optimize"),
        ("PUT", "/library/clean/bundles"),
        ("PUT", "/updater/check"),
        ("PUT", "/myplex/refreshReachability"),
        ("GET", "/myplex/account"),
        ("GET", "/transcode/sessions"),
    ],
)
async def test_upkeep_is_for_the_owner(
    session: aiohttp.ClientSession,
    world: World,
    friend: Account,
    home: PlexServer,
    method: str,
    path: str,
) -> None:
    """A guest is refused everywhere, by old servers with 401."""
    guest = home.share_with(friend)

    assert await do(session, method, home.url + path, guest) == 403
    home.refuses_with_401 = True
    assert await do(session, method, home.url + path, guest) == 401
    await world.idle()
    assert home.activities.running == []
    assert home.scanner.requests == []


async def test_remote_access(session: aiohttp.ClientSession, home: PlexServer) -> None:
    """The remote access is returned with its error, and changes are pushed."""
    headers = {"X-Plex-Token": session.headers["X-Plex-Token"]}

    async def state() -> tuple[str, str]:
        account = (await body(session, home.url + "/myplex/account"))["MyPlex"]
        root = await container(session, home.url + "/")
        assert root["myPlexMappingState"] == account["mappingState"]
        return account["mappingState"], account["mappingError"]

    async with session.ws_connect(
        home.url + "/:/websockets/notifications", headers=headers
    ) as socket:

        async def pushed() -> bool:
            frame = (await socket.receive_json(timeout=5))["NotificationContainer"]
            reachable: bool = frame["ReachabilityNotification"][0]["reachability"]
            return reachable

        assert await state() == ("mapped", "")
        await home.remote_access.become("mapped", "unreachable")
        assert await pushed() is False
        assert await state() == ("mapped", "unreachable")
        await home.remote_access.become()
        assert await pushed() is True
        assert await do(session, "PUT", home.url + "/myplex/refreshReachability") == 200
        assert await pushed() is True
        assert home.remote_access.checks == 3
