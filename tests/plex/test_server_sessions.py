"""Sessions, play history and devices of a server."""

from datetime import timedelta

from freezegun.api import FrozenDateTimeFactory
import pytest

from custom_components.plex_monitor.plex.errors import (
    PlexForbiddenError,
    PlexNotFoundError,
)
from custom_components.plex_monitor.plex.models import (
    PlaybackState,
    StreamDecision,
)
from custom_components.plex_monitor.plex.server import PlexServer
from tests import simulator
from tests.simulator import Delivery, Kind, World

from .common import NOON, assert_no_secrets, serve


async def test_sessions(home: simulator.PlexServer, server: PlexServer) -> None:
    """A session is listed until it ends."""
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


async def test_invalid_sessions_are_left_out(
    home: simulator.PlexServer, server: PlexServer
) -> None:
    """The valid ones are returned."""
    entries = [None, {"title": "No key"}, {"sessionKey": 5, "Player": 5, "User": []}]
    serve(home, "/status/sessions", {"size": 3, "Metadata": entries})
    assert [session.session_key for session in await server.sessions()] == ["5"]


async def test_transcoded_session(home: simulator.PlexServer, server: PlexServer) -> None:
    """Quality, codecs, bandwidth and hardware are returned."""
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
async def test_delivery(
    home: simulator.PlexServer,
    server: PlexServer,
    delivery: Delivery,
    audio: str | None,
    expected: StreamDecision,
) -> None:
    """It follows from the decisions on video and audio."""
    await home.start_stream(user=home.owner, title="Fog", delivery=delivery, audio=audio)
    (session,) = await server.sessions()
    assert session.decision is expected
    assert session.source_resolution == "1080p"


async def test_photo_trailer_and_live_tv(home: simulator.PlexServer, server: PlexServer) -> None:
    """A photo has no session id, and live TV no library."""
    home.library.add_section("Photos", Kind.PHOTO)
    await home.start_stream(user=home.owner, title="At the lake", kind=Kind.PHOTO)
    await home.start_stream(user=home.owner, title="Coming soon", kind=Kind.CLIP)
    await home.start_stream(user=home.owner, title="The news", live=True)
    photo, clip, news = await server.sessions()
    assert (photo.media_type, photo.session_id, photo.progress) == ("photo", None, None)
    assert (clip.media_type, clip.section_id) == ("clip", "-2")
    assert (news.live, news.section_id) == (True, None)


async def test_terminate(home: simulator.PlexServer, server: PlexServer) -> None:
    """The player shows the reason."""
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


async def test_terminate_without_plex_pass(
    world: World, home: simulator.PlexServer, server: PlexServer, token: str
) -> None:
    """The 401 of the server says nothing about the token."""
    home.owner.plex_pass = False
    stream = await home.start_stream(user=home.owner, title="Fog")
    with pytest.raises(PlexForbiddenError) as failed:
        await server.terminate(stream.session_id, reason="No")
    assert world.requests[-1].status == 401
    assert failed.value.__context__ is None
    assert_no_secrets(failed.value)
    assert token not in str(failed.value)
    assert len(await server.sessions()) == 1


async def test_history(home: simulator.PlexServer, server: PlexServer) -> None:
    """Latest first, with account and library."""
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
    """Earlier entries are left out."""
    freezer.move_to(NOON)
    await (await home.start_stream(user=home.owner, title="Winter Light")).stop()
    freezer.tick(60)
    await (await home.start_stream(user=home.owner, title="The Long Road")).stop()
    rows = await server.history(limit=10, since=NOON + timedelta(seconds=60))
    assert [row.title for row in rows] == ["The Long Road"]
    assert rows[0].viewed_at == NOON + timedelta(seconds=60)
    assert len(await server.history(limit=10, since=NOON)) == 2


async def test_history_of_other_users(
    world: World, home: simulator.PlexServer, server: PlexServer
) -> None:
    """They get their own entries only."""
    friend = world.plex_tv.add_account("friend")
    server.use_token(home.share_with(friend))
    await (await home.start_stream(user=home.owner, title="Winter Light")).stop()
    await (await home.start_stream(user=friend, title="The Long Road")).stop()
    assert [row.title for row in await server.history(limit=10)] == ["The Long Road"]


async def test_devices(home: simulator.PlexServer, server: PlexServer) -> None:
    """A device is listed after its session has ended, with the identifier of its player."""
    assert await server.devices() == ()
    stream = await home.start_stream(user=home.owner, title="Fog", player="Living room TV")
    (session,) = await server.sessions()
    await stream.stop()
    (device,) = await server.devices()
    assert device.client_identifier == session.player_id
    assert (device.name, device.platform) == ("Living room TV", "Android")


async def test_invalid_devices_are_left_out(home: simulator.PlexServer, server: PlexServer) -> None:
    """Old entries have no identifier."""
    devices = [
        {"id": 1, "name": "iPhone", "platform": "iOS", "clientIdentifier": ""},
        {"id": 2, "name": "Phone", "platform": "iOS", "clientIdentifier": "b2c4"},
    ]
    serve(home, "/devices", {"size": 2, "Device": devices})
    assert [device.client_identifier for device in await server.devices()] == ["b2c4"]
