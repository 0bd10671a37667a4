"""What a token may do at a server."""

from dataclasses import dataclass, field

from .accounts import Account


@dataclass(frozen=True, kw_only=True)
class Access:
    """Somebody that a server lets in. `owner` means full rights."""

    account: Account | None
    owner: bool


@dataclass(eq=False, kw_only=True)
class Share:
    """A server shared with an account: the account has a token for this server alone."""

    id: int
    account: Account
    token: str = field(repr=False)
    since: int


@dataclass(eq=False, kw_only=True)
class Connection:
    """An address under which plex.tv lists a server."""

    uri: str
    address: str
    port: int
    local: bool = True
    relay: bool = False
    ipv6: bool = False

    @property
    def protocol(self) -> str:
        """Return http or https."""
        return self.uri.partition(":")[0]
