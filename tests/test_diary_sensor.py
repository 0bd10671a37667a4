"""Sensors that say in a sentence what was added and played last."""

from freezegun.api import FrozenDateTimeFactory
from homeassistant.const import MAX_LENGTH_STATE_STATE, STATE_UNKNOWN
from homeassistant.core import HomeAssistant, State
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    mock_restore_cache_with_extra_data,
)

from .simulator import Account, PlexServer, Stream
from .support.entries import DOWN, set_up, state_of
from .support.helpers import advance, settle

LAST_ADDED = "sensor.home_last_added"
LAST_PLAYED = "sensor.home_last_played"

MINUTE = 60


@pytest.mark.usefixtures("init_integration")
async def test_nothing_yet(hass: HomeAssistant) -> None:
    """They are unknown until something happens."""
    assert state_of(hass, LAST_ADDED) == STATE_UNKNOWN
    assert state_of(hass, LAST_PLAYED) == STATE_UNKNOWN


async def test_last_played(hass: HomeAssistant, stream: Stream) -> None:
    """What follows the start of a stream does not change it."""
    await stream.pause()
    await stream.stop()
    await settle(hass)
    assert state_of(hass, LAST_PLAYED) == "owner started Film on Living room TV"


async def test_last_added(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    home: PlexServer,
    init_integration: MockConfigEntry,
) -> None:
    """What is removed does not change it."""
    film = await home.add_media("Night Ferry")
    await advance(hass, freezer, 2 * MINUTE, step=10)
    await home.remove_media(film)
    await advance(hass, freezer, 2 * MINUTE, step=10)
    assert state_of(hass, LAST_ADDED) == "Night Ferry was added to Movies"


@pytest.mark.allowed_logs(DOWN)
async def test_they_outlast_the_server_and_home_assistant(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, home: PlexServer, entry: MockConfigEntry
) -> None:
    """They are restored, and stay while the server is offline."""
    sentence = "friend started Night Ferry on Phone"
    data = {"native_value": sentence, "native_unit_of_measurement": None}
    mock_restore_cache_with_extra_data(hass, [(State(LAST_PLAYED, sentence), data)])
    await set_up(hass, entry)
    await home.stop()
    await advance(hass, freezer, 2 * MINUTE, step=15)
    assert state_of(hass, LAST_PLAYED) == sentence


async def test_guest(hass: HomeAssistant, guest: MockConfigEntry) -> None:
    """A guest, who may not see the streams, has the other sensor alone."""
    await set_up(hass, guest)
    assert hass.states.get(LAST_PLAYED) is None
    assert state_of(hass, LAST_ADDED) == STATE_UNKNOWN


async def test_long_title(
    hass: HomeAssistant, home: PlexServer, owner: Account, init_integration: MockConfigEntry
) -> None:
    """The sentence is shortened to what a state can hold."""
    await home.start_stream(user=owner, title="Word " * 100, player="TV")
    await settle(hass)
    state = state_of(hass, LAST_PLAYED)
    assert state.startswith("owner started Word Word")
    assert state.endswith("…")
    assert len(state) == MAX_LENGTH_STATE_STATE
