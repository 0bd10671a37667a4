"""Adding a server: sign in with Plex, select a server, confirm what was found."""

from http import HTTPStatus
import logging
from unittest.mock import AsyncMock

from homeassistant.config_entries import SOURCE_IGNORE
from homeassistant.const import CONF_URL, CONF_VERIFY_SSL
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import EVENT_DATA_ENTRY_FLOW_PROGRESSED, FlowResultType
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_capture_events
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.plex_monitor.config_flow import PlexMonitorConfigFlow
from custom_components.plex_monitor.const import (
    CONF_ACCOUNT_TOKEN,
    CONF_CLIENT_IDENTIFIER,
    CONF_SERVER_TOKEN,
    CONF_TOKEN_SOURCE,
    DOMAIN,
    TokenSource,
)
from custom_components.plex_monitor.flow.models import EXAMPLE_URL, Step

from .simulator import Account, PlexServer, World
from .support.flows import (
    approve,
    close,
    options_of,
    paste,
    placeholders_of,
    reopen,
    select,
    sign_in,
    start_flow,
    step_of,
    submit,
    tokens_sent_to,
)
from .support.helpers import eventually, records_of

pytestmark = pytest.mark.usefixtures("mock_setup_entry", "quick_polling")


async def test_sign_in_adds_the_only_server(
    hass: HomeAssistant,
    world: World,
    owner: Account,
    home: PlexServer,
    mock_setup_entry: AsyncMock,
) -> None:
    """The dialog continues by itself, and shows what was found before anything is stored."""
    result = await start_flow(hass, "sign_in")
    assert result["type"] is FlowResultType.SHOW_PROGRESS
    assert result["progress_action"] == "wait_for_approval"
    pin = world.plex_tv.waiting_pins()[0]
    assert placeholders_of(result) == {
        "code": pin.code,
        "link": f"{world.plex_tv.url}/link/?pin={pin.code}",
        "qr_url": f"{world.plex_tv.url}/api/v2/pins/qr/{pin.code}",
    }
    assert not pin.strong

    result = await approve(hass, world, result, owner)
    assert step_of(result) == "verify"
    assert dict(placeholders_of(result)) == {
        "account": "owner",
        "example_url": EXAMPLE_URL,
        "server": "Home",
        "url": home.url,
        "version": home.version,
    }
    assert hass.config_entries.async_entries(DOMAIN) == []

    result = await submit(hass, result)
    assert result["type"] is FlowResultType.CREATE_ENTRY
    entry = result["result"]
    device = world.plex_tv.devices_of(owner)[0]
    assert entry.title == "Home"
    assert entry.unique_id == home.machine_identifier
    assert entry.data == {
        CONF_URL: home.url,
        CONF_VERIFY_SSL: True,
        CONF_CLIENT_IDENTIFIER: device.client_identifier,
        CONF_ACCOUNT_TOKEN: device.token,
        CONF_SERVER_TOKEN: device.token,
        CONF_TOKEN_SOURCE: TokenSource.SIGN_IN,
    }
    assert device.product == "Home Assistant"
    assert device.name == "Home Assistant (test home)"
    mock_setup_entry.assert_awaited_once()

    # A token in use is not signed out at the end of the flow.
    await hass.async_block_till_done(wait_background_tasks=True)
    assert world.plex_tv.is_valid(device.token)


