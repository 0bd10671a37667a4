"""Images of Plex Monitor, fetched by Home Assistant so that nobody else needs the token."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, override

from homeassistant.components.image import ImageEntity, ImageEntityDescription
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.util import dt as dt_util

from .entity import (
    PlexMonitorDataEntity,
    PlexMonitorDataEntityDescription,
    PlexMonitorPlayerEntity,
    async_add_player_entities,
    async_add_server_entities,
)
from .events.attributes import media_attributes
from .events.models import LibraryEvent, LibraryEventType, PlexEvent
from .library.added import EPOCH, latest_added
from .library.coordinator import LibraryCoordinator
from .media.links import LINKS
from .players.tracker import TrackedPlayer
from .plex.models import MediaItem, PlayedItem, Session
from .runtime import PlexMonitorConfigEntry, PlexMonitorRuntimeData
from .server.coordinator import PlexMonitorCoordinator
from .server.streams import session_number

# No limit: an image is fetched when it is viewed.
PARALLEL_UPDATES = 0

PLAYER_PICTURE = ImageEntityDescription(key="picture", translation_key="player_picture")


@dataclass(frozen=True, kw_only=True)
class PlexMonitorImageEntityDescription(PlexMonitorDataEntityDescription, ImageEntityDescription):
    """Describe an image of a server."""


LATEST_ADDED = PlexMonitorImageEntityDescription(key="latest_added", translation_key="latest_added")
NOW_PLAYING = PlexMonitorImageEntityDescription(
    key="now_playing",
    translation_key="now_playing",
    visible_fn=lambda data: data.sessions is not None,
)


async def async_setup_entry(
    hass: HomeAssistant,
    entry: PlexMonitorConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Set up the images of a server and of its players."""
    data = entry.runtime_data
    async_add_player_entities(
        entry,
        async_add_entities,
        lambda player: PlexMonitorPlayerPicture(hass, player, PLAYER_PICTURE),
    )
    async_add_entities([PlexMonitorLatestAdded(hass, data.server, LATEST_ADDED, data.libraries)])
    async_add_server_entities(
        entry,
        async_add_entities,
        [NOW_PLAYING],
        lambda description: PlexMonitorNowPlaying(hass, data.server, description),
    )


class MediaImage(ImageEntity):
    """The image of an item on a Plex server, fetched when it is viewed."""

    _media: MediaItem | Session | None = None
    _runtime_data: PlexMonitorRuntimeData
    _unrecorded_attributes = LINKS

    @callback
    def _set_media(self, media: MediaItem | Session | None, since: datetime | None) -> None:
        """Set the media that the image is of."""
        self._media = media
        self._attr_image_last_updated = since

    @callback
    def _set_session(self, session: Session | None) -> None:
        """Set the stream that is shown; the image is new only if the stream or its media differ."""
        previous = self._media
        if session is None:
            self._set_media(None, None)
        elif not isinstance(previous, Session) or _identity(session) != _identity(previous):
            self._set_media(session, dt_util.utcnow())

    @property
    def _thumb(self) -> str | None:
        """Return the path of the image on the server."""
        return None if self._media is None else self._media.thumb

    @property
    @override
    def entity_picture(self) -> str | None:
        """Return the URL of the image in Home Assistant, if there is one."""
        return None if self._thumb is None else super().entity_picture

    @property
    @override
    def extra_state_attributes(self) -> Mapping[str, Any] | None:
        """Return the media that the image is of, with its links."""
        if self._media is None:
            return None
        return {**media_attributes(self._media), **self._runtime_data.links.of(self._media)}

    @override
    async def async_image(self) -> bytes | None:
        """Return the image."""
        if (image := await self._runtime_data.pictures.async_fetch(self._thumb)) is None:
            return None
        self._attr_content_type = image.content_type
        return image.content


