"""The update entity of Plex Monitor."""

from dataclasses import dataclass
from typing import Any, override

from homeassistant.components.update import (
    UpdateEntity,
    UpdateEntityDescription,
    UpdateEntityFeature,
)
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .const import DOMAIN
from .entity import (
    PlexMonitorDataEntity,
    PlexMonitorDataEntityDescription,
    async_add_server_entities,
)
from .plex.errors import PlexError, PlexUnauthorizedError
from .plex.models import UpdateStatus, version_order
from .runtime import PlexMonitorConfigEntry
from .texts import async_text

PARALLEL_UPDATES = 1

RELEASE_URL = "https://forums.plex.tv/t/plex-media-server/30447"
# The states of the server's updater while it installs a release.
INSTALLING = {"downloading", "installing"}


@dataclass(frozen=True, kw_only=True)
class PlexMonitorUpdateEntityDescription(PlexMonitorDataEntityDescription, UpdateEntityDescription):
    """Describe an update entity of a server."""


UPDATES = (
    PlexMonitorUpdateEntityDescription(
        key="update",
        translation_key="server_update",
        visible_fn=lambda data: data.update is not None,
    ),
)


async def async_setup_entry(
    hass: HomeAssistant,  # noqa: ARG001 - Home Assistant's signature
    entry: PlexMonitorConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Set up the update entity of a server."""
    coordinator = entry.runtime_data.server
    async_add_server_entities(
        entry,
        async_add_entities,
        UPDATES,
        lambda description: PlexMonitorUpdate(coordinator, description),
    )


class PlexMonitorUpdate(PlexMonitorDataEntity, UpdateEntity):
    """The update entity of a Plex server."""

    entity_description: PlexMonitorUpdateEntityDescription
    _attr_release_url = RELEASE_URL
    # The update is Plex's, and not one of this integration.
    _attr_title = "Plex Media Server"

    @property
    @override
    def entity_picture(self) -> str | None:
        """Return no picture: by default, it is the logo of this integration."""
        return None

    @property
    def status(self) -> UpdateStatus | None:
        """Return the status of the server's updater."""
        return self.data.update

    @property
    @override
    def supported_features(self) -> UpdateEntityFeature:
        """Return the features; a server in a container cannot install an update itself."""
        features = UpdateEntityFeature.RELEASE_NOTES
        if self.available and self.status is not None and self.status.can_install:
            features |= UpdateEntityFeature.INSTALL | UpdateEntityFeature.PROGRESS
        return features

    @property
    @override
    def installed_version(self) -> str:
        """Return the version that the server runs."""
        return self.data.version

    @property
    @override
    def latest_version(self) -> str:
        """Return the version that can be installed, or the installed one without an update."""
        version = None if self.status is None else self.status.version
        return version or self.installed_version

    @override
    def version_is_newer(self, latest_version: str, installed_version: str) -> bool:
        """Return whether a version is newer, in the order of Plex."""
        return version_order(latest_version) > version_order(installed_version)

    @property
    @override
    def in_progress(self) -> bool:
        """Return whether an update is being installed."""
        return self.status is not None and self.status.state in INSTALLING

    @override
    async def async_release_notes(self) -> str | None:
        """Return the release notes in Markdown."""
        if self.status is None:
            return None
        notes = self.status.notes
        parts = [
            "\n".join((f"## {async_text(self.hass, heading)}", *(f"- {line}" for line in lines)))
            for heading, lines in (
                ("release_notes_added", notes.added),
                ("release_notes_fixed", notes.fixed),
            )
            if lines
        ]
        return "\n\n".join(parts) or None

    @override
    async def async_install(self, version: str | None, backup: bool, **kwargs: Any) -> None:
        """Install the update."""
        try:
            await self.coordinator.server.install_update()
        except PlexError as err:
            if isinstance(err, PlexUnauthorizedError):
                # A poll finds out whether the server refuses the token altogether.
                await self.coordinator.async_request_refresh()
            raise HomeAssistantError(
                translation_domain=DOMAIN,
                translation_key="update_failed",
                translation_placeholders={
                    "server": self.coordinator.config_entry.title,
                    "error": str(err),
                },
            ) from err
