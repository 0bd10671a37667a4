"""Walk through config flows as the frontend does."""

import asyncio
from collections.abc import Coroutine, Generator, Mapping
from contextlib import contextmanager
from ipaddress import ip_address
from typing import Any
from unittest.mock import AsyncMock, patch

from homeassistant.config_entries import SOURCE_USER, ConfigFlowResult
from homeassistant.const import CONF_TOKEN, CONF_URL, CONF_VERIFY_SSL
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType, UnknownFlow
from homeassistant.helpers.service_info.zeroconf import ZeroconfServiceInfo
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.plex_monitor.const import DOMAIN
from tests.simulator import Account, Connection, Fault, PlexServer, World
from tests.simulator.faults import Faults

from .helpers import eventually, settle

# Paths at plex.tv.
PINS = "/api/v2/pins"
LINK = "/api/v2/pins/link"
USER = "/api/v2/user$"
SIGN_OUT = "/api/v2/users/signout"
RESOURCES = "/api/v2/resources"

ZEROCONF_TYPE = "_plexmediasvr._tcp.local."


def announcement(
    server: PlexServer, *, host: str = "127.0.0.1", port: int | None = None
) -> ZeroconfServiceInfo:
    """Return the announcement of a server."""
    return ZeroconfServiceInfo(
        ip_address=ip_address(host),
        ip_addresses=[ip_address(host)],
        port=server.port if port is None else port,
        hostname="plex.local.",
        type=ZEROCONF_TYPE,
        name=f"{server.name}.{ZEROCONF_TYPE}",
        properties={},
    )


async def start_flow(hass: HomeAssistant, method: str | None = None) -> ConfigFlowResult:
    """Add the integration, and select a method from the first menu if one is given."""
    result = await hass.config_entries.flow.async_init(DOMAIN, context={"source": SOURCE_USER})
    assert step_of(result) == "user"
    return result if method is None else await select(hass, result, method)


async def select(hass: HomeAssistant, result: ConfigFlowResult, step: str) -> ConfigFlowResult:
    """Select a step from a menu."""
    assert result["type"] is FlowResultType.MENU
    return await hass.config_entries.flow.async_configure(result["flow_id"], {"next_step_id": step})


async def submit(hass: HomeAssistant, result: ConfigFlowResult, **fields: Any) -> ConfigFlowResult:
    """Submit a form."""
    assert result["type"] is FlowResultType.FORM
    return await hass.config_entries.flow.async_configure(result["flow_id"], fields)


async def reopen(hass: HomeAssistant, result: ConfigFlowResult) -> ConfigFlowResult:
    """Open the dialog of a flow again."""
    return await hass.config_entries.flow.async_configure(result["flow_id"])


async def after_progress(hass: HomeAssistant, result: ConfigFlowResult) -> ConfigFlowResult:
    """Wait for the end of a progress step, and return the next result."""
    async with asyncio.timeout(5):
        while result["type"] is FlowResultType.SHOW_PROGRESS:
            await asyncio.sleep(0.01)
            result = await reopen(hass, result)
    return result


async def approve(
    hass: HomeAssistant, world: World, result: ConfigFlowResult, account: Account
) -> ConfigFlowResult:
    """Approve the PIN that is shown, and return the next result."""
    assert result["type"] is FlowResultType.SHOW_PROGRESS
    world.plex_tv.approve_pin(placeholders_of(result)["code"], account)
    return await after_progress(hass, result)


async def sign_in(
    hass: HomeAssistant, world: World, result: ConfigFlowResult, account: Account
) -> ConfigFlowResult:
    """Select the sign-in from a menu, approve it, and return the next result."""
    return await approve(hass, world, await select(hass, result, "sign_in"), account)


async def paste(hass: HomeAssistant, result: ConfigFlowResult, text: str) -> ConfigFlowResult:
    """Paste an address or a token, on the form for that or after selecting it from a menu."""
    if result["type"] is FlowResultType.MENU:
        result = await select(hass, result, "paste")
    assert step_of(result) == "paste"
    return await submit(hass, result, address_or_token=text)


async def close(hass: HomeAssistant, result: ConfigFlowResult) -> None:
    """Close the dialog, and wait for what that causes."""
    hass.config_entries.flow.async_abort(result["flow_id"])
    await settle(hass)


