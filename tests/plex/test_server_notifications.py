"""The notification websocket of a server."""

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

from .common import open_notifications, requested_paths


async def test_notifications(home: simulator.PlexServer, server: PlexServer) -> None:
    """They arrive in order, and unknown frames are dropped."""
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
async def test_lost_websocket_requires_a_new_verification(
    world: World, home: simulator.PlexServer, server: PlexServer, *, abruptly: bool
) -> None:
    """The server may have been replaced."""

    async def listen() -> None:
        async with server.notifications() as notifications:
            await home.notifier.drop(abruptly=abruptly)
            await anext(aiter(notifications))

    with pytest.raises(PlexConnectionError):
        await listen()
    world.requests.clear()
    await server.info()
    assert requested_paths(world) == ["/identity", "/ with token"]


async def test_websocket_is_closed(
    world: World, home: simulator.PlexServer, server: PlexServer
) -> None:
    """No connection is left open."""
    async with server.notifications():
        assert len(home.notifier.listeners) == 1
    await world.idle()
    assert not home.notifier.listeners


@pytest.mark.parametrize(
    ("code", "expected"),
    [(401, PlexUnauthorizedError), (403, PlexForbiddenError), (503, PlexUnavailableError)],
)
async def test_rejected_handshake(
    home: simulator.PlexServer, server: PlexServer, code: int, expected: type[PlexError]
) -> None:
    """It raises the same errors as a request."""
    home.refuses_websockets = code
    with pytest.raises(expected):
        await open_notifications(server)


async def test_notifications_of_a_scan(home: simulator.PlexServer, server: PlexServer) -> None:
    """It starts, reports the items found, and ends."""
    received: list[Notification] = []
    async with server.notifications() as notifications:
        await home.add_media("Something new")
        async for notification in notifications:
            received.append(notification)
            if isinstance(notification, ActivityNotification) and (
                notification.event is ActivityEvent.ENDED
            ):
                break
    first, last = received[0], received[-1]
    assert isinstance(first, ActivityNotification)
    assert isinstance(last, ActivityNotification)
    assert first.event is ActivityEvent.STARTED
    assert first.activity.uuid == last.activity.uuid
    assert (first.activity.section_id, last.activity.progress) == ("1", 100)
    timeline = [each for each in received if isinstance(each, TimelineNotification)]
    assert {each.title for each in timeline} == {"Something new"}
    assert {each.media_type for each in timeline} == {MediaType.MOVIE}
    assert timeline[0].state is TimelineState.CREATED
    assert timeline[-1].state is TimelineState.PROCESSED


async def test_notifications_of_transcodes_and_remote_access(
    home: simulator.PlexServer, server: PlexServer
) -> None:
    """The key of a transcode is that of the playing notifications."""
    async with server.notifications() as notifications:
        stream = await home.start_stream(user=home.owner, title="Fog", transcode=True)
        await stream.work(throttled=True, speed=0.0)
        await stream.stop()
        await home.remote_access.become("failed", error="unreachable")
        received: list[Notification] = []
        async for notification in notifications:
            received.append(notification)
            if isinstance(notification, ReachabilityNotification):
                break
    transcodes = [each for each in received if isinstance(each, TranscodeNotification)]
    assert {each.transcode.key for each in transcodes} == {stream.transcode_id}
    assert any(each.transcode.throttled for each in transcodes)
    assert [each.ended for each in transcodes][-1] is True
    playing = [each for each in received if isinstance(each, PlayingNotification)]
    assert {each.transcode_session for each in playing} == {stream.transcode_id}
