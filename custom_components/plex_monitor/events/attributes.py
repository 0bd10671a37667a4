"""State attributes of media and streams."""

from typing import Any

from ..plex.models import MediaItem, Session


def media_attributes(media: Session | MediaItem) -> dict[str, Any]:
    """Return the attributes of an item: an episode has a show, a track an artist and album."""
    attributes: dict[str, Any] = {"title": media.title, "media_type": media.media_type}
    match media.media_type:
        case "episode":
            attributes |= {
                "show": media.grandparent_title,
                "season": media.season,
                "episode": media.episode,
            }
        case "track":
            attributes |= {"artist": media.grandparent_title, "album": media.parent_title}
        case "photo":
            attributes |= {"album": media.parent_title}
        case _:
            attributes |= {"year": media.year}
    return attributes


def stream_attributes(session: Session) -> dict[str, Any]:
    """Return the item, user, player and delivery of a stream."""
    return {
        **media_attributes(session),
        "user": session.user,
        "player": session.player,
        "state": session.state.value,
        "progress": None if session.progress is None else round(session.progress),
        "decision": session.decision.value,
        **delivery_attributes(session),
    }


def delivery_attributes(session: Session) -> dict[str, Any]:
    """Return how a stream is converted and sent to its player."""
    transcode = session.transcode
    return {
        "video_decision": session.video_decision,
        "audio_decision": session.audio_decision,
        "subtitle_decision": session.subtitle_decision,
        "source_resolution": session.source_resolution,
        "resolution": session.resolution,
        "source_video_codec": session.source_video_codec,
        "video_codec": session.video_codec,
        "source_audio_codec": session.source_audio_codec,
        "audio_codec": session.audio_codec,
        "bandwidth": session.bandwidth,
        "location": session.location,
        "hardware": transcode is not None and transcode.hardware,
        "throttled": transcode is not None and transcode.throttled,
    }
