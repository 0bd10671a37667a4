"""An answer without sense is never taken for an empty one."""

from freezegun.api import FrozenDateTimeFactory
from homeassistant.const import STATE_OFF, STATE_ON
from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from tests.simulator import Account, Fault, PlexServer
from tests.support.entries import set_up, state_of
from tests.support.helpers import advance, settle

MINUTE = 60

PLAYBACK = "event.home_playback"
STREAMS = "sensor.home_streams"
REMOTE_ACCESS = "binary_sensor.home_remote_access"


@pytest.mark.parametrize(
    "container",
    [
        {},
        {"size": 1},
        {"size": 1, "Metadata": "rubbish"},
        {"size": 1, "Metadata": [{"sessionKey": None}]},
    ],
)
async def test_list_of_streams_without_sense_ends_none(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    home: PlexServer,
    owner: Account,
    entry: MockConfigEntry,
    container: dict[str, object],
) -> None:
    """No stream stops, and none starts anew when the next list comes."""
    await home.start_stream(user=owner, title=home.library.items[0].title, player="TV")
    await set_up(hass, entry)
    await advance(hass, freezer, MINUTE)
    last_event = state_of(hass, PLAYBACK)
    rule = home.faults.set(
        Fault.json({"MediaContainer": container}), paths="^/status/sessions$", times=1
    )
    await advance(hass, freezer, 3 * MINUTE, step=15)
    assert rule.hits == 1
    assert state_of(hass, PLAYBACK) == last_event
    assert state_of(hass, STREAMS) == "1"


@pytest.mark.usefixtures("init_integration")
async def test_remote_access_of_another_type_is_read_again(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, home: PlexServer
) -> None:
    """Its last state stays until it is confirmed that nothing can be read."""
    rule = home.faults.set(
        Fault.json({"MyPlex": {"mappingState": 6, "mappingError": 3}}),
        paths="^/myplex/account$",
        times=1,
    )
    await home.remote_access.become("unmapped")
    await settle(hass)
    assert rule.hits == 1
    assert state_of(hass, REMOTE_ACCESS) == STATE_ON
    await advance(hass, freezer, 2 * MINUTE)
    assert state_of(hass, REMOTE_ACCESS) == STATE_OFF
