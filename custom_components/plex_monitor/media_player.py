"""Media players of Plex Monitor: the selected players, as their server reports them."""

from hashlib import sha256
import re
from typing import override

from homeassistant.components.media_player import (
    MediaPlayerDeviceClass,
    MediaPlayerEntity,
    MediaPlayerEntityDescription,
    MediaPlayerEntityFeature,
    MediaPlayerState,
    MediaType,
)
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.device_registry import DeviceEntry
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .actions.errors import translated_errors
from .actions.streams import async_stop_streams
from .entity import PlexMonitorPlayerEntity, async_add_player_entities
from .players.tracker import TrackedPlayer
from .plex.models import PlaybackState, Session
from .runtime import PlexMonitorConfigEntry

PARALLEL_UPDATES = 1

MILLISECONDS = 1000

PLAYER = MediaPlayerEntityDescription(key="player", translation_key="player", name=None)

_STATES = {
    PlaybackState.PLAYING: MediaPlayerState.PLAYING,
    PlaybackState.PAUSED: MediaPlayerState.PAUSED,
    PlaybackState.BUFFERING: MediaPlayerState.BUFFERING,
}
_CONTENT_TYPES = {
    "movie": MediaType.MOVIE,
    # The frontend shows show, season and episode for this type alone.
    "episode": MediaType.TVSHOW,
    "track": MediaType.MUSIC,
    "photo": MediaType.IMAGE,
    "clip": MediaType.VIDEO,
}
# Words in the names of platforms and products that run on one kind of device only.
_DEVICE_CLASSES = {
    MediaPlayerDeviceClass.TV: {
        "chromecast",
        "lg",
        "netcast",
        "playstation",
        "roku",
        "samsung",
        "smartcast",
        "tizen",
        "tv",
        "tvos",
        "vidaa",
        "webos",
        "xbox",
    },
    MediaPlayerDeviceClass.SPEAKER: {"sonos"},
}


async def async_setup_entry(
    hass: HomeAssistant,  # noqa: ARG001 - Home Assistant's signature
    entry: PlexMonitorConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Set up the selected players."""
    async_add_player_entities(
        entry, async_add_entities, lambda player: PlexMonitorMediaPlayer(player, PLAYER)
    )


class PlexMonitorMediaPlayer(PlexMonitorPlayerEntity, MediaPlayerEntity):
    """A player of a Plex server, which can be stopped where the server supports that."""

    _attr_name = None

    def __init__(self, player: TrackedPlayer, description: MediaPlayerEntityDescription) -> None:
        """Initialize with the device class of the platform."""
        super().__init__(player, description)
        self._pictures = player.coordinator.config_entry.runtime_data.pictures
        self._attr_device_class = _device_class(player.player.platform)

    @callback
    @override
    def _async_update_attrs(self) -> None:
        """Update the attributes from the state of the player."""
        state, session = self.player.state, self.player.session
        if self._attr_device_class is None:
            self._attr_device_class = _device_class(self._product)
        can_be_stopped = state is not None and state.can_be_stopped
        self._attr_supported_features = (
            MediaPlayerEntityFeature.STOP if can_be_stopped else MediaPlayerEntityFeature(0)
        )
        self._attr_state = MediaPlayerState.IDLE if session is None else _STATES[session.state]
        position = None if state is None else state.position
        self._attr_media_position = None if position is None else position.offset // MILLISECONDS
        self._attr_media_position_updated_at = None if position is None else position.at
        thumb = None if session is None else session.thumb
        self._attr_media_image_hash = (
            None if thumb is None else sha256(thumb.encode()).hexdigest()[:16]
        )
        self._attr_app_name = None if session is None else session.product
        self._attr_extra_state_attributes = (
            {} if session is None else {"user": session.user, "library": session.section_title}
        )
        self._async_update_media(session)

    @property
    def _product(self) -> str | None:
        """Return the product that runs on the player, or did when it played last."""
        if self.player.session is not None:
            return self.player.session.product
        device = self.device_entry
        return device.model if isinstance(device, DeviceEntry) else None

    @callback
    def _async_update_media(self, session: Session | None) -> None:
        """Update the attributes that are about the media."""
        media_type = None if session is None else session.media_type
        self._attr_media_content_type = _CONTENT_TYPES.get(media_type or "")
        self._attr_media_content_id = None if session is None else session.rating_key
        self._attr_media_title = None if session is None else session.title
        duration = None if session is None else session.duration
        self._attr_media_duration = None if duration is None else duration // MILLISECONDS
        episode = session if media_type == "episode" else None
        self._attr_media_series_title = None if episode is None else episode.grandparent_title
        self._attr_media_season = None if episode is None else _text(episode.season)
        self._attr_media_episode = None if episode is None else _text(episode.episode)
        track = session if media_type == "track" else None
        self._attr_media_artist = None if track is None else track.grandparent_title
        self._attr_media_album_name = None if track is None else track.parent_title

    @override
    async def async_get_media_image(self) -> tuple[bytes | None, str | None]:
        """Return the image of the media, fetched here so that the token stays secret."""
        session = self.player.session
        thumb = None if session is None else session.thumb
        image = await self._pictures.async_fetch(thumb)
        return (None, None) if image is None else (image.content, image.content_type)

    @override
    async def async_media_stop(self) -> None:
        """Stop the stream of the player, which may have ended."""
        coordinator = self.player.coordinator
        if (session := self.player.session) is None:
            return
        with translated_errors(coordinator, forbidden="needs_plex_pass"):
            await async_stop_streams(coordinator, [session])


def _device_class(name: str | None) -> MediaPlayerDeviceClass | None:
    """Return the device class of a platform or a product, where that is certain."""
    words = set(re.findall(r"\w+", (name or "").casefold()))
    return next((kind for kind, names in _DEVICE_CLASSES.items() if words & names), None)


def _text(number: int | None) -> str | None:
    return None if number is None else str(number)
