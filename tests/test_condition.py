"""Conditions, in automations."""

from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import Event, HomeAssistant
from homeassistant.helpers.condition import async_get_all_descriptions
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_capture_events

from custom_components.plex_monitor.condition import CONDITIONS
from custom_components.plex_monitor.const import CONF_ACCOUNT_TOKEN

from .simulator import Account, Kind, PlexServer, World
from .support.automations import (
    check_described,
    library_device,
    server_device,
    when,
)
from .support.entries import UNREADABLE, set_up
from .support.helpers import advance, settle

MINUTE = 60


class Conditions:
    """Conditions, each of an automation that runs on request where it is met."""

    def __init__(self, hass: HomeAssistant, count: int, runs: list[Event[dict[str, Any]]]) -> None:
        """Initialize with the number of the automations, and their runs."""
        self._hass = hass
        self._count = count
        self._runs = runs

    async def are_met(self) -> list[bool]:
        """Return which of the conditions are met."""
        self._runs.clear()
        self._hass.bus.async_fire("check_conditions")
        await settle(self._hass)
        ran = {run.data["number"] for run in self._runs}
        return [number in ran for number in range(self._count)]

    async def is_met(self) -> bool:
        """Return whether the only condition is met."""
        [is_met] = await self.are_met()
        return is_met


async def automate_conditions(hass: HomeAssistant, *configs: dict[str, Any]) -> Conditions:
    """Set up an automation for each condition."""
    runs = async_capture_events(hass, "test_ran")
    automations = [
        {
            "alias": "test" if number == 0 else f"test {number}",
            "triggers": [{"trigger": "event", "event_type": "check_conditions"}],
            "conditions": [config],
            "actions": [{"event": "test_ran", "event_data": {"number": number}}],
        }
        for number, config in enumerate(configs)
    ]
    assert await async_setup_component(hass, "automation", {"automation": automations})
    await settle(hass)
    return Conditions(hass, len(automations), runs)


async def test_someone_is_watching(
    hass: HomeAssistant, home: PlexServer, owner: Account, entry: MockConfigEntry
) -> None:
    """A paused stream counts too."""
    await set_up(hass, entry)
    condition = await automate_conditions(hass, when("someone_is_watching"))
    assert not await condition.is_met()
    stream = await home.start_stream(user=owner, title="Film")
    await settle(hass)
    assert await condition.is_met()
    await stream.pause()
    await settle(hass)
    assert await condition.is_met()
    await stream.stop()
    await settle(hass)
    assert not await condition.is_met()


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
    home: PlexServer,
    friend: Account,
    entry: MockConfigEntry,
    options: dict[str, Any],
    *,
    is_met: bool,
) -> None:
    """A stream has to match all options, and any of the values of each."""
    home.share_with(friend)
    await set_up(hass, entry)
    condition = await automate_conditions(hass, when("someone_is_watching", **options))
    await home.start_stream(
        user=friend, title="Pilot", player="TV", kind=Kind.EPISODE, transcode=True
    )
    await settle(hass)
    assert await condition.is_met() is is_met


@pytest.mark.allowed_logs(UNREADABLE)
async def test_nobody_is_watching_on_a_server_that_is_down(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    home: PlexServer,
    owner: Account,
    entry: MockConfigEntry,
) -> None:
    """Its streams may have ended long ago."""
    await home.start_stream(user=owner, title="Film")
    await set_up(hass, entry)
    condition = await automate_conditions(hass, when("someone_is_watching"))
    assert await condition.is_met()
    await home.stop()
    await advance(hass, freezer, 5 * MINUTE)
    assert not await condition.is_met()


@pytest.mark.allowed_logs(UNREADABLE)
async def test_server_is_up(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, home: PlexServer, entry: MockConfigEntry
) -> None:
    """The server has to be online, and its entry loaded."""
    condition = await automate_conditions(hass, when("server_is_up"))
    assert not await condition.is_met()
    await set_up(hass, entry)
    assert await condition.is_met()
    await home.stop()
    await advance(hass, freezer, 5 * MINUTE)
    assert not await condition.is_met()
    await hass.config_entries.async_reload(entry.entry_id)
    assert not await condition.is_met()
    await home.start()
    await advance(hass, freezer, 5 * MINUTE)
    assert await condition.is_met()
    await hass.config_entries.async_unload(entry.entry_id)
    assert not await condition.is_met()


