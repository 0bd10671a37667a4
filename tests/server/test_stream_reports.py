"""Streams that the server reports otherwise than it lists them."""

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
import pytest

from tests.simulator import PlexServer, State, Stream, World
from tests.support.automations import automate, on, trigger_of
from tests.support.entities import attributes_of
from tests.support.entries import state_of
from tests.support.helpers import advance, settle
from tests.support.requests import session_reads

STREAMS = "sensor.home_streams"

pytestmark = pytest.mark.usefixtures("init_integration")


@pytest.fixture
async def stream(hass: HomeAssistant, freezer: FrozenDateTimeFactory, home: PlexServer) -> Stream:
    """Return a stream that is listed."""
    stream = await home.start_stream(user=home.owner, title="Fog")
    await advance(hass, freezer, 15, step=1)
    return stream


async def report(hass: HomeAssistant, home: PlexServer, stream: Stream, **changes: str) -> None:
    """Send a notification about a stream, which differs from how it is listed."""
    notification = {
        "sessionKey": stream.session_key,
        "ratingKey": str(stream.item.rating_key),
        "state": stream.state.value,
    }
    await home.notifier.notify("playing", "PlaySessionStateNotification", notification | changes)
    await settle(hass)


def shown_state(hass: HomeAssistant) -> str:
    """Return the state of the only stream."""
    [stream] = attributes_of(hass, STREAMS)["streams"]
    return str(stream["state"])


@pytest.mark.parametrize(
    "name",
    [
        {"transcodeSession": "unlisted"},
        {"ratingKey": "133276"},
        {"key": "/livetv/sessions/aa11"},
        {"sessionKey": "900"},
    ],
    ids=["transcode", "item", "live session", "session key"],
)
async def test_stream_under_another_name_is_paused_and_resumed_at_once(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    home: PlexServer,
    stream: Stream,
    name: dict[str, str],
) -> None:
    """Nobody waits for the next poll, however often it happens."""
    await report(hass, home, stream, **name)
    await advance(hass, freezer, 15, step=1)
    for state in (State.PAUSED, State.PLAYING, State.PAUSED):
        stream.state = state
        await report(hass, home, stream, **name)
        await advance(hass, freezer, 2, step=1)
        assert shown_state(hass) == state.value
        await advance(hass, freezer, 12, step=1)
        assert shown_state(hass) == state.value


async def test_late_end_of_the_item_before_hides_no_stream(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, home: PlexServer, stream: Stream
) -> None:
    """The next item plays under the same session key."""
    runs = await automate(hass, on("playback_stopped"))
    for _ in range(2):
        await report(hass, home, stream, ratingKey="99", state="stopped")
        await advance(hass, freezer, 130)
        assert state_of(hass, STREAMS) == "1"
    assert runs == []


async def test_end_under_an_unknown_key_is_noticed_at_once(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    home: PlexServer,
    stream: Stream,
    world: World,
) -> None:
    """The sessions are read once, however often it is reported."""
    runs = await automate(hass, on("playback_stopped"))
    world.requests.clear()
    home.playback.streams.remove(stream)
    for _ in range(5):
        await report(hass, home, stream, sessionKey="900", state="stopped")
        await advance(hass, freezer, 2, step=1)
        assert state_of(hass, STREAMS) == "0"
    assert [trigger_of(run)["title"] for run in runs] == ["Fog"]
    assert len(session_reads(world)) == 1


async def test_error_of_a_player_is_no_end(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, home: PlexServer, stream: Stream
) -> None:
    """The server still lists the stream, and the player plays on."""
    runs = await automate(hass, on("playback_stopped"))
    await report(hass, home, stream, state="error")
    await advance(hass, freezer, 15, step=1)
    assert state_of(hass, STREAMS) == "1"
    await stream.pause()
    await settle(hass)
    assert shown_state(hass) == "paused"
    assert runs == []


async def test_stream_that_ends_with_an_error_is_noticed(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, home: PlexServer, stream: Stream
) -> None:
    """The server lists it for a moment longer."""
    runs = await automate(hass, on("playback_stopped"))
    await report(hass, home, stream, state="error")
    assert state_of(hass, STREAMS) == "1"
    home.playback.streams.remove(stream)
    await advance(hass, freezer, 4, step=1)
    assert state_of(hass, STREAMS) == "0"
    assert [trigger_of(run)["title"] for run in runs] == ["Fog"]
