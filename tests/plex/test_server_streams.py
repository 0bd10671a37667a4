"""What is played on a server, and what was."""

from datetime import timedelta

from freezegun.api import FrozenDateTimeFactory
import pytest

from custom_components.plex_monitor.plex.errors import (
    PlexError,
    PlexForbiddenError,
    PlexNotFoundError,
    PlexUnauthorizedError,
)
from custom_components.plex_monitor.plex.models import (
    PlaybackState,
    StreamDecision,
)
from custom_components.plex_monitor.plex.server import PlexServer
from tests import simulator
from tests.simulator import Delivery, Fault, Kind, World

from .common import NOON, assert_tells_nothing


async def test_sessions(home: simulator.PlexServer, server: PlexServer) -> None:
    """Streams come and go."""
    assert await server.sessions() == ()
    stream = await home.start_stream(
        user=home.owner, title="Test Feature", player="Living room TV", transcode=True
    )
    (session,) = await server.sessions()
    assert session.session_key == str(stream.session_key)
    assert session.title == "Test Feature"
    assert session.media_type == "movie"
    assert session.user == home.owner.title
    assert session.player == "Living room TV"
    assert session.state is PlaybackState.PLAYING
    await stream.pause()
    assert [each.state for each in await server.sessions()] == [PlaybackState.PAUSED]
    await stream.stop()
    assert await server.sessions() == ()


async def test_a_bad_session_costs_that_session(
    home: simulator.PlexServer, server: PlexServer
) -> None:
    """The others are still there."""
    entries = [None, {"title": "No key"}, {"sessionKey": 5, "Player": 5, "User": []}]
    home.faults.set(
        Fault.json({"MediaContainer": {"size": 3, "Metadata": entries}}, code=200),
        paths="/status/sessions",
    )
    assert [session.session_key for session in await server.sessions()] == ["5"]


@pytest.mark.parametrize(
    ("old", "expected"), [(False, PlexForbiddenError), (True, PlexUnauthorizedError)]
)
async def test_streams_are_for_the_owner(
    world: World,
    home: simulator.PlexServer,
    server: PlexServer,
    *,
    old: bool,
    expected: type[PlexError],
) -> None:
    """A friend may ask for the server, and not for its streams."""
    home.refuses_with_401 = old
    friend = world.plex_tv.add_account("friend")
    server.use_token(home.share_with(friend))
    assert (await server.info()).friendly_name == "Home"
    with pytest.raises(expected):
        await server.sessions()


async def test_a_session_tells_everything(home: simulator.PlexServer, server: PlexServer) -> None:
    """Who plays what, where, and what the server does for it."""
    await home.start_stream(
        user=home.owner,
        title="Fog",
        player="Living room TV",
        transcode=True,
        quality=simulator.UHD,
        hardware=True,
        location="wan",
        bandwidth=4200,
    )
    (session,) = await server.sessions()
    assert session.decision is StreamDecision.TRANSCODE
    assert (session.source_resolution, session.resolution) == ("4k", "720p")
    assert (session.source_video_codec, session.video_codec) == ("hevc", "h264")
    assert (session.source_audio_codec, session.audio_codec) == ("truehd", "aac")
    assert (session.bandwidth, session.location) == (4200, "wan")
    assert session.user_id == "1"
    assert session.transcode is not None
    assert session.transcode.hardware is True


@pytest.mark.parametrize(
    ("delivery", "audio", "expected"),
    [
        (Delivery.DIRECT_PLAY, None, StreamDecision.DIRECT_PLAY),
        (Delivery.DIRECT_STREAM, None, StreamDecision.DIRECT_STREAM),
        (Delivery.TRANSCODE, None, StreamDecision.TRANSCODE),
        (Delivery.TRANSCODE, "copy", StreamDecision.TRANSCODE),
    ],
)
async def test_how_a_stream_is_delivered(
    home: simulator.PlexServer,
    server: PlexServer,
    delivery: Delivery,
    audio: str | None,
    expected: StreamDecision,
) -> None:
    """By what is decided on its picture and its sound."""
    await home.start_stream(user=home.owner, title="Fog", delivery=delivery, audio=audio)
    (session,) = await server.sessions()
    assert session.decision is expected
    assert session.source_resolution == "1080p"


async def test_a_photo_and_a_trailer_are_streams_too(
    home: simulator.PlexServer, server: PlexServer
) -> None:
    """Some players have no session that could be ended, and some media no library."""
    home.library.add_section("Photos", Kind.PHOTO)
    await home.start_stream(user=home.owner, title="At the lake", kind=Kind.PHOTO)
    await home.start_stream(user=home.owner, title="Coming soon", kind=Kind.CLIP)
    await home.start_stream(user=home.owner, title="The news", live=True)
    photo, clip, news = await server.sessions()
    assert (photo.media_type, photo.session_id, photo.progress) == ("photo", None, None)
    assert (clip.media_type, clip.section_id) == ("clip", "-2")
    assert (news.live, news.section_id) == (True, None)


