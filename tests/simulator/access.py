"""The access that a token gives to a server."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from .accounts import Account
from .items import OWNER_ID, Section


@dataclass(frozen=True, kw_only=True)
class Access:
    """The access of one account to a server. `owner` means full access.

    `sections` are the ids of the only libraries that a guest may see, or None for all.
    """

    account: Account | None
    owner: bool
    sections: frozenset[int] | None = None

    @property
    def account_id(self) -> int:
        """Return the server's own number for the account; the owner is 1."""
        return OWNER_ID if self.owner or self.account is None else self.account.id

    def sees(self, section_id: int) -> bool:
        """Return whether the account may see this library."""
        return self.sections is None or section_id in self.sections

    def may_see_work_of(self, account_id: int) -> bool:
        """Return whether the account may see the activities of this account."""
        return self.owner or account_id == self.account_id


@dataclass(eq=False, kw_only=True)
class Share:
    """A server shared with an account: the account has a token for this server alone."""

    id: int
    account: Account
    token: str = field(repr=False)
    since: int
    sections: frozenset[int] | None = None

    @property
    def access(self) -> Access:
        """Return the access of the guest."""
        return Access(account=self.account, owner=False, sections=self.sections)


def ids_of(sections: Iterable[Section] | None) -> frozenset[int] | None:
    """Return the ids of libraries; None stands for all of them."""
    return None if sections is None else frozenset(section.id for section in sections)


@dataclass(eq=False, kw_only=True)
class Connection:
    """An address that plex.tv lists for a server."""

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
