"""What a server tells by itself."""

import pytest

from custom_components.plex_monitor.plex.errors import (
    PlexConnectionError,
    PlexError,
    PlexForbiddenError,
    PlexUnauthorizedError,
    PlexUnavailableError,
)
from custom_components.plex_monitor.plex.models import (
    MediaType,
    PlaybackState,
)
from custom_components.plex_monitor.plex.notifications import (
    ActivityEvent,
    ActivityNotification,
    Notification,
    PlayingNotification,
    ReachabilityNotification,
    TimelineNotification,
    TimelineState,
    TranscodeNotification,
    UpdateStateNotification,
)
from custom_components.plex_monitor.plex.server import PlexServer
from tests import simulator
from tests.simulator import World

from .common import open_and_close, paths


async def test_notifications(home: simulator.PlexServer, server: PlexServer) -> None:
    """What happens is told at once; what is of no use is left out."""
    async with server.notifications() as notifications:
        iterator = aiter(notifications)
        await home.notifier.send_text("rubbish")
        await home.add_media("Something new")
        stream = await home.start_stream(user=home.owner, title="Film")
        async for first in iterator:
            if isinstance(first, PlayingNotification):
                break
        assert isinstance(first, PlayingNotification)
        assert first.session_key == str(stream.session_key)
        assert first.state is PlaybackState.PLAYING
        await home.notifier.notify(
            "update.statechange",
            "AutoUpdateNotification",
            {"version": "1.99", "state": "downloading"},
            {"version": "1.99", "state": "downloaded"},
        )
        assert [await anext(iterator), await anext(iterator)] == [
            UpdateStateNotification(),
            UpdateStateNotification(),
        ]
        await stream.stop()
        last = await anext(iterator)
        assert isinstance(last, PlayingNotification)
        assert last.state is None


@pytest.mark.parametrize("abruptly", [False, True])
async def test_a_lost_channel_ends_the_trust(
    world: World, home: simulator.PlexServer, server: PlexServer, *, abruptly: bool
) -> None:
    """A restart may be behind it."""

    async def listen() -> None:
        async with server.notifications() as notifications:
            await home.notifier.drop(abruptly=abruptly)
            await anext(aiter(notifications))

    with pytest.raises(PlexConnectionError):
        await listen()
    world.requests.clear()
    await server.info()
    assert paths(world) == ["/identity", "/ with token"]


async def test_leaving_closes_the_channel(
    world: World, home: simulator.PlexServer, server: PlexServer
) -> None:
    """Nobody listens afterwards."""
    async with server.notifications():
        assert len(home.notifier.listeners) == 1
    await world.idle()
    assert not home.notifier.listeners


@pytest.mark.parametrize(
    ("code", "expected"),
    [(401, PlexUnauthorizedError), (403, PlexForbiddenError), (503, PlexUnavailableError)],
)
async def test_a_channel_that_is_refused(
    home: simulator.PlexServer, server: PlexServer, code: int, expected: type[PlexError]
) -> None:
    """It means what it means for a request."""
    home.refuses_websockets = code
    with pytest.raises(expected):
        await open_and_close(server)


async def test_a_scan_is_told_in_its_order(home: simulator.PlexServer, server: PlexServer) -> None:
    """It begins, tells what it found, and ends."""
    told: list[Notification] = []
    async with server.notifications() as notifications:
        await home.add_media("Something new")
        async for notification in notifications:
            told.append(notification)
            if isinstance(notification, ActivityNotification) and (
                notification.event is ActivityEvent.ENDED
            ):
                break
    first, last = told[0], told[-1]
    assert isinstance(first, ActivityNotification)
    assert isinstance(last, ActivityNotification)
    assert first.event is ActivityEvent.STARTED
    assert first.activity.uuid == last.activity.uuid
    assert (first.activity.section_id, last.activity.progress) == ("1", 100)
    timeline = [each for each in told if isinstance(each, TimelineNotification)]
    assert {each.title for each in timeline} == {"Something new"}
    assert {each.media_type for each in timeline} == {MediaType.MOVIE}
    assert timeline[0].state is TimelineState.CREATED
    assert timeline[-1].state is TimelineState.PROCESSED


async def test_the_transcoder_and_remote_access_are_told(
    home: simulator.PlexServer, server: PlexServer
) -> None:
    """The status of a stream goes with its notifications."""
    async with server.notifications() as notifications:
        stream = await home.start_stream(user=home.owner, title="Fog", transcode=True)
        await stream.work(throttled=True, speed=0.0)
        await stream.stop()
        await home.remote_access.become("failed", error="unreachable")
        told: list[Notification] = []
        async for notification in notifications:
            told.append(notification)
            if isinstance(notification, ReachabilityNotification):
                break
    transcodes = [each for each in told if isinstance(each, TranscodeNotification)]
    assert {each.transcode.key for each in transcodes} == {stream.transcode_id}
    assert any(each.transcode.throttled for each in transcodes)
    assert [each.ended for each in transcodes][-1] is True
    playing = [each for each in told if isinstance(each, PlayingNotification)]
    assert {each.transcode_session for each in playing} == {stream.transcode_id}
