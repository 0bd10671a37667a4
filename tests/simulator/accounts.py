"""The accounts at plex.tv, their devices, and the tokens of these."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
import itertools
import secrets
import uuid

PLEX_PASS_FEATURES = (
    "hardware_transcoding",
    "home",
    "pass",
    "premium_music_metadata",
    "session_bandwidth_restrictions",
    "session_kick",
    "sync",
    "webhooks",
)


def new_token() -> str:
    """Return a token of the classic form: 20 characters."""
    return secrets.token_urlsafe(15)


def new_client_identifier() -> str:
    """Return an identifier such as an app generates at its first start."""
    return str(uuid.uuid4())


@dataclass(eq=False, kw_only=True)
class Account:
    """An account at plex.tv."""

    id: int
    uuid: str
    username: str
    plex_pass: bool
    home: list[Account] = field(default_factory=list, repr=False)

    @property
    def title(self) -> str:
        """Return the name that other accounts see."""
        return self.username

    @property
    def email(self) -> str:
        """Return the email address, which no client needs."""
        return f"{self.username.replace(' ', '.')}@example.invalid"


@dataclass(eq=False, kw_only=True)
class Device:
    """An app that is signed in, as listed under Authorized devices."""

    id: int
    account: Account
    token: str = field(repr=False)
    client_identifier: str
    product: str
    name: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    created_at: int
    last_seen_at: int


@dataclass(frozen=True, kw_only=True)
class Revocation:
    """A revoked token: its account, and when it was revoked."""

    account: Account
    at: float


class AccountBook:
    """All accounts and all tokens of plex.tv."""

    def __init__(self, clock: Callable[[], float], on_revoked: Callable[[str], None]) -> None:
        """Initialize without accounts; `on_revoked` is called with each token that is revoked."""
        self._clock = clock
        self._on_revoked = on_revoked
        self._account_ids = itertools.count(31_400_001)
        self._device_ids = itertools.count(810_001)
        self.accounts: list[Account] = []
        self.devices: list[Device] = []
        self.revoked: dict[str, Revocation] = {}

    def add(self, username: str, *, plex_pass: bool) -> Account:
        """Create an account."""
        account = Account(
            id=next(self._account_ids),
            uuid=secrets.token_hex(8),
            username=username,
            plex_pass=plex_pass,
        )
        self.accounts.append(account)
        return account

    def sign_in(
        self,
        account: Account,
        *,
        client_identifier: str,
        product: str,
        name: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> str:
        """Sign a device in, and revoke its earlier token of this account, if it had one."""
        now = int(self._clock())
        for device in self.devices_of(account):
            if device.client_identifier == client_identifier:
                self.remove(device)
        device = Device(
            id=next(self._device_ids),
            account=account,
            token=new_token(),
            client_identifier=client_identifier,
            product=product,
            name=name or product,
            headers=headers or {},
            created_at=now,
            last_seen_at=now,
        )
        self.devices.append(device)
        return device.token

    def remove(self, device: Device) -> None:
        """Remove a device and revoke its token."""
        self.devices.remove(device)
        self.revoked[device.token] = Revocation(account=device.account, at=self._clock())
        self._on_revoked(device.token)

    def device(self, token: str | None) -> Device | None:
        """Return the device of a token, or None if the token is not valid."""
        return next((device for device in self.devices if device.token == token), None)

    def devices_of(self, account: Account) -> list[Device]:
        """Return the devices that are signed in with the account."""
        return [device for device in self.devices if device.account is account]
