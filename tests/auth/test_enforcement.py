"""A server is asked without a token to know what its answers with one are worth."""

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.plex_monitor.const import TokenSource
from tests.simulator import Connection, Fault, PlexServer, World
from tests.support.entries import DOWN, UNREADABLE, entry_of, set_up, state_of
from tests.support.helpers import advance

MINUTE = 60
HOUR = 60 * MINUTE
STATUS = "sensor.home_token_status"


def asked(world: World) -> int:
    """Return how often the server was asked for itself without a token."""
    return len([one for one in world.requests.to("Home", "/") if not one.token_sent])


async def test_it_is_seldom_asked(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, world: World, entry: MockConfigEntry
) -> None:
    """The answer hardly ever changes while the address does not."""
    await set_up(hass, entry)
    await advance(hass, freezer, 5 * HOUR, step=MINUTE)
    assert asked(world) == 1
    await advance(hass, freezer, 19 * HOUR, step=MINUTE)
    assert 4 <= asked(world) <= 5
    assert state_of(hass, STATUS) == "valid"


async def test_server_that_wants_no_token_is_known_for_it(
    hass: HomeAssistant, home: PlexServer, entry: MockConfigEntry
) -> None:
    """What it accepts proves nothing."""
    home.allowed_without_auth = True
    await set_up(hass, entry)
    assert state_of(hass, STATUS) == "not_enforced"


async def test_server_that_is_changed_is_known_for_it_before_long(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, home: PlexServer, entry: MockConfigEntry
) -> None:
    """Its owner has emptied the list of networks that need no token, and filled it again."""
    home.allowed_without_auth = True
    await set_up(hass, entry)
    home.allowed_without_auth = False
    await advance(hass, freezer, 7 * HOUR, step=MINUTE)
    assert state_of(hass, STATUS) == "valid"
    home.allowed_without_auth = True
    await advance(hass, freezer, 7 * HOUR, step=MINUTE)
    assert state_of(hass, STATUS) == "not_enforced"


@pytest.mark.allowed_logs(UNREADABLE)
async def test_server_that_refused_the_token_is_asked_when_it_accepts_it_again(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, home: PlexServer, entry: MockConfigEntry
) -> None:
    """It may have been changed just then."""
    home.allowed_without_auth = True
    await set_up(hass, entry)
    home.allowed_without_auth = False
    refusing = home.faults.set(Fault.UNAUTHORIZED, with_token=True)
    await advance(hass, freezer, 2 * MINUTE, step=5)
    home.faults.clear(refusing)
    await advance(hass, freezer, 2 * MINUTE, step=5)
    assert state_of(hass, STATUS) == "valid"


async def test_server_that_does_not_tell_is_asked_less_and_less(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    world: World,
    home: PlexServer,
    entry: MockConfigEntry,
) -> None:
    """A proxy in front of it may never let that through."""
    home.faults.set(Fault.status(502), paths="^/$", with_token=False)
    await set_up(hass, entry)
    await advance(hass, freezer, 5 * MINUTE, step=15)
    assert 2 <= asked(world) <= 4
    await advance(hass, freezer, 24 * HOUR, step=MINUTE)
    assert 25 <= asked(world) <= 32
    assert state_of(hass, STATUS) == "valid"


async def test_server_that_tells_later_is_heard(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, home: PlexServer, entry: MockConfigEntry
) -> None:
    """Within a few minutes, if it was a matter of minutes."""
    home.allowed_without_auth = True
    home.faults.set(Fault.status(502), paths="^/$", with_token=False)
    await set_up(hass, entry)
    assert state_of(hass, STATUS) == "valid"
    await advance(hass, freezer, MINUTE, step=15)
    home.faults.clear()
    await advance(hass, freezer, 5 * MINUTE, step=15)
    assert state_of(hass, STATUS) == "not_enforced"


@pytest.mark.allowed_logs(DOWN)
async def test_server_that_moved_is_asked_again(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    world: World,
    home: PlexServer,
    entry: MockConfigEntry,
) -> None:
    """At once, and soon again, however little it told before: it may be another network now."""
    rule = home.faults.set(Fault.status(502), paths="^/$", with_token=False)
    await set_up(hass, entry)
    await advance(hass, freezer, 90 * MINUTE, step=MINUTE)
    home.faults.clear(rule)
    home.faults.set(Fault.status(502), paths="^/$", with_token=False, times=1)
    home.allowed_without_auth = True
    await home.move()
    home.connections = [
        Connection(uri=home.url, address="127.0.0.1", port=home.port, local=True, relay=False)
    ]
    await advance(hass, freezer, 5 * MINUTE, step=15)
    assert state_of(hass, STATUS) == "not_enforced"


async def test_entry_without_a_token_asks_nothing_more(
    hass: HomeAssistant, world: World, home: PlexServer
) -> None:
    """It has no other way to ask."""
    home.allowed_without_auth = True
    await set_up(hass, entry_of(home, source=TokenSource.NONE))
    assert asked(world) == 1
