"""The action that replaces the token by a new one of our own."""

import asyncio
from collections.abc import Mapping
from typing import Any
from unittest.mock import patch

from freezegun.api import FrozenDateTimeFactory
from homeassistant.components.button import DOMAIN as BUTTON, SERVICE_PRESS
from homeassistant.const import (
    ATTR_CONFIG_ENTRY_ID,
    ATTR_ENTITY_ID,
    CONF_URL,
    CONF_VERIFY_SSL,
    STATE_ON,
)
from homeassistant.core import (
    Event,
    EventStateChangedData,
    HomeAssistant,
    ServiceResponse,
    callback,
)
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.event import async_track_state_change_event
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.plex_monitor.clients import plex_server_client
from custom_components.plex_monitor.const import (
    CONF_ACCOUNT_TOKEN,
    CONF_CLIENT_IDENTIFIER,
    CONF_SERVER_TOKEN,
    CONF_TOKEN_SOURCE,
    DOMAIN,
    TokenSource,
)
from tests.simulator import Account, Connection, Fault, PlexServer, World
from tests.support.actions import perform
from tests.support.entities import attributes_of
from tests.support.entries import (
    DOWN,
    UNREADABLE,
    entry_of,
    issues_of,
    set_up,
    setup_state,
    state_of,
)
from tests.support.flows import SIGN_OUT
from tests.support.helpers import advance, records_of, settle

LINK = "/api/v2/pins/link"
PINS = "/api/v2/pins"
RESOURCES = "/api/v2/resources"


