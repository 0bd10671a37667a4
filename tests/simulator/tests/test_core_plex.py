"""Home Assistant's own Plex integration is set up against the simulator, unchanged."""

from unittest.mock import patch

from homeassistant.components.media_player import MediaPlayerState
from homeassistant.components.plex.const import (
    CONF_SERVER,
    CONF_SERVER_IDENTIFIER,
    DOMAIN as PLEX_DOMAIN,
    PLEX_SERVER_CONFIG,
)
from homeassistant.config_entries import SOURCE_REAUTH, ConfigEntryState
from homeassistant.const import (
    CONF_CLIENT_ID,
    CONF_TOKEN,
    CONF_URL,
    CONF_VERIFY_SSL,
    STATE_ON,
    Platform,
)
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from tests.simulator import Account, PlexServer, World
from tests.support.helpers import eventually

pytestmark = [
    pytest.mark.usefixtures("redirect_plex_tv"),
    # plexwebsocket uses deprecated parameters of aiohttp.
    pytest.mark.filterwarnings("ignore:ssl=None is deprecated"),
    # Home Assistant's web server, which its Plex integration depends on, misses a faster library.
    pytest.mark.allowed_logs(r"^aiohttp_fast_zlib: "),
]

CLIENT_IDENTIFIER = "home-assistant-core"


@pytest.fixture
async def home(world: World, owner: Account) -> PlexServer:
    """Return the owner's server, with a newer version to install."""
    home = await world.add_server("Home", owner=owner)
    home.updater.offer("1.44.0.11000-0badc0ffe", fixed="A fault.")
    return home


async def set_up(hass: HomeAssistant, server: PlexServer, token: str) -> MockConfigEntry:
    """Set up the Plex integration with an entry as its own flow creates it."""
    entry = MockConfigEntry(
        domain=PLEX_DOMAIN,
        title=server.name,
        unique_id=server.machine_identifier,
        data={
            CONF_SERVER: server.name,
            CONF_SERVER_IDENTIFIER: server.machine_identifier,
            PLEX_SERVER_CONFIG: {
                CONF_CLIENT_ID: CLIENT_IDENTIFIER,
                CONF_TOKEN: token,
                CONF_URL: server.url,
                CONF_VERIFY_SSL: True,
            },
        },
    )
    entry.add_to_hass(hass)
    with patch("homeassistant.components.plex.GDM"):
        assert await async_setup_component(hass, PLEX_DOMAIN, {})
        await hass.async_block_till_done(wait_background_tasks=False)
        if entry.state is ConfigEntryState.LOADED:
            await eventually(hass, lambda: hass.states.async_all(Platform.MEDIA_PLAYER))
    return entry


# Its sensor waits three seconds before it updates.
@pytest.mark.parametrize("expected_lingering_timers", [True])
async def test_entities_follow_the_server(
    hass: HomeAssistant,
    world: World,
    owner: Account,
    home: PlexServer,
    entity_registry: er.EntityRegistry,
) -> None:
    """The entry loads, and its sensor, update entity and players follow the simulator."""
    token = world.plex_tv.sign_in(owner, client_identifier=CLIENT_IDENTIFIER)
    stream = await home.start_stream(title="Winter Light", player="Kitchen")

    entry = await set_up(hass, home, token)

    assert entry.state is ConfigEntryState.LOADED
    entities = er.async_entries_for_config_entry(entity_registry, entry.entry_id)
    assert {entity.domain for entity in entities} >= {
        Platform.BUTTON,
        Platform.MEDIA_PLAYER,
        Platform.SENSOR,
        Platform.UPDATE,
    }
    libraries = [entity for entity in entities if entity.unique_id.startswith("library-")]
    assert len(libraries) == 3
    update = hass.states.get("update.home_update")
    assert update is not None
    assert update.state == STATE_ON
    assert update.attributes["latest_version"] == "1.44.0.11000-0badc0ffe"
    assert hass.states.get("sensor.home") is not None
    [player] = hass.states.async_all(Platform.MEDIA_PLAYER)
    assert player.state == MediaPlayerState.PLAYING
    assert player.attributes["media_title"] == "Winter Light (2020)"

    await stream.pause()

    await eventually(hass, lambda: hass.states.is_state(player.entity_id, MediaPlayerState.PAUSED))


@pytest.mark.allowed_logs(r"^homeassistant\.config_entries: .* could not authenticate")
async def test_dead_token_starts_its_reauth(
    hass: HomeAssistant, world: World, owner: Account, home: PlexServer
) -> None:
    """A revoked token starts its reauth flow."""
    token = world.plex_tv.sign_in(owner, client_identifier=CLIENT_IDENTIFIER)
    world.plex_tv.revoke(token)

    entry = await set_up(hass, home, token)

    assert entry.state is ConfigEntryState.SETUP_ERROR
    [flow] = hass.config_entries.flow.async_progress_by_handler(PLEX_DOMAIN)
    assert flow["context"]["source"] == SOURCE_REAUTH
