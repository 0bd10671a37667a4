"""Home Assistant exceptions for a failed update of a server."""

from homeassistant.exceptions import ConfigEntryAuthFailed
from homeassistant.helpers.update_coordinator import UpdateFailed

from ..const import DOMAIN
from ..plex.errors import (
    PlexCertificateError,
    PlexConnectionError,
    PlexError,
    PlexForbiddenError,
    PlexUnavailableError,
    PlexWrongServerError,
)
from ..plex.token_health import Verdict

# Retry-After is honored up to this many seconds: until then, a server that is back is not noticed.
RETRY_AFTER_MAX = 300.0


def exception_for_verdict(
    server: str, verdict: Verdict, *, has_token: bool
) -> ConfigEntryAuthFailed | UpdateFailed:
    """Return the exception for a refused token: ConfigEntryAuthFailed if only a sign-in helps."""
    if verdict.needs_sign_in:
        return ConfigEntryAuthFailed(
            translation_domain=DOMAIN,
            translation_key=sign_in_key(verdict, has_token=has_token),
            translation_placeholders={"server": server},
        )
    return UpdateFailed(
        translation_domain=DOMAIN,
        translation_key="token_refused",
        translation_placeholders={"server": server},
    )


def sign_in_key(verdict: Verdict, *, has_token: bool) -> str:
    """Return the translation key for why a sign-in is needed: again, or for the first time."""
    return verdict.value if has_token else "token_wanted"


def exception_for_error(server: str, err: PlexError) -> UpdateFailed:
    """Return UpdateFailed for a server that could not be read."""
    return UpdateFailed(
        translation_domain=DOMAIN,
        translation_key=error_key(err),
        translation_placeholders={"server": server, "error": str(err)},
        retry_after=_retry_after(err),
    )


def error_key(err: PlexError) -> str:
    """Return the translation key for an error in the communication with the server."""
    match err:
        case PlexWrongServerError():
            return "wrong_server"
        case PlexCertificateError():
            return "certificate"
        case PlexConnectionError():
            return "cannot_connect"
        case PlexUnavailableError():
            return "server_busy"
        case PlexForbiddenError():
            return "denied"
        case _:
            return "unexpected_answer"


def _retry_after(err: PlexError) -> float | None:
    """Return after how many seconds a server accepts the next poll."""
    if isinstance(err, PlexUnavailableError) and err.retry_after is not None:
        return min(err.retry_after, RETRY_AFTER_MAX)
    return None
