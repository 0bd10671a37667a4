"""The elements of sessions and of their transcoders, and their notifications."""

from dataclasses import replace

from .items import Kind, Quality
from .media import file_of, item_attributes, picture_attributes
from .rendering import Node, Scalar, Shape, present
from .streams import Delivery, State, Stream

SUBTITLES = ("SRT", "srt")


def stream_node(stream: Stream) -> Node:
    """Return a stream as /status/sessions lists it, with strings where a server has strings."""
    item = stream.item
    attributes = item_attributes(item, viewer=stream.local_user_id, in_session=True) | {
        "sessionKey": stream.session_key,
        "viewOffset": stream.view_offset,
    }
    if stream.live:
        # It is listed without the rating key of its program, which notifications have (reported).
        attributes |= {"live": "1", "key": live_key(stream)}
        del attributes["ratingKey"]
    children = [_media(stream), _user(stream), _player(stream)]
    if stream.with_session:
        children.append(
            Node(
                tag="Session",
                attributes={
                    "id": stream.session_id,
                    "bandwidth": stream.kbits,
                    "location": stream.place,
                },
                shape=Shape.OBJECT,
            )
        )
    if stream.delivery is not Delivery.DIRECT_PLAY:
        children.append(transcode_node(stream, key=f"/transcode/sessions/{stream.transcode_id}"))
    return Node(tag=item.kind.tag, key="Metadata", attributes=attributes, children=tuple(children))


def live_key(stream: Stream) -> str:
    """Return the key of live television, which identifies the channel."""
    return f"/livetv/sessions/{stream.live_session}"


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
    # A crashed player stays listed in its last state.
    state = State.PLAYING if stream.state is State.STOPPED else stream.state
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
            "state": state.value,
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


def delivered(stream: Stream) -> Quality:
    """Return the format that the player receives."""
    quality = stream.item.quality
    if stream.delivery is Delivery.DIRECT_PLAY:
        return quality
    if stream.item.kind is Kind.TRACK:
        quality = replace(quality, container="mp3")
    else:
        quality = replace(quality, container="mpegts")
    if stream.video_decision == "transcode":
        quality = replace(
            quality,
            resolution="720",
            width=1280,
            height=720,
            video_codec="h264",
            video_profile="main",
            bitrate=min(quality.bitrate, 4000),
        )
    if stream.audio_decision == "transcode":
        codec = "mp3" if stream.item.kind is Kind.TRACK else "aac"
        quality = replace(quality, audio_codec=codec, audio_channels=2)
    return quality


def _protocol(stream: Stream) -> str | None:
    if stream.delivery is Delivery.DIRECT_PLAY:
        return None
    return "http" if stream.item.kind is Kind.TRACK else "hls"


def _decision(stream: Stream) -> str | None:
    if stream.delivery is not Delivery.DIRECT_PLAY:
        return "transcode"
    return "directplay" if stream.decided else None


def _media(stream: Stream) -> Node:
    item = stream.item
    direct = stream.delivery is Delivery.DIRECT_PLAY
    # That of live television describes the channel even if it is transcoded (reported).
    quality = item.quality if stream.live else delivered(stream)
    number = str(item.rating_key + 1000)
    duration = None if item.kind is Kind.PHOTO else item.duration
    part = Node(
        tag="Part",
        attributes=present(
            id=number,
            key=f"/library/parts/{number}/{item.added_at}/file.mkv" if direct else None,
            file=file_of(item) if direct and item.section.id > 0 else None,
            size=item.size if direct else None,
            duration=duration,
            container=quality.container,
            protocol=_protocol(stream),
            decision=_decision(stream),
            selected=True,
        ),
        children=tuple(_streams(stream, quality)),
    )
    return Node(
        tag="Media",
        attributes=present(
            id=number,
            duration=duration,
            bitrate=quality.bitrate or None,
            audioChannels=quality.audio_channels if quality.audio_codec else None,
            audioCodec=quality.audio_codec,
            container=quality.container,
            protocol=_protocol(stream),
            selected=True,
            **_picture(stream, quality),
        ),
        children=(part,),
    )


def _picture(stream: Stream, quality: Quality) -> dict[str, Scalar]:
    attributes = picture_attributes(stream.item, quality)
    if "aspectRatio" in attributes:
        attributes["aspectRatio"] = str(attributes["aspectRatio"])
    # A transcoded video has a "p" behind its resolution, that of a file has not.
    if "videoResolution" in attributes and stream.video_decision == "transcode":
        attributes["videoResolution"] = f"{quality.resolution}p"
    return attributes


