"""The blueprints: each is loaded by an automation, and run against a server."""

from pathlib import Path
import shutil
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.components.automation import DOMAIN as AUTOMATION
from homeassistant.components.blueprint import BLUEPRINT_SCHEMA, Blueprint
from homeassistant.core import HomeAssistant, ServiceCall
from homeassistant.setup import async_setup_component
from homeassistant.util.yaml import load_yaml_dict
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_mock_service

from custom_components.plex_monitor.const import CONF_ACCOUNT_TOKEN, DOCUMENTATION_URL

from .simulator import Account, Delivery, Find, Kind, PlexServer, Stream, World
from .support.automations import library_device, server_device
from .support.entries import set_up, signed_in_entry, state_of
from .support.helpers import advance, settle

BLUEPRINTS = Path(__file__).parents[1] / "blueprints" / "automation" / "plex_monitor"
TELL = {"action": "test.tell", "data": {"title": "{{ title }}", "message": "{{ message }}"}}
MINUTE = 60


@pytest.fixture
def hass_config_dir(hass_tmp_config_dir: str) -> str:
    """Return a configuration directory into which somebody has imported the blueprints."""
    shutil.copytree(
        BLUEPRINTS, Path(hass_tmp_config_dir, "blueprints", "automation", "plex_monitor")
    )
    return hass_tmp_config_dir


@pytest.fixture
def told(hass: HomeAssistant) -> list[ServiceCall]:
    """Return what the actions of a blueprint have told."""
    return async_mock_service(hass, "test", "tell")


@pytest.fixture
def lights(hass: HomeAssistant) -> list[ServiceCall]:
    """Return what the lights were told."""
    return async_mock_service(hass, "light", "turn_on")


async def use(hass: HomeAssistant, entry: MockConfigEntry, blueprint: str, **inputs: Any) -> None:
    """Have an automation that is made from a blueprint, for the server of an entry."""
    inputs["server"] = server_device(hass, entry)
    assert await async_setup_component(
        hass,
        AUTOMATION,
        {
            AUTOMATION: {
                "alias": "Made from a blueprint",
                "use_blueprint": {"path": f"plex_monitor/{blueprint}.yaml", "input": inputs},
            }
        },
    )
    await settle(hass)
    assert state_of(hass, "automation.made_from_a_blueprint") == "on"


async def end_use(hass: HomeAssistant) -> None:
    """Stop the clock of an automation."""
    await hass.services.async_call(
        AUTOMATION,
        "turn_off",
        {"entity_id": "automation.made_from_a_blueprint"},
        blocking=True,
    )


def plays(stream: Stream) -> bool:
    """Say whether a stream goes on."""
    return not stream.gone


async def pass_on(hass: HomeAssistant, freezer: FrozenDateTimeFactory) -> None:
    """Let what has just happened be asked for and told."""
    await advance(hass, freezer, 2, step=1)


@pytest.mark.parametrize("path", sorted(BLUEPRINTS.iterdir()), ids=lambda path: path.stem)
def test_blueprint_can_be_imported(path: Path) -> None:
    """It says where it comes from, and Home Assistant takes it."""
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
    lights: list[ServiceCall],
) -> None:
    """Dim, brighter in a pause, dim again, bright at the end."""
    hass.states.async_set("sun.sun", "below_horizon")
    await set_up(hass, entry)
    await use(
        hass,
        entry,
        "lights_follow_film",
        lights={"entity_id": "light.room"},
        players=["Living room TV"],
    )
    stream = await home.start_stream(user=owner, title="Winter Light", player="Living room TV")
    await pass_on(hass, freezer)
    await stream.pause()
    await pass_on(hass, freezer)
    await stream.resume()
    await pass_on(hass, freezer)
    await stream.seek(stream.item.duration)
    await stream.stop()
    await pass_on(hass, freezer)
    assert [call.data["brightness_pct"] for call in lights] == [5, 30, 5, 60]
    assert {call.data["transition"] for call in lights} == {3}
    assert all(call.data["entity_id"] == ["light.room"] for call in lights)


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
    lights: list[ServiceCall],
    sun: str,
    player: str,
    kind: Kind,
) -> None:
    """Not by day, not for another room, not for music."""
    hass.states.async_set("sun.sun", sun)
    await set_up(hass, entry)
    await use(
        hass,
        entry,
        "lights_follow_film",
        lights={"entity_id": "light.room"},
        players=["Living room TV"],
    )
    await home.start_stream(user=owner, title="Something", player=player, kind=kind)
    await pass_on(hass, freezer)
    assert state_of(hass, "event.home_playback") != "unknown"
    assert lights == []


