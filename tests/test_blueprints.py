"""The blueprints, in automations for a server."""

from collections.abc import AsyncGenerator
from http import HTTPStatus
from pathlib import Path
import shutil
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.components.automation import DOMAIN as AUTOMATION
from homeassistant.components.blueprint import BLUEPRINT_SCHEMA, Blueprint
from homeassistant.const import (
    ATTR_ENTITY_ID,
    EVENT_HOMEASSISTANT_STARTED,
    SERVICE_TURN_OFF,
    SERVICE_TURN_ON,
)
from homeassistant.core import CoreState, HomeAssistant, ServiceCall
from homeassistant.setup import async_setup_component
from homeassistant.util.yaml import load_yaml_dict
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_mock_service
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.plex_monitor.const import CONF_ACCOUNT_TOKEN, DOCUMENTATION_URL

from .simulator import Account, Delivery, Fault, Find, Kind, Player, PlexServer, Stream, World
from .support.actions import item_of
from .support.automations import library_device, server_device
from .support.entries import set_up, signed_in_entry, state_of
from .support.helpers import advance, settle

BLUEPRINTS = Path(__file__).parents[1] / "blueprints" / "automation" / "plex_monitor"
FROM_BLUEPRINT = "automation.from_a_blueprint"
NOTIFY = {"action": "test.notify", "data": {"title": "{{ title }}", "message": "{{ message }}"}}
MINUTE = 60
HOUR = 3600
MONDAY_EVENING = "2026-11-23 19:50:00+00:00"

ROOM_LIGHTS = {"entity_id": "light.room"}
LIVING_ROOM = {"lights": ROOM_LIGHTS, "players": ["Living room TV"]}


@pytest.fixture
def hass_config_dir(hass_tmp_config_dir: str) -> str:
    """Return a configuration directory with the blueprints imported."""
    shutil.copytree(
        BLUEPRINTS, Path(hass_tmp_config_dir, "blueprints", "automation", "plex_monitor")
    )
    return hass_tmp_config_dir


@pytest.fixture
def notifications(hass: HomeAssistant) -> list[ServiceCall]:
    """Return the calls of the notify action that automations are given."""
    return async_mock_service(hass, "test", "notify")


@pytest.fixture
def light_calls(hass: HomeAssistant) -> list[ServiceCall]:
    """Return the calls that turn on lights."""
    return async_mock_service(hass, "light", "turn_on")


@pytest.fixture
def friend(home: PlexServer, friend: Account) -> Account:
    """Return an account with which the server is shared."""
    home.share_with(friend)
    return friend


@pytest.fixture
async def utc_evening(hass: HomeAssistant) -> AsyncGenerator[None]:
    """Use UTC, and in the end turn the automation off, whose time trigger would stay behind."""
    await hass.config.async_set_time_zone("UTC")
    yield
    await hass.services.async_call(
        AUTOMATION, SERVICE_TURN_OFF, {ATTR_ENTITY_ID: FROM_BLUEPRINT}, blocking=True
    )


async def create_automation(
    hass: HomeAssistant, entry: MockConfigEntry, blueprint: str, **inputs: Any
) -> None:
    """Create an automation from a blueprint for the server of an entry."""
    inputs["server"] = server_device(hass, entry)
    assert await async_setup_component(
        hass,
        AUTOMATION,
        {
            AUTOMATION: {
                "alias": "From a blueprint",
                "use_blueprint": {"path": f"plex_monitor/{blueprint}.yaml", "input": inputs},
            }
        },
    )
    await settle(hass)
    assert state_of(hass, FROM_BLUEPRINT) == "on"


async def set_up_with_automation(
    hass: HomeAssistant, entry: MockConfigEntry, blueprint: str, **inputs: Any
) -> None:
    """Set up an entry, and create an automation from a blueprint for its server."""
    await set_up(hass, entry)
    await create_automation(hass, entry, blueprint, **inputs)


async def process_events(hass: HomeAssistant, freezer: FrozenDateTimeFactory) -> None:
    """Let the integration read what it was notified of, and the automation run."""
    await advance(hass, freezer, 2, step=1)