@pytest.mark.allowed_logs("^aiohttp_fast_zlib: ")
@pytest.mark.usefixtures("home")
async def test_sign_in_over_the_api_of_the_frontend(
    hass: HomeAssistant,
    hass_client: ClientSessionGenerator,
    world: World,
    owner: Account,
) -> None:
    """Every step can be serialized, and the progress step ends with an event and a GET."""
    assert await async_setup_component(hass, "config", {})
    # The web server of a test takes no view any more once it runs.
    assert await async_setup_component(hass, DOMAIN, {})
    client = await hass_client()
    flows = "/api/config/config_entries/flow"

    async def step(path: str = "", body: object = None) -> dict[str, object]:
        response = await (
            client.get(flows + path) if body is None else client.post(flows + path, json=body)
        )
        assert response.status == HTTPStatus.OK
        result: dict[str, object] = await response.json()
        return result

    events = async_capture_events(hass, EVENT_DATA_ENTRY_FLOW_PROGRESSED)
    result = await step(body={"handler": DOMAIN})
    flow = f"/{result['flow_id']}"
    assert result["menu_options"] == ["sign_in", "paste", "no_token"]
    result = await step(flow, {"next_step_id": "sign_in"})
    assert result["type"] == "progress"
    assert (await step(flow))["type"] == "progress"
    world.plex_tv.approve_pin(world.plex_tv.waiting_pins()[0].code, owner)
    await eventually(hass, lambda: events)
    result = await step(flow)
    assert (result["type"], result["step_id"]) == ("form", "verify")
    result = await step(flow, {})
    assert result["type"] == "create_entry"

    result = await step(body={"handler": DOMAIN})
    flow = f"/{result['flow_id']}"
    result = await step(flow, {"next_step_id": "paste"})
    assert result["data_schema"] == [
        {
            "name": "address_or_token",
            "required": True,
            "secret": True,
            "selector": {
                "text": {
                    "autocomplete": "off",
                    "multiline": False,
                    "multiple": False,
                    "type": "password",
                }
            },
        }
    ]


@pytest.mark.parametrize("step", Step)
def test_every_step_exists(step: Step) -> None:
    """The steps that the modules of the flow decide between are steps of the flow."""
    assert hasattr(PlexMonitorConfigFlow, f"async_step_{step}")


async def test_select_one_of_several_servers(
    hass: HomeAssistant, world: World, owner: Account, home: PlexServer, friend: Account
) -> None:
    """Names are unique and name the owner; servers that are set up are left out."""
    attic = await world.add_server("Attic", owner=owner)
    twin = await world.add_server("Attic", owner=owner)
    cinema = await world.add_server("Cinema", owner=friend)
    cinema.share_with(owner)
    MockConfigEntry(domain=DOMAIN, unique_id=home.machine_identifier).add_to_hass(hass)
    ignored = await world.add_server("Ignored", owner=owner)
    MockConfigEntry(
        domain=DOMAIN, unique_id=ignored.machine_identifier, source=SOURCE_IGNORE
    ).add_to_hass(hass)

    result = await sign_in(hass, world, await start_flow(hass), owner)
    assert step_of(result) == "choose_server"
    assert options_of(result, "server") == {
        attic.machine_identifier: f"Attic (owner) {attic.machine_identifier[:8]}",
        twin.machine_identifier: f"Attic (owner) {twin.machine_identifier[:8]}",
        cinema.machine_identifier: "Cinema (friend)",
        ignored.machine_identifier: "Ignored (owner)",
    }
    assert step_of(await reopen(hass, result)) == "choose_server"

    result = await submit(hass, result, server=twin.machine_identifier)
    assert step_of(result) == "verify"
    result = await submit(hass, result)
    assert result["result"].unique_id == twin.machine_identifier
    assert not world.requests.to(attic.name, "/status/sessions")[1:]


async def test_two_servers_of_one_account(
    hass: HomeAssistant, world: World, owner: Account, home: PlexServer
) -> None:
    """Each entry has a token of its own, which can be revoked alone."""
    attic = await world.add_server("Attic", owner=owner)
    result = await sign_in(hass, world, await start_flow(hass), owner)
    result = await submit(hass, result, server=home.machine_identifier)
    first = (await submit(hass, result))["result"]

    result = await sign_in(hass, world, await start_flow(hass), owner)
    assert placeholders_of(result)["server"] == "Attic"
    second = (await submit(hass, result))["result"]

    assert (first.unique_id, second.unique_id) == (
        home.machine_identifier,
        attic.machine_identifier,
    )
    assert first.data[CONF_CLIENT_IDENTIFIER] != second.data[CONF_CLIENT_IDENTIFIER]
    tokens = {first.data[CONF_ACCOUNT_TOKEN], second.data[CONF_ACCOUNT_TOKEN]}
    assert len(tokens) == 2
    assert all(world.plex_tv.is_valid(token) for token in tokens)


async def test_shared_server(
    hass: HomeAssistant, world: World, home: PlexServer, friend: Account
) -> None:
    """A menu says what will be missing; the token of the account is not sent to the server."""
    home.share_with(friend)
    result = await sign_in(hass, world, await start_flow(hass), friend)
    assert step_of(result) == "verify_limited"
    assert result["menu_options"] == ["finish", "sign_in"]
    assert placeholders_of(result)["account"] == "friend"

    result = await select(hass, result, "finish")
    assert result["type"] is FlowResultType.CREATE_ENTRY
    data = result["result"].data
    assert data[CONF_SERVER_TOKEN] == home.access_token_for(friend)
    assert data[CONF_ACCOUNT_TOKEN] == world.plex_tv.tokens_of(friend)[0]
    assert tokens_sent_to(world, home) == {data[CONF_SERVER_TOKEN]}