async def test_a_stream_is_ended(home: simulator.PlexServer, server: PlexServer) -> None:
    """Its player is told why."""
    stream = await home.start_stream(user=home.owner, title="Fog")
    (session,) = await server.sessions()
    assert session.session_id is not None
    await server.terminate(session.session_id, reason="Good night & sleep well")
    assert await server.sessions() == ()
    assert "Good night & sleep well" in str(stream.termination)
    with pytest.raises(PlexNotFoundError):
        await server.terminate(session.session_id)
    with pytest.raises(PlexForbiddenError):
        await server.terminate("")


async def test_streams_are_ended_with_plex_pass_only(
    world: World, home: simulator.PlexServer, server: PlexServer, token: str
) -> None:
    """The 401 that comes without is no word about the token, and cannot be taken for one."""
    home.owner.plex_pass = False
    stream = await home.start_stream(user=home.owner, title="Fog")
    with pytest.raises(PlexForbiddenError) as failed:
        await server.terminate(stream.session_id, reason="No")
    assert world.requests[-1].status == 401
    assert failed.value.__context__ is None
    assert_tells_nothing(failed.value)
    assert token not in str(failed.value)
    assert len(await server.sessions()) == 1


async def test_history(home: simulator.PlexServer, server: PlexServer) -> None:
    """What was played, the latest first, by whom and in which library."""
    for title in ("Winter Light", "The Long Road"):
        await (await home.start_stream(user=home.owner, title=title)).stop()
    episode = await home.start_stream(user=home.owner, title="First Steps")
    await episode.stop()
    rows = await server.history(limit=10)
    assert [row.title for row in rows] == ["First Steps", "The Long Road", "Winter Light"]
    assert (rows[0].grandparent_title, rows[0].season, rows[0].episode) == ("Harbour Street", 1, 1)
    (owner,) = [each for each in await server.accounts() if each.name == home.owner.title]
    assert {row.account_id for row in rows} == {owner.account_id} == {"1"}
    assert [row.title for row in await server.history(limit=1)] == ["First Steps"]
    films = await server.history(limit=10, section_key="1")
    assert [row.title for row in films] == ["The Long Road", "Winter Light"]


async def test_history_since(
    home: simulator.PlexServer, server: PlexServer, freezer: FrozenDateTimeFactory
) -> None:
    """What was played before is left out."""
    freezer.move_to(NOON)
    await (await home.start_stream(user=home.owner, title="Winter Light")).stop()
    freezer.tick(60)
    await (await home.start_stream(user=home.owner, title="The Long Road")).stop()
    rows = await server.history(limit=10, since=NOON + timedelta(seconds=60))
    assert [row.title for row in rows] == ["The Long Road"]
    assert rows[0].viewed_at == NOON + timedelta(seconds=60)
    assert len(await server.history(limit=10, since=NOON)) == 2


async def test_a_friend_sees_the_own_history(
    world: World, home: simulator.PlexServer, server: PlexServer
) -> None:
    """And not that of others, nor who they are."""
    friend = world.plex_tv.add_account("friend")
    server.use_token(home.share_with(friend))
    await (await home.start_stream(user=home.owner, title="Winter Light")).stop()
    await (await home.start_stream(user=friend, title="The Long Road")).stop()
    assert [row.title for row in await server.history(limit=10)] == ["The Long Road"]
    with pytest.raises(PlexForbiddenError):
        await server.accounts()


async def test_devices(home: simulator.PlexServer, server: PlexServer) -> None:
    """Whatever has played something, by what its sessions call it, and after its end too."""
    assert await server.devices() == ()
    stream = await home.start_stream(user=home.owner, title="Fog", player="Living room TV")
    (session,) = await server.sessions()
    await stream.stop()
    (device,) = await server.devices()
    assert device.client_identifier == session.player_id
    assert (device.name, device.platform) == ("Living room TV", "Android")


async def test_device_that_is_nobody_costs_that_device(
    home: simulator.PlexServer, server: PlexServer
) -> None:
    """Servers have kept such from old times."""
    devices = [
        {"id": 1, "name": "iPhone", "platform": "iOS", "clientIdentifier": ""},
        {"id": 2, "name": "Phone", "platform": "iOS", "clientIdentifier": "b2c4"},
    ]
    home.faults.set(
        Fault.json({"MediaContainer": {"size": 2, "Device": devices}}, code=200), paths="/devices"
    )
    assert [device.client_identifier for device in await server.devices()] == ["b2c4"]


async def test_devices_are_for_the_owner(
    world: World, home: simulator.PlexServer, server: PlexServer
) -> None:
    """A friend learns nothing of them."""
    server.use_token(home.share_with(world.plex_tv.add_account("friend")))
    with pytest.raises(PlexForbiddenError):
        await server.devices()
