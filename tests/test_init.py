"""Setup, unload and removal of a config entry."""

from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import CONF_URL, STATE_ON, STATE_UNAVAILABLE
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr, entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.plex_monitor.const import (
    CONF_ACCOUNT_TOKEN,
    CONF_SERVER_TOKEN,
    DOMAIN,
    TokenSource,
)

from .simulator import Account, Fault, Find, PlexServer, World
from .support.entities import attributes_of
from .support.entries import (
    UNREADABLE,
    entry_of,
    issues_of,
    reauths_of,
    set_up,
    setup_state,
    signed_in_entry,
    state_of,
)
from .support.helpers import advance, settle


async def test_set_up_and_unload(
    hass: HomeAssistant, world: World, home: PlexServer, entry: MockConfigEntry
) -> None:
    """The push channel is open until the unload."""
    await set_up(hass, entry)
    assert setup_state(entry) is ConfigEntryState.LOADED
    assert len(home.notifier.listeners) == 1

    await hass.config_entries.async_unload(entry.entry_id)
    await settle(hass)
    assert setup_state(entry) is ConfigEntryState.NOT_LOADED
    assert len(home.notifier.listeners) == 0
    assert state_of(hass, "sensor.home_streams") == STATE_UNAVAILABLE


@pytest.mark.allowed_logs(UNREADABLE)
@pytest.mark.parametrize("revoked", [False, True], ids=["valid token", "invalid token"])
async def test_no_request_is_sent_after_the_unload(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    world: World,
    home: PlexServer,
    owner: Account,
    entry: MockConfigEntry,
    *,
    revoked: bool,
) -> None:
    """All timers and listeners of the entry have ended."""
    await set_up(hass, entry)
    await home.start_stream(user=owner, title="Film", with_session=False)
    await home.discover(Find(title="Another film"))
    if revoked:
        world.plex_tv.revoke(entry.data[CONF_ACCOUNT_TOKEN])
        await advance(hass, freezer, 120)
    await settle(hass)
    await hass.config_entries.async_unload(entry.entry_id)
    await settle(hass)
    world.requests.clear()
    await advance(hass, freezer, 8 * 3600)
    assert list(world.requests) == []


async def test_server_is_a_service_device(
    hass: HomeAssistant, home: PlexServer, entry: MockConfigEntry
) -> None:
    """The device has the version and the address of the server."""
    await set_up(hass, entry)
    device = dr.async_get(hass).async_get_device_by_identifier(
        (DOMAIN, home.machine_identifier), entry.entry_id
    )
    assert device is not None
    assert device.name == "Home"
    assert device.manufacturer == "Plex"
    assert device.model == "Plex Media Server"
    assert device.sw_version == home.version
    assert device.entry_type is dr.DeviceEntryType.SERVICE
    assert device.configuration_url == f"{home.url}/web"


async def test_text_that_is_not_utf_8_costs_a_character(
    hass: HomeAssistant, home: PlexServer, owner: Account, entry: MockConfigEntry
) -> None:
    """All else is read, in every response of the server."""
    stream = await home.start_stream(user=owner, title="Film")
    rule = home.faults.set(Fault.MISENCODED)
    await set_up(hass, entry)
    assert rule.hits > 0
    assert state_of(hass, "binary_sensor.home_server") == STATE_ON
    assert state_of(hass, "sensor.home_movies_items") != STATE_UNAVAILABLE
    [shown] = attributes_of(hass, "sensor.home_streams")["streams"]
    assert shown["title"] == f"\ufffd{stream.item.title}"


@pytest.mark.parametrize(
    "fault",
    [Fault.status(503), Fault.RESET, Fault.GARBLED, Fault.status(404)],
    ids=["starting", "connection reset", "garbled", "not found"],
)
async def test_setup_is_retried_while_the_server_does_not_respond(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    home: PlexServer,
    entry: MockConfigEntry,
    fault: Fault,
) -> None:
    """There is no repair, and the entry is loaded once the server responds."""
    home.faults.set(fault)
    await set_up(hass, entry)
    assert setup_state(entry) is ConfigEntryState.SETUP_RETRY
    assert issues_of(hass) == []

    home.faults.clear()
    await advance(hass, freezer, 60)
    assert setup_state(entry) is ConfigEntryState.LOADED
    assert state_of(hass, "binary_sensor.home_server") == STATE_ON


