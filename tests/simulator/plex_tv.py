"""The simulated plex.tv, as a test uses it. Its HTTP endpoints are in plex_tv_api."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, override

from aiohttp import web

from .accounts import Account, AccountBook, Device, new_client_identifier
from .error_pages import plex_tv_error
from .host import Host, Traffic
from .pins import Pin, Pins
from .plex_tv_api import PlexTvApi

if TYPE_CHECKING:
    from .server import PlexServer

HOST_NAME = "plex.tv"


class PlexTv(Host):
    """The plex.tv of a world."""

    def __init__(self, traffic: Traffic, servers: Sequence[PlexServer], *, port: int = 0) -> None:
        """Initialize without accounts; `servers` is the world's own list."""
        super().__init__(HOST_NAME, traffic, port=port)
        self.servers = servers
        self.book = AccountBook(traffic.clock, self._token_revoked)
        self.pins = Pins(traffic.clock)
        self._api = PlexTvApi(self)

    @override
    def routes(self) -> list[web.RouteDef]:
        """Return the endpoints of plex.tv."""
        return self._api.routes()

    @override
    def unauthorized(self, request: web.Request) -> web.StreamResponse:
        """Return plex.tv's response to an invalid token."""
        return plex_tv_error(request, 401, 1001, "User could not be authenticated")

    def add_account(self, username: str, *, plex_pass: bool = False) -> Account:
        """Create an account."""
        return self.book.add(username, plex_pass=plex_pass)

    def account(self, username: str) -> Account:
        """Return the account with this name."""
        for account in self.book.accounts:
            if account.username == username:
                return account
        raise LookupError(f"There is no account {username}.")

    def add_home(self, members: Iterable[Account]) -> None:
        """Join accounts to a Plex Home, whose first member is its admin."""
        home = list(members)
        for account in home:
            account.home = home

    def sign_in(
        self,
        account: Account,
        *,
        client_identifier: str | None = None,
        product: str = "Plex Web",
        name: str | None = None,
    ) -> str:
        """Sign a device in, without a PIN, and return its token."""
        return self.book.sign_in(
            account,
            client_identifier=client_identifier or new_client_identifier(),
            product=product,
            name=name,
        )

    def approve_pin(self, code: str, account: Account) -> None:
        """Approve a PIN as a user does at plex.tv/link or in the sign-in window."""
        pin = self.pins.by_code(code)
        if pin is None:
            raise ValueError("No PIN with this code waits for an approval.")
        self.complete(pin, account)

    def complete(self, pin: Pin, account: Account) -> None:
        """Sign the device of the PIN in with the account."""
        pin.token = self.book.sign_in(
            account,
            client_identifier=pin.client_identifier,
            product=pin.product,
            name=pin.headers.get("X-Plex-Device-Name"),
            headers=pin.headers,
        )

    def expire_pin(self, code: str | None = None) -> None:
        """Expire one PIN now, or all waiting ones."""
        self.pins.expire(code)

    def waiting_pins(self) -> list[Pin]:
        """Return the PINs that wait for approval, oldest first."""
        return [pin for pin in self.pins.waiting() if pin.token is None]

    def is_valid(self, token: str) -> bool:
        """Return whether plex.tv accepts the token as an account's."""
        return self.book.device(token) is not None

    def tokens_of(self, account: Account) -> list[str]:
        """Return the valid tokens of the account, oldest first."""
        return [device.token for device in self.book.devices_of(account)]

    def devices_of(self, account: Account) -> list[Device]:
        """Return what the account has under Authorized devices."""
        return self.book.devices_of(account)

    def revoke(self, token: str) -> None:
        """Revoke one token, as the removal of its device does."""
        device = self.book.device(token)
        if device is None:
            raise ValueError("This token is not good in the first place.")
        self.book.remove(device)

    def remove_device(self, client_identifier: str) -> None:
        """Remove an app under Authorized devices."""
        for device in [
            device for device in self.book.devices if device.client_identifier == client_identifier
        ]:
            self.book.remove(device)

    def change_password(
        self, account: Account, *, sign_out: bool = True, servers: bool = False
    ) -> None:
        """Change the password, which by default signs out all devices, and none of the servers."""
        if not sign_out:
            return
        for device in self.book.devices_of(account):
            self.book.remove(device)
        if servers:
            for server in self.servers:
                if server.owner is account:
                    server.claimed = False

    def _token_revoked(self, token: str) -> None:
        for server in self.servers:
            server.token_revoked(token)
