"""Actions about streams, and those that answer a question."""

from datetime import timedelta

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
import voluptuous as vol

from tests.simulator import Account, Fault, Kind, PlexServer, World
from tests.support.actions import act, key_of
from tests.support.entries import set_up, signed_in_entry

# Streams


async def test_list_of_streams(
    hass: HomeAssistant, home: PlexServer, owner: Account, entry: MockConfigEntry
) -> None:
    """With all that is known of them."""
    await set_up(hass, entry)
    stream = await home.start_stream(
        user=owner, title="First Steps", kind=Kind.EPISODE, player="Living room TV", transcode=True
    )
    answer = await act(hass, entry, "list_streams")
    (listed,) = answer["streams"]
    assert listed["session_key"] == stream.session_key
    assert listed["title"] == "First Steps"
    assert listed["user"] == "owner"
    assert listed["player"] == "Living room TV"
    assert listed["state"] == "playing"
    assert listed["decision"] == "transcode"
    assert (listed["source_video_codec"], listed["video_codec"]) == ("hevc", "h264")
    assert (listed["source_audio_codec"], listed["audio_codec"]) == ("eac3", "aac")
    assert listed["duration"] == stream.item.duration / 1000
    assert listed["can_be_stopped"] is True


@pytest.mark.parametrize(
    ("which", "stopped"),
    [
        ({"user": "friend"}, ["Film 1", "Film 2"]),
        ({"user": "friend", "player": "tablet"}, ["Film 2"]),
        ({"player": " tv "}, ["Film 0"]),
        ({"session_key": "2"}, ["Film 1"]),
    ],
)
async def test_streams_are_stopped_with_a_message(
    hass: HomeAssistant,
    world: World,
    home: PlexServer,
    owner: Account,
    entry: MockConfigEntry,
    which: dict[str, str],
    stopped: list[str],
) -> None:
    """Those that fit everything that was said, and no other."""
    friend = world.plex_tv.add_account("friend")
    home.share_with(friend)
    await set_up(hass, entry)
    streams = [
        await home.start_stream(user=user, title=f"Film {number}", player=player)
        for number, (user, player) in enumerate(
            [(owner, "TV"), (friend, "Phone"), (friend, "Tablet")]
        )
    ]
    answer = await act(hass, entry, "stop_stream", message="Good night", **which)
    assert [one["title"] for one in answer["stopped"]] == stopped
    assert {one["state"] for one in answer["stopped"]} == {"stopped"}
    assert [one.item.title for one in streams if "Good night" in (one.termination or "")] == stopped


async def test_stream_that_there_is_not(
    hass: HomeAssistant, home: PlexServer, owner: Account, entry: MockConfigEntry
) -> None:
    """Nothing else is stopped in its place."""
    await set_up(hass, entry)
    stream = await home.start_stream(user=owner, title="Film", player="TV")
    with pytest.raises(ServiceValidationError, match="Home has no stream like that"):
        await act(hass, entry, "stop_stream", user="stranger")
    with pytest.raises(ServiceValidationError, match="Say which stream of Home"):
        await act(hass, entry, "stop_stream", message="Good night")
    with pytest.raises(vol.Invalid, match="a name is empty"):
        await act(hass, entry, "stop_stream", player=" ")
    assert stream.termination is None


async def test_stream_that_does_not_listen(
    hass: HomeAssistant, home: PlexServer, owner: Account, entry: MockConfigEntry
) -> None:
    """Some players that play directly cannot be told."""
    await set_up(hass, entry)
    await home.start_stream(user=owner, title="Film", player="TV", with_session=False)
    with pytest.raises(ServiceValidationError, match="Home cannot stop Film"):
        await act(hass, entry, "stop_stream", player="TV")


async def test_stream_that_ends_by_itself_is_no_error(
    hass: HomeAssistant, home: PlexServer, owner: Account, entry: MockConfigEntry
) -> None:
    """It is not there any more, as was wanted."""
    await set_up(hass, entry)
    await home.start_stream(user=owner, title="Film", player="TV")
    home.faults.set(Fault.status(404), paths="^/status/sessions/terminate")
    assert await act(hass, entry, "stop_stream", player="TV") == {"stopped": []}


