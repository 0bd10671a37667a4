"""Conditions of Plex Monitor let real automations run, or not."""

from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.const import STATE_UNAVAILABLE
from homeassistant.core import Event, HomeAssistant
from homeassistant.helpers.condition import async_get_all_descriptions
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_capture_events

from custom_components.plex_monitor import condition
from custom_components.plex_monitor.const import CONF_ACCOUNT_TOKEN

from .simulator import Account, Kind, PlexServer, World
from .support.automations import (
    AUTOMATION,
    check_described,
    library_device,
    server_device,
    when,
)
from .support.entries import set_up, signed_in_entry, state_of
from .support.helpers import advance, settle

UNREADABLE = r"^custom_components\.plex_monitor: (Error|Authentication failed).* fetching Home"
INVALID = r"^homeassistant\.components\.automation: Automation with alias 'test' failed to setup"
MINUTE = 60


class Question:
    """Automations that run, when they are asked to, if their condition is met."""

    def __init__(self, hass: HomeAssistant, number: int, runs: list[Event[dict[str, Any]]]) -> None:
        """Ask that many automations, with these runs."""
        self._hass = hass
        self._number = number
        self._runs = runs

    async def are_met(self) -> list[bool]:
        """Ask each of them."""
        self._runs.clear()
        self._hass.bus.async_fire("ask")
        await settle(self._hass)
        ran = {run.data["number"] for run in self._runs}
        return [number in ran for number in range(self._number)]

    async def is_met(self) -> bool:
        """Ask the only one."""
        [is_met] = await self.are_met()
        return is_met


async def ask(hass: HomeAssistant, *conditions: dict[str, Any]) -> Question:
    """Set an automation up for each condition."""
    runs = async_capture_events(hass, "test_ran")
    automations = [
        {
            "alias": "test" if number == 0 else f"test {number}",
            "triggers": [{"trigger": "event", "event_type": "ask"}],
            "conditions": [config],
            "actions": [{"event": "test_ran", "event_data": {"number": number}}],
        }
        for number, config in enumerate(conditions)
    ]
    assert await async_setup_component(hass, "automation", {"automation": automations})
    await settle(hass)
    return Question(hass, len(automations), runs)


async def test_someone_is_watching(
    hass: HomeAssistant, home: PlexServer, owner: Account, entry: MockConfigEntry
) -> None:
    """A pause does not end it."""
    await set_up(hass, entry)
    question = await ask(hass, when("someone_is_watching"))
    assert not await question.is_met()
    stream = await home.start_stream(user=owner, title="Film")
    await settle(hass)
    assert await question.is_met()
    await stream.pause()
    await settle(hass)
    assert await question.is_met()
    await stream.stop()
    await settle(hass)
    assert not await question.is_met()


@pytest.mark.parametrize(
    ("options", "is_met"),
    [
        ({"user": "FRIEND"}, True),
        ({"user": "owner"}, False),
        ({"player": ["TV", "Phone"]}, True),
        ({"library": "TV Shows"}, True),
        ({"library": "Movies"}, False),
        ({"media_type": ["movie", "episode"]}, True),
        ({"media_type": "track"}, False),
        ({"transcoding": True}, True),
        ({"transcoding": False}, False),
        ({"user": "friend", "player": "Phone"}, False),
    ],
)
async def test_filters(
    hass: HomeAssistant,
    world: World,
    home: PlexServer,
    entry: MockConfigEntry,
    options: dict[str, Any],
    *,
    is_met: bool,
) -> None:
    """The same as those of the triggers."""
    friend = world.plex_tv.add_account("friend")
    home.share_with(friend)
    await set_up(hass, entry)
    question = await ask(hass, when("someone_is_watching", **options))
    await home.start_stream(
        user=friend, title="Pilot", player="TV", kind=Kind.EPISODE, transcode=True
    )
    await settle(hass)
    assert await question.is_met() is is_met


@pytest.mark.allowed_logs(UNREADABLE)
async def test_nobody_is_known_to_watch_while_the_server_is_away(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    home: PlexServer,
    owner: Account,
    entry: MockConfigEntry,
) -> None:
    """What was played may long have ended."""
    await home.start_stream(user=owner, title="Film")
    await set_up(hass, entry)
    question = await ask(hass, when("someone_is_watching"))
    assert await question.is_met()
    await home.stop()
    await advance(hass, freezer, 5 * MINUTE)
    assert not await question.is_met()


@pytest.mark.allowed_logs(UNREADABLE)
async def test_server_is_up(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, home: PlexServer, entry: MockConfigEntry
) -> None:
    """Whatever state the entry is in."""
    question = await ask(hass, when("server_is_up"))
    assert not await question.is_met()
    await set_up(hass, entry)
    assert await question.is_met()
    await home.stop()
    await advance(hass, freezer, 5 * MINUTE)
    assert not await question.is_met()
    await hass.config_entries.async_reload(entry.entry_id)
    assert not await question.is_met()
    await home.start()
    await advance(hass, freezer, 5 * MINUTE)
    assert await question.is_met()
    await hass.config_entries.async_unload(entry.entry_id)
    assert not await question.is_met()