class PlexMonitorImage(PlexMonitorDataEntity, MediaImage):
    """An image of a Plex server."""

    entity_description: PlexMonitorImageEntityDescription

    def __init__(
        self,
        hass: HomeAssistant,
        coordinator: PlexMonitorCoordinator,
        description: PlexMonitorImageEntityDescription,
    ) -> None:
        """Initialize without media."""
        super().__init__(coordinator, description)
        ImageEntity.__init__(self, hass)
        self._runtime_data = coordinator.config_entry.runtime_data


class PlexMonitorPlayerPicture(PlexMonitorPlayerEntity, MediaImage):
    """The image of what a player plays."""

    def __init__(
        self, hass: HomeAssistant, player: TrackedPlayer, description: ImageEntityDescription
    ) -> None:
        """Initialize without media."""
        super().__init__(player, description)
        ImageEntity.__init__(self, hass)
        self._runtime_data = player.coordinator.config_entry.runtime_data

    @callback
    @override
    def _async_update_attrs(self) -> None:
        """Update the image from the stream of the player."""
        self._set_session(self.player.session)


class PlexMonitorLatestAdded(PlexMonitorImage):
    """The image of what was added last to any library that is shown on the home screen."""

    _media: MediaItem | None = None
    _added_at = EPOCH

    def __init__(
        self,
        hass: HomeAssistant,
        coordinator: PlexMonitorCoordinator,
        description: PlexMonitorImageEntityDescription,
        libraries: LibraryCoordinator,
    ) -> None:
        """Initialize with the latest media of the libraries."""
        super().__init__(hass, coordinator, description)
        self._libraries = libraries
        self._update_media()

    @override
    async def async_added_to_hass(self) -> None:
        """Subscribe to the libraries and the events of the server."""
        await super().async_added_to_hass()
        self.async_on_remove(self._libraries.async_add_listener(self._handle_libraries_update))
        self.async_on_remove(self.coordinator.async_add_event_listener(self._handle_event))

    @callback
    def _update_media(self) -> None:
        """Find what was added last to any library."""
        added = [
            library
            for library in self._libraries.data.values()
            if library.last_added is not None and not library.section.hidden
        ]
        latest = max(added, key=lambda library: library.last_added_at, default=None)
        newest = None if latest is None else latest.last_added
        self._added_at = EPOCH if latest is None else latest.last_added_at
        self._set_media(newest, None if newest is None else newest.added_at)

    @callback
    def _handle_libraries_update(self) -> None:
        self._update_media()
        self.async_write_ha_state()

    @callback
    def _handle_event(self, event: PlexEvent) -> None:
        """Show what was just added, without a read of all other libraries."""
        if (
            not isinstance(event, LibraryEvent)
            or event.event_type is not LibraryEventType.ADDED
            or event.section.hidden
        ):
            return
        newest = latest_added(event.items)
        added_at = event.added_at or EPOCH
        if newest is not None and (self._media is None or added_at >= self._added_at):
            self._added_at = added_at
            self._set_media(newest, newest.added_at)
            self.async_write_ha_state()


class PlexMonitorNowPlaying(PlexMonitorImage):
    """The image of the stream that was started last."""

    _media: Session | None = None

    def __init__(
        self,
        hass: HomeAssistant,
        coordinator: PlexMonitorCoordinator,
        description: PlexMonitorImageEntityDescription,
    ) -> None:
        """Initialize with the latest stream."""
        super().__init__(hass, coordinator, description)
        self._update_media()

    @property
    @override
    def extra_state_attributes(self) -> Mapping[str, Any] | None:
        """Return the media, the user and the player."""
        attributes = super().extra_state_attributes
        if self._media is None or attributes is None:
            return None
        return {**attributes, "user": self._media.user, "player": self._media.player}

    @callback
    @override
    def _handle_coordinator_update(self) -> None:
        """Update the image from the streams."""
        self._update_media()
        super()._handle_coordinator_update()

    @callback
    def _update_media(self) -> None:
        """Find the stream that was started last."""
        data = self.coordinator.data
        sessions = {} if data is None else data.sessions or {}
        self._set_session(max(sessions.values(), key=session_number, default=None))


def _identity(session: Session) -> tuple[str, PlayedItem]:
    return session.session_key, session.item
