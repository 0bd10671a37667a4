"""Typed answers of Plex: lenient where Plex is, strict where it matters.

Every `from_json` takes the object that Plex wrote, without its wrapper, and raises
`PlexResponseError` when it is not an object or lacks what the rest depends on.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
import re
from typing import Any, Self

from .errors import PlexResponseError
from .parsing import (
    boolean,
    child,
    integer,
    mapping,
    number,
    parsed_items,
    required_identifier,
    required_text,
    secret,
    text,
)

PRODUCT_NAME = "Plex Media Server"
SHORT_PIN_LIFETIME = 900.0


@dataclass(frozen=True, kw_only=True)
class ServerIdentity:
    """Who answers at an address: `GET /identity`, which needs no token (official API 1.2.2).

    `claimed` tells whether the server belongs to an account; where it is not said, it does.
    `version` is empty where it is not said.
    """

    machine_identifier: str
    version: str
    claimed: bool

    @classmethod
    def from_json(cls, data: Any) -> Self:
        """Read the `MediaContainer` of `/identity`."""
        data = mapping(data, "the identity")
        return cls(
            machine_identifier=required_identifier(data, "machineIdentifier"),
            version=text(data.get("version")) or "",
            claimed=boolean(data.get("claimed"), default=True),
        )


@dataclass(frozen=True, kw_only=True)
class ServerInfo:
    """What a server says of itself: `GET /` (official API 1.2.2).

    `plex_pass` is that of the owner. `sign_in_state` is "ok" for a server that is signed in to
    plex.tv and "none" for one that never was (captured); other values are not documented.
    """

    machine_identifier: str
    friendly_name: str
    version: str
    platform: str | None
    platform_version: str | None
    plex_pass: bool
    sign_in_state: str | None

    @classmethod
    def from_json(cls, data: Any) -> Self:
        """Read the `MediaContainer` of `/`."""
        data = mapping(data, "the server")
        return cls(
            machine_identifier=required_identifier(data, "machineIdentifier"),
            friendly_name=text(data.get("friendlyName")) or PRODUCT_NAME,
            version=text(data.get("version")) or "",
            platform=text(data.get("platform")),
            platform_version=text(data.get("platformVersion")),
            plex_pass=boolean(data.get("myPlexSubscription")),
            sign_in_state=text(data.get("myPlexSigninState")),
        )


class PlaybackState(StrEnum):
    """What a player is doing with a stream."""

    PLAYING = "playing"
    PAUSED = "paused"
    BUFFERING = "buffering"

    @classmethod
    def from_text(cls, value: Any) -> Self:
        """Read a state; one that is not known counts as playing, since the stream is there."""
        return cls(value) if value in list(cls) else cls("playing")


@dataclass(frozen=True, kw_only=True)
class Session:
    """One stream: an entry of `GET /status/sessions` (captured, PMS 1.43).

    `session_key` is a counter that restarts with the server. `player` falls back to the device and
    the product, since phones often have no title (captured).
    """

    session_key: str
    rating_key: str | None
    media_type: str | None
    title: str
    user: str | None
    player: str | None
    state: PlaybackState

    @classmethod
    def from_json(cls, data: Any) -> Self:
        """Read one `Metadata` of `/status/sessions`."""
        data = mapping(data, "a session")
        player = child(data, "Player")
        return cls(
            session_key=required_text(data, "sessionKey"),
            rating_key=text(data.get("ratingKey")),
            media_type=text(data.get("type")),
            title=text(data.get("title")) or "",
            user=text(child(data, "User").get("title")),
            player=text(player.get("title"))
            or text(player.get("device"))
            or text(player.get("product")),
            state=PlaybackState.from_text(player.get("state")),
        )


@dataclass(frozen=True, kw_only=True)
class Release:
    """A version of the server that its updater knows of (official API 1.2.2).

    `state` is available, downloading, downloaded, installing, tonight, skipped, error, notify or
    done. The running version can be among the releases (captured).
    """

    version: str
    state: str | None
    release_notes: str | None

    @classmethod
    def from_json(cls, data: Any) -> Self:
        """Read one `Release` of `/updater/status`, without its address, which holds a token."""
        data = mapping(data, "a release")
        notes = (text(data.get("added")), text(data.get("fixed")))
        return cls(
            version=required_text(data, "version"),
            state=text(data.get("state")),
            release_notes="\n\n".join(filter(None, notes)) or None,
        )

    @property
    def order(self) -> tuple[int, ...]:
        """Return the numbers of the version, which put "1.9.1" before "1.10.0-a1b2c3"."""
        return tuple(int(part) for part in re.findall(r"[0-9]{1,18}", self.version.split("-")[0]))


@dataclass(frozen=True, kw_only=True)
class UpdateStatus:
    """What the updater knows: `GET /updater/status` (official API 1.2.2).

    `version` is the newest release it names, `None` when it names none; the running version is
    possible. `can_install` is false in Docker and for Linux packages (official API 1.2.2).
    """

    can_install: bool
    version: str | None
    state: str | None
    release_notes: str | None

    @classmethod
    def from_json(cls, data: Any) -> Self:
        """Read the `MediaContainer` of `/updater/status`."""
        data = mapping(data, "the updater")
        releases = parsed_items(data.get("Release"), Release.from_json)
        newest = max(releases, key=lambda release: release.order, default=None)
        return cls(
            can_install=boolean(data.get("canInstall")),
            version=newest.version if newest else None,
            state=newest.state if newest else None,
            release_notes=newest.release_notes if newest else None,
        )


@dataclass(frozen=True, kw_only=True)
class Pin:
    """A short code that a person enters at plex.tv/link, and what became of it.

    `expires_in` is in seconds from the moment of the answer; a short code lives 900 s (captured).
    `token` appears once somebody has linked the code. `qr_url` is a picture that opens the page
    with the code filled in. The rest of the answer tells where the caller lives and is not kept.
    """

    id: int
    code: str
    qr_url: str | None
    expires_in: float
    token: str | None = field(repr=False)

    @classmethod
    def from_json(cls, data: Any) -> Self:
        """Read a PIN of `/api/v2/pins`."""
        data = mapping(data, "a PIN")
        if (pin_id := integer(data.get("id"))) is None:
            raise PlexResponseError("Plex left out the id of a PIN")
        qr_url = text(data.get("qr"))
        return cls(
            id=pin_id,
            code=required_text(data, "code"),
            qr_url=qr_url if qr_url and qr_url.startswith(("https://", "http://")) else None,
            expires_in=_pin_lifetime(data.get("expiresIn"), data.get("expiresAt")),
            token=secret(data.get("authToken")),
        )


def _pin_lifetime(expires_in: Any, expires_at: Any) -> float:
    """Return the seconds that are left to a PIN, however Plex says it."""
    seconds = number(expires_in)
    if seconds is None:
        try:
            until = datetime.fromisoformat(text(expires_at) or "")
            until = until.replace(tzinfo=until.tzinfo or UTC)
            seconds = (until - datetime.now(UTC)).total_seconds()
        except ValueError, OverflowError:
            return SHORT_PIN_LIFETIME
    return max(0.0, seconds)


@dataclass(frozen=True, kw_only=True)
class PlexAccount:
    """A Plex account: `GET /api/v2/user` (official API 1.2.2).

    The e-mail address, the token and the rest of the answer are not kept. Managed users of a Plex
    Home have no user name; then it is their title.
    """

    id: int
    uuid: str | None
    username: str
    title: str | None
    plex_pass: bool

    @classmethod
    def from_json(cls, data: Any) -> Self:
        """Read the answer of `/api/v2/user`."""
        data = mapping(data, "the account")
        if (account_id := integer(data.get("id"))) is None:
            raise PlexResponseError("Plex left out the id of the account")
        title = text(data.get("title"))
        return cls(
            id=account_id,
            uuid=text(data.get("uuid")),
            username=text(data.get("username")) or title or str(account_id),
            title=title,
            plex_pass=boolean(child(data, "subscription").get("active")),
        )


@dataclass(frozen=True, kw_only=True)
class Connection:
    """One address of a server, as plex.tv knows it.

    `url` has no path; `address` and `port` are those behind a plex.direct name. `local` is an
    address of the server's own network, not necessarily one that can be reached from here, and
    `relay` goes through Plex's servers with little bandwidth (official API 1.2.2).
    """

    url: str
    local: bool
    relay: bool
    address: str | None = None
    port: int | None = None

    @property
    def secure(self) -> bool:
        """Return whether the connection is encrypted."""
        return self.url.startswith("https://")

    @classmethod
    def from_json(cls, data: Any) -> Self:
        """Read one of a resource's `connections`."""
        data = mapping(data, "a connection")
        url = required_text(data, "uri").rstrip("/")
        if not url.startswith(("https://", "http://")):
            raise PlexResponseError("Not the address of a server")
        return cls(
            url=url,
            local=boolean(data.get("local")),
            relay=boolean(data.get("relay")),
            address=text(data.get("address")),
            port=integer(data.get("port")),
        )


