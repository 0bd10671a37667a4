"""What is being played on a server, and how a session shows it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from enum import StrEnum
import secrets

from .accounts import Account
from .library import Item, Kind
from .media import HD_HEIGHT, HD_WIDTH, bitrate_of, file_of, item_attributes
from .rendering import Node, Scalar, Shape, present


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


@dataclass(eq=False, kw_only=True)
class Stream:
    """One stream. Positions are in milliseconds."""

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
    state: State = State.PLAYING
    session_id: str = field(default_factory=lambda: secrets.token_hex(12))
    transcode_id: str = field(default_factory=lambda: secrets.token_hex(12))
    _offset: float = 0
    _since: float = 0

    def __post_init__(self) -> None:
        """Start the position's clock."""
        self._since = self.clock()

    @property
    def view_offset(self) -> int:
        """Return the position."""
        passed = (self.clock() - self._since) * 1000 if self.state is State.PLAYING else 0
        return round(min(self._offset + passed, self.item.duration))

    async def pause(self) -> None:
        """Pause."""
        await self._become(State.PAUSED)

    async def resume(self) -> None:
        """Play on."""
        await self._become(State.PLAYING)

    async def buffer(self) -> None:
        """Wait for data."""
        await self._become(State.BUFFERING)

    async def seek(self, offset: int) -> None:
        """Go to a position."""
        self._offset, self._since = offset, self.clock()
        await self.changed(self)

    async def stop(self) -> None:
        """End the stream."""
        await self._become(State.STOPPED)

    async def _become(self, state: State) -> None:
        self._offset, self._since = self.view_offset, self.clock()
        self.state = state
        await self.changed(self)


def stream_node(stream: Stream) -> Node:
    """Return a stream as /status/sessions shows it, with strings where a server has strings."""
    item = stream.item
    attributes = item_attributes(item, in_session=True) | {
        "sessionKey": stream.session_key,
        "viewOffset": stream.view_offset,
    }
    children = [_media(stream), _user(stream), _player(stream)]
    if stream.with_session:
        children.append(
            Node(
                tag="Session",
                attributes={
                    "id": stream.session_id,
                    "bandwidth": bitrate_of(item) + 200,
                    "location": "lan" if stream.player.local else "wan",
                },
                shape=Shape.OBJECT,
            )
        )
    if stream.delivery is not Delivery.DIRECT_PLAY:
        children.append(transcode_node(stream, key=f"/transcode/sessions/{stream.transcode_id}"))
    return Node(tag=item.kind.tag, key="Metadata", attributes=attributes, children=tuple(children))


def _user(stream: Stream) -> Node:
    return Node(
        tag="User",
        attributes={
            "id": str(stream.local_user_id),
            "thumb": f"https://plex.tv/users/{stream.local_user_id:016x}/avatar?c=1700000000",
            "title": stream.user_title,
        },
        shape=Shape.OBJECT,
    )


def _player(stream: Stream) -> Node:
    player = stream.player
    return Node(
        tag="Player",
        attributes={
            "address": player.address,
            "device": player.device,
            "machineIdentifier": player.machine_identifier,
            "model": "standalone",
            "platform": player.platform,
            "platformVersion": "14",
            "product": player.product,
            "profile": "Generic",
            "remotePublicAddress": "203.0.113.10",
            "state": stream.state.value,
            "title": player.title,
            "vendor": "Plex",
            "version": "10.20.0",
            "local": player.local,
            "relayed": False,
            "secure": True,
            "userID": stream.local_user_id,
        },
        shape=Shape.OBJECT,
    )


