"""A server that has moved is followed to its new address."""

import asyncio
from unittest.mock import AsyncMock, patch

from freezegun.api import FrozenDateTimeFactory
from homeassistant.const import (
    CONF_URL,
    CONF_VERIFY_SSL,
    EVENT_STATE_CHANGED,
    STATE_OFF,
    STATE_ON,
)
from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_capture_events

from custom_components.plex_monitor.const import TokenSource
from tests.simulator import Account, Connection, Fault, PlexServer, World
from tests.support.entries import DOWN, entry_of, issues_of, set_up, state_of
from tests.support.helpers import advance, settle
from tests.support.requests import address_lookups

SERVER = "binary_sensor.home_server"
MINUTE = 60


def connection_to(server: PlexServer, *, relay: bool = False) -> Connection:
    """Return the connection that plex.tv lists for the current address of a server."""
    return Connection(
        uri=server.url, address="127.0.0.1", port=server.port, local=not relay, relay=relay
    )


async def move(home: PlexServer, *, relay: bool = False) -> None:
    """Move the server to another port, and let plex.tv list its new address."""
    await home.move()
    home.connections = [connection_to(home, relay=relay)]


def tokens_sent_to(world: World, host: str) -> list[str]:
    """Return the tokens that were sent to a server."""
    return [request.token_sent for request in world.requests.to(host=host) if request.token_sent]


@pytest.mark.allowed_logs(DOWN)
async def test_new_address_is_read_from_plex_tv(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    home: PlexServer,
    init_integration: MockConfigEntry,
) -> None:
    """Without a reload and without a repair issue."""
    await move(home)
    await advance(hass, freezer, 2 * MINUTE)
    assert init_integration.data[CONF_URL] == home.url
    assert state_of(hass, SERVER) == STATE_ON
    assert state_of(hass, "sensor.home_token_status") == "valid"
    assert issues_of(hass) == []
    assert len(home.notifier.listeners) == 1


@pytest.mark.allowed_logs(DOWN)
@pytest.mark.usefixtures("init_integration")
async def test_new_address_is_looked_up_after_the_second_failed_poll(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, world: World, home: PlexServer
) -> None:
    """The first failure may be a restart."""
    await move(home)
    await advance(hass, freezer, 5, step=5)
    assert address_lookups(world) == []
    await advance(hass, freezer, 15, step=5)
    assert len(address_lookups(world)) == 1
    assert state_of(hass, SERVER) == STATE_ON


async def test_server_that_moved_while_home_assistant_was_off_is_found_at_once(
    hass: HomeAssistant, home: PlexServer, entry: MockConfigEntry
) -> None:
    """A router may assign new addresses to all devices after a power cut."""
    await move(home)
    await set_up(hass, entry)
    assert entry.data[CONF_URL] == home.url
    assert state_of(hass, SERVER) == STATE_ON


@pytest.mark.usefixtures("init_integration")
async def test_server_that_moves_was_not_down(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, home: PlexServer
) -> None:
    """It is found before it counts as offline."""
    states = async_capture_events(hass, EVENT_STATE_CHANGED)
    await move(home)
    await advance(hass, freezer, MINUTE, step=5)
    assert state_of(hass, SERVER) == STATE_ON
    assert [state for state in states if state.data["entity_id"] == SERVER] == []


@pytest.mark.allowed_logs(DOWN)
async def test_address_that_plex_tv_lists_late_is_found(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    home: PlexServer,
    init_integration: MockConfigEntry,
) -> None:
    """The lookup is repeated every five minutes."""
    home.listed = False
    await move(home)
    await advance(hass, freezer, 4 * MINUTE)
    assert state_of(hass, SERVER) == STATE_OFF
    home.listed = True
    await advance(hass, freezer, 6 * MINUTE)
    assert init_integration.data[CONF_URL] == home.url
    assert state_of(hass, SERVER) == STATE_ON