def _streams(stream: Stream, quality: Quality) -> list[Node]:
    item, source = stream.item, stream.item.quality
    location = "direct" if stream.delivery is Delivery.DIRECT_PLAY else "segments-av"
    nodes = []
    if quality.video_codec:
        nodes.append(
            present(
                id=str(item.rating_key + 2000),
                streamType=1,
                codec=quality.video_codec,
                default=True,
                bitrate=max(quality.bitrate - 200, 1),
                bitDepth=8,
                frameRate=23.976,
                width=quality.width,
                height=quality.height,
                displayTitle=source.display_title,
                decision=stream.video_decision,
                location=location,
            )
        )
    if quality.audio_codec and stream.delivery is Delivery.DIRECT_PLAY:
        # Where nothing is transcoded, all streams of the file are listed.
        nodes.append(
            present(
                id=str(item.rating_key + 2900),
                streamType=2,
                codec="ac3",
                default=True,
                bitrate=384,
                channels=2,
                language="Français",
                displayTitle="Français (AC3 Stereo)",
                location=location,
            )
        )
    if quality.audio_codec:
        nodes.append(
            present(
                id=str(item.rating_key + 3000),
                streamType=2,
                codec=quality.audio_codec,
                selected=True,
                bitrate=192,
                channels=quality.audio_channels,
                language="English",
                displayTitle=f"English ({str(source.audio_codec).upper()})",
                decision=stream.audio_decision,
                location=location,
            )
        )
    if stream.subtitles:
        title, codec = SUBTITLES
        nodes.append(
            present(
                id=str(item.rating_key + 3500),
                streamType=3,
                codec=codec,
                selected=True,
                language="English",
                displayTitle=f"English ({title})",
                decision=stream.subtitles,
                location="sidecar-subs" if stream.subtitles != "burn" else location,
            )
        )
    return [Node(tag="Stream", attributes=attributes) for attributes in nodes]


def transcode_node(stream: Stream, *, key: str) -> Node:
    """Return the transcode session of a stream; /transcode/sessions has the bare key."""
    source, quality = stream.item.quality, delivered(stream)
    video = stream.video_decision
    hardware = video == "transcode" and stream.hardware
    progress = (
        -1.0
        if stream.live
        else min(100.0, round(100 * stream.view_offset / stream.item.duration + 1.5, 1))
    )
    return Node(
        tag="TranscodeSession",
        attributes=present(
            key=key,
            throttled=stream.throttled,
            complete=progress >= 100,
            progress=progress,
            size=-22,
            speed=0.0 if stream.throttled else stream.speed,
            error=False,
            duration=stream.item.duration,
            remaining=max(0, (stream.item.duration - stream.view_offset) // 1000),
            context="streaming",
            sourceVideoCodec=source.video_codec,
            sourceAudioCodec=source.audio_codec,
            videoDecision=video,
            audioDecision=stream.audio_decision,
            subtitleDecision=stream.subtitles,
            protocol=_protocol(stream),
            container=quality.container,
            videoCodec=quality.video_codec,
            audioCodec=quality.audio_codec,
            audioChannels=quality.audio_channels,
            width=quality.width if video else None,
            height=quality.height if video else None,
            transcodeHwRequested=video == "transcode",
            transcodeHwDecoding="vaapi" if hardware else None,
            transcodeHwEncoding="vaapi" if hardware else None,
            transcodeHwDecodingTitle="Intel (VA API)" if hardware else None,
            transcodeHwEncodingTitle="Intel (VA API)" if hardware else None,
            transcodeHwFullPipeline=True if hardware else None,
            timeStamp=stream.clock(),
        ),
        shape=Shape.OBJECT,
    )


def playing_notification(stream: Stream) -> dict[str, Scalar]:
    """Return the notification about a stream."""
    return present(
        sessionKey=stream.session_key,
        clientIdentifier=stream.player.machine_identifier,
        guid="",
        ratingKey=str(stream.item.rating_key),
        url="",
        key=live_key(stream) if stream.live else stream.item.key,
        viewOffset=stream.view_offset,
        state=stream.state.value,
        transcodeSession=(None if stream.delivery is Delivery.DIRECT_PLAY else stream.transcode_id),
    )
