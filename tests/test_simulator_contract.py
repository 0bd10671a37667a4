"""The simulator sends what real servers send: names and types are those of captured payloads.

The captures lie beside the repository, in ../shared/captures, and are not part of it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
import json
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element, fromstring

import aiohttp
import pytest

from .simulator import Account, Connection, Delivery, Kind, PlexServer, World

CAPTURES = Path(__file__).parents[2] / "shared" / "captures"
if not CAPTURES.is_dir():
    pytest.skip("There are no captures at ../shared/captures to compare.", allow_module_level=True)

OFFICIAL = "plex-openapi/official-examples"
SPEC = "plex-api-spec-2025-09/json"
MOCKS = "plex-api-rs/mocks"

ITEM = "MediaContainer.Metadata[]"

type Shape = dict[str, set[str]]


def type_of(value: object) -> str:
    """Return JSON's word for the type of a value, with whole numbers told apart."""
    match value:
        case None:
            return "null"
        case bool():
            return "bool"
        case dict():
            return "object"
        case list():
            return "list"
        case _:
            return type(value).__name__


def shape_of(value: Any, path: str = "") -> Iterable[tuple[str, str]]:
    """Return every path in a JSON value with the type that stands there."""
    yield path, type_of(value)
    if isinstance(value, dict):
        for key, item in value.items():
            # Plex's own sample has a slip of the pen in one name.
            yield from shape_of(item, f"{path}.{key}".strip('."'))
    elif isinstance(value, list):
        for item in value:
            yield from shape_of(item, f"{path}[]")


def merged(shapes: Iterable[tuple[str, str]]) -> Shape:
    """Return all types that were seen at each path."""
    result: Shape = {}
    for path, kind in shapes:
        result.setdefault(path, set()).add(kind)
    return result


def captured(files: Iterable[str]) -> Iterable[tuple[str, str]]:
    """Return every path in captured bodies with its types."""
    for name in files:
        yield from shape_of(json.loads((CAPTURES / name).read_text()))


@dataclass(frozen=True, kw_only=True)
class Contract:
    """What holds for an endpoint.

    `known` has what is known of servers and not in the captures, `essential` what must be there.
    `items` is where items stand if not at the top, as they were captured in `item_files`.
    """

    files: tuple[str, ...]
    essential: tuple[str, ...]
    known: Mapping[str, str] = field(default_factory=dict)
    items: str = ""
    item_files: tuple[str, ...] = ()

    def allowed(self) -> Shape:
        """Return what a server sends there."""
        shapes = list(captured(self.files))
        shapes += [
            (path.replace(ITEM, self.items, 1), kind)
            for path, kind in captured(self.item_files)
            if path.startswith(ITEM)
        ]
        shapes += [(path, kind) for path, kinds in self.known.items() for kind in kinds.split("/")]
        return merged(shapes)


def violations(contract: Contract, body: Any) -> list[str]:
    """Return in what a body differs from what a server sends."""
    allowed, sent = contract.allowed(), merged(shape_of(body))
    found = [
        f"{path} is {'/'.join(sorted(kinds))}, not {'/'.join(sorted(allowed.get(path, {'known'})))}"
        for path, kinds in sent.items()
        if not kinds <= allowed.get(path, set())
    ]
    return found + [f"{path} is missing" for path in contract.essential if path not in sent]


