"""Servers and tokens of Home Assistant's own Plex integration."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from homeassistant.const import CONF_TOKEN, CONF_URL, CONF_VERIFY_SSL
from homeassistant.core import HomeAssistant, callback

from .models import Address, FlowState, TargetServer
from .server import async_configured_servers

# What that integration is called and keeps in its entries. Its constants cannot be imported where
# its requirements are not installed.
PLEX_DOMAIN: Final = "plex"
PLEX_SERVER: Final = "server"
PLEX_SERVER_CONFIG: Final = "server_config"
PLEX_SERVER_IDENTIFIER: Final = "server_id"


@dataclass(frozen=True, kw_only=True)
class BorrowedServer:
    """Server of the Plex integration, and the token that it has for it."""

    data: Mapping[str, Any] = field(repr=False)

    @property
    def name(self) -> str:
        """Return the name of the server."""
        name: str = self.data[PLEX_SERVER]
        return name

    @property
    def token(self) -> str:
        """Return the token."""
        token: str = self.data[PLEX_SERVER_CONFIG][CONF_TOKEN]
        return token

    @property
    def target(self) -> TargetServer:
        """Return the server as the only one that the token may be used for."""
        config = self.data[PLEX_SERVER_CONFIG]
        return TargetServer(
            machine_identifier=self.data[PLEX_SERVER_IDENTIFIER],
            name=self.name,
            address=Address(
                url=config[CONF_URL].rstrip("/"), verify_ssl=config.get(CONF_VERIFY_SSL, True)
            ),
        )


@callback
def async_get_borrowed_servers(hass: HomeAssistant, state: FlowState) -> dict[str, BorrowedServer]:
    """Return the servers whose token can be used in this flow, by machine identifier."""
    configured = async_configured_servers(hass)
    servers = {
        entry.data[PLEX_SERVER_IDENTIFIER]: BorrowedServer(data=entry.data)
        for entry in hass.config_entries.async_entries(PLEX_DOMAIN, include_ignore=False)
        if CONF_TOKEN in entry.data[PLEX_SERVER_CONFIG]
    }
    return {
        machine_identifier: server
        for machine_identifier, server in servers.items()
        if machine_identifier not in configured
        and (state.target is None or state.target.machine_identifier == machine_identifier)
    }
