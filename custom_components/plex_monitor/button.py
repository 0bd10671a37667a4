"""Buttons of Plex Monitor."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import override

from homeassistant.components.button import ButtonEntity, ButtonEntityDescription
from homeassistant.const import EntityCategory
from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import Unauthorized
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .actions.errors import translated_errors
from .actions.replace_token import async_replace_token
from .const import CONF_ACCOUNT_TOKEN
from .entity import (
    PlexMonitorAlwaysAvailableEntity,
    PlexMonitorDataEntity,
    PlexMonitorDataEntityDescription,
    PlexMonitorLibraryEntity,
    async_add_library_entities,
    async_add_server_entities,
)
from .library.models import Library
from .runtime import PlexMonitorConfigEntry
from .server.coordinator import PlexMonitorCoordinator

PARALLEL_UPDATES = 1


@dataclass(frozen=True, kw_only=True)
class PlexMonitorButtonEntityDescription(PlexMonitorDataEntityDescription, ButtonEntityDescription):
    """Describe a button of a server."""

    press_fn: Callable[[PlexMonitorCoordinator], Awaitable[None]]


@dataclass(frozen=True, kw_only=True)
class PlexMonitorLibraryButtonEntityDescription(ButtonEntityDescription):
    """Describe a button of a library."""

    press_fn: Callable[[PlexMonitorCoordinator, str], Awaitable[None]]
    exists_fn: Callable[[Library], bool]


BUTTONS = (
    PlexMonitorButtonEntityDescription(
        key="scan_all",
        translation_key="scan_all",
        press_fn=lambda coordinator: coordinator.server.library.scan(),
        visible_fn=lambda data: data.is_owner,
    ),
    PlexMonitorButtonEntityDescription(
        key="check_for_update",
        translation_key="check_for_update",
        entity_category=EntityCategory.DIAGNOSTIC,
        press_fn=PlexMonitorCoordinator.async_check_for_update,
        visible_fn=lambda data: data.update is not None,
    ),
)
REPLACE_TOKEN = ButtonEntityDescription(
    key="replace_token",
    translation_key="replace_token",
    entity_category=EntityCategory.CONFIG,
)


async def async_setup_entry(
    hass: HomeAssistant,
    entry: PlexMonitorConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Set up the buttons of a server and of its libraries."""
    coordinator = entry.runtime_data.server
    library_buttons = (
        PlexMonitorLibraryButtonEntityDescription(
            key="scan",
            translation_key="scan",
            press_fn=lambda coordinator, key: coordinator.server.library.scan(key),
            exists_fn=lambda _: _is_owner(coordinator),
        ),
    )
    if CONF_ACCOUNT_TOKEN in entry.data:
        async_add_entities([PlexMonitorReplaceToken(coordinator, REPLACE_TOKEN)])
    async_add_server_entities(
        entry,
        async_add_entities,
        BUTTONS,
        lambda description: PlexMonitorButton(coordinator, description),
    )
    async_add_library_entities(
        hass, entry, async_add_entities, library_buttons, PlexMonitorLibraryButton
    )


def _is_owner(coordinator: PlexMonitorCoordinator) -> bool:
    """Return whether the account is the owner's: nobody else may see the streams."""
    return coordinator.data is not None and coordinator.data.is_owner


class PlexMonitorButton(PlexMonitorDataEntity, ButtonEntity):
    """A button of a Plex server."""

    entity_description: PlexMonitorButtonEntityDescription

    @override
    async def async_press(self) -> None:
        """Send the request of the button to the server."""
        with translated_errors(self.coordinator):
            await self.entity_description.press_fn(self.coordinator)


class PlexMonitorLibraryButton(PlexMonitorLibraryEntity, ButtonEntity):
    """A button of a library."""

    entity_description: PlexMonitorLibraryButtonEntityDescription

    @property
    @override
    def available(self) -> bool:
        """Return whether the account has the right for the request."""
        return super().available and _is_owner(self.coordinator.server)

    @override
    async def async_press(self) -> None:
        """Send the request of the button to the server."""
        coordinator = self.coordinator.server
        with translated_errors(coordinator, not_found="library_gone"):
            await self.entity_description.press_fn(coordinator, self._key)


class PlexMonitorReplaceToken(PlexMonitorAlwaysAvailableEntity, ButtonEntity):
    """The button that replaces the token; available even while the old one is refused."""

    @override
    async def async_press(self) -> None:
        """Replace the token."""
        await _async_require_admin(self.hass, self._context)
        await async_replace_token(self.hass, self.coordinator.config_entry, self.coordinator)


async def _async_require_admin(hass: HomeAssistant, context: Context | None) -> None:
    """Refuse a user who is not an administrator, as the action does; automations have no user."""
    if context is None or context.user_id is None:
        return
    user = await hass.auth.async_get_user(context.user_id)
    if user is None or not user.is_admin:
        raise Unauthorized(context=context)
