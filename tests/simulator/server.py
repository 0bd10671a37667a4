"""A simulated Plex Media Server, as a test drives it. What it answers is in server_api."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Coroutine
from contextlib import asynccontextmanager
import itertools
import secrets
from typing import Any, override

from aiohttp import web

from .access import Access, Connection, Share
from .accounts import Account, new_token
from .activity import Activities, Activity
from .host import LOOPBACK, Host, Traffic
from .knobs import Knobs
from .library import DEFAULT_DURATION, Item, Kind, Library, Section
from .pages import maintenance, server_error
from .plex_tv import PlexTv
from .rendering import to_json
from .server_api import ServerApi
from .streams import Delivery, Player, State, Stream, playing_notification, transcode_node
from .tls import Authority, plex_direct_name
from .updater import Updater
from .websocket import Notifier

DEFAULT_VERSION = "1.43.3.10861-5f2c1d9a7"
OWNER_ID = 1


class PlexServer(Host, Knobs):
    """One server of the world. What is not usual about it is set by its knobs."""

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
        """Set up a claimed server with the usual libraries and no streams."""
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
        self.updater = Updater(clock=traffic.clock)
        self.shares: list[Share] = []
        self.streams: list[Stream] = []
        self.preferences: dict[str, str | int | bool] = {
            "FriendlyName": name,
            "TranscoderTempDirectory": "",
            "GdmEnabled": True,
            "ButlerStartHour": 2,
        }
        self._spawn = spawn
        self._playing_interval: float | None = None
        self._ticker: asyncio.Task[None] | None = None
        self._authority = authority
        self._share_ids = itertools.count(9_000_001)
        self._session_keys = itertools.count(1)
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
        """Return the address without a slash at its end; with TLS it is the plex.direct name."""
        if self._authority is None:
            return super().url
        return f"https://{plex_direct_name(LOOPBACK, self.plex_direct_id)}:{self.port}"

    def own_connection(self) -> Connection:
        """Return the address at which the server really is."""
        return Connection(uri=self.url, address=LOOPBACK, port=self.port)

    def renew_certificate(self, *, new_name: bool = True) -> None:
        """Use a new certificate, by default with a new plex.direct name, from the next start on."""
        if self._authority is None:
            return
        old = self.url
        if new_name:
            self.plex_direct_id = secrets.token_hex(16)
            for connection in self.connections:
                if connection.uri == old:
                    connection.uri = self.url
        self.ssl_context = self._authority.server_context(f"*.{self.plex_direct_id}.plex.direct")

    # Who may do what

    def access(self, token: str | None) -> Access | None:
        """Return what the token may do here; None means refused."""
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
                return Access(account=share.account, owner=False)
        if token in self._dead:
            access, died_at = self._dead[token]
            return access if self.traffic.clock() < died_at + self.revocation_grace else None
        if self._owner_token is not None:
            return self._owner_access() if token == self._owner_token else None
        device = self.plex_tv.book.device(token)
        return self._owner_access() if device and device.account is self.owner else None

    def _owner_access(self) -> Access:
        return Access(account=self.owner, owner=True)

    def share_with(self, account: Account) -> str:
        """Share the server and return the guest's token for it."""
        share = Share(
            id=next(self._share_ids),
            account=account,
            token=new_token(),
            since=int(self.traffic.clock()),
        )
        self.shares.append(share)
        return share.token

    def unshare(self, account: Account) -> None:
        """End the share; the guest's token dies."""
        for share in [share for share in self.shares if share.account is account]:
            self.shares.remove(share)
            self._bury(share.token, Access(account=account, owner=False))

    def access_token_for(self, account: Account) -> str | None:
        """Return the guest's token, or the owner's own one where there is one for this server."""
        if account is self.owner:
            return self._owner_token
        return next((share.token for share in self.shares if share.account is account), None)

    def regenerate_token(self, account: Account) -> str:
        """Give an account a new token for this server; the one that plex.tv listed before dies.

        For the owner this leaves the account's tokens good at plex.tv only.
        """
        if account is self.owner:
            old = self._owner_token
            self._owner_token = new_token()
            if old:
                self._bury(old, self._owner_access())
            for token in self.plex_tv.tokens_of(account):
                self._close_sockets_of(token)
            return self._owner_token
        self.unshare(account)
        return self.share_with(account)

    def token_revoked(self, token: str) -> None:
        """Hear from plex.tv that a token has died there."""
        revocation = self.plex_tv.book.revoked[token]
        if revocation.account is self.owner and self._owner_token is None:
            self._bury(token, self._owner_access())

    def _bury(self, token: str, access: Access) -> None:
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

    # What plex.tv says about the server

    def is_listed_for(self, account: Account) -> bool:
        """Return whether plex.tv lists the server for the account."""
        shared = any(share.account is account for share in self.shares)
        return self.listed and self.claimed and (account is self.owner or shared)

    # Streams and media

    @property
    def playing_interval(self) -> float | None:
        """Return after how many real seconds what plays is announced anew; None means never.

        A real server does it about every ten seconds.
        """
        return self._playing_interval

    @playing_interval.setter
    def playing_interval(self, seconds: float | None) -> None:
        self._playing_interval = seconds
        if self._ticker:
            self._ticker.cancel()
        self._ticker = (
            asyncio.get_running_loop().create_task(self._announce_every(seconds))
            if seconds
            else None
        )

    async def _announce_every(self, seconds: float) -> None:
        while True:
            await asyncio.sleep(seconds)
            for stream in list(self.streams):
                if stream.state is State.PLAYING:
                    await self.announce(stream)

    async def start_stream(
        self,
        *,
        user: Account | None = None,
        title: str = "A Day at the Lake",
        player: str | Player = "Living room TV",
        transcode: bool = False,
        delivery: Delivery | None = None,
        kind: Kind = Kind.MOVIE,
        with_session: bool = True,
    ) -> Stream:
        """Let somebody play something; what the library does not have yet is added quietly."""
        account = user or self.owner
        item = self.library.titled(title) or self.library.add(title, kind=kind)
        stream = Stream(
            session_key=str(next(self._session_keys)),
            user=account,
            local_user_id=OWNER_ID if account is self.owner else account.id,
            user_title=account.title,
            item=item,
            player=player if isinstance(player, Player) else Player(title=player),
            delivery=delivery or (Delivery.TRANSCODE if transcode else Delivery.DIRECT_PLAY),
            with_session=with_session,
            clock=self.traffic.clock,
            changed=self._stream_changed,
        )
        self.streams.append(stream)
        await self._tell_transcoder(stream, "start")
        await self.announce(stream)
        return stream

    async def _stream_changed(self, stream: Stream) -> None:
        if stream.state is State.STOPPED and stream in self.streams:
            self.streams.remove(stream)
            await self._tell_transcoder(stream, "end")
        await self.announce(stream)

    async def _tell_transcoder(self, stream: Stream, event: str) -> None:
        if stream.delivery is not Delivery.DIRECT_PLAY:
            node = transcode_node(stream, key=f"/transcode/sessions/{stream.transcode_id}")
            await self.notifier.notify(
                f"transcodeSession.{event}",
                "TranscodeSession",
                to_json(node, wrapped=False),
                owner_of_items=stream.user,
            )

    async def announce(self, stream: Stream) -> None:
        """Send the notification that a server sends on a change and about every ten seconds."""
        await self.notifier.notify(
            "playing",
            "PlaySessionStateNotification",
            playing_notification(stream),
            owner_of_items=stream.user,
        )

    async def add_media(
        self,
        title: str,
        *,
        kind: Kind = Kind.MOVIE,
        show: str | None = None,
        season: int = 1,
        album: str | None = None,
        duration: int = DEFAULT_DURATION,
        year: int = 2020,
    ) -> Item:
        """Add an item and send what a scan sends."""
        section = self.library.section_for(kind)
        async with self._scanning(section) as activity:
            item = self.library.add(
                title,
                kind=kind,
                show=show,
                season=season,
                album=album,
                duration=duration,
                year=year,
            )
            await activity.update(50, title)
            for step in ({"state": 0, "metadataState": "created"}, {"state": 5}):
                await self.notifier.notify(
                    "timeline",
                    "TimelineEntry",
                    {
                        "identifier": "com.plexapp.plugins.library",
                        "sectionID": str(section.id),
                        "itemID": str(item.rating_key),
                        "type": int(item.kind),
                        "title": item.title,
                        "updatedAt": item.added_at,
                        **step,
                    },
                )
        return item

    async def scan(self, section: Section) -> None:
        """Scan a library, which finds nothing new, and send what a scan sends."""
        async with self._scanning(section) as activity:
            await activity.update(50)

    @asynccontextmanager
    async def _scanning(self, section: Section) -> AsyncGenerator[Activity]:
        activity = await self.activities.start(
            "library.update.section", f"Scanning {section.title}", section_id=section.id
        )
        section.refreshing = True
        await self._status(f'Scanning the "{section.title}" section')
        yield activity
        section.refreshing = False
        section.scanned_at = int(self.traffic.clock())
        await self._status("Library scan complete")
        await activity.end()

    async def _status(self, title: str) -> None:
        await self.notifier.notify(
            "status",
            "StatusNotification",
            {"title": title, "description": "", "notificationName": "LIBRARY_UPDATE"},
        )

    # Up and down

    async def restart(
        self, *, version: str | None = None, maintenance: float | None = None
    ) -> None:
        """Go down and come up again, perhaps as another version.

        With `maintenance` everything, also /identity, is answered with 503 for so many seconds of
        the world's clock. Streams end, and the session keys start anew.
        """
        await self.stop()
        await asyncio.sleep(0)
        self.version = version or self.version
        self.streams.clear()
        self._transients.clear()
        self._session_keys = itertools.count(1)
        if maintenance is not None:
            self._maintenance_until = self.traffic.clock() + maintenance
        await self.start()

    @override
    async def close(self) -> None:
        """Stop for good."""
        ticker, self.playing_interval = self._ticker, None
        if ticker:
            await asyncio.gather(ticker, return_exceptions=True)
        await super().close()

    def end_maintenance(self) -> None:
        """Be done with what a start takes."""
        self._maintenance_until = None

    @override
    def routes(self) -> list[web.RouteDef]:
        """Return what the server answers."""
        return self._api.routes()

    @override
    def unauthorized(self, request: web.Request) -> web.StreamResponse:
        """Return the server's answer to a bad token."""
        return server_error(401, root=request.path == "/")

    @override
    async def admit(self, request: web.Request) -> web.StreamResponse | None:
        """Answer everything with 503 while the server starts."""
        if self._maintenance_until is None or self.traffic.clock() >= self._maintenance_until:
            return None
        return maintenance(request)