LIBRARY_FILES = (
    *(
        f"{MOCKS}/server/media/{name}.json"
        for name in (
            "movie_library",
            "tv_library",
            "tv_seasons",
            "tv_episodes",
            "music_library",
            "music_albums",
            "music_tracks",
            "metadata_108",
            "metadata_161",
            "metadata_168",
        )
    ),
    f"{SPEC}/GET_library_sections_{{sectionKey}}_all.json",
    f"{OFFICIAL}/GET_library_sections_{{sectionId}}_all__200__aMeta.json",
    f"{SPEC}/GET_library_metadata_{{ratingKey}}.json",
)
# A video in /status/sessions: captured from PMS 1.43.3, where Plex's own samples are shortened.
VIDEO_SESSION = {
    f"{ITEM}.year": "int",
    f"{ITEM}.Player.device": "str",
    f"{ITEM}.Media[].aspectRatio": "str",
    f"{ITEM}.Media[].height": "int",
    f"{ITEM}.Media[].width": "int",
    f"{ITEM}.Media[].protocol": "str",
    f"{ITEM}.Media[].selected": "bool",
    f"{ITEM}.Media[].videoCodec": "str",
    f"{ITEM}.Media[].videoFrameRate": "str",
    f"{ITEM}.Media[].videoProfile": "str",
    f"{ITEM}.Media[].videoResolution": "str",
    f"{ITEM}.Media[].Part[].decision": "str",
    f"{ITEM}.Media[].Part[].protocol": "str",
    f"{ITEM}.Media[].Part[].selected": "bool",
    f"{ITEM}.Media[].Part[].Stream[].decision": "str",
    f"{ITEM}.Media[].Part[].Stream[].default": "bool",
    f"{ITEM}.Media[].Part[].Stream[].frameRate": "float",
    f"{ITEM}.Media[].Part[].Stream[].height": "int",
    f"{ITEM}.Media[].Part[].Stream[].width": "int",
    f"{ITEM}.Media[].Part[].Stream[].language": "str",
    f"{ITEM}.Media[].Part[].Stream[].location": "str",
    f"{ITEM}.TranscodeSession": "object",
    **{
        f"{ITEM}.TranscodeSession.{name}": kind
        for name, kind in {
            "key": "str",
            "throttled": "bool",
            "complete": "bool",
            "progress": "float",
            "size": "int",
            "speed": "float",
            "error": "bool",
            "duration": "int",
            "remaining": "int",
            "context": "str",
            "sourceVideoCodec": "str",
            "sourceAudioCodec": "str",
            "videoDecision": "str",
            "audioDecision": "str",
            "protocol": "str",
            "container": "str",
            "videoCodec": "str",
            "audioCodec": "str",
            "audioChannels": "int",
            "width": "int",
            "height": "int",
            "transcodeHwRequested": "bool",
            "transcodeHwDecoding": "str",
            "transcodeHwEncoding": "str",
            "transcodeHwFullPipeline": "bool",
            "timeStamp": "float",
        }.items()
    },
}