async def close_during(
    hass: HomeAssistant,
    result: ConfigFlowResult,
    faults: Faults,
    paths: str,
    step: Coroutine[Any, Any, ConfigFlowResult],
) -> None:
    """Close the dialog while a step waits for a response from these paths; the step ends there."""
    rule = faults.set(Fault.slow(0.05), paths=paths)
    task = hass.async_create_task(step)
    await eventually(hass, lambda: rule.hits)
    await close(hass, result)
    with pytest.raises(UnknownFlow):
        await task


async def expect_changed(hass: HomeAssistant, result: ConfigFlowResult, reason: str) -> None:
    """Expect that the flow ended with the change of the only entry."""
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == reason
    await hass.async_block_till_done(wait_background_tasks=True)
    assert hass.config_entries.flow.async_progress() == []
    assert len(hass.config_entries.async_entries(DOMAIN)) == 1


def expect_wrong_account(result: ConfigFlowResult, *, account: str, server: str) -> None:
    """Expect a form which says that the account has no access to the server."""
    assert result["type"] is FlowResultType.FORM
    assert step_of(result) == "wrong_account"
    assert error_of(result) == "wrong_account"
    assert placeholders_of(result)["account"] == account
    assert placeholders_of(result)["server"] == server


def created_data(result: ConfigFlowResult) -> dict[str, Any]:
    """Return the data of the entry that was created."""
    assert result["type"] is FlowResultType.CREATE_ENTRY
    return dict(result["result"].data)


def step_of(result: ConfigFlowResult) -> str:
    """Return the id of the step that is shown."""
    return result["step_id"]


def error_of(result: ConfigFlowResult) -> str | None:
    """Return the one error of a form, None if there is none."""
    errors = list((result["errors"] or {}).values())
    assert len(errors) <= 1
    return errors[0] if errors else None


def placeholders_of(result: ConfigFlowResult) -> Mapping[str, str]:
    """Return the placeholders of the texts."""
    placeholders = result["description_placeholders"]
    assert placeholders is not None
    return placeholders


def options_of(result: ConfigFlowResult, field: str) -> dict[str, str]:
    """Return the options of a select field: labels by value."""
    schema = result["data_schema"]
    assert schema is not None
    return {option["value"]: option["label"] for option in schema.schema[field].config["options"]}


def suggested_values(result: ConfigFlowResult) -> dict[str, Any]:
    """Return the suggested values of a form."""
    schema = result["data_schema"]
    assert schema is not None
    return {
        str(key): key.description["suggested_value"] for key in schema.schema if key.description
    }


def address_input(url: str, *, verify_ssl: bool = True) -> dict[str, Any]:
    """Return the input of an address form."""
    return {CONF_URL: url, CONF_VERIFY_SSL: verify_ssl}


def tokens_sent_to(world: World, server: PlexServer) -> set[str]:
    """Return the tokens that were sent to a server."""
    return {record.token_sent for record in world.requests.to(server.name) if record.token_sent}


def fail_plex_tv(world: World, paths: str = "") -> None:
    """Let plex.tv fail, at all paths or at these."""
    world.plex_tv.faults.set(Fault.status(503), paths=paths)


def dead_url(world: World) -> str:
    """Return an address that refuses connections."""
    return f"http://127.0.0.1:{world.refusing_port()}"


def connection_to(url: str) -> Connection:
    """Return an address on this machine as plex.tv lists it."""
    return Connection(uri=url, address="127.0.0.1", port=int(url.rpartition(":")[2]))


def plex_integration_entry(
    server: PlexServer, token: str | None, *, url: str | None = None, **config: Any
) -> MockConfigEntry:
    """Return an entry of Home Assistant's own Plex integration."""
    if token:
        config[CONF_TOKEN] = token
    return MockConfigEntry(
        domain="plex",
        title=server.url,
        unique_id=server.machine_identifier,
        data={
            "server": server.name,
            "server_id": server.machine_identifier,
            "server_config": {CONF_URL: url or server.url, **config},
        },
    )


@contextmanager
def addresses_are_public() -> Generator[None]:
    """Let every address count as one outside the private network."""
    flow = "custom_components.plex_monitor.flow"
    with (
        patch(f"{flow}.discovery.is_private_or_encrypted", AsyncMock(return_value=False)),
        patch(f"{flow}.verify.is_private_or_encrypted", AsyncMock(return_value=False)),
    ):
        yield


async def second_address(world: World, server: PlexServer, owner: Account) -> str:
    """Return another address at which the same server answers."""
    double = await world.add_server(f"{server.name} at another address", owner=owner)
    double.identifies_as = server.machine_identifier
    double.access = server.access  # type: ignore[method-assign]  # It is the same one.
    return double.url
