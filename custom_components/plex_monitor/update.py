"""The update entity of Plex Monitor."""

from typing import Any, override

from homeassistant.components.update import (
    UpdateEntity,
    UpdateEntityDescription,
    UpdateEntityFeature,
)
from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .const import DOMAIN
from .entity import PlexMonitorDataEntity
from .plex.errors import PlexError, PlexUnauthorizedError
from .plex.models import UpdateStatus, version_order
from .runtime import PlexMonitorConfigEntry

PARALLEL_UPDATES = 1

SERVER_UPDATE = UpdateEntityDescription(
    key="update",
    translation_key="server_update",
)
RELEASE_URL = "https://forums.plex.tv/t/plex-media-server/30447"
# What the updater says of a release that it is putting in place.
INSTALLING = {"downloading", "installing"}


async def async_setup_entry(
    hass: HomeAssistant,  # noqa: ARG001 - Home Assistant's signature
    entry: PlexMonitorConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Set up the update of a server, once it is seen that the account may know of updates."""
    coordinator = entry.runtime_data.server
    added = False

    @callback
    def _async_add_visible() -> None:
        nonlocal added
        if not added and coordinator.data is not None and coordinator.data.update is not None:
            added = True
            async_add_entities([PlexMonitorUpdate(coordinator, SERVER_UPDATE)])

    _async_add_visible()
    entry.async_on_unload(coordinator.async_add_listener(_async_add_visible))


class PlexMonitorUpdate(PlexMonitorDataEntity, UpdateEntity):
    """The version of a Plex server, and the one that is to be had."""

    _attr_release_url = RELEASE_URL

    @property
    def status(self) -> UpdateStatus | None:
        """Return what the server's updater knows."""
        return self.data.update

    @property
    @override
    def available(self) -> bool:
        """Say whether the account may see the updater now."""
        return super().available and self.status is not None

    @property
    @override
    def supported_features(self) -> UpdateEntityFeature:
        """Say whether the server can install an update by itself: not in a container."""
        features = UpdateEntityFeature.RELEASE_NOTES
        if self.available and self.status is not None and self.status.can_install:
            features |= UpdateEntityFeature.INSTALL | UpdateEntityFeature.PROGRESS
        return features

    @property
    @override
    def installed_version(self) -> str:
        """Return the version that runs."""
        return self.data.info.version

    @property
    @override
    def latest_version(self) -> str:
        """Return the version that is to be had, the one that runs where there is none."""
        version = None if self.status is None else self.status.version
        return version or self.installed_version

    @override
    def version_is_newer(self, latest_version: str, installed_version: str) -> bool:
        """Compare two versions as Plex orders them."""
        return version_order(latest_version) > version_order(installed_version)

    @property
    @override
    def in_progress(self) -> bool:
        """Say whether an update is being put in place."""
        return self.status is not None and self.status.state in INSTALLING

    @override
    async def async_release_notes(self) -> str | None:
        """Return what is new."""
        return None if self.status is None else self.status.release_notes

    @override
    async def async_install(self, version: str | None, backup: bool, **kwargs: Any) -> None:
        """Let the server update itself."""
        try:
            await self.coordinator.server.install_update()
        except PlexError as err:
            if isinstance(err, PlexUnauthorizedError):
                # Whether it is the token that was refused, the next poll finds out.
                await self.coordinator.async_request_refresh()
            raise HomeAssistantError(
                translation_domain=DOMAIN,
                translation_key="update_failed",
                translation_placeholders={
                    "server": self.coordinator.config_entry.title,
                    "error": str(err),
                },
            ) from err
