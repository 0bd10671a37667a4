"""The statistics are read only while one of their entities is enabled."""

from freezegun.api import FrozenDateTimeFactory
from homeassistant.const import ATTR_UNIT_OF_MEASUREMENT, STATE_UNAVAILABLE
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from tests.simulator import Account, Fault, PlexServer, World
from tests.support.entities import all_enabled, attributes_of, values
from tests.support.entries import DOWN, set_up, state_of
from tests.support.helpers import advance
from tests.support.requests import session_reads, statistics_reads

MINUTE = 60
RESOURCES = ("host_cpu", "server_cpu", "host_memory", "server_memory")
BANDWIDTH = ("measured_bandwidth_lan", "measured_bandwidth_wan")
UNREADABLE = r"^custom_components\.plex_monitor: Error fetching Home statistics data"

# What one part of the statistics can respond; a token that is refused there is one of these.
FAULTS = (
    Fault.status(502),
    Fault.status(404),
    Fault.status(403),
    Fault.UNAUTHORIZED,
    Fault.GARBLED,
)


@pytest.fixture
async def statistics(
    hass: HomeAssistant, enable_custom_integrations: None, entry: MockConfigEntry
) -> None:
    """Set up the entry of the owner with all sensors enabled."""
    with all_enabled():
        await set_up(hass, entry)


@pytest.mark.usefixtures("init_integration")
async def test_nothing_is_read_while_all_sensors_are_disabled(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, world: World
) -> None:
    """They are disabled by default."""
    await advance(hass, freezer, 10 * MINUTE)
    assert statistics_reads(world) == []
    registry = er.async_get(hass)
    for key in (*RESOURCES, *BANDWIDTH):
        entity = registry.async_get(f"sensor.home_{key}")
        assert entity is not None
        assert entity.disabled_by is er.RegistryEntryDisabler.INTEGRATION


@pytest.mark.usefixtures("init_integration")
async def test_statistics_are_read_while_one_sensor_is_enabled(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, world: World
) -> None:
    """Until it is disabled again."""
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


@pytest.mark.usefixtures("statistics")
async def test_first_value_is_read_at_once(hass: HomeAssistant) -> None:
    """Without waiting for the first interval of half a minute."""
    for key in (*RESOURCES, *BANDWIDTH):
        assert float(state_of(hass, f"sensor.home_{key}")) >= 0
    assert attributes_of(hass, "sensor.home_host_cpu")[ATTR_UNIT_OF_MEASUREMENT] == "%"


@pytest.mark.usefixtures("statistics")
async def test_measured_bandwidth_is_an_average_by_network(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, home: PlexServer, owner: Account
) -> None:
    """In the unit of the reserved bandwidth."""
    for location, bandwidth in (("lan", 8000), ("wan", 2000)):
        await home.start_stream(user=owner, player=location, location=location, bandwidth=bandwidth)
    await advance(hass, freezer, 3 * MINUTE)
    lan, wan = (float(value) for value in values(hass, *BANDWIDTH))
    assert lan == pytest.approx(8, rel=0.05)
    assert wan == pytest.approx(2, rel=0.05)
    attributes = attributes_of(hass, "sensor.home_measured_bandwidth_lan")
    assert attributes[ATTR_UNIT_OF_MEASUREMENT] == "Mbit/s"


async def test_sensors_need_plex_pass(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    world: World,
    owner: Account,
    entry: MockConfigEntry,
) -> None:
    """They are created with it, and unavailable when it has ended; nothing is read then."""
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
    assert statistics_reads(world) == []


@pytest.mark.parametrize("fault", [Fault.status(502), Fault.status(404), Fault.GARBLED])
async def test_information_that_cannot_be_read_costs_no_statistics(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    home: PlexServer,
    entry: MockConfigEntry,
    fault: Fault,
) -> None:
    """It is not known then whether the owner still has Plex Pass, also after a restart."""
    with all_enabled():
        await set_up(hass, entry)
    home.faults.set(fault, paths="^/$")
    await advance(hass, freezer, 15 * MINUTE)
    assert state_of(hass, "binary_sensor.home_plex_pass") == STATE_UNAVAILABLE
    assert float(state_of(hass, "sensor.home_host_cpu")) > 0

    assert await hass.config_entries.async_reload(entry.entry_id)
    await advance(hass, freezer, MINUTE)
    assert float(state_of(hass, "sensor.home_host_cpu")) > 0


async def test_guest_has_no_statistics(
    hass: HomeAssistant, world: World, guest: MockConfigEntry
) -> None:
    """They are for the owner alone."""
    with all_enabled():
        await set_up(hass, guest)
    assert hass.states.get("sensor.home_host_cpu") is None
    assert statistics_reads(world) == []


@pytest.mark.parametrize("path", ["resources", "bandwidth"])
@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.usefixtures("statistics")
async def test_single_failure_changes_nothing(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    home: PlexServer,
    fault: Fault,
    path: str,
) -> None:
    """The values of before are kept until the next read."""
    await advance(hass, freezer, MINUTE)
    rule = home.faults.set(fault, paths=f"^/statistics/{path}$", times=1)
    for _ in range(6):
        await advance(hass, freezer, 15)
        assert STATE_UNAVAILABLE not in values(hass, *RESOURCES, *BANDWIDTH)
    assert rule.hits == 1


