"""PlexAPI, which many programs use, works with the simulated world."""

from typing import Any

from plexapi.exceptions import BadRequest, NotFound, Unauthorized
from plexapi.myplex import MyPlexAccount, MyPlexPinLogin
from plexapi.server import PlexServer as PlexApiServer
import pytest

from tests.simulator import Account, Delivery, Kind, PlexServer, World

from .plex_api import connect, in_thread

pytestmark = pytest.mark.usefixtures("redirect_plex_tv")


async def test_account(world: World, owner: Account) -> None:
    """It reads the account that a token belongs to."""
    token = world.plex_tv.sign_in(owner)

    account = await in_thread(lambda: MyPlexAccount(token=token))

    assert account.username == "owner"
    assert account.uuid == owner.uuid
    assert account.id == owner.id
    assert account.authToken == token
    assert account.subscriptionActive is True
    assert account.subscriptionPlan == "lifetime"
    assert {"session_kick", "sync"} <= {*account.subscriptionFeatures}
    assert {"ios", "roku"} <= {*account.entitlements}
    assert account.roles == ["plexpass"]
    assert await in_thread(account.ping) is True


async def test_account_without_plex_pass(world: World, friend: Account) -> None:
    """It reads that an account has no Plex Pass."""
    token = world.plex_tv.sign_in(friend)

    account = await in_thread(lambda: MyPlexAccount(token=token))

    assert account.subscriptionActive is False
    assert account.subscriptionFeatures == []


async def test_dead_token_at_plex_tv(world: World) -> None:
    """It raises its error for an invalid token."""
    with pytest.raises(Unauthorized, match="1001"):
        await in_thread(lambda: MyPlexAccount(token="no-such-token-at-all"))


async def test_resources_of_owner(world: World, owner: Account, home: PlexServer) -> None:
    """It lists the owner's server with the account's token."""
    token = world.plex_tv.sign_in(owner)

    [resource] = await in_thread(lambda: MyPlexAccount(token=token).resources())

    assert resource.name == "Home"
    assert resource.clientIdentifier == home.machine_identifier
    assert resource.owned is True
    assert resource.provides == "server"
    assert resource.accessToken == token
    assert [connection.uri for connection in resource.connections] == [home.url]


async def test_connect_finds_the_server_by_plex_tv(
    world: World, owner: Account, home: PlexServer
) -> None:
    """It connects by the addresses that plex.tv lists."""
    token = world.plex_tv.sign_in(owner)

    server = await in_thread(lambda: MyPlexAccount(token=token).resource("Home").connect(timeout=5))

    assert server.friendlyName == "Home"
    assert server.machineIdentifier == home.machine_identifier
    assert server.version == home.version
    assert server.myPlexSubscription is True


async def test_shared_server_has_its_own_token(
    world: World, friend: Account, home: PlexServer
) -> None:
    """A guest's account token is refused at the server, and the server's token at plex.tv."""
    home.share_with(friend)
    home.connections[0].local = False
    account_token = world.plex_tv.sign_in(friend)

    [resource] = await in_thread(lambda: MyPlexAccount(token=account_token).resources())

    assert resource.owned is False
    assert resource.sourceTitle == "owner"
    assert resource.accessToken != account_token
    with pytest.raises(Unauthorized):
        await in_thread(lambda: PlexApiServer(home.url, account_token))
    with pytest.raises(Unauthorized):
        await in_thread(lambda: MyPlexAccount(token=resource.accessToken))
    server = await in_thread(lambda: resource.connect(timeout=5))
    assert server.friendlyName == "Home"
    with pytest.raises(BadRequest, match="403"):
        await in_thread(server.sessions)


async def test_users_whom_the_server_is_shared_with(
    world: World, owner: Account, friend: Account, home: PlexServer
) -> None:
    """It lists the owner's guests and gets a guest's token for the server."""
    guest_token = home.share_with(friend, sections=home.library.sections[:1])
    token = world.plex_tv.sign_in(owner)
    account = await in_thread(lambda: MyPlexAccount(token=token))

    [user] = await in_thread(account.users)

    assert user.title == "friend"
    [share] = user.servers
    assert share.machineIdentifier == home.machine_identifier
    sections = await in_thread(share.sections)
    assert [(section.title, section.shared) for section in sections] == [
        ("Movies", True),
        ("TV Shows", False),
        ("Music", False),
    ]
    assert await in_thread(lambda: user.get_token(home.machine_identifier)) == guest_token


async def test_devices_can_be_removed(world: World, owner: Account) -> None:
    """It lists the authorized devices and removes one, which revokes its token."""
    token = world.plex_tv.sign_in(owner, client_identifier="browser-1", product="Plex Web")
    other = world.plex_tv.sign_in(owner, client_identifier="tv-1", product="Plex for TV")
    account = await in_thread(lambda: MyPlexAccount(token=token))

    devices = await in_thread(account.devices)

    assert [device.product for device in devices] == ["Plex Web", "Plex for TV"]
    await in_thread(devices[1].delete)
    assert not world.plex_tv.is_valid(other)
    assert world.plex_tv.is_valid(token)


