"""State of a config flow: what it has found out so far, and where it continues."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final, Self
from uuid import uuid4

from homeassistant.const import CONF_URL, CONF_VERIFY_SSL

from ..const import TokenSource
from ..plex.models import PlexAccount, Resource, ServerIdentity, ServerInfo
from ..runtime import PlexMonitorConfigEntry
from .errors import StepError

EXAMPLE_URL: Final = "http://192.168.1.20:32400"


class Step(StrEnum):
    """Ids of the steps that the modules of the flow decide between."""

    ADDRESS = "address"
    ALL_CONFIGURED = "all_configured"
    CHOOSE_SERVER = "choose_server"
    NO_SERVER = "no_server"
    PIN_EXPIRED = "pin_expired"
    RETRY_VERIFY = "retry_verify"
    SERVER_ADDRESS = "server_address"
    SIGN_IN_FAILED = "sign_in_failed"
    SIGNED_IN = "signed_in"
    VERIFY = "verify"
    VERIFY_LIMITED = "verify_limited"
    VERIFY_NO_TOKEN = "verify_no_token"  # noqa: S105 - the name of a step
    VERIFY_TOKEN = "verify_token"  # noqa: S105 - the name of a step
    VERIFY_TOKEN_LIMITED = "verify_token_limited"  # noqa: S105 - the name of a step
    WRONG_ACCOUNT = "wrong_account"


@dataclass(frozen=True, kw_only=True)
class Access:
    """Token that the flow obtained, with its source, its account and the servers of that account.

    `account` is None where plex.tv does not know the token, or has not been asked yet.
    """

    client_identifier: str
    source: TokenSource
    token: str | None = field(default=None, repr=False)
    account: PlexAccount | None = None
    resources: tuple[Resource, ...] = ()

    @property
    def account_token(self) -> str | None:
        """Return the token if plex.tv accepts it as that of an account."""
        return self.token if self.account or self.source.is_our_own else None

    @property
    def our_token(self) -> str | None:
        """Return the token if it is one of our own, which has to be signed out when not used."""
        return self.token if self.source.is_our_own else None

    @property
    def account_name(self) -> str:
        """Return the display name of the account."""
        return (self.account.title or self.account.username) if self.account else ""

    def resource(self, machine_identifier: str) -> Resource | None:
        """Return the server with this identifier if the account has access to it."""
        return next(
            (
                resource
                for resource in self.resources
                if resource.machine_identifier == machine_identifier
            ),
            None,
        )


@dataclass(frozen=True, kw_only=True)
class Address:
    """Address of a server."""

    url: str
    verify_ssl: bool = True

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> Self:
        """Return the address that an entry stores."""
        return cls(url=data[CONF_URL], verify_ssl=data[CONF_VERIFY_SSL])

    @property
    def as_data(self) -> dict[str, Any]:
        """Return the data of an entry or of a form."""
        return {CONF_URL: self.url, CONF_VERIFY_SSL: self.verify_ssl}


@dataclass(frozen=True, kw_only=True)
class Server:
    """Server that was selected, and the token for it."""

    machine_identifier: str
    name: str
    token: str | None = field(default=None, repr=False)


@dataclass(frozen=True, kw_only=True)
class TargetServer:
    """The one server that this flow may be for: discovered, or of the entry that is changed."""

    machine_identifier: str
    name: str
    address: Address


@dataclass(kw_only=True)
class FlowState:
    """What the flow knows so far; its modules read and complete it."""

    # The identifier under which the flow gets a token unless it may use that of an entry again.
    client_identifier: str = field(default_factory=lambda: str(uuid4()))
    # Whether a token of this flow is being signed out.
    is_started_over: bool = False
    # None where a new entry is created.
    entry: PlexMonitorConfigEntry | None = None
    is_reauth: bool = False
    target: TargetServer | None = None
    access: Access = field(init=False)
    server: Server | None = None
    address: Address | None = None
    address_error: StepError | None = None
    # What the server said when it was verified: it can keep back everything but its identity.
    identity: ServerIdentity | None = None
    info: ServerInfo | None = None

    def __post_init__(self) -> None:
        """Start without access."""
        self.access = self.no_access

    @property
    def no_access(self) -> Access:
        """Return the access that a flow starts with."""
        return Access(client_identifier=self.client_identifier, source=TokenSource.NONE)

    @property
    def target_name(self) -> str | None:
        """Return the name of the target server, None if the flow has no target."""
        return self.target.name if self.target else None

    @property
    def placeholders(self) -> dict[str, str]:
        """Return the placeholders for every text of the flow."""
        server = self.server or self.target
        name = self.info.friendly_name if self.info else server.name if server else ""
        return {
            "account": self.access.account_name,
            "example_url": EXAMPLE_URL,
            "server": name,
            "url": self.address.url if self.address else "",
            "version": self.identity.version if self.identity else "",
        }

    def start_over(self) -> None:
        """Continue under another client identifier.

        The sign-out of the last token is not awaited, and Plex is reported to keep one token per
        account and identifier: it could end the next one.
        """
        self.client_identifier = str(uuid4())
        self.is_started_over = True

    def change_entry(self, entry: PlexMonitorConfigEntry, *, is_reauth: bool = False) -> None:
        """Make the flow one that changes an entry, and its server the target."""
        if TYPE_CHECKING:
            assert entry.unique_id is not None
        self.entry = entry
        self.is_reauth = is_reauth
        self.target = TargetServer(
            machine_identifier=entry.unique_id,
            name=entry.title,
            address=Address.from_data(entry.data),
        )
