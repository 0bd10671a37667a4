"""Pictures of Plex Monitor: fetched by Home Assistant, so that nobody else needs the token."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, override

from homeassistant.components.image import ImageEntity, ImageEntityDescription
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.util import dt as dt_util

from .entity import PlexMonitorDataEntity, PlexMonitorPlayerEntity, async_add_server_entities
from .events.attributes import media_attributes
from .events.models import LibraryEvent, LibraryEventType, PlexEvent
from .library.added import latest_added
from .library.coordinator import LibraryCoordinator
from .players.pictures import PictureCache
from .players.tracker import TrackedPlayer
from .plex.models import MediaItem, Session
from .runtime import PlexMonitorConfigEntry
from .server.coordinator import PlexMonitorCoordinator, PlexMonitorData
from .server.streams import session_number

# What is asked for when somebody looks is asked for at once.
PARALLEL_UPDATES = 0

LATEST_ADDED = ImageEntityDescription(key="latest_added", translation_key="latest_added")
PLAYER_PICTURE = ImageEntityDescription(key="picture", translation_key="player_picture")


@dataclass(frozen=True, kw_only=True)
class PlexMonitorImageEntityDescription(ImageEntityDescription):
    """Describe a picture of something that not every account may see."""

    visible_fn: Callable[[PlexMonitorData], bool]


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
    """Set up the pictures of a server and of its players."""
    data = entry.runtime_data
    async_add_entities(
        [PlexMonitorPlayerPicture(hass, player, PLAYER_PICTURE) for player in data.players]
    )
    async_add_entities([PlexMonitorLatestAdded(hass, data.server, LATEST_ADDED, data.libraries)])
    async_add_server_entities(
        entry,
        async_add_entities,
        [NOW_PLAYING],
        lambda description: PlexMonitorNowPlaying(hass, data.server, description),
    )


class MediumImage(ImageEntity):
    """A picture of a medium on a Plex server, fetched when somebody looks at it."""

    _medium: MediaItem | Session | None = None
    _picture: PictureCache

    @callback
    def _show(self, medium: MediaItem | Session | None, since: datetime | None) -> None:
        """Show a medium from now on."""
        self._medium = medium
        self._attr_image_last_updated = since

    @callback
    def _show_stream(self, session: Session | None) -> None:
        """Show what is played, from when it began on."""
        shown = self._medium
        if session is None:
            self._show(None, None)
        elif not isinstance(shown, Session) or _identity(session) != _identity(shown):
            self._show(session, dt_util.utcnow())

    @property
    def _thumb(self) -> str | None:
        """Return the path of the picture on the server."""
        return None if self._medium is None else self._medium.thumb

    @property
    @override
    def entity_picture(self) -> str | None:
        """Return where the picture is had from Home Assistant, if there is one."""
        return None if self._thumb is None else super().entity_picture

    @property
    @override
    def extra_state_attributes(self) -> Mapping[str, Any] | None:
        """Return what the picture is of."""
        return None if self._medium is None else media_attributes(self._medium)

    @override
    async def async_image(self) -> bytes | None:
        """Return the picture."""
        if (image := await self._picture.async_fetch(self._thumb)) is None:
            return None
        self._attr_content_type = image.content_type
        return image.content


class PlexMonitorImage(PlexMonitorDataEntity, MediumImage):
    """A picture of something on a Plex server."""

    def __init__(
        self,
        hass: HomeAssistant,
        coordinator: PlexMonitorCoordinator,
        description: ImageEntityDescription,
    ) -> None:
        """Show nothing yet."""
        super().__init__(coordinator, description)
        ImageEntity.__init__(self, hass)
        self._picture = PictureCache(coordinator)


class PlexMonitorPlayerPicture(PlexMonitorPlayerEntity, MediumImage):
    """What a player plays."""

    def __init__(
        self, hass: HomeAssistant, player: TrackedPlayer, description: ImageEntityDescription
    ) -> None:
        """Show nothing yet."""
        super().__init__(player, description)
        ImageEntity.__init__(self, hass)
        self._picture = player.picture

    @callback
    @override
    def _async_update_attrs(self) -> None:
        """Take in what the player plays."""
        self._show_stream(self.player.session)


class PlexMonitorLatestAdded(PlexMonitorImage):
    """What was added last, in whatever library that shows on the home screen."""

    _medium: MediaItem | None = None

    def __init__(
        self,
        hass: HomeAssistant,
        coordinator: PlexMonitorCoordinator,
        description: ImageEntityDescription,
        libraries: LibraryCoordinator,
    ) -> None:
        """Look at what is in the libraries."""
        super().__init__(hass, coordinator, description)
        self._libraries = libraries
        self._look()

    @override
    async def async_added_to_hass(self) -> None:
        """Follow the libraries."""
        await super().async_added_to_hass()
        self.async_on_remove(self._libraries.async_add_listener(self._async_libraries_read))
        self.async_on_remove(self.coordinator.async_add_event_listener(self._async_happened))

    @callback
    def _look(self) -> None:
        """Find what was added last to any library."""
        added = [
            library.last_added
            for library in self._libraries.data.values()
            if library.last_added is not None and not library.section.hidden
        ]
        newest = latest_added(added)
        self._show(newest, None if newest is None else newest.added_at)

    @callback
    def _async_libraries_read(self) -> None:
        self._look()
        self.async_write_ha_state()

    @callback
    def _async_happened(self, event: PlexEvent) -> None:
        """Show what has just been added, without a look at all the other libraries."""
        if (
            not isinstance(event, LibraryEvent)
            or event.event_type is not LibraryEventType.ADDED
            or event.section.hidden
        ):
            return
        shown = () if self._medium is None else (self._medium,)
        newest = latest_added((*event.items, *shown))
        if newest is not None and newest is not self._medium:
            self._show(newest, newest.added_at)
            self.async_write_ha_state()


class PlexMonitorNowPlaying(PlexMonitorImage):
    """What began to play last, of what still plays."""

    entity_description: PlexMonitorImageEntityDescription
    _medium: Session | None = None

    def __init__(
        self,
        hass: HomeAssistant,
        coordinator: PlexMonitorCoordinator,
        description: PlexMonitorImageEntityDescription,
    ) -> None:
        """Look at the streams."""
        super().__init__(hass, coordinator, description)
        self._look()

    @property
    @override
    def available(self) -> bool:
        """Say whether the account may see the streams now."""
        return super().available and self.entity_description.visible_fn(self.data)

    @property
    @override
    def extra_state_attributes(self) -> Mapping[str, Any] | None:
        """Return what plays, for whom and where."""
        if self._medium is None:
            return None
        return {
            **media_attributes(self._medium),
            "user": self._medium.user,
            "player": self._medium.player,
        }

    @callback
    @override
    def _handle_coordinator_update(self) -> None:
        """Look at the streams again."""
        self._look()
        super()._handle_coordinator_update()

    @callback
    def _look(self) -> None:
        """Find the stream that began last."""
        data = self.coordinator.data
        sessions = {} if data is None else data.sessions or {}
        self._show_stream(max(sessions.values(), key=session_number, default=None))


def _identity(session: Session) -> tuple[str, str | None]:
    return session.session_key, session.rating_key
