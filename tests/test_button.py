"""The buttons of a server and of its libraries."""

from contextlib import nullcontext
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
from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import HomeAssistantError, Unauthorized
from homeassistant.helpers import device_registry as dr, entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, MockUser

from custom_components.plex_monitor.const import CONF_ACCOUNT_TOKEN, DOMAIN

from .simulator import Fault, Kind, PlexServer
from .support.entries import set_up, state_of
from .support.helpers import advance, settle

SCAN_ALL = "button.home_scan_all_libraries"
SCAN_MOVIES = "button.home_movies_scan"
CHECK = "button.home_check_for_update"
REPLACE_TOKEN = "button.home_replace_token"
UPDATE = "update.home_server_update"


async def press(hass: HomeAssistant, entity_id: str) -> None:
    """Press a button."""
    await hass.services.async_call(
        BUTTON, SERVICE_PRESS, {ATTR_ENTITY_ID: entity_id}, blocking=True
    )
    await settle(hass)


def buttons_of(hass: HomeAssistant, entry: MockConfigEntry) -> set[str]:
    """Return the entity ids of the buttons."""
    return {
        entity.entity_id
        for entity in er.async_get(hass).entities.get_entries_for_config_entry_id(entry.entry_id)
        if entity.domain == BUTTON
    }


async def test_owner_has_all_buttons(
    hass: HomeAssistant, home: PlexServer, entry: MockConfigEntry
) -> None:
    """There is a scan button for all libraries, and one for each."""
    await set_up(hass, entry)
    assert buttons_of(hass, entry) == {
        SCAN_ALL,
        SCAN_MOVIES,
        "button.home_tv_shows_scan",
        "button.home_music_scan",
        CHECK,
        REPLACE_TOKEN,
    }
    categories = {
        entity_id: entity.entity_category
        for entity_id in (SCAN_ALL, CHECK, REPLACE_TOKEN)
        if (entity := er.async_get(hass).async_get(entity_id))
    }
    assert categories == {
        SCAN_ALL: None,
        CHECK: EntityCategory.DIAGNOSTIC,
        REPLACE_TOKEN: EntityCategory.CONFIG,
    }


async def test_scan_all_libraries(
    hass: HomeAssistant, home: PlexServer, entry: MockConfigEntry
) -> None:
    """One request scans them all."""
    await set_up(hass, entry)
    assert state_of(hass, SCAN_ALL) == STATE_UNKNOWN
    await press(hass, SCAN_ALL)
    assert [scan.section_id for scan in home.scanner.requests] == [1, 2, 3]


async def test_scan_one_library(
    hass: HomeAssistant, home: PlexServer, entry: MockConfigEntry
) -> None:
    """The button is on the device of the library."""
    await set_up(hass, entry)
    await press(hass, SCAN_MOVIES)
    assert [scan.section_id for scan in home.scanner.requests] == [1]
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
    """The server checks for a release, and does not download it."""
    await set_up(hass, entry)
    home.updater.offer("1.99.0.1-abc", checked=False)
    found = [home.updater.release]
    await press(hass, CHECK)
    found.append(home.updater.release)
    assert [release and release.version for release in found] == [None, "1.99.0.1-abc"]
    assert home.updater.installs == []
    assert state_of(hass, UPDATE) == STATE_ON


async def test_check_that_takes_the_server_some_time(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, home: PlexServer, entry: MockConfigEntry
) -> None:
    """The server is polled until it has found a release."""
    await set_up(hass, entry)
    await press(hass, CHECK)
    assert state_of(hass, UPDATE) == STATE_OFF
    home.updater.offer("1.99.0.1-abc")
    await advance(hass, freezer, 90)
    assert state_of(hass, UPDATE) == STATE_ON


async def test_guest_has_none_of_the_owners_buttons(
    hass: HomeAssistant, guest: MockConfigEntry
) -> None:
    """Buttons that the account has no right for do not exist."""
    await set_up(hass, guest)
    assert buttons_of(hass, guest) == {REPLACE_TOKEN}


async def test_buttons_follow_the_rights_of_the_account(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, home: PlexServer, entry: MockConfigEntry
) -> None:
    """They are added with the right, and unavailable without it."""
    refusal = home.faults.set(Fault.status(403), paths="^/(status|updater|myplex)")
    await set_up(hass, entry)
    assert buttons_of(hass, entry) == {REPLACE_TOKEN}
    home.faults.clear(refusal)
    await advance(hass, freezer, 20 * 60)
    assert {SCAN_ALL, SCAN_MOVIES, CHECK} <= buttons_of(hass, entry)
    assert state_of(hass, SCAN_MOVIES) == STATE_UNKNOWN

    home.faults.set(Fault.status(403), paths="^/(status|updater|myplex)")
    await advance(hass, freezer, 3 * 60)
    assert {state_of(hass, name) for name in (SCAN_ALL, SCAN_MOVIES, CHECK)} == {STATE_UNAVAILABLE}


async def test_library_that_is_created_later(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, home: PlexServer, entry: MockConfigEntry
) -> None:
    """Its button exists once something is added to it."""
    await set_up(hass, entry)
    section = home.library.add_section("Concerts", Kind.MOVIE)
    await home.add_media("Live", section=section)
    await advance(hass, freezer, 60)
    await press(hass, "button.home_concerts_scan")
    assert [scan.section_id for scan in home.scanner.requests] == [section.id]


@pytest.mark.allowed_logs("Error fetching Home data")
@pytest.mark.parametrize(
    ("fault", "text"),
    [
        (Fault.status(403), "Only the owner of Home can do this"),
        (Fault.status(503), "Home is busy or starting"),
        (Fault.status(404), "Home no longer has this library"),
    ],
)
async def test_request_that_fails(
    hass: HomeAssistant, home: PlexServer, entry: MockConfigEntry, fault: Any, text: str
) -> None:
    """The error says why."""
    await set_up(hass, entry)
    home.faults.set(fault, paths="^/library/sections/1/refresh")
    with pytest.raises(HomeAssistantError, match=text):
        await press(hass, SCAN_MOVIES)


@pytest.mark.parametrize("is_admin", [False, True])
async def test_only_an_administrator_may_replace_the_token(
    hass: HomeAssistant, entry: MockConfigEntry, *, is_admin: bool
) -> None:
    """As with the action. An automation that an administrator has created may as well."""
    await set_up(hass, entry)
    user = MockUser(groups=[], is_owner=is_admin).add_to_hass(hass)
    user.mock_policy({"entities": True})
    before = entry.data[CONF_ACCOUNT_TOKEN]
    with pytest.raises(Unauthorized) if not is_admin else nullcontext():
        await hass.services.async_call(
            BUTTON,
            SERVICE_PRESS,
            {ATTR_ENTITY_ID: REPLACE_TOKEN},
            blocking=True,
            context=Context(user_id=user.id),
        )
    assert (entry.data[CONF_ACCOUNT_TOKEN] != before) is is_admin
