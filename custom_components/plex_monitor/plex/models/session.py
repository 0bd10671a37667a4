"""Sessions: the current streams of a server."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
import re
from typing import Any, Self

from ..limits import MAX_PARTS, MAX_PATH, MAX_WORD
from ..parsing import (
    boolean,
    child,
    first_of,
    identifier,
    integer,
    mapping,
    objects,
    required_key,
    season_and_episode,
    text,
    thumb_path,
)

VIDEO, AUDIO, SUBTITLES = 1, 2, 3
"""Values of `streamType` for the streams in a file (captured)."""

_QUALITY = re.compile(r"(\d+[kpi]|sd)\b", re.IGNORECASE)
_LIVE_SESSION = re.compile(r"/livetv/sessions/([^/?]+)")
# The least width of a picture that has this resolution. A film is often less high than its name.
_RESOLUTIONS = ((3200, "4k"), (1800, "1080p"), (1200, "720p"), (1, "sd"))


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
            key=required_key(data, "key", limit=MAX_PATH).rpartition("/")[2],
            throttled=boolean(data.get("throttled")),
            hardware=first_of(data, "transcodeHwDecoding", "transcodeHwEncoding") is not None,
            video_decision=text(data.get("videoDecision"), limit=MAX_WORD),
            audio_decision=text(data.get("audioDecision"), limit=MAX_WORD),
        )


def live_session(data: Mapping[str, Any]) -> str | None:
    """Return the id of the live session that a session or a notification names in its key.

    Each channel that is tuned to has its own (reported).
    """
    match = _LIVE_SESSION.match(identifier(data.get("key"), limit=MAX_PATH) or "")
    return None if match is None else match[1]


@dataclass(frozen=True, kw_only=True)
class PlayedItem:
    """What a session or a notification calls the item that is played.

    Live TV is listed without a rating key, while notifications have that of its program (reported).
    """

    rating_key: str | None
    live_session: str | None = None

    def is_same(self, other: PlayedItem) -> bool | None:
        """Return whether both are the same item; `None` where they have no name in common."""
        for ours, theirs in (
            (self.live_session, other.live_session),
            (self.rating_key, other.rating_key),
        ):
            if ours is not None and theirs is not None:
                return ours == theirs
        return None


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
    live_session: str | None = None
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
            session_key=required_key(data, "sessionKey"),
            session_id=identifier(session.get("id")),
            rating_key=identifier(data.get("ratingKey")),
            live_session=live_session(data),
            media_type=text(data.get("type"), limit=MAX_WORD),
            title=text(data.get("title")) or "",
            parent_title=text(data.get("parentTitle")),
            grandparent_title=text(data.get("grandparentTitle")),
            season=season,
            episode=episode,
            year=integer(data.get("year")),
            section_id=identifier(data.get("librarySectionID")),
            section_title=text(data.get("librarySectionTitle")),
            thumb=thumb_path(data),
            live=boolean(data.get("live")),
            user=text(user.get("title")),
            user_id=identifier(user.get("id")),
            player=first_of(player, "title", "device", "product"),
            player_id=identifier(player.get("machineIdentifier")),
            product=text(player.get("product")),
            platform=text(player.get("platform")),
            local=boolean(player["local"]) if "local" in player else None,
            state=PlaybackState.from_text(player.get("state")),
            view_offset=integer(data.get("viewOffset")),
            duration=integer(data.get("duration")),
            bandwidth=integer(session.get("bandwidth")),
            location=text(session.get("location"), limit=MAX_WORD),
            **_delivery(data),
        )

    @property
    def item(self) -> PlayedItem:
        """Return what the item that it plays is called."""
        return PlayedItem(rating_key=self.rating_key, live_session=self.live_session)

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
    (captured, PMS 1.43). The media of live TV describes the source all the same (reported); what is
    delivered is described by the transcode session.
    """
    media = _selected(objects(data.get("Media"), limit=MAX_PARTS))
    part = _selected(objects(media.get("Part"), limit=MAX_PARTS))
    streams = objects(part.get("Stream"), limit=MAX_PARTS)
    transcode = child(data, "TranscodeSession")
    # A direct play can have a transcode session, for its subtitles only.
    is_direct_play = text(part.get("decision"), limit=MAX_WORD) == "directplay"

    def decision_on(stream_type: int, name: str) -> str | None:
        """Return the decision on a stream, else that of the transcode session."""
        decision = text(_selected(_of_type(streams, stream_type)).get("decision"), limit=MAX_WORD)
        if decision is None and not is_direct_play:
            decision = text(transcode.get(f"{name}Decision"), limit=MAX_WORD)
        return decision

    def codecs(stream_type: int, name: str, decision: str | None) -> tuple[str | None, str | None]:
        """Return the codec that is delivered, and that of the source."""
        stream = _selected(_of_type(streams, stream_type))
        listed = _codec(stream.get("codec")) or _codec(media.get(f"{name}Codec"))
        transcoded = None if decision is None else _codec(transcode.get(f"{name}Codec"))
        delivered = transcoded or listed
        source = _codec(transcode.get(f"source{name.title()}Codec"))
        if source is None and (decision != "transcode" or delivered != listed):
            source = listed
        return delivered, source

    video = decision_on(VIDEO, "video")
    audio = decision_on(AUDIO, "audio")
    video_codec, source_video_codec = codecs(VIDEO, "video", video)
    audio_codec, source_audio_codec = codecs(AUDIO, "audio", audio)
    listed_resolution = _resolution(media.get("videoResolution"))
    media_is_source = video == "transcode" and _describes_source(media, transcode)
    display_title = text(_selected(_of_type(streams, VIDEO)).get("displayTitle")) or ""
    source_quality = _QUALITY.match(display_title)
    return {
        "decision": StreamDecision.of(video, audio),
        "video_decision": video,
        "audio_decision": audio,
        "subtitle_decision": decision_on(SUBTITLES, "subtitle"),
        "resolution": (
            _resolution_of_width(transcode.get("width")) if media_is_source else listed_resolution
        ),
        "source_resolution": (
            listed_resolution
            if video != "transcode" or media_is_source
            else source_quality and source_quality[0].lower()
        ),
        "video_codec": video_codec,
        "source_video_codec": source_video_codec,
        "audio_codec": audio_codec,
        "source_audio_codec": source_audio_codec,
        "transcode": TranscodeStatus.from_json(transcode)
        if identifier(transcode.get("key"), limit=MAX_PATH)
        else None,
    }