async def test_sign_in_with_another_account_instead(
    hass: HomeAssistant, world: World, owner: Account, home: PlexServer, friend: Account
) -> None:
    """The first account keeps no device at plex.tv."""
    home.refuses_with_401 = True
    home.share_with(friend)
    result = await sign_in(hass, world, await start_flow(hass), friend)
    assert step_of(result) == "verify_limited"
    result = await sign_in(hass, world, result, owner)
    assert world.plex_tv.devices_of(friend) == []
    assert step_of(result) == "verify"
    assert placeholders_of(result)["account"] == "owner"
    result = await submit(hass, result)
    assert result["result"].data[CONF_ACCOUNT_TOKEN] == world.plex_tv.tokens_of(owner)[0]


async def test_account_without_servers(
    hass: HomeAssistant, world: World, owner: Account, home: PlexServer, friend: Account
) -> None:
    """A menu says so, and another account can sign in."""
    result = await sign_in(hass, world, await start_flow(hass), friend)
    assert step_of(result) == "no_server"
    assert placeholders_of(result)["account"] == "friend"
    await eventually(hass, lambda: not world.plex_tv.devices_of(friend))

    result = await sign_in(hass, world, result, owner)
    assert placeholders_of(result)["server"] == home.name


async def test_account_whose_servers_are_all_set_up(
    hass: HomeAssistant, world: World, owner: Account, home: PlexServer, friend: Account
) -> None:
    """A menu says so, and another account can sign in."""
    MockConfigEntry(domain=DOMAIN, unique_id=home.machine_identifier).add_to_hass(hass)
    result = await sign_in(hass, world, await start_flow(hass), owner)
    assert step_of(result) == "all_configured"
    await eventually(hass, lambda: not world.plex_tv.devices_of(owner))

    await world.add_server("Cinema", owner=friend)
    result = await sign_in(hass, world, result, friend)
    assert placeholders_of(result)["server"] == "Cinema"


async def test_server_set_up_while_the_dialog_was_open(
    hass: HomeAssistant, world: World, owner: Account, home: PlexServer
) -> None:
    """The existing entry stays, and the new token is signed out."""
    await world.add_server("Attic", owner=owner)
    result = await sign_in(hass, world, await start_flow(hass), owner)
    MockConfigEntry(domain=DOMAIN, unique_id=home.machine_identifier).add_to_hass(hass)
    result = await submit(hass, result, server=home.machine_identifier)
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "already_configured"
    await eventually(hass, lambda: not world.plex_tv.devices_of(owner))


# The token


async def test_token_is_not_disclosed(
    hass: HomeAssistant,
    world: World,
    owner: Account,
    home: PlexServer,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """It is in no dialog, log or address; only in the entry."""
    caplog.set_level(logging.DEBUG)
    browser = world.plex_tv.sign_in(owner)
    await world.add_server("Attic", owner=owner)
    seen = []
    result = await sign_in(hass, world, await start_flow(hass), owner)
    seen.append(result)
    result = await submit(hass, result, server=home.machine_identifier)
    seen.append(result)
    tokens = [*world.plex_tv.tokens_of(owner)]
    await close(hass, result)

    result = await start_flow(hass, "paste")
    for text in (f"claim-{browser}", f"{home.url}/?X-Plex-Token={browser}"):
        result = await paste(hass, result, text)
        seen.append(result)
    tokens += world.plex_tv.tokens_of(owner)
    home.rejects_tokens = True
    await close(hass, result)
    result = await paste(hass, await start_flow(hass), f"{home.url}/?X-Plex-Token={browser}")
    seen.append(result)
    tokens += world.plex_tv.tokens_of(owner)
    await close(hass, result)

    assert len(set(tokens)) == 4
    shown = repr(seen) + repr([record.getMessage() for record in records_of(caplog)])
    assert not [token for token in tokens if token in shown]
    assert not any(record.token_in_query for record in world.requests)
