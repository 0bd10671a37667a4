"""Tokens are only in private storage and in requests to Plex, and our key is only stored."""

import asyncio
from collections.abc import Iterator
import json
import logging
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.components.image import async_get_image
from homeassistant.components.repairs.const import DOMAIN as REPAIRS
from homeassistant.const import (
    ATTR_CONFIG_ENTRY_ID,
    ATTR_ENTITY_ID,
    EVENT_HOMEASSISTANT_FINAL_WRITE,
)
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import (
    device_registry as dr,
    entity_registry as er,
    issue_registry as ir,
)
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.plex_monitor.const import (
    CONF_ACCOUNT_TOKEN,
    CONF_PLAYERS,
    CONF_SERVER_TOKEN,
    DOMAIN,
)
from custom_components.plex_monitor.diagnostics import async_get_config_entry_diagnostics
from custom_components.plex_monitor.media.signing import STORAGE_KEY

from .simulator import Fault, Player, PlexServer, World
from .support.entries import set_up, signed_in_entry
from .support.flows import approve, start_flow, submit
from .support.helpers import advance, records_of, settle

MINUTE = 60

# Home Assistant stores the tokens of entries; we store those that are still to be signed out.
MAY_HOLD_TOKENS = {"core.config_entries", "plex_monitor.unfinished"}


def _everything_exposed(
    hass: HomeAssistant, caplog: pytest.LogCaptureFixture, storage: dict[str, Any]
) -> Iterator[tuple[str, str]]:
    """Return all text that Home Assistant exposes or stores, with its place."""
    formatter = logging.Formatter()
    for record in records_of(caplog):
        line = formatter.format(record)
        yield f"log of {record.name}", line
    for state in hass.states.async_all():
        yield f"state of {state.entity_id}", json.dumps(state.as_dict(), default=str)
    for entity in er.async_get(hass).entities.values():
        yield f"registry of {entity.entity_id}", repr(entity)
    for device in dr.async_get(hass).devices:
        yield f"registry of {device.name}", repr(device)
    for issue in ir.async_get(hass).issues.values():
        yield f"repair {issue.issue_id}", repr(issue)
    for flow in hass.config_entries.flow.async_progress():
        yield f"flow {flow['flow_id']}", json.dumps(flow, default=str)
    for key, stored in storage.items():
        if key not in MAY_HOLD_TOKENS:
            yield f"storage {key}", json.dumps(stored, default=str)


async def _perform_action(hass: HomeAssistant, action: str) -> Any:
    """Perform an action, and return its response."""
    (entry,) = hass.config_entries.async_entries(DOMAIN)
    return await hass.services.async_call(
        DOMAIN,
        action,
        {ATTR_CONFIG_ENTRY_ID: entry.entry_id},
        blocking=True,
        return_response=action != "replace_token",
    )


async def _configure(hass: HomeAssistant) -> Any:
    """Open the options flow, and return what it shows."""
    (entry,) = hass.config_entries.async_entries(DOMAIN)
    shown = await hass.config_entries.options.async_init(entry.entry_id)
    return {"shown": str(shown)}


async def _select_player(hass: HomeAssistant, player: Player) -> None:
    """Select a player in the options."""
    (entry,) = hass.config_entries.async_entries(DOMAIN)
    options = hass.config_entries.options
    form = await options.async_init(entry.entry_id)
    await options.async_configure(form["flow_id"], {CONF_PLAYERS: [player.machine_identifier]})
    await settle(hass)


async def _stop(hass: HomeAssistant) -> None:
    """Stop the selected player."""
    await hass.services.async_call(
        "media_player", "media_stop", {ATTR_ENTITY_ID: "media_player.living_room_tv"}, blocking=True
    )


