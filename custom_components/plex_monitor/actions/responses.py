"""Response data of actions: streams, items and the history, in the user's words and units."""

from datetime import datetime

from homeassistant.util.json import JsonObjectType

from ..events.attributes import media_attributes
from ..events.data import STREAM_DEFAULTS, stream_data
from ..media.links import MediaLinks
from ..plex.models import HistoryItem, MediaItem, Session

MILLISECONDS = 1000


def stream_response(session: Session, links: MediaLinks) -> JsonObjectType:
    """Return a stream; times are in seconds, the bandwidth in kbit/s."""
    return {
        **STREAM_DEFAULTS,
        "position": _seconds(session.view_offset),
        "duration": _seconds(session.duration),
        **stream_data(session),
        "player_id": session.player_id,
        "product": session.product,
        "platform": session.platform,
        "local": session.local,
        "can_be_stopped": session.session_id is not None,
        **links.of(session),
    }


def item_response(item: MediaItem, links: MediaLinks) -> JsonObjectType:
    """Return an item of a library; times are in seconds."""
    return {
        **media_attributes(item),
        "parent_title": item.parent_title,
        "grandparent_title": item.grandparent_title,
        "library": item.section_title,
        "added_at": _time(item.added_at),
        "duration": _seconds(item.duration),
        "summary": item.summary,
        "items": item.leaf_count,
        "view_count": item.view_count,
        "rating": item.rating,
        "user_rating": item.user_rating,
        "rating_key": item.rating_key,
        "library_key": item.section_id,
        **links.of(item),
    }


def history_response(item: HistoryItem, user: str | None, links: MediaLinks) -> JsonObjectType:
    """Return what was played, and by whom where that is known."""
    return {
        "title": item.title,
        "grandparent_title": item.grandparent_title,
        "season": item.season,
        "episode": item.episode,
        "media_type": item.media_type,
        "viewed_at": _time(item.viewed_at),
        "user": user,
        "rating_key": item.rating_key,
        "library_key": item.section_id,
        **links.of(item),
    }


def _seconds(milliseconds: int | None) -> float | None:
    return None if milliseconds is None else milliseconds / MILLISECONDS


def _time(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()
