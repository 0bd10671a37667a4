"""The buttons."""

from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.components.button import DOMAIN as BUTTON, SERVICE_PRESS
from homeassistant.const import (
    ATTR_ENTITY_ID,
    STATE_OFF,
    STATE_ON,
    STATE_UNAVAILABLE,
    STATE_UNKNOWN,
    EntityCategory,
)
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import device_registry as dr, entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.plex_monitor.const import DOMAIN

from .simulator import Fault, Kind, PlexServer
from .support.entries import set_up, state_of
from .support.helpers import advance, settle

SCAN_ALL = "button.home_scan_all_libraries"
SCAN_MOVIES = "button.home_movies_scan"
CHECK = "button.home_check_for_update"
UPDATE = "update.home_server_update"


async def press(hass: HomeAssistant, entity_id: str) -> None:
    """Press a button."""
    await hass.services.async_call(
        BUTTON, SERVICE_PRESS, {ATTR_ENTITY_ID: entity_id}, blocking=True
    )
    await settle(hass)


def button_names(hass: HomeAssistant, entry: MockConfigEntry) -> set[str]:
    """Return the buttons that there are."""
    return {
        entity.entity_id
        for entity in er.async_get(hass).entities.get_entries_for_config_entry_id(entry.entry_id)
        if entity.domain == BUTTON
    }


async def test_owner_has_all_buttons(
    hass: HomeAssistant, home: PlexServer, entry: MockConfigEntry
) -> None:
    """One for all libraries, and one for each."""
    await set_up(hass, entry)
    assert button_names(hass, entry) == {
        SCAN_ALL,
        SCAN_MOVIES,
        "button.home_tv_shows_scan",
        "button.home_music_scan",
        CHECK,
        "button.home_replace_token",
    }
    categories = {
        entity_id: entity.entity_category
        for entity_id in (SCAN_ALL, CHECK, "button.home_replace_token")
        if (entity := er.async_get(hass).async_get(entity_id))
    }
    assert categories == {
        SCAN_ALL: None,
        CHECK: EntityCategory.DIAGNOSTIC,
        "button.home_replace_token": EntityCategory.CONFIG,
    }


async def test_scan_of_all_libraries(
    hass: HomeAssistant, home: PlexServer, entry: MockConfigEntry
) -> None:
    """The server is told once."""
    await set_up(hass, entry)
    assert state_of(hass, SCAN_ALL) == STATE_UNKNOWN
    await press(hass, SCAN_ALL)
    assert [one.section_id for one in home.scanner.asked] == [1, 2, 3]


async def test_scan_of_one_library(
    hass: HomeAssistant, home: PlexServer, entry: MockConfigEntry
) -> None:
    """From the device of the library."""
    await set_up(hass, entry)
    await press(hass, SCAN_MOVIES)
    assert [one.section_id for one in home.scanner.asked] == [1]
    entity = er.async_get(hass).async_get(SCAN_MOVIES)
    assert entity is not None
    assert entity.unique_id == f"{home.machine_identifier}_1_scan"
    server = dr.async_get(hass).async_get_device_by_identifier(
        (DOMAIN, home.machine_identifier), entry.entry_id
    )
    assert server is not None
    assert entity.device_id not in {None, server.id}


async def test_check_for_update(
    hass: HomeAssistant, home: PlexServer, entry: MockConfigEntry
) -> None:
    """The server looks for one, and downloads nothing."""
    await set_up(hass, entry)
    home.updater.offer("1.99.0.1-abc", checked=False)
    found = [home.updater.release]
    await press(hass, CHECK)
    found.append(home.updater.release)
    assert [release and release.version for release in found] == [None, "1.99.0.1-abc"]
    assert home.updater.installs == []
    assert state_of(hass, UPDATE) == STATE_ON


async def test_update_that_is_found_slowly(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, home: PlexServer, entry: MockConfigEntry
) -> None:
    """The server takes its time to look for one, and is asked until then."""
    await set_up(hass, entry)
    await press(hass, CHECK)
    assert state_of(hass, UPDATE) == STATE_OFF
    home.updater.offer("1.99.0.1-abc")
    await advance(hass, freezer, 90)
    assert state_of(hass, UPDATE) == STATE_ON


async def test_guest_has_none_of_the_owners_buttons(
    hass: HomeAssistant, guest: MockConfigEntry
) -> None:
    """What the account may not do is not shown."""
    await set_up(hass, guest)
    assert button_names(hass, guest) == {"button.home_replace_token"}


async def test_buttons_come_with_the_right(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, home: PlexServer, entry: MockConfigEntry
) -> None:
    """And are unavailable without it."""
    refusal = home.faults.set(Fault.status(403), paths="^/(status|updater)")
    await set_up(hass, entry)
    assert button_names(hass, entry) == {"button.home_replace_token"}
    home.faults.clear(refusal)
    await advance(hass, freezer, 20 * 60)
    assert {SCAN_ALL, SCAN_MOVIES, CHECK} <= button_names(hass, entry)
    assert state_of(hass, SCAN_MOVIES) == STATE_UNKNOWN

    home.faults.set(Fault.status(403), paths="^/(status|updater)")
    await advance(hass, freezer, 3 * 60)
    assert {state_of(hass, name) for name in (SCAN_ALL, SCAN_MOVIES, CHECK)} == {STATE_UNAVAILABLE}


async def test_library_that_is_made_later_has_its_button(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, home: PlexServer, entry: MockConfigEntry
) -> None:
    """As soon as something is added to it."""
    await set_up(hass, entry)
    section = home.library.add_section("Concerts", Kind.MOVIE)
    await home.add_media("Live", section=section)
    await advance(hass, freezer, 60)
    await press(hass, "button.home_concerts_scan")
    assert [one.section_id for one in home.scanner.asked] == [section.id]


@pytest.mark.allowed_logs("Error fetching Home data")
@pytest.mark.parametrize(
    ("fault", "text"),
    [
        (Fault.status(403), "Home lets nobody but its owner do that"),
        (Fault.status(503), "Home is busy or starting"),
        (Fault.status(404), "Home no longer has this library"),
    ],
)
async def test_what_goes_wrong_is_said(
    hass: HomeAssistant, home: PlexServer, entry: MockConfigEntry, fault: Any, text: str
) -> None:
    """To whoever pressed."""
    await set_up(hass, entry)
    home.faults.set(fault, paths="^/library/sections/1/refresh")
    with pytest.raises(HomeAssistantError, match=text):
        await press(hass, SCAN_MOVIES)
