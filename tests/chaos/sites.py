"""The servers of a run, and how the config entry of each got its token."""

from dataclasses import dataclass
from enum import StrEnum

from custom_components.plex_monitor.const import TokenSource
from tests.simulator import Account, PlexServer


class Role(StrEnum):
    """A server with its entry. The value is the server's name."""

    HOME = "Home"
    """The owner's own; the account token also is the server token."""
    CINEMA = "Cinema"
    """Shared by a friend; the server token is another than the account token."""
    CABIN = "Cabin"
    """Shared by a friend; only its server token was pasted, which plex.tv does not know."""
    ATTIC = "Attic"
    """Unclaimed: the entry has no token."""
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
# Entries with an account token, which can find a server at a new address.
SIGNED_IN = {Role.HOME, Role.CINEMA, Role.VAULT}


@dataclass(frozen=True, kw_only=True)
class Site:
    """One config entry and its server. `account` is the account that signs in for it."""

    role: Role
    server: PlexServer
    account: Account

    @property
    def entry_id(self) -> str:
        """Return the id of the entry, which stays the same throughout the run."""
        return f"01JG00V55WEVTJ0CJHM0{self.role.upper():0>6}"

    @property
    def client_identifier(self) -> str:
        """Return the client identifier that the entry has at first."""
        return f"home-assistant-{self.role.lower()}"
