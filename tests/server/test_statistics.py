"""What a server uses is asked while somebody wants to know it, and then only."""

from freezegun.api import FrozenDateTimeFactory
from homeassistant.const import ATTR_UNIT_OF_MEASUREMENT, STATE_UNAVAILABLE
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from tests.simulator import Account, Fault, PlexServer, World
from tests.support.entities import all_enabled, attributes_of, values
from tests.support.entries import DOWN, set_up, signed_in_entry, state_of
from tests.support.helpers import advance, settle

MINUTE = 60
RESOURCES = ("host_cpu", "server_cpu", "host_memory", "server_memory")
BANDWIDTH = ("measured_bandwidth_lan", "measured_bandwidth_wan")
UNREADABLE = r"^custom_components\.plex_monitor: Error fetching Home statistics data"


async def test_nothing_is_asked_while_nobody_wants_to_know(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, world: World, entry: MockConfigEntry
) -> None:
    """All of them are disabled at first."""
    await set_up(hass, entry)
    await advance(hass, freezer, 10 * MINUTE)
    assert [r for r in world.requests if r.path.startswith("/statistics")] == []
    registry = er.async_get(hass)
    for key in (*RESOURCES, *BANDWIDTH):
        entity = registry.async_get(f"sensor.home_{key}")
        assert entity is not None
        assert entity.disabled_by is er.RegistryEntryDisabler.INTEGRATION


async def test_one_that_is_enabled_is_enough(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, world: World, entry: MockConfigEntry
) -> None:
    """And when it is disabled again, the asking ends."""
    await set_up(hass, entry)
    registry = er.async_get(hass)
    registry.async_update_entity("sensor.home_server_cpu", disabled_by=None)
    await advance(hass, freezer, MINUTE)
    assert float(state_of(hass, "sensor.home_server_cpu")) > 0
    world.requests.clear()
    await advance(hass, freezer, 10 * MINUTE)
    assert 19 <= len(world.requests.to(path="/statistics/resources")) <= 21

    registry.async_update_entity(
        "sensor.home_server_cpu", disabled_by=er.RegistryEntryDisabler.USER
    )
    await advance(hass, freezer, MINUTE)
    world.requests.clear()
    await advance(hass, freezer, 10 * MINUTE)
    assert world.requests.to(path="/statistics/resources") == []


async def test_first_value_is_there_at_once(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Nobody waits half a minute for it."""
    with all_enabled():
        await set_up(hass, entry)
    for key in (*RESOURCES, *BANDWIDTH):
        assert float(state_of(hass, f"sensor.home_{key}")) >= 0
    assert attributes_of(hass, "sensor.home_host_cpu")[ATTR_UNIT_OF_MEASUREMENT] == "%"


async def test_measured_bandwidth_is_an_average_by_network(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    home: PlexServer,
    owner: Account,
    entry: MockConfigEntry,
) -> None:
    """In the unit of the reserved one."""
    with all_enabled():
        await set_up(hass, entry)
    for location, bandwidth in (("lan", 8000), ("wan", 2000)):
        await home.start_stream(user=owner, player=location, location=location, bandwidth=bandwidth)
    await advance(hass, freezer, 3 * MINUTE)
    lan, wan = (float(value) for value in values(hass, *BANDWIDTH))
    assert lan == pytest.approx(8000, rel=0.05)
    assert wan == pytest.approx(2000, rel=0.05)
    assert attributes_of(hass, "sensor.home_measured_bandwidth_lan")["unit_of_measurement"] == (
        "kbit/s"
    )


async def test_without_plex_pass_there_are_none(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    world: World,
    owner: Account,
    entry: MockConfigEntry,
) -> None:
    """They come with it, and are unavailable when it has ended; then nothing is asked."""
    owner.plex_pass = False
    with all_enabled():
        await set_up(hass, entry)
        assert hass.states.get("sensor.home_host_cpu") is None
        owner.plex_pass = True
        await advance(hass, freezer, 11 * MINUTE)
    assert float(state_of(hass, "sensor.home_host_cpu")) > 0

    owner.plex_pass = False
    await advance(hass, freezer, 11 * MINUTE)
    assert state_of(hass, "sensor.home_host_cpu") == STATE_UNAVAILABLE
    world.requests.clear()
    await advance(hass, freezer, 10 * MINUTE)
    assert [r for r in world.requests if r.path.startswith("/statistics")] == []


async def test_guest_has_none(hass: HomeAssistant, world: World, home: PlexServer) -> None:
    """They are the owner's."""
    friend = world.plex_tv.add_account("friend")
    home.share_with(friend)
    with all_enabled():
        await set_up(hass, signed_in_entry(world, home, friend))
    assert hass.states.get("sensor.home_host_cpu") is None
    assert [r for r in world.requests if r.path.startswith("/statistics")] == []


@pytest.mark.allowed_logs(UNREADABLE)
async def test_server_that_gives_another_answer(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    home: PlexServer,
    entry: MockConfigEntry,
) -> None:
    """Only these sensors suffer, and only for as long as it lasts."""
    with all_enabled():
        await set_up(hass, entry)
    home.faults.set(Fault.GARBLED, paths="^/statistics")
    await advance(hass, freezer, MINUTE)
    assert values(hass, "host_cpu", "streams") == [STATE_UNAVAILABLE, "0"]
    home.faults.clear()
    await advance(hass, freezer, MINUTE)
    assert float(state_of(hass, "sensor.home_host_cpu")) > 0


async def test_server_that_has_measured_nothing_yet(
    hass: HomeAssistant, home: PlexServer, entry: MockConfigEntry
) -> None:
    """It has just been started."""
    home.faults.set(Fault.json({"MediaContainer": {"size": 0}}), paths="^/statistics/resources")
    with all_enabled():
        await set_up(hass, entry)
    assert values(hass, "host_cpu", "measured_bandwidth_lan") == ["unknown", "unknown"]


@pytest.mark.allowed_logs(DOWN)
async def test_server_that_is_down_is_not_asked(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    world: World,
    home: PlexServer,
    entry: MockConfigEntry,
) -> None:
    """That it is down is said once, by the server itself."""
    with all_enabled():
        await set_up(hass, entry)
    await home.stop()
    await advance(hass, freezer, 2 * MINUTE)
    assert values(hass, "host_cpu") == [STATE_UNAVAILABLE]
    await home.start()
    await advance(hass, freezer, 3 * MINUTE)
    await settle(hass)
    assert float(state_of(hass, "sensor.home_host_cpu")) > 0


@pytest.mark.allowed_logs(DOWN)
async def test_refused_token_is_looked_into_at_once(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    world: World,
    home: PlexServer,
    owner: Account,
    entry: MockConfigEntry,
) -> None:
    """The statistics do not judge the token, and do not sit on what they have seen."""
    with all_enabled():
        await set_up(hass, entry)
    await advance(hass, freezer, 2 * MINUTE)
    home.faults.set(Fault.UNAUTHORIZED, paths="^/statistics", times=1)
    world.requests.clear()
    await advance(hass, freezer, MINUTE / 2, step=5)
    refused, *_ = [r for r in world.requests if r.status == 401]
    assert [r for r in world.requests.to(path="/status/sessions") if r.at - refused.at < 10]
    assert float(state_of(hass, "sensor.home_host_cpu")) > 0