@dataclass(frozen=True, kw_only=True)
class Resource:
    """A server that an account can use: `GET /api/v2/resources` (official API 1.2.2).

    `access_token` is the token for this server: that of the account where it owns the server, one
    of its own where the server is shared (reported). `owner_name` is set for shared servers.
    """

    name: str
    machine_identifier: str
    version: str | None
    platform: str | None
    owned: bool
    owner_name: str | None
    https_required: bool
    connections: tuple[Connection, ...]
    access_token: str | None = field(repr=False)

    @classmethod
    def from_json(cls, data: Any) -> Self:
        """Read one entry of `/api/v2/resources`; what is no server raises `PlexResponseError`."""
        data = mapping(data, "a resource")
        if "server" not in (text(data.get("provides")) or "").replace(" ", "").split(","):
            raise PlexResponseError("Not a server")
        return cls(
            name=text(data.get("name")) or PRODUCT_NAME,
            machine_identifier=required_identifier(data, "clientIdentifier"),
            version=text(data.get("productVersion")),
            platform=text(data.get("platform")),
            owned=boolean(data.get("owned")),
            owner_name=text(data.get("sourceTitle")),
            https_required=boolean(data.get("httpsRequired")),
            connections=parsed_items(data.get("connections"), Connection.from_json),
            access_token=secret(data.get("accessToken")),
        )