@pytest.mark.parametrize(
    ("path", "failing", "others"),
    [("resources", RESOURCES, BANDWIDTH), ("bandwidth", BANDWIDTH, RESOURCES)],
)
@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.usefixtures("statistics")
async def test_part_that_fails_costs_no_other(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    home: PlexServer,
    fault: Fault,
    path: str,
    failing: tuple[str, ...],
    others: tuple[str, ...],
) -> None:
    """It is unavailable once it has failed twice, and back with the next response."""
    await home.start_stream(user=home.owner, bandwidth=8000)
    home.faults.set(fault, paths=f"^/statistics/{path}$")
    await advance(hass, freezer, 2 * MINUTE)
    assert set(values(hass, *failing)) == {STATE_UNAVAILABLE}
    assert STATE_UNAVAILABLE not in values(hass, *others)
    assert max(float(value) for value in values(hass, *others)) > 0
    assert state_of(hass, "binary_sensor.home_token_problem") == "off"
    home.faults.clear()
    await advance(hass, freezer, MINUTE)
    assert STATE_UNAVAILABLE not in values(hass, *failing)


async def test_bandwidth_is_measured_where_the_resources_never_could_be_read(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, home: PlexServer, entry: MockConfigEntry
) -> None:
    """They would have had the time of the server."""
    home.faults.set(Fault.status(500), paths="^/statistics/resources$")
    with all_enabled():
        await set_up(hass, entry)
    await home.start_stream(user=home.owner, bandwidth=8000)
    await advance(hass, freezer, 2 * MINUTE)
    assert values(hass, "host_cpu") == [STATE_UNAVAILABLE]
    assert float(state_of(hass, "sensor.home_measured_bandwidth_lan")) > 5


@pytest.mark.allowed_logs(UNREADABLE)
@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.usefixtures("statistics")
async def test_statistics_that_fail_make_only_these_sensors_unavailable(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, home: PlexServer, fault: Fault
) -> None:
    """Until the next response that is valid."""
    home.faults.set(fault, paths="^/statistics")
    await advance(hass, freezer, 2 * MINUTE)
    assert values(hass, "host_cpu", "streams") == [STATE_UNAVAILABLE, "0"]
    home.faults.clear()
    await advance(hass, freezer, MINUTE)
    assert float(state_of(hass, "sensor.home_host_cpu")) > 0


@pytest.mark.usefixtures("statistics")
async def test_single_response_without_a_measurement_changes_nothing(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, home: PlexServer
) -> None:
    """A server that measures nothing any more says so again."""
    home.faults.set(Fault.json({"MediaContainer": {}}), paths="^/statistics/resources", times=1)
    await advance(hass, freezer, MINUTE - 15)
    assert float(state_of(hass, "sensor.home_host_cpu")) > 0
    home.faults.set(Fault.json({"MediaContainer": {}}), paths="^/statistics/resources")
    await advance(hass, freezer, 3 * MINUTE)
    assert values(hass, "host_cpu", "measured_bandwidth_lan") == ["unknown", "unknown"]


async def test_sensors_of_a_server_that_has_measured_nothing_yet_are_unknown(
    hass: HomeAssistant, home: PlexServer, entry: MockConfigEntry
) -> None:
    """It has just started."""
    home.faults.set(Fault.json({"MediaContainer": {"size": 0}}), paths="^/statistics/resources")
    with all_enabled():
        await set_up(hass, entry)
    assert values(hass, "host_cpu", "measured_bandwidth_lan") == ["unknown", "unknown"]


@pytest.mark.allowed_logs(f"{DOWN}|{UNREADABLE}")
@pytest.mark.usefixtures("statistics")
async def test_statistics_of_a_server_that_is_down_are_not_read(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, home: PlexServer
) -> None:
    """Nor is what was measured before shown again when it is back."""
    await home.stop()
    await advance(hass, freezer, 2 * MINUTE)
    assert values(hass, "host_cpu") == [STATE_UNAVAILABLE]
    home.faults.set(Fault.status(502), paths="^/statistics")
    await home.start()
    seen: set[str] = set()
    await advance(
        hass, freezer, 2 * MINUTE, after_step=lambda: seen.update(values(hass, "host_cpu"))
    )
    assert state_of(hass, "binary_sensor.home_server") == "on"
    assert seen == {STATE_UNAVAILABLE}
    home.faults.clear()
    await advance(hass, freezer, MINUTE)
    assert float(state_of(hass, "sensor.home_host_cpu")) > 0


@pytest.mark.allowed_logs(DOWN)
@pytest.mark.usefixtures("statistics")
async def test_refused_token_causes_a_poll_of_the_server_at_once(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, world: World, home: PlexServer
) -> None:
    """The statistics do not judge the token themselves."""
    await advance(hass, freezer, 2 * MINUTE)
    home.faults.set(Fault.UNAUTHORIZED, paths="^/statistics", times=1)
    world.requests.clear()
    await advance(hass, freezer, MINUTE / 2, step=5)
    refused, *_ = [r for r in world.requests if r.status == 401]
    assert [r for r in session_reads(world) if r.at - refused.at < 10]
    assert float(state_of(hass, "sensor.home_host_cpu")) > 0
