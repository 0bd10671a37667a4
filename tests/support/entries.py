"""Config entries as the config flow creates them, and their states and repairs."""

from collections.abc import Sequence

from homeassistant.config_entries import SOURCE_REAUTH, ConfigEntryState
from homeassistant.const import CONF_URL, CONF_VERIFY_SSL, STATE_OFF
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.plex_monitor.const import (
    CONF_ACCOUNT_TOKEN,
    CONF_CLIENT_IDENTIFIER,
    CONF_PLAYERS,
    CONF_SERVER_TOKEN,
    CONF_TOKEN_SOURCE,
    DOMAIN,
    TokenSource,
)
from tests.simulator import Account, Player, PlexServer, World

from .helpers import settle

# Logged once by the coordinator when the server Home does not respond, and when it cannot be read
# because it does not respond or refuses the token.
DOWN = r"^custom_components\.plex_monitor: Error fetching Home data"
UNREADABLE = r"^custom_components\.plex_monitor: (Error|Authentication failed).* fetching Home data"

ENTRY_ID = "01JG00V55WEVTJ0CJHM0GAD7PC"


def signed_in_entry(
    world: World,
    server: PlexServer,
    account: Account,
    *,
    client_identifier: str = "home-assistant-1",
    entry_id: str = ENTRY_ID,
    players: Sequence[Player] = (),
) -> MockConfigEntry:
    """Return the entry of an account that signed in with Plex, optionally with players."""
    token = world.plex_tv.sign_in(
        account, client_identifier=client_identifier, product="Home Assistant"
    )
    return entry_of(
        server,
        client_identifier=client_identifier,
        account_token=token,
        server_token=server.access_token_for(account) or token,
        source=TokenSource.SIGN_IN,
        entry_id=entry_id,
        players=players,
    )


def entry_of(
    server: PlexServer,
    *,
    client_identifier: str = "home-assistant-1",
    account_token: str | None = None,
    server_token: str | None = None,
    source: TokenSource,
    entry_id: str = ENTRY_ID,
    players: Sequence[Player] = (),
) -> MockConfigEntry:
    """Return an entry with these tokens and players."""
    data = {
        CONF_URL: server.url,
        CONF_VERIFY_SSL: True,
        CONF_CLIENT_IDENTIFIER: client_identifier,
        CONF_TOKEN_SOURCE: source,
    }
    if account_token is not None:
        data[CONF_ACCOUNT_TOKEN] = account_token
    if server_token is not None:
        data[CONF_SERVER_TOKEN] = server_token
    return MockConfigEntry(
        domain=DOMAIN,
        title=server.name,
        unique_id=server.machine_identifier,
        entry_id=entry_id,
        data=data,
        options={CONF_PLAYERS: [option_of(player) for player in players]} if players else {},
    )


def option_of(player: Player) -> dict[str, str]:
    """Return a selected player as the options store it."""
    return {"id": player.machine_identifier, "name": player.title, "platform": player.platform}


async def set_up(hass: HomeAssistant, entry: MockConfigEntry) -> None:
    """Set up an entry, and wait until it is connected to the push channel and plex.tv."""
    entry.add_to_hass(hass)
    await hass.config_entries.async_setup(entry.entry_id)
    await settle(hass)


def setup_state(entry: MockConfigEntry) -> ConfigEntryState:
    """Return the state of an entry, which mypy must not narrow."""
    return entry.state


def state_of(hass: HomeAssistant, entity_id: str) -> str:
    """Return the state of an entity, which has to exist."""
    state = hass.states.get(entity_id)
    assert state is not None, f"{entity_id} does not exist"
    return state.state


def issues_of(hass: HomeAssistant) -> list[str]:
    """Return the domain and the kind of each active repair of any integration."""
    return sorted(
        f"{issue.domain}.{issue.translation_key}"
        for issue in ir.async_get(hass).issues.values()
        if issue.active
    )


def reauths_of(hass: HomeAssistant) -> list[str]:
    """Return the current step of each sign-in prompt."""
    return [
        flow["step_id"]
        for flow in hass.config_entries.flow.async_progress()
        if flow["context"]["source"] == SOURCE_REAUTH
    ]


def healthy(hass: HomeAssistant) -> None:
    """Expect no repair, no sign-in prompt and no token problem of the server Home."""
    assert issues_of(hass) == []
    assert reauths_of(hass) == []
    assert state_of(hass, "binary_sensor.home_token_problem") == STATE_OFF