@pytest.mark.allowed_logs(r"^custom_components\.plex_monitor: Error .* fetching Cabin", UNREADABLE)
async def test_two_servers_are_told_apart(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    world: World,
    home: PlexServer,
    owner: Account,
    entry: MockConfigEntry,
) -> None:
    """One that is named has to be up; where none is, all have to, and anybody may watch."""
    cabin = await world.add_server("Cabin", owner=owner)
    other = signed_in_entry(
        world, cabin, owner, client_identifier="home-assistant-2", entry_id="other"
    )
    await set_up(hass, entry)
    await set_up(hass, other)
    await home.stop()
    await cabin.start_stream(user=owner, title="Film")
    await advance(hass, freezer, 5 * MINUTE)
    ours, theirs = server_device(hass, entry), server_device(hass, other)
    conditions = {
        "home is up": when("server_is_up", device_id=ours),
        "cabin is up": when("server_is_up", device_id=theirs),
        "all are up": when("server_is_up"),
        "home watches": when("someone_is_watching", device_id=ours),
        "cabin watches": when("someone_is_watching", device_id=theirs),
        "someone watches": when("someone_is_watching"),
    }
    question = await ask(hass, *conditions.values())
    assert dict(zip(conditions, await question.are_met(), strict=True)) == {
        "home is up": False,
        "cabin is up": True,
        "all are up": False,
        "home watches": False,
        "cabin watches": True,
        "someone watches": True,
    }


async def test_library_is_scanning(
    hass: HomeAssistant, home: PlexServer, entry: MockConfigEntry
) -> None:
    """Any, or the one that is meant by its name or device; the server's device is all of them."""
    home.job_seconds = None
    await set_up(hass, entry)
    question = await ask(
        hass,
        when("library_is_scanning", library="Movies"),
        when("library_is_scanning", library=library_device(hass, entry, "1")),
        when("library_is_scanning", library=library_device(hass, entry, "3")),
        when("library_is_scanning", library=server_device(hass, entry)),
    )
    assert await question.are_met() == [False, False, False, False]
    libraries = entry.runtime_data.server.server.library
    keys = {section.title: section.key for section in await libraries.sections()}
    await libraries.scan(keys["TV Shows"])
    await settle(hass)
    assert await question.are_met() == [False, False, False, True]
    await libraries.scan(keys["Movies"])
    await settle(hass)
    assert await question.are_met() == [True, True, False, True]
    await home.jobs.finish()
    await settle(hass)
    assert await question.are_met() == [False, False, False, False]


@pytest.mark.allowed_logs(UNREADABLE)
async def test_library_of_a_server_that_went_away_is_not_being_scanned(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, home: PlexServer, entry: MockConfigEntry
) -> None:
    """What it did before is not known to be done any more."""
    home.job_seconds = None
    await set_up(hass, entry)
    question = await ask(hass, when("library_is_scanning"))
    await entry.runtime_data.server.server.library.scan("1")
    await settle(hass)
    assert await question.is_met()
    await home.stop()
    await advance(hass, freezer, 5 * MINUTE)
    assert not await question.is_met()


@pytest.mark.allowed_logs(UNREADABLE)
async def test_token_is_valid(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, world: World, entry: MockConfigEntry
) -> None:
    """Until it is known not to be."""
    await set_up(hass, entry)
    question = await ask(hass, when("token_is_valid"))
    assert await question.is_met()
    world.plex_tv.revoke(entry.data[CONF_ACCOUNT_TOKEN])
    await advance(hass, freezer, 15 * MINUTE)
    assert not await question.is_met()


async def test_token_that_is_not_needed_is_valid(
    hass: HomeAssistant, home: PlexServer, entry: MockConfigEntry
) -> None:
    """The server allows this network without one."""
    home.allowed_without_auth = True
    await set_up(hass, entry)
    question = await ask(hass, when("token_is_valid"))
    assert await question.is_met()


@pytest.mark.allowed_logs(INVALID)
@pytest.mark.parametrize(
    ("config", "error"),
    [
        (when("someone_is_here"), "Invalid condition 'plex_monitor.someone_is_here' specified"),
        (when("someone_is_watching", title="Film"), "not a valid option"),
        (when("someone_is_watching", media_type="film"), "value must be one of"),
        (when("library_is_scanning", user="owner"), "not a valid option"),
        (when("server_is_up", library="Movies"), "not a valid option"),
    ],
)
async def test_mistakes_are_named(
    hass: HomeAssistant,
    entry: MockConfigEntry,
    caplog: pytest.LogCaptureFixture,
    config: dict[str, Any],
    error: str,
) -> None:
    """The automation says what is wrong with it, and does not run."""
    await set_up(hass, entry)
    await ask(hass, config)
    assert state_of(hass, AUTOMATION) == STATE_UNAVAILABLE
    assert error in caplog.text


async def test_each_condition_is_described(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """The editor shows what is described, with the fields that the condition takes."""
    await set_up(hass, entry)
    await ask(hass, when("server_is_up"))
    options = {
        name: kind.options_schema
        for name, kind in condition.CONDITIONS.items()
        if issubclass(kind, condition.PlexMonitorCondition)
    }
    check_described("conditions", await async_get_all_descriptions(hass), options)