@pytest.mark.allowed_logs(DOWN)
@pytest.mark.usefixtures("init_integration")
async def test_server_that_answers_at_its_address_has_not_moved(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    home: PlexServer,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """It answers the request for its identity, and no other."""
    home.faults.set(Fault.RESET, paths="^/status/sessions$")
    await advance(hass, freezer, 10 * MINUTE)
    assert state_of(hass, SERVER) == STATE_ON
    assert "moved to" not in caplog.text


async def test_other_servers_of_the_account_receive_no_request(
    hass: HomeAssistant,
    world: World,
    home: PlexServer,
    cabin: PlexServer,
    entry: MockConfigEntry,
) -> None:
    """Only the server that is searched for receives requests."""
    await move(home)
    await set_up(hass, entry)
    assert entry.data[CONF_URL] == home.url
    assert world.requests.to(host=cabin.name) == []


@pytest.mark.allowed_logs(DOWN)
async def test_server_that_is_down_from_the_start_causes_no_flood_of_plex_tv(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    world: World,
    home: PlexServer,
    entry: MockConfigEntry,
) -> None:
    """It is polled every half a minute, and searched for every five minutes."""
    await home.stop()
    await set_up(hass, entry)
    await advance(hass, freezer, 10 * MINUTE, step=5)
    assert 1 <= len(world.requests.to(host="plex.tv")) <= 3


@pytest.mark.allowed_logs(DOWN)
async def test_another_machine_at_the_old_address_causes_a_lookup_at_once(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    world: World,
    owner: Account,
    home: PlexServer,
    init_integration: MockConfigEntry,
) -> None:
    """The token is never sent to the other machine."""
    port = home.port
    await move(home)
    await world.add_server("Other", owner=owner, port=port)
    await advance(hass, freezer, 2 * MINUTE)
    assert init_integration.data[CONF_URL] == home.url
    assert tokens_sent_to(world, "Other") == []


@pytest.mark.allowed_logs(DOWN)
async def test_address_at_which_another_server_answers_is_rejected(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    world: World,
    owner: Account,
    home: PlexServer,
    init_integration: MockConfigEntry,
) -> None:
    """plex.tv may list addresses that are not the server's any more, and lists other servers."""
    other = await world.add_server("Other", owner=owner)
    address = home.url
    home.connections = [connection_to(other)]
    await home.stop()
    await advance(hass, freezer, 20 * MINUTE)
    assert init_integration.data[CONF_URL] == address
    assert tokens_sent_to(world, "Other") == []


@pytest.mark.allowed_logs(DOWN)
async def test_relay_is_rejected(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    home: PlexServer,
    init_integration: MockConfigEntry,
) -> None:
    """It is slow, and the server would never be searched for in the local network again."""
    address = home.url
    await move(home, relay=True)
    await advance(hass, freezer, 20 * MINUTE)
    assert init_integration.data[CONF_URL] == address


@pytest.mark.allowed_logs(DOWN)
@pytest.mark.parametrize("verified", [True, False])
async def test_which_addresses_are_tried(
    hass: HomeAssistant, home: PlexServer, entry: MockConfigEntry, *, verified: bool
) -> None:
    """No relay, and no remote address where the certificate is not verified."""
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
@pytest.mark.usefixtures("init_integration")
async def test_single_failed_poll_causes_no_lookup(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, world: World, home: PlexServer
) -> None:
    """The server restarts, most likely."""
    rule = home.faults.set(Fault.status(502), times=1)
    await advance(hass, freezer, MINUTE)
    assert rule.spent
    await advance(hass, freezer, 5 * 60)
    assert address_lookups(world) == []


@pytest.mark.allowed_logs(DOWN)
async def test_announcement_causes_a_lookup_soon(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    world: World,
    home: PlexServer,
    init_integration: MockConfigEntry,
) -> None:
    """However many are received, there is one lookup a minute; none where the server responds."""
    coordinator = init_integration.runtime_data.server
    coordinator.async_search_address()
    await advance(hass, freezer, MINUTE)
    assert address_lookups(world) == []
    home.listed = False
    await move(home)
    await advance(hass, freezer, MINUTE)
    assert len(address_lookups(world)) == 1
    home.listed = True
    for _ in range(10):
        coordinator.async_search_address()
        await advance(hass, freezer, 10)
    assert len(address_lookups(world)) == 2
    assert init_integration.data[CONF_URL] == home.url


async def start_to_search(
    hass: HomeAssistant, home: PlexServer, entry: MockConfigEntry
) -> asyncio.Task[None]:
    """Move the server, and search for it until its new address is tried."""

    async def poll_twice() -> None:
        """Poll the server, which is searched for when it has failed twice."""
        for _ in range(2):
            await coordinator.async_refresh()

    coordinator = entry.runtime_data.server
    await move(home)
    probe = home.faults.set(Fault.slow(1), paths="^/identity$")
    search = hass.async_create_task(poll_twice())
    while not probe.hits:
        await settle(hass)
    return search


@pytest.mark.allowed_logs(DOWN)
@pytest.mark.parametrize("is_entered", [True, False], ids=["entered", "followed"])
async def test_new_address_during_a_search_stays(
    hass: HomeAssistant, home: PlexServer, init_integration: MockConfigEntry, *, is_entered: bool
) -> None:
    """What the search finds may be older."""
    address = "https://127.0.0.1:9"
    server = init_integration.runtime_data.server.server
    before = init_integration.data[CONF_URL]
    search = await start_to_search(hass, home, init_integration)
    if is_entered:
        hass.config_entries.async_update_entry(
            init_integration, data={**init_integration.data, CONF_URL: address}
        )
    else:
        server.move_to(address)
    await search
    expected = (address, before) if is_entered else (before, address)
    assert (init_integration.data[CONF_URL], server.url) == expected


@pytest.mark.allowed_logs(DOWN)
async def test_entry_that_is_removed_during_a_search(
    hass: HomeAssistant, home: PlexServer, init_integration: MockConfigEntry
) -> None:
    """What was found is dropped, without an error."""
    search = await start_to_search(hass, home, init_integration)
    await hass.config_entries.async_remove(init_integration.entry_id)
    await search
    assert init_integration.data[CONF_URL] != home.url


@pytest.mark.allowed_logs(DOWN)
@pytest.mark.usefixtures("init_integration")
async def test_lookups_for_a_server_that_is_down_are_limited(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, world: World, home: PlexServer
) -> None:
    """It has not moved."""
    await home.stop()
    world.requests.clear()
    await advance(hass, freezer, 60 * MINUTE)
    assert 1 <= len(address_lookups(world)) <= 12
    assert state_of(hass, SERVER) == STATE_OFF


@pytest.mark.allowed_logs(DOWN)
@pytest.mark.parametrize("reason", ["no account token", "plex.tv is down"])
async def test_address_stays_where_plex_tv_cannot_be_queried(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    world: World,
    home: PlexServer,
    owner: Account,
    entry: MockConfigEntry,
    reason: str,
) -> None:
    """The user can reconfigure the entry."""
    if reason == "no account token":
        token = world.plex_tv.sign_in(owner, client_identifier="browser", product="Plex Web")
        entry = entry_of(home, server_token=token, source=TokenSource.PASTED)
    await set_up(hass, entry)
    if reason == "plex.tv is down":
        await world.plex_tv.stop()
    address = home.url
    await move(home)
    await advance(hass, freezer, 20 * MINUTE)
    assert entry.data[CONF_URL] == address
    assert state_of(hass, SERVER) == STATE_OFF


@pytest.mark.allowed_logs(DOWN)
async def test_encrypted_connection_is_not_replaced_by_an_unencrypted_one(
    hass: HomeAssistant,
    freezer: FrozenDateTimeFactory,
    world: World,
    home: PlexServer,
    entry: MockConfigEntry,
) -> None:
    """The token would be readable in transit."""
    entry.add_to_hass(hass)
    address = home.url.replace("http://", "https://")
    hass.config_entries.async_update_entry(entry, data={**entry.data, CONF_URL: address})
    await hass.config_entries.async_setup(entry.entry_id)
    await advance(hass, freezer, 10 * MINUTE)
    assert entry.data[CONF_URL] == address
    assert tokens_sent_to(world, "Home") == []
