"""Actions on streams."""

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
import voluptuous as vol

from tests.simulator import Account, Fault, Kind, PlexServer, World
from tests.support.actions import perform
from tests.support.entries import set_up, signed_in_entry, state_of
from tests.support.helpers import advance, settle


async def test_list_streams(
    hass: HomeAssistant, home: PlexServer, owner: Account, entry: MockConfigEntry
) -> None:
    """A stream is listed with what is played, by whom, where and how."""
    await set_up(hass, entry)
    stream = await home.start_stream(
        user=owner, title="First Steps", kind=Kind.EPISODE, player="Living room TV", transcode=True
    )
    response = await perform(hass, entry, "list_streams")
    (listed,) = response["streams"]
    assert listed["session_key"] == stream.session_key
    assert listed["title"] == "First Steps"
    assert listed["user"] == "owner"
    assert listed["player"] == "Living room TV"
    assert listed["player_id"] == stream.player.machine_identifier
    assert listed["state"] == "playing"
    assert listed["decision"] == "transcode"
    assert (listed["source_video_codec"], listed["video_codec"]) == ("hevc", "h264")
    assert (listed["source_audio_codec"], listed["audio_codec"]) == ("eac3", "aac")
    assert listed["duration"] == stream.item.duration / 1000
    assert listed["can_be_stopped"] is True


async def test_list_streams_that_run(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    home: PlexServer,
    owner: Account,
    entry: MockConfigEntry,
) -> None:
    """The oldest is first; those that have ended or were stopped are left out."""
    await set_up(hass, entry)
    home.stops_streams_at_once = False
    streams = [
        await home.start_stream(user=owner, title=f"Film {number}", player=f"{number}")
        for number in range(12)
    ]
    home.streams.reverse()
    await settle(hass)
    await streams[3].crash()
    await settle(hass)
    await perform(hass, entry, "stop_stream", player="5")
    response = await perform(hass, entry, "list_streams")
    running = [number for number in range(12) if number not in {3, 5}]
    assert [stream["title"] for stream in response["streams"]] == [f"Film {n}" for n in running]
    await advance(hass, freezer, 40)
    response = await perform(hass, entry, "list_streams")
    assert "Film 5" in [stream["title"] for stream in response["streams"]]


@pytest.mark.parametrize(
    ("which", "stopped"),
    [
        ({"user": "friend"}, ["Film 1", "Film 2"]),
        ({"user": "friend", "player": "tablet"}, ["Film 2"]),
        ({"player": " tv "}, ["Film 0"]),
        ({"session_key": "2"}, ["Film 1"]),
    ],
)
async def test_stop_streams_with_a_message(
    hass: HomeAssistant,
    home: PlexServer,
    owner: Account,
    friend: Account,
    entry: MockConfigEntry,
    which: dict[str, str],
    stopped: list[str],
) -> None:
    """The streams that match all fields are stopped, and no other."""
    home.share_with(friend)
    await set_up(hass, entry)
    streams = [
        await home.start_stream(user=user, title=f"Film {number}", player=player)
        for number, (user, player) in enumerate(
            [(owner, "TV"), (friend, "Phone"), (friend, "Tablet")]
        )
    ]
    response = await perform(hass, entry, "stop_stream", message="Good night", **which)
    assert [stream["title"] for stream in response["stopped"]] == stopped
    assert {stream["state"] for stream in response["stopped"]} == {"stopped"}
    terminated = [stream for stream in streams if "Good night" in (stream.termination or "")]
    assert [stream.item.title for stream in terminated] == stopped


async def test_stop_unknown_stream(
    hass: HomeAssistant, home: PlexServer, owner: Account, entry: MockConfigEntry
) -> None:
    """The error says so, and no other stream is stopped."""
    await set_up(hass, entry)
    stream = await home.start_stream(user=owner, title="Film", player="TV")
    with pytest.raises(ServiceValidationError, match="Home has no matching stream"):
        await perform(hass, entry, "stop_stream", user="stranger")
    with pytest.raises(ServiceValidationError, match="Specify which stream of Home"):
        await perform(hass, entry, "stop_stream", message="Good night")
    with pytest.raises(vol.Invalid, match="a name is empty"):
        await perform(hass, entry, "stop_stream", player=" ")
    assert stream.termination is None


async def test_stop_stream_that_cannot_be_stopped(
    hass: HomeAssistant, home: PlexServer, owner: Account, entry: MockConfigEntry
) -> None:
    """Some players that play directly have no session to terminate."""
    await set_up(hass, entry)
    await home.start_stream(user=owner, title="Film", player="TV", with_session=False)
    with pytest.raises(ServiceValidationError, match="Home cannot stop Film"):
        await perform(hass, entry, "stop_stream", player="TV")


async def test_stop_stream_that_has_just_ended(
    hass: HomeAssistant, home: PlexServer, owner: Account, entry: MockConfigEntry
) -> None:
    """That is no error, and nothing is returned as stopped."""
    await set_up(hass, entry)
    await home.start_stream(user=owner, title="Film", player="TV")
    home.faults.set(Fault.status(404), paths="^/status/sessions/terminate")
    assert await perform(hass, entry, "stop_stream", player="TV") == {"stopped": []}


async def test_stop_stream_without_plex_pass(hass: HomeAssistant, world: World) -> None:
    """The error says so, and the token stays valid."""
    modest = world.plex_tv.add_account("modest", plex_pass=False)
    server = await world.add_server("Cabin", owner=modest)
    entry = signed_in_entry(world, server, modest)
    await set_up(hass, entry)
    await server.start_stream(user=modest, title="Film", player="TV")
    with pytest.raises(HomeAssistantError, match="The owner of Cabin needs Plex Pass for this"):
        await perform(hass, entry, "stop_stream", player="TV")
    assert state_of(hass, "sensor.cabin_token_status") == "valid"