def is_playing(stream: Stream) -> bool:
    """Return whether a stream has not ended."""
    return not stream.gone


def stop_requests(world: World) -> int:
    """Return how often a server was requested to stop a stream."""
    return sum(request.path == "/status/sessions/terminate" for request in world.requests)


async def restart_automation(hass: HomeAssistant) -> None:
    """Turn the automation off and on, which ends its runs as a reload does."""
    for service in (SERVICE_TURN_OFF, SERVICE_TURN_ON):
        await hass.services.async_call(
            AUTOMATION, service, {ATTR_ENTITY_ID: FROM_BLUEPRINT}, blocking=True
        )
    await settle(hass)


def titles_of(calls: list[ServiceCall]) -> list[str]:
    """Return the titles of notifications."""
    return [call.data["title"] for call in calls]


@pytest.mark.parametrize("path", sorted(BLUEPRINTS.iterdir()), ids=lambda path: path.stem)
def test_blueprint_can_be_imported(path: Path) -> None:
    """Its source URL is right, and Home Assistant accepts it."""
    blueprint = Blueprint(
        load_yaml_dict(str(path)),
        path=path.name,
        expected_domain=AUTOMATION,
        schema=BLUEPRINT_SCHEMA,
    )
    assert blueprint.validate() is None
    expected = f"{DOCUMENTATION_URL}/blob/main/blueprints/automation/plex_monitor/{path.name}"
    assert blueprint.metadata["source_url"] == expected
    for name, field in blueprint.inputs.items():
        assert field is not None, name
        assert field["name"], name
        assert field["selector"], name


async def test_lights_follow_the_film(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    home: PlexServer,
    owner: Account,
    entry: MockConfigEntry,
    light_calls: list[ServiceCall],
) -> None:
    """They are dimmed, brighter during a pause, dimmed again, and bright at the end."""
    hass.states.async_set("sun.sun", "below_horizon")
    await set_up_with_automation(hass, entry, "lights_follow_film", **LIVING_ROOM)
    stream = await home.start_stream(user=owner, title="Winter Light", player="Living room TV")
    await process_events(hass, freezer)
    await stream.pause()
    await process_events(hass, freezer)
    await stream.resume()
    await process_events(hass, freezer)
    await stream.seek(stream.item.duration)
    await stream.stop()
    await process_events(hass, freezer)
    assert [call.data["brightness_pct"] for call in light_calls] == [5, 30, 5, 60]
    assert {call.data["transition"] for call in light_calls} == {3}
    assert all(call.data["entity_id"] == ["light.room"] for call in light_calls)


async def test_lights_stay_dimmed_when_the_quality_changes(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    home: PlexServer,
    owner: Account,
    entry: MockConfigEntry,
    light_calls: list[ServiceCall],
) -> None:
    """The player starts a new stream before the old one ends; only the end of both is an end."""
    hass.states.async_set("sun.sun", "below_horizon")
    await set_up_with_automation(hass, entry, "lights_follow_film", **LIVING_ROOM)
    player = Player(title="Living room TV")
    old = await home.start_stream(user=owner, title="Winter Light", player=player)
    await process_events(hass, freezer)
    new = await home.start_stream(user=owner, title="Winter Light", player=player, transcode=True)
    await process_events(hass, freezer)
    await old.stop()
    await process_events(hass, freezer)
    assert [call.data["brightness_pct"] for call in light_calls] == [5, 5]
    await new.stop()
    await process_events(hass, freezer)
    assert [call.data["brightness_pct"] for call in light_calls] == [5, 5, 60]


