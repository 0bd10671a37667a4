"""A lost push channel is opened again, with a growing wait if it does not last."""

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from tests.simulator import Account, PlexServer, World
from tests.support.entities import attributes_of
from tests.support.entries import set_up, state_of
from tests.support.helpers import advance, settle
from tests.support.requests import push_attempts, session_reads

STREAMS = "sensor.home_streams"

MINUTE = 60


async def test_loss_and_return_of_push_are_logged_once(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    world: World,
    home: PlexServer,
    owner: Account,
    entry: MockConfigEntry,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The server is polled more often in between."""
    await set_up(hass, entry)
    await advance(hass, freezer, 10 * MINUTE)
    home.refuses_websockets = 503
    await home.notifier.drop()
    world.requests.clear()
    await advance(hass, freezer, 30 * MINUTE)
    assert len(session_reads(world)) >= 100
    assert caplog.text.count("lost the push channel") == 1
    home.refuses_websockets = None
    await advance(hass, freezer, 10 * MINUTE)
    opened = [r for r in caplog.records if "the push channel is open" in r.getMessage()]
    assert [r.levelname for r in opened] == ["DEBUG", "INFO"]
    assert len(home.notifier.listeners) == 1

    await home.start_stream(user=owner, title="Film")
    await settle(hass)
    assert state_of(hass, STREAMS) == "1"


@pytest.mark.usefixtures("init_integration")
async def test_stable_channel_is_opened_again_at_once(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, home: PlexServer
) -> None:
    """A proxy may close it now and then."""
    await advance(hass, freezer, 10 * MINUTE)
    await home.notifier.drop(abruptly=True)
    await settle(hass)
    assert len(home.notifier.listeners) == 1


@pytest.mark.usefixtures("init_integration")
async def test_unstable_channel_is_opened_less_and_less_often(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, world: World, home: PlexServer
) -> None:
    """A proxy may accept it and close it a moment later."""
    world.requests.clear()
    for _ in range(120):
        await home.notifier.drop(abruptly=True)
        await advance(hass, freezer, 30)
    assert 10 <= len(push_attempts(world)) <= 30


@pytest.mark.parametrize(("seconds", "longest_gap"), [(59, 30), (50, 100)])
@pytest.mark.usefixtures("init_integration")
async def test_channel_that_is_almost_stable_is_soon_opened_again(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    home: PlexServer,
    seconds: int,
    longest_gap: int,
) -> None:
    """A proxy may close it after a while, however often it is opened."""
    gaps = []
    for _ in range(12):
        await advance(hass, freezer, seconds)
        await home.notifier.drop(abruptly=True)
        gap = 0
        await settle(hass)
        while not home.notifier.listeners:
            await advance(hass, freezer, 5, step=5)
            gap += 5
        gaps.append(gap)
    assert max(gaps) <= longest_gap


async def test_back_off_is_limited_when_the_channel_is_refused_for_days(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    world: World,
    home: PlexServer,
    entry: MockConfigEntry,
) -> None:
    """A proxy may never accept it; a wait that is doubled for ever would overflow a float."""
    home.refuses_websockets = 404
    await set_up(hass, entry)
    await advance(hass, freezer, 1040 * 8 * MINUTE, step=8 * MINUTE)
    world.requests.clear()
    await advance(hass, freezer, 60 * MINUTE)
    assert 10 <= len(push_attempts(world)) <= 30

    home.refuses_websockets = None
    await advance(hass, freezer, 8 * MINUTE)
    assert len(home.notifier.listeners) == 1


@pytest.mark.usefixtures("init_integration")
async def test_stable_channel_resets_the_back_off(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, home: PlexServer
) -> None:
    """After many losses of stable channels, a refusal is retried as soon as the first one."""
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


@pytest.mark.usefixtures("init_integration")
async def test_notification_with_a_byte_that_is_not_utf_8_is_read(
    hass: HomeAssistant, home: PlexServer
) -> None:
    """It costs a character of a text, and the channel stays open."""
    (listener,) = home.notifier.listeners
    await home.notifier.send_text(
        b'{"NotificationContainer": {"type": "activity", "ActivityNotification": [{"event":'
        b' "started", "uuid": "1", "Activity": {"uuid": "1", "type": "x", "title": "Caf\xe9"}}]}}'
    )
    await settle(hass)
    [activity] = attributes_of(hass, "sensor.home_activities")["activities"]
    assert activity["title"] == "Caf\ufffd"
    assert home.notifier.listeners == [listener]


@pytest.mark.usefixtures("init_integration")
async def test_malformed_frames_are_ignored(
    hass: HomeAssistant, home: PlexServer, owner: Account
) -> None:
    """The channel stays open."""
    for frame in ("", "{", "[]", '{"NotificationContainer": 1}', "\x00", b"\xe9"):
        await home.notifier.send_text(frame)
    await home.start_stream(user=owner, title="Film")
    await settle(hass)
    assert state_of(hass, STREAMS) == "1"
    assert len(home.notifier.listeners) == 1