@pytest.mark.allowed_logs(r"^custom_components\.plex_monitor: Error .* fetching Cabin", UNREADABLE)
async def test_two_servers(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    home: PlexServer,
    cabin: PlexServer,
    owner: Account,
    entry: MockConfigEntry,
    cabin_entry: MockConfigEntry,
) -> None:
    """A target selects one; without one all have to be up, and one with a stream is enough."""
    await set_up(hass, entry)
    await set_up(hass, cabin_entry)
    await home.stop()
    await cabin.start_stream(user=owner, title="Film")
    await advance(hass, freezer, 5 * MINUTE)
    home_device, cabin_device = server_device(hass, entry), server_device(hass, cabin_entry)
    configs = {
        "home is up": when("server_is_up", device_id=home_device),
        "cabin is up": when("server_is_up", device_id=cabin_device),
        "all are up": when("server_is_up"),
        "home watches": when("someone_is_watching", device_id=home_device),
        "cabin watches": when("someone_is_watching", device_id=cabin_device),
        "someone watches": when("someone_is_watching"),
    }
    conditions = await automate_conditions(hass, *configs.values())
    assert dict(zip(configs, await conditions.are_met(), strict=True)) == {
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
    """A library is named by its name or device; the device of the server names all."""
    home.job_seconds = None
    await set_up(hass, entry)
    conditions = await automate_conditions(
        hass,
        when("library_is_scanning", library="Movies"),
        when("library_is_scanning", library=library_device(hass, entry, "1")),
        when("library_is_scanning", library=library_device(hass, entry, "3")),
        when("library_is_scanning", library=server_device(hass, entry)),
    )
    assert await conditions.are_met() == [False, False, False, False]
    libraries = entry.runtime_data.server.server.library
    keys = {section.title: section.key for section in await libraries.sections()}
    await libraries.scan(keys["TV Shows"])
    await settle(hass)
    assert await conditions.are_met() == [False, False, False, True]
    await libraries.scan(keys["Movies"])
    await settle(hass)
    assert await conditions.are_met() == [True, True, False, True]
    await home.jobs.finish()
    await settle(hass)
    assert await conditions.are_met() == [False, False, False, False]


@pytest.mark.allowed_logs(UNREADABLE)
async def test_no_library_is_scanning_on_a_server_that_is_down(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, home: PlexServer, entry: MockConfigEntry
) -> None:
    """The scan may have ended long ago."""
    home.job_seconds = None
    await set_up(hass, entry)
    condition = await automate_conditions(hass, when("library_is_scanning"))
    await entry.runtime_data.server.server.library.scan("1")
    await settle(hass)
    assert await condition.is_met()
    await home.stop()
    await advance(hass, freezer, 5 * MINUTE)
    assert not await condition.is_met()


@pytest.mark.allowed_logs(UNREADABLE)
async def test_token_is_valid(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, world: World, entry: MockConfigEntry
) -> None:
    """The condition is met until the token is known to be invalid."""
    await set_up(hass, entry)
    condition = await automate_conditions(hass, when("token_is_valid"))
    assert await condition.is_met()
    world.plex_tv.revoke(entry.data[CONF_ACCOUNT_TOKEN])
    await advance(hass, freezer, 15 * MINUTE)
    assert not await condition.is_met()


async def test_token_that_is_not_needed_is_valid(
    hass: HomeAssistant, home: PlexServer, entry: MockConfigEntry
) -> None:
    """The server allows access from this network without a token."""
    home.allowed_without_auth = True
    await set_up(hass, entry)
    condition = await automate_conditions(hass, when("token_is_valid"))
    assert await condition.is_met()


async def test_every_condition_is_described(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """The automation editor offers every condition with its options."""
    await set_up(hass, entry)
    await automate_conditions(hass, when("server_is_up"))
    check_described("conditions", await async_get_all_descriptions(hass), CONDITIONS)
