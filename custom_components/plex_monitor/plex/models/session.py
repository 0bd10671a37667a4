"""What is being played."""

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
    numbering,
    objects,
    required_text,
    server_path,
    text,
)

VIDEO, AUDIO, SUBTITLES = 1, 2, 3
"""The numbers that Plex gives to the kinds of streams in a file (captured)."""

_QUALITY = re.compile(r"(\d+[kpi]|sd)\b", re.IGNORECASE)


class PlaybackState(StrEnum):
    """What a player is doing with a stream."""

    PLAYING = "playing"
    PAUSED = "paused"
    BUFFERING = "buffering"

    @classmethod
    def from_text(cls, value: Any) -> Self:
        """Read a state; one that is not known counts as playing, since the stream is there."""
        try:
            return cls(value)
        except ValueError:
            return cls("playing")


class StreamDecision(StrEnum):
    """What a server does to a medium for its player.

    A direct stream is packed anew, and its picture and its sound are left as they are.
    """

    DIRECT_PLAY = "direct_play"
    DIRECT_STREAM = "direct_stream"
    TRANSCODE = "transcode"

    @classmethod
    def of(cls, *decisions: str | None) -> Self:
        """Return what the decisions on picture and sound come to."""
        if "transcode" in decisions:
            return cls("transcode")
        return cls("direct_stream") if "copy" in decisions else cls("direct_play")


@dataclass(frozen=True, kw_only=True)
class TranscodeStatus:
    """The work of the transcoder on one stream: in a session, and pushed (captured).

    `key` is the bare id. A transcoder that is `throttled` is far enough ahead. `hardware` tells
    whether hardware takes part; that it was asked for says nothing. The decisions are "transcode"
    and "copy".
    """

    key: str
    throttled: bool
    hardware: bool
    video_decision: str | None
    audio_decision: str | None

    @classmethod
    def from_json(cls, data: Any) -> Self:
        """Read a `TranscodeSession`."""
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
    """One stream: an entry of `GET /status/sessions` (captured, PMS 1.43).

    `session_key` is a counter that restarts with the server; `session_id` is what ending the
    stream wants, and is missing for some players that play directly (captured). `player` falls
    back to the device and the product, since phones often have no title (captured). `user_id` is
    "1" for the owner.

    `view_offset` and `duration` are in milliseconds. `bandwidth` is what the server reserves, in
    kbit/s; `location` is "lan", "wan" or "cellular" (captured). `thumb` is a path on the server.

    The decisions are those on the streams that play, in Plex's words ("transcode", "copy", "burn",
    "ignore"), `None` where nothing is done. Resolutions read like "1080p", "4k" or "sd", codecs
    like "hevc". What is delivered has the plain names, what lies on the server begins with
    `source`, and is `None` where the server does not tell.
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
        """Read one `Metadata` of `/status/sessions`."""
        data = mapping(data, "a session")
        user, player, session = (child(data, key) for key in ("User", "Player", "Session"))
        season, episode = numbering(data)
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
            thumb=server_path(first_of(data, "thumb", "parentThumb", "grandparentThumb")),
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
        """Return how far the medium has been played, in percent; `None` where it has no end."""
        if self.view_offset is None or not self.duration or self.duration < 0:
            return None
        return max(0.0, min(100.0, 100 * self.view_offset / self.duration))


def _delivery(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return how a medium gets to its player.

    While the server transcodes, medium, part and streams describe what is delivered. The source
    shows in the transcoder's part, and in the display title of the stream: "4K (HEVC Main 10)"
    (captured, PMS 1.43).
    """
    media = _selected(objects(data.get("Media")))
    part = _selected(objects(media.get("Part")))
    streams = objects(part.get("Stream"))
    transcoder = child(data, "TranscodeSession")
    # A medium that is played as it is can have a transcoder, for its subtitles alone.
    played_as_it_is = text(part.get("decision")) == "directplay"

    def decision_on(kind: int, name: str) -> str | None:
        """Return the stream's own decision, else that of the transcoder."""
        decision = text(_selected(_of_kind(streams, kind)).get("decision"))
        if decision is None and not played_as_it_is:
            decision = text(transcoder.get(name))
        return decision

    video = decision_on(VIDEO, "videoDecision")
    audio = decision_on(AUDIO, "audioDecision")
    resolution = _resolution(media.get("videoResolution"))
    video_codec, audio_codec = _codec(media.get("videoCodec")), _codec(media.get("audioCodec"))
    display_title = text(_selected(_of_kind(streams, VIDEO)).get("displayTitle")) or ""
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
        "source_video_codec": _codec(transcoder.get("sourceVideoCodec"))
        or (video_codec if video != "transcode" else None),
        "audio_codec": audio_codec,
        "source_audio_codec": _codec(transcoder.get("sourceAudioCodec"))
        or (audio_codec if audio != "transcode" else None),
        "transcode": TranscodeStatus.from_json(transcoder) if text(transcoder.get("key")) else None,
    }


def _of_kind(streams: list[Mapping[str, Any]], kind: int) -> list[Mapping[str, Any]]:
    """Return the streams of a kind."""
    return [stream for stream in streams if integer(stream.get("streamType")) == kind]


def _selected(candidates: list[Mapping[str, Any]]) -> Mapping[str, Any]:
    """Return what was chosen to be played, the first where nothing was; empty where none is."""
    chosen = (each for each in candidates if boolean(each.get("selected")))
    return next(chosen, candidates[0] if candidates else {})


def _resolution(value: Any) -> str | None:
    """Return a resolution, which Plex writes as "1080" and as "720p" (captured)."""
    resolution = (text(value) or "").lower()
    return (f"{resolution}p" if resolution.isdecimal() else resolution) or None


def _codec(value: Any) -> str | None:
    """Return a codec; "*" stands for one that is not known (captured)."""
    codec = text(value)
    return None if codec == "*" else codec
