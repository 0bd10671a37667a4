"""Changing where a server is reached, and signing in to it anew."""

from unittest.mock import AsyncMock, patch

from homeassistant.config_entries import ConfigFlowResult
from homeassistant.const import CONF_URL, CONF_VERIFY_SSL
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType, UnknownFlow
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.plex_monitor.const import (
    CONF_ACCOUNT_TOKEN,
    CONF_CLIENT_IDENTIFIER,
    CONF_SERVER_TOKEN,
    CONF_TOKEN_SOURCE,
    DOMAIN,
    TokenSource,
)
from tests.simulator import Account, Connection, Fault, PlexServer, World
from tests.support.entries import entry_of
from tests.support.flows import (
    SIGN_OUT,
    address,
    approve,
    at,
    choose,
    close,
    error_of,
    filled_in,
    look_again,
    lose_plex_tv,
    second_address,
    sign_in,
    submit,
    suggestions_of,
    tokens_sent_to,
)
from tests.support.helpers import eventually

pytestmark = pytest.mark.usefixtures("mock_setup_entry", "quick_polling")


@pytest.fixture(autouse=True)
def added(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Add the owner's entry."""
    entry.add_to_hass(hass)


async def begin(hass: HomeAssistant, entry: MockConfigEntry) -> ConfigFlowResult:
    """Choose Reconfigure from the entry's menu."""
    result = await entry.start_reconfigure_flow(hass)
    assert at(result) == "reconfigure"
    assert result["menu_options"] == ["reconfigure_address", "sign_in"]
    assert filled_in(result)["server"] == "Home"
    return result


async def test_address_does_not_take_the_token_out_of_the_network_unencrypted(
    hass: HomeAssistant, home: PlexServer, entry: MockConfigEntry
) -> None:
    """Another address does."""
    result = await choose(hass, await begin(hass, entry), "reconfigure_address")
    with patch(
        "custom_components.plex_monitor.flow.verify.stays_private", AsyncMock(return_value=False)
    ):
        result = await submit(hass, result, **address(home.url))
    assert error_of(result) == "insecure_address"
    await succeeded(hass, await submit(hass, result, **address(home.url)))


async def succeeded(hass: HomeAssistant, result: ConfigFlowResult) -> None:
    """Expect the dialog to be done."""
    assert result["type"] is FlowResultType.ABORT
    assert result["reason"] == "reconfigure_successful"
    await hass.async_block_till_done(wait_background_tasks=True)
    assert len(hass.config_entries.async_entries(DOMAIN)) == 1


# The address


async def test_address_takes_the_same_server_only(
    hass: HomeAssistant, world: World, owner: Account, home: PlexServer, entry: MockConfigEntry
) -> None:
    """Each mistake is said on the form, and no token is shown to anybody."""
    before = dict(entry.data)
    stranger = await world.add_server("Stranger", owner=owner)
    result = await choose(hass, await begin(hass, entry), "reconfigure_address")
    assert at(result) == "reconfigure_address"
    assert suggestions_of(result) == address(home.url)
    assert at(await look_again(hass, result)) == "reconfigure_address"
    for typed, error in (
        ("", "invalid_url"),
        (f"http://127.0.0.1:{world.refusing_port()}", "cannot_connect"),
        (world.plex_tv.url, "not_plex"),
        (stranger.url, "wrong_server"),
    ):
        result = await submit(hass, result, **address(typed))
        assert at(result) == "reconfigure_address"
        assert error_of(result) == error
        assert suggestions_of(result)[CONF_VERIFY_SSL] is True
        assert entry.data == before

    result = await submit(hass, result, **address(f"{home.url}/web", verify_ssl=False))
    await succeeded(hass, result)
    assert entry.data == before | {CONF_URL: home.url, CONF_VERIFY_SSL: False}
    assert not any(record.token_sent for record in world.requests)


async def test_address_dialog_closed_while_it_is_tried(
    hass: HomeAssistant, home: PlexServer, entry: MockConfigEntry
) -> None:
    """Who closes it changes nothing."""
    before = dict(entry.data)
    result = await choose(hass, await begin(hass, entry), "reconfigure_address")
    rule = home.faults.set(Fault.slow(0.05), paths="/identity")
    trying = hass.async_create_task(submit(hass, result, **address(home.url, verify_ssl=False)))
    await eventually(hass, lambda: rule.hits)
    await close(hass, result)
    with pytest.raises(UnknownFlow):
        await trying
    assert entry.data == before


# The token


async def test_sign_in_anew(
    hass: HomeAssistant, world: World, owner: Account, home: PlexServer, entry: MockConfigEntry
) -> None:
    """The new token is tried before it is stored, and only then the old one is signed out."""
    before = dict(entry.data)
    await succeeded(hass, await sign_in(hass, world, await begin(hass, entry), owner))
    token = world.plex_tv.tokens_of(owner)
    assert token == [entry.data[CONF_ACCOUNT_TOKEN]]
    assert world.plex_tv.devices_of(owner)[0].name == "Home Assistant (test home, Home)"
    assert entry.data == before | {
        CONF_ACCOUNT_TOKEN: token[0],
        CONF_SERVER_TOKEN: token[0],
        CONF_CLIENT_IDENTIFIER: world.plex_tv.devices_of(owner)[0].client_identifier,
    }
    assert entry.data[CONF_CLIENT_IDENTIFIER] != before[CONF_CLIENT_IDENTIFIER]

    sign_out = world.requests.to("plex.tv", SIGN_OUT)
    assert [record.token_sent for record in sign_out] == [before[CONF_ACCOUNT_TOKEN]]
    assert sign_out[0].headers["X-Plex-Client-Identifier"] == before[CONF_CLIENT_IDENTIFIER]
    tried = world.requests.to("Home", "/")
    assert tried[0].token_sent == token[0]
    assert tried[0].at <= sign_out[0].at


async def test_old_token_cannot_be_signed_out(
    hass: HomeAssistant, world: World, owner: Account, entry: MockConfigEntry
) -> None:
    """That is no reason to keep it."""
    before = dict(entry.data)
    lose_plex_tv(world, SIGN_OUT)
    await succeeded(hass, await sign_in(hass, world, await begin(hass, entry), owner))
    assert entry.data[CONF_ACCOUNT_TOKEN] != before[CONF_ACCOUNT_TOKEN]


async def test_pasted_token_is_replaced_and_not_signed_out(
    hass: HomeAssistant, world: World, owner: Account, home: PlexServer, entry: MockConfigEntry
) -> None:
    """It is the browser's."""
    browser = world.plex_tv.sign_in(owner)
    pasted = entry_of(home, account_token=browser, server_token=browser, source=TokenSource.PASTED)
    hass.config_entries.async_update_entry(entry, data=dict(pasted.data))
    await succeeded(hass, await sign_in(hass, world, await begin(hass, entry), owner))
    assert entry.data[CONF_TOKEN_SOURCE] == TokenSource.SIGN_IN
    assert world.plex_tv.is_valid(browser)


async def test_nothing_is_stored_while_the_server_cannot_be_asked(
    hass: HomeAssistant, world: World, owner: Account, home: PlexServer, entry: MockConfigEntry
) -> None:
    """The token in use may be a good one; it is not given for one that nobody has tried."""
    before = dict(entry.data)
    # It answers elsewhere, but that is not where the token is going to be used.
    double = await second_address(world, home, owner)
    home.connections = [Connection(uri=double, address="127.0.0.1", port=int(double[-5:]))]
    await home.stop()
    result = await sign_in(hass, world, await begin(hass, entry), owner)
    assert at(result) == "verify_failed"
    assert error_of(result) == "cannot_connect"
    assert entry.data == before

    await home.start()
    await succeeded(hass, await submit(hass, result))
    assert entry.data[CONF_ACCOUNT_TOKEN] != before[CONF_ACCOUNT_TOKEN]


async def test_server_refuses_the_new_token(
    hass: HomeAssistant, world: World, owner: Account, home: PlexServer, entry: MockConfigEntry
) -> None:
    """The old one stays, and the new one is given back."""
    before = dict(entry.data)
    home.rejects_tokens = True
    result = await sign_in(hass, world, await begin(hass, entry), owner)
    assert at(result) == "token_refused"
    await close(hass, result)
    assert entry.data == before
    assert world.plex_tv.tokens_of(owner) == [before[CONF_ACCOUNT_TOKEN]]


async def test_account_without_the_server(
    hass: HomeAssistant,
    world: World,
    owner: Account,
    friend: Account,
    home: PlexServer,
    entry: MockConfigEntry,
) -> None:
    """It is an error on the form, and nothing is overwritten."""
    before = dict(entry.data)
    result = await sign_in(hass, world, await begin(hass, entry), friend)
    assert error_of(result) == "wrong_account"
    assert filled_in(result)["account"] == "friend"
    assert filled_in(result)["server"] == "Home"
    assert entry.data == before
    assert tokens_sent_to(world, home) == set()
    await eventually(hass, lambda: not world.plex_tv.devices_of(friend))
    await succeeded(hass, await approve(hass, world, await submit(hass, result), owner))


async def test_account_with_less_permissions(
    hass: HomeAssistant,
    world: World,
    owner: Account,
    friend: Account,
    home: PlexServer,
    entry: MockConfigEntry,
) -> None:
    """What will be missing is said first; the old token goes when the new one is stored."""
    before = dict(entry.data)
    home.share_with(friend)
    result = await sign_in(hass, world, await begin(hass, entry), friend)
    assert at(result) == "verify_limited"
    assert entry.data == before
    await succeeded(hass, await choose(hass, result, "finish"))
    assert entry.data[CONF_SERVER_TOKEN] == home.access_token_for(friend)
    assert world.plex_tv.devices_of(owner) == []