async def test_lights_do_not_follow_a_short_interruption(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    home: PlexServer,
    owner: Account,
    entry: MockConfigEntry,
    light_calls: list[ServiceCall],
) -> None:
    """A player that seeks pauses for an instant, and one that goes on to the next item stops."""
    hass.states.async_set("sun.sun", "below_horizon")
    await set_up_with_automation(hass, entry, "lights_follow_film", **LIVING_ROOM)
    player = Player(title="Living room TV")
    stream = await home.start_stream(user=owner, title="Winter Light", player=player)
    await process_events(hass, freezer)
    for _ in range(3):
        await stream.pause()
        await settle(hass)
        await stream.resume()
        await settle(hass)
    await stream.stop()
    await settle(hass)
    await home.start_stream(user=owner, title="Summer Light", player=player)
    await process_events(hass, freezer)
    await process_events(hass, freezer)
    assert {call.data["brightness_pct"] for call in light_calls} == {5}


@pytest.mark.parametrize(
    ("sun", "player", "kind"),
    [
        ("above_horizon", "Living room TV", Kind.MOVIE),
        ("below_horizon", "Kitchen tablet", Kind.MOVIE),
        ("below_horizon", "Living room TV", Kind.TRACK),
    ],
)
async def test_lights_follow_nothing_else(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    home: PlexServer,
    owner: Account,
    entry: MockConfigEntry,
    light_calls: list[ServiceCall],
    sun: str,
    player: str,
    kind: Kind,
) -> None:
    """Nothing happens by day, for another player, or for music."""
    hass.states.async_set("sun.sun", sun)
    await set_up_with_automation(hass, entry, "lights_follow_film", **LIVING_ROOM)
    await home.start_stream(user=owner, title="Something", player=player, kind=kind)
    await process_events(hass, freezer)
    assert state_of(hass, "event.home_playback") != "unknown"
    assert light_calls == []


async def test_lights_do_not_follow_a_reload(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    home: PlexServer,
    owner: Account,
    entry: MockConfigEntry,
    light_calls: list[ServiceCall],
) -> None:
    """The event entity is available again with an event from before."""
    hass.states.async_set("sun.sun", "below_horizon")
    await set_up(hass, entry)
    await home.start_stream(user=owner, title="Winter Light", player="TV")
    await process_events(hass, freezer)
    await create_automation(hass, entry, "lights_follow_film", lights=ROOM_LIGHTS)
    await hass.config_entries.async_reload(entry.entry_id)
    await process_events(hass, freezer)
    assert light_calls == []


@pytest.mark.parametrize(
    ("finds", "title", "message"),
    [
        ([Find(title="Newcomer", year=2026)], "New in Movies", "Newcomer (2026)"),
        (
            [Find(title="Third Time", kind=Kind.EPISODE, show="Harbour Street")],
            "New in TV Shows",
            "Harbour Street, season 1, episode 3: Third Time",
        ),
        (
            [
                Find(title=f"Part {number}", kind=Kind.EPISODE, show="Harbour Street", season=2)
                for number in range(3)
            ],
            "New in TV Shows",
            "Harbour Street, season 2: 3 new",
        ),
        (
            [
                Find(title="Interview", kind=Kind.EPISODE, show="Harbour Street", season=0),
                Find(title="Making of", kind=Kind.EPISODE, show="Harbour Street", season=0),
            ],
            "New in TV Shows",
            "Harbour Street, specials: 2 new",
        ),
        (
            [Find(title="Finale", kind=Kind.TRACK, show="The Quiet Band", album="Evening")],
            "New in Music",
            "The Quiet Band: Finale",
        ),
        (
            [
                Find(title=title, kind=Kind.TRACK, show="The Quiet Band", album="Morning")
                for title in ("Sunrise", "Coffee")
            ],
            "New in Music",
            "The Quiet Band, Morning: 2 new",
        ),
    ],
    ids=["film", "episode", "season", "specials", "track", "album"],
)
async def test_added_media_are_notified_with_an_image(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    hass_client_no_auth: ClientSessionGenerator,
    home: PlexServer,
    entry: MockConfigEntry,
    notifications: list[ServiceCall],
    finds: list[Find],
    title: str,
    message: str,
) -> None:
    """There is one notification for all items that belong together, with a picture of them."""
    data = {name: f"{{{{ {name} }}}}" for name in ("title", "message", "picture", "link")}
    action = {"action": "test.notify", "data": data}
    await set_up_with_automation(hass, entry, "media_added", actions=[action])
    freezer.tick(MINUTE)
    await home.discover(*finds)
    await advance(hass, freezer, MINUTE)
    (call,) = notifications
    assert call.data["title"] == title
    assert call.data["message"] == message
    item = item_of(home, finds[0].title)
    # A season or an album stands for what is new in it.
    shown = item if len(finds) == 1 else item.parent
    assert shown is not None
    assert call.data["link"].endswith(f"%2Flibrary%2Fmetadata%2F{shown.rating_key}")
    assert entry.data[CONF_ACCOUNT_TOKEN] not in str(call.data)
    client = await hass_client_no_auth()
    response = await client.get(call.data["picture"])
    assert (response.status, response.content_type) == (HTTPStatus.OK, "image/jpeg")


