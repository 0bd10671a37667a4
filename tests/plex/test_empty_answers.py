"""An answer counts as an empty list only where it says that there is nothing."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import aiohttp
import pytest

from custom_components.plex_monitor.plex.errors import PlexResponseError
from custom_components.plex_monitor.plex.models import (
    MediaType,
    RemoteAccess,
    ServerInfo,
    UpdateStatus,
)
from custom_components.plex_monitor.plex.plex_tv import PlexTv
from custom_components.plex_monitor.plex.server import PlexServer
from custom_components.plex_monitor.plex.transport import ClientIdentity
from tests import simulator
from tests.simulator import Fault, World

from .common import NOON, TOKEN, serve

type Read = Callable[[PlexServer], Awaitable[Any]]

COUNTED: dict[str, tuple[str, str, Read]] = {
    "sessions": ("/status/sessions", "Metadata", PlexServer.sessions),
    "accounts": ("/accounts", "Account", PlexServer.accounts),
    "devices": ("/devices", "Device", PlexServer.devices),
    "sections": ("/library/sections", "Directory", lambda server: server.library.sections()),
    "storage": ("/media/providers", "MediaProvider", lambda server: server.library.storage()),
    "titles": ("/media/providers", "MediaProvider", lambda server: server.library.titles()),
    "on deck": ("/library/onDeck", "Metadata", lambda server: server.library.on_deck(limit=5)),
    "recently added": (
        "/library/recentlyAdded",
        "Metadata",
        lambda server: server.library.recently_added(limit=5),
    ),
    "activities": ("/activities", "Activity", lambda server: server.maintenance.activities()),
}
"""Requests whose answers have a `size`, with their path, their list and how they are sent."""

NOT_COUNTED: dict[str, tuple[str, str, Read]] = {
    "update": ("/updater/status", "Release", PlexServer.update_status),
    "resources": (
        "/statistics/resources",
        "StatisticsResources",
        lambda server: server.statistics.resources(),
    ),
    "bandwidth": (
        "/statistics/bandwidth",
        "StatisticsBandwidth",
        lambda server: server.statistics.bandwidth(until=NOON, span=timedelta(seconds=30)),
    ),
}
"""Requests whose answers count something else, or for which no capture shows what it counts."""

RUBBISH: tuple[object, ...] = (
    "rubbish",
    "",
    5,
    False,
    [None],
    ["rubbish", "more"],
    [1, 2],
    [[], []],
    {"x": 1},
    [{}, {"x": 1}],
)


@pytest.mark.parametrize("name", COUNTED | NOT_COUNTED)
async def test_rubbish_is_no_empty_list(
    home: simulator.PlexServer, server: PlexServer, name: str
) -> None:
    """It raises `PlexResponseError`, whatever its size."""
    path, key, read = (COUNTED | NOT_COUNTED)[name]
    for rubbish in RUBBISH:
        for size in (0, 1):
            serve(home, f"^{path}$", {"size": size, "canInstall": True, key: rubbish})
            with pytest.raises(PlexResponseError):
                await read(server)


@pytest.mark.parametrize("name", COUNTED)
async def test_list_that_is_left_out_has_a_size_of_0(
    home: simulator.PlexServer, server: PlexServer, name: str
) -> None:
    """Any other size, or none, raises `PlexResponseError`."""
    path, key, read = COUNTED[name]
    answers: tuple[dict[str, object], ...] = ({"size": 1}, {"size": "2"}, {"size": 1, key: []}, {})
    for answer in answers:
        serve(home, f"^{path}$", answer)
        with pytest.raises(PlexResponseError):
            await read(server)


@pytest.mark.parametrize("name", COUNTED)
async def test_empty_list(home: simulator.PlexServer, server: PlexServer, name: str) -> None:
    """A server leaves it out (captured)."""
    path, key, read = COUNTED[name]
    answers: tuple[dict[str, object], ...] = ({"size": 0}, {"size": 0, key: []}, {key: []})
    for answer in answers:
        serve(home, f"^{path}$", answer)
        assert len(await read(server)) == 0


async def test_search(home: simulator.PlexServer, server: PlexServer) -> None:
    """A hub can be of anything, such as people; something else than a list of hubs is none."""
    serve(home, "^/hubs/search$", {"Hub": [{"Metadata": [{"tag": "Someone"}]}]})
    assert await server.library.search("x", limit=5) == ()
    rubbish: object
    for rubbish in ("rubbish", 5, [5]):
        serve(home, "^/hubs/search$", {"Hub": rubbish})
        with pytest.raises(PlexResponseError):
            await server.library.search("x", limit=5)


async def test_pages(home: simulator.PlexServer, server: PlexServer) -> None:
    """A total above 0 needs items, unless none were requested."""
    path = "/library/sections/1/all"
    serve(home, f"^{path}$", {"size": 0, "totalSize": 5})
    assert await server.library.count("1", MediaType.MOVIE) == 5
    with pytest.raises(PlexResponseError):
        await server.library.newest("1", MediaType.MOVIE, limit=3)
    rubbish: object
    for rubbish in ("rubbish", [{}]):
        serve(home, f"^{path}$", {"size": 1, "totalSize": 5, "Metadata": rubbish})
        with pytest.raises(PlexResponseError):
            await server.library.newest("1", MediaType.MOVIE, limit=3)


async def test_pages_after_the_first(home: simulator.PlexServer, server: PlexServer) -> None:
    """An invalid item costs itself, also where it is the only one of its page."""
    items = [{"ratingKey": str(number)} for number in range(200)]
    first = {"size": 200, "totalSize": 201, "Metadata": items}
    for last, is_valid in (([{}], True), ("rubbish", False)):
        home.faults.clear()
        serve(home, "^/library/onDeck$", {"size": 1, "totalSize": 201, "Metadata": last})
        home.faults.set(
            Fault.json({"MediaContainer": first}, code=200), paths="^/library/onDeck$", times=1
        )
        if is_valid:
            assert len(await server.library.on_deck(limit=300)) == 200
        else:
            with pytest.raises(PlexResponseError):
                await server.library.on_deck(limit=300)


async def test_items_that_are_not_listed(home: simulator.PlexServer, server: PlexServer) -> None:
    """A list of nothing but those is valid: sizes are for the owner, old devices have no key."""
    serve(home, "^/devices$", {"size": 1, "Device": [{"id": 1, "name": "Old"}]})
    assert await server.devices() == ()
    serve(home, "^/accounts$", {"size": 1, "Account": [{"id": 0, "name": ""}]})
    assert await server.accounts() == ()
    features = [{"type": "content", "Directory": [{"title": "Home"}, {"id": "1"}]}]
    provider: dict[str, object] = {"identifier": "com.plexapp.plugins.library", "Feature": features}
    serve(home, "^/media/providers$", {"size": 1, "MediaProvider": [provider]})
    assert await server.library.storage() == ()
    features[0]["Directory"] = [{"id": "1", "storageTotal": "rubbish"}]
    serve(home, "^/media/providers$", {"size": 1, "MediaProvider": [provider]})
    with pytest.raises(PlexResponseError):
        await server.library.storage()


@pytest.mark.parametrize(
    "provider",
    [{}, {"Feature": "rubbish"}, {"Feature": [5]}, {"Feature": [{"type": "content"}]}],
)
async def test_providers_without_libraries(
    home: simulator.PlexServer, server: PlexServer, provider: dict[str, object]
) -> None:
    """Rubbish at any level raises `PlexResponseError`; that there are none does not."""
    provider = {"identifier": "com.plexapp.plugins.library"} | provider
    serve(home, "^/media/providers$", {"size": 1, "MediaProvider": [provider]})
    if provider.get("Feature") in ("rubbish", [5]):
        with pytest.raises(PlexResponseError):
            await server.library.titles()
    else:
        assert await server.library.titles() == {}


@pytest.mark.parametrize("resources", [[{}], [None], ["server"], [{"provides": 5}]])
async def test_rubbish_of_plex_tv_is_no_lost_access(
    world: World,
    session: aiohttp.ClientSession,
    identity: ClientIdentity,
    resources: list[object],
) -> None:
    """Only a list of valid resources says that a server is not among them."""
    plex_tv = PlexTv(session, identity, url=world.plex_tv.url)
    world.plex_tv.faults.set(Fault.json(resources))
    with pytest.raises(PlexResponseError):
        await plex_tv.resources(TOKEN)
    world.plex_tv.faults.set(Fault.json([{"provides": "player"}, {"provides": ""}]))
    assert await plex_tv.resources(TOKEN) == ()


@pytest.mark.parametrize(
    "changes",
    [
        {"mappingState": 6},
        {"mappingState": True},
        {"mappingError": 3},
        {"mappingError": {}},
        {"mappingError": ["unreachable"]},
    ],
)
def test_remote_access_of_another_type(changes: dict[str, object]) -> None:
    """It says nothing about whether the server can be reached."""
    with pytest.raises(PlexResponseError):
        RemoteAccess.from_json({"mappingState": "mapped", "mappingError": "", **changes})


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"size": 0},
        {"canInstall": []},
        {"canInstall": "perhaps"},
        {"canInstall": 1, "Release": "x"},
        {"canInstall": 1, "Release": [{"version": 6}]},
    ],
)
def test_update_status_of_another_type(data: dict[str, object]) -> None:
    """It says nothing about whether there is an update."""
    with pytest.raises(PlexResponseError):
        UpdateStatus.from_json(data)


@pytest.mark.parametrize(
    "changes",
    [
        {"myPlexSubscription": None},
        {"myPlexSubscription": "perhaps"},
        {"myPlexSubscription": []},
        {"myPlexSubscription": 1.5},
        {"myPlexSigninState": 5},
        {"myPlexSigninState": {}},
    ],
)
def test_info_of_another_type(changes: dict[str, object]) -> None:
    """It says nothing about Plex Pass and the sign-in."""
    info = {"machineIdentifier": "a" * 40, "version": "1.43", "myPlexSubscription": True}
    assert ServerInfo.from_json(info).plex_pass
    with pytest.raises(PlexResponseError):
        ServerInfo.from_json(info | changes)
