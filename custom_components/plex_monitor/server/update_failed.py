"""What a poll that failed means to Home Assistant."""

from homeassistant.exceptions import ConfigEntryAuthFailed
from homeassistant.helpers.update_coordinator import UpdateFailed

from ..const import DOMAIN
from ..plex.errors import (
    PlexCertificateError,
    PlexConnectionError,
    PlexError,
    PlexUnavailableError,
    PlexWrongServerError,
)
from ..plex.token_health import Verdict

# A server may say when to come back, within reason: until then nobody sees that it is back.
RETRY_AFTER_MOST = 300.0


def token_failure(
    server: str, verdict: Verdict, *, has_token: bool
) -> ConfigEntryAuthFailed | UpdateFailed:
    """Return what it means that the server refused the token, of which the verdict is known."""
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
    """Return the translation key of why somebody has to sign in: anew, or for the first time."""
    return verdict.value if has_token else "token_wanted"


def read_failure(server: str, err: PlexError) -> UpdateFailed:
    """Return what it means that the server could not be read."""
    return UpdateFailed(
        translation_domain=DOMAIN,
        translation_key=error_key(err),
        translation_placeholders={"server": server, "error": str(err)},
        retry_after=_retry_after(err),
    )


def error_key(err: PlexError) -> str:
    """Return the translation key of what went wrong between us and the server."""
    match err:
        case PlexWrongServerError():
            return "wrong_server"
        case PlexCertificateError():
            return "certificate"
        case PlexConnectionError():
            return "cannot_connect"
        case PlexUnavailableError():
            return "server_busy"
        case _:
            return "unexpected_answer"


def _retry_after(err: PlexError) -> float | None:
    """Return when a server wishes to be asked again."""
    if isinstance(err, PlexUnavailableError) and err.retry_after is not None:
        return min(err.retry_after, RETRY_AFTER_MOST)
    return None