async def replace(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Replace the token of an entry."""
    await perform(hass, entry, "replace_token")


def start_to_replace(hass: HomeAssistant, entry: MockConfigEntry) -> asyncio.Task[ServiceResponse]:
    """Start to replace the token of an entry, without waiting for the end."""
    return hass.async_create_task(
        hass.services.async_call(
            DOMAIN, "replace_token", {ATTR_CONFIG_ENTRY_ID: entry.entry_id}, blocking=True
        )
    )


def devices_named(world: World, account: Account, product: str = "Home Assistant") -> set[str]:
    """Return the client identifiers that plex.tv lists under authorized devices."""
    return {
        device.client_identifier
        for device in world.plex_tv.devices_of(account)
        if device.product == product
    }


def browser_token(world: World, account: Account) -> str:
    """Return the token of an account in a browser."""
    return world.plex_tv.sign_in(account, client_identifier="browser", product="Plex Web")


async def test_new_token_is_used_and_the_old_one_signed_out(
    hass: HomeAssistant, world: World, home: PlexServer, owner: Account, entry: MockConfigEntry
) -> None:
    """The new token belongs to a new device at plex.tv, and the old device is gone."""
    await set_up(hass, entry)
    old = dict(entry.data)
    await replace(hass, entry)

    new = entry.data
    assert new[CONF_ACCOUNT_TOKEN] != old[CONF_ACCOUNT_TOKEN]
    assert new[CONF_CLIENT_IDENTIFIER] != old[CONF_CLIENT_IDENTIFIER]
    assert new[CONF_TOKEN_SOURCE] == TokenSource.LINKED
    assert world.plex_tv.is_valid(new[CONF_ACCOUNT_TOKEN])
    assert not world.plex_tv.is_valid(old[CONF_ACCOUNT_TOKEN])
    assert devices_named(world, owner) == {new[CONF_CLIENT_IDENTIFIER]}
    [sign_out] = world.requests.to("plex.tv", path="/api/v2/users/signout")
    assert sign_out.headers["X-Plex-Client-Identifier"] == old[CONF_CLIENT_IDENTIFIER]
    assert world.plex_tv.devices_of(owner)[0].name == "Home Assistant (test home, Home)"


async def test_nothing_becomes_unavailable(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    home: PlexServer,
    owner: Account,
    entry: MockConfigEntry,
) -> None:
    """The entry is not reloaded, and events go on."""
    home.closes_sockets_on_revocation = True
    await set_up(hass, entry)
    await home.start_stream(user=owner, title="Film")
    await settle(hass)
    seen: list[str] = []

    @callback
    def changed(event: Event[EventStateChangedData]) -> None:
        if (state := event.data["new_state"]) is not None:
            seen.append(state.state)

    watched = ["sensor.home_streams", "binary_sensor.home_server", "sensor.home_token_status"]
    async_track_state_change_event(hass, watched, changed)
    await replace(hass, entry)
    assert seen == []
    assert len(home.notifier.listeners) == 1

    await home.start_stream(user=owner, title="Another film")
    await advance(hass, freezer, 2, step=1)
    assert state_of(hass, "sensor.home_streams") == "2"


async def test_old_token_is_never_used_again(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    world: World,
    home: PlexServer,
    entry: MockConfigEntry,
) -> None:
    """Neither the old token nor the old client identifier goes to the server or plex.tv."""
    await set_up(hass, entry)
    old = dict(entry.data)
    await replace(hass, entry)
    world.requests.clear()
    await advance(hass, freezer, 24 * 3600, step=600)
    await hass.config_entries.async_reload(entry.entry_id)
    await settle(hass)
    assert {r.host for r in world.requests} == {"Home", "plex.tv"}
    assert not {old[CONF_ACCOUNT_TOKEN], old[CONF_SERVER_TOKEN]} & {
        r.token_sent for r in world.requests
    }
    assert old[CONF_CLIENT_IDENTIFIER] not in {
        r.headers.get("X-Plex-Client-Identifier") for r in world.requests
    }
    assert state_of(hass, "sensor.home_token_status") == "valid"
    assert issues_of(hass) == []


@pytest.mark.allowed_logs(DOWN)
async def test_server_that_moves_afterwards_is_followed(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    world: World,
    home: PlexServer,
    entry: MockConfigEntry,
) -> None:
    """plex.tv is requested for its address with the new token and client identifier."""
    await set_up(hass, entry)
    await replace(hass, entry)
    world.requests.clear()
    await home.move()
    home.connections = [Connection(uri=home.url, address="127.0.0.1", port=home.port)]
    await advance(hass, freezer, 120)
    assert entry.data[CONF_URL] == home.url
    assert state_of(hass, "binary_sensor.home_server") == STATE_ON
    [request] = world.requests.to("plex.tv", path="/api/v2/resources")
    assert request.headers["X-Plex-Client-Identifier"] == entry.data[CONF_CLIENT_IDENTIFIER]


async def test_event_entity_reports_the_replacement(
    hass: HomeAssistant, home: PlexServer, entry: MockConfigEntry
) -> None:
    """The event entity of the token has the event type."""
    await set_up(hass, entry)
    assert state_of(hass, "event.home_token") == "unknown"
    await replace(hass, entry)
    assert attributes_of(hass, "event.home_token")["event_type"] == "replaced"


async def test_button_replaces_the_token(
    hass: HomeAssistant, world: World, entry: MockConfigEntry
) -> None:
    """The button does the same as the action."""
    await set_up(hass, entry)
    old = entry.data[CONF_ACCOUNT_TOKEN]
    await hass.services.async_call(
        BUTTON, SERVICE_PRESS, {ATTR_ENTITY_ID: "button.home_replace_token"}, blocking=True
    )
    await settle(hass)
    assert not world.plex_tv.is_valid(old)
    assert world.plex_tv.is_valid(entry.data[CONF_ACCOUNT_TOKEN])


async def test_pasted_token_is_replaced_by_one_of_our_own(
    hass: HomeAssistant, world: World, home: PlexServer, owner: Account
) -> None:
    """The pasted token stays valid for its browser, and the repair issue about it goes."""
    token = browser_token(world, owner)
    entry = entry_of(home, account_token=token, server_token=token, source=TokenSource.PASTED)
    await set_up(hass, entry)
    assert issues_of(hass) == ["plex_monitor.token_temporary"]
    await replace(hass, entry)
    assert entry.data[CONF_TOKEN_SOURCE] == TokenSource.LINKED
    assert entry.data[CONF_ACCOUNT_TOKEN] != token
    assert world.plex_tv.is_valid(token)
    assert issues_of(hass) == []


async def test_guest_replaces_their_token(
    hass: HomeAssistant, world: World, home: PlexServer, friend: Account, guest: MockConfigEntry
) -> None:
    """The server has a token for each guest, and the new one is stored."""
    await set_up(hass, guest)
    old = guest.data[CONF_ACCOUNT_TOKEN]
    await replace(hass, guest)
    assert not world.plex_tv.is_valid(old)
    assert guest.data[CONF_SERVER_TOKEN] == home.access_token_for(friend)
    assert state_of(hass, "sensor.home_token_status") == "valid"


async def test_verdict_of_plex_tv_on_the_new_token_survives_a_reload(
    hass: HomeAssistant, world: World, entry: MockConfigEntry
) -> None:
    """plex.tv is not requested again."""
    await set_up(hass, entry)
    await replace(hass, entry)
    world.requests.clear()
    await hass.config_entries.async_reload(entry.entry_id)
    await settle(hass)
    assert world.requests.to("plex.tv") == []
    assert state_of(hass, "sensor.home_token_status") == "valid"


async def test_server_that_moves_during_the_replacement(
    hass: HomeAssistant, home: PlexServer, entry: MockConfigEntry
) -> None:
    """The address that was found in the meantime stays in use."""
    await set_up(hass, entry)
    slow = home.faults.set(Fault.slow(1.5), paths="^/$", times=1)
    call = start_to_replace(hass, entry)
    while not slow.hits:
        await settle(hass)
    # The same server, by another address.
    found = f"{home.url}/"
    entry.runtime_data.server.server.move_to(found)
    await call
    await settle(hass)
    assert entry.runtime_data.server.server.url == found
    assert state_of(hass, "sensor.home_token_status") == "valid"


@pytest.mark.parametrize("verified", [True, False])
async def test_certificate_is_verified_as_before(
    hass: HomeAssistant, entry: MockConfigEntry, *, verified: bool
) -> None:
    """The client of the new token has the setting of the old one."""
    entry.add_to_hass(hass)
    hass.config_entries.async_update_entry(entry, data={**entry.data, CONF_VERIFY_SSL: verified})
    await hass.config_entries.async_setup(entry.entry_id)
    with patch(
        "custom_components.plex_monitor.actions.replace_token.plex_server_client",
        wraps=plex_server_client,
    ) as create_client:
        await replace(hass, entry)
    assert [call.kwargs["verify_ssl"] for call in create_client.mock_calls] == [verified]


async def test_server_that_requires_https(
    hass: HomeAssistant, world: World, home: PlexServer, owner: Account, entry: MockConfigEntry
) -> None:
    """The new token is not sent to the http address of the entry, and is signed out again."""
    await set_up(hass, entry)
    old = dict(entry.data)
    home.https_required = True
    with pytest.raises(HomeAssistantError, match="Home only accepts encrypted connections"):
        await replace(hass, entry)
    await settle(hass)
    assert dict(entry.data) == old
    assert devices_named(world, owner) == {old[CONF_CLIENT_IDENTIFIER]}
    tokens = {record.token_sent for record in world.requests.to(home.name)}
    assert tokens <= {None, old[CONF_SERVER_TOKEN]}


@pytest.mark.allowed_logs(r"^custom_components\.plex_monitor: ")
@pytest.mark.parametrize(
    ("plex_tv_faults", "server_faults", "text"),
    [
        ({PINS: Fault.status(503)}, {}, "Could not create a new token for Home"),
        ({LINK: Fault.status(500)}, {}, "Could not create a new token for Home"),
        ({LINK: Fault.UNAUTHORIZED}, {}, "Plex has signed Home Assistant out of Home"),
        ({RESOURCES: Fault.status(500)}, {}, "Could not create a new token for Home"),
        ({RESOURCES: Fault.json([])}, {}, "no longer has access to Home"),
        ({}, {"^/$": Fault.UNAUTHORIZED}, "Home does not accept the new token"),
        ({}, {"^/$": Fault.RESET}, "Home does not respond"),
        ({}, {"^/status/sessions$": Fault.status(403)}, "Home does not accept the new token"),
        ({}, {"^/identity": Fault.status(503)}, "Home is busy or starting"),
    ],
)
async def test_failure_changes_nothing(
    hass: HomeAssistant,
    world: World,
    home: PlexServer,
    owner: Account,
    entry: MockConfigEntry,
    plex_tv_faults: Mapping[str, Fault],
    server_faults: Mapping[str, Fault],
    text: str,
) -> None:
    """The old token stays valid and in use, and no new token is left behind at plex.tv."""
    await set_up(hass, entry)
    old = dict(entry.data)
    for paths, fault in plex_tv_faults.items():
        world.plex_tv.faults.set(fault, paths=paths)
    for paths, fault in server_faults.items():
        home.faults.set(fault, paths=paths)
    with pytest.raises(HomeAssistantError, match=text):
        await replace(hass, entry)

    world.plex_tv.faults.clear()
    home.faults.clear()
    await settle(hass)
    assert dict(entry.data) == old
    assert world.plex_tv.is_valid(old[CONF_ACCOUNT_TOKEN])
    assert devices_named(world, owner) == {old[CONF_CLIENT_IDENTIFIER]}
    assert state_of(hass, "binary_sensor.home_server") == "on"


async def test_old_token_that_cannot_be_signed_out(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    world: World,
    home: PlexServer,
    entry: MockConfigEntry,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The new token is in use all the same, and the old one is signed out later."""
    await set_up(hass, entry)
    old = entry.data[CONF_ACCOUNT_TOKEN]
    world.plex_tv.faults.set(Fault.status(500), paths=SIGN_OUT)
    await replace(hass, entry)
    assert entry.data[CONF_ACCOUNT_TOKEN] != old
    assert [record for record in records_of(caplog) if old in record.getMessage()] == []
    assert state_of(hass, "sensor.home_token_status") == "valid"
    world.plex_tv.faults.clear()
    await advance(hass, freezer, 60)
    assert not world.plex_tv.is_valid(old)
    assert world.plex_tv.is_valid(entry.data[CONF_ACCOUNT_TOKEN])


async def test_old_token_that_was_already_signed_out(
    hass: HomeAssistant, world: World, entry: MockConfigEntry, caplog: pytest.LogCaptureFixture
) -> None:
    """Nothing is left to do, so nothing is logged."""
    await set_up(hass, entry)
    old = entry.data[CONF_ACCOUNT_TOKEN]
    world.plex_tv.faults.set(Fault.UNAUTHORIZED, paths=SIGN_OUT)
    await replace(hass, entry)
    assert entry.data[CONF_ACCOUNT_TOKEN] != old
    assert issues_of(hass) == []
    assert "yet" not in caplog.text


async def test_entry_without_an_account_token(
    hass: HomeAssistant, world: World, home: PlexServer, owner: Account
) -> None:
    """Without one no new token can be created."""
    token = browser_token(world, owner)
    entry = entry_of(home, server_token=token, source=TokenSource.PASTED)
    await set_up(hass, entry)
    assert er.async_get(hass).async_get("button.home_replace_token") is None
    with pytest.raises(HomeAssistantError, match="cannot be replaced without a sign-in"):
        await replace(hass, entry)


async def test_two_replacements_at_once_leave_one_token(
    hass: HomeAssistant, world: World, home: PlexServer, owner: Account, entry: MockConfigEntry
) -> None:
    """The second one fails."""
    await set_up(hass, entry)
    calls = [start_to_replace(hass, entry) for _ in range(2)]
    await settle(hass)
    errors: list[Any] = [call.exception() for call in calls if call.exception()]
    assert [error.translation_key for error in errors] == ["token_changed_meanwhile"]
    assert devices_named(world, owner) == {entry.data[CONF_CLIENT_IDENTIFIER]}
    assert world.plex_tv.is_valid(entry.data[CONF_ACCOUNT_TOKEN])
    assert state_of(hass, "sensor.home_token_status") == "valid"


@pytest.mark.parametrize("again", [False, True], ids=["unloaded", "reloaded"])
async def test_entry_that_is_unloaded_during_the_replacement(
    hass: HomeAssistant,
    world: World,
    home: PlexServer,
    owner: Account,
    entry: MockConfigEntry,
    *,
    again: bool,
) -> None:
    """The new token is signed out again."""
    await set_up(hass, entry)
    old = dict(entry.data)
    slow = world.plex_tv.faults.set(Fault.slow(1.5), paths=RESOURCES)
    call = start_to_replace(hass, entry)
    while not slow.hits:
        await settle(hass)
    await hass.config_entries.async_unload(entry.entry_id)
    if again:
        await hass.config_entries.async_setup(entry.entry_id)
    with pytest.raises(HomeAssistantError, match="was changed in the meantime"):
        await call
    await settle(hass)
    assert dict(entry.data) == old
    assert devices_named(world, owner) == {old[CONF_CLIENT_IDENTIFIER]}
    assert setup_state(entry).value == ("loaded" if again else "not_loaded")


@pytest.mark.allowed_logs(UNREADABLE)
async def test_late_response_about_the_old_token_does_not_restore_it(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    world: World,
    home: PlexServer,
    entry: MockConfigEntry,
) -> None:
    """The server refused the old token once, so plex.tv was requested for the listed one."""
    await set_up(hass, entry)
    await advance(hass, freezer, 9 * 60 + 50)
    home.faults.set(Fault.UNAUTHORIZED, paths="^/$", with_token=True, times=1)
    late = world.plex_tv.faults.set(Fault.slow(5), paths="/api/v2/resources", times=1)
    await advance(hass, freezer, 60, step=60)
    assert late.hits == 1
    await replace(hass, entry)
    await advance(hass, freezer, 6, step=6)
    assert entry.data[CONF_SERVER_TOKEN] == entry.data[CONF_ACCOUNT_TOKEN]
    assert world.plex_tv.is_valid(entry.data[CONF_SERVER_TOKEN])