async def test_servers_are_devices_too(world: World, owner: Account, home: PlexServer) -> None:
    """It finds a server with its addresses among the owner's devices."""
    token = world.plex_tv.sign_in(owner, product="Plex Web")
    account = await in_thread(lambda: MyPlexAccount(token=token))

    device = await in_thread(lambda: account.device("Home"))

    assert (device.product, device.provides) == ("Plex Media Server", "server")
    assert (device.clientIdentifier, device.connections) == (home.machine_identifier, [home.url])
    home.claimed = False
    assert [each.product for each in await in_thread(account.devices)] == ["Plex Web"]


async def test_sign_out(world: World, owner: Account) -> None:
    """It signs itself out."""
    token = world.plex_tv.sign_in(owner)
    account = await in_thread(lambda: MyPlexAccount(token=token))

    await in_thread(account.signout)

    assert not world.plex_tv.is_valid(token)


async def test_pin_login(world: World, owner: Account) -> None:
    """It signs in with a short PIN that a user types at plex.tv/link."""
    login = MyPlexPinLogin(headers={"X-Plex-Client-Identifier": "pin-app"})
    code = await in_thread(lambda: login.pin)
    assert len(code) == 4
    assert await in_thread(login.checkLogin) is False

    world.plex_tv.approve_pin(code, owner)

    assert await in_thread(login.checkLogin) is True
    assert world.plex_tv.tokens_of(owner) == [login.token]


async def test_oauth_login_uses_a_strong_pin(world: World, owner: Account) -> None:
    """It signs in with the long PIN of the sign-in window."""
    login = MyPlexPinLogin(headers={"X-Plex-Client-Identifier": "window-app"}, oauth=True)
    address = await in_thread(login.oauthUrl)
    [pin] = world.plex_tv.waiting_pins()
    assert pin.strong
    assert len(pin.code) == 25
    assert pin.code in address

    world.plex_tv.approve_pin(pin.code, owner)

    assert await in_thread(login.checkLogin) is True


async def test_link(world: World, owner: Account) -> None:
    """A signed-in account links another app's PIN."""
    token = world.plex_tv.sign_in(owner)
    account = await in_thread(lambda: MyPlexAccount(token=token))
    login = MyPlexPinLogin(headers={"X-Plex-Client-Identifier": "other"})

    await in_thread(lambda: account.link(login.pin))

    assert await in_thread(login.checkLogin) is True
    assert world.plex_tv.is_valid(token)


async def test_dead_token_at_the_server(home: PlexServer) -> None:
    """It raises its error for a token that the server refuses."""
    with pytest.raises(Unauthorized):
        await in_thread(lambda: PlexApiServer(home.url, "no-such-token-at-all"))


async def test_library_sections_and_items(world: World, owner: Account, home: PlexServer) -> None:
    """It reads the libraries down to the files."""
    server = await connect(world, home, owner)

    def walk() -> dict[str, Any]:
        sections = {section.title: section for section in server.library.sections()}
        movies = sections["Movies"].all()
        [show] = sections["TV Shows"].all()
        episodes = show.episodes()
        [artist] = sections["Music"].all()
        [album] = artist.albums()
        return {
            "types": {title: section.type for title, section in sections.items()},
            "movies": [movie.title for movie in movies],
            "file": movies[0].media[0].parts[0].file,
            "episodes": [(item.grandparentTitle, item.seasonEpisode) for item in episodes],
            "tracks": [track.title for track in album.tracks()],
            "count": sections["TV Shows"].totalViewSize(libtype="episode"),
            "by title": sections["Movies"].get("Winter Light").title,
            "by key": server.fetchItem(movies[0].ratingKey).title,
        }

    assert await in_thread(walk) == {
        "types": {"Movies": "movie", "TV Shows": "show", "Music": "artist"},
        "movies": ["A Day at the Lake", "The Long Road", "Winter Light"],
        "file": "/data/Movies/A Day at the Lake.mkv",
        "episodes": [("Harbour Street", "s01e01"), ("Harbour Street", "s01e02")],
        "tracks": ["Opening", "Intermezzo"],
        "count": 2,
        "by title": "Winter Light",
        "by key": "A Day at the Lake",
    }


async def test_large_lists_come_in_pages(world: World, owner: Account, home: PlexServer) -> None:
    """It reads a library page by page."""
    for number in range(25):
        home.library.add(f"Film {number:02}")
    server = await connect(world, home, owner)
    section = await in_thread(lambda: server.library.section("Movies"))

    movies = await in_thread(lambda: section.search(container_size=10))

    assert len(movies) == 28
    pages = world.requests.to(path="/library/sections/1/all")
    assert {"0", "10", "20"} <= {request.headers.get("X-Plex-Container-Start") for request in pages}


