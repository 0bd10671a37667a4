"""The playback on a server: streams, known players, and the history."""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
import itertools

from .accounts import Account
from .items import OWNER_ID, Item, Kind, Quality
from .library import Library
from .rendering import to_json
from .sessions import playing_notification, transcode_node
from .streams import Delivery, Player, State, Stream
from .websocket import Notifier

REMEMBERED = 1000


@dataclass(frozen=True, kw_only=True)
class Play:
    """One row of the history."""

    id: int
    item: Item
    account_id: int
    device_id: int
    viewed_at: int


@dataclass(frozen=True, kw_only=True)
class Device:
    """A player that the server knows."""

    id: int
    player: Player
    created_at: int


class Playback:
    """The streams, players and history of one server."""

    def __init__(
        self,
        library: Library,
        notifier: Notifier,
        clock: Callable[[], float],
        *,
        owner: Callable[[], Account],
    ) -> None:
        """Initialize without streams."""
        self.streams: list[Stream] = []
        self.ended: deque[Stream] = deque(maxlen=REMEMBERED)
        self.history: list[Play] = []
        self.devices: dict[str, Device] = {}
        self._library = library
        self._notifier = notifier
        self._clock = clock
        self._owner = owner
        self._session_keys = itertools.count(1)
        self._play_ids = itertools.count(1)
        self._interval: float | None = None
        self._ticker: asyncio.Task[None] | None = None

    def restart(self) -> None:
        """Reset the streams as a restart of the server does."""
        self.ended += self.streams
        self.streams.clear()
        self._session_keys = itertools.count(1)

    # Periodic notifications

    @property
    def interval(self) -> float | None:
        """Return the real seconds between notifications of what is playing; None means never."""
        return self._interval

    @interval.setter
    def interval(self, seconds: float | None) -> None:
        self._interval = seconds
        if self._ticker:
            self._ticker.cancel()
        self._ticker = (
            asyncio.get_running_loop().create_task(self._announce_every(seconds))
            if seconds
            else None
        )

    async def close(self) -> None:
        """Stop the periodic notifications."""
        ticker, self.interval = self._ticker, None
        if ticker:
            await asyncio.gather(ticker, return_exceptions=True)

    async def _announce_every(self, seconds: float) -> None:
        while True:
            await asyncio.sleep(seconds)
            for stream in list(self.streams):
                if stream.state is State.PLAYING:
                    await self.announce(stream)
                    await self._notify_transcode(stream, "update")

    # Streams

    async def start(
        self,
        *,
        user: Account | None = None,
        title: str = "A Day at the Lake",
        player: str | Player = "Living room TV",
        transcode: bool = False,
        delivery: Delivery | None = None,
        kind: Kind = Kind.MOVIE,
        with_session: bool = True,
        live: bool = False,
        quality: Quality | None = None,
        video: str | None = None,
        audio: str | None = None,
        subtitles: str | None = None,
        hardware: bool = True,
        location: str | None = None,
        bandwidth: int | None = None,
        decided: bool = True,
    ) -> Stream:
        """Start a stream; an item that the library does not have is added without notification.

        Photos have no Session and are never transcoded. Trailers (Kind.CLIP) and live television
        are in no library.
        """
        account = user or self._owner()
        if live or kind is Kind.CLIP:
            item = self._library.outside(title, live=live, kind=kind)
        else:
            item = self._library.titled(title) or self._library.add(
                title, kind=kind, quality=quality
            )
        stream = Stream(
            session_key=str(next(self._session_keys)),
            user=account,
            local_user_id=OWNER_ID if account is self._owner() else account.id,
            user_title=account.title,
            item=item,
            player=player if isinstance(player, Player) else Player(title=player),
            delivery=delivery or (Delivery.TRANSCODE if transcode else Delivery.DIRECT_PLAY),
            with_session=with_session and item.kind is not Kind.PHOTO,
            clock=self._clock,
            changed=self._changed,
            transcoded=self._notify_transcode,
            live=live,
            video=video,
            audio=audio,
            subtitles=subtitles,
            hardware=hardware,
            location=location,
            bandwidth=bandwidth,
            decided=decided,
        )
        self.device_of(stream.player)
        self.streams.append(stream)
        await self._notify_transcode(stream, "start")
        await self.announce(stream)
        return stream

    def device_of(self, player: Player) -> Device:
        """Return the device of a player, which is added if it is new."""
        return self.devices.setdefault(
            player.machine_identifier,
            Device(id=len(self.devices) + 1, player=player, created_at=int(self._clock())),
        )

    async def terminate(self, stream: Stream, reason: str, *, stop: bool = True) -> None:
        """End a stream with a reason that its player shows, or leave the end to the player."""
        stream.termination = f"Admin terminated playback with reason: {reason}"
        if stop:
            await stream.stop()

    async def _changed(self, stream: Stream) -> None:
        if stream.gone and stream in self.streams:
            self.streams.remove(stream)
            self.ended.append(stream)
            self._add_to_history(stream)
            await self._notify_transcode(stream, "end")
        await self.announce(stream)

    def _add_to_history(self, stream: Stream) -> None:
        """Add a stream to the history, and update the watched state of its item."""
        item, now = stream.item, int(self._clock())
        if item.section.id <= 0:
            return
        viewing = item.view(stream.local_user_id)
        viewing.last_at = now
        if stream.finished:
            viewing.count += 1
        viewing.offset = 0 if stream.finished else stream.view_offset
        self.history.append(
            Play(
                id=next(self._play_ids),
                item=item,
                account_id=stream.local_user_id,
                device_id=self.device_of(stream.player).id,
                viewed_at=now,
            )
        )

    async def _notify_transcode(self, stream: Stream, event: str) -> None:
        if stream.delivery is not Delivery.DIRECT_PLAY:
            node = transcode_node(stream, key=f"/transcode/sessions/{stream.transcode_id}")
            await self._notifier.notify(
                f"transcodeSession.{event}",
                "TranscodeSession",
                to_json(node, wrapped=False),
                owner_of_items=stream.user,
            )

    async def announce(self, stream: Stream) -> None:
        """Send the notification that a server sends at a change and about every ten seconds."""
        await self._notifier.notify(
            "playing",
            "PlaySessionStateNotification",
            playing_notification(stream),
            owner_of_items=stream.user,
        )
