"""The selected players are tracked."""

from dataclasses import replace
from datetime import timedelta

from freezegun.api import FrozenDateTimeFactory
from homeassistant.const import EVENT_STATE_CHANGED
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_capture_events

from tests.simulator import Account, Fault, Player, PlexServer, Stream, World
from tests.support.automations import automate, on, trigger_of
from tests.support.entities import attributes_of
from tests.support.entries import UNREADABLE, set_up, signed_in_entry, state_of
from tests.support.helpers import advance, settle
from tests.support.players import (
    BEDROOM,
    DELIVERY,
    PICTURE,
    TV,
    position_of,
)
from tests.support.requests import session_reads

MINUTE = 60


def shown(hass: HomeAssistant) -> tuple[str, str]:
    """Return the title and the state of the player in the bedroom."""
    return attributes_of(hass, BEDROOM)["media_title"], state_of(hass, BEDROOM)


async def test_next_item_on_the_same_player(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    home: PlexServer,
    owner: Account,
    bedroom_entry: MockConfigEntry,
) -> None:
    """It has a position of its own."""
    await set_up(hass, bedroom_entry)
    first = await home.start_stream(user=owner, title="Winter Light", player=TV)
    await first.seek(600_000)
    await settle(hass)
    await first.stop()
    await home.start_stream(user=owner, title="The Long Road", player=TV)
    await advance(hass, freezer, 2, step=1)
    assert attributes_of(hass, BEDROOM)["media_title"] == "The Long Road"
    assert position_of(hass)[0] <= 2


async def test_two_streams_on_one_player(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    home: PlexServer,
    owner: Account,
    bedroom_entry: MockConfigEntry,
) -> None:
    """The one that plays is shown, of several the later one."""
    await set_up(hass, bedroom_entry)
    first = await home.start_stream(user=owner, title="First", player=TV)
    await advance(hass, freezer, 2, step=1)
    second = await home.start_stream(user=owner, title="Second", player=TV)
    await advance(hass, freezer, 2, step=1)
    assert attributes_of(hass, BEDROOM)["media_title"] == "Second"
    await second.pause()
    await settle(hass)
    assert shown(hass) == ("First", "playing")
    await first.pause()
    await settle(hass)
    assert shown(hass) == ("Second", "paused")
    await second.stop()
    await settle(hass)
    assert attributes_of(hass, BEDROOM)["media_title"] == "First"


async def test_progress_writes_no_state(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    world: World,
    home: PlexServer,
    owner: Account,
) -> None:
    """Two hundred streams play, on tracked players and on others."""
    players = [Player(title=f"TV {number}") for number in range(200)]
    await set_up(hass, signed_in_entry(world, home, owner, players=players[:100]))
    streams = [await home.start_stream(user=owner, player=player) for player in players]
    await advance(hass, freezer, 2, step=1)
    assert state_of(hass, "media_player.tv_99") == "playing"
    world.requests.clear()
    changes = async_capture_events(hass, EVENT_STATE_CHANGED)
    for seconds in (3, 6):
        freezer.tick(timedelta(seconds=3))
        for stream in streams:
            await stream.seek(seconds * 1000)
        await settle(hass)
    assert changes == []
    assert [r for r in world.requests if r.path.startswith(("/status", "/photo"))] == []


async def test_listeners_are_notified_of_changes_alone(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    bedroom_entry: MockConfigEntry,
    stream: Stream,
) -> None:
    """Neither a poll nor a notification is a change while a stream just plays."""
    states: list[object] = []
    [player] = bedroom_entry.runtime_data.players
    player.listeners.async_add(states.append)
    for seconds in range(30, 5 * MINUTE, 30):
        await advance(hass, freezer, 30)
        await stream.seek(seconds * 1000)
    await settle(hass)
    assert states == []
    await stream.pause()
    await settle(hass)
    assert len(states) == 1


async def test_disabled_entity_is_no_listener(
    hass: HomeAssistant, bedroom_entry: MockConfigEntry
) -> None:
    """The other entities of the player still are."""
    await set_up(hass, bedroom_entry)
    [player] = bedroom_entry.runtime_data.players
    listeners = player.listeners._listeners  # noqa: SLF001 - a listener that is left shows nowhere else.
    before = len(listeners)
    er.async_get(hass).async_update_entity(BEDROOM, disabled_by=er.RegistryEntryDisabler.USER)
    await settle(hass)
    assert len(listeners) == before - 1