def _media(stream: Stream) -> Node:
    item, delivery = stream.item, stream.delivery
    direct = delivery is Delivery.DIRECT_PLAY
    transcoded = delivery is Delivery.TRANSCODE
    number = str(item.rating_key + 1000)
    box = ("flac" if item.kind is Kind.TRACK else "mkv") if direct else "mpegts"
    part = Node(
        tag="Part",
        attributes=present(
            id=number,
            key=f"/library/parts/{number}/{item.added_at}/file.mkv" if direct else None,
            file=file_of(item) if direct else None,
            size=item.duration * 500 if direct else None,
            duration=item.duration,
            container=box,
            protocol=None if direct else "hls",
            decision="directplay" if direct else "transcode",
            selected=True,
        ),
        children=tuple(_streams(stream)),
    )
    video: dict[str, Scalar] = (
        {}
        if item.kind is Kind.TRACK
        else {
            "width": 1280 if transcoded else HD_WIDTH,
            "height": 720 if transcoded else HD_HEIGHT,
            "aspectRatio": "1.78",
            "videoCodec": "h264",
            "videoResolution": "720p" if transcoded else "1080",
            "videoFrameRate": "24p",
            "videoProfile": "main" if transcoded else "high",
        }
    )
    return Node(
        tag="Media",
        attributes=present(
            id=number,
            duration=item.duration,
            bitrate=bitrate_of(item),
            audioChannels=2,
            audioCodec="flac" if item.kind is Kind.TRACK else "aac",
            container=box,
            protocol=None if direct else "hls",
            selected=True,
            **video,
        ),
        children=(part,),
    )


def _streams(stream: Stream) -> list[Node]:
    item, delivery = stream.item, stream.delivery
    location = "direct" if delivery is Delivery.DIRECT_PLAY else "segments-av"
    decision = {
        Delivery.DIRECT_PLAY: None,
        Delivery.DIRECT_STREAM: "copy",
        Delivery.TRANSCODE: "transcode",
    }[delivery]
    nodes = []
    if item.kind is not Kind.TRACK:
        nodes.append(
            present(
                id=str(item.rating_key + 2000),
                streamType=1,
                codec="h264",
                default=True,
                bitrate=bitrate_of(item) - 200,
                bitDepth=8,
                frameRate=23.976,
                width=HD_WIDTH,
                height=HD_HEIGHT,
                displayTitle="1080p (H.264)",
                decision=decision,
                location=location,
            )
        )
    nodes.append(
        present(
            id=str(item.rating_key + 3000),
            streamType=2,
            codec="flac" if item.kind is Kind.TRACK else "aac",
            selected=True,
            bitrate=192,
            channels=2,
            language="English",
            displayTitle="English (Stereo)",
            decision=decision,
            location=location,
        )
    )
    return [Node(tag="Stream", attributes=attributes) for attributes in nodes]


def transcode_node(stream: Stream, *, key: str) -> Node:
    """Return the transcoder's view of a stream; its key is bare in /transcode/sessions."""
    transcoded = stream.delivery is Delivery.TRANSCODE
    decision = "transcode" if transcoded else "copy"
    return Node(
        tag="TranscodeSession",
        attributes=present(
            key=key,
            throttled=False,
            complete=False,
            progress=round(100 * stream.view_offset / stream.item.duration + 1.5, 1),
            size=-22,
            speed=2.4,
            error=False,
            duration=stream.item.duration,
            remaining=max(0, (stream.item.duration - stream.view_offset) // 1000),
            context="streaming",
            sourceVideoCodec="hevc" if transcoded else "h264",
            sourceAudioCodec="eac3" if transcoded else "aac",
            videoDecision=decision,
            audioDecision=decision,
            protocol="hls",
            container="mpegts",
            videoCodec="h264",
            audioCodec="aac",
            audioChannels=2,
            width=1280 if transcoded else HD_WIDTH,
            height=720 if transcoded else HD_HEIGHT,
            transcodeHwRequested=transcoded,
            transcodeHwDecoding="vaapi" if transcoded else None,
            transcodeHwEncoding="vaapi" if transcoded else None,
            transcodeHwFullPipeline=True if transcoded else None,
            timeStamp=stream.clock(),
        ),
        shape=Shape.OBJECT,
    )


def playing_notification(stream: Stream) -> dict[str, Scalar]:
    """Return what the push channel says about a stream."""
    return present(
        sessionKey=stream.session_key,
        clientIdentifier=stream.player.machine_identifier,
        guid="",
        ratingKey=str(stream.item.rating_key),
        url="",
        key=stream.item.key,
        viewOffset=stream.view_offset,
        state=stream.state.value,
        transcodeSession=(None if stream.delivery is Delivery.DIRECT_PLAY else stream.transcode_id),
    )