async def test_added_media_are_notified_by_default(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    home: PlexServer,
    entry: MockConfigEntry,
) -> None:
    """Without actions it is a persistent notification; libraries can be selected."""
    shown = async_mock_service(hass, "persistent_notification", "create")
    await set_up(hass, entry)
    await create_automation(
        hass,
        entry,
        "media_added",
        libraries=[library_device(hass, entry, "1")],
    )
    freezer.tick(MINUTE)
    await home.discover(Find(title="Newcomer"))
    await home.discover(Find(title="Third Time", kind=Kind.EPISODE, show="Harbour Street"))
    await advance(hass, freezer, MINUTE)
    (call,) = shown
    assert call.data["title"] == "New in Movies"
    assert "![](/api/plex_monitor/picture/" in call.data["message"]


@pytest.mark.allowed_logs("Error fetching Home data")
async def test_server_that_is_down_is_notified(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    home: PlexServer,
    entry: MockConfigEntry,
    notifications: list[ServiceCall],
) -> None:
    """There is a notification after some time, and another when the server is back."""
    await set_up_with_automation(hass, entry, "trouble", actions=[NOTIFY])
    await home.stop()
    await advance(hass, freezer, 4 * MINUTE)
    assert notifications == []
    await advance(hass, freezer, 4 * MINUTE)
    assert titles_of(notifications) == ["Home is down"]
    assert notifications[0].data["message"] == "The Plex server has not responded for 5 minutes."
    await home.start()
    await advance(hass, freezer, 4 * MINUTE)
    assert titles_of(notifications) == ["Home is down", "Home is available again"]


@pytest.mark.allowed_logs("Error fetching Home data")
async def test_server_that_restarts_is_not_notified(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    home: PlexServer,
    entry: MockConfigEntry,
    notifications: list[ServiceCall],
) -> None:
    """A server that is back soon causes no notification."""
    await set_up_with_automation(hass, entry, "trouble", actions=[NOTIFY])
    await home.stop()
    await advance(hass, freezer, MINUTE)
    assert state_of(hass, "binary_sensor.home_server") == "off"
    await home.start()
    await advance(hass, freezer, 10 * MINUTE)
    assert state_of(hass, "binary_sensor.home_server") == "on"
    assert notifications == []


@pytest.mark.allowed_logs("Error fetching Home data")
async def test_server_that_is_back_is_notified_during_other_actions(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    home: PlexServer,
    entry: MockConfigEntry,
    notifications: list[ServiceCall],
) -> None:
    """The actions for one notification may take longer than the server is down."""
    slow = [NOTIFY, {"delay": {"minutes": 30}}]
    await set_up_with_automation(hass, entry, "trouble", minutes=1, actions=slow)
    for _ in range(2):
        await home.stop()
        await advance(hass, freezer, 4 * MINUTE)
        await home.start()
        await advance(hass, freezer, 4 * MINUTE)
    assert titles_of(notifications) == ["Home is down", "Home is available again"] * 2
    assert notifications[0].data["message"] == "The Plex server has not responded for 1 minute."


