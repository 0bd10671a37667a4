"""What goes wrong with an action is said in the user's words."""

from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.const import ATTR_CONFIG_ENTRY_ID
from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError, Unauthorized
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, MockUser

from custom_components.plex_monitor.const import DOMAIN, TokenSource
from custom_components.plex_monitor.services import ACTIONS
from tests.simulator import Fault, PlexServer, World
from tests.support.actions import act
from tests.support.entries import entry_of, set_up
from tests.support.helpers import advance, settle

OWNER_ONLY = {
    "scan_library": {},
    "empty_trash": {"library": "Movies"},
    "refresh_metadata": {"rating_key": "101"},
    "optimize_database": {},
    "clean_bundles": {},
    "run_task": {"task": "backup_database"},
    "stop_task": {"task": "backup_database"},
    "stop_scan": {},
    "list_streams": {},
    "list_tasks": {},
    "stop_stream": {"user": "owner"},
}
FOR_ALL = {
    "cancel_activity": {"activity": "x"},
    "history": {},
    "mark_unwatched": {"rating_key": "101"},
    "mark_watched": {"rating_key": "101"},
    "on_deck": {},
    "rate": {"rating_key": "101"},
    "recently_added": {},
    "search": {"query": "x"},
}


def test_every_action_is_tested_for_its_rights() -> None:
    """None is forgotten below."""
    assert OWNER_ONLY.keys() | FOR_ALL.keys() == ACTIONS.keys()


@pytest.mark.parametrize("old", [False, True], ids=["403", "401 of an old server"])
@pytest.mark.parametrize(("action", "data"), OWNER_ONLY.items())
async def test_guest_may_not(
    hass: HomeAssistant,
    home: PlexServer,
    guest: MockConfigEntry,
    action: str,
    data: dict[str, Any],
    *,
    old: bool,
) -> None:
    """The server lets its owner only."""
    await set_up(hass, guest)
    home.refuses_with_401 = old
    with pytest.raises(HomeAssistantError, match="Home lets nobody but its owner do that"):
        await act(hass, guest, action, **data)


@pytest.mark.allowed_logs("Error fetching Home data: Home does not answer")
@pytest.mark.parametrize(("action", "data"), (OWNER_ONLY | FOR_ALL).items())
async def test_server_that_does_not_answer(
    hass: HomeAssistant,
    home: PlexServer,
    entry: MockConfigEntry,
    action: str,
    data: dict[str, Any],
) -> None:
    """It is said, whatever was asked for."""
    await set_up(hass, entry)
    await home.stop()
    with pytest.raises(HomeAssistantError, match="Home does not answer"):
        await act(hass, entry, action, **data)


@pytest.mark.parametrize(
    ("fault", "text"),
    [
        (Fault.status(503), "Home is busy or starting"),
        (Fault.UNAUTHORIZED, "Home refuses the sign-in of Home Assistant"),
        (Fault.GARBLED, "Home gave an answer that Plex does not give"),
    ],
)
async def test_server_that_answers_badly(
    hass: HomeAssistant, home: PlexServer, entry: MockConfigEntry, fault: Fault, text: str
) -> None:
    """Each in its own words."""
    await set_up(hass, entry)
    home.faults.set(fault, paths="^/library/onDeck")
    with pytest.raises(HomeAssistantError, match=text):
        await act(hass, entry, "on_deck")


@pytest.mark.allowed_logs(r"^custom_components\.plex_monitor: ")
async def test_dead_token(
    hass: HomeAssistant, world: World, home: PlexServer, entry: MockConfigEntry
) -> None:
    """There is an entry that is loaded, and nothing can be asked with it."""
    world.plex_tv.revoke(entry.data["account_token"])
    await set_up(hass, entry)
    with pytest.raises(HomeAssistantError, match="Home"):
        await act(hass, entry, "on_deck")


@pytest.mark.allowed_logs(r"^custom_components\.plex_monitor: ")
async def test_token_that_is_known_to_be_dead(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, world: World, entry: MockConfigEntry
) -> None:
    """It is said what has become of it."""
    await set_up(hass, entry)
    world.plex_tv.revoke(entry.data["account_token"])
    await advance(hass, freezer, 120, step=5)
    with pytest.raises(HomeAssistantError) as raised:
        await act(hass, entry, "on_deck")
    assert raised.value.translation_key == "invalid"


@pytest.mark.allowed_logs(r"^custom_components\.plex_monitor: ")
async def test_server_that_wants_a_token_where_there_is_none(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, home: PlexServer
) -> None:
    """Nobody was signed out, so that is not what is said."""
    home.allowed_without_auth = True
    entry = entry_of(home, source=TokenSource.NONE)
    await set_up(hass, entry)
    home.allowed_without_auth = False
    await advance(hass, freezer, 45 * 60)
    with pytest.raises(HomeAssistantError) as raised:
        await act(hass, entry, "on_deck")
    assert raised.value.translation_key == "token_wanted"


async def test_entry_that_is_not_loaded(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Home Assistant says so."""
    await set_up(hass, entry)
    await hass.config_entries.async_unload(entry.entry_id)
    await settle(hass)
    with pytest.raises(ServiceValidationError) as caught:
        await act(hass, entry, "on_deck")
    assert caught.value.translation_key == "service_config_entry_not_loaded"


async def test_server_that_there_is_not(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Home Assistant says so."""
    await set_up(hass, entry)
    with pytest.raises(ServiceValidationError) as caught:
        await hass.services.async_call(
            DOMAIN,
            "on_deck",
            {ATTR_CONFIG_ENTRY_ID: "none"},
            blocking=True,
            return_response=True,
        )
    assert caught.value.translation_key == "service_config_entry_not_found"


async def test_only_administrators_replace_the_token(
    hass: HomeAssistant, entry: MockConfigEntry, hass_read_only_user: MockUser
) -> None:
    """It changes what Home Assistant has stored."""
    await set_up(hass, entry)
    with pytest.raises(Unauthorized):
        await hass.services.async_call(
            DOMAIN,
            "replace_token",
            {ATTR_CONFIG_ENTRY_ID: entry.entry_id},
            blocking=True,
            context=Context(user_id=hass_read_only_user.id),
        )
