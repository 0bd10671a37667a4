"""A server that has moved is followed."""

from unittest.mock import AsyncMock, patch

from freezegun.api import FrozenDateTimeFactory
from homeassistant.const import CONF_URL, CONF_VERIFY_SSL, STATE_OFF, STATE_ON
from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.plex_monitor.const import TokenSource
from tests.simulator import Account, Connection, Fault, PlexServer, World
from tests.support.entries import DOWN, entry_of, issues_of, set_up, state_of
from tests.support.helpers import advance

SERVER = "binary_sensor.home_server"
MINUTE = 60
RESOURCES = "/api/v2/resources"


async def move(home: PlexServer) -> None:
    """Let the server come up at another port, as its owner's account then knows."""
    await home.move()
    home.connections = [
        Connection(uri=home.url, address="127.0.0.1", port=home.port, local=True, relay=False)
    ]


@pytest.mark.allowed_logs(DOWN)
async def test_new_address_is_found_at_plex_tv(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    world: World,
    home: PlexServer,
    entry: MockConfigEntry,
) -> None:
    """Without a reload, and without anybody being troubled."""
    await set_up(hass, entry)
    await move(home)
    await advance(hass, freezer, 2 * MINUTE)
    assert entry.data[CONF_URL] == home.url
    assert state_of(hass, SERVER) == STATE_ON
    assert state_of(hass, "sensor.home_token_status") == "valid"
    assert issues_of(hass) == []
    assert len(home.notifier.listeners) == 1


@pytest.mark.allowed_logs(DOWN)
async def test_new_address_is_looked_for_when_the_server_did_not_answer_twice(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    world: World,
    home: PlexServer,
    entry: MockConfigEntry,
) -> None:
    """Not with the first failure, which may be a restart, and soon with the second."""
    await set_up(hass, entry)
    await move(home)
    await advance(hass, freezer, 5, step=5)
    assert state_of(hass, SERVER) == STATE_OFF
    assert world.requests.to("plex.tv", path=RESOURCES) == []
    await advance(hass, freezer, 15, step=5)
    assert state_of(hass, SERVER) == STATE_ON


async def test_server_that_moved_while_home_assistant_was_off_is_found(
    hass: HomeAssistant, home: PlexServer, entry: MockConfigEntry
) -> None:
    """A router may give new addresses to everybody after a power cut."""
    await move(home)
    await set_up(hass, entry)
    assert entry.data[CONF_URL] == home.url
    assert state_of(hass, SERVER) == STATE_ON


@pytest.mark.allowed_logs(DOWN)
async def test_address_that_plex_tv_learns_late_is_found_all_the_same(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, home: PlexServer, entry: MockConfigEntry
) -> None:
    """It is asked again every five minutes."""
    await set_up(hass, entry)
    home.listed = False
    await move(home)
    await advance(hass, freezer, 4 * MINUTE)
    assert state_of(hass, SERVER) == STATE_OFF
    home.listed = True
    await advance(hass, freezer, 6 * MINUTE)
    assert entry.data[CONF_URL] == home.url
    assert state_of(hass, SERVER) == STATE_ON


