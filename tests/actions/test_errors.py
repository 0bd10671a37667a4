"""Actions that fail raise translated errors."""

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
from tests.support.actions import perform
from tests.support.entries import entry_of, set_up
from tests.support.helpers import advance

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


def test_every_action_is_covered() -> None:
    """Every action that anybody may perform is in one of the lists above."""
    assert OWNER_ONLY.keys() | FOR_ALL.keys() | {"replace_token"} == ACTIONS.keys()


@pytest.mark.parametrize("old", [False, True], ids=["403", "401 of an old server"])
@pytest.mark.parametrize(("action", "data"), OWNER_ONLY.items())
async def test_owner_only_action_of_a_guest(
    hass: HomeAssistant,
    home: PlexServer,
    guest: MockConfigEntry,
    action: str,
    data: dict[str, Any],
    *,
    old: bool,
) -> None:
    """The error says that the server allows only its owner to do that."""
    await set_up(hass, guest)
    home.refuses_with_401 = old
    with pytest.raises(HomeAssistantError, match="Only the owner of Home can do this"):
        await perform(hass, guest, action, **data)


@pytest.mark.allowed_logs("Error fetching Home data: Home does not respond")
@pytest.mark.parametrize(("action", "data"), (OWNER_ONLY | FOR_ALL).items())
async def test_server_is_down(
    hass: HomeAssistant,
    home: PlexServer,
    entry: MockConfigEntry,
    action: str,
    data: dict[str, Any],
) -> None:
    """The error says that the server does not answer."""
    await set_up(hass, entry)
    await home.stop()
    with pytest.raises(HomeAssistantError, match="Home does not respond"):
        await perform(hass, entry, action, **data)


@pytest.mark.parametrize(
    ("fault", "text"),
    [
        (Fault.status(503), "Home is busy or starting"),
        (Fault.UNAUTHORIZED, "Home rejected the token"),
        (Fault.GARBLED, "Home returned an unexpected response"),
    ],
)
async def test_server_answers_with_an_error(
    hass: HomeAssistant, home: PlexServer, entry: MockConfigEntry, fault: Fault, text: str
) -> None:
    """Each kind of failure has its own text."""
    await set_up(hass, entry)
    home.faults.set(fault, paths="^/library/onDeck")
    with pytest.raises(HomeAssistantError, match=text):
        await perform(hass, entry, "on_deck")


@pytest.mark.allowed_logs(r"^custom_components\.plex_monitor: ")
async def test_token_that_was_dead_at_setup(
    hass: HomeAssistant, world: World, home: PlexServer, entry: MockConfigEntry
) -> None:
    """The entry is loaded, but no request succeeds."""
    world.plex_tv.revoke(entry.data["account_token"])
    await set_up(hass, entry)
    with pytest.raises(HomeAssistantError, match="Home"):
        await perform(hass, entry, "on_deck")


@pytest.mark.allowed_logs(r"^custom_components\.plex_monitor: ")
async def test_token_that_is_known_to_be_dead(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, world: World, entry: MockConfigEntry
) -> None:
    """The error says what happened to the token."""
    await set_up(hass, entry)
    world.plex_tv.revoke(entry.data["account_token"])
    await advance(hass, freezer, 120, step=5)
    with pytest.raises(HomeAssistantError) as raised:
        await perform(hass, entry, "on_deck")
    assert raised.value.translation_key == "invalid"


@pytest.mark.allowed_logs(r"^custom_components\.plex_monitor: ")
async def test_server_requires_a_token_that_the_entry_does_not_have(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, home: PlexServer
) -> None:
    """The error does not claim that anybody was signed out."""
    home.allowed_without_auth = True
    entry = entry_of(home, source=TokenSource.NONE)
    await set_up(hass, entry)
    home.allowed_without_auth = False
    await advance(hass, freezer, 45 * 60)
    with pytest.raises(HomeAssistantError) as raised:
        await perform(hass, entry, "on_deck")
    assert raised.value.translation_key == "token_wanted"


async def test_entry_that_is_not_loaded(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Home Assistant raises the error."""
    await set_up(hass, entry)
    await hass.config_entries.async_unload(entry.entry_id)
    with pytest.raises(ServiceValidationError) as caught:
        await perform(hass, entry, "on_deck")
    assert caught.value.translation_key == "service_config_entry_not_loaded"


async def test_unknown_entry(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Home Assistant raises the error."""
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
    """The action changes what Home Assistant has stored."""
    await set_up(hass, entry)
    with pytest.raises(Unauthorized):
        await hass.services.async_call(
            DOMAIN,
            "replace_token",
            {ATTR_CONFIG_ENTRY_ID: entry.entry_id},
            blocking=True,
            context=Context(user_id=hass_read_only_user.id),
        )