async def test_first_state_is_known(hass: HomeAssistant, bedroom_entry: MockConfigEntry) -> None:
    """A restart does not trigger an automation that waits for the player to become idle."""
    seen = async_capture_events(hass, EVENT_STATE_CHANGED)
    await set_up(hass, bedroom_entry)
    states = [event.data["new_state"] for event in seen if event.data["entity_id"] == BEDROOM]
    assert [state and state.state for state in states] == ["idle"]


@pytest.mark.allowed_logs(UNREADABLE)
async def test_notification_while_the_server_cannot_be_read(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, home: PlexServer, stream: Stream
) -> None:
    """The state is unknown until the server can be read again, and has a new position then."""
    began = position_of(hass)
    rule = home.faults.set(Fault.status(503), paths="^/status/sessions$")
    await advance(hass, freezer, 2 * MINUTE)
    assert state_of(hass, BEDROOM) == "unavailable"
    await stream.seek(2 * MINUTE * 1000)
    await settle(hass)
    assert state_of(hass, BEDROOM) == "unavailable"
    assert len(home.notifier.listeners) == 1

    home.faults.clear(rule)
    await advance(hass, freezer, 2 * MINUTE)
    assert state_of(hass, BEDROOM) == "playing"
    assert position_of(hass) > began


@pytest.mark.allowed_logs(UNREADABLE)
async def test_player_is_unavailable_with_the_server(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, home: PlexServer, stream: Stream
) -> None:
    """It is available again with its current state."""
    await home.stop()
    await advance(hass, freezer, 3 * MINUTE)
    for entity_id in (BEDROOM, DELIVERY, PICTURE):
        assert state_of(hass, entity_id) == "unavailable"
    await stream.stop()
    await home.start()
    await advance(hass, freezer, 3 * MINUTE)
    assert state_of(hass, BEDROOM) == "idle"


async def test_guest_cannot_see_what_plays(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, world: World, home: PlexServer
) -> None:
    """Players that the owner selected before are unavailable."""
    friend = world.plex_tv.add_account("friend")
    home.share_with(friend)
    await set_up(hass, signed_in_entry(world, home, friend, players=[TV]))
    stream = await home.start_stream(user=friend, title="Winter Light", player=TV)
    await stream.seek(60_000)
    await advance(hass, freezer, 2 * MINUTE)
    assert state_of(hass, BEDROOM) == "unavailable"
    assert state_of(hass, "binary_sensor.home_server") == "on"


async def test_two_servers_with_one_player(
    hass: HomeAssistant,
    world: World,
    home: PlexServer,
    owner: Account,
    bedroom_entry: MockConfigEntry,
) -> None:
    """Each server has a device of its own for it."""
    attic = await world.add_server("Attic", owner=owner)
    other = signed_in_entry(
        world,
        attic,
        owner,
        client_identifier="home-assistant-2",
        entry_id="01JG00V55WEVTJ0CJHM0GAD7PD",
        players=[TV],
    )
    await set_up(hass, bedroom_entry)
    await set_up(hass, other)
    await attic.start_stream(user=owner, title="Winter Light", player=TV)
    await settle(hass)
    assert state_of(hass, BEDROOM) == "idle"
    assert state_of(hass, f"{BEDROOM}_2") == "playing"


async def test_live_tv_is_paused_and_resumed_at_once(
    hass: HomeAssistant, home: PlexServer, bedroom_entry: MockConfigEntry, world: World
) -> None:
    """It is listed without the rating key that notifications have. No further read is needed."""
    await set_up(hass, bedroom_entry)
    news = await home.start_stream(user=home.owner, title="The news", live=True, player=TV)
    await settle(hass)
    world.requests.clear()
    await news.pause()
    await settle(hass)
    assert shown(hass) == ("The news", "paused")
    await news.resume()
    await settle(hass)
    assert shown(hass) == ("The news", "playing")
    assert session_reads(world) == []


async def test_another_channel_is_shown_at_once(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    home: PlexServer,
    bedroom_entry: MockConfigEntry,
) -> None:
    """The session goes on under the same key."""
    await set_up(hass, bedroom_entry)
    news = await home.start_stream(user=home.owner, title="The news", live=True, player=TV)
    await settle(hass)
    runs = await automate(hass, on("playback_started"), on("playback_stopped"))
    await news.zap(replace(news.item, title="The weather"))
    await advance(hass, freezer, 2, step=1)
    assert shown(hass) == ("The weather", "playing")
    assert [trigger_of(run)["title"] for run in runs] == ["The news", "The weather"]
