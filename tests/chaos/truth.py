"""The true state of an entry's token and server, as the simulator has it.

Of the entry only its tokens and its address are read.
"""

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import CONF_URL

from custom_components.plex_monitor.const import CONF_ACCOUNT_TOKEN, CONF_SERVER_TOKEN
from tests.simulator import PlexServer, World

from .faults import fault_at, prevents_response, rules_of
from .sites import Site

# The default values of a server's knobs.
USUAL_KNOBS: dict[str, Any] = {
    "allowed_without_auth": False,
    "claimed": True,
    "closes_sockets_on_revocation": False,
    "hides_root": False,
    "identifies_as": None,
    "listed": True,
    "presence": True,
    "refuses_websockets": None,
    "refuses_with_401": False,
    "rejects_tokens": False,
    "revocation_grace": 0,
    "unclaimed_refuses": False,
}


class Truth:
    """The true state at this moment."""

    def __init__(self, world: World, site: Site, entry: ConfigEntry[Any]) -> None:
        """Initialize for one entry."""
        self._world = world
        self._account = site.account
        self.server: PlexServer = site.server
        self.account_token: str | None = entry.data.get(CONF_ACCOUNT_TOKEN)
        self.server_token: str | None = entry.data.get(CONF_SERVER_TOKEN)
        self.at_address = entry.data[CONF_URL] == self.server.url

    @property
    def account_is_dead(self) -> bool:
        """Return whether the entry has an account token that plex.tv has revoked."""
        return self.account_token is not None and not self._world.plex_tv.is_valid(
            self.account_token
        )

    @property
    def server_token_is_dead(self) -> bool:
        """Return whether the server would refuse the token even with its default knobs."""
        if self.server_token is None:
            return False
        with _usual(self.server):
            return self.server.access(self.server_token) is None

    @property
    def is_refused(self) -> bool:
        """Return whether the server, with its knobs as they are, refuses the entry's token."""
        return self.server.access(self.server_token) is None

    @property
    def is_owner(self) -> bool:
        """Return whether the server, with its knobs as they are, grants full access."""
        access = self.server.access(self.server_token)
        return access is not None and access.owner

    @property
    def is_listed(self) -> bool:
        """Return whether plex.tv lists the server for the account."""
        return self.server.is_listed_for(self._account)

    @property
    def listed_token(self) -> str | None:
        """Return the server's token that plex.tv lists for the account."""
        return self.server.access_token_for(self._account) or self.account_token

    @property
    def is_listed_token_accepted(self) -> bool:
        """Return whether the server, with its knobs as they are, accepts the listed token."""
        return self.server.access(self.listed_token) is not None

    @property
    def is_up(self) -> bool:
        """Return whether the right server identifies itself at the entry's address."""
        return (
            self.server.running
            and self.at_address
            and self.server.identifies_as is None
            and not self.server.in_maintenance
            and not prevents_response(fault_at(self.server, "/identity"))
        )

    @property
    def last_start(self) -> object:
        """Return an object that is another one after each start of the server."""
        return self.server.last_start

    @property
    def is_well(self) -> bool:
        """Return whether the server is up and has no fault at all."""
        return self.is_up and not rules_of(self.server) and self.server.refuses_websockets is None

    @property
    def is_renamed(self) -> bool:
        """Return whether the server runs at another address than the entry's."""
        return self.server.running and not self.at_address

    @property
    def has_other_machine(self) -> bool:
        """Return whether another server answers at the address."""
        return self.server.running and self.server.identifies_as is not None


@contextmanager
def _usual(server: PlexServer) -> Generator[None]:
    """Give a server its default knobs for a moment, without any notification."""
    names = ("allowed_without_auth", "claimed", "rejects_tokens")
    before = {name: getattr(server, name) for name in names}
    for name in names:
        setattr(server, name, USUAL_KNOBS[name])
    try:
        yield
    finally:
        for name, value in before.items():
            setattr(server, name, value)