async def test_stopping_needs_plex_pass(hass: HomeAssistant, world: World) -> None:
    """The server refuses, and it is no fault of the token."""
    modest = world.plex_tv.add_account("modest", plex_pass=False)
    server = await world.add_server("Cabin", owner=modest)
    entry = signed_in_entry(world, server, modest)
    await set_up(hass, entry)
    await server.start_stream(user=modest, title="Film", player="TV")
    with pytest.raises(HomeAssistantError, match="Cabin can do that with Plex Pass only"):
        await act(hass, entry, "stop_stream", player="TV")
    state = hass.states.get("sensor.cabin_token_status")
    assert state is not None
    assert state.state == "valid"


# Questions


async def test_search(hass: HomeAssistant, home: PlexServer, entry: MockConfigEntry) -> None:
    """What fits a text."""
    await set_up(hass, entry)
    answer = await act(hass, entry, "search", query="winter")
    (found,) = answer["items"]
    assert found["title"] == "Winter Light"
    assert found["rating_key"] == key_of(home, "Winter Light")
    assert found["library"] == "Movies"
    assert await act(hass, entry, "search", query="nothing like it") == {"items": []}


async def test_recently_added(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, home: PlexServer, entry: MockConfigEntry
) -> None:
    """The newest first, of all libraries or of one."""
    await set_up(hass, entry)
    freezer.tick(60)
    await home.add_media("Newcomer")
    answer = await act(hass, entry, "recently_added", limit=1)
    assert [one["title"] for one in answer["items"]] == ["Newcomer"]
    answer = await act(hass, entry, "recently_added", library="TV Shows")
    assert {one["library"] for one in answer["items"]} == {"TV Shows"}


@pytest.mark.parametrize("action", ["recently_added", "on_deck", "search", "history"])
async def test_limit(
    hass: HomeAssistant,
    home: PlexServer,
    owner: Account,
    entry: MockConfigEntry,
    action: str,
) -> None:
    """From one to what the screen offers."""
    await set_up(hass, entry)
    for title in ("Winter Light", "The Long Road"):
        stream = await home.start_stream(user=owner, title=title, player="TV")
        await stream.seek(1_800_000)
        await stream.stop()
    query = {"query": "i"} if action == "search" else {}
    one = await act(hass, entry, action, limit=1, **query)
    many = await act(hass, entry, action, limit=500, **query)
    # A search finds so many of each kind.
    assert 1 <= len(one["items"]) < len(many["items"])
    assert action == "search" or len(one["items"]) == 1
    for limit in (0, 501):
        with pytest.raises(vol.Invalid):
            await act(hass, entry, action, limit=limit, **query)


async def test_on_deck(
    hass: HomeAssistant, home: PlexServer, owner: Account, entry: MockConfigEntry
) -> None:
    """What was begun and not finished."""
    await set_up(hass, entry)
    stream = await home.start_stream(user=owner, title="Winter Light", player="TV")
    await stream.seek(1_800_000)
    await stream.stop()
    answer = await act(hass, entry, "on_deck")
    assert [one["title"] for one in answer["items"]] == ["Winter Light"]


async def test_history(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    home: PlexServer,
    owner: Account,
    entry: MockConfigEntry,
) -> None:
    """The latest first, and by whom."""
    await set_up(hass, entry)
    for title in ("Winter Light", "The Long Road"):
        stream = await home.start_stream(user=owner, title=title, player="TV")
        freezer.tick(60)
        await stream.stop()
    answer = await act(hass, entry, "history")
    assert [(one["title"], one["user"]) for one in answer["items"]] == [
        ("The Long Road", "owner"),
        ("Winter Light", "owner"),
    ]
    since = dt_util.now() - timedelta(seconds=30)
    answer = await act(hass, entry, "history", since=since.replace(tzinfo=None))
    assert [one["title"] for one in answer["items"]] == ["The Long Road"]
    assert await act(hass, entry, "history", library="Music") == {"items": []}


async def test_guest_asks_for_what_is_theirs(hass: HomeAssistant, guest: MockConfigEntry) -> None:
    """The questions that everybody may ask."""
    await set_up(hass, guest)
    assert await act(hass, guest, "history") == {"items": []}
    assert await act(hass, guest, "on_deck") == {"items": []}
    answer = await act(hass, guest, "search", query="winter")
    assert len(answer["items"]) == 1
