"""Walk config flows the way the frontend does."""

import asyncio
from collections.abc import Mapping
from typing import Any

from homeassistant.config_entries import SOURCE_USER, ConfigFlowResult
from homeassistant.const import CONF_URL, CONF_VERIFY_SSL
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType

from custom_components.plex_monitor.const import DOMAIN
from tests.simulator import Account, Fault, PlexServer, World

from .helpers import settle

# At plex.tv.
SIGN_OUT = "/api/v2/users/signout"
RESOURCES = "/api/v2/resources"


async def begin(hass: HomeAssistant) -> ConfigFlowResult:
    """Add the integration."""
    result = await hass.config_entries.flow.async_init(DOMAIN, context={"source": SOURCE_USER})
    assert at(result) == "user"
    return result


async def begin_with(hass: HomeAssistant, step: str) -> ConfigFlowResult:
    """Add the integration and choose from its first menu."""
    return await choose(hass, await begin(hass), step)


async def choose(hass: HomeAssistant, result: ConfigFlowResult, step: str) -> ConfigFlowResult:
    """Choose from a menu."""
    assert result["type"] is FlowResultType.MENU
    return await hass.config_entries.flow.async_configure(result["flow_id"], {"next_step_id": step})


async def submit(hass: HomeAssistant, result: ConfigFlowResult, **fields: Any) -> ConfigFlowResult:
    """Send a form."""
    assert result["type"] is FlowResultType.FORM
    return await hass.config_entries.flow.async_configure(result["flow_id"], fields)


async def look_again(hass: HomeAssistant, result: ConfigFlowResult) -> ConfigFlowResult:
    """Open the dialog of a flow anew."""
    return await hass.config_entries.flow.async_configure(result["flow_id"])


async def after_progress(hass: HomeAssistant, result: ConfigFlowResult) -> ConfigFlowResult:
    """Wait until a progress step is over."""
    async with asyncio.timeout(5):
        while result["type"] is FlowResultType.SHOW_PROGRESS:
            await asyncio.sleep(0.01)
            result = await look_again(hass, result)
    return result


async def approve(
    hass: HomeAssistant, world: World, result: ConfigFlowResult, account: Account
) -> ConfigFlowResult:
    """Approve the PIN that is shown, and wait for what comes next."""
    assert result["type"] is FlowResultType.SHOW_PROGRESS
    world.plex_tv.approve_pin(filled_in(result)["code"], account)
    return await after_progress(hass, result)


async def sign_in(
    hass: HomeAssistant, world: World, result: ConfigFlowResult, account: Account
) -> ConfigFlowResult:
    """Choose the sign-in from a menu, approve it, and wait for what comes next."""
    return await approve(hass, world, await choose(hass, result, "sign_in"), account)


async def close(hass: HomeAssistant, result: ConfigFlowResult) -> None:
    """Close the dialog, and wait for what that sets off."""
    hass.config_entries.flow.async_abort(result["flow_id"])
    await settle(hass)


def stored(result: ConfigFlowResult) -> dict[str, Any]:
    """Return what an entry was created with."""
    assert result["type"] is FlowResultType.CREATE_ENTRY
    return dict(result["result"].data)


def at(result: ConfigFlowResult) -> str:
    """Return the step that is shown."""
    return result["step_id"]


def error_of(result: ConfigFlowResult) -> str | None:
    """Return the one error of a form, None if there is none."""
    errors = list((result["errors"] or {}).values())
    assert len(errors) <= 1
    return errors[0] if errors else None


def filled_in(result: ConfigFlowResult) -> Mapping[str, str]:
    """Return what is filled into the texts."""
    placeholders = result["description_placeholders"]
    assert placeholders is not None
    return placeholders


def options_of(result: ConfigFlowResult, field: str) -> dict[str, str]:
    """Return what a select field of a form offers: labels by value."""
    schema = result["data_schema"]
    assert schema is not None
    return {one["value"]: one["label"] for one in schema.schema[field].config["options"]}


def suggestions_of(result: ConfigFlowResult) -> dict[str, Any]:
    """Return what a form is filled in with."""
    schema = result["data_schema"]
    assert schema is not None
    return {
        str(key): key.description["suggested_value"] for key in schema.schema if key.description
    }


def address(url: str, *, verify_ssl: bool = True) -> dict[str, Any]:
    """Return the fields of an address form."""
    return {CONF_URL: url, CONF_VERIFY_SSL: verify_ssl}


def tokens_sent_to(world: World, server: PlexServer) -> set[str]:
    """Return the tokens that a server was shown."""
    return {record.token_sent for record in world.requests.to(server.name) if record.token_sent}


def lose_plex_tv(world: World, paths: str = "") -> None:
    """Let plex.tv answer with an error, everywhere or at some paths."""
    world.plex_tv.faults.set(Fault.status(503), paths=paths)


async def second_address(world: World, server: PlexServer, owner: Account) -> str:
    """Return another address at which the same server answers."""
    double = await world.add_server(f"{server.name} at another address", owner=owner)
    double.identifies_as = server.machine_identifier
    double.access = server.access  # type: ignore[method-assign]  # It is the same one.
    return double.url