@pytest.mark.allowed_logs("Error fetching Home data")
async def test_server_that_is_down_is_notified_although_the_automation_is_reloaded(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    home: PlexServer,
    entry: MockConfigEntry,
    notifications: list[ServiceCall],
) -> None:
    """Neither the time to wait starts anew, nor is the end of the downtime missed."""
    await set_up_with_automation(hass, entry, "trouble", minutes=10, actions=[NOTIFY])
    await home.stop()
    await advance(hass, freezer, 9 * MINUTE)
    await restart_automation(hass)
    await advance(hass, freezer, 3 * MINUTE)
    assert titles_of(notifications) == ["Home is down"]
    await restart_automation(hass)
    await advance(hass, freezer, 20 * MINUTE)
    assert titles_of(notifications) == ["Home is down"]
    await home.start()
    await advance(hass, freezer, 4 * MINUTE)
    assert titles_of(notifications) == ["Home is down", "Home is available again"]


@pytest.mark.allowed_logs(r"^custom_components\.plex_monitor: ")
async def test_invalid_token_is_notified(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    world: World,
    entry: MockConfigEntry,
    notifications: list[ServiceCall],
) -> None:
    """The notification names the place of the repair."""
    await set_up_with_automation(hass, entry, "trouble", actions=[NOTIFY])
    world.plex_tv.revoke(entry.data[CONF_ACCOUNT_TOKEN])
    await advance(hass, freezer, 10 * MINUTE)
    assert titles_of(notifications) == ["Home needs your attention"]
    assert "Repairs" in notifications[0].data["message"]


async def test_stream_above_the_limit_is_stopped(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    home: PlexServer,
    owner: Account,
    friend: Account,
    entry: MockConfigEntry,
) -> None:
    """It is the latest stream of the user who has too many."""
    await set_up_with_automation(
        hass, entry, "limit_streams", limit=1, exempt=["owner"], message="One is enough"
    )
    streams: list[Stream] = []
    for user in (owner, owner, friend, friend):
        streams.append(await home.start_stream(user=user, title="Film", player=f"{len(streams)}"))
        await process_events(hass, freezer)
    assert [is_playing(stream) for stream in streams] == [True, True, True, False]
    assert "One is enough" in (streams[3].termination or "")


async def test_transcode_above_the_limit_is_stopped(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    home: PlexServer,
    friend: Account,
    entry: MockConfigEntry,
) -> None:
    """A directly played stream is not counted until it is transcoded."""
    await set_up_with_automation(hass, entry, "limit_streams", counted="transcodes", limit=1)
    streams: list[Stream] = []
    for transcode in (True, False, True):
        streams.append(
            await home.start_stream(
                user=friend, title="Film", player=f"{len(streams)}", transcode=transcode
            )
        )
        await process_events(hass, freezer)
    assert [is_playing(stream) for stream in streams] == [True, True, False]
    await streams[1].deliver(Delivery.TRANSCODE)
    await process_events(hass, freezer)
    assert [is_playing(stream) for stream in streams] == [True, False, False]


async def test_player_that_changes_the_quality_is_one(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    home: PlexServer,
    friend: Account,
    entry: MockConfigEntry,
) -> None:
    """It starts a new stream before the old one ends, and both are listed meanwhile."""
    await set_up_with_automation(hass, entry, "limit_streams", limit=1)
    player = Player(title="Tablet")
    old = await home.start_stream(user=friend, title="Film", player=player)
    await process_events(hass, freezer)
    new = await home.start_stream(user=friend, title="Film", player=player, transcode=True)
    await process_events(hass, freezer)
    assert is_playing(new)
    # Another player of that name is another one.
    other = await home.start_stream(user=friend, title="Film", player="Tablet")
    await process_events(hass, freezer)
    assert [is_playing(stream) for stream in (old, new, other)] == [True, True, False]
    await old.stop()
    await process_events(hass, freezer)
    assert is_playing(new)