async def test_lights_do_not_follow_a_reload(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    home: PlexServer,
    owner: Account,
    entry: MockConfigEntry,
    lights: list[ServiceCall],
) -> None:
    """What happened before is not news when the event comes back."""
    hass.states.async_set("sun.sun", "below_horizon")
    await set_up(hass, entry)
    await home.start_stream(user=owner, title="Winter Light", player="TV")
    await pass_on(hass, freezer)
    await use(
        hass,
        entry,
        "lights_follow_film",
        lights={"entity_id": "light.room"},
    )
    await hass.config_entries.async_reload(entry.entry_id)
    await pass_on(hass, freezer)
    assert lights == []


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
            [Find(title="Finale", kind=Kind.TRACK, show="The Quiet Band", album="Evening")],
            "New in Music",
            "The Quiet Band: Finale",
        ),
    ],
    ids=["film", "episode", "season", "track"],
)
async def test_what_was_added_is_told_with_its_picture(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    home: PlexServer,
    entry: MockConfigEntry,
    told: list[ServiceCall],
    finds: list[Find],
    title: str,
    message: str,
) -> None:
    """Once for all that belongs together."""
    await set_up(hass, entry)
    action = {**TELL, "data": {**TELL["data"], "picture": "{{ picture }}"}}  # type: ignore[dict-item]  # A template.
    await use(
        hass,
        entry,
        "media_added",
        picture_entity="image.home_latest_added",
        actions=[action],
    )
    freezer.tick(MINUTE)
    await home.discover(*finds)
    await advance(hass, freezer, MINUTE)
    (call,) = told
    assert call.data["title"] == title
    assert " ".join(call.data["message"].split()) == message
    assert call.data["picture"].startswith("/api/image_proxy/image.home_latest_added?token=")
    assert entry.data[CONF_ACCOUNT_TOKEN] not in call.data["picture"]


async def test_what_was_added_is_shown_without_any_choice(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    home: PlexServer,
    entry: MockConfigEntry,
) -> None:
    """As a notification of Home Assistant; other libraries can be left out."""
    shown = async_mock_service(hass, "persistent_notification", "create")
    await set_up(hass, entry)
    await use(
        hass,
        entry,
        "media_added",
        picture_entity="image.home_latest_added",
        libraries=[library_device(hass, entry, "1")],
    )
    freezer.tick(MINUTE)
    await home.discover(Find(title="Newcomer"))
    await home.discover(Find(title="Third Time", kind=Kind.EPISODE, show="Harbour Street"))
    await advance(hass, freezer, MINUTE)
    (call,) = shown
    assert call.data["title"] == "New in Movies"
    assert "![](/api/image_proxy/image.home_latest_added?token=" in call.data["message"]


@pytest.mark.allowed_logs("Error fetching Home data")
async def test_server_that_is_down_is_told(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    home: PlexServer,
    entry: MockConfigEntry,
    told: list[ServiceCall],
) -> None:
    """After a while, and again when it is back."""
    await set_up(hass, entry)
    await use(hass, entry, "trouble", actions=[TELL])
    await home.stop()
    await advance(hass, freezer, 4 * MINUTE)
    assert told == []
    await advance(hass, freezer, 4 * MINUTE)
    assert [call.data["title"] for call in told] == ["Home is down"]
    assert told[0].data["message"] == "The Plex server has not answered for 5 minutes."
    await home.start()
    await advance(hass, freezer, 4 * MINUTE)
    assert [call.data["title"] for call in told] == ["Home is down", "Home is back"]


@pytest.mark.allowed_logs("Error fetching Home data")
async def test_server_that_restarts_is_not_told(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    home: PlexServer,
    entry: MockConfigEntry,
    told: list[ServiceCall],
) -> None:
    """It is back before anybody needs to know."""
    await set_up(hass, entry)
    await use(hass, entry, "trouble", actions=[TELL])
    await home.stop()
    await advance(hass, freezer, MINUTE)
    assert state_of(hass, "binary_sensor.home_server") == "off"
    await home.start()
    await advance(hass, freezer, 10 * MINUTE)
    assert state_of(hass, "binary_sensor.home_server") == "on"
    assert told == []


@pytest.mark.allowed_logs(r"^custom_components\.plex_monitor: ")
async def test_dead_token_is_told(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    world: World,
    entry: MockConfigEntry,
    told: list[ServiceCall],
) -> None:
    """With where to look."""
    await set_up(hass, entry)
    await use(hass, entry, "trouble", actions=[TELL])
    world.plex_tv.revoke(entry.data[CONF_ACCOUNT_TOKEN])
    await advance(hass, freezer, 10 * MINUTE)
    assert [call.data["title"] for call in told] == ["Home needs you"]
    assert "Repairs" in told[0].data["message"]