@pytest.mark.allowed_logs("Error on transport creation for incoming connection")
async def test_untrusted_certificate_is_the_reason_of_the_setup_retry(
    hass: HomeAssistant, world: World, owner: Account
) -> None:
    """The token is not sent, and the entry shows the reason."""
    safe = await world.add_server("Safe", owner=owner, tls=True)
    entry = signed_in_entry(world, safe, owner)
    entry.add_to_hass(hass)
    address = f"https://127.0.0.1:{safe.port}"
    hass.config_entries.async_update_entry(entry, data={**entry.data, CONF_URL: address})
    await hass.config_entries.async_setup(entry.entry_id)
    assert setup_state(entry) is ConfigEntryState.SETUP_RETRY
    assert entry.reason is not None
    assert "certificate of Safe is not trusted" in entry.reason
    assert [r for r in world.requests.to(host="Safe") if r.token_sent] == []


async def test_token_is_not_sent_to_another_server_at_the_address(
    hass: HomeAssistant, world: World, home: PlexServer, entry: MockConfigEntry
) -> None:
    """The setup is retried without it."""
    home.identifies_as = "f" * 40
    await set_up(hass, entry)
    assert setup_state(entry) is ConfigEntryState.SETUP_RETRY
    assert [r for r in world.requests.to(host="Home") if r.token_sent] == []


async def test_setup_needs_no_plex_tv(
    hass: HomeAssistant, world: World, home: PlexServer, entry: MockConfigEntry
) -> None:
    """An entry that exists works without internet access."""
    await world.plex_tv.stop()
    await set_up(hass, entry)
    assert setup_state(entry) is ConfigEntryState.LOADED
    assert state_of(hass, "sensor.home_streams") == "0"
    assert state_of(hass, "sensor.home_token_status") == "valid"


async def test_two_servers_side_by_side(
    hass: HomeAssistant,
    world: World,
    owner: Account,
    cabin: PlexServer,
    entry: MockConfigEntry,
    cabin_entry: MockConfigEntry,
) -> None:
    """Each has a token and a state of its own."""
    await set_up(hass, entry)
    await set_up(hass, cabin_entry)
    await cabin.start_stream(user=owner, title="Film")
    await settle(hass)
    assert state_of(hass, "sensor.home_streams") == "0"
    assert state_of(hass, "sensor.cabin_streams") == "1"
    assert {r.token_sent for r in world.requests.to(host="Home")} <= {
        None,
        entry.data[CONF_SERVER_TOKEN],
    }


@pytest.mark.parametrize(
    ("source", "client_identifier", "is_signed_out"),
    [
        (TokenSource.SIGN_IN, "home-assistant-1", True),
        (TokenSource.LINKED, "home-assistant-1", True),
        (TokenSource.PASTED, "browser", False),
        (TokenSource.BORROWED, "browser", False),
    ],
)
async def test_removal_signs_out_only_a_token_of_our_own(
    hass: HomeAssistant,
    world: World,
    home: PlexServer,
    owner: Account,
    source: TokenSource,
    client_identifier: str,
    *,
    is_signed_out: bool,
) -> None:
    """Plex then lists no unused device. A browser or another integration uses the other tokens."""
    token = world.plex_tv.sign_in(owner, client_identifier=client_identifier, product="x")
    entry = entry_of(home, account_token=token, server_token=token, source=source)
    await set_up(hass, entry)
    await hass.config_entries.async_remove(entry.entry_id)
    assert world.plex_tv.is_valid(token) is not is_signed_out
    assert issues_of(hass) == []
    assert er.async_get(hass).entities.get_entries_for_config_entry_id(entry.entry_id) == []


async def test_removal_of_an_entry_with_a_revoked_token(
    hass: HomeAssistant, world: World, entry: MockConfigEntry
) -> None:
    """It causes no repair and no prompt."""
    await set_up(hass, entry)
    world.plex_tv.revoke(entry.data[CONF_ACCOUNT_TOKEN])
    await hass.config_entries.async_remove(entry.entry_id)
    assert issues_of(hass) == []
    assert reauths_of(hass) == []


@pytest.mark.allowed_logs(r"Home is removed, but could not be signed out of plex\.tv")
async def test_removal_without_plex_tv_logs_what_is_left_to_do(
    hass: HomeAssistant,
    world: World,
    entry: MockConfigEntry,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The user has to remove the device at plex.tv; the log does not contain the token."""
    await set_up(hass, entry)
    await world.plex_tv.stop()
    await hass.config_entries.async_remove(entry.entry_id)
    assert "remove the device under authorized devices" in caplog.text
    assert entry.data[CONF_ACCOUNT_TOKEN] not in caplog.text
