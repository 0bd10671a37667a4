"""Translated errors for requests to a server that fail or are invalid."""

from collections.abc import Iterator
from contextlib import contextmanager

from homeassistant.exceptions import HomeAssistantError, ServiceValidationError

from ..const import DOMAIN
from ..plex.errors import (
    PlexError,
    PlexForbiddenError,
    PlexNotFoundError,
    PlexUnauthorizedError,
)
from ..server.coordinator import PlexMonitorCoordinator
from ..server.update_failed import error_key, sign_in_key


@contextmanager
def translated_errors(
    coordinator: PlexMonitorCoordinator,
    *,
    not_found: str | None = None,
    forbidden: str = "not_allowed",
) -> Iterator[None]:
    """Raise an error of Plex as a translated error of Home Assistant.

    `not_found` and `forbidden` are the translation keys for a 404, and for a server that refuses
    its owner.
    """
    try:
        yield
    except PlexError as err:
        placeholders = {"server": coordinator.config_entry.title, "error": str(err)}
        if isinstance(err, PlexNotFoundError) and not_found is not None:
            raise ServiceValidationError(
                translation_domain=DOMAIN,
                translation_key=not_found,
                translation_placeholders=placeholders,
            ) from err
        raise HomeAssistantError(
            translation_domain=DOMAIN,
            translation_key=_translation_key(coordinator, err, forbidden),
            translation_placeholders=placeholders,
        ) from err


def invalid_request(
    coordinator: PlexMonitorCoordinator, key: str, **placeholders: str
) -> ServiceValidationError:
    """Return the translated error for a request that is invalid."""
    return ServiceValidationError(
        translation_domain=DOMAIN,
        translation_key=key,
        translation_placeholders={"server": coordinator.config_entry.title, **placeholders},
    )


def _translation_key(coordinator: PlexMonitorCoordinator, err: PlexError, forbidden: str) -> str:
    """Return the translation key for an error."""
    refused = isinstance(err, PlexUnauthorizedError)
    if not refused and not isinstance(err, PlexForbiddenError):
        return error_key(err)
    guard = coordinator.guard
    if refused and guard.verdict.needs_sign_in:
        return sign_in_key(guard.verdict, has_token=guard.has_token)
    if coordinator.data is not None and not coordinator.data.is_owner:
        # Servers before 1.41.7 answer 401, not 403, to a token that is not their owner's.
        return "not_allowed"
    return "token_refused" if refused else forbidden
