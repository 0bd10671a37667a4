"""The diary: what has happened on a server, in sentences for people.

Home Assistant stores each entry as an event on its bus, and shows it as a sentence under Activity.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
import re
from typing import Any, assert_never

from homeassistant.const import ATTR_DEVICE_ID
from homeassistant.core import HomeAssistant, callback

from ..const import DOMAIN
from ..plex.models import MediaItem, Session
from ..runtime import PlexMonitorConfigEntry
from ..texts import async_text
from .models import (
    FINISHED_AT,
    LibraryEvent,
    LibraryEventType,
    PlaybackEvent,
    PlaybackEventType,
    PlexEvent,
    ServerEvent,
    ServerEventType,
    TokenEvent,
    TokenEventType,
)

EVENT_DIARY = f"{DOMAIN}_event"
ATTR_KIND = "kind"
ATTR_NAME = "name"
_PLACEHOLDER = re.compile(r"\{(\w+)\}")

_PLAYBACK = {
    PlaybackEventType.STARTED: "playback_started",
    PlaybackEventType.PAUSED: "playback_paused",
    PlaybackEventType.RESUMED: "playback_resumed",
    PlaybackEventType.STOPPED: "playback_stopped",
    PlaybackEventType.FINISHED: "playback_finished",
}
_LIBRARY = {
    LibraryEventType.ADDED: "media_added",
    LibraryEventType.REMOVED: "media_removed",
}
_SERVER = {
    ServerEventType.CAME_BACK: "server_came_back",
    ServerEventType.WENT_DOWN: "server_went_down",
    ServerEventType.UPDATED: "server_updated",
}
_TOKEN = {
    TokenEventType.BECAME_INVALID: "token_became_invalid",
    TokenEventType.REPLACED: "token_replaced",
}


@dataclass(frozen=True, kw_only=True)
class DiaryEntry:
    """An entry: who or what it is about by `name`, and the `kind` of sentence with its words."""

    kind: str
    name: str
    words: Mapping[str, str] = field(default_factory=dict)

    @property
    def data(self) -> dict[str, str]:
        """Return what is stored of the entry."""
        return {ATTR_KIND: self.kind, ATTR_NAME: self.name, **self.words}


def diary_entry(server: str, event: PlexEvent) -> DiaryEntry | None:
    """Return the entry for an event of a server, `None` for one that is of no interest later."""
    match event:
        case PlaybackEvent():
            return _playback_entry(server, event)
        case LibraryEvent():
            kind = _LIBRARY.get(event.event_type)
            if kind is None or event.title is None:
                return None
            title = full_title(event.items[0]) if len(event.items) == 1 else event.title
            return DiaryEntry(kind=kind, name=title, words={"library": event.section.title})
        case ServerEvent():
            words = {"version": event.version or ""}
            return DiaryEntry(kind=_SERVER[event.event_type], name=server, words=words)
        case TokenEvent():
            return DiaryEntry(kind=_TOKEN[event.event_type], name=server)
    assert_never(event)


def full_title(media: Session | MediaItem) -> str:
    """Return the title of an item with the show of an episode or the artist of a track."""
    if media.grandparent_title is None:
        return media.title
    if media.season is not None and media.episode is not None:
        return f"{media.grandparent_title} S{media.season}E{media.episode}"
    return f"{media.grandparent_title}: {media.title}"


@callback
def async_write_diary(hass: HomeAssistant, entry: PlexMonitorConfigEntry, device_id: str) -> None:
    """Write an entry on the device of the server for each of its events, until it is unloaded."""

    @callback
    def write(event: PlexEvent) -> None:
        if (written := diary_entry(entry.title, event)) is not None:
            hass.bus.async_fire(EVENT_DIARY, {ATTR_DEVICE_ID: device_id, **written.data})

    entry.async_on_unload(entry.runtime_data.server.async_add_event_listener(write))


@callback
def sentence(hass: HomeAssistant, data: Mapping[str, Any]) -> str:
    """Return what follows the name in the sentence of an entry."""
    template = async_text(hass, f"diary_{data.get(ATTR_KIND)}")
    return _PLACEHOLDER.sub(lambda word: str(data.get(word[1], "")), template)


def _playback_entry(server: str, event: PlaybackEvent) -> DiaryEntry | None:
    session = event.session
    kind = _PLAYBACK.get(event.event_type)
    progress = session.progress
    has_finished = progress is not None and progress >= FINISHED_AT
    if kind is None or (event.event_type is PlaybackEventType.STOPPED and has_finished):
        # What has finished is an entry of its own.
        return None
    return DiaryEntry(
        kind=kind,
        name=session.user or server,
        words={"title": full_title(session), "player": session.player or server},
    )