async def test_player_that_ceases_to_transcode_is_not_counted(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    home: PlexServer,
    friend: Account,
    entry: MockConfigEntry,
) -> None:
    """Only the newest of the two streams that it has for a moment says how it plays."""
    await set_up_with_automation(hass, entry, "limit_streams", counted="transcodes", limit=1)
    player = Player(title="Tablet")
    await home.start_stream(user=friend, title="Film", player=player, transcode=True)
    await home.start_stream(user=friend, title="Film", player=player)
    await process_events(hass, freezer)
    other = await home.start_stream(user=friend, title="Film", player="TV", transcode=True)
    await process_events(hass, freezer)
    assert is_playing(other)


async def test_newest_streams_are_stopped(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    home: PlexServer,
    friend: Account,
    entry: MockConfigEntry,
) -> None:
    """The oldest ones go on, also where all of them are noticed at the same time."""
    await set_up_with_automation(hass, entry, "limit_streams", limit=2)
    home.lists_streams_after = 5
    streams = [
        await home.start_stream(user=friend, title="Film", player=f"{number}")
        for number in range(12)
    ]
    await advance(hass, freezer, 15, step=1)
    assert [is_playing(stream) for stream in streams] == [True] * 2 + [False] * 10


async def test_stream_is_stopped_once(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    world: World,
    home: PlexServer,
    friend: Account,
    entry: MockConfigEntry,
) -> None:
    """Until its player has stopped, it neither counts nor gets another message."""
    home.stops_streams_at_once = False
    await set_up_with_automation(hass, entry, "limit_streams", limit=1)
    first = await home.start_stream(user=friend, title="Film", player="TV")
    await process_events(hass, freezer)
    second = await home.start_stream(user=friend, title="Film", player="Tablet")
    await process_events(hass, freezer)
    await second.deliver(Delivery.TRANSCODE)
    await process_events(hass, freezer)
    assert stop_requests(world) == 1
    await first.stop()
    third = await home.start_stream(user=friend, title="Film", player="Phone")
    await process_events(hass, freezer)
    assert third.termination is None
    assert stop_requests(world) == 1


async def test_stream_that_goes_on_is_stopped_again(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    world: World,
    home: PlexServer,
    friend: Account,
    entry: MockConfigEntry,
) -> None:
    """A player that has ignored the message counts again after half a minute."""
    home.stops_streams_at_once = False
    await set_up_with_automation(hass, entry, "limit_streams", limit=1)
    await home.start_stream(user=friend, title="Film", player="TV")
    stubborn = await home.start_stream(user=friend, title="Film", player="Tablet")
    await advance(hass, freezer, MINUTE)
    await stubborn.deliver(Delivery.TRANSCODE)
    await process_events(hass, freezer)
    assert stop_requests(world) == 2


async def test_ended_stream_that_is_still_listed_is_not_counted(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    home: PlexServer,
    friend: Account,
    entry: MockConfigEntry,
) -> None:
    """A server lists the stream of an app that has crashed for up to half an hour."""
    await set_up_with_automation(hass, entry, "limit_streams", limit=1)
    ghost = await home.start_stream(user=friend, title="Film", player="TV")
    await process_events(hass, freezer)
    await ghost.crash()
    await process_events(hass, freezer)
    stream = await home.start_stream(user=friend, title="Film", player="Tablet")
    await process_events(hass, freezer)
    assert is_playing(stream)


@pytest.mark.allowed_logs("homeassistant.components.automation")
async def test_limit_survives_an_error(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    home: PlexServer,
    friend: Account,
    entry: MockConfigEntry,
) -> None:
    """What cannot be stopped is left alone, and does not keep others from being stopped."""
    await set_up_with_automation(hass, entry, "limit_streams", limit=1)
    first = await home.start_stream(user=friend, title="Film", player="TV")
    await home.start_stream(user=friend, title="Film", player="Radio", with_session=False)
    await process_events(hass, freezer)
    assert is_playing(first)
    home.faults.set(Fault.status(500), paths="^/status/sessions/terminate")
    failed = await home.start_stream(user=friend, title="Film", player="Tablet")
    await process_events(hass, freezer)
    assert is_playing(failed)
    home.faults.clear()
    stopped = await home.start_stream(user=friend, title="Film", player="Phone")
    await process_events(hass, freezer)
    assert [is_playing(stream) for stream in (first, failed, stopped)] == [True, False, False]