@pytest.mark.allowed_logs(r"^custom_components\.plex_monitor: ")
@pytest.mark.usefixtures("quick_polling")
async def test_token_is_exposed_nowhere(
    hass: HomeAssistant,
    hass_storage: dict[str, Any],
    freezer: FrozenDateTimeFactory,
    world: World,
    home: PlexServer,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The whole life of an entry is checked, with many failures and with debug logging."""
    caplog.set_level(logging.DEBUG)
    assert await async_setup_component(hass, REPAIRS, {})
    result = await start_flow(hass, "sign_in")
    result = await approve(hass, world, result, home.owner)
    await submit(hass, result)
    (entry,) = hass.config_entries.async_entries(DOMAIN)
    tokens = {entry.data[CONF_ACCOUNT_TOKEN], entry.data[CONF_SERVER_TOKEN]}
    await settle(hass)
    stream = await home.start_stream(user=home.owner, title="Film")
    await settle(hass)
    await _select_player(hass, stream.player)
    signing_key = hass_storage[STORAGE_KEY]["data"]["key"]
    diagnostics = [await async_get_config_entry_diagnostics(hass, entry)]
    responses = [
        await _perform_action(hass, action)
        for action in ("list_streams", "recently_added", "history")
    ]
    pictures = [
        (await async_get_image(hass, f"image.{name}")).content
        for name in ("home_latest_added", "home_now_playing", "living_room_tv_picture")
    ]
    await _perform_action(hass, "replace_token")
    await settle(hass)
    tokens |= {entry.data[CONF_ACCOUNT_TOKEN], entry.data[CONF_SERVER_TOKEN]}
    assert len(tokens) >= 2

    for fault in (
        Fault.status(500),
        Fault.status(403),
        Fault.RESET,
        Fault.GARBLED,
        Fault.TRUNCATED,
        Fault.MISTYPED,
        Fault.HANG,
        Fault.redirect("http://127.0.0.1:9/"),
        Fault.UNAUTHORIZED,
    ):
        home.faults.set(fault)
        world.plex_tv.faults.set(fault)
        calls = [
            hass.async_create_task(_perform_action(hass, action))
            for action in ("list_streams", "history", "replace_token")
        ]
        calls += [hass.async_create_task(call(hass)) for call in (_configure, _stop)]
        await advance(hass, freezer, 3 * MINUTE)
        diagnostics.append(await async_get_config_entry_diagnostics(hass, entry))
        for response in await asyncio.gather(*calls, return_exceptions=True):
            assert response is None or isinstance(response, dict | HomeAssistantError)
            responses.append(f"{response} {response!r}")
        tokens |= {entry.data[CONF_ACCOUNT_TOKEN], entry.data[CONF_SERVER_TOKEN]}
        home.faults.clear()
        world.plex_tv.faults.clear()
        await advance(hass, freezer, 3 * MINUTE)
    await stream.stop()
    world.plex_tv.revoke(entry.data[CONF_ACCOUNT_TOKEN])
    await advance(hass, freezer, 20 * MINUTE)
    diagnostics.append(await async_get_config_entry_diagnostics(hass, entry))
    exposed = list(_everything_exposed(hass, caplog, hass_storage))
    await hass.config_entries.async_remove(entry.entry_id)
    hass.bus.async_fire(EVENT_HOMEASSISTANT_FINAL_WRITE)
    await settle(hass)
    exposed += _everything_exposed(hass, caplog, hass_storage)
    exposed += [("diagnostics", json.dumps(one, default=str)) for one in diagnostics]
    exposed += [("an action", json.dumps(one, default=str)) for one in responses]
    exposed += [("a picture", one.decode("latin-1")) for one in pictures]

    leaks = {place for place, text in exposed for token in tokens if token in text}
    assert leaks == set()
    assert {place for place, text in exposed if signing_key in text} == {f"storage {STORAGE_KEY}"}
    assert {r.token_sent for r in world.requests} & tokens
    assert not any(r.token_in_query for r in world.requests)


async def test_token_is_sent_only_to_plex_tv_and_to_the_right_machine(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, world: World, home: PlexServer
) -> None:
    """A request with the token follows a response of /identity that named the machine."""
    entry = signed_in_entry(world, home, home.owner)
    await set_up(hass, entry)
    await advance(hass, freezer, 30 * MINUTE)
    identified_at: float | None = None
    for request in world.requests.to(host="Home"):
        if request.path == "/identity" and request.status == 200:
            identified_at = request.at
        if request.token_sent:
            assert identified_at is not None
            assert request.at - identified_at <= MINUTE
    assert {r.host for r in world.requests} == {"plex.tv", "Home"}


@pytest.mark.allowed_logs(r"^custom_components\.plex_monitor: ")
async def test_token_does_not_follow_a_redirect(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    world: World,
    home: PlexServer,
    entry: MockConfigEntry,
) -> None:
    """The server that the redirect names gets no request at all."""
    elsewhere = await world.add_server("Elsewhere", owner=home.owner)
    await set_up(hass, entry)
    home.faults.set(Fault.redirect(f"{elsewhere.url}/"), paths="^/($|status|updater)")
    await advance(hass, freezer, 10 * MINUTE)
    assert world.requests.to(host="Elsewhere") == []
