"""Sessions: the current streams of a server."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
import re
from typing import Any, Self

from ..parsing import (
    boolean,
    child,
    first_of,
    integer,
    mapping,
    objects,
    required_text,
    season_and_episode,
    text,
    thumb_path,
)

VIDEO, AUDIO, SUBTITLES = 1, 2, 3
"""Values of `streamType` for the streams in a file (captured)."""

_QUALITY = re.compile(r"(\d+[kpi]|sd)\b", re.IGNORECASE)


class PlaybackState(StrEnum):
    """Playback state of a session."""

    PLAYING = "playing"
    PAUSED = "paused"
    BUFFERING = "buffering"

    @classmethod
    def from_text(cls, value: Any) -> Self:
        """Parse a state; an unknown one counts as playing, since the session exists."""
        try:
            return cls(value)
        except ValueError:
            return cls("playing")


class StreamDecision(StrEnum):
    """How a server delivers an item to its player.

    A direct stream is remuxed: its video and audio are copied into another container.
    """

    DIRECT_PLAY = "direct_play"
    DIRECT_STREAM = "direct_stream"
    TRANSCODE = "transcode"

    @classmethod
    def of(cls, *decisions: str | None) -> Self:
        """Return the overall decision for the decisions on video and audio."""
        if "transcode" in decisions:
            return cls("transcode")
        return cls("direct_stream") if "copy" in decisions else cls("direct_play")


@dataclass(frozen=True, kw_only=True)
class TranscodeStatus:
    """Status of a transcode: in a session and in notifications (captured).

    `key` is the id without its path. The transcoder is `throttled` while it is far enough ahead.
    `hardware` is whether hardware is used, not whether it was requested. The decisions are
    "transcode" and "copy".
    """

    key: str
    throttled: bool
    hardware: bool
    video_decision: str | None
    audio_decision: str | None

    @classmethod
    def from_json(cls, data: Any) -> Self:
        """Parse a `TranscodeSession`."""
        data = mapping(data, "a transcode")
        return cls(
            key=required_text(data, "key").rpartition("/")[2],
            throttled=boolean(data.get("throttled")),
            hardware=first_of(data, "transcodeHwDecoding", "transcodeHwEncoding") is not None,
            video_decision=text(data.get("videoDecision")),
            audio_decision=text(data.get("audioDecision")),
        )


@dataclass(frozen=True, kw_only=True)
class Session:
    """A session (stream): an entry of `GET /status/sessions` (captured, PMS 1.43).

    `session_key` is a counter that restarts with the server. `session_id` is the id to terminate
    the session with; it is missing for some players that play directly (captured). `player` falls
    back to the device and the product, since phones often have no title (captured). `user_id` is
    "1" for the owner.

    `view_offset` and `duration` are in milliseconds. `bandwidth` is what the server reserves, in
    kbit/s; `location` is "lan", "wan" or "cellular" (captured). `thumb` is a path on the server.

    The decisions on the selected streams are "transcode", "copy", "burn" or "ignore", `None` for a
    stream that is played as it is. Resolutions are like "1080p", "4k" or "sd", codecs like "hevc".
    `source_` attributes describe the file on the server, and are `None` if the server does not
    report them; the others describe what is delivered.
    """

    session_key: str
    session_id: str | None = None
    rating_key: str | None
    media_type: str | None
    title: str
    parent_title: str | None = None
    grandparent_title: str | None = None
    season: int | None = None
    episode: int | None = None
    year: int | None = None
    section_id: str | None = None
    section_title: str | None = None
    thumb: str | None = None
    live: bool = False
    user: str | None
    user_id: str | None = None
    player: str | None
    player_id: str | None = None
    product: str | None = None
    platform: str | None = None
    local: bool | None = None
    state: PlaybackState
    view_offset: int | None = None
    duration: int | None = None
    decision: StreamDecision = StreamDecision.DIRECT_PLAY
    video_decision: str | None = None
    audio_decision: str | None = None
    subtitle_decision: str | None = None
    source_resolution: str | None = None
    resolution: str | None = None
    source_video_codec: str | None = None
    video_codec: str | None = None
    source_audio_codec: str | None = None
    audio_codec: str | None = None
    bandwidth: int | None = None
    location: str | None = None
    transcode: TranscodeStatus | None = None

    @classmethod
    def from_json(cls, data: Any) -> Self:
        """Parse a `Metadata` of `/status/sessions`."""
        data = mapping(data, "a session")
        user, player, session = (child(data, key) for key in ("User", "Player", "Session"))
        season, episode = season_and_episode(data)
        return cls(
            session_key=required_text(data, "sessionKey"),
            session_id=text(session.get("id")),
            rating_key=text(data.get("ratingKey")),
            media_type=text(data.get("type")),
            title=text(data.get("title")) or "",
            parent_title=text(data.get("parentTitle")),
            grandparent_title=text(data.get("grandparentTitle")),
            season=season,
            episode=episode,
            year=integer(data.get("year")),
            section_id=text(data.get("librarySectionID")),
            section_title=text(data.get("librarySectionTitle")),
            thumb=thumb_path(data),
            live=boolean(data.get("live")),
            user=text(user.get("title")),
            user_id=text(user.get("id")),
            player=first_of(player, "title", "device", "product"),
            player_id=text(player.get("machineIdentifier")),
            product=text(player.get("product")),
            platform=text(player.get("platform")),
            local=boolean(player["local"]) if "local" in player else None,
            state=PlaybackState.from_text(player.get("state")),
            view_offset=integer(data.get("viewOffset")),
            duration=integer(data.get("duration")),
            bandwidth=integer(session.get("bandwidth")),
            location=text(session.get("location")),
            **_delivery(data),
        )

    @property
    def progress(self) -> float | None:
        """Return the playback position in percent; `None` without a duration."""
        if self.view_offset is None or not self.duration or self.duration < 0:
            return None
        return max(0.0, min(100.0, 100 * self.view_offset / self.duration))


def _delivery(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return the attributes of a session that describe its delivery.

    While the server transcodes, media, part and streams describe what is delivered. The source is
    described by the transcode session, and by the display title of the stream: "4K (HEVC Main 10)"
    (captured, PMS 1.43).
    """
    media = _selected(objects(data.get("Media")))
    part = _selected(objects(media.get("Part")))
    streams = objects(part.get("Stream"))
    transcode = child(data, "TranscodeSession")
    # A direct play can have a transcode session, for its subtitles only.
    is_direct_play = text(part.get("decision")) == "directplay"

    def decision_on(stream_type: int, name: str) -> str | None:
        """Return the decision on a stream, else that of the transcode session."""
        decision = text(_selected(_of_type(streams, stream_type)).get("decision"))
        if decision is None and not is_direct_play:
            decision = text(transcode.get(name))
        return decision

    video = decision_on(VIDEO, "videoDecision")
    audio = decision_on(AUDIO, "audioDecision")
    resolution = _resolution(media.get("videoResolution"))
    video_codec, audio_codec = _codec(media.get("videoCodec")), _codec(media.get("audioCodec"))
    display_title = text(_selected(_of_type(streams, VIDEO)).get("displayTitle")) or ""
    source_quality = _QUALITY.match(display_title)
    return {
        "decision": StreamDecision.of(video, audio),
        "video_decision": video,
        "audio_decision": audio,
        "subtitle_decision": decision_on(SUBTITLES, "subtitleDecision"),
        "resolution": resolution,
        "source_resolution": (
            resolution if video != "transcode" else source_quality and source_quality[0].lower()
        ),
        "video_codec": video_codec,
        "source_video_codec": _codec(transcode.get("sourceVideoCodec"))
        or (video_codec if video != "transcode" else None),
        "audio_codec": audio_codec,
        "source_audio_codec": _codec(transcode.get("sourceAudioCodec"))
        or (audio_codec if audio != "transcode" else None),
        "transcode": TranscodeStatus.from_json(transcode) if text(transcode.get("key")) else None,
    }


def _of_type(streams: list[Mapping[str, Any]], stream_type: int) -> list[Mapping[str, Any]]:
    """Return the streams of a type."""
    return [stream for stream in streams if integer(stream.get("streamType")) == stream_type]


def _selected(candidates: list[Mapping[str, Any]]) -> Mapping[str, Any]:
    """Return the selected candidate, else the first; empty if there are none."""
    selected = (each for each in candidates if boolean(each.get("selected")))
    return next(selected, candidates[0] if candidates else {})


def _resolution(value: Any) -> str | None:
    """Return a resolution as "1080p"; Plex writes "1080" as well as "720p" (captured)."""
    resolution = (text(value) or "").lower()
    return (f"{resolution}p" if resolution.isdecimal() else resolution) or None


def _codec(value: Any) -> str | None:
    """Return a codec; `None` for "*", which means unknown (captured)."""
    codec = text(value)
    return None if codec == "*" else codec