@pytest.mark.freeze_time(MONDAY_EVENING)
@pytest.mark.usefixtures("utc_evening")
async def test_good_night(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    home: PlexServer,
    owner: Account,
    friend: Account,
    entry: MockConfigEntry,
) -> None:
    """Streams are stopped at bedtime and during the night, but not in the morning."""
    await set_up_with_automation(
        hass,
        entry,
        "good_night",
        bedtime="20:00:00",
        morning="06:00:00",
        users=["friend"],
        message="Sleep well",
    )
    grown_up = await home.start_stream(user=owner, title="Film", player="TV")
    child = await home.start_stream(user=friend, title="Cartoon", player="Tablet")
    await advance(hass, freezer, 9 * MINUTE)
    assert is_playing(child)
    await advance(hass, freezer, 2 * MINUTE)
    assert not is_playing(child)
    assert "Sleep well" in (child.termination or "")
    assert is_playing(grown_up)

    await advance(hass, freezer, 5 * HOUR, step=300)
    again = await home.start_stream(user=friend, title="Cartoon", player="Tablet")
    await process_events(hass, freezer)
    assert not is_playing(again)

    await advance(hass, freezer, 6 * HOUR, step=300)
    breakfast = await home.start_stream(user=friend, title="Cartoon", player="Tablet")
    await process_events(hass, freezer)
    assert is_playing(breakfast)


@pytest.mark.freeze_time(MONDAY_EVENING)
@pytest.mark.usefixtures("utc_evening")
async def test_no_bedtime_on_other_evenings(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    home: PlexServer,
    friend: Account,
    entry: MockConfigEntry,
) -> None:
    """It is a Monday, and the night after it counts as Monday too."""
    await set_up_with_automation(hass, entry, "good_night", bedtime="20:00:00", weekdays=["tue"])
    stream = await home.start_stream(user=friend, title="Cartoon", player="Tablet")
    await advance(hass, freezer, 5 * HOUR, step=300)
    other = await home.start_stream(user=friend, title="Another", player="Phone")
    await process_events(hass, freezer)
    assert is_playing(stream)
    assert is_playing(other)
    await advance(hass, freezer, 20 * HOUR, step=300)
    assert not is_playing(stream)
    assert not is_playing(other)


@pytest.mark.freeze_time(MONDAY_EVENING)
@pytest.mark.usefixtures("utc_evening")
@pytest.mark.allowed_logs("Only the owner of Home can do this")
async def test_good_night_of_a_guest(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    world: World,
    home: PlexServer,
    owner: Account,
    friend: Account,
) -> None:
    """The automation logs the error, and no stream is stopped."""
    entry = signed_in_entry(world, home, friend)
    await set_up_with_automation(hass, entry, "good_night", bedtime="20:00:00")
    stream = await home.start_stream(user=owner, title="Film", player="TV")
    await advance(hass, freezer, 11 * MINUTE)
    assert is_playing(stream)


@pytest.mark.freeze_time(MONDAY_EVENING)
@pytest.mark.usefixtures("utc_evening")
async def test_good_night_when_home_assistant_starts_after_bedtime(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    world: World,
    home: PlexServer,
    friend: Account,
    entry: MockConfigEntry,
) -> None:
    """Each player gets one message, also one with two streams because its quality changes."""
    freezer.tick(HOUR)
    home.stops_streams_at_once = False
    player = Player(title="Tablet")
    await home.start_stream(user=friend, title="Cartoon", player=player)
    await home.start_stream(user=friend, title="Cartoon", player=player, transcode=True)
    await home.start_stream(user=friend, title="Cartoon", player="Tablet")
    hass.set_state(CoreState.starting)
    await set_up_with_automation(hass, entry, "good_night", bedtime="20:00:00")
    assert stop_requests(world) == 0
    hass.set_state(CoreState.running)
    hass.bus.async_fire(EVENT_HOMEASSISTANT_STARTED)
    await process_events(hass, freezer)
    assert stop_requests(world) == 2
