"""The streams of a server."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from enum import StrEnum
import secrets
from typing import TypedDict

from .accounts import Account
from .items import Item, Kind, Quality

FINISHED = 0.9
RESERVE = 200


class State(StrEnum):
    """The states of a player."""

    PLAYING = "playing"
    PAUSED = "paused"
    BUFFERING = "buffering"
    STOPPED = "stopped"


class Delivery(StrEnum):
    """How the server delivers a stream."""

    DIRECT_PLAY = "direct_play"
    DIRECT_STREAM = "direct_stream"
    TRANSCODE = "transcode"


@dataclass(eq=False, kw_only=True)
class Player:
    """The app that plays."""

    title: str
    product: str = "Plex for Android (TV)"
    platform: str = "Android"
    device: str = "TV"
    machine_identifier: str = field(default_factory=lambda: secrets.token_hex(12))
    address: str = "127.0.0.1"
    local: bool = True


class StreamOptions(TypedDict, total=False):
    """The options of a new stream; see Stream and Playback.start."""

    user: Account | None
    title: str
    player: str | Player
    transcode: bool
    delivery: Delivery | None
    kind: Kind
    with_session: bool
    live: bool
    quality: Quality | None
    video: str | None
    audio: str | None
    subtitles: str | None
    hardware: bool
    location: str | None
    bandwidth: int | None
    decided: bool


@dataclass(eq=False, kw_only=True)
class Stream:
    """One stream. Positions are in milliseconds, the bandwidth is in kbit/s.

    `video` and `audio` are the decisions, `copy` or `transcode`, where they differ from the
    delivery; `subtitles` may be burn, transcode or copy. `speed` is that of the transcoder, as a
    multiple of the playing time; with `throttled` it pauses, because the player has enough. Without
    `decided` a file that is played directly is listed without a decision, as by some servers.
    """

    session_key: str
    user: Account | None
    local_user_id: int
    user_title: str
    item: Item
    player: Player
    delivery: Delivery
    with_session: bool
    clock: Callable[[], float] = field(repr=False)
    changed: Callable[[Stream], Awaitable[None]] = field(repr=False)
    transcoded: Callable[[Stream, str], Awaitable[None]] = field(repr=False)
    live: bool = False
    video: str | None = None
    audio: str | None = None
    subtitles: str | None = None
    hardware: bool = True
    location: str | None = None
    bandwidth: int | None = None
    decided: bool = True
    throttled: bool = False
    speed: float = 2.4
    state: State = State.PLAYING
    session_id: str = field(default_factory=lambda: secrets.token_hex(12))
    transcode_id: str = field(default_factory=lambda: secrets.token_hex(12))
    live_session: str = field(default_factory=lambda: secrets.token_hex(12))
    gone: bool = False
    begun_at: float = 0
    termination: str | None = None
    spans: list[tuple[float, float]] = field(default_factory=list, repr=False)
    _offset: float = 0
    _since: float = 0

    def __post_init__(self) -> None:
        """Start the clock of the position."""
        self._since = self.begun_at = self.clock()

    @property
    def view_offset(self) -> int:
        """Return the position."""
        passed = (self.clock() - self._since) * 1000 if self.state is State.PLAYING else 0
        return round(min(self._offset + passed, self.item.duration))

    @property
    def finished(self) -> bool:
        """Return whether it was played far enough to count as watched."""
        return self.view_offset >= FINISHED * self.item.duration

    @property
    def video_decision(self) -> str | None:
        """Return the decision for the video, None in direct play or without video."""
        if self.item.quality.video_codec is None:
            return None
        return self._decision(self.video)

    @property
    def audio_decision(self) -> str | None:
        """Return the decision for the audio."""
        return self._decision(self.audio)

    def _decision(self, own: str | None) -> str | None:
        match self.delivery:
            case Delivery.DIRECT_PLAY:
                return None
            case Delivery.DIRECT_STREAM:
                return "copy"
            case Delivery.TRANSCODE:
                return own or "transcode"

    @property
    def kbits(self) -> int:
        """Return the bandwidth that the server reserves for the stream."""
        if self.bandwidth is not None:
            return self.bandwidth
        shrunk = self.video_decision == "transcode" and self.item.quality.bitrate > 4000
        return (4000 if shrunk else self.item.quality.bitrate) + RESERVE

    @property
    def lan(self) -> bool:
        """Return whether the player is in the server's network."""
        return self.place == "lan"

    @property
    def place(self) -> str:
        """Return Plex's name of the player's location."""
        return self.location or ("lan" if self.player.local else "wan")

    def playing_spans(self) -> list[tuple[float, float]]:
        """Return the start and the end of each span in which it has played so far."""
        now = [(self._since, self.clock())] if self.state is State.PLAYING else []
        return self.spans + now

    def place_at(self, offset: int) -> None:
        """Set the position without a notification."""
        self._settle()
        self._offset = offset

    async def become(self, state: State) -> None:
        """Set the state that the player reports."""
        self.gone = state is State.STOPPED
        await self._become(state)

    async def pause(self) -> None:
        """Pause."""
        await self._become(State.PAUSED)

    async def resume(self) -> None:
        """Resume."""
        await self._become(State.PLAYING)

    async def buffer(self) -> None:
        """Wait for data."""
        await self._become(State.BUFFERING)

    async def seek(self, offset: int) -> None:
        """Seek to a position."""
        self.place_at(offset)
        await self.changed(self)

    async def stop(self) -> None:
        """End the stream."""
        await self.become(State.STOPPED)

    async def crash(self) -> None:
        """End as a crashed app does: notified, but listed until the stream is stopped."""
        await self._become(State.STOPPED)

    async def zap(self, item: Item) -> None:
        """Tune to another channel, which goes on under the same session key."""
        self.item, self.live_session = item, secrets.token_hex(12)
        await self.changed(self)

    async def deliver(
        self, delivery: Delivery, *, video: str | None = None, audio: str | None = None
    ) -> None:
        """Change the delivery, as another quality on the player does."""
        await self.transcoded(self, "end")
        self.delivery, self.video, self.audio = delivery, video, audio
        self.transcode_id = secrets.token_hex(12)
        await self.transcoded(self, "start")
        await self.changed(self)

    async def work(self, *, throttled: bool | None = None, speed: float | None = None) -> None:
        """Send the report of the transcoder, optionally throttled or with another speed."""
        self.throttled = self.throttled if throttled is None else throttled
        self.speed = self.speed if speed is None else speed
        await self.transcoded(self, "update")

    def _settle(self) -> None:
        now = self.clock()
        if self.state is State.PLAYING:
            self.spans.append((self._since, now))
        self._offset, self._since = self.view_offset, now

    async def _become(self, state: State) -> None:
        self._settle()
        self.state = state
        await self.changed(self)