SERVER_CONTRACTS = {
    "/identity": Contract(
        files=(f"{OFFICIAL}/GET_identity__200__identity.json",),
        known={"MediaContainer.apiVersion": "str"},
        essential=tuple(
            f"MediaContainer.{name}" for name in ("claimed", "machineIdentifier", "version")
        ),
    ),
    "/": Contract(
        files=(f"{OFFICIAL}/GET___200__info.json",),
        essential=tuple(
            f"MediaContainer.{name}"
            for name in (
                "friendlyName",
                "machineIdentifier",
                "myPlexSigninState",
                "myPlexSubscription",
                "platform",
                "platformVersion",
                "version",
            )
        ),
    ),
    "/status/sessions": Contract(
        files=(
            f"{SPEC}/GET_status_sessions.json",
            f"{OFFICIAL}/GET_status_sessions__200__playlists.json",
        ),
        known=VIDEO_SESSION,
        essential=(
            f"{ITEM}.sessionKey",
            f"{ITEM}.ratingKey",
            f"{ITEM}.type",
            f"{ITEM}.title",
            f"{ITEM}.duration",
            f"{ITEM}.viewOffset",
            f"{ITEM}.User.id",
            f"{ITEM}.User.title",
            f"{ITEM}.Player.machineIdentifier",
            f"{ITEM}.Player.state",
            f"{ITEM}.Player.title",
            f"{ITEM}.Session.id",
            f"{ITEM}.TranscodeSession.videoDecision",
        ),
    ),
    "/transcode/sessions": Contract(
        files=(
            f"{SPEC}/GET_transcode_sessions.json",
            f"{MOCKS}/transcode/video_sessions.json",
            f"{MOCKS}/transcode/music_sessions.json",
            f"{MOCKS}/transcode/empty_sessions.json",
        ),
        known={
            f"MediaContainer.TranscodeSession[].{name}": kind
            for name, kind in {
                "transcodeHwRequested": "bool",
                "transcodeHwDecoding": "str",
                "transcodeHwEncoding": "str",
                "transcodeHwFullPipeline": "bool",
            }.items()
        },
        essential=("MediaContainer.TranscodeSession[].key",),
    ),
    "/accounts": Contract(
        files=(f"{SPEC}/GET_statistics_bandwidth.json",),
        known={"MediaContainer.identifier": "str"},
        essential=("MediaContainer.Account[].id", "MediaContainer.Account[].name"),
    ),
    "/devices": Contract(
        files=(f"{SPEC}/GET_devices.json",),
        essential=("MediaContainer.Device[].id", "MediaContainer.Device[].clientIdentifier"),
    ),
    "/clients": Contract(files=(f"{SPEC}/GET_clients.json",), essential=("MediaContainer.size",)),
    "/activities": Contract(
        files=(f"{OFFICIAL}/GET_activities__200__activity.json",),
        known={
            "MediaContainer.Activity[].Context": "object",
            "MediaContainer.Activity[].Context.librarySectionID": "str",
        },
        essential=("MediaContainer.Activity[].uuid", "MediaContainer.Activity[].progress"),
    ),
    "/:/prefs": Contract(
        files=(f"{MOCKS}/server/prefs.json", f"{OFFICIAL}/GET_prefs__200__somePrefs.json"),
        essential=("MediaContainer.Setting[].id", "MediaContainer.Setting[].value"),
    ),
    "/:/prefs/get?id=friendlyName": Contract(
        files=(f"{OFFICIAL}/GET_prefs_get__200__friendlyName.json",),
        essential=("MediaContainer.Setting[].id", "MediaContainer.Setting[].value"),
    ),
    "/butler": Contract(
        files=(f"{OFFICIAL}/GET_butler__200__tasks.json",),
        essential=("ButlerTasks.ButlerTask[].name",),
    ),
    "/updater/status": Contract(
        files=(
            f"{OFFICIAL}/GET_updater_status__200__status.json",
            f"{SPEC}/GET_updater_status.json",
        ),
        essential=(
            "MediaContainer.canInstall",
            "MediaContainer.Release[].version",
            "MediaContainer.Release[].state",
            "MediaContainer.Release[].fixed",
        ),
    ),
    "/myplex/account": Contract(
        files=(f"{SPEC}/GET_myplex_account.json",),
        essential=("MyPlex.signInState", "MyPlex.mappingState"),
    ),
    "/security/token?type=delegation&scope=all": Contract(
        files=(f"{OFFICIAL}/POST_security_token__200__token.json",),
        essential=("MediaContainer.token",),
    ),
    "/library/sections": Contract(
        files=(
            f"{OFFICIAL}/GET_library_sections_all__200__basic.json",
            f"{SPEC}/GET_library_sections.json",
        ),
        essential=tuple(
            f"MediaContainer.Directory[].{name}" for name in ("key", "type", "title", "uuid")
        ),
    ),
    **{
        path: Contract(files=LIBRARY_FILES, essential=(f"{ITEM}.ratingKey", f"{ITEM}.title"))
        for path in (
            "/library/sections/1/all?includeMeta=1",
            "/library/sections/2/all",
            "/library/sections/2/all?type=3",
            "/library/sections/2/all?type=4",
            "/library/sections/3/all?type=9",
            "/library/sections/3/all?type=10",
            "/library/metadata/101",
        )
    },
    "/library/recentlyAdded": Contract(
        files=(*LIBRARY_FILES, f"{SPEC}/GET_library_recentlyAdded.json"),
        essential=(f"{ITEM}.ratingKey", f"{ITEM}.addedAt"),
    ),
    "/hubs/search?query=lake": Contract(
        files=(
            f"{OFFICIAL}/GET_hubs_search__200__simpson.json",
            f"{OFFICIAL}/GET_hubs__200__someHubs.json",
        ),
        items="MediaContainer.Hub[].Metadata[]",
        item_files=LIBRARY_FILES,
        essential=("MediaContainer.Hub[].type", "MediaContainer.Hub[].Metadata[].title"),
    ),
    "/playlists": Contract(files=(f"{OFFICIAL}/GET_playlists__200__playlists.json",), essential=()),
}