def _describes_source(media: Mapping[str, Any], transcode: Mapping[str, Any]) -> bool:
    """Return whether the media of a transcoded video has another video than is delivered."""
    codecs = {_codec(media.get("videoCodec")), _codec(transcode.get("videoCodec"))} - {None}
    widths = {integer(media.get("width")), integer(transcode.get("width"))} - {None}
    return len(codecs) > 1 or len(widths) > 1


def _of_type(streams: list[Mapping[str, Any]], stream_type: int) -> list[Mapping[str, Any]]:
    """Return the streams of a type."""
    return [stream for stream in streams if integer(stream.get("streamType")) == stream_type]


def _selected(candidates: list[Mapping[str, Any]]) -> Mapping[str, Any]:
    """Return the selected candidate, else the first; empty if there are none."""
    selected = (each for each in candidates if boolean(each.get("selected")))
    return next(selected, candidates[0] if candidates else {})


def _resolution(value: Any) -> str | None:
    """Return a resolution as "1080p"; Plex writes "1080" as well as "720p" (captured)."""
    resolution = (text(value, limit=MAX_WORD) or "").lower()
    return (f"{resolution}p" if resolution.isdecimal() else resolution) or None


def _resolution_of_width(value: Any) -> str | None:
    """Return the resolution of a picture of this width; `None` for an unknown width."""
    width = integer(value) or 0
    return next((name for least, name in _RESOLUTIONS if width >= least), None)


def _codec(value: Any) -> str | None:
    """Return a codec; `None` for "*", which means unknown (captured)."""
    codec = text(value, limit=MAX_WORD)
    return None if codec == "*" else codec