async def test_recently_added_and_search(world: World, owner: Account, home: PlexServer) -> None:
    """It reads the recently added items, and searches."""
    await home.add_media("Third Time Lucky", kind=Kind.EPISODE, show="Harbour Street")
    server = await connect(world, home, owner)

    def read() -> tuple[list[Any], list[Any]]:
        return server.library.recentlyAdded(), server.search("third time")

    recent, found = await in_thread(read)

    assert {item.type for item in recent} == {"movie", "season", "album"}
    assert [(item.type, item.title) for item in found] == [("episode", "Third Time Lucky")]
    with pytest.raises(NotFound):
        await in_thread(lambda: server.fetchItem(999_999))


@pytest.mark.parametrize(
    ("delivery", "decisions"),
    [
        (Delivery.DIRECT_PLAY, None),
        (Delivery.DIRECT_STREAM, ("copy", "copy")),
        (Delivery.TRANSCODE, ("transcode", "transcode")),
    ],
)
async def test_sessions(
    world: World,
    owner: Account,
    home: PlexServer,
    delivery: Delivery,
    decisions: tuple[str, str] | None,
) -> None:
    """It reads the sessions with their user, player and transcode session."""
    stream = await home.start_stream(title="Winter Light", player="Kitchen", delivery=delivery)
    await stream.seek(600_000)
    await stream.pause()
    server = await connect(world, home, owner)

    [session] = await in_thread(server.sessions)

    assert session.title == "Winter Light"
    assert session.sessionKey == 1
    assert session.usernames == ["owner"]
    assert session.player.title == "Kitchen"
    assert session.player.state == "paused"
    assert session.viewOffset == pytest.approx(600_000, abs=1000)
    assert session.session.location == "lan"
    transcode: Any = session.transcodeSession
    assert (transcode and (transcode.videoDecision, transcode.audioDecision)) == decisions
    assert len(await in_thread(server.transcodeSessions)) == (0 if decisions is None else 1)


async def test_track_session(world: World, owner: Account, home: PlexServer) -> None:
    """It reads the session of a track."""
    await home.start_stream(title="Opening", kind=Kind.TRACK)
    server = await connect(world, home, owner)

    [session] = await in_thread(server.sessions)

    assert session.type == "track"
    assert session.grandparentTitle == "The Quiet Band"


async def test_create_token(world: World, owner: Account, home: PlexServer) -> None:
    """It creates a token that is valid until the server restarts."""
    server = await connect(world, home, owner)

    transient = await in_thread(server.createToken)

    assert transient.startswith("transient-")
    assert (await in_thread(lambda: PlexApiServer(home.url, transient))).friendlyName == "Home"
    await home.restart()
    with pytest.raises(Unauthorized):
        await in_thread(lambda: PlexApiServer(home.url, transient))


async def test_system_accounts_and_devices(
    world: World, owner: Account, friend: Account, home: PlexServer
) -> None:
    """It lists the accounts and players that the server knows; the owner is number 1."""
    home.share_with(friend)
    await home.start_stream(player="Kitchen")
    server = await connect(world, home, owner)

    accounts = await in_thread(server.systemAccounts)
    devices = await in_thread(server.systemDevices)

    assert [(account.accountID, account.name) for account in accounts] == [
        (0, ""),
        (1, "owner"),
        (friend.id, "friend"),
    ]
    assert [device.name for device in devices] == ["Kitchen"]


async def test_updates(world: World, owner: Account, home: PlexServer) -> None:
    """It checks for a newer version and installs it."""
    server = await connect(world, home, owner)
    assert await in_thread(server.checkForUpdate) is None

    home.updater.offer("1.44.0.11000-0badc0ffe", checked=False, fixed="A fault.")

    release = await in_thread(server.checkForUpdate)
    assert release.version == "1.44.0.11000-0badc0ffe"
    assert await in_thread(server.canInstallUpdate) is True
    await in_thread(server.installUpdate)
    assert home.updater.installs == ["1.44.0.11000-0badc0ffe"]


async def test_settings_activities_and_others(
    world: World, owner: Account, home: PlexServer
) -> None:
    """It reads the other endpoints that a monitor reads."""
    await home.activities.start("library.update.section", "Scanning Movies", section_id=1)
    server = await connect(world, home, owner)

    def read() -> dict[str, Any]:
        return {
            "setting": server.settings.get("FriendlyName").value,
            "activities": [activity.title for activity in server.activities],
            "backup": any(task.name == "BackupDatabase" for task in server.butlerTasks()),
            "signed in": server.account().signInState,
            "identity": server.identity().machineIdentifier,
            "clients": server.clients(),
            "playlists": server.playlists(),
            "on deck": server.library.onDeck(),
        }

    assert await in_thread(read) == {
        "setting": "Home",
        "activities": ["Scanning Movies"],
        "backup": True,
        "signed in": "ok",
        "identity": home.machine_identifier,
        "clients": [],
        "playlists": [],
        "on deck": [],
    }