PINS = (
    f"{MOCKS}/myplex/api/v2/pins_new.json",
    f"{MOCKS}/myplex/api/v2/pins_linked.json",
    f"{SPEC}/POST_pins.json",
    f"{SPEC}/GET_pins_{{pinID}}.json",
)
PIN = Contract(files=PINS, essential=("id", "code", "qr", "expiresIn", "expiresAt", "authToken"))
USER = Contract(
    files=(
        f"{MOCKS}/myplex/api/v2/user/user_info_plexpass.json",
        f"{MOCKS}/myplex/api/v2/user/user_info_free.json",
        f"{SPEC}/GET_user.json",
    ),
    essential=("id", "uuid", "username", "title", "subscription.active", "authToken"),
)
RESOURCES = Contract(
    files=(f"{MOCKS}/myplex/api/v2/resources.json", f"{SPEC}/GET_resources.json"),
    essential=tuple(
        f"[].{name}"
        for name in (
            "name",
            "clientIdentifier",
            "provides",
            "ownerId",
            "sourceTitle",
            "accessToken",
            "owned",
            "connections[].uri",
            "connections[].local",
            "connections[].relay",
        )
    ),
)


@pytest.fixture
async def home(world: World, owner: Account) -> PlexServer:
    """Return a server on which everything goes on at once."""
    home = await world.add_server("Home", owner=owner)
    home.share_with(world.plex_tv.add_account("friend"))
    home.connections.append(
        Connection(uri="https://relay.invalid", address="192.0.2.1", port=8443, relay=True)
    )
    home.updater.offer("1.44.0.11000-0badc0ffe", fixed="A fault.")
    await home.activities.start("library.update.section", "Scanning Movies", section_id=1)
    for delivery in Delivery:
        await home.start_stream(title="Winter Light", delivery=delivery)
    await home.start_stream(title="First Steps", kind=Kind.EPISODE, with_session=False)
    await home.start_stream(title="Opening", kind=Kind.TRACK)
    return home


async def fetch(url: str, token: str | None = None, method: str = "GET") -> Any:
    """Return the JSON of an address."""
    headers = {"Accept": "application/json", "X-Plex-Client-Identifier": "contract"}
    if token:
        headers["X-Plex-Token"] = token
    async with (
        aiohttp.ClientSession(headers=headers) as session,
        session.request(method, url) as response,
    ):
        assert response.status in {200, 201}
        return await response.json()


@pytest.mark.parametrize("path", SERVER_CONTRACTS)
async def test_server(path: str, world: World, owner: Account, home: PlexServer) -> None:
    """An endpoint of the server has the captured names and types."""
    body = await fetch(home.url + path, world.plex_tv.sign_in(owner))

    assert violations(SERVER_CONTRACTS[path], body) == []


@pytest.mark.parametrize("plex_pass", [True, False])
async def test_plex_tv_user(world: World, *, plex_pass: bool) -> None:
    """The account has the captured names and types."""
    account = world.plex_tv.add_account("somebody", plex_pass=plex_pass)

    body = await fetch(world.plex_tv.url + "/api/v2/user", world.plex_tv.sign_in(account))

    assert violations(USER, body) == []


async def test_plex_tv_resources(world: World, owner: Account, home: PlexServer) -> None:
    """The list of servers has the captured names and types, for the owner and for a guest."""
    guest = world.plex_tv.account("friend")
    for account in (owner, guest):
        body = await fetch(
            world.plex_tv.url + "/api/v2/resources?includeHttps=1&includeRelay=1",
            world.plex_tv.sign_in(account),
        )
        assert [server["name"] for server in body] == [home.name]
        assert violations(RESOURCES, body) == []


async def test_plex_tv_pins(world: World, owner: Account) -> None:
    """A PIN has the captured names and types, before and after it is linked."""
    pins = world.plex_tv.url + "/api/v2/pins"
    pin = await fetch(pins, method="POST")
    assert violations(PIN, pin) == []

    world.plex_tv.approve_pin(pin["code"], owner)

    assert violations(PIN, await fetch(f"{pins}/{pin['id']}")) == []


