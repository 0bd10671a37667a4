"""Who is on the stage: servers, and how the entry of each came to its token."""

from dataclasses import dataclass
from enum import StrEnum

from custom_components.plex_monitor.const import TokenSource
from tests.simulator import Account, PlexServer


class Role(StrEnum):
    """A server with its entry. The value is the server's name."""

    HOME = "Home"
    """The owner's own; the account's token is the server's as well."""
    CINEMA = "Cinema"
    """A friend's, who shares it; the server's token is another than the account's."""
    CABIN = "Cabin"
    """A friend's; only a token for this server was pasted, of which plex.tv knows nothing."""
    ATTIC = "Attic"
    """Nobody's: there is no token."""
    VAULT = "Vault"
    """The owner's, with TLS, whose certificates are checked."""


SOURCES = {
    Role.HOME: TokenSource.SIGN_IN,
    Role.CINEMA: TokenSource.SIGN_IN,
    Role.CABIN: TokenSource.PASTED,
    Role.ATTIC: TokenSource.NONE,
    Role.VAULT: TokenSource.LINKED,
}
OWNED = {Role.HOME, Role.ATTIC, Role.VAULT}
SHARED = {Role.CINEMA, Role.CABIN}
# Entries that can ask plex.tv, and so follow a server that moves.
SIGNED_IN = {Role.HOME, Role.CINEMA, Role.VAULT}


@dataclass(frozen=True, kw_only=True)
class Resident:
    """One entry and its server. `account` is who signs in for it."""

    role: Role
    server: PlexServer
    account: Account

    @property
    def entry_id(self) -> str:
        """Return the id of the entry, which lasts as long as the run."""
        return f"01JG00V55WEVTJ0CJHM0{self.role.upper():0>6}"

    @property
    def client_identifier(self) -> str:
        """Return what the entry called itself at first."""
        return f"home-assistant-{self.role.lower()}"
