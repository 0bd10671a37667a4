"""A simulated Plex Media Server, as a test uses it. Its HTTP endpoints are in server_api."""

import asyncio
from collections.abc import Callable, Coroutine, Iterable
import itertools
import secrets
from typing import Any, Unpack, override

from aiohttp import web

from .access import Access, Connection, Share, ids_of
from .accounts import Account, new_token
from .activity import Activities
from .butler import Butler
from .error_pages import maintenance, server_error
from .host import LOOPBACK, Host, Traffic
from .items import Details, Find, Item, Kind, Section
from .jobs import Jobs
from .knobs import Knobs
from .library import Library
from .playback import Playback
from .plex_tv import PlexTv
from .preferences import usual_preferences
from .remote_access import RemoteAccess
from .scanner import Scanner, ScanRequest
from .server_api import ServerApi
from .streams import Stream, StreamOptions
from .tls import Authority, plex_direct_name
from .updater import Updater
from .websocket import Notifier

DEFAULT_VERSION = "1.43.3.10861-5f2c1d9a7"


class PlexServer(Host, Knobs):
    """One server of the world. Its knobs make it behave differently from the usual."""

    def __init__(
        self,
        name: str,
        *,
        traffic: Traffic,
        plex_tv: PlexTv,
        owner: Account,
        spawn: Callable[[Coroutine[Any, Any, None]], None],
        version: str = DEFAULT_VERSION,
        port: int = 0,
        authority: Authority | None = None,
    ) -> None:
        """Initialize as a claimed server with the usual libraries and no streams."""
        super().__init__(name, traffic, port=port)
        self.plex_tv = plex_tv
        self.owner = owner
        self.version = version
        self.machine_identifier = secrets.token_hex(20)
        self.platform = "Linux"
        self.platform_version = "6.12.0"
        self.https_required = authority is not None
        self.library = Library(traffic.clock)
        self.notifier = Notifier(traffic)
        self.activities = Activities(self.notifier)
        self.jobs = Jobs(self.activities, traffic, seconds=lambda: self.job_seconds, spawn=spawn)
        self.butler = Butler(self.jobs)
        self.scanner = Scanner(self.library, self.notifier, self.jobs, traffic.clock)
        self.playback = Playback(
            self.library, self.notifier, traffic.clock, owner=lambda: self.owner
        )
        self.remote_access = RemoteAccess(notifier=self.notifier)
        self.updater = Updater(clock=traffic.clock)
        self.shares: list[Share] = []
        self.preferences = usual_preferences(name)
        self._spawn = spawn
        self._authority = authority
        self._share_ids = itertools.count(9_000_001)
        self._listed_tokens: dict[str, str] = {}
        self._owner_token: str | None = None
        self._transients: dict[str, Access] = {}
        self._dead: dict[str, tuple[Access, float]] = {}
        self._maintenance_until: float | None = None
        self._api = ServerApi(self)
        self.plex_direct_id = secrets.token_hex(16)
        self.renew_certificate(new_name=False)
        self.connections = [self.own_connection()]

    @property
    @override
    def url(self) -> str:
        """Return the URL without a trailing slash; with TLS it has the plex.direct name."""
        if self._authority is None:
            return super().url
        return f"https://{plex_direct_name(LOOPBACK, self.plex_direct_id)}:{self.port}"

    @property
    def own_tokens(self) -> set[str]:
        """Return the tokens that only this server knows, and those that were revoked here."""
        owners = set() if self._owner_token is None else {self._owner_token}
        listed = set(self._listed_tokens.values())
        return owners | listed | self._transients.keys() | self._dead.keys()

    def own_connection(self) -> Connection:
        """Return the address that the server really has."""
        return Connection(uri=self.url, address=LOOPBACK, port=self.port)

    def renew_certificate(self, *, new_name: bool = True) -> None:
        """Use a new certificate from the next start on, by default with a new plex.direct name."""
        if self._authority is None:
            return
        old = self.url
        if new_name:
            self.plex_direct_id = secrets.token_hex(16)
            for connection in self.connections:
                if connection.uri == old:
                    connection.uri = self.url
        self.ssl_context = self._authority.server_context(f"*.{self.plex_direct_id}.plex.direct")

    # Access

    def access(self, token: str | None) -> Access | None:
        """Return the access of a token, or None if it is refused."""
        if not self.claimed:
            return None if self.unclaimed_refuses else Access(account=None, owner=True)
        if self.allowed_without_auth:
            return Access(account=self.owner, owner=True)
        if token is None or self.rejects_tokens:
            return None
        if token in self._transients:
            return self._transients[token]
        for share in self.shares:
            if share.token == token:
                return share.access
        if token in self._dead:
            access, died_at = self._dead[token]
            return access if self.traffic.clock() < died_at + self.revocation_grace else None
        if self._owner_token is not None:
            return self._owner_access() if token == self._owner_token else None
        device = self.plex_tv.book.device(token)
        return self._owner_access() if device and device.account is self.owner else None

    def _owner_access(self) -> Access:
        return Access(account=self.owner, owner=True)

    def share_with(self, account: Account, *, sections: Iterable[Section] | None = None) -> str:
        """Share the server, or only some of its libraries; return the guest's token for it."""
        share = Share(
            id=next(self._share_ids),
            account=account,
            token=new_token(),
            since=int(self.traffic.clock()),
            sections=ids_of(sections),
        )
        self.shares.append(share)
        return share.token

    def restrict(self, account: Account, sections: Iterable[Section] | None) -> None:
        """Share other libraries with a guest; None stands for all."""
        for share in self.shares:
            if share.account is account:
                share.sections = ids_of(sections)

    def unshare(self, account: Account) -> None:
        """End the share, and revoke the guest's token."""
        for share in [share for share in self.shares if share.account is account]:
            self.shares.remove(share)
            self._revoke(share.token, share.access)

    def access_token_for(self, account: Account) -> str | None:
        """Return the account's token for this server, which the owner may not have."""
        if (listed := self._listed_tokens.get(account.username)) is not None:
            return listed
        if account is self.owner:
            return self._owner_token
        return next((share.token for share in self.shares if share.account is account), None)

    def lists_token(self, account: Account, token: str | None) -> None:
        """Let plex.tv list another token for an account than the valid one; None ends that."""
        if token is None:
            self._listed_tokens.pop(account.username, None)
        else:
            self._listed_tokens[account.username] = token

    def regenerate_token(self, account: Account) -> str:
        """Give an account a new token for this server, and revoke the one that plex.tv listed.

        For the owner this leaves the account's tokens valid at plex.tv only.
        """
        if account is self.owner:
            old = self._owner_token
            self._owner_token = new_token()
            if old:
                self._revoke(old, self._owner_access())
            for token in self.plex_tv.tokens_of(account):
                self._close_sockets_of(token)
            return self._owner_token
        shared = next((share.sections for share in self.shares if share.account is account), None)
        self.unshare(account)
        token = self.share_with(account)
        self.shares[-1].sections = shared
        return token

    def token_revoked(self, token: str) -> None:
        """Handle that a token was revoked at plex.tv."""
        revocation = self.plex_tv.book.revoked[token]
        if revocation.account is self.owner and self._owner_token is None:
            self._revoke(token, self._owner_access())

    def _revoke(self, token: str, access: Access) -> None:
        self._dead[token] = (access, self.traffic.clock())
        self._close_sockets_of(token)

    def _close_sockets_of(self, token: str) -> None:
        if self.closes_sockets_on_revocation and self.access(token) is None:
            self._spawn(self.notifier.drop(token=token))

    def delegate(self, access: Access) -> str:
        """Return a token that lasts until the next start."""
        token = f"transient-{secrets.token_hex(16)}"
        self._transients[token] = access
        return token

    # At plex.tv

    def is_listed_for(self, account: Account) -> bool:
        """Return whether plex.tv lists the server for the account."""
        shared = any(share.account is account for share in self.shares)
        return self.listed and self.claimed and (account is self.owner or shared)

    @property
    def plex_pass(self) -> bool:
        """Return whether the server has the features of a Plex Pass."""
        return self.claimed and self.owner.plex_pass

    # Streams and media

    @property
    def playing_interval(self) -> float | None:
        """Return the real seconds between notifications of what is playing; None means never.

        A real server does it about every ten seconds.
        """
        return self.playback.interval

    @playing_interval.setter
    def playing_interval(self, seconds: float | None) -> None:
        self.playback.interval = seconds

    @property
    def streams(self) -> list[Stream]:
        """Return the streams."""
        return self.playback.streams

    async def start_stream(self, **options: Unpack[StreamOptions]) -> Stream:
        """Start a stream; see Playback.start."""
        return await self.playback.start(**options)

    async def add_media(self, title: str, **details: Unpack[Details]) -> Item:
        """Add an item with the notifications of a scan."""
        [item] = await self.discover(Find(title=title, **details))
        return item

    async def discover(self, *finds: Find) -> list[Item]:
        """Add several files of one library with one scan."""
        return await self.scanner.discover(finds)

    async def add_season(self, show: str, season: int, *, episodes: int) -> list[Item]:
        """Add a whole season with one scan."""
        return await self.discover(
            *(
                Find(title=f"Episode {number}", kind=Kind.EPISODE, show=show, season=season)
                for number in range(1, episodes + 1)
            )
        )

    async def add_album(self, artist: str, album: str, *, tracks: int) -> list[Item]:
        """Add a whole album with one scan."""
        return await self.discover(
            *(
                Find(title=f"Track {number}", kind=Kind.TRACK, show=artist, album=album)
                for number in range(1, tracks + 1)
            )
        )

    async def remove_media(self, item: Item) -> list[Item]:
        """Remove an item with its content, send the notifications, and return all removed items."""
        return await self.scanner.remove(item)

    async def empty_trash(self, section: Section) -> None:
        """Remove the items whose files are gone (`item.missing`)."""
        for item in self.library.trash(section):
            await self.scanner.remove(item)

    async def scan(self, section: Section) -> None:
        """Scan a library for new files on the disk, and wait until it is done."""
        if job := await self.scanner.start(ScanRequest(section_id=section.id)):
            job.end()
            await job.gone.wait()

    # Start and stop

    async def restart(
        self, *, version: str | None = None, maintenance: float | None = None
    ) -> None:
        """Stop and start again, optionally as another version.

        With `maintenance` the response to all requests, even to /identity, is 503 for this many
        seconds of the world's clock. All streams end, and the session keys are reset.
        """
        await self.stop()
        await asyncio.sleep(0)
        self.version = version or self.version
        self.playback.restart()
        self.activities.running.clear()
        await self.jobs.finish()
        self._transients.clear()
        if maintenance is not None:
            self._maintenance_until = self.traffic.clock() + maintenance
        await self.start()

    @override
    async def close(self) -> None:
        """Stop for good."""
        await self.playback.close()
        await super().close()

    @property
    def in_maintenance(self) -> bool:
        """Return whether the server is still starting and responds with 503."""
        until = self._maintenance_until
        return until is not None and self.traffic.clock() < until

    def end_maintenance(self) -> None:
        """End the maintenance of a start."""
        self._maintenance_until = None

    @override
    def routes(self) -> list[web.RouteDef]:
        """Return the endpoints of the server."""
        return self._api.routes()

    @override
    def unauthorized(self, request: web.Request) -> web.StreamResponse:
        """Return the server's response to an invalid token."""
        root = request.path == "/"
        return server_error(404) if root and self.hides_root else server_error(401, root=root)

    @override
    async def admit(self, request: web.Request) -> web.StreamResponse | None:
        """Respond with 503 while the server starts."""
        return maintenance(request) if self.in_maintenance else None