async def test_plex_tv_devices(world: World, owner: Account) -> None:
    """A device has the captured attributes, and no other."""

    def devices(document: str) -> list[Element]:
        return fromstring(document).findall("Device")  # noqa: S314 - Captured, or our own.

    token = world.plex_tv.sign_in(owner)
    async with (
        aiohttp.ClientSession(headers={"X-Plex-Token": token}) as session,
        session.get(world.plex_tv.url + "/devices.xml") as response,
    ):
        sent = devices(await response.text())
    known = devices((CAPTURES / MOCKS / "myplex/devices.xml").read_text())

    assert {*sent[0].attrib} <= {name for device in known for name in device.attrib}
    assert {"id", "token", "clientIdentifier", "product"} <= {*sent[0].attrib}


async def test_notifications(world: World, owner: Account, home: PlexServer) -> None:
    """What is pushed has the captured names and types, kind by kind."""
    lines = (CAPTURES / "notifications/captured-websocket.jsonl").read_text().splitlines()
    frames = [json.loads(line)["message"] for line in lines]
    seen: dict[str, list[Any]] = {}
    for frame in frames:
        # Before version 1.3 frames had no container.
        if content := frame.get("NotificationContainer"):
            seen.setdefault(content["type"], []).append(content)
    known = {
        "ActivityNotification[].Activity.Context.librarySectionID": "str",
        "TranscodeSession[].transcodeHwDecoding": "str",
        "TranscodeSession[].transcodeHwEncoding": "str",
        "TranscodeSession[].transcodeHwFullPipeline": "bool",
    }
    session_fields = {
        path.replace(f"{ITEM}.TranscodeSession.", "TranscodeSession[]."): kind
        for path, kind in VIDEO_SESSION.items()
    }

    async with (
        aiohttp.ClientSession(headers={"X-Plex-Token": world.plex_tv.sign_in(owner)}) as session,
        session.ws_connect(home.url + "/:/websockets/notifications") as socket,
    ):
        stream = await home.start_stream(title="Winter Light", delivery=Delivery.TRANSCODE)
        await stream.stop()
        await home.add_media("Something New")
        await fetch_nothing(home.url + "/updater/apply", world.plex_tv.sign_in(owner))
        await world.idle()
        sent: dict[str, list[Any]] = {}
        for _ in range(12):
            content = (await socket.receive_json(timeout=5))["NotificationContainer"]
            sent.setdefault(content["type"], []).append(content)

    assert set(sent) == {
        "activity",
        "playing",
        "status",
        "timeline",
        "transcodeSession.end",
        "transcodeSession.start",
        "update.statechange",
    }
    for kind, contents in sent.items():
        # No frame of a transcode's end was captured; it is the same object.
        source = seen.get(kind, []) + seen.get("transcodeSession.update", [])
        allowed = merged(entry for content in source for entry in shape_of(content))
        for path, word in (known | session_fields).items():
            allowed.setdefault(path, set()).add(word)
        for content in contents:
            wrong = {
                path: kinds
                for path, kinds in merged(shape_of(content)).items()
                if not kinds <= allowed.get(path, set())
            }
            assert wrong == {}, kind


async def fetch_nothing(url: str, token: str) -> None:
    """Do something that is answered with nothing."""
    async with (
        aiohttp.ClientSession(headers={"X-Plex-Token": token}) as session,
        session.put(url) as response,
    ):
        assert response.status == 200
        assert await response.text() == ""


async def test_errors_of_a_server(world: World, owner: Account, home: PlexServer) -> None:
    """The pages of refused requests are Plex's own, to the letter."""
    guest_token = home.share_with(world.plex_tv.add_account("guest"))
    examples = {
        ("/status/sessions", None): "POST_status_sessions_terminate__401__unauthorized.txt",
        ("/status/sessions", guest_token): "GET_security_resources__403__forbidden.txt",
        ("/no/such/path", guest_token): "GET_prefs_get__404__notFound.txt",
    }
    async with aiohttp.ClientSession() as session:
        for (path, token), name in examples.items():
            headers = {"Accept": "application/json"} | ({"X-Plex-Token": token} if token else {})
            async with session.get(home.url + path, headers=headers) as response:
                assert response.content_type == "text/html"
                page = (await response.text()).strip()
            assert page == (CAPTURES / OFFICIAL / name).read_text().strip()