@pytest.fixture
def friend(world: World, home: PlexServer) -> Account:
    """Return somebody with whom the server is shared."""
    friend = world.plex_tv.add_account("friend")
    home.share_with(friend)
    return friend


async def test_stream_too_many_is_stopped(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    home: PlexServer,
    owner: Account,
    friend: Account,
    entry: MockConfigEntry,
) -> None:
    """The one that came last, and only of the user who has too many."""
    await set_up(hass, entry)
    await use(
        hass,
        entry,
        "limit_streams",
        limit=1,
        exempt=["owner"],
        message="One is enough",
    )
    streams: list[Stream] = []
    for user in (owner, owner, friend, friend):
        streams.append(await home.start_stream(user=user, title="Film", player=f"{len(streams)}"))
        await pass_on(hass, freezer)
    assert [plays(stream) for stream in streams] == [True, True, True, False]
    assert "One is enough" in (streams[3].termination or "")


async def test_transcode_too_many_is_stopped(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    home: PlexServer,
    friend: Account,
    entry: MockConfigEntry,
) -> None:
    """Streams that are played directly cost the server nothing, as long as they are."""
    await set_up(hass, entry)
    await use(
        hass,
        entry,
        "limit_streams",
        counted="transcodes",
        limit=1,
    )
    streams: list[Stream] = []
    for transcode in (True, False, True):
        streams.append(
            await home.start_stream(
                user=friend, title="Film", player=f"{len(streams)}", transcode=transcode
            )
        )
        await pass_on(hass, freezer)
    assert [plays(stream) for stream in streams] == [True, True, False]
    await streams[1].deliver(Delivery.TRANSCODE)
    await pass_on(hass, freezer)
    assert [plays(stream) for stream in streams] == [True, False, False]


@pytest.mark.freeze_time("2026-11-23 19:50:00+00:00")
async def test_good_night(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    home: PlexServer,
    owner: Account,
    friend: Account,
    entry: MockConfigEntry,
) -> None:
    """Streams end at bedtime, and those that begin in the night; in the morning none does."""
    await hass.config.async_set_time_zone("UTC")
    await set_up(hass, entry)
    await use(
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
    assert plays(child)
    await advance(hass, freezer, 2 * MINUTE)
    assert not plays(child)
    assert "Sleep well" in (child.termination or "")
    assert plays(grown_up)

    await advance(hass, freezer, 5 * 3600, step=300)
    again = await home.start_stream(user=friend, title="Cartoon", player="Tablet")
    await pass_on(hass, freezer)
    assert not plays(again)

    await advance(hass, freezer, 6 * 3600, step=300)
    breakfast = await home.start_stream(user=friend, title="Cartoon", player="Tablet")
    await pass_on(hass, freezer)
    assert plays(breakfast)
    await end_use(hass)


@pytest.mark.freeze_time("2026-11-23 19:50:00+00:00")
async def test_no_bedtime_on_other_evenings(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    home: PlexServer,
    friend: Account,
    entry: MockConfigEntry,
) -> None:
    """It is a Monday, and so is the night that follows it."""
    await hass.config.async_set_time_zone("UTC")
    await set_up(hass, entry)
    await use(
        hass,
        entry,
        "good_night",
        bedtime="20:00:00",
        weekdays=["tue"],
    )
    stream = await home.start_stream(user=friend, title="Cartoon", player="Tablet")
    await advance(hass, freezer, 5 * 3600, step=300)
    other = await home.start_stream(user=friend, title="Another", player="Phone")
    await pass_on(hass, freezer)
    assert plays(stream)
    assert plays(other)
    await advance(hass, freezer, 20 * 3600, step=300)
    assert not plays(stream)
    assert not plays(other)
    await end_use(hass)


@pytest.mark.freeze_time("2026-11-23 19:50:00+00:00")
@pytest.mark.allowed_logs("Home lets nobody but its owner do that")
async def test_guest_cannot_send_anybody_to_bed(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    world: World,
    home: PlexServer,
    owner: Account,
    friend: Account,
) -> None:
    """The automation says so, and nothing ends."""
    await hass.config.async_set_time_zone("UTC")
    entry = signed_in_entry(world, home, friend)
    await set_up(hass, entry)
    await use(hass, entry, "good_night", bedtime="20:00:00")
    stream = await home.start_stream(user=owner, title="Film", player="TV")
    await advance(hass, freezer, 11 * MINUTE)
    assert plays(stream)
    await end_use(hass)
