"""Requests without a token show whether the server enforces one."""

from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.plex_monitor.const import TokenSource
from tests.simulator import Connection, Fault, PlexServer, World
from tests.support.entries import DOWN, UNREADABLE, entry_of, set_up, state_of
from tests.support.tokens import HOUR, MINUTE, STATUS, Elapse


def checks(world: World) -> int:
    """Return how often the server got a request without a token for what needs one."""
    return len([one for one in world.requests.to("Home", "/") if not one.token_sent])


@pytest.mark.usefixtures("loaded_entry")
async def test_check_is_repeated_every_six_hours(
    hass: HomeAssistant, world: World, elapse: Elapse
) -> None:
    """The setting hardly ever changes while the address does not."""
    await elapse(5 * HOUR, step=MINUTE)
    assert checks(world) == 1
    await elapse(19 * HOUR, step=MINUTE)
    assert 4 <= checks(world) <= 5
    assert state_of(hass, STATUS) == "valid"


async def test_server_that_needs_no_token(
    hass: HomeAssistant, home: PlexServer, entry: MockConfigEntry
) -> None:
    """A token that it accepts is not proven to be valid."""
    home.allowed_without_auth = True
    await set_up(hass, entry)
    assert state_of(hass, STATUS) == "not_enforced"


async def test_change_of_the_setting_is_noticed_within_seven_hours(
    hass: HomeAssistant, home: PlexServer, entry: MockConfigEntry, elapse: Elapse
) -> None:
    """The owner removes the network from those that need no token, and adds it again."""
    home.allowed_without_auth = True
    await set_up(hass, entry)
    home.allowed_without_auth = False
    await elapse(7 * HOUR, step=MINUTE)
    assert state_of(hass, STATUS) == "valid"
    home.allowed_without_auth = True
    await elapse(7 * HOUR, step=MINUTE)
    assert state_of(hass, STATUS) == "not_enforced"


@pytest.mark.allowed_logs(UNREADABLE)
async def test_check_is_repeated_when_the_server_accepts_the_token_after_a_refusal(
    hass: HomeAssistant, home: PlexServer, entry: MockConfigEntry, elapse: Elapse
) -> None:
    """The refusal may come with a change of the setting."""
    home.allowed_without_auth = True
    await set_up(hass, entry)
    home.allowed_without_auth = False
    refusing = home.faults.set(Fault.UNAUTHORIZED, with_token=True)
    await elapse(2 * MINUTE, step=5)
    home.faults.clear(refusing)
    await elapse(2 * MINUTE, step=5)
    assert state_of(hass, STATUS) == "valid"


async def test_check_that_fails_is_repeated_less_and_less(
    hass: HomeAssistant, world: World, home: PlexServer, entry: MockConfigEntry, elapse: Elapse
) -> None:
    """A proxy in front of the server may never let the request through."""
    home.faults.set(Fault.status(502), paths="^/$", with_token=False)
    await set_up(hass, entry)
    await elapse(5 * MINUTE, step=15)
    assert 2 <= checks(world) <= 4
    await elapse(24 * HOUR, step=MINUTE)
    assert 25 <= checks(world) <= 32
    assert state_of(hass, STATUS) == "valid"


async def test_check_that_failed_is_repeated_within_minutes(
    hass: HomeAssistant, home: PlexServer, entry: MockConfigEntry, elapse: Elapse
) -> None:
    """The failure may have been short."""
    home.allowed_without_auth = True
    home.faults.set(Fault.status(502), paths="^/$", with_token=False)
    await set_up(hass, entry)
    assert state_of(hass, STATUS) == "valid"
    await elapse(MINUTE, step=15)
    home.faults.clear()
    await elapse(5 * MINUTE, step=15)
    assert state_of(hass, STATUS) == "not_enforced"


@pytest.mark.allowed_logs(DOWN)
async def test_check_is_repeated_at_a_new_address(
    hass: HomeAssistant, home: PlexServer, entry: MockConfigEntry, elapse: Elapse
) -> None:
    """The back-off of the old address does not count: the network may be another one."""
    rule = home.faults.set(Fault.status(502), paths="^/$", with_token=False)
    await set_up(hass, entry)
    await elapse(90 * MINUTE, step=MINUTE)
    home.faults.clear(rule)
    home.faults.set(Fault.status(502), paths="^/$", with_token=False, times=1)
    home.allowed_without_auth = True
    await home.move()
    home.connections = [
        Connection(uri=home.url, address="127.0.0.1", port=home.port, local=True, relay=False)
    ]
    await elapse(5 * MINUTE, step=15)
    assert state_of(hass, STATUS) == "not_enforced"


async def test_entry_without_a_token_needs_no_check(
    hass: HomeAssistant, world: World, home: PlexServer
) -> None:
    """Each of its polls is a request without a token."""
    home.allowed_without_auth = True
    await set_up(hass, entry_of(home, source=TokenSource.NONE))
    assert checks(world) == 1
