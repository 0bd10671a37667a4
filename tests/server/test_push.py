"""The push channel comes back when it is lost, with patience where it does not last."""

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from tests.simulator import Account, PlexServer, World
from tests.support.entries import set_up, state_of
from tests.support.helpers import advance, settle

STREAMS = "sensor.home_streams"

MINUTE = 60


async def test_lost_push_comes_back_and_says_so_once(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    world: World,
    home: PlexServer,
    owner: Account,
    entry: MockConfigEntry,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """One line at the loss, one at the return."""
    await set_up(hass, entry)
    await advance(hass, freezer, 10 * MINUTE)
    home.refuses_websockets = 503
    await home.notifier.drop()
    world.requests.clear()
    await advance(hass, freezer, 30 * MINUTE)
    assert len(world.requests.to(host="Home", path="/status/sessions")) >= 100
    assert caplog.text.count("lost the push channel") == 1
    home.refuses_websockets = None
    await advance(hass, freezer, 10 * MINUTE)
    opened = [r for r in caplog.records if "the push channel is open" in r.getMessage()]
    assert [r.levelname for r in opened] == ["DEBUG", "INFO"]
    assert len(home.notifier.listeners) == 1

    await home.start_stream(user=owner, title="Film")
    await settle(hass)
    assert state_of(hass, STREAMS) == "1"


async def test_channel_that_was_good_is_opened_again_at_once(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, home: PlexServer, entry: MockConfigEntry
) -> None:
    """A proxy that cuts it now and then is not noticed."""
    await set_up(hass, entry)
    await advance(hass, freezer, 10 * MINUTE)
    await home.notifier.drop(abruptly=True)
    await settle(hass)
    assert len(home.notifier.listeners) == 1


async def test_channel_that_never_lasts_is_opened_less_and_less(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    world: World,
    home: PlexServer,
    entry: MockConfigEntry,
) -> None:
    """A proxy may let it through and cut it a moment later."""
    await set_up(hass, entry)
    world.requests.clear()
    for _ in range(120):
        await home.notifier.drop(abruptly=True)
        await advance(hass, freezer, 30)
    tries = world.requests.to(host="Home", path="/:/websockets/notifications")
    assert 10 <= len(tries) <= 30


async def test_channel_that_is_refused_for_days_is_tried_as_seldom_as_before(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    world: World,
    home: PlexServer,
    entry: MockConfigEntry,
) -> None:
    """A proxy may never let it through; a doubling without end would be more than a float holds."""
    home.refuses_websockets = 404
    await set_up(hass, entry)
    await advance(hass, freezer, 1040 * 8 * MINUTE, step=8 * MINUTE)
    world.requests.clear()
    await advance(hass, freezer, 60 * MINUTE)
    tries = world.requests.to(host="Home", path="/:/websockets/notifications")
    assert 10 <= len(tries) <= 30

    home.refuses_websockets = None
    await advance(hass, freezer, 8 * MINUTE)
    assert len(home.notifier.listeners) == 1


async def test_losses_of_good_channels_do_not_add_up(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, home: PlexServer, entry: MockConfigEntry
) -> None:
    """One that is refused after many nights is opened again as soon as the first one."""
    await set_up(hass, entry)
    for _ in range(8):
        await advance(hass, freezer, 10 * MINUTE)
        await home.notifier.drop(abruptly=True)
        await settle(hass)
    await advance(hass, freezer, 10 * MINUTE)
    home.refuses_websockets = 503
    await home.notifier.drop(abruptly=True)
    await advance(hass, freezer, 5, step=1)
    home.refuses_websockets = None
    await advance(hass, freezer, MINUTE, step=5)
    assert len(home.notifier.listeners) == 1


async def test_rubbish_by_push_is_of_no_account(
    hass: HomeAssistant, home: PlexServer, owner: Account, entry: MockConfigEntry
) -> None:
    """The channel stays open."""
    await set_up(hass, entry)
    for rubbish in ("", "{", "[]", '{"NotificationContainer": 1}', "\x00"):
        await home.notifier.send_text(rubbish)
    await home.start_stream(user=owner, title="Film")
    await settle(hass)
    assert state_of(hass, STREAMS) == "1"
    assert len(home.notifier.listeners) == 1