@pytest.mark.allowed_logs(DOWN)
async def test_server_that_is_where_it_was_has_not_moved(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    home: PlexServer,
    entry: MockConfigEntry,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """It says who it is, and nothing else."""
    await set_up(hass, entry)
    home.faults.set(Fault.RESET, paths="^/status/sessions$")
    await advance(hass, freezer, 10 * MINUTE)
    assert state_of(hass, SERVER) == STATE_OFF
    assert "moved to" not in caplog.text


async def test_other_servers_of_the_account_are_left_alone(
    hass: HomeAssistant,
    world: World,
    home: PlexServer,
    cabin: PlexServer,
    entry: MockConfigEntry,
) -> None:
    """Only the one that is looked for is asked who it is."""
    await move(home)
    await set_up(hass, entry)
    assert entry.data[CONF_URL] == home.url
    assert world.requests.to(host=cabin.name) == []


async def test_setup_that_is_tried_again_and_again_does_not_flood_plex_tv(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    world: World,
    home: PlexServer,
    entry: MockConfigEntry,
) -> None:
    """Home Assistant tries it every few seconds at first."""
    await home.stop()
    await set_up(hass, entry)
    await advance(hass, freezer, 10 * MINUTE, step=5)
    assert 1 <= len(world.requests.to(host="plex.tv")) <= 3


async def test_entry_that_was_removed_and_made_again_is_searched_for_at_once(
    hass: HomeAssistant, world: World, home: PlexServer, entry: MockConfigEntry
) -> None:
    """Nothing is kept of one that is gone."""
    await home.stop()
    await set_up(hass, entry)
    assert len(world.requests.to("plex.tv", RESOURCES)) == 1
    await hass.config_entries.async_reload(entry.entry_id)
    assert len(world.requests.to("plex.tv", RESOURCES)) == 1
    await hass.config_entries.async_remove(entry.entry_id)
    await set_up(
        hass,
        entry_of(
            home,
            account_token=world.plex_tv.sign_in(home.owner, client_identifier="home-assistant-1"),
            server_token="x",
            source=TokenSource.SIGN_IN,
        ),
    )
    assert len(world.requests.to("plex.tv", RESOURCES)) == 2


@pytest.mark.allowed_logs(DOWN)
async def test_another_machine_at_the_old_address_makes_it_look_at_once(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    world: World,
    owner: Account,
    home: PlexServer,
    entry: MockConfigEntry,
) -> None:
    """The other machine is never given the token."""
    await set_up(hass, entry)
    port = home.port
    await move(home)
    await world.add_server("Other", owner=owner, port=port)
    await advance(hass, freezer, 2 * MINUTE)
    assert entry.data[CONF_URL] == home.url
    assert [r for r in world.requests.to(host="Other") if r.token_sent] == []


@pytest.mark.allowed_logs(DOWN)
async def test_address_at_which_another_server_answers_is_not_taken(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    world: World,
    owner: Account,
    home: PlexServer,
    entry: MockConfigEntry,
) -> None:
    """plex.tv may list addresses that are not the server's any more, and lists other servers."""
    other = await world.add_server("Other", owner=owner)
    await set_up(hass, entry)
    address = home.url
    home.connections = [
        Connection(uri=other.url, address="127.0.0.1", port=other.port, local=True, relay=False)
    ]
    await home.stop()
    await advance(hass, freezer, 20 * MINUTE)
    assert entry.data[CONF_URL] == address
    assert [r for r in world.requests.to(host="Other") if r.token_sent] == []


@pytest.mark.allowed_logs(DOWN)
async def test_relay_is_not_taken_for_an_address(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    home: PlexServer,
    entry: MockConfigEntry,
) -> None:
    """It is slow, and the server would never be looked for at home again."""
    await set_up(hass, entry)
    address = home.url
    await home.move()
    home.connections = [
        Connection(uri=home.url, address="127.0.0.1", port=home.port, local=False, relay=True)
    ]
    await advance(hass, freezer, 20 * MINUTE)
    assert entry.data[CONF_URL] == address


@pytest.mark.parametrize("verified", [True, False])
async def test_which_addresses_are_tried(
    hass: HomeAssistant, home: PlexServer, entry: MockConfigEntry, *, verified: bool
) -> None:
    """No relay, and none outside the home where the certificate is not looked at."""
    indoors = Connection(uri="https://in.plex.direct:1", address="192.168.1.20", port=1, local=True)
    outdoors = Connection(uri="https://out.plex.direct:2", address="9.9.9.9", port=2, local=False)
    relay = Connection(
        uri="https://relay.plex.direct:3", address="9.9.9.8", port=3, local=False, relay=True
    )
    entry.add_to_hass(hass)
    hass.config_entries.async_update_entry(entry, data={**entry.data, CONF_VERIFY_SSL: verified})
    home.connections = [relay, outdoors, indoors]
    await home.stop()
    with patch(
        "custom_components.plex_monitor.server.address.find_connection",
        AsyncMock(return_value=None),
    ) as find:
        await hass.config_entries.async_setup(entry.entry_id)
    tried = [connection.url for connection in find.mock_calls[0].args[0]]
    assert tried == [
        indoors.uri,
        "http://192.168.1.20:1",
        *([outdoors.uri] if verified else []),
    ]


@pytest.mark.allowed_logs(DOWN)
async def test_server_that_does_not_answer_once_is_not_searched_for(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    world: World,
    home: PlexServer,
    entry: MockConfigEntry,
) -> None:
    """It restarts, most likely."""
    await set_up(hass, entry)
    rule = home.faults.set(Fault.RESET)
    while state_of(hass, SERVER) == STATE_ON:
        await advance(hass, freezer, 5, step=5)
    home.faults.clear(rule)
    await advance(hass, freezer, 5 * 60)
    assert world.requests.to("plex.tv", path="/api/v2/resources") == []


@pytest.mark.allowed_logs(DOWN)
async def test_plex_tv_is_not_asked_too_often_where_a_server_is(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    world: World,
    home: PlexServer,
    entry: MockConfigEntry,
) -> None:
    """A server that is down has not moved."""
    await set_up(hass, entry)
    await home.stop()
    world.requests.clear()
    await advance(hass, freezer, 60 * MINUTE)
    assert 1 <= len(world.requests.to(host="plex.tv", path="/api/v2/resources")) <= 12
    assert state_of(hass, SERVER) == STATE_OFF


@pytest.mark.allowed_logs(DOWN)
@pytest.mark.parametrize("why", ["no account token", "plex.tv is down"])
async def test_address_stays_where_plex_tv_cannot_tell(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    world: World,
    home: PlexServer,
    owner: Account,
    entry: MockConfigEntry,
    why: str,
) -> None:
    """The user can reconfigure it."""
    if why == "no account token":
        token = world.plex_tv.sign_in(owner, client_identifier="browser", product="Plex Web")
        entry = entry_of(home, server_token=token, source=TokenSource.PASTED)
    await set_up(hass, entry)
    if why == "plex.tv is down":
        await world.plex_tv.stop()
    address = home.url
    await move(home)
    await advance(hass, freezer, 20 * MINUTE)
    assert entry.data[CONF_URL] == address
    assert state_of(hass, SERVER) == STATE_OFF


@pytest.mark.allowed_logs(DOWN)
async def test_address_that_is_encrypted_is_not_given_up_for_one_that_is_not(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    world: World,
    home: PlexServer,
    entry: MockConfigEntry,
) -> None:
    """The token would be readable on the way."""
    entry.add_to_hass(hass)
    address = home.url.replace("http://", "https://")
    hass.config_entries.async_update_entry(entry, data={**entry.data, CONF_URL: address})
    await hass.config_entries.async_setup(entry.entry_id)
    await advance(hass, freezer, 10 * MINUTE)
    assert entry.data[CONF_URL] == address
    assert [r for r in world.requests.to(host="Home") if r.token_sent] == []
