"""What a player plays can be stopped, where the server can do that."""

from homeassistant.const import ATTR_ENTITY_ID, ATTR_SUPPORTED_FEATURES
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceNotSupported, ServiceValidationError
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from tests.simulator import Account, Fault, Kind, PlexServer
from tests.support.entities import attributes_of
from tests.support.entries import set_up, state_of
from tests.support.helpers import settle
from tests.support.players import BEDROOM, PHONE, TV, playing_in_the_bedroom


async def stop(hass: HomeAssistant) -> None:
    """Press stop."""
    await hass.services.async_call(
        "media_player", "media_stop", {ATTR_ENTITY_ID: BEDROOM}, blocking=True
    )
    await settle(hass)


async def test_stop(
    hass: HomeAssistant, home: PlexServer, owner: Account, bedroom_entry: MockConfigEntry
) -> None:
    """What plays elsewhere goes on; what has ended needs no stop."""
    await set_up(hass, bedroom_entry)
    other = await home.start_stream(user=owner, title="Elsewhere", player=PHONE)
    await home.start_stream(user=owner, title="Winter Light", player=TV)
    await settle(hass)
    await stop(hass)
    assert state_of(hass, BEDROOM) == "idle"
    assert home.streams == [other]
    await stop(hass)
    assert home.streams == [other]


async def test_stop_of_what_ends_at_the_same_time(
    hass: HomeAssistant, home: PlexServer, bedroom_entry: MockConfigEntry
) -> None:
    """It is what was wanted."""
    await playing_in_the_bedroom(hass, home, bedroom_entry)
    home.faults.set(Fault.status(404), paths="terminate")
    await stop(hass)


async def test_photo_cannot_be_stopped(
    hass: HomeAssistant, home: PlexServer, owner: Account, bedroom_entry: MockConfigEntry
) -> None:
    """It has no length, and nothing to be stopped by."""
    home.library.add_section("Pictures", Kind.PHOTO)
    home.library.add("The boat", kind=Kind.PHOTO, album="Summer")
    await set_up(hass, bedroom_entry)
    await home.start_stream(user=owner, title="The boat", player=TV)
    await settle(hass)
    assert state_of(hass, BEDROOM) == "playing"
    assert attributes_of(hass, BEDROOM)["media_content_type"] == "image"
    with pytest.raises(ServiceValidationError, match="cannot stop The boat"):
        await stop(hass)


@pytest.mark.parametrize(
    ("fault", "why"),
    [(Fault.status(503), "busy"), (Fault.RESET, "does not answer"), (Fault.status(403), "Pass")],
)
async def test_stop_that_fails_is_told(
    hass: HomeAssistant,
    home: PlexServer,
    bedroom_entry: MockConfigEntry,
    fault: Fault,
    why: str,
) -> None:
    """With the reason, and the player goes on."""
    await playing_in_the_bedroom(hass, home, bedroom_entry)
    home.faults.set(fault, paths="terminate")
    with pytest.raises(HomeAssistantError, match=f"Home.*{why}|{why}.*Home"):
        await stop(hass)
    assert state_of(hass, BEDROOM) == "playing"


async def test_server_without_plex_pass_stops_nothing(
    hass: HomeAssistant, home: PlexServer, owner: Account, bedroom_entry: MockConfigEntry
) -> None:
    """So stop is not offered."""
    owner.plex_pass = False
    await playing_in_the_bedroom(hass, home, bedroom_entry)
    assert attributes_of(hass, BEDROOM)[ATTR_SUPPORTED_FEATURES] == 0
    with pytest.raises(ServiceNotSupported):
        await stop(hass)
