"""What a config flow knows on its way to an entry, and how it takes things apart."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from math import ceil
import re
from typing import Final

from homeassistant.const import CONF_URL, CONF_VERIFY_SSL
from homeassistant.helpers.selector import (
    BooleanSelector,
    TextSelector,
    TextSelectorConfig,
    TextSelectorType,
)
import voluptuous as vol
from yarl import URL

from ..const import TokenSource
from ..plex.errors import (
    PlexCertificateError,
    PlexConnectionError,
    PlexError,
    PlexUnavailableError,
    PlexWrongServerError,
)
from ..plex.models import PlexAccount, Resource

DEFAULT_PORT: Final = 32400
HOST: Final = re.compile(r"[\w.:-]+")
EXAMPLE_URL: Final = "http://192.168.1.20:32400"

ADDRESS_SCHEMA: Final = vol.Schema(
    {
        vol.Required(CONF_URL): TextSelector(
            TextSelectorConfig(type=TextSelectorType.URL, autocomplete="url")
        ),
        vol.Required(CONF_VERIFY_SSL, default=True): BooleanSelector(),
    }
)


@dataclass(frozen=True, kw_only=True)
class Access:
    """What one of the ways to a token has yielded.

    `account` is None where plex.tv does not know the token, or has not been asked yet.
    """

    client_identifier: str
    source: TokenSource
    token: str | None = field(default=None, repr=False)
    account: PlexAccount | None = None
    resources: tuple[Resource, ...] = ()

    @property
    def account_token(self) -> str | None:
        """Return the token if plex.tv takes it as an account's."""
        return self.token if self.account or self.source.is_our_own else None

    @property
    def our_token(self) -> str | None:
        """Return the token if it is one that would be left behind at plex.tv."""
        return self.token if self.source.is_our_own else None

    @property
    def account_name(self) -> str:
        """Return what a person calls the account."""
        return (self.account.title or self.account.username) if self.account else ""

    def resource(self, machine_identifier: str) -> Resource | None:
        """Return the server of this name, if the account has access to it."""
        return next(
            (one for one in self.resources if one.machine_identifier == machine_identifier), None
        )


@dataclass(frozen=True, kw_only=True)
class Address:
    """Where a server is reached."""

    url: str
    verify_ssl: bool = True


@dataclass(frozen=True, kw_only=True)
class Server:
    """A server that the flow is about, and the token for it."""

    machine_identifier: str
    name: str
    token: str | None = field(default=None, repr=False)


@dataclass(frozen=True, kw_only=True)
class KnownServer:
    """The only server that a flow may end at: found in the network, or set up already."""

    machine_identifier: str
    name: str
    address: Address


class StepError(Exception):
    """What a form has to say about its input."""

    def __init__(
        self, key: str, *, field: str = "base", placeholders: Mapping[str, str] | None = None
    ) -> None:
        """Keep the key of the text, the field it is about, and what is to be filled in."""
        super().__init__(key)
        self.key = key
        self.field = field
        self.placeholders = placeholders or {}

    @property
    def errors(self) -> dict[str, str]:
        """Return it the way a form takes it."""
        return {self.field: self.key}


def address_from(text: str, *, verify_ssl: bool) -> Address:
    """Return the address that a person typed, without anything that stands behind the port.

    Without a scheme it is taken for plain http, and for Plex's own port where none is given.
    """
    text = text.strip()
    bare = "://" not in text
    try:
        origin = URL(f"http://{text}" if bare else text).origin()
    except ValueError:
        raise StepError("invalid_url", field=CONF_URL) from None
    if origin.scheme not in {"http", "https"} or not HOST.fullmatch(origin.host or ""):
        raise StepError("invalid_url", field=CONF_URL)
    if bare and origin.explicit_port is None:
        origin = origin.with_port(DEFAULT_PORT)
    return Address(url=str(origin), verify_ssl=verify_ssl)


def server_error(err: PlexError) -> StepError:
    """Say what a server did instead of answering well."""
    match err:
        case PlexCertificateError():
            return StepError("certificate")
        case PlexConnectionError():
            return StepError("cannot_connect")
        case PlexUnavailableError():
            return StepError("server_starting")
        case PlexWrongServerError():
            return StepError("wrong_server")
        case _:
            return StepError("not_plex")


def plex_tv_error(err: PlexError) -> StepError:
    """Say what plex.tv did instead of answering well."""
    if not isinstance(err, PlexUnavailableError) or err.status != HTTPStatus.TOO_MANY_REQUESTS:
        return StepError("plex_tv_unreachable")
    if err.retry_after is None:
        return StepError("rate_limited_unknown")
    minutes = max(1, ceil(err.retry_after / 60))
    return StepError("rate_limited", placeholders={"minutes": str(minutes)})
